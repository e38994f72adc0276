"""Whether links can be trusted on the table at hand: slips are planted, and copies must find their row and no other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from autoprep.cleaning.linkage.compare import LEVELS, Compared, ready
from autoprep.cleaning.linkage.score import Weights, levels_of, spoilt_copies

#: Copies that are planted at most, and neighbours that each is held against.
COPIES, NEIGHBOURS = 200, 10
#: Rows that hold a value, at most, for it to be rare.
RARE = 4
#: Rows of one thing on average, at most: more of them are a kind of thing, not a thing.
MEAN_CLUSTER = 3.0


@dataclass(frozen=True)
class Proof:
    """What planted copies showed.

    Attributes:
        planted: copies that were planted. right: those linked with their own row.
        wrong: links of copies with other rows that are not linked with their own row.
        chance: links among the found that are expected to be false.
    """

    planted: int = 0
    right: int = 0
    wrong: int = 0
    chance: float = 0.0

    @property
    def precision(self) -> float:
        """Share of the copies' links that are right; 0 where there are none."""
        return self.right / max(1, self.right + self.wrong)


def rare_evidence(columns: list[Compared], levels: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Whether a pair agrees, or nearly does, on some value that few rows hold (bool[pairs]).

    Rows of one model, maker and year agree on much that many rows hold: that is a kind of thing.
    """
    out = np.zeros(len(left), bool)
    for k, column in enumerate(columns):
        held = np.bincount(column.codes[column.codes >= 0], minlength=1)
        few = np.where(column.codes >= 0, held[np.maximum(column.codes, 0)] <= RARE, False)
        agrees = levels[:, k] >= (LEVELS - 2 if column.kind == "text" else LEVELS - 1)
        out |= agrees & few[left] & few[right]
    return out


def prove(
    frame: pl.DataFrame,
    weights: Weights,
    candidates: tuple[np.ndarray, np.ndarray],
    linked: np.ndarray,
    *,
    threshold: float,
    seed: int = 0,
) -> Proof:
    """Plant copies with slips of rows that have neighbours, and see with which rows they are linked.

    Args:
        frame: rows, typed. weights: learnt on them. candidates: places of the pairs that were compared (int64[pairs]).
        linked: whether each of them was found to be one thing (bool[pairs]). threshold: chance from which pairs link.
        seed: of the sample and the slips.
    """
    names = list(weights.columns)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(frame.height, min(COPIES, frame.height), replace=False))
    copies = spoilt_copies(frame.select(names)[rows.tolist()], seed + 1)
    both = pl.concat([frame.select(names), copies])
    made = ready(both, names)
    own = np.arange(len(rows)) + frame.height
    right = _links(made, weights, rows, own, threshold)
    place = np.full(frame.height, -1)
    place[rows] = np.arange(len(rows))
    left, other = (np.concatenate(side) for side in (candidates, candidates[::-1]))
    apart = ~np.concatenate([linked, linked])
    at = np.flatnonzero((place[left] >= 0) & apart)
    at = rng.permutation(at)[: NEIGHBOURS * len(rows)]
    wrong = _links(made, weights, other[at], own[place[left[at]]], threshold)
    found, hits, misses = int(linked.sum()), int(right.sum()), int(wrong.sum())
    return Proof(len(rows), hits, misses, round(found * misses / max(1, hits + misses), 2))


def _links(made: list[Compared], weights: Weights, left: np.ndarray, right: np.ndarray, threshold: float) -> np.ndarray:
    if not len(left):
        return np.zeros(0, bool)
    levels = levels_of(made, left, right)
    likely = weights.probability(weights.bits(levels))
    return np.asarray((likely >= threshold) & rare_evidence(made, levels, left, right))
