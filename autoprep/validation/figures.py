"""What is asked of a whole column or table by one figure: the figure as a Polars expression, and the verdict on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import polars as pl

from autoprep.errors import SettingError
from autoprep.validation.conditions import Arguments, UnfitError, comparable, in_set, is_text, members, moment
from autoprep.validation.kinds import is_any_kind, is_kind, numpy_name, scalar_name

#: Great Expectations shows at most so many distinct values.
MAX_DISTINCT = 20


@dataclass(frozen=True)
class Verdict:
    """Whether the expectation holds, and what is said of it.

    Attributes:
        success: whether it holds.
        result: Great Expectations' ``result`` for BASIC and above.
        lists: the keys of ``result`` that a caller who wants no lists leaves out.
    """

    success: bool
    result: Mapping[str, Any]
    lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A compiled question about a column.

    Attributes:
        expressions: name -> an expression that gives one value (a list counts as one).
        judge: the values -> the verdict.
    """

    expressions: Mapping[str, pl.Expr]
    judge: Callable[[Mapping[str, Any]], Verdict]


#: Cell (NaN already null, rows already chosen), dtype, arguments -> the question.
Compile = Callable[[pl.Expr, pl.DataType, Arguments], Figure]
FIGURES: dict[str, Compile] = {}


def figure(name: str) -> Callable[[Compile], Compile]:
    """Register the decorated function as the question of an expectation."""

    def keep(function: Compile) -> Compile:
        FIGURES[f"expect_{name}"] = function
        return function

    return keep


def judge_between(value: Any, said: Arguments) -> Verdict:
    """Whether a figure lies within ``min_value`` and ``max_value``; one that does not exist never does.

    Example:
        >>> judge_between(3, {"min_value": 3, "strict_min": True}).success
        False
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Verdict(False, {"observed_value": None})
    low, high = said.get("min_value"), said.get("max_value")
    if isinstance(value, date):
        dtype: pl.DataType = pl.Datetime() if isinstance(value, datetime) else pl.Date()
        low, high = (None if b is None else moment(b, dtype) for b in (low, high))
        if isinstance(low, datetime) or isinstance(high, datetime):
            value, low, high = (_at_midnight(b) for b in (value, low, high))
    for limit in (low, high):
        if limit is not None and isinstance(limit, str) != isinstance(value, str):
            raise SettingError(f"'<' not supported between {value!r} and {limit!r}")
    above = low is None or (value > low if said.get("strict_min") else value >= low)
    below = high is None or (value < high if said.get("strict_max") else value <= high)
    return Verdict(bool(above and below), {"observed_value": value})


def _at_midnight(day: Any) -> Any:
    return datetime(day.year, day.month, day.day) if type(day) is date else day


def _one(made: pl.Expr, said: Arguments) -> Figure:
    return Figure({"value": made}, lambda got: judge_between(got["value"], said))


def _between(name: str, make: Callable[[pl.Expr, pl.DataType], pl.Expr]) -> None:
    def compiled(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> Figure:
        return _one(make(cell, dtype), said)

    FIGURES[f"expect_column_{name}_to_be_between"] = compiled


def _number(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if is_text(dtype):
        raise UnfitError("a column of text has no such figure")
    return cell.cast(pl.Float64) if isinstance(dtype, pl.Boolean | pl.Null) else cell


def _summed(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_temporal():
        raise SettingError("dates have no sum")
    return cell.cast(pl.Int64).sum() if isinstance(dtype, pl.Boolean) else _number(cell, dtype).sum()


def _unique_share(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    known = cell.drop_nulls()
    return pl.when(known.len() > 0).then(known.n_unique() / known.len()).otherwise(pl.lit(0))


def _full_share(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return pl.when(cell.len() > 0).then(cell.count() / cell.len()).otherwise(pl.lit(0))


_between("max", lambda cell, dtype: comparable(cell, dtype).max())
_between("min", lambda cell, dtype: comparable(cell, dtype).min())
_between("mean", lambda cell, dtype: _number(cell, dtype).mean())
_between("median", lambda cell, dtype: _number(cell, dtype).median())
_between("stdev", lambda cell, dtype: _number(cell, dtype).std())
_between("sum", _summed)
_between("unique_value_count", lambda cell, dtype: cell.drop_nulls().n_unique())
_between("proportion_of_unique_values", _unique_share)
_between("proportion_of_non_null_values", _full_share)


@figure("column_quantile_values_to_be_between")
def quantiles(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> Figure:
    """Each quantile within its range; by the nearest value (half to even) unless told otherwise."""
    asked = said["quantile_ranges"]
    wanted, how = asked["quantiles"], said.get("allow_relative_error") or "nearest"
    if is_text(dtype):
        raise SettingError("text has no quantiles")
    known = _number(cell, dtype).drop_nulls()
    if how == "nearest":
        ordered = known.sort()
        made = [
            ordered.get(
                ((known.len().cast(pl.Float64) - 1) * q).round(mode="half_to_even").cast(pl.Int64).clip(0),
                null_on_oob=True,
            )
            for q in wanted
        ]
    elif how in ("linear", "lower", "higher", "midpoint"):
        made = [known.quantile(q, interpolation=cast(Any, how)) for q in wanted]
    else:
        raise SettingError(f"allow_relative_error is '{how}'", hint="linear, lower, higher, midpoint or nearest")

    def judge(got: Mapping[str, Any]) -> Verdict:
        values = [got[f"q{i}"] for i in range(len(wanted))]
        held = [_in_range(v, *limits) for v, limits in zip(values, asked["value_ranges"], strict=True)]
        seen = [math.nan if v is None else v for v in values]
        result = {"observed_value": {"quantiles": wanted, "values": seen}, "details": {"success_details": held}}
        return Verdict(all(held), result)

    return Figure({f"q{i}": made_one for i, made_one in enumerate(made)}, judge)


def _in_range(value: Any, low: Any, high: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, date):
        kind: pl.DataType = pl.Datetime() if isinstance(value, datetime) else pl.Date()
        low, high = (None if b is None else moment(b, kind) for b in (low, high))
        return (low is None or low <= value) and (high is None or value <= high)
    low, high = (-math.inf if low is None else low), (math.inf if high is None else high)
    close = any(math.isfinite(b) and abs(value - b) <= 1e-8 + 1e-4 * abs(b) for b in (low, high))
    return bool(close or low <= value <= high)


def _distinct(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> tuple[dict[str, pl.Expr], list[Any]]:
    """Expressions for the distinct values outside and inside the set, and the set in the column's own values."""
    values = list(said.get("value_set") or [])
    known = members(values, dtype)
    known_cell = (cell.cast(pl.String) if is_text(dtype) else cell).drop_nulls()
    held = in_set(known_cell, pl.String() if is_text(dtype) else dtype, values) if values else pl.lit(value=False)
    outside = known_cell.filter(~held).unique()
    foreign = [v for v in values if v is not None and not _holds(known, v, dtype)]
    expressions = {
        "outside": outside.len(),
        "sample": outside.sort().head(MAX_DISTINCT).implode(),
        "inside": known_cell.filter(held).unique().implode(),
    }
    return expressions, [*known.to_list(), *foreign]


