"""Labels that a model which had not seen them doubts: confident learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
#: Doubted labels that are shown, and how many there must be, and of how many rows, to be spoken of.
SHOWN, LEAST, LEAST_SHARE = 10, 3, 0.005


@dataclass(frozen=True)
class Doubt:
    """A label that is doubted: 0-based judged row, label, label that the model would give, its probability."""

    row: int
    label: str
    likelier: str
    probability: float


@dataclass(frozen=True)
class LabelNoise:
    """Doubted labels.

    Attributes:
        count: how many. rows: of how many. pairs: (label, likelier label, how many), most first.
        examples: the most doubted.
    """

    count: int = 0
    rows: int = 0
    pairs: tuple[tuple[str, str, int], ...] = ()
    examples: tuple[Doubt, ...] = ()

    def __str__(self) -> str:
        """One sentence; "" where there are too few to speak of."""
        if self.count < max(LEAST, LEAST_SHARE * self.rows):
            return ""
        label, likelier, n = self.pairs[0]
        return (
            f"{self.count:,} of {self.rows:,} labels are doubted by models that had not seen them, most often "
            f"'{label}' that looks like '{likelier}' ({n:,}): look at them; nothing was changed"
        )


def doubted(y: Array, shares: Array, classes: Sequence[str], rows: Array | None = None) -> LabelNoise:
    """Labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang 2021, pruning by noise rate).

    A row is counted as label i that should be j where the probability of j reaches the mean that rows labelled j have;
    of each such pair as many rows as the counts say are doubted, those first whose probability of j is furthest above
    that of i.

    Args:
        y: (n,) class codes. shares: (n, classes) probabilities for rows that the predicting model had not seen.
        classes: names. rows: (n,) numbers of the rows; 0 to n - 1 when None.

    Example:
        >>> shares = np.array([[0.9, 0.1]] * 20 + [[0.1, 0.9]] * 20)
        >>> y = np.array([0] * 20 + [1] * 19 + [0])
        >>> [(d.row, d.label, d.likelier) for d in doubted(y, shares, ["no", "yes"]).examples]
        [(39, 'no', 'yes')]
    """
    n, k = shares.shape
    present = np.bincount(y, minlength=k)
    means = np.array([shares[y == j, j].mean() if present[j] else np.inf for j in range(k)])
    able = np.where(shares >= means, shares, -np.inf)
    sure = np.isfinite(able).any(axis=1)
    best = able.argmax(axis=1)
    joint = np.zeros((k, k))
    np.add.at(joint, (y[sure], best[sure]), 1)
    totals = joint.sum(axis=1, keepdims=True)
    counts = np.where(totals > 0, joint / np.maximum(totals, 1), 0.0) * present[:, None]
    found: list[tuple[float, int, int]] = []
    for i, j in zip(*np.nonzero(counts), strict=True):
        if i == j:
            continue
        own = np.flatnonzero((y == i) & (shares.argmax(axis=1) == j))
        margin = shares[own, j] - shares[own, i]
        order = np.argsort(-margin, kind="stable")[: round(float(counts[i, j]))]
        found += [(float(margin[o]), int(own[o]), int(j)) for o in order]
    found.sort(key=lambda one: (-one[0], one[1]))
    places = np.arange(n) if rows is None else rows
    told: dict[tuple[str, str], int] = {}
    for _, at, j in found:
        pair = (classes[int(y[at])], classes[j])
        told[pair] = told.get(pair, 0) + 1
    pairs = tuple((a, b, m) for (a, b), m in sorted(told.items(), key=lambda item: (-item[1], item[0])))
    shown = tuple(
        Doubt(int(places[at]), classes[int(y[at])], classes[j], round(float(shares[at, j]), 4))
        for _, at, j in found[:SHOWN]
    )
    return LabelNoise(len(found), n, pairs, shown)
