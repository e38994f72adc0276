"""Point-in-time aggregates: for each (entity, cutoff) the rows strictly before the cutoff, over several windows.

Rows are in time order within their entity, and so are the queries. Bounds of windows are found in one sweep and
shared by all columns. Sums come from prefix sums that are centred per entity and compensated (two-sum, Knuth); where a
variance would still cancel it is computed anew from the rows. Extremes come from monotonic deques, one per window.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel
from autoprep.kernels.groups import Groups

Array = np.ndarray[Any, Any]

SLOTS = {
    name: i
    for i, name in enumerate(
        ("count", "sum", "mean", "variance", "std", "min", "max", "first", "last", "trend", "ewma")
    )
}
DAY_US = 86_400_000_000.0
EVER = np.int64(1) << 62


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
def _plus(total, rest, value):  # type: ignore[no-untyped-def]
    """Compensated addition: the new total and what rounding left."""
    t = total + value
    b = t - total
    return t, rest + ((total - (t - b)) + (value - b))


@kernel
def _spread_anew(v, start, end, centre, mean):  # type: ignore[no-untyped-def]
    """Sum of squared distances from the mean, in two passes over the window's rows."""
    square = 0.0
    drift = 0.0
    known = 0
    for i in range(start, end):
        if v[i] == v[i]:
            b = (v[i] - centre) - mean
            square += b * b
            drift += b
            known += 1
    return square - drift * drift / known


