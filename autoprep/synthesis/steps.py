"""Steps of a row synthesizer: each learns plain constants from training rows and yields columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from autoprep.primitives import TRANSFORMS
from autoprep.registry import Catalogue
from autoprep.synthesis.names import call, quote
from autoprep.types import Feature

OTHER = "(other)"


@dataclass(frozen=True)
class Step:
    """One or more columns made the same way.

    Attributes:
        group: the name under which a search can race it ("base", "counts", ...).
    """

    group: str
    kind: ClassVar[str] = ""

    def features(self) -> tuple[Feature, ...]:
        """What the columns are, in order."""
        raise NotImplementedError

    def expressions(self) -> list[pl.Expr]:
        """One expression per feature, named; or none when ``columns`` does the work."""
        return []

    def columns(self, frame: pl.DataFrame) -> list[pl.Series]:
        """Columns that no expression can make."""
        return []

    def training_columns(
        self, frame: pl.DataFrame, y: np.ndarray[Any, Any], fold: np.ndarray[Any, Any]
    ) -> list[pl.Series]:
        """Columns for the very rows that were learnt from, each encoded without itself; [] when that is the same."""
        return []

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the step's kind."""
        return {"kind": self.kind, **{f.name: _plain(getattr(self, f.name)) for f in fields(self)}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a step of plain values."""
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "kind"}
        return cls(**given)


STEPS: Catalogue[type[Step]] = Catalogue("step")


def step(cls: type[Step]) -> type[Step]:
    """Put the decorated class into the catalogue of steps under its ``kind``."""
    STEPS.put(cls.kind, cls)
    return cls


@step
@dataclass(frozen=True)
class Keep(Step):
    """A column as it is: numbers stay numbers, booleans booleans, categories text."""

    kind: ClassVar[str] = "keep"
    column: str = ""
    dtype: str = "number"

    def features(self) -> tuple[Feature, ...]:
        return (Feature(self.column, quote(self.column), (self.column,), self.dtype),)

    def expressions(self) -> list[pl.Expr]:
        column = pl.col(self.column)
        if self.dtype == "category":
            return [column.cast(pl.String)]
        if self.dtype == "boolean":
            return [column.cast(pl.Boolean)]
        return [column.cast(pl.Float64)]


@step
@dataclass(frozen=True)
class Levels(Step):
    """A category with many values: the most frequent stay, the rest and unseen ones become "(other)"."""

    kind: ClassVar[str] = "levels"
    column: str = ""
    levels: tuple[str, ...] = ()
    name: str = ""

    def features(self) -> tuple[Feature, ...]:
        said = self.name or call("TOP_LEVELS", self.column, n=len(self.levels))
        return (Feature(self.name or self.column, said, (self.column,), "category"),)

    def expressions(self) -> list[pl.Expr]:
        text = pl.col(self.column).cast(pl.String)
        known = text.is_in(list(self.levels)) | text.is_null()
        return [pl.when(known).then(text).otherwise(pl.lit(OTHER)).alias(self.name or self.column)]


@step
@dataclass(frozen=True)
class Computed(Step):
    """A transform of the catalogue applied to columns of the row."""

    kind: ClassVar[str] = "computed"
    primitive: str = ""
    inputs: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    def features(self) -> tuple[Feature, ...]:
        said = call(self.primitive, *self.inputs, **self.parameters)
        return (Feature(self.name or said, said, self.inputs, TRANSFORMS[self.primitive].output),)

    def expressions(self) -> list[pl.Expr]:
        made = TRANSFORMS[self.primitive].build(*(pl.col(c) for c in self.inputs), **self.parameters)
        output = TRANSFORMS[self.primitive].output
        dtype = {"boolean": pl.Boolean(), "category": pl.String()}.get(output, pl.Float64())
        return [made.cast(dtype).alias(self.features()[0].name)]


@step
@dataclass(frozen=True)
class Seconds(Step):
    """A duration or a time of day in seconds."""

    kind: ClassVar[str] = "seconds"
    column: str = ""

    def features(self) -> tuple[Feature, ...]:
        said = call("SECONDS", self.column)
        return (Feature(said, said, (self.column,), "number"),)

    def expressions(self) -> list[pl.Expr]:
        name = self.features()[0].name
        column = pl.col(self.column)
        as_duration = column.cast(pl.Duration("us"))
        return [(as_duration.dt.total_microseconds() * 1e-6).alias(name)]


@step
@dataclass(frozen=True)
class MissingCount(Step):
    """How many of some columns are missing in the row."""

    kind: ClassVar[str] = "missing_count"
    inputs: tuple[str, ...] = ()
    name: str = "MISSING_COUNT()"

    def features(self) -> tuple[Feature, ...]:
        return (Feature(self.name, call("MISSING_COUNT", *self.inputs), self.inputs, "integer"),)

    def expressions(self) -> list[pl.Expr]:
        count = pl.sum_horizontal([pl.col(c).is_null().cast(pl.Float64) for c in self.inputs])
        return [count.alias(self.name)]


@step
@dataclass(frozen=True)
class MissingPattern(Step):
    """Which columns are missing together, as 0 and 1; what is rare among training rows becomes "(other)"."""

    kind: ClassVar[str] = "missing_pattern"
    inputs: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def features(self) -> tuple[Feature, ...]:
        said = call("MISSING_PATTERN", *self.inputs)
        return (Feature(said, said, self.inputs, "category"),)

    def expressions(self) -> list[pl.Expr]:
        made = _pattern(self.inputs)
        known = pl.when(made.is_in(list(self.patterns))).then(made).otherwise(pl.lit(OTHER))
        return [known.alias(self.features()[0].name)]

    @classmethod
    def learn(
        cls, frame: pl.DataFrame, inputs: Sequence[str], least: int = 10, most: int = 31, group: str = "patterns"
    ) -> Self:
        """The most frequent patterns of at least so many rows."""
        made = frame.select(_pattern(inputs).alias("p")).to_series()
        counts = made.value_counts().filter(pl.col("count") >= least).sort(["count", "p"], descending=[True, False])
        return cls(group, tuple(inputs), tuple(counts["p"].head(most).to_list()))


def _pattern(inputs: Sequence[str]) -> pl.Expr:
    return pl.concat_str([pl.when(pl.col(c).is_null()).then(pl.lit("1")).otherwise(pl.lit("0")) for c in inputs])


def step_from_dict(values: Mapping[str, Any]) -> Step:
    """The step that ``to_dict`` wrote."""
    return STEPS[str(values["kind"])].from_dict(values)


def level_of(column: str, beside: str = "") -> pl.Expr:
    """A category as text, or two as one; null when either is missing."""
    text = pl.col(column).cast(pl.String)
    return text + pl.lit(" × ") + pl.col(beside).cast(pl.String) if beside else text


def lookup(
    column: str, keys: Sequence[str], values: Sequence[float | None], default: float | None, beside: str = ""
) -> pl.Expr:
    """The value learnt for a category (or for two as one): ``default`` when not seen, null when it is missing."""
    text = level_of(column, beside)
    if not keys:
        found = pl.lit(default, dtype=pl.Float64)
    else:
        found = text.replace_strict(
            pl.Series(keys, dtype=pl.String),
            pl.Series(values, dtype=pl.Float64),
            default=default,
            return_dtype=pl.Float64,
        )
    return pl.when(text.is_not_null()).then(found)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value
