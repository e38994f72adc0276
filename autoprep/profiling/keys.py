"""Candidate keys of a table, of one column or several, and how surprising each is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
SAMPLE_ROWS = 20_000
#: In tables longer than this, combinations are tried only where no column is a key, and proven by hashes of cells:
#: the rows looked at first, and how many combinations of one number of columns at most, the likeliest first.
LARGE, FIRST_ROWS, PROOFS = 200_000, 1 << 17, 8
#: Columns that composite keys are built from, at most, for two and for more columns.
PAIRED, GROUPED = 24, 12
#: Independent columns would collide this often at least, or uniqueness of a combination says nothing.
SURPRISE = 10.0


@dataclass(frozen=True)
class Key:
    """Columns that together tell rows apart.

    Attributes:
        columns: in the order of the table.
        distinct_rate: distinct combinations over rows.
        nulls: rows with a null in one of them.
        expected: pairs of rows that would collide if the columns were independent (0 for a single column).
    """

    columns: tuple[str, ...]
    distinct_rate: float
    nulls: int
    expected: float = 0.0


def find(frame: pl.DataFrame, names: Sequence[str], *, size: int = 3, single: Sequence[str] = ()) -> list[Key]:
    """Minimal keys among the named columns, the shortest first.

    A combination is a key when no two rows share it, no part of it is a key, and independent columns with the same
    frequencies would have collided: in a small table any two columns of many values look like a key.

    Args:
        frame: rows.
        names: columns that may be part of a key.
        size: columns of a key at most.
        single: columns known to be unique alone; found out when empty.

    Example:
        >>> days = [d for d in range(40) for _ in range(3)]
        >>> frame = pl.DataFrame({"day": days, "shop": ["a", "b", "c"] * 40, "sold": [1, 2] * 60})
        >>> [k.columns for k in find(frame, frame.columns)]
        [('day', 'shop')]
    """
    rows = frame.height
    if rows < 2 or not names:
        return []
    nulls = {n: frame.get_column(n).null_count() for n in names}
    alone = [n for n in names if n in single] or [n for n in names if not nulls[n] and _unique(frame, [n])]
    keys = [Key((n,), 1.0, 0) for n in alone]
    if alone and rows > LARGE:
        return keys
    rest = [n for n in names if n not in alone and not nulls[n]]
    if len(rest) < 2 or rows < 10:
        return keys
    coded = Coded.of(frame.select(rest), rows)
    found: list[tuple[str, ...]] = []
    for count in range(2, size + 1):
        proposed = coded.proposals(count, found)
        for some, expected in islice(proposed, PROOFS) if rows > LARGE else proposed:
            if _tells_apart(frame, some) if rows > LARGE else _unique(frame, some):
                found.append(some)
                keys.append(Key(tuple(n for n in frame.columns if n in some), 1.0, 0, expected))
    return keys


@dataclass(frozen=True)
class Coded:
    """Some rows of a table, in which combinations of columns are looked for that tell rows apart.

    Attributes:
        rows: of the whole table.
        codes: values of a column as whole numbers.
        clash: chance that two rows share a value of a column; the columns in rising order of it.
    """

    rows: int
    codes: Mapping[str, Ints]
    clash: Mapping[str, float]

    @classmethod
    def of(cls, frame: pl.DataFrame, rows: int, distinct: Mapping[str, float] | None = None) -> Coded:
        """Look at some rows of a frame, itself a part of a table of so many rows.

        Rows that are evenly spaced may hide that values recur side by side: ``distinct`` values of the whole columns
        tell how often two rows share one at least.
        """
        sample = frame
        if frame.height > SAMPLE_ROWS:
            sample = frame[np.sort(np.random.default_rng(0).choice(frame.height, SAMPLE_ROWS, replace=False))]
        codes, clash = _coded(sample)
        clash |= {n: max(clash[n], 1.0 / max(1.0, count)) for n, count in (distinct or {}).items()}
        order = sorted((n for n in clash if clash[n] < 1.0), key=lambda n: clash[n])
        return cls(rows, codes, {n: clash[n] for n in order})

    def proposals(self, count: int, found: Collection[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], float]]:
        """Combinations of so many columns that may be keys, and the pairs of rows that would collide by chance.

        Args:
            count: columns of a combination.
            found: keys, of which no combination may be made up; more may be added while the proposals are taken.
        """
        pairs_of_rows = self.rows * (self.rows - 1) / 2
        for some in combinations(list(self.clash)[: PAIRED if count == 2 else GROUPED], count):
            if any(set(f) <= set(some) for f in found):
                continue
            expected = pairs_of_rows * float(np.prod([self.clash[n] for n in some]))
            if expected >= SURPRISE and _unique_codes([self.codes[n] for n in some]):
                yield some, expected


def hashes(frame: pl.DataFrame, names: Sequence[str]) -> Hashes:
    """Hashes of 64 bits of the combined cells, sorted: where none recurs, no combination does."""
    words = [n for n in names if frame.schema[n] in (pl.Categorical, pl.Enum)]
    made = frame.select(names).with_columns(pl.col(words).cast(pl.String)).hash_rows(0).to_numpy(writable=True)
    made.sort()
    return made


def recurs(parts: Iterable[Hashes]) -> bool:
    """Whether a hash recurs within or between parts that are sorted each.

    Example:
        >>> import numpy as np
        >>> parts = [np.array([1, 5], dtype=np.uint64), np.array([2, 9], dtype=np.uint64)]
        >>> recurs(parts), recurs([*parts, parts[0]])
        (False, True)
    """
    whole = np.concatenate(list(parts))
    whole.sort(kind="stable")  # which merges runs that are sorted
    return bool((whole[1:] == whole[:-1]).any())


def _tells_apart(frame: pl.DataFrame, names: Sequence[str]) -> bool:
    """Whether no two rows share the cells of some columns, by hashes: the first rows before all."""
    return not recurs([hashes(frame.head(FIRST_ROWS), names)]) and not recurs([hashes(frame, names)])


def _coded(sample: pl.DataFrame) -> tuple[dict[str, Ints], dict[str, float]]:
    """Codes of the sample's values, and the chance that two rows share one."""
    codes: dict[str, Ints] = {}
    clash: dict[str, float] = {}
    for name in sample.columns:
        code = sample.get_column(name).rank("dense").cast(pl.Int64).to_numpy() - 1
        counts = np.bincount(code).astype(np.float64)
        codes[name] = code
        n = code.size
        # estimated without the row's clash with itself
        clash[name] = float((counts * (counts - 1)).sum() / max(1.0, n * (n - 1.0)))
    return codes, clash


