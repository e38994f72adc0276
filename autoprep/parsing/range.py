"""Ranges (``10-20``), intervals (``(5, 10]``) and inequalities (``<5``, ``3+``)."""

from __future__ import annotations

import polars as pl

from autoprep.parsing.number import CURRENCY, MAGNITUDE, NumberFormat, body, tidy
from autoprep.parsing.number import parse as parse_number

_TO = r"(?:\s*(?:-|–|—|~|\.\.\.?|to|bis)\s*|\s+(?:and|à|a|и|до)\s+)"
# words stand apart from the number: AB12 and 12A34 are plates and codes, no ranges
_LEAST = r"(?:(?:>=|≥|=>|min\.?)\s*|(?:at least|minimum|from|ab)\s+)"
_MOST = r"(?:(?:<=|≤|=<|max\.?)\s*|(?:up to|at most|maximum|bis)\s+)"
_OVER = r"(?:>\s*|(?:over|more than|above|greater than|über|plus de)\s+)"
_UNDER = r"(?:<\s*|(?:under|less than|below|fewer than|unter|moins de)\s+)"
_PART = rf"(?:\s*[,;]\s*|{_TO})"
_ENDLESS = r"[+\-]?\s*(?:inf(?:inity)?|∞)"
_TAIL = r"(?:\s+[A-Za-z][A-Za-z.]*){0,3}(?:\s*\([^()]*\))?"


def _side(fmt: NumberFormat) -> str:
    return rf"(?:{CURRENCY}\s*)?{body(fmt.decimal, fmt.thousands)}(?:\s*{MAGNITUDE}\b)?(?:\s*(?:%|{CURRENCY}))?"


