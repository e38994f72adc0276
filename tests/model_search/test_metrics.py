"""Every metric against scikit-learn's, on drawn truths, predictions and weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from autoprep.errors import SettingError
from autoprep.model_search.metrics import METRICS, default, pinball, resolve, undefined
from autoprep.model_search.target import positive_of

Array = np.ndarray[Any, Any]


def drawn(seed: int, classes: int, rows: int = 60) -> tuple[Array, Array, Array]:
    """Truth with every class in it, probabilities with ties, and weights."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.concatenate([np.arange(classes), rng.integers(0, classes, rows - classes)]))
    raw = np.round(rng.dirichlet(np.ones(classes), rows), 2) + 0.01
    return y, raw / raw.sum(axis=1, keepdims=True), np.round(rng.uniform(0.2, 3, rows), 2)


def values(seed: int, rows: int = 60) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    y = np.round(rng.lognormal(1, 1, rows), 2)
    return y, np.round(y * rng.lognormal(0, 0.4, rows), 2), np.round(rng.uniform(0.2, 3, rows), 2)


BINARY: dict[str, Callable[..., float]] = {
    "roc_auc": lambda y, p, w: oracle.roc_auc_score(y, p[:, 1], sample_weight=w),
    "average_precision": lambda y, p, w: oracle.average_precision_score(y, p[:, 1], sample_weight=w),
    "brier": lambda y, p, w: oracle.brier_score_loss(y, p[:, 1], sample_weight=w),
    "f1": lambda y, p, w: oracle.f1_score(y, p.argmax(axis=1), sample_weight=w),
}
CLASSES: dict[str, Callable[..., float]] = {
    "log_loss": lambda y, p, w: oracle.log_loss(y, p, sample_weight=w),
    "accuracy": lambda y, p, w: oracle.accuracy_score(y, p.argmax(axis=1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: oracle.balanced_accuracy_score(y, p.argmax(axis=1), sample_weight=w),
    "f1_macro": lambda y, p, w: oracle.f1_score(y, p.argmax(axis=1), average="macro", sample_weight=w),
    "f1_micro": lambda y, p, w: oracle.f1_score(y, p.argmax(axis=1), average="micro", sample_weight=w),
    "mcc": lambda y, p, w: oracle.matthews_corrcoef(y, p.argmax(axis=1), sample_weight=w),
    "qwk": lambda y, p, w: oracle.cohen_kappa_score(y, p.argmax(axis=1), weights="quadratic", sample_weight=w),
}
VALUES: dict[str, Callable[..., float]] = {
    "rmse": lambda y, p, w: oracle.root_mean_squared_error(y, p, sample_weight=w),
    "rmsle": lambda y, p, w: oracle.root_mean_squared_log_error(y, p, sample_weight=w),
    "mae": lambda y, p, w: oracle.mean_absolute_error(y, p, sample_weight=w),
    "mape": lambda y, p, w: oracle.mean_absolute_percentage_error(y, p, sample_weight=w),
    "r2": lambda y, p, w: oracle.r2_score(y, p, sample_weight=w),
    "poisson": lambda y, p, w: oracle.mean_poisson_deviance(y, p, sample_weight=w),
    "pinball": lambda y, p, w: oracle.mean_pinball_loss(y, p, sample_weight=w),
}


def test_every_metric_has_an_oracle() -> None:
    assert set(METRICS) == {*BINARY, *CLASSES, *VALUES, "medae"}


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000))
@pytest.mark.parametrize("name", sorted({**BINARY, **CLASSES}))
def test_two_classes(name: str, seed: int) -> None:
    y, p, w = drawn(seed, 2)
    said = {**BINARY, **CLASSES}[name]
    assert METRICS[name].score(y, p, w) == pytest.approx(said(y, p, w), abs=1e-9)
    assert METRICS[name].score(y, p) == pytest.approx(said(y, p, None), abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), classes=st.integers(3, 6))
@pytest.mark.parametrize("name", sorted(CLASSES))
def test_several_classes(name: str, seed: int, classes: int) -> None:
    y, p, w = drawn(seed, classes)
    assert METRICS[name].score(y, p, w) == pytest.approx(CLASSES[name](y, p, w), abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), classes=st.integers(3, 6))
def test_several_classes_one_against_the_rest(seed: int, classes: int) -> None:
    y, p, w = drawn(seed, classes)
    area = oracle.roc_auc_score(y, p, multi_class="ovr", average="macro", sample_weight=w)
    assert METRICS["roc_auc"].score(y, p, w) == pytest.approx(area, abs=1e-9)
    truth = np.eye(classes)[y]
    precision = oracle.average_precision_score(truth, p, average="macro", sample_weight=w)
    assert METRICS["average_precision"].score(y, p, w) == pytest.approx(precision, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000))
