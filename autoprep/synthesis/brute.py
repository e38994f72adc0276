"""Brute force: each feature of each row from the rows that it may read, as the definition says it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from autoprep.primitives import AGGREGATIONS
from autoprep.synthesis.answers import value_of
from autoprep.synthesis.feature import Call, Definition
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.sources import WHEN, source_rows

SIGNS: dict[str, Callable[[Any, Any], pl.Expr]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "IN": lambda column, values: column.is_in(list(values)),
    "IS NULL": lambda column, _: column.is_null(), "IS NOT NULL": lambda column, _: column.is_not_null(),
}  # fmt: skip


def brute_force(
    definitions: Sequence[Definition], schema: Schema, asked: pl.DataFrame, cutoff: np.ndarray | None
) -> dict[str, list[Any]]:
    """Features row by row: for each, the whole source filtered to what is tied to it and was known.

    Args:
        definitions: what is wanted. schema: the tables. asked: (n, columns) rows. cutoff: (n,) microseconds, or None.

    Returns:
        definition -> (n,) values; nothing of the planner, the sweep or the kernels is used.
    """
    made: dict[str, list[Any]] = {str(d): [] for d in definitions}
    groups: dict[tuple[Any, ...], list[Definition]] = {}
    for d in definitions:
        groups.setdefault((d.via, d.source, d.by, d.where, d.before, d.aggregates), []).append(d)
    for members in groups.values():
        like = members[0]
        rows = source_rows(schema, like.via, like.source, [there for _, there in like.by])
        frame = rows.frame.filter(_holds(like)) if like.where else rows.frame
        here = [name for name, _ in like.by]
        ties = asked.select(pl.col(a).alias(t) for a, t in zip(here, rows.by, strict=True))
        frame = frame.join(ties.unique(), on=rows.by, how="semi", maintain_order="left")
        moment = pl.from_epoch(pl.col(WHEN), time_unit="us") if rows.timed else None
        for i, row in enumerate(ties.iter_rows()):
            known = [pl.col(t) == v for t, v in zip(rows.by, row, strict=True) if v is not None]
            mine = frame.filter(*known) if None not in row else frame.clear()
            if like.before and cutoff is not None:
                mine = mine.filter(pl.col(WHEN) < int(cutoff[i])).sort(WHEN, maintain_order=True)
                mine = mine.with_columns(pl.from_epoch(pl.lit(int(cutoff[i])), time_unit="us").alias("__cutoff"))
            for width in dict.fromkeys(d.over_us for d in members):
                within = mine
                if width is not None and cutoff is not None:
                    within = mine.filter(pl.col(WHEN) >= int(cutoff[i]) - width)
                same = [d for d in members if d.over_us == width]
                for d, value in zip(same, _values(same, within, moment), strict=True):
                    made[str(d)].append(value)
    return made


def _values(members: Sequence[Definition], rows: pl.DataFrame, moment: pl.Expr | None) -> list[Any]:
    if not members[0].aggregates:
        if rows.height == 0:
            return [None] * len(members)
        return list(rows.head(1).select(value_of(d.body).alias(str(i)) for i, d in enumerate(members)).row(0))
    empty = [AGGREGATIONS[d.body.primitive].empty for d in members]  # type: ignore[union-attr]
    if rows.height == 0:
        return list(empty)
    made = rows.group_by(pl.lit(0)).agg(_built(d, moment).alias(str(i)) for i, d in enumerate(members))
    return [e if v is None else v for v, e in zip(made.select(pl.exclude("literal")).row(0), empty, strict=True)]


def _holds(definition: Definition) -> list[pl.Expr]:
    return [SIGNS[c.operator](_like(pl.col(c.column.name), c.value), c.value) for c in definition.where]


def _like(column: pl.Expr, value: Any) -> pl.Expr:
    """Dates as moments beside moments, enumerated texts as texts beside texts."""
    one = value[0] if isinstance(value, tuple) else value
    if isinstance(one, datetime):
        return column.cast(pl.Datetime("us"))
    return column.cast(pl.String) if isinstance(one, str) else column


def _built(d: Definition, moment: pl.Expr | None) -> pl.Expr:
    assert isinstance(d.body, Call)
    primitive = AGGREGATIONS[d.body.primitive]
    given = [value_of(a) for a in d.body.arguments]
    inputs = []
    short = len(given) < sum(k != "cutoff" for k in primitive.inputs)
    for kind in primitive.inputs:
        if kind == "cutoff":
            inputs.append(pl.col("__cutoff"))
        elif kind == "time" and short:
            inputs.append(moment if moment is not None else pl.lit(None, dtype=pl.Datetime("us")))
        else:
            inputs.append(given.pop(0))
    return primitive.build(*inputs, **{k: v for k, v in d.body.parameters if k != "of"})
