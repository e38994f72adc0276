"""The model card: what happened, each figure with the place it stands in, and blanks that only a person can fill.

Arranged for the duties of the EU AI Act's articles 10, 11 and Annex IV and of SR 26-2 (formerly SR 11-7): it supplies
evidence and claims no conformity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from autoprep.pipeline.diagnose import cut_short
from autoprep.tracking import papers
from autoprep.tracking.papers import BLANK, written
from autoprep.types import Leaderboard, Plan

#: What only a person can say: key -> question.
QUESTIONS = {
    "purpose": "What the model is for, and what it must not be used for",
    "owner": "Who answers for it",
    "affected": "Whom its predictions concern",
    "data_origin": "How and under which licence the data were collected",
    "limits": "Known gaps of the data and limits of the model",
    "approved_by": "Who approved it",
    "approved_on": "When",
}


def card(
    facts: Mapping[str, Any],
    plan: Plan,
    leaderboard: Leaderboard,
    versions: Mapping[str, str],
    answers: Mapping[str, Any] | None = None,
) -> str:
    """The card as Markdown; every figure is followed by its path in ``manifest.json`` or the file it is counted in.

    Example:
        >>> text = card({"target": "y", "task": "binary", "scores": {}}, Plan(), Leaderboard("auc", True), {})
        >>> blanks(text)[0]
        'purpose'
    """
    said = answers or {}
    lines = [f"# Model card: {written(facts['target'])}", ""]
    lines += ["## What only a person can say", "", "| | |", "|---|---|"]
    lines += [f"| {key}: {question} | {written(said.get(key) or BLANK)} |" for key, question in QUESTIONS.items()]
    lines += ["", "## The model", "", "| what | figure | where |", "|---|---|---|"]
    for key in ("task", "target", "metric", "positive", "delivered", "judged_on", "rows", "seed"):
        if key in facts:
            lines.append(_line(key, facts[key], f"facts.{key}"))
    own = {"cross_validated": facts.get("judged_on")}
    lines += [
        _line(f"score {own.get(name) or name}", value, f"facts.scores.{name}")
        for name, value in facts["scores"].items()
    ]
    baseline = facts.get("baseline") or {}
    for name, value in (baseline.get("classes") or {}).items():
        lines.append(_line(f"share of {name} in training", value, f"facts.baseline.classes.{name}"))
    lines.append(_line("trials", len(leaderboard.trials), "leaderboard.json: trials"))
    lines += _judged(facts)
    lines += ["", "## The data and what was done to them", "", "| what | figure | where |", "|---|---|---|"]
    source = facts.get("source") or {}
    lines += [
        _line(f"source {key}", source[key], f"facts.source.{key}") for key in ("uri", "sha256") if source.get(key)
    ]
    states = Counter(a.status for a in plan.actions)
    lines += [_line(f"steps {state}", count, f"plan.yaml: {state}") for state, count in sorted(states.items())]
    personal = facts.get("personal") or {}
    lines += [
        _line(f"personal data in {name}, masked in what is saved", kind, f"facts.personal.{name}")
        for name, kind in personal.items()
    ]
    lines += ["", "| step | kind | decided | why | gain |", "|---|---|---|---|---|"]
    gains = facts.get("lossy_gains") or {}
    for action in plan.actions:
        gain = gains.get(action.id, {}).get("gain", "")
        lines.append(
            f"| {written(action.id)} | {action.kind} | {action.status} | {written(action.why)} | {written(gain)} |"
        )
    lines += ["", "## What a reader should know", ""]
    lines += [f"- {written(note)}" for note in (*(facts.get("notes") or ()), *_of_intervals(facts))]
    lines += ["", "## Made with", "", "| package | version | where |", "|---|---|---|"]
    lines += [_line(name, value, f"versions.{name}") for name, value in versions.items()]
    return "\n".join(lines) + "\n"


def _of_intervals(facts: Mapping[str, Any]) -> tuple[str, ...]:
    said = "intervals of predictions hold nine truths of ten on average over all rows, not in every part of the data"
    return (said,) if facts["task"] == "regression" else ()


def _judged(facts: Mapping[str, Any]) -> list[str]:
    """What the model hangs on and how far its probabilities can be taken at their word, on rows it did not learn."""
    lines: list[str] = []
    head = ["", "| what | figure | where |", "|---|---|---|"]
    found = facts.get("diagnosis") or {}
    importance, calibration = found.get("importance") or {}, found.get("calibration") or ()
    if importance:
        told = ", and its interval" if any(_known(fall[1]) for fall in importance.values()) else ""
        lines += ["", f"## What it hangs on: how far the score falls when a column is shuffled{told}"]
        short = cut_short(len(importance), int(found.get("columns") or 0))
        lines += (["", f"{short[0].upper()}{short[1:]}."] if short else []) + head
    for name, fall in sorted(importance.items(), key=lambda entry: (-entry[1][0], entry[0])):
        place = f"facts.diagnosis.importance.{name}"
        said = (name, f"{name}, from", f"{name}, to")
        figures = [(n, what, figure) for n, (what, figure) in enumerate(zip(said, fall, strict=True))]
        lines += [_line(what, figure, f"{place}.{n}") for n, what, figure in figures if _known(figure)]
    if calibration:
        lines += ["", "## Calibration: the mean probability said of rows alike, and how many of them came true", *head]
    for number, point in enumerate(calibration):
        place, said = f"facts.diagnosis.calibration.{number}", ("said", "came true", "rows")
        named = [f"group {number + 1}, {word}" for word in said]
        lines += [
            _line(what, figure, f"{place}.{n}") for n, (what, figure) in enumerate(zip(named, point, strict=True))
        ]
    return lines


def _known(figure: float | None) -> bool:
    """Whether there is a figure; folders of earlier versions hold NaN where there was none."""
    return figure is not None and figure == figure


def blanks(text: str) -> list[str]:
    """The questions of a card that nobody has answered."""
    return papers.blanks(text, QUESTIONS)


def _line(what: str, figure: Any, where: str) -> str:
    return f"| {written(what)} | `{written(figure)}` | `{where}` |"
