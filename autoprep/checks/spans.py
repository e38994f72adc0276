"""The verb that reads lengths of time written as text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autoprep.checks.base import Repair, verb
from autoprep.checks.missing import status_column
from autoprep.checks.number import residue
from autoprep.errors import SettingError
from autoprep.parsing import duration

#: How two numbers with a colon between them are written out.
PAIRS = {"": "", "min:s": "${1}m ${2}s", "h:min": "${1}h ${2}m"}


@verb("parse_duration", phase="typing", theme="time")
def parse_duration(
    cell: pl.Expr, *, unit: str = "s", months: bool = False, pair: str = "", status: Sequence[str] = ()
) -> Repair:
    """Read lengths of time of one or several parts as a number of one unit.

    Args:
        cell: String.
        unit: "s", "min", "h", "d" or "mo".
        months: a lone "m" behind no hour is a month ("4y 3m").
        pair: what two numbers with a colon between them are, "min:s" or "h:min"; by default they are no length.
        status: left-over words to keep as a category in ``<name>__status``.

    Example:
        >>> frame = pl.DataFrame({"a": ["1h 30m", "79 min", "soon"]})
        >>> frame.select(parse_duration(pl.col("a"), unit="min").value).to_series().to_list()
        [90.0, 79.0, None]
        >>> pl.select(parse_duration(pl.lit("4:22"), pair="min:s").value).item()
        262.0
    """
    if pair not in PAIRS:
        said = ", ".join(f'"{known}"' for known in PAIRS)
        raise SettingError(f"parse_duration knows no pair '{pair}'", hint=f"one of {said}")
    told = cell.str.replace(r"^\s*(\d{1,4}):([0-5]\d)\s*$", PAIRS[pair]) if pair else cell
    value = duration.parse(told, unit, months=months)
    return Repair(value, residue(cell, value), "number", status_column(cell, status))
