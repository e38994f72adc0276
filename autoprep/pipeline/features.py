"""A clean feature table of one raw table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from autoprep import cleaning
from autoprep.pipeline.prepare import prepare
from autoprep.pipeline.saved_rows import SavedRows
from autoprep.pipeline.sides import encoded_target
from autoprep.pipeline.train import FEATURE_SETS
from autoprep.types import Feature, Listener, Plan, Table, silent

ASKED = "asked"


@dataclass(frozen=True)
class Synthesized:
    """A feature table: ``frame`` (the target last, when there is one), ``definitions``, and the plan behind it."""

    frame: pl.DataFrame
    definitions: tuple[Feature, ...]
    plan: Plan
    saved: SavedRows

    def save(self, path: str | Path) -> Path:
        """Write plan, features and what they learnt as JSON, so that other rows get the same columns."""
        return self.saved.save(path)


def synthesize(
    source: Table,
    target: str | None = None,
    *,
    most: int = 100,
    features: Sequence[str] = (),
    listener: Listener = silent,
) -> Synthesized:
    """Clean a table and make its features; those learnt from the target are cross-fitted.

    Args:
        source: the raw table. target: a column that features may be learnt from, and that is none.
        most: at most so many columns, in the order they are made. features: lines of features that are made besides.
        listener: hears what is found.

    Raises:
        SettingError: a line cannot be read, or names what is not there.
    """
    from autoprep.synthesis import Synthesizer

    prepared = prepare(source, target=target, listener=listener)
    cleaned, plan = cleaning.apply(prepared.table, prepared.plan), prepared.plan
    frame, column = cleaned.frame, plan.target
    specs = [spec for spec in plan.outputs if spec.name in frame.columns and spec.name != column]
    if column is None:
        made = Synthesizer(("base", "text", "counts"), outputs=specs, features=features)
        table = made.fit(frame).transform(frame)
    else:
        frame = frame.filter(pl.col(column).is_not_null())
        task = plan.task or "regression"
        made = Synthesizer(FEATURE_SETS["all"], outputs=specs, task=task, features=features)
        table = made.fit_transform(frame.drop(column), encoded_target(frame[column], task))
    asked = set(made.columns_of(ASKED))
    definitions = tuple(f for i, f in enumerate(made.features) if i < most or f.name in asked)
    table = table.select([f.name for f in definitions])
    if column is not None:
        table = table.with_columns(frame[column].alias(column))
    saved = SavedRows(made, tuple(f.name for f in definitions), plan, table_name(source))
    return Synthesized(table, definitions, plan, saved)


def synthesize_rows_like(source: Table, saved: SavedRows) -> Synthesized:
    """Saved features for other rows of the table, in the order of the rows."""
    table = saved.synthesizer.transform(saved.cleaned(source)).select(saved.names)
    return Synthesized(table, saved.definitions, saved.plan, saved)


def table_name(source: Table) -> str:
    """What a table is called in a query: its file's name up to the first dot, "rows" where it comes from no file.

    Example:
        >>> from autoprep.reading import read
        >>> table_name(read({"a": [1]}))
        'rows'
    """
    file = Path(source.source.uri.split("?")[0])
    name = file.name.split(".")[0]
    return name if file.suffix and name.isidentifier() else "rows"
