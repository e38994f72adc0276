"""Which rows a model learns from: what is kept aside for its test, and what time and memory can carry."""

from __future__ import annotations

import numpy as np
import polars as pl

from autoprep.budget import Budget
from autoprep.pipeline.prepare import WIDE
from autoprep.types import Event, Listener, Table

#: Cells that profiling, planning and cleaning can take on per second of a budget, and the rows that are always used;
#: of wide tables fewer, since saving is a good part of the work, and after the seconds that a column takes by itself.
CELLS_PER_S, LEAST_ROWS = 170_000, 20_000
WIDE_CELLS_PER_S, LEAST_WIDE_ROWS, COLUMN_S = 110_000, 1_500, 0.045
#: Under a memory ceiling: what the process takes without any rows (GB), and per cell of the table, read, cleaned, and
#: as the matrices of the models (bytes).
LEAST_GB, BYTES_PER_CELL = 0.6, 120


def kept_aside(table: Table, target: str, holdout: float, seed: int) -> tuple[np.ndarray | None, pl.DataFrame | None]:
    """Row numbers to learn from, and the raw rows that are kept for the test."""
    if holdout == 0:
        return None, None
    frame = table.collect()
    labelled = np.flatnonzero(frame[target].is_not_null().to_numpy())
    order = np.random.default_rng(seed).permutation(labelled)
    test = np.sort(order[: max(1, round(len(order) * holdout))])
    return np.setdiff1d(np.arange(frame.height), test), frame[test]


def affordable(
    table: Table,
    learn: np.ndarray | None,
    budget: Budget,
    seed: int,
    listener: Listener,
    memory_gb: float | None = None,
) -> np.ndarray | None:
    """The rows to learn from: all of them, or a sample that a budget of seconds and of memory can carry."""
    frame = table.collect()
    rows = np.arange(frame.height) if learn is None else learn
    most, short = len(rows), "budget"
    if not budget.deterministic:
        most = most_rows(frame.width, budget.remaining())
        if frame.width > WIDE and COLUMN_S * frame.width > budget.remaining():
            said = f"{frame.width:,} columns take some {COLUMN_S * frame.width:.0f} s however few the rows"
            listener(Event("read", f"{said}: the budget cannot be kept"))
    if memory_gb is not None:
        room = int((memory_gb - LEAST_GB) * 1e9 / (BYTES_PER_CELL * max(frame.width, 1)))
        most, short = (max(1_000, room), "memory") if room < most else (most, short)
    if len(rows) <= most:
        return learn
    listener(Event("read", f"the {short} is short for {len(rows):,} rows: {most:,} of them, at random, are used"))
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def most_rows(columns: int, seconds: float) -> int:
    """The rows of a table that can be profiled, planned for, cleaned and learnt from in some seconds.

    Example:
        >>> most_rows(10, 60), most_rows(300, 60), most_rows(300, 10)
        (1020000, 17050, 1500)
    """
    if columns <= WIDE:
        return max(LEAST_ROWS, int(CELLS_PER_S * seconds / max(columns, 1)))
    return max(LEAST_WIDE_ROWS, int(WIDE_CELLS_PER_S * (seconds - COLUMN_S * columns) / columns))
