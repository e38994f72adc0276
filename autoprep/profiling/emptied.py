"""Rows that hold nothing once words for nothing are taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from autoprep.parsing import text
from autoprep.profiling.columns import Column


def nothing_rows(frame: pl.DataFrame, found: Sequence[Column], already: int) -> dict[str, Any]:
    """``nothing_rows`` of the table, where rows without any value are not the only ones.

    Cleaning that empties their cells drops them at once; else only a second cleaning would.

    Args:
        frame: the rows. found: the described columns. already: rows without any value.

    Example:
        >>> from autoprep.profiling.profiler import describe
        >>> frame = pl.DataFrame({"n": ["1", "N/A", "2"], "word": ["a", "-", "b"]})
        >>> nothing_rows(frame, describe(frame), 0)
        {'nothing_rows': 1}
    """
    gaps = sorted(found, key=lambda c: c.row["missing_rate"] or 0.0)
    if len(gaps) < 2 or not frame.height or not gaps[0].row["missing_rate"]:
        return {}  # a column without a gap: no row is empty; one column alone: its gaps are cells, not rows
    left = frame
    for column in gaps:
        left = left.filter(_nothing(left.schema[column.name], column))
        if not left.height:
            break
    return {"nothing_rows": left.height} if left.height > already else {}


def _nothing(dtype: pl.DataType, column: Column) -> pl.Expr:
    cell = pl.col(column.name)
    if dtype != pl.String:
        return cell.is_null()
    words = [str(word).strip() for word in column.row["null_words"] or ()]
    return cell.is_null() | text.trim(cell).is_in(["", *words])
