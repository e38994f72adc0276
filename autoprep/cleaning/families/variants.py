"""Spellings of one value that a reader takes for the same: case, space, accents, punctuation, word order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.parsing import boolean, text

MAX_DISTINCT = 20_000
#: Spellings at least this often as often as the most frequent one are rivals: the column's usual letter case decides.
RIVAL = 0.5


@LEARNERS.add("merge_variants")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose a map from each spelling to the most frequent one that folds to the same.

    Where two are about as frequent, the letter case that is usual in the column decides.

    The parameter ``fold`` says how much is evened out: "spelling" (case, space, accents), "fingerprint" (punctuation
    and word order too) or "truth" (all words for true are one, and all for false). Numbers are never merged: "1,5" and
    "15" are not spellings of one value.
    """
    column = str(row["column"])
    if column not in state.frame.columns or state.frame.schema[column] != pl.String():
        return []
    counts = state.frame.select(pl.col(column).alias("value")).drop_nulls().group_by("value").len("n")
    if counts.height > MAX_DISTINCT or counts.height < 2:
        return []
    loose = state.parameters.get("fold") == "fingerprint"
    key = text.fingerprint(pl.col("value")) if loose else text.fold(pl.col("value"))
    if state.parameters.get("fold") == "truth":
        sides = [(w, said) for said in ("true", "false") for w in row.get(f"{said}_words") or ()]
        folded = {boolean.fold(str(word)): said for word, said in sides}
        known = {v: folded[boolean.fold(v)] for v in counts["value"].to_list() if boolean.fold(v) in folded}
        if len(known) < counts.height or len(known) < 3:
            return []
        key = pl.col("value").replace_strict(known, return_dtype=pl.String)
    shape = (
        pl.when(pl.col("value") == pl.col("value").str.to_lowercase())
        .then(0)
        .when(pl.col("value") == pl.col("value").str.to_uppercase())
        .then(1)
        .otherwise(2)
    )
    groups = (
        counts.filter(pl.col("value").str.contains(r"\p{L}"))
        .with_columns(key.alias("key"), shape.alias("shape"))
        .filter(pl.col("key") != "")
        .with_columns(pl.col("n").sum().over("shape").alias("usual"), pl.col("n").max().over("key").alias("most"))
        .with_columns((pl.col("n") >= RIVAL * pl.col("most")).alias("rival"))
        .with_columns(pl.when("rival").then("usual").otherwise(0).alias("usual"))
        .sort("rival", "usual", "n", "value", descending=[True, True, True, False])
        .with_columns(pl.col("value").first().over("key").alias("said"))
        .filter(pl.col("said") != pl.col("value"))
    )
    if groups.is_empty():
        return []
    mapping = dict(sorted(groups.select("value", "said").rows()))
    cells = int(groups["n"].sum())
    return [
        Proposal((column,), {"mapping": mapping}, 1.0 if not loose else 0.97, {"values": len(mapping), "cells": cells})
    ]
