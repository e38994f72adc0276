"""Fused aggregates of one column over groups: everything that one gather, two passes and one sort can tell."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel
from autoprep.kernels.groups import Groups
from autoprep.kernels.sorting import select_range, sort_range
from autoprep.kernels.threads import shares, together

Array = np.ndarray[Any, Any]

#: Slot of each aggregate in the kernel's output. "first" and "last" are of known values, "first_row" of rows.
SLOTS = {
    name: i
    for i, name in enumerate(
        (
            *("count", "sum", "mean", "min", "max", "first", "last", "first_row", "last_row"),
            *("variance", "std", "skew", "kurtosis", "trend"),
            *("median", "quantile_25", "quantile_75", "num_unique", "mode", "mode_count", "entropy"),
        )
    )
}
MOMENTS = frozenset({"variance", "std", "skew", "kurtosis", "trend"})
#: What needs values in order; the median alone is selected and different values alone are hashed.
SORTED = frozenset({"quantile_25", "quantile_75", "mode", "mode_count", "entropy"})
DAY_US = 86_400_000_000.0


@kernel
def _quantile(a, lo, n, q):  # type: ignore[no-untyped-def]
    """Linear interpolation between order statistics (Hyndman and Fan's type 7) of sorted ``a[lo:lo + n]``."""
    h = (n - 1) * q
    k = int(h)
    if k + 1 >= n:
        return a[lo + n - 1]
    return a[lo + k] + (h - k) * (a[lo + k + 1] - a[lo + k])


@kernel
def _different(v, n, table, stamp, mark):  # type: ignore[no-untyped-def]
    """How many different values ``v[:n]`` holds: a hash table whose stamps spare emptying it."""
    size = 16
    shift = 60
    while size < 2 * n:
        size *= 2
        shift -= 1
    unique = 0
    bits = v.view(np.uint64)
    for i in range(n):
        value = v[i]
        k = np.int64((bits[i] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(shift))
        while stamp[k] == mark and table[k] != value:
            k = (k + 1) & (size - 1)
        if stamp[k] != mark:
            stamp[k] = mark
            table[k] = value
            unique += 1
    return unique


@kernel
def group_aggregate(  # type: ignore[no-untyped-def]
    offsets, rows, time, x, first, last, moments, middle, different, orders, entropy, out
):
    """Fill ``out`` (slots, groups) with aggregates of ``x`` (n,) float64, NaN where missing.

    Args:
        offsets, rows, time: group structure; ``time`` may be empty.
        first, last: groups [first, last) are done. moments: whether to make variance to trend.
        middle: whether to select the median. different: whether to count different values, by hashing.
        orders: whether to sort and make median to mode_count. entropy: whether to make it of the sorted values.
        out: (21, groups) float64; a group without known values has NaN but for its counts.
    """
    longest = 0
    for g in range(first, last):
        longest = max(longest, offsets[g + 1] - offsets[g])
    v = np.empty(longest)
    d = np.empty(longest)
    size = 16
    while size < 2 * longest:
        size *= 2
    table = np.empty(size if different else 0)
    stamp = np.full(size if different else 0, -1, np.int32)
    timed = time.size > 0
    for g in range(first, last):
        s, e = offsets[g], offsets[g + 1]
        n = 0
        total = 0.0
        day_total = 0.0
        low = np.inf
        high = -np.inf
        start = time[s] if timed and e > s else 0
        for q in range(s, e):
            value = x[rows[q]]
            if value == value:
                v[n] = value + 0.0
                total += value
                low = min(low, value)
                high = max(high, value)
                if timed and moments:
                    d[n] = (time[q] - start) / DAY_US
                    day_total += d[n]
                n += 1
        out[0, g] = n
        out[1, g] = total
        out[7, g] = x[rows[s]] if e > s else np.nan
        out[8, g] = x[rows[e - 1]] if e > s else np.nan
        if n == 0:
            for slot in range(1, 21):
                if slot not in (7, 8):
                    out[slot, g] = np.nan
            out[1, g] = 0.0
            out[17, g] = 0.0
            continue
        mean = total / n
        out[2, g] = mean
        out[3, g] = low
        out[4, g] = high
        out[5, g] = v[0]
        out[6, g] = v[n - 1]
        if moments:
            m1 = 0.0
            m2 = 0.0
            m3 = 0.0
            m4 = 0.0
            tt = 0.0
            tv = 0.0
            day_mean = day_total / n
            for i in range(n):
                c = v[i] - mean
                c2 = c * c
                m1 += c
                m2 += c2
                m3 += c2 * c
                m4 += c2 * c2
                if timed:
                    b = d[i] - day_mean
                    tt += b * b
                    tv += b * c
            m2 -= m1 * m1 / n
            flat = low == high
            out[9, g] = (0.0 if flat else m2 / (n - 1)) if n > 1 else np.nan
            out[10, g] = np.sqrt(out[9, g]) if n > 1 else np.nan
            out[11, g] = np.nan
            out[12, g] = np.nan
            if not flat and m2 > 0:
                if n > 2:
                    out[11, g] = np.sqrt(n * (n - 1.0)) / (n - 2.0) * (m3 / n) / (m2 / n) ** 1.5
                out[12, g] = n * m4 / (m2 * m2) - 3.0
            out[13, g] = tv / tt if tt > 0 else np.nan
        if different:
            out[17, g] = _different(v, n, table, stamp, g)
        if middle:
            half = n >> 1
            out[14, g] = select_range(v, 0, n, half)
            if n & 1 == 0:
                below = v[0]
                for i in range(1, half):
                    below = max(below, v[i])
                out[14, g] = 0.5 * (out[14, g] + below)
        if orders:
            sort_range(v, 0, n)
            out[14, g] = v[n >> 1] if n & 1 else 0.5 * (v[n >> 1] + v[(n >> 1) - 1])
            out[15, g] = _quantile(v, 0, n, 0.25)
            out[16, g] = _quantile(v, 0, n, 0.75)
            unique = 0
            best = 0
            mode = v[0]
            spread = 0.0
            run = 1
            for i in range(1, n + 1):
                if i < n and v[i] == v[i - 1]:
                    run += 1
                else:
                    unique += 1
                    if run > best:
                        best = run
                        mode = v[i - 1]
                    if entropy:
                        spread += run * np.log(run)
                    run = 1
            out[17, g] = unique
            out[18, g] = mode
            out[19, g] = best
            if entropy:
                out[20, g] = max(np.log(n) - spread / n, 0.0)


def aggregate(groups: Groups, x: Array, wanted: frozenset[str] | set[str], parts: int = 1) -> dict[str, Array]:
    """Aggregates of one column by name.

    Args:
        groups: shared group structure. x: (n,) float64, NaN where missing. wanted: names of ``SLOTS``.
        parts: into how many ranges of about as many rows the groups are cut, each for a thread.

    Returns:
        Name -> (groups,) float64.

    Example:
        >>> made = aggregate(Groups.build(np.array([0, 0, 1]), 2), np.array([1.0, 4.0, np.nan]), {"mean", "count"})
        >>> {k: v.tolist() for k, v in sorted(made.items())}
        {'count': [2.0, 0.0], 'mean': [2.5, nan]}
    """
    out = np.empty((len(SLOTS), groups.count))
    x = np.ascontiguousarray(x, np.float64)
    sorts = bool(SORTED & wanted)
    settings = (
        bool(MOMENTS & wanted), not sorts and "median" in wanted, not sorts and "num_unique" in wanted, sorts,
        "entropy" in wanted,
    )  # fmt: skip

    def part(first: int, last: int) -> None:
        group_aggregate(groups.offsets, groups.rows, groups.time, x, first, last, *settings, out)

    together([partial(part, *share) for share in shares(groups.offsets, parts)], x.size)
    return {name: out[SLOTS[name]] for name in wanted}
