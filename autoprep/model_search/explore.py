"""Exploring: a first model at once, the best feature set, then a race of configurations while there is time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from autoprep.errors import plural
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.encode import usable_columns
from autoprep.model_search.evolve import Evolution, telling_rows, worth_trying
from autoprep.model_search.models import MODELS
from autoprep.model_search.portfolio import default, portfolio
from autoprep.model_search.prepared import SKETCH
from autoprep.model_search.race import Race, rungs_of
from autoprep.model_search.sample import Sampler, Sampling
from autoprep.model_search.target import counted, scales
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import Bench

PILOT_SHARE = 0.10
#: Share of the race's time that choosing the feature set may take.
FEATURES_SHARE = 0.25
#: Share of the race's time that the first model on all rows may take.
FIRST_SHARE = 0.2
#: The same for a feature set that has lowered the loss of the sketch by ``GREAT_GAIN`` of itself or more.
GREAT_SHARE, GREAT_GAIN = 0.75, 0.05
#: What a feature set must lower the loss by, of itself, where one fold of few rows is all that there is time for.
ONE_FOLD_GAIN = 0.01
#: The same when nothing else will fit beside it.
LAST_SHARE = 0.9
#: Share of the race's time that the first of several rungs may take.
FIRST_RUNG = 0.4
#: Learning rates, the first whose race is expected to fit into the time is taken.
RATES = (0.03, 0.05, 0.1, 0.2)
LARGE_RATES = RATES[1:]
#: Learning rates of the first model on all rows.
FIRST_RATES = (0.1, 0.15, 0.2)
#: Metrics of the mean, which a Poisson loss aims at too.
SQUARED = ("rmse", "r2", "poisson")
#: What boosting on a sketch is limited to.
QUICK = {"learning_rate": 0.2, "patience": 15, "rounds": 60}
#: Fits of plain LightGBM that a race costs; of a large table, whose sketch has chosen, on so many folds or more.
TYPICAL_FITS, LARGE_FITS, USUAL_FOLDS = 30, 15, 3
#: How many times a feature set of many columns costs what the plain one does.
WIDER = 1.5
#: Columns from which feature sets are compared only where there is time for all of them.
MANY_COLUMNS = 500
#: A feature set replaces a simpler one when its mean gain over folds is this many standard errors.
FEATURE_ERRORS = 0.5


class Explorer:
    """Decides what runs in a race, in which order.

    Args:
        bench: where fits happen.
        race: that runs them.
        total: seconds or units of the whole search.
        note: keeps a sentence for the reader.
        say: told of progress.
        sampler: what the remaining time goes to: "evolution", or Optuna's "tpe" or "cma".
    """

    def __init__(
        self,
        bench: Bench,
        race: Race,
        total: float,
        note: Callable[[str], None],
        say: Callable[..., None],
        sampler: Sampler = "evolution",
    ) -> None:
        self.sampler: Sampler = sampler
        self.bench, self.race, self.total, self._note, self._say = bench, race, total, note, say
        self.feature_losses: dict[str, float] = {}
        self.feature_gains: dict[str, tuple[float, float, int]] = {}
        self.target, self.other_target = scales(bench.y, bench.task, bench.metric.name)

    def explore(self) -> None:
        """Run the race until its time is over."""
        names = [*self.bench.synthesizers] or [""]
        if self.bench.monotone:
            # Features made of a column would carry it past the constraint.
            names = names[:1]
            self._note("monotone: LightGBM alone is tried, on the columns themselves")
        few = len(self.bench.rows(self.race.folds[0])[0])
        first = default(self.bench.task, names[0], 0.1, self.target, few)
        if self.bench.sketch is not None:
            first = self._quick(first)
        begin = SKETCH if self.bench.sketch is not None else self.race.folds[0]
        pilot = self.race.pilot(first, begin, PILOT_SHARE * self.total)
        if pilot is None:
            self._note("no time for a single model: the class shares or the mean are predicted")
            return
        if begin == SKETCH:
            self._note(f"large table: choices are made on a sample of {len(self.bench.rows(SKETCH)[0]):,} rows first")
            features = self._best_features(names, first, [SKETCH])
            yardstick = self._first_whole(features)
            rate = self._rate_after(yardstick)
        else:
            spent = pilot.units if self.bench.budget.deterministic else pilot.fit_s + pilot.predict_s
            spent = spent if pilot.complete else max(spent, PILOT_SHARE * self.total) * 2.0
            room = self.race.left() * (1 if self.bench.budget.deterministic else usable())
            rate = next((r for r in RATES if spent * (0.1 / r) * TYPICAL_FITS < room), RATES[-1])
            features = self._best_features(names, first, self.race.folds[:3])
            yardstick = default(self.bench.task, features, 0.1, self.target, few)
        view = self.bench.view(features, begin)
        _, categories = usable_columns(view.train)
        entered = portfolio(
            task=self.bench.task, rows=few, columns=view.train.width,
            categories=len(categories), features=features, rate=rate, target=self.target,
            other_target=self.other_target,
            uneven=self.bench.uneven,
            counts=self.bench.task == "regression" and counted(self.bench.y) and self.bench.metric.name in SQUARED,
        )  # fmt: skip
        if self.bench.monotone:
            entered = [c for c in entered if c.family == "lightgbm"]
        if self.bench.metric.name.startswith("pinball"):
            entered = [c for c in entered if MODELS[c.family].quantiles]
        rungs = rungs_of(self.race.folds, self.bench.frame.height)
        if begin == SKETCH:
            entered = self._sketched(entered)
        entered = self._within(entered, len(rungs))
        self.race.halve([yardstick, *entered], rungs)
        folds = self.race.settled()
        if folds:
            tried = len(self.race.runners)
            most = worth_trying(telling_rows(self.bench.y, self.bench.classes)) - tried
            if self.sampler == "evolution":
                Evolution(self.bench, self.race, folds, self.bench.seed, self._say).run(max(0, most))
            else:
                Sampling(self.bench, self.race, folds, self.bench.seed, self._say, self.sampler).run(max(0, most))

    def _first_whole(self, features: str) -> Configuration:
        """Plain LightGBM on all rows of the first fold, at a rate that the time allows."""
        fold, left = self.race.folds[0], self.race.left()
        rivals = [default(self.bench.task, features, rate, self.target) for rate in FIRST_RATES]
        fits = [r for r in rivals if self.bench.estimate(r, fold) < FIRST_SHARE * left]
        chosen = fits[0] if fits else rivals[-1]
        self.race.pilot(chosen, fold, (FIRST_SHARE if fits else LAST_SHARE) * left)
        return chosen

    def _rate_after(self, yardstick: Configuration) -> float:
        """The learning rate of the race, by what the first model on all rows took: as low as lets many others run."""
        own, fold = float(yardstick.parameters["learning_rate"]), self.race.folds[0]
        result = self.race.runner(yardstick).results.get(fold)
        if result is None or not result.complete:
            return own
        counted = self.bench.budget.deterministic
        spent = result.units if counted else result.fit_s * result.threads + result.predict_s
        room = self.race.left() * (1 if counted else usable())
        for wanted in (LARGE_FITS * min(1.0, len(self.race.folds) / USUAL_FOLDS), 2 * usable()):
            found = next((rate for rate in LARGE_RATES if spent * (own / rate) * wanted < room), None)
            if found is not None:
                return found
        return own

    def _within(self, entered: list[Configuration], rungs: int, least: int = 3) -> list[Configuration]:
        """The most promising whose first rung leaves time for the others, at least three."""
        left = self.race.left() * (1 if self.bench.budget.deterministic else usable())
        share = left if rungs == 1 else FIRST_RUNG * left
        kept: list[Configuration] = []
        spent = 0.0
        for configuration in entered:
            cost = self.bench.estimate(configuration, self.race.folds[0])
            if len(kept) >= least and spent + cost > share:
                continue
            kept.append(configuration)
            spent += cost
        return kept

    def _sketched(self, entered: list[Configuration], keep: int = 4) -> list[Configuration]:
        """Those that do best on the sketch, where there is time to see; the promising order stays for the rest."""
        left = self.race.left()
        cost = sum(self.bench.estimate(c, SKETCH) for c in entered) / usable()
        if cost > 0.3 * left:
            return entered
        quick = [self._quick(c) for c in entered]
        self.race.batch([(c, SKETCH) for c in quick])
        losses = {c.key: self.race.runner(q).mean([SKETCH]) for c, q in zip(entered, quick, strict=True)}
        ranked = sorted(entered, key=lambda c: losses[c.key])
        kept = ranked[:keep]
        kept += [c for c in ranked[keep:] if "deep" in c.label][:1]
        return kept

    @staticmethod
    def _quick(configuration: Configuration) -> Configuration:
        """The configuration with so few rounds that a fit on the sketch takes a moment."""
        if configuration.family != "lightgbm":
            return configuration
        return replace(configuration, parameters={**configuration.parameters, **QUICK})

    def _affordable(self, features: str, times: float = 1.0, share: float = FIRST_SHARE) -> bool:
        """Whether the first model on all rows can have this feature set, or one that costs so many times as much, in
        this share of the race's time."""
        if self.bench.sketch is None:
            return True
        whole = default(self.bench.task, features, FIRST_RATES[1], self.target)
        return times * self.bench.estimate(whole, self.race.folds[0]) < share * self.race.left()

    def _comparable(self, names: list[str], first: Configuration, fold: int) -> bool:
        """Whether every feature set can be judged on a fold in the time that is meant for it."""
        cost = len(names) * self.bench.estimate(replace(first, features=names[0]), fold)
        return cost < FEATURES_SHARE * self.race.left() * (1 if self.bench.budget.deterministic else usable())

    def _best_features(self, names: list[str], first: Configuration, folds: list[int]) -> str:
        """The simplest feature set that no other beats by ``FEATURE_ERRORS`` standard errors on these folds."""
        race = self.race
        if len(names) == 1:
            return names[0]
        if self.bench.frame.width > MANY_COLUMNS and not self._comparable(names, first, folds[0]):
            self._note("the columns themselves are taken: there is no time to compare them with more")
            return names[0]
        rivals = [replace(first, features=name) for name in names]
        until = race.left() * (1 - FEATURES_SHARE)
        if not self._affordable(names[0], WIDER):
            self._note("the columns themselves are taken: there is no time for more of them on all rows")
            return names[0]
        for fold in folds:
            for few in (rivals[:2], rivals[2:]) if self.bench.sketch is not None else (rivals,):
                # What comes later holds the second set and more.
                dear = few == rivals[2:] and not self._affordable(rivals[1].features)
                if race.left() > until and not dear:
                    race.batch([(rival, fold) for rival in few], 0.5 * (race.left() - until))
        rivals = [r for r in rivals if race.runner(r).results]
        shared = [f for f in folds if all(f in race.runner(r).results for r in rivals)]
        if not shared or not rivals:
            return names[0]
        losses = {r.features: np.array([race.runner(r).results[f].loss for f in shared]) for r in rivals}
        self.feature_losses = {name: float(values.mean()) for name, values in losses.items()}
        best, *others = losses
        for name in others:
            saved = losses[best] - losses[name]
            error = float(saved.std(ddof=1) / np.sqrt(len(saved))) if len(saved) > 1 else float("nan")
            self.feature_gains[name] = (float(saved.mean()), error, len(saved))
        for name in others:
            great = losses[best].mean() - losses[name].mean() > GREAT_GAIN * abs(float(losses[best].mean()))
            if not self._affordable(name, share=GREAT_SHARE if great else FIRST_SHARE):
                self._note(f"feature set {name}: no time for it on all rows")
                continue
            saved = losses[best] - losses[name]
            if len(saved) > 1:
                needed = FEATURE_ERRORS * float(saved.std(ddof=1) / np.sqrt(len(saved)))
            else:  # one fold has no error of its own; the sketch's rows are many
                needed = 0.0 if shared == [SKETCH] else ONE_FOLD_GAIN * abs(float(losses[best].mean()))
            if saved.mean() > needed:
                best = name
        said = ", ".join(f"{name or 'as given'} {loss:.4g}" for name, loss in self.feature_losses.items())
        where = "a sample" if shared == [SKETCH] else plural(len(shared), "fold")
        self._note(f"feature sets on {where} ({self.bench.metric.name} loss): {said}")
        return best
