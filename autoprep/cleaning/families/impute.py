"""Filling empty cells: what the key tells exactly, and, when a person asks, the simplest way that is not worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.compile import compile_plan
from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.cleaning.families.imputers import IMPUTERS, Imputer, Job, constant, told
from autoprep.types import Action, Plan

#: Known cells that there must be before anything is hidden, and rows that the ways are compared on.
MIN_KNOWN, TRIAL_ROWS = 20, 20_000
#: A number comes back right when it is this near, as a share of the spread of the middle nine tenths.
NEAR = 0.05
#: Levels of a text column that may be filled; more are free text.
MAX_CLASSES = 200
#: A category is filled only where this share of hidden cells comes back right.
MIN_RIGHT = 0.3
#: Roles whose values are never made up.
NEVER = {"identifier": "an identifier is not made up", "text": "free text is not made up"}


@LEARNERS.add("fill_from")
def determined(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to fill the empty cells of one column of which another column tells the value, without exception."""
    job = _job(state, str(row["column"]))
    if job is None or job.dtype.is_float():
        return []
    found = told(job)
    if found is None:
        return []
    made, evidence = found
    cells, by = evidence["tells"], made.by[0]
    why = f"{job.column}: {cells:,} empty cells are told by {by}, on which all other rows agree"
    return [Proposal((job.column,), made.parameters, evidence["precision"], evidence, verb=made.verb, why=why)]


@LEARNERS.add("impute")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to fill the empty cells of one column, where a person asks for it.

    Probe: of the known cells some 200 are hidden, and every way fills them by the very expression that a plan would
    run. From the simplest on (constant, key, group, time, line, tree) a way takes the place of the one before it only
    when its mean error is lower by more than one standard error of the paired difference.
    """
    column = str(row["column"])
    job = _job(state, column)
    if job is None:
        return []
    if (role := str(row.get("role") or "")) in NEVER and not job.numeric:
        return [Proposal((column,), {}, 0.0, {}, NEVER[role], verb="fill_from")] if job.frame.height else []
    if not job.numeric and job.frame[column].n_unique() > MAX_CLASSES:
        return []
    if job.known.height < MIN_KNOWN:
        made = constant(job)
        return [_proposal(job, made, {"hidden": 0})] if made is not None else []
    best, evidence = _chosen(job, int(state.probe.get("cells", 200)))
    if best is None:
        return []
    if not job.numeric and evidence["precision"] < MIN_RIGHT:
        declined = f"the best way brings back {evidence['precision']:.0%} of hidden cells only"
        return [Proposal((column,), {}, evidence["precision"], evidence, declined, verb="fill_from")]
    return [_proposal(job, best, evidence)]


def _job(state: State, column: str) -> Job | None:
    frame = state.frame
    if column not in frame.columns or column == state.target or column in state.protected:
        return None
    dtype = frame.schema[column]
    if not (dtype.is_integer() or dtype.is_float() or dtype in (pl.String(), pl.Boolean())):
        return None
    empty = frame[column].null_count()
    if not empty or empty == frame.height:
        return None
    return Job(frame, column, tuple(n for n in frame.columns if n not in (column, state.target)))


def _proposal(job: Job, made: Imputer, evidence: Mapping[str, Any]) -> Proposal:
    by = f" by {', '.join(made.by)}" if made.by else ""
    ways = {"constant": "the median" if job.numeric else "the most frequent value", "key": "what the key tells"}
    ways |= {"group": f"the {'median' if job.numeric else 'most frequent value'} of the group"}
    ways |= {"previous": "the value before", "interpolated": "the line between its neighbours in time"}
    ways |= {"linear": "a linear function of other columns", "tree": "a small decision tree"}
    why = f"{job.column}: empty cells are filled with {ways[made.method]}{by}, and marked in {job.column}__missing"
    said = {"method": made.method, **evidence}
    return Proposal((job.column,), made.parameters, evidence.get("precision", 0.0), said, verb=made.verb, why=why)


def _chosen(job: Job, cells: int) -> tuple[Imputer | None, dict[str, Any]]:
    """The simplest way that is not worse, learnt on all rows, and what hiding showed of each."""
    frame = (
        job.frame
        if job.frame.height <= TRIAL_ROWS
        else job.frame.sample(TRIAL_ROWS, seed=0).sort(pl.int_range(pl.len()))
    )
    known = np.flatnonzero(frame[job.column].is_not_null().to_numpy())
    rng = np.random.default_rng(0)
    hidden = np.sort(rng.choice(known, min(cells, len(known) // 4), replace=False))
    mark = pl.Series("hidden", np.isin(np.arange(frame.height), hidden))
    trial = frame.with_columns(pl.when(mark).then(None).otherwise(pl.col(job.column)).alias(job.column))
    meant = frame[job.column].filter(mark)
    scale = _spread(meant) if job.numeric else 1.0
    best: tuple[Any, Imputer, np.ndarray] | None = None
    errors: dict[str, float] = {}
    for way in IMPUTERS:
        made = way(Job(trial, job.column, job.others))
        if made is None:
            continue
        got = filled(trial, job.column, made)[job.column].filter(mark)
        loss = _losses(meant, got, scale)
        errors[made.method] = round(float(loss.mean()), 4)
        if best is None:
            best = (way, made, loss)
            continue
        gain = best[2] - loss
        if gain.mean() > max(gain.std() / np.sqrt(len(gain)), 1e-9):
            best = (way, made, loss)
    if best is None:
        return None, {}
    right = float((best[2] <= (NEAR if job.numeric else 0.0)).mean())
    evidence = {"hidden": len(hidden), "precision": round(right, 4), "errors": errors}
    return best[0](job) or constant(job), evidence


def filled(frame: pl.DataFrame, column: str, made: Imputer) -> pl.DataFrame:
    """The rows as a plan with this step alone would leave them."""
    step = Plan((Action(column, "missing.impute", (column,), made.verb, made.parameters),))
    return compile_plan(step, frame.schema, same_shape=True)(frame.lazy()).collect()


def _spread(values: pl.Series) -> float:
    low, high = (values.cast(pl.Float64).quantile(q) for q in (0.05, 0.95))
    spread = float(high or 0.0) - float(low or 0.0)
    return spread if spread > 0 and np.isfinite(spread) else 1.0


def _losses(meant: pl.Series, got: pl.Series, scale: float) -> np.ndarray:
    """Per hidden cell: distance over the column's spread, at most 1; for categories 0 or 1."""
    if not meant.dtype.is_numeric():
        return np.asarray(meant.ne_missing(got).to_numpy(), dtype=np.float64)
    gap = (meant.cast(pl.Float64) - got.cast(pl.Float64)).abs() / scale
    return np.asarray(gap.fill_null(1.0).fill_nan(1.0).clip(upper_bound=1.0).to_numpy(), dtype=np.float64)
