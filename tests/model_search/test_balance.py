"""Classes weighed inside a fit: what weights do, and that the probabilities are those of the rows again afterwards."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoprep.budget import Budget
from autoprep.model_search import load_predictor, search
from autoprep.model_search.balance import class_weights, undone, weighed
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.evolve import Evolution
from autoprep.model_search.journal import Journal
from autoprep.model_search.limits import Limit
from autoprep.model_search.metrics import resolve
from autoprep.model_search.models import MODELS
from autoprep.model_search.portfolio import portfolio
from autoprep.model_search.predictor import Member, Predictor
from autoprep.model_search.race import Race
from autoprep.model_search.remembered import recall, remember
from autoprep.model_search.splits import suggest
from autoprep.model_search.trial import Bench

BALANCED = sorted(name for name, family in MODELS.items() if "balance" in family.space)


def rows(count: int = 1_500, rare: float = 0.06, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """A rare class that two numbers and a category hint at."""
    rng = np.random.default_rng(seed)
    y = (rng.random(count) < rare).astype(np.int64)
    frame = pl.DataFrame(
        {"a": rng.normal(y, 1.0), "b": rng.normal(-y, 1.5), "c": np.where(rng.random(count) < 0.3 + 0.3 * y, "u", "v")}
    )
    return frame, y


def bench(frame: pl.DataFrame, y: np.ndarray, weight: np.ndarray | None = None, metric: str = "roc_auc") -> Bench:
    classes = int(y.max()) + 1
    task: Any = "binary" if classes == 2 else "multiclass"
    return Bench(
        frame, y, task=task, classes=classes, metric=resolve(metric, task, y, np.arange(classes)),
        splits=suggest(y, task, seed=0, folds=3), synthesizers={}, weight=weight, budget=Budget(work_budget=50.0),
        seed=0, memory_bytes=1e9,
    )  # fmt: skip


def forever() -> Limit:
    return Limit(float("inf"), float("inf"), time.monotonic)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(0.0, 1.0), st.booleans())
def test_the_mean_weight_of_a_row_stays_one(codes: list[int], power: float, own: bool) -> None:
    y = np.array(codes)
    weight = np.linspace(0.5, 2.0, len(y)) if own else None
    made = weighed(y, class_weights(y, 4, power, weight), weight)
    assert made.sum() == pytest.approx(len(y) if weight is None else weight.sum())
    sums = np.bincount(y, weights=made, minlength=4)
    assert power < 1.0 or np.allclose(sums[sums > 0], sums.max())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(*[st.integers(1, 50)] * 3), min_size=1, max_size=8), st.floats(0.1, 1.0))
def test_shares_of_weighed_rows_are_led_back_to_those_of_the_rows(cells: list[tuple[int, ...]], power: float) -> None:
    counts = np.array(cells, dtype=np.float64)
    y = np.repeat(np.arange(3), counts.sum(axis=0).astype(int))
    weights = class_weights(y, 3, power)
    learnt = counts * weights
    said = undone(learnt / learnt.sum(axis=1, keepdims=True), tuple(weights.tolist()))
    assert np.allclose(said, counts / counts.sum(axis=1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("family", BALANCED)
def test_a_weighed_model_says_how_often_the_rare_class_comes(family: str) -> None:
    frame, y = rows()
    made, plain = bench(frame, y), MODELS[family]
    assert plain.space["balance"].choices == (0.0, 0.5, 1.0)
    parameters: dict[str, Any] = {"min_data_in_leaf": 20, "leaf": 10, "rounds": 60, "trees": 60}
    results = [made.run(Configuration(family, {**parameters, "balance": p}), 0, forever()) for p in (0.0, 1.0)]
    share = float(y[made.splits.folds[0][1]].mean())
    for result in results:
        assert abs(float(result.prediction[:, 1].mean()) - share) < 0.035, family
    sides = made.sides(results[1].part and Configuration(family, parameters), 0)
    assert sides.valid is not None
    raw = results[1].part.model.predict(sides.valid)[:, 1].mean()
    assert raw > 2 * share, "the fit itself has not seen heavier rows"


def test_classes_that_are_even_are_left_alone() -> None:
    frame, y = rows(rare=0.4)
    even, odd = bench(frame, y), bench(*rows(rare=0.05))
    assert "balance" not in even.space("lightgbm") and "balance" in odd.space("lightgbm")
    assert "balance" not in bench(*rows(rare=0.05), metric="log_loss").space("lightgbm")
    asked: Any = {
        "task": "binary", "rows": 1_000, "columns": 3, "categories": 1, "features": "", "rate": 0.1, "target": "plain"
    }  # fmt: skip
    assert not any("balance" in c.parameters for c in portfolio(**asked))
    assert any(c.parameters.get("balance") == 0.5 for c in portfolio(**asked, uneven=True))


def test_evolution_weighs_classes() -> None:
    frame, y = rows(400)
    made = bench(frame, y)
    race = Race(made, [0, 1, 2], 0.0, 50.0, lambda *_, **__: None)
    for configuration in (Configuration("lightgbm", {"num_leaves": 7}, label="a"), Configuration("linear", {})):
        for fold in (0, 1, 2):
            race.step(configuration, fold)
    Evolution(made, race, [0, 1, 2], 0, lambda *_, **__: None).run(40)
    powers = {r.configuration.parameters.get("balance", 0.0) for r in race.runners.values() if r.results}
    assert powers > {0.0}


def test_it_is_kept_and_read_again(tmp_path: Path) -> None:
    frame, y = rows(600)
    made = bench(frame, y)
    configuration = Configuration("lightgbm", {"balance": 1.0, "rounds": 40, "min_data_in_leaf": 5})
    result = made.run(configuration, 0, forever())
    predictor = Predictor("binary", ["no", "yes"], "log_loss", [0.94, 0.06], [Member(result.part, 1.0)])
    predictor.save(tmp_path / "model")
    assert np.array_equal(load_predictor(tmp_path / "model").predict_proba(frame), predictor.predict_proba(frame))
    written = tmp_path / "model" / "predictor.json"
    values = json.loads(written.read_text())
    for member in values["members"]:
        del member["scale"]["weights"]
    written.write_text(json.dumps(values))
    older = load_predictor(tmp_path / "model").predict_proba(frame)
    assert older[:, 1].mean() > 2 * predictor.predict_proba(frame)[:, 1].mean(), (
        "an artefact from before has no weights"
    )

    journal = Journal(tmp_path / "run.journal")
    journal.open("x")
    remember(journal, configuration, 0, result)
    held = recall(journal, configuration, 0)
    assert held is not None and held.part.scale == result.part.scale


def test_sample_weights_stand_beside_class_weights() -> None:
    frame, y = rows(900)
    weight = np.where(np.arange(900) % 2, 3.0, 0.5)
    configuration = Configuration("linear", {"balance": 1.0})
    with_, without = (bench(frame, y, w).run(configuration, 0, forever()) for w in (weight, None))
    assert with_.part.scale.weights != without.part.scale.weights
    assert not np.allclose(with_.prediction, without.prediction)


def test_a_whole_search_on_a_rare_class() -> None:
    frame, y = rows(700)
    found = search(frame, y, task="binary", metric="average_precision", budget=Budget(work_budget=4.0))
    tried = [t for t in found.leaderboard.trials if t.parameters.get("balance")]
    assert tried and all(np.isfinite(t.loss) for t in tried)
    assert abs(float(np.nanmean(found.oof[:, 1])) - y.mean()) < 0.02
