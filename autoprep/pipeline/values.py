"""What a run holds: what was read and planned, what was learnt, and what evaluating needs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from autoprep.lineage import portable_name, versions
from autoprep.pipeline.diagnose import Diagnosis, Judged, cut_short, diagnose
from autoprep.pipeline.privacy import masked_rows, personal_columns
from autoprep.types import Cleaned, Feature, Finding, Leaderboard, Plan, Table, Task, Trial

if TYPE_CHECKING:
    from autoprep.model_search.metrics import Metric
    from autoprep.profiling import Profile


@dataclass(frozen=True)
class Prepared:
    """A source up to the plan: what was read, what it is, what is wrong, what would be done."""

    table: Table
    frame: pl.DataFrame
    profile: Profile
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
        scores: cross-validated, hold-out and baseline scores by name; "standard_error" of the first over draws of the
            judged rows, and "guessing": the score of the trivial predictor on these.
        judged_on: on which rows the search's own score stands ("in cross-validation on 5 folds", "on one fold").
        baseline: what the trivial predictor says: {"value": mean} or {"classes": {label: share}}.
        gains: what each lossy step was worth, by action id.
        feature_gains: per group of features: the loss it saves over the columns themselves, its standard error, folds.
        notes: what a reader should know.
        seconds: seconds per stage.
        seed: the seed.
        chosen_by: which rows were learnt from: "holdout", "rows" (None: all), "group", "time" and "weight"
            (a column's name, "values" for values given by hand, or None), "gap" in seconds,
            "folds" (1: a hold-out).
        judged: what the search judged its model on.
        positive: of two classes the one that F1 and average precision are about; "" for another task.
        diagnosis_s: seconds in which ``diagnosis`` measures; None: until it is done.
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
    chosen_by: Mapping[str, Any] = field(default_factory=dict)
    judged: Judged | None = None
    diagnosis_s: float | None = None
    tables: Mapping[str, Any] | None = None
    feature_gains: Mapping[str, tuple[float, float, int]] = field(default_factory=dict)
    positive: str = ""
    judged_on: str = ""

    @cached_property
    def diagnosis(self) -> Diagnosis | None:
        """Importance, calibration, confusion, residuals and weak slices; measured on first use."""
        if self.judged is None:
            return None
        deadline = None if self.diagnosis_s is None else time.monotonic() + self.diagnosis_s
        return diagnose(self.judged, deadline=deadline, hidden=self.personal())

    def facts(self) -> dict[str, Any]:
        """What the artefact's manifest says of the model, as plain values."""
        return {
            "task": self.task,
            "target": self.prepared.target,
            "metric": self.metric,
            "greater_is_better": self.leaderboard.greater_is_better,
            "classes": list(self.classes),
            **({"positive": self.positive} if self.positive else {}),
            "scores": dict(self.scores),
            **({"judged_on": self.judged_on} if self.judged_on else {}),
            **({"delivered": _told(kept)} if (kept := self.leaderboard.delivered) else {}),
            "baseline": dict(self.baseline),
            "rows": self.cleaned.frame.height,
            "source": {"uri": self.prepared.table.source.uri, "sha256": self.prepared.table.source.sha256},
            "seed": self.seed,
            "chosen_by": dict(self.chosen_by),
            "notes": list(self.notes),
            "lossy_gains": dict(self.gains),
            "personal": self.personal(),
        }

    def replay_rows(self, most: int = 50) -> pl.DataFrame:
        """Raw rows, evenly spaced, that the artefact keeps to prove itself: no target, personal cells masked."""
        raw = self.prepared.frame
        step = max(1, raw.height // most)
        rows = raw.gather_every(step).head(most).drop(self.prepared.target or "", strict=False)
        return masked_rows(rows, self.personal())

    def personal(self) -> dict[str, str]:
        """Column -> kind of personal data; what is saved shows the shapes of their values only."""
        return personal_columns(self.prepared.profile, self.prepared.target)

    def content_parts(self) -> dict[str, Any]:
        """What the report is made of; see ``reporting.content.model_content``."""
        table, target = self.prepared.table, self.prepared.target
        facts = [
            ("Source", portable_name(table.source.uri)),
            ("Target", f"{target} ({self.task})"),
            ("Rows used", f"{self.cleaned.frame.height:,} of {self.prepared.frame.height:,}"),
            ("Metric", self.leaderboard.judged_by),
        ]
        doubts = str((self.diagnosis and self.diagnosis.label_noise) or "")
        return {
            "title": f"{target}: the data, what was changed, and the model",
            "profile": self.prepared.profile,
            "findings": self.prepared.findings,
            "plan": self.plan,
            "ledger": self.cleaned.ledger,
            "features": self.features,
            "leaderboard": self.leaderboard,
            "groups": [(name, *gain) for name, gain in self.feature_gains.items()],
            "facts": facts,
            "verdict": _verdict(self.scores, self.judged_on),
            "judged_on": self.judged_on,
            **(_shown(self.diagnosis) if self.diagnosis else {}),
            "contract": self.contract,
            "lineage": {**versions(), "source SHA-256": table.source.sha256 or "not a file", "seed": self.seed},
            "notes": [*table.notes, *self.notes, *([doubts] if doubts else [])],
        }


def _told(kept: Trial) -> str:
    """What is delivered: its name, and what an ensemble is made of."""
    return kept.model if kept.parameters else f"{kept.model}: {kept.note.partition('; ')[2]}"


def _verdict(scores: Mapping[str, float], judged_on: str) -> dict[str, str]:
    """Scores by what they are called in a report."""
    own = "cross-validated" if judged_on.startswith("in cross") else judged_on or "of the search"
    words = {"cross_validated": own, "holdout": "score", "holdout_baseline": "baseline"}
    said = {words.get(name, name): f"{value:.4g}" for name, value in scores.items() if name != "standard_error"}
    error = scores.get("standard_error", float("nan"))
    within = f"{error:,.0f}" if error >= 10 else f"{error:.2g}"
    return said | {own: f"{said[own]} ± {within}"} if own in said and error == error else said


def _shown(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as the report takes it."""
    return {
        "importance": [(name, *fall) for name, fall in diagnosis.importance.items()],
        "importance_says": cut_short(len(diagnosis.importance), diagnosis.columns),
        "calibration": diagnosis.calibration,
        "confusion": (diagnosis.labels, diagnosis.confusion),
        "residuals": list((diagnosis.residuals or {}).items()),
        "slices": [(s.where, s.rows, s.loss, s.elsewhere) for s in diagnosis.slices],
        "slice_loss": diagnosis.loss,
        "shap": list((diagnosis.shap or {}).items()),
        "shap_share": diagnosis.shap_share,
        "dependence": diagnosis.dependence,
        "curve": [(rows, score) for rows, score, _ in diagnosis.curve],
        "curve_says": diagnosis.curve_says,
    }


class Predict(Protocol):
    """From raw rows to predictions."""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame: ...


@dataclass(frozen=True)
class Parts:
    """What evaluating a model needs; ``metric`` is there while the model that it judged is still in memory."""

    plan: Plan
    predict: Predict
    facts: Mapping[str, Any]
    metric: Metric | None = None


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
