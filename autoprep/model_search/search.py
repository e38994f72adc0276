"""The search: a usable model at once, better ones while there is time, the best kept and refitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.budget import Budget
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.model_search import metrics as metrics_
from autoprep.model_search import splits as splits_
from autoprep.model_search.board import judged_on
from autoprep.model_search.explore import Explorer
from autoprep.model_search.finish import DEPLOYED, Finisher
from autoprep.model_search.journal import Journal, identity
from autoprep.model_search.lightgbm_model import round_cost
from autoprep.model_search.metrics import Metric
from autoprep.model_search.predictor import Predictor
from autoprep.model_search.prepared import Factory
from autoprep.model_search.race import Race
from autoprep.model_search.sample import SAMPLERS, Sampler
from autoprep.model_search.splits import Splits
from autoprep.model_search.target import encode_target, positive_of
from autoprep.model_search.threads import load_libraries, one_thread
from autoprep.model_search.trial import Bench
from autoprep.model_search.variants import Variants
from autoprep.types import Event, Leaderboard, Listener, Task, Trial, silent

Array = NDArray[Any]

#: Fits of plain LightGBM that the time must carry for several folds to be used on many rows.
FITS_OF_FOLDS = 60


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
        feature_gains: per further feature set, the mean loss that it saves over the simplest, its standard error, and
            how many folds judged it.
        interrupted: whether Ctrl-C ended the search.
        front: the configurations that no other beats in loss, work of a prediction and size at once, best loss first.
        cleaning: lossy steps of the cleaning that what is kept has flipped.
        flip_gain: mean loss over folds that flipping them saves, and its standard error.
        judged_on: on which rows the scores stand, in words; "" where there are none.
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
    front: tuple[Trial, ...] = ()
    cleaning: tuple[str, ...] = ()
    flip_gain: tuple[float, float] = (0.0, 0.0)
    feature_gains: Mapping[str, tuple[float, float, int]] = field(default_factory=dict)
    judged_on: str = ""


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
    gap: float = 0.0,
    budget: Budget | None = None,
    seed: int = 0,
    sample_weight: Any = None,
    deploy: str = "balanced",
    memory_bytes: float = 1e9,
    ceiling_bytes: float = float("inf"),
    sampler: Sampler = "evolution",
    listener: Listener = silent,
    journal: Journal | None = None,
    variants: Variants | None = None,
    monotone: Mapping[str, int] | None = None,
    positive: Any = None,
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
        gap: training rows are earlier than the rows they are judged on by more than this, in seconds of dates or units
            of numbers.
        budget: seconds or units; 60 s when None.
        seed: of all randomness.
        sample_weight: (n,) or None.
        deploy: "balanced" refits what shares the prediction on all rows, "fast" one model unless several gain
            significantly, "accurate" keeps the models of all folds.
        memory_bytes: how much prepared data may be kept.
        ceiling_bytes: what the process may hold in all: beyond it no further fit is started, and the best is kept.
        sampler: what the time after the race goes to: "evolution", or Optuna's "tpe" or "cma" (``autoprep[optuna]``).
        listener: told what happens.
        journal: keeps finished trials on disk; with ``resume`` those of an interrupted search are not run again.
        variants: the rows under other cleanings, which evolution may choose; ``frame`` is the plain one.
        monotone: number columns of ``frame`` -> 1 (the prediction never falls when the value rises) or -1 (never
            rises); only LightGBM is tried then.
        positive: of two classes the one that F1 and average precision are about; see ``target.positive_of``.

    Raises:
        InputError: the rows or the target cannot be used.
        SettingError: metric or splits do not fit.
    """
    return _Search(
        frame, y, task, metric, dict(synthesizers or {}), splits, groups, (times, gap),
        budget or Budget(time_budget_s=60), seed, sample_weight, deploy, (memory_bytes, ceiling_bytes), sampler,
        listener, journal, variants, dict(monotone or {}), positive,
    ).run()  # fmt: skip


