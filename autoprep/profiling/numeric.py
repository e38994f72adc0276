"""Figures of numbers: moments, quantiles, spikes, sentinels; over values with counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
QUANTILES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}
#: Numbers that people write for "missing".
SENTINELS = (
    *(-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, -999999.0, -9998.0, -998.0, -88.0, -888.0, -8888.0, -77.0),
    *(99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 99999999.0, 999999999.0, 99.9, 999.9, 9999.9, 99.99, 999.99),
    *(9999.99, -999.9, -99.9, -999.25, 888.0, 8888.0, 998.0, 997.0, 98.0, 97.0, 1e20, -1e20, 1e30, -1e30),
    *(-32768.0, 32767.0, 65535.0, 2147483647.0, -2147483648.0, 4294967295.0, -1.7976931348623157e308),
)


#: Columns longer than this are described by a sample of ``THIN`` values beside exact moments, extremes and counts.
LARGE, THIN = 200_000, 100_000
#: Cells that are summed at a time.
_BLOCK = 16_384


_SENTINELS = np.array(sorted(SENTINELS))


@dataclass
class Numbers:
    """Distinct finite numbers in order, with counts.

    Attributes:
        values: distinct, ascending.
        counts: times each occurs.
        nan: NaN cells.
        infinite: infinite cells.
        whole: the column itself (no nulls, no NaN), when values and counts stand for a sample of it.
    """

    values: Floats
    counts: Floats
    nan: float = 0.0
    infinite: float = 0.0
    whole: pl.Series | None = None

    @property
    def n(self) -> float:
        """Finite numbers."""
        return float(self.counts.sum())


def gather(values: npt.ArrayLike, counts: npt.ArrayLike | None = None) -> Numbers:
    """Sort numbers and count equal ones.

    Example:
        >>> found = gather([3.0, 1.0, 3.0, float("nan")])
        >>> found.values.tolist(), found.counts.tolist(), found.nan
        ([1.0, 3.0], [1.0, 2.0], 1.0)
    """
    x = np.asarray(values, dtype=np.float64)
    w = None if counts is None else np.asarray(counts, dtype=np.float64)
    finite = np.isfinite(x)
    nan = infinite = 0.0
    if not finite.all():
        bad = np.isnan(x)
        weight = np.ones(x.size) if w is None else w
        nan, infinite = float(weight[bad].sum()), float(weight[~finite & ~bad].sum())
        x, w = x[finite], None if w is None else w[finite]
    if w is None:
        x = np.sort(x)
        starts = np.flatnonzero(np.concatenate(([True], x[1:] != x[:-1]))) if x.size else np.zeros(0, np.int64)
        return Numbers(x[starts], np.diff(np.append(starts, x.size)).astype(np.float64), nan, infinite)
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    starts = np.flatnonzero(np.concatenate(([True], x[1:] != x[:-1]))) if x.size else np.zeros(0, np.int64)
    return Numbers(x[starts], np.add.reduceat(w, starts) if x.size else w, nan, infinite)


def thinned(column: pl.Series, most: int = THIN) -> pl.Series:
    """At most that many cells, drawn with a fixed seed, in their order."""
    if column.len() <= max(most, LARGE):
        return column
    return column.gather(_rows(column.len(), most))


@lru_cache(maxsize=4)
def _rows(among: int, most: int) -> pl.Series:
    rows = np.random.default_rng(0).choice(among, most, replace=False)
    rows.sort()
    return pl.Series(rows)


def describe(column: pl.Series) -> tuple[Numbers, int]:
    """Numbers of a typed column without nulls, and its distinct values (estimated where they are many).

    Up to ``LARGE`` cells, and for any number of cells with few distinct values, values and counts are exact. Else they
    are a sample, scaled up, in which the known sentinels and both ends have their exact counts.

    Example:
        >>> found, distinct = describe(pl.Series([2.0, 1.0, 2.0]))
        >>> found.values.tolist(), found.counts.tolist(), distinct
        ([1.0, 2.0], [1.0, 2.0], 2)
    """
    n = column.len()
    if n <= LARGE:
        found = gather(column.cast(pl.Float64).to_numpy())
        return found, found.values.size
    distinct = int(column.to_frame().select(pl.all().approx_n_unique()).item())
    if distinct <= THIN // 5:
        counts = column.alias("v").value_counts(name="c")
        found = gather(counts["v"].cast(pl.Float64).to_numpy(), counts["c"].to_numpy())
        return found, found.values.size
    nan = infinite = 0
    whole = column
    if column.dtype.is_float():
        nan = int(column.is_nan().sum())
        infinite = int(column.is_infinite().sum())
        whole = column.filter(column.is_finite()) if nan or infinite else column
    elif distinct > 0.9 * n:
        distinct = column.n_unique()
    numbers = whole.cast(pl.Float64)
    ends = (numbers.min(), numbers.max())
    part = thinned(numbers).to_numpy()
    low, high = (e if isinstance(e, float) else 0.0 for e in ends)
    exact = np.unique([low, high, *(v for v in SENTINELS if low <= v <= high)])
    known = numbers.filter(numbers.is_in(exact.tolist())).to_numpy()
    part = part[~np.isin(part, exact)]
    found = gather(part)
    rare = gather(known)
    scale = (numbers.len() - known.size) / max(1, part.size)
    at = np.searchsorted(found.values, rare.values)
    found.values = np.insert(found.values, at, rare.values)
    found.counts = np.insert(found.counts * scale, at, rare.counts)
    found.nan, found.infinite, found.whole = float(nan), float(infinite), numbers
    return found, distinct


def exact_moments(column: pl.Series, without: Sequence[float] = ()) -> list[float]:
    """As ``moments``, of a typed column without nulls and NaN, in two passes.

    Example:
        >>> [round(m, 6) for m in exact_moments(pl.Series([1.0, 2.0, 3.0, -999.0]), [-999.0])]
        [3.0, 2.0, 2.0, 0.0, 2.0]
    """
    x = column.cast(pl.Float64)
    if len(without):
        x = x.filter(~x.is_in(list(without)))
    if not x.len():
        return [0.0] * 5
    values = x.to_numpy()
    mean = float(values.mean())
    sums = np.zeros((-(-values.size // _BLOCK), 3))
    for i in range(len(sums)):  # blocks that stay in the cache: no array as long as the column is made
        d = values[i * _BLOCK : (i + 1) * _BLOCK] - mean
        d2 = d * d
        sums[i] = d2.sum(), (d2 * d).sum(), (d2 * d2).sum()
    return [float(values.size), mean, *(float(v) for v in sums.sum(axis=0))]


def moments(numbers: Numbers) -> list[float]:
    """Count, mean and the sums of the second to fourth powers of deviations, computed about the mean.

    Example:
        >>> [round(m, 6) for m in moments(gather([1.0, 2.0, 3.0]))]
        [3.0, 2.0, 2.0, 0.0, 2.0]
    """
    x, c, n = numbers.values, numbers.counts, numbers.n
    if not n:
        return [0.0] * 5
    with np.errstate(over="ignore", invalid="ignore"):
        scale = float(np.abs(x).max()) or 1.0
        mean = float(np.dot(x / scale, c) / n) * scale
        d = x - mean
        d2 = d * d
        return [n, mean, float(np.dot(d2, c)), float(np.dot(d2 * d, c)), float(np.dot(d2 * d2, c))]


def merge_moments(a: list[float], b: list[float]) -> list[float]:
    """Moments of the union (Chan, Golub and LeVeque 1979; Pébay 2008).

    Example:
        >>> both = merge_moments(moments(gather([1.0, 2.0])), moments(gather([3.0])))
        >>> [round(m, 6) for m in both]
        [3.0, 2.0, 2.0, 0.0, 2.0]
    """
    na, ma, a2, a3, a4 = a
    nb, mb, b2, b3, b4 = b
    if not na or not nb:
        return list(b if not na else a)
    n, d = na + nb, mb - ma
    mean = ma + d * nb / n
    m2 = a2 + b2 + d * d * na * nb / n
    m3 = a3 + b3 + d**3 * na * nb * (na - nb) / n**2 + 3 * d * (na * b2 - nb * a2) / n
    m4 = a4 + b4 + d**4 * na * nb * (na * na - na * nb + nb * nb) / n**3
    m4 += 6 * d * d * (na * na * b2 + nb * nb * a2) / n**2 + 4 * d * (na * b3 - nb * a3) / n
    return [n, mean, m2, m3, m4]


def shape_of(m: list[float]) -> dict[str, float | None]:
    """Mean, std (n - 1), skewness and excess kurtosis (population) of moments.

    Example:
        >>> shape_of([3.0, 2.0, 2.0, 0.0, 2.0])["std"]
        1.0
    """
    n, mean, m2, m3, m4 = m
    if not n:
        return {"mean": None, "std": None, "skew": None, "kurtosis": None}
    flat = m2 <= 1e-24 * max(1.0, mean * mean) * n or not np.isfinite(m2)
    with np.errstate(all="ignore"):  # of huge numbers: the powers overflow to infinity, which _finite says as None
        m2, m3, m4 = np.float64(m2), np.float64(m3), np.float64(m4)
        return {
            "mean": mean,
            "std": float(np.sqrt(m2 / (n - 1))) if n > 1 and np.isfinite(m2) else None,
            "skew": None if flat else _finite(np.sqrt(n) * m3 / m2**1.5),
            "kurtosis": None if flat else _finite(n * m4 / (m2 * m2) - 3),
        }


def _finite(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None


def quantiles(numbers: Numbers) -> dict[str, float | None]:
    """Quantiles by the lower of the two neighbours' cumulated counts, averaged at ties (type 2).

    Example:
        >>> quantiles(gather([1.0, 2.0, 3.0, 4.0]))["median"]
        2.5
    """
    if not numbers.n:
        return dict.fromkeys(QUANTILES)
    cumulated = np.cumsum(numbers.counts)
    at = np.array(list(QUANTILES.values())) * numbers.n
    last = numbers.values.size - 1
    low = np.minimum(np.searchsorted(cumulated, at - 1e-9, side="left"), last)
    high = np.minimum(np.searchsorted(cumulated, at + 1e-9, side="left"), last)
    return {k: float(v) for k, v in zip(QUANTILES, (numbers.values[low] + numbers.values[high]) / 2, strict=True)}


def marked(values: Floats, wanted: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which of some ascending, distinct values are among those wanted: ``np.isin`` for few of those.

    Example:
        >>> import numpy as np
        >>> marked(np.array([1.0, 2.0, 5.0]), [5.0, 7.0, 1.0]).tolist()
        [True, False, True]
    """
    some = np.asarray(wanted, dtype=np.float64)
    found = np.zeros(values.size, dtype=bool)
    if values.size:
        at = np.minimum(np.searchsorted(values, some), values.size - 1)
        found[at[values[at] == some]] = True
    return found