def _unique_codes(codes: Sequence[Ints]) -> bool:
    made = codes[0].copy()
    for code in codes[1:]:
        levels = int(code.max()) + 1
        if int(made.max()) * levels > 2**61:
            made = np.unique(made, return_inverse=True)[1]
        made = made * levels + code
    made.sort()
    return not bool((made[1:] == made[:-1]).any())


def all_differ(column: pl.Series) -> bool:
    """Whether no value recurs; exact: different hashes prove it, and where two are equal the values are compared.

    Example:
        >>> all_differ(pl.Series(["a", "b"])), all_differ(pl.Series(["a", "a"]))
        (True, False)
    """
    if column.len() < LARGE or column.dtype != pl.String:
        return column.n_unique() == column.len()
    hashes = np.sort(column.hash(0).to_numpy())
    return not bool((hashes[1:] == hashes[:-1]).any()) or column.n_unique() == column.len()


def _unique(frame: pl.DataFrame, names: Sequence[str]) -> bool:
    if len(names) == 1:
        column = frame.get_column(names[0])
        head = column.head(1000)
        if head.n_unique() != head.len():
            return False
        if column.len() > LARGE and frame.select(pl.col(names[0]).approx_n_unique()).item() < 0.95 * column.len():
            return False
        return all_differ(column)
    return bool(frame.select(pl.struct(names).n_unique()).item() == frame.height)
