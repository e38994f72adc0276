"""Profiles of tables that are too long for memory: states of batches, merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from autoprep.config import Config
from autoprep.profiling import vocabulary
from autoprep.profiling.profiles import Profile
from autoprep.types import Task

#: Tables of more rows than this are profiled batch by batch.
LONG = 5_000_000
BATCH_ROWS = 1_000_000
#: Rows, evenly spaced, that relations between columns and the target are looked for in.
SAMPLE_ROWS = 500_000


def height(source: pl.LazyFrame) -> int:
    """Rows of a lazy table."""
    return int(source.select(pl.len()).collect(engine="streaming").item())


def batches(source: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The table in parts of so many rows, in order, one in memory at a time."""
    held: list[pl.DataFrame] = []
    count = 0
    for part in source.collect_batches(chunk_size=rows, maintain_order=True):
        held.append(part)
        count += part.height
        while count >= rows:
            whole = pl.concat(held)
            yield whole.head(rows)
            rest = whole.slice(rows)
            held, count = [rest] if rest.height else [], rest.height
    if count:
        yield pl.concat(held)


def streamed(
    source: pl.LazyFrame,
    *,
    rows: int | None = None,
    target: str | None = None,
    task: Task | None = None,
    config: Config | None = None,
    deep: bool = True,
    relations: bool = True,
    mergeable: bool = False,
    batch_rows: int | None = None,
) -> Profile:
    """Profile a table batch by batch; what columns are is added up over all rows (see ``profiling.states``).

    Pairs of columns and the target are looked at in ``SAMPLE_ROWS`` rows, evenly spaced; keys and repeated rows, which
    a sample cannot prove, are left out.

    Example:
        >>> found = streamed(pl.LazyFrame({"x": range(1000)}), batch_rows=300)
        >>> found.column("x")["mean"], found.column("x")["distinct"], found.tables["rows"][0]
        (499.5, 1000, 1000)
    """
    from autoprep.profiling.profiler import profile

    total = height(source) if rows is None else rows
    step = max(1, -(-total // SAMPLE_ROWS))
    whole: Profile | None = None
    picked: list[pl.DataFrame] = []
    at = 0
    for part in batches(source, batch_rows or BATCH_ROWS):
        one = profile(part, deep=False, config=config, mergeable=True)
        whole = one if whole is None else whole.merge(one)
        if deep:
            picked.append(part.gather_every(step, offset=-at % step) if step > 1 else part)
        at += part.height
    if whole is None:
        return profile(source.collect(), target=target, task=task, config=config, deep=deep, mergeable=mergeable)
    if deep:
        whole = _related(
            whole, profile(pl.concat(picked), target=target, task=task, config=config, relations=relations)
        )
    return whole if mergeable else replace(whole, states={})


def _related(whole: Profile, sample: Profile) -> Profile:
    """A profile with what a sample of its rows says of the target and of pairs of columns."""
    words = [w for w in whole.columns.columns if w in _OF_TARGET]
    said = {r["column"]: r for r in sample.columns.select("column", *words).iter_rows(named=True)}
    columns = [r | said.get(r["column"], {}) for r in whole.columns.iter_rows(named=True)]
    for row in columns:
        row["role"] = "target" if row["is_target"] else row["role"]
    own = whole.tables.row(0, named=True)
    table = {k: own[k] if own[k] is not None else v for k, v in sample.tables.row(0, named=True).items()}
    table |= {"duplicate_rows": None, "duplicate_rate": None}
    return replace(
        whole,
        columns=vocabulary.frame(columns, vocabulary.COLUMNS),
        tables=vocabulary.frame([table], vocabulary.TABLES),
        pairs=sample.pairs,
        target=sample.target,
    )


#: Words of a column that need the target.
_OF_TARGET = frozenset(
    ("is_target", "target_score", "target_null_score", "target_copy", "target_leak", "target_part", "leak_reason")
)
