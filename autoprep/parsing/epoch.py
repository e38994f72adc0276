"""Moments told by counts: of seconds since 1970, of Excel's days."""

from __future__ import annotations

import polars as pl


def parse(expr: pl.Expr, unit: str = "s") -> pl.Expr:
    """Datetime of seconds ("s"), milliseconds ("ms"), microseconds ("us") or nanoseconds ("ns") since 1970 UTC.

    Args:
        expr: a number, or String.

    Example:
        >>> pl.select(parse(pl.lit("1700000000"))).item()
        datetime.datetime(2023, 11, 14, 22, 13, 20)
    """
    factor = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}[unit]
    return (expr.cast(pl.Float64, strict=False) * factor).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


def unit_of(value: float) -> str | None:
    """The unit in which a number is a moment between 1990 and 2050, or None.

    Example:
        >>> unit_of(1.7e9), unit_of(1.7e12), unit_of(5)
        ('s', 'ms', None)
    """
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if 631_152_000 * factor <= value <= 2_524_608_000 * factor:
            return unit
    return None


def parse_excel(expr: pl.Expr, *, base_1904: bool = False) -> pl.Expr:
    """Datetime of a day number of Excel (1900 system, or 1904).

    Example:
        >>> pl.select(parse_excel(pl.lit("45000.5"))).item()
        datetime.datetime(2023, 3, 15, 12, 0)
    """
    days = 24107 if base_1904 else 25569
    return (
        ((expr.cast(pl.Float64, strict=False) - days) * 86_400_000_000)
        .round()
        .cast(pl.Int64, strict=False)
        .cast(pl.Datetime("us"))
    )
