"""Labels that a model which had not seen them doubts, beyond what its own probabilities lead one to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
#: Doubted labels that are shown, and how many there must be, and of how many rows, to be spoken of.
SHOWN, LEAST, LEAST_SHARE = 10, 3, 0.005
#: Of the doubted at most this share is expected without any wrong label, and as many come about with this probability.
BY_CHANCE, UNLIKELY = 0.2, 1e-4
#: A floor of improbability is noise where three quarters of the rows lie below ``NEAR``, the median at most ``FLAT``
#: times the tenth part, and ``KNOWN`` of each doubted label's rows are recognised.
NEAR, FLAT, KNOWN, FLOOR_ROWS = 0.1, 4.0, 2 / 3, 20


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
        by_chance: how many as improbable are expected where no label is wrong.
    """

    count: int = 0
    rows: int = 0
    pairs: tuple[tuple[str, str, int], ...] = ()
    examples: tuple[Doubt, ...] = ()
    by_chance: float = 0.0

    def __str__(self) -> str:
        """One sentence; "" where there are too few to speak of."""
        if self.count < max(LEAST, LEAST_SHARE * self.rows):
            return ""
        label, likelier, n = self.pairs[0]
        usual = f"some {self.by_chance:,.0f}" if self.by_chance >= 1 else "hardly one"
        return (
            f"{self.count:,} of {self.rows:,} labels are doubted by models that had not seen them (by chance it would "
            f"be {usual}), most often '{label}' that looks like '{likelier}' ({n:,}): look at them; nothing was changed"
        )


def doubted(y: Array, shares: Array, classes: Sequence[str], rows: Array | None = None) -> LabelNoise:
    """Labels that are too improbable, and too many of them, to have come about as the probabilities say.

    Were labels drawn from the probabilities, as many of them would be improbable as the probabilities add up to: where
    classes overlap, many. The least probable labels are doubted as far as at most ``BY_CHANCE`` of them are expected (a
    false discovery rate, Storey 2002) and they clearly exceed that number. A share of labels flipped at random lifts
    well calibrated probabilities to a floor which the surest rows share, and that is how large the share is (Menon et
    al. 2015; Liu and Tao 2016); where there is such a floor it counts as doubt, not as chance. What truly is that
    uncertain, and equally so for most rows, cannot be told from wrong labels.

    Args:
        y: (n,) class codes. shares: (n, classes) calibrated probabilities for rows that the predicting model had not
            seen.
        classes: names. rows: (n,) numbers of the rows; 0 to n - 1 when None.

    Example:
        >>> shares = np.array([[0.99, 0.01]] * 200 + [[0.01, 0.99]] * 200)
        >>> y = np.array([0] * 200 + [1] * 190 + [0] * 10)
        >>> found = doubted(y, shares, ["no", "yes"])
        >>> found.count, found.pairs
        (10, (('no', 'yes', 10),))
        >>> rng = np.random.default_rng(0)
        >>> chance = rng.random(2000)
        >>> doubted((rng.random(2000) < chance).astype(int), np.column_stack([1 - chance, chance]), ["a", "b"]).count
        0
    """
    n = len(y)
    best = shares.argmax(axis=1)
    chance = _without_floor(y, shares, best)
    found, expected = _improbable(y, chance, best)
    found = found[np.lexsort((found, shares[found, y[found]] - shares[found, best[found]]))]
    told: dict[tuple[str, str], int] = {}
    for label, likelier in zip(y[found].tolist(), best[found].tolist(), strict=True):
        pair = (classes[label], classes[likelier])
        told[pair] = told.get(pair, 0) + 1
    places = np.arange(n) if rows is None else rows
    shown = tuple(
        Doubt(int(places[at]), classes[int(y[at])], classes[int(best[at])], round(float(shares[at, best[at]]), 4))
        for at in found[:SHOWN]
    )
    pairs = tuple((a, b, m) for (a, b), m in sorted(told.items(), key=lambda item: (-item[1], item[0])))
    return LabelNoise(len(found), n, pairs, shown, round(expected, 2))


def _improbable(y: Array, chance: Array, best: Array) -> tuple[Array, float]:
    """Rows whose label is improbable, as many as clearly exceed what chance explains; and how many that is.

    Args:
        y: (n,) codes. chance: (n, classes) probabilities. best: (n,) the likeliest code.
    """
    from scipy.special import gammainc

    aside = np.ones(chance.shape, dtype=bool)
    aside[np.arange(len(y)), best] = False
    levels = np.sort(chance[aside])
    wrong = np.flatnonzero(y != best)
    wrong = wrong[np.argsort(chance[wrong, y[wrong]], kind="stable")]
    upto = np.searchsorted(levels, chance[wrong, y[wrong]], side="right")
    expected = np.concatenate([[0.0], np.cumsum(levels)])[upto]
    count = np.arange(1, len(wrong) + 1)
    # gammainc(k, m): how probable k or more are where m are expected (Poisson, whose spread is above theirs).
    clear = (count >= LEAST) & (expected <= BY_CHANCE * count) & (gammainc(count, expected) <= UNLIKELY)
    last = int(np.flatnonzero(clear)[-1]) + 1 if clear.any() else 0
    return wrong[:last], float(expected[last - 1]) if last else 0.0


def _without_floor(y: Array, shares: Array, best: Array) -> Array:
    """Probabilities (n, classes) without the floor that labels flipped at random give them, where there is one."""
    off = 1.0 - shares[np.arange(len(y)), best]
    known = np.array([np.mean(best[y == j] == j) if (y == j).any() else 0.0 for j in range(shares.shape[1])]) >= KNOWN
    chance = shares.copy()
    for j in range(shares.shape[1]):
        own = np.flatnonzero(best == j)
        if len(own) < FLOOR_ROWS:
            continue
        low, floor, most = np.quantile(off[own], [0.1, 0.5, 0.75])
        if most > NEAR or floor > FLAT * low:
            continue
        others = known & (np.arange(shares.shape[1]) != j)
        left = np.maximum(off[own] - floor, 0.0) / np.maximum(off[own], 1e-12)
        chance[np.ix_(own, np.flatnonzero(others))] *= left[:, None]
    return chance
