"""XGBoost: boosted trees grown level by level; joins by entry point when ``autoprep[xgboost]`` is installed."""

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

if find_spec("xgboost") is None:
    raise ImportError("pip install autoprep[xgboost]")

Array = NDArray[Any]

#: Units of work (about seconds on one core) of one round on one row and column, and at least.
CELL_COST, FLOOR = 1.0e-8, 1.0e-3
FEW_ROWS = 5_000
RATE = 0.06


def round_cost(rows: int, columns: int, classes: int) -> float:
    """Units of work of one round."""
    return (classes if classes > 2 else 1) * (FLOOR + CELL_COST * rows * max(columns, 1))


def objective_of(classes: int, metric: str) -> dict[str, Any]:
    """XGBoost's objective for a task and the metric asked for.

    Example:
        >>> objective_of(3, "log_loss")
        {'objective': 'multi:softprob', 'num_class': 3}
    """
    if classes:
        return (
            {"objective": "binary:logistic"} if classes == 2 else {"objective": "multi:softprob", "num_class": classes}
        )
    if metric.startswith("pinball"):
        return {"objective": "reg:quantileerror", "quantile_alpha": float(metric.partition(":")[2] or 0.5)}
    return {"objective": "reg:absoluteerror" if metric in ("mae", "medae") else "reg:squarederror"}


@dataclass
class XgboostModel:
    """A trained booster.

    Attributes:
        booster: XGBoost's own object.
        classes: number of classes, 0 for regression.
        rounds: rounds that are used.
    """

    booster: Any
    classes: int
    rounds: int
    suffix = ".ubj"

    def predict(self, matrix: Array) -> Array:
        """Probabilities (n, classes) or values (n,)."""
        self.booster.set_param({"nthread": 1 if len(matrix) <= FEW_ROWS else usable()})
        narrow = np.clip(matrix, -3e38, 3e38).astype(np.float32)
        raw = self.booster.inplace_predict(narrow, iteration_range=(0, self.rounds), validate_features=False)
        raw = np.asarray(raw, dtype=np.float64)
        return np.column_stack([1.0 - raw, raw]) if self.classes == 2 else raw

    def save(self, path: Path) -> None:
        """Write XGBoost's own format (UBJSON)."""
        self.booster.save_model(str(path))

    @classmethod
    def load(cls, path: Path, classes: int, rounds: int) -> Self:
        """Read XGBoost's own format.

        Raises:
            ArtifactError: the file is not an XGBoost model.
        """
        wait_quietly()
        import xgboost as xgb

        try:
            return cls(xgb.Booster(model_file=str(path)), classes, rounds)
        except xgb.core.XGBoostError as error:
            raise ArtifactError("is not an XGBoost model", where=str(path), hint="copy the folder again") from error


def fit(sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit) -> tuple[XgboostModel, float]:
    """Boost until the validation loss stops falling, the rounds are done, or the limit has come.

    Raises:
        OutOfTime: not one round was possible.
        Unfit: XGBoost refuses these rows.
    """
    wait_quietly()
    import xgboost as xgb

    rows, columns = sides.train.shape
    unit = round_cost(rows, columns, sides.classes)
    most = rounds or int(parameters.get("rounds", 1_500))
    most = int(min(most, limit.units // unit)) if limit.units < float("inf") else most
    if most < 1 or limit.passed():
        raise OutOfTime
    settings = {
        **objective_of(sides.classes, sides.metric), "learning_rate": float(parameters.get("learning_rate", RATE)),
        "max_depth": int(parameters.get("depth", 6)), "min_child_weight": float(parameters.get("child", 1.0)),
        "subsample": float(parameters.get("share", 0.8)), "colsample_bytree": float(parameters.get("columns", 0.7)),
        "reg_lambda": float(parameters.get("l2", 1.0)), "seed": sides.seed % 2**31, "nthread": limit.threads,
        "tree_method": "hist", "verbosity": 0,
    }  # fmt: skip

    def narrow(matrix: Array) -> Array:
        return np.asarray(np.clip(matrix, -3e38, 3e38), dtype=np.float32)

    try:
        train = xgb.QuantileDMatrix(narrow(sides.train), sides.y, weight=sides.weight, nthread=limit.threads)
        booster = xgb.Booster(settings, [train])
        valid = None
        if sides.valid is not None and sides.valid_y is not None:
            valid = xgb.QuantileDMatrix(
                narrow(sides.valid), sides.valid_y, weight=sides.valid_weight, ref=train, nthread=limit.threads
            )
        best, used, done = float("inf"), 0, 0
        for done in range(1, most + 1):
            booster.update(train, done - 1)
            if valid is not None:
                loss = float(booster.eval(valid).rpartition(":")[2])
                if loss < best:
                    best, used = loss, done
                if done - used >= int(parameters.get("patience", 50)):
                    break
            if limit.passed():
                break
    except xgb.core.XGBoostError as error:
        raise Unfit(str(error).splitlines()[0][:200]) from error
    if limit.stop.is_set() and done < most and not used:
        raise OutOfTime
    return XgboostModel(booster, sides.classes, max(1, used if valid is not None and used else done)), done * unit


def _cost(rows: int, columns: int, classes: int, parameters: Mapping[str, Any]) -> float:
    typical = min(int(parameters.get("rounds", 1_500)), round(14 / float(parameters.get("learning_rate", RATE))))
    return 0.05 + typical * round_cost(rows, columns, classes)


FAMILY = Family(
    "xgboost",
    "target",
    fit,
    _cost,
    XgboostModel.load,
    {
        "depth": Axis(2, 10, whole=True),
        "child": Axis(0.5, 50, log=True),
        "share": Axis(0.5, 1.0),
        "columns": Axis(0.3, 1.0),
        "l2": Axis(0.01, 30, log=True),
    },
    quantiles=True,
    threads=lambda rows, threads: threads,
)
