"""Finishing: from the judged configurations to the model that is kept and the board that shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import plural
from autoprep.model_search.calibrate import Conformal, LabelSets, heat, learn_heat, learn_threshold
from autoprep.model_search.ensemble import greedy, paired_gain
from autoprep.model_search.evolve import pareto
from autoprep.model_search.limits import Limit, OutOfTime
from autoprep.model_search.predictor import Member, Predictor
from autoprep.model_search.race import Race, Runner
from autoprep.model_search.remembered import whole
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import SKETCH, Bench, Configuration, Part, Synthesizer
from autoprep.types import Leaderboard, Trial

Array = NDArray[Any]
Weighted = list[tuple[Runner, float]]

MEMBERS_IN_ENSEMBLE = 12
BLOCKS = 10
#: Rows up to which models that cannot be told apart are averaged, and how many at most.
FEW_ROWS, MOST_ALIKE = 5_000, 5
#: Share of the rounds below which a refit that the clock has stopped is not used.
REFIT_LEAST = 0.8
#: How many times longer the steps of a refit on rows in time may become for want of time, and how long at most.
HURRY, LONGEST_STEP = 4.0, 0.3


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
        self.rows: Array = np.empty(0, dtype=np.int64)

    def finish(self, interrupted: bool) -> tuple[Array, list[float], Leaderboard]:
        """Choose, calibrate and deploy; out-of-fold predictions, scores per fold, and the board."""
        empty = np.full((len(self.y), self.classes) if self.classes else len(self.y), np.nan)
        self.folds = self.race.settled() or ([SKETCH] if self.race.ranked([SKETCH]) else [])
        ranked = self.race.ranked(self.folds) if self.folds else []
        if not ranked:
            return empty, [], self._board([])
        members = ranked[:MEMBERS_IN_ENSEMBLE]
        self.rows = np.concatenate([self._judged_rows(f) for f in self.folds])
        stacked = [np.concatenate([r.results[f].prediction for f in self.folds]) for r in members]
        found = self._weights(members, stacked)
        self.weights = [(r, float(w)) for r, w in zip(members, found, strict=True) if w > 0]
        mixed = np.asarray(sum(w * p for w, p in zip(found, stacked, strict=True) if w > 0))
        self._calibrate(mixed)
        self._deploy(interrupted)
        scores = self._scores()
        return self._averaged(mixed, empty), scores, self._board(scores)

    def front(self) -> tuple[Trial, ...]:
        """The configurations that no other beats in loss, work of a prediction and size at once, best loss first."""
        ranked = self.race.ranked(self.folds) if self.folds else []
        return tuple(self._trial(runner) for runner in pareto(ranked, self.folds))

    def _judged_rows(self, fold: int) -> Array:
        valid = self.bench.rows(fold)[1]
        assert valid is not None
        return valid

    def _averaged(self, said: Array, empty: Array) -> Array:
        """One prediction per row: the mean over the folds that judged it; NaN where none did."""
        total, count = np.zeros_like(empty), np.zeros(len(self.y))
        np.add.at(total, self.rows, said)
        np.add.at(count, self.rows, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total / (count[:, None] if self.classes else count))

    def _weights(self, members: list[Runner], stacked: list[Array]) -> Array:
        """The share of each member (len(members),).

        What is judged are the predictions of single folds, one after the other: averaged over dealings they would
        look better than a refitted model can be.
        """
        if len(members) == 1:
            return np.ones(1)
        y = self.y[self.rows]
        weight = None if self.weight is None else self.weight[self.rows]
        found = greedy(stacked, lambda p: self.metric.loss(y, p, weight))
        mixed = sum(w * p for w, p in zip(found, stacked, strict=True))
        blocks = self._blocks()
        single, several = (
            np.array([self.metric.loss(y[b], said[b], None if weight is None else weight[b]) for b in blocks])
            for said in (stacked[0], mixed)
        )
        gain, error = paired_gain(single, several)
        if gain <= error:
            return self._alike(members, gain, error)
        self.note(
            f"the ensemble of {np.count_nonzero(found)} gains {gain:.2g} ± {error:.2g} over the best single model"
        )
        return found

    def _alike(self, members: list[Runner], gain: float, error: float) -> Array:
        """The best model; for few rows the plain average of those that the folds cannot tell from it.

        Picking one of several that differ by less than a standard error is picking by chance; their average varies
        less (Breiman 1996). No weight is learnt, so nothing can be fitted to the folds. The standard error counts
        that folds share training rows (Nadeau and Bengio 2003).
        """
        best, alike = members[0], [0]
        if len(self.y) <= FEW_ROWS and len(self.folds) > 1:
            share = len(self._judged_rows(self.folds[0])) / len(self.bench.rows(self.folds[0])[0])
            for number, runner in enumerate(members[1:], 1):
                behind = np.array([runner.results[f].loss - best.results[f].loss for f in self.folds])
                spread = float(behind.std(ddof=1)) * np.sqrt(1 / len(behind) + share)
                if behind.mean() <= spread and len(alike) < MOST_ALIKE:
                    alike.append(number)
        found = np.zeros(len(members))
        found[alike] = 1.0 / len(alike)
        if len(alike) > 1:
            self.note(f"{len(alike)} models are within one standard error of the best: their average is kept")
        else:
            self.note(f"an ensemble gains {gain:.2g} ± {error:.2g}: the best single model is kept")
        return found

    def _blocks(self) -> list[Array]:
        """Positions in ``rows``: some ten blocks of the first dealing that respect the folds and hold every class."""
        once = max(1, len(self.splits.folds) // max(1, self.splits.repeats))
        sizes = [len(self._judged_rows(f)) for f in self.folds]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        first = range(min(once, len(self.folds)))
        per = max(1, -(-BLOCKS // len(first)))
        least = 30 if not self.classes else 30 * self.classes
        found: list[Array] = []
        for number in first:
            inside = np.arange(starts[number], starts[number + 1])
            parts = max(1, min(per, len(inside) // least))
            order = inside[np.argsort(self.y[self.rows[inside]], kind="stable")]
            found += [order[part::parts] for part in range(parts)]
        return [b for b in found if len(b)]

    def _calibrate(self, said: Array) -> None:
        y = self.y[self.rows]
        weight = None if self.weight is None else self.weight[self.rows]
        predictor = self.predictor
        if self.classes:
            said = said / said.sum(axis=1, keepdims=True)
            predictor.temperature, predictor.mix = learn_heat(y, said, np.asarray(predictor.prior), weight)
            warm = heat(said, predictor.temperature, predictor.mix, np.asarray(predictor.prior))
            predictor.label_sets = LabelSets.learn(y, warm)
            if self.classes == 2:
                predictor.threshold = learn_threshold(y, warm, self.metric, weight)
        else:
            predictor.conformal = Conformal.learn(y, said)

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

        left_out: list[tuple[Runner, float]] = []
        for runner, weight in sorted(self.weights, key=lambda pair: -pair[1]):
            refitted = None
            if self.deploy == "fast" and not interrupted:
                refitted = self._refit(runner)
            if refitted is not None:
                for part, synthesizer, made in refitted:
                    predictor.members.append(Member(part, weight / len(refitted), number(synthesizer), made))
            else:
                left_out.append((runner, weight))
        if left_out and predictor.members and self.splits.kind == "time":
            # The models of folds in time know nothing of the newest rows; those that do take their shares.
            self.note("only models that have learnt from the newest rows are kept")
            share = sum(member.weight for member in predictor.members)
            for member in predictor.members:
                member.weight /= share
            left_out = []
        for runner, weight in left_out:
            for fold in self.folds:
                part = whole(self.bench, runner.configuration, fold, runner.results[fold])
                synthesizer = self.bench.synthesizer(part.features, fold)
                made = self._made(runner.configuration, self.bench.seed, fold)
                predictor.members.append(Member(part, weight / len(self.folds), number(synthesizer), made))
        if self.deploy == "accurate":
            self.note(f"the models of {len(self.folds)} folds are kept")

    @staticmethod
    def _made(chosen: Configuration, seed: int, fold: int) -> dict[str, Any]:
        return {"label": chosen.label, "parameters": dict(chosen.parameters), "seed": seed, "fold": fold}

    def _refit(self, runner: Runner) -> list[tuple[Part, Synthesizer | None, dict[str, Any]]] | None:
        """The runner's model learnt from all rows, one or three of it, and how each was made; None without time."""
        rows = self.bench.frame.height
        train = float(np.mean([len(self.bench.rows(f)[0]) for f in runner.judged()]))
        chosen, rounds = runner.configuration, runner.rounds()
        fit, prepare = runner.cost(rows, self.bench) * 1.15, self.bench.prepare_cost(chosen, -1)
        expected = fit + prepare
        left = self.bench.budget.remaining() - 0.02 * self.total
        if chosen.family == "lightgbm":
            rounds *= (rows / train) ** 0.7
        if expected > left and self.splits.kind == "time":
            chosen, rounds, fit = _hurried(chosen, rounds, fit, left - prepare)
            expected = fit + prepare
            if expected <= left:
                self.note(f"{chosen.label}: refitted on all rows in fewer, longer steps, as time was short")
        if expected > left:
            self.note(f"{chosen.label}: no time to refit on all rows, the models of the folds are kept")
            return None
        seeds = [self.bench.seed]
        if chosen.family == "lightgbm" and rows <= 5_000 and expected * 6 < left / 2:
            seeds = [self.bench.seed, self.bench.seed + 1, self.bench.seed + 2]
        found: list[tuple[Part, Synthesizer | None, dict[str, Any]]] = []
        for seed in seeds:
            limit = self._limit()
            try:
                part, synthesizer = self.bench.refit(chosen, max(1, round(rounds)), runner.factor(), limit, seed)
            except OutOfTime:
                break
            if limit.passed() and part.model.rounds < REFIT_LEAST * rounds:
                break
            found.append((part, synthesizer, self._made(chosen, seed, -1)))
        if not found:
            self.note(f"{chosen.label}: refitting ran out of time, the models of the folds are kept")
        return found or None

    def _scores(self) -> list[float]:
        scores = []
        for fold in self.folds:
            valid = self._judged_rows(fold)
            mixed = np.sum([w * r.results[fold].prediction for r, w in self.weights], axis=0)
            weight = None if self.weight is None else self.weight[valid]
            scores.append(self.metric.score(self.y[valid], mixed, weight, self._threshold_without(fold)))
        return scores

    def _threshold_without(self, fold: int) -> float:
        """The threshold that the other folds choose: a score is not judged by a threshold that its rows have set."""
        others = [f for f in self.folds if f != fold]
        if self.classes != 2 or self.metric.needs != "label" or not others:
            return self.predictor.threshold
        rows = np.concatenate([self._judged_rows(f) for f in others])
        said = np.concatenate([np.sum([w * r.results[f].prediction for r, w in self.weights], axis=0) for f in others])
        warm = heat(said, self.predictor.temperature, self.predictor.mix, np.asarray(self.predictor.prior))
        return learn_threshold(self.y[rows], warm, self.metric, None if self.weight is None else self.weight[rows])

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
            members = [self._trial(r) for r, _ in self.weights]
            trials.append(
                Trial(
                    "ensemble", mean, 1.0 - mean if sign else mean, error,
                    sum(t.fit_s for t in members), sum(t.predict_s for t in members),
                    max(t.features for t in members), note=made,
                )
            )  # fmt: skip
        trials.sort(key=lambda t: t.loss)
        trials += sorted((self._trial(runner) for runner in dropped), key=lambda t: t.loss)
        return Leaderboard(self.metric.name, sign, tuple(trials))

    def _trial(self, runner: Runner) -> Trial:
        loss, judged = runner.mean(), runner.judged()
        values = [runner.results[f] for f in judged]
        made = ("a sample of rows" if judged == [SKETCH] else plural(len(values), "fold")) + (
            f"; {runner.note}" if runner.note else ""
        )
        return Trial(
            runner.configuration.label, loss, 1.0 - loss if self.metric.greater_is_better else loss, runner.error(),
            float(np.mean([r.fit_s for r in values])), float(np.mean([r.predict_s for r in values])),
            values[0].columns,
            {**runner.configuration.parameters, "features": runner.configuration.features,
             "best_rounds": round(runner.rounds())}, made,
        )  # fmt: skip


def _hurried(chosen: Configuration, rounds: float, cost: float, left: float) -> tuple[Configuration, float, float]:
    """A boosted configuration whose steps are as much longer and fewer as the time asks, within ``HURRY``; the rounds
    and the cost that it has then. Others stay as they are.

    Example:
        >>> slow = Configuration("lightgbm", {"learning_rate": 0.05})
        >>> hurried, rounds, cost = _hurried(slow, 300, 9.0, 4.5)
        >>> hurried.parameters["learning_rate"], rounds, cost
        (0.1, 150.0, 4.5)
    """
    rate = float(chosen.parameters.get("learning_rate", 0.1))
    most = min(HURRY, LONGEST_STEP / rate)
    if chosen.family != "lightgbm" or left <= 0 or most <= 1:
        return chosen, rounds, cost
    times = min(most, max(1.0, cost / left))
    hurried = replace(chosen, parameters={**chosen.parameters, "learning_rate": rate * times})
    return hurried, rounds / times, cost / times
