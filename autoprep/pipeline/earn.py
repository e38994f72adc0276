"""A lossy step must earn its place: a paired, cross-validated comparison with and without it, on the same folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning
from autoprep.budget import Budget
from autoprep.types import Action, Event, Listener, Plan, Task, silent

MOST_ROWS = 10_000
#: Rows of the comparison that a second of the budget carries, and the least that say anything.
ROWS_PER_S, LEAST_ROWS = 4_000, 2_000
#: Columns of the tables that this speed was taken on; wider ones are read in proportion.
USUAL_WIDTH = 25
#: Seconds per column without which the comparison is not begun.
COLUMN_S = 0.012
FOLDS = 4
ROUNDS = 200
#: Spellings that differ by case, space or accents only: these stay even when there was no time to test them.
SAFE_VERBS = ("merge_variants",)


@dataclass(frozen=True)
class Gain:
    """What a step was worth.

    Attributes:
        gain: mean over folds of the loss without the step minus the loss with it; above 0 the step helps.
        standard_error: of that mean.
        folds: how many.
        metric: that judged.
        kept: whether the step stays: it does unless it harms by more than one standard error.
    """

    gain: float
    standard_error: float
    folds: int
    metric: str
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded for people."""
        return {
            "gain": round(self.gain, 6),
            "standard_error": round(self.standard_error, 6),
            "folds": self.folds,
            "metric": self.metric,
            "kept": self.kept,
        }


def lossy_steps(plan: Plan) -> list[Action]:
    """The steps that must earn their place: lossy repairs of cells, to be applied, not of the target."""
    return [
        action
        for action in plan.applied()
        if action.kind == "lossy"
        and action.columns
        and plan.target not in action.columns
        and not action.verb.startswith(("drop_", "exclude_"))
    ]


def earn(
    raw: pl.DataFrame,
    plan: Plan,
    task: Task,
    metric: str | None,
    *,
    budget: Budget,
    seed: int = 0,
    listener: Listener = silent,
    positive: str | None = None,
    refuse: Callable[[pl.Series, Task], None] | None = None,
) -> tuple[Plan, dict[str, Any]]:
    """Test each lossy step of a plan and skip those that harm.

    Args:
        raw: training rows as read, the target among them.
        plan: a plan of these rows.
        task: what is predicted. metric: that judges (the task's usual one when None).
        budget: seconds or units; a step that it leaves untested is skipped (but for ``SAFE_VERBS``), and said so.
        seed: of the sample and the folds.
        listener: hears each verdict.
        positive: of two classes the one that a metric of one class is about.
        refuse: refuses a cleaned target that cannot be what is asked for.

    Returns:
        The plan with verdicts in the steps' evidence, and the gains by action id.
    """
    steps = lossy_steps(plan)
    if not steps:
        return plan, {}
    most = MOST_ROWS
    if not budget.deterministic:
        speed = ROWS_PER_S * min(1.0, USUAL_WIDTH / max(1, raw.width))
        most = int(min(MOST_ROWS, max(LEAST_ROWS, speed * budget.remaining() / (len(steps) + 1))))
    if raw.height > most:
        raw = raw.sample(most, seed=seed)
    started, with_all, yardstick = budget.elapsed_s(), None, None
    if budget.deterministic or budget.remaining() >= COLUMN_S * raw.width:
        yardstick = _Yardstick(raw, plan, task, metric, seed, positive, refuse)
        started = budget.elapsed_s()
        with_all = yardstick.losses(plan, budget)
    cost = budget.elapsed_s() - started
    gains: dict[str, Any] = {}
    actions = {action.id: action for action in plan.actions}
    for step in steps:
        without = None
        if (
            yardstick is not None
            and with_all is not None
            and (budget.deterministic or budget.remaining() >= 0.8 * cost)
        ):
            without = yardstick.losses(plan.with_status("skip", [step.id]), budget)
        if yardstick is None or without is None or with_all is None:
            declined = "no time was left to show that it does no harm"
            unproved = {} if step.verb in SAFE_VERBS else {"declined": declined}
            status = step.status if step.verb in SAFE_VERBS else "skip"
            actions[step.id] = replace(step, status=status, evidence={**step.evidence, "tested": False, **unproved})
            continue
        difference = without - with_all
        mean = float(difference.mean())
        error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
        gain = Gain(mean, error, len(difference), yardstick.metric, mean >= -error)
        gains[step.id] = gain.to_dict()
        status = step.status if gain.kept else "skip"
        actions[step.id] = replace(step, status=status, evidence={**step.evidence, "earned": gain.to_dict()})
        verdict = "stays" if gain.kept else "is skipped: it harms"
        listener(Event("plan", f"{step.id} {verdict} (gain {mean:+.4f} ± {error:.4f} {yardstick.metric})"))
    return replace(plan, actions=tuple(actions[a.id] for a in plan.actions)), gains


