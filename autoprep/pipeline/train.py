"""From a plan to a model: clean, synthesize, search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from autoprep import cleaning, reading, validation
from autoprep.budget import Budget
from autoprep.config import Config
from autoprep.errors import InputError, SettingError, plural
from autoprep.pipeline import too_good, trivial
from autoprep.pipeline.asked import amounts, counted, heavy_tailed, nearly_two, of_target, refuse_settings, single
from autoprep.pipeline.diagnose import Judged
from autoprep.pipeline.earn import aligned, earn
from autoprep.pipeline.flips import flipped, genes
from autoprep.pipeline.judge import evaluate, predict
from autoprep.pipeline.prepare import prepare, resolve_column, told_left_out
from autoprep.pipeline.rows import affordable, kept_aside
from autoprep.pipeline.sides import (
    LEAK_VERBS,
    constrained,
    encoded_target,
    ignoring,
    judged_by,
    labelled,
    leaks_told,
    model_rows,
    per_row,
    row_times,
    row_weights,
    targetless,
    unnumbered,
)
from autoprep.pipeline.structure import AUTO, JOIN, Kind, gap_of, parts_of, suggested, told, unseen_sides
from autoprep.pipeline.values import Fitted, Parts, Prepared, Stopwatch
from autoprep.types import Event, Feature, Listener, Plan, Table, Task, silent

Goal = Literal["count", "quantile", "ordinal"]
#: Share of the time budget in which the report measures what the model leans on.
DIAGNOSIS_SHARE = 0.04
#: Seconds of the same when a search was interrupted: somebody waits.
INTERRUPTED_S = 1.0
#: Seconds that saving a model takes: as such, and per step of its plan, which it compiles, writes and reports.
SAVING_S, SAVING_STEP_S = 0.5, 0.0075
#: Bytes of prepared data that the search keeps.
MEMORY_BYTES = 1e9
#: Feature sets that the search races, by the synthesizer's groups of features.
FEATURE_SETS: Mapping[str, tuple[str, ...]] = {
    "base": ("base",),
    "encoded": ("base", "text", "counts", "target"),
    "all": ("base", "text", "counts", "target", "arithmetic", "group", "combinations"),
}
#: Words for what is asked for -> the task that answers it, and the metric that it is judged by unless another is named.
GOALS: Mapping[str, tuple[Task, str]] = {
    "count": ("regression", "poisson"),
    "quantile": ("regression", "pinball:0.5"),
    "ordinal": ("multiclass", "qwk"),
}


def fit(
    source: Any,
    target: str,
    *,
    time_budget_s: float | None = 60,
    work_budget: float | None = None,
    task: Task | Goal | None = None,
    metric: Any = None,
    plan: Plan | None = None,
    group: str | Any | None = None,
    time: str | Any | None = None,
    gap: str | float | None = None,
    sample_weight: str | Any | None = None,
    holdout: float = 0.0,
    keep_leaks: bool = False,
    ignore: Sequence[str] = (),
    rules: Sequence[Any] | None = None,
    config: Config | None = None,
    deploy: str = "balanced",
    memory_gb: float | None = None,
    sampler: Literal["evolution", "tpe", "cma"] = "evolution",
    monotone: Mapping[str, int] | None = None,
    positive: str | None = None,
    seed: int = 0,
    journal: str | Path | None = None,
    resume: bool = False,
    listener: Listener = silent,
) -> Fitted:
    """Go from a raw table to a model; see ``autoprep.fit`` for the arguments."""
    from autoprep.model_search import search
    from autoprep.model_search.finish import DEPLOYED
    from autoprep.model_search.journal import Journal
    from autoprep.model_search.variants import Variant, Variants
    from autoprep.synthesis import Synthesizer
    from autoprep.synthesis.candidates import CODED

    time_budget_s = counted(time_budget_s, work_budget)
    refuse_settings(target, time_budget_s, work_budget, holdout, seed)
    if resume and journal is None:
        raise SettingError(
            "nothing says where the interrupted search is", hint="name its file: journal='model.journal'"
        )
    budget = Budget(time_budget_s, work_budget)
    watch, goal = Stopwatch(), task
    if deploy not in DEPLOYED:
        raise SettingError(f"deploy is '{deploy}'", hint="write " + ", ".join(DEPLOYED))
    if memory_gb is not None and not memory_gb > 0:
        raise SettingError(f"the memory ceiling is {memory_gb} GB", hint="write a number above 0")
    task, metric = _answering(task, metric)
    gap_s = gap_of(gap)
    if gap_s and time is None:
        raise SettingError("a gap needs a time", hint="name the column that orders the rows with time")
    table = source if isinstance(source, Table) else reading.read(source, listener=listener)
    column = resolve_column(target, table)
    if column != target and column.casefold() == target.strip().casefold():
        listener(Event("read", f"the target is '{column}' (asked for '{target}')"))
    config = ignoring(config, ignore, table, column)
    filled, count = table.frame.select(pl.col(column).count().alias("filled"), pl.len().alias("all")).collect().row(0)
    if count and not filled:
        raise InputError(
            f"the target '{column}' is empty in all rows", where=table.source.uri, hint="give labelled rows"
        )
    refuse = of_target(column, goal, metric, table.source.uri)
    learn, kept = kept_aside(table, column, holdout, seed)
    learn = affordable(table, learn, budget, seed, listener, memory_gb)
    chosen_by: dict[str, Any] = {"holdout": holdout, "rows": None if learn is None else len(learn)}
    prepared = prepare(
        table,
        target=target,
        rules=rules,
        config=config,
        task=task,
        plan=plan,
        rows=learn,
        listener=listener,
        watch=watch,
        budget=budget,
    )
    if task is None and plan is None:
        _refuse_dates(prepared, column)
    likely = suggested(prepared.profile, column)
    unseen = unseen_sides(group, time, likely)
    group, time = _asked("group", group, likely, listener), _asked("time", time, likely, listener)
    for lacking in unseen:
        listener(Event("search", lacking))
    prepared, numbering = unnumbered(prepared, time)
    for name, said in (("group", group), ("time", time), ("weight", sample_weight)):
        given = None if said is None else "values"
        chosen_by[name] = _named_by(said, prepared.table) if isinstance(said, str) else given
    chosen_by["gap"] = gap_s
    plan = cleaning.for_modelling(prepared.plan)
    if keep_leaks:
        plan = plan.with_status("skip", [a.id for a in plan.actions if a.verb in LEAK_VERBS])
    plan = cleaning.with_outputs(plan, prepared.profile)
    leaks = leaks_told(plan, prepared, None if group is not None else likely.get("group"))
    visible = {spec.source or spec.name for spec in plan.outputs if spec.role not in cleaning.UNSEEN}
    leaks += too_good.doubts_told(prepared.profile, visible, likely.get("group"))
    leaks += filter(None, [numbering])
    for said in leaks:
        listener(Event("plan", said))
    watch.start("earn")
    tested, before = task or plan.task, plan
    gains: dict[str, Any] = {}
    if tested is not None:
        share = Budget(None if time_budget_s is None else 0.15 * budget.remaining(), work_budget and work_budget / 10)
        plan, gains = earn(
            prepared.frame, plan, tested, metric, budget=share, seed=seed, listener=listener, positive=positive,
            refuse=refuse,
        )  # fmt: skip
    watch.start("clean")
    cleaned = labelled(cleaning.apply(prepared.table, plan), column, listener)
    lost = targetless(cleaned, plan, prepared.frame.height)
    for told_lost in lost:
        listener(Event("clean", told_lost))
    frame, y, task = model_rows(cleaned, plan, prepared, task, aside=0 if kept is None else kept.height)
    times = row_times(cleaned, prepared, time, learn)
    if isinstance(sample_weight, str):
        frame = frame.drop(resolve_column(sample_weight, prepared.table), strict=False)
    listener(
        Event(
            "clean",
            f"{plural(cleaned.frame.height, 'row')}, {plural(frame.width, 'column')}; "
            f"{plural(cleaned.ledger.height, 'change')}, "
            f"{plural(cleaned.quarantine.height, 'cell')} in quarantine",
            {
                "rows": cleaned.frame.height,
                "changes": cleaned.ledger.height,
                "quarantined": cleaned.quarantine.height,
            },
        )
    )
    watch.start("contract")
    seen = replace(prepared.table, frame=cleaning.Given(prepared.plan).rows(prepared.table.frame))
    contract = validation.derive(seen, profile=prepared.profile, target=column)
    refuse(y, task)
    asks = [amounts(y)] if goal is None and task == "multiclass" else []
    about, judge = judged_by(y, task, positive, metric)
    hints = [] if task == "regression" else list(filter(None, (single(y), nearly_two(y), *asks)))
    if metric is None and judge.name == "rmse" and (tail := heavy_tailed(y)):
        hints.append(tail)
    for hint in hints:
        listener(Event("search", hint))
    watch.start("search")
    known_task, plain = task, plan

    def feature_sets(under: Plan, rows: pl.DataFrame) -> dict[str, Callable[[], Any]]:
        dtypes = rows.schema
        specs = [spec for spec in under.outputs if spec.name in dtypes]
        made = partial(Synthesizer, outputs=specs, task=known_task, seed=seed)
        # Of numbers alone "encoded" makes what "base" makes.
        coded = any(spec.role in CODED or dtypes[spec.name] == pl.String for spec in specs)
        return {name: partial(made, groups) for name, groups in FEATURE_SETS.items() if coded or name != "encoded"}

    def turned(flips: Sequence[str]) -> Variant:
        """The same rows when these lossy steps are turned over."""
        under = cleaning.with_outputs(flipped(plain, flips), prepared.profile)
        other = labelled(cleaning.apply(prepared.table, under), column)
        rows = aligned(model_rows(other, under, prepared, known_task)[0], other.rows, plain_rows)
        if isinstance(sample_weight, str):
            rows = rows.drop(resolve_column(sample_weight, prepared.table), strict=False)
        return Variant(rows, feature_sets(under, rows))

    plain_rows, factories = cleaned.rows, feature_sets(plan, frame)
    if group is None and time is None and likely:
        sides = {kind: per_row(cleaned, prepared, name, learn) for kind, name in likely.items()}
        known = {kind: side for kind, side in sides.items() if side is not None and side.dtype != pl.Null}
        there = [spec for spec in plan.outputs if spec.name in frame.columns]
        made = partial(Synthesizer, ("base", "target"), outputs=there, task=task, seed=seed)
        values = encoded_target(y, task)
        advice = told(
            frame,
            values,
            task,
            judge,
            known,
            likely,
            budget=budget,
            seed=seed,
            synthesizers=(factories["base"], made) if "encoded" in factories else (factories["base"],),
        )
        for hint in advice:
            listener(Event("search", hint))
        hints += advice
    variants = Variants(Variant(frame, factories), genes(before, gains), turned, watch.seconds.get("clean", 0.0))
    saving = (SAVING_S + SAVING_STEP_S * len(plan.actions)) * budget.slowed()
    reserve = 0.0 if time_budget_s is None else 0.3 + (0.03 + DIAGNOSIS_SHARE) * time_budget_s + saving
    inner = Budget(None if time_budget_s is None else max(0.5, budget.remaining() - reserve), work_budget)
    found = search(
        frame,
        y,
        task=task,
        metric=metric,
        synthesizers=factories,
        variants=variants,
        groups=per_row(cleaned, prepared, group, learn),
        times=times,
        gap=gap_s,
        sampler=sampler,
        positive=positive,
        monotone=constrained(monotone, prepared, plan, frame),
        sample_weight=row_weights(per_row(cleaned, prepared, sample_weight, learn)),
        budget=inner,
        deploy=deploy,
        memory_bytes=MEMORY_BYTES if memory_gb is None else min(MEMORY_BYTES, 0.2e9 * memory_gb),
        ceiling_bytes=float("inf") if memory_gb is None else 1e9 * memory_gb,
        seed=seed,
        listener=listener,
        journal=None if journal is None else Journal(Path(journal), resume),
    )
    chosen_by["folds"] = 1 if len(found.splits.folds) == 1 and time is None else None
    watch.start("report")
    if found.cleaning:
        gain, error = found.flip_gain
        evidence = {"gain": round(gain, 6), "standard_error": round(error, 6), "metric": found.metric.name}
        plan = cleaning.with_outputs(flipped(plan, found.cleaning, evidence), prepared.profile)
        cleaned, frame = labelled(cleaning.apply(prepared.table, plan), column), variants[found.cleaning].frame
        listener(Event("plan", f"the search turned {', '.join(found.cleaning)}: gain {gain:+.4f} ± {error:.4f}"))
    classes = tuple(str(c) for c in found.classes)
    read = {spec.source or spec.name for spec in plan.outputs if spec.name in frame.columns}
    truth = encoded_target(y, task)
    baseline = trivial.learnt(y, task, classes, found.metric.name)
    scores = {"cross_validated": float(np.mean(found.scores)) if found.scores else float("nan")}
    doubts = [too_good.remark(prepared.profile, read, truth, found.oof, task)]
    code = classes.index(about) if about else None
    each = trivial.in_time(found.metric, y, truth, task, classes, found.splits, code)
    if guessed := trivial.beside(found.metric, truth, found.oof, task, baseline, code, each):
        scores |= {"standard_error": guessed.error, "guessing": guessed.trivial}
        doubts.append(trivial.no_better(found.metric, guessed, task, each is not None))
    for doubt in filter(None, doubts):
        listener(Event("search", doubt))
        hints.append(doubt)
    fitted = Fitted(
        prepared=prepared,
        cleaned=cleaned,
        plan=plan,
        predictor=found.predictor,
        leaderboard=found.leaderboard,
        task=task,
        metric=found.metric.name,
        classes=classes,
        features=features_of(found.predictor),
        contract=contract.sparing(cleaning.spare_inputs(plan)).to_dict(),
        scores=scores,
        judged_on=found.judged_on,
        baseline=baseline,
        gains=gains,
        feature_gains=_named(found.feature_gains),
        positive=about,
        notes=(*filter(None, [told_left_out(prepared.profile)]), *lost, *unseen, *leaks, *hints, *found.notes),
        seconds=watch.seconds,
        seed=seed,
        chosen_by=chosen_by,
        judged=Judged(
            frame,
            truth,
            found.oof,
            found.metric,
            found.predictor,
            plan.outputs,
            seed,
            told=dict(prepared.profile.columns.select("column", "target_score").drop_nulls().iter_rows()),
        ),
        diagnosis_s=_looking_s(time_budget_s, found.interrupted),
    )
    if kept is not None:
        parts = Parts(plan, partial(predict, fitted), fitted.facts(), found.metric)
        judged = evaluate(parts, kept)
        figures = {"holdout": judged["score"], "holdout_baseline": judged["baseline"]}
        unknown = {name: float("nan") for name, value in figures.items() if value is None}
        scores = {**fitted.scores, **figures, **unknown}
        fitted = replace(fitted, scores=scores)
    return fitted


def _named(gains: Mapping[str, tuple[float, float, int]]) -> dict[str, tuple[float, float, int]]:
    """Gains of feature sets by the kinds of features that each adds to the columns themselves."""
    return {" + ".join(g for g in FEATURE_SETS.get(name, (name,)) if g != "base"): gain for name, gain in gains.items()}


def _looking_s(time_budget_s: float | None, interrupted: bool) -> float | None:
    """Seconds in which the report measures what the model leans on; None: until it is done."""
    share = None if time_budget_s is None else DIAGNOSIS_SHARE * time_budget_s
    return min(INTERRUPTED_S, share or INTERRUPTED_S) if interrupted else share


def _answering(task: Task | Goal | None, metric: Any) -> tuple[Task | None, Any]:
    """The task and the metric that answer what is asked for."""
    if task is None or task in ("binary", "multiclass", "regression"):
        return task, metric
    if task not in GOALS:
        raise SettingError(
            f"task is '{task}'", hint=f"known: binary, multiclass, regression, {', '.join(sorted(GOALS))}"
        )
    answer, usual = GOALS[task]
    return answer, usual if metric is None else metric


def _named_by(said: str, table: Table) -> str:
    return JOIN.join(parts_of(said, table)) or resolve_column(said, table)


def _asked(kind: Kind, said: Any, likely: Mapping[Kind, str], listener: Listener) -> Any:
    """What groups or orders rows, "auto" replaced by what the profile suggests."""
    if not (isinstance(said, str) and said == AUTO):
        return said
    found = likely.get(kind)
    if found is not None:
        listener(Event("search", f"{kind} is '{found}'"))
    return found


def _refuse_dates(prepared: Prepared, target: str) -> None:
    """A date is neither a class nor a number.

    Raises:
        InputError: the target holds dates.
    """
    row = prepared.profile.columns.filter(pl.col("column") == target)
    if row.height and row["semantic"][0] in ("date", "datetime"):
        raise InputError(
            f"the target '{target}' holds dates, which no model predicts",
            where=prepared.table.source.uri,
            hint="make a number of it, such as the days until then, or say --task multiclass",
        )


def features_of(predictor: Any) -> tuple[Feature, ...]:
    """The columns that the model's members see, each once, and how they are made."""
    seen = {feature.name: feature for synthesizer in predictor.synthesizers for feature in synthesizer.features}
    return tuple(seen.values())
