"""Selection finds what was planted, keeps nothing of noise, and says why."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from autoprep.errors import InputError
from autoprep.selection import SelectedFeatures, select
from autoprep.selection.shadows import FITS, found_often


def _table(rows: int, noise: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    data = {"a": rng.normal(size=rows), "b": rng.normal(size=rows), "c": rng.normal(size=rows)}
    data |= {f"noise_{i}": rng.normal(size=rows) for i in range(noise)}
    frame = pl.DataFrame(data)
    return frame.with_columns(product=pl.col("a") * pl.col("b"), ratio=pl.col("a") / (pl.col("c").abs() + 0.5))


def _logit(frame: pl.DataFrame, signal: str, seed: int) -> np.ndarray:
    chance = 1 / (1 + np.exp(-2 * frame[signal].to_numpy()))
    return (np.random.default_rng(seed).uniform(size=frame.height) < chance).astype(int)


@pytest.mark.parametrize(
    ("signal", "task"), [("product", "binary"), ("product", "regression"), ("ratio", "regression")]
)
def test_the_planted_feature_is_found_first_and_little_else(signal: str, task: str) -> None:
    frame = _table(2000, 20, 1)
    y = _logit(frame, signal, 2) if task == "binary" else frame[signal].to_numpy() + frame["noise_0"].to_numpy()
    found = select(frame, y, task, base=["a", "b", "c"])
    wanted = {signal} if task == "binary" else {signal, "noise_0"}
    assert set(found.chosen[: len(wanted)]) == wanted
    assert len(found.chosen) <= len(wanted) + 1
    row = found.table.row(by_predicate=pl.col("feature") == signal, named=True)
    assert row["stability"] >= 0.9
    assert row["low"] <= row["gain"] <= row["high"]
    assert found.curve["better"].max() > 2 * found.curve["se"].max() > 0


def test_nothing_is_chosen_for_targets_of_noise() -> None:
    chosen = []
    for seed in range(10):
        frame = _table(600, 30, seed)
        y = np.random.default_rng(100 + seed).integers(0, 2, frame.height)
        chosen.append(len(select(frame, y, "binary", base=["a", "b", "c"], seed=seed).chosen))
    assert sum(n > 0 for n in chosen) <= 1


def test_of_near_copies_one_is_kept_and_the_other_named() -> None:
    frame = _table(1500, 3, 3).with_columns(twin=pl.col("product") ** 3)
    found = select(frame, frame["product"].to_numpy(), "regression", base=["a", "b", "c"])
    assert len({"product", "twin"} & set(found.chosen)) == 1
    assert found.table.filter(pl.col("why").str.starts_with("nearly a copy")).height == 1


def test_the_same_seed_chooses_the_same() -> None:
    frame = _table(800, 10, 4)
    y = _logit(frame, "product", 5)
    one, two = (select(frame, y, "binary", base=["a", "b", "c"], seed=7) for _ in range(2))
    assert one.chosen == two.chosen
    assert one.table.equals(two.table)
    assert one.curve.equals(two.curve)


def test_odd_columns_and_targets_do_no_harm() -> None:
    frame = pl.DataFrame(
        {
            "a": np.arange(300.0),
            "constant": [1.0] * 300,
            "empty": pl.Series([None] * 300, dtype=pl.Float64),
            "nan": [float("nan")] * 300,
            "huge": [1e308, -1e308, float("inf")] * 100,
            "text": ["x", None, "z"] * 100,
        }
    )
    assert select(frame, np.arange(300) % 2, "binary", base=["a"]).table.height == 5
    assert select(frame, np.zeros(300), "regression", base=["a"]).chosen == ()
    assert select(frame[:1], np.zeros(1), "binary", base=["a"]).table["why"][0].startswith("fewer than")
    assert select(frame, np.arange(300) % 3, "multiclass").chosen is not None
    assert select(frame.select("a"), np.arange(300), "regression", base=["a"]).table.height == 0


def test_a_wrong_call_is_told() -> None:
    frame = _table(200, 1, 0)
    with pytest.raises(InputError, match="5 values for 200 rows"):
        select(frame, np.zeros(5), "binary")
    with pytest.raises(InputError, match="did you mean 'product'"):
        select(frame, np.zeros(200), "binary", base=["prodct"])


def test_false_discoveries_are_counted_over_all_candidates() -> None:
    lucky = np.full(40, FITS / 2)
    lucky[0] = FITS - 2
    alone = found_often(np.array([FITS - 2.0]), 0.1)
    assert bool(alone[0])
    assert not found_often(lucky, 0.1).any()


def test_new_rows_get_the_same_numbers_one_by_one() -> None:
    frame = _table(900, 2, 6).drop("product", "ratio")
    y = _logit(_table(900, 2, 6), "product", 7)
    made = SelectedFeatures("binary").fit(frame, y)
    assert "PRODUCT(a, b)" in {f.definition for f in made.features}
    whole = made.transform(frame[:20])
    single = pl.concat([made.transform(frame[i : i + 1]) for i in range(20)])
    assert whole.equals(single)
    assert [f.name for f in made.features] == whole.columns
