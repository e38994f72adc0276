"""Where a model is strong, weak and sure: importance of raw columns, calibration, confusion, residuals, weak slices."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from autoprep.pipeline.depth import (
    Dependence,
    curve_says,
    dependence,
    first_columns,
    learning_curve,
    most_used_first,
    shap_by_column,
)
from autoprep.pipeline.label_noise import LabelNoise, doubted
from autoprep.types import ColumnSpec

Array = np.ndarray
#: How far a score falls: mean, and the ends of its 95% interval or None.
Fall = tuple[float, float | None, float | None]
#: Rows that importance is measured on, and how often each column is shuffled.
ROWS, REPEATS = 1_000, 5
#: A slice holds at least this share of the rows, and at least this many.
SLICE_SHARE, SLICE_ROWS = 0.04, 25
LEVELS = 6
LABELS = 20


@dataclass(frozen=True)
class Judged:
    """What the search judged its model on.

    Attributes:
        frame: (n, columns) clean rows. y: (n,) class codes or values. oof: (n, classes) or (n,) predictions for rows
        that the predicting model had not seen; NaN where no fold judged. metric: of ``model_search.metrics``.
        predictor: the model that is kept. specs: where each clean column comes from.
        told: raw column -> how far it alone tells of the target, by the profile.
    """

    frame: pl.DataFrame
    y: Array
    oof: Array
    metric: Any
    predictor: Any
    specs: tuple[ColumnSpec, ...] = ()
    seed: int = 0
    told: Mapping[str, float] = field(default_factory=dict)

    def parts(self) -> dict[str, list[str]]:
        """Raw column -> the clean columns that come from it."""
        found: dict[str, list[str]] = {}
        source = {spec.name: spec.source or spec.name for spec in self.specs}
        for column in self.frame.columns:
            found.setdefault(source.get(column, column), []).append(column)
        return found


@dataclass(frozen=True)
class Slice:
    """Rows on which the model is worse than elsewhere: in words, how many, their mean loss and everybody else's.

    The conditions are found on one half of the judged rows and the figures taken on the other half.
    """

    where: str
    rows: int
    loss: float
    elsewhere: float


@dataclass(frozen=True)
class Diagnosis:
    """What can be said of a model beside its score; plain values.

    Attributes:
        importance: raw column -> (mean, low, high): how far the score falls when the column is shuffled, with a 95%
            interval over repeats, None where time was left for one only. Measured on training rows: what the model
            leans on, not what it would lose. Where time was short it holds the columns that the model uses most.
        columns: raw columns that the model sees.
        calibration: (mean predicted, observed share, rows), of two classes.
        labels, confusion: classes, and counts of [truth][said], out of fold.
        residuals: quantile -> value - prediction, out of fold.
        slices: where the loss is highest.
        loss: what the slices' losses are: "log loss" or "absolute error".
        rows: judged rows.
        shap, shap_share: raw column -> mean absolute SHAP value over the boosted members, and their share.
        dependence: clean column -> (value, mean prediction or probability of the second class).
        curve, curve_says: (training rows, score, loss), and whether more rows would help.
        label_noise: labels that are doubted; None for a regression.
    """

    importance: Mapping[str, Fall]
    calibration: tuple[tuple[float, float, int], ...] = ()
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    residuals: Mapping[str, float] | None = None
    slices: tuple[Slice, ...] = ()
    loss: str = ""
    rows: int = 0
    shap: Mapping[str, float] | None = None
    shap_share: float = 0.0
    dependence: tuple[Dependence, ...] = ()
    curve: tuple[tuple[int, float, float], ...] = ()
    curve_says: str = ""
    label_noise: LabelNoise | None = None
    columns: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def diagnose(
    judged: Judged,
    *,
    deadline: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    hidden: Collection[str] = (),
) -> Diagnosis:
    """Look at a model from all sides.

    Args:
        judged: rows, truth, out-of-fold predictions and the model.
        deadline: reading of the clock at which the slow parts stop; None: all of them.
        clock: seconds.
        hidden: raw columns whose values are not to be shown.
    """
    started = clock()
    half = None if deadline is None else started + 0.5 * (deadline - started)
    found = _errors(judged, half, clock)
    left = None if deadline is None else 0.5 * (deadline - clock())
    shap, share = shap_by_column(judged, seconds=left, clock=clock) if left is None or left > 0 else ({}, 0.0)
    late = deadline if deadline is not None else float("inf")
    drawn = dependence(judged, first_columns(judged, found.importance, hidden), lambda: clock() >= late)
    curve = learning_curve(judged, lambda expected: clock() + expected >= late)
    return replace(
        found, shap=shap, shap_share=share, dependence=drawn, curve=curve, curve_says=curve_says(curve),
        columns=len(judged.parts()),
    )  # fmt: skip


def cut_short(measured: int, columns: int) -> str:
    """What is said of importance that time was short for; "" where no column is left out.

    Example:
        >>> cut_short(3, 12), cut_short(12, 12)
        ('3 of 12 columns measured, the most used first; time was short', '')
    """
    if not 0 < measured < columns:
        return ""
    return f"{measured:,} of {columns:,} columns measured, the most used first; time was short"


def _errors(judged: Judged, deadline: float | None, clock: Callable[[], float]) -> Diagnosis:
    """Importance, and what the out-of-fold predictions say."""
    y, oof = judged.y, judged.oof
    known = np.flatnonzero(~np.isnan(oof.reshape(len(y), -1)).any(axis=1))
    classes = [str(c) for c in judged.predictor.classes]
    importance = permutation_importance(judged, deadline=deadline, clock=clock)
    if not len(known):
        return Diagnosis(importance)
    if not classes:
        off = y[known] - oof[known]
        at = (0.05, 0.25, 0.5, 0.75, 0.95)
        residuals = {f"{q:.0%}": float(v) for q, v in zip(at, np.quantile(off, at), strict=True)}
        weak = weak_slices(judged.frame[known], np.abs(off), judged.seed)
        return Diagnosis(importance, residuals=residuals, slices=weak, loss="absolute error", rows=len(known))
    shares = oof[known] / oof[known].sum(axis=1, keepdims=True)
    loss = -np.log(np.clip(shares[np.arange(len(known)), y[known]], 1e-6, 1.0))
    said = judged.predictor.codes(shares)
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (y[known], said), 1)
    few = len(classes) <= LABELS
    return Diagnosis(
        importance,
        calibration=_calibration(y[known], shares[:, 1]) if len(classes) == 2 else (),
        labels=tuple(classes) if few else (),
        confusion=tuple(tuple(int(v) for v in row) for row in counts) if few else (),
        slices=weak_slices(judged.frame[known], loss, judged.seed),
        loss="log loss",
        rows=len(known),
        label_noise=doubted(y[known], judged.predictor.probabilities(shares), classes, known),
    )


def permutation_importance(
    judged: Judged, *, deadline: float | None = None, clock: Callable[[], float] = time.monotonic
) -> dict[str, Fall]:
    """How far the score falls when the cells of a raw column are shuffled (Breiman 2001; Fisher et al. 2019).

    Returns:
        Raw column -> (mean, low, high), largest first; low and high are None where the clock left one repeat. The
        columns that the model uses most are measured first; those that the clock left out are not there.
    """
    rng = np.random.default_rng(judged.seed)
    rows = np.arange(judged.frame.height)
    if len(rows) > ROWS:
        rows = np.sort(rng.choice(rows, ROWS, replace=False))
    frame, y = judged.frame[rows], judged.y[rows]
    parts = judged.parts()
    sides = {column: parts[column] for column in most_used_first(judged, parts)}
    sign = 1.0 if judged.metric.greater_is_better else -1.0

    def score(rows_of: pl.DataFrame) -> float:
        model = judged.predictor
        said = model.predict_proba(rows_of) if model.classes else model.predict(rows_of)
        return sign * float(judged.metric.score(y, said, None, model.threshold))

    if len(set(y.tolist())) < 2:
        return {}
    whole = score(frame)
    falls: dict[str, list[float]] = {column: [] for column in sides}
    for repeat in range(REPEATS):
        for column, made in sides.items():
            if deadline is not None and clock() >= deadline:
                break
            order = rng.permutation(len(rows))
            shuffled = frame.with_columns(frame.get_column(part).gather(order) for part in made)
            falls[column].append(whole - score(shuffled))
        if deadline is not None and repeat == 0 and clock() >= deadline:
            break
    found = {column: _interval(values) for column, values in falls.items() if values}
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))


def _interval(values: Sequence[float]) -> Fall:
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None, None
    wide = 1.96 * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return mean, mean - wide, mean + wide


def _calibration(y: Array, predicted: Array, bins: int = 10) -> tuple[tuple[float, float, int], ...]:
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return tuple((float(predicted[p].mean()), float(y[p].mean()), len(p)) for p in parts)


def weak_slices(frame: pl.DataFrame, loss: Array, seed: int = 0, most: int = 3) -> tuple[Slice, ...]:
    """Slices of the rows on which the loss is higher than elsewhere, by a small tree over the losses.

    The tree is grown on one half of the rows; a slice is told only if its mean loss on the other half exceeds that of
    the remaining rows by two standard errors.

    Args:
        frame: (n, columns) clean rows. loss: (n,) loss of each. seed: of the halves. most: slices told.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.uniform(0, 1, 400)
        >>> found = weak_slices(pl.DataFrame({"x": x}), np.where(x > 0.8, 2.0, 0.1) + rng.uniform(0, 0.1, 400))
        >>> found[0].where.startswith("x > 0.8"), round(found[0].loss, 1)
        (True, 2.1)
    """
    from sklearn.tree import DecisionTreeRegressor

    least = max(SLICE_ROWS, int(SLICE_SHARE * frame.height))
    if frame.height < 4 * least:
        return ()
    columns, words = _grounds(frame)
    if not columns:
        return ()
    x = np.column_stack(columns)
    half = np.random.default_rng(seed).permutation(frame.height) % 2 == 0
    tree = DecisionTreeRegressor(max_depth=3, min_samples_leaf=max(1, least // 2), random_state=seed)
    tree.fit(x[half], loss[half])
    leaf = tree.apply(x[~half])
    judged = loss[~half]
    found = []
    for number in np.unique(leaf):
        inside = judged[leaf == number]
        outside = judged[leaf != number]
        if len(inside) < 10 or not len(outside):
            continue
        error = np.hypot(inside.std(ddof=1) / len(inside) ** 0.5, outside.std() / len(outside) ** 0.5)
        if inside.mean() - outside.mean() > 2 * error:
            where = _path(tree.tree_, int(number), words)
            found.append(Slice(where, len(inside), float(inside.mean()), float(outside.mean())))
    return tuple(sorted(found, key=lambda s: -s.loss)[:most])


def _grounds(frame: pl.DataFrame) -> tuple[list[Array], list[tuple[str, str, bool]]]:
    """Numbers as they are (missing aside as a column of its own), and whether a category is one of the common ones."""
    columns: list[Array] = []
    words: list[tuple[str, str, bool]] = []
    for name, dtype in frame.schema.items():
        series = frame.get_column(name)
        if series.null_count() and series.null_count() < len(series):
            columns.append(series.is_null().to_numpy().astype(np.float64))
            words.append((name, "missing", True))
        if dtype.is_numeric():
            middle = series.cast(pl.Float64).fill_nan(None).median()
            columns.append(series.cast(pl.Float64).fill_nan(None).fill_null(middle or 0.0).to_numpy())
            words.append((name, "", False))
        elif dtype in (pl.String, pl.Boolean):
            text = series.cast(pl.String)
            for level in text.drop_nulls().value_counts(sort=True).head(LEVELS)[name]:
                columns.append((text == level).fill_null(False).to_numpy().astype(np.float64))
                words.append((name, str(level), True))
    return columns, words


def _path(tree: Any, leaf: int, words: Sequence[tuple[str, str, bool]]) -> str:
    """The conditions that lead to a leaf, joined by "and"."""
    parents = {}
    for node in range(tree.node_count):
        for child, right in ((tree.children_left[node], False), (tree.children_right[node], True)):
            if child >= 0:
                parents[int(child)] = (node, right)
    said: list[str] = []
    while leaf in parents:
        leaf, right = parents[leaf]
        name, level, is_level = words[tree.feature[leaf]]
        if is_level and level == "missing":
            said.append(f"{name} is {'' if right else 'not '}missing")
        elif is_level:
            said.append(f"{name} is {'' if right else 'not '}'{level}'")
        else:
            said.append(f"{name} {'>' if right else '<='} {tree.threshold[leaf]:.4g}")
    return " and ".join(reversed(said))
