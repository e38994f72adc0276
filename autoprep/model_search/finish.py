"""Finishing: from the judged configurations to the model that is kept and the board that shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.board import Board, Weighted
from autoprep.model_search.calibrate import Conformal, LabelSets, learn_curve, learn_heat, learn_lifts, learn_threshold
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.evolve import pareto
from autoprep.model_search.lightgbm_model import seeded
from autoprep.model_search.limits import Limit, OutOfTime
from autoprep.model_search.mixing import Mixer, diverse, fold_error
from autoprep.model_search.part import Part
from autoprep.model_search.predictor import Member, Predictor
from autoprep.model_search.prepared import SKETCH, Synthesizer
from autoprep.model_search.race import Race, Runner
from autoprep.model_search.remembered import whole
from autoprep.model_search.rounds import level, own_rounds
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import Bench
from autoprep.model_search.variants import Flips
from autoprep.types import Leaderboard, Trial

Array = NDArray[Any]
#: By how much losses are said to differ from those of the race at most: near 0 a share says nothing.
FARTHEST = 2.0
#: What is kept: models that share the prediction, each refitted on all rows; one of them, unless several gain more than
#: ``mixing.SURE`` standard errors; or those that share it as the folds have left them.
DEPLOYED = ("balanced", "fast", "accurate")
#: Refits of a configuration that draws rows or columns, by seeds of their own, for so many rows at most; least, if any.
SEEDS, LEAST_SEEDS = ((1_500, 5), (5_000, 3)), 3
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
        deploy: one of ``DEPLOYED``.
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
        self.hurried: list[str] = []
        self.cleaning: Flips = ()
        self.flip_gain = (0.0, 0.0)
        self._front: list[Runner] | None = None
        self.rows: Array = np.empty(0, dtype=np.int64)

    def finish(self, interrupted: bool) -> tuple[Array, list[float], Leaderboard]:
        """Choose, calibrate and deploy; out-of-fold predictions, scores per fold, and the board."""
        empty = np.full((len(self.y), self.classes) if self.classes else len(self.y), np.nan)
        self.folds = self.race.settled() or ([SKETCH] if self.race.ranked([SKETCH]) else [])
        if not interrupted and self.folds:
            self._level()
        ranked = self._of_one_cleaning(self.race.ranked(self.folds) if self.folds else [])
        if not ranked:
            return empty, [], self._board([])
        members = diverse(ranked, self.folds)
        self.rows = np.concatenate([self._judged_rows(f) for f in self.folds])
        stacked = [np.concatenate([r.results[f].prediction for f in self.folds]) for r in members]
        found = Mixer(self.bench, self.folds, self.deploy, self.note).shares(members, stacked)
        self.weights = [(r, float(w)) for r, w in zip(members, found, strict=True) if w > 0]
        mixed = np.asarray(sum(w * p for w, p in zip(found, stacked, strict=True) if w > 0))
        self._calibrate(mixed)
        kept = self._deploy(interrupted)
        if len(kept) < len(self.weights):
            # What is judged and shown is what is delivered.
            self.weights = kept
            mixed = np.asarray(sum(w * np.concatenate([r.results[f].prediction for f in self.folds]) for r, w in kept))
        scores = self._scores()
        said = mixed if self.classes else self.predictor.values(mixed)
        return self._averaged(said, empty), scores, self._board(scores)

    def _level(self) -> None:
        """Judge boosted models at the rounds that all folds share, and say where a loss is not that of the race."""
        rise = level(self.bench, self.race.ranked(self.folds), self.folds)
        if rise is None:
            return
        way = "above" if rise >= 0 else "below"
        share = f"{abs(rise):.1%}" if abs(rise) < FARTHEST else f"more than {FARTHEST:.0%}"
        stand = f"losses stand {share} {way} those of the race"
        self.note(f"boosted models are judged anew at the rounds that all folds share: {stand}")
        for runner in own_rounds(self.race.runners.values(), self.folds):
            runner.note = "; ".join(filter(None, [runner.note, "each fold at its own best round, which flatters"]))

    def _of_one_cleaning(self, ranked: list[Runner]) -> list[Runner]:
        """The runners under the cleaning that is kept: the plan's own unless another is better by far.

        A model has one plan, so all its members share the cleaning. The best of several choices is partly luck, so that
        it must gain twice its standard error.
        """
        plain = next((r for r in ranked if not r.configuration.cleaning), None)
        if not ranked or plain is None:
            return ranked
        best = ranked[0]
        if best is not plain:
            gain = np.array([plain.results[f].loss - best.results[f].loss for f in self.folds])
            error = fold_error(self.bench, self.folds, gain)
            if gain.mean() > 2.0 * error:
                self.cleaning = best.configuration.cleaning
                self.flip_gain = (float(gain.mean()), error)
        return [r for r in ranked if r.configuration.cleaning == self.cleaning]

    def front(self) -> tuple[Trial, ...]:
        """The configurations that no other beats in loss, work of a prediction and size at once, best loss first."""
        return tuple(self._shown().trial(runner, self.folds) for runner in self._pareto())

    def _pareto(self) -> list[Runner]:
        if self._front is None:
            self._front = pareto(self.race.ranked(self.folds) if self.folds else [], self.folds)
        return self._front

    def _shown(self) -> Board:
        return Board(self.metric, self.folds, self._pareto())

    def _board(self, scores: list[float]) -> Leaderboard:
        judged = [runner for runner in self.race.runners.values() if runner.results]
        return self._shown().table(judged, self.weights, scores)

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

    def _calibrate(self, said: Array) -> None:
        y = self.y[self.rows]
        weight = None if self.weight is None else self.weight[self.rows]
        predictor = self.predictor
        if self.classes:
            said = said / said.sum(axis=1, keepdims=True)
            predictor.temperature, predictor.mix = learn_heat(y, said, np.asarray(predictor.prior), weight)
            predictor.curve = learn_curve(y, self._warm(said), weight)
            warm = self._warm(said)
            predictor.label_sets = LabelSets.learn(y, warm)
            if self.classes == 2:
                predictor.threshold = learn_threshold(y, warm, self.metric, weight)
            predictor.lifts = list(learn_lifts(y, warm, np.asarray(predictor.prior), self.metric, weight))
        else:
            if self.metric.name.startswith("pinball:"):
                # Models of a quantile come too close to their training rows (Romano 2019).
                predictor.shift = float(np.quantile(y - said, float(self.metric.name.partition(":")[2])))
            predictor.floor = 0.0 if self.y.min() >= 0 else None
            predictor.conformal = Conformal.learn(y, predictor.values(said), predictor.floor)

    def _limit(self, keep: float = 0.0) -> Limit:
        left = max(0.0, self.bench.budget.remaining() - keep)
        if self.bench.budget.deterministic:
            return Limit(float("inf"), left, self.bench.budget.clock)
        return Limit(self.bench.budget.clock() + left, float("inf"), self.bench.budget.clock, self.bench.stop, usable())

    def _deploy(self, interrupted: bool) -> Weighted:
        """Fill the predictor; the runners that are in it and their shares."""
        predictor, kept = self.predictor, list(self.weights)
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
            if self.deploy != "accurate" and not interrupted:
                refitted = self._refit(runner)
            if refitted is not None:
                for part, synthesizer, made in refitted:
                    predictor.members.append(Member(part, weight / len(refitted), number(synthesizer), made))
            else:
                left_out.append((runner, weight))
        if left_out and not predictor.members and self.splits.kind == "time" and self.deploy != "accurate":
            # Whatever time there is: only a refit learns from the newest rows.
            for runner, _ in left_out:
                again = None if interrupted else self._refit(runner, whatever=True)
                for part, synthesizer, made in again or []:
                    predictor.members.append(Member(part, 1.0 / len(again or []), number(synthesizer), made))
                if predictor.members:
                    kept = [(runner, 1.0)]
                    break
        if self.hurried and left_out:
            names = ", ".join(dict.fromkeys(self.hurried))
            self.note(f"no time to refit on all rows, the models of the folds are kept: {names}")
        if left_out and predictor.members and self.splits.kind == "time":
            # The models of folds in time know nothing of the newest rows; those that do take their shares.
            self.note("only models that have learnt from the newest rows are kept")
            share = sum(member.weight for member in predictor.members)
            for member in predictor.members:
                member.weight /= share
            gone = {id(runner) for runner, _ in left_out}
            staying = [(r, w) for r, w in kept if id(r) not in gone] or kept
            kept = [(r, w / sum(w for _, w in staying)) for r, w in staying]
            left_out = []
        for runner, weight in left_out:
            for fold in self.folds:
                part = whole(self.bench, runner.configuration, fold, runner.results[fold])
                synthesizer = self.bench.synthesizer(part.features, fold, self.cleaning)
                made = self._made(runner.configuration, self.bench.seed, fold)
                predictor.members.append(Member(part, weight / len(self.folds), number(synthesizer), made))
        if self.deploy == "accurate":
            self.note(f"the models of {len(self.folds)} folds are kept")
        return kept

    def _made(self, chosen: Configuration, seed: int, fold: int) -> dict[str, Any]:
        held = {"monotone": self.bench.monotone} if self.bench.monotone else {}
        return {"label": chosen.label, "parameters": {**chosen.parameters, **held}, "seed": seed, "fold": fold}

    def _refit(
        self, runner: Runner, whatever: bool = False
    ) -> list[tuple[Part, Synthesizer | None, dict[str, Any]]] | None:
        """The runner's model learnt from all rows, one or several of it, and how each was made; None without time.

        With ``whatever`` it is tried even when more time is expected to be needed than there is.
        """
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
        if expected > left and not whatever:
            self.hurried.append(chosen.label)
            return None
        most = next((count for below, count in SEEDS if rows <= below), 1) if self.deploy != "fast" else 1
        drawn = chosen.family == "lightgbm" and seeded(chosen.parameters)
        count = int(min(most, left / (4 * expected))) if drawn and expected > 0 else 1
        seeds = [self.bench.seed + number for number in range(count if count >= LEAST_SEEDS else 1)]
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
        if not found and not whatever:
            self.hurried.append(chosen.label)
        return found or None

    def _scores(self) -> list[float]:
        scores = []
        for fold in self.folds:
            valid = self._judged_rows(fold)
            mixed = np.sum([w * r.results[fold].prediction for r, w in self.weights], axis=0)
            mixed = mixed if self.classes else self.predictor.values(mixed)
            weight = None if self.weight is None else self.weight[valid]
            threshold, lifts = self._decision_without(fold)
            if lifts:
                mixed = self._warm(mixed) * np.asarray(lifts)
            scores.append(self.metric.score(self.y[valid], mixed, weight, threshold))
        return scores

    def _warm(self, said: Array) -> Array:
        return self.predictor.probabilities(said)

    def _decision_without(self, fold: int) -> tuple[float, tuple[float, ...]]:
        """Threshold and lifts that the other folds choose: no score is judged by what its own rows have set."""
        others = [f for f in self.folds if f != fold]
        if not self.classes or self.metric.needs != "label" or not others:
            return self.predictor.threshold, tuple(self.predictor.lifts)
        rows = np.concatenate([self._judged_rows(f) for f in others])
        said = np.concatenate([np.sum([w * r.results[f].prediction for r, w in self.weights], axis=0) for f in others])
        y, weight, warm = self.y[rows], None if self.weight is None else self.weight[rows], self._warm(said)
        if self.classes == 2:
            return learn_threshold(y, warm, self.metric, weight), ()
        return 0.5, learn_lifts(y, warm, np.asarray(self.predictor.prior), self.metric, weight)


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
