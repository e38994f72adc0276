"""Features against shuffled copies of themselves, and how many of them to take, both by small LightGBMs."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autoprep.kernels.one_each import one_each
from autoprep.kernels.threads import together
from autoprep.synthesis.ranking import fold_of
from autoprep.types import Task

Array = np.ndarray[Any, Any]
#: Fits against shadows; rows of each; boosting rounds.
FITS, SHARE, ROUNDS = 12, 0.7, 40
#: Folds and most rounds of the gain curve.
CURVE_FOLDS, CURVE_ROUNDS, PATIENCE = 5, 300, 20


def _settings(goals: Array, task: Task, seed: int) -> dict[str, Any]:
    binary = task != "regression"
    return {
        "objective": "binary" if binary else "regression", "metric": "binary_logloss" if binary else "l2",
        "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 20, "verbosity": -1, "seed": seed,
        # One thread a fit and fits side by side: threads within a fit of few rows mostly wait for each other.
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "max_bin": 127, "feature_fraction": 0.6,
    }  # fmt: skip


def against_shadows(base: Array, tried: Array, goals: Array, task: Task, seed: int) -> Array:
    """How often each column beats the best of the shuffled ones.

    Args:
        base: (n, b) columns that stay. tried: (n, k) columns to judge. goals: (n, c) columns to predict.

    Returns:
        (k,) number of ``FITS`` in which the split gain of a column, summed over goals, exceeds that of every shadow.

    Method: Kursa and Rudnicki 2010 (Boruta), on resamples of the rows, each with shadows shuffled anew.
    """
    import lightgbm as lgb

    n, k, b = tried.shape[0], tried.shape[1], base.shape[1]
    hits = np.zeros((FITS, k))
    if not k:
        return np.zeros(0)

    def one(fit: int) -> None:
        rng = np.random.default_rng([seed, fit])
        rows = rng.permutation(n)[: max(50, int(SHARE * n))]
        shadow = tried[rows][:, :]
        shadow = np.column_stack([shadow[rng.permutation(rows.size), j] for j in range(k)])
        matrix = np.column_stack([base[rows], tried[rows], shadow])
        gain = np.zeros(2 * k)
        for c in range(goals.shape[1]):
            data = lgb.Dataset(matrix, goals[rows, c])
            model = lgb.train(_settings(goals, task, seed + fit), data, num_boost_round=ROUNDS)
            gain += np.asarray(model.feature_importance("gain"))[b:]
        hits[fit] = gain[:k] > gain[k:].max()

    with one_each():
        together([partial(one, fit) for fit in range(FITS)], n * (2 * k + b))
    return np.asarray(hits.sum(axis=0))


def found_often(hits: Array, level: float) -> Array:
    """Which columns beat the shadows more often than a coin, at a false-discovery rate.

    Args:
        hits: (k,) of ``FITS``. level: greatest expected share of false ones (Benjamini and Hochberg 1995).

    Example:
        >>> found_often(np.array([12.0, 11.0, 5.0]), 0.1).tolist()
        [True, True, False]
    """
    from scipy.stats import binom, false_discovery_control

    if not hits.size:
        return np.zeros(0, dtype=bool)
    chance = binom.sf(hits - 1, FITS, 0.5)
    return np.asarray(false_discovery_control(chance) <= level)


def curve(base: Array, tried: Array, goals: Array, task: Task, sizes: list[int], seed: int) -> Array:
    """Held-out loss per fold of a small LightGBM with the first so many columns.

    Args:
        base: (n, b). tried: (n, k), best first. goals: (n, c). sizes: numbers of columns of ``tried`` to take.

    Returns:
        (len(sizes), folds) loss, summed over goals: log loss, or squared error over the target's variance.
    """
    import lightgbm as lgb

    fold = fold_of(len(goals), CURVE_FOLDS, seed + 1)
    out = np.zeros((len(sizes), CURVE_FOLDS))

    def one(i: int, matrix: Array, f: int) -> None:
        inside = fold == f
        # Rounds are stopped on a fold of their own, so that the loss of the held-out fold is not chosen by it.
        stop = fold == (f + 1) % CURVE_FOLDS
        learn = ~(inside | stop)
        for c in range(goals.shape[1]):
            scale = float(goals[:, c].var()) or 1.0 if task == "regression" else 1.0
            data = lgb.Dataset(matrix[learn], goals[learn, c])
            model = lgb.train(
                _settings(goals, task, seed), data, num_boost_round=CURVE_ROUNDS,
                valid_sets=[lgb.Dataset(matrix[stop], goals[stop, c], reference=data)],
                callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
            )  # fmt: skip
            said = np.asarray(model.predict(matrix[inside]))
            out[i, f] += _loss(goals[inside, c], said, task) / scale

    for i, size in enumerate(sizes):
        matrix = np.column_stack([base, tried[:, :size]])
        with one_each():
            together([partial(one, i, matrix, f) for f in range(CURVE_FOLDS)], matrix.size)
    return out


def _loss(y: Array, said: Array, task: Task) -> float:
    if task == "regression":
        return float(np.mean((y - said) ** 2))
    p = np.clip(said, 1e-7, 1 - 1e-7)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
