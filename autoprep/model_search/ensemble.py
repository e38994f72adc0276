"""Greedy ensembles over out-of-fold predictions, and the test whether one is worth having."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


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
