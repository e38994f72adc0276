"""The kernels' equals, written so plainly that one sees they are right."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy import stats

DAY = 86_400_000_000


def aggregates(values: np.ndarray, moments_us: np.ndarray | None = None) -> dict[str, float]:
    """Every aggregate of one group: ``values`` in order, NaN where missing."""
    known = values[~np.isnan(values)]
    n = known.size
    made = {"count": n, "sum": known.sum() if n else 0.0}
    made["first_row"] = values[0] if values.size else np.nan
    made["last_row"] = values[-1] if values.size else np.nan
    made["num_unique"] = float(np.unique(known).size)
    nothing = ("mean", "min", "max", "first", "last", "variance", "std", "skew", "kurtosis", "trend", "median")
    made |= dict.fromkeys((*nothing, "quantile_25", "quantile_75", "mode", "mode_count", "entropy"), np.nan)
    if n == 0:
        return made
    made |= {"mean": known.mean(), "min": known.min(), "max": known.max(), "first": known[0], "last": known[-1]}
    made |= {"median": np.median(known)}
    made |= {"quantile_25": np.quantile(known, 0.25), "quantile_75": np.quantile(known, 0.75)}
    counts = Counter(known.tolist())
    best = max(counts.values())
    made |= {"mode": min(v for v, c in counts.items() if c == best), "mode_count": best}
    shares = np.array(list(counts.values())) / n
    made["entropy"] = max(-(shares * np.log(shares)).sum(), 0.0)
    if n > 1:
        made |= {"variance": known.var(ddof=1), "std": known.std(ddof=1)}
    if known.min() < known.max():
        if n > 2:
            made["skew"] = stats.skew(known, bias=False)
        made["kurtosis"] = stats.kurtosis(known)
    if moments_us is not None:
        days = (moments_us - moments_us[0])[~np.isnan(values)] / DAY
        square = ((days - days.mean()) ** 2).sum()
        if square > 0:
            made["trend"] = ((days - days.mean()) * (known - known.mean())).sum() / square
    return made


def in_window(time: np.ndarray, cutoff: int, width: int) -> np.ndarray:
    """Rows strictly before the cutoff and not before the window."""
    return (time < cutoff) & (time >= cutoff - width)


def moving_average(values: np.ndarray, time: np.ndarray, half_life_days: float) -> float:
    """Weights halve with every half-life that a value lies before the last known one."""
    known = ~np.isnan(values)
    if not known.any():
        return np.nan
    ages = (time[known].max() - time[known]) / DAY
    weights = 0.5 ** (ages / half_life_days)
    return float((weights * values[known]).sum() / weights.sum())
