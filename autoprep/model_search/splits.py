"""Which rows judge which: folds that no row, duplicate or group crosses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.errors import SettingError, plural
from autoprep.types import Task

Index = NDArray[np.int64]
Array = NDArray[Any]

#: How often small tables are dealt anew, by their rows; the search uses as many of the folds as it has time for.
REPEATS = ((500, 6), (1_000, 4), (2_500, 2))
FIVE_FOLDS_ROWS = 20_000
THREE_FOLDS_ROWS = 60_000
HOLDOUT_ROWS = 20_000
#: Rows from which one hold-out may judge when time is short.
HOLDOUT_FROM = 10_000


@dataclass(frozen=True)
class Splits:
    """Folds of row numbers.

    Attributes:
        folds: (training rows, validation rows), 0-based, ascending.
        kind: "stratified", "random", "group", "time" or "holdout".
        repeats: how often the rows are dealt anew.
        why: one plain sentence.
        notes: what else a reader should know.
    """

    folds: tuple[tuple[Index, Index], ...]
    kind: str
    repeats: int = 1
    why: str = ""
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.folds)


def duplicate_groups(frame: pl.DataFrame) -> Index:
    """A number per row, equal for rows that are equal in every column, counted from 0 by first appearance.

    Example:
        >>> duplicate_groups(pl.DataFrame({"a": [1, 2, 1], "b": ["x", "y", "x"]})).tolist()
        [0, 1, 0]
    """
    if frame.width == 0:
        return np.arange(frame.height, dtype=np.int64)
    return first_seen_codes(frame.hash_rows(seed=0).to_numpy())


def first_seen_codes(values: Array) -> Index:
    """Codes 0, 1, ... by first appearance (n,) -> (n,)."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(rank[inverse.reshape(-1)])


