"""Further kinds of features, made where they are named: places within groups, clusters, crosses, likeness, patterns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from autoprep.synthesis.basic import DROPPED
from autoprep.synthesis.candidates import ROLES, texts
from autoprep.synthesis.clusters import Clusters
from autoprep.synthesis.encodings import Array, TargetMean
from autoprep.synthesis.likeness import TextLikeness
from autoprep.synthesis.relative import GroupRank, share_of
from autoprep.synthesis.steps import MissingPattern, Step
from autoprep.types import ColumnSpec

Labels = Sequence[str | None]
#: Columns of a kind that are combined at most, and rows that a cross of two categories needs on average.
NUMBERS, GROUPS, CATEGORIES, TEXTS, ROWS_OF_A_CROSS = 6, 4, 6, 3, 8
MOST_NUMBERS = 40


def _ranks(
    frame: pl.DataFrame, specs: Sequence[ColumnSpec], goals: Array | None, labels: Labels, seed: int
) -> list[Step]:
    numbers = _telling(frame, _numbers(frame, specs), goals)[:NUMBERS]
    groups = [name for name, levels in _categories(frame, specs) if levels <= frame.height / 8][-GROUPS:]
    pairs = [(x, by) for by in groups for x in numbers if x != by]
    return [s for x, by in pairs for s in (GroupRank.learn(frame, x, by), share_of(frame, x, by))]


def _clusters(
    frame: pl.DataFrame, specs: Sequence[ColumnSpec], goals: Array | None, labels: Labels, seed: int
) -> list[Step]:
    lat = next((s.name for s in specs if s.semantic == "latitude" and frame.schema[s.name].is_numeric()), None)
    lon = next((s.name for s in specs if s.semantic == "longitude" and frame.schema[s.name].is_numeric()), None)
    numbers = _numbers(frame, specs)[:MOST_NUMBERS]
    sets = [list(numbers)] if len(numbers) > 1 else []
    if lat is not None and lon is not None and len(numbers) > 2:
        sets.append([lat, lon])
    found = [Clusters.learn(frame, names, seed=seed) for names in sets]
    return [s for s in found if s is not None]


def _crosses(
    frame: pl.DataFrame, specs: Sequence[ColumnSpec], goals: Array | None, labels: Labels, seed: int
) -> list[Step]:
    if goals is None:
        return []
    made: list[Step] = []
    for (a, n), (b, m) in combinations(_categories(frame, specs)[:CATEGORIES], 2):
        if n * m * ROWS_OF_A_CROSS <= frame.height:
            made += TargetMean.learn(frame, a, goals, labels, b, "crosses")
    return made


def _likeness(
    frame: pl.DataFrame, specs: Sequence[ColumnSpec], goals: Array | None, labels: Labels, seed: int
) -> list[Step]:
    found = texts(frame, specs)[:TEXTS]
    return [
        TextLikeness.learn(frame, a, b, "words" if (how, other) == ("words", "words") else "trigrams", seed=seed)
        for (a, how), (b, other) in combinations(found, 2)
    ]


def _patterns(
    frame: pl.DataFrame, specs: Sequence[ColumnSpec], goals: Array | None, labels: Labels, seed: int
) -> list[Step]:
    names = [s.name for s in specs if s.role not in DROPPED]
    some = [n for n in names if 0 < frame[n].null_count() < frame.height]
    if len(some) < 2:
        return []
    learnt = MissingPattern.learn(frame, some)
    return [learnt] if len(learnt.patterns) > 2 else []


def _numbers(frame: pl.DataFrame, specs: Sequence[ColumnSpec]) -> list[str]:
    dtypes = frame.schema
    return [s.name for s in specs if s.role in ROLES and dtypes[s.name].is_numeric() and frame[s.name].n_unique() > 3]


def _categories(frame: pl.DataFrame, specs: Sequence[ColumnSpec]) -> list[tuple[str, int]]:
    """Categories and how many levels they have, the fewest first."""
    found, dtypes = [], frame.schema
    for s in specs:
        if s.role in ("category", "code", "boolean") and dtypes[s.name] in (pl.String, pl.Boolean, pl.Int64):
            levels = frame[s.name].drop_nulls().n_unique()
            if levels >= 2:
                found.append((levels, s.name))
    return [(name, levels) for levels, name in sorted(found)]


def _telling(frame: pl.DataFrame, names: Sequence[str], goals: Array | None) -> list[str]:
    """Numbers by how far their ranks go with a goal, the most telling first."""
    from autoprep.synthesis.ranking import rank

    if goals is None or not names:
        return list(names)
    wanted = [rank(goals[:, c]) for c in range(min(goals.shape[1], 3))]
    told = []
    for name in names:
        ranks = rank(frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy())
        told.append(max(abs(float(ranks @ w)) for w in wanted))
    return [names[i] for i in np.argsort(-np.asarray(told), kind="stable")]


STEPS_OF: Mapping[str, Callable[[pl.DataFrame, Sequence[ColumnSpec], Array | None, Labels, int], list[Step]]] = {
    "ranks": _ranks,
    "clusters": _clusters,
    "crosses": _crosses,
    "likeness": _likeness,
    "patterns": _patterns,
}
