"""Several sources that describe the same things: what they say is put to the vote, weighed by how reliable each is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State

#: Sources there must be, sources there may be, and how many must describe a thing on average.
MIN_SOURCES, MAX_SOURCES, MIN_VOTES = 3, 300, 4.0
#: Share of the rows in which source and thing name one row.
MIN_UNIQUE = 0.98
#: Share of the cells that the vote must explain, and how much better than guessing the commonest value it must be.
MIN_AGREEMENT, MIN_LIFT = 0.5, 0.4
ROUNDS, MAX_THINGS = 5, 20_000
#: Share of the cells that hold a value at least: where most sources say nothing, a few do not speak for them.
MIN_SAID = 0.5
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
    codes: dict[str, np.ndarray] = {}

    def coded(name: str) -> np.ndarray:
        if name not in codes:
            codes[name] = frame[name].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
        return codes[name]

    for source in columns:
        words = frame[source].drop_nulls().str.contains(r"\p{L}{2}").mean() or 0.0
        if not MIN_SOURCES <= counts[source] <= MAX_SOURCES or float(str(words)) < 0.9:
            continue
        if frame.height < MIN_VOTES * counts[source]:
            continue  # what speaks once is a row's own name, and beside anything it names one row
        for thing in columns:
            votes = frame.height / max(counts[thing], 1)
            if thing == source or counts[thing] > MAX_THINGS or counts[thing] < MIN_SOURCES or votes < MIN_VOTES:
                continue
            distinct = len(np.unique(coded(source) * (counts[thing] + 1) + coded(thing))) / frame.height
            if distinct >= MIN_UNIQUE:
                found.append((not NAMED.search(source), columns.index(source), source, thing))
    return (found[0][2], found[0][3]) if (found := sorted(found)) else None


@dataclass(frozen=True)
class _Votes:
    """What sources say of things, as codes (int64[votes]) into ``things``, ``sources`` and ``values``."""

    thing: np.ndarray
    source: np.ndarray
    value: np.ndarray
    things: list[str]
    sources: list[str]
    values: list[str]

    @classmethod
    def of(cls, votes: pl.DataFrame) -> _Votes:
        """From columns thing, source and value without nulls."""
        thing, source, value = (
            votes[name].rank("dense").cast(pl.Int64).to_numpy() - 1 for name in ("thing", "source", "value")
        )
        things, sources, values = (votes[name].unique().sort().to_list() for name in ("thing", "source", "value"))
        return cls(thing, source, value, things, sources, values)

    def only(self, sources: Sequence[int]) -> _Votes:
        """The votes of some of the sources."""
        kept = np.isin(self.source, np.array(sources, np.int64))
        return replace(self, thing=self.thing[kept], source=self.source[kept], value=self.value[kept])

    def majority(self) -> float:
        """Share of the votes that are those of most sources of their thing: no vote, however weighed, agrees more."""
        pairs, times = np.unique(self.thing * len(self.values) + self.value, return_counts=True)
        things = pairs // len(self.values)
        starts = np.flatnonzero(np.r_[True, things[1:] != things[:-1]])
        return float(np.maximum.reduceat(times, starts).sum() / len(self.thing))

    def winners(self) -> tuple[np.ndarray, np.ndarray]:
        """Winning value per thing (-1 where nobody speaks of it), and weight per source."""
        width = len(self.values)
        pairs, inverse = np.unique(self.thing * width + self.value, return_inverse=True)
        thing, value = pairs // width, pairs % width
        weights = np.ones(len(self.sources))
        best = np.full(len(self.things), -1)
        spoken = np.bincount(self.source, minlength=len(self.sources))
        for _ in range(ROUNDS):
            # rounded, so that the order of adding up does not decide between equals
            score = np.round(np.bincount(inverse, weights=weights[self.source], minlength=len(pairs)), 9)
            order = np.lexsort((value, -score, thing))
            first = order[np.r_[True, thing[order][1:] != thing[order][:-1]]] if len(order) else order
            best[thing[first]] = value[first]
            agree = np.bincount(self.source, weights=self.value == best[self.thing], minlength=len(self.sources))
            share = (agree + 1) / (spoken + 2)
            weights = np.clip(np.log(share / (1 - share)), 0.05, math.log(99))
        return best, weights


def _proposal(state: State, source: str, thing: str, column: str) -> Proposal | None:
    frame = state.frame.select(
        pl.col(thing).alias("thing"), pl.col(source).alias("source"), pl.col(column).alias("value")
    )
    said = frame.drop_nulls()
    if said.height < max(20, MIN_SAID * frame.height) or said["value"].n_unique() < 3:
        return None
    votes = _Votes.of(said)
    base = int(np.bincount(votes.value).max()) / said.height
    at_most = votes.majority()
    if at_most < MIN_AGREEMENT or (at_most - base) / max(1 - base, 1e-9) < MIN_LIFT:
        return None
    best, weights = votes.winners()
    agreement = float((votes.value == best[votes.thing]).mean())
    if agreement < MIN_AGREEMENT or (agreement - base) / max(1 - base, 1e-9) < MIN_LIFT:
        return None
    ranked = sorted(range(len(weights)), key=lambda i: (-round(float(weights[i]), 9), votes.sources[i]))
    one, other = (votes.only(ranked[k::2]).winners()[0] for k in (0, 1))
    both = (one >= 0) & (other >= 0)
    same = float((both & (one == other)).sum()) / max(int(both.sum()), 1)
    winners = pl.DataFrame({"thing": votes.things, "won": [votes.values[int(v)] for v in best]})
    edits = frame.join(winners, on="thing").filter(pl.col("value").ne_missing(pl.col("won")))
    if not edits.height:
        return None
    evidence: dict[str, Any] = {
        "source": source,
        "thing": thing,
        "sources": len(ranked),
        "halves_agree": round(same, 4),
        "sources_agree": round(agreement, 4),
        "least_reliable": [votes.sources[i] for i in ranked[-3:]],
    }
    why = f"{len(ranked)} sources ({source}) describe each {thing}; {edits.height:,} cells of {column} are outvoted"
    mapping = dict(winners.rows())
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
