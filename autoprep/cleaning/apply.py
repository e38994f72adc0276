"""Applying a plan: the cleaned rows, the ledger of every change, the quarantine of what could not be read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning.compile import ROW, Compiled, compile_steps
from autoprep.cleaning.distinct import Batch, run_batch
from autoprep.cleaning.ledger import (
    batches,
    cell_entries,
    coded_schema,
    header_entries,
    quarantine_entries,
    row_entries,
)
from autoprep.cleaning.notation import Notation
from autoprep.cleaning.parts import unread_count
from autoprep.cleaning.reuse import pieces
from autoprep.cleaning.seen import Seen
from autoprep.errors import ContractError
from autoprep.lineage import whole_file
from autoprep.store import Store
from autoprep.types import (
    LEDGER_SCHEMA,
    QUARANTINE_SCHEMA,
    Cleaned,
    Event,
    Listener,
    Plan,
    Table,
    empty_rejected,
    silent,
)

BATCH_ROWS = 1 << 18
#: Rows of a row group in the files that are written: of cleaned rows, of the ledger.
ROW_GROUP, LOG_GROUP = BATCH_ROWS, 1 << 20
#: Seconds after which a long run says how far it is.
EVERY_S = 10.0
#: A step whose quarantine exceeds this share of the column's cells stops the run, unless the plan says otherwise.
MAX_REJECTED = 0.5
#: A lossy step that changes more than this share of a column's cells stops the run, unless the plan says otherwise.
MAX_CHANGED = 1.0


def frame_of(source: Table | pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """The rows of a source, lazily."""
    if isinstance(source, Table):
        return source.frame
    return source.lazy() if isinstance(source, pl.DataFrame) else source


def unread_lines(source: Table | pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """The lines of a source that could not be read, which are no rows of it."""
    return source.rejected if isinstance(source, Table) else empty_rejected()


def apply(
    source: Table | pl.DataFrame | pl.LazyFrame,
    plan: Plan,
    *,
    same_shape: bool = False,
    notation: Notation = "typed",
    store: Store | None = None,
    listener: Listener = silent,
) -> Cleaned:
    """Clean a table by a plan, in memory.

    Args:
        source: rows with the columns that the plan names; cells may be text or typed.
        plan: its actions with status "apply" run in their order.
        same_shape: repair cells only: no row or column is dropped, added, renamed or moved.
        notation: "typed" gives numbers, days and truth values where they were read; "own" leaves text columns text:
            unchanged cells byte for byte, repaired ones as the column writes, mixed columns in one plain form.
        store: where cleaned columns are kept under what made them; None: all is worked out.
        listener: is told what was done.

    Raises:
        InputError: a column that the plan cleans is not there.
        ContractError: an error budget is exceeded; says by which step.

    Example:
        >>> from autoprep.types import Action
        >>> plan = Plan((Action("n:x", "missing.word", ("x",), "nullify", {"words": ["n/a"]}),))
        >>> done = apply(pl.DataFrame({"x": ["1", "N/A"]}), plan)
        >>> done.frame["x"].to_list(), done.ledger.select("row", "before", "after").rows()
        (['1', None], [(1, 'N/A', None)])
    """
    lazy = frame_of(source)
    compiled = compile_steps(plan, dict(lazy.collect_schema()), same_shape=same_shape, notation=notation)
    piece, height = _whole(lazy, plan, compiled, None if same_shape or notation == "own" else store)
    _check_budgets(plan, compiled, piece.changed, piece.rejected, height)
    ledger = pl.concat([header_entries(compiled), piece.ledger])
    frame, dropped = _filter(compiled, piece.frame)
    ledger = pl.concat([ledger, *dropped])
    quarantine = _with_rows_aside(piece.quarantine, compiled, dropped)
    figures = {"rows": frame.height, "changes": ledger.height, "quarantined": quarantine.height}
    unread = unread_lines(source)
    if unread.height:
        figures["rejected"] = unread.height
    listener(Event("clean", f"{ledger.height:,} changes, {quarantine.height:,} cells in quarantine", figures))
    return Cleaned(frame.drop(ROW), plan, ledger, quarantine, frame[ROW], rejected=unread)


def _with_rows_aside(quarantine: pl.DataFrame, compiled: Compiled, dropped: list[pl.DataFrame]) -> pl.DataFrame:
    """The quarantine with the whole rows that a step sets aside: ``column`` is "", ``text`` the row's cells as JSON."""
    aside = {
        action.id: f"{action.verb.replace('_', ' ')} set the row aside"
        for action, _ in compiled.filters
        if VERBS[action.verb].aside
    }
    parts = [
        entries.filter(pl.col("action").is_in(list(aside))).select(
            "row",
            "column",
            pl.col("before").alias("text"),
            "rule",
            pl.col("action").replace_strict(aside, return_dtype=pl.String).alias("reason"),
        )
        for entries in dropped
        if aside
    ]
    return pl.concat([quarantine, *parts]).sort("row", maintain_order=True) if parts else quarantine


