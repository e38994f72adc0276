"""Kullback-Leibler divergence of a column from an expected partition, as Great Expectations words and answers it.

A partition is ``{values, weights}`` (categories) or ``{bins, weights, tail_weights}`` (numbers); weights sum to one.
Source: Kullback and Leibler, On Information and Sufficiency (1951); bins by Sturges and by Freedman and Diaconis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from autoprep.errors import SettingError
from autoprep.validation.conditions import Arguments, is_text, members
from autoprep.validation.figures import Figure, Verdict, figure

#: How far weights may be from adding up to one.
TOLERANCE = 1.001e-5
#: A far outlier can ask for millions of bins.
MAX_BINS = 100_000


@figure("column_kl_divergence_to_be_less_than")
def divergence(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> Figure:
    """The column's distribution is no further from the expected one than a threshold (in nats)."""
    expected, threshold = said.get("partition_object"), said.get("threshold")
    tails, inner = said.get("tail_weight_holdout") or 0, said.get("internal_weight_holdout") or 0
    bucketize = said.get("bucketize_data", True)
    if threshold is not None and (not isinstance(threshold, int | float) or threshold < 0):
        raise SettingError("Threshold must be specified, greater than or equal to zero.")
    for name, share in (("tail_weight_holdout", tails), ("internal_weight_holdout", inner)):
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise SettingError(f"{name} must be between zero and one.")
    is_categorical = _is_categorical(expected) if expected is not None else not bucketize
    if expected is not None and not is_categorical and not _is_continuous(expected):
        raise SettingError("Invalid partition object.")
    if tails and "tail_weights" in (expected or {}):
        raise SettingError("tail_weight_holdout must be 0 when using tail_weights in partition object")
    if is_categorical:
        if inner:
            raise SettingError("Internal weight holdout cannot be used for discrete data.")
        return _discrete(cell, dtype, expected, tails, threshold)
    if expected is not None and not bucketize:
        raise SettingError("KL divergence of a continuous partition needs bucketize_data")
    if isinstance(dtype, pl.Boolean):
        return _binned(cell.cast(pl.Int8), expected, tails, inner, threshold)
    if not dtype.is_numeric():
        return _without_numbers(cell, dtype, expected, tails, inner, threshold)
    return _binned(cell, expected, tails, inner, threshold)


def _sums_to_one(weights: Sequence[float]) -> bool:
    return abs(sum(weights) - 1) <= TOLERANCE


def _is_categorical(partition: Mapping[str, Any]) -> bool:
    if "weights" not in partition or "values" not in partition:
        return False
    return len(partition["values"]) == len(partition["weights"]) and _sums_to_one(partition["weights"])


def _is_continuous(partition: Mapping[str, Any]) -> bool:
    if "weights" not in partition or "bins" not in partition:
        return False
    bins, tails = list(partition["bins"]), list(partition.get("tail_weights") or ())
    grows = all(low < high for low, high in pairwise(bins))
    fits = len(bins) == len(partition["weights"]) + 1 and (not tails or len(tails) == 2)
    return fits and grows and _sums_to_one([*partition["weights"], *tails])


def _judged(divergence: float, threshold: float | None, observed: Any, expected: Any) -> Verdict:
    held = threshold is None or divergence <= threshold
    result = {
        "observed_value": divergence if math.isfinite(divergence) else None,
        "details": {"observed_partition": observed, "expected_partition": expected},
    }
    return Verdict(bool(held), result)


def relative_entropy(observed: Sequence[float], expected: Sequence[float]) -> float:
    """Kullback-Leibler divergence of two lists of weights, in nats; each is scaled to sum to one first.

    Example:
        >>> round(relative_entropy([1, 1], [3, 1]), 4), relative_entropy([1, 0], [0, 1])
        (0.1438, inf)
    """
    here, there = math.fsum(observed), math.fsum(expected)
    if not here or not there:
        return math.nan
    total = 0.0
    for p, q in zip(observed, expected, strict=True):
        p, q = p / here, q / there
        if p > 0 and q > 0:
            total += p * math.log(p / q)
        elif p != 0 or q < 0:
            return math.inf
    return total


# ------------------------------------------------------------------ categories


def _discrete(
    cell: pl.Expr, dtype: pl.DataType, expected: Mapping[str, Any] | None, holdout: float, threshold: float | None
) -> Figure:
    known = (cell.cast(pl.String) if is_text(dtype) else cell).drop_nulls()
    counted = known.value_counts(name="count").struct.rename_fields(["value", "count"]).implode()

    def judge(got: Mapping[str, Any]) -> Verdict:
        counts = {row["value"]: row["count"] for row in got["counts"]}
        if expected is None and not counts:
            raise SettingError("Invalid partition object.")
        seen = {value: counts[value] / got["known"] for value in sorted(counts)}
        wanted = seen if expected is None else _weights(expected, dtype)
        new = [value for value in seen if value not in wanted]
        values = sorted([*wanted, *new]) if dtype.is_temporal() and seen else [*wanted, *new]
        pk = [seen.get(value, 0.0) for value in values]
        scale = 1 - holdout if new else 1
        qk = [wanted[value] * scale if value in wanted else holdout / len(new) for value in values]
        made = relative_entropy(pk, qk)
        return _judged(made, threshold, {"values": values, "weights": pk}, {"values": values, "weights": qk})

    return Figure({"counts": counted, "known": cell.count()}, judge)


