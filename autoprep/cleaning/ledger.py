"""What was done, cell by cell: built from the working columns of a compiled plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from autoprep.cleaning.compile import ROW, Compiled, Step
from autoprep.cleaning.forms import dtype_text, text_of, value_of
from autoprep.errors import InputError
from autoprep.lineage import canonical_json, whole_file
from autoprep.types import LEDGER_SCHEMA, QUARANTINE_SCHEMA, Action

_ORDER = "\x1forder"


def header_entries(compiled: Compiled) -> pl.DataFrame:
    """Entries of whole columns (``row`` is null): retyped, added, dropped.

    ``before`` and ``after`` hold JSON: ``{"dtype": ..., "form": ...}`` for a column as it was and as it is,
    ``{"dtype", "position", "value" | "copy_of"}`` for a dropped one; null where there was or is no column.
    """
    rows = []
    places = {name: i for i, name in enumerate(compiled.inputs)}
    for step in compiled.steps:
        if step.dtype_before != step.dtype_after:
            before = {"dtype": dtype_text(step.dtype_before)}
            after = {"dtype": dtype_text(step.dtype_after), "form": form_of(step.action)}
            rows.append(_header(step.action, step.column, before, after))
    for name, (action, _) in compiled.added.items():
        rows.append(_header(action, name, None, {"dtype": dtype_text(compiled.dtypes[name])}))
    for name, action in compiled.dropped.items():
        said = {"dtype": dtype_text(compiled.dtypes[name]), "position": places[name]} | dict(action.parameters)
        if "copy_of" in said and said["copy_of"] not in compiled.outputs():
            del said["copy_of"]
        rows.append(_header(action, name, said, None))
    return pl.DataFrame(rows, schema=LEDGER_SCHEMA, orient="row")


def form_of(action: Action) -> str:
    """The form in which the numbers of a retyped column are taken to be written."""
    return str(action.evidence.get("form", "plain"))


def _header(action: Action, column: str, before: object, after: object) -> tuple[object, ...]:
    texts = [None if said is None else canonical_json(said) for said in (before, after)]
    return (None, column, *texts, action.rule, action.id, action.kind, action.confidence)


def cell_entries(compiled: Compiled, wide: pl.DataFrame) -> pl.DataFrame:
    """One entry per changed cell of the rows in ``wide``, by row, then in the order of the steps.

    Args:
        compiled: the plan.
        wide: all working columns and ``ROW`` (Int64).
    """
    return in_order([numbered_entries(compiled, wide)], LEDGER_SCHEMA)


def numbered_entries(compiled: Compiled, wide: pl.DataFrame, places: Mapping[str, int] | None = None) -> pl.DataFrame:
    """The same, not yet in order, each with the place of its step.

    Args:
        compiled: the plan. wide: see ``cell_entries``.
        places: action id -> place of its step in the whole plan; its place in this plan when None.
    """
    at = places or {}
    parts = [_changes(step, wide, at.get(step.action.id, i)) for i, step in enumerate(compiled.steps)]
    many = len(parts)
    parts += [_lost(compiled, name, wide, at.get(a.id, many)) for name, a in compiled.dropped.items()]
    return _gathered(parts, LEDGER_SCHEMA)


def stand_in(how: Mapping[str, Any], dtype: pl.DataType, other: pl.Expr, other_dtype: pl.DataType) -> pl.Expr:
    """The cells that a dropped column comes back with, as far as its header says them: a constant, a copy, or null.

    Args:
        how: the header's ``before``.
        dtype: of the dropped column.
        other: the column that it copies, if any. other_dtype: of that column.
    """
    if how.get("copy_of"):
        return other if other_dtype == dtype else value_of(text_of(other, other_dtype), dtype)
    return value_of(pl.lit(how.get("value"), pl.String), dtype).cast(dtype)


def _lost(compiled: Compiled, name: str, wide: pl.DataFrame, order: int) -> pl.DataFrame:
    """One entry per cell of a dropped column that is not what its header says of the whole column."""
    action, dtype = compiled.dropped[name], compiled.dtypes[name]
    how = dict(action.parameters)
    twin = str(how.get("copy_of", ""))
    if twin not in compiled.outputs():
        how, twin = {k: v for k, v in how.items() if k != "copy_of"}, name
    said = stand_in(how, dtype, pl.col(compiled.current[twin]), compiled.dtypes[twin])
    cell = pl.col(compiled.current[name])
    narrow = wide.lazy().select(
        pl.col(ROW).alias("row"),
        text_of(cell, dtype).alias("before"),
        pl.lit(None, pl.String).alias("after"),
        text_of(said, dtype).alias("said"),
    )
    odd = narrow.filter(pl.col("before").ne_missing(pl.col("said"))).drop("said")
    return odd.with_columns(_said(action, name, order)).collect()


def _changes(step: Step, wide: pl.DataFrame, order: int) -> pl.DataFrame:
    form = form_of(step.action)
    narrow = wide.lazy().select(
        pl.col(ROW).alias("row"),
        text_of(pl.col(step.before), step.dtype_before).alias("before"),
        text_of(pl.col(step.after), step.dtype_after, form).alias("after"),
    )
    return (
        narrow.filter(pl.col("before").ne_missing(pl.col("after")))
        .with_columns(_said(step.action, step.column, order))
        .collect()
    )


def _said(action: Action, column: str, order: int) -> list[pl.Expr]:
    return [
        pl.lit(column).alias("column"),
        pl.lit(action.rule).alias("rule"),
        pl.lit(action.id).alias("action"),
        pl.lit(action.kind).alias("kind"),
        pl.lit(float(action.confidence)).alias("confidence"),
        pl.lit(order, pl.Int32).alias(_ORDER),
    ]


def quarantine_entries(compiled: Compiled, wide: pl.DataFrame) -> pl.DataFrame:
    """One entry per cell that a step could not parse, with the text it held before that step."""
    return in_order([numbered_quarantine(compiled, wide)], QUARANTINE_SCHEMA)


def numbered_quarantine(
    compiled: Compiled, wide: pl.DataFrame, places: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """The same, not yet in order, each with the place of its step; ``places`` as in ``numbered_entries``."""
    parts = []
    at = places or {}
    for i, step in enumerate(compiled.steps):
        if not step.residue:
            continue
        reason = f"{step.action.verb.replace('_', ' ')} could not read it"
        narrow = wide.lazy().filter(pl.col(step.residue).fill_null(False))
        parts.append(
            narrow.select(
                pl.col(ROW).alias("row"),
                pl.lit(step.column).alias("column"),
                text_of(pl.col(step.before), step.dtype_before).alias("text"),
                pl.lit(step.action.rule).alias("rule"),
                pl.lit(reason).alias("reason"),
                pl.lit(at.get(step.action.id, i), pl.Int32).alias(_ORDER),
            ).collect()
        )
    return _gathered(parts, QUARANTINE_SCHEMA)


def _gathered(parts: list[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    kept = [part for part in parts if part.height]
    made = pl.concat(kept, how="diagonal") if kept else pl.DataFrame(schema={**schema, _ORDER: pl.Int32()})
    return made.select([*(pl.col(name).cast(dtype) for name, dtype in schema.items()), _ORDER])


def in_order(parts: list[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Numbered entries as one table, by row, then in the order of the steps."""
    kept = [part for part in parts if part.height]
    if not kept:
        return pl.DataFrame(schema=schema)
    return pl.concat(kept).sort("row", _ORDER, maintain_order=True).select(list(schema))


