"""LightGBM's one number of threads for a process: never unlike numbers beside each other."""

from __future__ import annotations

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import numpy as np
import polars as pl
import pytest
from lightgbm.basic import _LIB, Booster

from autoprep.budget import Budget
from autoprep.kernels.one_each import one_each
from autoprep.model_search import search
from autoprep.model_search.lightgbm_model import LightgbmModel
from autoprep.selection import shadows
from autoprep.synthesis import ranking


def most() -> int:
    held = ctypes.c_int(0)
    _LIB.LGBM_GetMaxThreads(ctypes.byref(held))
    return held.value


def test_it_holds_until_the_last_has_left() -> None:
    met = Barrier(2, timeout=20)
    seen: list[int] = []

    def late() -> None:
        with one_each():
            met.wait()
            met.wait()
            seen.append(most())

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(late)
        with one_each():
            met.wait()
            assert most() == 1
        assert most() == 1, "the other is still inside"
        met.wait()
        done.result(20)
    assert seen == [1] and most() == -1
    with pytest.raises(ZeroDivisionError), one_each():
        raise ZeroDivisionError
    assert most() == -1


@pytest.fixture
def caps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """What LightGBM was held to whenever it boosted a round, and whether another call was under way."""
    seen: list[tuple[int, bool]] = []
    lock, inside, update = Lock(), [0], Booster.update

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        with lock:
            inside[0] += 1
            seen.append((most(), inside[0] > 1))
        try:
            return update(self, *args, **kwargs)
        finally:
            with lock:
                inside[0] -= 1

    monkeypatch.setattr(Booster, "update", watched)
    return seen


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="nothing runs beside another on one core")
def test_fits_beside_each_other_have_one_thread_each(
    caps: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOPREP_THREADS", "2")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6_000, 12))
    y = (x[:, 0] + rng.normal(size=6_000))[:, None]
    ranking.residuals(x, y, "regression", seed=0)
    shadows.against_shadows(x[:, :6], x[:, 6:], y, "regression", 0)
    assert caps and all(cap == 1 for cap, _ in caps)
    caps.clear()
    frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(3)})
    search(frame, y[:, 0] > 0, task="binary", budget=Budget(time_budget_s=6))
    beside = [cap for cap, others in caps if others]
    assert beside and set(beside) == {1}
    assert most() == -1


def test_rows_that_are_shared_out_are_answered_with_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    import lightgbm as lgb

    rng = np.random.default_rng(0)
    x = rng.normal(size=(30_001, 4))
    data = lgb.Dataset(x[:500], x[:500, 0] > 0)
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 5)
    asked: list[int] = []
    predict = Booster.predict

    def watched(self: Any, matrix: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["num_threads"])
        return predict(self, matrix, **kwargs)

    monkeypatch.setattr(Booster, "predict", watched)
    model = LightgbmModel(booster, 2, 5)
    together, alone = model._said(x, 3), model._said(x, 1)
    assert together.tobytes() == alone.tobytes()
    model.contributions(x[:3])
    assert asked == [1] * 5
