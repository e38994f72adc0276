"""One configuration on one fold: prepared, fitted, judged, timed; everything learnt from the training rows only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event, Lock
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.budget import Budget
from autoprep.model_search.balance import PROPER, class_weights, undone, uneven, weighed
from autoprep.model_search.encode import TARGET_CLASSES, Encoder, Kind, usable_columns
from autoprep.model_search.family import Axis, Fitted, Sides
from autoprep.model_search.limits import Limit, Unfit, resident_bytes
from autoprep.model_search.metrics import Metric
from autoprep.model_search.models import MODELS
from autoprep.model_search.splits import Splits
from autoprep.model_search.variants import Flips, Variant, Variants
from autoprep.types import Task

Array = NDArray[Any]

#: The "fold" that is a sketch: a sample of the first fold's rows, for tables on which a whole fit takes long.
SKETCH = -2
SKETCH_ROWS = 10_000
SKETCH_CELLS = 500_000
#: Seconds that making a matrix takes for one cell of a frame, by the kind of matrix; corrected by what is seen.
CELL_COST: Mapping[Kind, float] = {"native": 1e-7, "target": 5e-7, "linear": 1.2e-6}


class Synthesizer(Protocol):
    """What makes model-ready columns of a typed frame; learnt anew inside every training fold."""

    @property
    def features(self) -> Any:
        """The definitions of its columns."""
        ...

    def fit_transform(self, frame: pl.DataFrame, y: Array) -> pl.DataFrame:
        """Learn from training rows and give their columns, encodings cross-fitted."""
        ...

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns of new rows."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        ...


Factory = Callable[[], Synthesizer]


@dataclass(frozen=True)
class Configuration:
    """A point of the search: a family of models, its parameters, and the feature set it sees.

    Attributes:
        family: name in ``MODELS``.
        parameters: hyper-parameters and the search's own ("encoding", "knots", "target", "rounds", "patience").
        features: name of a synthesizer; "" for the frame itself.
        label: short readable name.
        cleaning: lossy steps of the cleaning that are flipped, sorted.
    """

    family: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    features: str = ""
    label: str = ""
    cleaning: Flips = ()

    @property
    def key(self) -> str:
        """The same text for equal configurations."""
        said = ",".join(f"{k}={self.parameters[k]}" for k in sorted(self.parameters))
        flipped = f"#{'+'.join(self.cleaning)}" if self.cleaning else ""
        return f"{self.family}({said})@{self.features}{flipped}"

    @property
    def encoding(self) -> tuple[Kind, int]:
        """Kind of matrix and number of hinges."""
        kind: Kind = self.parameters.get("encoding", MODELS[self.family].encoding)
        return kind, int(self.parameters.get("knots", 0)) if kind == "linear" else 0


@dataclass(frozen=True)
class TargetScale:
    """How a target is turned before fitting and back after predicting.

    Attributes:
        kind: "plain" or "log" (logarithm of 1 + value - shift).
        shift: least value seen where it is below 0, else 0.
        factor: what turned-back predictions are multiplied with, so that they are right on average (Duan 1983).
        weights: (classes,) what the rows of each class weighed in the fit; () where they weighed the same.
    """

    kind: str = "plain"
    shift: float = 0.0
    factor: float = 1.0
    weights: tuple[float, ...] = ()

    @classmethod
    def learn(cls, y: Array, kind: str) -> TargetScale:
        """For these training values."""
        return cls(kind, min(0.0, float(y.min())) if kind == "log" else 0.0)

    def turn(self, y: Array) -> Array:
        """Values (n,) as the model sees them."""
        return np.log1p(np.maximum(y - self.shift, 0.0)) if self.kind == "log" else y

    def back(self, predicted: Array) -> Array:
        """Predictions (n,) in the target's own units, or probabilities (n, classes) for the classes' own shares."""
        if self.weights:
            return undone(predicted, self.weights)
        if self.kind != "log":
            return predicted
        return np.asarray(np.expm1(np.minimum(predicted, 700.0)) * self.factor + self.shift)


@dataclass
class Part:
    """A fitted model with what stands before and after it."""

    features: str
    encoder: Encoder
    model: Fitted
    family: str
    scale: TargetScale

    def predict(self, frame: pl.DataFrame) -> Array:
        """Probabilities (n, classes) or values (n,) for a frame that the synthesizer has transformed."""
        return self.after(self.model.predict(self.encoder.transform(frame)))

    def after(self, predicted: Array) -> Array:
        """Model output in the target's own units."""
        return self.scale.back(predicted)


@dataclass
class FoldResult:
    """What one configuration did on one fold; ``prediction`` is for the fold's validation rows, ``threads`` are those
    that the fit had."""

    prediction: Array
    loss: float
    fit_s: float
    predict_s: float
    units: float
    columns: int
    part: Part
    complete: bool
    threads: int = 1


