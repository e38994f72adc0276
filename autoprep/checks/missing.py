"""Verbs that tell "nothing" from something."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from autoprep.checks.base import Repair, verb


def is_word(cell: pl.Expr, words: Sequence[str]) -> pl.Expr:
    """Whether a cell is one of these words, whatever its case and the space around it."""
    return cell.str.strip_chars().str.to_lowercase().is_in(list(_folded(tuple(words)))).fill_null(False)


@lru_cache(maxsize=256)
def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({word.strip().lower() for word in words}))


@verb("nullify", phase="missing", theme="missing")
def nullify(cell: pl.Expr, *, words: Sequence[str], status: Sequence[str] = ()) -> Repair:
    """Make words that mean "nothing" null, whatever their case and the space around them.

    Words in ``status`` say more than "nothing": they stay, lower-cased, in an added column ``<name>__status``.

    Example:
        >>> frame = pl.DataFrame({"a": ["Ada", "N/A", " null "]})
        >>> frame.select(nullify(pl.col("a"), words=["n/a", "null"]).value).to_series().to_list()
        ['Ada', None, None]
    """
    if not words:
        return Repair(cell)
    value = pl.when(is_word(cell, words)).then(None).otherwise(cell)
    return Repair(value, extra=status_column(cell, status))


def status_column(cell: pl.Expr, words: Sequence[str]) -> dict[str, pl.Expr]:
    """The added column that keeps words which say why there is no value; none when there are no such words."""
    if not words:
        return {}
    folded = cell.str.strip_chars().str.to_lowercase()
    return {"__status": pl.when(is_word(cell, words)).then(folded).otherwise(None)}


@verb("nullify_blank", phase="missing", theme="missing")
def nullify_blank(cell: pl.Expr) -> Repair:
    """Make cells of nothing but space null.

    Example:
        >>> pl.select(nullify_blank(pl.lit("  ")).value).item() is None
        True
    """
    return Repair(pl.when(cell.str.strip_chars() == "").then(None).otherwise(cell))


@verb("nullify_sentinel", phase="missing", theme="missing", typed=True)
def nullify_sentinel(cell: pl.Expr, *, values: Sequence[str]) -> Repair:
    """Make placeholder values (-999, 1900-01-01) null, in text and in typed columns.

    Example:
        >>> frame = pl.DataFrame({"a": [1.5, -999.0]})
        >>> frame.select(nullify_sentinel(pl.col("a"), values=["-999"]).value).to_series().to_list()
        [1.5, None]
    """
    spelt = [str(v).strip() for v in values]
    spelt += [f"{v}.0" for v in spelt if v.lstrip("-").isdigit()]
    found = cell.cast(pl.String).str.strip_chars().is_in(sorted(set(spelt))).fill_null(False)
    return Repair(pl.when(found).then(None).otherwise(cell), dtype="same")


@verb("nullify_alien", phase="missing", theme="missing", typed=True, learnt=True)
def nullify_alien(cell: pl.Expr, *, values: Sequence[str]) -> Repair:
    """Make a constant that looks like none of the column's values null (planned as ``nullify_sentinel``)."""
    return nullify_sentinel(cell, values=values)


@verb("nullify_pattern", phase="missing", theme="missing")
def nullify_pattern(cell: pl.Expr, *, pattern: str) -> Repair:
    """Make cells that match a regular expression null.

    Example:
        >>> pl.select(nullify_pattern(pl.lit("#REF!"), pattern="^#[A-Z/0]+[!?]?$").value).item() is None
        True
    """
    return Repair(pl.when(cell.str.contains(pattern).fill_null(False)).then(None).otherwise(cell))
