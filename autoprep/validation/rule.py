"""A rule: when it applies, what is expected of good data, what fixes bad data; and its strict loader."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.types import Gate, Kind, Severity
from autoprep.validation.expectation import EXPECTATIONS
from autoprep.validation.words import APPLIES_TO, SCOPES, Scope, verb_parameters, verbs, vocabulary

#: The order in which fixes are applied (a rule's phase is its verb's by default), then ``order``, then id.
PHASES = ("encoding", "space", "missing", "split", "value", "typing", "column", "row")

KEYS: Mapping[str, str] = {
    "title": "One line that says what the rule achieves.",
    "why": "Why bad data of this kind does harm.",
    "when": "SQL over the profile (of a column, a pair of columns, or the table): when the rule fires.",
    "expect": "Great Expectations' expectation names, each with its arguments; the column is filled in.",
    "where": "SQL over the row: only the rows for which it holds are judged.",
    "fix": "A verb with its parameters, several verbs in order, or {sql: expression over `value`}.",
    "kind": "lossless (the original can be read off the result), lossy, or note (nothing is changed).",
    "severity": "error, warning or info.",
    "applies_to": "The dtype it looks at: text, number, integer, float, boolean, date, time or any; or a list of them.",
    "scope": "What one firing is about: column, pair or table.",
    "gate": "auto (applied at once), review (asked first) or note (only said).",
    "parameters": "Defaults of the $names that when, expect and fix use; a user may set them.",
    "probe": "What a repair must show on hidden cells of the column before it may write: {precision, cells, max_harm}.",
    "phase": "When its fix runs (its verb's phase by default): " + ", ".join(PHASES) + ".",
    "order": "Place within the phase, smaller first (100 by default).",
    "share": "The word or SQL expression over the profile that gives the share of cells concerned.",
    "samples": "The word of the profile that lists offending values.",
    "message": "The sentence of a finding; {words} of the profile are filled in.",
    "cases": "Examples that run as tests: pass, fail, fix {before, after}, profile, pass_profile.",
    "enabled": "false switches the rule off.",
    "reason": "Why it is switched off.",
}
REQUIRED = ("title", "why", "when")
WORDS: Mapping[str, tuple[str, ...]] = {
    "kind": ("lossless", "lossy", "note"),
    "severity": ("error", "warning", "info"),
    "gate": ("auto", "review", "note"),
    "scope": SCOPES,
    "phase": PHASES,
}
PROBE_KEYS = ("precision", "cells", "max_harm")
CASE_KEYS = ("pass", "fail", "fix", "profile", "pass_profile")
FIX_CASE_KEYS = ("before", "after", "quarantined", "also", "profile")
_PLACEHOLDER = re.compile(r"\$([a-z_][a-z0-9_]*)")

#: libyaml's loader where it is there: the rulebook is read on every run.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Rule:
    """When it applies, what is expected, what fixes; `KEYS` says what each key of the file means.

    Attributes:
        id: "theme.problem", from the path of its file.
        expect: expectation name -> arguments, the column left out.
        fix: verb (or "sql") -> parameters, applied in this order.
        applies_to: words of ``APPLIES_TO``; () means any.
        overrides: parameters that a person set; they win over the profile's figures.
        path: the file it was read from, or "".
        layer: which layer of the rulebook said so last.
    """

    id: str
    title: str
    why: str
    when: str
    expect: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    where: str = ""
    fix: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "note"
    severity: Severity = "warning"
    applies_to: tuple[str, ...] = ()
    scope: Scope = "column"
    gate: Gate = "auto"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    probe: Mapping[str, float] = field(default_factory=dict)
    phase: str = "column"
    order: int = 100
    share: str = ""
    samples: str = ""
    message: str = ""
    cases: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True
    reason: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    layer: str = ""

    @property
    def theme(self) -> str:
        """The first part of the id."""
        return self.id.split(".", 1)[0]

    @property
    def place(self) -> tuple[int, int, str]:
        """Where its fix stands among others: phase, order, id."""
        return PHASES.index(self.phase), self.order, self.id

    def condition(self) -> pl.Expr:
        """``when`` as an expression over the profile's table; a word that is null makes it false.

        Example:
            >>> rule = Rule("a.b", "t", "w", "null_rate > $limit", parameters={"limit": 0.5})
            >>> pl.DataFrame({"null_rate": [0.2, 0.7, None]}).select(rule.condition()).to_series().to_list()
            [False, True, False]
        """
        values = {**self.parameters, **self.overrides}
        text = _PLACEHOLDER.sub(lambda found: sql_literal(values[found[1]]), self.when)
        return pl.sql_expr(text).cast(pl.Boolean, strict=False).fill_null(value=False)

    def resolve(self, said: Any, row: Mapping[str, Any]) -> Any:
        """Put values in the place of ``$names``: what a person set, else the profile's row, else the rule's default.

        Example:
            >>> rule = Rule("a.b", "t", "w", "TRUE", parameters={"limit": 3})
            >>> rule.resolve({"value_set": "$words", "max_value": "$limit"}, {"words": ["?"]})
            {'value_set': ['?'], 'max_value': 3}
        """
        if isinstance(said, Mapping):
            return {key: self.resolve(value, row) for key, value in said.items()}
        if isinstance(said, list | tuple):
            return [self.resolve(value, row) for value in said]
        if not isinstance(said, str) or "$" not in said:
            return said
        whole = _PLACEHOLDER.fullmatch(said)
        if whole:
            return self._value(whole[1], row)
        return _PLACEHOLDER.sub(lambda found: str(self._value(found[1], row, found[0])), said)

    def _value(self, name: str, row: Mapping[str, Any], default: Any = None) -> Any:
        for known in (self.overrides, row, self.parameters):
            value = known.get(name)
            if value is not None:
                return value.to_list() if isinstance(value, pl.Series) else value
        return default

    def expectations(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The expectation configurations for one firing: {type, kwargs, severity, meta}.

        Args:
            row: the profile's row of the column (has ``column``), pair (``left``, ``right``) or table.
        """
        configurations = []
        for name, arguments in self.expect.items():
            kwargs = self.resolve(arguments, row)
            subject = EXPECTATIONS[name].subject
            if subject == ("column",):
                kwargs = {"column": row.get("column"), **kwargs}
            elif subject == ("column_A", "column_B"):
                kwargs = {"column_A": row.get("left"), "column_B": row.get("right"), **kwargs}
            elif subject == ("column_list",) and "left" in row:
                kwargs = {"column_list": [row["left"], row["right"]], **kwargs}
            if self.where:
                kwargs["row_condition"], kwargs["condition_parser"] = self.where, "sql"
            meta = {"rule": self.id, "why": self.why}
            configurations.append({"type": name, "kwargs": kwargs, "severity": self.severity, "meta": meta})
        return configurations

    def fixes(self, row: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """The verbs and their parameters for one firing, in order."""
        return [
            (verb, {"expression": self.resolve(said, row)} if verb == "sql" else self.resolve(said, row))
            for verb, said in self.fix.items()
        ]

    def __repr__(self) -> str:
        return f"Rule({self.id!r}: {self.title})"

    def _repr_html_(self) -> str:
        said = ((self.title, "strong"), (self.why, "p"), (f"when {self.when}", "code"))
        return f"<p>{html.escape(self.id)}</p>" + "".join(f"<{t}>{html.escape(str(x))}</{t}>" for x, t in said)


def _phase(fix: Any) -> str:
    """The phase of a rule that does not say: that of its first verb."""
    known = verbs()
    first = next(iter(fix), "") if isinstance(fix, Mapping) else ""
    return str(known[first].phase) if first in known else ("value" if first == "sql" else "column")


def sql_literal(value: Any) -> str:
    """A value as SQL text: strings quoted, lists in parentheses.

    Example:
        >>> sql_literal(["a", "it's"]), sql_literal(0.5), sql_literal(True)
        ("('a', 'it''s')", '0.5', 'TRUE')
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if value is None:
        return "NULL"
    if isinstance(value, list | tuple):
        return f"({', '.join(sql_literal(v) for v in value)})"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


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
    at = _At(where, lines or {})
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
    _check_words(rule, at)
    _check_when(rule, at)
    _check_expect(rule, at)
    _check_fix(rule, at)
    _check_cases(rule, at)
    return rule


class _At:
    """Says where in the file a key stands."""

    def __init__(self, where: str, lines: Mapping[tuple[str, ...], str]) -> None:
        self._where, self._lines = where, lines

    def __call__(self, *path: str) -> str:
        for end in range(len(path), 0, -1):
            if path[:end] in self._lines:
                return self._lines[path[:end]]
        return self._where


def _lines(node: yaml.Node | None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            if len(here) < 3:
                yield from _lines(value, here)


def _check_words(rule: Rule, at: _At) -> None:
    for key, known in WORDS.items():
        value = getattr(rule, key)
        if value not in known:
            raise SettingError(f"{key} is '{value}'", where=at(key), hint=did_you_mean(str(value), known))
    for word in rule.applies_to:
        if word not in APPLIES_TO:
            raise SettingError(
                f"applies_to is '{word}'", where=at("applies_to"), hint=did_you_mean(str(word), APPLIES_TO)
            )
    for key in rule.probe:
        if key not in PROBE_KEYS:
            raise SettingError(f"unknown key '{key}'", where=at("probe", key), hint=did_you_mean(key, PROBE_KEYS))
    for key in rule.overrides:
        if key not in rule.parameters and key not in vocabulary(rule.scope):
            raise SettingError(
                f"{rule.id} has no parameter '{key}'",
                where=at("parameters", key),
                hint=did_you_mean(str(key), rule.parameters),
            )
    if not isinstance(rule.order, int) or not isinstance(rule.enabled, bool):
        raise SettingError("order is a whole number and enabled is true or false", where=at("order"))
    if rule.kind == "note" and rule.fix:
        raise SettingError("a note changes nothing, yet there is a fix", where=at("kind"), hint="lossless or lossy?")


def _check_when(rule: Rule, at: _At) -> None:
    known = vocabulary(rule.scope)
    checked = [("when", rule.when)] + [(k, getattr(rule, k)) for k in ("share",) if getattr(rule, k)]
    for key, text in checked:
        for name in _PLACEHOLDER.findall(text):
            if name not in rule.parameters:
                hint = did_you_mean(name, rule.parameters)
                raise SettingError(f"{key} uses ${name}, which is no parameter", where=at(key), hint=hint)
        filled = _PLACEHOLDER.sub(lambda found: sql_literal(rule.parameters[found[1]]), text)
        expression = _sql(filled, at(key), key)
        if not known:
            continue
        _known_words(expression, known, at(key), "the profile")
        try:
            made = pl.DataFrame(schema=known).lazy().select(expression.alias("made")).collect_schema()["made"]
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise SettingError(f"{key} cannot be evaluated: {_first(error)}", where=at(key)) from None
        if key == "when" and made != pl.Boolean:
            raise SettingError(f"when gives {made}, not true or false", where=at(key))
    if rule.samples and known and rule.samples not in known:
        raise SettingError(f"samples is '{rule.samples}'", where=at("samples"), hint=did_you_mean(rule.samples, known))


def _check_expect(rule: Rule, at: _At) -> None:
    for name, kwargs in rule.expect.items():
        if name not in EXPECTATIONS:
            raise SettingError(
                f"unknown expectation '{name}'", where=at("expect", name), hint=did_you_mean(name, EXPECTATIONS)
            )
        EXPECTATIONS[name].check(kwargs, at("expect", name))
        domain = EXPECTATIONS[name].domain
        if rule.scope == "column" and domain in ("pair", "columns"):
            EXPECTATIONS[name].check(kwargs, at("expect", name), subject_given=True)
        _known_placeholders(rule, kwargs, at("expect", name))
    if rule.where:
        _sql(rule.where, at("where"), "where")


def _check_fix(rule: Rule, at: _At) -> None:
    known = verbs()
    for name, parameters in rule.fix.items():
        if name == "sql":
            if not isinstance(parameters, str):
                raise SettingError("sql is not a text", where=at("fix", "sql"), hint="sql: TRIM(value)")
            expression = _sql(_PLACEHOLDER.sub("NULL", parameters), at("fix", "sql"), "fix")
            if rule.scope == "column":
                _known_words(expression, ("value",), at("fix", "sql"), "a fix")
            continue
        if known:
            if name not in known:
                raise SettingError(f"unknown verb '{name}'", where=at("fix", name), hint=did_you_mean(name, known))
            takes = verb_parameters(known[name])
            for key in parameters:
                if key not in takes:
                    raise SettingError(
                        f"the verb {name} takes no '{key}'", where=at("fix", name, key), hint=did_you_mean(key, takes)
                    )
        _known_placeholders(rule, parameters, at("fix", name))


def _check_cases(rule: Rule, at: _At) -> None:
    for key in rule.cases:
        if key not in CASE_KEYS:
            raise SettingError(f"unknown key '{key}'", where=at("cases", key), hint=did_you_mean(key, CASE_KEYS))
    fixes = rule.cases.get("fix") or []
    for case in [fixes] if isinstance(fixes, Mapping) else fixes:
        for key in case:
            if key not in FIX_CASE_KEYS:
                where = at("cases", "fix", str(key))
                raise SettingError(f"unknown key '{key}'", where=where, hint=did_you_mean(str(key), FIX_CASE_KEYS))


def _known_placeholders(rule: Rule, said: Any, where: str) -> None:
    words = vocabulary(rule.scope)
    if not words:
        return
    for name in _PLACEHOLDER.findall(yaml.safe_dump(said)):
        if name not in rule.parameters and name not in words:
            hint = did_you_mean(name, [*rule.parameters, *words])
            raise SettingError(f"${name} is neither a parameter nor a word of the profile", where=where, hint=hint)


def _known_words(expression: pl.Expr, known: Any, where: str, whose: str) -> None:
    for word in expression.meta.root_names():
        if word not in known:
            raise SettingError(f"'{word}' is no word of {whose}", where=where, hint=did_you_mean(word, known))


def _sql(text: str, where: str, key: str) -> pl.Expr:
    if re.search(r"\bselect\b", re.sub(r"'[^']*'|\"[^\"]*\"", "", text), re.IGNORECASE):
        raise SettingError(f"{key} holds a statement, not an expression", where=where)
    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        raise SettingError(f"{key} is not an SQL expression: {_first(error)}", where=where) from None


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
