"""Verbs that read numbers written as text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autoprep.checks.base import Repair, verb
from autoprep.checks.missing import status_column
from autoprep.parsing import number, quantity
from autoprep.parsing import range as ranges
from autoprep.parsing.number import NumberFormat


def residue(cell: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Cells that hold something and gave nothing; blank cells hold nothing."""
    return cell.is_not_null() & (cell.str.strip_chars() != "") & value.is_null()


def _number(cell: pl.Expr, value: pl.Expr, status: Sequence[str]) -> Repair:
    return Repair(value, residue(cell, value), "number", status_column(cell, status))


@verb("parse_integer", phase="typing", theme="number")
def parse_integer(
    cell: pl.Expr, *, decimal: str = ".", thousands: str = "", notes: bool = False, status: Sequence[str] = ()
) -> Repair:
    """Read whole numbers (Int64); text that is none, or does not fit 64 bits, is left over.

    Args:
        cell: String.
        decimal: "." or ",".
        thousands: "", ",", ".", " " or "'".
        notes: read ``~30``, ``12*`` and ``12 (about)``.
        status: left-over words to keep as a category in ``<name>__status``.

    Example:
        >>> pl.DataFrame({"a": ["7", "-3", "x"]}).select(parse_integer(pl.col("a")).value).to_series().to_list()
        [7, -3, None]
    """
    bare = number.unnoted(number.tidy(cell)) if notes else cell.str.strip_chars()
    if thousands:
        bare = pl.when(number.matches(bare, NumberFormat(decimal, thousands, False, False, False))).then(
            bare.str.replace_all(thousands, "", literal=True)
        )
    bare = bare.str.replace(rf"\{decimal}0*$", "")
    value = bare.str.strip_prefix("+").cast(pl.Int64, strict=False)
    return Repair(value, residue(cell, value), "integer", status_column(cell, status))


@verb("parse_number", phase="typing", theme="number")
def parse_number(
    cell: pl.Expr,
    *,
    decimal: str = ".",
    thousands: str = "",
    accounting: bool = False,
    magnitude: bool = False,
    notes: bool = False,
    credit: bool = False,
    status: Sequence[str] = (),
) -> Repair:
    """Read numbers (Float64) by the column's decimal and thousands signs.

    Args:
        cell: String.
        decimal: "." or ",".
        thousands: "", ",", ".", " " or "'".
        accounting: read ``(5)`` and ``5-`` as negative.
        magnitude: read ``3k`` and ``2.5M``.
        notes: read ``~30``, ``12*`` and ``12 (about)``.
        credit: read ``5 Cr`` as negative, ``5 Dr`` as it stands.
        status: left-over words to keep as a category in ``<name>__status``.

    Example:
        >>> frame = pl.DataFrame({"a": ["1.234,5", "7", "soon"]})
        >>> frame.select(parse_number(pl.col("a"), decimal=",", thousands=".").value).to_series().to_list()
        [1234.5, 7.0, None]
    """
    fmt = NumberFormat(decimal, thousands, False, False, accounting, magnitude, notes, credit=credit)
    return _number(cell, number.parse(cell, fmt), status)


@verb("parse_amount", phase="typing", theme="number")
def parse_amount(
    cell: pl.Expr,
    *,
    decimal: str = ".",
    thousands: str = ",",
    magnitude: bool = False,
    notes: bool = False,
    credit: bool = False,
    status: Sequence[str] = (),
) -> Repair:
    """Read amounts of money: currency signs and codes, accounting negatives, thousands signs.

    With ``magnitude`` "3k", "2.5M" and "1.04 Cr" (crores) are read in full; with ``credit`` "5 Cr" is below zero;
    with ``notes`` "$5 (about)" is 5.

    Example:
        >>> frame = pl.DataFrame({"a": ["$1,234.50", "(7)", "free"]})
        >>> frame.select(parse_amount(pl.col("a")).value).to_series().to_list()
        [1234.5, -7.0, None]
    """
    fmt = NumberFormat(decimal, thousands, True, False, True, magnitude, notes, credit=credit)
    return _number(cell, number.parse(cell, fmt), status)


@verb("parse_percent", phase="typing", theme="number")
def parse_percent(
    cell: pl.Expr,
    *,
    decimal: str = ".",
    thousands: str = "",
    notes: bool = False,
    scale: float = 1.0,
    status: Sequence[str] = (),
) -> Repair:
    """Read percentages; the sign is dropped ("52.2%" is 52.2).

    Args:
        cell: String.
        decimal: "." or ",".
        thousands: thousands sign.
        notes: read ``~30%``, ``12%*`` and ``12% (about)``.
        scale: cells that carry the sign are multiplied by it; other than 1 only where the column mixes "9%" and "0.09".
        status: left-over words to keep as a category.

    Example:
        >>> pl.DataFrame({"a": ["52.2%", "7"]}).select(parse_percent(pl.col("a")).value).to_series().to_list()
        [52.2, 7.0]
    """
    value = number.parse(cell, NumberFormat(decimal, thousands, False, True, True, notes=notes))
    if scale != 1.0:
        signed = cell.str.contains("[%‰]")
        value = pl.when(signed).then(value * scale).otherwise(value)
    return _number(cell, value, status)


