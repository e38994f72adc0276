"""After the ensemble: temperature, threshold and conformal intervals, all from out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.metrics import Metric

Array = NDArray[Any]

_TINY = 1e-12
LEVELS = 401
MOST_BINS = 5
#: Rows from which probabilities of two classes may be led along a curve.
CURVE_ROWS = 1_000
#: Powers of 1 / share that the labels of several classes are tried with, and parts of the rows that judge them.
POWERS, PARTS = (0.25, 0.5, 0.75, 1.0, 1.25), 10


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


def bend(probability: Array, curve: Sequence[Sequence[float]]) -> Array:
    """Probabilities (n, 2) with that of class 1 led along a rising curve of (said, came true); as they are without one.

    Example:
        >>> bend(np.array([[0.5, 0.5]]), [[0.0, 0.5, 1.0], [0.0, 0.3, 1.0]]).tolist()
        [[0.7, 0.3]]
    """
    if not len(curve):
        return probability
    positive = np.interp(probability[:, 1], np.asarray(curve[0]), np.asarray(curve[1]))
    return np.column_stack([1.0 - positive, positive])


def _isotonic(y: Array, positive: Array, weights: Array) -> list[list[float]]:
    """Isotonic regression (Zadrozny and Elkan 2002) through the middles of its steps, which keeps the order of rows."""
    from sklearn.isotonic import isotonic_regression

    order = np.argsort(positive, kind="stable")
    x, weight = positive[order], weights[order]
    level = isotonic_regression(y[order].astype(np.float64), sample_weight=weight)
    starts = np.flatnonzero(np.diff(level, prepend=-1.0))
    total = np.add.reduceat(weight, starts)
    middle = np.add.reduceat(x * weight, starts) / total
    # Nothing is said to be certain, and beyond the outermost steps the curve goes half way on.
    least = 0.5 / (len(y) + 1)
    share = np.clip(level[starts], least, 1.0 - least)
    keep = np.concatenate([[True], np.diff(middle) > 0])
    low, high = float(share[0]) / 2, (1.0 + float(share[-1])) / 2
    return [[0.0, *middle[keep].tolist(), 1.0], [low, *share[keep].tolist(), high]]


def learn_curve(y: Array, probability: Array, weight: Array | None = None) -> list[list[float]]:
    """The curve from what was said to what came true, where it lowers the log loss of rows that it has not seen.

    Args:
        y: (n,) codes 0 and 1.
        probability: (n, 2) out of fold.
        weight: (n,) or None.

    Returns:
        Two lists, said and came true, for ``bend``; empty for few rows or a gain below two standard errors.
    """
    if len(y) < CURVE_ROWS or probability.shape[1] != 2:
        return []
    weights = np.ones(len(y)) if weight is None else weight
    rank = np.empty(len(y), dtype=np.int64)
    rank[np.argsort(probability[:, 1], kind="stable")] = np.arange(len(y))
    saved = np.empty(len(y))
    rows = np.arange(len(y))
    for half in (0, 1):
        seen, unseen = rows[rank % 2 == half], rows[rank % 2 != half]
        curve = _isotonic(y[seen], probability[seen, 1], weights[seen])
        bent = bend(probability[unseen], curve)
        before, after = (np.clip(p[np.arange(len(unseen)), y[unseen]], 1e-15, 1.0) for p in (probability[unseen], bent))
        saved[unseen] = np.log(after) - np.log(before)
    mean = float(np.average(saved, weights=weights))
    return _isotonic(y, probability[:, 1], weights) if mean > 2 * float(saved.std() / np.sqrt(len(y))) else []


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


def learn_lifts(
    y: Array, probability: Array, prior: Array, metric: Metric, weight: Array | None = None
) -> tuple[float, ...]:
    """What the probabilities of several classes are multiplied with before the greatest is said: a power of 1 / share.

    One number is learnt, so that rare classes cannot be fitted one by one; it is kept where the metric gains more
    than its standard error over ten parts of the rows (Menon 2021 for balanced errors, where the power is 1).

    Args:
        y: (n,) codes.
        probability: (n, classes) out of fold.
        prior: (classes,) shares.
        metric: the metric asked for.
        weight: (n,) or None.

    Returns:
        (classes,) multipliers; () when the greatest probability itself decides.
    """
    if metric.needs != "label" or probability.shape[1] < 3:
        return ()
    shares = np.maximum(prior, 1.0 / (len(y) + 1))
    tried = [(shares / shares.max()) ** -power for power in POWERS]
    losses = [metric.loss(y, probability * lift, weight) for lift in tried]
    best = tried[int(np.argmin(losses))]
    order = np.argsort(y, kind="stable")
    parts = [order[part::PARTS] for part in range(PARTS) if len(order[part::PARTS])]

    def over(said: Array) -> Array:
        return np.array([metric.loss(y[p], said[p], None if weight is None else weight[p]) for p in parts])

    saved = over(probability) - over(probability * best)
    error = float(saved.std(ddof=1) / np.sqrt(len(saved))) if len(saved) > 1 else float("inf")
    return tuple(float(v) for v in best) if saved.mean() > error else ()


@dataclass(frozen=True)
class Conformal:
    """Intervals from out-of-fold residuals, apart for low and high predictions (Mondrian split-conformal, Vovk 2005).

    An interval holds its prediction: where the mean of a heavy tail lies above nearly all values, or a quantile is
    predicted, residuals alone would leave it outside.

    Attributes:
        edges: predictions that part the bins, ascending.
        residuals: per bin, quantiles of truth - prediction at ``LEVELS`` even steps from 0 to 1.
        counts: per bin, rows.
        floor: no bound is lower; None: any.

    Example:
        >>> made = Conformal.learn(np.array([0.0, 1.0, 8.0]), np.array([3.0, 3.0, 3.0]), floor=0.0)
        >>> [bound.tolist() for bound in made.interval(np.array([2.0, 9.0]), 0.5)]
        [[0.0, 6.0], [7.0, 14.0]]
    """

    edges: tuple[float, ...] = ()
    residuals: tuple[tuple[float, ...], ...] = field(default=((0.0,) * LEVELS,))
    counts: tuple[int, ...] = (1,)
    floor: float | None = None

    @classmethod
    def learn(cls, y: Array, predicted: Array, floor: float | None = None) -> Self:
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
        return cls(tuple(edges.tolist()), tuple(found), tuple(counts), floor)

    def interval(self, predicted: Array, coverage: float) -> tuple[Array, Array]:
        """Lower and upper bounds (n,) that hold the truth with this probability."""
        place = np.searchsorted(np.asarray(self.edges), predicted, side="right")
        low, high = self.reach(coverage)
        lower = predicted + low[place]
        return lower if self.floor is None else np.maximum(lower, self.floor), predicted + high[place]

    def reach(self, coverage: float) -> tuple[Array, Array]:
        """What is added to the predictions of each bin, (bins,) below and (bins,) above."""
        grid = np.linspace(0, 1, LEVELS)
        low, high = np.empty(len(self.residuals)), np.empty(len(self.residuals))
        for bin_, (quantiles, count) in enumerate(zip(self.residuals, self.counts, strict=True)):
            tail = max(0.0, ((1 - coverage) / 2 * (count + 1) - 1) / max(count - 1, 1))
            low[bin_], high[bin_] = np.interp([tail, 1 - tail], grid, quantiles)
        return np.minimum(low, 0.0), np.maximum(high, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        residuals = [list(r) for r in self.residuals]
        return {"edges": list(self.edges), "residuals": residuals, "counts": list(self.counts), "floor": self.floor}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Of plain values."""
        residuals = tuple(tuple(r) for r in values["residuals"])
        return cls(tuple(values["edges"]), residuals, tuple(values["counts"]), values.get("floor"))


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
