"""Simple aggregates of one column over groups without putting its rows in order: one pass, two for a spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel

Array = np.ndarray[Any, Any]

#: What a scatter knows, each with the passes it shares.
SCATTERED = frozenset({"count", "sum", "mean", "min", "max", "first", "last", "variance", "std"})


@kernel
def scatter_known(codes, known, count):  # type: ignore[no-untyped-def]
    """Rows that are ``known`` (n,) bool per group, into ``count`` (groups,) float64 of zeros."""
    for i in range(codes.size):
        c = codes[i]
        if c >= 0 and known[i]:
            count[c] += 1.0


@kernel
def scatter_sum(codes, x, count, total):  # type: ignore[no-untyped-def]
    """Counts and sums of ``x`` (n,) per group, in the order of the rows; ``total`` (groups,) of zeros."""
    for i in range(codes.size):
        c = codes[i]
        v = x[i]
        if c >= 0 and v == v:
            count[c] += 1.0
            total[c] += v


@kernel
def scatter_square(codes, x, mean, square, drift, flat):  # type: ignore[no-untyped-def]
    """Squared distances from the mean, what rounding left of the plain ones, and whether all values are one.

    Args:
        mean: (groups,). square, drift: (groups,) of zeros. flat: (groups,) NaN; becomes inf once values differ.
    """
    for i in range(codes.size):
        c = codes[i]
        v = x[i]
        if c >= 0 and v == v:
            b = v - mean[c]
            drift[c] += b
            square[c] += b * b
            if flat[c] != flat[c]:
                flat[c] = v
            elif flat[c] != v:
                flat[c] = np.inf


@kernel
def scatter_extreme(codes, x, out, sign):  # type: ignore[no-untyped-def]
    """Least (sign 1) or greatest (sign -1) of ``x`` per group, into ``out`` (groups,) of NaN."""
    for i in range(codes.size):
        c = codes[i]
        v = x[i]
        if c >= 0 and v == v:
            b = out[c]
            if not (sign * b <= sign * v):
                out[c] = v


@kernel
def scatter_first(codes, x, out, last):  # type: ignore[no-untyped-def]
    """First, or last, known value of ``x`` per group, into ``out`` (groups,) of NaN."""
    for i in range(codes.size):
        c = codes[i]
        v = x[i]
        if c >= 0 and v == v and (last or out[c] != out[c]):
            out[c] = v


@kernel
def scatter_rows(codes, first, last):  # type: ignore[no-untyped-def]
    """Number of the first and the last row of each group, into (groups,) int32 of -1."""
    for i in range(codes.size):
        c = codes[i]
        if c >= 0:
            if first[c] < 0:
                first[c] = i
            last[c] = i


def scatter(codes: Array, groups: int, x: Array, wanted: frozenset[str] | set[str]) -> dict[str, Array]:
    """Aggregates of one column by name, (groups,) float64 each.

    Args:
        codes: (n,) int32 group of each row, -1 for none. groups: how many. x: (n,) float64, NaN where missing.
        wanted: names of ``SCATTERED``.

    Example:
        >>> made = scatter(np.array([0, 1, 0], np.int32), 2, np.array([1.0, np.nan, 4.0]), {"mean", "min", "count"})
        >>> {k: v.tolist() for k, v in sorted(made.items())}
        {'count': [2.0, 0.0], 'mean': [2.5, nan], 'min': [1.0, nan]}
    """
    x = np.ascontiguousarray(x, np.float64)
    made: dict[str, Array] = {}
    count = np.zeros(groups)
    if wanted & {"sum", "mean", "variance", "std"}:
        total = np.zeros(groups)
        scatter_sum(codes, x, count, total)
        made["sum"] = total
        made["mean"] = np.divide(total, count, out=np.full(groups, np.nan), where=count > 0)
    elif "count" in wanted:
        scatter_known(codes, x == x, count)
    made["count"] = count
    if wanted & {"variance", "std"}:
        square, drift, flat = np.zeros(groups), np.zeros(groups), np.full(groups, np.nan)
        scatter_square(codes, x, made["mean"], square, drift, flat)
        some = count > 1
        spread = np.divide(drift * drift, count, out=np.zeros(groups), where=some)
        made["variance"] = np.divide(square - spread, count - 1, out=np.full(groups, np.nan), where=some)
        made["variance"][some & np.isfinite(flat)] = 0.0
        made["std"] = np.sqrt(made["variance"])
    for name, sign in (("min", 1.0), ("max", -1.0)):
        if name in wanted:
            made[name] = np.full(groups, np.nan)
            scatter_extreme(codes, x, made[name], sign)
    for name in ("first", "last"):
        if name in wanted:
            made[name] = np.full(groups, np.nan)
            scatter_first(codes, x, made[name], name == "last")
    return {name: made[name] for name in wanted}


def known_rows(codes: Array, groups: int, known: Array) -> Array:
    """How many rows of each group are ``known`` (n,) bool: (groups,) float64.

    Example:
        >>> known_rows(np.array([0, 1, 0], np.int32), 2, np.array([True, False, True])).tolist()
        [2.0, 0.0]
    """
    count = np.zeros(groups)
    scatter_known(codes, known, count)
    return count


def end_rows(codes: Array, groups: int) -> tuple[Array, Array]:
    """Number of the first and of the last row of each group, (groups,) int32, -1 for an empty one.

    Example:
        >>> [v.tolist() for v in end_rows(np.array([1, 1, -1], np.int32), 2)]
        [[-1, 0], [-1, 1]]
    """
    first, last = np.full(groups, -1, np.int32), np.full(groups, -1, np.int32)
    scatter_rows(codes, first, last)
    return first, last
