"""Where rows are judged in time: the newest judge first, a guess knows the past only, row numbers are no feature."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.model_search.metrics import METRICS
from autoprep.model_search.splits import suggest
from autoprep.pipeline import trivial


@pytest.fixture(scope="module")
def fitted() -> ap.Model:
    rng = np.random.default_rng(5)
    n = 2_400
    day = np.arange(n) // 4
    x = rng.normal(size=n)
    frame = pl.DataFrame(
        {
            "row": np.arange(1, n + 1),
            "day": pl.Series(np.datetime64("2020-01-01") + day.astype("timedelta64[D]")).cast(pl.Date).cast(pl.String),
            "x": x,
            "y": 0.05 * day + 2.0 * x + rng.normal(size=n),
        }
    )
    return ap.fit(frame, "y", time="day", time_budget_s=None, work_budget=0.4)


def test_row_numbers_are_left_out(fitted: ap.Model) -> None:
    assert any(
        note.startswith("left out, as it numbers the rows") and note.endswith(": row") for note in fitted.facts["notes"]
    )
    assert not any(feature.name == "row" for feature in fitted.features)


def test_a_guess_knows_the_past_only() -> None:
    y = np.arange(300.0)
    splits = suggest(y, "regression", times=np.arange(300))
    each = trivial.in_time(METRICS["rmse"], pl.Series(y), y, "regression", (), splits, None)
    assert each is not None
    for train, valid in splits.folds:
        assert each[valid] == pytest.approx(y[train].mean())
