"""The whole job in one place: read, profile, find, plan, clean, synthesize, search.

This is the only module in which the mending wing (checks, validation, cleaning) and the building wing (primitives,
synthesis, model_search) meet.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning, profiling, reading, validation
from autoprep.config import Config
from autoprep.errors import InputError, did_you_mean
from autoprep.lineage import versions
from autoprep.types import Cleaned, Event, Feature, Finding, Leaderboard, Listener, Plan, Table, Task, silent

MIN_ROWS = 10
#: Feature sets that the search races, by the synthesizer's groups of features.
FEATURE_SETS: Mapping[str, tuple[str, ...]] = {
    "base": ("base",),
    "encoded": ("base", "text", "counts", "target"),
    "all": ("base", "text", "counts", "target", "arithmetic", "group"),
}
#: Verbs that take a column out because it gives the target away.
LEAK_VERBS = ("exclude_leak",)


@dataclass(frozen=True)
class Prepared:
    """A source up to the plan: what was read, what it is, what is wrong, what would be done."""

    table: Table
    frame: pl.DataFrame
    profile: Any
    findings: tuple[Finding, ...]
    plan: Plan
    target: str | None


@dataclass(frozen=True)
class Fitted:
    """Everything a run learnt; the artefact and the report are made of it.

    Attributes:
        prepared: source, profile, findings and the proposed plan.
        cleaned: the clean training rows, the ledger and the quarantine.
        plan: the plan as it was applied.
        predictor: the model; it holds its synthesizers.
        leaderboard: the trials.
        task: "binary", "multiclass" or "regression".
        metric: the metric's name.
        classes: class labels, () for regression.
        features: the columns that the best model sees and how they are made.
        contract: the data contract of the raw columns, a Great Expectations suite as plain values.
        scores: cross-validated, hold-out and baseline scores by name.
        baseline: what the trivial predictor says: {"value": mean} or {"classes": {label: share}}.
        gains: what each lossy step was worth, by action id.
        notes: what a reader should know.
        seconds: seconds per stage.
        seed: the seed.
    """

    prepared: Prepared
    cleaned: Cleaned
    plan: Plan
    predictor: Any
    leaderboard: Leaderboard
    task: Task
    metric: str
    classes: tuple[str, ...] = ()
    features: tuple[Feature, ...] = ()
    contract: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Any] = field(default_factory=dict)
    gains: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    def facts(self) -> dict[str, Any]:
        """What the artefact's manifest says of the model, as plain values."""
        return {
            "task": self.task,
            "target": self.prepared.target,
            "metric": self.metric,
            "greater_is_better": self.leaderboard.greater_is_better,
            "classes": list(self.classes),
            "scores": dict(self.scores),
            "baseline": dict(self.baseline),
            "rows": self.cleaned.frame.height,
            "source": {"uri": self.prepared.table.source.uri, "sha256": self.prepared.table.source.sha256},
            "seed": self.seed,
            "notes": list(self.notes),
            "lossy_gains": dict(self.gains),
        }

    def replay_rows(self, most: int = 50) -> pl.DataFrame:
        """Raw rows, evenly spaced, that the artefact keeps to prove itself; without the target."""
        raw = self.prepared.frame
        step = max(1, raw.height // most)
        return raw.gather_every(step).head(most).drop(self.prepared.target or "", strict=False)

    def content_parts(self) -> dict[str, Any]:
        """What the report is made of; see ``reporting.content.model_content``."""
        table, target = self.prepared.table, self.prepared.target
        facts = [
            ("Source", table.source.uri),
            ("Target", f"{target} ({self.task})"),
            ("Rows used", f"{self.cleaned.frame.height:,} of {self.prepared.frame.height:,}"),
            ("Metric", self.metric),
        ]
        return {
            "title": f"{target}: the data, what was changed, and the model",
            "profile": self.prepared.profile,
            "findings": self.prepared.findings,
            "plan": self.plan,
            "ledger": self.cleaned.ledger,
            "features": self.features,
            "leaderboard": self.leaderboard,
            "facts": facts,
            "verdict": {name.replace("_", " "): f"{value:.4g}" for name, value in self.scores.items()},
            "contract": self.contract,
            "lineage": {**versions(), "source SHA-256": table.source.sha256 or "not a file", "seed": self.seed},
            "notes": [*table.notes, *self.notes],
        }


class Predict(Protocol):
    """From raw rows to predictions."""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame: ...


@dataclass(frozen=True)
class Parts:
    """What evaluating a model needs."""

    plan: Plan
    predict: Predict
    facts: Mapping[str, Any]


class Stopwatch:
    """Seconds per stage, in the order of their first start."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since, self._stage = time.perf_counter(), ""

    def start(self, stage: str) -> None:
        """End the stage that runs and start this one."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._since, self._stage = now, stage


def resolve_column(name: str, table: Table) -> str:
    """The column that a person means: by its name, by its header in the source, or by position ("-1") without header.

    Raises:
        InputError: there is none; names the nearest.
    """
    columns = table.frame.collect_schema().names()
    if name in columns:
        return name
    by_header = {header: column for column, header in table.headers.items()}
    if name in by_header:
        return by_header[name]
    folded = {
        word.strip().casefold(): column for column in columns for word in (column, table.headers.get(column, column))
    }
    if name.strip().casefold() in folded:
        return folded[name.strip().casefold()]
    if name.lstrip("-").isdigit() and table.dialect is not None and table.dialect.header_rows == 0:
        place = int(name)
        if -len(columns) <= place < 0 or 1 <= place <= len(columns):
            return columns[place if place < 0 else place - 1]
    raise InputError(f"no column '{name}'", where=table.source.uri, hint=did_you_mean(name, [*columns, *by_header]))


def prepare(
    source: Any,
    *,
    target: str | None = None,
    rules: Sequence[Any] | None = None,
    config: Config | None = None,
    task: Task | None = None,
    plan: Plan | None = None,
    rows: Sequence[int] | np.ndarray | None = None,
    listener: Listener = silent,
    watch: Stopwatch | None = None,
) -> Prepared:
    """Read, profile, find and plan.

    Args:
        source: anything that ``reading.read`` takes, or a Table.
        target: column to predict.
        rules: folders of a user's own rules.
        config: a project's settings.
        task: overrules what the target's values say.
        plan: a reviewed plan to use instead of proposing one.
        rows: 0-based rows to learn from (all when None).
        listener: hears what is found.
        watch: counts seconds per stage.

    Raises:
        InputError: the source cannot be read or holds no rows, or there is no such target.
    """
    watch = watch or Stopwatch()
    watch.start("read")
    table = source if isinstance(source, Table) else reading.read(source, listener=listener)
    column = resolve_column(target, table) if target is not None else None
    frame = table.collect()
    if rows is not None:
        frame = frame[np.asarray(rows)]
    if not frame.height:
        raise InputError("has a header but no rows", where=table.source.uri, hint="give a file with data")
    rejected = f", {table.rejected.height:,} lines rejected" if table.rejected.height else ""
    listener(Event("read", f"{table.source.uri}: {frame.height:,} rows, {frame.width} columns{rejected}"))
    for note in table.notes:
        listener(Event("read", note))
    watch.start("profile")
    held = replace(table, frame=frame.lazy())
    profile = profiling.profile(held, target=column, task=task, config=config)
    watch.start("rules")
    book = validation.load_rulebook(rules or (), config)
    findings = tuple(validation.find(profile, book))
    counts = {s: sum(f.severity == s for f in findings) for s in ("error", "warning", "info")}
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count) or "nothing wrong"
    listener(Event("profile", f"{len(findings)} findings: {told}"))
    watch.start("plan")
    if plan is None:
        plan = cleaning.plan(
            held, profile=profile, rulebook=book, target=column, task=task, config=config, listener=listener
        )
    states = {s: sum(a.status == s for a in plan.actions) for s in ("apply", "ask", "skip")}
    listener(Event("plan", f"{states['apply']} steps to apply, {states['ask']} to review, {states['skip']} declined"))
    return Prepared(held, frame, profile, findings, plan, column)


