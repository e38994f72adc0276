"""How far two profiles of one column lie apart, and how likely that is by chance: numbers by bins, words by counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autoprep.profiling.chance import chi_squared_p, distance_p, share_p

#: Expected cases from which chi-squared's own distribution is trusted far out in its tail.
_MANY = 25.0
#: Share of numbers that two histograms may hold in their outer bins though they lie beyond.
_CLIPPED = 0.002


def numbers_apart(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[float, float]:
    """Least distance of cumulative shares that two histograms leave open, and the bound of its chance.

    Where in a bin the values lie is not known, so each share is known between bounds only; what both samples' bounds
    cannot explain is a difference. Discrete numbers in bins of other edges therefore never look apart.

    Args:
        old: "edges" (k + 1,) and "counts" (k,) of ``numeric.histogram``. new: likewise.

    Example:
        >>> low, high = ({"edges": [0.0, 1.0, 2.0, 3.0], "counts": c} for c in ([90.0, 5.0, 5.0], [5.0, 5.0, 90.0]))
        >>> round(numbers_apart(low, high)[0], 2), numbers_apart(low, low)[0]
        (0.85, 0.0)
    """
    n, m = float(sum(old["counts"])), float(sum(new["counts"]))
    if not n or not m:
        return 0.0, 1.0
    at = np.union1d(old["edges"], new["edges"])
    at = np.union1d(at, (at[1:] + at[:-1]) / 2)
    (least, most), (fewest, largest) = _bounds(old, at), _bounds(new, at)
    apart = max(0.0, float(np.maximum(least - largest, fewest - most).max(initial=0.0)) - _CLIPPED)
    return apart, distance_p(apart, n, m)


def _bounds(histogram: Mapping[str, Any], at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest share of values below each point; the outer bins hold what lies beyond them too."""
    edges = np.asarray(histogram["edges"], dtype=np.float64)
    cumulated = np.cumsum([0.0, *histogram["counts"]])
    total = cumulated[-1]
    if edges.size < 2 or cumulated.size != edges.size or not edges[-1] > edges[0]:  # one value only, but for a few
        return np.where(at > edges[-1], 0.998, 0.0), np.where(at <= edges[0], 0.002, 1.0)
    inner = edges[1:-1]
    below = np.searchsorted(inner, at, side="right")  # inner edges at or below the point
    least = np.where(below > 0, cumulated[below], 0.0)
    above = np.searchsorted(inner, at, side="left")  # inner edges strictly below the point
    most = np.where(above < inner.size, cumulated[np.minimum(above + 1, inner.size + 1)], total)
    return least / total, most / total


def words_apart(
    old: Mapping[str, float], new: Mapping[str, float], n: float, m: float, *, whole: bool, new_whole: bool
) -> tuple[float, float, str | None]:
    """Total variation of two counts of words, the chance of it, and the word whose share rose most.

    Every word is judged exactly, and the least chance times the number of words is the answer; from 25 expected cases
    on, words are judged together by chi-squared besides, and the better of the two counts, doubled.

    Args:
        old: the most frequent words of ``n`` cells. new: those of ``m``.
        whole: whether ``old`` holds every word. new_whole: whether ``new`` does.
    """
    known = [w for w in old if w in new or new_whole]
    a = np.array([float(old[w]) for w in known])
    b = np.array([float(new.get(w, 0.0)) for w in known])
    a, b = np.append(a, max(0.0, n - a.sum())), np.append(b, max(0.0, m - b.sum()))
    if not n or not m or a.size < 2:
        return 0.0, 1.0, None
    apart = float(np.abs(a / n - b / m).sum()) / 2
    pairs = [(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True) if x + y > 0]
    each = min(1.0, min(share_p(x, n, y, m) for x, y in pairs) * len(pairs))
    p = min(1.0, 2.0 * min(each, _together(a, b, n, m)))
    rose = max([*known, *(new if whole else ())], key=lambda w: new.get(w, 0.0) / m - old.get(w, 0.0) / n, default=None)
    return apart, p, rose


def _together(a: np.ndarray, b: np.ndarray, n: float, m: float) -> float:
    """Chi-squared's chance, rare words taken as one."""
    rare = (a + b) * min(n, m) / (n + m) < _MANY
    a, b = (np.append(v[~rare], v[rare].sum()) for v in (a, b))
    if (a[-1] + b[-1]) * min(n, m) / (n + m) < _MANY:
        a, b = a[:-1], b[:-1]
    if a.size < 2:
        return 1.0
    n, m = a.sum(), b.sum()
    chi = float(((a * math.sqrt(m / n) - b * math.sqrt(n / m)) ** 2 / (a + b)).sum()) if n and m else 0.0
    return chi_squared_p(chi, a.size - 1)


def strange(old: Mapping[str, float], new: Mapping[str, float], n: float, m: float) -> tuple[list[str], float, float]:
    """Values that the old sample did not have, their share, and the chance of so many.

    A source's unseen values are expected as often as its values that were seen once (Good 1953).

    Example:
        >>> strange({"a": 500.0, "b": 1.0}, {"a": 29.0, "z": 1.0}, 501, 30)[2] > 0.05
        True
        >>> strange({"a": 500.0}, {"a": 20.0, "z": 10.0}, 500, 30)[2] < 1e-10
        True
    """
    more = [w for w in new if w not in old]
    cases = sum(new[w] for w in more)
    once = sum(1.0 for count in old.values() if count == 1)
    return more, cases / m if m else 0.0, share_p(once, n, cases, m) if cases else 1.0
