"""Features within a memory budget: columns in blocks to Parquet, heavy sources by the hash of their entity."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from autoprep.errors import SettingError
from autoprep.lineage import whole_file
from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.feature import Definition
from autoprep.synthesis.schema import Schema

#: Bytes at a time per row that is asked for, of a column: what is swept, what is put back, what is written.
PER_CELL = 40
#: Bytes per row of a source while it is grouped: keys, order, times, one column per thread, what Polars copies.
PER_SOURCE_ROW = 96
#: Rows from which a feature that is the same in all of them is left out.
CONSTANT_ROWS = 100
#: Rows of a block's row groups, so that blocks are read side by side.
GROUP = 65_536
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(k|m|g|t)?i?b?\s*", re.IGNORECASE)


def bytes_of(said: str | int) -> int:
    """A size in bytes.

    Raises:
        SettingError: it is none.

    Example:
        >>> bytes_of("1.5 GB"), bytes_of("300MiB"), bytes_of(4096)
        (1610612736, 314572800, 4096)
    """
    found = _SIZE.fullmatch(str(said))
    if found is None or float(found.group(1)) <= 0:
        raise SettingError(f"'{said}' is no amount of memory", hint="write 500MB or 2GB")
    return int(float(found.group(1)) * 1024 ** (" kmgt".index((found.group(2) or " ").lower())))


@dataclass(frozen=True)
class Blocks:
    """A wide table in Parquet files that hold some of its columns each, rows in the same order.

    Attributes:
        paths: the files. names: columns in the order that was asked for. rows: how many.
        empty: those of the names that say nothing (``empty_columns``).
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    rows: int
    empty: frozenset[str] = frozenset()

    def without_empty(self) -> Blocks:
        """The same without the columns that have no value."""
        return replace(self, names=tuple(n for n in self.names if n not in self.empty), empty=frozenset())

    def scan(self) -> pl.LazyFrame:
        """All columns, read when they are collected."""
        return pl.concat([pl.scan_parquet(p) for p in self.paths], how="horizontal").select(self.names)

    def write(self, path: str | Path, own: pl.DataFrame, memory_budget: int) -> Path:
        """Put the rows' own columns and all blocks into one Parquet file, some rows at a time.

        Args:
            own: (rows, columns) put before the features. memory_budget: bytes that decide how many rows at a time.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        width = max(1, len(self.names) + own.width)
        step = int(np.clip(memory_budget // (2 * PER_CELL * width), 1024, GROUP))
        files = [pq.ParquetFile(p) for p in self.paths]
        parts = [file.iter_batches(batch_size=step) for file in files]
        with whole_file(path) as beside:
            writer: pq.ParquetWriter | None = None
            for first in range(0, max(self.rows, 1), step):
                columns = {name: column for one in parts for name, column in _batch(next(one, None))}
                columns = {n: columns[n] for n in self.names if n in columns}
                made = own[first : first + step].to_arrow()
                for name, column in columns.items():
                    made = made.append_column(name, column)
                writer = writer or pq.ParquetWriter(beside, made.schema)
                writer.write_table(made)
            if writer is None:
                pq.write_table(pa.table({}), beside)
            else:
                writer.close()
        return Path(path)


def _batch(batch: object) -> list[tuple[str, object]]:
    if batch is None:
        return []
    return list(zip(batch.schema.names, batch.columns, strict=True))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Shares:
    """How work is cut: columns at a time, and parts that the rows of sources fall into by their entity's hash."""

    columns: int
    parts: int


