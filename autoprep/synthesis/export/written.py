"""What an export is, and the groups of definitions that share their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from autoprep.synthesis.feature import Definition
from autoprep.synthesis.schema import Schema


@dataclass(frozen=True)
class Written:
    """Features as text for another engine.

    Attributes:
        text: a query or a script. without: definition -> why it is not in it.
    """

    text: str
    without: Mapping[str, str] = field(default_factory=dict)


class NotSaid(Exception):
    """Why a definition cannot be written."""


@dataclass(frozen=True)
class Hop:
    """One step of the walk from the table that is tied to the target to the source.

    Attributes:
        table: that is reached. up: whether it is looked up (a parent) or gathered (children).
        here, there: the columns that match. timed: the column of its time, where it has one that counts.
    """

    table: str
    up: bool
    here: tuple[str, ...]
    there: tuple[str, ...]
    timed: str | None


@dataclass(frozen=True)
class Group:
    """Definitions over the same rows: walk, conditions, window."""

    first: str
    timed: str | None
    hops: tuple[Hop, ...]
    members: tuple[Definition, ...]

    @property
    def like(self) -> Definition:
        """One of them: they differ in their bodies only."""
        return self.members[0]

    @property
    def source(self) -> str:
        """The table whose columns are read."""
        return self.hops[-1].table if self.hops else self.first


def grouped(definitions: Sequence[Definition], schema: Schema) -> list[Group]:
    """Definitions by the rows that they read, in order."""
    found: dict[tuple[object, ...], list[Definition]] = {}
    for d in definitions:
        key = (d.via, d.source, d.by, d.where, d.before, d.over_us, d.aggregates)
        found.setdefault(key, []).append(d)
    return [_group(tuple(members), schema) for members in found.values()]


def _group(members: tuple[Definition, ...], schema: Schema) -> Group:
    like = members[0]
    walk = [*like.via, like.source]
    hops = []
    for here, there in pairwise(walk):
        up, down = schema.link(here, there), schema.link(there, here)
        if up is not None:
            hops.append(Hop(there, True, up.columns, up.key, None))
        elif down is not None:
            hops.append(Hop(there, False, down.key, down.columns, schema.table(there).as_of))
    return Group(walk[0], schema.table(walk[0]).as_of, tuple(hops), members)
