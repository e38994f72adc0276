"""Numbers with a unit."""

from __future__ import annotations

from functools import cache

import polars as pl

from autoprep.errors import SettingError, did_you_mean
from autoprep.parsing.number import MAGNITUDES, NumberFormat, body, tidy
from autoprep.parsing.number import parse as parse_number
from autoprep.parsing.unit import UNITS, Unit, unit_of


@cache
def _spellings() -> tuple[list[str], list[str]]:
    table: dict[str, str] = {s.lower(): u.name for s, u in reversed(UNITS.items())}
    table |= {s + ".": name for s, name in list(table.items()) if s[-1].isalpha()}
    # where only the case tells units apart (MB, Mb), the spelling as written decides first
    return list(table), list(table.values())


def split(expr: pl.Expr, fmt: NumberFormat | None = None) -> tuple[pl.Expr, pl.Expr]:
    """The number in front of a cell as text, and the words after it (null when there are none).

    Example:
        >>> frame = pl.DataFrame({"x": ["12.0 oz.", "34.46Sq. Meter", "2 BHK", "7", "n"]})
        >>> number, unit = split(pl.col("x"))
        >>> frame.select(number.alias("n"), unit.alias("u")).rows()
        [('12.0', 'oz.'), ('34.46', 'Sq. Meter'), ('2', 'BHK'), ('7', None), (None, None)]
    """
    fmt = fmt or NumberFormat()
    digits = body(fmt.decimal, fmt.thousands)
    text = tidy(expr)
    tail = r"""[A-Za-zµμ°º²³'"/★☆⭐\u0370-\u04ff][A-Za-z0-9µμ°º²³'"./ ^★☆⭐\u0370-\u04ff-]*"""
    whole = rf"^({digits})\s*({tail})?$"
    return text.str.extract(whole, 1), text.str.extract(whole, 2).str.replace_all(r"\s+", " ")


def parse(expr: pl.Expr, fmt: NumberFormat | None = None, *, to: str | None = None) -> tuple[pl.Expr, pl.Expr]:
    """The number (Float64) and the canonical unit (String) of a cell; both null where it is no quantity.

    Args:
        expr: String.
        fmt: separators of the number.
        to: convert to this unit; a unit of another group gives null. A bare number keeps its value, its unit is null.

    Raises:
        SettingError: ``to`` is no known unit.

    Example:
        >>> frame = pl.DataFrame({"x": ["890 g", "3.39 kg", "2 lbs", "5", "5 apples", "5'11\\""]})
        >>> value, unit = parse(pl.col("x"))
        >>> frame.select(value.alias("v"), unit.alias("u")).rows()[:5]
        [(890.0, 'g'), (3.39, 'kg'), (2.0, 'lb'), (5.0, None), (None, None)]
        >>> frame.select(parse(pl.col("x"), to="g")[0].round(1))["x"].to_list()
        [890.0, 3390.0, 907.2, 5.0, None, None]
        >>> pl.select(parse(pl.lit("5'11\\""), to="cm")[0].round(1)).item()
        180.3
    """
    fmt = fmt or NumberFormat()
    number, word = split(expr, fmt)
    exact = {s: u.name for s, u in UNITS.items()}
    lower = word.str.to_lowercase()
    old, new = _spellings()
    unit = pl.coalesce(
        word.replace_strict(list(exact), list(exact.values()), default=None, return_dtype=pl.String),
        lower.replace_strict(old, new, default=None, return_dtype=pl.String),
    )
    value = pl.when(word.is_null() | unit.is_not_null()).then(parse_number(number, fmt, tidied=True)).otherwise(None)
    feet = tidy(expr).str.extract_groups(
        r"""^(\d{1,2})\s*(?:'|ft\.?|feet)\s*(\d{1,2}(?:\.\d+)?)\s*(?:"|''|in\.?|inches)?$"""
    )
    tall = feet.struct.field("1").cast(pl.Float64) + feet.struct.field("2").cast(pl.Float64) * (1 / 12)
    value, unit = pl.coalesce(value, tall), pl.when(tall.is_not_null()).then(pl.lit("ft")).otherwise(unit)
    if to is None:
        return value, unit
    return convert(value, unit, to), pl.when(unit.is_not_null()).then(pl.lit(_known(to).name)).otherwise(None)


def convert(value: pl.Expr, unit: pl.Expr, to: str) -> pl.Expr:
    """Values in another unit of the same group; a null unit leaves the value, a unit of another group gives null.

    Raises:
        SettingError: ``to`` is no known unit.

    Example:
        >>> pl.select(convert(pl.lit(6.0), pl.lit("ft"), "cm")).item()
        182.88
    """
    goal = _known(to)
    peers = {u.name: u for u in UNITS.values() if u.group == goal.group}
    factor = unit.replace_strict(list(peers), [u.factor for u in peers.values()], default=None, return_dtype=pl.Float64)
    offset = unit.replace_strict(list(peers), [u.offset for u in peers.values()], default=None, return_dtype=pl.Float64)
    # a constant is only ever multiplied by: Polars divides many rows by its reciprocal and a single row truly
    changed = (value * factor + offset - goal.offset) * (1 / goal.factor)
    # 6 feet are 182.88 cm, not 182.88000000000002: what binary arithmetic adds stands behind the fifteenth figure
    return pl.when(unit.is_null() | (unit == goal.name)).then(value).otherwise(changed.round_sig_figs(15))


def _known(spelling: str) -> Unit:
    unit = unit_of(spelling)
    if unit is None:
        raise SettingError(f"'{spelling}' is no known unit", hint=did_you_mean(spelling, UNITS))
    return unit


#: Spellings that are a magnitude as well as a unit ("3m", "5k", "2t"): alone they decide nothing.
AMBIGUOUS: frozenset[str] = frozenset(s for s in MAGNITUDES if unit_of(s) is not None)
