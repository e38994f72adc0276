"""What agreement is worth: Fellegi and Sunter's weights, learnt without labels."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.families.noise import corrupt
from autoprep.cleaning.linkage.blocking import alike_pairs, random_pairs
from autoprep.cleaning.linkage.compare import LEVELS, Compared, ready

#: Pairs that chance agreement is counted on, noisy copies that agreement among like things starts from, their weight.
CHANCE_PAIRS, COPIES, PRIOR = 100_000, 300, 30.0
ROUNDS, TOLERANCE = 30, 1e-4
#: A column is taken to depend on another when agreement there raises chance agreement here by so many times.
DEPENDS, MIN_GROUP = 2.0, 3.0
#: Bounds of a column's weight, in bits.
LEAST_WEIGHT, MOST_WEIGHT = -8.0, 14.0
#: Levels of so many columns fit in one whole number of 64 bits.
PACKED = 27
#: A noisy copy has each cell spoilt, and each cell emptied, this often.
SPOILT, EMPTIED = 0.25, 0.06


@dataclass(frozen=True)
class Weights:
    """What each level of each column is worth.

    Attributes:
        columns: names.
        same: float64[columns, levels], chances of each level among like things. chance: among different ones.
        depends: place of the column on which chance agreement of each depends; -1 for none.
        given: float64[columns, levels], ``chance`` where that column agrees.
        prior: share of all pairs of rows that speak of the same thing.
        keys: columns of codes, each once: that they differ speaks against a pair, whatever was learnt.
    """

    columns: tuple[str, ...]
    same: np.ndarray
    chance: np.ndarray
    depends: tuple[int, ...]
    given: np.ndarray
    prior: float
    keys: frozenset[str] = frozenset()

    def bits(self, levels: np.ndarray) -> np.ndarray:
        """Evidence of each column for each pair: how much likelier such agreement is among like things (log2).

        Args:
            levels: int8[pairs, columns]; -1 says nothing.
        """
        out = np.zeros(levels.shape)
        for k in range(len(self.columns)):
            level = np.maximum(levels[:, k], 0)
            chance = self.chance[k][level]
            parent = self.depends[k]
            if parent >= 0:
                chance = np.where(levels[:, parent] == LEVELS - 1, self.given[k][level], chance)
            bits = np.clip(np.log2(self.same[k][level] / chance), LEAST_WEIGHT, MOST_WEIGHT)
            if self.columns[k] in self.keys:
                bits = np.where(level == 0, LEAST_WEIGHT, bits)
            out[:, k] = np.where(levels[:, k] >= 0, bits, 0.0)
        return out

    def probability(self, bits: np.ndarray) -> np.ndarray:
        """Chance that a pair speaks of the same thing (float64[pairs])."""
        odds = np.log2(self.prior / (1 - self.prior)) + bits.sum(axis=1)
        return np.asarray(1 / (1 + np.exp2(-np.clip(odds, -500, 500))))


def levels_of(columns: Sequence[Compared], left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Levels of agreement (int8[pairs, columns])."""
    return np.column_stack([c.levels(left, right) for c in columns]) if columns else np.empty((len(left), 0), np.int8)


def learn(
    frame: pl.DataFrame,
    columns: Sequence[Compared],
    levels: np.ndarray,
    *,
    keys: frozenset[str] = frozenset(),
    seed: int = 0,
) -> tuple[Weights, np.ndarray]:
    """Learn the weights.

    Args:
        frame: the rows, typed. columns: made ready. levels: of the candidate pairs.
        keys: columns of codes, each once. seed: of the samples.

    Returns:
        The weights, and the probability of each candidate pair.
    """
    rows = frame.height
    names = [c.name for c in columns]
    chance = _shares(levels_of(columns, *random_pairs(rows, CHANCE_PAIRS, seed)), np.full((len(columns), LEVELS), 0.25))
    depends, given = _dependence(columns, chance, seed)
    start = noisy_levels(frame, names, seed)
    same = _shares(start, np.full((len(columns), LEVELS), 0.5))
    pairs = rows * (rows - 1) / 2
    made = Weights(tuple(names), same, chance, depends, given, min(0.5, 0.25 * rows / max(pairs, 1.0)), keys)
    kinds, of, times = _kinds(levels)
    likely = made.probability(made.bits(kinds))
    pseudo = PRIOR * same
    for _ in range(ROUNDS):
        found = float(likely @ times)
        prior = min(0.5, max(found, 0.5) / max(pairs, 1.0))
        counted = np.stack([np.bincount(kinds[:, k] + 1, likely * times, LEVELS + 1)[1:] for k in range(len(columns))])
        mixed = (counted + pseudo) / (counted + pseudo).sum(axis=1, keepdims=True)
        made = Weights(tuple(names), mixed, chance, depends, given, prior, keys)
        again = made.probability(made.bits(kinds))
        moved = float(np.abs(again - likely).max(initial=0.0))
        likely = again
        if moved < TOLERANCE:
            break
    return made, likely[of]


