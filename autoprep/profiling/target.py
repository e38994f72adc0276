"""What a target is, and which columns give it away."""

from __future__ import annotations

import numpy as np
import polars as pl

from autoprep.parsing import null, number, text
from autoprep.types import Task

#: Up to this many distinct integers a numeric target may be a set of classes.
MAX_CLASSES = 20


def infer_task(series: pl.Series, name: str | None = None) -> tuple[Task, str]:
    """What kind of target a column is, and why.

    Two values make it binary. Words make it multiclass. Numbers make it a regression unless they are few whole numbers
    that start at 0 or 1 (or a header that speaks of classes) and each occurs often.

    Example:
        >>> infer_task(pl.Series("y", ["a", "b", "a"]))[0], infer_task(pl.Series("y", [1.5, 2.5, 3.5, 4.0]))[0]
        ('binary', 'regression')
    """
    name = name or series.name
    filled = series.drop_nulls()
    if filled.dtype in (pl.String, pl.Categorical, pl.Enum):
        words = filled.cast(pl.String)
        words = words.filter(words.to_frame("v").select(~null.is_null_word(pl.col("v"))).to_series())
        keys = words.to_frame("v").select(text.fold(pl.col("v"))).to_series()
        distinct = keys.n_unique()
        if distinct <= 2:
            return "binary", f"{distinct} different values"
        values = as_numbers(words)
        if values.null_count() > 0.1 * values.len():
            return "multiclass", f"{distinct} different words"
        filled = values.drop_nulls()
    elif filled.dtype == pl.Boolean:
        return "binary", "true and false"
    if filled.dtype.is_temporal():
        return "regression", "a moment in time"
    if not filled.dtype.is_numeric():
        return "multiclass", f"values of type {filled.dtype}"
    filled = filled.cast(pl.Float64).drop_nans()
    distinct = filled.n_unique()
    if distinct <= 2:
        return "binary", f"{distinct} different values"
    values_np = filled.unique().sort().to_numpy()
    whole = bool((values_np == np.floor(values_np)).all())
    if not whole:
        return "regression", "numbers with decimals"
    often = filled.len() / distinct >= 10
    dense = values_np[0] in (0.0, 1.0) and values_np[-1] - values_np[0] + 1 <= 2 * distinct
    if any(w in name.lower() for w in ("rating", "score", "count", "price", "amount", "quality")):
        return "regression", f"{distinct:,} different whole numbers, and the header speaks of a quantity"
    spoken = any(w in name.lower() for w in ("class", "label", "categor", "type", "species", "target"))
    if distinct <= (MAX_CLASSES if spoken else 6) and often and dense:
        return "multiclass", f"{distinct} different whole numbers, each some {filled.len() / distinct:,.0f} times"
    return "regression", f"{distinct:,} different whole numbers"


def as_numbers(words: pl.Series) -> pl.Series:
    """Float64 of a text target that may carry currency, percent or thousands separators.

    Example:
        >>> as_numbers(pl.Series(["$1,200", "x"])).to_list()
        [1200.0, None]
    """
    frame = words.cast(pl.String).to_frame("v")
    made = [
        frame.select(number.parse(pl.col("v"), number.NumberFormat(d, t))).to_series()
        for d, t in ((".", ","), (",", "."))
    ]
    return max(made, key=lambda s: s.is_not_null().sum())
