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


_CODES = {"Y": "(?P<Y>[12][0-9]{3})", "m": "(?P<m>[0-9]{1,2})", "d": "(?P<d>[0-9]{1,2})"}
_CODES |= {"H": "(?P<H>[01][0-9]|2[0-3])", "M": "(?P<M>[0-5][0-9])", "S": "(?P<S>[0-5][0-9])"}
_FORMAT = re.compile(r"(?:%Y([-/. ])%m\1%d|%[dm]([-/. ])%[dm]\2%Y)(?:[ T]%H:%M(?::%S)?)?")
#: Text that is digits of a date with a year of four and perhaps a time: what no format but its own reads.
_DIGITS = re.compile(
    r"(?:[12][0-9]{3}([-/. ])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/. ])[0-9]{1,2}\2[12][0-9]{3})"
    r"(?:[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)?"
)


def reader(form: str, moment: bool) -> Callable[[str], int | None]:
    """How Polars reads plain digits in a format: days, or microseconds for a ``moment``; None where it reads nothing.

    Raises:
        Declined: a format, and later a text, that is not plain digits with a year of four.

    Example:
        >>> reader("%d/%m/%Y", False)("2/1/1970"), reader("%Y-%m-%d %H:%M", True)("1970-01-01 00:01")
        (1, 60000000)
    """
    if not _FORMAT.fullmatch(form) or moment != ("%H" in form):
        raise Declined("a date of another form")
    shape = re.compile(re.sub("%(.)", lambda m: _CODES[m[1]], form.replace(".", r"\.")))

    def read(text: str) -> int | None:
        found = shape.fullmatch(text)
        if found is None:
            if _DIGITS.fullmatch(text):
                return None
            raise Declined("text that may be a date")
        part = found.groupdict()
        try:
            days = date(int(part["Y"]), int(part["m"]), int(part["d"])).toordinal() - _EPOCH
        except ValueError:
            return None
        if not moment:
            return days
        return days * DAY_US + ((int(part["H"]) * 60 + int(part["M"])) * 60 + int(part.get("S") or 0)) * 1_000_000

    return read


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
