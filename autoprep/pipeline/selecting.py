"""A feature table with those generated columns only that add to the table's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from autoprep import cleaning, profiling
from autoprep.errors import InputError, did_you_mean, plural
from autoprep.pipeline.features import table_name
from autoprep.pipeline.prepare import prepare
from autoprep.pipeline.saved_rows import SavedRows
from autoprep.pipeline.sides import encoded_target
from autoprep.pipeline.tables import TableFeatures
from autoprep.selection import SelectedFeatures, Selection, select
from autoprep.types import Event, Feature, Listener, Plan, Table, silent


@dataclass(frozen=True)
class Selected:
    """Selected features of a table.

    Attributes:
        frame: the table's own columns, the chosen features, the target last.
        definitions: the chosen features, by falling gain.
        selection: every candidate with its gain, interval, stability and why it was chosen or not; the gain curve.
        made: what computes them for other rows.
    """

    frame: pl.DataFrame
    definitions: tuple[Feature, ...]
    selection: Selection
    made: SelectedFeatures | TableFeatures
    plan: Plan | None = None
    saved: SavedRows | None = None

    def save(self, path: str | Path) -> Path:
        """Write the columns that are kept, what they learnt and how rows are cleaned, for other rows."""
        if self.saved is not None:
            return self.saved.save(path)
        assert isinstance(self.made, TableFeatures)
        return self.made.save(path)


def select_of_table(
    source: Table,
    target: str,
    *,
    most: int = 60,
    seed: int = 0,
    features: Sequence[str] = (),
    listener: Listener = silent,
) -> Selected:
    """Clean one table, generate its features and keep those that add to its columns.

    Args:
        source: the raw table. target: what is to be predicted. most: at most so many are kept. seed: decides samples.
        features: lines of features that are candidates too. listener: hears what is found.

    Raises:
        InputError: no such target, or no row with it. SettingError: a line cannot be read.
    """
    prepared = prepare(source, target=target, listener=listener)
    cleaned, plan = cleaning.apply(prepared.table, prepared.plan), prepared.plan
    column = plan.target
    assert column is not None
    frame = cleaned.frame.filter(pl.col(column).is_not_null())
    if not frame.height:
        raise InputError(f"no row has a value in '{target}'", where=source.source.uri)
    specs = [spec for spec in plan.outputs if spec.name in frame.columns and spec.name != column]
    task = plan.task or "regression"
    maker = SelectedFeatures(task, outputs=specs, most=most, seed=seed, features=features)
    table = maker.fit_transform(frame.drop(column), encoded_target(frame[column], task))
    _told(maker.selection, listener)
    chosen = tuple(maker.features[-len(maker.selection.chosen) :]) if maker.selection.chosen else ()
    saved = SavedRows(maker.synthesizer, tuple(maker.columns), plan, table_name(source))
    return Selected(table.with_columns(frame[column].alias(column)), chosen, maker.selection, maker, plan, saved)


def select_of_tables(
    made: TableFeatures, target: str, *, most: int = 60, seed: int = 0, listener: Listener = silent
) -> Selected:
    """Keep those features over several tables that add to the columns of the table itself.

    Args:
        made: features over several tables. target: a column of the table. most: at most so many are kept.
        seed: decides samples. listener: hears what is found.

    Raises:
        InputError: no such target.
    """
    if target not in made.frame.columns:
        raise InputError(f"the table has no column '{target}'", hint=did_you_mean(target, made.frame.columns))
    known = made.frame.filter(pl.col(target).is_not_null())
    task, _ = profiling.infer_task(known[target], target)
    names = [f.name for f in made.definitions if f.name in known.columns and f.name != target]
    listed, dtypes = set(names), known.schema
    own = [c for c in known.columns if c not in listed and c != target and _flat(dtypes[c])]
    found = select(
        known.select([*own, *(n for n in names if _flat(dtypes[n]))]), encoded_target(known[target], task), task,
        base=own, most=most, seed=seed,
    )  # fmt: skip
    _told(found, listener)
    definitions = tuple(found.describe(made.definitions))
    columns = [c for c in made.frame.columns if c not in set(names) and c != target]
    frame = made.frame.select([*columns, *found.chosen, target])
    made.synthesizer.keep(found.chosen)
    kept = replace(made, frame=frame, definitions=definitions)
    return Selected(frame, definitions, found, kept)


def _flat(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype == pl.String or dtype == pl.Boolean or dtype.is_temporal()


def _told(found: Selection, listener: Listener) -> None:
    better, se = found.curve.sort("loss").row(0)[2:] if found.curve.height else (0.0, 0.0)
    said = f"{len(found.chosen)} of {plural(found.table.height, 'candidate')} add to the columns"
    if found.chosen:
        said += f"; the held-out loss falls by {better:.4g} (standard error {se:.2g})"
    listener(Event("select", said))
