"""More of scikit-learn's models: histogram boosting, a small neural network, a Gaussian process for few rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.forest_model import SklearnModel
from autoprep.model_search.limits import Limit, OutOfTime, Unfit
from autoprep.model_search.threads import wait_quietly

Array = NDArray[Any]

PORTION = 20
HISTOGRAM_COST, HISTOGRAM_FLOOR = 1.2e-8, 3.0e-3
EPOCH_COST, EPOCH_FLOOR = 6.0e-9, 2.0e-3
MOST_EPOCHS, EPOCH_PATIENCE = 120, 12
PROCESS_ROWS = 400
PROCESS_COST = 4.0e-8


def histogram_cost(rows: int, columns: int, classes: int, rounds: int) -> float:
    """Units of work of histogram boosting."""
    trees = classes if classes > 2 else 1
    return trees * rounds * (HISTOGRAM_FLOOR + HISTOGRAM_COST * rows * max(columns, 1))


def network_cost(rows: int, columns: int, width: int, epochs: int) -> float:
    """Units of work of a network of two layers."""
    return epochs * (EPOCH_FLOOR + EPOCH_COST * rows * width * (max(columns, 1) + width // 2) / 8)


def process_cost(rows: int, classes: int) -> float:
    """Units of work of a Gaussian process: the optimiser solves a system of ``rows`` equations some sixty times."""
    return 0.05 + PROCESS_COST * rows**2 * max(rows, 50) / 50 * max(1, classes if classes > 2 else 1) * 4


def _loss(said: Array, y: Array, weight: Array | None, classes: int) -> float:
    if classes == 0:
        return float(np.average((said - y) ** 2, weights=weight))
    return float(np.average(-np.log(np.maximum(said[np.arange(len(y)), y], 1e-15)), weights=weight))


def fit_histogram(
    train: Array, y: Array, weight: Array | None, valid: Array | None, valid_y: Array | None,
    valid_weight: Array | None, *, classes: int, parameters: Mapping[str, Any], rounds: int | None, seed: int,
    limit: Limit,
) -> tuple[SklearnModel, float]:  # fmt: skip
    """Boost in portions until the validation loss stops falling, the rounds are done or the limit has come.

    Raises:
        OutOfTime: the limit came before the first portion.
    """
    wait_quietly()
    from sklearn import ensemble
    from threadpoolctl import threadpool_limits

    if limit.passed():
        raise OutOfTime
    kind = ensemble.HistGradientBoostingClassifier if classes else ensemble.HistGradientBoostingRegressor
    most = rounds or int(parameters.get("rounds", 400))
    estimator = kind(
        max_iter=1, warm_start=True, early_stopping=False, random_state=seed,
        learning_rate=float(parameters.get("learning_rate", 0.08)),
        max_leaf_nodes=int(parameters.get("leaves", 31)),
        min_samples_leaf=int(parameters.get("leaf", 20)),
        l2_regularization=float(parameters.get("l2", 1.0)),
        max_features=float(parameters.get("share", 0.8)),
    )  # fmt: skip
    matrix = np.clip(train, -3e38, 3e38).astype(np.float32)
    unit = histogram_cost(train.shape[0], train.shape[1], classes, 1)
    done, best, best_done = 0, np.inf, 0
    with threadpool_limits(limits=limit.threads, user_api="openmp"):
        while done < most:
            done = min(most, done + PORTION)
            estimator.set_params(max_iter=done)
            estimator.fit(matrix, y, sample_weight=weight)
            model = SklearnModel(estimator, classes, done)
            if valid is not None and valid_y is not None:
                loss = _loss(model.predict(valid), valid_y, valid_weight, classes)
                if loss < best - 1e-9:
                    best, best_done = loss, done
                if done - best_done >= 2 * PORTION:
                    break
            if limit.passed((done + PORTION) * unit):
                break
    return SklearnModel(estimator, classes, done), done * unit


def fit_network(
    train: Array, y: Array, weight: Array | None, valid: Array | None, valid_y: Array | None,
    valid_weight: Array | None, *, classes: int, parameters: Mapping[str, Any], rounds: int | None, seed: int,
    limit: Limit,
) -> tuple[SklearnModel, float]:  # fmt: skip
    """Train a network of two layers by Adam, epoch by epoch; the weights of the best validation loss are kept.

    Raises:
        OutOfTime: the limit came before the first epoch.
    """
    wait_quietly()
    from sklearn import neural_network

    if limit.passed():
        raise OutOfTime
    width = int(parameters.get("width", 64))
    kind = neural_network.MLPClassifier if classes else neural_network.MLPRegressor
    estimator = kind(
        hidden_layer_sizes=(width, width // 2), alpha=float(parameters.get("penalty", 1e-3)),
        learning_rate_init=float(parameters.get("step", 3e-3)), batch_size=min(128, len(train)), random_state=seed,
    )  # fmt: skip
    matrix = np.clip(train, -8.0, 8.0).astype(np.float32)
    centre, spread = (0.0, 1.0) if classes else (float(y.mean()), float(y.std()) or 1.0)
    goal = y if classes else (y - centre) / spread
    unit = network_cost(train.shape[0], train.shape[1], width, 1)
    most = rounds or MOST_EPOCHS
    best, best_done, kept = np.inf, 0, None
    extra = {} if weight is None else {"sample_weight": weight / weight.mean()}
    done = 0
    for done in range(1, most + 1):
        estimator.partial_fit(
            matrix, goal, **({"classes": np.arange(classes)} if classes and done == 1 else {}), **extra
        )
        if valid is not None and valid_y is not None:
            said = SklearnModel(estimator, classes, done).rough(np.clip(valid, -8.0, 8.0))
            truth = valid_y if classes else (valid_y - centre) / spread
            loss = _loss(said, truth, valid_weight, classes)
            if loss < best - 1e-9:
                best, best_done = loss, done
                kept = [c.copy() for c in estimator.coefs_], [c.copy() for c in estimator.intercepts_]
            if done - best_done >= EPOCH_PATIENCE:
                break
        if limit.passed((done + 1) * unit):
            break
    if kept is not None:
        estimator.coefs_, estimator.intercepts_ = kept
    if not classes:
        # The last layer gives the target in its own units, so that nothing stands behind the network.
        estimator.coefs_[-1] = estimator.coefs_[-1] * spread
        estimator.intercepts_[-1] = estimator.intercepts_[-1] * spread + centre
    estimator._optimizer = None
    return SklearnModel(estimator, classes, best_done or done), done * unit


def fit_process(
    train: Array, y: Array, weight: Array | None, *, classes: int, seed: int, limit: Limit
) -> tuple[SklearnModel, float]:
    """A Gaussian process with one length scale (Rasmussen 2006).

    Raises:
        OutOfTime: the limit has come.
        Unfit: too many rows, or sample weights, which it does not know.
    """
    wait_quietly()
    from sklearn import gaussian_process
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    if len(train) > PROCESS_ROWS:
        raise Unfit(f"a Gaussian process takes at most {PROCESS_ROWS} rows")
    if weight is not None and np.ptp(weight) > 0:
        raise Unfit("a Gaussian process takes no sample weights")
    unit = process_cost(len(train), classes)
    if limit.passed(unit):
        raise OutOfTime
    scale = float(np.sqrt(max(train.shape[1], 1)))
    kernel = ConstantKernel(1.0, (1e-4, 1e6)) * RBF(scale, (0.01 * scale, 1e4 * scale))
    matrix = np.clip(train, -8.0, 8.0).astype(np.float32)
    estimator = (
        gaussian_process.GaussianProcessClassifier(kernel, max_iter_predict=20, random_state=seed)
        if classes
        else gaussian_process.GaussianProcessRegressor(
            kernel + WhiteKernel(0.1, (1e-8, 1e3)), normalize_y=True, random_state=seed
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(matrix, y)
    return SklearnModel(estimator, classes, 1), unit
