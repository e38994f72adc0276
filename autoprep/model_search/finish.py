"""Finishing: from the judged configurations to the model that is kept and the board that shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.calibrate import Conformal, heat, learn_heat, learn_threshold
from autoprep.model_search.ensemble import greedy, paired_gain
from autoprep.model_search.limits import Limit, OutOfTime
from autoprep.model_search.predictor import Member, Predictor
from autoprep.model_search.race import Race, Runner
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import SKETCH, Bench, Part, Synthesizer
from autoprep.types import Leaderboard, Trial

Array = NDArray[Any]
Weighted = list[tuple[Runner, float]]

MEMBERS_IN_ENSEMBLE = 12
BLOCKS = 10
#: Rows up to which models that cannot be told apart are averaged, and how many at most.
FEW_ROWS, MOST_ALIKE = 5_000, 5
#: Share of the rounds below which a refit that the clock has stopped is not used.
REFIT_LEAST = 0.8


class Finisher:
    """Makes the predictor of what a race found.

    Args:
        bench: where fits happen.
        race: that is over.
        predictor: that predicts the class shares or the mean; it is filled.
        deploy: "fast" or "accurate".
        total: seconds or units of the whole search.
        note: keeps a sentence for the reader.
    """

    def __init__(
        self, bench: Bench, race: Race, predictor: Predictor, deploy: str, total: float, note: Callable[[str], None]
    ) -> None:
        self.bench, self.race, self.predictor, self.deploy, self.total = bench, race, predictor, deploy, total
        self.note = note
        self.y, self.metric, self.weight, self.splits = bench.y, bench.metric, bench.weight, bench.splits
        self.classes = bench.classes
        self.weights: Weighted = []
        self.folds: list[int] = []

    def finish(self, interrupted: bool) -> tuple[Array, list[float], Leaderboard]:
        """Choose, calibrate and deploy; out-of-fold predictions, scores per fold, and the board."""
        empty = np.full((len(self.y), self.classes) if self.classes else len(self.y), np.nan)
        self.folds = self.race.settled() or ([SKETCH] if self.race.ranked([SKETCH]) else [])
        ranked = self.race.ranked(self.folds) if self.folds else []
        if not ranked:
            return empty, [], self._board([])
        best, members = ranked[0], ranked[:MEMBERS_IN_ENSEMBLE]
        stacked = {r.configuration.key: self._out_of_fold(r) for r in members}
        covered = np.asarray(~np.isnan(stacked[best.configuration.key].reshape(len(self.y), -1)).any(axis=1))
        self.weights = self._weights(members, stacked, covered)
        oof = np.zeros_like(empty)
        for runner, weight in self.weights:
            oof = oof + weight * stacked[runner.configuration.key]
        self._calibrate(oof, covered)
        self._deploy(interrupted)
        scores = self._scores()
        return oof, scores, self._board(scores)

    def _judged_rows(self, fold: int) -> Array:
        valid = self.bench.rows(fold)[1]
        assert valid is not None
        return valid

    def _out_of_fold(self, runner: Runner) -> Array:
        rows = len(self.y)
        total = np.zeros((rows, self.classes)) if self.classes else np.zeros(rows)
        count = np.zeros(rows)
        for fold in self.folds:
            valid = self._judged_rows(fold)
            total[valid] += runner.results[fold].prediction
            count[valid] += 1
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total / (count[:, None] if self.classes else count))

    def _weights(self, members: list[Runner], stacked: dict[str, Array], covered: Array) -> Weighted:
        best = members[0]
        if len(members) == 1:
            return [(best, 1.0)]
        rows = np.flatnonzero(covered)
        y = self.y[rows]
        weight = None if self.weight is None else self.weight[rows]
        stand = [stacked[r.configuration.key][rows] for r in members]
        found = greedy(stand, lambda p: self.metric.loss(y, p, weight))
        if np.count_nonzero(found) == 1:
            return [(members[int(found.argmax())], 1.0)]
        mixed = sum(w * p for w, p in zip(found, stand, strict=True))
        blocks = self._blocks(rows)
        single = np.array([self.metric.loss(y[b], stand[0][b], None if weight is None else weight[b]) for b in blocks])
        several = np.array([self.metric.loss(y[b], mixed[b], None if weight is None else weight[b]) for b in blocks])
        gain, error = paired_gain(single, several)
        if gain <= error:
            return self._alike(members, gain, error)
        self.note(
            f"the ensemble of {np.count_nonzero(found)} gains {gain:.2g} ± {error:.2g} over the best single model"
        )
        return [(r, float(w)) for r, w in zip(members, found, strict=True) if w > 0]

    def _alike(self, members: list[Runner], gain: float, error: float) -> Weighted:
        """The best model; for few rows the plain average of those that the folds cannot tell from it.

        Picking one of several that differ by less than a standard error is picking by chance; their average varies
        less (Breiman 1996). No weight is learnt, so nothing can be fitted to the folds.
        """
        best = members[0]
        if len(self.y) <= FEW_ROWS and len(self.folds) > 1:
            alike = [best]
            for runner in members[1:]:
                behind = np.array([runner.results[f].loss - best.results[f].loss for f in self.folds])
                if behind.mean() <= behind.std(ddof=1) / np.sqrt(len(behind)) and len(alike) < MOST_ALIKE:
                    alike.append(runner)
            if len(alike) > 1:
                self.note(f"{len(alike)} models are within one standard error of the best: their average is kept")
                return [(runner, 1.0 / len(alike)) for runner in alike]
        self.note(f"an ensemble gains {gain:.2g} ± {error:.2g}: the best single model is kept")
        return [(best, 1.0)]

    def _blocks(self, rows: Array) -> list[Array]:
        """Positions in ``rows``, in some ten blocks that respect the folds and hold every class."""
        place = np.full(len(self.y), -1)
        place[rows] = np.arange(len(rows))
        once = max(1, len(self.splits.folds) // max(1, self.splits.repeats))
        first = [self._judged_rows(f) for f in self.folds[:once]]
        per = max(1, -(-BLOCKS // len(first)))
        least = 30 if not self.classes else 30 * self.classes
        found: list[Array] = []
        for valid in first:
            inside = place[valid]
            inside = inside[inside >= 0]
            parts = max(1, min(per, len(inside) // least))
            order = inside[np.argsort(self.y[rows[inside]], kind="stable")]
            found += [order[part::parts] for part in range(parts)]
        return [b for b in found if len(b)]

    def _calibrate(self, oof: Array, covered: Array) -> None:
        rows = np.flatnonzero(covered)
        y = self.y[rows]
        weight = None if self.weight is None else self.weight[rows]
        predictor = self.predictor
        if self.classes:
            said = oof[rows] / oof[rows].sum(axis=1, keepdims=True)
            predictor.temperature, predictor.mix = learn_heat(y, said, np.asarray(predictor.prior), weight)
            if self.classes == 2:
                warm = heat(said, predictor.temperature, predictor.mix, np.asarray(predictor.prior))
                predictor.threshold = learn_threshold(y, warm, self.metric, weight)
        else:
            predictor.conformal = Conformal.learn(y, oof[rows])

    def _limit(self, keep: float = 0.0) -> Limit:
        left = max(0.0, self.bench.budget.remaining() - keep)
        if self.bench.budget.deterministic:
            return Limit(float("inf"), left, self.bench.budget.clock)
        return Limit(self.bench.budget.clock() + left, float("inf"), self.bench.budget.clock, self.bench.stop, usable())

    def _deploy(self, interrupted: bool) -> None:
        predictor = self.predictor
        numbers: dict[int, int] = {}

        def number(synthesizer: Synthesizer | None) -> int:
            if synthesizer is None:
                return -1
            if id(synthesizer) not in numbers:
                numbers[id(synthesizer)] = len(predictor.synthesizers)
                predictor.synthesizers.append(synthesizer)
            return numbers[id(synthesizer)]

        for runner, weight in sorted(self.weights, key=lambda pair: -pair[1]):
            refitted = None
            if self.deploy == "fast" and not interrupted:
                refitted = self._refit(runner)
            if refitted is not None:
                for part, synthesizer in refitted:
                    predictor.members.append(Member(part, weight / len(refitted), number(synthesizer)))
                continue
            for fold in self.folds:
                part = runner.results[fold].part
                synthesizer = self.bench.synthesizer(part.features, fold)
                predictor.members.append(Member(part, weight / len(self.folds), number(synthesizer)))
        if self.deploy == "accurate":
            self.note(f"the models of {len(self.folds)} folds are kept")

    def _refit(self, runner: Runner) -> list[tuple[Part, Synthesizer | None]] | None:
        rows = self.bench.frame.height
        train = float(np.mean([len(self.bench.rows(f)[0]) for f in runner.judged()]))
        expected = runner.cost(rows, self.bench) * 1.15 + self.bench.prepare_cost(runner.configuration, -1)
        left = self.bench.budget.remaining() - 0.02 * self.total
        if expected > left:
            self.note(f"{runner.configuration.label}: no time to refit on all rows, the models of the folds are kept")
            return None
        rounds = runner.rounds()
        family = runner.configuration.family
        if family == "lightgbm":
            rounds *= (rows / train) ** 0.7
        seeds = [self.bench.seed]
        if family == "lightgbm" and rows <= 5_000 and expected * 6 < left / 2:
            seeds = [self.bench.seed, self.bench.seed + 1, self.bench.seed + 2]
        found: list[tuple[Part, Synthesizer | None]] = []
        for seed in seeds:
            limit = self._limit()
            try:
                made = self.bench.refit(runner.configuration, max(1, round(rounds)), runner.factor(), limit, seed)
            except OutOfTime:
                break
            if limit.passed() and made[0].model.rounds < REFIT_LEAST * rounds:
                break
            found.append(made)
        if not found:
            self.note(f"{runner.configuration.label}: refitting ran out of time, the models of the folds are kept")
        return found or None

    def _scores(self) -> list[float]:
        scores = []
        for fold in self.folds:
            valid = self._judged_rows(fold)
            mixed = np.sum([w * r.results[fold].prediction for r, w in self.weights], axis=0)
            weight = None if self.weight is None else self.weight[valid]
            scores.append(self.metric.score(self.y[valid], mixed, weight, self.predictor.threshold))
        return scores

    def _board(self, scores: list[float]) -> Leaderboard:
        sign = self.metric.greater_is_better
        runners = [r for r in self.race.runners.values() if r.results]
        whole = [r for r in runners if r.judged() != [SKETCH]]
        dropped = [r for r in whole if not all(f in r.results for f in self.folds)]
        trials = [self._trial(runner) for runner in (whole or runners) if runner not in dropped]
        if len(self.weights) > 1:
            losses = [1.0 - s if sign else s for s in scores]
            error = float(np.std(losses, ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else 0.0
            made = " + ".join(f"{w:.0%} {r.configuration.label}" for r, w in sorted(self.weights, key=lambda p: -p[1]))
            mean = float(np.mean(losses))
            trials.append(Trial("ensemble", mean, 1.0 - mean if sign else mean, error, note=made))
        trials.sort(key=lambda t: t.loss)
        trials += sorted((self._trial(runner) for runner in dropped), key=lambda t: t.loss)
        return Leaderboard(self.metric.name, sign, tuple(trials))

    def _trial(self, runner: Runner) -> Trial:
        loss, judged = runner.mean(), runner.judged()
        values = [runner.results[f] for f in judged]
        made = ("a sample of rows" if judged == [SKETCH] else f"{len(values)} folds") + (
            f"; {runner.note}" if runner.note else ""
        )
        return Trial(
            runner.configuration.label, loss, 1.0 - loss if self.metric.greater_is_better else loss, runner.error(),
            float(np.mean([r.fit_s for r in values])), float(np.mean([r.predict_s for r in values])),
            values[0].columns,
            {**runner.configuration.parameters, "features": runner.configuration.features,
             "best_rounds": round(runner.rounds())}, made,
        )  # fmt: skip
