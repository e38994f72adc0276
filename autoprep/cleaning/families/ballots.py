"""The vote of keys in numbers: cells are codes, what a key says is an array, all rows are judged at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.compile import JOINT

Codes = np.ndarray
#: A key's majority must be this clear, or this much clearer than the second in larger groups.
MIN_PURITY, NOISY_PURITY, NOISY_LEAD, NOISY_SIZE = 0.6, 0.4, 3, 6


class Rows:
    """Columns of text as codes (int64[rows], -1 for null) into their sorted values."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.height, self._frame = frame.height, frame
        self.codes: dict[str, Codes] = {}
        self.values: dict[str, list[str]] = {}

    def of(self, name: str) -> Codes:
        """Codes of a column."""
        if name not in self.codes:
            cells = self._frame[name]
            values = cells.drop_nulls().unique().sort()
            self.values[name] = values.to_list()
            self.codes[name] = _coded(cells, values)
        return self.codes[name]

    def width(self, name: str) -> int:
        """How many values a column has."""
        self.of(name)
        return len(self.values[name])

    def key(self, by: str, changed: Mapping[str, Codes] | None = None) -> tuple[Codes, int]:
        """Codes of a key, of one column or of several joined, and how many there may be.

        Args:
            by: the key. changed: columns whose codes are others.
        """
        names = by.split(JOINT)
        made, width = (changed or {}).get(names[0], self.of(names[0])), self.width(names[0])
        for name in names[1:]:
            other = (changed or {}).get(name, self.of(name))
            made = np.where((made < 0) | (other < 0), -1, made * self.width(name) + other)
            width *= self.width(name)
        return made, width

    def text(self, by: str, code: int) -> str:
        """What a key of this code reads."""
        parts: list[str] = []
        names = by.split(JOINT)
        for name in reversed(names[1:]):
            code, place = divmod(code, self.width(name))
            parts.append(self.values[name][place])
        parts.append(self.values[names[0]][code])
        return JOINT.join(reversed(parts))

    def set(self, name: str, codes: Codes) -> None:
        """Other cells for a column, among its values."""
        self.codes[name] = codes

    def present(self, name: str) -> list[int]:
        """Codes that stand in a column, in the order of their text."""
        own = self.of(name)
        return [int(code) for code in np.flatnonzero(np.bincount(own[own >= 0], minlength=1))]


def _coded(cells: pl.Series, values: pl.Series) -> Codes:
    places = pl.DataFrame({"v": values, "code": pl.int_range(values.len(), eager=True, dtype=pl.Int64)})
    joined = cells.alias("v").to_frame().join(places, on="v", how="left", maintain_order="left")
    return joined["code"].fill_null(-1).to_numpy()


@dataclass(frozen=True)
class Said:
    """What each key says of a column, where it says anything.

    Attributes:
        keys: int64, sorted, codes of the keys that say something. values: int64, what they say.
    """

    keys: Codes
    values: Codes

    def look_up(self, key: Codes) -> Codes:
        """What is said for each row; -1 where nothing is."""
        if not len(self.keys):
            return np.full(len(key), -1)
        at = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where(self.keys[at] == key, self.values[at], -1)

    def __len__(self) -> int:
        return len(self.keys)


def tally(key: Codes, value: Codes, width: int) -> Said:
    """What each key says: the clear majority of its filled cells, where they are no fewer than the empty ones.

    Args:
        key, value: int64[rows], -1 for null. width: values are below it.
    """
    filled = (key >= 0) & (value >= 0)
    cells, counts = np.unique(key[filled] * width + value[filled], return_counts=True)
    if not len(cells):
        return Said(cells, cells)
    groups, values = cells // width, cells % width
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    of_cell = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(cells)]))
    top, size = np.maximum.reduceat(counts, starts), np.add.reduceat(counts, starts)
    first = counts == top[of_cell]
    ties = np.add.reduceat(first.astype(np.int64), starts)
    second = np.where(ties > 1, top, np.maximum.reduceat(np.where(first, 0, counts), starts))
    keys = groups[starts]
    bare, bare_counts = np.unique(key[(key >= 0) & (value < 0)], return_counts=True)
    empty = np.zeros(len(keys), np.int64)
    if len(bare):
        at = np.minimum(np.searchsorted(bare, keys), len(bare) - 1)
        empty = np.where(bare[at] == keys, bare_counts[at], 0)
    clear = (top >= MIN_PURITY * size) | (
        (top >= NOISY_PURITY * size) & (top >= NOISY_LEAD * second) & (size >= NOISY_SIZE)
    )
    good = (top >= 2) & (top > second) & (size >= 3) & (size >= empty) & clear
    winners = np.zeros(len(starts), np.int64)
    winners[of_cell[first]] = values[first]
    return Said(keys[good], winners[good])


