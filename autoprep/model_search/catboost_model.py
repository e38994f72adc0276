"""CatBoost: boosted symmetric trees with ordered codes of categories; joins when ``autoprep[catboost]`` is installed.

It is found through the entry-point group ``autoprep.models``, as a model of any other package would be; its own format
holds no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import ArtifactError
from autoprep.model_search.family import Axis, Family, Sides
from autoprep.model_search.limits import Limit, OutOfTime, Unfit
from autoprep.model_search.threads import usable, wait_quietly

if find_spec("catboost") is None:
    raise ImportError("pip install autoprep[catboost]")

Array = NDArray[Any]

#: Units of work (about seconds on one core) of one round of depth 6 on one row and column, and at least.
CELL_COST, FLOOR = 3.0e-8, 2.5e-3
FEW_ROWS = 5_000
RATE = 0.06


def round_cost(rows: int, columns: int, classes: int, depth: int = 6) -> float:
    """Units of work of one round."""
    trees = classes if classes > 2 else 1
    return trees * (FLOOR + CELL_COST * rows * max(columns, 1)) * float(2.0 ** ((depth - 6) / 3))


def objective_of(classes: int, metric: str) -> str:
    """CatBoost's loss for a task and the metric asked for.

    Example:
        >>> objective_of(2, "roc_auc"), objective_of(0, "pinball:0.9")
        ('Logloss', 'Quantile:alpha=0.9')
    """
    if classes:
        return "Logloss" if classes == 2 else "MultiClass"
    if metric.startswith("pinball"):
        return f"Quantile:alpha={float(metric.partition(':')[2] or 0.5):g}"
    return {"mae": "MAE", "medae": "MAE", "mape": "MAPE"}.get(metric, "RMSE")


def _rows(matrix: Array, categorical: list[int]) -> Any:
    """The matrix as CatBoost takes it: numbers as Float32, codes as text, which it encodes itself."""
    from catboost import FeaturesData

    numeric = np.setdiff1d(np.arange(matrix.shape[1]), categorical)
    codes = None
    if categorical:
        # What is missing or unknown is a category of its own.
        whole = np.nan_to_num(matrix[:, categorical], nan=-1.0).astype(np.int64)
        names = np.array([str(code).encode() for code in range(-1, int(whole.max(initial=-1)) + 1)], dtype=object)
        codes = names[whole + 1]
    numbers = np.ascontiguousarray(np.clip(matrix[:, numeric], -3e38, 3e38), np.float32) if len(numeric) else None
    return FeaturesData(num_feature_data=numbers, cat_feature_data=codes)


@dataclass
class CatboostModel:
    """A trained CatBoost model.

    Attributes:
        model: CatBoost's own object.
        classes: number of classes, 0 for regression.
        rounds: trees that are used.
        categorical: positions of the columns that hold codes.
    """

    model: Any
    classes: int
    rounds: int
    categorical: list[int]
    suffix = ".cbm"

    def predict(self, matrix: Array) -> Array:
        """Probabilities (n, classes) or values (n,)."""
        threads = 1 if len(matrix) <= FEW_ROWS else usable()
        kind = "Probability" if self.classes else "RawFormulaVal"
        said = self.model.predict(_rows(matrix, self.categorical), prediction_type=kind, thread_count=threads)
        return np.asarray(said, dtype=np.float64)

    def contributions(self, matrix: Array) -> Array:
        """SHAP values (n, columns + 1) per row, the last column the base value; (n, classes, columns + 1) for more
        than two classes (Lundberg 2020, computed by CatBoost)."""
        from catboost import Pool

        raw = np.asarray(self.model.get_feature_importance(Pool(_rows(matrix, self.categorical)), type="ShapValues"))
        return np.concatenate([self._in_order(raw[..., :-1]), raw[..., -1:]], axis=-1)

    def _in_order(self, raw: Array) -> Array:
        """Values (..., columns) in the order of the matrix; CatBoost knows the numbers before the codes."""
        numeric = np.setdiff1d(np.arange(raw.shape[-1]), self.categorical)
        ordered = np.empty_like(raw)
        ordered[..., np.concatenate([numeric, self.categorical]).astype(np.int64)] = raw
        return ordered

    def gains(self) -> Array:
        """How much the prediction changes with each column (columns,) in training."""
        return self._in_order(np.asarray(self.model.get_feature_importance(), dtype=np.float64))

    def save(self, path: Path) -> None:
        """Write CatBoost's own format."""
        said = self.model.get_metadata()
        said["autoprep.categorical"] = ",".join(map(str, self.categorical))
        # Equal models are equal files.
        said["model_guid"], said["train_finish_time"] = "", ""
        self.model.save_model(str(path))

    @classmethod
    def load(cls, path: Path, classes: int, rounds: int) -> Self:
        """Read CatBoost's own format.

        Raises:
            ArtifactError: the file is not a CatBoost model.
        """
        wait_quietly()
        from catboost import CatBoost, CatBoostError

        model = CatBoost()
        try:
            model.load_model(str(path))
        except CatBoostError as error:
            raise ArtifactError("is not a CatBoost model", where=str(path), hint="copy the folder again") from error
        said = dict(model.get_metadata().items()).get("autoprep.categorical", "")
        return cls(model, classes, rounds, [int(place) for place in said.split(",") if place])