def sentinels(numbers: Numbers, whole: bool) -> tuple[dict[float, float], dict[float, float]]:
    """Numbers that stand for "missing", and other isolated spikes at an end; value -> cells.

    A known sentinel counts when it stands apart from the other values: a gap of its own kind, or -1, -99, -999 as the
    only negative among many values. A spike is the largest or smallest value, isolated and far more frequent than its
    neighbours. The values that stay must be many, or nothing is said.

    Example:
        >>> import numpy as np
        >>> x = np.r_[np.arange(60.0), np.arange(60.0), [-999.0] * 9]
        >>> sentinels(gather(x), True)[0]
        {-999.0: 9.0}
        >>> sentinels(gather(np.arange(100.0)), True)[0]
        {}
    """
    found: dict[float, float] = {}
    x, c = numbers.values, numbers.counts
    if x.size < 6:
        return {}, {}
    known = marked(x, _SENTINELS)
    keep = np.ones(x.size, dtype=bool)
    for i in np.flatnonzero(known):
        rest = ~known
        others, weight = x[rest], c[rest]
        if others.size < 5 or not _apart(float(x[i]), float(c[i]), others, weight, numbers.n, whole):
            continue
        found[float(x[i])] = float(c[i])
        keep[i] = False
    spikes: dict[float, float] = {}
    left, count = x[keep], c[keep]
    if left.size >= 30:
        for end, step in ((left.size - 1, -1), (0, 1)):
            value, times = float(left[end]), float(count[end])
            body = left[1:] if end == 0 else left[:-1]
            gap, span = abs(value - left[end + step]), float(body[-1] - body[0])
            near = count[end + step * np.arange(1, 11)]
            far = gap > 0.15 * span and span > 0
            heavy = times >= max(5.0, 0.002 * numbers.n) and times >= 10 * float(near.max())
            if far and heavy and value != 0:
                spikes[value] = times
    return found, spikes


