"""Features over several tables, computed as of a cutoff, in memory or in blocks on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from autoprep import profiling
from autoprep.errors import ArtifactError, InputError, SettingError, did_you_mean, plural
from autoprep.lineage import whole_file
from autoprep.pipeline.sources import load_tables, schema_over
from autoprep.synthesis.answers import Asked
from autoprep.synthesis.blocks import Blocks, answer_in_blocks, bytes_of, empty_columns, shares_of
from autoprep.synthesis.entity_sets import ForFeaturetools, to_featuretools
from autoprep.synthesis.feature import Definition
from autoprep.synthesis.leaks import leak_report, traps
from autoprep.synthesis.outcomes import known_before, tells_outcome
from autoprep.synthesis.schema import Schema, TableSpec
from autoprep.synthesis.tables import (
    DEFAULT_WINDOWS,
    TableSynthesizer,
    cutoff_of,
    describe_cutoff,
    history_without_time,
    unread,
)
from autoprep.types import Event, Feature, Listener, Plan, silent

#: Rows that the leak report reads at most.
LEAK_ROWS = 20_000
#: Folders that lazy frames read; they go when Python ends.
_LENT: dict[str, TemporaryDirectory[str]] = {}


@dataclass(frozen=True)
class TableFeatures:
    """Features over several tables.

    Attributes:
        frame: the rows of the table that was asked for: its own columns (late ones aside) and one per feature.
        definitions: what the features are.
        schema: tables and references they were made by.
        synthesizer: computes them for other rows.
        plans: how each table was cleaned.
        leaks: what features would seem to be worth regardless of time (``synthesis.leaks``); None without target.
    """

    frame: pl.DataFrame
    definitions: tuple[Feature, ...]
    schema: Schema
    synthesizer: TableSynthesizer
    plans: Mapping[str, Plan]
    leaks: pl.DataFrame | None = None

    def to_featuretools(self, entity_set: Any) -> ForFeaturetools:
        """The definitions as featuretools' features over an EntitySet of the same tables, where it has equals.

        Raises:
            SettingError: featuretools is not installed.
        """
        return to_featuretools(self.synthesizer.definitions_, entity_set, self.synthesizer.table)

    def save(self, path: str | Path) -> Path:
        """Write definitions, schema and cleaning plans as JSON, so that other rows get the same columns."""
        return _save(path, self)


@dataclass(frozen=True)
class TableBlocks:
    """Features over several tables that lie in blocks on disk; like ``TableFeatures`` but for ``frame``.

    Attributes:
        blocks: the files; they go when this value does, or when Python ends once ``frame`` was asked for.
        own: the rows' own columns. frame: (lazy) own columns and features, read when collected.
    """

    blocks: Blocks
    own: pl.DataFrame
    definitions: tuple[Feature, ...]
    schema: Schema
    synthesizer: TableSynthesizer
    plans: Mapping[str, Plan]
    memory_budget: int
    folder: TemporaryDirectory[str]
    leaks: pl.DataFrame | None = None

    @property
    def frame(self) -> pl.LazyFrame:
        """Own columns and features, nothing read yet."""
        _LENT[self.folder.name] = self.folder  # what is made of it reads the files, whatever becomes of this value
        return pl.concat([self.own.lazy(), self.blocks.scan()], how="horizontal")

    def write(self, path: str | Path) -> Path:
        """All columns as one Parquet file, within the memory budget."""
        return self.blocks.write(path, self.own, self.memory_budget)

    def save(self, path: str | Path) -> Path:
        """As of ``TableFeatures``."""
        return _save(path, self)


def made_parts(made: TableSynthesizer, schema: Schema, plans: Mapping[str, Plan]) -> dict[str, Any]:
    """Plain values from which other rows get the same columns."""
    return {
        "features": made.to_dict(),
        "names": [str(d) for d in made.definitions_],
        "schema": schema.to_yaml(),
        "plans": {name: plan.to_dict() for name, plan in plans.items()},
    }


def _save(path: str | Path, made: TableFeatures | TableBlocks) -> Path:
    said = made_parts(made.synthesizer, made.schema, made.plans)
    with whole_file(path) as beside:
        beside.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return Path(path)


def made_for(
    known: Schema,
    made: TableSynthesizer,
    target: str | None = None,
    where: str | Path | Schema = "schema",
    listener: Listener = silent,
) -> TableSynthesizer:
    """Choose what is computed, less what would tell a row's own outcome.

    Args:
        known: tables and references. made: not yet fitted. target: column to predict, if any.
        where: the schema as it was given, for messages.

    Raises:
        InputError: no such target.
        SettingError: nothing can be made, the target is not declared late, or a feature that is asked for tells it.
    """
    spec = known.table(made.table)
    if target is not None:
        _check_target(spec, target, made.cutoff, where)
    made.fit(known)
    before = known_before(spec.frame, spec, made.cutoff)
    dropped: dict[str, list[str]] = {}
    for d in made.definitions_:
        reason = tells_outcome(d, spec, target, before)
        if reason and str(d) in made.asked_:
            raise SettingError(reason, where=f"feature '{d}'", hint=_outcome_hint(spec, reason))
        if reason:
            dropped.setdefault(reason, []).append(str(d))
    for reason, lines in dropped.items():
        more = f"; {hint}" if (hint := _outcome_hint(spec, reason)) else ""
        listener(Event("synthesize", f"{plural(len(lines), 'feature')} left out: {lines[0]} {reason}{more}"))
    out = {line for lines in dropped.values() for line in lines}
    made.keep([str(d) for d in made.definitions_ if str(d) not in out])
    if made.cutoff is not None and (said := history_without_time(known, made.table)):
        listener(Event("synthesize", said))
    return made


def _check_target(spec: TableSpec, target: str, cutoff: str | None, where: str | Path | Schema) -> None:
    if target not in spec.frame.columns:
        raise InputError(f"table '{spec.name}' has no column '{target}'", hint=did_you_mean(target, spec.frame.columns))
    if cutoff is not None and spec.as_of is not None and target not in spec.late:
        named = str(where) if isinstance(where, Path) or (isinstance(where, str) and "\n" not in where) else "schema"
        raise SettingError(
            f"'{target}' is not among the late columns of '{spec.name}': nothing says that it is unknown at the cutoff",
            where=named, hint=f"write late: [{', '.join((*spec.late, target))}] there, under tables: {spec.name}:",
        )  # fmt: skip


def _outcome_hint(spec: TableSpec, reason: str) -> str:
    if not reason.startswith("would read"):
        return ""
    return f"say under {spec.name}: from when its late columns are known (known: COLUMN), or choose an earlier cutoff"


def synthesize_tables(
    source: Mapping[str, Any] | str | Path,
    table: str,
    *,
    schema: Schema | str | Path,
    cutoff: str | None = None,
    target: str | None = None,
    windows: Sequence[str] = DEFAULT_WINDOWS,
    depth: int = 2,
    most: int = 500,
    features: Sequence[str] = (),
    listener: Listener = silent,
) -> TableFeatures:
    """Generate features for the rows of one table from the tables around it; see ``autoprep.synthesize``."""
    frames, plans = load_tables(source, listener=listener)
    known = schema_over(schema, frames, table)
    made = TableSynthesizer(table, cutoff=cutoff, windows=windows, depth=depth, most=most, features=features)
    cutoff = made_for(known, made, target, schema, listener).cutoff
    told = "" if cutoff is None else f", as of {describe_cutoff(cutoff)}"
    listener(Event("synthesize", f"{plural(len(made.definitions_), 'feature')} of {len(frames)} tables{told}"))
    if cutoff is None and (left := unread(known, table, depth)):
        names = ", ".join(f"'{name}'" for name in left)
        listener(
            Event("synthesize", f"Nothing is read from rows of {names}: they have a time, and there is no cutoff.")
        )
    rows = known.table(table).frame
    columns = made.transform(rows, known)
    offered = made.definitions_
    if empty := empty_columns(columns, made.asked_):
        columns = columns.drop(empty)
        made.keep(columns.columns)
        _left_out(empty, listener)
    return _computed(rows, known, made, plans, target, columns, offered)


def synthesize_blocks(
    source: Mapping[str, Any] | str | Path,
    table: str,
    *,
    schema: Schema | str | Path,
    memory_budget: str | int,
    cutoff: str | None = None,
    target: str | None = None,
    windows: Sequence[str] = DEFAULT_WINDOWS,
    depth: int = 2,
    most: int = 500,
    features: Sequence[str] = (),
    listener: Listener = silent,
) -> TableBlocks:
    """Generate features within a memory budget; see ``autoprep.synthesize``.

    Raises:
        SettingError: the budget is too small for one column.
    """
    budget = bytes_of(memory_budget)
    frames, plans = load_tables(source, listener=listener)
    known = schema_over(schema, frames, table)
    made = TableSynthesizer(table, cutoff=cutoff, windows=windows, depth=depth, most=most, features=features)
    cutoff = made_for(known, made, target, schema, listener).cutoff
    rows = known.table(table).frame
    own = _own(rows, known, made, target)
    made.keep([str(d) for d in made.definitions_ if str(d) not in own.columns])
    cut = shares_of(made.definitions_, known, rows.height, budget)
    told = f"{len(made.definitions_)} features in blocks of {cut.columns}, sources in {plural(cut.parts, 'part')}"
    listener(Event("synthesize", told))
    folder = TemporaryDirectory(prefix="autoprep-")
    moment = None if cutoff is None else cutoff_of(rows, cutoff)
    blocks = answer_in_blocks(made.definitions_, known, Asked(rows, moment), folder.name, budget, made.asked_)
    offered = made.definitions_
    if blocks.empty:
        _left_out([name for name in blocks.names if name in blocks.empty], listener)
        blocks = blocks.without_empty()
        made.keep(blocks.names)
    leaks = None if target is None or cutoff is None else _leaks(rows, known, made, target, None, offered)
    return TableBlocks(blocks, own, tuple(made.features), known, made, plans, budget, folder, leaks)


def synthesize_like(
    source: Mapping[str, Any] | str | Path, saved: str | Path, *, listener: Listener = silent
) -> TableFeatures:
    """Compute saved features for other rows, with the tables as they are known now.

    Raises:
        ArtifactError: the file is no saved features.
    """
    try:
        said = json.loads(Path(saved).read_text(encoding="utf-8"))
        plans = {name: Plan.from_dict(plan) for name, plan in said["plans"].items()}
        made = TableSynthesizer.from_dict(said["features"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"is no file of saved features ({error})", where=str(saved)) from error
    frames, plans = load_tables(source, plans, listener)
    known = schema_over(said["schema"], frames, made.table)
    rows = known.table(made.table).frame
    return _computed(rows, known, made, plans, None, made.transform(rows, known))


def _computed(
    rows: pl.DataFrame,
    schema: Schema,
    made: TableSynthesizer,
    plans: Mapping[str, Plan],
    target: str | None,
    features: pl.DataFrame,
    judged: Sequence[Definition] = (),
) -> TableFeatures:
    own = _own(rows, schema, made, target)
    clash = [c for c in features.columns if c in own.columns]
    frame = pl.concat([own, features.drop(clash)], how="horizontal")
    leaks = None
    if target is not None and made.cutoff is not None:
        leaks = _leaks(rows, schema, made, target, features, judged)
    return TableFeatures(frame, tuple(made.features), schema, made, plans, leaks)


def _left_out(empty: Sequence[str], listener: Listener) -> None:
    shown = ", ".join(empty[:2]) + (", ..." if len(empty) > 2 else "")
    said = f"{plural(len(empty), 'feature')} left out, without a value in any row or with the same in all: {shown}"
    listener(Event("synthesize", said))


def _own(rows: pl.DataFrame, schema: Schema, made: TableSynthesizer, target: str | None) -> pl.DataFrame:
    """The rows' own columns, less those that are late."""
    spec = schema.table(made.table)
    if target is not None and target not in rows.columns:
        raise InputError(f"table '{made.table}' has no column '{target}'", hint=did_you_mean(target, rows.columns))
    out = {*spec.late, *spec.ignore, *([spec.known] if spec.known else [])} - {target}
    return rows.drop([c for c in rows.columns if c in out])


def _leaks(
    rows: pl.DataFrame,
    schema: Schema,
    made: TableSynthesizer,
    target: str,
    features: pl.DataFrame | None,
    offered: Sequence[Definition],
) -> pl.DataFrame:
    """What time is worth to the features that were offered, those that say nothing as of the cutoff among them."""
    from autoprep.pipeline.sides import encoded_target

    some = np.flatnonzero(rows[target].is_not_null().to_numpy())
    some = some[:: -(-some.size // LEAK_ROWS) or 1]
    rows = rows[some]
    features = made.transform(rows, schema) if features is None else features[some]
    task, _ = profiling.infer_task(rows[target], target)
    y = encoded_target(rows[target], task)
    assert made.cutoff is not None
    spec = schema.table(made.table)
    before = known_before(rows, spec, made.cutoff)
    tempting = [d for d in traps(schema, made.table) if not tells_outcome(d, spec, target, before)]
    judged = list({str(d): d for d in (*offered, *tempting)}.values())
    return leak_report(judged, schema, Asked(rows, cutoff_of(rows, made.cutoff)), y, task, features)
