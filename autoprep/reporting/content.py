"""What a report says, as plain values: every sentence and figure is decided here, none while drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from autoprep.errors import plural
from autoprep.reporting.figures import number
from autoprep.reporting.views import (
    ChangeView,
    ColumnView,
    FindingView,
    RuleView,
    change_views,
    column_views,
    contract_rows,
    finding_views,
    personal_columns,
    rule_views,
    table_facts,
)
from autoprep.types import Feature, Finding, Leaderboard, Plan


@dataclass(frozen=True)
class Content:
    """Everything that a report shows; a part that is empty is not drawn.

    Attributes:
        title: what the report is about.
        lead: one or two plain sentences that sum it up.
        facts: (label, text) at the top.
        notes: sentences a reader should know.
        findings: worst first.
        changes: actions that were applied.
        refused: actions that were declined or await a person.
        columns: every column of the input.
        features: (name, definition, gain as text, gain).
        leaderboard: dictionaries with model, score, loss, loss_se, features, fit_s, predict_s, size, front, delivered,
            note.
        groups: (kinds of features, loss saved over the columns themselves, its standard error, folds that judged).
        metric: what the leaderboard was judged by.
        verdict: hold-out score against the baseline: label -> text.
        calibration: (mean predicted, observed, rows).
        importance: (raw column, fall of the score when it is shuffled, low, high or None), largest first.
        importance_says: what is to be said of it.
        confusion: (labels, counts of [truth][said]).
        residuals: (quantile, value - prediction).
        slices: (where, rows, mean loss there, elsewhere): where the model is weak.
        slice_loss: what that loss is.
        shap: (raw column, mean absolute SHAP value), largest first.
        shap_share: share of the ensemble that has such values.
        dependence: (column, ((value, mean prediction), ...)).
        curve: (training rows, score).
        curve_says: whether more rows would help.
        contract: (expectation, column, detail, severity, rule).
        lineage: (label, text).
        rules: explanations of every rule that is mentioned.
        has_personal: some samples are masked.
    """

    title: str
    lead: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[FindingView, ...] = ()
    changes: tuple[ChangeView, ...] = ()
    refused: tuple[ChangeView, ...] = ()
    columns: tuple[ColumnView, ...] = ()
    features: tuple[tuple[str, str, str, float], ...] = ()
    leaderboard: tuple[Mapping[str, Any], ...] = ()
    groups: tuple[tuple[str, float, float, int], ...] = ()
    metric: str = ""
    verdict: Mapping[str, str] = field(default_factory=dict)
    calibration: tuple[tuple[float, float, int], ...] = ()
    importance: tuple[tuple[str, float, float | None, float | None], ...] = ()
    importance_says: str = ""
    confusion: tuple[tuple[str, ...], tuple[tuple[int, ...], ...]] = ((), ())
    residuals: tuple[tuple[str, float], ...] = ()
    slices: tuple[tuple[str, int, float, float], ...] = ()
    slice_loss: str = ""
    shap: tuple[tuple[str, float], ...] = ()
    shap_share: float = 0.0
    dependence: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    curve: tuple[tuple[int, float], ...] = ()
    curve_says: str = ""
    contract: tuple[tuple[str, str, str, str, str], ...] = ()
    lineage: tuple[tuple[str, str], ...] = ()
    rules: tuple[RuleView, ...] = ()
    has_personal: bool = False


def profile_content(
    profile: Any,
    findings: Sequence[Finding] = (),
    *,
    rulebook: Mapping[str, Any] | None = None,
    title: str = "Profile",
    show_personal: bool = False,
) -> Content:
    """What a profile's report says.

    Args:
        profile: has ``columns``, ``tables`` and ``details``.
        findings: the rules that fired.
        rulebook: rule id -> rule, for the explanations.
        title: the heading.
        show_personal: show samples of personal columns as they are.
    """
    personal = {} if show_personal else personal_columns(profile)
    seen = finding_views(findings, personal, rulebook)
    columns = column_views(profile, findings, personal)
    facts = table_facts(profile)
    lead = _profile_lead(columns, seen, facts)
    return Content(
        title=title,
        lead=lead,
        facts=facts,
        findings=seen,
        columns=columns,
        rules=rule_views({f.rule for f in findings}, rulebook),
        has_personal=bool(personal),
    )


def model_content(
    *,
    title: str,
    profile: Any = None,
    findings: Sequence[Finding] = (),
    plan: Plan | None = None,
    ledger: pl.DataFrame | None = None,
    features: Sequence[Feature] = (),
    leaderboard: Leaderboard | None = None,
    judged_on: str = "",
    groups: Sequence[tuple[str, float, float, int]] = (),
    facts: Sequence[tuple[str, str]] = (),
    verdict: Mapping[str, str] | None = None,
    calibration: Sequence[tuple[float, float, int]] = (),
    importance: Sequence[tuple[str, float, float | None, float | None]] = (),
    importance_says: str = "",
    confusion: tuple[Sequence[str], Sequence[Sequence[int]]] = ((), ()),
    residuals: Sequence[tuple[str, float]] = (),
    slices: Sequence[tuple[str, int, float, float]] = (),
    slice_loss: str = "",
    shap: Sequence[tuple[str, float]] = (),
    shap_share: float = 0.0,
    dependence: Sequence[tuple[str, tuple[tuple[str, float], ...]]] = (),
    curve: Sequence[tuple[int, float]] = (),
    curve_says: str = "",
    contract: Mapping[str, Any] | None = None,
    lineage: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    lead: str = "",
    rulebook: Mapping[str, Any] | None = None,
    show_personal: bool = False,
) -> Content:
    """What a model's report says; every part may be left out.

    Args:
        title: the heading.
        profile: has ``columns``, ``tables`` and ``details``.
        findings: the rules that fired.
        plan: the plan that was applied.
        ledger: what cleaning changed (see ``types.LEDGER_SCHEMA``), for counts and examples.
        features: generated features.
        leaderboard: the trials.
        judged_on: on which rows the score of what is delivered stands, in words.
        groups: (kinds of features, loss saved, its standard error, folds).
        facts: (label, text), shown before the table's own.
        verdict: "score", "baseline" and what else compares them: label -> text.
        calibration: (mean predicted, observed share, rows).
        importance: (raw column, fall of the score when it is shuffled, low, high).
        importance_says: what is to be said of it.
        confusion: (labels, counts of [truth][said]).
        residuals: (quantile, value - prediction).
        slices: (where, rows, mean loss there, elsewhere).
        slice_loss: what that loss is.
        shap: (raw column, mean absolute SHAP value).
        shap_share: share of the ensemble that has such values.
        dependence: (column, ((value, mean prediction), ...)).
        curve: (training rows, score).
        curve_says: whether more rows would help.
        contract: a Great Expectations suite as plain values.
        lineage: label -> value.
        notes: sentences a reader should know.
        lead: one or two sentences; made here when empty.
        rulebook: rule id -> rule.
        show_personal: show samples of personal columns as they are.
    """
    personal = {} if show_personal or profile is None else personal_columns(profile)
    seen = finding_views(findings, personal, rulebook)
    changes = change_views(plan, ledger, personal) if plan else ()
    done = tuple(c for c in changes if c.status == "apply" and c.cells != 0)
    mentioned = {f.rule for f in findings} | {c.rule for c in changes}
    own = tuple(facts) + (table_facts(profile) if profile is not None else ())
    trials = leaderboard.trials if leaderboard else ()
    return Content(
        title=title,
        lead=lead or _model_lead(seen, done, ledger, leaderboard, verdict or {}, judged_on),
        facts=own,
        notes=tuple(notes),
        findings=seen,
        changes=done,
        refused=tuple(c for c in changes if c.status != "apply"),
        columns=column_views(profile, findings, personal) if profile is not None else (),
        features=tuple((f.name, f.definition, number(f.gain) if f.gain else "", f.gain or 0.0) for f in features),
        leaderboard=tuple(
            {
                "model": name,
                "score": t.score,
                "loss": t.loss,
                "loss_se": t.loss_se,
                "features": t.features,
                "fit_s": t.fit_s,
                "predict_s": t.predict_s,
                "size": t.size,
                "front": t.front,
                "delivered": t.delivered,
                "note": t.note,
            }
            for t, name in zip(trials, leaderboard.named() if leaderboard else (), strict=True)
        ),
        groups=tuple(groups),
        metric=leaderboard.judged_by if leaderboard else "",
        verdict=dict(verdict or {}),
        calibration=tuple(calibration),
        importance=tuple(sorted(importance, key=lambda entry: -entry[1])),
        importance_says=importance_says,
        confusion=(tuple(confusion[0]), tuple(tuple(row) for row in confusion[1])),
        residuals=tuple(residuals),
        slices=tuple(slices),
        slice_loss=slice_loss,
        shap=tuple(sorted(shap, key=lambda entry: -entry[1])),
        shap_share=shap_share,
        dependence=tuple(dependence),
        curve=tuple(curve),
        curve_says=curve_says,
        contract=contract_rows(contract or {}),
        lineage=tuple((str(k), str(v)) for k, v in (lineage or {}).items()),
        rules=rule_views(mentioned, rulebook),
        has_personal=bool(personal),
    )


def calibration_points(observed: Sequence[float], predicted: Sequence[float], bins: int = 10) -> list[Any]:
    """Group predictions into bins of equal size: (mean predicted, observed share, rows), by rising prediction.

    Args:
        observed: 0 or 1 per row.
        predicted: probability of 1 per row, in [0, 1].
        bins: at most so many groups; equal predictions stay together.

    Example:
        >>> calibration_points([0, 1, 1, 1], [0.1, 0.1, 0.9, 0.9], bins=2)
        [(0.1, 0.5, 2), (0.9, 1.0, 2)]
    """
    frame = pl.DataFrame({"y": observed, "p": predicted}, schema={"y": pl.Float64, "p": pl.Float64}, strict=False)
    frame = frame.drop_nulls()
    if not frame.height:
        return []
    part = ((pl.col("p").rank("average") - 0.5) / pl.len() * bins).floor()
    grouped = frame.group_by(part.alias("bin")).agg(pl.col("p").mean(), pl.col("y").mean(), pl.len()).sort("p")
    return [(round(p, 6), round(y, 6), n) for p, y, n in grouped.select("p", "y", "len").rows()]


def _profile_lead(columns: Sequence[ColumnView], findings: Sequence[FindingView], facts: Any) -> str:
    said = Counter(f.severity for f in findings)
    if not findings:
        return "No rule has anything to say about this table."
    parts = [plural(said[s], w) for s, w in (("error", "error"), ("warning", "warning"), ("info", "remark")) if said[s]]
    touched = sum(1 for c in columns if c.findings)
    return f"{', '.join(parts)} on {touched:,} of {plural(len(columns), 'column')}."


def _model_lead(
    findings: Sequence[FindingView],
    done: Sequence[ChangeView],
    ledger: pl.DataFrame | None,
    board: Leaderboard | None,
    verdict: Mapping[str, str],
    judged_on: str,
) -> str:
    parts = []
    if findings:
        parts.append(f"{plural(len(findings), 'finding')} in the raw table.")
    if done:
        changed = f", {plural(ledger.height, 'change')} in the ledger" if ledger is not None else ""
        parts.append(f"{plural(len(done), 'repair')} applied{changed}.")
    if board and board.trials:
        kept, best = board.delivered, board.trials[0]
        what = "Best model" if kept is None else "Delivered"
        shown = best if kept is None else kept
        where = f" {judged_on}" if judged_on else ""
        parts.append(f"{what}: {shown.model}, {board.judged_by} {number(shown.score)}{where}.")
    if verdict.get("score") and verdict.get("baseline"):
        parts.append(f"On held-out rows {verdict['score']} against {verdict['baseline']} for a trivial baseline.")
    return " ".join(parts)
