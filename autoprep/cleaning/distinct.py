"""A plan run on the distinct values of each column: a cell that stands a thousand times is read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from autoprep.cleaning.compile import Compiled, worked

#: A column is run on its distinct values when these are at most this share of its cells, and there are enough cells.
MOST_DISTINCT, MIN_ROWS = 0.3, 5_000
#: Cells, evenly spaced, that tell whether values recur at all.
PROBE = 4_000


@dataclass(frozen=True)
class Values:
    """The distinct values of a column, and what steps made of them.

    Attributes:
        frame: a row per value, the last one for null: the column and its working columns.
        codes: for each row of the table, its value's row in ``frame`` (UInt32).
    """

    frame: pl.DataFrame
    codes: pl.Series

    @cached_property
    def times(self) -> np.ndarray:
        """How often each value stands in the table."""
        return np.bincount(self.codes.to_numpy(), minlength=self.frame.height)


@dataclass(frozen=True)
class Batch:
    """Rows with the working columns of a plan, those of a column with few values held once per value.

    Attributes:
        rows: input columns, ``ROW``, the cleaned columns, and what had to be worked out row by row.
        short: input column -> its values.
        owner: working column -> the input column among ``short`` that it hangs on alone.
    """

    rows: pl.DataFrame
    short: Mapping[str, Values] = field(default_factory=dict)
    owner: Mapping[str, str] = field(default_factory=dict)

    def values(self, *names: str) -> Values | None:
        """Where all of these working columns are held once per value; None where they are held row by row."""
        owners = {self.owner.get(name, "") for name in names if name}
        return self.short.get(owners.pop()) if len(owners) == 1 else None

    def where(self, mask: pl.Expr | str, *names: str) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
        """The frame that holds the named columns, the rows of the table where a mask holds, and their rows in it."""
        held = self.values(*names)
        frame = self.rows if held is None else held.frame
        hit = _mask(frame, mask)
        if not hit.any():
            return frame, np.empty(0, np.int64), np.empty(0, np.int64)
        if held is None:
            rows = np.flatnonzero(hit.to_numpy())
            return frame, rows, rows
        codes = held.codes.to_numpy()
        rows = np.flatnonzero(hit.to_numpy()[codes])
        return frame, rows, codes[rows]

    def count(self, mask: pl.Expr | str, *names: str) -> int:
        """For how many rows a mask of the named columns holds."""
        held = self.values(*names)
        hit = _mask(self.rows if held is None else held.frame, mask)
        if held is None or not hit.any():
            return int(hit.sum() or 0)
        return int(held.times[hit.to_numpy()].sum())


def _mask(frame: pl.DataFrame, mask: pl.Expr | str) -> pl.Series:
    """A Boolean column, named or worked out; null is false."""
    made = frame.get_column(mask) if isinstance(mask, str) else frame.select(mask.alias("hit")).to_series()
    return made.fill_null(False) if made.null_count() else made


def run_batch(compiled: Compiled, frame: pl.DataFrame, before: Batch | None = None) -> Batch:
    """Work out all working columns, as ``Compiled.run`` does, of rows in memory.

    What only depends on one text column is worked out for its distinct values: every verb of cells is a function of the
    cell. Columns that a free SQL expression writes are run as they are.

    Args:
        compiled: the plan.
        frame: rows with the plan's input columns.
        before: an earlier batch of the same plan; a column all of whose values it knows takes what was made of them.
    """
    if frame.height < MIN_ROWS:
        return Batch(compiled.work(frame))
    owners: dict[str, frozenset[str]] = {name: frozenset([name]) for name in frame.columns}
    for layer in compiled.layers:
        for expression in layer:
            roots = [owners[root] for root in expression.meta.root_names()]
            owners[expression.meta.output_name()] = frozenset().union(*roots)
    free = {step.column for step in compiled.steps if step.action.verb == "sql"}
    alone = {next(iter(o)) for name, o in owners.items() if len(o) == 1 and name not in frame.columns} - free
    known = {} if before is None else before.short
    few: dict[str, tuple[pl.Series, Values | None]] = {}
    for name in frame.columns:
        if name in alone and frame.schema[name] == pl.String():
            column = frame.get_column(name)
            held = _as_before(column, known.get(name))
            values = few_values(column) if held is None else held.frame.get_column(name)
            if values is not None:
                few[name] = (values, held)
    owner = {name: next(iter(own)) for name, own in owners.items() if len(own) == 1 and next(iter(own)) in few}
    needed = {*compiled.current.values(), *compiled.marks}
    rest = [[e for e in layer if e.meta.output_name() not in owner] for layer in compiled.layers]
    needed |= {root for layer in rest for e in layer for root in e.meta.root_names()}
    for step in compiled.steps:
        names = [name for name in (step.before, step.after, step.residue, *step.notes.values()) if name]
        if len({owner.get(name, "") for name in names}) > 1:
            needed |= set(names)
    made: list[pl.Series] = []
    short: dict[str, Values] = {}
    for name, (distinct, ready) in few.items():
        if ready is None:
            small = pl.concat([distinct, pl.Series(name, [None], pl.String)]).to_frame()
            own = ([e for e in layer if owner.get(e.meta.output_name()) == name] for layer in compiled.layers)
            ready = Values(worked(small, own), _codes(frame.get_column(name), distinct))
        short[name] = ready
        made += [column.gather(ready.codes) for column in ready.frame.drop(name) if column.name in needed]
    return Batch(worked(frame.with_columns(made), rest), short, owner)


def _codes(column: pl.Series, values: pl.Series) -> pl.Series:
    """The place of each cell's value; nulls, and what is none of the values, have the last."""
    places = column.cast(pl.Enum(values), strict=False).to_physical()
    return places.cast(pl.UInt32).fill_null(values.len())


def _as_before(column: pl.Series, known: Values | None) -> Values | None:
    """The column by the values of an earlier batch; None where it holds others, or holds too few of them to pay."""
    if known is None or known.frame.height > MOST_DISTINCT * column.len():
        return None
    codes = _codes(column, known.frame.get_column(column.name).head(-1))
    lost = int((codes == known.frame.height - 1).sum()) != column.null_count()
    return None if lost else Values(known.frame, codes)


def few_values(column: pl.Series) -> pl.Series | None:
    """The distinct values of a column without null, or None where they are too many for it to pay."""
    probe = column.gather_every(max(1, column.len() // PROBE))
    if probe.n_unique() > 0.9 * probe.len():
        return None
    values = column.unique().drop_nulls()
    return values if values.len() <= MOST_DISTINCT * column.len() else None