class _Yardstick:
    """The same folds and the same model for every arm."""

    def __init__(
        self, raw: pl.DataFrame, plan: Plan, task: Task, metric: str | None, seed: int, positive: str | None = None,
        refuse: Callable[[pl.Series, Task], None] | None = None,
    ) -> None:  # fmt: skip
        from autoprep.model_search import metrics, splits
        from autoprep.model_search.target import encode_target

        self._raw, self._task, self._seed = raw, task, seed
        cleaned = cleaning.apply(raw, plan)
        known = cleaned.frame[str(plan.target)].is_not_null()
        cleaned = replace(cleaned, frame=cleaned.frame.filter(known), rows=cleaned.rows.filter(known))
        self._rows = cleaned.rows
        target = cleaned.frame[str(plan.target)]
        if refuse is not None:
            refuse(target, task)
        self._target = target if task == "regression" else target.cast(pl.String)
        self._codes, self._classes = encode_target(self._target, task)
        labels = np.asarray(self._classes) if self._classes else None
        self._metric = metrics.resolve(metric, task, self._codes, labels, positive)
        found = splits.suggest(self._codes, task, frame=cleaned.frame.drop(str(plan.target)), seed=seed)
        self._splits = replace(found, folds=found.folds[:FOLDS])
        self.metric = self._metric.name

    def losses(self, plan: Plan, budget: Budget) -> np.ndarray | None:
        """Loss per fold of a small LightGBM on what the plan makes of the rows; None when time ran out."""
        from autoprep.kernels.one_each import one_each
        from autoprep.model_search.limits import Limit
        from autoprep.model_search.portfolio import default
        from autoprep.model_search.threads import usable
        from autoprep.model_search.trial import Bench
        from autoprep.synthesis import Synthesizer

        cleaned = cleaning.apply(self._raw, plan)
        frame = aligned(cleaned.frame, cleaned.rows, self._rows).drop(str(plan.target))
        meter = Budget()
        specs = [spec for spec in plan.outputs if spec.name in frame.columns]
        bench = Bench(
            frame,
            self._codes,
            task=self._task,
            classes=len(self._classes),
            metric=self._metric,
            splits=self._splits,
            synthesizers={"base": partial(Synthesizer, ("base",), outputs=specs, task=self._task, seed=self._seed)},
            weight=None,
            budget=meter,
            seed=self._seed,
            memory_bytes=2e8,
        )
        configuration = default(self._task, "base")
        short: Mapping[str, Any] = {**configuration.parameters, "rounds": ROUNDS}
        limit = Limit(float("inf"), float("inf"), meter.clock)
        folds, found = list(range(len(self._splits.folds))), list[float]()
        with one_each(), ThreadPoolExecutor(usable()) as pool:
            while folds:
                per_fold = meter.elapsed_s() / max(1, len(found))
                if not budget.deterministic and budget.remaining() < (per_fold if found else 0.0):
                    return None
                some, folds = folds[: usable()], folds[usable() :]
                for fold in some:
                    bench.view("base", fold)
                trial = replace(configuration, parameters=short)
                found += [result.loss for result in pool.map(partial(bench.run, trial, limit=limit), some)]
        return np.asarray(found)


def aligned(frame: pl.DataFrame, rows: pl.Series, wanted: pl.Series) -> pl.DataFrame:
    """The rows of ``frame`` that came from the ``wanted`` input rows, in their order."""
    if rows.equals(wanted):
        return frame
    return wanted.to_frame("row").join(frame.with_columns(rows.alias("row")), on="row", how="left").drop("row")
