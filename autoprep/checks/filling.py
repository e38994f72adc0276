"""Verbs that fill empty cells from constants that were learnt: by key, by a line, by a small tree. Never silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from autoprep.checks.base import Repair, verb

Value = str | float | bool


def filled(cell: pl.Expr, said: pl.Expr, indicator: bool) -> Repair:
    """Empty cells with what is said for them; an added Boolean column ``<name>__missing`` tells which were empty."""
    empty = cell.is_null()
    value = pl.when(empty).then(said).otherwise(cell)
    return Repair(value, dtype="same", extra={"__missing": empty} if indicator else {})


@verb("fill", phase="fill", theme="missing", typed=True)
def fill(cell: pl.Expr, *, value: Value, indicator: bool = False) -> Repair:
    """Write a constant where nothing stands (lossy; only when a person asks).

    Example:
        >>> pl.DataFrame({"a": [1, None]}).select(fill(pl.col("a"), value=0).value).to_series().to_list()
        [1, 0]
    """
    return filled(cell, pl.lit(value), indicator)


@verb("fill_from", phase="fill", theme="missing", columns=("by",), learnt=True, typed=True)
def fill_from(
    cell: pl.Expr,
    *,
    by: Sequence[pl.Expr],
    mappings: Sequence[Mapping[str, Value]],
    otherwise: Value | None = None,
    indicator: bool = True,
) -> Repair:
    """Fill an empty cell with what a key says of it: the first of several keys that says anything.

    Args:
        cell: any type.
        by: columns, or several joined by " + ", whose text is the key.
        mappings: for each of ``by``: key to value.
        otherwise: what stands where no key says anything; None leaves the cell empty.
        indicator: add ``<name>__missing``.

    Example:
        >>> frame = pl.DataFrame({"zip": ["1", "1", "2"], "city": ["Rome", None, None]})
        >>> made = fill_from(pl.col("city"), by=[pl.col("zip")], mappings=[{"1": "Rome"}])
        >>> frame.select(made.value).to_series().to_list()
        ['Rome', 'Rome', None]
    """
    said = [
        key.replace_strict(list(mapping), list(mapping.values()), default=None)
        for key, mapping in zip(by, mappings, strict=True)
        if mapping
    ]
    if otherwise is not None:
        said.append(pl.lit(otherwise))
    return filled(cell, pl.coalesce(said), indicator) if said else Repair(cell, dtype="same")


@verb("fill_linear", phase="fill", theme="missing", cells=("by",), learnt=True, typed=True)
def fill_linear(
    cell: pl.Expr,
    *,
    by: Sequence[pl.Expr],
    weights: Sequence[float],
    means: Sequence[float],
    intercept: float,
    low: float,
    high: float,
    whole: bool = False,
    indicator: bool = True,
) -> Repair:
    """Fill an empty number with a linear function of other numbers, kept within what the column held.

    Args:
        cell: a number.
        by: number columns. weights: one each. means: stand for their empty cells.
        intercept: the constant term. low, high: bounds of what is written. whole: round to whole numbers.
        indicator: add ``<name>__missing``.

    Example:
        >>> frame = pl.DataFrame({"a": [1.0, None], "b": [2.0, 5.0]})
        >>> said = {"weights": [0.5], "means": [3.0], "intercept": 0.0, "low": 0.0, "high": 9.0}
        >>> frame.select(fill_linear(pl.col("a"), by=[pl.col("b")], **said).value).to_series().to_list()
        [1.0, 2.5]
    """
    terms = [_number(other).fill_null(mean) * weight for other, weight, mean in zip(by, weights, means, strict=True)]
    said = (pl.sum_horizontal([*terms, pl.lit(intercept)])).clip(low, high)
    return filled(cell, said.round(0) if whole else said, indicator)


@verb("fill_tree", phase="fill", theme="missing", cells=("by",), learnt=True, typed=True)
def fill_tree(
    cell: pl.Expr, *, by: Sequence[pl.Expr], tree: Mapping[str, Any] | Value, indicator: bool = True
) -> Repair:
    """Fill an empty cell by a small decision tree over other columns.

    A node is a value, or ``{by, at_most or one_of, then, otherwise}``: ``by`` is a place in the list of columns; an
    empty cell of it goes to ``then``.

    Example:
        >>> frame = pl.DataFrame({"a": ["x", None, None], "b": [1, 2, 9]})
        >>> tree = {"by": 0, "at_most": 5, "then": "low", "otherwise": "high"}
        >>> frame.select(fill_tree(pl.col("a"), by=[pl.col("b")], tree=tree).value).to_series().to_list()
        ['x', 'low', 'high']
    """
    return filled(cell, _node(tree, by), indicator)


def _node(node: Mapping[str, Any] | Value, by: Sequence[pl.Expr]) -> pl.Expr:
    if not isinstance(node, Mapping):
        return pl.lit(node)
    other = by[int(node["by"])]
    if "one_of" in node:
        goes = other.cast(pl.String).is_in(list(node["one_of"]))
    else:
        goes = _number(other) <= float(node["at_most"])
    then, otherwise = _node(node["then"], by), _node(node["otherwise"], by)
    return pl.when(goes.fill_null(True)).then(then).otherwise(otherwise)


def _number(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.Float64, strict=False).fill_nan(None)


@verb("impute", phase="fill", theme="missing", typed=True, learnt=True)
def impute(cell: pl.Expr) -> Repair:
    """Fill empty cells in the simplest way that is not worse (the planner writes it as one of the verbs ``fill*``)."""
    return Repair(cell, dtype="same")
