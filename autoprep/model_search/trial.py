"""One configuration on one fold: fitted, judged, timed; everything learnt from the training rows only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.budget import Budget
from autoprep.model_search.balance import PROPER, class_weights, uneven, weighed
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.costs import Costs
from autoprep.model_search.family import Axis, Sides
from autoprep.model_search.limits import Limit, Unfit, resident_bytes
from autoprep.model_search.metrics import Metric
from autoprep.model_search.models import MODELS
from autoprep.model_search.part import Part, TargetScale
from autoprep.model_search.prepared import ALL, Factory, PreparedRows, Synthesizer
from autoprep.model_search.splits import Splits
from autoprep.model_search.variants import Flips, Variants
from autoprep.types import Task

Array = NDArray[Any]


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


class Bench(PreparedRows):
    """The rows, the folds, what has been prepared of them, and the fits on them.

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
        super().__init__(
            frame,
            y,
            classes=classes,
            metric=metric,
            splits=splits,
            synthesizers=synthesizers,
            weight=weight,
            budget=budget,
            costs=Costs(frame.width, classes, counted=budget.deterministic),
            seed=seed,
            memory_bytes=memory_bytes,
            variants=variants,
        )
        self.task = task
        self.monotone = dict(monotone or {})
        self.ceiling_bytes = ceiling_bytes
        self.uneven = uneven(y, classes) and metric.name not in PROPER
        self.stop = Event()

    def space(self, family: str) -> Mapping[str, Axis]:
        """The hyper-parameters of a family that are worth changing for this target."""
        found = MODELS[family].space
        return found if self.uneven else {name: axis for name, axis in found.items() if name != "balance"}

    def crowded(self) -> bool:
        """Whether the process holds more than its ceiling, even without prepared data that can be made again."""
        if self.ceiling_bytes == float("inf") or self.budget.deterministic or resident_bytes() <= self.ceiling_bytes:
            return False
        self.clear()
        return resident_bytes() > self.ceiling_bytes

    def estimate(self, configuration: Configuration, fold: int) -> float:
        """Seconds (or units) that a fit is expected to take, preparation included."""
        return self.costs.fit(configuration, len(self.rows(fold)[0])) + self.prepare_cost(configuration, fold)

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
        if not self.budget.deterministic:
            rows, columns = sides.train.shape
            spent = threads * (fitted - started) + done - fitted
            self.costs.learn(configuration, rows=rows, columns=columns, spent=spent)
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
        sides = self.sides(configuration, ALL)
        part, _ = self._fit(configuration, sides, rounds, limit, seed)
        part.scale = replace(part.scale, factor=factor)
        return part, self.view(configuration.features, ALL, configuration.cleaning).synthesizer

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

    def learn_units(self, configuration: Configuration, fold: int, result: FoldResult) -> None:
        """What a finished trial says of the cost of the next, where work is counted; told in a fixed order."""
        if self.budget.deterministic:
            rows = len(self.rows(fold)[0])
            self.costs.learn(configuration, rows=rows, columns=result.columns, spent=result.units)

    def synthesizer(self, features: str, fold: int, cleaning: Flips = ()) -> Synthesizer | None:
        """The synthesizer learnt on a fold's training rows."""
        return self.view(features, fold, cleaning).synthesizer
