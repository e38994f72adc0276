"""Verbs that hide what identifies a person (only when a person asks)."""

from __future__ import annotations

import polars as pl

from autoprep.checks.base import Repair, verb


@verb("mask", phase="column", theme="privacy")
def mask(cell: pl.Expr, *, keep_last: int = 0) -> Repair:
    """Replace letters and digits by "*", except the last few characters.

    Example:
        >>> pl.select(mask(pl.lit("ab-1234"), keep_last=2).value).item()
        '**-**34'
    """
    head = cell.str.slice(0, (cell.str.len_chars().cast(pl.Int64) - keep_last).clip(0).cast(pl.UInt32))
    tail = cell.str.tail(keep_last) if keep_last else pl.lit("")
    return Repair(pl.concat_str([head.str.replace_all(r"[\p{L}\p{N}]", "*"), tail]))


@verb("mask_email", phase="column", theme="privacy")
def mask_email(cell: pl.Expr) -> Repair:
    """Hide the name before the "@" of an address, keeping the domain.

    Example:
        >>> pl.select(mask_email(pl.lit("ada@x.org")).value).item()
        '***@x.org'
    """
    return Repair(cell.str.replace(r"^[^@]+@", "***@"))
