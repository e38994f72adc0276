"""How much each of the judged models says in the prediction that is delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.ensemble import bagged, greedy, likely, paired_gain
from autoprep.model_search.race import OTHER_WITHIN, Runner
from autoprep.model_search.trial import Bench

Array = NDArray[Any]

MEMBERS_IN_ENSEMBLE = 12
BLOCKS = 10
#: Rows up to which models share the prediction by how likely each is the best, how many at most, the least share of
#: one, judged predictions from which fewer bags are drawn, and folds below which a standard error says nothing.
FEW_ROWS, MOST_SHARING, LEAST_SHARE, MANY_JUDGED, TELLING_FOLDS = 5_000, 8, 0.03, 5_000, 4
#: Standard errors that several models must gain to be kept where one is asked for.
SURE = 2.0


def diverse(ranked: list[Runner], folds: Sequence[int]) -> list[Runner]:
    """Those that may share the prediction: the best, and of every family its best that is not far behind.

    Args:
        ranked: all that stand, best first.
        folds: that judge them.
    """
    best = {runner.configuration.family: runner for runner in reversed(ranked)}
    far = OTHER_WITHIN * ranked[0].mean(folds)
    found = ranked[:MEMBERS_IN_ENSEMBLE]
    others = [r for r in best.values() if not any(r is m for m in found) and r.mean(folds) <= far]
    kept = found[: MEMBERS_IN_ENSEMBLE - len(others)]
    return sorted([*kept, *others], key=lambda r: r.mean(folds))


def fold_error(bench: Bench, folds: Sequence[int], differences: Array) -> float:
    """Standard error of a mean over folds that share training rows (Nadeau and Bengio 2003)."""
    if len(differences) < 2:
        return float("inf")
    train, valid = bench.rows(folds[0])
    assert valid is not None
    return float(differences.std(ddof=1)) * float(np.sqrt(1 / len(differences) + len(valid) / len(train)))


class Mixer:
    """Finds the shares of models by their predictions for rows that they had not seen.

    What is judged are the predictions of single folds, one after the other: averaged over dealings they would look
    better than a refitted model can be.

    Args:
        bench: the rows and what judges them.
        folds: that all members were judged on.
        deploy: one of ``finish.DEPLOYED``.
        note: keeps a sentence for the reader.
    """

    def __init__(self, bench: Bench, folds: Sequence[int], deploy: str, note: Callable[[str], None]) -> None:
        self.bench, self.folds, self.deploy, self.note = bench, list(folds), deploy, note
        self.judged = [valid for fold in folds if (valid := bench.rows(fold)[1]) is not None]
        self.rows: Array = np.concatenate(self.judged)

    def shares(self, members: list[Runner], stacked: list[Array]) -> Array:
        """The share of each member (len(members),).

        Args:
            members: best first.
            stacked: the predictions of each for ``rows``.
        """
        if len(members) == 1:
            return np.ones(1)
        if self.deploy != "fast" and len(self.bench.y) <= FEW_ROWS and len(self.folds) > 1:
            return self._shared(members, stacked)
        found = greedy(stacked, lambda said: self._loss(said, np.arange(len(self.rows))))
        mixed = sum(w * p for w, p in zip(found, stacked, strict=True))
        blocks = self._blocks()
        single, several = (np.array([self._loss(said[b], b) for b in blocks]) for said in (stacked[0], mixed))
        gain, error = paired_gain(single, several)
        if gain <= (SURE if self.deploy == "fast" else 1.0) * error:
            told = f"an ensemble gains {gain:.2g} ± {error:.2g}" if np.isfinite(error) else "too few rows judge a mix"
            told = "no mix of models is better" if np.count_nonzero(found) == 1 else told
            self.note(f"{told}: the best single model is kept")
            return np.asarray(np.eye(len(members))[0])
        self.note(
            f"the ensemble of {np.count_nonzero(found)} gains {gain:.2g} ± {error:.2g} over the best single model"
        )
        return found

    def _loss(self, said: Array, at: Array) -> float:
        """Of predictions for the judged rows at these places."""
        rows, weight = self.rows[at], self.bench.weight
        return self.bench.metric.loss(self.bench.y[rows], said, None if weight is None else weight[rows])

    def _shared(self, members: list[Runner], stacked: list[Array]) -> Array:
        """For few rows: half by bagged greedy picks, half by how likely each member is as good as the best.

        Picking the best of several that the folds hardly tell apart is picking by chance, and so are weights that
        are fitted to few rows; their mean varies less (Breiman 1996).
        """
        bags = 8 if len(self.rows) <= MANY_JUDGED else 4
        losses = np.array([[r.results[f].loss for f in self.folds] for r in members])
        share = len(self.judged[0]) / len(self.bench.rows(self.folds[0])[0])
        found = bagged(stacked, self._loss, self.rows, bags=bags, seed=self.bench.seed)
        if len(self.folds) >= TELLING_FOLDS:
            found = 0.5 * found + 0.5 * likely(losses, share)
        found[np.argsort(-found, kind="stable")[MOST_SHARING:]] = 0.0
        found[found < min(LEAST_SHARE, found.max())] = 0.0
        found = np.asarray(found / found.sum())
        count = np.count_nonzero(found)
        if count == 1:
            self.note("the best single model is kept: no other comes near it")
            return found
        gain, error = self._gain_of_folds(stacked, found)
        if gain < -error:
            self.note(f"a mix of {count} loses {-gain:.2g} ± {error:.2g}: the best single model is kept")
            return np.asarray(np.eye(len(members))[0])
        self.note(
            f"{count} models share the prediction, as several do up to {FEW_ROWS:,} rows, by how surely each is as "
            f"good as the best ({gain:+.2g} ± {error:.2g} against the best single one; "
            "kept unless it loses more than its error)"
        )
        return found

    def _gain_of_folds(self, stacked: list[Array], found: Array) -> tuple[float, float]:
        """The loss that a mix saves over the first of its members, fold by fold, and its standard error."""
        mixed = np.asarray(sum(w * p for w, p in zip(found, stacked, strict=True) if w > 0))
        ends = np.cumsum([len(valid) for valid in self.judged])
        parts = [np.arange(end - len(valid), end) for valid, end in zip(self.judged, ends, strict=True)]
        gains = np.array([self._loss(stacked[0][part], part) - self._loss(mixed[part], part) for part in parts])
        return float(gains.mean()), fold_error(self.bench, self.folds, gains)

    def _blocks(self) -> list[Array]:
        """Positions in ``rows``: some ten blocks of the first dealing that respect the folds and hold every class."""
        classes, splits = self.bench.classes, self.bench.splits
        once = max(1, len(splits.folds) // max(1, splits.repeats))
        starts = np.concatenate([[0], np.cumsum([len(valid) for valid in self.judged])])
        first = range(min(once, len(self.folds)))
        per = max(1, -(-BLOCKS // len(first)))
        least = 30 if not classes else 30 * classes
        found: list[Array] = []
        for number in first:
            inside = np.arange(starts[number], starts[number + 1])
            parts = max(1, min(per, len(inside) // least))
            order = inside[np.argsort(self.bench.y[self.rows[inside]], kind="stable")]
            found += [order[part::parts] for part in range(parts)]
        return [b for b in found if len(b)]
