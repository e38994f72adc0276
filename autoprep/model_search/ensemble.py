"""Greedy ensembles over out-of-fold predictions, and the test whether one is worth having."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Share of the rows that each bag of greedy picks sees.
BAG_SHARE = 0.7


def greedy(predictions: Sequence[Array], loss: Callable[[Array], float], picks: int = 25, least: float = 0.05) -> Array:
    """Weights (len(predictions),) of an average, picked one member at a time with replacement (Caruana 2004).

    The best prefix of the picks counts; members under ``least`` of the weight are dropped.

    Args:
        predictions: out-of-fold predictions of equal shape.
        loss: of a prediction; lower is better.
        picks: at most this many.
        least: share of the weight.

    Example:
        >>> y = np.array([0.0, 1.0])
        >>> greedy([y + 1, y - 1], lambda p: float(((p - y) ** 2).mean()), picks=4).tolist()
        [0.5, 0.5]
    """
    count = np.zeros(len(predictions))
    total = np.zeros_like(predictions[0])
    best, best_count = np.inf, count.copy()
    for done in range(picks):
        trials = [loss((total + p) / (done + 1)) for p in predictions]
        order = np.lexsort((-count, np.round(trials, 12)))
        chosen = int(order[0])
        count[chosen] += 1
        total = total + predictions[chosen]
        if trials[chosen] < best - 1e-12:
            best, best_count = trials[chosen], count.copy()
        elif done > 8 and done > 2 * best_count.sum():
            break
    weights = best_count / best_count.sum()
    weights[weights < least] = 0.0
    return np.asarray(weights / weights.sum())


def paired_gain(best: Array, other: Array) -> tuple[float, float]:
    """Mean loss saved by ``other`` over blocks of rows, and its standard error.

    Example:
        >>> gain, error = paired_gain(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
        >>> gain, error
        (1.0, 0.0)
    """
    saved = best - other
    error = float(saved.std(ddof=1) / np.sqrt(len(saved))) if len(saved) > 1 else float("inf")
    return float(saved.mean()), error


def bagged(
    predictions: Sequence[Array], loss: Callable[[Array, Array], float], rows: Array, *, bags: int = 8, seed: int = 0
) -> Array:
    """Weights (len(predictions),): the mean of greedy picks on random parts of the rows (Caruana 2006).

    Args:
        predictions: out-of-fold predictions of equal shape.
        loss: (prediction, positions) -> loss of the prediction at these positions; lower is better.
        rows: (len of a prediction,) the row that each position judges; a row is drawn with all its positions.
        bags: how many parts, each of ``BAG_SHARE`` of the rows.
        seed: of the parts.

    Example:
        >>> y = np.array([0.0, 1.0, 0.0, 1.0])
        >>> squared = lambda p, at: float(((p - y[at]) ** 2).mean())
        >>> bagged([y + 1, y - 1], squared, np.arange(4)).tolist()
        [0.5, 0.5]
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(len(predictions))
    for _ in range(bags):
        at = np.flatnonzero(rng.random(int(rows.max()) + 1)[rows] < BAG_SHARE)
        at = at if len(at) else np.arange(len(rows))

        def partly(said: Array, at: Array = at) -> float:
            return loss(said, at)

        total += greedy([p[at] for p in predictions], partly, picks=12)
    return np.asarray(total / total.sum())


def likely(losses: Array, share: float) -> Array:
    """Weights (members,) that fall with how surely a member is worse than the best, by its loss on the same folds.

    A member that is behind by one standard error counts three quarters of the best, by two a third (a Gaussian of
    twice the variance). The standard error counts that folds share training rows (Nadeau and Bengio 2003).

    Args:
        losses: (members, folds).
        share: validation rows of a fold over its training rows.

    Example:
        >>> likely(np.array([[1.0, 1.0, 1.0], [1.1, 0.9, 1.0], [9.0, 9.1, 9.0]]), 0.25).round(2).tolist()
        [0.5, 0.5, 0.0]
    """
    best = losses[int(losses.mean(axis=1).argmin())]
    behind = losses - best
    error = behind.std(axis=1, ddof=1) * np.sqrt(1 / losses.shape[1] + share)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.where(behind.mean(axis=1) > 0, behind.mean(axis=1) / error, 0.0)
    found = np.exp(-0.25 * away**2)
    return np.asarray(found / found.sum())
