"""How likely two samples of one source differ this much: exact where counts are small, bounds where they are large."""

from __future__ import annotations

import math

import numpy as np

#: Terms of a tail that are summed; what lies beyond is smaller than what a float can add.
_MOST_TERMS = 20_000


def share_p(a: float, n: float, b: float, m: float) -> float:
    """Chance that ``b`` of ``m`` and ``a`` of ``n`` cases, drawn alike, lie this far apart: both tails, in [0, 1].

    The hypergeometric tail on the side that was seen, doubled (Fisher 1935). Counts may be fractions of rounded rates.

    Example:
        >>> round(share_p(5, 10, 5, 10), 2), share_p(0, 1000, 30, 30) < 1e-50
        (1.0, True)
    """
    n, m = max(round(n), 0), max(round(m), 0)
    a, b = min(max(round(a), 0), n), min(max(round(b), 0), m)
    if not n or not m or a + b in (0, n + m):
        return 1.0
    if b * (n + m) < (a + b) * m:  # fewer than expected: look at the other cases
        a, b = n - a, m - b
    return min(1.0, 2.0 * _upper_tail(int(b), int(m), int(a + b), int(n + m)))


def _upper_tail(b: int, m: int, cases: int, both: int) -> float:
    """P(X >= b) of cases among m drawn from ``both`` of which ``cases`` are."""
    first = (
        _choose(cases, b) + _choose(both - cases, m - b) - _choose(both, m)
        if m - b <= both - cases
        else -math.inf
    )  # fmt: skip
    k = np.arange(b, min(min(m, cases), b + _MOST_TERMS), dtype=np.float64)
    ratios = (cases - k) * (m - k) / ((k + 1) * np.maximum(both - cases - m + k + 1, 1e-300))
    return math.exp(min(0.0, first)) * (1.0 + float(np.cumprod(ratios).sum()))


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def distance_p(distance: float, n: float, m: float) -> float:
    """Bound of the chance that two samples' cumulative shares lie this far apart (Kolmogorov, Smirnov; Massart 1990).

    Example:
        >>> round(distance_p(0.3, 100, 100), 5), distance_p(0.0, 100, 100)
        (0.00025, 1.0)
    """
    return min(1.0, 2.0 * math.exp(-2.0 * distance * distance * n * m / (n + m))) if n and m else 1.0


def chi_squared_p(statistic: float, freedom: int) -> float:
    """Chance that chi-squared of so many degrees of freedom is this large.

    Example:
        >>> round(chi_squared_p(3.841, 1), 3)
        0.05
    """
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic)) if freedom > 0 else 1.0
