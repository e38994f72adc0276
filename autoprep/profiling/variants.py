"""Values of a category that are one value spelled in several ways, and misspellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from autoprep.parsing import text
from autoprep.profiling import slips

#: More distinct values than this are not compared by edit distance.
MAX_TYPO_VALUES = 4000
_SCHEMA = {"v": pl.String(), "c": pl.Float64()}


def fold(columns: Sequence[Mapping[str, float]]) -> list[pl.DataFrame]:
    """Per column its distinct values that have letters, the most frequent first, with what they fold to.

    Returns:
        Frames of ``v`` (the value), ``c`` (cells), ``folded`` (no case, space, accents), ``key`` (its fingerprint).

    Example:
        >>> fold([{"york new": 1, "New York": 5, "7": 2}])[0].select("v", "key").rows()
        [('New York', 'new york'), ('york new', 'new york')]
    """
    v = pl.col("v")
    low = text.squeeze(v).str.to_lowercase()
    frame = (
        pl.LazyFrame(
            {
                "column": np.repeat(np.arange(len(columns)), [len(values) for values in columns]),
                "v": [value for values in columns for value in values],
                "c": [float(c) for values in columns for c in values.values()],
            },
            schema={"column": pl.Int64(), **_SCHEMA},
        )
        .filter(v.str.contains(r"\p{L}"))
        .with_columns(folded=text.strip_accents(low), key=text.fingerprint(v))
        .sort(["column", "c", "v"], descending=[False, True, False])
        .collect()
    )
    ends = np.searchsorted(frame["column"].to_numpy(), np.arange(len(columns) + 1))
    frame = frame.drop("column")
    return [frame.slice(int(a), int(b - a)) for a, b in pairwise(ends)]


def find(values: Mapping[str, float], *, typos: bool = True, folded: pl.DataFrame | None = None) -> dict[str, Any]:
    """Variants among distinct values with their counts.

    Args:
        values: distinct values and their cells.
        typos: whether to look for misspellings.
        folded: what ``fold`` gives for the values, where it is known.

    Returns:
        ``case``, ``accent``, ``any``, ``typo``: cells whose value varies a more frequent one (``any``: case, space,
        accents, punctuation and word order); ``variants`` and ``typos``: value -> the more frequent value.

    Example:
        >>> found = find({"Boston": 90, "BOSTON": 3, "Bostn": 1, "Paris": 50, "New York": 5, "york new": 1})
        >>> found["case"], found["any"], found["typos"]
        (3.0, 4.0, {'Bostn': 'Boston'})
    """
    out: dict[str, Any] = {"case": 0.0, "accent": 0.0, "any": 0.0, "typo": 0.0, "variants": {}, "typos": {}}
    v = pl.col("v")
    frame = fold([values])[0] if folded is None else folded
    if frame.height < 2:
        return out
    keys = frame["key"].to_list()
    if "" not in keys and len(set(keys)) == frame.height:
        # No two values fold to the same: only misspellings are left to look for.
        return _with_typos(out, frame, values) if typos else out
    frame = frame.with_columns(squeezed=text.squeeze(v), low=text.squeeze(v).str.to_lowercase())
    frame = frame.with_columns(
        by_case=pl.col("squeezed") != pl.col("squeezed").first().over("low"),
        by_accent=pl.col("low") != pl.col("low").first().over("folded"),
        head=v.first().over("key"),
    ).with_columns(other=(v != pl.col("head")) & (pl.col("key") != ""))
    out["case"] = float(frame.filter("by_case")["c"].sum())
    out["accent"] = float(frame.filter("by_accent")["c"].sum())
    differing = frame.filter("other")
    out["any"] = float(differing["c"].sum())
    out["variants"] = dict(differing.select("v", "head").head(200).iter_rows())
    if typos:
        merged = frame.group_by("key").agg(pl.col("c").sum())
        heads = frame.filter(~pl.col("other")).select("v", "folded", "key").join(merged, on="key")
        return _with_typos(out, heads.sort(["c", "v"], descending=[True, False]), values)
    return out


def _with_typos(out: dict[str, Any], heads: pl.DataFrame, values: Mapping[str, float]) -> dict[str, Any]:
    """``out`` with the misspellings among values by falling count; left as it is where there are too many."""
    if heads.height <= MAX_TYPO_VALUES:
        out["typos"] = slips.find(heads.select("folded", "v", "c").rows())
        out["typo"] = float(sum(values.get(t, 0.0) for t in out["typos"]))
    return out
