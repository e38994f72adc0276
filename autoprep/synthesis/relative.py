"""Values of a row set against its group: "this price for this city", learnt on training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from autoprep.synthesis.encodings import Array, codes_of
from autoprep.synthesis.names import call
from autoprep.synthesis.steps import Step, lookup, step
from autoprep.types import Feature

#: Quantiles that tell a rank within a group.
QUANTILES = 15
FORMS = ("MEAN", "DIFFERENCE", "Z_SCORE")


def group_means(codes: Array, x: Array, levels: int) -> tuple[Array, Array]:
    """Mean and sample standard deviation (NaN below two values) of ``x`` per level, NaN left out.

    Example:
        >>> mean, std = group_means(np.array([0, 0, 1]), np.array([1.0, 3.0, 5.0]), 2)
        >>> mean.tolist(), std.round(3).tolist()
        ([2.0, 5.0], [1.414, nan])
    """
    known = (codes >= 0) & np.isfinite(x)
    c, v = codes[known], x[known]
    n = np.bincount(c, minlength=levels).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(c, weights=v, minlength=levels) / n
        square = np.bincount(c, weights=(v - mean[c]) ** 2, minlength=levels)
        std = np.where(n > 1, np.sqrt(square / (n - 1)), np.nan)
    return mean, std


@step
@dataclass(frozen=True)
class Relative(Step):
    """The group's mean of a number, the row's distance from it, plain or in deviations, or its share of the sum."""

    kind: ClassVar[str] = "relative"
    column: str = ""
    by: str = ""
    form: str = "MEAN"
    values: tuple[str, ...] = ()
    means: tuple[float | None, ...] = ()
    stds: tuple[float | None, ...] = ()
    sums: tuple[float | None, ...] = ()

    def features(self) -> tuple[Feature, ...]:
        said = call(f"GROUP_{self.form}", self.column, self.by)
        return (Feature(said, said, (self.column, self.by), "number"),)

    def expressions(self) -> list[pl.Expr]:
        if self.form == "SHARE":
            made = pl.col(self.column).cast(pl.Float64) / lookup(self.by, self.values, self.sums, None)
            return [pl.when(made.is_finite()).then(made).alias(self.features()[0].name)]
        mean = lookup(self.by, self.values, self.means, None)
        made = mean
        if self.form != "MEAN":
            made = pl.col(self.column).cast(pl.Float64) - mean
        if self.form == "Z_SCORE":
            made = made / lookup(self.by, self.values, self.stds, None)
            made = pl.when(made.is_finite()).then(made)
        return [made.alias(self.features()[0].name)]

    @classmethod
    def learn(cls, frame: pl.DataFrame, column: str, by: str, group: str = "group") -> list[Relative]:
        """The three forms for one number and one category."""
        codes, values = codes_of(frame[by])
        x = frame[column].cast(pl.Float64).to_numpy()
        mean, std = group_means(codes, x, len(values))
        means, stds = _nullable(mean), _nullable(np.where(std > 0, std, np.nan))
        return [cls(group, column, by, form, tuple(values), means, stds) for form in FORMS]


@step
@dataclass(frozen=True)
class GroupRank(Step):
    """Where a number stands among the training rows of its group: the share of its quantiles at or below it."""

    kind: ClassVar[str] = "group_rank"
    column: str = ""
    by: str = ""
    values: tuple[str, ...] = ()
    edges: tuple[tuple[float | None, ...], ...] = ()

    def features(self) -> tuple[Feature, ...]:
        said = call("GROUP_RANK", self.column, self.by)
        return (Feature(said, said, (self.column, self.by), "number"),)

    def expressions(self) -> list[pl.Expr]:
        x = pl.col(self.column).cast(pl.Float64)
        below = [(x >= lookup(self.by, self.values, edge, None)).cast(pl.Float64) for edge in self.edges]
        made = below[0]
        for one in below[1:]:
            made = made + one
        return [(made * (1.0 / len(below))).alias(self.features()[0].name)]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            values["group"], values["column"], values["by"], tuple(values["values"]),
            tuple(tuple(edge) for edge in values["edges"]),
        )  # fmt: skip

    @classmethod
    def learn(cls, frame: pl.DataFrame, column: str, by: str, group: str = "ranks") -> Self:
        """Quantiles of each group with two known values or more."""
        known = frame.select(pl.col(by).cast(pl.String).alias("g"), pl.col(column).cast(pl.Float64).alias("x"))
        known = known.filter(pl.col("g").is_not_null() & pl.col("x").is_finite())
        at = [q / (QUANTILES + 1) for q in range(1, QUANTILES + 1)]
        quantiles = [pl.col("x").quantile(q, "linear").alias(f"q{i}") for i, q in enumerate(at)]
        table = known.group_by("g").agg(*quantiles, pl.len().alias("rows")).filter(pl.col("rows") > 1).sort("g")
        return cls(
            group, column, by, tuple(table["g"].to_list()),
            tuple(tuple(table[f"q{i}"].to_list()) for i in range(QUANTILES)),
        )  # fmt: skip


def share_of(frame: pl.DataFrame, column: str, by: str, group: str = "ranks") -> Relative:
    """A number over the sum of its group."""
    codes, values = codes_of(frame[by])
    x = frame[column].cast(pl.Float64).to_numpy()
    known = (codes >= 0) & np.isfinite(x)
    sums = np.bincount(codes[known], weights=x[known], minlength=len(values))
    return Relative(group, column, by, "SHARE", tuple(values), sums=tuple(sums.tolist()))


def _nullable(x: Array) -> tuple[Any, ...]:
    return tuple(None if v != v else v for v in x.tolist())
