"""Categories as numbers: how frequent a value is, and what the target was where it stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from autoprep.synthesis.names import call, literal
from autoprep.synthesis.steps import Step, level_of, lookup, step
from autoprep.types import Feature

Array = np.ndarray[Any, Any]


def codes_of(column: pl.Series) -> tuple[Array, list[str]]:
    """Codes (n,) int64, -1 for missing, and the sorted values they stand for.

    Example:
        >>> codes_of(pl.Series(["b", None, "a", "b"]))
        (array([ 1, -1,  0,  1]), ['a', 'b'])
    """
    text = column.cast(pl.String)
    levels = text.drop_nulls().unique().sort()
    physical = text.cast(pl.Enum(levels)).to_physical()
    return physical.cast(pl.Int64).fill_null(-1).to_numpy(), levels.to_list()


def _levels(frame: pl.DataFrame, column: str, beside: str) -> tuple[Array, list[str]]:
    return codes_of(frame.select(level_of(column, beside).alias("l")).to_series() if beside else frame[column])


def _said(name: str, column: str, beside: str, **parameters: Any) -> str:
    if not beside:
        return call(name, column, **parameters)
    told = "".join(f", {k}={literal(v)}" for k, v in parameters.items())
    return f"{name}({call('CROSS', column, beside)}{told})"


@step
@dataclass(frozen=True)
class Frequency(Step):
    """The share of training rows with the same value; 0 for a value never seen."""

    kind: ClassVar[str] = "frequency"
    column: str = ""
    values: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    beside: str = ""

    def features(self) -> tuple[Feature, ...]:
        said = _said("FREQUENCY", self.column, self.beside)
        return (Feature(said, said, (self.column, *([self.beside] if self.beside else [])), "number"),)

    def expressions(self) -> list[pl.Expr]:
        return [lookup(self.column, self.values, self.shares, 0.0, self.beside).alias(self.features()[0].name)]

    @classmethod
    def learn(cls, frame: pl.DataFrame, column: str, beside: str = "", group: str = "counts") -> Frequency:
        """Count the values of a column, or of two together."""
        codes, values = _levels(frame, column, beside)
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        return cls(group, column, tuple(values), tuple((counts / max(frame.height, 1)).tolist()), beside)


def shrunk_means(codes: Array, y: Array, levels: int) -> tuple[Array, float]:
    """Mean target per level, shrunk towards the overall mean by empirical Bayes.

    The weight of the overall mean is the variance within levels over the variance between them, the latter by the
    method of moments (DerSimonian and Laird 1986), so that a column that says nothing yields a constant.

    Args:
        codes: (n,) int64, -1 for missing. y: (n,) float64. levels: number of levels.

    Returns:
        Means (levels,), and the overall mean.

    Example:
        >>> means, prior = shrunk_means(np.array([0] * 50 + [1] * 50), np.array([0.0, 1.0] * 50), 2)
        >>> means.tolist(), prior
        ([0.5, 0.5], 0.5)
    """
    known = codes >= 0
    prior = float(y.mean()) if y.size else 0.0
    c, t = codes[known], y[known]
    n = np.bincount(c, minlength=levels).astype(float)
    total = np.bincount(c, weights=t, minlength=levels)
    square = np.bincount(c, weights=t * t, minlength=levels)
    seen = n > 0
    k, rows = int(seen.sum()), float(n.sum())
    if k < 2 or rows <= k:
        return np.full(levels, prior), prior
    mean = np.divide(total, n, out=np.full(levels, prior), where=seen)
    within = max(float((square[seen] - n[seen] * mean[seen] ** 2).sum()) / (rows - k), 1e-12)
    centre = total.sum() / rows
    between = float((n[seen] * (mean[seen] - centre) ** 2).sum()) - (k - 1) * within
    between = max(between / (rows - float((n**2).sum()) / rows), 0.0)
    if between <= 0.0:
        return np.full(levels, prior), prior
    shrink = within / between
    return (total + shrink * prior) / (n + shrink), prior


@step
@dataclass(frozen=True)
class TargetMean(Step):
    """The mean target (or share of one class) of training rows with the same value, shrunk and cross-fitted."""

    kind: ClassVar[str] = "target_mean"
    column: str = ""
    label: str | None = None
    position: int = 0
    values: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    prior: float = 0.0
    beside: str = ""

    def features(self) -> tuple[Feature, ...]:
        told = {} if self.label is None else {"label": self.label}
        said = _said("TARGET_MEAN", self.column, self.beside, **told)
        return (Feature(said, said, (self.column, *([self.beside] if self.beside else [])), "number"),)

    def expressions(self) -> list[pl.Expr]:
        return [lookup(self.column, self.values, self.means, self.prior, self.beside).alias(self.features()[0].name)]

    def training_columns(self, frame: pl.DataFrame, y: Array, fold: Array) -> list[pl.Series]:
        codes, values = _levels(frame, self.column, self.beside)
        goal = y[:, self.position]
        out = np.empty(codes.size)
        for f in range(int(fold.max()) + 1):
            inside = fold == f
            means, prior = shrunk_means(codes[~inside], goal[~inside], len(values))
            out[inside] = np.where(codes[inside] >= 0, means[codes[inside]] if values else prior, np.nan)
        return [pl.Series(self.features()[0].name, out, dtype=pl.Float64).fill_nan(None)]

    @classmethod
    def learn(
        cls, frame: pl.DataFrame, column: str, y: Array, labels: Sequence[str | None], beside: str = "",
        group: str = "target",
    ) -> list[TargetMean]:  # fmt: skip
        """One step per column of ``y`` (n, k); none where the column says nothing about the target."""
        codes, values = _levels(frame, column, beside)
        made = []
        for position, label in enumerate(labels):
            means, prior = shrunk_means(codes, y[:, position], len(values))
            if means.size and np.ptp(means) > 0:
                made.append(cls(group, column, label, position, tuple(values), tuple(means.tolist()), prior, beside))
        return made
