"""The datasheet of the training data (after Gebru and others, "Datasheets for Datasets", 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoprep.tracking.papers import NOWHERE, Evidence, Sheet

QUESTIONS = {
    "motivation": "Why, and by whom, the data set was made",
    "instances": "What a row stands for, and whether the rows are a sample of something larger",
    "consent": "Whether the people concerned know and agreed",
    "uses": "What the data must not be used for",
    "licence": "Under which terms they may be passed on",
    "maintenance": "Who keeps them, and how errors are reported",
}
_WORDS = {
    "text": ("semantic", "missing_rate", "distinct", "top_rate", "max_length", "pattern"),
    "number": ("semantic", "missing_rate", "distinct", "min", "median", "max", "unit"),
}


def datasheet(evidence: Evidence, answers: Mapping[str, Any] | None = None) -> str:
    """The datasheet as Markdown; every figure is followed by its place in ``profile.json``.

    Example:
        >>> from autoprep.types import Plan
        >>> "# Datasheet: y" in datasheet(Evidence({"facts": {"target": "y"}}, Plan(inputs={"a": "String"})))
        True
    """
    sheet = Sheet(f"Datasheet: {evidence.facts['target']}", evidence, answers)
    sheet.heading("What only a person can say")
    sheet.ask(QUESTIONS)
    sheet.heading("Composition")
    words = ("rows", "columns", "duplicate_rows", "missing_rate", "time_column", "group_column", "task")
    sheet.figures([(word.replace("_", " "), f"profile.json: tables.{word}") for word in words])
    classes = (evidence.profile.get("target") or {}).get("classes") or {}
    sheet.figures([(f"rows of {name}", f"profile.json: target.classes.{name}") for name in classes])
    personal = evidence.facts.get("personal") or {}
    if personal:
        sheet.heading("Personal data, masked in everything that is saved", 3)
        sheet.figures([(name, f"facts.personal.{name}") for name in personal])
    sheet.heading("Columns")
    known = {c.get("column"): c for c in evidence.profile.get("columns") or ()}
    for name in evidence.plan.inputs or known:
        kind = "number" if (known.get(name) or {}).get("dtype") in ("integer", "float") else "text"
        sheet.heading(name, 3)
        places = [(word.replace("_", " "), f"profile.json: [{name}] {word}") for word in _WORDS[kind]]
        hidden = ("pattern", "min", "median", "max") if name in personal else ()
        kept = [(w, p) for w, p in places if w not in hidden and evidence.at(p) not in (NOWHERE, None, "")]
        if not sheet.figures(kept):
            sheet.say("nothing is known of it")
    sheet.heading("Collection and cleaning")
    sheet.figures([(f"source {key}", f"facts.source.{key}") for key in ("uri", "sha256")])
    statuses = sorted({a.status for a in evidence.plan.actions})
    sheet.figures([(f"steps {status}", f"plan.yaml: {status}") for status in statuses])
    sheet.say("Each step, with its evidence, stands in governance.md; the plan itself in plan.yaml.")
    return sheet.text()
