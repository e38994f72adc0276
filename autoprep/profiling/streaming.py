"""Profiles of tables that are too long for memory: states of batches, merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import polars as pl

from autoprep.config import Config
from autoprep.profiling import keys, names, structure, vocabulary
from autoprep.profiling.profiles import KEYS, Profile
from autoprep.types import Task

#: Tables of more rows, or of more bytes as far as their first rows tell, are profiled batch by batch.
LONG, HEAVY_BYTES = 5_000_000, 2**30
BATCH_ROWS, BATCH_BYTES = 1_000_000, 2**28
#: Rows that a table's width in bytes is told by; rows of a batch at least.
LOOK_ROWS, LEAST_ROWS = 10_000, 20_000
#: Rows, evenly spaced, that relations between columns and the target are looked for in, and their bytes at most.
SAMPLE_ROWS, SAMPLE_BYTES = 500_000, 2**28
#: Of longer tables no row is remembered; columns that may tell all rows apart and are remembered cell by cell.
REMEMBERED_ROWS, REMEMBERED_COLUMNS = 50_000_000, 3


@dataclass(frozen=True)
class Size:
    """How large a table is.

    Attributes:
        rows: of the whole table.
        row_bytes: of a row in memory, by the first rows.
        held: whether the table lies in memory already.
    """

    rows: int
    row_bytes: float
    held: bool

    @property
    def is_long(self) -> bool:
        """Whether it is better profiled batch by batch than in memory."""
        return self.rows > LONG or (not self.held and self.rows * self.row_bytes > HEAVY_BYTES)

    def batch_rows(self) -> int:
        """Rows of a batch."""
        return int(min(BATCH_ROWS, max(LEAST_ROWS, BATCH_BYTES / max(1.0, self.row_bytes))))

    def step(self) -> int:
        """Every how many rows one is taken into the sample for relations."""
        most = min(SAMPLE_ROWS, max(LEAST_ROWS, SAMPLE_BYTES / max(1.0, self.row_bytes)))
        return max(1, -(-self.rows // int(most)))


def size(source: pl.LazyFrame) -> Size:
    """How large a lazy table is; reads it once, but for its cells."""
    head = source.head(LOOK_ROWS).collect()
    held = source.explain(optimized=False).startswith("DF [")
    return Size(height(source), head.estimated_size() / max(1, head.height), held)


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


@dataclass
class Seen:
    """Rows, and cells of columns that may be keys, as hashes of 64 bits: 8 bytes each.

    Attributes:
        rows: hashes of the rows, batch by batch.
        columns: column -> hashes of its cells; a column in which a value recurred is left out.
        active: whether anything is remembered.
    """

    active: bool = True
    rows: list[np.ndarray] = field(default_factory=list)
    columns: dict[str, list[np.ndarray]] | None = None

    def add(self, part: pl.DataFrame, unique: Sequence[str]) -> None:
        """Remember a batch; ``unique`` are the columns no value of which recurs in it."""
        if not self.active:
            return
        if not any(dtype.is_nested() or dtype == pl.Object for dtype in part.schema.values()):
            self.rows.append(part.hash_rows(0).to_numpy())
        if self.columns is None:
            self.columns = {name: [] for name in unique[:REMEMBERED_COLUMNS]}
        self.columns = {name: found for name, found in self.columns.items() if name in unique}
        for name, found in self.columns.items():
            found.append(part.get_column(name).hash(0).to_numpy())

    def repeated(self) -> int | None:
        """Rows that repeat an earlier one; None where rows were not remembered."""
        return _recurring(self.rows) if self.rows else None

    def keys(self) -> list[str]:
        """Columns no value of which recurs."""
        return [name for name, found in (self.columns or {}).items() if found and not _recurring(found)]


def _recurring(parts: Sequence[np.ndarray]) -> int:
    hashes = np.concatenate(parts)
    hashes.sort()
    return int((hashes[1:] == hashes[:-1]).sum())


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
    sized: Size | None = None,
) -> Profile:
    """Profile a table batch by batch; what columns are is added up over all rows (see ``profiling.states``).

    Rows that repeat an earlier one, and columns that tell all rows apart, are found by hashes of 64 bits. Pairs of
    columns and the target are looked at in a sample of evenly spaced rows. Keys of several columns are looked for where
    no column is one: the sample proposes them, and the hashes of all rows, read once more, prove them.

    Example:
        >>> found = streamed(pl.LazyFrame({"x": range(1000)}), batch_rows=300)
        >>> found.column("x")["mean"], found.column("x")["distinct"], found.tables["rows"][0]
        (499.5, 1000, 1000)
        >>> found.keys["columns"].to_list(), found.tables["duplicate_rows"][0]
        (['x'], 0)
    """
    from autoprep.profiling.profiler import profile

    sized = sized or size(source)
    total = sized.rows if rows is None else rows
    step = replace(sized, rows=total).step()
    whole: Profile | None = None
    picked: list[pl.DataFrame] = []
    head = pl.DataFrame()
    seen = Seen(active=deep and relations and total <= REMEMBERED_ROWS)
    at = 0
    for part in batches(source, batch_rows or sized.batch_rows()):
        one = profile(part, deep=False, config=config, mergeable=True)
        seen.add(part, _unique(one))
        whole = one if whole is None else whole.merge(one)
        if deep:
            head = part.head(LOOK_ROWS) if not at else head
            picked.append(part.gather_every(step, offset=-at % step).rechunk() if step > 1 else part)
        at += part.height
    if whole is None:
        return profile(source.collect(), target=target, task=task, config=config, deep=deep, mergeable=mergeable)
    if deep:
        sample = pl.concat(picked)
        picked.clear()
        related = profile(sample, target=target, task=task, config=config, relations=relations)
        single = seen.keys()
        several: list[tuple[str, ...]] = []
        if seen.active and not single and whole.tables["duplicate_rows"][0] in (None, 0):
            several = _several(source, [head, sample], whole, batch_rows or sized.batch_rows())
        whole = _related(whole, related, seen, single, several)
    return whole if mergeable else replace(whole, states={})


def _unique(one: Profile) -> list[str]:
    able = one.columns.filter(pl.col("is_unique") & (pl.col("null_count") == 0) & (pl.col("dtype") != "float"))
    said = able["column"].to_list()
    return sorted(said, key=lambda name: not names.says(name, "id"))


def _several(source: pl.LazyFrame, parts: Sequence[pl.DataFrame], whole: Profile, rows: int) -> list[tuple[str, ...]]:
    """Keys of two columns, or else of three, each proposed by parts of the rows and proven by all of them."""
    words = whole.columns.filter(pl.col("null_count") == 0)
    able = [r["column"] for r in words.iter_rows(named=True) if structure.may_be_of_key(r)][: structure.KEYED]
    if len(able) < 2:
        return []
    distinct = {r["column"]: r["distinct"] for r in words.iter_rows(named=True) if r["column"] in able}
    coded = keys.Coded.of(parts[-1].select(able), int(whole.tables["rows"][0]), distinct)
    for count in (2, 3):
        proposed = (
            some
            for some, _ in coded.proposals(count, ())
            if not any(keys.recurs([keys.hashes(part, some)]) for part in parts)
        )
        if proven := _proven(source, list(islice(proposed, keys.PROOFS)), rows):
            return proven
    return []


def _proven(source: pl.LazyFrame, proposed: Sequence[tuple[str, ...]], rows: int) -> list[tuple[str, ...]]:
    """Combinations of columns that no two rows share; of those that the first batch leaves, some are followed."""
    if not proposed:
        return []
    held: dict[tuple[str, ...], list[keys.Hashes]] = {some: [] for some in proposed}
    for i, part in enumerate(batches(source.select(sorted({n for some in proposed for n in some})), rows)):
        for some, parts in list(held.items()):
            parts.append(keys.hashes(part, some))
            if keys.recurs(parts[-1:]):
                del held[some]
        if i == 0:
            held = dict(list(held.items())[:REMEMBERED_COLUMNS])
        if not held:
            return []
    return [some for some, parts in held.items() if not keys.recurs(parts)]


def _related(
    whole: Profile, sample: Profile, seen: Seen, single: Sequence[str], several: Sequence[tuple[str, ...]]
) -> Profile:
    """A profile with what a sample of its rows says of the target and of pairs of columns, and all rows of keys."""
    words = [w for w in whole.columns.columns if w in _OF_TARGET]
    said = {r["column"]: r for r in sample.columns.select("column", *words).iter_rows(named=True)}
    numbered = dict(sample.columns.filter("row_number").select("column", "role").iter_rows())
    columns = [r | said.get(r["column"], {}) for r in whole.columns.iter_rows(named=True)]
    for row in columns:
        row["role"] = "target" if row["is_target"] else row["role"]
        row |= {"semantic": "integer", "role": "number"} if numbered.get(row["column"]) == "number" else {}
        row["is_unique"] = row["is_unique"] or row["column"] in single
    own = whole.tables.row(0, named=True)
    table = {k: own[k] if own[k] is not None else v for k, v in sample.tables.row(0, named=True).items()}
    repeated = 0 if single or several else seen.repeated()
    table |= {"duplicate_rows": repeated, "duplicate_rate": None if repeated is None else repeated / own["rows"]}
    place = {name: i for i, name in enumerate(whole.columns["column"])}
    made = [*sorted(single, key=lambda name: (not names.says(name, "id"), place[name]))]
    made += [" + ".join(sorted(some, key=lambda name: place[name])) for some in several]
    found = [{"columns": said, "distinct_rate": 1.0, "nulls": 0, "primary": i == 0} for i, said in enumerate(made)]
    return replace(
        whole,
        columns=vocabulary.frame(columns, vocabulary.COLUMNS),
        tables=vocabulary.frame([table], vocabulary.TABLES),
        pairs=sample.pairs,
        keys=pl.DataFrame(found, schema=KEYS),
        target=sample.target,
    )


#: Words of a column that need the target.
_OF_TARGET = frozenset(
    (
        *("is_target", "target_score", "target_null_score", "target_copy", "target_leak", "target_part"),
        *("leak_reason", "after_outcome", "after_outcome_score", "missing_score", "row_number", "row_number_reason"),
        "target_together",
    )
)
