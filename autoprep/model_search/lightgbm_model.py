"""LightGBM: boosted trees that stop early, at a deadline, or after counted work; kept in its own text format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import ArtifactError
from autoprep.kernels.threads import together
from autoprep.model_search.boosted_trees import Batches
from autoprep.model_search.limits import Limit, OutOfTime, Unfit
from autoprep.model_search.threads import usable, wait_quietly

Array = NDArray[Any]

FEW_ROWS = 20_000
HUGE_ROWS = 300_000
BIG_ROWS = 50_000
#: Units of work (about seconds on one core) of one boosting round on one row and column.
ROUND_COST = 8.0e-9
ROUND_FLOOR = 4.0e-4
#: Row-by-row histograms and a fixed reduction order: the same rows, seed and threads give the same trees.
ALWAYS = {"deterministic": True, "force_row_wise": True, "verbosity": -1, "feature_pre_filter": False}


def objective_of(classes: int, metric: str) -> dict[str, Any]:
    """LightGBM's objective and the loss that decides when to stop, for a task and the metric asked for.

    Example:
        >>> objective_of(3, "log_loss")
        {'objective': 'multiclass', 'num_class': 3, 'metric': 'multi_logloss'}
    """
    if classes == 2:
        return {"objective": "binary", "metric": "binary_logloss"}
    if classes > 2:
        return {"objective": "multiclass", "num_class": classes, "metric": "multi_logloss"}
    if metric.startswith("pinball"):
        level = float(metric.partition(":")[2] or 0.5)
        return {"objective": "quantile", "alpha": level, "metric": "quantile"}
    if metric in ("mae", "medae"):
        return {"objective": "regression_l1", "metric": "l1"}
    if metric == "poisson":
        return {"objective": "poisson", "metric": "poisson"}
    if metric == "mape":
        return {"objective": "mape", "metric": "mape"}
    return {"objective": "regression", "metric": "l2"}


def seeded(parameters: Mapping[str, Any]) -> bool:
    """Whether a fit hangs on its seed: something is drawn in it.

    Example:
        >>> seeded({"num_leaves": 31}), seeded({"feature_fraction": 0.6})
        (False, True)
    """
    bagged = float(parameters.get("bagging_fraction", 1.0)) < 1.0 and int(parameters.get("bagging_freq", 0)) > 0
    return bagged or float(parameters.get("feature_fraction", 1.0)) < 1.0 or bool(parameters.get("extra_trees"))


def constraints(names: Sequence[str], monotone: Mapping[str, int]) -> dict[str, Any]:
    """LightGBM's parameters for a prediction that follows (1) or opposes (-1) some columns.

    Example:
        >>> constraints(["a", "b"], {"b": -1})["monotone_constraints"]
        [0, -1]
    """
    if not monotone:
        return {}
    signs = [int(monotone.get(name, 0)) for name in names]
    return {"monotone_constraints": signs, "monotone_constraints_method": "intermediate"}


@dataclass
class LightgbmModel:
    """A trained booster.

    Attributes:
        booster: LightGBM's own object.
        classes: number of classes, 0 for regression.
        rounds: trees per class that are used.
        curve: validation loss after each round.
    """

    booster: Any
    classes: int
    rounds: int
    curve: list[float] = field(default_factory=list)
    _batches: Batches = field(init=False, repr=False, compare=False)
    suffix = ".txt"

    def __post_init__(self) -> None:
        self._batches = Batches(self.booster, self.rounds)

    def predict(self, matrix: Array) -> Array:
        """Probabilities (n, classes) or values (n,); large batches by ``boosted_trees``, with LightGBM's own bits."""
        threads = 1 if len(matrix) <= FEW_ROWS else usable()
        raw = self._batches.predict(matrix, threads)
        if raw is None:
            raw = self._said(matrix, threads)
        if self.classes == 2:
            return np.column_stack([1.0 - raw, raw])
        return np.asarray(raw, dtype=np.float64)

    def _said(self, matrix: Array, threads: int) -> Array:
        # Rows are shared out here: calls of LightGBM on unlike numbers of threads are not safe beside each other.
        if threads == 1:
            return np.asarray(self.booster.predict(matrix, num_iteration=self.rounds, num_threads=1))
        parts: list[Array] = [np.empty(0)] * threads

        def one(place: int, rows: Array) -> None:
            parts[place] = self._said(rows, 1)

        shared = np.array_split(matrix, threads)
        together([partial(one, place, rows) for place, rows in enumerate(shared)], matrix.size)
        return np.concatenate(parts)

    def contributions(self, matrix: Array) -> Array:
        """SHAP values (n, columns + 1) per row, the last column the base value; (n, classes, columns + 1) for more
        than two classes (Lundberg 2020, computed by LightGBM)."""
        raw = np.asarray(self.booster.predict(matrix, num_iteration=self.rounds, pred_contrib=True, num_threads=1))
        return raw.reshape(len(matrix), self.classes, -1) if self.classes > 2 else raw

    def gains(self) -> Array:
        """How much each column (columns,) lowers the loss in training."""
        return np.asarray(self.booster.feature_importance("gain", iteration=self.rounds), dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write LightGBM's text format."""
        self.booster.save_model(str(path), num_iteration=self.rounds)

    @classmethod
    def load(cls, path: Path, classes: int, rounds: int) -> Self:
        """Read LightGBM's text format.

        Raises:
            ArtifactError: the file is not a LightGBM model.
        """
        wait_quietly()
        import lightgbm as lgb

        try:
            return cls(lgb.Booster(model_file=str(path)), classes, rounds)
        except lgb.basic.LightGBMError as error:
            raise ArtifactError("is not a LightGBM model", where=str(path), hint="copy the folder again") from error


def dataset(
    matrix: Array, label: Array | None, weight: Array | None, categorical: list[int], reference: Any = None
) -> Any:
    """LightGBM's binned form of a matrix, made once and used by many fits."""
    wait_quietly()
    import lightgbm as lgb

    params = {**ALWAYS, "max_bin": 127 if len(matrix) > BIG_ROWS else 255, "num_threads": 1}
    made = lgb.Dataset(
        matrix, label, weight=weight, categorical_feature=categorical, params=params, reference=reference
    )
    return made.construct()


def fit_threads(rows: int, threads: int = 1) -> int:
    """Threads of one fit: those it may use when there are many rows, else one.

    Example:
        >>> fit_threads(10_000, 4), fit_threads(100_000, 4)
        (1, 4)
    """
    return usable() if rows > HUGE_ROWS else threads if rows > FEW_ROWS else 1


def round_cost(rows: int, columns: int, classes: int) -> float:
    """Units of work of one round."""
    trees = classes if classes > 2 else 1
    return trees * (ROUND_FLOOR + ROUND_COST * rows * max(columns, 1))


def fit(
    train: Any,
    valid: Any,
    *,
    classes: int,
    metric: str,
    parameters: dict[str, Any],
    rounds: int,
    patience: int,
    seed: int,
    limit: Limit,
    lock: Lock,
) -> tuple[LightgbmModel, float]:
    """Boost until the validation loss stops falling, the rounds are done, or the limit has come.

    Args:
        train: binned training rows.
        valid: binned validation rows, or None to run all rounds.
        classes: number of classes, 0 for regression.
        metric: the metric asked for.
        parameters: of LightGBM.
        rounds: at most this many.
        patience: stop after this many rounds without a better validation loss.
        seed: of sampling.
        limit: when to stop.
        lock: held while a booster is attached to the binned rows, which several fits may share.

    Returns:
        The model, and the units of work it took.

    Raises:
        OutOfTime: not one round was done.
        Unfit: LightGBM refuses these rows or parameters.
    """
    import lightgbm as lgb

    rows = train.num_data()
    params = {**ALWAYS, **objective_of(classes, metric), **parameters, "seed": seed}
    params["num_threads"] = fit_threads(rows, limit.threads)
    params["max_bin"] = 127 if rows > BIG_ROWS else 255
    unit = round_cost(rows, train.num_feature(), classes)
    rounds = int(min(rounds, limit.units // unit)) if limit.units < float("inf") else rounds
    if rounds < 1 or limit.passed():
        raise OutOfTime
    curve: list[float] = []
    best, used, done = float("inf"), 0, 0
    try:
        with lock:
            booster = lgb.Booster(params, train)
            if valid is not None:
                booster.add_valid(valid, "valid")
        for done in range(1, rounds + 1):
            finished = booster.update()
            if valid is not None:
                curve.append(float(booster.eval_valid()[0][2]))
                if curve[-1] < best:
                    best, used = curve[-1], done
                if done - used >= patience:
                    break
            if finished or limit.passed():
                break
    except lgb.basic.LightGBMError as error:
        raise Unfit(str(error)) from error
    if done < rounds and not used and limit.stop.is_set():
        raise OutOfTime
    booster.free_dataset()
    return LightgbmModel(booster, classes, max(1, used if valid is not None and used else done), curve), done * unit
