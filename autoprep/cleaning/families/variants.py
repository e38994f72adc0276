"""Spellings of one value that a reader takes for the same: case, space, accents, punctuation, word order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.parsing import boolean, text

MAX_DISTINCT = 20_000
#: A word that begins with two capitals and goes on in small letters ("BRown owl", not "McAdam" or "TVs"), and a short
#: word without a vowel ("Cj").
_HELD_SHIFT = r"(?:^|\s)\p{Lu}{2}\p{Ll}[^\s\p{Lu}]+(?:\s|$)"
_INITIALS = r"^(?i:[b-df-hj-np-tv-xz]{2,4})$"
#: A small letter, then a capital: neither lower case, nor upper case, nor a word with a capital in front.
_INNER = re.compile(r"[^\W\d_A-Z][A-Z]")
#: A spelling with capitals inside a word ("LaFayette") is a name of its own, until its other spelling is this many
#: times as frequent, and stands in so many cells.
CLEAR, MANY = 10, 10
#: Spellings at least this often as often as the most frequent one are rivals: the column's usual letter case decides.
RIVAL = 0.5
#: A column of free text has so many words a value, on average.
WORDS = 5


@LEARNERS.add("merge_variants")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose a map from each spelling to the most frequent one that folds to the same.

    Runs of blanks count as one, and become one. Where two are about as frequent, the letter case that is usual in the
    column decides; of spellings that differ by accents alone the one with more of them is meant. What may be another
    name, or free text, is asked about.

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
    bare = pl.col("bare")
    shape = pl.when(bare == bare.str.to_lowercase()).then(0).when(bare == bare.str.to_uppercase()).then(1).otherwise(2)
    spelt = (
        counts.filter(pl.col("value").str.contains(r"\p{L}"))
        .with_columns(key.alias("key"), text.squeeze(pl.col("value")).alias("bare"))
        .filter(pl.col("key") != "")
        .with_columns(shape.alias("shape"), pl.col("n").sum().over("bare").alias("often"))
    )
    ranked = _ranked(spelt)
    groups = (
        ranked.join(_accented(ranked), on="key", how="left")
        .with_columns(pl.coalesce("accented", "first_bare").alias("said"))
        .filter(pl.col("said") != pl.col("value"), pl.len().over("key") > 1)
    )
    if groups.is_empty():
        return []
    often = dict(spelt.select("bare", "often").rows())
    words = int(counts["value"].str.count_matches(r"\S+").sum())
    free = row.get("role") == "text" and words > WORDS * counts.height
    doubts = [_doubt(value, said, n, often, free) for value, said, n in groups.select("value", "said", "often").rows()]
    marked = groups.with_columns(pl.Series("doubt", doubts, pl.String))
    return [
        _proposal(column, part, loose)
        for part in (marked.filter(pl.col("doubt") == ""), marked.filter(pl.col("doubt") != ""))
        if part.height
    ]


def _ranked(spelt: pl.DataFrame) -> pl.DataFrame:
    """Spellings, the one to be said first in each ``key``: ``first_bare``, in ``first_often`` cells.

    A word whose first two letters alone are capitals is a shift key held too long, unless it is ten times as frequent
    as any other spelling. Short words without a vowel ("CJ", "Mr") are written as most are, whatever others' case.
    """
    often = pl.col("often")
    marks = spelt.with_columns(
        pl.col("bare").str.contains(_HELD_SHIFT).alias("held"), pl.col("bare").str.contains(_INITIALS).alias("initials")
    )
    marks = marks.with_columns(often.filter(~pl.col("held")).max().over("key").fill_null(0).alias("plain"))
    marks = marks.with_columns((pl.col("held") & (CLEAR * pl.col("plain") >= often)).alias("held"))
    return (
        marks.with_columns(
            pl.when("initials").then(0).otherwise(pl.col("n").sum().over("shape")).alias("usual"),
            often.filter(~pl.col("held")).max().over("key").fill_null(0).alias("most"),
        )
        .with_columns((often >= RIVAL * pl.col("most")).alias("rival"))
        .with_columns(pl.when("rival").then("usual").otherwise(0).alias("usual"))
        .sort("held", "rival", "usual", "often", "value", descending=[False, True, True, True, False])
        .with_columns(pl.first("bare", "often").over("key").name.prefix("first_"))
    )


def _accented(ranked: pl.DataFrame) -> pl.DataFrame:
    """For each key the spelling ``accented`` that has more accents than the first one and differs by these alone.

    It is no mojibake, stands more than once, and is no order of magnitude rarer.
    """
    bare, first = pl.col("bare"), pl.col("first_bare")
    marks = _marks(bare)
    return (
        ranked.filter(
            text.strip_accents(bare) == text.strip_accents(first),
            marks > _marks(first),
            pl.col("often") > 1,
            CLEAR * pl.col("often") > pl.col("first_often"),
            ~text.has_mojibake(bare),
        )
        .sort(marks, "often", "bare", descending=[True, True, False])
        .group_by("key", maintain_order=True)
        .agg(bare.first().alias("accented"))
    )


def _marks(cell: pl.Expr) -> pl.Expr:
    return cell.str.normalize("NFD").str.count_matches(r"\p{M}")


def _doubt(value: str, said: str, cells: int, often: Mapping[str, int], free: bool) -> str:
    """Why a spelling may be right as it stands; "" where it may not."""
    if free:
        return "it is free text, which may be written in more than one way"
    if _own_name(value, said, cells, often):
        return "a capital inside a word may be how the name is written"
    if _accent_lost(value, said):
        return "an accent may be how the name is written"
    return ""


def _accent_lost(value: str, said: str) -> bool:
    """Whether another spelling with fewer, or other, accents is said.

    Example:
        >>> _accent_lost("Besançon", "Besancon"), _accent_lost("Besancon", "Besançon"), _accent_lost("Zürich", "ZÜRICH")
        (True, False, False)
    """
    own, other = (
        [c for c in unicodedata.normalize("NFD", one.casefold()) if unicodedata.combining(c)] for one in (value, said)
    )
    return bool(own) and own != other and len(own) >= len(other)


def _own_name(value: str, said: str, cells: int, often: Mapping[str, int]) -> bool:
    """Whether two spellings differ by a capital inside a word, and neither is so rare that it must be a slip.

    Example:
        >>> _own_name("LaFayette", "Lafayette", 1, {"Lafayette": 3}), _own_name("ROME", "Rome", 1, {"Rome": 3})
        (True, False)
    """
    inner = any(bool(_INNER.search(one)) for one in (value, said))
    return inner and value.casefold() == said.casefold() and often[said] < max(MANY, CLEAR * cells)


def _proposal(column: str, groups: pl.DataFrame, loose: bool) -> Proposal:
    pairs = sorted(groups.select("value", "said", "doubt").rows())
    mapping = {value: said for value, said, _ in pairs}
    evidence = {"values": len(mapping), "cells": int(groups["n"].sum())}
    one, said, doubt = pairs[0]
    if not doubt:
        return Proposal((column,), {"mapping": mapping}, 0.97 if loose else 1.0, evidence)
    return Proposal(
        (column,), {"mapping": mapping}, 0.6, evidence, gate="review", why=f"'{one}' beside '{said}': {doubt}"
    )
