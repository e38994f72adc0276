"""The configurations that are tried first, in this order, by the shape of the data; data, with where each comes from.

``portfolio.json`` holds members, orders and their provenance; ``benchmarks/mine_portfolio.py`` writes orders that are
mined on data sets on which autoprep is not judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from autoprep.model_search.configuration import Configuration
from autoprep.model_search.models import MODELS
from autoprep.types import Task

FILE = Path(__file__).with_name("portfolio.json")
WIDE = 400
TINY, SMALL, MIDDLE = 250, 1_500, 20_000
#: Training rows below which leaves shrink with them.
FEW = 160


@cache
def written() -> Mapping[str, Any]:
    """Members and orders as the file has them.

    Example:
        >>> [order["rows_below"] for order in written()["orders"]]
        [1500, 20000, None]
    """
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def order_for(rows: int) -> Mapping[str, Any]:
    """The order for so many training rows, with its provenance."""
    orders: Sequence[Mapping[str, Any]] = written()["orders"]
    return next(o for o in orders if o["rows_below"] is None or rows < o["rows_below"])


def default(task: Task, features: str, rate: float = 0.1, target: str = "plain", rows: int = 0) -> Configuration:
    """Plain LightGBM, the yardstick of the race; ``rows`` of training, where it should suit few of them."""
    return member("plain", task=task, rows=rows, features=features, rate=rate, target=target, patience=50)


def member(
    name: str, *, task: Task, rows: int, features: str, rate: float, target: str, patience: int = 50
) -> Configuration:
    """A member of the portfolio as a configuration.

    Args:
        name: of ``portfolio.json``.
        task: what is predicted.
        rows: training rows: how many trees a forest has, how small leaves may be; 0: unknown.
        features: name of the feature set.
        rate: learning rate of boosting.
        target: scale of a regression's target.
        patience: rounds without a gain after which LightGBM stops.
    """
    said = written()["members"][name]
    own = said.get("values" if task == "regression" else "classes", {})
    parameters: dict[str, Any] = {**said.get("parameters", {}), **own}
    label = said["label"]
    if said["family"] == "lightgbm":
        parameters |= {"learning_rate": rate, "patience": patience, "rounds": 4_000}
        if 0 < rows < FEW:
            # Leaves of 20 of 40 rows allow one cut, of 24 rows none.
            parameters["min_data_in_leaf"] = min(int(parameters["min_data_in_leaf"]), max(2, rows // 8))
        if task == "multiclass":
            # A rare class gives leaves of almost no second derivative, and steps that blow up without a penalty.
            parameters["lambda_l2"] = max(1.0, float(parameters.get("lambda_l2", 0.0)))
    elif "rate" in said:
        parameters["learning_rate"] = max(rate, float(said["rate"]))
    if said["family"] in ("extra_trees", "random_forest"):
        parameters["trees"] = 300 if rows < SMALL else 200 if rows < MIDDLE else 100
    if task == "regression" and target != "plain":
        parameters["target"] = target
        label += " on log target" if said["family"] == "lightgbm" else ""
    return Configuration(said["family"], parameters, features, label)


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
    uneven: bool = False,
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
        uneven: whether classes are so uneven that weighing them is worth a trial.
    """
    patience = int(min(200, max(30, 4 / rate)))
    members = written()["members"]

    def made(name: str, scale: str = target) -> Configuration:
        return member(name, task=task, rows=rows, features=features, rate=rate, target=scale, patience=patience)

    fits = {
        None: True,
        "categories": categories > 0,
        "narrow": columns <= WIDE,
        "tiny": rows <= TINY,
        "uneven": uneven,
    }

    def usable(name: str) -> bool:
        said = members[name]
        need = said.get("needs")
        return said["family"] in MODELS if need == "installed" else fits[need]

    order = [name for name in order_for(rows)["order"] if usable(name)]
    found = [made(name) for name in order]
    known = {said["family"] for said in members.values()} | {"histogram_boosting", "dummy"}
    scaled = {"target": target} if task == "regression" and target != "plain" else {}
    found += [Configuration(family, scaled, features, family) for family in MODELS if family not in known]
    if other_target is not None:
        found.insert(2, made("soft", other_target))
    if counts and target == "plain":
        soft = made("soft")
        found.insert(1, replace(soft, parameters={**soft.parameters, "objective": "poisson"}, label="LightGBM Poisson"))
    return list({c.key: c for c in found}.values())
