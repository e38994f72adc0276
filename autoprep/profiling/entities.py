"""Whose rows they are: the column that names the person, customer or device that rows come from, time and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from autoprep.profiling import calendar, encode, names, vocabulary
from autoprep.profiling.columns import Column

#: Semantic types of what may name an entity, and of what looks like a name for one thing.
NAMING = ("identifier", "code", "integer", "category", "text", "email", "phone", "uuid")
NUMBERING = ("identifier", "uuid")
SHARING = ("category", "text", "integer")
TELLING = ("identifier", "code", "email", "phone", "uuid")
#: Entities that there are at least, by what speaks for them: a header with "id", one that names an entity, the rows.
LEAST_ID, LEAST_NAMED, LEAST_SEEN = 10, 20, 20
#: Rows per entity at most and how much more often than usual the most frequent may come, where no header speaks.
MOST_EACH, EVENLY = 200, 4
#: Share of rows that values may be, of ids of somebody and of all others; how much more often than usual the most
#: frequent name may come.
MOST_IDS, MOST_DISTINCT, UNEVENLY = 0.95, 0.7, 20
NAME_ENDS = ("name", "nombre", "nome", "nom", "имя")
#: Columns tried by their rows, rows and numbers that they are tried on.
TRIED, ROWS, NUMBERS = 4, 10_000, 12
#: What may be the entity of a panel, rows that each has on average, pairs of rows that would share entity and time by
#: chance, and the share of these that may.
PANELLED = (*TELLING, "category", "country", "text")
LEAST_EACH, MET_BY_CHANCE, MET = 3, 100, 0.02
#: Whole numbers from which values that recur are numbers of somebody.
LONG_NUMBER = 1e6
#: Share of a number's variance that is left within an entity at most, and the share of numbers for which this holds:
#: of codes, and of words, which are more often a category (a town, a brand) than somebody.
WITHIN, HELD_CODES, HELD_WORDS = 0.1, 0.5, 0.75
#: Values that there are at least, and rows per value at most, where only what their rows share speaks for an entity;
#: the share of rows that the most frequent may have, and the share of values that recur at least.
LEAST_SHARED, MOST_SHARED, MOST_FREQUENT, RECURRING = 50, 50, 0.1, 0.25
#: Columns that are the same in all rows of an entity: how many at least, and in what share of the entities.
TRAITS, TRAIT_HELD = 2, 0.98
#: A column is no trait where its most frequent value has more of the rows, nor of numbers where it has more levels than
#: this share of theirs.
TRAIT_VARIES, COARSER = 0.95, 0.5
#: Share of the target's variance that words and that numbers explain at least if they are entities, and how many
#: standard deviations beyond chance; how many numbers next to each other are taken together, and how much of what they
#: share they may share by that.
TOLD_SHARE, TOLD_NUMBERS, TOLD_BEYOND, NEIGHBOURS, DEGREE = 0.15, 0.3, 6.0, 4, 0.25
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
    distinct = row["distinct"] or 0
    if column.name.strip().lower().endswith(NAME_ENDS) and (row.get("top_rate") or 0.0) * distinct > UNEVENLY:
        return False  # a few names are much more frequent, as first names are: they name nobody
    least = LEAST_ID if says_id or row["semantic"] in TELLING else LEAST_NAMED
    # who comes seldom more than once comes all the same: an id of somebody need not recur as often as another
    return bool(least <= distinct <= (MOST_IDS if says_id and says_entity else MOST_DISTINCT) * rows)


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
        if (c.row["semantic"] in PANELLED or _is_long_number(c))
        and (LEAST_ID if _is_long_number(c) else LEAST_SEEN) <= (c.row["distinct"] or 0) <= frame.height / LEAST_EACH
        and not calendar.is_year(c)
    ]
    whose.sort(key=lambda c: (-(c.row["distinct"] or 0), c.position))
    part = frame.head(ROWS)
    for time in times[:TRIED]:
        for column in whose[:TRIED]:
            if _never_shared(part, column.name, time.name):
                return column.name, time.name
    return None


def _is_long_number(column: Column) -> bool:
    """Whether a column holds whole numbers of many digits: where these come again and again, they count nothing."""
    low = column.row.get("min")
    return column.row["semantic"] == "integer" and low is not None and low >= LONG_NUMBER


def _never_shared(frame: pl.DataFrame, one: str, other: str) -> bool:
    """Whether next to no two rows share both values, though by chance many would."""

    def often(*names: str) -> pl.Series:
        return frame.group_by(names).len()["len"].cast(pl.Float64)

    n, both = frame.height, often(one, other)
    expected = n * (n - 1) / 2 * float(((often(one) / n) ** 2).sum()) * float(((often(other) / n) ** 2).sum())
    found = float((both * (both - 1) / 2).sum())
    return expected >= MET_BY_CHANCE and found <= MET * expected


def by_rows(frame: pl.DataFrame, found: Sequence[Column], target: str | None = None) -> tuple[str, str | None] | None:
    """The column whose rows look like those of one entity each, whatever its header: values recur evenly, and the
    target or most numbers hardly change within one; and the year where the column names an entity in one year each.

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
        ('who', None)
    """
    found = [c for c in found if not c.row.get("target_copy")]
    able = [c for c in found if c.name != target and _recurs(c, frame.height)]
    able.sort(key=lambda c: (c.row["semantic"] not in TELLING, -(c.row["distinct"] or 0), c.position))
    likely = (c for c in able[:TRIED] if _one_outcome(frame, c, target) or _alike(frame, c, found, target))
    one = next(likely, None)
    if one is None:
        able = [c for c in found if c.name != target and _may_be_shared(c, frame.height)]
        able.sort(key=lambda c: (-(c.row["distinct"] or 0), c.position))
        one = next((c for c in able[:TRIED] if _shared(frame, c, found, target)), None)
    return None if one is None else _of_all_times(frame, one, found, target) or (one.name, None)


def _of_all_times(
    frame: pl.DataFrame, cell: Column, found: Sequence[Column], target: str | None
) -> tuple[str, str] | None:
    """The entity, and the year, of a column that names it in one year each ("Peru1995").

    None where the column names no pair of another that recurs and a year.
    """
    others = [c for c in found if c.name not in (cell.name, target) and (c.row["missing_rate"] or 0) < 0.05]
    years = [c for c in others if calendar.is_year(c)]
    whose = [c for c in others if c.row["semantic"] in PANELLED and (c.row["distinct"] or 0) >= LEAST_SEEN]
    part = _whole(frame, cell.name).lazy()
    for year in years[:TRIED]:
        for one in whose[:TRIED]:
            names_ = [pl.struct(pl.col(one.name, year.name)), pl.col(cell.name)]
            pairs, cells, both = (
                part.select(
                    names_[0].n_unique().alias("pairs"),
                    names_[1].n_unique().alias("cells"),
                    pl.struct(pl.col(one.name, year.name, cell.name)).n_unique().alias("both"),
                )
                .collect()
                .row(0)
            )
            if pairs == cells == both and (one.row["distinct"] or 0) < 0.5 * cells:
                return one.name, year.name
    return None


def _may_be_shared(column: Column, rows: int) -> bool:
    """Whether there are many values, each of few rows, none much more frequent than the others."""
    row = column.row
    distinct = row["distinct"] or 0
    if row["semantic"] not in (*TELLING, *SHARING) or row["dtype"] == "float" or (row["missing_rate"] or 0) >= 0.05:
        return False
    if calendar.is_year(column):
        return False
    return LEAST_SHARED <= distinct <= MOST_DISTINCT * rows and rows <= MOST_SHARED * distinct and _seldom(row)


def _seldom(row: dict[str, Any]) -> bool:
    return (row.get("top_rate") or 0.0) <= MOST_FREQUENT


def _shared(frame: pl.DataFrame, column: Column, found: Sequence[Column], target: str | None) -> bool:
    """Whether rows with one value share what others do not: columns that never differ within it, or the target."""
    others = [c for c in found if c.name != column.name and c.row["dtype"] != "other"]
    part = _whole(frame.select(column.name, *(c.name for c in others)), column.name)
    # rows that repeat another in all but their own number are one row: they share everything, whoever they are of
    part = part.unique(
        subset=[column.name, *(c.name for c in others if c.row["semantic"] not in NUMBERING)], maintain_order=True
    )
    made = encode.encode(part, [column, *others])
    entity = made.pop(column.name)
    count = np.bincount(entity.codes[entity.codes >= 0])
    if not count.size or float((count > 1).mean()) < RECURRING:
        return False
    if target is not None and target in made and _told_by(entity, made[target]):
        return True
    return sum(_is_trait(entity, one) for name, one in made.items() if name != target) >= TRAITS


def _whole(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """All rows of some of the entities where the rows are many."""
    parts = -(-frame.height // ROWS)
    return frame if parts == 1 else frame.filter(pl.col(column).hash(0) % parts == 0)


def _is_trait(entity: encode.Encoded, one: encode.Encoded) -> bool:
    """Whether a column has one value within nearly all entities, and several among the rows."""
    codes = one.codes + 1
    if one.levels < 2 or float(np.bincount(codes).max()) > TRAIT_VARIES * codes.size:
        return False
    if entity.values is not None and one.levels > COARSER * entity.levels:
        return False  # what tells as many numbers apart is the same measure in another unit
    if _one_valued(entity.codes, codes) < TRAIT_HELD:
        return False
    return not _is_measure(entity, lambda own: _one_valued(own, codes))


def _is_measure(entity: encode.Encoded, shared: Callable[[encode.Ints], float]) -> bool:
    """Whether numbers next to each other share what those at random do not: how much of it is a matter of degree."""
    if entity.values is None:
        return False
    beside = shared(np.where(entity.codes < 0, -1, entity.codes // NEIGHBOURS))
    order = np.append(np.random.default_rng(0).permutation(entity.levels) // NEIGHBOURS, -1)
    chance = shared(order[entity.codes])
    return beside - chance > DEGREE * (shared(entity.codes) - chance)


def _one_valued(own: encode.Ints, codes: encode.Ints) -> float:
    """Share of the entities with several rows that have one value in all of them."""
    known = own >= 0
    size = np.bincount(own[known])
    pairs = np.unique(own[known] * (int(codes.max()) + 1) + codes[known])
    values = np.bincount(pairs // (int(codes.max()) + 1), minlength=size.size)
    several = size > 1
    return float((values[several] == 1).mean()) if several.any() else 0.0


def _told_by(entity: encode.Encoded, target: encode.Encoded) -> bool:
    """Whether entities explain the target beyond chance, and not because they are a measure that tells it."""
    y = target.values if target.values is not None else (target.codes == _most(target.codes)).astype(np.float64)
    left, beyond = _explained(entity.codes, y)
    if 1.0 - left < (TOLD_SHARE if entity.values is None else TOLD_NUMBERS) or beyond < TOLD_BEYOND:
        return False
    return not _is_measure(entity, lambda own: 1.0 - _left_within(own, y))


def _most(codes: encode.Ints) -> int:
    return int(np.bincount(codes[codes >= 0]).argmax()) if (codes >= 0).any() else 0


def _explained(own: encode.Ints, y: encode.Floats) -> tuple[float, float]:
    """Share of the variance of a target's ranks that is left within entities, and how many standard deviations beyond
    chance the entities differ (an F test by its normal approximation)."""
    known = np.isfinite(y) & (own >= 0)
    left = _left_within(np.where(known, own, -1), y)
    groups, n = np.unique(own[known]).size, int(known.sum())
    if groups < 2 or n - groups < 20 or left <= 0:
        return left, float("inf") if left <= 0 else 0.0
    # F = between / within, both by degrees of freedom; of all the variance 1, left is the one within
    between = ((n - 1) - left * (n - groups)) / (groups - 1)
    return left, float((between / left - 1.0) / np.sqrt(2.0 / (groups - 1) + 2.0 / (n - groups)))


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
