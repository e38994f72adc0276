"""Values of a row set against its group: "this price for this city", learnt on training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from autoprep.synthesis.encodings import Array, codes_of
from autoprep.synthesis.names import call
from autoprep.synthesis.steps import Step, lookup, step
from autoprep.types import Feature

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
    """The group's mean of a number, the row's distance from it, or that distance in standard deviations."""

    kind: ClassVar[str] = "relative"
    column: str = ""
    by: str = ""
    form: str = "MEAN"
    values: tuple[str, ...] = ()
    means: tuple[float | None, ...] = ()
    stds: tuple[float | None, ...] = ()

    def features(self) -> tuple[Feature, ...]:
        said = call(f"GROUP_{self.form}", self.column, self.by)
        return (Feature(said, said, (self.column, self.by), "number"),)

    def expressions(self) -> list[pl.Expr]:
        mean = lookup(self.by, self.values, self.means, None)  # type: ignore[arg-type]
        made = mean
        if self.form != "MEAN":
            made = pl.col(self.column).cast(pl.Float64) - mean
        if self.form == "Z_SCORE":
            made = made / lookup(self.by, self.values, self.stds, None)  # type: ignore[arg-type]
            made = pl.when(made.is_finite()).then(made)
        return [made.alias(self.features()[0].name)]

    @classmethod
    def learn(cls, frame: pl.DataFrame, column: str, by: str) -> list[Relative]:
        """The three forms for one number and one category."""
        codes, values = codes_of(frame[by])
        x = frame[column].cast(pl.Float64).to_numpy()
        mean, std = group_means(codes, x, len(values))
        means, stds = _nullable(mean), _nullable(np.where(std > 0, std, np.nan))
        return [cls("group", column, by, form, tuple(values), means, stds) for form in FORMS]


def _nullable(x: Array) -> tuple[Any, ...]:
    return tuple(None if v != v else v for v in x.tolist())