@pytest.mark.parametrize("name", sorted(VALUES))
def test_values(name: str, seed: int) -> None:
    y, p, w = values(seed)
    assert METRICS[name].score(y, p, w) == pytest.approx(VALUES[name](y, p, w), rel=1e-9)
    assert METRICS[name].score(y, p) == pytest.approx(VALUES[name](y, p, None), rel=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), level=st.floats(0.05, 0.95))
def test_pinball_at_any_level(seed: int, level: float) -> None:
    y, p, w = values(seed)
    found = oracle.mean_pinball_loss(y, p, alpha=level, sample_weight=w)
    assert pinball(level).score(y, p, w) == pytest.approx(found, rel=1e-9)


def test_median_error_without_weights() -> None:
    y, p, _ = values(3)
    assert METRICS["medae"].score(y, p) == pytest.approx(oracle.median_absolute_error(y, p))


def test_losses_fall_when_scores_rise() -> None:
    y, good, _ = drawn(0, 2)
    sure = np.eye(2)[y] * 0.98 + 0.01
    for name, metric in METRICS.items():
        if "binary" in metric.tasks:
            assert metric.loss(y, sure) <= metric.loss(y, good), name


@pytest.mark.parametrize(
    ("metric", "task", "greater"),
    [
        (oracle.accuracy_score, "binary", True),
        (oracle.mean_absolute_error, "regression", False),
        (oracle.r2_score, "regression", True),
        (oracle.make_scorer(oracle.fbeta_score, beta=2), "binary", True),
        (
            oracle.make_scorer(oracle.log_loss, greater_is_better=False, response_method="predict_proba"),
            "binary",
            False,
        ),
    ],
)
def test_functions_and_scorers_of_scikit_learn(metric: Any, task: Any, greater: bool) -> None:
    y, p, w = drawn(1, 2) if task == "binary" else values(1)
    found = resolve(metric, task, y, np.array([0, 1]) if task == "binary" else None)
    assert found.greater_is_better is greater
    inner, extra = getattr(metric, "_score_func", metric), getattr(metric, "_kwargs", {})
    said = p if found.needs == "value" else p[:, 1] if found.needs == "probability" else p.argmax(axis=1)
    assert found.score(y, p, w) == pytest.approx(inner(y, said, sample_weight=w, **extra))


def test_a_metric_of_another_task_is_refused() -> None:
    with pytest.raises(SettingError, match="cannot judge"):
        resolve("rmse", "binary", np.array([0, 1]), None)


def test_one_enormous_value_changes_the_default() -> None:
    assert default("regression", np.arange(200.0))[0] == "rmse"
    assert default("regression", np.append(np.arange(200.0), 1e9))[0] == "rmsle"
    assert default("regression", np.append(np.arange(200.0) - 100, 1e9))[0] == "mae"


def test_a_score_of_one_class_is_about_the_class_that_is_asked_for_or_affirms_or_is_rare() -> None:
    y = np.array([0, 0, 0, 1])
    assert positive_of(["ja", "nein"], y)[0] == 0
    assert positive_of(["0", "1"], y)[0] == 1
    assert positive_of(["cat", "dog"], y)[0] == 1
    assert positive_of(["cat", "dog"], 1 - y)[0] == 0
    assert positive_of(["no", "yes"], y, "NO")[0] == 0
    assert positive_of(["false", "true"], y, "Nein")[0] == 0
    with pytest.raises(SettingError, match="no class; write cat or dog"):
        positive_of(["cat", "dog"], y, "cow")
    with pytest.raises(SettingError, match="for two classes"):
        positive_of(["a", "b", "c"], y, "a")


@pytest.mark.parametrize("name", ["f1", "average_precision"])
def test_a_score_of_the_first_class_is_scikit_learns(name: str) -> None:
    y, p, w = drawn(3, 2)
    found = resolve(name, "binary", y, np.array(["ja", "nein"]))
    assert found.said == f"{name} of 'ja'"
    if name == "f1":
        expected = oracle.f1_score(y, p.argmax(axis=1), pos_label=0, sample_weight=w)
    else:
        expected = oracle.average_precision_score(y, p[:, 0], pos_label=0, sample_weight=w)
    assert found.score(y, p, w) == pytest.approx(expected)
    assert resolve(name, "binary", y, np.array(["ja", "nein"]), "nein").score(y, p, w) == METRICS[name].score(y, p, w)


def test_what_has_no_score_says_why() -> None:
    ones = np.ones(5, dtype=np.int64)
    assert "one class" in undefined(METRICS["roc_auc"], ones, 1)
    assert "positive" in undefined(METRICS["f1"], ones, 0)
    assert undefined(METRICS["f1"], ones, 1) == ""
    assert undefined(METRICS["log_loss"], ones, 1) == ""
