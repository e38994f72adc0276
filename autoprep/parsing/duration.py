"""Lengths of time of one or several parts (``1h 30m``, ``79 min``, ``3 years 2 months``, ``PT1H``, ``36:15:00``)."""

from __future__ import annotations

import polars as pl

from autoprep.parsing.text import trim

#: Parts of a length of time, the longest first: seconds in one, and how it is written (without case).
PARTS: dict[str, tuple[float, str]] = {
    "yr": (31556952.0, "y|yrs?|years?"),
    "mo": (2629746.0, "mo|mos|mths?|months?"),
    "wk": (604800.0, "w|wks?|weeks?"),
    "d": (86400.0, "d|days?"),
    "h": (3600.0, "h|hrs?|hours?|std"),
    "min": (60.0, "m|mins?|minutes?"),
    "s": (1.0, "s|secs?|seconds?|sek"),
}
#: Units that a column of lengths may be brought to.
UNITS: tuple[str, ...] = ("s", "min", "h", "d", "mo")
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_END = r"\.?[\s,]*(?:and\s+)?"


def regex(months: bool = False) -> str:
    """The parts of a length, one group each (see ``PARTS``) and three of a clock; ``months``: a lone "m" is a month.

    Example:
        >>> import re
        >>> re.match(regex(), "1h 30m").groups()[4:6], re.match(regex(months=True), "4y 3m").groups()[:2]
        (('1', '30'), ('4', '3'))
    """
    words = {name: spelled for name, (_, spelled) in PARTS.items()}
    if months:
        words["mo"] += "|m"
    parts = {name: rf"(?:{_NUMBER}\s*-?(?:{spelled}){_END})?" for name, spelled in words.items()}
    long = "".join(parts[name] for name in ("yr", "mo", "wk", "d"))
    short = "".join(parts[name] for name in ("h", "min", "s"))
    return rf"(?i)^(?:p?{long}t?{short}|([0-9]{{1,4}}):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?))$"


def factors(unit: str) -> dict[str, float]:
    """How many of a unit make one of each part; years are twelve months, weeks seven days.

    Example:
        >>> factors("min")["h"], factors("mo")["yr"], factors("h")["min"] == 1 / 60
        (60.0, 12.0, True)
    """
    base = PARTS[unit][0]
    return {name: seconds / base for name, (seconds, _) in PARTS.items()}


def parse(expr: pl.Expr, unit: str = "s", *, months: bool = False) -> pl.Expr:
    """Float64, in one unit, of a cell that is a length of time; null for other text.

    Args:
        expr: String.
        unit: one of ``UNITS``.
        months: a lone "m" behind no hour is a month ("4y 3m").

    Example:
        >>> frame = pl.DataFrame({"x": ["1h 30m", "79 min", "2 hrs 5 mins", "1 hour and 20 minutes", "1:02:00", "7"]})
        >>> frame.select(parse(pl.col("x"), "min")).to_series().to_list()
        [90.0, 79.0, 125.0, 80.0, 62.0, None]
        >>> aged = pl.DataFrame({"x": ["4y 3m", "8 m", "1 year, 2 months", "2 weeks"]})
        >>> aged.select(parse(pl.col("x"), "mo", months=True).round(2)).to_series().to_list()
        [51.0, 8.0, 14.0, 0.46]
        >>> pl.select(parse(pl.lit("PT1H30M"))).item(), pl.select(parse(pl.lit("2d 4h"), "h")).item()
        (5400.0, 52.0)
    """
    found = trim(expr).str.extract_groups(regex(months))
    each = factors(unit)
    worth = [*each.values(), each["h"], each["min"], each["s"]]
    total = pl.lit(0.0)
    for i, factor in enumerate(worth, 1):
        total = total + found.struct.field(str(i)).cast(pl.Float64, strict=False).fill_null(0.0) * factor
    # all parts may be left out: a cell without one is no length
    given = pl.any_horizontal(found.struct.field(str(i)).is_not_null() for i in range(1, len(worth)))
    # 20 minutes are a third of an hour to fifteen figures
    return pl.when(given).then(total.round_sig_figs(15)).otherwise(None)


def as_duration(expr: pl.Expr) -> pl.Expr:
    """Duration of a cell that is a length of time, to the microsecond; null for other text.

    Example:
        >>> frame = pl.DataFrame({"x": ["2h 30m", "36:15:00", "PT1H", "7"]})
        >>> frame.select(as_duration(pl.col("x")).dt.total_minutes()).to_series().to_list()
        [150, 2175, 60, None]
    """
    return pl.duration(microseconds=(parse(expr) * 1e6).round().cast(pl.Int64))
