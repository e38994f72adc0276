"""What is said without looking at the inputs, and whether a model says more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from autoprep.types import Task

if TYPE_CHECKING:
    from autoprep.model_search.metrics import Metric
    from autoprep.model_search.splits import Splits

#: Draws of the judged rows by which the error of a gain is estimated, rows of each at most, and how many such errors a
#: gain must be for a model to be surely better than a guess: the best of many is among the luckiest.
DRAWS, DRAWN, SURELY = 40, 10_000, 2.5
#: Which constant is the hardest to beat, by metric; of all others the mean.
_HARDEST = {"mae": "median", "medae": "middle", "mape": "relative", "rmsle": "log_mean"}


class Beside(NamedTuple):
    """A model beside its trivial predictor on the same rows.

    Attributes:
        trivial: score of the trivial predictor.
        gain: by how much the model's loss is less.
        gain_error: standard error of that over draws of the rows; NaN when unknown.
        error: standard error of the model's own loss, the same way.
    """

    trivial: float
    gain: float
    gain_error: float
    error: float


def constants(y: np.ndarray, metric: str) -> dict[str, float]:
    """What a predictor of values says that has seen only the target: the best constant by kind of metric.

    Args:
        y: (n,) training values.
        metric: the metric asked for; of a quantile, that quantile is among them.

    Example:
        >>> constants(np.array([0.0, 0.0, 6.0, 10.0]), "pinball:0.5")["median"]
        3.0
    """
    order = np.argsort(y, kind="stable")
    share = np.cumsum(1.0 / np.maximum(np.abs(y[order]), np.finfo(np.float64).eps))
    known = y[order][share >= 0.5 * share[-1]]
    found = {
        "mean": float(np.mean(y)),
        "median": float(np.median(y)),
        "log_mean": float(np.expm1(np.mean(np.log1p(np.maximum(y, 0.0))))),
        "relative": float(known[0] if (y != 0).all() else np.median(y)),
        "middle": _middle(y[order]),
    }
    if metric.startswith("pinball:"):
        found["quantile"] = float(np.quantile(y, float(metric.partition(":")[2])))
    return found


def _middle(ordered: np.ndarray) -> float:
    """The middle of the shortest stretch that holds half of the values: the constant of the least median error."""
    half = len(ordered) // 2
    start = int(np.argmin(ordered[half:] - ordered[: len(ordered) - half]))
    return float((ordered[start] + ordered[start + half]) / 2)


def learnt(y: pl.Series, task: Task, classes: Sequence[str], metric: str) -> dict[str, Any]:
    """What a predictor keeps that has seen only the target: constants by name, or under "classes" their shares.

    Args:
        y: (n,) training values or labels. task: which of the two. classes: in the order of codes. metric: asked for.

    Example:
        >>> learnt(pl.Series(["a", "b", "a", "a"]), "binary", ("a", "b"), "log_loss")
        {'classes': {'a': 0.75, 'b': 0.25}}
    """
    if task == "regression":
        return dict(constants(y.to_numpy(), metric))
    counts = dict(y.cast(pl.String).value_counts().iter_rows())
    return {"classes": {c: counts.get(c, 0) / len(y) for c in classes}}


def hardest(baseline: Mapping[str, float], metric: str) -> float:
    """The constant that does best by a metric, of those that training kept; models of before kept mean and median.

    Args:
        baseline: constants by name.
        metric: its name.
    """
    # Whatever quantile training was asked for, that of the middle is the median.
    metric = "mae" if metric in ("pinball", "pinball:0.5") else metric
    wanted = "quantile" if metric.startswith("pinball:") else _HARDEST.get(metric, "mean")
    usual = "median" if wanted == "middle" else "mean"
    return float(baseline.get(wanted, baseline.get(usual, baseline["mean"])))


def guesses(metric: Metric, y: np.ndarray, task: Task, kept: Mapping[str, Any], code: int | None) -> np.ndarray:
    """Trivial predictions of rows, those that are the hardest to beat by a metric.

    Args:
        metric: that judges. y: (n,) class codes or values. task: which of the two.
        kept: of training: constants by name, or under "classes" the shares of classes in the order of their codes.
        code: of the class that scores of one class are about.

    Returns:
        (n,) values or labels, or (n, classes) probabilities.

    Example:
        >>> from autoprep.model_search.metrics import METRICS
        >>> guesses(METRICS["log_loss"], np.array([0, 1]), "binary", {"classes": {"a": 0.75, "b": 0.25}}, 1).tolist()
        [[0.75, 0.25], [0.75, 0.25]]
    """
    if task == "regression":
        if metric.why:
            return min((np.full(len(y), value) for value in kept.values()), key=partial(metric.loss, y))
        return np.full(len(y), hardest(kept, metric.name))
    shares = np.array(list(kept["classes"].values()))
    # The label that is hardest to beat by F1 is the class that it is about; of one's own metric it shows.
    if metric.why and metric.needs == "label":
        return min((np.full(len(y), label) for label in range(len(shares))), key=partial(metric.loss, y))
    return np.tile(np.eye(2)[code] if metric.name == "f1" and code is not None else shares, (len(y), 1))


def in_time(
    metric: Metric,
    y: pl.Series,
    codes: np.ndarray,
    task: Task,
    classes: Sequence[str],
    splits: Splits,
    code: int | None,
) -> np.ndarray | None:
    """As ``guesses`` for all rows, each by what the training rows of its fold show: nobody knows the mean of times to
    come. None where the folds are not in time, and of scores that rank rows or count labels, to which the share of a
    class in one fold says nothing of its share in another; NaN for rows that no fold judges.

    Args:
        y: (n,) the target as it is. codes: (n,) as models see it. splits: whose folds judge.
    """
    if splits.kind != "time" or (task != "regression" and metric.name not in ("log_loss", "brier")):
        return None
    made = None
    for train, valid in splits.folds:
        kept = learnt(y.gather(train), task, classes, metric.name)
        if task != "regression":  # a class that comes later was not impossible before
            n, k = len(train), len(classes)
            kept = {"classes": {c: (share * n + 1) / (n + k) for c, share in kept["classes"].items()}}
        guess = guesses(metric, codes[valid], task, kept, code).astype(np.float64)
        if made is None:
            made = np.full((len(codes), *guess.shape[1:]), np.nan)
        made[valid] = guess
    return made


def beside(
    metric: Metric,
    y: np.ndarray,
    said: np.ndarray,
    task: Task,
    kept: Mapping[str, Any],
    code: int | None,
    each: np.ndarray | None = None,
) -> Beside | None:
    """A model's predictions beside trivial ones of the same rows.

    Args:
        said: (n,) or (n, classes), out of fold; NaN for rows that no fold judged. The others: see ``guesses``.
        each: what ``in_time`` gives, in place of one guess for all rows.

    Returns:
        None where the trivial predictor has no score there.
    """
    from autoprep.model_search.metrics import undefined

    judged = np.flatnonzero(np.isfinite(said) if said.ndim == 1 else np.isfinite(said).all(axis=1))
    truth, made = y[judged], said[judged]
    if not len(truth) or undefined(metric, truth, code):
        return None
    guess = guesses(metric, truth, task, kept, code) if each is None else each[judged]
    rng, drawn = np.random.default_rng(0), []
    size = min(len(truth), DRAWN)
    for _ in range(DRAWS):
        some = rng.integers(0, len(truth), size)
        if not undefined(metric, truth[some], code):
            drawn.append((metric.loss(truth[some], guess[some]), metric.loss(truth[some], made[some])))
    losses = np.array(drawn) if len(drawn) > 1 else np.full((2, 2), np.nan)
    shrunk = (size / len(truth)) ** 0.5
    return Beside(
        float(metric.score(truth, guess)),
        float(metric.loss(truth, guess) - metric.loss(truth, made)),
        float((losses[:, 0] - losses[:, 1]).std(ddof=1)) * shrunk,
        float(losses[:, 1].std(ddof=1)) * shrunk,
    )


def no_better(metric: Metric, found: Beside, task: Task, before: bool = False) -> str:
    """One sentence where a model is no better than its trivial predictor beyond the error of what it gains; else "".

    Args:
        metric: that judges. found: beside the trivial predictor. task: says what that one says.
        before: it says what was usual before the judged rows.
    """
    gain, error = found.gain, found.gain_error
    if gain > (SURELY * error if np.isfinite(error) else 0.0):
        return ""
    always = "one value for every row" if task == "regression" else "the shares of the classes for every row"
    always = "what was usual before" if before else always
    within = f", {gain:.2g} ± {error:.2g} worse than the model" if gain > 0 else ""
    return (
        f"the model is not surely better than guessing: always saying {always} has {metric.name} "
        f"{found.trivial:.4g} on the same rows{within}; the columns may not tell this target"
    )
