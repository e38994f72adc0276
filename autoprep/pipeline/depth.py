"""Why the model says what it says, and whether more rows would help: SHAP by raw column, partial dependence, learning
curve."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from autoprep.pipeline.diagnose import Judged

Array = np.ndarray
#: Rows that contributions and dependences are taken over, points of a dependence, columns that have one.
SHAP_ROWS, DEPENDENCE_ROWS, POINTS, LEVELS, COLUMNS = 500, 200, 9, 7, 4
#: Rows by which the time of contributions is found, and the fewest that are worth showing.
TRIED_SHAP, LEAST_SHAP = 2, 20
#: Shares of the training rows of a learning curve, and of the rows it is judged on.
SHARES, JUDGED_SHARE = (0.125, 0.25, 0.5, 1.0), 0.25
#: Relative fall of the loss by the last doubling of rows from which more rows are called worth having.
WORTH = 0.02
Dependence = tuple[str, tuple[tuple[str, float], ...]]


def shap_by_column(
    judged: Judged,
    rows: int = SHAP_ROWS,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[dict[str, float], float]:
    """Mean absolute SHAP value of each raw column over the boosted members (Lundberg 2020, computed by LightGBM).

    A made feature's value is shared evenly among the columns it is made of; values are on the model's own scale
    (log odds for classes) and summed per row before their size is taken, so that contrary parts cancel.

    Args:
        judged: the model and the rows it was made of.
        rows: how many of them are looked at.
        seconds: that it may take; a few rows are tried first, then as many taken as the time allows (deep models of
            thousands of trees need 30 ms a row). None: all of ``rows``.
        clock: of the seconds.

    Returns:
        Raw column -> mean absolute value, largest first; and the share of the ensemble that is boosted. Nothing where
        there is time for less than ``LEAST_SHAP`` rows.
    """
    some = judged.frame.height > rows
    frame = judged.frame.sample(rows, seed=judged.seed) if some else judged.frame
    boosted = [m for m in judged.predictor.members if hasattr(m.part.model, "contributions")]
    share = float(sum(member.weight for member in boosted))
    matrices = []
    for member in boosted:
        made = judged.predictor.synthesizers[member.synthesizer] if member.synthesizer >= 0 else None
        matrices.append(member.part.encoder.transform(frame if made is None else made.transform(frame)))
    taken = frame.height
    if seconds is not None:
        started = clock()
        for member, matrix in zip(boosted, matrices, strict=True):
            member.part.model.contributions(matrix[:TRIED_SHAP])
        each = (clock() - started) / TRIED_SHAP
        taken = min(taken, int((seconds - (clock() - started)) / max(each, 1e-9)))
        if taken < min(LEAST_SHAP, frame.height):
            return {}, 0.0
    total: dict[str, Array] = {}
    for member, matrix in zip(boosted, matrices, strict=True):
        values = member.part.model.contributions(matrix[:taken])[..., :-1]
        for place, columns in enumerate(_made_of(judged, member)):
            for raw in columns:
                part = member.weight * values[..., place] / len(columns)
                total[raw] = total[raw] + part if raw in total else part
    found = {raw: float(np.abs(parts).mean()) for raw, parts in total.items()}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))), share


def _made_of(judged: Judged, member: Any) -> list[list[str]]:
    """For each matrix column of a member the raw columns that it is made of."""
    source = {spec.name: spec.source or spec.name for spec in judged.specs}
    made = judged.predictor.synthesizers[member.synthesizer] if member.synthesizer >= 0 else None
    inputs = {} if made is None else {feature.name: feature.inputs for feature in made.features}
    found = []
    for name in member.part.encoder.raw_names():
        columns = [c.rpartition(".")[2] if c not in source else c for c in inputs.get(name) or (name,)]
        found.append([source.get(column, column) for column in columns])
    return found


def most_used_first(judged: Judged, raw: Collection[str]) -> list[str]:
    """Raw columns by what is known without predicting anything: the share of the members' gains that is theirs, then
    how far each alone tells of the target, then their order.

    Args:
        judged: model, and ``told`` of the profile. raw: the columns.
    """
    used: dict[str, float] = {}
    for member in judged.predictor.members:
        if not hasattr(member.part.model, "gains"):
            continue
        gains = member.part.model.gains()
        whole = float(gains.sum()) or 1.0
        for gain, columns in zip(gains.tolist(), _made_of(judged, member), strict=True):
            for column in columns:
                used[column] = used.get(column, 0.0) + member.weight * gain / whole / len(columns)
    return sorted(raw, key=lambda column: (-used.get(column, 0.0), -judged.told.get(column, 0.0)))


def dependence(judged: Judged, columns: Sequence[str], until: Callable[[], bool]) -> tuple[Dependence, ...]:
    """Mean prediction when every row has the same value in a column (Friedman 2001), for a value or two classes.

    Args:
        judged: rows and model.
        columns: clean columns to draw.
        until: says when to stop.

    Returns:
        Column -> (value in words, mean prediction or probability of the second class), in the order of the values.
    """
    model = judged.predictor
    if len(model.classes) > 2:
        return ()
    some = judged.frame.height > DEPENDENCE_ROWS
    frame = judged.frame.sample(DEPENDENCE_ROWS, seed=judged.seed) if some else judged.frame
    found: list[Dependence] = []
    for name in columns:
        series = judged.frame.get_column(name)
        if series.dtype.is_numeric():
            cuts = series.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
            grid = np.unique(np.quantile(cuts, np.linspace(0.05, 0.95, POINTS))) if len(cuts) else np.empty(0)
            values: list[Any] = pl.Series(grid).cast(series.dtype).unique().sort().to_list()
        elif series.dtype in (pl.String, pl.Boolean):
            common = series.drop_nulls().value_counts(sort=True).sort(["count", name], descending=[True, False])
            values = common.head(LEVELS)[name].to_list()
        else:
            continue
        points: list[tuple[str, float]] = []
        for value in values:
            if until():
                return tuple(found)
            same = frame.with_columns(pl.lit(value, series.dtype).alias(name))
            said = model.predict_proba(same)[:, 1] if model.classes else model.predict(same)
            points.append((f"{value:.4g}" if isinstance(value, float) else str(value), float(np.mean(said))))
        if len(points) > 1:
            found.append((name, tuple(points)))
    return tuple(found)


def learning_curve(judged: Judged, until: Callable[[float], bool]) -> tuple[tuple[int, float, float], ...]:
    """Score of the leading member against training rows, each judged on the same rows that it has not seen.

    Everything is learnt anew from the rows of each step. Rounds shrink with the rows as they grow when the winner is
    refitted.

    Args:
        judged: rows and model.
        until: says whether there is no time for a step of that many expected seconds.

    Returns:
        (training rows, score, loss), few rows first.
    """
    from autoprep.model_search.again import fit_again
    from autoprep.model_search.encode import Encoder

    members = [member for member in judged.predictor.members if member.made]
    if not members:
        return ()
    member = max(members, key=lambda m: m.weight)
    part, height = member.part, judged.frame.height
    order = np.random.default_rng(judged.seed).permutation(height)
    cut = round(height * (1 - JUDGED_SHARE))
    valid, found, took = order[cut:], [], 0.0
    made = judged.predictor.synthesizers[member.synthesizer] if member.synthesizer >= 0 else None
    for share in SHARES:
        rows = order[: round(cut * share)]
        y = judged.y[rows]
        enough = len(set(y.tolist())) >= max(2, len(judged.predictor.classes))
        if len(rows) < 20 or not enough:
            continue
        if until(2.2 * took):
            break
        started = time.monotonic()
        frame, held = judged.frame[np.sort(rows)], judged.frame[valid]
        y = judged.y[np.sort(rows)]
        if made is not None:
            task = judged.predictor.task
            fresh = type(made)(made.groups, outputs=judged.specs, task=task, seed=made.seed, most=made.most)
            frame, held = fresh.fit_transform(frame, y), fresh.transform(held)
        encoder = Encoder(part.encoder.kind, part.encoder.classes, part.encoder.knots, seed=part.encoder.seed)
        matrix = encoder.fit_transform(frame, y)
        if not matrix.shape[1]:
            continue
        rounds = part.model.rounds
        if part.family == "lightgbm":
            rounds = max(5, round(rounds * (len(rows) / height) ** 0.7))
        parameters = member.made["parameters"]
        model = fit_again(
            part.family, encoder, matrix, part.scale.turn(y) if not part.encoder.classes else y,
            metric=judged.predictor.metric, parameters=parameters, rounds=rounds, seed=member.made["seed"],
        )  # fmt: skip
        said = part.after(model.predict(encoder.transform(held)))
        threshold = judged.predictor.threshold
        score = float(judged.metric.score(judged.y[valid], said, None, threshold))
        found.append((len(rows), score, float(judged.metric.loss(judged.y[valid], said, None))))
        took = time.monotonic() - started
    return tuple(found)


def curve_says(curve: Sequence[tuple[int, float, float]]) -> str:
    """Whether more rows would help, in a sentence.

    Example:
        >>> curve_says([(100, 0.7, 0.3), (200, 0.8, 0.2)])
        'Going from 100 to 200 rows lowered the loss by 33%: more rows would probably help.'
    """
    if len(curve) < 2:
        return ""
    (few, _, before), (many, _, after) = curve[-2:]
    saved = (before - after) / abs(before) if before else 0.0
    step = f"from {few:,} to {many:,} rows"
    if saved >= WORTH:
        return f"Going {step} lowered the loss by {saved:.0%}: more rows would probably help."
    return f"Going {step} hardly changed the loss ({-saved:+.1%}): more rows of the same kind would help little."


def first_columns(judged: Judged, importance: Collection[str], hidden: Collection[str]) -> list[str]:
    """The clean columns of the most important raw ones, none that is hidden."""
    source = {spec.name: spec.source or spec.name for spec in judged.specs}
    ranked = [raw for raw in importance if raw not in hidden]
    found = [c for raw in ranked for c in judged.frame.columns if source.get(c, c) == raw]
    return found[:COLUMNS]
