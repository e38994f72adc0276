"""Fused aggregates of one column over groups: everything that one gather, two passes and one sort can tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel
from autoprep.kernels.groups import Groups
from autoprep.kernels.sorting import sort_range

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
ORDERS = frozenset({"median", "quantile_25", "quantile_75", "num_unique", "mode", "mode_count", "entropy"})
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
def group_aggregate(offsets, rows, time, x, moments, orders, shares, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (slots, groups) with aggregates of ``x`` (n,) float64, NaN where missing.

    Args:
        offsets, rows, time: group structure; ``time`` may be empty.
        moments: whether to make variance to trend. orders: whether to sort and make median to
            mode_count. shares: whether to make entropy from the sorted values.
        out: (21, groups) float64; a group without known values has NaN but for its counts.
    """
    groups = offsets.size - 1
    longest = 0
    for g in range(groups):
        longest = max(longest, offsets[g + 1] - offsets[g])
    v = np.empty(longest)
    d = np.empty(longest)
    timed = time.size > 0
    for g in range(groups):
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
                v[n] = value
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
                    if shares:
                        spread += run * np.log(run)
                    run = 1
            out[17, g] = unique
            out[18, g] = mode
            out[19, g] = best
            if shares:
                out[20, g] = max(np.log(n) - spread / n, 0.0)


def aggregate(groups: Groups, x: Array, wanted: frozenset[str] | set[str]) -> dict[str, Array]:
    """Aggregates of one column by name.

    Args:
        groups: shared group structure. x: (n,) float64, NaN where missing. wanted: names of ``SLOTS``.

    Returns:
        Name -> (groups,) float64.

    Example:
        >>> made = aggregate(Groups.build(np.array([0, 0, 1]), 2), np.array([1.0, 4.0, np.nan]), {"mean", "count"})
        >>> {k: v.tolist() for k, v in sorted(made.items())}
        {'count': [2.0, 0.0], 'mean': [2.5, nan]}
    """
    out = np.empty((len(SLOTS), groups.count))
    moments, orders = bool(MOMENTS & wanted), bool(ORDERS & wanted)
    group_aggregate(
        groups.offsets,
        groups.rows,
        groups.time,
        np.ascontiguousarray(x, np.float64),
        moments,
        orders,
        "entropy" in wanted,
        out,
    )
    return {name: out[SLOTS[name]] for name in wanted}
