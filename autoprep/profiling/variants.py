"""Values of a category that are one value spelled in several ways, and misspellings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.parsing import text

#: More distinct values than this are not compared by edit distance.
MAX_TYPO_VALUES = 4000
_SCHEMA = {"v": pl.String(), "c": pl.Float64()}


def find(values: Mapping[str, float], *, typos: bool = True) -> dict[str, Any]:
    """Variants among distinct values with their counts.

    Returns:
        ``case``, ``accent``, ``any``, ``typo``: cells whose value varies a more frequent one (``any``: case, space,
        accents, punctuation and word order); ``variants`` and ``typos``: value -> the more frequent value.

    Example:
        >>> found = find({"Boston": 90, "BOSTON": 3, "Bostn": 1, "Paris": 50, "New York": 5, "york new": 1})
        >>> found["case"], found["any"], found["typos"]
        (3.0, 4.0, {'Bostn': 'Boston'})
    """
    frame = pl.DataFrame({"v": list(values), "c": [float(c) for c in values.values()]}, schema=_SCHEMA)
    frame = frame.filter(pl.col("v").str.contains(r"\p{L}"))
    out: dict[str, Any] = {"case": 0.0, "accent": 0.0, "any": 0.0, "typo": 0.0, "variants": {}, "typos": {}}
    if frame.height < 2:
        return out
    v = pl.col("v")
    low = text.squeeze(v).str.to_lowercase()
    frame = frame.with_columns(
        squeezed=text.squeeze(v), low=low, folded=text.strip_accents(low), key=text.fingerprint(v)
    ).sort(["c", "v"], descending=[True, False])
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
    if typos and frame.height <= MAX_TYPO_VALUES:
        heads = frame.filter(~pl.col("other"))
        merged = frame.group_by("key").agg(pl.col("c").sum())
        joined = heads.select("v", "folded", "key").join(merged, on="key").sort(["c", "v"], descending=[True, False])
        out["typos"] = _typos(joined.select("folded", "v", "c").rows())
        out["typo"] = float(sum(values.get(t, 0.0) for t in out["typos"]))
    return out


def _typos(rows: list[tuple[str, str, float]]) -> dict[str, str]:
    """Rare values one edit away from a value at least ten times as frequent (symmetric deletes)."""
    index: dict[str, list[int]] = {}
    found: dict[str, str] = {}
    for i, (word, shown, count) in enumerate(rows):
        if len(word) < 4 or len(word) > 60:
            continue
        keys = {word} | {word[:k] + word[k + 1 :] for k in range(len(word))}
        if count <= 5:
            for j in sorted({j for key in keys for j in index.get(key, ())}):
                head, head_shown, head_count = rows[j]
                if head_count >= max(4.0, 10 * count) and _one_edit(word, head):
                    found[shown] = head_shown
                    break
        if shown not in found:
            for key in keys:
                index.setdefault(key, []).append(i)
    return found


def _one_edit(a: str, b: str) -> bool:
    """Whether two words are one insertion, deletion, substitution or swap of neighbours apart, digits untouched.

    A change at the end that makes a plural, or of the first letter in short words, is not taken for a slip.
    """
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    x, y = a[start : len(a) - end], b[start : len(b) - end]
    if any(not c.isalpha() and c not in " -" for c in x + y):
        return False
    if start == 0 and min(len(a), len(b)) < 6:
        return False
    if end == 0 and {x, y} in ({"", "s"}, {"", "e"}):
        return False
    if len(x) == len(y) == 2 and x == y[::-1]:
        return True
    if len(x) <= 1 and len(y) <= 1:
        # short tails such as "group a" and "group b" are labels, not slips
        tail = a.rsplit(" ", 1)[-1]
        return not (len(tail) <= 2 and start >= len(a) - len(tail))
    return False