def _apart(value: float, times: float, others: Floats, weight: Floats, n: float, whole: bool) -> bool:
    low, high = float(others[0]), float(others[-1])
    middle, total = float(np.median(others)), float(weight.sum())
    spread = float(np.subtract(*np.percentile(others, [75, 25]))) or abs(middle) or 1.0
    if value < 0:
        if low < 0:
            return value < low - 1.0 * (high - low) and times >= 2
        if value == -1.0:
            return others.size >= 5 and times >= max(3.0, 0.003 * n)
        if value <= -99 and times >= max(3.0, 0.003 * n):
            return True  # however wide the others spread, as money does: none is negative but this one, time and again
        return value < low - 0.25 * spread and (times >= 2 or value <= -99)
    if high >= value:
        return False
    gap = value - high
    many = times >= max(3.0, 0.0005 * n)
    bulk = float(others[min(others.size - 1, int(np.searchsorted(np.cumsum(weight), 0.99 * total)))])
    if value < 100:
        return (
            whole
            and times >= max(5.0, 0.003 * n)
            and gap >= max(10.0, 0.5 * (high - low))
            and times >= 3 * weight[-5:].max()
        )
    if value < 1000:
        return many and gap >= 0.6 * (high - low) and times >= 2 * float(weight[-5:].max())
    return many and (gap >= 0.4 * (high - low) or value > 2 * high) and value > 3 * max(bulk, 1.0)


