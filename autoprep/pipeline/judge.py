"""Predicting and scoring raw rows with what a run learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning
from autoprep.errors import InputError, did_you_mean
from autoprep.pipeline.values import Fitted, Parts


def predict(fitted: Fitted, frame: pl.DataFrame) -> pl.DataFrame:
    """Predict raw rows with what a run holds in memory; ``serving`` does the same for what it loads."""
    clean, _ = cleaning.transform(frame, fitted.plan)
    if fitted.task == "regression":
        return pl.DataFrame({"prediction": np.asarray(fitted.predictor.predict(clean), dtype=np.float64)})
    shares = np.asarray(fitted.predictor.predict_proba(clean))
    labels = [str(v) for v in fitted.predictor.predict(clean)]
    named = {f"probability_{c}": shares[:, i] for i, c in enumerate(fitted.classes)}
    return pl.DataFrame({"prediction": labels, **named})


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
    }
    if metric.startswith("pinball:"):
        found["quantile"] = float(np.quantile(y, float(metric.partition(":")[2])))
    return found


#: Which constant is the hardest to beat, by metric; of all others the mean.
_HARDEST = {"mae": "median", "medae": "median", "mape": "relative", "rmsle": "log_mean"}


def hardest(baseline: Mapping[str, float], metric: str) -> float:
    """The constant that does best by a metric, of those that training kept; models of before kept mean and median."""
    wanted = "quantile" if metric.startswith("pinball:") else _HARDEST.get(metric, "mean")
    return float(baseline.get(wanted, baseline["mean"]))


def evaluate(parts: Parts, frame: pl.DataFrame, positive: str | None = None) -> dict[str, Any]:
    """Score predictions of labelled raw rows beside the trivial baseline of training.

    Args:
        parts: plan, predictor and facts of a model.
        frame: raw rows, the target among them.
        positive: of two classes the one that F1 and average precision are about; that of training when None.

    Returns:
        "rows", "metric", "score", "baseline", "greater_is_better", "scores" and "baseline_scores" by metric;
        "undefined": metric -> why these rows have no such score (it is None where it is the model's own metric);
        of two classes "positive";
        "unlabelled": rows without a target that can be read, "unknown": rows by label that training did not have.
        Neither can be scored.

    Raises:
        InputError: the target is not there, or no row has one that training knew.
        SettingError: ``positive`` is no class.
    """
    from autoprep.model_search.metrics import METRICS, resolve, undefined
    from autoprep.model_search.target import positive_of

    target, task = str(parts.facts["target"]), parts.facts["task"]
    if target not in frame.columns:
        raise InputError(f"no column '{target}' to score against", hint=did_you_mean(target, frame.columns))
    truth = cleaning.transform(frame, parts.plan)[0][target]
    classes = [str(c) for c in parts.facts["classes"]]
    text = truth.cast(pl.String)
    known = truth.is_finite() if task == "regression" else text.is_in(classes)
    known = known.fill_null(False)
    if not known.any():
        raise InputError(f"no row has a known value in '{target}'", hint="give labelled rows")
    predicted = parts.predict(frame.drop(target)).filter(known)
    baseline = parts.facts["baseline"]
    if task == "regression":
        y = truth.filter(known).cast(pl.Float64).to_numpy()
        said = predicted["prediction"].cast(pl.Float64).to_numpy()

        def trivial(metric: str) -> np.ndarray:
            return np.full(len(y), hardest(baseline, metric))
    else:
        place = {c: i for i, c in enumerate(classes)}
        y = text.filter(known).replace_strict(place, return_dtype=pl.Int64).to_numpy()
        said = predicted.select([f"probability_{c}" for c in classes]).to_numpy()
        labels = predicted["prediction"].cast(pl.String).replace_strict(place, return_dtype=pl.Int64).to_numpy()
        shares = np.tile([baseline["classes"][c] for c in classes], (len(y), 1))

        def trivial(metric: str) -> np.ndarray:
            # The label that is hardest to beat by F1 is the class that it is about.
            return np.tile(np.eye(2)[code], (len(y), 1)) if metric == "f1" else shares

    name = str(parts.facts["metric"])
    # A function of the user's own is not in the artefact: the task's usual metric stands in for it.
    known_name = name in METRICS or name.startswith("pinball:")
    code, about = None, {}
    if task == "binary" or positive is not None:
        # Models of before kept no positive class: it was the last.
        code = positive_of(classes, y, positive or parts.facts.get("positive") or classes[-1])[0]
        about = {"positive": classes[code]}
    metric = resolve(name if known_name else None, task, y, np.asarray(classes), about.get("positive"))
    # A label is what the model says, by its own threshold.
    judged = said if task == "regression" or metric.needs == "probability" else labels
    scores: dict[str, float] = {}
    trivial_scores: dict[str, float] = {}
    unknown = {}
    for name in METRICS:
        if task not in METRICS[name].tasks:
            continue
        other = resolve(name, task, y, np.asarray(classes), about.get("positive"))
        if why := undefined(other, y, code):
            unknown[name] = why
        else:
            scores[name] = other.score(y, labels if other.needs == "label" else said)
            trivial_scores[name] = other.score(y, trivial(name))
    foreign = text.filter(~known & text.is_not_null()) if task != "regression" else text.head(0)
    return {
        "rows": len(y),
        "unlabelled": frame.height - len(y) - foreign.len(),
        "unknown": dict(foreign.value_counts().sort(["count", foreign.name], descending=[True, False]).iter_rows()),
        "metric": metric.name,
        "score": None if undefined(metric, y, code) else metric.score(y, judged),
        "baseline": None if undefined(metric, y, code) else metric.score(y, trivial(metric.name)),
        **about,
        "undefined": unknown,
        "greater_is_better": metric.greater_is_better,
        "scores": scores,
        "baseline_scores": trivial_scores,
    }
