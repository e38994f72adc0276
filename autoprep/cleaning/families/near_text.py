"""Long texts that are nearly the same: pasted twice and edited a little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.cleaning.linkage.blocking import candidate_pairs
from autoprep.cleaning.linkage.compare import folded, ready

#: Words two texts must have in common (Dice), words a text has, and distinct texts that are looked at.
COMMON, MIN_WORDS, MAX_TEXTS, MOST_PAIRS = 0.85, 6, 20_000, 100_000
SHOWN = 5


@LEARNERS.add("note_similar_text")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Say how many texts of a column are nearly another, with examples; nothing is changed."""
    column = str(row["column"])
    if column not in state.frame.columns or state.frame.schema[column] != pl.String():
        return []
    texts = state.frame.select(pl.col(column).drop_nulls().unique(maintain_order=True)).filter(
        pl.col(column).str.count_matches(r"\S+") >= MIN_WORDS
    )
    if not 2 <= texts.height <= MAX_TEXTS:
        return []
    left, right, _ = candidate_pairs(texts.select(folded(pl.col(column))), most=MOST_PAIRS)
    if not len(left):
        return []
    (made,) = ready(texts, [column])
    from autoprep.kernels.strings import text_dice

    words, starts = made.data[4], made.data[5]
    likeness = text_dice(words, starts, made.codes[left], made.codes[right])
    near = np.flatnonzero(likeness >= COMMON)
    if not len(near):
        return []
    order = near[np.argsort(-likeness[near], kind="stable")][:SHOWN]
    shown = [[texts[column][int(left[i])][:200], texts[column][int(right[i])][:200]] for i in order]
    evidence = {"pairs": len(near), "texts": len(np.unique(np.r_[left[near], right[near]])), "examples": shown}
    why = f"{column}: {evidence['texts']:,} texts are nearly the same as another"
    return [Proposal((column,), {}, float(likeness[near].mean()), evidence, verb="keep", why=why)]
