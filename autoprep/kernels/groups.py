"""Group structure: which rows belong to which group, built once and shared by every column, window and condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel

Array = np.ndarray[Any, Any]


@kernel
def group_index(codes, order, groups):  # type: ignore[no-untyped-def]
    """Counting sort: rows of each group, next to each other, in the given order.

    Args:
        codes: (n,) int32 in [0, groups), or -1 for a row without group. order: (n,) int32 permutation of rows.

    Returns:
        offsets (groups + 1,) int32 and rows (rows with a group,) int32.
    """
    offsets = np.zeros(groups + 1, np.int32)
    for i in range(codes.size):
        if codes[i] >= 0:
            offsets[codes[i] + 1] += 1
    for g in range(groups):
        offsets[g + 1] += offsets[g]
    place = offsets[:-1].copy()
    rows = np.empty(offsets[groups], np.int32)
    for q in range(order.size):
        i = order[q]
        c = codes[i]
        if c >= 0:
            rows[place[c]] = i
            place[c] += 1
    return offsets, rows


@dataclass(frozen=True)
class Groups:
    """Compressed rows of groups: group ``g`` holds ``rows[offsets[g]:offsets[g + 1]]``, in time order when timed.

    Attributes:
        offsets: (groups + 1,) int32. rows: (n,) int32 row numbers.
        time: (n,) int64 microseconds in the order of ``rows``; empty when untimed.
    """

    offsets: Array
    rows: Array
    time: Array

    @property
    def count(self) -> int:
        """Number of groups, empty ones included."""
        return int(self.offsets.size - 1)

    @classmethod
    def build(cls, codes: Array, groups: int, time: Array | None = None) -> Groups:
        """Build once per (table, key, order).

        Args:
            codes: (n,) int32 group of each row, -1 for none. groups: how many there are.
            time: (n,) int64 microseconds, or None to keep the rows' order; ties keep the rows' order.

        Example:
            >>> made = Groups.build(np.array([1, 0, 1], np.int32), 2, np.array([5, 1, 3]))
            >>> made.offsets.tolist(), made.rows.tolist(), made.time.tolist()
            ([0, 1, 3], [1, 2, 0], [1, 3, 5])
        """
        codes = np.ascontiguousarray(codes, dtype=np.int32)
        sorted_already = time is None or (time.size < 2 or bool(np.all(time[1:] >= time[:-1])))
        order = np.arange(codes.size, dtype=np.int32)
        if time is not None and not sorted_already:
            order = np.argsort(time, kind="stable").astype(np.int32)
        offsets, rows = group_index(codes, order, groups)
        stamps = np.empty(0, np.int64) if time is None else np.ascontiguousarray(time[rows], dtype=np.int64)
        return cls(offsets, rows, stamps)

    def sizes(self) -> Array:
        """Rows per group (groups,) int64."""
        return np.diff(self.offsets).astype(np.int64)