def _holds(known: pl.Series, value: Any, dtype: pl.DataType) -> bool:
    return not members([value], dtype).is_empty()


@figure("column_distinct_values_to_be_in_set")
def distinct_in_set(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> Figure:
    """No distinct value outside the set."""
    expressions, _ = _distinct(cell, dtype, said)

    def judge(got: Mapping[str, Any]) -> Verdict:
        result = {
            "observed_value": None,
            "unexpected_count": got["outside"],
            "partial_unexpected_list": list(got["sample"]),
        }
        return Verdict(got["outside"] == 0, result, ("partial_unexpected_list",))

    return Figure({k: v for k, v in expressions.items() if k != "inside"}, judge)


@figure("column_distinct_values_to_contain_set")
def distinct_contain_set(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> Figure:
    """Every value of the set occurs."""
    expressions, wanted = _distinct(cell, dtype, said)

    def judge(got: Mapping[str, Any]) -> Verdict:
        missing = _lacking(wanted, got["inside"])
        result = {
            "observed_value": None,
            "missing_count": len(missing),
            "partial_missing_list": missing[:MAX_DISTINCT],
        }
        return Verdict(not missing, result, ("partial_missing_list",))

    return Figure({"inside": expressions["inside"]}, judge)


@figure("column_distinct_values_to_equal_set")
def distinct_equal_set(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> Figure:
    """The distinct values are the set."""
    expressions, wanted = _distinct(cell, dtype, said)

    def judge(got: Mapping[str, Any]) -> Verdict:
        missing = _lacking(wanted, got["inside"])
        result = {
            "observed_value": None,
            "unexpected_count": got["outside"],
            "missing_count": len(missing),
            "partial_unexpected_list": list(got["sample"]),
            "partial_missing_list": missing[:MAX_DISTINCT],
        }
        return Verdict(not missing and not got["outside"], result, ("partial_unexpected_list", "partial_missing_list"))

    return Figure(expressions, judge)


def _lacking(wanted: list[Any], inside: Any) -> list[Any]:
    there = set(inside)
    return [value for value in wanted if value not in there]


@figure("column_most_common_value_to_be_in_set")
def most_common(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> Figure:
    """The most common value (all of them where several tie) is in the set."""
    known = cell.cast(pl.String) if is_text(dtype) else cell

    def judge(got: Mapping[str, Any]) -> Verdict:
        common = list(got["modes"])
        wanted = said.get("value_set") or []
        shared = len({*(members(wanted, dtype).to_list() if dtype.is_temporal() else wanted)}.intersection(common))
        held = shared > 0 if said.get("ties_okay") else len(common) == 1 and shared == 1
        return Verdict(held, {"observed_value": common})

    return Figure({"modes": known.drop_nulls().mode().sort().implode()}, judge)


def of_type(dtype: pl.DataType, said: Arguments) -> Verdict:
    """Whether a column's dtype may be called by the expected name."""
    names = said.get("type_list") if "type_list" in said else [said["type_"]]
    held = True if names is None else is_any_kind(dtype, names)
    return Verdict(held, {"observed_value": scalar_name(dtype)})


def column_type(dtype: pl.DataType, said: Arguments) -> Verdict:
    """Whether a column's dtype is the expected one."""
    return Verdict(is_kind(dtype, said["type_"]), {"observed_value": numpy_name(dtype)})
