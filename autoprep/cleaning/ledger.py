"""What was done, cell by cell: built from the working columns of a compiled plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.compile import ROW, Compiled, Step
from autoprep.cleaning.distinct import Batch
from autoprep.cleaning.forms import dtype_text, text_of, value_of
from autoprep.cleaning.parts import unread
from autoprep.errors import InputError
from autoprep.lineage import canonical_json, whole_file
from autoprep.types import LEDGER_SCHEMA, QUARANTINE_SCHEMA, Action

_ORDER = "\x1forder"
_CHANGE = {"before": pl.String(), "after": pl.String(), _ORDER: pl.Int32()}


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


def cell_entries(compiled: Compiled, batch: Batch, *, coded: bool = False) -> pl.DataFrame:
    """One entry per changed cell of a batch, by row, then in the order of the steps.

    Args:
        compiled: the plan.
        batch: all working columns and ``ROW`` (Int64).
        coded: the words of the steps as Enum (``coded_schema``), else String.
    """
    rows, changes, which = _changes(compiled, batch)
    if not len(rows):
        return pl.DataFrame(schema=coded_schema(compiled) if coded else LEDGER_SCHEMA)
    place = changes[_ORDER].to_numpy()[which]
    order = np.argsort(rows * (int(place.max()) + 1) + place, kind="stable")  # runs in order already: merged
    said = _told(compiled, changes[which[order]], coded)
    return said.select(pl.Series("row", rows[order]), *list(LEDGER_SCHEMA)[1:])


def numbered_entries(compiled: Compiled, batch: Batch, places: Mapping[str, int]) -> pl.DataFrame:
    """The same, not yet in order, each with the place of its step.

    Args:
        compiled: the plan. batch: see ``cell_entries``.
        places: action id -> place of its step in the whole plan.
    """
    rows, changes, which = _changes(compiled, batch)
    told = _told(compiled, changes[which], False)
    there = {i: places.get(action.id, i) for i, (_, action) in enumerate(_writers(compiled))}
    order = pl.col(_ORDER).replace_strict(there, return_dtype=pl.Int32) if there else pl.col(_ORDER)
    return told.select(pl.Series("row", rows, pl.Int64), *list(LEDGER_SCHEMA)[1:], order)


def coded_schema(compiled: Compiled) -> dict[str, pl.DataType]:
    """The ledger's types with the words of the plan's actions as Enum."""
    actions = [action for _, action in _writers(compiled)]
    actions += [action for action, _ in compiled.added.values()] + [action for action, _ in compiled.filters]
    words: dict[str, list[str]] = {
        "column": ["", *compiled.inputs, *compiled.current],
        "rule": [action.rule for action in actions],
        "action": [action.id for action in actions],
        "kind": [action.kind for action in actions],
    }
    return {n: pl.Enum(list(dict.fromkeys(words[n]))) if n in words else t for n, t in LEDGER_SCHEMA.items()}


def _writers(compiled: Compiled) -> list[tuple[str, Action]]:
    """Column and action of everything that may write cells, in order: the steps, then the dropped columns."""
    return [(step.column, step.action) for step in compiled.steps] + list(compiled.dropped.items())


def _told(compiled: Compiled, changes: pl.DataFrame, coded: bool) -> pl.DataFrame:
    """Changes with what is said of their steps."""
    words = [(c, a.rule, a.id, a.kind, float(a.confidence)) for c, a in _writers(compiled)]
    types = coded_schema(compiled) if coded else LEDGER_SCHEMA
    schema = {name: types[name] for name in ("column", "rule", "action", "kind", "confidence")}
    said = pl.DataFrame(words, schema=schema, orient="row")
    return changes.with_columns(said[changes[_ORDER]] if words else said)


_Found = tuple[np.ndarray, pl.DataFrame, np.ndarray]


def _changes(compiled: Compiled, batch: Batch) -> _Found:
    """Input row of every change, the distinct changes (before, after, place of the step), and which one it is.

    Where values are held once each, they are compared once each.
    """
    groups: dict[str, list[int]] = {}
    forms = _forms(compiled.steps)
    for i, step in enumerate(compiled.steps):
        held = batch.values(step.before, step.after)
        groups.setdefault("" if held is None else batch.owner[step.after], []).append(i)
    start = np.int64(batch.rows[ROW][0]) if batch.rows.height else np.int64(0)
    rows: list[np.ndarray] = []
    which: list[np.ndarray] = []
    changes: list[pl.DataFrame] = []
    known = 0
    for name, places in groups.items():
        held = batch.short.get(name)
        frame = batch.rows if held is None else held.frame
        compared = frame.lazy().select([text for i in places for text in _texts(compiled.steps[i], i, forms[i])])
        hits = [pl.col(f"before{i}").ne_missing(pl.col(f"after{i}")).alias(f"hit{i}") for i in places]
        found = compared.with_columns(hits).collect()
        for i in places:
            hit = found.get_column(f"hit{i}")
            if not hit.any():
                continue
            texts = [found.get_column(f"{what}{i}").filter(hit).alias(what) for what in ("before", "after")]
            changes.append(
                pl.DataFrame([*texts, pl.repeat(i, texts[0].len(), dtype=pl.Int32, eager=True).alias(_ORDER)])
            )
            marks = hit.to_numpy()
            if held is None:
                rows.append(np.flatnonzero(marks) + start)
                which.append(np.arange(known, known + texts[0].len()))
            else:
                codes = held.codes.to_numpy()
                at = np.flatnonzero(marks[codes])
                rows.append(at + start)
                which.append((np.cumsum(marks) - 1 + known)[codes[at]])
            known += texts[0].len()
    many = len(compiled.steps)
    for i, name in enumerate(compiled.dropped):
        lost = _lost(compiled, name, batch.rows, many + i)
        rows.append(lost["row"].to_numpy())
        which.append(np.arange(known, known + lost.height))
        changes.append(lost.drop("row"))
        known += lost.height
    if not rows:
        return np.empty(0, np.int64), pl.DataFrame(schema=_CHANGE), np.empty(0, np.uint32)
    return np.concatenate(rows), pl.concat(changes, rechunk=True), np.concatenate(which).astype(np.uint32)


def _texts(step: Step, i: int, form: str) -> list[pl.Expr]:
    own = form_of(step.action) if step.dtype_after != step.dtype_before else form
    return [
        text_of(pl.col(step.before), step.dtype_before, form).alias(f"before{i}"),
        text_of(pl.col(step.after), step.dtype_after, own).alias(f"after{i}"),
    ]


def _forms(steps: Sequence[Step]) -> list[str]:
    """For each step the form in which the numbers of its column stood, so that undoing it gives the same text back."""
    held: dict[str, str] = {}
    out = []
    for step in steps:
        out.append(held.get(step.column, "plain"))
        if step.dtype_after != step.dtype_before:
            held[step.column] = form_of(step.action)
    return out


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


def _lost(compiled: Compiled, name: str, rows: pl.DataFrame, order: int) -> pl.DataFrame:
    """One entry per cell of a dropped column that is not what its header says of the whole column."""
    action, dtype = compiled.dropped[name], compiled.dtypes[name]
    how = dict(action.parameters)
    twin = str(how.get("copy_of", ""))
    if twin not in compiled.outputs():
        how, twin = {k: v for k, v in how.items() if k != "copy_of"}, name
    said = stand_in(how, dtype, pl.col(compiled.current[twin]), compiled.dtypes[twin])
    cell = pl.col(compiled.current[name])
    narrow = rows.lazy().select(
        pl.col(ROW).alias("row"),
        text_of(cell, dtype).alias("before"),
        pl.lit(None, pl.String).alias("after"),
        text_of(said, dtype).alias("said"),
        pl.lit(order, pl.Int32).alias(_ORDER),
    )
    return narrow.filter(pl.col("before").ne_missing(pl.col("said"))).drop("said").collect()


def quarantine_entries(compiled: Compiled, batch: Batch) -> pl.DataFrame:
    """One entry per cell that a step could not parse, with the text it held before that step.

    Words that are kept as a status beside the column are not lost, and have none.
    """
    return in_order([numbered_quarantine(compiled, batch)], QUARANTINE_SCHEMA)


def numbered_quarantine(compiled: Compiled, batch: Batch, places: Mapping[str, int] | None = None) -> pl.DataFrame:
    """The same, not yet in order, each with the place of its step; ``places`` as in ``numbered_entries``."""
    parts = []
    at = places or {}
    for i, step in enumerate(compiled.steps):
        if not step.residue:
            continue
        frame, rows, cells = batch.where(unread(step), step.before, step.residue)
        if not len(rows):
            continue
        reason = f"{step.action.verb.replace('_', ' ')} could not read it"
        made = frame.select(text_of(pl.col(step.before), step.dtype_before).alias("text"))[cells]
        parts.append(
            made.select(
                batch.rows[ROW].gather(rows).alias("row"),
                pl.lit(step.column).alias("column"),
                "text",
                pl.lit(step.action.rule).alias("rule"),
                pl.lit(reason).alias("reason"),
                pl.lit(at.get(step.action.id, i), pl.Int32).alias(_ORDER),
            )
        )
    return pl.concat(parts) if parts else pl.DataFrame(schema={**QUARANTINE_SCHEMA, _ORDER: pl.Int32()})


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
