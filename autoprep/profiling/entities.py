"""Whose rows they are: the column that names the person, customer or device that rows come from, time and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from autoprep.profiling import calendar, encode, names, vocabulary
from autoprep.profiling.columns import Column

#: Semantic types of what may name an entity, and of what looks like a name for one thing.
NAMING = ("identifier", "code", "integer", "category", "text", "email", "phone", "uuid")
TELLING = ("identifier", "code", "email", "phone", "uuid")
#: Entities that there are at least, by what speaks for them: a header with "id", one that names an entity, the rows.
LEAST_ID, LEAST_NAMED, LEAST_SEEN = 10, 20, 20
#: Rows per entity at most and how much more often than usual the most frequent may come, where no header speaks.
MOST_EACH, EVENLY = 200, 4
#: Columns tried by their rows, rows and numbers that they are tried on.
TRIED, ROWS, NUMBERS = 4, 10_000, 12
#: What may be the entity of a panel, rows that each has on average, pairs of rows that would share entity and time by
#: chance, and the share of these that may.
PANELLED = (*TELLING, "category", "country", "text")
LEAST_EACH, MET_BY_CHANCE, MET = 3, 100, 0.02
#: Share of a number's variance that is left within an entity at most, and the share of numbers for which this holds:
#: of codes, and of words, which are more often a category (a town, a brand) than somebody.
WITHIN, HELD_CODES, HELD_WORDS = 0.1, 0.5, 0.75
#: Share of entities with one outcome each from which it is theirs, and the score of a column worth the look.
ONE_OUTCOME, OUTCOME_SCORE = 0.98, 0.95


def by_header(found: Sequence[Column], rows: int, target: str | None = None) -> str | None:
    """The column whose header says that it names an entity, and whose values recur: an id that is no key.

    Args:
        found: the described columns. rows: how many there are. target: is none.

    Example:
        >>> from autoprep.profiling.profiler import describe
        >>> frame = pl.DataFrame({"patient": [f"P{n // 4:03d}" for n in range(120)], "ward": ["a", "b", "c"] * 40})
        >>> by_header(describe(frame), 120)
        'patient'
    """
    able = [c for c in found if c.name != target and _named(c, rows)]
    if not able:
        return None
    return max(
        able,
        key=lambda c: (names.says_entity(c.name), names.says(c.name, "id"), c.row["distinct"], -c.position),
    ).name


def _named(column: Column, rows: int) -> bool:
    row = column.row
    says_id, says_entity = names.says(column.name, "id"), names.says_entity(column.name)
    if row["semantic"] not in NAMING or not (says_id or says_entity) or (row["missing_rate"] or 0) >= 0.2:
        return False
    if says_id and row["semantic"] == "text" and not says_entity:
        return False
    least = LEAST_ID if says_id or row["semantic"] in TELLING else LEAST_NAMED
    return bool(least <= (row["distinct"] or 0) <= 0.7 * rows)


def by_panel(frame: pl.DataFrame, found: Sequence[Column], target: str | None = None) -> tuple[str, str] | None:
    """The entity and the time of a panel: columns whose values recur, but no two rows share both of them.

    Were they drawn apart from each other, some rows would; so the one says whose row it is, the other when.

    Args:
        frame: the rows. found: the described columns. target: is neither.

    Example:
        >>> from autoprep.profiling.profiler import describe
        >>> years = [1990 + n // 30 for n in range(300)]
        >>> frame = pl.DataFrame({"country": [f"c{n % 30}" for n in range(300)], "year": years})
        >>> by_panel(frame, describe(frame))
        ('country', 'year')
    """
    others = [c for c in found if c.name != target and (c.row["missing_rate"] or 0) == 0 and c.row["dtype"] != "float"]
    times = [c for c in others if c.row["semantic"] in ("date", "datetime") or calendar.is_year(c)]
    whose = [
        c
        for c in others
        if c.row["semantic"] in PANELLED
        and LEAST_SEEN <= (c.row["distinct"] or 0) <= frame.height / LEAST_EACH
        and not calendar.is_year(c)
    ]
    whose.sort(key=lambda c: (-(c.row["distinct"] or 0), c.position))
    part = frame.head(ROWS)
    for time in times[:TRIED]:
        for column in whose[:TRIED]:
            if _never_shared(part, column.name, time.name):
                return column.name, time.name
    return None


def _never_shared(frame: pl.DataFrame, one: str, other: str) -> bool:
    """Whether next to no two rows share both values, though by chance many would."""

    def often(*names: str) -> pl.Series:
        return frame.group_by(names).len()["len"].cast(pl.Float64)

    n, both = frame.height, often(one, other)
    expected = n * (n - 1) / 2 * float(((often(one) / n) ** 2).sum()) * float(((often(other) / n) ** 2).sum())
    found = float((both * (both - 1) / 2).sum())
    return expected >= MET_BY_CHANCE and found <= MET * expected


def by_rows(frame: pl.DataFrame, found: Sequence[Column], target: str | None = None) -> str | None:
    """The column whose rows look like those of one entity each, whatever its header: values recur evenly, and the
    target or most numbers hardly change within one.

    Args:
        frame: the rows.
        found: the described columns, with ``target_score`` where there is a target.
        target: its column.

    Example:
        >>> from autoprep.profiling.profiler import describe
        >>> rng = np.random.default_rng(0)
        >>> who = np.repeat(np.arange(40), 5)
        >>> traits = {c: rng.normal(size=40)[who] + 0.01 * rng.normal(size=200) for c in "ab"}
        >>> frame = pl.DataFrame({"who": [f"K{n:03d}" for n in who], **traits, "noise": rng.normal(size=200)})
        >>> by_rows(frame, describe(frame))
        'who'
    """
    able = [c for c in found if c.name != target and _recurs(c, frame.height)]
    able.sort(key=lambda c: (c.row["semantic"] not in TELLING, -(c.row["distinct"] or 0), c.position))
    for column in able[:TRIED]:
        if _one_outcome(frame, column, target) or _alike(frame, column, found, target):
            return column.name
    return None


def _recurs(column: Column, rows: int) -> bool:
    """Whether values recur about equally often, each a few times."""
    row = column.row
    distinct = row["distinct"] or 0
    if row["semantic"] not in (*TELLING, "category") or row["dtype"] == "float" or (row["missing_rate"] or 0) >= 0.05:
        return False
    even = (row.get("top_rate") or 0.0) * distinct <= EVENLY
    return LEAST_SEEN <= distinct <= 0.5 * rows and rows <= MOST_EACH * distinct and even


def _one_outcome(frame: pl.DataFrame, column: Column, target: str | None) -> bool:
    """Whether the rows of an entity share their outcome."""
    if target is None or (column.row.get("target_score") or 0.0) < OUTCOME_SCORE:
        return False
    own = frame.lazy().group_by(column.name).agg(pl.col(target).n_unique().alias("\0n"), pl.len().alias("\0rows"))
    one = own.filter(pl.col("\0rows") > 1).select((pl.col("\0n") == 1).mean()).collect().item()
    return one is not None and one >= ONE_OUTCOME


def _alike(frame: pl.DataFrame, column: Column, found: Sequence[Column], target: str | None) -> bool:
    """Whether most numbers hardly vary between the rows of an entity, against how they vary between all rows."""
    able = [c for c in found if vocabulary.ROLE_OF[c.row["semantic"]] == "number" and c.name != target]
    numbers = [c for c in able if (c.row["distinct"] or 0) > 10][:NUMBERS]
    if len(numbers) < 2:
        return False
    part = frame.select(column.name, *(c.name for c in numbers)).head(ROWS)
    made = encode.encode(part, [column, *numbers])
    codes = made[column.name].codes
    held = [
        _left_within(codes, one.values) <= WITHIN
        for name, one in made.items()
        if name != column.name and one.values is not None
    ]
    least = HELD_CODES if column.row["semantic"] in TELLING else HELD_WORDS
    return len(held) >= 2 and sum(held) > least * len(held)


def _left_within(codes: encode.Ints, values: encode.Floats) -> float:
    """Share of the variance of a number's ranks that is left within groups, by degrees of freedom; 1 when unknown."""
    known = np.isfinite(values) & (codes >= 0)
    if known.sum() < 50:
        return 1.0
    _, ranks = np.unique(values[known], return_inverse=True)
    x, own = ranks - ranks.mean(), codes[known]
    count = np.bincount(own)
    free = int(known.sum() - np.count_nonzero(count))
    if free < 20 or not x.any():
        return 1.0
    between = np.bincount(own, x) ** 2 / np.maximum(count, 1)
    return float(((x**2).sum() - between.sum()) / free / x.var())
