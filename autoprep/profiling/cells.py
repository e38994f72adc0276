"""Distinct cells of text columns with their counts, one long frame for all columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

#: Columns with more distinct values than this share of rows (in tables of more than SMALL_ROWS) are sampled.
SAMPLED_SHARE = 0.2
SMALL_ROWS = 50_000
#: Of more distinct values than this, in such tables, the frequent ones and a sample of the others are looked at.
MANY = 8_000
SAMPLE_ROWS = 6_000


@dataclass
class Cells:
    """Distinct cells.

    Attributes:
        long: ``col`` (Int32, index into ``names``), ``v`` (String, not null), ``c`` (Float64, times it occurs,
            scaled up in sampled columns).
        names: the columns.
        rows: rows of the table.
        nulls: null cells per column.
        sampled: columns of which a sample was taken.
    """

    long: pl.DataFrame
    names: list[str]
    rows: int
    nulls: dict[str, int]
    sampled: set[str] = field(default_factory=set)


def gather(frame: pl.DataFrame, names: Sequence[str]) -> Cells:
    """Distinct cells of the named String columns; near-unique columns of large tables are sampled.

    Example:
        >>> cells = gather(pl.DataFrame({"x": ["a", "a", None]}), ["x"])
        >>> cells.long.select("v", "c").rows(), cells.nulls
        ([('a', 2.0)], {'x': 1})
    """
    names = list(names)
    nulls = {n: frame.get_column(n).null_count() for n in names}
    if not names or not frame.height:
        empty = pl.DataFrame(schema={"col": pl.Int32, "v": pl.String, "c": pl.Float64})
        return Cells(empty, names, frame.height, nulls)
    if frame.height <= SMALL_ROWS:
        if len(names) > 24:
            return Cells(_unpivoted(frame, names), names, frame.height, nulls)
        parts = [_counted(frame.get_column(n), i) for i, n in enumerate(names)]
        return Cells(pl.concat(parts, rechunk=True), names, frame.height, nulls)
    sampled: set[str] = set()
    parts = []
    rng = np.random.default_rng(0)
    picked = pl.Series(np.sort(rng.choice(frame.height, SAMPLE_ROWS, replace=False)))
    for i, name in enumerate(names):
        column = frame.get_column(name)
        part = column.gather(picked)
        # half of the sample repeated: values repeat too much to be near-unique, so nothing need be estimated
        varied = 2 * part.n_unique() > SAMPLE_ROWS
        if varied and frame.select(pl.col(name).approx_n_unique()).item() > SAMPLED_SHARE * frame.height:
            sampled.add(name)
            scale = (frame.height - nulls[name]) / max(1, part.len() - part.null_count())
            parts.append(_counted(part, i).with_columns(pl.col("c") * scale))
            continue
        counted = _counted(column, i)
        if counted.height > MANY:
            sampled.add(name)
            counted = _heavy_and_some(counted, rng)
        parts.append(counted)
    return Cells(pl.concat(parts, rechunk=True), names, frame.height, nulls, sampled)


def _heavy_and_some(counted: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The most frequent half of ``MANY`` values as they are, and as many of the others, scaled up to all of those."""
    half = MANY // 2
    counted = counted.sort(["c", "v"], descending=[True, False])
    rest = counted.slice(half)
    some = rest[np.sort(rng.choice(rest.height, half, replace=False))]
    return pl.concat(
        [
            counted.head(half),
            some.with_columns(pl.col("c") * (float(rest["c"].to_numpy().sum()) / float(some["c"].to_numpy().sum()))),
        ]
    )


def _counted(column: pl.Series, index: int) -> pl.DataFrame:
    counts = column.drop_nulls().alias("v").value_counts(sort=False, name="c")
    return counts.select(pl.lit(index, pl.Int32).alias("col"), "v", pl.col("c").cast(pl.Float64))


def _unpivoted(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    parts = []
    step = max(1, 2_000_000 // max(1, frame.height))
    for start in range(0, len(names), step):
        chunk = names[start : start + step]
        renamed = frame.select(pl.col(n).alias(str(start + i)) for i, n in enumerate(chunk))
        long = renamed.unpivot(variable_name="col", value_name="v").drop_nulls("v")
        parts.append(long.group_by("col", "v", maintain_order=True).len("c"))
    whole = pl.concat(parts, rechunk=True)
    return whole.select(pl.col("col").cast(pl.Int32), "v", pl.col("c").cast(pl.Float64))