def _value(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    loose = NumberFormat(fmt.decimal, fmt.thousands, magnitude=True)
    return parse_number(text, loose)


def parse(expr: pl.Expr, fmt: NumberFormat | None = None, *, words: bool = True) -> tuple[pl.Expr, pl.Expr]:
    """The low and the high end (Float64) of a range or an inequality; an open end is null, as are both for other text.

    Args:
        expr: String.
        fmt: separators of the numbers.
        words: allow up to three words or a bracket after it (``1001 to 5000 employees``).

    Example:
        >>> frame = pl.DataFrame({"x": ["10-20", "$137K-$171K (est.)", "<5", "3+", "1 to 2 million", "7"]})
        >>> low, high = parse(pl.col("x"))
        >>> frame.select(low.alias("low"), high.alias("high")).rows()
        [(10.0, 20.0), (137000.0, 171000.0), (None, 5.0), (3.0, None), (1000000.0, 2000000.0), (None, None)]
        >>> cut = pl.DataFrame({"x": ["(5, 10]", "[0.5-1.5)", "(-inf, 5.0]", "[0, 5]", "(5, 10)"]})
        >>> cut.select(low.alias("low"), high.alias("high")).rows()
        [(5.0, 10.0), (0.5, 1.5), (None, 5.0), (0.0, 5.0), (None, None)]
    """
    made = ends(expr, fmt, words=words)
    return made.struct.field("from"), made.struct.field("to")


def ends(expr: pl.Expr, fmt: NumberFormat | None = None, *, words: bool = True) -> pl.Expr:
    """As ``parse``, both ends in one struct (``from``, ``to``, ``text`` as tidied): read once where both are wanted.

    Each step names what the step before it made. Written as one expression, what the ends of a cell are would be
    asked again wherever an end is used, two thousand times for a cell.

    Example:
        >>> pl.DataFrame({"x": ["10-20", "<5"]}).select(e=ends(pl.col("x"))).unnest("e").select("from", "to").rows()
        [(10.0, 20.0), (None, 5.0)]
    """
    fmt = fmt or NumberFormat()
    made = pl.struct(tidy(expr).alias("text"))
    for fields in (_pairs(fmt, words), _scaled(), _read(fmt), _checked()):
        made = made.struct.with_fields(**fields)
    return made


def _pairs(fmt: NumberFormat, words: bool) -> dict[str, pl.Expr]:
    """The text of two ends (``low``, ``high``) or of one (``least``, ``most``)."""
    text, side, tail = pl.field("text"), _side(fmt), _TAIL if words else ""
    both = text.str.extract_groups(rf"(?i)^(?:between\s+|from\s+)?({side}){_TO}({side}){tail}$")
    ends = text.str.extract_groups(rf"(?i)^[\[\](]\s*({side}|{_ENDLESS}){_PART}({side}|{_ENDLESS})\s*[\[\])]$")
    ends = pl.when(~text.str.contains(r"^\(.*\)$")).then(ends)  # a pair, a place: no interval has both brackets round
    german = pl.when(~text.str.starts_with("AB ")).then(text)  # "AB 12" in capitals is a plate, no "from 12"
    more = r"(?:\+|plus|or more|and (?:more|over|above|up)|or (?:over|above)|>)"
    fewer = r"(?:or less|or under|or below|or fewer|and (?:under|below|less))"
    return {
        "low": pl.coalesce(both.struct.field("1"), ends.struct.field("1")),
        "high": pl.coalesce(both.struct.field("2"), ends.struct.field("2")),
        "least": pl.coalesce(
            german.str.extract(rf"(?i)^(?:{_LEAST}|{_OVER})({side}){tail}$", 1),
            text.str.extract(rf"(?i)^({side})\s*{more}{tail}$", 1),
        ),
        "most": pl.coalesce(
            text.str.extract(rf"(?i)^(?:{_MOST}|{_UNDER})({side}){tail}$", 1),
            text.str.extract(rf"(?i)^({side})\s*{fewer}{tail}$", 1),
        ),
    }


def _scaled() -> dict[str, pl.Expr]:
    """``1 to 2 million``: the word of magnitude counts for both ends."""
    low, scale = pl.field("low"), pl.field("high").str.extract(rf"({MAGNITUDE})$", 1)
    both = scale.is_not_null() & low.str.contains(r"[\d.,]$")
    return {"low": pl.when(both).then(low + scale).otherwise(low), "pair": low.is_not_null()}


def _read(fmt: NumberFormat) -> dict[str, pl.Expr]:
    """Numbers of the ends."""
    low, high = pl.field("low"), pl.field("high")
    return {
        "left": _value(pl.coalesce(low, pl.field("least")), fmt),
        "right": _value(pl.coalesce(high, pl.field("most")), fmt),
        "begun": low.str.contains(rf"(?i)^{_ENDLESS}$"),
        "ended": high.str.contains(rf"(?i)^{_ENDLESS}$"),
    }


def _checked() -> dict[str, pl.Expr]:
    """The ends, where two of them stand in order."""
    left, right, pair = pl.field("left"), pl.field("right"), pl.field("pair")
    ordered = ~pair | (left <= right)
    return {
        "from": pl.when(ordered | (pl.field("ended") & left.is_not_null())).then(left),
        "to": pl.when(ordered | (pl.field("begun") & right.is_not_null())).then(right),
    }


def is_range(expr: pl.Expr, fmt: NumberFormat | None = None) -> pl.Expr:
    """Whether a cell has two ends; null stays null.

    Example:
        >>> frame = pl.DataFrame({"x": ["10-20", "<5", "7", "2020-01"]})
        >>> frame.select(is_range(pl.col("x"))).to_series().to_list()
        [True, False, False, False]
    """
    low, high = parse(expr, fmt)
    return pl.when(expr.is_null()).then(None).otherwise(low.is_not_null() & high.is_not_null())


def is_inequality(expr: pl.Expr, fmt: NumberFormat | None = None) -> pl.Expr:
    """Whether a cell has one end only; null stays null.

    Example:
        >>> frame = pl.DataFrame({"x": ["10-20", "<5", "10,000+"]})
        >>> frame.select(is_inequality(pl.col("x"), NumberFormat(thousands=","))).to_series().to_list()
        [False, True, True]
    """
    low, high = parse(expr, fmt)
    return pl.when(expr.is_null()).then(None).otherwise(low.is_not_null() != high.is_not_null())
