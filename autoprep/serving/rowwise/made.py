"""What a function becomes for the values of one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from autoprep.serving.rowwise.expression import Code

Row = list[Any]
Evaluate = Callable[[Row], Any]
Cast = Callable[..., "Code"]
#: What gives the value, its type, and whether it is worth keeping for the row.
Made = tuple[Evaluate, pl.DataType, bool]


def one(function: Callable[[Any], Any], code: Code, dtype: pl.DataType, once: bool = False) -> Made:
    """A function of a single value; null gives null."""
    inner = code.evaluate

    def evaluate(row: Row) -> Any:
        value = inner(row)
        return None if value is None else function(value)

    return evaluate, dtype, once
