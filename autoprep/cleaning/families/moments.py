"""Moments that are split over columns: a year here, a month there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.checks.time import join_moment
from autoprep.cleaning.families.base import LEARNERS, Proposal, State

#: Share of rows whose parts must make a moment.
MIN_MADE = 0.95


@LEARNERS.add("join_moment")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to add the moment that the profile's ``time_parts`` say together, where nearly every row's make one."""
    named = [str(name) for name in row.get("time_parts") or given.get("parts") or ()]
    if len(named) < 3 or any(name not in state.frame.columns or name == state.target for name in named):
        return []
    year, *parts = named
    moment = join_moment(pl.col(year), parts=[pl.col(name) for name in parts]).extra["__moment"]
    filled = pl.all_horizontal(pl.col(name).is_not_null() for name in named)
    made, of = state.frame.select(made=moment.is_not_null().sum(), of=filled.sum()).row(0)
    share = made / of if of else 0.0
    evidence = {"rows": int(made), "readable": round(share, 4)}
    declined = "" if share >= MIN_MADE else f"only {share:.0%} of the rows have parts that make a day"
    why = f"{', '.join(named)} say one moment: {year}__moment would hold it"
    return [Proposal((year,), {"parts": parts}, round(share, 4), evidence, declined, why=why)]
