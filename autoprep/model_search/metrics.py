"""Metrics: a catalogue of losses and scores, computed with NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import SettingError
from autoprep.model_search.target import positive_of
from autoprep.registry import Catalogue
from autoprep.types import Task

Array = NDArray[Any]
Needs = Literal["probability", "label", "value"]
Function = Callable[[Array, Array, Array], float]


@dataclass(frozen=True)
class Metric:
    """How good predictions are.

    Attributes:
        name: as the user writes it.
        tasks: the tasks it can judge.
        needs: "probability" (n, classes), "label" (n,) codes 0..classes-1, or "value" (n,).
        greater_is_better: whether a higher score is better.
        function: (truth (n,), prediction, weight (n,)) -> score.
        positive: of two classes the one that the score is about; "" where it is about both.
        why: of a function of one's own, which way is better and what shows it.
    """

    name: str
    tasks: tuple[Task, ...]
    needs: Needs
    greater_is_better: bool
    function: Function
    positive: str = ""
    why: str = ""

    @property
    def said(self) -> str:
        """The name as a reader needs it.

        Example:
            >>> of_class(METRICS["f1"], 0, "no").said
            "f1 of 'no'"
        """
        return f"{self.name} of '{self.positive}'" if self.positive else self.name

    def score(self, y: Array, prediction: Array, weight: Array | None = None, threshold: float | None = None) -> float:
        """The score of predictions.

        Args:
            y: (n,) class codes or values.
            prediction: (n, classes) probabilities, or (n,) values.
            weight: (n,) sample weights, or None for ones.
            threshold: for two classes and a metric of labels: the probability from which class 1 is said.
        """
        weights = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
        if self.needs == "label":
            prediction = labels_of(prediction, threshold)
        return float(self.function(y, prediction, weights))

    def loss(self, y: Array, prediction: Array, weight: Array | None = None, threshold: float | None = None) -> float:
        """The score turned so that lower is better: 1 - score where greater is better."""
        score = self.score(y, prediction, weight, threshold)
        return 1.0 - score if self.greater_is_better else score


METRICS: Catalogue[Metric] = Catalogue("metric")
#: Metrics that are about one of two classes.
OF_ONE_CLASS = ("f1", "average_precision")
CLASSES: tuple[Task, ...] = ("binary", "multiclass")
VALUES: tuple[Task, ...] = ("regression",)
_TINY = 1e-15


def labels_of(probability: Array, threshold: float | None = None) -> Array:
    """Class codes (n,) said by probabilities (n, classes).

    Example:
        >>> labels_of(np.array([[0.6, 0.4], [0.2, 0.8]]), threshold=0.3).tolist()
        [1, 1]
    """
    if probability.ndim == 1:
        return probability.astype(np.int64)
    if threshold is not None and probability.shape[1] == 2:
        return (probability[:, 1] >= threshold).astype(np.int64)
    return np.asarray(probability.argmax(axis=1))


def _metric(
    name: str, tasks: tuple[Task, ...], needs: Needs, greater_is_better: bool
) -> Callable[[Function], Function]:
    def keep(function: Function) -> Function:
        METRICS.put(name, Metric(name, tasks, needs, greater_is_better, function))
        return function

    return keep


def binary_auc(positive: Array, score: Array, weight: Array) -> float:
    """Area under the ROC curve, ties counted half; 0.5 when a class is missing (n,), (n,), (n,).

    Example:
        >>> binary_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), np.ones(4))
        0.75
    """
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    up = np.where(positive[order] > 0, weight[order], 0.0)
    down = weight[order] - up
    total_up, total_down = up.sum(), down.sum()
    if total_up <= 0 or total_down <= 0:
        return 0.5
    starts = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
    tied_up, tied_down = np.add.reduceat(up, starts), np.add.reduceat(down, starts)
    below = np.cumsum(tied_down) - tied_down
    return float((tied_up * (below + 0.5 * tied_down)).sum() / (total_up * total_down))


@_metric("roc_auc", CLASSES, "probability", True)
def roc_auc(y: Array, p: Array, w: Array) -> float:
    """Area under the ROC curve; for several classes the plain mean of one against the rest."""
    if p.shape[1] == 2:
        return binary_auc(y == 1, p[:, 1], w)
    present = [k for k in range(p.shape[1]) if 0 < (y == k).sum() < len(y)]
    return float(np.mean([binary_auc(y == k, p[:, k], w) for k in present])) if present else 0.5


def _precision_area(positive: Array, score: Array, weight: Array) -> float:
    order = np.argsort(-score, kind="stable")
    up = np.where(positive[order] > 0, weight[order], 0.0)
    if up.sum() <= 0:
        return 0.0
    ends = np.concatenate([np.flatnonzero(np.diff(score[order])), [len(score) - 1]])
    true, said = np.cumsum(up)[ends], np.cumsum(weight[order])[ends]
    gained = np.diff(np.concatenate([[0.0], true])) / up.sum()
    return float((gained * true / said).sum())


@_metric("average_precision", CLASSES, "probability", True)
def average_precision(y: Array, p: Array, w: Array) -> float:
    """Area under precision against recall, by steps; macro mean over several classes."""
    if p.shape[1] == 2:
        return _precision_area(y == 1, p[:, 1], w)
    present = [k for k in range(p.shape[1]) if (y == k).any()]
    return float(np.mean([_precision_area(y == k, p[:, k], w) for k in present])) if present else 0.0


@_metric("log_loss", CLASSES, "probability", False)
def log_loss(y: Array, p: Array, w: Array) -> float:
    """Mean negative logarithm of the probability given to the true class."""
    rows = p / np.maximum(p.sum(axis=1, keepdims=True), _TINY)
    return float(np.average(-np.log(np.clip(rows[np.arange(len(y)), y], _TINY, 1.0)), weights=w))


@_metric("brier", CLASSES, "probability", False)
def brier(y: Array, p: Array, w: Array) -> float:
    """Mean squared error of probabilities: of class 1 for two classes, summed over classes for more."""
    if p.shape[1] == 2:
        return float(np.average((p[:, 1] - (y == 1)) ** 2, weights=w))
    truth = np.zeros_like(p)
    truth[np.arange(len(y)), y] = 1.0
    return float(np.average(((p - truth) ** 2).sum(axis=1), weights=w))


def _counts(y: Array, said: Array, w: Array) -> tuple[Array, Array, Array]:
    size = int(max(y.max(initial=0), said.max(initial=0))) + 1
    hit = np.bincount(y[y == said], weights=w[y == said], minlength=size)
    return hit, np.bincount(y, weights=w, minlength=size), np.bincount(said, weights=w, minlength=size)


@_metric("accuracy", CLASSES, "label", True)
def accuracy(y: Array, said: Array, w: Array) -> float:
    """Share of right labels."""
    return float(np.average(y == said, weights=w))


@_metric("balanced_accuracy", CLASSES, "label", True)
def balanced_accuracy(y: Array, said: Array, w: Array) -> float:
    """Mean recall over the classes that occur."""
    hit, true, _ = _counts(y, said, w)
    return float((hit[true > 0] / true[true > 0]).mean())


def _f1(hit: Array, true: Array, said: Array) -> Array:
    return np.asarray(2 * hit / np.maximum(true + said, _TINY))


@_metric("f1", ("binary",), "label", True)
def f1(y: Array, said: Array, w: Array) -> float:
    """Harmonic mean of precision and recall of class 1."""
    hit, true, told = (np.append(c, 0.0)[1] for c in _counts(y, said, w))
    return float(2 * hit / (true + told)) if true + told > 0 else 0.0


@_metric("f1_macro", CLASSES, "label", True)
def f1_macro(y: Array, said: Array, w: Array) -> float:
    """Plain mean of F1 over the classes that occur or are said."""
    hit, true, told = _counts(y, said, w)
    return float(_f1(hit, true, told)[(true + told) > 0].mean())


@_metric("f1_micro", CLASSES, "label", True)
def f1_micro(y: Array, said: Array, w: Array) -> float:
    """F1 over all classes together: the share of right labels."""
    return accuracy(y, said, w)


@_metric("mcc", CLASSES, "label", True)
def mcc(y: Array, said: Array, w: Array) -> float:
    """Matthews' correlation coefficient, for several classes after Gorodkin (2004)."""
    hit, true, told = _counts(y, said, w)
    total = w.sum()
    over = hit.sum() * total - true @ told
    under = np.sqrt(max(total**2 - told @ told, 0.0)) * np.sqrt(max(total**2 - true @ true, 0.0))
    return float(over / under) if under > 0 else 0.0


