"""What cleaning promises: undo gives the input back, twice is once, and nothing crashes whatever the cells hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoprep.cleaning import (
    apply,
    apply_to_files,
    diff,
    distinct,
    load_plan,
    plan,
    read_ledger,
    save_plan,
    transform,
    undo,
)
from autoprep.cleaning.evidence import status_words
from autoprep.errors import ContractError, InputError, SettingError
from autoprep.types import Action, Plan

WORDS = ["1", "2.50", "1e3", "007", "-999", " N/A ", "", "$1,234.50", "9%", "yes", "No", "2024-01-02", "31/12/2023"]
ODD = ["\x00", "=1+1", "\u202eabc", "x" * 2_000, "NaN", "inf", "cafÃ©", "&amp;", "\u200b", '"', "a\nb", "1_000", "٣"]
CELLS = st.one_of(st.none(), st.sampled_from(WORDS + ODD), st.text(max_size=12))


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    height = draw(st.integers(1, 25))
    cells = draw(st.lists(st.lists(CELLS, min_size=height, max_size=height), min_size=1, max_size=4))
    return pl.DataFrame({f"c{i}": pl.Series(column, dtype=pl.String) for i, column in enumerate(cells)})


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames())
def test_undo_gives_the_input_back_and_twice_is_once(raw: pl.DataFrame) -> None:
    made = replace(plan(raw), settings={"max_rejected": 1.0})
    once = apply(raw, made)
    assert undo(once.frame, once.ledger).equals(raw)
    assert apply(once.frame, made).frame.equals(once.frame)
    assert apply(raw, made.with_status("skip")).frame.equals(raw)


SAMPLE = pl.DataFrame(
    {
        "price": ["$1.50", "$2,000.00", "free", None] * 5,
        "when": ["25/01/2023", "03/02/2023", "pending", "04/05/2023"] * 5,
        "same": ["x"] * 20,
        "name": [f"row {i}" for i in range(20)],
    }
)


def test_same_input_same_plan_and_ledger() -> None:
    first, second = plan(SAMPLE), plan(SAMPLE)
    assert first.to_yaml() == second.to_yaml()
    assert apply(SAMPLE, first).ledger.equals(apply(SAMPLE, second).ledger)


def test_words_are_kept_beside_dates_and_numbers_and_junk_in_quarantine() -> None:
    done = apply(SAMPLE, plan(SAMPLE))
    assert done.frame["when"].dtype == pl.Date
    assert done.frame["when__status"].drop_nulls().unique().to_list() == ["pending"]
    assert done.frame["price__status"].drop_nulls().unique().to_list() == ["free"]
    assert done.quarantine.is_empty()
    odd = SAMPLE.with_columns(price=pl.Series(["c. $7", *SAMPLE["price"][1:]]))
    assert apply(odd, plan(odd)).quarantine["text"].to_list() == ["c. $7"]


@pytest.mark.parametrize("empty", [0, 6_000])
def test_a_truth_word_in_most_cells_of_a_number_column_is_its_status(empty: int) -> None:
    doses = [str(5 * i) for i in range(25)]
    cells = [*["FALSE"] * 74, *doses, "see below", *[None] * empty]
    raw = pl.DataFrame({"dose": cells})
    done = apply(raw, plan(raw))
    assert done.frame["dose"].drop_nulls().len() == 25
    assert (done.frame["dose__status"] == "false").sum() == 74
    assert done.quarantine["text"].to_list() == ["see below"]
    assert undo(done.frame, done.ledger).equals(raw)


def test_frequent_words_are_a_status_however_many_others_are_left_over() -> None:
    junk = [f"see {a}{b}" for a in "abcdefgh" for b in "abcde"]
    frame = pl.DataFrame({"x": [*["open"] * 20, *junk, *map(str, range(200))]})
    assert status_words(frame, "x", "parse_number", {}) == ["open"]


def test_undo_one_action_one_column_one_row() -> None:
    done = apply(SAMPLE, plan(SAMPLE))
    assert undo(done.frame, done.ledger, column="price")["price"].equals(SAMPLE["price"])
    assert undo(done.frame, done.ledger, row=2)["price"][2] == "free"
    with pytest.raises(InputError, match="did you mean 'price'"):
        undo(done.frame, done.ledger, column="prise")


def test_rows_and_columns_come_back() -> None:
    raw = pl.DataFrame({"a": ["1", "1", "2"], "b": ["x", "x", "x"]})
    steps = (
        Action("drop:b", "column.constant", ("b",), "drop_column", {"value": "x"}),
        Action("rows", "table.duplicate_rows", (), "drop_duplicate_rows"),
    )
    done = apply(raw, Plan(steps))
    assert done.frame.shape == (2, 1)
    assert undo(done.frame, done.ledger).equals(raw)
    assert apply(raw, Plan(steps), same_shape=True).frame.equals(raw)


def test_files_hold_the_same_as_memory(tmp_path: Path) -> None:
    made = plan(SAMPLE)
    whole = apply(SAMPLE, made)
    paths = [tmp_path / name for name in ("rows.parquet", "ledger.parquet", "quarantine.parquet")]
    counts = apply_to_files(SAMPLE.lazy(), made, paths[0], ledger=paths[1], quarantine=paths[2], batch_rows=7)
    assert counts["rows_out"] == 20
    assert pl.read_parquet(paths[0]).equals(whole.frame)
    assert read_ledger(paths[1]).equals(whole.ledger)
    assert pl.read_parquet(paths[2]).equals(whole.quarantine)


def test_files_have_the_same_bytes_however_the_rows_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "MIN_ROWS", 10)
    i = pl.int_range(600, eager=True)
    raw = pl.DataFrame(
        {
            "amount": "$" + (i % 40).cast(pl.String) + ",000",
            "number": pl.select(pl.when(i % 9 == 0).then(pl.lit("N/A")).otherwise((i / 8).cast(pl.String))).to_series(),
            "city": ["Rome", "rome ", None, "N/A", "soon"] * 120,
        }
    )
    steps = [Action(f"n:{c}", "missing.word", (c,), "nullify", {"words": ["n/a"]}) for c in ("number", "city")]
    steps += [Action("a", "number.amount", ("amount",), "parse_amount"), Action("t", "text.trim", ("city",), "trim")]
    steps += [Action("p", "number.text", ("number",), "parse_number")]
    made, found = Plan(tuple(steps)), set()
    for rows in (17, 100, 600):
        paths = [tmp_path / f"{name}{rows}.parquet" for name in ("rows", "ledger", "quarantine")]
        apply_to_files(raw.lazy(), made, paths[0], ledger=paths[1], quarantine=paths[2], batch_rows=rows)
        found.add(tuple(path.read_bytes() for path in paths))
    assert len(found) == 1
    done = apply(raw, made)
    assert read_ledger(paths[1]).equals(done.ledger)
    assert done.ledger.height > 700
    assert undo(pl.read_parquet(paths[0]), read_ledger(paths[1])).equals(raw)


def test_plan_files(tmp_path: Path) -> None:
    made = plan(SAMPLE)
    save_plan(made, tmp_path / "plan.yaml")
    assert diff(made, load_plan(tmp_path / "plan.yaml")) == []
    (tmp_path / "bad.yaml").write_text("actions:\n- id: a\n  rule: r\n  columns: [x]\n  verb: trim\n  stauts: skip\n")
    with pytest.raises(SettingError, match=r"bad.yaml, line 6: unknown key 'stauts'; did you mean 'status'"):
        load_plan(tmp_path / "bad.yaml")


def test_budgets_stop_and_say_so() -> None:
    step = Action("p:price", "number.text", ("price",), "parse_number")
    with pytest.raises(ContractError, match="more than the budget"):
        apply(SAMPLE, Plan((step,), settings={"max_rejected": 0.1}))


def test_prediction_keeps_rows_and_schema() -> None:
    made = plan(SAMPLE)
    frame, events = transform(SAMPLE.drop("price").head(3), made)
    assert frame.height == 3
    assert frame.columns == [o.name for o in made.outputs]
    assert events.filter(pl.col("column") == "price").height == 3
