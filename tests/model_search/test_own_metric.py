"""Metrics that are functions: which way is better, what they are called with, and what is said when they fail."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from autoprep.errors import SettingError
from autoprep.model_search.metrics import METRICS, resolve

Array = np.ndarray[Any, Any]
VALUES = np.random.default_rng(0).lognormal(1, 1, 300)
CODES = np.random.default_rng(1).integers(0, 2, 300)


def gap(y_true: Array, y_pred: Array) -> float:
    return float(np.mean(np.abs(y_true - y_pred)))


def profit(y_true: Array, y_pred: Array) -> float:
    return float(np.sum(y_true * y_pred)) - float(np.sum(y_pred**2)) / 2


def over(y_true: Array, y_pred: Array) -> float:
    return float(np.maximum(y_pred - y_true, 0).mean())


@pytest.mark.parametrize(
    ("function", "greater"),
    [
        (gap, False),
        (lambda y, p: float(np.mean(np.abs(y - p))), False),
        (profit, True),
        (over, False),
        (lambda y, p: float(np.corrcoef(y, p)[0, 1]), True),
        (oracle.mean_squared_log_error, False),
        (oracle.explained_variance_score, True),
        (partial(oracle.mean_tweedie_deviance, power=1.5), False),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_the_truth_beside_bad_predictions_shows_which_way_is_better(function: Any, greater: bool, scale: float) -> None:
    found = resolve(function, "regression", VALUES * scale, None)
    assert found.greater_is_better is greater
    assert found.why.startswith(f"{found.name}, {'greater' if greater else 'lower'} is better: it says ")


@pytest.mark.parametrize(
    ("function", "greater"),
    [(oracle.recall_score, True), (oracle.hamming_loss, False), (lambda y, p: 10 * float((y > p).mean()), False)],
)
def test_so_it_does_for_labels(function: Any, greater: bool) -> None:
    assert resolve(function, "binary", CODES, np.array(["0", "1"])).greater_is_better is greater


@pytest.mark.parametrize("function", [lambda y, p: float(np.mean(p - y)), lambda y, p: 1.0, lambda y, p: np.nan])
def test_what_shows_no_way_is_refused_with_how_to_say_it(function: Any) -> None:
    with pytest.raises(SettingError, match=r"'own function' does not show .*make_scorer"):
        resolve(function, "regression", VALUES, None)
    said = resolve(oracle.make_scorer(function, greater_is_better=False), "regression", VALUES, None)
    assert not said.greater_is_better


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (oracle.log_loss, "log_loss"),
        (oracle.roc_auc_score, "roc_auc"),
        (oracle.brier_score_loss, "brier"),
        (oracle.f1_score, "f1"),
        (oracle.get_scorer("f1"), "f1"),
        (oracle.get_scorer("f1_macro"), "f1_macro"),
        (oracle.get_scorer("neg_log_loss"), "log_loss"),
        (oracle.get_scorer("roc_auc"), "roc_auc"),
        (partial(oracle.f1_score, average="micro"), "f1_micro"),
        (oracle.make_scorer(oracle.cohen_kappa_score, weights="quadratic"), "qwk"),
    ],
)
def test_functions_of_scikit_learn_are_their_built_in_equals(metric: Any, name: str) -> None:
    found = resolve(metric, "binary", CODES, np.array(["no", "yes"]))
    assert (found.name, found.needs) == (name, METRICS[name].needs)


def test_what_has_no_equal_stays_what_it_is() -> None:
    labels = np.array(["no", "yes"])
    weighted = resolve(oracle.get_scorer("f1_weighted"), "binary", CODES, labels)
    assert (weighted.name, weighted.needs, weighted.greater_is_better) == ("own f1_score", "label", True)
    hard = resolve(oracle.make_scorer(oracle.roc_auc_score), "binary", CODES, np.array(["0", "1"]))
    assert hard.needs == "label"
    assert resolve(partial(oracle.mean_pinball_loss, alpha=0.9), "regression", VALUES, None).name == "pinball:0.9"


@pytest.mark.parametrize(
    ("classes", "kind"), [(["0", "1"], "i"), (["false", "true"], "b"), (["01", "1"], "U"), (["no", "yes"], "U")]
)
def test_labels_come_in_their_own_type(classes: list[str], kind: str) -> None:
    met = set[str]()

    def right(y_true: Array, y_pred: Array) -> float:
        met.update({y_true.dtype.kind, y_pred.dtype.kind})
        return float(np.mean(y_true == y_pred))

    assert resolve(right, "binary", CODES, np.array(classes)).score(CODES, np.eye(2)[CODES]) == 1.0
    assert met == {kind}


def test_a_function_that_fails_is_named_with_what_it_said() -> None:
    def odd(y_true: Array, y_pred: Array) -> float:
        raise ValueError("no such thing\nas this")

    with pytest.raises(
        SettingError, match=r"^metric 'odd' fails: ValueError: no such thing; it is called with .*labels$"
    ):
        resolve(odd, "binary", CODES, np.array(["a", "b"]))
    with pytest.raises(SettingError, match=r"'own mae' fails: TypeError: .*values$"):
        resolve(mae_of_three, "regression", VALUES, None)
    weighted = resolve(gap, "regression", VALUES, None)
    with pytest.raises(SettingError, match="sample_weight"):
        weighted.score(VALUES, VALUES, np.arange(300))


def mae_of_three(y_true: Array, y_pred: Array, more: float) -> float:
    return more


mae_of_three.__name__ = "mae"


def test_a_metric_of_a_named_function_can_be_pickled() -> None:
    found = pickle.loads(pickle.dumps(resolve(gap, "regression", VALUES, None)))  # noqa: S301 - our own bytes
    assert found.score(VALUES, VALUES + 1) == pytest.approx(1.0)
