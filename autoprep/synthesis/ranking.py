"""Which candidates add to what is already there: residuals of a base model, replayed boosting per candidate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from autoprep.kernels.one_each import one_each
from autoprep.kernels.replay import replay_gains
from autoprep.kernels.threads import together
from autoprep.types import Task

Array = np.ndarray[Any, Any]
FOLDS = 4


def fold_of(rows: int, folds: int, seed: int) -> Array:
    """A balanced random fold (rows,) int32 per row, the same for the same seed.

    Example:
        >>> np.bincount(fold_of(10, 5, 0)).tolist()
        [2, 2, 2, 2, 2]
    """
    fold = np.arange(rows, dtype=np.int32) % folds
    return np.random.default_rng(seed).permutation(fold)


def residuals(matrix: Array, goals: Array, task: Task, seed: int, leaves: int = 15) -> tuple[Array, Array]:
    """What a small LightGBM leaves out of fold.

    Args:
        matrix: (n, k) float64, NaN where missing. goals: (n, c) float64, one column per class or the target.
        leaves: of a tree; 2 makes the model additive, so that whatever lies between columns is left.

    Returns:
        Residuals (n, c) in the units of ``goals``, and the fold (n,) of each row.
    """
    import lightgbm as lgb

    fold = fold_of(len(goals), FOLDS, seed)
    out = np.empty_like(goals)
    settings = {
        "objective": "regression" if task == "regression" else "binary",
        "learning_rate": 0.1, "num_leaves": leaves, "min_data_in_leaf": 20, "verbosity": -1, "seed": seed,
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "feature_fraction": 0.8, "max_bin": 127,
    }  # fmt: skip

    def one(c: int, f: int) -> None:
        inside = fold == f
        data = lgb.Dataset(matrix[~inside], goals[~inside, c])
        model = lgb.train(settings, data, num_boost_round=60 if leaves > 2 else 150)
        out[inside, c] = goals[inside, c] - np.asarray(model.predict(matrix[inside]))

    with one_each():
        together([partial(one, c, f) for c in range(goals.shape[1]) for f in range(FOLDS)], matrix.size)
    return out, fold


def gains(candidates: Array, residual: Array, fold: Array) -> tuple[Array, Array]:
    """Mean share of the residual's variance that each candidate explains out of fold, and its standard error.

    Args:
        candidates: (k, n) float64, C order. residual: (n, c). fold: (n,) int32.
    """
    k, folds = candidates.shape[0], int(fold.max()) + 1
    total = np.zeros((k, folds))
    out = np.empty((k, folds))
    for c in range(residual.shape[1]):
        r = np.ascontiguousarray(residual[:, c])
        spread = float(r.var()) or 1.0
        replay_gains(candidates, r, fold, folds, 0.1, 60, 8, 20.0, 3, out)
        total += out / spread / residual.shape[1]
    return total.mean(axis=1), total.std(axis=1, ddof=1) / np.sqrt(folds)


def pick(gain: Array, error: Array, values: Array, most: int, floor: float, alike: float = 0.97) -> list[int]:
    """Candidates by falling gain that clear their error and the floor, and are not near copies of better ones.

    Args:
        gain, error: (k,). values: (k, n) float64, for rank correlation. most: how many at most.
        floor: least gain. alike: greatest absolute rank correlation with one picked before.
    """
    chosen: list[int] = []
    ranked: list[Array] = []
    for i in np.argsort(-gain, kind="stable"):
        if len(chosen) >= most or gain[i] <= floor:
            break
        if gain[i] <= 2 * error[i]:
            continue
        ranks = rank(values[i])
        if all(abs(float(ranks @ other)) < alike for other in ranked):
            chosen.append(int(i))
            ranked.append(ranks)
    return chosen


def rank(x: Array) -> Array:
    """Ranks centred and scaled to length 1, missing values in the middle, so that a dot product is Spearman's rho."""
    known = np.isfinite(x)
    out = np.zeros(x.size)
    r = pl.Series(x[known]).rank("average").to_numpy()
    if r.size:
        out[known] = r - r.mean()
    norm = float(np.sqrt(out @ out))
    return out / norm if norm > 0 else out


def matrix_of(frame: pl.DataFrame, names: Sequence[str]) -> Array:
    """Columns as (k, n) float64, NaN for null; text becomes the code of its level in sorted order."""
    rows = []
    for name in names:
        column = frame[name]
        if column.dtype == pl.String:
            column = column.rank("dense")
        rows.append(column.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    return np.ascontiguousarray(np.stack(rows)) if rows else np.empty((0, frame.height))