def shares_of(definitions: Sequence[Definition], schema: Schema, rows: int, memory_budget: int) -> Shares:
    """Cut the work so that it stays within a budget; nothing is computed yet.

    Args:
        rows: that are asked for. memory_budget: bytes beside the tables themselves.

    Raises:
        SettingError: not even one column fits; says what would be needed.

    Example:
        >>> from autoprep.synthesis.feature import parse
        >>> orders = pl.DataFrame({"customer": [1] * 90, "amount": [1.0] * 90})
        >>> schema = Schema.from_yaml("tables:\\n  orders: {}", {"orders": orders})
        >>> shares_of([parse("SUM(orders.amount) BY customer")] * 8, schema, 10, 6_000)
        Shares(columns=5, parts=3)
    """
    sources = {d.source for d in definitions if d.aggregates}
    largest = max((schema.table(s).frame.height for s in sources), default=0)
    # Half for what is written, half for what is read; keys of all rows are held whatever the parts.
    columns = int((memory_budget // 2 - 8 * largest) // max(PER_CELL * rows, 1))
    needed = 2 * (PER_CELL * rows + 8 * largest)
    if columns < 1:
        raise SettingError(
            f"{rows:,} rows do not fit into {_size(memory_budget)}",
            hint=f"give at least {_size(needed)}, or fewer rows",
        )
    parts = -(-PER_SOURCE_ROW * largest // max(memory_budget // 2, 1))
    return Shares(min(columns, max(len(definitions), 1)), max(1, int(parts)))


def _size(count: int) -> str:
    """Bytes as a person says them and ``bytes_of`` reads them, rounded up."""
    if count < 1024:
        return f"{count} B"
    unit, size = ("kB", 1024) if count < 1024**2 else ("MB", 1024**2)
    return f"{math.ceil(10 * count / size) / 10:,.1f} {unit}"


def answer_in_blocks(
    definitions: Sequence[Definition],
    schema: Schema,
    asked: Asked,
    folder: str | Path,
    memory_budget: int,
    wanted: Collection[str] = (),
) -> Blocks:
    """Compute features block by block, each into its own Parquet file; equal to ``answer``.

    Args:
        folder: where the files go. memory_budget: bytes that computing may take beside the tables themselves; enforced
            before anything is computed. wanted: those that stay though they are the same in every row.

    Raises:
        SettingError: the budget is too small, or as of ``answer``.
    """
    rows = asked.frame.height
    cut = shares_of(definitions, schema, rows, memory_budget)
    asked = replace(asked, parts=cut.parts)
    # Definitions that share rows, groups and columns next to each other, so that little is done twice.
    order = sorted(range(len(definitions)), key=lambda i: (_shared(definitions[i]), i))
    paths, empty = [], set()
    for number, first in enumerate(range(0, len(order), cut.columns)):
        some = [definitions[i] for i in order[first : first + cut.columns]]
        path = Path(folder) / f"block-{number:05}.parquet"
        made = answer(some, schema, asked)
        empty |= set(empty_columns(made, wanted))
        made.write_parquet(path, row_group_size=GROUP)
        paths.append(path)
    return Blocks(tuple(paths), tuple(str(d) for d in definitions), rows, frozenset(empty))


def empty_columns(frame: pl.DataFrame, wanted: Collection[str] = ()) -> list[str]:
    """Columns that say nothing: without a value in any row, or the same one in all of many; none of no rows.

    Args:
        frame: (rows, columns) features. wanted: those that stay though they are the same in every row.

    Example:
        >>> empty_columns(pl.DataFrame({"a": [1, None], "b": [None, None], "c": [3, 3]}))
        ['b']
        >>> empty_columns(pl.DataFrame({"a": range(100), "c": [3] * 100}))
        ['c']
    """
    many = frame.height >= CONSTANT_ROWS
    return [
        c.name for c in frame.iter_columns()
        if frame.height
        and (c.null_count() == frame.height or (many and c.name not in wanted and not c.null_count() and _constant(c)))
    ]  # fmt: skip


def _constant(column: pl.Series) -> bool:
    return bool((column == column[0]).all())


def _shared(d: Definition) -> tuple[str, ...]:
    inputs = "" if not d.aggregates else " ".join(str(c) for c in d.columns())
    return (" ".join(d.via), d.source, str(d.by), str(d.where), str(d.before), inputs)