def _merged(left: Index, right: Index) -> Index:
    """Groups that hold both left's and right's groups together (connected components)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = int(left.max()) + 1
    edges = coo_matrix((np.ones(len(left)), (left, right + size)), shape=(size + int(right.max()) + 1,) * 2)
    _, component = connected_components(edges, directed=False)
    return first_seen_codes(component[left])


def _deal(groups: Index, strata: Index, folds: int, rng: np.random.Generator) -> Index:
    """A fold number per row: whole groups, spread evenly by stratum and size; -1 = always in training."""
    count = int(groups.max()) + 1
    first = np.full(count, -1, dtype=np.int64)
    first[groups[::-1]] = np.arange(len(groups))[::-1]
    size = np.bincount(groups, minlength=count)
    stratum = strata[first]
    order = np.lexsort((rng.random(count), -np.where(size > 1, size, 0), stratum))
    fold = np.empty(count, dtype=np.int64)
    if size.max() <= max(2, len(groups) // (folds * 50)):
        _, starts = np.unique(stratum[order], return_index=True)
        place = np.arange(count) - np.repeat(starts, np.diff(np.append(starts, count)))
        shift = np.repeat(rng.integers(0, folds, len(starts)), np.diff(np.append(starts, count)))
        fold[order] = (place + shift) % folds
    else:
        load = np.zeros((int(stratum.max()) + 1, folds))
        total = np.zeros(folds)
        for group in order:
            target = int(np.lexsort((total, load[stratum[group]]))[0])
            fold[group] = target
            load[stratum[group], target] += size[group]
            total[target] += size[group]
    lonely = np.bincount(stratum, minlength=int(stratum.max()) + 1) < 2
    fold[lonely[stratum]] = -1
    return np.asarray(fold[groups])


def _strata(y: Array, task: Task) -> Index:
    if task != "regression":
        return np.asarray(y, dtype=np.int64)
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    return np.asarray(ranks * min(10, max(1, len(y) // 20)) // max(len(y), 1), dtype=np.int64)


def by_time(times: Array, folds: int, gap: float = 0.0) -> tuple[tuple[Index, Index], ...]:
    """Expanding windows: each fold is judged on the rows that follow its training rows in time.

    Args:
        times: (n,) anything that orders, as numbers.
        folds: how many; the rows are cut into folds + 1 stretches of equal length.
        gap: training rows must be earlier than the first validation row by more than this, in units of ``times``.

    Example:
        >>> [(len(a), len(b)) for a, b in by_time(np.arange(9.0), 2)]
        [(3, 3), (6, 3)]
    """
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    cuts = np.searchsorted(ordered, ordered[np.linspace(0, len(times), folds + 2)[:-1].astype(int)], side="left")
    cuts = np.append(cuts, len(times))
    found = []
    for start, end in pairwise(cuts[1:]):
        early = np.searchsorted(ordered, ordered[start] - gap, side="left") if gap > 0 else start
        if early > 0 and end > start:
            found.append((np.sort(order[:early]), np.sort(order[start:end])))
    return tuple(found)


def numeric_times(times: Any) -> Array:
    """Times as float seconds or plain numbers (n,).

    Raises:
        SettingError: some are missing or neither numbers nor dates.
    """
    series = times if isinstance(times, pl.Series) else pl.Series("times", np.asarray(times))
    if series.dtype in (pl.Date, pl.Datetime) or series.dtype.is_temporal():
        series = series.cast(pl.Datetime("us")).cast(pl.Int64) / 1e6
    if not series.dtype.is_numeric() or series.null_count():
        raise SettingError("times must be dates or numbers without gaps", hint="drop or fill rows without a time")
    return series.cast(pl.Float64).to_numpy()


def suggest(
    y: Array,
    task: Task,
    *,
    frame: pl.DataFrame | None = None,
    groups: Any = None,
    times: Any = None,
    gap: float = 0.0,
    folds: int | None = None,
    repeats: int | None = None,
    seed: int = 0,
) -> Splits:
    """Choose folds that suit the rows, and say why.

    Args:
        y: (n,) class codes or values.
        task: what is predicted.
        frame: the rows, to keep equal ones together.
        groups: (n,) ids that must not cross folds (people, machines), or None.
        times: (n,) dates or numbers; later rows are then judged by models of earlier ones, or None.
        gap: see ``by_time``.
        folds: how many; by the number of rows when None.
        repeats: how often to deal anew; by the number of rows when None.
        seed: of the dealing.

    Raises:
        SettingError: too few rows, groups or rows of a class for any split.

    Example:
        >>> suggest(np.array([0, 1] * 20), "binary").why
        '40 rows: 5 stratified folds, dealt 6 times'
    """
    rows = len(y)
    if rows < 4:
        raise SettingError(f"{rows} rows are too few to judge a model", hint="4 rows are the least")
    if times is not None:
        return _time_splits(numeric_times(times), folds or (3 if rows > 2_000 else 2), gap)
    rng = np.random.default_rng(seed)
    notes: list[str] = []
    group = np.arange(rows, dtype=np.int64)
    kind = "random" if task == "regression" else "stratified"
    if frame is not None:
        group = duplicate_groups(frame)
        repeated = rows - (int(group.max()) + 1)
        if repeated:
            said = plural(repeated, "row repeats", "rows repeat")
            notes.append(f"{said} another row: equal rows stay on one side")
    if groups is not None:
        given = first_seen_codes(pl.Series("groups", groups).cast(pl.String).fill_null("\0").to_numpy())
        group = _merged(given, group)
        kind = "group"
    apart = int(group.max()) + 1
    wanted = folds or (5 if rows <= FIVE_FOLDS_ROWS else 3 if rows <= THREE_FOLDS_ROWS else 1)
    wanted = min(wanted, apart)
    if apart < 2:
        raise SettingError("all rows belong to one group", hint="give another group column")
    strata = _strata(y, task)
    if (
        kind == "stratified"
        and (
            np.bincount(strata[np.unique(group, return_index=True)[1]], minlength=int(strata.max()) + 1)[
                np.unique(strata)
            ]
            < 2
        ).all()
    ):
        notes.append("each class is one row repeated: equal rows may stand on both sides")
        group = np.arange(rows, dtype=np.int64)
    if wanted <= 1:
        parts = max(5, min(10, round(rows / HOLDOUT_ROWS)))
        fold = _deal(group, strata, parts, rng)
        pair = (np.flatnonzero(fold != 0), np.flatnonzero(fold == 0))
        return Splits((pair,), "holdout", 1, f"{rows:,} rows: {len(pair[1]):,} held out", tuple(notes))
    times_dealt = repeats or next((again for most, again in REPEATS if rows <= most), 1)
    pairs = []
    for _ in range(times_dealt):
        fold = _deal(group, strata, wanted, rng)
        dealt = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(wanted)]
        pairs += [(train, valid) for train, valid in dealt if len(train) and len(valid)]
    if not pairs:
        raise SettingError("no class has two rows, so no model can be judged", hint="is the target a name or an id?")
    again = f", dealt {times_dealt} times" if times_dealt > 1 else ""
    return Splits(tuple(pairs), kind, times_dealt, f"{rows:,} rows: {wanted} {kind} folds{again}", tuple(notes))


def _time_splits(times: Array, folds: int, gap: float) -> Splits:
    found = by_time(times, folds, gap)
    if not found:
        raise SettingError("the times do not order the rows into folds", hint="give another time column or no time")
    return Splits(found, "time", 1, f"{len(found)} folds, each judged on the rows that follow in time")


def crossing(splits: Splits, groups: Index) -> int:
    """How many groups stand on both sides of some fold (0 is what should be).

    Example:
        >>> folds = ((np.array([0, 1]), np.array([2])),)
        >>> crossing(Splits(folds, "random"), np.array([0, 1, 0]))
        1
    """
    return sum(len(np.intersect1d(groups[train], groups[valid])) for train, valid in splits.folds)


def check(splits: Splits, rows: int) -> Splits:
    """The splits themselves, when they fit the number of rows.

    Raises:
        SettingError: no folds, rows out of range, or a row on both sides.
    """
    if not splits.folds:
        raise SettingError("there are no folds")
    for number, (train, valid) in enumerate(splits.folds):
        if not len(train) or not len(valid):
            raise SettingError("a side is empty", where=f"fold {number}")
        if max(train.max(), valid.max()) >= rows or min(train.min(), valid.min()) < 0:
            raise SettingError(f"row numbers beyond the {rows} rows", where=f"fold {number}")
        if len(np.intersect1d(train, valid)):
            raise SettingError("some rows are on both sides", where=f"fold {number}")
    return splits


def counting(splits: Splits, weight: Array | None) -> Splits:
    """The splits without the rows that weigh nothing: they neither teach nor judge.

    Args:
        splits: folds of all rows.
        weight: (n,) sample weights, or None.

    Raises:
        SettingError: no fold has rows that weigh something on both sides.

    Example:
        >>> folds = ((np.array([0, 1]), np.array([2, 3])),)
        >>> [rows.tolist() for rows in counting(Splits(folds, "random"), np.array([1.0, 0, 0, 2])).folds[0]]
        [[0], [3]]
    """
    if weight is None or (weight > 0).all():
        return splits
    sides = [(train[weight[train] > 0], valid[weight[valid] > 0]) for train, valid in splits.folds]
    folds = tuple((train, valid) for train, valid in sides if len(train) and len(valid))
    if not folds:
        raise SettingError("no fold has rows that weigh something on both sides", hint="give more rows weights above 0")
    return replace(splits, folds=folds)
