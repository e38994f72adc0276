"""A model over several tables: features as of each row's cutoff, then a fit that validates on later rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from autoprep import cleaning, reading
from autoprep.errors import ArtifactError, plural
from autoprep.pipeline.asked import counted
from autoprep.pipeline.sources import load_tables, schema_over
from autoprep.pipeline.tables import made_for, made_parts
from autoprep.pipeline.train import fit
from autoprep.pipeline.values import Fitted
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.tables import DEFAULT_WINDOWS, TableSynthesizer, cutoff_of, describe_cutoff
from autoprep.types import Event, Listener, Plan, Table, silent

#: Features that a fit is given; the search's models choose among them inside the folds.
MOST = 150


def fit_tables(
    source: Mapping[str, Any] | str | Path,
    target: str,
    *,
    table: str,
    schema: Schema | str | Path,
    cutoff: str | None = None,
    windows: Sequence[str] = DEFAULT_WINDOWS,
    depth: int = 2,
    most: int = MOST,
    time_budget_s: float | None = 60,
    listener: Listener = silent,
    **more: Any,
) -> Fitted:
    """Compute features as of each row's cutoff and fit on them; see ``autoprep.fit``.

    No feature learns anything from the target of its own row or of a later one: an aggregate of outcomes reads those
    that were known strictly before the cutoff. What is learnt (encodings, combinations, models) is learnt inside the
    folds, and with a cutoff the later rows validate.

    Args:
        source: name -> table, or a folder with one file per table. target: a column of ``table``.
        more: further arguments of ``train.fit``.

    Raises:
        InputError: no such target, or no row has one.
        SettingError: the schema or the cutoff names what is not there; the target is not declared late.
    """
    begun = time.monotonic()
    time_budget_s = counted(time_budget_s, more.get("work_budget"))
    frames, plans = load_tables(source, listener=listener)
    known = schema_over(schema, frames, table)
    made = TableSynthesizer(table, cutoff=cutoff, windows=windows, depth=depth, most=most)
    cutoff = made_for(known, made, target, schema, listener).cutoff
    spec = known.table(table)
    made.keep([str(d) for d in made.definitions_ if str(d) not in spec.frame.columns])
    rows = spec.frame.filter(pl.col(target).is_not_null())
    wide = wide_rows(rows, known, made, target)
    told = "" if cutoff is None else f", as of {describe_cutoff(cutoff)}"
    listener(Event("synthesize", f"{plural(len(made.definitions_), 'feature')} of {len(frames)} tables{told}"))
    if cutoff is not None and more.get("time") is None:
        more["time"] = cutoff_of(rows, cutoff)
    left = None if time_budget_s is None else max(1.0, time_budget_s - (time.monotonic() - begun))
    fitted = fit(reading.read(wide), target, time_budget_s=left, listener=listener, **more)
    kept = made_parts(made, known, plans)
    own = [c for c in wide.columns if c not in kept["names"]]
    return replace(fitted, tables=kept | {"columns": own, "target": target})


def wide_rows(rows: pl.DataFrame, schema: Schema, made: TableSynthesizer, target: str | None) -> pl.DataFrame:
    """Own columns that are known at the cutoff, the features, and the target where it is there."""
    spec = schema.table(made.table)
    out = {*spec.late, *spec.ignore, *([spec.known] if spec.known else [])} - {target}
    own = rows.drop([c for c in rows.columns if c in out])
    return pl.concat([own, made.transform(rows, schema)], how="horizontal")


def rows_of_tables(
    source: Mapping[str, Any] | str | Path,
    tables: Mapping[str, Any],
    *,
    rows: Any = None,
    target: str | None = None,
    listener: Listener = silent,
) -> pl.DataFrame:
    """What a model over several tables is to predict: own columns and features, as the tables are known now.

    Args:
        source: the tables, as of ``fit``. tables: what ``fit_tables`` kept.
        rows: rows of the model's table to predict; all rows that the source has of it when None.
        target: kept too, to score against.

    Raises:
        ArtifactError: what was kept cannot be read. InputError: a table is missing.
    """
    try:
        plans = {name: Plan.from_dict(plan) for name, plan in tables["plans"].items()}
        made = TableSynthesizer.from_dict(tables["features"])
        said = str(tables["schema"])
        columns = list(tables["columns"])
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"has tables that cannot be read ({error})", hint="fit it again") from error
    frames, _ = load_tables(source, plans, listener)
    known = schema_over(said, frames, made.table)
    if rows is None:
        asked = known.table(made.table).frame
    else:
        given = rows if isinstance(rows, Table) else reading.read(rows, listener=listener)
        asked = given.collect()
        if made.table in plans:
            asked = cleaning.transform(asked, plans[made.table])[0]
        asked = _typed(asked, known.table(made.table).frame)
    wide = wide_rows(asked, known, made, target)
    wanted = {*columns, *(str(d) for d in made.definitions_)} - ({str(tables["target"])} - {target})
    return wide.select(c for c in wide.columns if c in wanted)


def _typed(rows: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    """Rows with the types of a table's columns; text that is a time is parsed."""
    made = []
    for name, dtype in like.schema.items():
        if name not in rows.columns:
            made.append(pl.lit(None, dtype=dtype).alias(name))
        elif rows.schema[name] == pl.String and isinstance(dtype, pl.Datetime | pl.Date):
            made.append(pl.col(name).str.to_datetime(strict=False).cast(dtype))
        else:
            made.append(pl.col(name).cast(dtype, strict=False))
    return rows.select(made)