def row_entries(action: Action, frame: pl.DataFrame, gone: pl.Series) -> pl.DataFrame:
    """One entry per dropped row: ``column`` is "" and ``before`` holds the row's cleaned cells as JSON text.

    Args:
        action: what dropped them.
        frame: cleaned rows and ``ROW``.
        gone: Boolean, true where the row is dropped.
    """
    lost = frame.filter(gone)
    cells = [text_of(pl.col(n), t).alias(n) for n, t in lost.schema.items() if n != ROW]
    return lost.select(
        pl.col(ROW).alias("row"),
        pl.lit("").alias("column"),
        (pl.struct(cells).struct.json_encode() if cells else pl.lit("{}")).alias("before"),
        pl.lit(None, pl.String).alias("after"),
        pl.lit(action.rule).alias("rule"),
        pl.lit(action.id).alias("action"),
        pl.lit(action.kind).alias("kind"),
        pl.lit(float(action.confidence)).alias("confidence"),
    ).select([pl.col(n).cast(t) for n, t in LEDGER_SCHEMA.items()])


def write_ledger(ledger: pl.DataFrame, path: str | Path) -> None:
    """Write a ledger as Parquet (or CSV by suffix), whole or not at all."""
    with whole_file(path) as beside:
        if Path(path).suffix == ".csv":
            ledger.write_csv(beside)
        else:
            ledger.write_parquet(beside)


def read_ledger(path: str | Path) -> pl.DataFrame:
    """Read a ledger that ``write_ledger`` wrote.

    Raises:
        InputError: no such file, or it is no ledger.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("no such file", where=str(file), hint="give the ledger that clean wrote with --ledger")
    try:
        frame = pl.read_csv(file, schema=LEDGER_SCHEMA) if file.suffix == ".csv" else pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"is no ledger ({error})", where=str(file)) from error
    if list(frame.columns) != list(LEDGER_SCHEMA):
        raise InputError("is no ledger: its columns are others", where=str(file))
    return frame


def batches(frame: pl.LazyFrame, size: int) -> Iterator[pl.DataFrame]:
    """The rows in order, so many at a time, without holding them all."""
    yield from frame.collect_batches(chunk_size=size, maintain_order=True)
