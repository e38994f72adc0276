"""The configurations that are tried first, in this order, by the shape of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from autoprep.model_search.models import MODELS
from autoprep.model_search.trial import Configuration
from autoprep.types import Task

#: LightGBM's shapes by name: what differs from its defaults. ``leaf`` is scaled with the number of rows.
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "plain": {"num_leaves": 31, "min_data_in_leaf": 20},
    "soft": {
        "num_leaves": 15, "min_data_in_leaf": 10, "feature_fraction": 0.6, "bagging_fraction": 0.8,
        "bagging_freq": 1, "lambda_l2": 3.0, "cat_smooth": 20,
    },
    "random": {
        "num_leaves": 31, "min_data_in_leaf": 5, "feature_fraction": 0.8, "extra_trees": True,
        "lambda_l2": 1.0, "bagging_fraction": 0.8, "bagging_freq": 1,
    },
    "coded": {
        "encoding": "target", "num_leaves": 31, "min_data_in_leaf": 15, "feature_fraction": 0.6,
        "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0,
    },
    "deep": {
        "num_leaves": 96, "min_data_in_leaf": 30, "feature_fraction": 0.6, "bagging_fraction": 0.8,
        "bagging_freq": 1, "lambda_l2": 5.0, "path_smooth": 1.0, "cat_smooth": 20,
    },
    "shallow": {
        "num_leaves": 6, "max_depth": 3, "min_data_in_leaf": 10, "feature_fraction": 0.5,
        "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 1.0,
    },
    "coded_random": {
        "encoding": "target", "num_leaves": 48, "min_data_in_leaf": 5, "feature_fraction": 0.7,
        "extra_trees": True, "lambda_l2": 1.0, "bagging_fraction": 0.8, "bagging_freq": 1,
    },
}  # fmt: skip
WIDE = 400
#: Families of the catalogue itself: not all of them are tried on all rows.
OWN_FAMILIES = (
    "lightgbm", "linear", "extra_trees", "random_forest", "neighbours", "histogram_boosting", "network",
    "gaussian_process", "dummy", "catboost", "xgboost",
)  # fmt: skip
#: Models of other packages, by where they enter: CatBoost is the strongest single default of the field on categories
#: (TabArena 2025: Elo 1349 against LightGBM's 1154), XGBoost is near LightGBM and enters for variety.
JOINING = (("catboost", "CatBoost", 1), ("xgboost", "XGBoost", 5))
TINY, SMALL, MIDDLE = 250, 1_500, 20_000


def default(task: Task, features: str, rate: float = 0.1, target: str = "plain") -> Configuration:
    """Plain LightGBM, the yardstick of the race."""
    return _boosted("plain", task, features, rate, target, 50)


def _boosted(shape: str, task: Task, features: str, rate: float, target: str, patience: int) -> Configuration:
    parameters = {**SHAPES[shape], "learning_rate": rate, "patience": patience, "rounds": 4_000}
    if task == "multiclass":
        # A rare class gives leaves of almost no second derivative, and steps that blow up without a penalty.
        parameters["lambda_l2"] = max(1.0, float(parameters.get("lambda_l2", 0.0)))
    if task == "regression" and target != "plain":
        parameters["target"] = target
    label = f"LightGBM {shape}" + (" on log target" if "target" in parameters else "")
    return Configuration("lightgbm", parameters, features, label)


def portfolio(
    *,
    task: Task,
    rows: int,
    columns: int,
    categories: int,
    features: str,
    rate: float,
    target: str,
    other_target: str | None = None,
    counts: bool = False,
) -> list[Configuration]:
    """Configurations to race, the most promising first.

    Args:
        task: what is predicted.
        rows: training rows.
        columns: columns of the feature set.
        categories: how many of them are categories.
        features: name of the feature set.
        rate: LightGBM's learning rate.
        target: scale of a regression's target ("plain" or "log").
        other_target: the other scale, when it is worth a trial.
        counts: whether the target counts something, so that a Poisson loss is worth a trial.
    """
    patience = int(min(200, max(30, 4 / rate)))

    def boosted(shape: str, scale: str = target) -> Configuration:
        return _boosted(shape, task, features, rate, scale, patience)

    def other(family: str, label: str, **parameters: Any) -> Configuration:
        scaled = {"target": target} if task == "regression" and target != "plain" else {}
        return Configuration(family, {**parameters, **scaled}, features, label)

    trees = 300 if rows < SMALL else 200 if rows < MIDDLE else 100
    share = "sqrt" if task != "regression" else 0.5
    extra = other("extra_trees", "ExtraTrees", trees=trees, leaf=1 if task == "regression" else 2, share=share)
    spline = other("linear", "linear on splines", knots=6)
    straight = other("linear", "linear", knots=0)
    forest = other("random_forest", "random forest", trees=trees, leaf=2, share=share if task != "regression" else 0.4)
    near = other("neighbours", "nearest neighbours", neighbours=15)
    network = other("network", "neural network")
    process = [other("gaussian_process", "Gaussian process")] if rows <= TINY else []
    coded = [boosted("coded")] if categories else []
    coded_random = [boosted("coded_random")] if categories else [boosted("random")]
    if rows < SMALL:
        found = [
            boosted("soft"),
            spline,
            extra,
            boosted("random"),
            *coded,
            straight,
            *process,
            boosted("shallow"),
            forest,
            network,
            near,
        ]
    elif rows < MIDDLE:
        found = [
            boosted("soft"), *coded, extra, boosted("random"), boosted("deep"), spline, *coded_random,
            boosted("shallow"), network, forest, near,
        ]  # fmt: skip
    else:
        found = [boosted("deep"), *coded, boosted("soft"), boosted("random"), spline, extra, *coded_random]
    found = _joined(found, other, max(rate, 0.05))
    if other_target is not None:
        found.insert(2, boosted("soft", other_target))
    if counts and target == "plain":
        soft = boosted("soft")
        found.insert(1, replace(soft, parameters={**soft.parameters, "objective": "poisson"}, label="LightGBM Poisson"))
    if columns > WIDE:
        found = [c for c in found if c.family != "neighbours"]
    return list({c.key: c for c in found}.values())


def _joined(found: list[Configuration], other: Callable[..., Configuration], rate: float) -> list[Configuration]:
    """With the models of other packages that are installed; what else joins by entry point comes last."""
    made = list(found)
    for family, label, place in JOINING:
        if family in MODELS:
            made.insert(place, other(family, label, learning_rate=rate, patience=50))
    known = {configuration.family for configuration in made} | set(OWN_FAMILIES)
    return [*made, *(other(family, family) for family in MODELS if family not in known)]