class _Search:
    def __init__(
        self, frame: pl.DataFrame, y: Any, task: Task, metric: Any, synthesizers: dict[str, Factory],
        splits: Splits | None, groups: Any, ordered: tuple[Any, float], budget: Budget, seed: int, sample_weight: Any,
        deploy: str, memory: tuple[float, float], sampler: Sampler, listener: Listener,
        journal: Journal | None = None, variants: Variants | None = None, monotone: Mapping[str, int] | None = None,
        positive: Any = None,
    ) -> None:  # fmt: skip
        times, gap = ordered
        if frame.height != len(y):
            raise InputError(f"{frame.height} rows but {len(y)} targets", hint="give one target per row")
        if deploy not in DEPLOYED:
            raise InputError(f"deploy is '{deploy}'", hint="write " + ", ".join(DEPLOYED))
        if sampler not in SAMPLERS:
            raise SettingError(f"sampler is '{sampler}'", hint=f"known: {', '.join(SAMPLERS)}")
        self.sampler: Sampler = sampler
        self.budget, self.deploy, self.listener, self.seed = budget, deploy, listener, seed
        self.start = budget.spent()
        self.y, self.classes = encode_target(y, task)
        self.task: Task = "binary" if len(self.classes) == 2 else "multiclass" if self.classes else "regression"
        labels = np.asarray(self.classes) if self.classes else None
        self.metric = metrics_.resolve(metric, self.task, self.y, labels, positive)
        self.notes: list[str] = []
        if self.metric.positive:
            why = positive_of(self.classes, self.y, positive)[1]
            other = next(str(c) for c in self.classes if str(c) != self.metric.positive)
            how = f"positive={other!r} (--positive {quote(other)})"
            self.note(f"{self.metric.said} ({why}); of the other class with {how}")
        self.note(self.metric.why)
        if metric is None:
            self.note(f"judged by {self.metric.name}: {metrics_.default(self.task, self.y)[1]}")
        self.weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        _refuse_weightless(self.y, self.classes, self.weight)
        if splits is None:
            splits = splits_.suggest(
                self.y, self.task, frame=frame, groups=groups, times=times, gap=gap, seed=seed,
                folds=self._folds_in_time(frame, times),
            )  # fmt: skip
        self.splits = splits_.counting(splits_.check(splits, frame.height), self.weight)
        self.note(self.splits.why)
        for note in self.splits.notes:
            self.note(note)
        self.bench = Bench(
            frame, self.y, task=self.task, classes=len(self.classes), metric=self.metric, splits=self.splits,
            synthesizers=synthesizers, weight=self.weight, budget=budget, seed=seed, memory_bytes=memory[0],
            ceiling_bytes=memory[1], variants=variants, monotone=_monotone(monotone, frame, self.task),
        )  # fmt: skip
        self.predictor = self._floor()
        self.journal = journal
        if journal is not None:
            names = {name: str(getattr(made, "args", "")) for name, made in synthesizers.items()}
            settings = (self.task, self.metric.said, seed, names, *([dict(monotone)] if monotone else []))
            known = journal.open(identity(frame, self.y, self.splits.folds, *settings))
            if known:
                self.note(f"{known} trials of the interrupted search are taken as they are")
            elif journal.resume and not journal.foreign:
                self.note("nothing of an interrupted search is there to resume: the search begins anew")
            elif journal.foreign:
                self.note("the journal is of other rows or settings: the search begins anew")

    def note(self, text: str) -> None:
        if text:
            self.notes.append(text)
            self.say(text)

    def say(self, text: str, **figures: float) -> None:
        self.listener(Event("search", text, figures))

    def _folds_in_time(self, frame: pl.DataFrame, times: Any) -> int | None:
        """One (a hold-out) when the budget does not carry a race over several folds of many rows, else as usual."""
        if times is not None or frame.height < splits_.HOLDOUT_FROM:
            return None
        left = self.budget.total() - self.start
        fit = 120 * round_cost(frame.height, frame.width, len(self.classes))
        return 1 if left < FITS_OF_FOLDS * fit else None

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
        if self.splits.kind == "time":
            folds.reverse()  # where there is no time for all of them, the newest rows judge
        race = Race(self.bench, folds, self.start, total, self.say, self.journal)
        explorer = Explorer(self.bench, race, total, self.note, self.say, self.sampler)
        try:
            load_libraries()
            with one_thread():
                explorer.explore()
        except KeyboardInterrupt:
            interrupted = True
            self.note("interrupted: the best so far is kept")
        if self.bench.crowded():
            self.note(f"the memory ceiling of {self.bench.ceiling_bytes / 1e9:g} GB ended the search: the best is kept")
        finisher = Finisher(self.bench, race, self.predictor, self.deploy, total, self.note)
        try:
            with one_thread():
                oof, scores, board = finisher.finish(interrupted)
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            self.note("interrupted: the models of the folds are kept as they are")
            self.predictor = self._floor()
            finisher = Finisher(self.bench, race, self.predictor, self.deploy, total, self.note)
            with one_thread():
                oof, scores, board = finisher.finish(interrupted)
        if self.journal is not None and not interrupted:
            self.journal.done()
        return SearchResult(
            board, self.predictor, oof, self.metric, self.classes, self.splits, tuple(self.notes),
            tuple(scores), explorer.feature_losses, interrupted, finisher.front(), finisher.cleaning,
            finisher.flip_gain, explorer.feature_gains, judged_on(finisher.folds, self.splits) if scores else "",
        )  # fmt: skip


def _refuse_weightless(y: Array, classes: list[Any], weight: Array | None) -> None:
    """Refuse weights that leave nothing to tell apart.

    Raises:
        InputError: all rows of a class weigh nothing.
    """
    if weight is None or not classes:
        return
    heavy = np.bincount(y, weights=weight, minlength=len(classes)) > 0
    if not heavy.all():
        label = classes[int(heavy.argmin())]
        raise InputError(f"all rows of the class '{label}' have a weight of 0", hint="weigh them, or leave them out")


def _monotone(asked: Mapping[str, int] | None, frame: pl.DataFrame, task: Task) -> Mapping[str, int]:
    """What is asked for, when it can be kept.

    Raises:
        SettingError: several classes, no such number column, or a direction that is neither 1 nor -1.
    """
    if not asked:
        return {}
    if task == "multiclass":
        raise SettingError("monotone is for two classes or values", hint="leave it out for several classes")
    for name, direction in asked.items():
        if name not in frame.columns or not frame.schema[name].is_numeric():
            numbers = [c for c in frame.columns if frame.schema[c].is_numeric()]
            raise SettingError(f"monotone: '{name}' is no number column", hint=did_you_mean(name, numbers))
        if direction not in (1, -1):
            raise SettingError(f"monotone: the direction of '{name}' is {direction}", hint="write 1 or -1")
    return dict(asked)