@verb("parse_quantity", phase="typing", theme="number")
def parse_quantity(
    cell: pl.Expr,
    *,
    decimal: str = ".",
    thousands: str = "",
    to: str = "",
    units: Sequence[str] = (),
    status: Sequence[str] = (),
) -> Repair:
    """Read numbers with a unit.

    Args:
        cell: String.
        decimal: "." or ",".
        thousands: thousands sign.
        to: convert known units of one kind to this unit; "" when all cells carry the same one.
        units: spellings that may stand behind the number besides the known units; read as they stand.
        status: left-over words to keep as a category.

    Example:
        >>> frame = pl.DataFrame({"a": ["890 g", "3.39 kg"]})
        >>> frame.select(parse_quantity(pl.col("a"), to="g").value).to_series().to_list()
        [890.0, 3390.0]
        >>> pl.DataFrame({"a": ["12.0 oz."]}).select(parse_quantity(pl.col("a")).value).to_series().to_list()
        [12.0]
    """
    fmt = NumberFormat(decimal, thousands)
    value = quantity.parse(cell, fmt, to=to or None)[0]
    if units:
        bare, word = quantity.split(cell, fmt)
        own = word.str.to_lowercase().is_in(sorted({u.strip().lower() for u in units}))
        value = pl.coalesce(value, pl.when(own).then(number.parse(bare, fmt, tidied=True)))
    return _number(cell, value, status)


@verb("parse_range", phase="typing", theme="number")
def parse_range(cell: pl.Expr, *, decimal: str = ".", thousands: str = "", status: Sequence[str] = ()) -> Repair:
    """Add the two ends of a range as ``<name>__low`` and ``<name>__high``; the text itself stays.

    Example:
        >>> repair = parse_range(pl.lit("14-23"))
        >>> [pl.select(end).item() for end in repair.extra.values()]
        [14.0, 23.0]
    """
    fmt = NumberFormat(decimal, thousands)
    single = NumberFormat(decimal, thousands, True, True, True, True, True)
    low, high = pl.field("from"), pl.field("to")
    one = pl.when(low.is_null() & high.is_null()).then(number.parse(pl.field("text"), single, tidied=True))
    read = ranges.ends(cell, fmt).struct.with_fields(one=one)
    read = read.struct.with_fields(
        **{"from": pl.coalesce(low, pl.field("one")), "to": pl.coalesce(high, pl.field("one"))},
        unread=(pl.field("text") != "") & low.is_null() & high.is_null() & pl.field("one").is_null(),
    )
    left = cell.is_not_null() & read.struct.field("unread")
    added = {"__low": read.struct.field("from"), "__high": read.struct.field("to")} | status_column(cell, status)
    return Repair(cell, left, "same", added)


@verb("parse_number_words", phase="typing", theme="number")
def parse_number_words(cell: pl.Expr, *, zero: Sequence[str] = (), status: Sequence[str] = ()) -> Repair:
    """Read numbers written in digits or in English words ("forty-two").

    Args:
        cell: String.
        zero: words that say "not one" (compared without case): 0.
        status: left-over words to keep as a category in ``<name>__status``.

    Example:
        >>> frame = pl.DataFrame({"a": ["forty-two", "7", "None"]})
        >>> frame.select(parse_number_words(pl.col("a"), zero=["none"]).value).to_series().to_list()
        [42.0, 7.0, 0.0]
    """
    value = pl.coalesce(number.parse(cell), number.parse_words(cell))
    if zero:
        not_one = cell.str.strip_chars().str.to_lowercase().is_in([word.strip().lower() for word in zero])
        value = pl.when(not_one).then(0.0).otherwise(value)
    return _number(cell, value, status)


@verb("rescale", phase="scale", theme="number", learnt=True, typed=True)
def rescale(cell: pl.Expr, *, factor: float, above: float) -> Repair:
    """Multiply values above a bound by a factor (a scale jump; review first).

    Example:
        >>> frame = pl.DataFrame({"a": [1.7, 170.0]})
        >>> frame.select(rescale(pl.col("a"), factor=0.01, above=3).value).to_series().to_list()
        [1.7, 1.7]
    """
    return Repair(pl.when(cell.abs() > above).then(cell * factor).otherwise(cell), dtype="same")


@verb("clip", phase="column", theme="number", typed=True)
def clip(cell: pl.Expr, *, low: float | None = None, high: float | None = None) -> Repair:
    """Pull values beyond a bound to it (lossy; only when a person asks).

    Example:
        >>> pl.DataFrame({"a": [1, 99]}).select(clip(pl.col("a"), high=10).value).to_series().to_list()
        [1, 10]
    """
    return Repair(cell.clip(low, high), dtype="same")


@verb("nullify_outside", phase="column", theme="number", typed=True)
def nullify_outside(cell: pl.Expr, *, low: float | None = None, high: float | None = None) -> Repair:
    """Make numbers outside a range that cannot be true null.

    Example:
        >>> pl.DataFrame({"a": [-4, 9]}).select(nullify_outside(pl.col("a"), low=0).value).to_series().to_list()
        [None, 9]
    """
    value = cell.cast(pl.Float64, strict=False)
    wrong = pl.lit(False)
    if low is not None:
        wrong = wrong | (value < low)
    if high is not None:
        wrong = wrong | (value > high)
    return Repair(pl.when(wrong.fill_null(False)).then(None).otherwise(cell), dtype="same")
