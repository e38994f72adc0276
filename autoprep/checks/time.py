"""Verbs that read dates, times and truth values written as text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autoprep.checks.base import Repair, verb
from autoprep.checks.missing import status_column
from autoprep.checks.number import residue
from autoprep.parsing import boolean, date, epoch


@verb("parse_date", phase="typing", theme="time")
def parse_date(cell: pl.Expr, *, formats: Sequence[str], pivot: int = date.PIVOT, status: Sequence[str] = ()) -> Repair:
    """Read dates in the formats that the column is written in; their order of day and month holds for all cells.

    ISO 8601 ("2024-01-31") is read whatever the formats are. Two-digit years below ``pivot`` are 20xx, the others 19xx.

    Example:
        >>> frame = pl.DataFrame({"a": ["3/8/2023", "pending"]})
        >>> frame.select(parse_date(pl.col("a"), formats=["%d/%m/%Y"]).value).to_series().to_list()
        [datetime.date(2023, 8, 3), None]
    """
    value = _read(cell, formats, "date", pivot)
    return Repair(value, residue(cell, value), "date", status_column(cell, status))


@verb("parse_datetime", phase="typing", theme="time")
def parse_datetime(
    cell: pl.Expr,
    *,
    formats: Sequence[str],
    pivot: int = date.PIVOT,
    clock: str = "utc",
    status: Sequence[str] = (),
) -> Repair:
    """Read moments (microseconds) in the formats that the column is written in.

    Args:
        cell: String.
        formats: the formats of the column, the most frequent first.
        pivot: two-digit years below it are 20xx, the others 19xx.
        clock: where the text gives an offset: "utc" (moments can be compared) or "local" (what the clock there showed:
            hours and days of the week mean what they say).
        status: left-over words to keep as a category in ``<name>__status``.

    Raises:
        SettingError: ``clock`` is neither.

    Example:
        >>> repair = parse_datetime(pl.lit("2024-01-02 03:04"), formats=["%Y-%m-%d %H:%M"])
        >>> pl.select(repair.value).item()
        datetime.datetime(2024, 1, 2, 3, 4)
        >>> cell, formats = pl.lit("2024-01-02T00:15:00+05:30"), ["%Y-%m-%dT%H:%M:%S%z"]
        >>> [str(pl.select(parse_datetime(cell, formats=formats, clock=c).value).item()) for c in ("utc", "local")]
        ['2024-01-01 18:45:00', '2024-01-02 00:15:00']
    """
    value = _read(cell, formats, "datetime", pivot, clock)
    return Repair(value, residue(cell, value), "datetime", status_column(cell, status))


def _read(cell: pl.Expr, formats: Sequence[str], dtype: str, pivot: int, clock: str = "utc") -> pl.Expr:
    """Moments in the column's formats, and where none fits in ISO 8601, which has one reading only."""
    own = date.parse(cell, list(formats), dtype=dtype, pivot=pivot, clock=clock)
    return pl.coalesce(own, date.parse_iso(cell, dtype))


@verb("parse_time", phase="typing", theme="time")
def parse_time(cell: pl.Expr, *, status: Sequence[str] = ()) -> Repair:
    """Read times of day ("9:05", "11:30 PM").

    Example:
        >>> pl.select(parse_time(pl.lit("11:30 PM")).value).item()
        datetime.time(23, 30)
    """
    value = date.parse_time(cell)
    return Repair(value, residue(cell, value), "time", status_column(cell, status))


@verb("parse_epoch", phase="scale", theme="time", typed=True)
def parse_epoch(cell: pl.Expr, *, unit: str = "s") -> Repair:
    """Read counts of seconds ("s"), "ms", "us" or "ns" since 1970 as moments in UTC.

    It works on numbers as well as on their text, so it follows the step that reads the number.

    Example:
        >>> pl.select(parse_epoch(pl.lit("1700000000")).value).item()
        datetime.datetime(2023, 11, 14, 22, 13, 20)
    """
    value = epoch.parse(cell, unit)
    return Repair(value, residue(cell.cast(pl.String), value), "datetime")


