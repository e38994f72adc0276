"""Point-in-time aggregates: for each (entity, cutoff) the rows strictly before the cutoff, over several windows.

Rows are in time order within their entity, and so are the queries. Bounds of windows are found in one sweep and
shared by all columns. Sums come from prefix sums that are centred per entity (by the median of its first seven values)
and compensated (two-sum, Knuth); where a variance would still cancel it is computed anew from the rows. Extremes come
from monotonic deques, one per window.
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
    offsets,
    rows,
    time,
    q_offsets,
    lo,
    hi,
    x,
    first,
    last,
    moments,
    least,
    most,
    firsts,
    trends,
    half_life,
    slots,
    spans,
    out,
):
    """Fill ``out`` (M, wanted) with aggregates of ``x`` (n,) float64, NaN where missing.

    Args:
        q_offsets: queries of each entity, by rising cutoff; ``lo`` (windows, M), ``hi`` (M,), ``out`` in that order.
        first, last: entities [first, last) are done.
        slots: (wanted,) int64 numbers of the aggregates, those of one window next to each other.
        spans: (windows + 1,) int64: window ``w`` has ``slots[spans[w]:spans[w + 1]]``.
        moments: whether variance and std are wanted. least: min. most: max. firsts: the first known value.
        trends: slopes per day. half_life: of the moving average, in days; 0 when it is not wanted.
    """
    windows = lo.shape[0]
    longest = 0
    for g in range(first, last):
        if q_offsets[g + 1] > q_offsets[g]:
            longest = max(longest, hi[q_offsets[g + 1] - 1] - offsets[g])
    v = np.empty(longest + 1)
    day = np.empty(longest if trends else 0)
    count = np.zeros(longest + 1, np.int32)
    sums = np.zeros((2, longest + 1))
    squares = np.zeros((2, longest + 1 if moments else 1))
    slopes = np.zeros((longest + 1 if trends else 1, 6))
    before = np.empty(longest + 1, np.int32)
    after = np.empty(longest + 1 if firsts else 1, np.int32)
    same = np.zeros(longest + 1, np.int32)
    decayed = np.zeros((2, longest + 1 if half_life > 0 else 1))
    lows = np.empty(longest if least else 0, np.int32)
    highs = np.empty(longest if most else 0, np.int32)
    lowest = np.empty(longest + 1 if least else 0)
    highest = np.empty(longest + 1 if most else 0)
    found = np.full(11, np.nan)
    few = np.empty(7)
    for g in range(first, last):
        if q_offsets[g + 1] == q_offsets[g]:
            continue
        s = offsets[g]
        # Rows that no cutoff of the entity comes after are never read.
        n = hi[q_offsets[g + 1] - 1] - s
        size = offsets[g + 1] - s
        for i in range(n):
            v[i] = x[rows[s + i]]
        # What is subtracted before summing depends on the entity alone, so that one query gets what many get.
        known = 0
        for i in range(size):
            value = x[rows[s + i]]
            if value == value:
                j = known - 1
                while j >= 0 and few[j] > value:
                    few[j + 1] = few[j]
                    j -= 1
                few[j + 1] = value
                known += 1
                if known == few.size:
                    break
        centre = few[known >> 1] if known else 0.0
        if not np.isfinite(centre):
            centre = 0.0
        middle = 0.0
        if trends:
            for i in range(size):
                days = (time[s + i] - time[s]) / DAY_US
                middle += days / size
                if i < n:
                    day[i] = days
        before[0] = -1
        same[0] = 0
        top = 0.0
        weight = 0.0
        past = -1
        run = 0
        known = 0
        s1 = r1 = s2 = r2 = 0.0
        low = np.inf
        high = -np.inf
        for i in range(n):
            value = v[i]
            if value == value:
                c = value - centre
                known += 1
                if past < 0 or v[past] != value:
                    run = known - 1
                s1, r1 = _plus(s1, r1, c)
                if moments:
                    s2, r2 = _plus(s2, r2, c * c)
                if least:
                    low = min(low, value)
                if most:
                    high = max(high, value)
                if half_life > 0:
                    decay = 0.5 ** ((time[s + i] - time[s + past]) / DAY_US / half_life) if past >= 0 else 1.0
                    top = top * decay + c
                    weight = weight * decay + 1.0
                past = i
            count[i + 1] = known
            before[i + 1] = past
            same[i + 1] = run
            sums[0, i + 1] = s1
            sums[1, i + 1] = r1
            if moments:
                squares[0, i + 1] = s2
                squares[1, i + 1] = r2
            if least:
                lowest[i + 1] = low
            if most:
                highest[i + 1] = high
            if half_life > 0:
                decayed[0, i + 1] = top
                decayed[1, i + 1] = weight
            if trends:
                for k in range(6):
                    slopes[i + 1, k] = slopes[i, k]
                if value == value:
                    b = day[i] - middle
                    slopes[i + 1, 0], slopes[i + 1, 1] = _plus(slopes[i, 0], slopes[i, 1], b)
                    slopes[i + 1, 2], slopes[i + 1, 3] = _plus(slopes[i, 2], slopes[i, 3], b * b)
                    slopes[i + 1, 4], slopes[i + 1, 5] = _plus(slopes[i, 4], slopes[i, 5], b * c)
        if firsts:
            following = n
            for i in range(n - 1, -1, -1):
                if v[i] == v[i]:
                    following = i
                after[i] = following
        for w in range(windows):
            if spans[w] == spans[w + 1]:
                continue
            low_first = low_end = high_first = high_end = 0
            pushed = 0
            # A window that holds all of the past needs no deque: its extremes are those so far.
            whole = lo[w, q_offsets[g + 1] - 1] == s
            for q in range(q_offsets[g], q_offsets[g + 1]):
                end = hi[q] - s
                start = lo[w, q] - s
                if (least or most) and not whole:
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
                    s1 = (sums[0, end] - sums[0, start]) + (sums[1, end] - sums[1, start])
                    found[1] = s1 + c * centre
                    found[2] = centre + s1 / c
                    if firsts:
                        found[7] = v[after[start]]
                    found[8] = v[before[end]]
                    if half_life > 0:
                        t, b = decayed[0, end], decayed[1, end]
                        if before[start] >= 0:
                            age = (time[s + before[end]] - time[s + before[start]]) / DAY_US
                            t -= decayed[0, start] * 0.5 ** (age / half_life)
                            b -= decayed[1, start] * 0.5 ** (age / half_life)
                        found[10] = centre + t / b
                    if least:
                        found[5] = lowest[end] if whole else v[lows[low_first]]
                    if most:
                        found[6] = highest[end] if whole else v[highs[high_first]]
                    if moments:
                        spread = np.nan
                        if c > 1:
                            square = 0.0
                            # Known values before the last run of equal ones began: does the run fill the window?
                            if same[end] > count[start]:
                                s2 = (squares[0, end] - squares[0, start]) + (squares[1, end] - squares[1, start])
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
                    out[q, p] = found[slots[p]]


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

    Sixteen queries at a time, so that what is read and what is written stays in the nearest cache.
    """
    for block in range(0, place.size, 16):
        end = min(block + 16, place.size)
        for p in range(out.shape[0]):
            for q in range(block, end):
                out[to[p], q] = ordered[place[q], p] if place[q] >= 0 else nobody[p]


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