def fit(
    source: Any,
    target: str,
    *,
    time_budget_s: float | None = 60,
    work_budget: float | None = None,
    task: Task | None = None,
    metric: str | None = None,
    plan: Plan | None = None,
    group: str | None = None,
    time: str | None = None,
    holdout: float = 0.0,
    keep_leaks: bool = False,
    rules: Sequence[Any] | None = None,
    config: Config | None = None,
    seed: int = 0,
    listener: Listener = silent,
) -> Fitted:
    """Go from a raw table to a model; see ``autoprep.fit`` for the arguments."""
    from autoprep.model_search import search
    from autoprep.synthesis import Synthesizer

    budget = Budget(time_budget_s, work_budget)
    watch = Stopwatch()
    table = source if isinstance(source, Table) else reading.read(source, listener=listener)
    column = resolve_column(target, table)
    learn, kept = _kept_aside(table, column, task, holdout, seed)
    prepared = prepare(
        table,
        target=column,
        rules=rules,
        config=config,
        task=task,
        plan=plan,
        rows=learn,
        listener=listener,
        watch=watch,
    )
    plan = prepared.plan
    if keep_leaks:
        plan = plan.with_status("skip", [a.id for a in plan.actions if a.verb in LEAK_VERBS])
    watch.start("clean")
    cleaned = cleaning.apply(prepared.table, plan)
    frame, y, task = _sides(cleaned, plan, prepared, task)
    listener(
        Event(
            "clean",
            f"{cleaned.frame.height:,} rows, {frame.width} columns; {cleaned.ledger.height:,} changes, "
            f"{cleaned.quarantine.height:,} cells in quarantine",
        )
    )
    watch.start("contract")
    contract = validation.contract(prepared.table)
    watch.start("search")
    specs = [spec for spec in plan.outputs if spec.name in frame.columns]
    factories = {
        name: partial(Synthesizer, groups, outputs=specs, task=task, seed=seed) for name, groups in FEATURE_SETS.items()
    }
    reserve = 0.0 if time_budget_s is None else 0.8 + 0.03 * time_budget_s
    inner = Budget(None if time_budget_s is None else max(0.5, budget.remaining() - reserve), work_budget)
    found = search(
        frame,
        y,
        task=task,
        metric=metric,
        synthesizers=factories,
        groups=_side(cleaned, prepared, group),
        times=_side(cleaned, prepared, time),
        budget=inner,
        seed=seed,
        listener=listener,
    )
    watch.start("report")
    classes = tuple(str(c) for c in found.classes)
    baseline = _baseline(y, task, classes)
    fitted = Fitted(
        prepared=prepared,
        cleaned=cleaned,
        plan=plan,
        predictor=found.predictor,
        leaderboard=found.leaderboard,
        task=task,
        metric=found.metric.name,
        classes=classes,
        features=tuple(found.predictor.features),
        contract=contract,
        scores={"cross_validated": float(np.mean(found.scores)) if found.scores else float("nan")},
        baseline=baseline,
        notes=tuple(found.notes),
        seconds=watch.seconds,
        seed=seed,
    )
    if kept is not None:
        parts = Parts(plan, partial(predict, fitted), fitted.facts())
        judged = evaluate(parts, kept)
        scores = {**fitted.scores, "holdout": judged["score"], "holdout_baseline": judged["baseline"]}
        fitted = replace(fitted, scores=scores)
    return fitted


