"""Transforms of booleans and of values of any kind."""

from __future__ import annotations

import polars as pl

from autoprep.primitives.primitive import transform


@transform("IS_NULL", "any", output="boolean", sql="{0} IS NULL", equals=("is_null",))
def is_null(value: pl.Expr) -> pl.Expr:
    """Whether the value is missing."""
    return value.is_null()


@transform("NOT", "boolean", output="boolean", sql="NOT {0}", equals=("not",))
def negation(value: pl.Expr) -> pl.Expr:
    """Whether the value is false."""
    return ~value


@transform("AND", "boolean", "boolean", output="boolean", sql="{0} AND {1}", commutes=True,
           equals=("and", "multiply_boolean"))  # fmt: skip
def both(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Whether both values are true."""
    return a & b


@transform("OR", "boolean", "boolean", output="boolean", sql="{0} OR {1}", commutes=True, equals=("or",))
def either(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Whether one value or the other is true."""
    return a | b


@transform("NUMBER_WHERE", "number", "boolean", sql="{0} * CAST({1} AS INT)", equals=("multiply_numeric_boolean",))
def number_where(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Number where the boolean is true, 0 where it is false."""
    return a.cast(pl.Float64) * b.cast(pl.Float64)


@transform("IS_IN", "any", output="boolean", sql="{0} IN ({values})", equals=("isin",), values=())
def is_in(value: pl.Expr, values: tuple[object, ...]) -> pl.Expr:
    """Whether the value is one of a list; null when missing."""
    return value.is_in(list(values))


@transform(
    "CROSS", "category", "category", output="category", sql="CAST({0} AS VARCHAR) || ' × ' || CAST({1} AS VARCHAR)"
)
def cross(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Two categories as one; null when either is missing."""
    return a.cast(pl.String) + pl.lit(" × ") + b.cast(pl.String)
