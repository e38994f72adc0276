"""What a rule must be to be carried out: each key checked, with the place to mend and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl
import yaml

from autoprep.errors import SettingError, did_you_mean
from autoprep.validation.expectation import EXPECTATIONS
from autoprep.validation.rule import CASE_KEYS, FIX_CASE_KEYS, PLACEHOLDER, PROBE_KEYS, WORDS, Rule, sql_literal
from autoprep.validation.words import APPLIES_TO, verb_parameters, verbs, vocabulary


class At:
    """Says where in the file a key stands."""

    def __init__(self, where: str, lines: Mapping[tuple[str, ...], str]) -> None:
        self._where, self._lines = where, lines

    def __call__(self, *path: str) -> str:
        """The file and line of a key, or of the nearest one above it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._lines:
                return self._lines[path[:end]]
        return self._where


def check_rule(rule: Rule, at: At) -> None:
    """Refuse a rule that cannot be carried out (raises SettingError)."""
    _check_words(rule, at)
    _check_when(rule, at)
    _check_expect(rule, at)
    _check_fix(rule, at)
    _check_cases(rule, at)


def _check_words(rule: Rule, at: At) -> None:
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


def _check_when(rule: Rule, at: At) -> None:
    known = vocabulary(rule.scope)
    checked = [("when", rule.when)] + [(k, getattr(rule, k)) for k in ("share",) if getattr(rule, k)]
    for key, text in checked:
        for name in PLACEHOLDER.findall(text):
            if name not in rule.parameters:
                hint = did_you_mean(name, rule.parameters)
                raise SettingError(f"{key} uses ${name}, which is no parameter", where=at(key), hint=hint)
        filled = PLACEHOLDER.sub(lambda found: sql_literal(rule.parameters[found[1]]), text)
        expression = _sql(filled, at(key), key)
        if not known:
            continue
        _known_words(expression, known, at(key), "the profile")
        try:
            words = {word: known[word] for word in expression.meta.root_names()}
            made = pl.LazyFrame(schema=words).select(expression.alias("made")).collect_schema()["made"]
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise SettingError(f"{key} cannot be evaluated: {_first(error)}", where=at(key)) from None
        if key == "when" and made != pl.Boolean:
            raise SettingError(f"when gives {made}, not true or false", where=at(key))
    if rule.samples and known and rule.samples not in known:
        raise SettingError(f"samples is '{rule.samples}'", where=at("samples"), hint=did_you_mean(rule.samples, known))


def _check_expect(rule: Rule, at: At) -> None:
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


def _check_fix(rule: Rule, at: At) -> None:
    known = verbs()
    for name, parameters in rule.fix.items():
        if name == "sql":
            if not isinstance(parameters, str):
                raise SettingError("sql is not a text", where=at("fix", "sql"), hint="sql: TRIM(value)")
            expression = _sql(PLACEHOLDER.sub("NULL", parameters), at("fix", "sql"), "fix")
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


def _check_cases(rule: Rule, at: At) -> None:
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
    for name in PLACEHOLDER.findall(yaml.safe_dump(said)):
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
