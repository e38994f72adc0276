"""What training did not know is seen and said: units, categories, dates, decimal commas, columns; and policies."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep.__main__ import main
from autoprep.errors import SettingError
from autoprep.serving.guard import Guard
from autoprep.serving.rowwise import RowScorer
from autoprep.types import Plan

from .shop import orders

ROW = {
    "price": "$120.00",
    "weight": "10.00 kg", "age": "40", "city": "Oslo", "day": "05/06/2024", "mail": "a1@example.org",
}  # fmt: skip


def reasons(folder: Path, **cells: str | None) -> tuple[str, dict[str, object]]:
    """The reasons of one row, and its cleaned cells."""
    scorer = ap.load(folder).scorer()
    frame = pl.DataFrame([{**ROW, **cells}])
    return scorer.predict(frame)["reasons"][0], scorer.transform(frame)[0].row(0, named=True)


def test_a_good_row_has_no_reasons(shop_model: Path) -> None:
    assert reasons(shop_model)[0] == ""


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("weight", "12 stones?", "number.unit:weight"),
        ("weight", "12 furlong", "contract.new_unit:weight"),
        ("city", "Reykjavik", "contract.new_category:city"),
        ("day", "2024-31-12", "time.date:day"),
        ("day", "12/31/2024", "time.date:day"),
        ("price", "€ 1.200,50", "number.currency:price"),
        ("age", "forty", "number.integer:age"),
    ],
)
def test_what_is_new_is_said(shop_model: Path, column: str, text: str, code: str) -> None:
    assert code in reasons(shop_model, **{column: text})[0].split(";")


def test_another_unit_is_converted_and_said(shop_model: Path) -> None:
    said, cleaned = reasons(shop_model, weight="10 lb")
    assert said == "contract.new_unit:weight" and cleaned["weight"] == pytest.approx(4.5359237)
    assert reasons(shop_model, weight="500 g")[1]["weight"] == pytest.approx(0.5)
    assert reasons(shop_model, weight="12 m")[1]["weight"] is None


def test_another_unit_is_seen_among_many_rows_as_in_one(shop_model: Path) -> None:
    """Long columns of few values are read once per value, and only what is strange is looked for in every row."""
    scorer, rows = ap.load(shop_model).scorer(), orders(40, seed=5).drop("bought")
    rows[7, "weight"], rows[11, "weight"], rows[12, "weight"] = "10 lb", "12 furlong", None
    many = scorer.predict(pl.concat([rows] * 150))
    assert many.equals(pl.concat([scorer.predict(rows)] * 150))
    assert many["reasons"].str.contains("contract.new_unit:weight").sum() == 300


def test_the_target_may_be_missing_but_no_other_column(shop_model: Path) -> None:
    scorer = ap.load(shop_model).scorer()
    frame = pl.DataFrame([ROW]).drop("age")
    assert "table.missing_column:age" in scorer.predict(frame)["reasons"][0]


def test_policies_decide_by_rule_theme_and_all(shop_model: Path, tmp_path: Path) -> None:
    new = orders(40, seed=2).drop("bought")
    new[3, "city"], new[5, "age"] = "Reykjavik", "forty"
    new.write_csv(tmp_path / "new.csv")
    model = ap.load(shop_model)
    plain = model.predict_frame(tmp_path / "new.csv")
    assert (
        plain["prediction"].null_count() == 0
        and model.predict_file(tmp_path / "new.csv", tmp_path / "a.parquet")[0] == 40
    )
    assert pl.read_parquet(tmp_path / "a.parquet").equals(plain)
    for policies, gone in (
        ({"contract.new_category": "reject"}, [3]),
        ({"number.*": "quarantine"}, [5]),
        ({"*": "reject", "number.*": "warn"}, [3]),
    ):
        model.predict_file(tmp_path / "new.csv", tmp_path / "b.arrow", policies=policies)
        made = pl.read_ipc(tmp_path / "b.arrow")
        assert made["prediction"].is_null().arg_true().to_list() == gone
        assert made["reasons"].equals(plain["reasons"])
    with pytest.raises(SettingError, match="did you mean 'reject'"):
        model.predict_file(tmp_path / "new.csv", tmp_path / "c.csv", policies={"*": "rejet"})


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv", ".tsv", ".ndjson"])
def test_streaming_writes_what_predicting_at_once_gives(shop_model: Path, tmp_path: Path, suffix: str) -> None:
    from autoprep.serving import stream

    new = orders(100, seed=3).drop("bought")
    scorer = ap.load(shop_model).scorer()
    assert stream.write(scorer, new.lazy(), tmp_path / f"o{suffix}", 23)[0] == 100
    read = {".parquet": pl.read_parquet, ".arrow": lambda p: pl.read_ipc(p),
            ".ndjson": pl.read_ndjson, ".csv": pl.read_csv,
            ".tsv": lambda p: pl.read_csv(p, separator="\t")}[suffix]  # fmt: skip
    made, wanted = read(tmp_path / f"o{suffix}"), scorer.predict(new)
    assert made.drop("reasons").equals(wanted.drop("reasons"))
    stream.write(scorer, new.head(0).lazy(), tmp_path / f"none{suffix}")
    assert (tmp_path / f"none{suffix}").exists()


def test_the_command_names_a_bad_policy(shop_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders(5).write_csv(tmp_path / "n.csv")
    assert main(["predict", str(shop_model), str(tmp_path / "n.csv"), "--policy", "reject"]) == 2
    assert "RULE=reject" in capsys.readouterr().err
    assert main(["predict", str(shop_model), str(tmp_path / "n.csv")]) == 0
    assert capsys.readouterr().out.count("\n") == 6


def test_known_categories_are_what_cleaning_each_column_by_itself_gives() -> None:
    from autoprep import cleaning
    from autoprep.serving.guard import Guard
    from autoprep.types import Action, ColumnSpec, Plan

    by_town = {"by": ["town"], "mappings": [{"Oslo": "Norway"}], "otherwise": "abroad"}
    names = ("town", "land", "tone", "tone__mark", "size", "odd", "free")
    actions = (
        Action("a", "missing.word", ("town",), "nullify", {"words": ["n/a"]}),
        Action("a2", "missing.word", ("land",), "nullify", {"words": ["n/a"]}),
        Action("b", "missing.fill", ("town",), "fill", {"value": "none said"}),
        Action("c", "x.y", ("land",), "fill_from", by_town),
        Action("d", "text.case", ("tone",), "case"),
        Action("e", "own", ("size",), "sql", {"expression": "CASE WHEN COUNT(*) OVER () > 2 THEN size END"}),
        Action("f", "text.padded", ("odd",), "trim"),
        Action("g", "own", ("free",), "sql", {"expression": "COALESCE(free, odd, 'nothing')"}),
    )
    specs = tuple(ColumnSpec(n, n, "text", "category") for n in names)
    plan = Plan(actions, dict.fromkeys(names, "String"), specs)
    sets = {
        "town": ["Oslo", "n/a", "Bergen"], "land": ["n/a", "Sweden"], "tone": ["RED", "Red", "blue", "green"],
        "tone__mark": ["x"], "size": ["S", "M"], "odd": [" a", "b "], "free": ["f"],
    }  # fmt: skip
    kinds = [
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": c, "value_set": v}} for c, v in sets.items()
    ]
    cleans = []

    def clean(frame: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
        cleans.append(frame.shape)
        return cleaning.transform(frame, plan)

    known = Guard(plan, {"expectations": kinds}, {}).known(clean)
    wanted = {c: cleaning.transform(pl.DataFrame({c: v}), plan)[0][c].drop_nulls().unique() for c, v in sets.items()}
    assert {c: sorted(v) for c, v in known.items()} == {c: sorted(v) for c, v in wanted.items()}
    assert sorted(known["land"]) == ["Sweden", "abroad"]
    assert sorted(known["town"]) == ["Bergen", "Oslo", "none said"] and not known["size"].len()
    assert len(cleans) == 3, "one clean for all but the columns that free SQL writes"


def test_a_row_of_nothing_has_a_reason_in_frames_and_alone(shop_model: Path) -> None:
    scorer = ap.load(shop_model).scorer()
    empty = pl.DataFrame([dict.fromkeys(ROW, None)], schema=dict.fromkeys(ROW, pl.String))
    assert scorer.predict(empty)["reasons"][0] == "contract.empty_row"
    assert "contract.empty_row" not in scorer.predict(pl.DataFrame([ROW]))["reasons"][0]
    assert RowScorer(scorer).predict(dict.fromkeys(ROW, None))["reasons"] == "contract.empty_row"


def test_rows_of_nothing_are_found_by_what_the_model_reads() -> None:
    guard = Guard(Plan((), {"a": "String", "b": "Float64"}), {}, {})
    rows = pl.DataFrame({"a": [None, "x", None], "b": [None, None, 1.0]})
    said = guard.before(rows)[1]
    assert [event.select("row", "rule", "reason").row(0) for event in said] == [
        (0, "contract.empty_row", "every input is empty")
    ]
