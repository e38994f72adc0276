"""Which columns tell which: approximate functional dependencies mined from dirty rows, and how far to trust each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from autoprep.cleaning.compile import JOINT
from autoprep.cleaning.families.near import resembles

#: Rows that dependencies are mined on.
MINE_ROWS = 20_000
#: A key must foretell a hidden cell this often, and close this share of the gap that guessing the commonest leaves.
MIN_ACCURACY, MIN_LIFT = 0.85, 0.75
#: The same where the exceptions look like noise: mostly alone in their group, and in nearly all groups alike.
NOISY_ACCURACY, NOISY_LIFT, NOISY_EVEN, NOISY_LONELY = 0.55, 0.5, 0.9, 0.5
#: A column foretold this often bears out the vote on the column that foretells it.
WITNESS_ACCURACY = 0.8
#: This share of the rows must share their key with two more.
MIN_COVER = 0.3
#: Of the cells that disagree, this share must stand alone in their group: an exception that recurs is no slip.
MIN_LONELY = 0.8
#: Where a key foretells this often, the few exceptions may recur.
NEARLY_ALWAYS = 0.995
#: A value seen less often is unknown: it says nothing about whether a key foretells.
MIN_KNOWN = 3
#: Keys that may vote on one column.
MAX_VOTERS = 5


@dataclass(frozen=True)
class Dependency:
    """One column, or two joined, that foretell another; figures measured with the row itself left out.

    Attributes:
        by: the key. column: what it foretells.
        accuracy: share of hidden cells that come back. lift: share of the gap to guessing that this closes.
        cover: share of the rows whose key two more share. lonely: exceptions that stand alone in their group.
        even: share of the rows in groups of five and more that a clear majority rules, as noise leaves them.
    """

    by: str
    column: str
    accuracy: float
    lift: float
    cover: float
    lonely: float
    even: float = 0.0

    @property
    def noisy(self) -> bool:
        """Whether its exceptions look like noise spread over all groups, and not like groups that differ."""
        return self.even >= NOISY_EVEN and self.lonely >= NOISY_LONELY

    @property
    def weight(self) -> float:
        """Log odds that the key is right, at most 4: one key alone never overrules a value that is known.

        Where exceptions are noise, half of them are the cell's own and not the key's.
        """
        wrong = max(1 - self.accuracy, 0.01)
        wrong /= 2 if self.noisy and self.lonely >= MIN_LONELY else 1
        return round(min(math.log((1 - wrong) / wrong), 4.0), 3)


class _Codes:
    """Columns as integers, null as -1."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.of: dict[str, np.ndarray] = {}
        self.distinct: dict[str, int] = {}
        self.known: dict[str, np.ndarray] = {}
        for name in frame.columns:
            ranks = frame.select(pl.col(name).rank("dense").cast(pl.Int64).fill_null(0) - 1).to_series().to_numpy()
            self.of[name] = ranks
            often = np.bincount(ranks[ranks >= 0], minlength=1) >= MIN_KNOWN
            for slip in _slips(frame[name], ranks):
                often[slip] = False
            self.known[name] = (ranks >= 0) & often[np.maximum(ranks, 0)]
            self.distinct[name] = int(ranks.max()) + 1 if len(ranks) else 0

    def joined(self, names: Sequence[str]) -> np.ndarray:
        """Codes of several columns together."""
        codes = self.of[names[0]]
        for name in names[1:]:
            other = self.of[name]
            codes = np.where((codes < 0) | (other < 0), -1, codes * (self.distinct[name] + 1) + other)
        if len(names) > 1:
            _, codes = np.unique(codes, return_inverse=True)
        return codes


def _slips(series: pl.Series, ranks: np.ndarray) -> list[int]:
    """Codes of values that recur but resemble one ten times as frequent: they are slips too, not known values."""
    counts = series.drop_nulls().alias("v").value_counts(sort=True)
    often = counts.filter(pl.col("count") >= MIN_KNOWN)
    if not 1 < often.height <= 300:
        return []
    rows = often.rows()
    found = {v for v, n in rows if len(v) >= 4 and any(m >= 10 * n and resembles(v, w) for w, m in rows)}
    if not found:
        return []
    places = pl.DataFrame({"value": series, "code": ranks}).unique("value")
    return sorted(places.filter(pl.col("value").is_in(sorted(found)))["code"].to_list())


