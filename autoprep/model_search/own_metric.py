"""Metrics that are functions: scikit-learn's by their built-in equals, others as they are, and which way is better."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import SettingError
from autoprep.model_search.metrics import ALIASES, METRICS, Metric, Needs, pinball
from autoprep.model_search.target import typed
from autoprep.types import Task

Array = NDArray[Any]

#: Functions of ``sklearn.metrics``, with the arguments that are bound to them, and their built-in equals.
EQUALS: Mapping[tuple[str, str], str] = {
    ("accuracy_score", ""): "accuracy",
    ("average_precision_score", ""): "average_precision",
    ("balanced_accuracy_score", ""): "balanced_accuracy",
    ("brier_score_loss", ""): "brier",
    ("cohen_kappa_score", "weights=quadratic"): "qwk",
    ("f1_score", ""): "f1",
    ("f1_score", "average=binary"): "f1",
    ("f1_score", "average=macro"): "f1_macro",
    ("f1_score", "average=micro"): "f1_micro",
    ("log_loss", ""): "log_loss",
    ("matthews_corrcoef", ""): "mcc",
    ("mean_absolute_error", ""): "mae",
    ("mean_absolute_percentage_error", ""): "mape",
    ("mean_pinball_loss", ""): "pinball",
    ("mean_poisson_deviance", ""): "poisson",
    ("median_absolute_error", ""): "medae",
    ("r2_score", ""): "r2",
    ("roc_auc_score", ""): "roc_auc",
    ("roc_auc_score", "multi_class=ovr"): "roc_auc",
    ("root_mean_squared_error", ""): "rmse",
    ("root_mean_squared_log_error", ""): "rmsle",
}
#: Rows that show which way a function is better.
SHOWN_ROWS = 2_000
#: What a function that is not ours may raise.
FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Own:
    """Calls a function as scikit-learn's metrics are called.

    Attributes:
        function: of the truth and of what was said, in the target's own values or labels.
        name: as errors name it.
        bound: arguments that are always given.
        labels: (classes,) by code, of their own type; None for values.

    Example:
        >>> right = Own(lambda y, p: float((y == p).mean()), "right", {}, np.array([False, True]))
        >>> right(np.array([0, 1]), np.array([1, 1]), np.ones(2))
        0.5
    """

    function: Callable[..., Any]
    name: str
    bound: Mapping[str, Any]
    labels: Array | None

    def __call__(self, y: Array, p: Array, w: Array) -> float:
        """The score.

        Raises:
            SettingError: the function fails, or says no number.
        """
        even = not len(w) or bool(np.all(w == w[0]))
        given = dict(self.bound) if even else {**self.bound, "sample_weight": w}
        truth = y if self.labels is None else self.labels[y]
        said = p if self.labels is None else self.labels[p] if p.ndim == 1 else p[:, 1] if p.shape[1] == 2 else p
        try:
            return float(self.function(truth, said, **given))
        except FAULTS as error:
            lines = str(error).strip().splitlines() or [""]
            kind = "probabilities" if p.ndim == 2 else "values" if self.labels is None else "labels"
            raise SettingError(
                f"metric '{self.name}' fails: {type(error).__name__}: {lines[0][:300].rstrip('.')}",
                hint=f"it is called with the true and the predicted {kind}" + ("" if even else ", and sample_weight"),
            ) from error


def of_function(function: Callable[..., Any], task: Task, y: Array, classes: Array | None) -> Metric:
    """The metric that a function or a scorer of scikit-learn's form means.

    A function of ``sklearn.metrics`` that has a built-in equal is that one. Any other is called with values, or with
    labels in their own type; a scorer that wants probabilities is given them. Which way is better a scorer says; a
    function shows it by what it says of the truth itself and of bad predictions.

    Args:
        function: of (truth, prediction).
        task: what is predicted.
        y: (n,) codes or values.
        classes: labels by code, or None.

    Raises:
        SettingError: the function fails on the truth itself, or does not show which way is better.

    Example:
        >>> def gap(y_true, y_pred):
        ...     return float(np.abs(y_true - y_pred).max())
        >>> of_function(gap, "regression", np.arange(9.0), None).greater_is_better
        False
    """
    inner: Any = getattr(function, "_score_func", function)
    bound: dict[str, Any] = dict(getattr(function, "_kwargs", {}) or {})
    while isinstance(inner, functools.partial) and not inner.args:
        inner, bound = inner.func, {**inner.keywords, **bound}
    scorer, greater = hasattr(function, "_score_func"), int(getattr(function, "_sign", 1)) > 0
    response = str(getattr(function, "_response_method", "predict"))
    needs: Needs = "value" if task == "regression" else "label" if response == "predict" else "probability"
    equal = _built_in(inner, bound)
    if equal is not None and not (scorer and (equal.greater_is_better != greater or equal.needs != needs)):
        return equal
    name = str(getattr(inner, "__name__", type(inner).__name__))
    # A function that bears the name of a built-in is not that one; a lambda bears none.
    taken = name in {*METRICS, *ALIASES} or name.startswith("pinball")
    name = "own function" if name == "<lambda>" else f"own {name}" if taken else name
    labels = None if task == "regression" or classes is None else np.asarray(typed(list(classes)))
    own = Own(inner, name, bound, labels)
    shown = y[_some(y, task)]
    size = int(y.max(initial=0)) + 1 if classes is None else len(classes)
    at_best = own(shown, np.eye(size)[shown] if needs == "probability" else shown, np.ones(len(shown)))
    if scorer:
        return Metric(name, (task,), needs, greater, own, why=f"{_way(name, greater)}: the scorer says so")
    at_worst = list(_of_bad(own, shown, task, size))
    even = 1e-9 * max(map(abs, [at_best, *at_worst]))
    better = [at_best > one for one in at_worst if abs(at_best - one) > even]
    if not better or any(better) != all(better) or not np.isfinite(at_best):
        raise SettingError(
            f"metric '{name}' does not show whether greater is better: it says {at_best:.4g} of the truth itself"
            + (f" and {min(at_worst):.4g} to {max(at_worst):.4g} of bad predictions" if at_worst else ""),
            hint="say it: metric=sklearn.metrics.make_scorer(f, greater_is_better=False)",
        )
    typical = sorted(at_worst)[len(at_worst) // 2]
    why = f"{_way(name, better[0])}: it says {at_best:.4g} of the truth itself, {typical:.4g} of bad predictions"
    return Metric(name, (task,), needs, better[0], own, why=why)


def _way(name: str, greater: bool) -> str:
    return f"{name}, {'greater' if greater else 'lower'} is better"


def _built_in(function: Callable[..., Any], bound: Mapping[str, Any]) -> Metric | None:
    """The metric of ours that is this very function of scikit-learn; which is not imported to find out."""
    name = str(getattr(function, "__name__", ""))
    if getattr(sys.modules.get("sklearn.metrics"), name or "?", None) is not function:
        return None
    if name == "mean_pinball_loss" and list(bound) == ["alpha"]:
        return pinball(float(bound["alpha"]))
    told = ",".join(f"{key}={value}" for key, value in sorted(bound.items()) if value is not None)
    equal = EQUALS.get((name, told))
    return None if equal is None else METRICS[equal]


def _some(y: Array, task: Task) -> Array:
    """Row numbers, evenly spaced over the values in order, and one of each class."""
    order = np.argsort(y, kind="stable")
    rows = order[np.linspace(0, len(y) - 1, min(len(y), SHOWN_ROWS)).astype(np.int64)]
    first = np.empty(0, dtype=np.int64) if task == "regression" else np.unique(y, return_index=True)[1]
    return np.unique(np.concatenate([rows, first]))


def _of_bad(own: Own, y: Array, task: Task, classes: int) -> Iterator[float]:
    """What a function says of predictions that are bad in ways of their own, where it says a number."""
    mixed = np.random.default_rng(0).permutation(y)
    if task == "regression":
        spread = float(y.std()) or 1.0
        lower = y / 2 if y.min() >= 0 else y - spread
        bad = [mixed, y + spread, lower, np.full(len(y), np.median(y))]
    else:
        counts = np.bincount(y, minlength=classes)
        bad = [mixed, (y + 1) % classes, np.full(len(y), counts.argmax()), np.full(len(y), counts.argmin())]
    for said in bad:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                score = own(y, said, np.ones(len(y)))
        except SettingError:
            continue
        if np.isfinite(score):
            yield score
