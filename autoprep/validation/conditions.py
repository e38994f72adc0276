"""What is asked of one cell, as Polars expressions: true where the cell meets the expectation.

Every condition is asked of non-null cells only (NaN counts as null); what cannot be said in Polars' own words is
asked once per distinct value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import polars as pl

from autoprep.errors import SettingError

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class ByValue:
    """A question that Python answers, once per distinct value.

    Attributes:
        meets: value -> whether it meets the expectation.
        as_text: whether the value is put as text, as pandas would write it.
    """

    meets: Callable[[Any], bool]
    as_text: bool = False


class UnfitError(SettingError):
    """The expectation cannot be asked of values of this dtype; of a column without values it holds."""


#: A cell (NaN already null), its dtype and the arguments -> whether the cell meets the expectation.
Condition = Callable[[pl.Expr, pl.DataType, Arguments], pl.Expr | ByValue]
CONDITIONS: dict[str, Condition] = {}


def condition(name: str) -> Callable[[Condition], Condition]:
    """Register the decorated function as the condition of an expectation."""

    def keep(function: Condition) -> Condition:
        CONDITIONS[f"expect_{name}"] = function
        return function

    return keep


def is_text(dtype: pl.DataType) -> bool:
    """Whether cells are text: strings, categories and enums."""
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def text_of(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """The cell as pandas would write it; None when Polars writes it otherwise."""
    if isinstance(dtype, pl.String):
        return cell
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Date | pl.Null) or dtype.is_integer():
        return cell.cast(pl.String)
    return None


# ------------------------------------------------------------------ order and membership


@condition("column_values_to_be_between")
def between(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """Within bounds; bounds written as text are read as dates where the column holds dates."""
    return within(comparable(cell, dtype), dtype, said)


def comparable(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The cell in a dtype that has an order: categories as text, booleans as 0 and 1."""
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return cell.cast(pl.String)
    return cell.cast(pl.Int8) if isinstance(dtype, pl.Boolean) else cell


