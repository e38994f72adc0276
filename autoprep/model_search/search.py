"""The search: a usable model at once, better ones while there is time, the best kept and refitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.budget import Budget
from autoprep.errors import InputError
from autoprep.model_search import metrics as metrics_
from autoprep.model_search import splits as splits_
from autoprep.model_search.calibrate import Conformal, learn_heat, learn_threshold
from autoprep.model_search.encode import usable_columns
from autoprep.model_search.ensemble import greedy, paired_gain
from autoprep.model_search.limits import Limit, OutOfTime
from autoprep.model_search.metrics import Metric
from autoprep.model_search.portfolio import default, portfolio
from autoprep.model_search.predictor import Member, Predictor
from autoprep.model_search.race import Race, Runner, rungs_of
from autoprep.model_search.splits import Splits
from autoprep.model_search.threads import load_libraries, one_thread, usable
from autoprep.model_search.trial import Bench, Configuration, Factory, Synthesizer
from autoprep.types import Event, Leaderboard, Listener, Task, Trial, silent

Array = NDArray[Any]

PILOT_SHARE = 0.10
RACE_SHARE = 0.72
MEMBERS_IN_ENSEMBLE = 12
BLOCKS = 10
#: Learning rates, the first whose race is expected to fit into the time is taken.
RATES = (0.03, 0.05, 0.1, 0.2)
#: Fits of plain LightGBM that a race costs.
TYPICAL_FITS = 30


@dataclass
class SearchResult:
    """What a search found.

    Attributes:
        leaderboard: every configuration that was judged.
        predictor: the model that is kept.
        oof: (n, classes) or (n,) out-of-fold predictions of what is kept; NaN for rows that no fold judged.
        metric: that judged.
        classes: labels by code; empty for regression.
        splits: the folds.
        notes: what a reader should know, one sentence each.
        scores: score of what is kept on each fold.
        feature_sets: mean loss of the yardstick with each feature set on the folds it ran on.
        interrupted: whether Ctrl-C ended the search.
    """

    leaderboard: Leaderboard
    predictor: Predictor
    oof: Array
    metric: Metric
    classes: list[Any]
    splits: Splits
    notes: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    feature_sets: Mapping[str, float] = field(default_factory=dict)
    interrupted: bool = False


def encode_target(y: Any, task: Task) -> tuple[Array, list[Any]]:
    """Codes (n,) and labels of a classification, or values (n,) and no labels of a regression.

    Raises:
        InputError: missing values, one class only, or text where numbers are needed.

    Example:
        >>> encode_target(np.array(["b", "a"]), "binary")[1]
        ['a', 'b']
    """
    series = y if isinstance(y, pl.Series) else pl.Series("target", np.asarray(y).tolist())
    if series.null_count():
        raise InputError(f"{series.null_count()} target values are missing", hint="drop rows without a target")
    if task == "regression":
        if not series.dtype.is_numeric() and series.dtype != pl.Boolean:
            raise InputError("the target of a regression is not a number", hint="parse it first")
        values = series.cast(pl.Float64).to_numpy()
        if not np.isfinite(values).all():
            raise InputError("the target holds values that are not finite", hint="drop those rows")
        return values, []
    classes = series.unique().sort().to_list()
    if len(classes) < 2:
        raise InputError("the target has one value only", hint="there is nothing to predict")
    codes = series.replace_strict(classes, list(range(len(classes))), return_dtype=pl.Int64)
    return codes.to_numpy(), classes


def heavy_tailed(y: Array) -> bool:
    """Whether a target is positive and far more even on a logarithmic scale.

    Example:
        >>> heavy_tailed(np.exp(np.linspace(0, 8, 100))), heavy_tailed(np.linspace(1, 2, 100))
        (True, False)
    """
    if len(y) < 20 or y.min() < 0:
        return False

    def skew(values: Array) -> float:
        spread = values.std()
        return float(((values - values.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0

    plain, logged = skew(y), skew(np.log1p(y))
    return plain > 1.0 and abs(logged) < 0.7 * plain


def search(
    frame: pl.DataFrame,
    y: Any,
    *,
    task: Task,
    metric: str | Metric | Callable[..., Any] | None = None,
    synthesizers: Mapping[str, Factory] | None = None,
    splits: Splits | None = None,
    groups: Any = None,
    times: Any = None,
    budget: Budget | None = None,
    seed: int = 0,
    sample_weight: Any = None,
    deploy: str = "fast",
    memory_bytes: float = 1e9,
    listener: Listener = silent,
) -> SearchResult:
    """Find the model that predicts best within a budget.

    Args:
        frame: (n, columns) typed rows: numbers, booleans, text categories, nulls; other types only through
            synthesizers.
        y: (n,) labels or values, none missing.
        task: "binary", "multiclass" or "regression".
        metric: name, function of scikit-learn's form, or None for the task's usual one.
        synthesizers: feature sets by name; each is learnt anew inside every training fold.
        splits: folds, or None to have them suggested.
        groups: (n,) ids that must not cross folds.
        times: (n,) dates or numbers that order the rows.
        budget: seconds or units; 60 s when None.
        seed: of all randomness.
        sample_weight: (n,) or None.
        deploy: "fast" refits on all rows, "accurate" keeps the models of all folds.
        memory_bytes: how much prepared data may be kept.
        listener: told what happens.

    Raises:
        InputError: the rows or the target cannot be used.
        SettingError: metric or splits do not fit.
    """
    return _Search(
        frame, y, task, metric, dict(synthesizers or {}), splits, groups, times,
        budget or Budget(time_budget_s=60), seed, sample_weight, deploy, memory_bytes, listener,
    ).run()  # fmt: skip


class _Search:
    def __init__(
        self, frame: pl.DataFrame, y: Any, task: Task, metric: Any, synthesizers: dict[str, Factory],
        splits: Splits | None, groups: Any, times: Any, budget: Budget, seed: int, sample_weight: Any,
        deploy: str, memory_bytes: float, listener: Listener,
    ) -> None:  # fmt: skip
        if frame.height != len(y):
            raise InputError(f"{frame.height} rows but {len(y)} targets", hint="give one target per row")
        if deploy not in ("fast", "accurate"):
            raise InputError(f"deploy is '{deploy}'", hint="write fast or accurate")
        self.budget, self.deploy, self.listener, self.seed = budget, deploy, listener, seed
        self.start = budget.spent()
        self.y, self.classes = encode_target(y, task)
        self.task: Task = "binary" if len(self.classes) == 2 else "multiclass" if self.classes else "regression"
        self.metric = metrics_.resolve(metric, self.task, self.y, np.asarray(self.classes) if self.classes else None)
        self.notes: list[str] = []
        if metric is None:
            self.note(f"judged by {self.metric.name}: {metrics_.default(self.task, self.y)[1]}")
        self.weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        if splits is None:
            splits = splits_.suggest(
                self.y, self.task, frame=frame, groups=groups, times=times, seed=seed
            )  # fmt: skip
        self.splits = splits_.check(splits, frame.height)
        self.note(self.splits.why)
        for note in self.splits.notes:
            self.note(note)
        self.bench = Bench(
            frame, self.y, task=self.task, classes=len(self.classes), metric=self.metric, splits=self.splits,
            synthesizers=synthesizers, weight=self.weight, budget=budget, seed=seed, memory_bytes=memory_bytes,
        )  # fmt: skip
        self.predictor = self._floor()
        self.race: Race | None = None
        self.feature_losses: dict[str, float] = {}

    def note(self, text: str) -> None:
        if text:
            self.notes.append(text)
            self.say(text)

    def say(self, text: str) -> None:
        self.listener(Event("search", text))

    def _floor(self) -> Predictor:
        if self.classes:
            shares = np.bincount(self.y, weights=self.weight, minlength=len(self.classes)).astype(np.float64)
            prior = (shares / shares.sum()).tolist()
        else:
            middle = metrics_.METRICS["mae"].name == self.metric.name
            prior = [float(np.median(self.y)) if middle else float(np.average(self.y, weights=self.weight))]
        inputs = {name: str(dtype) for name, dtype in self.bench.frame.schema.items()}
        return Predictor(self.task, self.classes, self.metric.name, prior, inputs=inputs)

    def run(self) -> SearchResult:
        interrupted = False
        total = max(self.budget.total() - self.start, 1e-3)
        total = 300.0 if total == float("inf") else total
        folds = list(range(len(self.splits.folds)))
        self.race = Race(self.bench, folds, self.start + RACE_SHARE * total, self.say)
        try:
            load_libraries()
            with one_thread():
                self._explore(total)
        except KeyboardInterrupt:
            interrupted = True
            self.note("interrupted: the best so far is kept")
        return self._finish(interrupted, total)

    # -- exploring -----------------------------------------------------------------------------------------------

    def _explore(self, total: float) -> None:
        race = self._race()
        names = [*self.bench.synthesizers] or [""]
        target, other = self._targets()
        first = default(self.task, names[0], 0.1, target)
        pilot = race.step(first, 0, PILOT_SHARE * total)
        if pilot is None:
            self.note("no time for a single model: the class shares or the mean are predicted")
            return
        spent = pilot.units if self.budget.deterministic else pilot.fit_s + pilot.predict_s
        spent = spent if pilot.complete else max(spent, PILOT_SHARE * total) * 2.0
        room = race.left() * (1 if self.budget.deterministic else usable())
        rate = next((r for r in RATES if spent * (0.1 / r) * TYPICAL_FITS < room), RATES[-1])
        features = self._race_features(names, first)
        view = self.bench.view(features, 0)
        _, categories = usable_columns(view.train)
        entered = portfolio(
            task=self.task, rows=view.train.height, columns=view.train.width, categories=len(categories),
            features=features, rate=rate, target=target, other_target=other,
        )  # fmt: skip
        yardstick = default(self.task, features, 0.1, target)
        race.halve([yardstick, *entered], rungs_of(race.folds, self.bench.frame.height))

    def _race(self) -> Race:
        assert self.race is not None
        return self.race

    def _targets(self) -> tuple[str, str | None]:
        if self.task != "regression":
            return "plain", None
        if self.metric.name == "rmsle":
            return ("log", None) if self.y.min() > -1 else ("plain", None)
        if heavy_tailed(self.y):
            return ("log", "plain") if self.metric.name in ("mape",) else ("plain", "log")
        return "plain", None

    def _race_features(self, names: list[str], first: Configuration) -> str:
        race = self._race()
        if len(names) == 1:
            return names[0]
        rivals = [Configuration(first.family, first.parameters, name, first.label) for name in names]
        for fold in race.folds[:3]:
            if race.left() > 0.6 * (race.end - self.start):
                race.batch([(rival, fold) for rival in rivals])
        shared = [f for f in race.folds if all(f in race.runner(r).results for r in rivals)]
        if not shared:
            return names[0]
        means = {r.features: race.runner(r).mean(shared) for r in rivals}
        self.feature_losses = means
        best = min(means, key=lambda name: means[name])
        said = ", ".join(f"{name or 'as given'} {loss:.4g}" for name, loss in means.items())
        self.note(f"feature sets on {len(shared)} folds ({self.metric.name} loss): {said}")
        return best

    # -- finishing -----------------------------------------------------------------------------------------------

    def _finish(self, interrupted: bool, total: float) -> SearchResult:
        race = self._race()
        folds = self._common_folds()
        ranked = race.ranked(folds) if folds else []
        empty = np.full((len(self.y), len(self.classes)) if self.classes else len(self.y), np.nan)
        if not ranked:
            return self._result([], empty, interrupted, [])
        best = ranked[0]
        members = ranked[:MEMBERS_IN_ENSEMBLE]
        stacked = {r.configuration.key: self._out_of_fold(r, folds) for r in members}
        covered = np.asarray(~np.isnan(stacked[best.configuration.key].reshape(len(self.y), -1)).any(axis=1))
        weights = self._weights(members, stacked, covered, folds)
        oof = np.zeros_like(empty)
        for runner, weight in weights:
            oof = oof + weight * stacked[runner.configuration.key]
        self._calibrate(oof, covered)
        self._deploy(weights, folds, total, interrupted)
        return self._result(weights, oof, interrupted, folds)

    def _common_folds(self) -> list[int]:
        """The folds that decide: as many as possible on which at least three runners (or all there are) stand."""
        race = self._race()
        best: list[int] = []
        wanted = min(3, race.runners_done())
        for count in range(len(race.folds), 0, -1):
            folds = race.folds[:count]
            if len(race.ranked(folds)) >= wanted > 0:
                best = folds
                break
        return best

    def _out_of_fold(self, runner: Runner, folds: list[int]) -> Array:
        rows = len(self.y)
        total = np.zeros((rows, len(self.classes))) if self.classes else np.zeros(rows)
        count = np.zeros(rows)
        for fold in folds:
            valid = self.splits.folds[fold][1]
            total[valid] += runner.results[fold].prediction
            count[valid] += 1
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total / (count[:, None] if self.classes else count))

    def _weights(
        self, members: list[Runner], stacked: dict[str, Array], covered: Array, folds: list[int]
    ) -> list[tuple[Runner, float]]:
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
        blocks = self._blocks(rows, folds)
        single = np.array([self.metric.loss(y[b], stand[0][b], None if weight is None else weight[b]) for b in blocks])
        several = np.array([self.metric.loss(y[b], mixed[b], None if weight is None else weight[b]) for b in blocks])
        gain, error = paired_gain(single, several)
        if gain <= error:
            self.note(f"an ensemble gains {gain:.2g} ± {error:.2g}: the best single model is kept")
            return [(best, 1.0)]
        self.note(
            f"the ensemble of {np.count_nonzero(found)} gains {gain:.2g} ± {error:.2g} over the best single model"
        )
        return [(r, float(w)) for r, w in zip(members, found, strict=True) if w > 0]

    def _blocks(self, rows: Array, folds: list[int]) -> list[Array]:
        """Positions in ``rows``, in some ten blocks that respect the folds and hold every class."""
        place = np.full(len(self.y), -1)
        place[rows] = np.arange(len(rows))
        first = [
            self.splits.folds[f][1] for f in folds[: max(1, len(self.splits.folds) // max(1, self.splits.repeats))]
        ]
        per = max(1, -(-BLOCKS // len(first)))
        least = 30 if not self.classes else 30 * len(self.classes)
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
            if self.task == "binary":
                from autoprep.model_search.calibrate import heat

                warm = heat(said, predictor.temperature, predictor.mix, np.asarray(predictor.prior))
                predictor.threshold = learn_threshold(y, warm, self.metric, weight)
        else:
            predictor.conformal = Conformal.learn(y, oof[rows])

    def _limit(self, keep: float = 0.0) -> Limit:
        left = max(0.0, self.budget.remaining() - keep)
        if self.budget.deterministic:
            return Limit(float("inf"), left, self.budget.clock)
        return Limit(self.budget.clock() + left, float("inf"), self.budget.clock, self.bench.stop)

    def _deploy(self, weights: list[tuple[Runner, float]], folds: list[int], total: float, interrupted: bool) -> None:
        predictor = self.predictor
        numbers: dict[int, int] = {}

        def number(synthesizer: Synthesizer | None) -> int:
            if synthesizer is None:
                return -1
            if id(synthesizer) not in numbers:
                numbers[id(synthesizer)] = len(predictor.synthesizers)
                predictor.synthesizers.append(synthesizer)
            return numbers[id(synthesizer)]

        for runner, weight in sorted(weights, key=lambda pair: -pair[1]):
            refitted = None
            if self.deploy == "fast" and not interrupted:
                refitted = self._refit(runner, total)
            if refitted is not None:
                for part, synthesizer in refitted:
                    predictor.members.append(Member(part, weight / len(refitted), number(synthesizer)))
                continue
            for fold in folds:
                part = runner.results[fold].part
                synthesizer = self.bench.synthesizer(part.features, fold)
                predictor.members.append(Member(part, weight / len(folds), number(synthesizer)))
        if any(f >= 0 for f in folds) and self.deploy == "accurate":
            self.note(f"the models of {len(folds)} folds are kept")

    def _refit(self, runner: Runner, total: float) -> list[tuple[Any, Synthesizer | None]] | None:
        rows = self.bench.frame.height
        train = float(np.mean([len(self.splits.folds[f][0]) for f in runner.results]))
        expected = runner.cost(rows, self.bench) * 1.15
        view_key = runner.configuration.features
        expected += self.bench.view_units.get(view_key, 0.0) * rows / train
        left = self.budget.remaining() - 0.02 * total
        if expected > left:
            self.note(f"{runner.configuration.label}: no time to refit on all rows, the models of the folds are kept")
            return None
        rounds = runner.rounds()
        family = runner.configuration.family
        if family == "lightgbm":
            rounds *= (rows / train) ** 0.7
        seeds = [self.seed]
        if family == "lightgbm" and rows <= 5_000 and expected * 6 < left / 2:
            seeds = [self.seed, self.seed + 1, self.seed + 2]
        found = []
        try:
            for seed in seeds:
                limit = self._limit()
                found.append(
                    self.bench.refit(runner.configuration, max(1, round(rounds)), runner.factor(), limit, seed)
                )
        except OutOfTime:
            return found or None
        return found

    def _result(
        self, weights: list[tuple[Runner, float]], oof: Array, interrupted: bool, folds: list[int]
    ) -> SearchResult:
        race = self._race()
        sign = self.metric.greater_is_better
        trials = []
        for runner in race.runners.values():
            if not runner.results:
                continue
            loss = runner.mean()
            values = list(runner.results.values())
            made = f"{len(values)} folds" + (f"; {runner.note}" if runner.note else "")
            trials.append(
                Trial(
                    runner.configuration.label, loss, 1.0 - loss if sign else loss, runner.error(),
                    float(np.mean([r.fit_s for r in values])), float(np.mean([r.predict_s for r in values])),
                    values[0].columns,
                    {**runner.configuration.parameters, "features": runner.configuration.features,
                     "best_rounds": round(runner.rounds())}, made,
                )
            )  # fmt: skip
        scores: list[float] = []
        for fold in folds if weights else []:
            valid = self.splits.folds[fold][1]
            mixed = np.sum([w * r.results[fold].prediction for r, w in weights], axis=0)
            weight = None if self.weight is None else self.weight[valid]
            scores.append(self.metric.score(self.y[valid], mixed, weight, self.predictor.threshold))
        if len(weights) > 1:
            losses = [1.0 - s if sign else s for s in scores]
            error = float(np.std(losses, ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else 0.0
            made = " + ".join(f"{w:.0%} {r.configuration.label}" for r, w in sorted(weights, key=lambda p: -p[1]))
            mean = float(np.mean(losses))
            trials.append(Trial("ensemble", mean, 1.0 - mean if sign else mean, error, note=made))
        board = Leaderboard(self.metric.name, sign, tuple(sorted(trials, key=lambda t: t.loss)))
        return SearchResult(
            board, self.predictor, oof, self.metric, self.classes, self.splits, tuple(self.notes),
            tuple(scores), self.feature_losses, interrupted,
        )  # fmt: skip
