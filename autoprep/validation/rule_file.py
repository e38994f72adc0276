"""The strict loader of rules: YAML to a rule, or a refusal that names file, line and the nearest right word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.validation.rule import KEYS, REQUIRED, Rule
from autoprep.validation.rule_checks import At, check_rule
from autoprep.validation.words import verbs

#: libyaml's loader where it is there: the rulebook is read on every run.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_rule(path: str | Path, rule_id: str, layer: str = "", below: Rule | None = None) -> Rule:
    """Read one rule file.

    Args:
        path: a YAML file.
        rule_id: "theme.problem".
        layer: name of the rulebook's layer.
        below: the rule of the same id in a lower layer, which a file that says only a few keys amends.

    Raises:
        InputError: the file cannot be read.
        SettingError: a key is unknown or the rule cannot be carried out; names file and line.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such rule file", where=str(file)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=str(file)) from error
    return parse_rule(text, rule_id, where=str(file), layer=layer, below=below)


def parse_rule(text: str, rule_id: str, *, where: str = "rule", layer: str = "", below: Rule | None = None) -> Rule:
    """Make a rule of YAML text; see `read_rule`.

    Example:
        >>> rule = parse_rule("{title: No empty column, why: It says nothing., when: null_rate = 1}", "column.empty")
        >>> rule.phase, rule.kind
        ('column', 'note')
        >>> parse_rule("{title: a, why: b, when: null_rate = 1, sevrity: error}", "column.empty")
        Traceback (most recent call last):
        autoprep.errors.SettingError: rule, line 1: unknown key 'sevrity'; did you mean 'severity'?
    """
    try:
        node = yaml.compose(text, Loader=_LOADER)
        said = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingError(f"not valid YAML ({getattr(error, 'problem', error)})", where=f"{where}{line}") from error
    if not isinstance(said, dict):
        raise SettingError("a rule is a mapping of keys to values", where=where)
    lines = {path: f"{where}, line {line}" for path, line in _lines(node)}
    return build_rule(said, rule_id, where=where, lines=lines, layer=layer, below=below)


def build_rule(
    said: Mapping[str, Any],
    rule_id: str,
    *,
    where: str = "rule",
    lines: Mapping[tuple[str, ...], str] | None = None,
    layer: str = "",
    below: Rule | None = None,
) -> Rule:
    """Make a rule of plain values, refusing what cannot be carried out (raises SettingError)."""
    at = At(where, lines or {})
    for key in said:
        if key not in KEYS:
            raise SettingError(f"unknown key '{key}'", where=at(key), hint=did_you_mean(str(key), KEYS))
    values: dict[str, Any] = {} if below is None else {key: getattr(below, key) for key in KEYS}
    if below is None:
        for key in REQUIRED:
            if key not in said:
                raise SettingError(f"the key '{key}' is missing", where=where, hint=KEYS[key])
        values["kind"] = "lossless" if said.get("fix") else "note"
        values["gate"] = "auto" if said.get("fix") else "note"
        values["phase"] = _phase(said.get("fix"))
    overrides = dict(below.overrides) if below else {}
    for key, value in said.items():
        if key == "parameters" and below is not None:
            overrides.update(value)
        else:
            values[key] = value
    for key in ("title", "why", "when", "where", "share", "samples", "message", "reason"):
        values[key] = " ".join(str(values.get(key) or "").split()) if key != "where" else str(values.get(key) or "")
    for key in ("expect", "parameters", "probe", "cases", "fix"):
        values[key] = values.get(key) or {}
        if not isinstance(values[key], Mapping):
            raise SettingError(f"{key} is not a mapping", where=at(key), hint=KEYS[key])
    applies = values.get("applies_to") or ()
    values["applies_to"] = tuple(w for w in ([applies] if isinstance(applies, str) else applies) if w != "any")
    values["expect"] = {name: dict(kwargs or {}) for name, kwargs in values["expect"].items()}
    values["fix"] = {verb: (params if verb == "sql" else dict(params or {})) for verb, params in values["fix"].items()}
    rule = Rule(id=rule_id, path=where, layer=layer, overrides=overrides, **values)
    check_rule(rule, at)
    return rule


def _lines(node: yaml.Node | None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            if len(here) < 3:
                yield from _lines(value, here)


def _phase(fix: Any) -> str:
    """The phase of a rule that does not say: that of its first verb."""
    known = verbs()
    first = next(iter(fix), "") if isinstance(fix, Mapping) else ""
    return str(known[first].phase) if first in known else ("value" if first == "sql" else "column")