def outlier_rate(numbers: Numbers, q: dict[str, float | None]) -> float:
    """Share beyond three interquartile ranges from the quartiles; on a log scale when positive and skewed.

    Example:
        >>> import numpy as np
        >>> found = gather(np.r_[np.arange(100.0), [1e6]])
        >>> round(outlier_rate(found, quantiles(found)), 4)
        0.0099
    """
    low, high, middle = q["q25"], q["q75"], q["median"]
    if not numbers.n or low is None or high is None or middle is None or high <= low:
        return 0.0
    x = numbers.values
    if x[0] > 0 and (high - middle) > 1.5 * (middle - low):
        x, low, high = np.log(x), float(np.log(low)), float(np.log(high))
    reach = 3 * (high - low)
    return float(numbers.counts[(x < low - reach) | (x > high + reach)].sum() / numbers.n)


def scale_jump_rate(numbers: Numbers) -> float:
    """Share of positive numbers whose bulk-sized twin is a power of ten (100 or more) away, across an empty stretch.

    Example:
        >>> import numpy as np
        >>> round(scale_jump_rate(gather(np.r_[np.linspace(5, 8, 40), np.linspace(5000, 8000, 4)])), 3)
        0.091
    """
    inside = numbers.values > 0
    x, c = np.log10(numbers.values[inside]), numbers.counts[inside]
    if x.size < 20:
        return 0.0
    gaps = np.diff(x)
    wide = int(np.argmax(gaps))
    if gaps[wide] < 1.3:
        return 0.0
    left, right = float(c[: wide + 1].sum()), float(c[wide + 1 :].sum())
    small, big = (
        (slice(0, wide + 1), slice(wide + 1, None)) if left < right else (slice(wide + 1, None), slice(0, wide + 1))
    )
    if x[small].size < 3 or x[big].size < 10 or np.ptp(x[big]) > 1.5:
        return 0.0
    jump = abs(float(np.average(x[small], weights=c[small])) - float(np.average(x[big], weights=c[big])))
    return min(left, right) / numbers.n if abs(jump - round(jump)) < 0.25 and round(jump) >= 2 else 0.0


def histogram(numbers: Numbers, bins: int = 32) -> dict[str, list[float]]:
    """Counts in equal bins between the 0.1% and 99.9% quantiles; the ends hold what lies beyond.

    Example:
        >>> histogram(gather([1.0, 2.0, 2.0, 3.0]), bins=2)["counts"]
        [1.0, 3.0]
    """
    if not numbers.n:
        return {"edges": [], "counts": []}
    cumulated = np.cumsum(numbers.counts) / numbers.n
    at = np.minimum(np.searchsorted(cumulated, [0.001, 0.999]), numbers.values.size - 1)
    low, high = (float(v) for v in numbers.values[at])
    if not high > low or not np.isfinite(high - low):
        return {"edges": [low, high], "counts": [numbers.n]}
    edges = np.linspace(low, high, min(bins, max(1, numbers.values.size)) + 1)
    at = np.searchsorted(np.clip(numbers.values, low, high), edges)  # as ``np.histogram``, of values in order
    at[-1] = numbers.values.size
    counts = np.diff(np.concatenate(([0.0], numbers.counts.cumsum()))[at])
    return {"edges": edges.tolist(), "counts": counts.tolist()}
