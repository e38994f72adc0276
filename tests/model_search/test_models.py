"""One contract for every model of the catalogue: a new entry is tested without a new test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from autoprep.budget import Budget
from autoprep.errors import ArtifactError
from autoprep.model_search import load_predictor
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.forest_model import SklearnModel
from autoprep.model_search.limits import Limit, OutOfTime
from autoprep.model_search.metrics import METRICS
from autoprep.model_search.models import MODELS
from autoprep.model_search.predictor import Member, Predictor
from autoprep.model_search.splits import suggest
from autoprep.model_search.threads import one_thread
from autoprep.model_search.trial import Bench
from autoprep.types import Task

ROWS = 240
FOREVER = Limit(float("inf"), float("inf"), lambda: 0.0)
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.fixture(autouse=True)
def calm() -> Iterator[None]:
    """As the search runs them: linear algebra on one thread."""
    with one_thread():
        yield


def rows(seed: int = 0, count: int = ROWS) -> pl.DataFrame:
    """Numbers and categories with nulls, a constant, and a boolean."""
    rng = np.random.default_rng(seed)
    holes = rng.random((count, 2)) < 0.1
    size = np.where(holes[:, 0], np.nan, rng.normal(size=count))
    return pl.DataFrame(
        {
            "size": size,
            "count": rng.integers(0, 20, count),
            "kind": [
                None if hole else str(k) for hole, k in zip(holes[:, 1], rng.choice(list("abc"), count), strict=True)
            ],
            "flag": rng.random(count) > 0.5,
            "same": np.ones(count),
        }
    ).with_columns(pl.col("size").fill_nan(None))


def truth(frame: pl.DataFrame, task: Task) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(1)
    signal = frame["size"].fill_null(1.5).to_numpy() + 1.2 * (frame["kind"].fill_null("z") == "a").to_numpy()
    noisy = signal + 0.2 * frame["count"].to_numpy() / 10 + rng.normal(size=frame.height) * 0.3
    if task == "regression":
        return 100 + 10 * noisy
    cuts = np.quantile(noisy, [0.5] if task == "binary" else [0.3, 0.7])
    return np.searchsorted(cuts, noisy)


def bench(task: Task, weight: np.ndarray[Any, Any] | None = None) -> Bench:
    frame = rows()
    y = truth(frame, task)
    classes = 0 if task == "regression" else len(np.unique(y))
    metric = METRICS["rmse" if task == "regression" else "log_loss"]
    return Bench(
        frame, y, task=task, classes=classes, metric=metric, splits=suggest(y, task, repeats=1), synthesizers={},
        weight=weight, budget=Budget(), seed=0, memory_bytes=1e9,
    )  # fmt: skip


def configuration(name: str) -> Configuration:
    return Configuration(name, {"trees": 40} if "tree" in name or "forest" in name else {})


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", list(MODELS))
def test_it_learns_and_is_the_same_after_saving(name: str, task: Task, tmp_path: Path) -> None:
    table = bench(task)
    result = table.run(configuration(name), 0, FOREVER)
    assert np.isfinite(result.prediction).all()
    if task != "regression":
        assert result.prediction.min() >= 0
        assert np.allclose(result.prediction.sum(axis=1), 1)
    dummy = table.run(configuration("dummy"), 0, FOREVER).loss
    assert result.loss < 0.9 * dummy or name == "dummy"
    labels = [] if task == "regression" else list(range(table.classes))
    predictor = Predictor(task, labels, table.metric.name, [0.0] * max(1, table.classes), [Member(result.part, 1.0)])
    predictor.save(tmp_path)
    again = load_predictor(tmp_path)
    fresh = rows(seed=5, count=40)
    said = predictor.predict(fresh) if task == "regression" else predictor.predict_proba(fresh)
    told = again.predict(fresh) if task == "regression" else again.predict_proba(fresh)
    assert np.array_equal(said, told)
    assert not [f for f in tmp_path.iterdir() if f.suffix in (".pkl", ".pickle", ".joblib")]


@pytest.mark.parametrize("name", list(MODELS))
def test_rows_it_has_never_seen_the_like_of(name: str) -> None:
    table = bench("binary")
    part = table.run(configuration(name), 0, FOREVER).part
    fresh = rows(count=6)
    strange = {
        "nulls": fresh.with_columns(pl.all().replace_strict({}, default=None, return_dtype=pl.Int64).cast(pl.Float64)),
        "unknown": fresh.with_columns(pl.lit("never seen").alias("kind")),
        "enormous": fresh.with_columns(pl.lit(1e300).alias("size")),
        "infinite": fresh.with_columns(pl.lit(float("-inf")).alias("size")),
    }
    for what, frame in strange.items():
        said = part.predict(frame.with_columns(pl.col("kind").cast(pl.String)))
        assert said.shape == (6, 2), what
        assert np.isfinite(said).all(), what


@pytest.mark.parametrize("name", list(MODELS))
def test_one_row_alone_is_predicted_as_in_company(name: str) -> None:
    table = bench("regression")
    part = table.run(configuration(name), 0, FOREVER).part
    fresh = rows(seed=3, count=30)
    alone = np.concatenate([part.predict(fresh[i : i + 1]) for i in range(10)])
    assert np.allclose(alone, part.predict(fresh)[:10], rtol=1e-6)


@pytest.mark.parametrize("name", [n for n in MODELS if n not in ("gaussian_process", "neighbours")])
def test_weights_move_it(name: str) -> None:
    frame = rows()
    high = (frame["flag"].to_numpy()).astype(float)
    y = 1.0 * high
    table = bench("regression", weight=np.where(high > 0, 50.0, 1.0))
    table.frame, table.y = frame.select("same", (pl.col("count") * 0 + pl.int_range(ROWS) % 2).alias("noise")), y
    plain = bench("regression")
    plain.frame, plain.y = table.frame, y
    heavy, light = (b.run(configuration(name), 0, FOREVER).prediction.mean() for b in (table, plain))
    assert heavy > light + 0.2


@pytest.mark.parametrize("name", list(MODELS))
def test_the_same_seed_gives_the_same_model(name: str) -> None:
    first, second = (bench("multiclass").run(configuration(name), 1, FOREVER).prediction for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", list(MODELS))
def test_equal_models_are_equal_files(name: str, tmp_path: Path) -> None:
    kept = []
    for number in range(2):
        model = bench("binary").run(configuration(name), 1, FOREVER).part.model
        ballast = [object() for _ in range(1_000 * number)]
        path = tmp_path / f"{number}{model.suffix}"
        model.save(path)
        kept.append(path.read_bytes())
        del ballast
    assert kept[0] == kept[1]


@pytest.mark.parametrize("name", list(MODELS))
def test_cost_is_foreseen_and_grows(name: str) -> None:
    family = MODELS[name]
    small, large = family.cost(100, 10, 2, {}), family.cost(5_000, 10, 2, {})
    assert 0 < small <= large


@pytest.mark.parametrize("name", [n for n in MODELS if n not in ("dummy", "neighbours")])
def test_a_limit_that_has_come_stops_it(name: str) -> None:
    spent = Limit(0.0, float("inf"), lambda: 1.0)
    with pytest.raises(OutOfTime):
        bench("binary").run(configuration(name), 0, spent)


@pytest.mark.parametrize("name", list(MODELS))
def test_every_axis_draws_within_its_range(name: str) -> None:
    rng = np.random.default_rng(0)
    for axis in MODELS[name].space.values():
        for _ in range(20):
            value = axis.near(axis.draw(rng), rng)
            assert value in axis.choices if axis.choices else axis.low * 0.999 <= value <= axis.high * 1.001


def test_a_model_file_of_a_strange_type_is_refused(tmp_path: Path) -> None:
    from sklearn.svm import SVC
    from skops import io

    path = tmp_path / "model.skops"
    path.write_bytes(io.dumps(SVC()))
    SklearnModel.load(path, 2, 1)
    import functools

    path.write_bytes(io.dumps(functools.partial(print, "hello")))
    with pytest.raises(ArtifactError, match="not allowed"):
        SklearnModel.load(path, 2, 1)