@_metric("qwk", CLASSES, "label", True)
def qwk(y: Array, said: Array, w: Array) -> float:
    """Cohen's kappa with quadratic weights, for classes that are ranks (Cohen 1968): being off by two costs four
    times as much as by one.
    """
    ranks = np.arange(int(max(y.max(), said.max())) + 1)
    true, told = (np.bincount(codes, weights=w, minlength=len(ranks)) / w.sum() for codes in (y, said))
    wrong = np.average((y - said) ** 2, weights=w)
    chance = float(true @ ((ranks[:, None] - ranks[None, :]) ** 2) @ told)
    return float(1 - wrong / chance) if chance > 0 else 0.0


@_metric("poisson", VALUES, "value", False)
def poisson(y: Array, p: Array, w: Array) -> float:
    """Mean Poisson deviance, for counts; predictions are at least 1e-9, truths below 0 count as 0."""
    truth, said = np.maximum(y, 0.0), np.maximum(p, 1e-9)
    logs = np.where(truth > 0, truth * np.log(np.maximum(truth, _TINY) / said), 0.0)
    return float(np.average(2 * (logs - truth + said), weights=w))


@_metric("rmse", VALUES, "value", False)
def rmse(y: Array, p: Array, w: Array) -> float:
    """Square root of the mean squared error."""
    return float(np.sqrt(np.average((y - p) ** 2, weights=w)))


