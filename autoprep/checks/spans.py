"""The verb that reads lengths of time written as text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autoprep.checks.base import Repair, verb
from autoprep.checks.missing import status_column
from autoprep.checks.number import residue
from autoprep.parsing import duration


@verb("parse_duration", phase="typing", theme="time")
def parse_duration(cell: pl.Expr, *, unit: str = "s", months: bool = False, status: Sequence[str] = ()) -> Repair:
    """Read lengths of time of one or several parts as a number of one unit.

    Args:
        cell: String.
        unit: "s", "min", "h", "d" or "mo".
        months: a lone "m" behind no hour is a month ("4y 3m").
        status: left-over words to keep as a category in ``<name>__status``.

    Example:
        >>> frame = pl.DataFrame({"a": ["1h 30m", "79 min", "soon"]})
        >>> frame.select(parse_duration(pl.col("a"), unit="min").value).to_series().to_list()
        [90.0, 79.0, None]
    """
    value = duration.parse(cell, unit, months=months)
    return Repair(value, residue(cell, value), "number", status_column(cell, status))
