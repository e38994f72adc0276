"""Two deliveries of one table: which rows came and went, and which cells of the rows that stayed were changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from autoprep.errors import InputError, did_you_mean

#: Changed cells that are shown of a column.
SHOWN = 5


@dataclass(frozen=True)
class Difference:
    """How a table differs from an earlier delivery of it.

    Attributes:
        rows: (before, after).
        key: the columns that rows are told apart by; () when no key was found: rows are then compared whole.
        added, removed: rows that only the later, only the earlier delivery has.
        changed: rows with the same key of which a cell differs.
        lost, new: columns that went and came.
        cells: per column with a difference: column, changed (cells), emptied, filled, samples [[key, before, after]].
        duplicated: rows whose key is not unique or missing, in (before, after): they are compared whole.
    """

    rows: tuple[int, int]
    key: tuple[str, ...]
    added: int
    removed: int
    changed: int
    lost: tuple[str, ...]
    new: tuple[str, ...]
    cells: tuple[dict[str, Any], ...] = field(default=())
    duplicated: tuple[int, int] = (0, 0)

    def lines(self) -> list[str]:
        """One sentence per difference; [] when the deliveries hold the same."""
        told = [f"column {name} is gone" for name in self.lost] + [f"column {name} is new" for name in self.new]
        by = f" (by {', '.join(self.key)})" if self.key else " (no key: whole rows are compared)"
        if self.added or self.removed or self.changed:
            counts = f"{self.added:,} rows added, {self.removed:,} removed, {self.changed:,} changed"
            told.append(f"{self.rows[0]:,} -> {self.rows[1]:,} rows: {counts}{by}")
        if any(self.duplicated):
            before, after = self.duplicated
            told.append(f"{before:,} and {after:,} rows have no key of their own and are compared whole")
        for cell in self.cells:
            first = "; ".join(f"{key}: {_shown(old)} -> {_shown(now)}" for key, old, now in cell["samples"][:3])
            extra = (
                f", {cell['emptied']:,} emptied, {cell['filled']:,} filled" if cell["emptied"] + cell["filled"] else ""
            )
            told.append(f"column {cell['column']}: {cell['changed']:,} cells changed{extra} ({first})")
        return told


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def difference(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str] = ()) -> Difference:
    """Compare two deliveries cell by cell.

    Args:
        before, after: the tables; columns whose dtypes differ are compared as text.
        key: columns that tell rows apart; without, the first column that does so in both, then any two, is taken.

    Raises:
        InputError: a column of the key is not in both.

    Example:
        >>> old = pl.DataFrame({"id": [1, 2, 3], "x": ["a", "b", "c"]})
        >>> new = pl.DataFrame({"id": [2, 3, 4], "x": ["b", "C", "d"]})
        >>> difference(old, new).lines()[1]
        'column x: 1 cells changed (3: c -> C)'
    """
    shared = [c for c in before.columns if c in after.columns]
    lost = tuple(c for c in before.columns if c not in shared)
    new = tuple(c for c in after.columns if c not in shared)
    for name in key:
        if name not in shared:
            raise InputError(f"no column '{name}' in both", hint=did_you_mean(name, shared))
    old, now = _alike(before.select(shared), after.select(shared))
    chosen = tuple(key) or _key(old, now)
    rows = (before.height, after.height)
    if not chosen or not shared:
        added, removed = _only(now, old), _only(old, now)
        return Difference(rows, (), added, removed, 0, lost, new)
    single = [_single(frame, chosen) for frame in (old, now)]
    rest = [_rest(frame, chosen) for frame in (old, now)]
    added = _only(rest[1], rest[0]) + single[1].join(single[0], on=chosen, how="anti").height
    removed = _only(rest[0], rest[1]) + single[0].join(single[1], on=chosen, how="anti").height
    both = single[0].join(single[1], on=chosen, how="inner", suffix="\0", maintain_order="left")
    others = [c for c in shared if c not in chosen]
    masks = both.select(pl.col(c).ne_missing(pl.col(f"{c}\0")).alias(c) for c in others)
    changed = int(masks.select(pl.any_horizontal(others)).to_series().sum()) if others else 0
    cells = tuple(_cells(both, masks[c], c, chosen) for c in others if masks[c].any())
    return Difference(rows, chosen, added, removed, changed, lost, new, cells, (rest[0].height, rest[1].height))


def _alike(old: pl.DataFrame, now: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    text = [c for c in old.columns if old.schema[c] != now.schema[c]]
    made = [frame.with_columns(pl.col(text).cast(pl.String)) if text else frame for frame in (old, now)]
    floats = pl.col(pl.Float32, pl.Float64)
    return made[0].with_columns(floats.fill_nan(None)), made[1].with_columns(floats.fill_nan(None))


def _key(old: pl.DataFrame, now: pl.DataFrame) -> tuple[str, ...]:
    """The first column, else the first two together, that tell the rows of both apart and mostly agree."""
    usable = [c for c in old.columns if not old.schema[c].is_float() and not old.schema[c].is_nested()]
    for name in usable:
        if _tells(old, [name]) and _tells(now, [name]) and _overlap(old, now, [name]):
            return (name,)
    for i, left in enumerate(usable[:12]):
        for right in usable[i + 1 : 12]:
            pair = [left, right]
            if _tells(old, pair) and _tells(now, pair) and _overlap(old, now, pair):
                return (left, right)
    return ()


def _tells(frame: pl.DataFrame, names: list[str]) -> bool:
    chosen = frame.select(names)
    return bool(frame.height) and not any(chosen.null_count().row(0)) and chosen.n_unique() == frame.height


def _overlap(old: pl.DataFrame, now: pl.DataFrame, names: list[str]) -> bool:
    shared = old.select(names).join(now.select(names), on=names, how="semi").height
    return 2 * shared >= min(old.height, now.height)


def _single(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    return frame.filter(_own(key))


def _rest(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    return frame.filter(~_own(key))


def _own(key: tuple[str, ...]) -> pl.Expr:
    known = pl.all_horizontal(pl.col(c).is_not_null() for c in key)
    return known & pl.struct(key).is_unique()


def _only(frame: pl.DataFrame, other: pl.DataFrame) -> int:
    """Rows of a table that another does not have, counted as often as they are more."""
    if not frame.width or not frame.height:
        return frame.height
    names = frame.columns
    counts = frame.group_by(names).len("n").join(other.group_by(names).len("m"), on=names, how="left", nulls_equal=True)
    more = (pl.col("n").cast(pl.Int64) - pl.col("m").fill_null(0).cast(pl.Int64)).clip(0)
    return int(counts.select(more.sum()).item() or 0)


def _cells(both: pl.DataFrame, mask: pl.Series, column: str, key: tuple[str, ...]) -> dict[str, Any]:
    held = both.filter(mask).select(
        pl.concat_str([pl.col(c).cast(pl.String) for c in key], separator=", ").alias("key"),
        pl.col(column).alias("before"),
        pl.col(f"{column}\0").alias("after"),
    )
    return {
        "column": column,
        "changed": held.height,
        "emptied": int(held["after"].null_count()),
        "filled": int(held["before"].null_count()),
        "samples": [list(row) for row in held.head(SHOWN).rows()],
    }
