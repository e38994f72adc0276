"""Which features to try: columns worth encoding, pairs worth combining; and which of the tried ones to keep."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from autoprep.synthesis.basic import DROPPED, MOST_LEVELS
from autoprep.synthesis.encodings import Array
from autoprep.synthesis.ranking import gains, matrix_of, pick, residuals
from autoprep.synthesis.relative import Relative
from autoprep.synthesis.steps import Computed, Step
from autoprep.types import ColumnSpec, Task

SAMPLE = 12_000
LEAST_ROWS = 200
LEAST_GAIN = 5e-4
ROLES = ("number", "ordinal", "duration")
#: Roles of columns whose values may come back, and be counted and coded by what the target is where they do.
CODED = ("category", "code", "ordinal", "text", "identifier")


def varying(frame: pl.DataFrame, steps: Sequence[Step]) -> list[Step]:
    """The steps whose columns are not constant on these rows."""
    made = [(s, e.alias(f"\0{i}")) for i, s in enumerate(steps) for e in s.expressions()]
    if not made:
        return []
    columns = frame.select([e for _, e in made])
    # An expression that differs from its first known value somewhere is not constant.
    first = [pl.col(c).ne_missing(pl.col(c).drop_nulls().first()).any().alias(c) for c in columns.columns]
    differs = columns.select(first).row(0)
    return [s for (s, _), d in zip(made, differs, strict=True) if d]


def repeated(frame: pl.DataFrame, specs: Sequence[ColumnSpec], least: int) -> list[str]:
    """Columns of categories, codes, names whose values come back: over ``least`` values, two rows each."""
    found, dtypes = [], frame.schema
    for spec in specs:
        dtype = dtypes[spec.name]
        if spec.role not in CODED or not (dtype == pl.String or dtype.is_integer()):
            continue
        if spec.role == "ordinal" and dtype != pl.String:
            continue
        known = frame.height - frame[spec.name].null_count()
        levels = frame[spec.name].drop_nulls().n_unique()
        if least < levels <= known / 2:
            found.append(spec.name)
    return found


def texts(frame: pl.DataFrame, specs: Sequence[ColumnSpec]) -> list[tuple[str, str]]:
    """Columns of free text and of many-valued strings, with how to take them apart."""
    found, dtypes = [], frame.schema
    for spec in specs:
        if dtypes[spec.name] != pl.String or spec.role in DROPPED or spec.role == "code":
            continue
        column = frame[spec.name].drop_nulls()
        if column.n_unique() <= MOST_LEVELS:
            continue
        words = column.str.count_matches(r"\S+").mean()
        many_words = isinstance(words, float) and words >= 4
        found.append((spec.name, "words" if many_words else "trigrams"))
    return found


def arithmetic(specs: Sequence[ColumnSpec], numbers: Sequence[str]) -> list[Step]:
    """Ratios and products of any two numbers; sums and differences only within a unit."""
    unit = {s.name: (s.unit, s.semantic if s.semantic in ("amount", "percent") else "") for s in specs}
    made: list[Step] = []
    for a, b in combinations(numbers, 2):
        made += [Computed("arithmetic", "RATIO", (a, b)), Computed("arithmetic", "RATIO", (b, a))]
        made.append(Computed("arithmetic", "PRODUCT", (a, b)))
        if unit[a] == unit[b]:
            made += [Computed("arithmetic", "DIFFERENCE", (a, b)), Computed("arithmetic", "SUM_OF", (a, b))]
    return made


def ranked(
    frame: pl.DataFrame,
    specs: Sequence[ColumnSpec],
    base: pl.DataFrame,
    goals: Array,
    task: Task,
    wanted: Sequence[str],
    most: int,
    seed: int,
    leaves: int = 15,
) -> list[Step]:
    """Arithmetic and group-relative steps that add to a base model out of fold, at most ``most`` of each kind.

    Args:
        frame: training rows. base: their basic features. goals: (n, c) columns to predict.
        leaves: of the base model's trees.
    """
    if frame.height < LEAST_ROWS:
        return []
    rows = np.arange(frame.height)
    if frame.height > SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(frame.height, SAMPLE, replace=False))
    sample, goal = frame[rows], np.ascontiguousarray(goals[rows, :3])
    matrix = matrix_of(base[rows], base.columns)
    residual, fold = residuals(matrix.T, goal, task, seed, leaves)
    numbers = _numbers(frame, specs, base)
    alone, _ = gains(matrix_of(sample, numbers), goal - goal.mean(axis=0), fold)
    best = [numbers[i] for i in np.argsort(-alone, kind="stable")[:12]]
    kept: list[Step] = []
    for kind in wanted:
        tried = arithmetic(specs, best) if kind == "arithmetic" else _relative(frame, specs, best[:8])
        kept += _keep(tried, sample, residual, fold, most)
    return kept


def _numbers(frame: pl.DataFrame, specs: Sequence[ColumnSpec], base: pl.DataFrame) -> list[str]:
    kinds: dict[str, Any] = {s.name: s.role for s in specs}
    dtypes = frame.schema
    return [n for n in base.columns if kinds.get(n) in ROLES and dtypes[n].is_numeric() and frame[n].n_unique() > 3]


def _relative(frame: pl.DataFrame, specs: Sequence[ColumnSpec], numbers: Sequence[str]) -> list[Step]:
    groups, dtypes = [], frame.schema
    for spec in specs:
        groups_well = spec.role in ("category", "code", "identifier", "text", "boolean")
        if groups_well and dtypes[spec.name] in (pl.String, pl.Boolean, pl.Int64):
            levels = frame[spec.name].drop_nulls().n_unique()
            if 2 <= levels <= frame.height / 8:
                groups.append((levels, spec.name))
    made: list[Step] = []
    for _, by in sorted(groups)[-8:]:
        for x in numbers:
            if x != by:
                made += Relative.learn(frame, x, by)
    return made


def _keep(tried: Sequence[Step], sample: pl.DataFrame, residual: Array, fold: Array, most: int) -> list[Step]:
    if not tried:
        return []
    expressions = [e.alias(f"\0{i}") for i, s in enumerate(tried) for e in s.expressions()]
    values = matrix_of(sample.select(expressions), [f"\0{i}" for i in range(len(expressions))])
    gain, error = gains(values, residual, fold)
    # What the best of as many candidates earns by luck: the same columns against shuffled residuals.
    shuffled = residual[np.random.default_rng(1).permutation(residual.shape[0])]
    luck, _ = gains(values, shuffled, fold)
    return [tried[i] for i in pick(gain, error, values, most, max(LEAST_GAIN, float(luck.max())))]
