"""Decimal columns as the numbers that every later stage knows, where that loses nothing."""

from __future__ import annotations

import polars as pl

_EXACT_DIGITS = 15


def plain(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Decimals as Int64 or Float64 where at most 15 digits are used, else as text, which loses nothing either.

    Returns:
        the frame, and a sentence for columns that became text.

    Example:
        >>> from decimal import Decimal
        >>> plain(pl.LazyFrame({"price": [Decimal("1.50"), Decimal("0.25")]}))[0].collect().to_series().to_list()
        [1.5, 0.25]
    """
    found = {name: dtype for name, dtype in frame.collect_schema().items() if isinstance(dtype, pl.Decimal)}
    if not found:
        return frame, ()
    wide = [n for n, d in found.items() if d.precision is None or d.precision > _EXACT_DIGITS]
    if wide:
        limits = {n: float(10 ** (_EXACT_DIGITS - found[n].scale)) for n in wide}
        largest = frame.select(pl.col(n).cast(pl.Float64).abs().max() for n in wide).collect()
        wide = [n for n in wide if (largest[n].item() or 0.0) >= limits[n]]
    made = [
        pl.col(n).cast(pl.String if n in wide else pl.Int64 if d.scale == 0 else pl.Float64) for n, d in found.items()
    ]
    notes = tuple(f"Column '{n}' holds decimals of more than {_EXACT_DIGITS} digits: read as text." for n in wide)
    return frame.with_columns(made), notes
