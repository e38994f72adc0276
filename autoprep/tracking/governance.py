"""The data-governance record: what happened to the data, arranged by the articles that ask for it.

Regulation (EU) 2024/1689 ("AI Act"), articles 10 and 11 and Annex IV; SR 26-2 (formerly SR 11-7) of the Federal
Reserve. It supplies evidence and claims no conformity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoprep.tracking.papers import NOWHERE, STEP_FIGURES, TRIAL_FIGURES, Evidence, Sheet

#: What only a person can say, by the part of the record that asks for it.
DESIGN = {
    "design_choices": "Article 10(2)(a): the design choices that decided which data were used",
    "collection": "Article 10(2)(b): how the data were collected, and for which original purpose",
    "labels": "Article 10(2)(c): how, and by whom, the target was recorded",
    "assumptions": "Article 10(2)(d): what the data are supposed to measure and represent",
    "suitability": "Article 10(2)(e): availability, quantity and suitability of the data needed",
    "bias_review": "Article 10(2)(f) and (g): which biases were looked for, and what was done about them",
    "data_gaps": "Article 10(2)(h): gaps and shortcomings of the data, and how they are addressed",
    "setting": "Article 10(4): the geographical, contextual and functional setting of use",
}
GOVERNANCE = {
    "oversight": "Annex IV 2(e): human oversight, and how outputs are to be read",
    "risk_management": "Annex IV 5: the risk management system",
    "validator": "SR 26-2: who validated the model, independently of those who made it",
    "monitoring": "Annex IV 9, SR 26-2: who watches it in use, how often, and what ends its use",
}
QUESTIONS = {**DESIGN, **GOVERNANCE}
#: Trials of the search that the record names one by one.
MAX_CHALLENGERS = 10
#: Roles of cleaned columns that no feature is made of.
UNUSED = ("identifier", "constant", "excluded")
_COLUMN_WORDS = {
    "cells without a value": "missing_rate",
    "values": "distinct",
    "personal data": "pii",
    "gives the target away": "target_leak",
    "copies the target": "target_copy",
    "why it is suspected": "leak_reason",
}


def governance(evidence: Evidence, answers: Mapping[str, Any] | None = None) -> str:
    """The record as Markdown; every figure is followed by its place in the artefact.

    Example:
        >>> from autoprep.types import Plan
        >>> made = governance(Evidence({"facts": {"target": "y"}, "versions": {}, "files": {}}, Plan(target="y")))
        >>> made.count("to be filled in by a person") == len(QUESTIONS)
        True
    """
    sheet = Sheet(f"Data governance record: {evidence.facts['target']}", evidence, answers)
    sheet.say(
        "Evidence for article 10, article 11 and Annex IV of Regulation (EU) 2024/1689 and for SR 26-2 (formerly "
        "SR 11-7). It states what happened and claims no conformity; what only a person can say is marked."
    )
    sheet.heading("Article 10(2)(a) to (h), 10(4): what only a person can say")
    sheet.ask(DESIGN)
    sheet.heading("Article 10(2)(b): sources")
    sheet.figures(
        [(f"source {key}", f"facts.source.{key}") for key in ("uri", "sha256")]
        + [("rows", "profile.json: tables.rows"), ("columns", "profile.json: tables.columns")]
        + [("rows that the model learnt from", "facts.rows")]
    )
    _steps(sheet)
    _exclusions(sheet)
    _completeness(sheet)
    _leaks(sheet)
    sheet.heading("Article 10(2)(h): known gaps, as the run shows them")
    for gap in known_gaps(evidence) or ["none that the run could see"]:
        sheet.item(gap)
    _annex(sheet)
    return sheet.text()


def _steps(sheet: Sheet) -> None:
    sheet.heading("Article 10(2)(c): preparation of the data, step by step")
    plan = sheet.evidence.plan
    statuses = sorted({a.status for a in plan.actions})
    sheet.figures([(f"steps {status}", f"plan.yaml: {status}") for status in statuses])
    if not plan.actions:
        sheet.say("No step changed the data.")
    gained = sheet.evidence.facts.get("lossy_gains") or {}
    for action in plan.actions:
        sheet.heading(f"{action.id} (rule {action.rule}, {action.verb})", 3)
        sheet.say(action.why)
        gain = f"facts.lossy_gains.{action.id}"
        sheet.figures(
            [(what, f"plan.yaml: [{action.id}] {path}") for what, path in STEP_FIGURES.items()]
            + [
                (f"what it gains the model: {key}", f"{gain}.{key}")
                for key in ("gain", "standard_error", "metric")
                if action.id in gained
            ]
        )


def _exclusions(sheet: Sheet) -> None:
    sheet.heading("Article 10(3): what was left out")
    plan = sheet.evidence.plan
    kept = {source for output in plan.outputs for source in (output.source, output.name)}
    gone = [name for name in plan.inputs if name != plan.target and name not in kept]
    for name in gone:
        why = [a.why for a in plan.applied() if name in a.columns]
        sheet.item(f"column {name}: {why[-1] if why else 'not among the cleaned columns'}")
    unused = [o for o in plan.outputs if o.role in UNUSED]
    for output in unused:
        why = [a.why for a in plan.applied() if (output.source or output.name) in a.columns]
        sheet.item(f"column {output.name} is no feature (role {output.role}){f': {why[-1]}' if why else ''}")
    for action in plan.actions:
        if action.status != "apply" and action.kind != "note":
            declined = action.evidence.get("declined")
            sheet.item(f"step {action.id} was not applied ({action.status}){f': {declined}' if declined else ''}")
    if sheet.lines[-1] == "":
        sheet.item("nothing")


def _completeness(sheet: Sheet) -> None:
    sheet.heading("Article 10(3): completeness and personal data")
    table = (
        "duplicate_rows",
        "duplicate_rate",
        "missing_rate",
        "target_missing_rate",
        "target_classes",
        "target_min_class",
        "conflicting_label_rate",
    )
    sheet.figures([(word.replace("_", " "), f"profile.json: tables.{word}") for word in table])
    columns: list[tuple[str, str]] = []
    for name in sheet.evidence.plan.inputs:
        held = [
            (f"{name}: {what}", f"profile.json: [{name}] {word}")
            for what, word in list(_COLUMN_WORDS.items())[:3]
            if sheet.evidence.at(f"profile.json: [{name}] {word}") not in (NOWHERE, None, "")
        ]
        columns += held
    sheet.figures(columns)


def _leaks(sheet: Sheet) -> None:
    sheet.heading("Leak checks")
    sheet.say(
        "Each column alone was asked for the target; whatever learns from data learnt inside the folds of the search."
    )
    found = False
    for name in sheet.evidence.plan.inputs:
        flags = [
            (f"{name}: {what}", f"profile.json: [{name}] {word}") for what, word in list(_COLUMN_WORDS.items())[3:]
        ]
        flagged = any(sheet.evidence.at(place) is True for _, place in flags)
        found |= flagged
        if flagged:
            sheet.figures(flags)
    if not found:
        sheet.say("No column gives the target away or copies it.")


def _annex(sheet: Sheet) -> None:
    sheet.heading("Article 11 and Annex IV: technical documentation")
    facts = sheet.evidence.facts
    sheet.heading("Annex IV 2(b), (c): the model and what it was made with", 3)
    sheet.figures(
        [(key, f"facts.{key}") for key in ("task", "target", "metric", "positive", "delivered", "seed")]
        + [
            ("trials of the search", "leaderboard.json: trials"),
            ("generated features", "features.txt: lines"),
            ("checks in the data contract", "contract.json: expectations"),
        ]
        + [(f"version of {name}", f"versions.{name}") for name in sheet.evidence.manifest.get("versions") or {}]
    )
    sheet.heading("Annex IV 2(g), 4: validation and its measures", 3)
    sheet.figures([(f"score {name}", f"facts.scores.{name}") for name in facts.get("scores") or {}])
    board = sheet.evidence.leaderboard
    if board is not None and board.trials:
        sheet.heading("SR 26-2: the challengers that the search tried, best first", 3)
        sheet.figures(
            [
                (f"challenger {number}: {what}", f"leaderboard.json: [{number}] {word}")
                for number in range(1, min(len(board.trials), MAX_CHALLENGERS) + 1)
                for what, word in TRIAL_FIGURES.items()
            ]
        )
    sheet.heading("Annex IV 2(a), SR 26-2: the parts of the model, by content", 3)
    files = [n for n in sheet.evidence.manifest.get("files") or {} if n.startswith("models/") or n == "plan.yaml"]
    sheet.figures([(f"SHA-256 of {name}", f"files.{name}.sha256") for name in files])
    sheet.heading("Annex IV 2(e), 5, 9 and SR 26-2: what only a person can say", 3)
    sheet.ask(GOVERNANCE)


def known_gaps(evidence: Evidence) -> list[str]:
    """What a reader must know is not there, as far as the artefact shows it.

    Example:
        >>> from autoprep.types import Plan
        >>> known_gaps(Evidence({"facts": {"scores": {}, "source": {}}}, Plan()))[0]
        'no row was kept aside: the score is of the folds that chose the model'
    """
    facts, gaps = evidence.facts, []
    if "holdout" not in (facts.get("scores") or {}):
        gaps.append("no row was kept aside: the score is of the folds that chose the model")
    if not (facts.get("source") or {}).get("sha256"):
        gaps.append("the source has no hash: it was no file")
    if not evidence.fairness:
        gaps.append("no groups were declared, so fairness was not examined (autoprep fairness MODEL DATA --by COLUMN)")
    waiting = [a.id for a in evidence.plan.actions if a.status == "ask"]
    if waiting:
        gaps.append(f"steps that wait for a person: {', '.join(waiting)}")
    unsigned = [a.id for a in evidence.plan.applied() if a.gate == "review" and not (a.evidence.get("approved") or {})]
    if unsigned:
        gaps.append(f"steps that call for review and were applied without a name: {', '.join(unsigned)}")
    if evidence.at("profile.json: tables.target_missing_rate") not in (NOWHERE, None, 0, 0.0):
        gaps.append("rows without a target were left out")
    board = evidence.leaderboard
    hurried = sum("no time" in trial.note for trial in board.trials) if board is not None else 0
    if board is not None and hurried:
        gaps.append(f"time ran out for {hurried} of {len(board.trials)} trials: they were judged on fewer folds")
    conflicts = evidence.at("profile.json: tables.conflicting_label_rate")
    if conflicts not in (NOWHERE, None, 0, 0.0):
        gaps.append("some rows that are alike in all columns have different targets (conflicting label rate)")
    if any(paper.get("same_rows_as_training") for paper in evidence.fairness):
        gaps.append("fairness was judged on the file that the model learnt from: its figures flatter the model")
    gaps += [str(note) for note in facts.get("notes") or () if "left out" in str(note) or "warning" in str(note)]
    return gaps