@dataclass(frozen=True)
class _Piece:
    frame: pl.DataFrame
    ledger: pl.DataFrame
    quarantine: pl.DataFrame
    changed: Mapping[str, int]
    rejected: Mapping[str, int]


def _whole(lazy: pl.LazyFrame, plan: Plan, compiled: Compiled, store: Store | None) -> tuple[_Piece, int]:
    if store is not None:
        frame = lazy.collect()
        found = pieces(frame, plan, compiled, store)
        if found is not None:
            return _Piece(*found), frame.height
        lazy = frame.lazy()
    batch = run_batch(compiled, lazy.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)).collect())
    return _piece(compiled, batch), batch.rows.height


def _piece(
    compiled: Compiled, batch: Batch, *, entries: bool = True, aside: bool = True, coded: bool = False
) -> _Piece:
    """One batch: its rows, and its ledger entries and cells set aside where they are asked for."""
    frame = batch.rows.select(ROW, *compiled.final(), *compiled.marks)
    quarantine = quarantine_entries(compiled, batch) if aside else pl.DataFrame(schema=QUARANTINE_SCHEMA)
    if entries:
        ledger = cell_entries(compiled, batch, coded=coded)
        changed = dict(ledger.group_by("action").len().rows())
    else:
        ledger = pl.DataFrame(schema=LEDGER_SCHEMA)
        lossy = [s for s in compiled.steps if s.action.kind == "lossy" and s.dtype_before == s.dtype_after]
        changed = {
            s.action.id: batch.count(pl.col(s.before).ne_missing(pl.col(s.after)), s.before, s.after) for s in lossy
        }
    rejected = {s.action.id: unread_count(batch, s) for s in compiled.steps if s.residue}
    return _Piece(frame, ledger, quarantine, changed, rejected)


