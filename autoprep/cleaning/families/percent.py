"""Percent signs on part of a column: the same scale with and without the sign, or hundredths beside fractions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.evidence import status_words
from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.parsing.number import NumberFormat, parse

#: Medians with and without the sign that differ by less than this factor are of one scale.
SAME_SCALE = 10.0


@LEARNERS.add("parse_percent")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Decide, from the medians of cells with and without the sign, whether the sign only decorates.

    "0.09%" beside "0.05" is a decoration: it is dropped. "9%" beside "0.05" is another scale: cells with the sign are
    divided by 100, and a person is asked.
    """
    column = str(row["column"])
    if column not in state.frame.columns or state.frame.schema[column] != pl.String():
        return []
    parameters = {k: v for k, v in given.items() if v is not None}
    fmt = NumberFormat(parameters.get("decimal", "."), parameters.get("thousands", ""), False, True, True)
    cells = state.frame.select(parse(pl.col(column), fmt).abs().alias("v"), pl.col(column).str.contains("%").alias("s"))
    signed, bare = (cells.filter(pl.col("s") == sign)["v"].drop_nulls().median() for sign in (True, False))
    words = status_words(state.frame, column, "parse_percent", parameters)
    parameters |= {"status": words} if words else {}
    if not isinstance(signed, float) or not isinstance(bare, float) or min(signed, bare) <= 0:
        return [Proposal((column,), parameters)]
    ratio = signed / bare
    evidence = {"median_with_sign": signed, "median_without": bare}
    if ratio < SAME_SCALE:
        return [Proposal((column,), parameters, 0.98, evidence)]
    why = f"{column}: cells with a percent sign are some {ratio:.0f} times the others; they are divided by 100"
    return [Proposal((column,), {**parameters, "scale": 0.01}, 0.8, evidence, gate="review", why=why)]
