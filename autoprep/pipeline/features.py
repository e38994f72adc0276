"""A clean feature table of one raw table."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from autoprep import cleaning
from autoprep.pipeline.prepare import prepare
from autoprep.pipeline.train import FEATURE_SETS, encoded_target
from autoprep.types import Feature, Listener, Plan, Table, silent


@dataclass(frozen=True)
class Synthesized:
    """A feature table: ``frame`` (the target last, when there is one), ``definitions``, and the plan behind it."""

    frame: pl.DataFrame
    definitions: tuple[Feature, ...]
    plan: Plan


def synthesize(
    source: Table, target: str | None = None, *, most: int = 100, listener: Listener = silent
) -> Synthesized:
    """Clean a table and make its features; those learnt from the target are cross-fitted.

    Args:
        source: the raw table. target: a column that features may be learnt from, and that is none.
        most: at most so many columns, in the order they are made. listener: hears what is found.
    """
    from autoprep.synthesis import Synthesizer

    prepared = prepare(source, target=target, listener=listener)
    cleaned, plan = cleaning.apply(prepared.table, prepared.plan), prepared.plan
    frame, column = cleaned.frame, plan.target
    specs = [spec for spec in plan.outputs if spec.name in frame.columns and spec.name != column]
    if column is None:
        made = Synthesizer(("base", "text", "counts"), outputs=specs)
        table = made.fit(frame).transform(frame)
    else:
        frame = frame.filter(pl.col(column).is_not_null())
        task = plan.task or "regression"
        made = Synthesizer(FEATURE_SETS["all"], outputs=specs, task=task)
        table = made.fit_transform(frame.drop(column), encoded_target(frame[column], task))
    definitions = tuple(made.features)[:most]
    table = table.select([f.name for f in definitions])
    if column is not None:
        table = table.with_columns(frame[column].alias(column))
    return Synthesized(table, definitions, plan)