@kernel
def window_aggregate(  # type: ignore[no-untyped-def]
    offsets, rows, time, q_offsets, q_rows, lo, hi, x, moments, extremes, trends, half_life, slots, out
):
    """Fill ``out`` (slots, windows, Q) with aggregates of ``x`` (n,) float64, NaN where missing.

    Args:
        slots: (k,) int64 numbers of the wanted aggregates.
        moments: whether variance and std are wanted. extremes: min and max. trends: slopes per day.
        half_life: of the moving average, in days; 0 when it is not wanted.
    """
    groups = offsets.size - 1
    windows = lo.shape[0]
    longest = 0
    for g in range(groups):
        if q_offsets[g + 1] > q_offsets[g]:
            longest = max(longest, offsets[g + 1] - offsets[g])
    v = np.empty(longest)
    day = np.empty(longest)
    count = np.zeros(longest + 1, np.int32)
    sums = np.zeros((10, longest + 1))
    before = np.empty(longest + 1, np.int32)
    after = np.empty(longest + 1, np.int32)
    average = np.empty(longest + 1)
    lows = np.empty((windows, longest), np.int32)
    highs = np.empty((windows, longest), np.int32)
    ends = np.zeros((4, windows), np.int64)
    found = np.full(11, np.nan)
    for g in range(groups):
        if q_offsets[g + 1] == q_offsets[g]:
            continue
        s = offsets[g]
        n = offsets[g + 1] - s
        total = 0.0
        known = 0
        day_total = 0.0
        for i in range(n):
            v[i] = x[rows[s + i]]
            if v[i] == v[i]:
                total += v[i]
                known += 1
                if trends:
                    day[i] = (time[s + i] - time[s]) / DAY_US
                    day_total += day[i]
        centre = total / known if known else 0.0
        middle = day_total / known if known else 0.0
        if not np.isfinite(centre):
            centre = 0.0
        before[0] = -1
        top = 0.0
        weight = 0.0
        average[0] = np.nan
        past = -1
        for i in range(n):
            count[i + 1] = count[i]
            before[i + 1] = before[i]
            average[i + 1] = average[i]
            for k in range(10 if trends else 4):
                sums[k, i + 1] = sums[k, i]
            if v[i] == v[i]:
                c = v[i] - centre
                count[i + 1] += 1
                before[i + 1] = i
                sums[0, i + 1], sums[1, i + 1] = _plus(sums[0, i], sums[1, i], c)
                if moments:
                    sums[2, i + 1], sums[3, i + 1] = _plus(sums[2, i], sums[3, i], c * c)
                if trends:
                    b = day[i] - middle
                    sums[4, i + 1], sums[5, i + 1] = _plus(sums[4, i], sums[5, i], b)
                    sums[6, i + 1], sums[7, i + 1] = _plus(sums[6, i], sums[7, i], b * b)
                    sums[8, i + 1], sums[9, i + 1] = _plus(sums[8, i], sums[9, i], b * c)
                if half_life > 0:
                    decay = 0.5 ** ((time[s + i] - time[s + past]) / DAY_US / half_life) if past >= 0 else 1.0
                    top = top * decay + c
                    weight = weight * decay + 1.0
                    average[i + 1] = centre + top / weight
                    past = i
        following = n
        for i in range(n - 1, -1, -1):
            if v[i] == v[i]:
                following = i
            after[i] = following
        after[n] = n
        ends[:] = 0
        pushed = 0
        for k in range(q_offsets[g], q_offsets[g + 1]):
            q = q_rows[k]
            end = hi[q] - s
            while pushed < end:
                if extremes and v[pushed] == v[pushed]:
                    value = v[pushed]
                    for w in range(windows):
                        a = ends[1, w]
                        while a > ends[0, w] and v[lows[w, a - 1]] >= value:
                            a -= 1
                        lows[w, a] = pushed
                        ends[1, w] = a + 1
                        a = ends[3, w]
                        while a > ends[2, w] and v[highs[w, a - 1]] <= value:
                            a -= 1
                        highs[w, a] = pushed
                        ends[3, w] = a + 1
                pushed += 1
            for w in range(windows):
                start = lo[w, q] - s
                c = count[end] - count[start]
                s1 = (sums[0, end] - sums[0, start]) + (sums[1, end] - sums[1, start])
                found[0] = c
                found[1] = s1 + c * centre
                if c == 0:
                    found[1] = 0.0
                    for slot in range(2, 11):
                        found[slot] = np.nan
                else:
                    found[2] = centre + s1 / c
                    found[7] = v[after[start]]
                    found[8] = v[before[end]]
                    found[10] = average[end]
                if c > 0 and extremes:
                    while ends[0, w] < ends[1, w] and lows[w, ends[0, w]] < start:
                        ends[0, w] += 1
                    while ends[2, w] < ends[3, w] and highs[w, ends[2, w]] < start:
                        ends[2, w] += 1
                    found[5] = v[lows[w, ends[0, w]]]
                    found[6] = v[highs[w, ends[2, w]]]
                if c > 0 and moments:
                    spread = np.nan
                    if c > 1:
                        s2 = (sums[2, end] - sums[2, start]) + (sums[3, end] - sums[3, start])
                        square = s2 - s1 * s1 / c
                        if square < 1e-5 * s2:
                            square = _spread_anew(v, start, end, centre, s1 / c)
                        spread = max(square, 0.0) / (c - 1)
                    found[3] = spread
                    found[4] = np.sqrt(spread)
                if c > 0 and trends:
                    st = (sums[4, end] - sums[4, start]) + (sums[5, end] - sums[5, start])
                    tt = (sums[6, end] - sums[6, start]) + (sums[7, end] - sums[7, start])
                    tv = (sums[8, end] - sums[8, start]) + (sums[9, end] - sums[9, start])
                    base = tt
                    tt -= st * st / c
                    tv -= st * s1 / c
                    if tt < 1e-4 * base or abs(tv) < 1e-4 * abs(st * s1 / c):
                        mean, mid = s1 / c, st / c
                        tt = 0.0
                        tv = 0.0
                        for i in range(start, end):
                            if v[i] == v[i]:
                                b = (day[i] - middle) - mid
                                tt += b * b
                                tv += b * ((v[i] - centre) - mean)
                    found[9] = tv / tt if c > 1 and tt > 1e-20 else np.nan
                for p in range(slots.size):
                    out[p, w, q] = found[slots[p]]


