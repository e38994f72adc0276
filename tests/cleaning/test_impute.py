"""Empty cells are filled where the key tells them, or where a person asks; always marked, always by constants."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from autoprep.cleaning import apply, load_plan, plan, undo
from autoprep.config import Config
from autoprep.types import Plan

ASKED = Config(rules={"missing.impute": {"enabled": True}})
N = 600


def _holes(values: pl.Series, seed: int) -> pl.Series:
    mask = pl.Series(np.random.default_rng(seed).random(values.len()) < 0.1)
    return pl.select(pl.when(mask).then(None).otherwise(values).alias(values.name)).to_series()


def _whole() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    kind = rng.choice(["a", "b", "c", "d"], N)
    x = rng.normal(size=N)
    return pl.DataFrame(
        {
            "kind": kind,
            "x": x,
            "town": [{"a": "Rome", "b": "Oslo", "c": "Bern", "d": "Bonn"}[k] for k in kind],
            "level": [10.0 * (ord(k) - 96) for k in kind] + rng.normal(size=N),
            "line": 2 * x + 0.05 * rng.normal(size=N),
            "day": pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 1) + pl.duration(days=N - 1), eager=True),
            "walk": np.cumsum(rng.normal(size=N)),
            "warm": x > 0.3,
            "noise": rng.normal(size=N),
        }
    )


FILLED = {
    "town": "key", "level": "group", "line": "linear", "walk": "interpolated", "warm": "tree", "noise": "constant",
}  # fmt: skip


def _table(*, text: bool = False) -> pl.DataFrame:
    frame = _whole()
    frame = frame.with_columns(_holes(frame[name], seed) for seed, name in enumerate(FILLED))
    return pl.read_csv(frame.write_csv().encode(), infer_schema=False) if text else frame


def _told(made: Plan) -> dict[str, str]:
    return {a.columns[0]: a.status for a in made.actions if a.rule == "missing.determined"}


def _methods(made: Plan) -> dict[str, str]:
    return {a.columns[0]: a.evidence["method"] for a in made.actions if a.rule == "missing.impute"}


@pytest.mark.parametrize("text", [False, True])
def test_each_column_is_filled_in_the_simplest_way_that_is_not_worse(text: bool) -> None:
    raw = _table(text=text)
    made = plan(raw, config=ASKED)
    assert _methods(made) == FILLED
    done = apply(raw, made)
    assert done.frame.select(list(FILLED)).null_count().row(0) == (0,) * len(FILLED)
    for name in FILLED:
        assert done.frame[f"{name}__missing"].to_list() == raw[name].is_null().to_list()
    assert done.frame["town"].equals(_whole()["town"])
    assert float((done.frame["line"] - _whole()["line"]).abs().mean()) < 0.02
    assert undo(done.frame, done.ledger).equals(raw)
    assert apply(done.frame, made).frame.equals(done.frame)


def test_the_plan_is_constants_that_fill_new_rows_too(tmp_path: pytest.TempPathFactory) -> None:
    raw = _table()
    made = plan(raw, config=ASKED)
    path = tmp_path / "plan.yaml"  # type: ignore[operator]
    path.write_text(made.to_yaml(), encoding="utf-8")
    row = raw.head(1).with_columns(
        pl.lit(None, raw.schema[n]).alias(n) for n in ("town", "level", "line", "walk", "warm", "noise")
    )
    done = apply(row.with_columns(pl.lit("b").alias("kind"), pl.lit(1.0).alias("x")), load_plan(path)).frame
    assert done["town"][0] == "Oslo" and done["level"][0] == pytest.approx(20, abs=0.5)
    assert done["line"][0] == pytest.approx(2, abs=0.1) and done["warm"][0] is True


def test_nobody_asked_nothing_is_guessed() -> None:
    raw = _table()
    made = plan(raw)
    assert not _methods(made) and _told(made) == {"town": "ask"}
    assert apply(raw, made).frame.null_count().row(0) == raw.null_count().row(0)


def test_where_most_is_empty_what_the_key_tells_is_asked_about() -> None:
    raw = _whole().with_columns(pl.when(pl.int_range(pl.len()) % 5 < 2).then("town").alias("town"))
    made = plan(raw)
    told = {a.columns[0]: a for a in made.actions if a.rule == "missing.determined"}
    assert not _methods(made)
    assert list(told) == ["town"] and told["town"].status == "ask" and told["town"].confidence == 1.0


def test_one_column_can_be_asked_for() -> None:
    config = Config(columns={"line": {"rules": {"missing.impute": {"enabled": True}}}})
    assert list(_methods(plan(_table(), config=config))) == ["line"]


def test_what_is_protected_or_the_target_or_free_text_stays_empty() -> None:
    raw = _table().with_columns(_holes(pl.Series("name", [f"person {i} of {i * 7}" for i in range(N)]), 9))
    config = Config(rules=ASKED.rules, columns={"line": {"protect": True}})
    made = plan(raw, target="level", config=config)
    filled = {a.columns[0] for a in made.applied() if a.verb.startswith("fill")}
    assert filled == set(FILLED) - {"line", "level"}
    assert "level" not in {by for a in made.actions for by in a.parameters.get("by", ())}


def test_a_series_of_several_groups_is_filled_within_each() -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 9), eager=True)
    rng = np.random.default_rng(5)
    rows = [(s, d, float(base + i)) for s, base in (("p", 0), ("q", 1000)) for i, d in enumerate(days)]
    whole = pl.DataFrame(rows, schema=["shop", "day", "stock"], orient="row").sample(fraction=1.0, shuffle=True, seed=2)
    hole = pl.Series(rng.random(whole.height) < 0.15) & whole["stock"].is_between(3, 1090)
    raw = whole.with_columns(pl.when(hole).then(None).otherwise("stock").alias("stock"))
    made = plan(raw, config=ASKED)
    assert _methods(made) == {"stock": "interpolated"}
    done = apply(raw, made).frame
    assert float((done["stock"] - whole["stock"]).abs().max()) <= 1.0


def test_whole_numbers_stay_whole() -> None:
    raw = pl.DataFrame({"n": pl.Series([1, 2, None, 4] * 20, dtype=pl.Int32), "k": ["a", "b"] * 40})
    done = apply(raw, plan(raw, config=ASKED))
    assert done.frame.schema["n"] == pl.Int32() and done.frame["n"].null_count() == 0
