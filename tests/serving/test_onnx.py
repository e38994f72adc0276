"""ONNX Runtime's answers beside our own: each kind of model, encoding and target, on rows with every gap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.__main__ import main
from autoprep.errors import SettingError
from autoprep.model_search.again import fit_again
from autoprep.model_search.calibrate import Conformal
from autoprep.model_search.encode import Encoder
from autoprep.model_search.part import Part, TargetScale
from autoprep.model_search.predictor import Member, Predictor
from autoprep.serving import onnx_export, onnx_graph

from .shop import orders

pytestmark = pytest.mark.slow

onnxruntime = pytest.importorskip("onnxruntime")


def table(rows: int, seed: int) -> pl.DataFrame:
    """Numbers with gaps, zeros and infinities, categories with null and levels that training never saw."""
    pick = np.random.default_rng(seed)
    size = pick.normal(size=rows).round(2)
    size[pick.random(rows) < 0.1] = np.nan
    words = ["Oslo", "Bergen", "Moss", "Å"] + (["Rome", "oslo "] if seed else [])
    city = [None if pick.random() < 0.1 else str(pick.choice(words)) for _ in range(rows)]
    kind = [f"k{pick.integers(0, 45 + 10 * (seed > 0))}" for _ in range(rows)]
    zero = np.where(pick.random(rows) < 0.4, 0.0, pick.normal(size=rows))
    if seed:
        size[:3] = [np.inf, -np.inf, 1e-36]
    return pl.DataFrame({"size": size, "zero": zero, "city": city, "kind": kind})


def fitted(family: str, encoding: Any, classes: int, **parameters: Any) -> tuple[Part, np.ndarray]:
    """A part fitted on made-up rows, and the truth of them."""
    frame = table(400, 0)
    size, city = frame["size"].fill_nan(1.5).to_numpy(), (frame["city"] == "Moss").fill_null(True).to_numpy()
    raw = size + 2 * city + np.random.default_rng(1).normal(size=400) * 0.3
    y = raw if not classes else np.digitize(raw, np.quantile(raw, np.linspace(0, 1, classes + 1)[1:-1]))
    encoder = Encoder(encoding, classes, knots=4)
    matrix = encoder.fit_transform(frame, y)
    metric = "log_loss" if classes else "rmse"
    model = fit_again(family, encoder, matrix, y, metric=metric, parameters=parameters, rounds=12, seed=0)
    return Part("", encoder, model, family, TargetScale()), y


def answers(predictor: Predictor, frame: pl.DataFrame) -> dict[str, np.ndarray]:
    """What ONNX Runtime says of a frame that is clean already."""
    feed = {}
    for name, (number, column, text) in onnx_graph.wanted(predictor).items():
        assert number == -1
        feed[name] = onnx_export.cells(frame.get_column(column), text)
    session = onnxruntime.InferenceSession(
        onnx_graph.build(predictor).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, feed), strict=True))


FAMILIES = [
    ("lightgbm", "native", {"min_data_in_leaf": 3, "min_data_per_group": 3, "cat_smooth": 1}),
    ("lightgbm", "target", {"extra_trees": True}),
    ("linear", "linear", {}),
    ("extra_trees", "target", {"trees": 20}),
    ("random_forest", "target", {"trees": 20}),
]


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize(("family", "encoding", "parameters"), FAMILIES, ids=lambda v: str(v)[:12])
def test_each_family(family: str, encoding: str, parameters: dict[str, Any], classes: int) -> None:
    part, y = fitted(family, encoding, classes, **parameters)
    prior = (np.bincount(y) / len(y)).tolist() if classes else [float(y.mean())]
    labels = ["no", "yes", "maybe"][:classes]
    task: Any = {0: "regression", 2: "binary", 3: "multiclass"}[classes]
    predictor = Predictor(task, labels, "log_loss" if classes else "rmse", prior, [Member(part, 1.0)])
    new = table(600, 1)
    ours, theirs = predictor.predict_proba(new) if classes else predictor.predict(new), answers(predictor, new)
    assert np.abs(ours - theirs["probabilities" if classes else "prediction"]).max() < 1e-12
    if classes:
        assert theirs["prediction"].tolist() == predictor.predict(new).tolist()


def test_an_ensemble_calibrated() -> None:
    one, _ = fitted("lightgbm", "native", 2, min_data_in_leaf=3)
    other, _ = fitted("linear", "linear", 2)
    members = [Member(one, 0.7), Member(other, 0.3)]
    predictor = Predictor("binary", ["a", "b"], "f1", [0.4, 0.6], members, temperature=1.3, mix=0.01, threshold=0.37)
    new = table(500, 2)
    said = answers(predictor, new)
    assert np.abs(predictor.predict_proba(new) - said["probabilities"]).max() < 1e-12
    assert said["prediction"].tolist() == predictor.predict(new).tolist()


def test_classes_that_were_weighed() -> None:
    part, _ = fitted("lightgbm", "native", 3, min_data_in_leaf=3, balance=1.0)
    part.scale = TargetScale(weights=(0.5, 2.0, 1.25))
    predictor = Predictor("multiclass", ["a", "b", "c"], "f1_macro", [0.6, 0.1, 0.3], [Member(part, 1.0)])
    new = table(500, 4)
    said = answers(predictor, new)
    assert np.abs(predictor.predict_proba(new) - said["probabilities"]).max() < 1e-12
    assert said["prediction"].tolist() == predictor.predict(new).tolist()


@pytest.mark.parametrize("floor", [None, 1.0])
def test_a_logarithm_and_its_interval(floor: float | None) -> None:
    part, y = fitted("lightgbm", "native", 0, min_data_in_leaf=3)
    part.scale = TargetScale("log", -1.5, 1.1)
    conformal = Conformal.learn(np.tile(y, 3), np.tile(y, 3) * 0.8 + 0.1, floor)
    assert conformal.edges
    predictor = Predictor(
        "regression", [], "rmse", [0.0], [Member(part, 1.0)], shift=-0.25, floor=floor, conformal=conformal
    )
    new = table(500, 3)
    said, lower_upper = answers(predictor, new), predictor.interval(new, onnx_graph.COVERAGE)
    for ours, name in zip((predictor.predict(new), *lower_upper), ("prediction", "lower", "upper"), strict=True):
        assert np.abs(ours - said[name]).max() < 1e-11


def test_what_onnx_cannot_say_is_named() -> None:
    part, _ = fitted("neighbours", "linear", 2)
    predictor = Predictor("binary", ["a", "b"], "auc", [0.5, 0.5], [Member(part, 1.0)])
    with pytest.raises(SettingError, match="'neighbours' \\(100% of the model\\) cannot be said in ONNX"):
        onnx_graph.build(predictor)


def test_the_command_compares_and_any_row_can_be_fed(
    shop_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.onnx"
    assert main(["export", str(shop_model), "--to", "onnx", "-o", str(file)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "50 rows compared, largest difference" in said and "0 labels differ" in said
    model, new = ap.load(shop_model), orders(80, seed=4).drop("bought")
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    made = session.run(["prediction", "probabilities"], model.onnx_inputs(new))
    ours = model.predict_frame(new)
    assert made[0].tolist() == ours["prediction"].to_list()
    assert np.abs(made[1][:, 1] - ours["probability_yes"].to_numpy()).max() < 1e-9
    assert main(["export", str(shop_model), "--to", "pmml"]) == 2


def test_a_difference_is_no_file(shop_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = onnx_graph.build

    def other(predictor: Predictor) -> Any:
        return build(Predictor(**{**predictor.__dict__, "temperature": predictor.temperature + 0.5}))

    monkeypatch.setattr(onnx_graph, "build", other)
    with pytest.raises(ap.errors.ArtifactError, match="differ from the model's"):
        ap.load(shop_model).export_onnx(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