@kernel
def window_codes(offsets, rows, q_offsets, q_rows, lo, hi, codes, levels, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (2, windows, Q) with the number of different codes and their entropy (nats).

    Args:
        codes: (n,) int32 in [0, levels), or -1 where missing. Rows enter and leave each window once.
    """
    counts = np.zeros(levels, np.int32)
    for w in range(lo.shape[0]):
        for g in range(offsets.size - 1):
            unique = 0
            total = 0
            spread = 0.0
            start = end = offsets[g]
            for k in range(q_offsets[g], q_offsets[g + 1]):
                q = q_rows[k]
                while end < hi[q]:
                    c = codes[rows[end]]
                    if c >= 0:
                        b = counts[c]
                        if b == 0:
                            unique += 1
                        else:
                            spread -= b * np.log(b)
                        counts[c] = b + 1
                        spread += (b + 1) * np.log(b + 1)
                        total += 1
                    end += 1
                while start < lo[w, q]:
                    c = codes[rows[start]]
                    if c >= 0:
                        b = counts[c]
                        counts[c] = b - 1
                        spread -= b * np.log(b)
                        if b > 1:
                            spread += (b - 1) * np.log(b - 1)
                        else:
                            unique -= 1
                        total -= 1
                    start += 1
                out[0, w, q] = unique
                out[1, w, q] = max(np.log(total) - spread / total, 0.0) if total > 0 and unique > 1 else 0.0
                if total == 0:
                    out[1, w, q] = np.nan
            for i in range(start, end):
                c = codes[rows[i]]
                if c >= 0:
                    counts[c] = 0


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


class Sweep:
    """Queries laid over a timed group structure: bounds found once, columns aggregated at will.

    Args:
        groups: entities with their rows in time order.
        entity: (Q,) int32 entity of each query, -1 for one that no row belongs to.
        cutoff: (Q,) int64 microseconds; rows strictly before it count.
        widths: (windows,) int64 microseconds; ``EVER`` for all of the past.

    Example:
        >>> groups = Groups.build(np.zeros(3, np.int32), 1, np.array([10, 20, 30]))
        >>> sweep = Sweep(groups, np.array([0], np.int32), np.array([30]), np.array([EVER, 5]))
        >>> sweep.aggregate(np.array([1.0, 2.0, 4.0]), {"sum", "max"})["sum"].tolist()
        [[3.0], [0.0]]
    """

    def __init__(self, groups: Groups, entity: Array, cutoff: Array, widths: Array) -> None:
        self.groups = groups
        self.cutoff = np.ascontiguousarray(cutoff, np.int64)
        self.widths = np.ascontiguousarray(widths, np.int64)
        self.queries = Groups.build(entity, groups.count, self.cutoff)
        self.hi = np.zeros(entity.size, np.int32)
        self.lo = np.zeros((self.widths.size, entity.size), np.int32)
        window_bounds(
            groups.offsets,
            groups.time,
            self.queries.offsets,
            self.queries.rows,
            self.cutoff,
            self.widths,
            self.lo,
            self.hi,
        )

    def rows(self) -> dict[str, Array]:
        """What the rows' times tell, (windows, Q) float64: "rows", days "since_last" and "since_first", "mean_gap"."""
        number = (self.hi[None, :] - self.lo).astype(float)
        some = number > 0
        stamps = self.groups.time if self.groups.time.size else np.zeros(1, np.int64)
        last = stamps[np.where(some, self.hi[None, :] - 1, 0)]
        first = stamps[np.where(some, self.lo, 0)]
        cut = self.cutoff[None, :]
        gaps = np.maximum(number - 1, 1)
        return {
            "rows": number,
            "since_last": np.where(some, (cut - last) / DAY_US, np.nan),
            "since_first": np.where(some, (cut - first) / DAY_US, np.nan),
            "mean_gap": np.where(number > 1, (last - first) / DAY_US / gaps, np.nan),
        }

    def aggregate(self, x: Array, wanted: frozenset[str] | set[str], half_life: float = 0.0) -> dict[str, Array]:
        """Aggregates of one column, name of ``SLOTS`` -> (windows, Q) float64."""
        names = sorted(wanted, key=SLOTS.__getitem__)
        slots = np.array([SLOTS[name] for name in names], np.int64)
        out = np.empty((slots.size, self.widths.size, self.hi.size))
        window_aggregate(
            self.groups.offsets, self.groups.rows, self.groups.time, self.queries.offsets, self.queries.rows,
            self.lo, self.hi, np.ascontiguousarray(x, np.float64), bool({"variance", "std"} & wanted),
            bool({"min", "max"} & wanted), "trend" in wanted, half_life if "ewma" in wanted else 0.0, slots, out,
        )  # fmt: skip
        if self.queries.rows.size < self.hi.size:
            nobody = np.ones(self.hi.size, bool)
            nobody[self.queries.rows] = False
            for p, slot in enumerate(slots):
                out[p][:, nobody] = 0.0 if slot < 2 else np.nan
        return dict(zip(names, out, strict=True))

    def codes(self, codes: Array, levels: int) -> dict[str, Array]:
        """Of a column of codes (n,) int32: "num_unique" and "entropy", (windows, Q) float64."""
        out = np.zeros((2, self.widths.size, self.hi.size))
        out[1] = np.nan
        window_codes(
            self.groups.offsets, self.groups.rows, self.queries.offsets, self.queries.rows, self.lo, self.hi,
            np.ascontiguousarray(codes, np.int32), max(levels, 1), out,
        )  # fmt: skip
        return {"num_unique": out[0], "entropy": out[1]}
