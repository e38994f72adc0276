"""One constant that stands in many columns of a table, and looks like none of their values: a filler, not a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State, shape

#: Cells of one column that hold the constant, and columns in which it looks like no value, at least.
MIN_CELLS, WITNESSES = 3, 2
#: Most frequent values of a column that are looked at; share of its cells that the constant may fill.
LOOKED_AT, MAX_SHARE = 12, 0.5
#: Share of the other cells that shapes, digits or letters must cover to say what a value looks like.
COVER, ALL = 0.9, 0.98
#: Distinct share from which values of a column hardly recur; there a constant stands so many times as often as others.
HARDLY, CLEAR = 0.5, 5
#: Shapes of a column of codes, at most.
MAX_SHAPES = 6
#: Words that stand for what is none of the other levels, or all of them.
REMAINDERS = frozenset(("other", "others", "all", "any", "none", "both", "mixed", "multiple", "various", "varies"))
REMAINDERS |= {"total", "misc", "general", "free", "yes", "no", "true", "false", "never", "always", "default"}


@LEARNERS.add("nullify_alien")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to empty cells that hold a constant which two columns or more hold and none of them can mean.

    Method: a constant is alien in a column when it is text among figures, figures among words, of another shape than
    the column's codes, or recurs where nothing else does. Only a constant that is alien in two columns is a filler, and
    only where it is alien is it emptied. Words for a remainder are levels of their own, and text among figures is what
    the reading of numbers sees to: there it only bears witness.
    """
    columns = [name for name in state.texts() if state.frame[name].null_count() < state.frame.height]
    made = [(name, _Column.of(state.frame[name])) for name in columns]
    told: dict[str, list[str]] = {}
    for name, one in made:
        for value in one.top:
            if one.alien(value):
                told.setdefault(value, []).append(name)
    looks = dict(made)
    fillers = {v: names for v, names in told.items() if v.strip().lower() not in REMAINDERS}
    fillers = {v: names for v, names in fillers.items() if _independent(v, [looks[n] for n in names]) >= WITNESSES}
    made = [(name, one) for name, one in made if one.figures < COVER]
    proposals = []
    for name, one in made:
        values = sorted(v for v, names in fillers.items() if name in names)
        if not values or sum(one.top[v] for v in values) > MAX_SHARE * one.cells:
            continue
        beside = sorted({other for v in values for other in fillers[v]} - {name})
        evidence = {"values": values, "also_in": beside, "cells": sum(one.top[v] for v in values)}
        said = ", ".join(f"'{v}'" for v in values)
        why = f"{name}: {said} looks like none of its values and stands in {', '.join(beside[:3])} too: a filler"
        confidence = round(1 - 0.5 ** (1 + len(beside)), 4)
        proposals.append(Proposal((name,), {"values": values}, confidence, evidence, verb="nullify_sentinel", why=why))
    return proposals


def _independent(value: str, columns: list[_Column]) -> int:
    """How many of some columns have a vocabulary of their own: questions on one scale bear witness once."""
    apart: list[set[str]] = []
    for one in columns:
        words = set(one.top) - {value}
        if not any(2 * len(words & other) >= max(1, min(len(words), len(other))) for other in apart):
            apart.append(words)
    return len(apart)


@dataclass(frozen=True)
class _Column:
    """What a column's values look like.

    Attributes:
        top: the most frequent values and their cells. cells: that hold something. distinct: values.
        shapes: its usual shapes, "" where it is no column of codes. figures: share of cells without a letter.
        words: share of distinct values with a letter.
    """

    top: Mapping[str, int]
    cells: int
    distinct: int
    shapes: Mapping[str, int]
    figures: float
    words: float

    @classmethod
    def of(cls, cells: pl.Series) -> _Column:
        """Look at a column."""
        counts = cells.drop_nulls().alias("v").value_counts(sort=True)
        counts = counts.filter(pl.col("v").str.strip_chars() != "")
        total = int(counts["count"].sum())
        ranked = counts.sort("count", "v", descending=[True, False])
        top = {v: int(n) for v, n in ranked.head(LOOKED_AT).rows() if n >= MIN_CELLS}
        letters = pl.col("v").str.contains(r"\p{L}")
        lettered = counts.filter(letters)
        shapes: dict[str, int] = {}
        for value, n in ranked.head(2_000).rows():
            shapes[shape(value)] = shapes.get(shape(value), 0) + int(n)
        figures = 1 - int(lettered["count"].sum()) / max(1, total)
        return cls(top, total, counts.height, shapes, figures, lettered.height / max(1, counts.height))

    def alien(self, value: str) -> bool:
        """Whether a frequent value looks like none of the others.

        Example:
            >>> codes = pl.Series(["AL", "NY", "TX", "CA"] * 20 + ["Alabama"] * 4)
            >>> _Column.of(codes).alien("Alabama"), _Column.of(codes).alien("AL")
            (True, False)
        """
        n = self.top[value]
        rest = self.cells - n
        if rest < 20 or n > MAX_SHARE * self.cells:
            return False
        has_letters = re.search(r"[^\W\d_]", value) is not None
        figures = self.figures * self.cells - (0 if has_letters else n)
        if has_letters and figures >= COVER * rest:
            return True
        if not has_letters and self.words >= ALL and re.fullmatch(r"\d+", value):
            return True
        own = shape(value)
        others = sorted((count - (n if s == own else 0) for s, count in self.shapes.items() if s != own), reverse=True)
        coded = sum(others[:MAX_SHAPES]) >= COVER * rest and self.distinct >= 3
        if coded and self.shapes.get(own, 0) == n and len(value) > 1:
            usual = [s for s, count in self.shapes.items() if s != own and count >= 0.05 * rest]
            if all(len(s) != len(own) for s in usual):
                return True
        second = max((count for other, count in self.top.items() if other != value), default=MIN_CELLS - 1)
        return self.distinct >= HARDLY * rest and n >= CLEAR * second and n >= CLEAR
