"""Candidate keys of a table, of one column or several, and how surprising each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
SAMPLE_ROWS = 20_000
#: In tables longer than this, combinations are tried only where no column is a key.
LARGE = 200_000
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
    if size < 2 or len(rest) < 2 or rows < 10:
        return keys
    sample = frame.select(rest)
    if rows > SAMPLE_ROWS:
        sample = sample[np.sort(np.random.default_rng(0).choice(rows, SAMPLE_ROWS, replace=False))]
    codes, clash = _coded(sample)
    rest = sorted((n for n in rest if clash[n] < 1.0), key=lambda n: clash[n])
    pairs_of_rows = rows * (rows - 1) / 2
    found: list[tuple[str, ...]] = []
    for count in range(2, size + 1):
        for some in combinations(rest[: PAIRED if count == 2 else GROUPED], count):
            if any(set(f) <= set(some) for f in found):
                continue
            expected = pairs_of_rows * float(np.prod([clash[n] for n in some]))
            if expected < SURPRISE or not _unique_codes([codes[n] for n in some]):
                continue
            if _unique(frame, some):
                found.append(some)
                ordered = tuple(n for n in frame.columns if n in some)
                keys.append(Key(ordered, 1.0, 0, expected))
    return keys


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