@dataclass
class _View:
    train: pl.DataFrame
    valid: pl.DataFrame | None
    synthesizer: Synthesizer | None


class Bench:
    """The rows, the folds, and what has been prepared of them so far.

    Args:
        frame: (n, columns) typed rows.
        y: (n,) class codes or values.
        task: what is predicted.
        classes: number of classes, 0 for regression.
        metric: that judges.
        splits: the folds.
        synthesizers: feature sets by name.
        weight: (n,) sample weights or None.
        budget: clock or meter.
        seed: of everything.
        memory_bytes: how much prepared data may be kept.
        ceiling_bytes: what the process may hold in all for another fit to start; not watched with a budget of work,
            whose fits must not hang on what else the process holds.
        variants: the rows under other cleanings; None when there are none.
        monotone: number columns whose rise the prediction must follow (1) or oppose (-1).
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        y: Array,
        *,
        task: Task,
        classes: int,
        metric: Metric,
        splits: Splits,
        synthesizers: Mapping[str, Factory],
        weight: Array | None,
        budget: Budget,
        seed: int,
        memory_bytes: float,
        ceiling_bytes: float = float("inf"),
        variants: Variants | None = None,
        monotone: Mapping[str, int] | None = None,
    ) -> None:
        self.monotone = dict(monotone or {})
        self.ceiling_bytes = ceiling_bytes
        self.variants = variants or Variants(Variant(frame, synthesizers))
        self.frame, self.y, self.task, self.classes = frame, y, task, classes
        self.metric, self.splits, self.synthesizers = metric, splits, synthesizers
        self.weight, self.budget, self.seed = weight, budget, seed
        self.uneven = uneven(y, classes) and metric.name not in PROPER
        self._memory = memory_bytes
        self._views: OrderedDict[tuple[Flips, str, int], _View] = OrderedDict()
        self._sides: OrderedDict[tuple[Flips, str, Kind, int, int], Sides] = OrderedDict()
        self._lock, self._view_lock = Lock(), Lock()
        self._making: dict[tuple[Flips, str, Kind, int, int], Lock] = {}
        self.stop = Event()
        self.speed: dict[str, float] = {}
        self.view_units: dict[str, float] = {}
        self.cell_speed: dict[Kind, float] = {}
        self.sketch = self._sketched()
        self.columns: dict[str, int] = {}
        self.categories: dict[str, int] = {}

    def _sketched(self) -> tuple[Array, Array] | None:
        train, valid = self.splits.folds[0]
        most = max(1_000, min(SKETCH_ROWS, SKETCH_CELLS // max(self.frame.width, 1)))
        if len(train) <= 2 * most:
            return None
        rng = np.random.default_rng(self.seed)

        def some(rows: Array) -> Array:
            return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])

        return some(train), some(valid)

    def space(self, family: str) -> Mapping[str, Axis]:
        """The hyper-parameters of a family that are worth changing for this target."""
        found = MODELS[family].space
        return found if self.uneven else {name: axis for name, axis in found.items() if name != "balance"}

    def rows(self, fold: int) -> tuple[Array, Array | None]:
        """Training and validation rows of a fold; fold -1 is all rows without validation, ``SKETCH`` the sketch."""
        if fold == SKETCH and self.sketch is not None:
            return self.sketch
        if fold < 0:
            return np.arange(self.frame.height), None
        train, valid = self.splits.folds[fold]
        return train, valid

    def view(self, features: str, fold: int, cleaning: Flips = ()) -> _View:
        """A fold's frames as a synthesizer makes them, learnt from its training rows."""
        with self._view_lock:
            return self._view((cleaning, features, fold))

    def _view(self, key: tuple[Flips, str, int]) -> _View:
        if key in self._views:
            self._views.move_to_end(key)
            return self._views[key]
        cleaning, features, fold = key
        variant = self.variants[cleaning] if cleaning else Variant(self.frame, self.synthesizers)
        started = self.budget.clock()
        train_rows, valid_rows = self.rows(fold)
        train = variant.frame if fold == -1 else variant.frame[train_rows]
        valid = None if valid_rows is None else variant.frame[valid_rows]
        synthesizer = variant.synthesizers[features]() if features else None
        if synthesizer is not None:
            train = synthesizer.fit_transform(train, self.y[train_rows])
            valid = None if valid is None else synthesizer.transform(valid)
            spent = self.budget.clock() - started
            units = 2e-7 * train.height * train.width
            self.budget.charge(units)
            self.view_units[features] = (units if self.budget.deterministic else spent) / max(train.height, 1)
        self._views[key] = _View(train, valid, synthesizer)
        self.columns[features] = train.width
        self.categories[features] = len(usable_columns(train)[1])
        self._forget(self._views, lambda v: v.train.estimated_size() * 1.25)
        return self._views[key]

    def sides(self, configuration: Configuration, fold: int) -> Sides:
        """A fold's matrices for a configuration's encoding."""
        kind, knots = configuration.encoding
        key = (configuration.cleaning, configuration.features, kind, knots, fold)
        with self._lock:
            if key in self._sides:
                self._sides.move_to_end(key)
                return self._sides[key]
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._sides:
                    return self._sides[key]
            made = self._make_sides(configuration, fold)
            with self._lock:
                self._sides[key] = made
                self._forget(self._sides, lambda s: s.train.nbytes * 1.5)
            return made

    def _make_sides(self, configuration: Configuration, fold: int) -> Sides:
        kind, knots = configuration.encoding
        view = self.view(configuration.features, fold, configuration.cleaning)
        started = self.budget.clock()
        train_rows, valid_rows = self.rows(fold)
        weight = None if self.weight is None else self.weight[train_rows]
        encoder = Encoder(kind, self.classes, knots, seed=self.seed)
        train = encoder.fit_transform(view.train, self.y[train_rows], weight)
        valid = None if view.valid is None else encoder.transform(view.valid)
        if not self.budget.deterministic:
            cells = max(view.train.height * view.train.width, 1)
            self.cell_speed[kind] = (self.budget.clock() - started) / cells
        return Sides(
            encoder, train, self.y[train_rows], weight, valid,
            None if valid_rows is None else self.y[valid_rows],
            None if valid_rows is None or self.weight is None else self.weight[valid_rows],
            self.classes, self.metric.name, self.seed,
        )  # fmt: skip

    def crowded(self) -> bool:
        """Whether the process holds more than its ceiling, even without prepared data that can be made again."""
        if self.ceiling_bytes == float("inf") or self.budget.deterministic or resident_bytes() <= self.ceiling_bytes:
            return False
        with self._view_lock, self._lock:
            self._views.clear()
            self._sides.clear()
        return resident_bytes() > self.ceiling_bytes

    def _forget(self, kept: OrderedDict[Any, Any], size: Callable[[Any], float]) -> None:
        total = sum(size(value) for value in kept.values())
        while total > self._memory and len(kept) > 1:
            total -= size(kept.popitem(last=False)[1])

    def estimate(self, configuration: Configuration, fold: int) -> float:
        """Seconds (or units) that a fit is expected to take, preparation included."""
        rows = len(self.rows(fold)[0])
        columns = self.columns.get(configuration.features, self.frame.width)
        if configuration.encoding[0] == "target" and self.classes > 2:
            # A code for each class and one of how many.
            columns += self.categories.get(configuration.features, 0) * min(self.classes, TARGET_CLASSES)
        units = MODELS[configuration.family].cost(rows, columns, max(self.classes, 0), configuration.parameters)
        units *= self.speed.get(configuration.family, self.speed.get("", 1.0))
        return units + self.prepare_cost(configuration, fold)

    def prepare_cost(self, configuration: Configuration, fold: int) -> float:
        """Seconds (or units) that the matrices of a fit are expected to take to make; 0 when they are there."""
        kind, knots = configuration.encoding
        if (configuration.cleaning, configuration.features, kind, knots, fold) in self._sides:
            return 0.0
        cells = len(self.rows(fold)[0]) * self.columns.get(configuration.features, self.frame.width)
        made = self.view_cost(configuration.features, fold, configuration.cleaning)
        return self.cell_speed.get(kind, CELL_COST[kind]) * cells + made

    def view_cost(self, features: str, fold: int, cleaning: Flips = ()) -> float:
        """Seconds (or units) that a fold's frames are expected to take to make; 0 when they are there."""
        if (cleaning, features, fold) in self._views:
            return 0.0
        first = 0.0 if self.budget.deterministic or self.variants.known(cleaning) else self.variants.cost_s
        return first + self.view_units.get(features, 0.0) * len(self.rows(fold)[0])

    def run(self, configuration: Configuration, fold: int, limit: Limit, seed: int | None = None) -> FoldResult:
        """Fit on a fold's training rows and judge on its validation rows.

        Raises:
            OutOfTime: the limit came before there was anything to judge.
        """
        sides = self.sides(configuration, fold)
        started = self.budget.clock()
        part, units = self._fit(configuration, sides, None, limit, seed)
        fitted = self.budget.clock()
        assert sides.valid is not None and sides.valid_y is not None
        valid_rows = self.rows(fold)[1]
        assert valid_rows is not None
        raw = part.model.predict(sides.valid)
        truth = self.y[valid_rows]
        if part.scale.kind == "log" and self.metric.name in ("rmse", "r2"):
            plain = part.scale.back(raw)
            factor = float(np.clip(truth.sum() / max(float(plain.sum()), 1e-12), 0.8, 2.0))
            part.scale = replace(part.scale, factor=factor)
        prediction = part.after(raw)
        done = self.budget.clock()
        threads = MODELS[configuration.family].threads(sides.train.shape[0], limit.threads)
        self._learn_speed(configuration, sides, threads * (fitted - started) + done - fitted)
        weight = None if self.weight is None else self.weight[valid_rows]
        loss = self.metric.loss(truth, prediction, weight)
        return FoldResult(
            prediction, loss, fitted - started, done - fitted, units, sides.train.shape[1], part, not limit.passed(),
            threads,
        )  # fmt: skip

    def refit(
        self, configuration: Configuration, rounds: int, factor: float, limit: Limit, seed: int | None = None
    ) -> tuple[Part, Synthesizer | None]:
        """Fit on all rows with a fixed number of rounds.

        Raises:
            OutOfTime: the limit came before there was a model.
        """
        sides = self.sides(configuration, -1)
        part, _ = self._fit(configuration, sides, rounds, limit, seed)
        part.scale = replace(part.scale, factor=factor)
        return part, self.view(configuration.features, -1, configuration.cleaning).synthesizer

    def again(self, configuration: Configuration, fold: int, result: FoldResult, limit: Limit) -> Part:
        """The part that a fold's result had, fitted as it was then."""
        sides = self.sides(configuration, fold)
        if not result.complete:
            sides = replace(sides, valid=None, valid_y=None, valid_weight=None, kept={})
        part, _ = self._fit(configuration, sides, None if result.complete else result.part.model.rounds, limit, None)
        part.scale = result.part.scale
        return part

    def run_blind(self, configuration: Configuration, fold: int, rounds: int, limit: Limit) -> Array:
        """Predictions for a fold's validation rows by a model that has not seen them, not even to stop early.

        Raises:
            OutOfTime: the limit came before there was a model.
        """
        sides = self.sides(configuration, fold)
        assert sides.valid is not None
        blind = replace(sides, valid=None, valid_y=None, valid_weight=None, kept={})
        part, _ = self._fit(configuration, blind, rounds, limit, None)
        return part.after(part.model.predict(sides.valid))

    def _fit(
        self, configuration: Configuration, sides: Sides, rounds: int | None, limit: Limit, seed: int | None
    ) -> tuple[Part, float]:
        scale = TargetScale()
        y, valid_y, weight, valid_weight = sides.y, sides.valid_y, sides.weight, sides.valid_weight
        power = float(configuration.parameters.get("balance", 0.0))
        if self.classes == 0:
            scale = TargetScale.learn(self.y, str(configuration.parameters.get("target", "plain")))
            y, valid_y = scale.turn(y), None if valid_y is None else scale.turn(valid_y)
        elif power:
            per_class = class_weights(y, self.classes, power, weight)
            scale = TargetScale(weights=tuple(per_class.tolist()))
            weight = weighed(y, per_class, weight)
            valid_weight = None if valid_y is None else weighed(valid_y, per_class, valid_weight)
        inner = Sides(
            sides.encoder, sides.train, y, weight, sides.valid, valid_y, valid_weight,
            sides.classes, sides.metric, self.seed if seed is None else seed, sides.kept, sides.lock, self.monotone,
        )  # fmt: skip
        if not sides.train.shape[1]:
            raise Unfit("there is no usable column")
        model, units = MODELS[configuration.family].fit(inner, configuration.parameters, rounds, limit)
        return Part(configuration.features, sides.encoder, model, configuration.family, scale), units

    def _learn_speed(self, configuration: Configuration, sides: Sides, seconds: float) -> None:
        if self.budget.deterministic:
            return
        expected = MODELS[configuration.family].cost(
            sides.train.shape[0], sides.train.shape[1], self.classes, configuration.parameters
        )
        seen = seconds / max(expected, 1e-6)
        with self._lock:
            for name in (configuration.family, ""):
                old = self.speed.get(name)
                self.speed[name] = seen if old is None else 0.5 * (old + seen)

    def learn_units(self, configuration: Configuration, fold: int, result: FoldResult) -> None:
        """What a finished trial says of the cost of the next, where work is counted; told in a fixed order."""
        if not self.budget.deterministic:
            return
        rows = len(self.rows(fold)[0])
        expected = MODELS[configuration.family].cost(rows, result.columns, self.classes, configuration.parameters)
        seen = result.units / max(expected, 1e-6)
        old = self.speed.get(configuration.family)
        self.speed[configuration.family] = seen if old is None else 0.5 * (old + seen)

    def synthesizer(self, features: str, fold: int, cleaning: Flips = ()) -> Synthesizer | None:
        """The synthesizer learnt on a fold's training rows."""
        return self.view(features, fold, cleaning).synthesizer
