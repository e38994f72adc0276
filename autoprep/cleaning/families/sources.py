"""Several sources that describe the same things: what they say is put to the vote, weighed by how reliable each is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State

#: Sources there must be, sources there may be, and how many must describe a thing on average.
MIN_SOURCES, MAX_SOURCES, MIN_VOTES = 3, 300, 4.0
#: Share of the rows in which source and thing name one row.
MIN_UNIQUE = 0.98
#: Share of the cells that the vote must explain, and how much better than guessing the commonest value it must be.
MIN_AGREEMENT, MIN_LIFT = 0.5, 0.4
ROUNDS, MAX_THINGS = 5, 20_000
#: Headers that say that a column names who reports; without such a header a vote is only asked about.
NAMED = re.compile(
    r"(?i)(^|[_\W])(src|source|site|website|provider|publisher|feed|vendor|reporter|agency|system)s?($|[_\W])"
)


@LEARNERS.add("vote_sources")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose one value per thing and column where a source column and a thing column together name the rows.

    Method: truth finding by weighed votes (Yin, Han and Yu 2008, TruthFinder, in its simplest form): a value's score is
    the sum of its sources' log odds of being right, which are estimated from how often they agree with the winners, in
    rounds. Proof without labels: the sources are cut in two halves that vote apart; how often the halves agree is the
    confidence, and below the rule's precision nothing is proposed.
    """
    columns = state.texts()
    pair = _roles(state.frame, columns)
    if pair is None:
        return []
    source, thing = pair
    proposals = []
    for column in columns:
        if column not in pair and (made := _proposal(state, source, thing, column)):
            proposals.append(made)
    return proposals


def _roles(frame: pl.DataFrame, columns: list[str]) -> tuple[str, str] | None:
    """(source, thing): columns that together name a row, many sources to each thing; sources are named in words."""
    if frame.height < 20 or len(columns) < 3:
        return None
    counts = frame.select(pl.col(columns).n_unique()).row(0, named=True)
    found = []
    for source in columns:
        words = frame[source].drop_nulls().str.contains(r"\p{L}{2}").mean() or 0.0
        if not MIN_SOURCES <= counts[source] <= MAX_SOURCES or float(str(words)) < 0.9:
            continue
        for thing in columns:
            votes = frame.height / max(counts[thing], 1)
            if thing == source or counts[thing] > MAX_THINGS or counts[thing] < MIN_SOURCES or votes < MIN_VOTES:
                continue
            distinct = frame.select(pl.struct(source, thing).n_unique()).item() / frame.height
            if distinct >= MIN_UNIQUE:
                found.append((not NAMED.search(source), columns.index(source), source, thing))
    return (found[0][2], found[0][3]) if (found := sorted(found)) else None


def _winners(votes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Winning value per thing, and weight per source; ``votes`` holds thing, source, value without nulls."""
    weights = votes.select("source").unique().with_columns(pl.lit(1.0).alias("weight"))
    best = votes.clear()
    for _ in range(ROUNDS):
        scored = votes.join(weights, on="source").group_by("thing", "value").agg(pl.col("weight").sum().alias("score"))
        best = scored.sort(["thing", "score", "value"], descending=[False, True, False]).unique(
            "thing", keep="first", maintain_order=True
        )
        judged = votes.join(best.select("thing", pl.col("value").alias("won")), on="thing")
        share = judged.group_by("source").agg(((pl.col("value") == pl.col("won")).sum() + 1) / (pl.len() + 2))
        odds = (pl.col("value") / (1 - pl.col("value"))).log()
        weights = share.select("source", odds.clip(0.05, math.log(99)).alias("weight"))
    return best.select("thing", "value"), weights


def _proposal(state: State, source: str, thing: str, column: str) -> Proposal | None:
    frame = state.frame.select(
        pl.col(thing).alias("thing"), pl.col(source).alias("source"), pl.col(column).alias("value")
    )
    votes = frame.drop_nulls()
    if votes.height < 20 or votes["value"].n_unique() < 3:
        return None
    best, weights = _winners(votes)
    judged = votes.join(best.rename({"value": "won"}), on="thing")
    agreement = float((judged["value"] == judged["won"]).sum()) / judged.height
    base = max(n for _, n in votes["value"].value_counts().rows()) / votes.height
    if agreement < MIN_AGREEMENT or (agreement - base) / max(1 - base, 1e-9) < MIN_LIFT:
        return None
    order = weights.sort("weight", "source", descending=[True, False])["source"]
    halves = [_winners(votes.filter(pl.col("source").is_in(order.gather_every(2, k).implode())))[0] for k in (0, 1)]
    both = halves[0].join(halves[1], on="thing", suffix="_other")
    same = float((both["value"] == both["value_other"]).sum()) / max(both.height, 1)
    edits = frame.join(best.rename({"value": "won"}), on="thing").filter(pl.col("value").ne_missing(pl.col("won")))
    if not edits.height:
        return None
    evidence: dict[str, Any] = {
        "source": source,
        "thing": thing,
        "sources": int(order.len()),
        "halves_agree": round(same, 4),
        "sources_agree": round(agreement, 4),
        "least_reliable": order.tail(3).to_list(),
    }
    why = f"{order.len()} sources ({source}) describe each {thing}; {edits.height:,} cells of {column} are outvoted"
    mapping = dict(best.sort("thing").rows())
    declined = ""
    if same < state.probe.get("precision", 0.75):
        declined, mapping = f"two halves of the sources agree on {same:.0%} only", {}
    return Proposal(
        (column,),
        {"by": thing, "mapping": mapping},
        round(same, 4),
        evidence,
        declined,
        gate=None if NAMED.search(source) else "review",
        verb="lookup",
        why=why,
    )