def within(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """Between ``min_value`` and ``max_value``, either of which may be strict or missing."""
    low, high = (bound(said.get(key), dtype) for key in ("min_value", "max_value"))
    if low is None and high is None:
        raise SettingError("min_value and max_value cannot both be None")
    if low is not None and high is not None and low > high:
        raise SettingError("min_value cannot be greater than max_value")
    parts: list[pl.Expr] = []
    if low is not None:
        parts.append(cell > low if said.get("strict_min") else cell >= low)
    if high is not None:
        parts.append(cell < high if said.get("strict_max") else cell <= high)
    return parts[0] if len(parts) == 1 else parts[0] & parts[1]


def bound(value: Any, dtype: pl.DataType) -> Any:
    """A bound in the column's own kind (raises SettingError when it cannot be compared with the column)."""
    if value is None or isinstance(dtype, pl.Null):
        return value
    wants_text = is_text(dtype)
    if dtype.is_temporal():
        return moment(value, dtype)
    if wants_text != isinstance(value, str):
        raise UnfitError("Column values, min_value, and max_value must either be None or of the same type.")
    return int(value) if isinstance(value, bool) else value


def moment(value: Any, dtype: pl.DataType) -> Any:
    """A date, time or datetime that can be compared with a column of this dtype.

    Example:
        >>> moment("2020-01-31", pl.Date())
        datetime.date(2020, 1, 31)
    """
    if isinstance(dtype, pl.Time):
        return time.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            from dateutil.parser import ParserError, parse

            try:
                value = parse(value)
            except (ParserError, OverflowError):
                raise SettingError(f"'{value}' is no date") from None
    if isinstance(value, int | float):
        raise SettingError(f"{value} cannot be compared with dates")
    if isinstance(dtype, pl.Date) and isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(dtype, pl.Datetime) and type(value) is date:
        value = datetime(value.year, value.month, value.day)
    if isinstance(dtype, pl.Datetime) and isinstance(value, datetime) and value.tzinfo is None and dtype.time_zone:
        from zoneinfo import ZoneInfo

        value = value.replace(tzinfo=ZoneInfo(dtype.time_zone))
    return value


def members(values: Iterable[Any], dtype: pl.DataType) -> pl.Series:
    """The values of a set that a column of this dtype can hold, in its dtype; the others can never be met.

    Example:
        >>> members([1, 2.5, "a", True], pl.Float64()).to_list()
        [1.0, 2.5]
    """
    accept = _acceptor(dtype)
    known = [made for value in values if value is not None and value == value and (made := accept(value)) is not None]
    target = pl.String() if is_text(dtype) else dtype
    try:
        return pl.Series(list(dict.fromkeys(known)), dtype=target)
    except (pl.exceptions.PolarsError, TypeError, OverflowError):
        return pl.Series(known, strict=False).cast(target, strict=False).drop_nulls()


def _acceptor(dtype: pl.DataType) -> Callable[[Any], Any]:
    """What turns a literal into a value that a column of this dtype can hold, or None."""
    if is_text(dtype):
        return lambda value: value if isinstance(value, str) else None
    if dtype.is_temporal():
        return lambda value: _moment_or_none(value, dtype)
    if isinstance(dtype, pl.Boolean):
        return lambda value: bool(value) if not isinstance(value, str | date) and value in (0, 1) else None
    if dtype.is_integer():
        return lambda value: int(value) if not isinstance(value, str | date) and value == int(value) else None
    if dtype.is_numeric():
        return lambda value: float(value) if not isinstance(value, str | date) else None
    return lambda value: None


def _moment_or_none(value: Any, dtype: pl.DataType) -> Any:
    try:
        made = moment(value, dtype)
    except SettingError:
        return None
    return None if isinstance(dtype, pl.Date) and isinstance(made, datetime) else made


def in_set(cell: pl.Expr, dtype: pl.DataType, values: Iterable[Any] | None) -> pl.Expr:
    """Whether the cell is one of these values."""
    if values is None:
        return pl.lit(value=True)
    known = members(values, dtype)
    comparable_cell = cell.cast(pl.String) if is_text(dtype) else cell
    return pl.lit(value=False) if known.is_empty() else comparable_cell.is_in(known.implode())


@condition("column_values_to_be_in_set")
def be_in_set(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """One of a set of values."""
    return in_set(cell, dtype, said.get("value_set"))


@condition("column_values_to_not_be_in_set")
def not_be_in_set(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """None of a set of values."""
    values = said.get("value_set")
    return pl.lit(value=True) if values is None else ~in_set(cell, dtype, values)


@condition("column_values_to_be_increasing")
def increasing(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """Not smaller (strictly: greater) than the value before it; nulls in between are passed over."""
    ordered, before = _and_before(cell, dtype)
    held = ordered > before if said.get("strictly") else ordered >= before
    return held | before.is_null()


@condition("column_values_to_be_decreasing")
def decreasing(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """Not greater (strictly: smaller) than the value before it."""
    ordered, before = _and_before(cell, dtype)
    held = ordered < before if said.get("strictly") else ordered <= before
    return held | before.is_null()


def _and_before(cell: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    if is_text(dtype) or isinstance(dtype, pl.Null):
        raise UnfitError("text has no steps to compare; use dates or numbers")
    ordered = comparable(cell, dtype)
    return ordered, ordered.forward_fill().shift(1)


@condition("column_values_to_be_unique")
def unique(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """Held by no other row."""
    return ~cell.is_duplicated()


@condition("column_value_z_scores_to_be_less_than")
def z_score(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """Fewer standard deviations (ddof 1) from the mean than the threshold."""
    if dtype.is_temporal():
        cell = cell.to_physical().cast(pl.Float64)
    else:
        _numeric(dtype)
    spread = cell.std()
    score = (cell - cell.mean()) / spread
    held = score.abs() < abs(said["threshold"]) if said.get("double_sided") else score < said["threshold"]
    met: pl.Expr = held | score.is_nan().fill_null(value=True) | (spread == 0).fill_null(value=True)
    return met


@condition("column_values_to_not_be_outliers")
def not_outliers(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr:
    """Inside Tukey's fences ("iqr") or fewer than so many standard deviations from the mean ("std")."""
    _numeric(dtype)
    method, multiplier = said.get("method", "iqr"), said.get("multiplier", 1.5)
    if method == "iqr":
        low, high = (cell.quantile(q, interpolation="linear") for q in (0.25, 0.75))
        reach = (high - low) * multiplier
        return (cell.is_between(low - reach, high + reach)).fill_null(value=True)
    if method != "std":
        raise SettingError(f"method '{method}' has not been implemented", hint="iqr or std")
    centre, reach = cell.mean(), cell.std() * multiplier
    held = pl.when(reach > 0).then((cell - centre).abs() < reach).otherwise(cell == centre)
    return pl.when(reach.is_null() | reach.is_nan()).then(pl.lit(value=True)).otherwise(held)


def _numeric(dtype: pl.DataType) -> None:
    if not dtype.is_numeric():
        raise UnfitError(f"a column of {dtype} has no mean and no spread")