@_metric("rmsle", VALUES, "value", False)
def rmsle(y: Array, p: Array, w: Array) -> float:
    """Root mean squared error of log(1 + value); values below 0 count as 0."""
    return rmse(np.log1p(np.maximum(y, 0.0)), np.log1p(np.maximum(p, 0.0)), w)


@_metric("mae", VALUES, "value", False)
def mae(y: Array, p: Array, w: Array) -> float:
    """Mean absolute error."""
    return float(np.average(np.abs(y - p), weights=w))


@_metric("mape", VALUES, "value", False)
def mape(y: Array, p: Array, w: Array) -> float:
    """Mean absolute error over the absolute truth (a share, not a percentage)."""
    return float(np.average(np.abs(y - p) / np.maximum(np.abs(y), np.finfo(np.float64).eps), weights=w))


@_metric("medae", VALUES, "value", False)
def medae(y: Array, p: Array, w: Array) -> float:
    """Median absolute error (by weight: the lower weighted median)."""
    errors = np.abs(y - p)
    if np.all(w == w[0]):
        return float(np.median(errors))
    order = np.argsort(errors, kind="stable")
    place = np.searchsorted(np.cumsum(w[order]), 0.5 * w.sum())
    return float(errors[order][min(place, len(errors) - 1)])


@_metric("r2", VALUES, "value", True)
def r2(y: Array, p: Array, w: Array) -> float:
    """Share of variance explained; 0 for a constant truth that is missed."""
    residual = np.average((y - p) ** 2, weights=w)
    spread = np.average((y - np.average(y, weights=w)) ** 2, weights=w)
    return float(1 - residual / spread) if spread > 0 else float(residual == 0)


def of_class(metric: Metric, code: int, label: str) -> Metric:
    """A metric of ``OF_ONE_CLASS`` for the class with this code; the function itself is about class 1.

    Example:
        >>> of_class(METRICS["f1"], 0, "no").score(np.array([0, 0, 1]), np.array([0, 1, 1]))
        0.6666666666666666
    """
    function = metric.function if code == 1 else partial(_turned, metric.function)
    return replace(metric, function=function, positive=label)


def _turned(function: Function, y: Array, p: Array, w: Array) -> float:
    return function(1 - y, p[:, ::-1] if p.ndim == 2 else 1 - p, w)


def undefined(metric: Metric, y: Array, code: int | None) -> str:
    """Why rows (n,) cannot be scored by a metric; "" where they can. ``code``: of the positive of two classes.

    Example:
        >>> undefined(METRICS["roc_auc"], np.array([1, 1]), 1), undefined(METRICS["accuracy"], np.array([1, 1]), 1)
        ('all rows are of one class', '')
    """
    if code is not None and metric.name in OF_ONE_CLASS and not (y == code).any():
        return "no row is of the positive class"
    if metric.name in ("roc_auc", "mcc", "qwk") and len(np.unique(y)) < 2:
        return "all rows are of one class"
    if metric.name == "r2" and len(np.unique(y)) < 2:
        return "all rows have one value"
    if metric.name in ("rmsle", "poisson") and (y < 0).any():
        return "some values are below 0"
    if metric.name == "mape" and (y == 0).any():
        return "some values are 0, and it divides by them"
    return ""