def _filter(compiled: Compiled, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    entries = []
    for action, keep in compiled.filters:
        kept = frame.select(keep.alias("keep")).to_series().fill_null(False)
        if not kept.all():
            entries.append(row_entries(action, frame.drop(compiled.marks), ~kept))
            frame = frame.filter(kept)
    return frame.drop(compiled.marks), entries


def _check_budgets(
    plan: Plan, compiled: Compiled, changed: Mapping[str, int], rejected: Mapping[str, int], rows: int
) -> None:
    for key, limit_default, counts, said in (
        ("max_rejected", MAX_REJECTED, rejected, "could not read"),
        ("max_changed", MAX_CHANGED, changed, "would change"),
    ):
        limit = float(plan.settings.get(key, limit_default))
        for step in compiled.steps:
            count = counts.get(step.action.id, 0)
            if key == "max_changed" and step.action.kind != "lossy":
                continue
            own = float(step.action.evidence.get(key, limit))
            if rows and count / rows > max(own, limit):
                raise ContractError(
                    f"{step.action.verb} {said} {count:,} of {rows:,} cells, more than the budget of {limit:.0%}",
                    where=f"column '{step.column}'",
                    hint=f"set status: skip for '{step.action.id}' in the plan, or raise {key}",
                )


def apply_to_files(
    source: Table | pl.LazyFrame,
    plan: Plan,
    output: str | Path,
    *,
    ledger: str | Path | None = None,
    quarantine: str | Path | None = None,
    rejected: str | Path | None = None,
    batch_rows: int = BATCH_ROWS,
    listener: Listener = silent,
) -> dict[str, int]:
    """Clean a table that need not fit in memory, writing rows, ledger and quarantine as Parquet batch by batch.

    The bytes of the files do not depend on ``batch_rows``, nor on how the source is cut. Dropping duplicate rows
    keeps 16 bytes per distinct row in memory; nothing else grows with the table. ``listener`` hears how far it is,
    every few seconds. Lines of the source that could not be read are written to ``rejected``, where there are any.

    Returns:
        Counts: ``rows_in``, ``rows_out``, ``changes``, ``quarantined``; ``rejected`` where lines could not be read.

    Raises:
        ContractError: an error budget is exceeded, once the whole table has been seen; no file is left behind.
    """
    lazy = frame_of(source)
    compiled = compile_steps(plan, dict(lazy.collect_schema()))
    head = header_entries(compiled)
    counts = {"rows_in": 0, "rows_out": 0, "changes": head.height, "quarantined": 0}
    unread = unread_lines(source)
    if unread.height:
        counts["rejected"] = unread.height
    changed: dict[str, int] = {}
    failed: dict[str, int] = {}
    seen, told = Seen(), time.monotonic()
    ready: Batch | None = None
    words = coded_schema(compiled)
    texts = [name for name in compiled.outputs() if not compiled.dtypes[name].is_numeric()]
    with (
        _Writer(output, {"use_dictionary": texts}) as rows_out,
        _Writer(ledger, _AS_LOG, LOG_GROUP) as ledger_out,
        _Writer(quarantine) as quarantine_out,
        _Writer(rejected if unread.height else None) as unread_out,
    ):
        ledger_out.write(head.cast(words))  # type: ignore[arg-type]
        for batch in batches(lazy, batch_rows):
            start = counts["rows_in"]
            index = pl.int_range(start, start + batch.height, dtype=pl.Int64, eager=True).alias(ROW)
            ready = run_batch(compiled, batch.with_columns(index), ready)
            piece = _piece(compiled, ready, entries=ledger is not None, aside=quarantine is not None, coded=True)
            frame, dropped = _filter_seen(compiled, piece.frame, seen)
            for total, part in ((changed, piece.changed), (failed, piece.rejected)):
                for name, count in part.items():
                    total[name] = total.get(name, 0) + count
            rows_out.write(frame.drop(ROW))
            for entries in (piece.ledger, *dropped):
                ledger_out.write(entries.cast(words))  # type: ignore[arg-type]
                counts["changes"] += entries.height
            quarantine_out.write(_with_rows_aside(piece.quarantine, compiled, dropped))
            counts["quarantined"] += piece.quarantine.height
            counts["rows_in"] += batch.height
            counts["rows_out"] += frame.height
            if time.monotonic() - told > EVERY_S:
                told = time.monotonic()
                listener(Event("clean", f"{counts['rows_in']:,} rows", dict(counts)))
        _check_budgets(plan, compiled, changed, failed, counts["rows_in"])
        unread_out.finish(unread)
        ledger_out.finish(pl.DataFrame(schema=words))
        quarantine_out.finish(pl.DataFrame(schema=QUARANTINE_SCHEMA))
        rows_out.finish(pl.DataFrame(schema={n: compiled.dtypes[n] for n in compiled.outputs()}))
    return counts


def _filter_seen(compiled: Compiled, frame: pl.DataFrame, seen: Seen) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    entries = []
    for action, keep in compiled.filters:
        kept = frame.select(keep.alias("keep")).to_series().fill_null(False)
        if VERBS[action.verb].level == "table":
            kept = kept & seen.fresh(frame.drop(ROW, *compiled.marks))
        if not kept.all():
            entries.append(row_entries(action, frame.drop(compiled.marks), ~kept))
            frame = frame.filter(kept)
    return frame.drop(compiled.marks), entries


#: How a ledger is written: rows as differences, words and cells' texts as dictionaries, no statistics of the latter.
_AS_LOG = {
    "use_dictionary": ["column", "before", "after", "rule", "action", "kind", "confidence"],
    "column_encoding": {"row": "DELTA_BINARY_PACKED"},
    "write_statistics": ["row"],
    "store_schema": False,
}


class _Writer:
    """Parquet beside the file, renamed at the end; a path of None writes nothing.

    Rows wait until they fill a row group, so that the file's bytes do not hang on how the rows came.
    """

    def __init__(self, path: str | Path | None, how: Mapping[str, Any] | None = None, group: int = ROW_GROUP) -> None:
        self.path, self.how, self.group = path, dict(how or {}), group
        self.writer: Any = None
        self.waiting: list[pl.DataFrame] = []
        self.whole = whole_file(path) if path is not None else None

    def __enter__(self) -> _Writer:
        self.file = self.whole.__enter__() if self.whole is not None else None
        return self

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows; an empty frame is left out."""
        if self.file is None or not frame.height:
            return
        self.waiting.append(frame)
        if sum(part.height for part in self.waiting) >= self.group:
            whole = pl.concat(self.waiting)
            full = whole.height // self.group * self.group
            for start in range(0, full, self.group):
                self._append(whole.slice(start, self.group))
            self.waiting = [whole.slice(full)] if full < whole.height else []

    def finish(self, empty: pl.DataFrame) -> None:
        """Write what waits; see that the file exists even when nothing was written."""
        if self.file is not None and (self.waiting or self.writer is None):
            self._append(pl.concat(self.waiting) if self.waiting else empty)
            self.waiting = []

    def _append(self, frame: pl.DataFrame) -> None:
        table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if self.writer is None:
            from pyarrow.parquet import ParquetWriter

            self.writer = ParquetWriter(self.file, table.schema, compression="zstd", **self.how)
        self.writer.write_table(table, row_group_size=self.group)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self.writer is not None:
            self.writer.close()
        if self.whole is not None:
            self.whole.__exit__(kind, error, trace)  # type: ignore[arg-type]
