"""Aggregates of tables without time, each column by whichever is cheaper: Polars' group-by or the fused kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import polars as pl

from autoprep.primitives import AGGREGATIONS

Backend = Literal["auto", "polars", "kernels"]

#: Measured CPU seconds per million rows of one column in Polars 2.1 (``benchmarks/groupby.py`` measures them anew).
POLARS_COST = {
    "count": 0.004, "sum": 0.011, "mean": 0.011, "min": 0.009, "max": 0.009, "first": 0.03, "last": 0.03,
    "first_row": 0.003, "last_row": 0.003, "variance": 0.012, "std": 0.012, "skew": 0.046, "kurtosis": 0.046,
    "trend": 0.61, "median": 0.046, "quantile_25": 0.046, "quantile_75": 0.046, "num_unique": 0.036, "mode": 0.085,
    "entropy": 0.085,
}  # fmt: skip
#: The kernels' share: group structure once, then per column one gather, a second pass, one sort.
STRUCTURE, GATHER, MOMENTS, ORDER = 0.05, 0.014, 0.004, 0.026
_SPREAD = frozenset({"variance", "std", "skew", "kurtosis", "trend"})
_SORTED = frozenset({"median", "quantile_25", "quantile_75", "num_unique", "mode", "entropy"})


def kernels_cost(wanted: frozenset[str]) -> float:
    """CPU seconds per million rows of one column, the group structure aside.

    Example:
        >>> kernels_cost(frozenset({"mean"})) < kernels_cost(frozenset({"mean", "median"}))
        True
    """
    return GATHER + MOMENTS * bool(wanted & _SPREAD) + ORDER * bool(wanted & _SORTED)


def choose(columns: Mapping[str, frozenset[str]], backend: Backend = "auto") -> set[str]:
    """Which columns the kernels take.

    Args:
        columns: column -> kernels that are wanted of it, all known to the kernels.
        backend: "auto" by the measured costs; "polars" (the oracle) or "kernels" for every column.

    Example:
        >>> choose({"a": frozenset({"mean"}), "b": frozenset({"mode", "median", "trend"})})
        {'b'}
        >>> choose({"b": frozenset({"mode"})}, "polars")
        set()
    """
    if backend != "auto":
        return set(columns) if backend == "kernels" else set()
    gains = {c: sum(POLARS_COST[k] for k in wanted) - kernels_cost(wanted) for c, wanted in columns.items()}
    taken = {c for c, gain in gains.items() if gain > 0}
    return taken if sum(gains[c] for c in taken) > STRUCTURE else set()


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

    plain = Groups.build(codes, groups)
    timed: dict[int, tuple[Groups, bool]] = {}
    made = []
    for values, moments, wanted in columns:
        x = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if moments is None:
            made.append(aggregate(plain, x, wanted))
            continue
        if id(moments) not in timed:
            structure = Groups.build(codes, groups, moments.cast(pl.Datetime("us")).dt.timestamp("us").to_numpy())
            timed[id(moments)] = structure, np.array_equal(structure.rows, plain.rows)
        structure, same = timed[id(moments)]
        if same:
            made.append(aggregate(structure, x, wanted))
        else:
            rest = wanted - {"trend"}
            made.append(aggregate(structure, x, {"trend"}) | (aggregate(plain, x, rest) if rest else {}))
    return made


def known_to_kernels(name: str, dtype: pl.DataType) -> bool:
    """Whether the fused kernels make an aggregation of a column of this type."""
    kernel = AGGREGATIONS[name].kernel
    return kernel in POLARS_COST and (dtype.is_numeric() or dtype == pl.Boolean)