def predict(fitted: Fitted, frame: pl.DataFrame) -> pl.DataFrame:
    """Predict raw rows with what a run holds in memory; ``serving`` does the same for what it loads."""
    clean, _ = cleaning.transform(frame, fitted.plan)
    if fitted.task == "regression":
        return pl.DataFrame({"prediction": np.asarray(fitted.predictor.predict(clean), dtype=np.float64)})
    shares = np.asarray(fitted.predictor.predict_proba(clean))
    labels = [str(v) for v in fitted.predictor.predict(clean)]
    named = {f"probability_{c}": shares[:, i] for i, c in enumerate(fitted.classes)}
    return pl.DataFrame({"prediction": labels, **named})


def _kept_aside(
    table: Table, target: str, task: Task | None, holdout: float, seed: int
) -> tuple[np.ndarray | None, pl.DataFrame | None]:
    """Row numbers to learn from, and the raw rows that are kept for the test."""
    if not 0 <= holdout < 1:
        raise InputError(f"the hold-out share is {holdout}", hint="give a share from 0 to 0.9")
    if holdout == 0:
        return None, None
    frame = table.collect()
    labelled = np.flatnonzero(frame[target].is_not_null().to_numpy())
    order = np.random.default_rng(seed).permutation(labelled)
    test = np.sort(order[: max(1, round(len(order) * holdout))])
    return np.setdiff1d(np.arange(frame.height), test), frame[test]


