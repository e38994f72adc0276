"""The last arithmetic of one row in plain Python: a linear model's sum, and the shares and label of two classes.

The same operations in the same order as the arrays of a table, so the same bits. After a pause none of NumPy's code is
in the processor's caches any more, and thirty of its calls cost a row more than all that came before them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autoprep.model_search.linear_model import LinearModel
from autoprep.serving.rowwise.expression import Row

Floats = list[float]


def linear_shares(model: LinearModel, values: Callable[[Row], Floats]) -> Callable[[Row], Floats]:
    """What ``model.predict`` gives for one row of two classes, from the row's standardised values.

    Example:
        >>> model = LinearModel(np.array([[2.0], [-1.0]]), classes=2, rounds=1)
        >>> linear_shares(model, lambda row: row)([0.5]), model.predict(np.array([[0.5]])).tolist()
        ([0.5, 0.5], [[0.5, 0.5]])
    """
    *weights, bias = model.weights[:, 0].tolist()

    def shares(row: Row) -> Floats:
        raw = 0.0
        for value, weight in zip(values(row), weights, strict=True):
            raw += value * weight
        raw += bias
        bounded = -500.0 if raw < -500.0 else 500.0 if raw > 500.0 else raw
        # Python's own exponential may differ from NumPy's in the last bit
        positive = float(1.0 / (1.0 + np.exp(-bounded)))
        return [1.0 - positive, positive]

    return shares


def two_classes(predictor: Any) -> Callable[[Sequence[float]], tuple[Floats, str | None]] | None:
    """What gives shares and label for the weighted sum of the members' shares; None for what arrays must do.

    The function raises ZeroDivisionError where the sum is nothing.
    """
    if len(predictor.classes or ()) != 2 or predictor.temperature != 1.0:
        return None
    mix, curve, threshold = predictor.mix, [np.asarray(part) for part in predictor.curve], predictor.threshold
    prior = [float(share) for share in predictor.prior]
    words = [None if label is None else str(label) for label in np.asarray(predictor.classes).tolist()]

    def end(total: Sequence[float]) -> tuple[Floats, str | None]:
        whole = total[0] + total[1]
        said = [part / whole for part in total]
        if mix:
            said = [(1.0 - mix) * part + mix * share for part, share in zip(said, prior, strict=True)]
        if curve:
            positive = float(np.interp(said[1], curve[0], curve[1]))
            said = [1.0 - positive, positive]
        return said, words[said[1] >= threshold]

    return end
