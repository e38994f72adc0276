"""Aggregates of tables without time, each column by whichever is cheaper: Polars' group-by or the fused kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np
import polars as pl

from autoprep.primitives import AGGREGATIONS

Backend = Literal["auto", "polars", "kernels"]

#: Measured CPU seconds per million rows of one column in Polars 2.1 (``benchmarks/groupby.py --costs`` measures anew).
POLARS_COST = {
    "count": 0.004, "sum": 0.011, "mean": 0.011, "min": 0.009, "max": 0.009, "first": 0.03, "last": 0.03,
    "first_row": 0.001, "last_row": 0.001, "variance": 0.012, "std": 0.012, "skew": 0.046, "kurtosis": 0.046,
    "trend": 0.61, "median": 0.046, "quantile_25": 0.046, "quantile_75": 0.046, "num_unique": 0.036, "mode": 0.085,
    "entropy": 0.085,
}  # fmt: skip
#: Rows told apart by Polars; by the kernels from whole numbers, and from keys that must be hashed.
POLARS_GROUPS, DENSE_KEYS, HASHED_KEYS = 0.02, 0.006, 0.05
#: The kernels' share per column: a pass in the rows' own order; or one through the groups, and what it is followed by.
PASS, GATHER, MOMENTS, SELECT, HASH, ORDER = 0.003, 0.014, 0.004, 0.011, 0.008, 0.026
_SPREAD = frozenset({"variance", "std", "skew", "kurtosis", "trend"})
_SORTED = frozenset({"quantile_25", "quantile_75", "mode", "entropy"})
_ENDS = frozenset({"first_row", "last_row"})


def kernels_cost(wanted: frozenset[str]) -> float:
    """CPU seconds per million rows of one column, the group structure aside.

    Example:
        >>> kernels_cost(frozenset({"mean"})) < kernels_cost(frozenset({"mean", "median"}))
        True
    """
    from autoprep.kernels.scatter import SCATTERED

    if wanted <= SCATTERED | _ENDS:
        passes = bool(wanted & {"count", "sum", "mean", "variance", "std"}) + bool(wanted & {"variance", "std"})
        return PASS * (passes + len(wanted & {"min", "max", "first", "last"})) + 0.0005
    sorts = bool(wanted & _SORTED)
    cost = GATHER + MOMENTS * bool(wanted & _SPREAD) + ORDER * sorts
    return cost if sorts else cost + SELECT * ("median" in wanted) + HASH * ("num_unique" in wanted)


def choose(columns: Mapping[str, frozenset[str]], backend: Backend = "auto", *, dense: bool = False) -> set[str]:
    """Which columns the kernels take.

    Args:
        columns: column -> kernels that are wanted of it, all known to the kernels.
        backend: "auto" by the measured costs; "polars" (the oracle) or "kernels" for every column.
        dense: whether groups are told apart by one whole number.

    Example:
        >>> choose({"a": frozenset({"mean"})})
        set()
        >>> choose({"a": frozenset({"mean"}), "b": frozenset({"mode", "median", "trend"})}) == {"a", "b"}
        True
        >>> choose({"b": frozenset({"mode"})}, "polars")
        set()
    """
    if backend != "auto":
        return set(columns) if backend == "kernels" else set()
    theirs = {c: sum(POLARS_COST[k] for k in wanted) for c, wanted in columns.items()}
    gains = {c: theirs[c] - kernels_cost(wanted) for c, wanted in columns.items()}
    keys = DENSE_KEYS if dense else HASHED_KEYS
    taken = {c for c, gain in gains.items() if gain > 0}
    # All of it here spares Polars the grouping; a part of it pays for both.
    offers = [
        (set[str](), 0.0),
        (taken, sum(gains[c] for c in taken) - keys + POLARS_GROUPS * (len(taken) == len(gains))),
    ]
    offers.append((set(columns), sum(gains.values()) - keys + POLARS_GROUPS))
    return max(offers, key=lambda offer: offer[1])[0]


def by_kernels(
    codes: np.ndarray, groups: int, columns: Sequence[tuple[pl.Series, pl.Series | None, frozenset[str]]]
) -> list[dict[str, np.ndarray]]:
    """Aggregates per group of each column (values, moments or None, kernels): name -> (groups,) float64.

    Args:
        codes: (n,) int32 group of each row, -1 for none. groups: how many there are.
        columns: moments are given where "trend" is wanted, without nulls.
    """
    from autoprep.kernels.aggregates import aggregate
    from autoprep.kernels.groups import Groups
    from autoprep.kernels.scatter import SCATTERED, end_rows, known_rows, scatter
    from autoprep.kernels.threads import together, usable

    simple = SCATTERED | _ENDS
    ends = dict(zip(("first_row", "last_row"), end_rows(codes, groups), strict=True))
    plain = None if all(wanted <= simple for *_, wanted in columns) else Groups.build(codes, groups)
    timed: dict[int, tuple[Groups, bool]] = {}
    for _, moments, _ in columns:
        if moments is not None and id(moments) not in timed:
            assert plain is not None
            structure = Groups.build(codes, groups, moments.cast(pl.Datetime("us")).dt.timestamp("us").to_numpy())
            timed[id(moments)] = structure, np.array_equal(structure.rows, plain.rows)
    made: list[dict[str, np.ndarray]] = [{} for _ in columns]
    parts = 1 if len(columns) >= usable() else usable()

    def one(at: int) -> None:
        values, moments, wanted = columns[at]
        if wanted <= _ENDS:
            made[at] = {name: _gathered(values, ends[name]) for name in wanted}
            return
        if wanted == {"count"}:
            known = values.is_not_null() & (values.is_not_nan().fill_null(False) if values.dtype.is_float() else True)
            made[at] = {"count": known_rows(codes, groups, known.to_numpy())}
            return
        x = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if wanted <= simple:
            found = scatter(codes, groups, x, wanted - _ENDS)
            made[at] = found | {name: _gathered(values, ends[name]) for name in wanted & _ENDS}
            return
        assert plain is not None
        structure, same = (plain, True) if moments is None else timed[id(moments)]
        rest = wanted if same else wanted & {"trend"}
        made[at] = aggregate(structure, x, rest, parts)
        if wanted - rest:
            made[at] |= aggregate(plain, x, wanted - rest, parts)

    together([partial(one, at) for at in range(len(columns))], codes.size)
    return made


def _gathered(values: pl.Series, rows: np.ndarray) -> np.ndarray:
    """Values at row numbers, NaN where they are missing or the number is -1."""
    found = (
        values.gather(pl.Series(rows).replace(-1, None)) if values.len() else values.extend_constant(None, rows.size)
    )
    out: np.ndarray = found.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return out


def known_to_kernels(name: str, dtype: pl.DataType) -> bool:
    """Whether the fused kernels make an aggregation of a column of this type."""
    kernel = AGGREGATIONS[name].kernel
    return kernel in POLARS_COST and (dtype.is_numeric() or dtype == pl.Boolean)