def _weights(expected: Mapping[str, Any], dtype: pl.DataType) -> dict[Any, float]:
    """Expected weights by value, in the column's own values where it can hold them."""
    weights = {}
    for value, weight in zip(expected["values"], expected["weights"], strict=True):
        held = members([value], dtype)
        weights[held[0] if held.len() else value] = weight
    return weights


# ------------------------------------------------------------------ numbers


@dataclass(frozen=True)
class _Histogram:
    """What was counted: shares per bin, and below and above all bins."""

    bins: list[float]
    shares: list[float]
    below: float
    above: float


def _binned(
    cell: pl.Expr, expected: Mapping[str, Any] | None, tails: float, inner: float, threshold: float | None
) -> Figure:
    if expected is None:
        return Figure({"values": cell.drop_nulls().implode()}, lambda got: _against_itself(got["values"], threshold))
    bins = list(expected["bins"])
    inside = [
        ((cell >= low) & ((cell <= high) if i == len(bins) - 2 else (cell < high))).sum()
        for i, (low, high) in enumerate(pairwise(bins))
    ]
    asked = {f"bin{i}": made for i, made in enumerate(inside)}
    asked |= {"below": (cell < bins[0]).sum(), "above": (cell > bins[-1]).sum(), "known": cell.count()}

    def judge(got: Mapping[str, Any]) -> Verdict:
        known = got["known"]
        shares = [_share(got[f"bin{i}"], known) for i in range(len(inside))]
        seen = _Histogram(bins, shares, _share(got["below"], known), _share(got["above"], known))
        return _compared(seen, expected, tails, inner, threshold)

    return Figure(asked, judge)


def _without_numbers(
    cell: pl.Expr,
    dtype: pl.DataType,
    expected: Mapping[str, Any] | None,
    tails: float,
    inner: float,
    threshold: float | None,
) -> Figure:
    def judge(got: Mapping[str, Any]) -> Verdict:
        if got["known"] or expected is None:
            raise SettingError(f"a column of {dtype} has no bins of numbers")
        bins = list(expected["bins"])
        empty = _Histogram(bins, [math.nan] * (len(bins) - 1), math.nan, math.nan)
        return _compared(empty, expected, tails, inner, threshold)

    return Figure({"known": cell.count()}, judge)


def _share(count: int, known: int) -> float:
    return count / known if known else math.nan


def _against_itself(values: Sequence[float], threshold: float | None) -> Verdict:
    """Without an expected partition the column is compared with its own histogram, which is what is wanted of it."""
    import numpy as np

    known = np.asarray(values, dtype=np.float64)
    if not known.size:
        raise SettingError("a column without values has no histogram")
    ordered = np.sort(known)
    at = [ordered[round((known.size - 1) * q)] for q in (0.0, 0.25, 0.75, 1.0)]
    spread, count = at[2] - at[1], math.ceil(math.log2(known.size + 1))
    if spread >= 1e-10:
        count = max(count, math.ceil((at[3] - at[0]) / (2 * spread / known.size ** (1 / 3))))
    if count > MAX_BINS:
        raise SettingError(f"the column would need {count:,} bins of its own", hint="give bins as partition_object")
    bins = np.linspace(at[0], at[3], count + 1).tolist()
    counted, _ = np.histogram(known, bins)
    shares = (counted / known.size).tolist()
    rest = (1 - sum(shares)) / 2
    expected = {"bins": bins, "weights": shares, "tail_weights": [rest, rest]}
    if not _is_continuous(expected):
        raise SettingError("Invalid partition object.")
    return _compared(_Histogram(bins, shares, 0.0, 0.0), expected, 0, 0, threshold)


def _compared(
    seen: _Histogram, expected: Mapping[str, Any], tails: float, inner: float, threshold: float | None
) -> Verdict:
    weights = [weight * (1 - tails - inner) for weight in expected["weights"]]
    zeros = weights.count(0)
    if inner and zeros:
        weights = [weight or inner / zeros for weight in weights]
    low_open, high_open = seen.bins[0] == -math.inf, seen.bins[-1] == math.inf
    if (low_open or high_open) and "tail_weights" in expected:
        raise SettingError("There can be no tail weights for partitions with one or both endpoints at infinity")
    if low_open and high_open and tails:
        raise SettingError("tail_weight_holdout cannot be used for partitions with infinite endpoints.")
    given = expected.get("tail_weights")
    each = tails if low_open or high_open else tails / 2
    tail_low, tail_high = given or (each, each)
    observed, wanted = list(seen.shares), list(weights)
    first, last = int(low_open), len(observed) - int(high_open)
    observed_tails = [observed[0] if low_open else seen.below, observed[-1] if high_open else seen.above]
    wanted_tails = [wanted[0] if low_open else tail_low, wanted[-1] if high_open else tail_high]
    bins = seen.bins[first : len(seen.bins) - int(high_open)]
    observed, wanted = observed[first:last], wanted[first:last]
    made = relative_entropy(
        [observed_tails[0], *observed, observed_tails[1]], [wanted_tails[0], *wanted, wanted_tails[1]]
    )
    return _judged(
        made,
        threshold,
        {"bins": bins, "weights": observed, "tail_weights": observed_tails},
        {"bins": bins, "weights": wanted, "tail_weights": wanted_tails},
    )