@verb("parse_excel_date", phase="scale", theme="time", typed=True)
def parse_excel_date(cell: pl.Expr, *, base_1904: bool = False) -> Repair:
    """Read Excel's day numbers as moments.

    Example:
        >>> pl.select(parse_excel_date(pl.lit("45000")).value).item()
        datetime.datetime(2023, 3, 15, 0, 0)
    """
    value = epoch.parse_excel(cell, base_1904=base_1904)
    return Repair(value, residue(cell.cast(pl.String), value), "datetime")


@verb("join_moment", phase="scale", theme="time", typed=True, cells=("parts",), learnt=True)
def join_moment(cell: pl.Expr, *, parts: Sequence[pl.Expr]) -> Repair:
    """Add the moment that a column of years and columns of months, days, hours, ... say together.

    Months may be written in English. A row whose parts make no day, or one part of which is missing, has none.

    Example:
        >>> frame = pl.DataFrame({"year": [2010, 2010], "month": ["Feb", "2"], "day": ["3", "31"]})
        >>> moment = join_moment(pl.col("year"), parts=[pl.col("month"), pl.col("day")]).extra["__moment"]
        >>> frame.select(moment).to_series().to_list()
        [datetime.datetime(2010, 2, 3, 0, 0), None]
    """
    said = [_part(one) for one in (cell, *parts)]
    day = pl.concat_str([part.cast(pl.String).str.zfill(2) for part in said[:3]], separator="-")
    moment = day.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    for part, seconds, most in zip(said[3:], (3600, 60, 1), (24, 59, 59), strict=False):
        moment += pl.duration(seconds=pl.when(part.is_between(0, most)).then(part * seconds))  # hour 24 ends the day
    return Repair(cell, dtype="same", extra={"__moment": moment})


def joined_moment(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The moment of each row that these columns say together, from the year down; see ``join_moment``.

    Example:
        >>> joined_moment(pl.DataFrame({"y": [2010], "m": [2], "d": [3]}), ["y", "m", "d"]).to_list()
        [datetime.datetime(2010, 2, 3, 0, 0)]
    """
    year, *parts = (pl.col(name) for name in columns)
    return frame.select(join_moment(year, parts=parts).extra["__moment"]).to_series()


def _part(cell: pl.Expr) -> pl.Expr:
    """A part of a moment as a whole number; months by their first three letters."""
    spelled = cell.cast(pl.String).str.strip_chars().str.strip_suffix(".0").str.to_lowercase()
    number = spelled.cast(pl.Int32, strict=False)
    months = spelled.str.slice(0, 3).replace_strict(list(_MONTHS), range(1, 13), default=None, return_dtype=pl.Int32)
    return pl.coalesce(number, months)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@verb("parse_boolean", phase="typing", theme="category")
def parse_boolean(
    cell: pl.Expr, *, true: Sequence[str] = (), false: Sequence[str] = (), status: Sequence[str] = ()
) -> Repair:
    """Read truth values; spellings the column did not have are understood too, and mentioned.

    Example:
        >>> pl.DataFrame({"a": ["Yes", "n", "?"]}).select(parse_boolean(pl.col("a")).value).to_series().to_list()
        [True, False, None]
    """
    own_true, own_false = _folded(true), _folded(false)
    all_true = own_true + [w for w in _folded(boolean.TRUE_WORDS) if w not in own_true + own_false]
    all_false = own_false + [w for w in _folded(boolean.FALSE_WORDS) if w not in own_false + all_true]
    value = boolean.parse(cell, all_true, all_false)
    notes = {}
    if true or false:
        seen = (
            cell.str.strip_chars()
            .str.to_lowercase()
            .str.replace_all("ı", "i", literal=True)
            .is_in(own_true + own_false)
        )
        notes = {"a new spelling of a truth value": value.is_not_null() & ~seen}
    return Repair(value, residue(cell, value), "boolean", status_column(cell, status), notes)


def _folded(words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(boolean.fold(str(w)) for w in words))
