"""Point-in-time aggregates: for each (entity, cutoff) the rows strictly before the cutoff, over several windows.

Rows are in time order within their entity, and so are the queries. Bounds of windows are found in one sweep and
shared by all columns. Sums come from prefix sums that are centred per entity and compensated (two-sum, Knuth); where a
variance would still cancel it is computed anew from the rows. Extremes come from monotonic deques, one per window.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel

Array = np.ndarray[Any, Any]

SLOTS = {
    name: i
    for i, name in enumerate(
        ("count", "sum", "mean", "variance", "std", "min", "max", "first", "last", "trend", "ewma")
    )
}
TIME_SLOTS = {"rows": 0, "since_last": 1, "since_first": 2, "mean_gap": 3}
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
    offsets, rows, time, q_offsets, lo, hi, x, moments, least, most, trends, half_life, slots, spans, out
):
    """Fill ``out`` (wanted, M) with aggregates of ``x`` (n,) float64, NaN where missing.

    Args:
        q_offsets: queries of each entity, by rising cutoff; ``lo`` (windows, M), ``hi`` (M,), ``out`` in that order.
        slots: (wanted,) int64 numbers of the aggregates, those of one window next to each other.
        spans: (windows + 1,) int64: window ``w`` has ``slots[spans[w]:spans[w + 1]]``.
        moments: whether variance and std are wanted. least: min. most: max. trends: slopes per day.
        half_life: of the moving average, in days; 0 when it is not wanted.
    """
    groups = offsets.size - 1
    windows = lo.shape[0]
    longest = 0
    for g in range(groups):
        if q_offsets[g + 1] > q_offsets[g]:
            longest = max(longest, offsets[g + 1] - offsets[g])
    v = np.empty(longest)
    day = np.empty(longest if trends else 0)
    count = np.zeros(longest + 1, np.int32)
    sums = np.zeros((longest + 1, 4))
    slopes = np.zeros((longest + 1 if trends else 1, 6))
    before = np.empty(longest + 1, np.int32)
    after = np.empty(longest + 1, np.int32)
    same = np.zeros(longest + 1, np.int32)
    average = np.empty(longest + 1)
    lows = np.empty(longest if least else 0, np.int32)
    highs = np.empty(longest if most else 0, np.int32)
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
        same[0] = 0
        top = 0.0
        weight = 0.0
        average[0] = np.nan
        past = -1
        for i in range(n):
            count[i + 1] = count[i]
            before[i + 1] = before[i]
            same[i + 1] = same[i]
            average[i + 1] = average[i]
            for k in range(4):
                sums[i + 1, k] = sums[i, k]
            if trends:
                for k in range(6):
                    slopes[i + 1, k] = slopes[i, k]
            if v[i] == v[i]:
                c = v[i] - centre
                count[i + 1] += 1
                before[i + 1] = i
                if before[i] < 0 or v[before[i]] != v[i]:
                    same[i + 1] = i
                sums[i + 1, 0], sums[i + 1, 1] = _plus(sums[i, 0], sums[i, 1], c)
                if moments:
                    sums[i + 1, 2], sums[i + 1, 3] = _plus(sums[i, 2], sums[i, 3], c * c)
                if trends:
                    b = day[i] - middle
                    slopes[i + 1, 0], slopes[i + 1, 1] = _plus(slopes[i, 0], slopes[i, 1], b)
                    slopes[i + 1, 2], slopes[i + 1, 3] = _plus(slopes[i, 2], slopes[i, 3], b * b)
                    slopes[i + 1, 4], slopes[i + 1, 5] = _plus(slopes[i, 4], slopes[i, 5], b * c)
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
        for w in range(windows):
            if spans[w] == spans[w + 1]:
                continue
            low_first = low_end = high_first = high_end = 0
            pushed = 0
            for q in range(q_offsets[g], q_offsets[g + 1]):
                end = hi[q] - s
                start = lo[w, q] - s
                if least or most:
                    pushed = max(pushed, start)
                    while pushed < end:
                        value = v[pushed]
                        if value == value:
                            if least:
                                while low_end > low_first and v[lows[low_end - 1]] >= value:
                                    low_end -= 1
                                lows[low_end] = pushed
                                low_end += 1
                            if most:
                                while high_end > high_first and v[highs[high_end - 1]] <= value:
                                    high_end -= 1
                                highs[high_end] = pushed
                                high_end += 1
                        pushed += 1
                    while low_first < low_end and lows[low_first] < start:
                        low_first += 1
                    while high_first < high_end and highs[high_first] < start:
                        high_first += 1
                c = count[end] - count[start]
                found[0] = c
                if c == 0:
                    found[1] = 0.0
                    for slot in range(2, 11):
                        found[slot] = np.nan
                else:
                    s1 = (sums[end, 0] - sums[start, 0]) + (sums[end, 1] - sums[start, 1])
                    found[1] = s1 + c * centre
                    found[2] = centre + s1 / c
                    found[7] = v[after[start]]
                    found[8] = v[before[end]]
                    found[10] = average[end]
                    if least:
                        found[5] = v[lows[low_first]]
                    if most:
                        found[6] = v[highs[high_first]]
                    if moments:
                        spread = np.nan
                        if c > 1:
                            square = 0.0
                            if same[end] > after[start]:
                                s2 = (sums[end, 2] - sums[start, 2]) + (sums[end, 3] - sums[start, 3])
                                square = s2 - s1 * s1 / c
                                if square < 1e-5 * s2:
                                    square = _spread_anew(v, start, end, centre, s1 / c)
                            spread = max(square, 0.0) / (c - 1)
                        found[3] = spread
                        found[4] = np.sqrt(spread)
                    if trends:
                        st = (slopes[end, 0] - slopes[start, 0]) + (slopes[end, 1] - slopes[start, 1])
                        tt = (slopes[end, 2] - slopes[start, 2]) + (slopes[end, 3] - slopes[start, 3])
                        tv = (slopes[end, 4] - slopes[start, 4]) + (slopes[end, 5] - slopes[start, 5])
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
                for p in range(spans[w], spans[w + 1]):
                    out[p, q] = found[slots[p]]


@kernel
def window_rows(time, lo, hi, cutoff, slots, windows, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (wanted, M) with what times tell: rows, days since the last and the first, mean days between.

    Args:
        time: of the rows. lo (windows, M), hi (M,), cutoff (M,): of the queries in the order of their entities.
        slots, windows: (wanted,) int64 number of what is told, and of its window.
    """
    for p in range(slots.size):
        slot, w = slots[p], windows[p]
        for q in range(hi.size):
            start, end = lo[w, q], hi[q]
            if slot == 0:
                out[p, q] = end - start
            elif end - start < (2 if slot == 3 else 1):
                out[p, q] = np.nan
            elif slot == 1:
                out[p, q] = (cutoff[q] - time[end - 1]) / DAY_US
            elif slot == 2:
                out[p, q] = (cutoff[q] - time[start]) / DAY_US
            else:
                out[p, q] = (time[end - 1] - time[start]) / DAY_US / (end - start - 1)


@kernel
def put_back(place, ordered, out, nobody, to):  # type: ignore[no-untyped-def]
    """Fill ``out[to[k]]`` (Q,) from ``ordered[k]`` (M,): query q is at ``place[q]``; below 0: ``nobody[k]``."""
    for p in range(out.shape[0]):
        for q in range(place.size):
            out[to[p], q] = ordered[p, place[q]] if place[q] >= 0 else nobody[p]


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
