"""A rule: when it applies, what is expected of good data, what fixes bad data."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from autoprep.types import Gate, Kind, Severity
from autoprep.validation.expectation import EXPECTATIONS
from autoprep.validation.words import SCOPES, Scope

#: The order in which fixes are applied (a rule's phase is its verb's by default), then ``order``, then id.
PHASES = ("encoding", "space", "missing", "split", "value", "typing", "scale", "fill", "column", "row")

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
PLACEHOLDER = re.compile(r"\$([a-z_][a-z0-9_]*)")


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
        text = PLACEHOLDER.sub(lambda found: sql_literal(values[found[1]]), self.when)
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
        whole = PLACEHOLDER.fullmatch(said)
        if whole:
            return self._value(whole[1], row)
        return PLACEHOLDER.sub(lambda found: str(self._value(found[1], row, found[0])), said)

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
        """The verbs and their parameters for one firing, in order; what nobody knows is left to the verb's default."""

        def known(said: Any) -> Any:
            made = self.resolve(said, row)
            return {k: v for k, v in made.items() if v is not None} if isinstance(made, dict) else made

        return [
            (verb, {"expression": self.resolve(said, row)} if verb == "sql" else known(said))
            for verb, said in self.fix.items()
        ]

    def __repr__(self) -> str:
        return f"Rule({self.id!r}: {self.title})"

    def _repr_html_(self) -> str:
        said = ((self.title, "strong"), (self.why, "p"), (f"when {self.when}", "code"))
        return f"<p>{html.escape(self.id)}</p>" + "".join(f"<{t}>{html.escape(str(x))}</{t}>" for x, t in said)


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
