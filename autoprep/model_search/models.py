"""The catalogue of model families, each with its space of hyper-parameters as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search import forest_model, lightgbm_model, linear_model, neighbour_model
from autoprep.model_search.encode import Encoder, Kind
from autoprep.model_search.limits import Limit
from autoprep.registry import Catalogue

Array = NDArray[Any]


class Fitted(Protocol):
    """A trained model over a matrix."""

    rounds: int
    suffix: str

    def predict(self, matrix: Array) -> Array:
        """Probabilities (n, classes) or values (n,)."""
        ...

    def save(self, path: Path) -> None:
        """Write it to a file."""
        ...


@dataclass
class Sides:
    """Training and validation rows as one model sees them.

    Attributes:
        encoder: that made the matrices.
        train: (n, columns).
        y: (n,) codes or (transformed) values.
        weight: (n,) or None.
        valid: (m, columns) or None.
        valid_y: (m,) or None.
        valid_weight: (m,) or None.
        classes: number of classes, 0 for regression.
        metric: name of the metric asked for.
        seed: of all randomness in the fit.
        kept: what a family wants to keep between fits on the same matrices.
        lock: held while ``kept`` is changed.
    """

    encoder: Encoder
    train: Array
    y: Array
    weight: Array | None
    valid: Array | None
    valid_y: Array | None
    valid_weight: Array | None
    classes: int
    metric: str
    seed: int
    kept: dict[str, Any] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Axis:
    """One hyper-parameter: a range (low, high, on a logarithmic scale or not, whole or not) or a list of choices."""

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def draw(self, rng: np.random.Generator) -> Any:
        """A value at random."""
        if self.choices:
            return self.choices[int(rng.integers(len(self.choices)))]
        if self.log:
            value = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        else:
            value = float(rng.uniform(self.low, self.high))
        return round(value) if self.whole else float(f"{value:.4g}")

    def near(self, value: Any, rng: np.random.Generator, width: float = 0.25) -> Any:
        """A value near another: a step of some ``width`` of the range, or another choice."""
        if self.choices:
            return self.draw(rng)
        turn, back = (np.log, np.exp) if self.log else (np.asarray, np.asarray)
        low, high = float(turn(self.low)), float(turn(self.high))
        moved = float(turn(max(float(value), 1e-12) if self.log else float(value))) + rng.normal() * width * (
            high - low
        )
        result = float(back(np.clip(moved, low, high)))
        return round(result) if self.whole else float(f"{result:.4g}")


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes:
        name: in the leaderboard.
        encoding: the matrices it wants unless a configuration says otherwise.
        fit: (sides, parameters, rounds or None, limit) -> (model, units of work).
        cost: (rows, columns, classes, parameters) -> units of work of one fit, about seconds on two cores.
        load: (path, classes, rounds) -> model.
        space: hyper-parameters that the search may change.
        most_rows: training rows beyond which it is not tried.
    """

    name: str
    encoding: Kind
    fit: Callable[[Sides, Mapping[str, Any], int | None, Limit], tuple[Fitted, float]]
    cost: Callable[[int, int, int, Mapping[str, Any]], float]
    load: Callable[[Path, int, int], Fitted]
    space: Mapping[str, Axis] = field(default_factory=dict)
    most_rows: float = float("inf")


MODELS: Catalogue[Family] = Catalogue("model", group="autoprep.models")

#: Parameters of a configuration that steer the search and not the library.
OWN = ("rounds", "patience", "encoding", "knots", "target")


def _fit_lightgbm(
    sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit
) -> tuple[Fitted, float]:
    scale = f"binned {parameters.get('target', 'plain')}"
    with sides.lock:
        if scale not in sides.kept:
            sides.kept[scale] = _binned(sides)
    train, valid = sides.kept[scale]
    return lightgbm_model.fit(
        train,
        valid,
        classes=sides.classes,
        metric=sides.metric,
        parameters={k: v for k, v in parameters.items() if k not in OWN},
        rounds=rounds or int(parameters.get("rounds", 2_000)),
        patience=int(parameters.get("patience", 40)),
        seed=sides.seed,
        limit=limit,
        lock=sides.lock,
    )


