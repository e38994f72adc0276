"""Several tables: each read and cleaned, and how they hang together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from autoprep import cleaning, profiling, reading
from autoprep.errors import InputError
from autoprep.pipeline.prepare import prepare
from autoprep.reading.catalogue import Catalogue, catalogue_of, database_file
from autoprep.synthesis.entity_sets import is_entity_set, tables_of
from autoprep.synthesis.schema import Reference, Schema, TableSpec, guess_time
from autoprep.types import Listener, Plan, Table, silent

#: Files of a folder that are tables.
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".arrow", ".ndjson", ".json", ".gz", ".zst", ".xz", ".bz2", ".xlsx")
#: Rows, evenly spaced, that a cleaning plan is made on.
PLAN_ROWS = 50_000
_ISO = r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?)?$"


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
