"""Fitting once more what a search has chosen, with everything fixed: what exported scripts call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from autoprep.model_search.balance import class_weights, weighed
from autoprep.model_search.encode import Encoder
from autoprep.model_search.family import Fitted, Sides
from autoprep.model_search.limits import Limit
from autoprep.model_search.models import MODELS
from autoprep.model_search.threads import one_thread, usable

Array = NDArray[Any]


def fit_again(
    family: str,
    encoder: Encoder,
    matrix: Array,
    y: Array,
    *,
    metric: str,
    parameters: Mapping[str, Any],
    rounds: int,
    seed: int,
    weight: Array | None = None,
) -> Fitted:
    """Fit a family with fixed parameters and rounds; the same rows and seed give the same model.

    Args:
        family: name in ``MODELS``.
        encoder: that made the matrix.
        matrix: (n, columns).
        y: (n,) class codes or values.
        metric: the metric asked for.
        parameters: of the family.
        rounds: trees, steps, epochs: what the family counts.
        seed: of all randomness.
        weight: (n,) or None; classes are weighed on top of it where the parameters say "balance".

    Raises:
        SettingError: no such family.

    Example:
        >>> import numpy as np, polars as pl
        >>> encoder, y = Encoder("native", 2), np.array([0, 1, 1, 1])
        >>> matrix = encoder.fit_transform(pl.DataFrame({"x": [1.0, 2, 3, 4]}), y)
        >>> model = fit_again("dummy", encoder, matrix, y, metric="log_loss", parameters={}, rounds=1, seed=0)
        >>> model.predict(matrix)[0].tolist()
        [0.25, 0.75]
    """
    power = float(parameters.get("balance", 0.0))
    if power and encoder.classes:
        weight = weighed(y, class_weights(y, encoder.classes, power, weight), weight)
    sides = Sides(encoder, matrix, y, weight, None, None, None, encoder.classes, metric, seed)
    limit = Limit(float("inf"), float("inf"), time.monotonic, threads=usable())
    with one_thread():
        return MODELS[family].fit(sides, parameters, rounds, limit)[0]
