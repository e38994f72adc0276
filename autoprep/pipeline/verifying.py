"""Saved features written for other engines, and proved: brute force on a sample of rows, every export compared."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import ArtifactError, SettingError, did_you_mean
from autoprep.pipeline.saved_rows import SavedRows, compared_rows
from autoprep.pipeline.sources import load_tables, schema_over
from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.brute import brute_force
from autoprep.synthesis.export import Written, polars_code, sql
from autoprep.synthesis.feature import parse
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.tables import TableSynthesizer, cutoff_of
from autoprep.synthesis.typed import typed
from autoprep.types import Event, Listener, Plan, silent

FORMS = ("text", "json", "sql", "polars")
#: Sums in another order differ by this much of their size.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Saved:
    """Features as ``TableFeatures.save`` wrote them."""

    synthesizer: TableSynthesizer
    schema: str
    plans: Mapping[str, Plan]

    @classmethod
    def load(cls, path: str | Path) -> Saved:
        """Read them.

        Raises:
            ArtifactError: the file is no saved features.
        """
        try:
            said = json.loads(Path(path).read_text(encoding="utf-8"))
            plans = {name: Plan.from_dict(plan) for name, plan in said["plans"].items()}
            return cls(TableSynthesizer.from_dict(said["features"]), said["schema"], plans)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"is no file of saved features ({error})", where=str(path)) from error


@dataclass(frozen=True)
class Verified:
    """What was compared.

    Attributes:
        rows: of the sample. features: how many there are.
        compared: form -> features that were computed by it and compared.
        without: form -> definition -> why it has none.
        differences: ``form``, ``feature``, ``row`` (of the table), ``got``, ``brute`` as text; the first of each.
    """

    rows: int
    features: int
    compared: Mapping[str, int]
    without: Mapping[str, Mapping[str, str]]
    differences: pl.DataFrame

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return self.differences.is_empty()


def export_features(
    saved: str | Path, to: str, tables: Mapping[str, Any] | str | Path | None = None, dialect: str = "duckdb"
) -> Written:
    """Saved features as readable text, JSON, one SQL query or plain Polars code.

    Args:
        saved: file of ``TableFeatures.save``. to: "text", "json", "sql" or "polars".
        tables: the tables, where their columns are not in the file. dialect: of sqlglot, for SQL.

    Raises:
        ArtifactError: the file is no saved features. SettingError: unknown form or dialect.
    """
    if to not in FORMS:
        raise SettingError(f"features are not written as '{to}'", hint=did_you_mean(to, FORMS))
    rows = SavedRows.load(saved)
    if rows is not None:
        return rows.export(to, dialect)
    made = Saved.load(saved)
    frames = None if tables is None else load_tables(tables, made.plans)[0]
    schema = Schema.from_yaml(made.schema, frames) if frames is not None else _bare(made)
    one = made.synthesizer
    if to == "text":
        return Written("".join(f"{d}\n" for d in one.definitions_))
    if to == "json":
        said = [
            {"definition": str(d), "table": one.table, "cutoff": one.cutoff, "source": d.source,
             "columns": [str(c) for c in d.columns()], "where": [str(c) for c in d.where],
             "window_us": d.over_us, "before_cutoff": d.before, "by": [list(p) for p in d.by], "via": list(d.via)}
            for d in one.definitions_
        ]  # fmt: skip
        return Written(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
    if to == "sql":
        return sql(one.definitions_, schema, one.table, one.cutoff, dialect)
    return polars_code(one.definitions_, schema, one.table, one.cutoff)


def _bare(saved: Saved) -> Schema:
    """The schema over empty tables with the columns that definitions and schema name."""
    import yaml

    said = yaml.safe_load(saved.schema)
    columns: dict[str, dict[str, None]] = {name: {} for name in said["tables"]}
    for name, spec in said["tables"].items():
        spec = spec or {}
        key = spec.get("key") or []
        for c in (*([key] if isinstance(key, str) else key), spec.get("time"), spec.get("known"),
                  *(spec.get("late") or ()), *(spec.get("ignore") or ())):  # fmt: skip
            if c:
                columns[name][str(c)] = None
    for r in said.get("references") or ():
        for end in ("from", "to"):
            table, _, inner = str(r[end]).partition("(")
            columns[table.strip()] |= {c.strip(): None for c in inner.rstrip(") ").split(",")}
    for d in saved.synthesizer.definitions_:
        for c in d.columns():
            columns[c.table][c.name] = None
    return Schema.from_yaml(saved.schema, {n: pl.DataFrame({c: [] for c in cs}) for n, cs in columns.items()})


def verify_features(
    saved: str | Path,
    source: Mapping[str, Any] | str | Path,
    *,
    rows: int = 50,
    forms: Sequence[str] = ("text", "sql", "polars"),
    listener: Listener = silent,
) -> Verified:
    """Compute saved features by brute force for some rows, and compare with what computes them and every export.

    Brute force reads, for each row, the whole source and keeps what is tied to the row, known strictly before its
    cutoff and within the window; nothing of the planner or the kernels is used. Features of one table are made of each
    row by itself.

    Args:
        saved: file of ``TableFeatures.save``. source: the tables. rows: evenly spaced rows of the table.
        forms: exports that are run; "sql" by DuckDB, left out where it is not installed.
    """
    of_rows = SavedRows.load(saved)
    if of_rows is not None:
        count, counts, none, differ = compared_rows(of_rows, source, rows, forms, _same, _has_duckdb(), listener)
        return Verified(count, len(of_rows.names), counts, none, differ)
    made = Saved.load(saved)
    frames, _ = load_tables(source, made.plans, listener)
    one = made.synthesizer
    schema = schema_over(made.schema, frames, one.table)
    frame = schema.table(one.table).frame
    place = np.unique(np.linspace(0, frame.height - 1, min(rows, frame.height)).astype(np.int64))
    asked = frame[place]
    for d in one.definitions_:
        typed(d, schema, one.table)
    cutoff = None if one.cutoff is None else cutoff_of(asked, one.cutoff)
    listener(Event("verify", f"{len(one.definitions_)} features by brute force for {asked.height} rows"))
    brute = brute_force(one.definitions_, schema, asked, cutoff)
    ways: dict[str, Callable[[], tuple[pl.DataFrame, Mapping[str, str]]]] = {
        "autoprep": lambda: (answer(one.definitions_, schema, Asked(asked, cutoff)), {}),
        "text": lambda: (
            answer([parse(str(d)) for d in one.definitions_], schema, Asked(asked, cutoff, backend="polars")), {},
        ),
        "sql": lambda: _by_sql(one, schema, asked),
        "polars": lambda: _by_code(one, schema, asked),
    }  # fmt: skip
    compared: dict[str, int] = {}
    without: dict[str, Mapping[str, str]] = {}
    found: list[tuple[str, str, int, str, str]] = []
    for form in ("autoprep", *forms):
        if form == "sql" and not _has_duckdb():
            without[form] = {"*": "DuckDB is not installed (pip install 'autoprep[sql]')"}
            continue
        listener(Event("verify", f"{form}: computed and compared"))
        got, left = ways[form]()
        compared[form], without[form] = len(got.columns), left
        for name in got.columns:
            for i, (a, b) in enumerate(zip(got[name].to_list(), brute[name], strict=True)):
                if not _same(a, b):
                    found.append((form, name, int(place[i]), str(a), str(b)))
                    break
    columns = {"form": pl.String, "feature": pl.String, "row": pl.Int64, "got": pl.String, "brute": pl.String}
    table = pl.DataFrame(found, schema=columns, orient="row")
    return Verified(asked.height, len(one.definitions_), compared, without, table)


def _has_duckdb() -> bool:
    from importlib.util import find_spec

    return find_spec("duckdb") is not None


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, bool | int | float) and isinstance(b, bool | int | float):
        x, y = float(a), float(b)
        return x == y or (math.isnan(x) and math.isnan(y)) or math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=1e-7)
    if hasattr(a, "isoformat") and hasattr(b, "isoformat"):
        return str(a.isoformat())[:19] == str(b.isoformat())[:19] or str(a)[:10] == str(b)
    return bool(a == b)


def _by_sql(one: TableSynthesizer, schema: Schema, asked: pl.DataFrame) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """The query run by DuckDB; the rows that are asked for stand beside the table under a name of their own."""
    import duckdb

    said = sql(one.definitions_, schema, one.table, one.cutoff)
    rows = f'FROM "{one.table}"\n)'
    text = said.text.replace(rows, 'FROM "__asked"\n)', 1)
    with duckdb.connect() as connection:
        for name, spec in schema.tables.items():
            connection.register(name, spec.frame.to_arrow())
        connection.register("__asked", asked.to_arrow())
        frame = pl.DataFrame(connection.sql(text).to_arrow_table())
    own = asked.width
    names = [str(d) for d in one.definitions_ if str(d) not in said.without]
    return frame.select(pl.nth(own + i).alias(n) for i, n in enumerate(names)), said.without


def _by_code(one: TableSynthesizer, schema: Schema, asked: pl.DataFrame) -> tuple[pl.DataFrame, Mapping[str, str]]:
    said = polars_code(one.definitions_, schema, one.table, one.cutoff)
    space: dict[str, Any] = {}
    exec(compile(said.text, "<features>", "exec"), space)  # the very text that export writes, made here
    return space["features"]({n: t.frame for n, t in schema.tables.items()}, asked), said.without