def _kinds(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct rows of levels, which of them each pair is, and how many pairs each is: hundreds of many pairs."""
    if levels.shape[1] > PACKED:
        kinds, of, times = np.unique(levels, axis=0, return_inverse=True, return_counts=True)
        return kinds, of.ravel(), times.astype(np.float64)
    packed = np.zeros(len(levels), np.int64)
    for column in levels.T:
        packed = packed * (LEVELS + 1) + column + 1
    _, first, of, times = np.unique(packed, return_index=True, return_inverse=True, return_counts=True)
    return levels[first], of, times.astype(np.float64)


def _shares(levels: np.ndarray, pseudo: np.ndarray) -> np.ndarray:
    counts = np.stack([np.bincount(column[column >= 0], minlength=LEVELS)[:LEVELS] for column in levels.T]) + pseudo
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)


def _dependence(columns: Sequence[Compared], chance: np.ndarray, seed: int) -> tuple[tuple[int, ...], np.ndarray]:
    """For each column the coarser one whose agreement explains most of its own, and its chances there.

    Rows of one postcode agree on the town without being one row: agreement on both counts once.
    """
    given = chance.copy()
    depends = [-1] * len(columns)
    distinct = [max(1, int(c.codes.max(initial=-1)) + 1) for c in columns]
    filled = [int((c.codes >= 0).sum()) for c in columns]
    coarse = [p for p in range(len(columns)) if filled[p] / distinct[p] >= MIN_GROUP]
    pairs = {p: alike_pairs(columns[p].codes, 5_000, seed) for p in coarse}
    for k in range(len(columns)):
        best = DEPENDS
        for p in coarse:
            if p == k or depends[p] == k or distinct[p] < distinct[k] // 50:
                continue
            left, right = pairs[p]
            own = columns[k].levels(left, right)
            own = own[own >= 0]
            if len(own) < 100:
                continue
            there = float((own == LEVELS - 1).mean())
            lift = there / max(float(chance[k][LEVELS - 1]), 1e-4)
            if lift > best and there > 0.02:
                best, depends[k] = lift, p
                given[k] = _shares(own[:, None], np.full((1, LEVELS), 0.5))[0]
    return tuple(depends), given


def noisy_levels(frame: pl.DataFrame, names: Sequence[str], seed: int) -> np.ndarray:
    """Levels of agreement between rows and noisy copies of them: what slips of the hand leave of agreement."""
    sample = frame.select(names).sample(min(COPIES, frame.height), seed=seed)
    both = pl.concat([sample, spoilt_copies(sample, seed)])
    height = sample.height
    left = np.arange(height)
    return levels_of(ready(both, names), left, left + height)


def spoilt_copies(sample: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Copies of rows with slips in some cells and nothing in others; same columns, types and order."""
    rng = random.Random(seed)
    return pl.DataFrame([_spoil(sample[name], rng) for name in sample.columns], schema=sample.schema)


def _spoil(cells: pl.Series, rng: random.Random) -> pl.Series:
    """Cells with slips in some and nothing in others."""
    out: list[Any] = []
    values = cells.drop_nulls()
    for cell in cells:
        if cell is None or rng.random() < EMPTIED:
            out.append(None)
        elif rng.random() >= SPOILT:
            out.append(cell)
        elif isinstance(cell, str):
            out.append(corrupt(cell, rng) if cell else cell)
        else:
            out.append(values[rng.randrange(len(values))] if rng.random() < 0.3 else cell)
    return pl.Series(cells.name, out, dtype=cells.dtype, strict=False)