def mine(
    frame: pl.DataFrame, columns: Sequence[str]
) -> tuple[dict[str, list[Dependency]], dict[str, list[Dependency]]]:
    """The dependencies that hold, per column that they foretell, heaviest first; and per column what it foretells.

    The second list is longer: what does not hold well enough to overrule a cell may still bear a vote out.

    Args:
        frame: rows. columns: those of text that may take part.
    """
    rows = frame.head(MINE_ROWS).select(columns)
    codes = _Codes(rows)
    height = rows.height
    keys = [c for c in columns if codes.distinct[c] <= max(2, height // 3)]
    found: dict[str, list[Dependency]] = {}
    witnesses: dict[str, list[Dependency]] = {}
    for column in columns:
        if codes.distinct[column] > height // 2:
            continue
        single = [d for by in keys if by != column and (d := _judge(codes, (by,), column))]
        good = [d for d in single if _holds(d)]
        for d in single:
            if d in good or (d.accuracy >= WITNESS_ACCURACY and d.lift >= NOISY_LIFT and d.cover >= MIN_COVER):
                witnesses.setdefault(d.by, []).append(d)
        if not good:
            near = sorted((d for d in single if d.accuracy >= 0.5), key=lambda d: (-d.accuracy, d.by))[:4]
            names = [d.by for d in near] + [k for k in keys if k != column and codes.distinct[k] <= 50][:6]
            for pair in combinations(dict.fromkeys(names), 2):
                joint = _judge(codes, pair, column)
                if joint and _holds(joint):
                    good.append(joint)
        if good:
            found[column] = sorted(good, key=lambda d: (-d.weight * d.cover, d.by))[:MAX_VOTERS]
    return found, witnesses


def _holds(found: Dependency) -> bool:
    if found.cover < MIN_COVER:
        return False
    if found.noisy and found.accuracy >= NOISY_ACCURACY and found.lift >= NOISY_LIFT:
        return True
    good = found.accuracy >= MIN_ACCURACY and found.lift >= MIN_LIFT
    return good and (found.lonely >= MIN_LONELY or found.accuracy >= NEARLY_ALWAYS)


def _judge(codes: _Codes, by: Sequence[str], column: str) -> Dependency | None:
    key, value = codes.joined(by), codes.of[column]
    filled = (key >= 0) & (value >= 0)
    both = filled & codes.known[column]
    key, value = key[both], value[both]
    if len(key) < max(10, 0.5 * int(filled.sum())):
        return None
    width = codes.distinct[column] + 1
    groups = _Groups(key, value, width)
    strange = groups.homeless()
    if strange.any():
        kept = ~strange[value]
        key, value = key[kept], value[kept]
        if len(key) < 10:
            return None
        groups = _Groups(key, value, width)
    big = groups.sizes[groups.of_row] >= 3
    right, wrong = groups.foretold()
    n = int((big & (right | wrong)).sum())
    if n < 10:
        return None
    accuracy = float((right & big).sum() / n)
    base = float(np.bincount(value).max() / len(value))
    disagree = int((wrong & big).sum())
    lonely = float((wrong & big & (groups.own == 1)).sum() / disagree) if disagree else 1.0
    lift = (accuracy - base) / (1 - base) if base < 1 else 0.0
    return Dependency(JOINT.join(by), column, accuracy, lift, n / len(key), lonely, groups.even())


class _Groups:
    """Rows by key: how often each value stands in each group."""

    def __init__(self, key: np.ndarray, value: np.ndarray, width: int) -> None:
        cells, inverse, counts = np.unique(key * width + value, return_inverse=True, return_counts=True)
        groups, self.values = cells // width, cells % width
        self.width, self.counts = width, counts
        starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
        self.sizes = np.add.reduceat(counts, starts)
        self.tops = np.maximum.reduceat(counts, starts)
        self.of_cell = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(cells)]))
        self.is_top = counts == self.tops[self.of_cell]
        self.ties = np.add.reduceat(self.is_top.astype(np.int64), starts)
        below = np.where(self.is_top, 0, counts)
        self.seconds = np.where(self.ties > 1, self.tops, np.maximum.reduceat(below, starts))
        self.own, self.of_row, self.cell_of_row = counts[inverse], self.of_cell[inverse], inverse

    def foretold(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows that the others of their group foretell rightly, and wrongly, the row itself left out."""
        group = self.of_row
        agrees = self.is_top[self.cell_of_row] & (self.ties[group] == 1)
        right = agrees & (self.tops[group] - 1 > self.seconds[group])
        wrong = ~agrees & (self.tops[group] >= np.where(self.ties[group] > 1, self.own + 1, 2))
        return right, wrong

    def homeless(self) -> np.ndarray:
        """Values (Boolean, by code) that stand in three groups or more and are the majority of none."""
        large = self.sizes[self.of_cell] >= 3
        stands = np.bincount(self.values[large], minlength=self.width)
        rules = np.bincount(self.values[large & self.is_top], minlength=self.width)
        return np.asarray((stands >= 3) & (rules == 0))

    def even(self) -> float:
        """Share of the rows in groups of five or more whose majority is above half and thrice the second."""
        large = self.sizes >= 5
        clear = (2 * self.tops >= self.sizes) & (np.maximum(self.seconds, 1) * 3 <= self.tops)
        return float(self.sizes[large & clear].sum() / self.sizes[large].sum()) if large.any() else 0.0
