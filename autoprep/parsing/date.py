"""Dates, times and durations in many spellings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from autoprep.errors import SettingError
from autoprep.parsing.text import squeeze

#: Two-digit years below it are 20xx where a column says nothing (POSIX).
PIVOT = 69

_MONTHS: tuple[tuple[str, ...], ...] = (
    (
        "january jan jan. januar jänner janvier janv janv. enero ene gennaio gen",
        "janeiro januari января январь янв stycznia",
    ),
    (
        "february feb feb. februar février févr févr. fév febrero febbraio",
        "fevereiro fev februari февраля февраль фев lutego",
    ),
    ("march mar mar. mrz märz maerz mars marzo", "março marco maart марта март мар marzec marca"),
    ("april apr apr. avril avr avr. abril abr aprile", "апреля апрель апр kwietnia"),
    ("may mai mayo maggio mag maio mei maj", "мая май maja"),
    ("june jun jun. juni juin junio giugno giu", "junho июня июнь июн czerwca"),
    ("july jul jul. juli juillet juil juil. julio luglio lug", "julho июля июль июл lipca"),
    ("august aug aug. août aout agosto ago augustus", "augusti августа август авг sierpnia"),
    (
        "september sep sep. sept sept. septembre septiembre settembre set",
        "setembro сентября сентябрь сен сент września",
    ),
    ("october oct oct. oktober okt okt. octobre octubre ottobre ott", "outubro out октября октябрь окт października"),
    ("november nov nov. novembre noviembre", "novembro ноября ноябрь ноя listopada"),
    (
        "december dec dec. dezember dez dez. décembre déc déc. diciembre dic",
        "dicembre dezembro декабря декабрь дек grudnia",
    ),
)
#: Name or abbreviation of a month, lower case -> 1..12.
MONTHS: dict[str, int] = {word: i + 1 for i, words in enumerate(_MONTHS) for word in " ".join(words).split()}

_DATES = {
    "ymd": ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y %m %d", "%Y-%b-%d", "%Y %b %d", "%Y年%m月%d日"),
    "dmy": ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %m %Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m %d %Y", "%m/%d/%y", "%m-%d-%y", "%m.%d.%y"),
    "": (
        *(
            "%d %b %Y",
            "%d-%b-%Y",
            "%d/%b/%Y",
            "%d. %b %Y",
            "%d.%b.%Y",
            "%d-%b-%y",
            "%d %b %y",
            "%d%b%Y",
            "%d de %b de %Y",
        ),
        *(
            "%b %d, %Y",
            "%b %d %Y",
            "%b-%d-%Y",
            "%b %d, %y",
            "%a, %d %b %Y",
            "%a %d %b %Y",
            "%a, %b %d, %Y",
            "%a %b %d %Y",
        ),
    ),
}
_MONTHLY = ("%Y-%m", "%m/%Y", "%b %Y", "%b-%Y", "%b-%y", "%Y-%b", "%Y, %b", "%b, %Y")
_PARTIAL = (*_MONTHLY, "%d-%b", "%b-%d", "%d %b", "%b %d")
_TIMES = ("%H:%M:%S%z", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M%z")
#: Every date format that is tried, without a time of day.
DATE_FORMATS: tuple[str, ...] = tuple(f for group in _DATES.values() for f in group)
#: Dates with a time of day.
DATETIME_FORMATS: tuple[str, ...] = (
    *(f"{d} {t}" for d in DATE_FORMATS if "%a" not in d for t in _TIMES),
    *(f"{d}T{t}" for d in ("%Y-%m-%d", "%Y%m%d") for t in _TIMES if "%p" not in t),
    *("%a, %d %b %Y %H:%M:%S%z", "%a %b %d %H:%M:%S %Y", "%a %b %d %Y %H:%M:%S%z"),
)
#: ISO 8601 in chrono's codes: moments that have one reading only, whatever else a column writes; with their offset.
_ISO = tuple(f"%Y-%m-%d{t}{c}" for t in "T " for c in ("%H:%M", "%H:%M:%S%.f"))
_ISO_OFFSET = tuple(f"%Y-%m-%d{t}%H:%M:%S%.f%#z" for t in "T ")
#: Days without separators, the year last; a zero in front may have been lost where they were numbers.
COMPACT_DAYS: tuple[str, ...] = ("%m%d%Y", "%d%m%Y")
#: A month or a day of the year only.
PARTIAL_FORMATS: tuple[str, ...] = _PARTIAL
TIME_FORMATS: tuple[str, ...] = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
FORMATS: tuple[str, ...] = DATE_FORMATS + DATETIME_FORMATS

_MONTH_NAME = "(?i:" + "|".join(sorted((re.escape(m) for m in MONTHS), key=lambda m: (-len(m), m))) + ")"
_CODES = {
    "Y": r"(?P<Y>[12]\d{3})",
    "y": r"['’]?(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})(?:st|nd|rd|th)?",
    "b": rf"(?P<b>{_MONTH_NAME})\.?",
    "a": r"(?:[^\W\d]{2,10})\.?",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?",
    "p": r"(?P<p>(?i:[ap]\.?m\.?))",
    "z": r"\s*(?P<z>Z|UTC|GMT|[+\-]\d{2}:?\d{2}|[+\-]\d{2})",
}


@cache
def regex(fmt: str) -> str:
    """The regex, anchored and with named groups, of a format written in strptime's codes.

    Codes: %Y %y %m %d %b (name of a month in any of twelve languages) %a %H %I %M %S (fraction allowed) %p %z.

    Raises:
        SettingError: a code is not known.

    Example:
        >>> import re
        >>> re.match(regex("%d/%m/%Y"), "3/12/2024").groupdict()
        {'d': '3', 'm': '12', 'Y': '2024'}
    """
    out, i = [], 0
    while i < len(fmt):
        if fmt[i] == "%":
            code = fmt[i + 1 : i + 2]
            if code not in _CODES:
                raise SettingError(f"'%{code}' in '{fmt}' is no known date code", hint=f"known: {', '.join(_CODES)}")
            out.append(_CODES[code])
            i += 2
            continue
        out.append(r"\s?" if fmt[i] == " " and fmt[i + 1 : i + 3] == "%p" else re.escape(fmt[i]))
        i += 1
    text = "".join(out)
    if fmt.startswith("%Y%m%d"):
        text = text.replace(r"\d{1,2}", r"\d{2}", 2).replace("(?:st|nd|rd|th)?", "", 1)
    if fmt.startswith(COMPACT_DAYS):
        head, separator, tail = text.partition("\\d{1,2}")
        text = head + separator + tail.replace("\\d{1,2}", "\\d{2}", 1)
    if "%b" not in fmt:
        text = text.replace("(?:st|nd|rd|th)?", "")
    return f"^{text}$"


@cache
def order(fmt: str) -> str:
    """The order of a format's parts: "dmy", "mdy", "ymd", or "" where a month's name leaves no doubt.

    Example:
        >>> order("%d/%m/%Y"), order("%m/%d/%y %H:%M"), order("%Y-%m-%d"), order("%d %b %Y")
        ('dmy', 'mdy', 'ymd', '')
    """
    if "%b" in fmt:
        return ""
    codes = [c.lower() for c in re.findall(r"%([YymdyY])", fmt)]
    return "".join(dict.fromkeys(codes)) if len(codes) >= 3 else ""


def swap(fmt: str) -> str:
    """The format with day and month changed round.

    Example:
        >>> swap("%d/%m/%Y")
        '%m/%d/%Y'
    """
    return fmt.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def has_time(fmt: str) -> bool:
    """Whether a format holds a time of day.

    Example:
        >>> has_time("%Y-%m-%d"), has_time("%Y-%m-%dT%H:%M:%S")
        (False, True)
    """
    return "%H" in fmt or "%I" in fmt


def is_whole(fmt: str) -> bool:
    """Whether a format writes a whole day, with or without its time, in plain digits that are read back the same.

    Example:
        >>> is_whole("%d.%m.%Y"), is_whole("%Y-%m-%d %H:%M"), is_whole("%d.%m.%y"), is_whole("%d %b %Y")
        (True, True, False, False)
    """
    return _USUAL_DATE.match(fmt) is not None


def matches(expr: pl.Expr, fmt: str) -> pl.Expr:
    """Whether a cell has the shape of a format (a day of 31 February has); null stays null.

    Example:
        >>> pl.select(matches(pl.lit("2024-02-31"), "%Y-%m-%d")).item()
        True
    """
    return squeeze(expr).str.contains(regex(fmt))


def parse(
    expr: pl.Expr,
    formats: Sequence[str] = ("%Y-%m-%d",),
    *,
    dtype: str = "date",
    pivot: int = PIVOT,
    year: int = 1900,
    clock: str = "utc",
) -> pl.Expr:
    """Date or Datetime (microseconds, no time zone attached) of a cell.

    The first format that gives a day of the calendar decides; null where none does.

    Args:
        expr: String.
        formats: in strptime's codes, see ``regex``.
        dtype: "date" or "datetime".
        pivot: two-digit years below it are 20xx, the others 19xx (POSIX: 69).
        year: the year of formats without one.
        clock: what a moment with an offset gives: "utc" the time of Greenwich, "local" what its own clock showed.

    Raises:
        SettingError: a format, ``dtype`` or ``clock`` is not known.

    Example:
        >>> frame = pl.DataFrame({"x": ["3/12/2024", "5 Mar 2020", "31/02/2020", "soon"]})
        >>> frame.select(parse(pl.col("x"), ["%d/%m/%Y", "%d %b %Y"])).to_series().to_list()
        [datetime.date(2024, 12, 3), datetime.date(2020, 3, 5), None, None]
        >>> pl.select(parse(pl.lit("2024-01-02T03:04:05+02:00"), ["%Y-%m-%dT%H:%M:%S%z"], dtype="datetime")).item()
        datetime.datetime(2024, 1, 2, 1, 4, 5)
    """
    if clock not in CLOCKS:
        raise SettingError(f"clock is '{clock}'", hint=" or ".join(CLOCKS))
    if dtype not in ("date", "datetime"):
        raise SettingError(f"dtype is '{dtype}'", hint="date or datetime")
    if not formats:
        return pl.lit(None, pl.Date if dtype == "date" else pl.Datetime("us"))
    usual, read = _usual(expr, formats, dtype)
    text = squeeze(expr if usual is None else pl.when(~usual).then(expr))
    made = pl.coalesce(_moment(text, fmt, pivot, year, dtype, clock) for fmt in formats)
    return made if usual is None else pl.when(usual).then(pl.coalesce(read)).otherwise(made)


#: How moments that say their offset are read.
CLOCKS = ("utc", "local")


def parse_iso(expr: pl.Expr, dtype: str = "date") -> pl.Expr:
    """Date or Datetime (microseconds) of ISO 8601 text ("2024-01-31", "2024-01-31T10:00", "2024-01-31 10:00:05.25").

    Polars' own parsers read it: Polars compiles a regular expression anew in each call, which costs small tables and
    single rows milliseconds.

    Args:
        expr: String.
        dtype: "date" (of a moment its day) or "datetime".

    Example:
        >>> frame = pl.DataFrame({"x": ["2024-01-31", "2024-01-31T10:00:05", "24-01-31"]})
        >>> frame.select(parse_iso(pl.col("x"), "datetime")).to_series().to_list()
        [datetime.datetime(2024, 1, 31, 0, 0), datetime.datetime(2024, 1, 31, 10, 0, 5), None]
    """
    expr = pl.when(expr.str.slice(4, 1) == "-").then(expr)
    day = expr.str.to_date("%Y-%m-%d", strict=False)
    moments = [expr.str.to_datetime(f, strict=False, time_unit="us", ambiguous="null") for f in _ISO]
    wanted = pl.Date() if dtype == "date" else pl.Datetime("us")
    found = pl.coalesce(*(one.cast(wanted) for one in (day, *moments)))
    return pl.when(found.dt.year() >= 1000).then(found)


def parse_iso_offset(expr: pl.Expr) -> pl.Expr:
    """Datetime (microseconds, UTC, no time zone attached) of ISO 8601 text that says its offset; else null.

    Example:
        >>> pl.select(parse_iso_offset(pl.lit("2024-01-02T03:04:05.5+02:00"))).item()
        datetime.datetime(2024, 1, 2, 1, 4, 5, 500000)
        >>> pl.select(parse_iso_offset(pl.lit("2024-01-02T03:04:05Z"))).item()
        datetime.datetime(2024, 1, 2, 3, 4, 5)
    """
    read = (expr.str.to_datetime(f, strict=False, time_unit="us", time_zone="UTC") for f in _ISO_OFFSET)
    return pl.coalesce(*read).dt.replace_time_zone(None)


_USUAL_DATE = re.compile(r"^(%Y([-/. ])%m\2%d|%[dm]([-/. ])%[dm]\3%Y)(?:([ T])(%H:%M(?::%S)?))?$")
_PLAIN_CODES = {"Y": "[12][0-9]{3}", "m": "[0-9]{1,2}", "d": "[0-9]{1,2}"}
_PLAIN_CODES |= {"H": "(?:[01][0-9]|2[0-3])", "M": "[0-5][0-9]", "S": "[0-5][0-9]"}


def _usual(expr: pl.Expr, formats: Sequence[str], dtype: str) -> tuple[pl.Expr | None, list[pl.Expr]]:
    """Whether a cell is plain digits in one of the formats, and what Polars' own parser reads in each such format.

    Digits with a year of four match no format but those that are looked at here, so no other need be tried on them.
    """
    patterns: list[str] = []
    read: list[pl.Expr] = []
    for fmt in formats:
        if not _USUAL_DATE.match(fmt) or (dtype == "date" and has_time(fmt)):
            continue
        patterns.append(re.sub("%(.)", lambda m: _PLAIN_CODES[m[1]], fmt.replace(".", r"\.")))
        if has_time(fmt):
            read.append(expr.str.to_datetime(fmt, strict=False, time_unit="us", ambiguous="null"))
        else:
            day = expr.str.to_date(fmt, strict=False)
            read.append(day if dtype == "date" else day.cast(pl.Datetime("us")))
    if not read:
        return None, []
    return expr.str.contains(f"^(?:{'|'.join(dict.fromkeys(patterns))})$"), read


def pivot(row: Mapping[str, Any]) -> int:
    """The turn of the century of a profile's row, POSIX's where nothing is said.

    Example:
        >>> pivot({"date_pivot": 37}), pivot({})
        (37, 69)
    """
    said = row.get("date_pivot")
    return PIVOT if said is None else int(said)


def _moment(text: pl.Expr, fmt: str, pivot: int, year: int, dtype: str, clock: str) -> pl.Expr:
    pattern = regex(fmt)
    names = list(re.compile(pattern).groupindex)
    groups = text.str.extract_groups(pattern)

    def part(name: str) -> pl.Expr:
        return groups.struct.field(name)

    if "b" in names:
        month = (
            part("b")
            .str.to_lowercase()
            .replace_strict(list(MONTHS), [f"{m:02d}" for m in MONTHS.values()], default=None, return_dtype=pl.String)
        )
    else:
        month = part("m").str.zfill(2) if "m" in names else pl.lit("01")
    day = part("d").str.zfill(2) if "d" in names else pl.lit("01")
    if "Y" in names:
        years = part("Y")
    elif "y" in names:
        short = part("y")
        years = pl.when(short < f"{pivot:02d}").then(pl.lit("20") + short).otherwise(pl.lit("19") + short)
    else:
        years = pl.when(part(names[0]).is_not_null()).then(pl.lit(f"{year:04d}"))
    date = pl.concat_str([years, month, day], separator="-").str.to_date("%Y-%m-%d", strict=False)
    if dtype == "date":
        return date
    return date.cast(pl.Datetime("us")) + _offset_us(part, [n for n in names if n != "z" or clock == "utc"])


def _offset_us(part: Callable[[str], pl.Expr], names: list[str]) -> pl.Expr:
    def number(name: str) -> pl.Expr:
        return part(name).cast(pl.Int64, strict=False)

    micro = pl.lit(0, pl.Int64)
    if "H" in names:
        hour = number("H")
        micro = pl.when(hour < 24).then(hour) * 3_600_000_000
    elif "I" in names:
        hour = number("I")
        late = part("p").str.to_lowercase().str.starts_with("p")
        micro = (pl.when(hour.is_between(1, 12)).then(hour % 12) + pl.when(late).then(12).otherwise(0)) * 3_600_000_000
    if "M" in names:
        minute = number("M")
        micro = micro + pl.when(minute < 60).then(minute) * 60_000_000
    if "S" in names:
        second = number("S")
        micro = micro + pl.when(second < 61).then(second) * 1_000_000
        micro = micro + part("f").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64, strict=False).fill_null(0)
    if "z" in names:
        zone = part("z").str.replace_all(":", "", literal=True)
        sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
        hours = zone.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
        minutes = zone.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
        numeric = zone.str.contains(r"^[+\-]")
        micro = micro - pl.when(numeric).then(sign * (hours * 60 + minutes)).otherwise(0) * 60_000_000
    return pl.duration(microseconds=micro)


def parse_time(expr: pl.Expr, formats: Sequence[str] = TIME_FORMATS) -> pl.Expr:
    """Time of day of a cell; null for other text.

    Example:
        >>> frame = pl.DataFrame({"x": ["9:05", "11:30 PM", "25:00"]})
        >>> frame.select(parse_time(pl.col("x"))).to_series().to_list()
        [datetime.time(9, 5), datetime.time(23, 30), None]
    """
    text = squeeze(expr)
    moments = []
    for fmt in formats:
        groups = text.str.extract_groups(regex(fmt))
        names = list(re.compile(regex(fmt)).groupindex)
        offset = _offset_us(groups.struct.field, names)
        moments.append(pl.lit(0, pl.Datetime("us")) + offset)
    return pl.coalesce(moments).dt.time()