class _Clock:
    """Ends a fit at its limit, between two rounds."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit

    def after_iteration(self, info: Any) -> bool:
        """Whether to go on."""
        return not self.limit.passed()


def fit(sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit) -> tuple[CatboostModel, float]:
    """Boost until the validation loss stops falling, the rounds are done, or the limit has come.

    Raises:
        OutOfTime: not one round was possible.
        Unfit: CatBoost refuses these rows.
    """
    wait_quietly()
    from catboost import CatBoost, CatBoostError, Pool

    rows, columns = sides.train.shape
    depth = int(parameters.get("depth", 6))
    unit = round_cost(rows, columns, sides.classes, depth)
    most = rounds or int(parameters.get("rounds", 1_500))
    most = int(min(most, limit.units // unit)) if limit.units < float("inf") else most
    if most < 1 or limit.passed():
        raise OutOfTime
    categorical = sides.encoder.categorical
    settings = {
        "iterations": most, "depth": depth, "learning_rate": float(parameters.get("learning_rate", RATE)),
        "l2_leaf_reg": float(parameters.get("l2", 3.0)), "random_strength": float(parameters.get("strength", 1.0)),
        "bagging_temperature": float(parameters.get("temperature", 1.0)),
        "one_hot_max_size": int(parameters.get("one_hot", 2)),
        "loss_function": objective_of(sides.classes, sides.metric),
        "random_seed": sides.seed % 2**31, "thread_count": limit.threads, "allow_writing_files": False,
        "logging_level": "Silent", "bootstrap_type": "Bayesian",
    }  # fmt: skip
    if rows > 2_000 and sides.classes <= 2:
        settings["max_ctr_complexity"] = 2
    watched = sides.valid is not None and sides.valid_y is not None
    model = CatBoost(settings)
    try:
        with sides.lock:
            # Text of the codes is made once for all fits on these rows.
            if "catboost" not in sides.kept:
                sides.kept["catboost"] = (
                    _rows(sides.train, categorical), None if sides.valid is None else _rows(sides.valid, categorical),
                )  # fmt: skip
        train, valid = sides.kept["catboost"]
        model.fit(
            Pool(train, sides.y, weight=sides.weight),
            eval_set=Pool(valid, sides.valid_y, weight=sides.valid_weight) if watched else None,
            early_stopping_rounds=int(parameters.get("patience", 50)) if watched else None,
            use_best_model=watched,
            callbacks=[_Clock(limit)],
        )
    except CatBoostError as error:
        raise Unfit(str(error).splitlines()[0][:200]) from error
    done = int(model.tree_count_)
    if done < 1:
        raise OutOfTime
    if limit.stop.is_set() and done < most:
        raise OutOfTime
    spent = min(most, done + (int(parameters.get("patience", 50)) if watched else 0))
    return CatboostModel(model, sides.classes, done, list(categorical)), spent * unit


def _cost(rows: int, columns: int, classes: int, parameters: Mapping[str, Any]) -> float:
    typical = min(int(parameters.get("rounds", 1_500)), round(24 / float(parameters.get("learning_rate", RATE))))
    return 0.05 + typical * round_cost(rows, columns, classes, int(parameters.get("depth", 6)))


FAMILY = Family(
    "catboost",
    "native",
    fit,
    _cost,
    CatboostModel.load,
    {
        "depth": Axis(3, 8, whole=True),
        "l2": Axis(0.5, 30, log=True),
        "strength": Axis(0.1, 10, log=True),
        "temperature": Axis(0.0, 2.0),
        "one_hot": Axis(choices=(2, 8, 32)),
    },
    quantiles=True,
    threads=lambda rows, threads: threads,
)
