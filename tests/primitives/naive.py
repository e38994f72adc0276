"""Aggregations as a person would write them: one Python list in, one value out. ``None`` is a missing value."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

Twin = Callable[..., Any]
DAY = 86_400.0


def runs(values: list, holds: Callable[[Any], bool]) -> int:
    return max((len(list(g)) for held, g in itertools.groupby(values, holds) if held), default=0)


def ranked(x: list) -> list[tuple[Any, int]]:
    return sorted(Counter(x).items(), key=lambda p: (-p[1], p[0]))


def steps(x: list) -> list[float]:
    return [b - a for a, b in itertools.pairwise(x)]


def std(x: list) -> float | None:
    return statistics.stdev(x) if len(x) > 1 else None


def peaks(x: list) -> int:
    flat = [v for v, _ in itertools.groupby(x)]
    return sum(a < b > c for a, b, c in zip(flat, flat[1:], flat[2:], strict=False))


def after_last(x: list[bool], what: bool) -> int:
    """How many values stand after the last one that is not ``what``."""
    return len(list(itertools.takewhile(lambda v: v == what, reversed(x))))


def spread_out(x: list) -> bool:
    return len(set(x)) > 1


NUMBERS: dict[str, Twin] = {
    "COUNT_ABOVE_MEAN": lambda x: sum(v > np.mean(x) for v in x) if x else 0,
    "COUNT_BELOW_MEAN": lambda x: sum(v < np.mean(x) for v in x) if x else 0,
    "COUNT_GREATER_THAN": lambda x: sum(v > 10 for v in x),
    "COUNT_LESS_THAN": lambda x: sum(v < 10 for v in x),
    "COUNT_INSIDE_RANGE": lambda x: sum(0 <= v <= 1 for v in x),
    "COUNT_OUTSIDE_RANGE": lambda x: sum(not 0 <= v <= 1 for v in x),
    "IS_DECREASING": lambda x: float(all(s <= 0 for s in steps(x))) if x else None,
    "IS_INCREASING": lambda x: float(all(s >= 0 for s in steps(x))) if x else None,
    "KURTOSIS": lambda x: float(stats.kurtosis(x)) if spread_out(x) else None,
    "LAST_CHANGE": lambda x: x[-1] - x[-2] if len(x) > 1 else None,
    "LONGEST_ABOVE_MEAN": lambda x: runs(x, lambda v: v > np.mean(x)) if x else 0,
    "LONGEST_BELOW_MEAN": lambda x: runs(x, lambda v: v < np.mean(x)) if x else 0,
    "LONGEST_NEGATIVE": lambda x: runs(x, lambda v: v < 0),
    "LONGEST_POSITIVE": lambda x: runs(x, lambda v: v > 0),
    "LONGEST_ZERO": lambda x: runs(x, lambda v: v == 0),
    "MAX": lambda x: max(x, default=None),
    "MAX_COUNT": lambda x: x.count(max(x)) if x else 0,
    "MEAN": lambda x: math.fsum(x) / len(x) if x else None,
    "MEAN_ABSOLUTE_CHANGE": lambda x: float(np.mean(np.abs(steps(x)))) if len(x) > 1 else None,
    "MEAN_CHANGE": lambda x: float(np.mean(steps(x))) if len(x) > 1 else None,
    "MEDIAN": lambda x: statistics.median(x) if x else None,
    "MEDIAN_COUNT": lambda x: x.count(statistics.median(x)) if x else 0,
    "MIN": lambda x: min(x, default=None),
    "MIN_COUNT": lambda x: x.count(min(x)) if x else 0,
    "PEAKS": peaks,
    "QUANTILE_25": lambda x: float(np.quantile(x, 0.25)) if x else None,
    "QUANTILE_75": lambda x: float(np.quantile(x, 0.75)) if x else None,
    "RANGE": lambda x: max(x) - min(x) if x else None,
    "SKEW": lambda x: float(stats.skew(x, bias=False)) if len(x) > 2 and spread_out(x) else None,
    "STD": std,
    "SUM": math.fsum,
    "VARIANCE": lambda x: statistics.variance(x) if len(x) > 1 else None,
    "ZERO_CROSSINGS": lambda x: sum(np.sign(a) != np.sign(b) for a, b in itertools.pairwise(v for v in x if v)),
}
ANY: dict[str, Twin] = {
    "COUNT": len,
    "ENTROPY": lambda x: -sum(n / len(x) * math.log(n / len(x)) for n in Counter(x).values()) if x else None,
    "FIRST": lambda x: x[0] if x else None,
    "IS_UNIQUE": lambda x: float(len(set(x)) == len(x)) if x else None,
    "LAST": lambda x: x[-1] if x else None,
    "MODE": lambda x: ranked(x)[0][0] if x else None,
    "MODE_SHARE": lambda x: ranked(x)[0][1] / len(x) if x else None,
    "NUM_UNIQUE": lambda x: len(set(x)),
    "N_MOST_COMMON": lambda x: ranked(x)[0][0] if x else None,
    "N_MOST_COMMON_COUNT": lambda x: ranked(x)[0][1] if x else None,
    "ROWS_PER_UNIQUE": lambda x: len(x) / len(set(x)) if x else None,
    "UNIQUE_SHARE": lambda x: len(set(x)) / len(x) if x else None,
}
#: With missing values in their places.
WHOLE: dict[str, Twin] = {
    "FIRST_ROW": lambda x: x[0] if x else None,
    "LAST_ROW": lambda x: x[-1] if x else None,
    "ROWS": len,
}
BOOLEANS: dict[str, Twin] = {
    "ALL": lambda x: float(all(x)) if x else None,
    "ANY": lambda x: float(any(x)) if x else None,
    "FALSE_SINCE_TRUE": lambda x: after_last(x, False),
    "LONGEST_FALSE": lambda x: runs(x, lambda v: not v),
    "LONGEST_TRUE": lambda x: runs(x, bool),
    "NUM_TRUE": sum,
    "SHARE_TRUE": lambda x: sum(x) / len(x) if x else None,
    "TRUE_SINCE_FALSE": lambda x: after_last(x, True),
}


def gaps(x: list) -> list[float]:
    return [(b - a).total_seconds() / DAY for a, b in itertools.pairwise(sorted(x))]


TIMES: dict[str, Twin] = {
    "FIRST_TIME": lambda x: min(x, default=None),
    "MAX_GAP": lambda x: max(gaps(x), default=None),
    "MEAN_GAP": lambda x: statistics.fmean(gaps(x)) if len(x) > 1 else None,
    "STD_GAP": lambda x: std(gaps(x)),
    "TIME_SPAN": lambda x: (max(x) - min(x)).total_seconds() / DAY if x else None,
    "UNIQUE_DAYS": lambda x: len({v.date() for v in x}),
    "UNIQUE_DAYS_OF_MONTH": lambda x: len({v.day for v in x}),
    "UNIQUE_DAYS_OF_YEAR": lambda x: len({(v.month, v.day) for v in x}),
    "UNIQUE_MONTHS": lambda x: len({(v.year, v.month) for v in x}),
    "UNIQUE_WEEKS": lambda x: len({tuple(v.isocalendar())[:2] for v in x}),
}