def _sides(cleaned: Cleaned, plan: Plan, prepared: Prepared, task: Task | None) -> tuple[pl.DataFrame, pl.Series, Task]:
    """What the model sees, what it predicts, and the task; refuses what cannot carry a model."""
    target, uri = str(plan.target), prepared.table.source.uri
    if target not in cleaned.frame.columns:
        raise InputError(f"the plan takes the target '{target}' out", where=uri, hint="edit the plan")
    known = cleaned.frame.filter(pl.col(target).is_not_null())
    if known.height < MIN_ROWS:
        raise InputError(
            f"{known.height} usable rows are left with a value in '{target}'",
            where=uri,
            hint=f"at least {MIN_ROWS} are needed; see the plan for what was dropped",
        )
    if known.height < cleaned.frame.height:
        raise InputError(
            f"'{target}' is missing in {cleaned.frame.height - known.height} rows",
            where=uri,
            hint="let the plan drop them (target.missing)",
        )
    roles = {spec.name: spec.role for spec in plan.outputs}
    unused = [
        c for c in known.columns if roles.get(c) in ("excluded", "identifier", "constant", "target") or c == target
    ]
    frame, y = known.drop(unused), known[target]
    if not frame.width:
        raise InputError(
            f"no column is left to predict '{target}' from", where=uri, hint="give a table with more columns"
        )
    if y.n_unique() < 2:
        raise InputError(
            f"the target '{target}' has one value only: '{y[0]}'", where=uri, hint="there is nothing to predict"
        )
    inferred = task or plan.task or profiling.infer_task(y, target)[0]
    if inferred != "regression":
        y = y.cast(pl.String)
    elif not y.dtype.is_numeric():
        raise InputError(
            f"'{target}' is not a number, so it cannot be the target of a regression",
            where=uri,
            hint="give --task binary or multiclass",
        )
    return frame, y, inferred


def _side(cleaned: Cleaned, prepared: Prepared, column: str | None) -> pl.Series | None:
    """A column that groups or orders rows: as cleaned where it is there, else as it stood."""
    if column is None:
        return None
    name = resolve_column(column, prepared.table)
    if name in cleaned.frame.columns:
        return cleaned.frame[name]
    return prepared.frame[name].gather(cleaned.rows)


def _baseline(y: pl.Series, task: Task, classes: Sequence[str]) -> dict[str, Any]:
    """What a predictor says that has seen only the target."""
    if task == "regression":
        return {"mean": float(np.mean(y.to_numpy())), "median": float(np.median(y.to_numpy()))}
    counts = dict(y.cast(pl.String).value_counts().iter_rows())
    return {"classes": {c: counts.get(c, 0) / len(y) for c in classes}}
