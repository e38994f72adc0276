"""Plans as files that a person reads and edits, and how two plans differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from autoprep.checks import VERBS
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.lineage import hash_value, whole_file
from autoprep.plain import compose_yaml, parse_yaml
from autoprep.types import Action, ColumnSpec, Plan

_TOP = ("format", "source", "target", "task", "settings", "actions", "inputs", "outputs")
_WORDS: Mapping[str, tuple[str, ...]] = {
    "kind": ("lossless", "lossy", "note"),
    "gate": ("auto", "review", "note"),
    "status": ("apply", "skip", "ask"),
}


def save_plan(plan: Plan, path: str | Path) -> None:
    """Write a plan as YAML, whole or not at all; equal plans give equal bytes."""
    with whole_file(path) as beside:
        beside.write_text(plan.to_yaml(), encoding="utf-8")


def load_plan(path: str | Path) -> Plan:
    """Read a plan file.

    Raises:
        InputError: no such file, or it is not text.
        SettingError: it says something that cannot be carried out; names file, line and the nearest right word.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            "no such plan", where=str(file), hint="make one with 'autoprep plan data.csv -o plan.yaml'"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=str(file)) from error
    return parse_plan(text, str(file))


def parse_plan(text: str, where: str = "plan") -> Plan:
    """Make a plan of YAML text; see ``load_plan``.

    Example:
        >>> parse_plan("actions: [{id: a, rule: r, columns: [x], verb: trimm}]")
        Traceback (most recent call last):
        autoprep.errors.SettingError: plan, line 1: unknown verb 'trimm'; did you mean 'trim'?
    """
    try:
        node, said = compose_yaml(text), parse_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingError(f"not valid YAML ({getattr(error, 'problem', error)})", where=f"{where}{line}") from error
    if not isinstance(said, dict) or not isinstance(node, yaml.MappingNode):
        raise SettingError("a plan is a mapping of keys to values", where=where)
    _check_keys(node, _TOP, where)
    for key, value in node.value:
        if key.value in ("actions", "outputs") and not isinstance(value, yaml.SequenceNode) and value.value:
            raise SettingError(f"{key.value} is not a list", where=_at(where, key))
        if key.value == "actions" and isinstance(value, yaml.SequenceNode):
            for entry in value.value:
                _check_action(entry, where)
        if key.value == "outputs" and isinstance(value, yaml.SequenceNode):
            for entry in value.value:
                _check_keys(entry, [f.name for f in fields(ColumnSpec)], where)
    return Plan.from_dict(said, where)


def _at(where: str, node: yaml.Node) -> str:
    return f"{where}, line {node.start_mark.line + 1}"


def _check_keys(node: yaml.Node, known: Any, where: str) -> None:
    if not isinstance(node, yaml.MappingNode):
        raise SettingError("is not a mapping of keys to values", where=_at(where, node))
    for key, _ in node.value:
        if key.value not in known:
            raise SettingError(f"unknown key '{key.value}'", where=_at(where, key), hint=did_you_mean(key.value, known))


def _check_action(node: yaml.Node, where: str) -> None:
    _check_keys(node, [f.name for f in fields(Action)], where)
    said = {key.value: (key, value) for key, value in node.value}
    for word in ("id", "rule", "columns", "verb"):
        if word not in said:
            raise SettingError(f"the key '{word}' is missing", where=_at(where, node))
    for word, allowed in _WORDS.items():
        if word in said and said[word][1].value not in allowed:
            value = said[word][1]
            hint = did_you_mean(str(value.value), allowed)
            raise SettingError(f"{word} is '{value.value}'", where=_at(where, value), hint=hint)
    verb = said["verb"][1]
    if verb.value == "sql":
        return
    if verb.value not in VERBS:
        raise SettingError(
            f"unknown verb '{verb.value}'", where=_at(where, verb), hint=did_you_mean(verb.value, [*VERBS, "sql"])
        )
    if "parameters" in said and isinstance(said["parameters"][1], yaml.MappingNode):
        takes = VERBS[verb.value].parameters
        for key, _ in said["parameters"][1].value:
            if key.value not in takes:
                hint = did_you_mean(key.value, takes) if takes else "it takes none"
                raise SettingError(f"'{verb.value}' has no parameter '{key.value}'", where=_at(where, key), hint=hint)


def evidence_hash(action: Action) -> str:
    """What an approval is bound to: rule, columns, verb, learnt constants, and the share of cells to one in a hundred.

    Example:
        >>> len(evidence_hash(Action("a", "r", ("x",), "trim")))
        16
    """
    share = round(float(action.evidence.get("share", 0.0)), 2)
    said = [action.rule, list(action.columns), action.verb, dict(action.parameters), share]
    return hash_value(said)[:16]


def diff(plan_a: Plan, plan_b: Plan) -> list[str]:
    """How the second plan differs from the first, one line per difference; [] when they do the same.

    Example:
        >>> a = Plan((Action("t:x", "text.padded", ("x",), "trim"),))
        >>> diff(a, a.with_status("skip"))
        ['~ t:x status: apply -> skip']
    """
    lines = []
    for word in ("target", "task"):
        old, new = getattr(plan_a, word), getattr(plan_b, word)
        if old != new:
            lines.append(f"~ {word}: {old} -> {new}")
    for name in plan_a.inputs:
        if plan_b.inputs and name not in plan_b.inputs:
            lines.append(f"- column {name}")
    for name, dtype in plan_b.inputs.items():
        if plan_a.inputs and name not in plan_a.inputs:
            lines.append(f"+ column {name} ({dtype})")
        elif plan_a.inputs and plan_a.inputs[name] != dtype:
            lines.append(f"~ column {name}: {plan_a.inputs[name]} -> {dtype}")
    before, after = {a.id: a for a in plan_a.actions}, {a.id: a for a in plan_b.actions}
    for action_id, action in before.items():
        if action_id not in after:
            lines.append(f"- {action_id} {action.verb} ({action.status})")
            continue
        lines += _changes(action, after[action_id])
    lines += [f"+ {i} {a.verb} ({a.status}): {a.why}".rstrip(": ") for i, a in after.items() if i not in before]
    kept = [i for i in before if i in after]
    if kept != [i for i in after if i in before]:
        lines.append("~ order of actions")
    return lines


def _changes(old: Action, new: Action) -> list[str]:
    lines = []
    for word in ("verb", "kind", "gate", "status"):
        if getattr(old, word) != getattr(new, word):
            lines.append(f"~ {old.id} {word}: {getattr(old, word)} -> {getattr(new, word)}")
    for key in sorted({*old.parameters, *new.parameters}):
        a, b = old.parameters.get(key), new.parameters.get(key)
        if a != b:
            lines.append(f"~ {old.id} {key}: {_short(a)} -> {_short(b)}")
    a, b = old.evidence.get("changed"), new.evidence.get("changed")
    if a != b:
        lines.append(f"~ {old.id} cells changed: {a} -> {b}")
    return lines


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
