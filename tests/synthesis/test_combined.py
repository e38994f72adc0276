"""Target means of several categories together: found where none tells alone, cross-fitted, and not of noise."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from autoprep.synthesis import Synthesizer
from autoprep.synthesis.combined import CombinedMean
from autoprep.synthesis.ranking import fold_of
from autoprep.synthesis.steps import step_from_dict


def visits(rows: int = 6_000, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """Rates that hang on the pair of firm and device, not on either: 40 by 40, a third of devices missing."""
    rng = np.random.default_rng(seed)
    firm, device, town = (rng.integers(0, 40, rows) for _ in range(3))
    rate = np.random.default_rng(9).random((40, 40)) < 0.5
    y = (rng.random(rows) < np.where(rate[firm, device], 0.85, 0.15)).astype(float)
    columns = {"firm": firm, "device": device, "town": town}
    frame = pl.DataFrame({k: [f"{k} {v}" for v in values] for k, values in columns.items()})
    return frame.with_columns(pl.when(pl.col("device") != "device 7").then("device")), y


def made(frame: pl.DataFrame, y: np.ndarray) -> Synthesizer:
    return Synthesizer(("base", "combinations"), task="binary").fit(frame, y=y)


def test_a_pair_that_tells_is_found_and_tells_on_new_rows() -> None:
    frame, y = visits()
    found = made(frame, y)
    assert found.columns_of("combinations")[0] == "COMBINED_MEAN(firm, device)"
    new, truth = visits(3_000, seed=1)
    says = found.transform(new)["COMBINED_MEAN(firm, device)"].to_numpy()
    assert says[truth == 1].mean() - says[truth == 0].mean() > 0.2
    assert np.isfinite(says).all()


def test_nothing_is_made_of_noise() -> None:
    frame, y = visits()
    shuffled = np.random.default_rng(3).permutation(y)
    assert made(frame, shuffled).columns_of("combinations") == []


def test_no_training_row_is_told_its_own_target() -> None:
    frame, y = visits(1_500)
    (step,) = CombinedMean.learn(frame, ("device", "firm"), y[:, None], [None])
    fold = fold_of(frame.height, 5, 0)
    before = step.training_columns(frame, y[:, None], fold)[0]
    for row in (0, 700):
        other = y.copy()
        other[row] = 1 - other[row]
        after = step.training_columns(frame, other[:, None], fold)[0]
        assert before[row] == after[row]


@pytest.mark.parametrize("rows", [1, 500])
def test_written_and_read_back_it_says_the_same(rows: int) -> None:
    frame, y = visits(2_000)
    (step,) = CombinedMean.learn(frame, ("device", "firm"), y[:, None], [None])
    again = step_from_dict(step.to_dict())
    new = visits(rows, seed=5)[0]
    assert new.select(again.expressions()).equals(new.select(step.expressions()))


def test_values_that_are_written_alike_together_are_one() -> None:
    frame = pl.DataFrame({"a": ["x × y", "x", None, "∅"] * 5, "b": ["z", "y × z", "q", "q"] * 5})
    (step,) = CombinedMean.learn(frame, ("a", "b"), np.arange(20.0)[:, None], [None])
    assert sorted(step.values) == ["x × y × z", "∅ × q"]
    assert frame.select(step.expressions()).to_series().null_count() == 0
