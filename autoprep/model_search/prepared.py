"""The rows of each fold as frames and as matrices, made once and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.budget import Budget
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.costs import VIEW_UNITS, Costs
from autoprep.model_search.encode import Encoder, Kind, usable_columns
from autoprep.model_search.family import Sides
from autoprep.model_search.metrics import Metric
from autoprep.model_search.splits import Splits
from autoprep.model_search.variants import Flips, Variant, Variants

Array = NDArray[Any]

#: The "fold" that is all rows, with none to judge on.
ALL = -1
#: The "fold" that is a sketch: a sample of the first fold's rows, for tables on which a whole fit takes long.
SKETCH = -2
SKETCH_ROWS = 10_000
SKETCH_CELLS = 500_000


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


@dataclass
class View:
    """A fold's frames as a synthesizer makes them, learnt from its training rows."""

    train: pl.DataFrame
    valid: pl.DataFrame | None
    synthesizer: Synthesizer | None


class PreparedRows:
    """Frames and matrices by fold, feature set, encoding and cleaning.

    Args:
        frame: (n, columns) typed rows.
        y: (n,) class codes or values.
        classes: number of classes, 0 for regression.
        metric: that judges.
        splits: the folds.
        synthesizers: feature sets by name.
        weight: (n,) sample weights or None.
        budget: clock or meter.
        costs: told what making them takes.
        seed: of everything.
        memory_bytes: how much may be kept.
        variants: the rows under other cleanings; None when there are none.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        y: Array,
        *,
        classes: int,
        metric: Metric,
        splits: Splits,
        synthesizers: Mapping[str, Factory],
        weight: Array | None,
        budget: Budget,
        costs: Costs,
        seed: int,
        memory_bytes: float,
        variants: Variants | None = None,
    ) -> None:
        self.frame, self.y, self.classes, self.metric = frame, y, classes, metric
        self.splits, self.synthesizers, self.weight = splits, synthesizers, weight
        self.budget, self.costs, self.seed = budget, costs, seed
        self.variants = variants or Variants(Variant(frame, synthesizers))
        self._memory = memory_bytes
        self._views: OrderedDict[tuple[Flips, str, int], View] = OrderedDict()
        self._sides: OrderedDict[tuple[Flips, str, Kind, int, int], Sides] = OrderedDict()
        self._lock, self._view_lock = Lock(), Lock()
        self._making: dict[tuple[Flips, str, Kind, int, int], Lock] = {}
        self.sketch = self._sketched()

    def _sketched(self) -> tuple[Array, Array] | None:
        train, valid = self.splits.folds[0]
        most = max(1_000, min(SKETCH_ROWS, SKETCH_CELLS // max(self.frame.width, 1)))
        if len(train) <= 2 * most:
            return None
        rng = np.random.default_rng(self.seed)

        def some(rows: Array) -> Array:
            return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])

        return some(train), some(valid)

    def rows(self, fold: int) -> tuple[Array, Array | None]:
        """Training and validation rows of a fold; fold ``ALL`` has none to validate, ``SKETCH`` is the sketch."""
        if fold == SKETCH and self.sketch is not None:
            return self.sketch
        if fold < 0:
            return np.arange(self.frame.height) if self.weight is None else np.flatnonzero(self.weight), None
        train, valid = self.splits.folds[fold]
        return train, valid

    def view(self, features: str, fold: int, cleaning: Flips = ()) -> View:
        """A fold's frames."""
        with self._view_lock:
            return self._view((cleaning, features, fold))

    def _view(self, key: tuple[Flips, str, int]) -> View:
        if key in self._views:
            self._views.move_to_end(key)
            return self._views[key]
        cleaning, features, fold = key
        variant = self.variants[cleaning] if cleaning else Variant(self.frame, self.synthesizers)
        started = self.budget.clock()
        train_rows, valid_rows = self.rows(fold)
        train = variant.frame if len(train_rows) == variant.frame.height else variant.frame[train_rows]
        valid = None if valid_rows is None else variant.frame[valid_rows]
        synthesizer = variant.synthesizers[features]() if features else None
        if synthesizer is not None:
            train = synthesizer.fit_transform(train, self.y[train_rows])
            valid = None if valid is None else synthesizer.transform(valid)
            spent = self.budget.clock() - started
            units = VIEW_UNITS * train.height * train.width
            self.budget.charge(units)
            self.costs.learn_frame(features, train.height, units if self.budget.deterministic else spent)
        self._views[key] = View(train, valid, synthesizer)
        self.costs.learn_width(features, train.width, len(usable_columns(train)[1]))
        self._forget(self._views, lambda v: v.train.estimated_size() * 1.25)
        return self._views[key]

    def sides(self, configuration: Configuration, fold: int) -> Sides:
        """A fold's matrices for a configuration's encoding; of several that ask at once one makes them."""
        key = self._key(configuration, fold)
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

    @staticmethod
    def _key(configuration: Configuration, fold: int) -> tuple[Flips, str, Kind, int, int]:
        return (configuration.cleaning, configuration.features, *configuration.encoding, fold)

    def _make_sides(self, configuration: Configuration, fold: int) -> Sides:
        kind, knots = configuration.encoding
        view = self.view(configuration.features, fold, configuration.cleaning)
        started = self.budget.clock()
        train_rows, valid_rows = self.rows(fold)
        weight = None if self.weight is None else self.weight[train_rows]
        encoder = Encoder(kind, self.classes, knots, seed=self.seed)
        train = encoder.fit_transform(view.train, self.y[train_rows], weight)
        valid = None if view.valid is None else encoder.transform(view.valid)
        self.costs.learn_matrix(kind, view.train.height * view.train.width, self.budget.clock() - started)
        return Sides(
            encoder, train, self.y[train_rows], weight, valid,
            None if valid_rows is None else self.y[valid_rows],
            None if valid_rows is None or self.weight is None else self.weight[valid_rows],
            self.classes, self.metric.name, self.seed,
        )  # fmt: skip

    def prepare_cost(self, configuration: Configuration, fold: int) -> float:
        """Seconds (or units) that the matrices of a fit are expected to take to make; 0 when they are there."""
        if self._key(configuration, fold) in self._sides:
            return 0.0
        matrix = self.costs.matrix(configuration, len(self.rows(fold)[0]))
        return matrix + self._view_cost(configuration.features, fold, configuration.cleaning)

    def _view_cost(self, features: str, fold: int, cleaning: Flips = ()) -> float:
        """Seconds (or units) that a fold's frames are expected to take to make; 0 when they are there."""
        if (cleaning, features, fold) in self._views:
            return 0.0
        first = 0.0 if self.budget.deterministic or self.variants.known(cleaning) else self.variants.cost_s
        return first + self.costs.frame(features, len(self.rows(fold)[0]))

    def clear(self) -> None:
        """Keep nothing that can be made again."""
        with self._view_lock, self._lock:
            self._views.clear()
            self._sides.clear()

    def _forget(self, kept: OrderedDict[Any, Any], size: Callable[[Any], float]) -> None:
        total = sum(size(value) for value in kept.values())
        while total > self._memory and len(kept) > 1:
            total -= size(kept.popitem(last=False)[1])
