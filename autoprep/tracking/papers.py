"""What all papers share: sheets whose every figure is looked up at a place in the artefact, and named by it.

A figure stands in a line ``| what | `figure` | `place` |``; an audit reads the place again and compares. Questions that
only a person can answer stay visibly blank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from autoprep.types import Leaderboard, Plan

BLANK = "**to be filled in by a person**"
NOWHERE = object()


@dataclass(frozen=True)
class Evidence:
    """What an artefact holds, as papers cite it.

    Attributes:
        manifest: facts, versions and the hash of every file.
        plan: the cleaning plan.
        leaderboard: the trials, or None.
        profile: ``profile.json`` as plain values, or {}.
        contract: ``contract.json`` as plain values, or {}.
        features: definitions of the generated features.
        fairness: ``fairness.json`` as plain values, or [].
    """

    manifest: Mapping[str, Any]
    plan: Plan
    leaderboard: Leaderboard | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    contract: Mapping[str, Any] = field(default_factory=dict)
    features: Sequence[str] = ()
    fairness: Sequence[Mapping[str, Any]] = ()

    @property
    def facts(self) -> Mapping[str, Any]:
        """Task, target, metric, scores and the rest of what the run said of itself."""
        found: Mapping[str, Any] = self.manifest["facts"]
        return found

    @cached_property
    def _steps(self) -> dict[str, Any]:
        """Steps by id, as plain values."""
        return {action.id: action.to_dict() for action in reversed(self.plan.actions)}

    @cached_property
    def _columns(self) -> dict[str, Any]:
        """Columns of the profile by name."""
        return {str(column.get("column")): column for column in reversed(self.profile.get("columns") or ())}

    def at(self, place: str) -> Any:
        """The figure at a place; ``NOWHERE`` when there is none.

        Places: ``facts.scores.holdout`` (the manifest), ``leaderboard.json: trials``, ``leaderboard.json: [1] score``,
        ``plan.yaml: apply`` (steps of a
        status), ``plan.yaml: [step] evidence.changed``, ``profile.json: tables.rows``, ``profile.json: [column]
        null_rate``, ``contract.json: expectations``, ``features.txt: lines``.

        Example:
            >>> Evidence({"facts": {"scores": {"a.b": 0.5}}}, Plan()).at("facts.scores.a.b")
            0.5
        """
        file, colon, rest = place.partition(": ")
        if not colon:
            return _walk(self.manifest, place)
        if file == "leaderboard.json":
            trials = self.leaderboard.trials if self.leaderboard else ()
            number, bracket, word = rest.removeprefix("[").partition("] ")
            if not bracket:
                return len(trials)
            known = number.isdigit() and 0 < int(number) <= len(trials) and word in TRIAL_FIGURES.values()
            return getattr(trials[int(number) - 1], word) if known else NOWHERE
        if file == "contract.json":
            return len(self.contract.get("expectations") or ())
        if file == "features.txt":
            return len(self.features)
        if file == "plan.yaml":
            if not rest.startswith("["):
                return sum(a.status == rest for a in self.plan.actions)
            return _within(self._steps, rest)
        if rest.startswith("["):
            return _within(self._columns, rest)
        head, _, path = rest.partition(".")
        found = self.profile.get(head)
        return _walk(found[0] if isinstance(found, list) and found else found or {}, path)


def _within(named: Mapping[str, Any], place: str) -> Any:
    """The figure at "[name] path"; a name may hold "] " itself."""
    end = place.find("] ")
    while end > 0:
        if place[1:end] in named:
            return _walk(named[place[1:end]], place[end + 2 :])
        end = place.find("] ", end + 1)
    return NOWHERE


def _walk(value: Any, path: str) -> Any:
    """A value below others, a place in a list by its number; keys may hold points, so the longest is taken."""
    while path:
        if isinstance(value, list | tuple):
            number, _, path = path.partition(".")
            if not number.isdigit() or int(number) >= len(value):
                return NOWHERE
            value = value[int(number)]
            continue
        if not isinstance(value, Mapping):
            return NOWHERE
        if path in value:
            return value[path]
        key = next((k for k in sorted(value, key=len, reverse=True) if path == k or path.startswith(f"{k}.")), None)
        if key is None:
            return NOWHERE
        value, path = value[key], path[len(key) + 1 :]
    return value


class Sheet:
    """A paper in the making: Markdown, line by line."""

    def __init__(self, title: str, evidence: Evidence, answers: Mapping[str, Any] | None = None) -> None:
        self.evidence, self.answers = evidence, answers or {}
        self.lines = [f"# {written(title)}", ""]

    def heading(self, text: str, level: int = 2) -> None:
        """A heading."""
        self.lines += ["", f"{'#' * level} {written(text)}", ""]

    def say(self, text: str) -> None:
        """A paragraph."""
        self.lines += [written(text), ""]

    def item(self, text: str) -> None:
        """A line of a list."""
        self.lines.append(f"- {written(text)}")

    def ask(self, questions: Mapping[str, str]) -> None:
        """Questions to a person, with the answers that were given."""
        self.lines += ["| | |", "|---|---|"]
        self.lines += [
            f"| {key}: {written(question)} | {written(self.answers.get(key) or BLANK)} |"
            for key, question in questions.items()
        ]
        self.lines.append("")

    def figures(self, wanted: Sequence[tuple[str, str]]) -> bool:
        """A table of (what, place), each figure looked up at its place; those that are nowhere are left out."""
        rows = [(what, self.evidence.at(place), place) for what, place in wanted]
        known = [(what, figure, place) for what, figure, place in rows if figure is not NOWHERE and figure is not None]
        if known:
            self.lines += ["| what | figure | where |", "|---|---|---|"]
            self.lines += [f"| {written(what)} | `{written(fig)}` | `{written(place)}` |" for what, fig, place in known]
            self.lines.append("")
        return bool(known)

    def text(self) -> str:
        """The whole paper."""
        return "\n".join(self.lines).rstrip("\n") + "\n"


def written(value: Any) -> str:
    """A figure or a sentence as a paper writes it: one line, nothing that Markdown or HTML would read as theirs.

    Example:
        >>> written(0.9732875631313131), written(161.0), written(48210.4951), written(-2.0394e-07), written("a | b")
        ('0.9733', '161', '48210', '-2.039e-07', 'a \\\\| b')
        >>> written(float("nan"))
        'not known'
    """
    return _whole(_short(value) if isinstance(value, float) else value)


def _short(figure: float) -> str:
    """Four significant digits, and never fewer than those before the point; the artefact holds the others."""
    if math.isnan(figure):
        return "not known"
    if figure == 0 or not 1e-4 <= abs(figure) < 1e15:
        return f"{figure:.4g}"
    places = max(0, 3 - math.floor(math.log10(abs(figure))))
    fixed = f"{figure:.{places}f}"
    return fixed.rstrip("0").rstrip(".") if "." in fixed else fixed


def _whole(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").replace("<", "&lt;").replace("`", "'").split())


def blanks(text: str, questions: Mapping[str, str]) -> list[str]:
    """The questions of a paper that nobody has answered."""
    lines = text.split("\n")
    return [key for key in questions if any(line.startswith(f"| {key}: ") and BLANK in line for line in lines)]


def cited(text: str) -> list[tuple[str, str]]:
    """(figure as written, place) of every line of a paper that names a place.

    Example:
        >>> cited("| rows | `120` | `facts.rows` |")
        [('120', 'facts.rows')]
    """
    rows = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in text.split("\n")]
    return [(r[1].strip("`"), r[2].strip("`")) for r in rows if len(r) == 3 and r[2].startswith("`")]


def wrong(text: str, evidence: Evidence) -> list[str]:
    """The places whose figure in the artefact is not the one that a paper writes."""
    places = {written(place): place for place in _places(evidence)}

    def known(figure: str, place: str) -> bool:
        value = evidence.at(places.get(place, place))
        # papers of earlier versions give every digit
        return figure in (written(value), _whole(value))

    return [place for figure, place in cited(text) if not known(figure, place)]


def _places(evidence: Evidence) -> list[str]:
    """Places whose names hold signs that a paper writes otherwise."""
    steps = [f"plan.yaml: [{a.id}] {path}" for a in evidence.plan.actions for path in STEP_FIGURES.values()]
    columns = [f"profile.json: [{c['column']}] {word}" for c in evidence.profile.get("columns") or () for word in c]
    target = [f"profile.json: target.{path}" for path in _leaves(evidence.profile.get("target") or {})]
    return [*steps, *columns, *target, *_leaves(evidence.manifest)]


def _leaves(value: Any, above: str = "") -> list[str]:
    """The paths of all figures below others."""
    found = []
    for key, below in value.items() if isinstance(value, Mapping) else enumerate(value):
        path = f"{above}{key}"
        found += [path, *_leaves(below, f"{path}.")] if isinstance(below, Mapping | list | tuple) else [path]
    return found


#: What a paper says of a trial -> the trial's own word.
TRIAL_FIGURES = {"model": "model", "score": "score", "standard error of its loss": "loss_se"}
#: What a paper says of a step -> where it stands in the step.
STEP_FIGURES = {
    "kind": "kind",
    "decided": "status",
    "gate": "gate",
    "confidence": "confidence",
    "cells changed": "evidence.changed",
    "share of cells changed": "evidence.share",
    "clean cells harmed in the test of the repair": "evidence.harm",
    "approved by": "evidence.approved.by",
    "approved on": "evidence.approved.on",
    "approved on evidence": "evidence.approved.evidence",
}
