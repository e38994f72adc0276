"""Columns of extension types (pandas' periods and intervals) as the values that every later stage knows."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

_PERIOD = "pandas.period"


def known(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Periods as the moment at which they start, other extension types as what they are stored as.

    Returns:
        the frame, and a sentence for each kind of column that was changed.

    Example:
        >>> known(pl.LazyFrame({"a": [1]}))[1]
        ()
    """
    found = {name: dtype for name, dtype in frame.collect_schema().items() if isinstance(dtype, pl.BaseExtension)}
    if not found:
        return frame, ()
    periods = [name for name, dtype in found.items() if dtype.ext_name() == _PERIOD]
    others = [name for name in found if name not in periods]
    made = [_starts(name, found[name]) for name in periods] + [pl.col(name).ext.storage() for name in others]
    notes = [f"Column '{name}' holds periods: read as the moments at which they start." for name in periods]
    notes += [f"Column '{name}' is of the type {found[name].ext_name()}: read as it is stored." for name in others]
    return frame.with_columns(made), tuple(notes)


def _starts(name: str, dtype: pl.BaseExtension) -> pl.Expr:
    freq = str(json.loads(dtype.ext_metadata() or "{}").get("freq") or "D")

    def start(ordinals: pl.Series) -> pl.Series:
        import pandas as pd

        periods: Any = pd.PeriodIndex
        there = ordinals.drop_nulls().unique()
        moments = periods.from_ordinals(there.to_numpy(), freq=freq).to_timestamp().to_numpy()
        return ordinals.replace_strict(
            there, pl.Series(moments, dtype=pl.Datetime("us")), return_dtype=pl.Datetime("us")
        )

    return pl.col(name).ext.storage().map_batches(start, return_dtype=pl.Datetime("us"), is_elementwise=True)
