"""Lossy steps of uncertain worth are genes of the search: the winner's choice becomes the plan's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from autoprep.pipeline.earn import lossy_steps
from autoprep.types import Plan

#: Standard errors from which the comparison before the search has settled the matter.
CLEAR = 2.0


def genes(before: Plan, gains: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the lossy steps that no comparison has settled, the least certain first; untested ones last.

    A step without which no loss of any fold was another is settled: turned over, it would cost fits and change nothing.

    Args:
        before: the plan whose lossy steps were to be judged.
        gains: what the comparison found, by action id.

    Example:
        >>> from autoprep.types import Action
        >>> steps = [Action(name, "rule", (name,), "clip", kind="lossy") for name in ("a", "b", "c")]
        >>> gains = {"a": {"gain": 0.3, "standard_error": 0.1}, "b": {"gain": 0.01, "standard_error": 0.02}}
        >>> genes(Plan(tuple(steps)), gains)
        ('b', 'c')
        >>> genes(Plan(tuple(steps)), {**gains, "c": {"gain": 0.0, "standard_error": 0.0}})
        ('b',)
    """

    def certainty(step_id: str) -> float:
        found = gains.get(step_id)
        if found is None:
            return CLEAR
        gain, error = abs(float(found["gain"])), float(found.get("standard_error", 0.0))
        return gain / error if error > 0 else float("inf")

    sure = {step.id: certainty(step.id) for step in lossy_steps(before)}
    return tuple(sorted((name for name, much in sure.items() if much <= CLEAR), key=lambda name: (sure[name], name)))


def flipped(plan: Plan, flips: Sequence[str], evidence: Mapping[str, Any] | None = None) -> Plan:
    """The plan with these steps turned over: applied where they were skipped, skipped where they were applied.

    Args:
        plan: its other steps stay as they are.
        flips: ids of actions.
        evidence: kept with the flipped steps under "searched".
    """
    turned = []
    for action in plan.actions:
        if action.id in flips:
            said = action.evidence if evidence is None else {**action.evidence, "searched": dict(evidence)}
            turned.append(replace(action, status="skip" if action.status == "apply" else "apply", evidence=said))
        else:
            turned.append(action)
    return replace(plan, actions=tuple(turned))
