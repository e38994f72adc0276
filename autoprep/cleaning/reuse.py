"""Cleaning that takes from a store what it cleaned before, by parts of the columns and stretches of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning.compile import ROW, Compiled, compile_steps
from autoprep.cleaning.distinct import run_batch
from autoprep.cleaning.ledger import in_order, numbered_entries, numbered_quarantine
from autoprep.cleaning.parts import split, told, unread_count
from autoprep.store import Store, column_key, key_of
from autoprep.types import LEDGER_SCHEMA, QUARANTINE_SCHEMA, Action, Plan

#: Rows of a stretch: rows that are appended leave the stretches before them as they were.
STRETCH_ROWS = 1 << 16


def pieces(
    frame: pl.DataFrame, plan: Plan, compiled: Compiled, store: Store
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, Mapping[str, int], Mapping[str, int]] | None:
    """The cleaned columns with ``ROW``, cell entries, cells set aside, counts by step; None where parts are not sure.

    The bytes are those of the whole plan run on all rows at once.

    Args:
        frame: raw rows. plan: of ``compiled``. compiled: the plan bound to the columns. store: what was cleaned before.
    """
    if compiled.marks:
        return None
    actions = [a for a in plan.applied() if _level(a) in ("cell", "column")]
    parts = split(actions, frame.columns)
    if len(parts) == 1 and frame.width > 1:
        return None
    places = {step.action.id: i for i, step in enumerate(compiled.steps)}
    places |= {action.id: len(compiled.steps) + i for i, action in enumerate(compiled.dropped.values())}
    columns: dict[str, list[pl.DataFrame]] = {}
    entries, aside = list[pl.DataFrame](), list[pl.DataFrame]()
    changed: dict[str, int] = {}
    rejected: dict[str, int] = {}
    for start in range(0, max(frame.height, 1), STRETCH_ROWS):
        stretch = frame.slice(start, STRETCH_ROWS)
        for names, own in parts:
            raw = stretch.select(names)
            key = key_of("clean", [(told(a), places.get(a.id)) for a in own], [(n, column_key(raw[n])) for n in names])
            clean, cells, left, counts = store.frames("clean", key, _cleaned(raw, own, places))
            columns.setdefault(names[0], []).append(clean)
            entries.append(cells.with_columns(pl.col("row") + start))
            aside.append(left.with_columns(pl.col("row") + start))
            for action, change, reject in counts.rows():
                changed[action] = changed.get(action, 0) + (change or 0)
                if reject is not None:
                    rejected[action] = rejected.get(action, 0) + reject
    made = pl.concat([pl.concat(part) for part in columns.values()], how="horizontal").rechunk()
    index = pl.int_range(frame.height, dtype=pl.Int64, eager=True).alias(ROW)
    out = made.select(compiled.outputs()).with_columns(index).select(ROW, *compiled.outputs())
    return out, in_order(entries, LEDGER_SCHEMA), in_order(aside, QUARANTINE_SCHEMA), changed, rejected


def _level(action: Action) -> str:
    return VERBS[action.verb].level if action.verb in VERBS else "cell"


def _cleaned(
    raw: pl.DataFrame, actions: Sequence[Action], places: Mapping[str, int]
) -> Callable[[], list[pl.DataFrame]]:
    def run() -> list[pl.DataFrame]:
        compiled = compile_steps(Plan(tuple(actions)), dict(raw.schema))
        index = pl.int_range(raw.height, dtype=pl.Int64, eager=True).alias(ROW)
        batch = run_batch(compiled, raw.with_columns(index))
        entries = numbered_entries(compiled, batch, places)
        changes = dict(entries.group_by("action").len().rows())
        sums = {s.action.id: unread_count(batch, s) for s in compiled.steps if s.residue}
        counts = [(name, changes.get(name, 0), sums.get(name)) for name in dict.fromkeys([*changes, *sums])]
        schema = {"action": pl.String, "changed": pl.Int64, "rejected": pl.Int64}
        return [
            batch.rows.select(compiled.final()),
            entries,
            numbered_quarantine(compiled, batch, places),
            pl.DataFrame(counts, schema=schema, orient="row"),
        ]

    return run
