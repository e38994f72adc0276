"""Features over several tables: read and clean each, propose or take a schema, compute as of a cutoff."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning, profiling, reading
from autoprep.errors import ArtifactError, InputError, SettingError, did_you_mean, plural
from autoprep.lineage import whole_file
from autoprep.pipeline.prepare import prepare
from autoprep.reading.catalogue import Catalogue, catalogue_of, database_file
from autoprep.synthesis.answers import Asked
from autoprep.synthesis.blocks import Blocks, answer_in_blocks, bytes_of, empty_columns, shares_of
from autoprep.synthesis.entity_sets import ForFeaturetools, is_entity_set, tables_of, to_featuretools
from autoprep.synthesis.feature import Definition
from autoprep.synthesis.leaks import leak_report, traps
from autoprep.synthesis.outcomes import known_before, tells_outcome
from autoprep.synthesis.schema import Reference, Schema, TableSpec, guess_time
from autoprep.synthesis.tables import (
    DEFAULT_WINDOWS,
    TableSynthesizer,
    cutoff_of,
    describe_cutoff,
    history_without_time,
    unread,
)
from autoprep.types import Event, Feature, Listener, Plan, Table, silent

#: Files of a folder that are tables.
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".arrow", ".ndjson", ".json", ".gz", ".zst", ".xz", ".bz2", ".xlsx")
#: Rows, evenly spaced, that a cleaning plan is made on; the leak report reads at most ``LEAK_ROWS``.
PLAN_ROWS, LEAK_ROWS = 50_000, 20_000
_ISO = r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?)?$"


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


def load_tables(
    source: Mapping[str, Any] | str | Path, plans: Mapping[str, Plan] | None = None, listener: Listener = silent
) -> tuple[dict[str, pl.DataFrame], dict[str, Plan]]:
    """Read several tables; those of text are cleaned by their own plan, typed ones are taken as they are.

    Args:
        source: name -> anything that can be read, a folder with one file per table, or an SQLite or DuckDB file.
        plans: how tables were cleaned before, by name; used instead of new plans.
        listener: hears what is read.

    Raises:
        InputError: no such folder, or no table in it.
    """
    if is_entity_set(source):
        return tables_of(source), {}
    if not isinstance(source, Mapping):
        source = _named(source, listener)
    frames, used = {}, {}
    for name, one in source.items():
        table = one if isinstance(one, Table) else reading.read(one, listener=listener)
        texts = [t for t in table.frame.collect_schema().dtypes() if t == pl.String]
        typed = len(texts) < len(table.frame.collect_schema())
        if plans is not None and name in plans:
            plan = plans[name]
            frames[name] = cleaning.transform(table.collect(), plan)[0]
            used[name] = plan
        elif typed:
            frames[name] = _moments(table.collect())
        else:
            frame = table.collect()
            step = max(1, frame.height // PLAN_ROWS)
            prepared = prepare(table, rows=range(0, frame.height, step), listener=listener)
            plan = cleaning.for_modelling(prepared.plan)
            frames[name] = cleaning.transform(frame, plan)[0]
            used[name] = plan
    return frames, used


def _named(source: str | Path, listener: Listener) -> Mapping[str, Any]:
    """The tables of a folder or of a whole database file."""
    whole = database_file(source)
    if whole is not None:
        known = catalogue_of(*whole)
        return {name: reading.read(known.path, query=name, listener=listener) for name in known.tables}
    folder = Path(source)
    if not folder.is_dir():
        raise InputError(
            "is no folder of tables", where=str(source),
            hint="give a folder with one file per table, or an SQLite or DuckDB file",
        )  # fmt: skip
    found = named_files(folder)
    if not found:
        raise InputError("holds no table", where=str(folder), hint=f"known endings: {', '.join(SUFFIXES)}")
    return found


def _moments(frame: pl.DataFrame) -> pl.DataFrame:
    """A typed table with its text columns of ISO dates and moments as such: SQLite has no type for them."""
    made = []
    for name in (c for c, d in frame.schema.items() if d == pl.String):
        known = frame[name].drop_nulls()
        if known.len() and known.str.contains(_ISO).all():
            day = pl.Date if known.str.len_chars().max() == 10 else pl.Datetime("us")
            text = pl.col(name).str.replace(" ", "T", literal=True)
            made.append(
                text.str.to_date("%Y-%m-%d", strict=False) if day == pl.Date
                else text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
            )  # fmt: skip
    found = frame.with_columns(made)
    lost = [c for c in frame.columns if found[c].null_count() > frame[c].null_count()]
    return found.with_columns(frame[c] for c in lost)


def named_files(folder: Path) -> dict[str, Path]:
    """The tables of a folder: name -> file; the name is the file's up to its first dot, or all of it where two clash.

    Files of endings that are not known are taken where there is no other.
    """
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith((".", "_")))
    files = [p for p in files if p.suffix.casefold() in SUFFIXES] or files
    stems = Counter(p.name.split(".")[0] for p in files)
    return {p.name.split(".")[0] if stems[p.name.split(".")[0]] == 1 else p.name.replace(".", "_"): p for p in files}


def infer_schema(frames: Mapping[str, pl.DataFrame], declared: Catalogue | None = None) -> Schema:
    """Propose keys, references and times, each with its evidence; a person confirms or corrects it.

    Args:
        frames: the tables. declared: keys and foreign keys that a database's catalogue names; they go before guesses.
    """
    found = profiling.relate(frames)
    first = Schema.infer(frames)
    tables = {}
    for name, spec in first.tables.items():
        key = next((one.parent_columns for one in found.links if one.parent == name), ())
        why = spec.why
        if key:
            said = guess_time(spec.frame, key)[1]
            why = f"{', '.join(key)} names each of {spec.frame.height:,} rows" + (f"; {said}" if said else "")
        tables[name] = replace(spec, key=key or spec.key, why=why)
    if declared is not None and declared.references:
        return _declared(tables, declared)
    links = tuple(
        Reference(one.child, one.child_columns, one.parent, one.parent_columns, str(one)) for one in found.links
    )
    return Schema(tables, links)


def _declared(tables: Mapping[str, TableSpec], declared: Catalogue) -> Schema:
    made = {}
    for name, spec in tables.items():
        key = tuple(c for c in declared.keys.get(name, spec.key) if c in spec.frame.columns)
        time, said = guess_time(spec.frame, key)
        why = f"{', '.join(key)}: primary key of the database" if name in declared.keys else spec.why
        made[name] = replace(spec, key=key, time=time, why="; ".join(part for part in (why, said) if part))
    links = tuple(
        Reference(one.child, one.columns, one.parent, one.key, "foreign key of the database")
        for one in declared.references
        if set(one.columns) <= set(made[one.child].frame.columns)
        and set(one.key) <= set(made[one.parent].frame.columns)
    )
    return Schema(made, links)


def schema_over(schema: Schema | str | Path, frames: Mapping[str, pl.DataFrame], table: str) -> Schema:
    """A schema over the rows of its tables, once keys are seen to name single rows.

    Raises:
        SettingError: it names what is not there, or rows share a key.
    """
    known = schema.with_frames(frames) if isinstance(schema, Schema) else Schema.from_yaml(schema, frames)
    known.check_keys(table)
    return known


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
