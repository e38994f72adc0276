"""Ridge and logistic regression along a path of penalties, kept as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.alone import product, shares, two_shares
from autoprep.model_search.limits import Limit, OutOfTime

Array = NDArray[Any]

#: Penalties per row, strong first; a fit walks down the path until the validation loss rises.
PATH = tuple(float(v) for v in 10.0 ** np.linspace(0.5, -5, 12))
MOST_ROWS = 60_000
PASS_COST = 3.0e-9
_TINY = 1e-15


@dataclass
class LinearModel:
    """Weights of a linear model.

    Attributes:
        weights: (columns + 1, outputs), the last row the intercept.
        classes: number of classes, 0 for regression.
        rounds: how far down ``PATH`` the penalty lies, counted from 1.
        low: least prediction of a regression.
        high: greatest prediction of a regression.
    """

    weights: Array
    classes: int
    rounds: int
    low: float = -np.inf
    high: float = np.inf
    suffix = ".npz"

    def predict(self, matrix: Array) -> Array:
        """Probabilities (n, classes) or values (n,)."""
        raw = product(matrix, self.weights[:-1]) + self.weights[-1]
        if self.classes == 0:
            return np.asarray(np.clip(raw[:, 0], self.low, self.high))
        if self.classes == 2:
            return two_shares(raw[:, 0])
        return shares(raw)

    def gains(self) -> Array:
        """The weight of each column (columns,), over all outputs; columns are on one scale."""
        return np.asarray(np.abs(self.weights[:-1]).sum(axis=1))

    def save(self, path: Path) -> None:
        """Write arrays only."""
        with path.open("wb") as file:
            np.savez(file, weights=self.weights, bounds=np.array([self.low, self.high]))

    @classmethod
    def load(cls, path: Path, classes: int, rounds: int) -> Self:
        """Read arrays only; pickled objects are refused."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["weights"], classes, rounds, *(float(v) for v in arrays["bounds"]))


def cost(rows: int, columns: int, classes: int) -> float:
    """Units of work of one fit along the whole path."""
    rows = min(rows, MOST_ROWS)
    if classes == 0:
        return 0.01 + 2 * PASS_COST * rows * columns * max(columns, 10) / 10
    return 0.03 + 250 * PASS_COST * rows * columns * (classes if classes > 2 else 1)


def fit(
    train: Array,
    y: Array,
    weight: Array | None,
    valid: Array | None,
    valid_y: Array | None,
    valid_weight: Array | None,
    *,
    classes: int,
    rounds: int | None,
    limit: Limit,
    seed: int,
) -> tuple[LinearModel, float]:
    """Walk down the path of penalties; the validation rows say where to stop, or ``rounds`` does.

    Args:
        train: (n, columns) standardised.
        y: (n,) codes or values.
        weight: (n,) or None.
        valid: (m, columns) or None.
        valid_y: (m,) or None.
        valid_weight: (m,) or None.
        classes: number of classes, 0 for regression.
        rounds: steps down the path when there are no validation rows.
        limit: when to stop.
        seed: of the sample of rows when there are more than ``MOST_ROWS``.

    Raises:
        OutOfTime: the limit came before the first step.
    """
    if len(train) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).permutation(len(train))[:MOST_ROWS])
        train, y = train[rows], y[rows]
        weight = None if weight is None else weight[rows]
    if limit.passed():
        raise OutOfTime
    weights = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    weights = weights / weights.sum()
    steps = len(PATH) if valid is not None else min(len(PATH), rounds or 8)
    solver = _Ridge(train, y, weights) if classes == 0 else _Logistic(train, y, weights, classes)
    unit = cost(train.shape[0], train.shape[1], classes) / len(PATH)
    best: tuple[float, LinearModel] | None = None
    worse = 0
    step = 0
    for step in range(1, steps + 1):
        model = solver.solve(PATH[step - 1], step)
        if valid is None or valid_y is None:
            best = (0.0, model)
        else:
            loss = _loss(model.predict(valid), valid_y, valid_weight, classes)
            if best is None or loss < best[0]:
                best, worse = (loss, model), 0
            else:
                worse += 1
        if worse >= 2 or limit.passed(step * unit):
            break
    if best is None:
        raise OutOfTime
    return best[1], step * unit


def _loss(said: Array, y: Array, weight: Array | None, classes: int) -> float:
    if classes == 0:
        return float(np.average((said - y) ** 2, weights=weight))
    return float(np.average(-np.log(np.maximum(said[np.arange(len(y)), y], _TINY)), weights=weight))


class _Ridge:
    """Weighted ridge regression for many penalties from one eigendecomposition."""

    def __init__(self, matrix: Array, y: Array, weight: Array) -> None:
        self._mean = weight @ matrix
        self._middle = float(weight @ y)
        centred = matrix - self._mean
        self._values, self._vectors = np.linalg.eigh((centred * weight[:, None]).T @ centred)
        self._moment = self._vectors.T @ (centred.T @ (weight * (y - self._middle)))
        reach = 0.1 * float(y.max() - y.min())
        self._low, self._high = float(y.min()) - reach, float(y.max()) + reach

    def solve(self, penalty: float, step: int) -> LinearModel:
        slope = self._vectors @ (self._moment / (np.maximum(self._values, 0.0) + penalty))
        weights = np.append(slope, self._middle - self._mean @ slope)[:, None]
        return LinearModel(weights, 0, step, self._low, self._high)


class _Logistic:
    """Logistic regression by L-BFGS, each penalty started from the one before."""

    def __init__(self, matrix: Array, y: Array, weight: Array, classes: int) -> None:
        self._matrix, self._y, self._weight, self._classes = matrix, y, weight, classes
        outputs = 1 if classes == 2 else classes
        share = np.bincount(y, weights=weight, minlength=classes) + 1e-6
        start = np.log(share[1:] / share[:1]) if classes == 2 else np.log(share / share.sum())
        self._now = np.zeros((matrix.shape[1] + 1, outputs))
        self._now[-1] = start
        self._truth = (y == 1).astype(np.float64)[:, None] if classes == 2 else np.eye(classes)[y]

    def _value(self, flat: Array, penalty: float) -> tuple[float, Array]:
        weights = flat.reshape(self._now.shape)
        raw = self._matrix @ weights[:-1] + weights[-1]
        if self._classes == 2:
            said = two_shares(raw[:, 0])[:, 1:]
            right = np.where(self._truth > 0, said, 1.0 - said)[:, 0]
        else:
            said = shares(raw)
            right = said[np.arange(len(raw)), self._y]
        slope = self._weight[:, None] * (said - self._truth)
        gradient = np.vstack([self._matrix.T @ slope + penalty * weights[:-1], slope.sum(axis=0)])
        loss = -self._weight @ np.log(np.maximum(right, _TINY)) + 0.5 * penalty * float((weights[:-1] ** 2).sum())
        return float(loss), gradient.ravel()

    def solve(self, penalty: float, step: int) -> LinearModel:
        from scipy.optimize import minimize

        found = minimize(
            self._value, self._now.ravel(), args=(penalty,), jac=True, method="L-BFGS-B",
            options={"maxiter": 40, "ftol": 1e-7, "gtol": 1e-5},
        )  # fmt: skip
        self._now = found.x.reshape(self._now.shape)
        return LinearModel(self._now.copy(), self._classes, step)
