"""What a kind of model is: how it is fitted, what it costs, what may be changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.encode import Encoder, Kind
from autoprep.model_search.limits import Limit

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
        monotone: number columns whose rise the prediction must follow (1) or oppose (-1).
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
    monotone: Mapping[str, int] = field(default_factory=dict)


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
        if self.choices or isinstance(value, str):
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
        quantiles: whether it can aim at a quantile of the target instead of its mean.
        threads: (rows, threads that it may use) -> those that a fit uses.
    """

    name: str
    encoding: Kind
    fit: Callable[[Sides, Mapping[str, Any], int | None, Limit], tuple[Fitted, float]]
    cost: Callable[[int, int, int, Mapping[str, Any]], float]
    load: Callable[[Path, int, int], Fitted]
    space: Mapping[str, Axis] = field(default_factory=dict)
    most_rows: float = float("inf")
    quantiles: bool = False
    threads: Callable[[int, int], int] = lambda rows, threads: 1