def _binned(sides: Sides) -> tuple[Any, Any]:
    categorical = sides.encoder.categorical
    train = lightgbm_model.dataset(sides.train, sides.y, sides.weight, categorical)
    if sides.valid is None:
        return train, None
    return train, lightgbm_model.dataset(sides.valid, sides.valid_y, sides.valid_weight, categorical, train)


def _cost_lightgbm(rows: int, columns: int, classes: int, parameters: Mapping[str, Any]) -> float:
    typical = min(int(parameters.get("rounds", 2_000)), round(12 / float(parameters.get("learning_rate", 0.1))))
    typical = round(typical * (2.5 if parameters.get("extra_trees") else 1.0))
    return 0.02 + typical * lightgbm_model.round_cost(rows, columns, classes)


MODELS.put(
    "lightgbm",
    Family(
        "lightgbm",
        "native",
        _fit_lightgbm,
        _cost_lightgbm,
        lightgbm_model.LightgbmModel.load,
        {
            "num_leaves": Axis(4, 160, log=True, whole=True),
            "min_data_in_leaf": Axis(2, 120, log=True, whole=True),
            "feature_fraction": Axis(0.3, 1.0),
            "bagging_fraction": Axis(0.5, 1.0),
            "lambda_l2": Axis(0.01, 30, log=True),
            "lambda_l1": Axis(0.001, 10, log=True),
            "path_smooth": Axis(0.01, 30, log=True),
            "cat_smooth": Axis(1, 200, log=True),
            "extra_trees": Axis(choices=(False, True)),
            "encoding": Axis(choices=("native", "target")),
        },
    ),
)


def _fit_linear(sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit) -> tuple[Fitted, float]:
    return linear_model.fit(
        sides.train,
        sides.y,
        sides.weight,
        sides.valid,
        sides.valid_y,
        sides.valid_weight,
        classes=sides.classes,
        rounds=rounds,
        limit=limit,
        seed=sides.seed,
    )


MODELS.put(
    "linear",
    Family(
        "linear",
        "linear",
        _fit_linear,
        lambda rows, columns, classes, parameters: linear_model.cost(rows, columns * 3, classes),
        linear_model.LinearModel.load,
        {"knots": Axis(choices=(0, 3, 6, 10))},
    ),
)


def _forest(extra: bool) -> Callable[[Sides, Mapping[str, Any], int | None, Limit], tuple[Fitted, float]]:
    def fit(sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit) -> tuple[Fitted, float]:
        return forest_model.fit_forest(
            sides.train,
            sides.y,
            sides.weight,
            classes=sides.classes,
            extra=extra,
            trees=rounds or int(parameters.get("trees", 200)),
            leaf=int(parameters.get("leaf", 1)),
            share=parameters.get("share", "sqrt" if sides.classes else 1.0),
            seed=sides.seed,
            limit=limit,
        )

    return fit


_FOREST_SPACE = {
    "leaf": Axis(1, 30, log=True, whole=True),
    "share": Axis(0.1, 1.0),
}
for _name, _extra in (("extra_trees", True), ("random_forest", False)):
    MODELS.put(
        _name,
        Family(
            _name,
            "target",
            _forest(_extra),
            lambda rows, columns, classes, parameters: forest_model.forest_cost(
                rows, columns, classes, int(parameters.get("trees", 200))
            ),
            forest_model.SklearnModel.load,
            _FOREST_SPACE,
            most_rows=150_000,
        ),
    )


def _fit_neighbours(
    sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit
) -> tuple[Fitted, float]:
    asked = rounds or int(parameters.get("neighbours", 15))
    model = neighbour_model.fit(sides.train, sides.y, classes=sides.classes, neighbours=asked)
    return model, neighbour_model.cost(*sides.train.shape)


MODELS.put(
    "neighbours",
    Family(
        "neighbours",
        "linear",
        _fit_neighbours,
        lambda rows, columns, classes, parameters: neighbour_model.cost(rows, columns * 2),
        neighbour_model.NeighbourModel.load,
        {"neighbours": Axis(3, 60, log=True, whole=True)},
        most_rows=8_000,
    ),
)
