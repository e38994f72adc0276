"""Calendar functions of Polars for one cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from autoprep.serving.rowwise.arithmetic import DAY_US
from autoprep.serving.rowwise.texts import Declined

_EPOCH = date(1970, 1, 1).toordinal()
_PLAIN = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def day_of(days: int) -> date:
    """The date that lies ``days`` after 1970-01-01.

    Raises:
        Declined: outside the years 1 to 9999.
    """
    try:
        return date.fromordinal(_EPOCH + days)
    except (ValueError, OverflowError) as error:
        raise Declined("a date outside the years 1 to 9999") from error


def read_day(text: str) -> int | None:
    """Days since 1970 of a date written ``2024-02-03``; None where the calendar has no such day.

    Raises:
        Declined: text of another shape.

    Example:
        >>> read_day("1970-01-02"), read_day("2023-02-29")
        (1, None)
    """
    found = _PLAIN.fullmatch(text)
    if found is None or found.group(1) == "0000":
        raise Declined("text that may be a date")
    try:
        return date(int(found.group(1)), int(found.group(2)), int(found.group(3))).toordinal() - _EPOCH
    except ValueError:
        return None


_DAY: dict[str, tuple[Callable[[date], Any], pl.DataType]] = {
    "Year": (lambda d: d.year, pl.Int32()),
    "Quarter": (lambda d: (d.month + 2) // 3, pl.Int8()),
    "Month": (lambda d: d.month, pl.Int8()),
    "Week": (lambda d: d.isocalendar()[1], pl.Int8()),
    "WeekDay": (lambda d: d.isoweekday(), pl.Int8()),
    "Day": (lambda d: d.day, pl.Int8()),
    "OrdinalDay": (lambda d: d.timetuple().tm_yday, pl.Int16()),
}
_CLOCK: dict[str, Callable[[int], int]] = {
    "Hour": lambda us: us % DAY_US // 3_600_000_000,
    "Minute": lambda us: us % 3_600_000_000 // 60_000_000,
    "Second": lambda us: us % 60_000_000 // 1_000_000,
}


def part(name: Any, source: pl.DataType) -> tuple[Callable[[int], Any], pl.DataType]:
    """A calendar function of dates (days) or moments (microseconds), and the type of what it gives.

    Raises:
        Declined: it is not known here.
    """
    moment = source == pl.Datetime("us")
    if isinstance(name, str) and name in _DAY and (moment or source == pl.Date):
        function, dtype = _DAY[name]
        if moment:
            return (lambda v: function(day_of(v // DAY_US))), dtype
        return (lambda v: function(day_of(v))), dtype
    if isinstance(name, str) and name in _CLOCK and moment:
        return _CLOCK[name], pl.Int8()
    if name == {"TimeStamp": "Microseconds"} and moment:
        return (lambda v: v), pl.Int64()
    if name == "Date" and moment:
        return (lambda v: v // DAY_US), pl.Date()
    if name == "Time" and moment:
        return (lambda v: v % DAY_US * 1000), pl.Time()
    if name == {"TotalMicroseconds": {"fractional": False}} and source == pl.Duration("us"):
        return (lambda v: v), pl.Int64()
    raise Declined(f"the calendar function {name} of {source}")
