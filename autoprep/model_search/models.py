"""The catalogue of model families, each with its space of hyper-parameters as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autoprep.model_search import (
    dummy_model,
    forest_model,
    lightgbm_model,
    linear_model,
    neighbour_model,
    sklearn_models,
)
from autoprep.model_search.balance import POWERS
from autoprep.model_search.family import Axis, Family, Fitted, Sides
from autoprep.model_search.limits import Limit
from autoprep.registry import Catalogue

MODELS: Catalogue[Family] = Catalogue("model", group="autoprep.models")


#: How much rare classes weigh in a fit. Forests lose by it: their leaves are averages, which weights make few rows of.
BALANCE = {"balance": Axis(choices=POWERS)}


def _put(family: Family) -> None:
    MODELS.put(family.name, family)


#: Parameters of a configuration that steer the search and not the library.
OWN = ("rounds", "patience", "encoding", "knots", "target", "monotone", "balance")


def _fit_lightgbm(
    sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit
) -> tuple[Fitted, float]:
    scale = f"binned {parameters.get('target', 'plain')} {parameters.get('balance', 0.0)}"
    with sides.lock:
        if scale not in sides.kept:
            sides.kept[scale] = _binned(sides)
    train, valid = sides.kept[scale]
    held = lightgbm_model.constraints(sides.encoder.names, sides.monotone or parameters.get("monotone", {}))
    return lightgbm_model.fit(
        train,
        valid,
        classes=sides.classes,
        metric=sides.metric,
        parameters={k: v for k, v in parameters.items() if k not in OWN} | held,
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


_put(
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
            "max_cat_to_onehot": Axis(choices=(4, 30)),
            "extra_trees": Axis(choices=(False, True)),
            "encoding": Axis(choices=("native", "target")),
            **BALANCE,
        },
        quantiles=True,
        threads=lightgbm_model.fit_threads,
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


_put(
    Family(
        "linear",
        "linear",
        _fit_linear,
        lambda rows, columns, classes, parameters: linear_model.cost(rows, columns * 3, classes),
        linear_model.LinearModel.load,
        {"knots": Axis(choices=(0, 3, 6, 10)), **BALANCE},
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
    _put(
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


_put(
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


def _fit_histogram(
    sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit
) -> tuple[Fitted, float]:
    return sklearn_models.fit_histogram(
        sides.train, sides.y, sides.weight, sides.valid, sides.valid_y, sides.valid_weight, classes=sides.classes,
        parameters=parameters, rounds=rounds, seed=sides.seed, limit=limit,
    )  # fmt: skip


_put(
    Family(
        "histogram_boosting",
        "target",
        _fit_histogram,
        lambda rows, columns, classes, parameters: sklearn_models.histogram_cost(rows, columns, classes, 150),
        forest_model.SklearnModel.load,
        {
            "leaves": Axis(4, 96, log=True, whole=True),
            "leaf": Axis(2, 120, log=True, whole=True),
            "l2": Axis(0.01, 30, log=True),
            "share": Axis(0.3, 1.0),
            **BALANCE,
        },
    ),
)


def _fit_network(sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit) -> tuple[Fitted, float]:
    return sklearn_models.fit_network(
        sides.train, sides.y, sides.weight, sides.valid, sides.valid_y, sides.valid_weight, classes=sides.classes,
        parameters=parameters, rounds=rounds, seed=sides.seed, limit=limit,
    )  # fmt: skip


_put(
    Family(
        "network",
        "linear",
        _fit_network,
        lambda rows, columns, classes, parameters: sklearn_models.network_cost(
            rows, columns * 2, int(parameters.get("width", 64)), 40
        ),
        forest_model.SklearnModel.load,
        {
            "width": Axis(choices=(32, 64, 128)),
            "penalty": Axis(1e-5, 1.0, log=True),
            "step": Axis(5e-4, 1e-2, log=True),
            "knots": Axis(choices=(0, 4)),
        },
        most_rows=30_000,
    ),
)


def _fit_process(sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit) -> tuple[Fitted, float]:
    return sklearn_models.fit_process(
        sides.train, sides.y, sides.weight, classes=sides.classes, seed=sides.seed, limit=limit
    )


_put(
    Family(
        "gaussian_process",
        "linear",
        _fit_process,
        lambda rows, columns, classes, parameters: sklearn_models.process_cost(rows, classes),
        forest_model.SklearnModel.load,
        {},
        most_rows=sklearn_models.PROCESS_ROWS,
    ),
)


def _fit_dummy(sides: Sides, parameters: Mapping[str, Any], rounds: int | None, limit: Limit) -> tuple[Fitted, float]:
    middle = sides.metric in ("mae", "medae", "mape")
    return dummy_model.fit(sides.y, sides.weight, classes=sides.classes, middle=middle), 0.001


_put(
    Family("dummy", "native", _fit_dummy, lambda rows, columns, classes, parameters: 0.001, dummy_model.DummyModel.load)
)
