"""Classes of uneven size weighed inside a fit, and what the weighing did to the probabilities undone after it.

Rows are never copied or dropped. A model that has learnt from rows weighed by class says probabilities for a world in
which classes have those shares; they are led back to the shares that the training rows have (Elkan 2001, theorem 2),
so that calibration, thresholds and ensembles see the same kind of number from every model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Powers of 1 / share that the search may weigh classes by: not at all, half way, to equal sums.
POWERS = (0.0, 0.5, 1.0)
#: How many times the least class the greatest must hold for weights to be worth a trial.
UNEVEN = 4.0
#: Metrics of the probabilities themselves: on five data sets no weight lowered them, and most raised them.
PROPER = ("log_loss", "brier")


def class_weights(y: Array, classes: int, power: float, weight: Array | None = None) -> Array:
    """The weight of each class (classes,): its share to the power -``power``, so that the mean over rows stays 1.

    Args:
        y: (n,) codes.
        classes: how many there are.
        power: 0 leaves the rows as they are, 1 gives all classes the same sum of weights.
        weight: (n,) or None.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2, 1.0).round(3).tolist()
        [0.667, 2.0]
    """
    sums = np.bincount(y, weights=weight, minlength=classes).astype(np.float64)
    there = sums > 0
    made = np.ones(classes)
    made[there] = (sums[there] / sums.sum()) ** -power
    # A class that no training row has stays at the mean: nothing is known of it.
    made[there] *= sums[there].sum() / float(made[there] @ sums[there])
    return made


def weighed(y: Array, weights: Array, weight: Array | None) -> Array:
    """Row weights (n,) with the class weights in them."""
    own = weights[y]
    return own if weight is None else own * weight


def undone(said: Array, weights: tuple[float, ...]) -> Array:
    """Probabilities (n, classes) of a model of weighed rows, led back to the shares of the rows themselves.

    Example:
        >>> undone(np.array([[0.5, 0.5]]), (2 / 3, 2.0)).tolist()
        [[0.75, 0.25]]
    """
    if not weights:
        return said
    back = said / np.asarray(weights)
    return np.asarray(back / back.sum(axis=1, keepdims=True))


def uneven(y: Array, classes: int) -> bool:
    """Whether the classes are so uneven that weighing them is worth a trial.

    Example:
        >>> uneven(np.array([0] * 9 + [1]), 2), uneven(np.array([0] * 6 + [1] * 4), 2), uneven(np.ones(9), 0)
        (True, False, False)
    """
    if classes < 2:
        return False
    counts = np.bincount(y, minlength=classes)
    return bool(counts.max() >= UNEVEN * max(int(counts.min()), 1))
