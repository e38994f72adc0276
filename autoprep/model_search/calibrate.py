"""After the ensemble: temperature, threshold and conformal intervals, all from out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.metrics import Metric

Array = NDArray[Any]

_TINY = 1e-12
LEVELS = 401
MOST_BINS = 5


def heat(probability: Array, temperature: float, mix: float, prior: Array) -> Array:
    """Probabilities (n, classes) made softer (temperature > 1) or sharper, then mixed with the class shares.

    Example:
        >>> heat(np.array([[0.2, 0.8]]), 1.0, 0.5, np.array([0.5, 0.5])).tolist()
        [[0.35, 0.65]]
    """
    if temperature != 1.0:
        raw = np.log(np.clip(probability, _TINY, 1.0)) / temperature
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        probability = raw / raw.sum(axis=1, keepdims=True)
    return (1.0 - mix) * probability + mix * prior if mix else probability


def learn_heat(y: Array, probability: Array, prior: Array, weight: Array | None = None) -> tuple[float, float]:
    """The temperature (Guo 2017) and the mix with class shares that lower the log loss beyond its standard error.

    Args:
        y: (n,) codes.
        probability: (n, classes) out of fold.
        prior: (classes,) shares.
        weight: (n,) or None.
    """
    weights = np.ones(len(y)) if weight is None else weight
    rows = np.arange(len(y))

    def losses(temperature: float, mix: float) -> Array:
        warmed = heat(probability, temperature, mix, prior)
        return np.asarray(-np.log(np.clip(warmed[rows, y], 1e-15, 1.0)))

    plain = losses(1.0, 0.0)
    grid = [(t, m) for t in np.geomspace(0.6, 2.5, 25) for m in (0.0, 1e-4, 1e-3, 1e-2)]
    best = min(grid, key=lambda pair: float(np.average(losses(*pair), weights=weights)))
    saved = plain - losses(*best)
    mean = float(np.average(saved, weights=weights))
    error = float(saved.std() / np.sqrt(len(y)))
    return (float(best[0]), float(best[1])) if mean > error else (1.0, 0.0)


def learn_threshold(y: Array, probability: Array, metric: Metric, weight: Array | None = None) -> float:
    """The probability of class 1 from which class 1 is said: best for a metric of labels, else 0.5.

    Args:
        y: (n,) codes 0 and 1.
        probability: (n, 2) out of fold.
        metric: the metric asked for.
        weight: (n,) or None.
    """
    if metric.needs != "label":
        return 0.5
    positive = probability[:, 1]
    tried = np.unique(np.concatenate([[0.5], np.quantile(positive, np.linspace(0.01, 0.99, 99))]))
    scores = np.array([metric.loss(y, probability, weight, float(t)) for t in tried])
    smooth = np.convolve(np.pad(scores, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    best = float(tried[int(smooth.argmin())])
    return best if metric.loss(y, probability, weight, best) < metric.loss(y, probability, weight, 0.5) else 0.5


@dataclass(frozen=True)
class Conformal:
    """Intervals from out-of-fold residuals, apart for low and high predictions (Mondrian split-conformal, Vovk 2005).

    Attributes:
        edges: predictions that part the bins, ascending.
        residuals: per bin, quantiles of truth - prediction at ``LEVELS`` even steps from 0 to 1.
        counts: per bin, rows.
    """

    edges: tuple[float, ...] = ()
    residuals: tuple[tuple[float, ...], ...] = field(default=((0.0,) * LEVELS,))
    counts: tuple[int, ...] = (1,)

    @classmethod
    def learn(cls, y: Array, predicted: Array) -> Self:
        """From truth and out-of-fold predictions (n,)."""
        bins = max(1, min(MOST_BINS, len(y) // 200))
        edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1])) if bins > 1 else np.empty(0)
        place = np.searchsorted(edges, predicted, side="right")
        grid = np.linspace(0, 1, LEVELS)
        found, counts = [], []
        for bin_ in range(len(edges) + 1):
            here = (y - predicted)[place == bin_]
            here = here if len(here) else y - predicted
            found.append(tuple(np.quantile(here, grid).tolist()))
            counts.append(len(here))
        return cls(tuple(edges.tolist()), tuple(found), tuple(counts))

    def interval(self, predicted: Array, coverage: float) -> tuple[Array, Array]:
        """Lower and upper bounds (n,) that hold the truth with this probability."""
        place = np.searchsorted(np.asarray(self.edges), predicted, side="right")
        grid = np.linspace(0, 1, LEVELS)
        low, high = np.empty(len(self.residuals)), np.empty(len(self.residuals))
        for bin_, (quantiles, count) in enumerate(zip(self.residuals, self.counts, strict=True)):
            tail = max(0.0, ((1 - coverage) / 2 * (count + 1) - 1) / max(count - 1, 1))
            low[bin_], high[bin_] = np.interp([tail, 1 - tail], grid, quantiles)
        return predicted + low[place], predicted + high[place]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"edges": list(self.edges), "residuals": [list(r) for r in self.residuals], "counts": list(self.counts)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Of plain values."""
        residuals = tuple(tuple(r) for r in values["residuals"])
        return cls(tuple(values["edges"]), residuals, tuple(values["counts"]))


@dataclass(frozen=True)
class LabelSets:
    """Sets of labels that hold the true one with a stated probability (split-conformal, Sadinle 2019).

    A label is in a row's set when its probability is at least the level that the stated share of rows out of fold gave
    to their true label; the most probable label always is, so that no set is empty.

    Attributes:
        levels: quantiles of the probability that rows out of fold gave to their true label, at ``LEVELS`` even steps.
        count: rows.

    Example:
        >>> sets = LabelSets.learn(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]))
        >>> sets.member(np.array([[0.55, 0.45], [0.1, 0.9]]), 0.5).tolist()
        [[True, False], [False, True]]
    """

    levels: tuple[float, ...] = (0.0,) * LEVELS
    count: int = 1

    @classmethod
    def learn(cls, y: Array, probability: Array) -> Self:
        """From codes (n,) and probabilities out of fold (n, classes)."""
        given = probability[np.arange(len(y)), y]
        return cls(tuple(np.quantile(given, np.linspace(0, 1, LEVELS), method="lower").tolist()), len(y))

    def member(self, probability: Array, coverage: float) -> Array:
        """Whether each label belongs to each row's set (n, classes)."""
        tail = max(0.0, ((1 - coverage) * (self.count + 1) - 1) / self.count)
        place = int(np.floor(tail * (LEVELS - 1)))
        found = probability >= (self.levels[place] if tail > 0 else 0.0)
        found[np.arange(len(probability)), probability.argmax(axis=1)] = True
        return np.asarray(found)


def reliability(y: Array, probability: Array, bins: int = 10) -> list[dict[str, float]]:
    """How often class 1 came true where it was said with some probability: one entry per bin of equal counts.

    Args:
        y: (n,) truth, 0 or 1.
        probability: (n,) of 1.
        bins: how many.

    Example:
        >>> reliability(np.array([0, 1]), np.array([0.1, 0.9]), bins=2)[1]
        {'said': 0.9, 'came': 1.0, 'count': 1.0}
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [{"said": float(probability[p].mean()), "came": float(y[p].mean()), "count": float(len(p))} for p in parts]
