"""Queries over rows in the order of time: the bounds of their windows, found in one sweep and shared by all columns.

What the times alone tell of a window, the pairs of queries and rows, and the way back to the asked order, stand here
too.
"""

from __future__ import annotations

import numpy as np

from autoprep.kernels.compile import kernel

TIME_SLOTS = {"rows": 0, "since_last": 1, "since_first": 2, "mean_gap": 3}
DAY_US = 86_400_000_000.0
EVER = np.int64(1) << 62
#: Queries that are turned from rows to columns at once.
TURNED = 32


@kernel
def window_bounds(offsets, time, q_offsets, q_rows, cutoff, width, lo, hi):  # type: ignore[no-untyped-def]
    """Fill ``hi`` (Q,) and ``lo`` (windows, Q): rows [lo, hi) of the structure lie in [cutoff - width, cutoff).

    Args:
        offsets, time: rows of each entity in time order. q_offsets, q_rows: queries of each entity by rising cutoff.
        cutoff: (Q,) int64 microseconds by query. width: (windows,) int64 microseconds.
    """
    for g in range(offsets.size - 1):
        s, e = offsets[g], offsets[g + 1]
        end = s
        for k in range(q_offsets[g], q_offsets[g + 1]):
            q = q_rows[k]
            while end < e and time[end] < cutoff[q]:
                end += 1
            hi[q] = end
        for w in range(width.size):
            start = s
            for k in range(q_offsets[g], q_offsets[g + 1]):
                q = q_rows[k]
                while start < hi[q] and time[start] < cutoff[q] - width[w]:
                    start += 1
                lo[w, q] = start


@kernel
def window_rows(time, lo, hi, cutoff, slots, windows, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (M, wanted) with what times tell: rows, days since the last and the first, mean days between.

    Args:
        time: of the rows. lo (windows, M), hi (M,), cutoff (M,): of the queries in the order of their entities.
        slots, windows: (wanted,) int64 number of what is told, and of its window.
    """
    for p in range(slots.size):
        slot, w = slots[p], windows[p]
        for q in range(hi.size):
            start, end = lo[w, q], hi[q]
            if slot == 0:
                out[q, p] = end - start
            elif end - start < (2 if slot == 3 else 1):
                out[q, p] = np.nan
            elif slot == 1:
                out[q, p] = (cutoff[q] - time[end - 1]) / DAY_US
            elif slot == 2:
                out[q, p] = (cutoff[q] - time[start]) / DAY_US
            else:
                out[q, p] = (time[end - 1] - time[start]) / DAY_US / (end - start - 1)


@kernel
def put_back(place, ordered, out, nobody, to):  # type: ignore[no-untyped-def]
    """Fill ``out[to[k]]`` (Q,) from ``ordered`` (M, wanted): query q is in row ``place[q]``; below 0: ``nobody[k]``.

    Some queries at a time, whole rows of them first, so that memory is read in lines and written in runs.
    """
    wanted = nobody.size
    some = np.empty((TURNED, wanted), out.dtype)
    for block in range(0, place.size, TURNED):
        n = min(TURNED, place.size - block)
        for i in range(n):
            q = place[block + i]
            if q >= 0:
                for p in range(wanted):
                    some[i, p] = ordered[q, p]
            else:
                for p in range(wanted):
                    some[i, p] = nobody[p]
        for p in range(wanted):
            column = out[to[p]]
            for i in range(n):
                column[block + i] = some[i, p]


@kernel
def expand_pairs(rows, lo, hi, first, last, total):  # type: ignore[no-untyped-def]
    """Every (query, row) pair of queries [first, last): for aggregates that no sweep knows.

    Returns:
        queries (total,) int64 and rows (total,) int64.
    """
    queries = np.empty(total, np.int64)
    members = np.empty(total, np.int64)
    k = 0
    for q in range(first, last):
        for i in range(lo[q], hi[q]):
            queries[k] = q
            members[k] = rows[i]
            k += 1
    return queries, members
