"""Spellings of one value that a reader takes for the same: case, space, accents, punctuation, word order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.parsing import boolean, text

MAX_DISTINCT = 20_000
#: A small letter, then a capital: neither lower case, nor upper case, nor a word with a capital in front.
_INNER = re.compile(r"[^\W\d_A-Z][A-Z]")
#: A spelling with capitals inside a word ("LaFayette") is a name of its own, until its other spelling is this many
#: times as frequent, and stands in so many cells.
CLEAR, MANY = 10, 10
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
    often = dict(counts.rows())
    doubts = [_own_name(value, said, n, often) for value, said, n in groups.select("value", "said", "n").rows()]
    marked = groups.with_columns(pl.Series("doubt", doubts, pl.Boolean))
    return [
        _proposal(column, marked.filter(pl.col("doubt") == doubt), loose, doubt)
        for doubt in (False, True)
        if (marked["doubt"] == doubt).any()
    ]


def _own_name(value: str, said: str, cells: int, often: Mapping[str, int]) -> bool:
    """Whether two spellings differ by a capital inside a word, and neither is so rare that it must be a slip.

    Example:
        >>> _own_name("LaFayette", "Lafayette", 1, {"Lafayette": 3}), _own_name("ROME", "Rome", 1, {"Rome": 3})
        (True, False)
    """
    inner = any(bool(_INNER.search(one)) for one in (value, said))
    return inner and value.casefold() == said.casefold() and often[said] < max(MANY, CLEAR * cells)


def _proposal(column: str, groups: pl.DataFrame, loose: bool, doubt: bool) -> Proposal:
    mapping = dict(sorted(groups.select("value", "said").rows()))
    evidence = {"values": len(mapping), "cells": int(groups["n"].sum())}
    if not doubt:
        return Proposal((column,), {"mapping": mapping}, 0.97 if loose else 1.0, evidence)
    one = next(iter(mapping))
    why = f"'{one}' beside '{mapping[one]}': a capital inside a word may be how the name is written"
    return Proposal((column,), {"mapping": mapping}, 0.6, evidence, gate="review", why=why)
