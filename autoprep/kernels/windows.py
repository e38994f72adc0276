"""Point-in-time aggregates: for each (entity, cutoff) the rows strictly before the cutoff, over several windows.

Rows are in time order within their entity, and so are the queries. Sums come from prefix sums that are centred per
entity (by the median of its first seven values) and compensated (two-sum, Knuth); where a variance would still cancel
it is computed anew from the rows. Extremes come from monotonic deques, one per window, where windows overlap much, and
from the rows themselves where they do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel
from autoprep.kernels.queries import DAY_US

Array = np.ndarray[Any, Any]

SLOTS = {
    name: i
    for i, name in enumerate(
        ("count", "sum", "mean", "variance", "std", "min", "max", "first", "last", "trend", "ewma")
    )
}
#: Windows of one entity are read row by row while they hold together at most so many times its rows.
PLAIN = 8


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
def _extremes(v, start, end):  # type: ignore[no-untyped-def]
    """Least and greatest known value of rows [start, end): infinite when there is none; a comparison skips NaN."""
    low = np.inf
    high = -np.inf
    i = start
    if end - start >= 8:
        a = b = c = np.inf
        d = e = f = -np.inf
        while i + 3 <= end:
            x, y, z = v[i], v[i + 1], v[i + 2]
            a = x if x < a else a
            b = y if y < b else b
            c = z if z < c else c
            d = x if x > d else d
            e = y if y > e else e
            f = z if z > f else f
            i += 3
        low = min(a, min(b, c))
        high = max(d, max(e, f))
    while i < end:
        x = v[i]
        low = x if x < low else low
        high = x if x > high else high
        i += 1
    return low, high


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
    # Sum, its rest, sum of squares, its rest; known values, last known one, where its run began: one line each.
    sums = np.zeros((longest + 1, 4))
    marks = np.zeros((longest + 1, 3), np.int32)
    slopes = np.zeros((longest + 1 if trends else 1, 6))
    after = np.empty(longest + 1 if firsts else 1, np.int32)
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
        marks[0, 1] = -1
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
            marks[i + 1, 0] = known
            marks[i + 1, 1] = past
            marks[i + 1, 2] = run
            sums[i + 1, 0] = s1
            sums[i + 1, 1] = r1
            sums[i + 1, 2] = s2
            sums[i + 1, 3] = r2
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
            # A window that holds all of the past needs no deque: its extremes are those so far. Windows that hardly
            # overlap are read row by row, without the branches of a deque.
            whole = lo[w, q_offsets[g + 1] - 1] == s
            visited = 0
            if (least or most) and not whole:
                for q in range(q_offsets[g], q_offsets[g + 1]):
                    visited += hi[q] - lo[w, q]
            plain = visited <= PLAIN * n
            for q in range(q_offsets[g], q_offsets[g + 1]):
                end = hi[q] - s
                start = lo[w, q] - s
                low = high = np.nan
                if whole:
                    if least:
                        low = lowest[end]
                    if most:
                        high = highest[end]
                elif plain and (least or most):
                    low, high = _extremes(v, start, end)
                elif least or most:
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
                    if least and low_first < low_end:
                        low = v[lows[low_first]]
                    if most and high_first < high_end:
                        high = v[highs[high_first]]
                c = marks[end, 0] - marks[start, 0]
                found[0] = c
                if c == 0:
                    found[1] = 0.0
                    for slot in range(2, 11):
                        found[slot] = np.nan
                else:
                    s1 = (sums[end, 0] - sums[start, 0]) + (sums[end, 1] - sums[start, 1])
                    found[1] = s1 + c * centre
                    found[2] = centre + s1 / c
                    if firsts:
                        found[7] = v[after[start]]
                    found[8] = v[marks[end, 1]]
                    if half_life > 0:
                        t, b = decayed[0, end], decayed[1, end]
                        if marks[start, 1] >= 0:
                            age = (time[s + marks[end, 1]] - time[s + marks[start, 1]]) / DAY_US
                            t -= decayed[0, start] * 0.5 ** (age / half_life)
                            b -= decayed[1, start] * 0.5 ** (age / half_life)
                        found[10] = centre + t / b
                    found[5] = low
                    found[6] = high
                    if moments:
                        spread = np.nan
                        if c > 1:
                            square = 0.0
                            # Known values before the last run of equal ones began: does the run fill the window?
                            if marks[end, 2] > marks[start, 0]:
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
                    out[q, p] = found[slots[p]]


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
