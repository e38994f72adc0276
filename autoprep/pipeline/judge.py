"""Predicting and scoring raw rows with what a run learnt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning
from autoprep.errors import InputError, did_you_mean
from autoprep.pipeline.trivial import guesses
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


def matched(found: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    """Which class each label is, where it is one: as written, as the same number, or as the same truth value.

    Args:
        found: labels.
        classes: those that are known.

    Example:
        >>> matched(["True", "0", "maybe"], ["false", "true"]), matched(["1.0", "7"], ["1", "2"])
        ({'True': 'true', '0': 'false'}, {'1.0': '1'})
    """
    from autoprep.parsing.boolean import FALSE_WORDS, PAIRS, TRUE_WORDS, fold

    def number(word: str) -> float:
        try:
            return float(word)
        except ValueError:
            return float("nan")

    numbers = {value: c for c in classes if not math.isnan(value := number(c))}
    words = {fold(c): c for c in classes}
    pair = next(((words[t], words[f]) for t, f in PAIRS if t in words and f in words and len(words) == 2), None)
    truth = {w: c for c, side in zip(pair, (TRUE_WORDS, FALSE_WORDS), strict=True) for w in side} if pair else {}
    same = {w: w if w in classes else numbers.get(number(w)) or truth.get(fold(w)) for w in found}
    return {word: known for word, known in same.items() if known is not None}


def evaluate(parts: Parts, frame: pl.DataFrame, positive: str | None = None) -> dict[str, Any]:
    """Score predictions of labelled raw rows beside the trivial baseline of training.

    Labels that are the same number (1 and 1.0) or the same truth value (True and 1) as a class are that class. A metric
    that is a function of one's own is in no artefact: of a loaded model the task's usual metric stands in for it.

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
    if task != "regression":
        text = _as_known(text, frame[target].cast(pl.String), classes)
    known = truth.is_finite() if task == "regression" else text.is_in(classes)
    known = known.fill_null(False)
    if not known.any():
        hint = _told_apart(frame[target].cast(pl.String), classes)
        raise InputError(f"no row has a known value in '{target}'", hint=hint)
    predicted = parts.predict(frame.drop(target)).filter(known)
    baseline = parts.facts["baseline"]
    if task == "regression":
        y = truth.filter(known).cast(pl.Float64).to_numpy()
        said = predicted["prediction"].cast(pl.Float64).to_numpy()
    else:
        place = {c: i for i, c in enumerate(classes)}
        y = text.filter(known).replace_strict(place, return_dtype=pl.Int64).to_numpy()
        said = predicted.select([f"probability_{c}" for c in classes]).to_numpy()
        labels = predicted["prediction"].cast(pl.String).replace_strict(place, return_dtype=pl.Int64).to_numpy()
        baseline = {"classes": {c: baseline["classes"][c] for c in classes}}
    name = str(parts.facts["metric"])
    # A function of the user's own is not in the artefact: the task's usual metric stands in for it.
    known_name = name in METRICS or name.startswith("pinball:")
    asked = name if known_name else parts.metric
    code, about = None, {}
    if task == "binary" or positive is not None:
        # Models of before kept no positive class: it was the last.
        code = positive_of(classes, y, positive or parts.facts.get("positive") or classes[-1])[0]
        about = {"positive": classes[code]}
    metric = resolve(asked, task, y, np.asarray(classes), about.get("positive"))
    # A label is what the model says, by its own threshold.
    judged = said if task == "regression" or metric.needs == "probability" else labels
    scores: dict[str, float] = {}
    trivial_scores: dict[str, float] = {}
    unknown = {}
    for name in METRICS:
        if task not in METRICS[name].tasks or (name == "qwk" and metric.name != "qwk"):
            # Only who asks for ranks has classes whose order counts.
            continue
        other = resolve(name, task, y, np.asarray(classes), about.get("positive"))
        if why := undefined(other, y, code):
            unknown[name] = why
        else:
            scores[name] = other.score(y, labels if other.needs == "label" else said)
            trivial_scores[name] = other.score(y, guesses(other, y, task, baseline, code))
    foreign = text.filter(~known & text.is_not_null()) if task != "regression" else text.head(0)
    return {
        "rows": len(y),
        "unlabelled": frame.height - len(y) - foreign.len(),
        "unknown": dict(foreign.value_counts().sort(["count", foreign.name], descending=[True, False]).iter_rows()),
        "metric": metric.name,
        "score": None if undefined(metric, y, code) else metric.score(y, judged),
        "baseline": None if undefined(metric, y, code) else metric.score(y, guesses(metric, y, task, baseline, code)),
        **about,
        "undefined": unknown,
        "greater_is_better": metric.greater_is_better,
        "scores": scores,
        "baseline_scores": trivial_scores,
    }


def _as_known(text: pl.Series, raw: pl.Series, classes: Sequence[str]) -> pl.Series:
    """Labels (n,) as training wrote them; a cell that cleaning, which knows one type, has emptied counts as it came."""
    found = pl.concat([text, raw]).drop_nulls().unique().to_list()
    same = matched(found, classes)
    known = raw.replace_strict(same, default=None, return_dtype=pl.String)
    return text.replace(list(same), list(same.values())).fill_null(known)


def _told_apart(text: pl.Series, classes: Sequence[str]) -> str:
    """What to do where no label is known: those that were found beside those that are."""
    found = text.drop_nulls().unique().sort()
    if not found.len() or not classes:
        return "give labelled rows"

    def some(labels: Sequence[str]) -> str:
        return ", ".join(f"'{label}'" for label in labels[:5]) + (", ..." if len(labels) > 5 else "")

    return f"it holds {some(found.to_list())}, and known are {some(classes)}"