def pinball(level: float) -> Metric:
    """The quantile loss at a level in (0, 1).

    Example:
        >>> pinball(0.9).score(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
        0.55
    """

    def function(y: Array, p: Array, w: Array) -> float:
        return float(np.average(np.maximum(level * (y - p), (level - 1) * (y - p)), weights=w))

    return Metric(f"pinball:{level:g}", VALUES, "value", False, function)


METRICS.put("pinball", pinball(0.5))


def resolve(
    metric: str | Metric | Callable[..., Any] | None, task: Task, y: Array, classes: Array | None, positive: Any = None
) -> Metric:
    """The metric that a name, a function of scikit-learn's form, or a scorer of scikit-learn means.

    Args:
        metric: a name of ``METRICS``, "pinball:0.9", a ``Metric``, ``function(y_true, y_pred)``, or None.
            See ``own_metric.of_function``.
        task: what is predicted.
        y: (n,) codes or values, for the default.
        classes: labels by code, or None.
        positive: of two classes the one that a metric of one class is about; see ``target.positive_of``.

    Raises:
        SettingError: unknown name, no such class, a metric of another task, or a function that fails or does not show
            which way is better.

    Example:
        >>> resolve("auc", "binary", np.array([0, 1]), None).name
        'roc_auc'
    """
    if metric is None:
        return METRICS[default(task, y)[0]]
    if isinstance(metric, Metric):
        found = metric
    elif isinstance(metric, str):
        word = metric.strip().lower().replace("-", "_").replace(" ", "_")
        word = ALIASES.get(word, word)
        if word.startswith("pinball:"):
            found = pinball(_level(word))
        else:
            found = METRICS[word]
    else:
        from autoprep.model_search.own_metric import of_function

        found = of_function(metric, task, y, classes)
    if task not in found.tasks:
        usable = ", ".join(name for name in METRICS if task in METRICS[name].tasks)
        raise SettingError(f"metric '{found.name}' cannot judge a {task} task", hint=f"known for it: {usable}")
    if task == "binary" and classes is not None and found.name in OF_ONE_CLASS and not found.positive:
        code, _ = positive_of(list(classes), y, positive)
        return of_class(found, code, str(classes[code]))
    return found


def _level(word: str) -> float:
    text = word.partition(":")[2]
    try:
        level = float(text)
    except ValueError:
        level = -1.0
    if not 0 < level < 1:
        raise SettingError(f"pinball level '{text}' is not between 0 and 1", hint="write pinball:0.9")
    return level


ALIASES = {
    "auc": "roc_auc",
    "pr_auc": "average_precision",
    "logloss": "log_loss",
    "neg_log_loss": "log_loss",
    "brier_score": "brier",
    "f1_score": "f1",
    "root_mean_squared_error": "rmse",
    "neg_root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "neg_mean_absolute_error": "mae",
    "matthews_corrcoef": "mcc",
    "median_absolute_error": "medae",
    "quadratic_weighted_kappa": "qwk",
    "mean_poisson_deviance": "poisson",
}


def default(task: Task, y: Array) -> tuple[str, str]:
    """The metric used when none is asked for, and why.

    Regression is judged by RMSE unless single values outweigh all others together (the largest squared deviation
    from the median is over half of their sum, in a sample of 100 or more): then RMSLE for values from 0 on,
    else MAE.

    Example:
        >>> default("regression", np.array([1.0, 2.0, 3.0] * 50))
        ('rmse', 'the usual metric for regression')
        >>> default("regression", np.array([1.0, 2.0, 3.0] * 50 + [1e9]))[0]
        'rmsle'
    """
    if task == "binary":
        return "roc_auc", "the usual metric for two classes"
    if task == "multiclass":
        return "log_loss", "the usual metric for several classes"
    deviation = (y - np.median(y)) ** 2
    total = deviation.sum()
    if len(y) >= 100 and total > 0 and deviation.max() > 0.5 * total:
        chosen = "rmsle" if y.min() >= 0 else "mae"
        return chosen, "one value outweighs all others together in squared errors"
    return "rmse", "the usual metric for regression"