@dataclass(frozen=True)
class Ballot:
    """Who votes on a column, and how clear a lead must be.

    Attributes:
        column: that is voted on. by: the keys. said: what each key says. weights: of the keys.
        witnesses: other columns. testimonies: what each witness holds for a value of the column. witness_weights.
        margin, suspect_margin, stranger_margin: lead over known values, over suspects, over strangers.
        suspects, strangers: codes of doubted values. spared: codes of values that are never overruled.
        fill: whether empty cells are told as well, with a lead of ``fill_margin``: when cells are hidden for proof.
    """

    column: str
    by: tuple[str, ...]
    said: tuple[Said, ...]
    weights: tuple[float, ...]
    margin: float
    witnesses: tuple[str, ...] = ()
    testimonies: tuple[Said, ...] = ()
    witness_weights: tuple[float, ...] = ()
    suspects: frozenset[int] = frozenset()
    suspect_margin: float = 0.0
    strangers: frozenset[int] = frozenset()
    stranger_margin: float = 0.0
    fill: bool = False
    fill_margin: float = 0.0
    spared: frozenset[int] = frozenset()
    keep_strangers: bool = field(default=False, compare=False)

    def parameters(self, rows: Rows, *, empty: bool = False) -> dict[str, Any]:
        """The constants of the verb ``vote``, as text; with ``empty`` without what the keys say."""
        values = rows.values[self.column]
        made: dict[str, Any] = {
            "by": list(self.by),
            "mappings": [
                {} if empty else _mapping(said, rows, by, values) for by, said in zip(self.by, self.said, strict=True)
            ],
            "weights": list(self.weights),
            "margin": self.margin,
        }
        if self.witnesses:
            made["witnesses"] = list(self.witnesses)
            pairs = zip(self.witnesses, self.testimonies, strict=True)
            made["testimonies"] = [_mapping(said, rows, self.column, rows.values[name]) for name, said in pairs]
            made["witness_weights"] = list(self.witness_weights)
        made |= {"suspects": sorted(values[i] for i in self.suspects), "suspect_margin": self.suspect_margin}
        if self.keep_strangers:
            made["strangers"] = sorted(values[i] for i in self.strangers)
        if self.keep_strangers or self.stranger_margin:
            made["stranger_margin"] = self.stranger_margin
        if self.spared:
            made["spared"] = sorted(values[i] for i in self.spared)
        return made

    def cast(self, rows: Rows, cell: Codes | None = None, changed: Mapping[str, Codes] | None = None) -> Codes:
        """The column after the vote (int64[rows]).

        Args:
            rows: the table. cell: the column's cells, where they are others. changed: other columns that are others.
        """
        own = rows.of(self.column) if cell is None else cell
        said = [s.look_up(rows.key(by, changed)[0]) for by, s in zip(self.by, self.said, strict=True)]
        seen = [
            ((changed or {}).get(name, rows.of(name)), says, weight)
            for name, says, weight in zip(self.witnesses, self.testimonies, self.witness_weights, strict=True)
        ]

        def score(value: Codes) -> np.ndarray:
            total = np.zeros(len(value))
            for other, weight in zip(said, self.weights, strict=True):
                total += np.where((other == value) & (value >= 0), weight, 0.0)
            for held, says, weight in seen:
                told = says.look_up(value)
                total += np.where((told == held) & (told >= 0) & (value >= 0), weight, 0.0)
            return total

        scores = [np.where(other >= 0, score(other), -np.inf) for other in said]
        top = np.maximum.reduce(scores)
        best = np.full(len(own), -1)
        for other, points in zip(reversed(said), reversed(scores), strict=True):
            best = np.where(points == top, other, best)
        rival = score(own)
        for other, points in zip(said, scores, strict=True):
            rival = np.where((other != best) & (other >= 0), np.maximum(rival, points), rival)
        needed = np.full(len(own), self.margin)
        needed = np.where(_within(own, self.strangers), self.stranger_margin, needed)
        needed = np.where(_within(own, self.suspects), self.suspect_margin, needed)
        needed = np.where(_within(own, self.spared), np.inf, needed)
        needed = np.where(own < 0, self.fill_margin if self.fill else np.inf, needed)
        wins = (best >= 0) & np.isfinite(top) & (np.where(np.isfinite(top), top, 0.0) - rival >= needed)
        return np.where(wins, best, own)


def _within(own: Codes, chosen: Iterable[int]) -> np.ndarray:
    some = np.fromiter(chosen, np.int64)
    return np.isin(own, some) if len(some) else np.zeros(len(own), bool)


def _mapping(said: Said, rows: Rows, by: str, values: Sequence[str]) -> dict[str, str]:
    pairs = {rows.text(by, int(key)): values[int(value)] for key, value in zip(said.keys, said.values, strict=True)}
    return dict(sorted(pairs.items()))
