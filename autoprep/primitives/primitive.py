"""What a feature primitive is: a name, the kinds it takes, and how Polars, SQL and the kernels compute it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from autoprep.registry import Catalogue

#: What a value is to a primitive. "any" takes every kind.
KINDS = ("number", "boolean", "time", "text", "category", "any")

Expression = Callable[..., pl.Expr]
Order = Literal["none", "time"]


@dataclass(frozen=True)
class Transform:
    """A value of a row made of other values of the row (or of the rows before it, when ``order`` is "time").

    Attributes:
        name: canonical upper-case name, as it stands in definitions.
        inputs: kind of each input, of ``KINDS``.
        output: "number", "integer", "boolean" or "category".
        expression: takes one Polars expression per input, then ``parameters`` by name, and returns one.
        sql: DuckDB template with ``{0}``, ``{1}`` for inputs and ``{name}`` for parameters; "" when SQL has no equal.
        parameters: name -> default.
        order: "time" when the rows' order within a group decides the value.
        commutes: whether swapping the two inputs changes nothing.
        equals: names of featuretools primitives with the same values.
        about: one sentence.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    expression: Expression
    sql: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    order: Order = "none"
    commutes: bool = False
    equals: tuple[str, ...] = ()
    about: str = ""

    def build(self, *inputs: pl.Expr, **parameters: Any) -> pl.Expr:
        """The expression for these inputs; defaults stand in for parameters not given."""
        return self.expression(*inputs, **{**self.parameters, **parameters})


@dataclass(frozen=True)
class Aggregation:
    """One value for a group of rows.

    Attributes:
        name: canonical upper-case name, as it stands in definitions.
        inputs: kind of each input, of ``KINDS``; () when it counts rows.
        output: "number", "integer", "boolean" or "category"; "same" for the kind of the input.
        expression: takes one Polars expression per input (then ``moment``, the event time, when ``timed``) and returns
            an aggregate; the oracle of the kernels.
        sql: DuckDB template with ``{0}``, ``{1}``, and ``{t}`` for the event time.
        kernel: "family.slot" of the kernel that computes it ("moments.mean"), or "" when only Polars does.
        parameters: name -> default.
        timed: whether it needs the rows' order or time.
        equals: names of featuretools primitives with the same values.
        empty: what a group without rows gets: None for null, or 0.
        about: one sentence.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    expression: Expression
    sql: str = ""
    kernel: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    timed: bool = False
    equals: tuple[str, ...] = ()
    empty: float | None = None
    about: str = ""

    def build(self, *inputs: pl.Expr, **parameters: Any) -> pl.Expr:
        """The aggregate for these inputs; defaults stand in for parameters not given."""
        return self.expression(*inputs, **{**self.parameters, **parameters})


TRANSFORMS: Catalogue[Transform] = Catalogue("transform", group="autoprep.transforms")
AGGREGATIONS: Catalogue[Aggregation] = Catalogue("aggregation", group="autoprep.aggregations")


def _about(function: Expression, name: str) -> str:
    """The first line of a docstring; the name stands in for one that is missing."""
    return next(iter((function.__doc__ or "").strip().splitlines()), f"{name}, which has no docstring.")


def transform(
    name: str,
    *inputs: str,
    output: str = "number",
    sql: str = "",
    order: Order = "none",
    commutes: bool = False,
    equals: tuple[str, ...] = (),
    **parameters: Any,
) -> Callable[[Expression], Expression]:
    """Put the decorated function into the catalogue of transforms; its docstring's first line says what it is.

    Example:
        >>> from autoprep.primitives import TRANSFORMS
        >>> TRANSFORMS["YEAR"].about
        'Calendar year.'
    """

    def keep(function: Expression) -> Expression:
        about = _about(function, name)
        entry = Transform(name, inputs, output, function, sql, parameters, order, commutes, equals, about)
        TRANSFORMS.put(name, entry)
        return function

    return keep


def aggregation(
    name: str,
    *inputs: str,
    output: str = "number",
    sql: str = "",
    kernel: str = "",
    timed: bool = False,
    equals: tuple[str, ...] = (),
    empty: float | None = None,
    **parameters: Any,
) -> Callable[[Expression], Expression]:
    """Put the decorated function into the catalogue of aggregations; its docstring's first line says what it is."""

    def keep(function: Expression) -> Expression:
        about = _about(function, name)
        entry = Aggregation(name, inputs, output, function, sql, kernel, parameters, timed, equals, empty, about)
        AGGREGATIONS.put(name, entry)
        return function

    return keep
