"""The features every model should be offered: values as they are, dates in parts, texts by their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl

from autoprep.synthesis.encodings import Array
from autoprep.synthesis.steps import Computed, Keep, Levels, MissingCount, Seconds, Step
from autoprep.types import ColumnSpec

MOST_LEVELS = 64
DATE_PARTS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "WEEKDAY", "DAY_OF_YEAR", "EPOCH_DAYS")
TIME_PARTS = ("HOUR", "MINUTE_OF_DAY")
TEXT_PARTS = ("LENGTH", "WORDS", "DIGITS", "UPPER_CASE_SHARE", "PUNCTUATION")
DROPPED = frozenset({"identifier", "constant", "excluded", "target"})


def specs_of(frame: pl.DataFrame) -> list[ColumnSpec]:
    """Columns described by their Polars types alone, when nothing better is known.

    Example:
        >>> [s.role for s in specs_of(pl.DataFrame({"a": [1.0], "b": ["x"]}))]
        ['number', 'category']
    """
    made = []
    for name, dtype in frame.schema.items():
        kind, role = "text", "category"
        if dtype.is_numeric():
            kind = role = "number"
        elif dtype == pl.Boolean:
            kind = role = "boolean"
        elif dtype == pl.Date:
            kind = role = "date"
        elif isinstance(dtype, pl.Datetime):
            kind = role = "datetime"
        elif isinstance(dtype, pl.Duration) or dtype == pl.Time:
            kind, role = ("time" if dtype == pl.Time else "duration"), "duration"
        else:
            text = frame[name].cast(pl.String)
            long = text.str.count_matches(r"\s").mean()
            if isinstance(long, float) and long > 3 and text.n_unique() > 0.5 * frame.height:
                role = "text"
        made.append(ColumnSpec(name, name, kind, role))
    return made


def steps_of(spec: ColumnSpec, column: pl.Series) -> list[Step]:
    """The basic steps of one column."""
    name, role, dtype = spec.name, spec.role, column.dtype
    if role in DROPPED:
        return []
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        parts = DATE_PARTS + (TIME_PARTS if isinstance(dtype, pl.Datetime) else ())
        return [Computed("base", p, (name,)) for p in parts]
    if isinstance(dtype, pl.Duration) or dtype == pl.Time:
        return [Seconds("base", name)]
    if dtype == pl.Boolean:
        return [Keep("base", name, "boolean")]
    if dtype.is_numeric():
        return [Keep("base", name, "number")]
    text = column.cast(pl.String)
    counts = text.drop_nulls().value_counts(sort=True)
    many = counts.height > MOST_LEVELS
    made: list[Step] = []
    if role == "text" and many:
        return [Computed("base", p, (name,)) for p in TEXT_PARTS]
    if not many:
        made.append(Keep("base", name, "category"))
    elif counts["count"].head(MOST_LEVELS - 1).sum() >= 0.2 * max(text.len() - text.null_count(), 1):
        top = counts.sort(["count", name], descending=[True, False])[name].head(MOST_LEVELS - 1)
        made.append(Levels("base", name, tuple(sorted(top.to_list()))))
    if many and role == "code":
        made += [Computed("base", "PREFIX_NUMBER", (name,), {"length": n}) for n in (1, 2, 3)]
        made.append(Computed("base", "PREFIX_NUMBER", (name,), {"length": 18}))
    if many and role != "code":
        made += [Computed("base", p, (name,)) for p in TEXT_PARTS[:3]]
    return made


def between_dates(frame: pl.DataFrame, specs: Sequence[ColumnSpec], most: int = 6) -> list[Step]:
    """Days between each two date columns, later less earlier by their medians."""
    dates = [s.name for s in specs if s.role not in DROPPED and _is_date(frame[s.name].dtype)][:most]
    middle = {d: frame[d].cast(pl.Datetime("us")).dt.timestamp("us").median() or 0 for d in dates}
    ordered = sorted(dates, key=lambda d: (middle[d], dates.index(d)))
    return [Computed("base", "DAYS_BETWEEN", (late, early)) for early, late in combinations(ordered, 2)]


def distances(specs: Sequence[ColumnSpec]) -> list[Step]:
    """Kilometres between each two places given as latitude and longitude."""
    lat = [s.name for s in specs if s.semantic == "latitude"]
    lon = [s.name for s in specs if s.semantic == "longitude"]
    places = list(zip(lat, lon, strict=False))[:4]
    return [Computed("base", "HAVERSINE", (*a, *b)) for a, b in combinations(places, 2)]


def missingness(frame: pl.DataFrame, specs: Sequence[ColumnSpec], goals: Array | None) -> list[Step]:
    """Indicators of missing values where missing says something about the target, and how many are missing per row."""
    names = [s.name for s in specs if s.role not in DROPPED]
    if not names or frame.height < 2:
        return []
    masks = frame.select(pl.col(names).is_null())
    rates = masks.mean().row(0)
    made: list[Step] = []
    seen: set[bytes] = set()
    some = [n for n, r in zip(names, rates, strict=True) if 0.0 < r < 1.0]
    for name in some:
        mask = masks[name].cast(pl.Float64).to_numpy()
        if goals is None or min(mask.sum(), mask.size - mask.sum()) < 10:
            continue
        m = mask - mask.mean()
        g = goals - goals.mean(axis=0)
        scale = np.sqrt((m @ m) * (g * g).sum(axis=0))
        r = np.abs(m @ g) / np.where(scale > 0, scale, np.inf)
        pattern = mask.tobytes()
        if float(r.max()) * np.sqrt(mask.size) > 3.5 and pattern not in seen:
            seen.add(pattern)
            made.append(Computed("base", "IS_NULL", (name,)))
    if len(some) >= 2:
        made.append(MissingCount("base", tuple(some)))
    return made


def _is_date(dtype: pl.DataType) -> bool:
    return dtype == pl.Date or isinstance(dtype, pl.Datetime)
