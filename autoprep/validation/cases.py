"""A rule's own examples, run as tests: what passes, what fails, what the fix makes of it, once and twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from importlib import import_module
from typing import Any

import polars as pl

from autoprep.errors import AutoprepError
from autoprep.validation.evaluate import evaluate
from autoprep.validation.find import fires
from autoprep.validation.rule import Rule
from autoprep.validation.words import verbs, vocabulary

#: The column that a list of values becomes.
COLUMN = "value"


def run_cases(rule: Rule) -> list[str]:
    """Run a rule's examples; one sentence per example that does not hold, [] when all hold.

    Example:
        >>> from autoprep.validation.rule_file import parse_rule
        >>> text = '''
        ... title: No negative ages
        ... why: Nobody is younger than nothing.
        ... when: rows > 0
        ... applies_to: number
        ... expect: {expect_column_values_to_be_between: {min_value: 0}}
        ... cases: {pass: [3, 4], fail: [3, -4], profile: {rows: 2}}
        ... '''
        >>> run_cases(parse_rule(text, "number.negative_age"))
        []
    """
    said = rule.cases
    failures = []
    for kind in ("pass", "fail"):
        if kind not in said:
            failures.append(f"{rule.id}: has no '{kind}' case")
            continue
        given = said.get("profile") or {}
        if kind == "pass":
            given = {**({} if not rule.expect else given), **(said.get("pass_profile") or {})}
        try:
            frame, name = case_frame(said[kind]), given.get("column", COLUMN)
            failures += _judge(rule, kind, frame.rename({COLUMN: name}, strict=False), given)
        except AutoprepError as error:
            failures.append(f"{rule.id}, {kind}: {error}")
    fixes = said.get("fix") or []
    fixes = [fixes] if isinstance(fixes, Mapping) else fixes
    fixes = fixes if verbs() else []
    if rule.fix and verbs() and not fixes:
        failures.append(f"{rule.id}: has a fix but no 'fix' case")
    for case in fixes:
        try:
            failures += _fix(rule, case)
        except AutoprepError as error:
            failures.append(f"{rule.id}, fix: {error}")
    return failures


def case_frame(values: Any) -> pl.DataFrame:
    """A case's values as a table: a list is one column named "value", a mapping is columns by name.

    Example:
        >>> case_frame(["a", None, 3]).to_dict(as_series=False)
        {'value': ['a', None, '3']}
    """
    columns = values if isinstance(values, Mapping) else {COLUMN: values}
    return pl.DataFrame([_series(str(name), list(cells)) for name, cells in columns.items()])


def profile_row(rule: Rule, frame: pl.DataFrame, given: Mapping[str, Any]) -> dict[str, Any]:
    """The profile's row that a case is judged by: measured on its values, what the case says itself on top."""
    words = vocabulary(rule.scope)
    row: dict[str, Any] = dict.fromkeys(words)
    measured = _profiled(rule, frame)
    row.update(measured)
    row.setdefault("rows", frame.height)
    if rule.scope == "column":
        row["column"] = COLUMN if COLUMN in frame.columns else frame.columns[0]
    elif rule.scope == "pair" and row.get("left") is None:
        row["left"], row["right"] = frame.columns[0], frame.columns[-1]
    row.update(given)
    return row


def _profiled(rule: Rule, frame: pl.DataFrame) -> dict[str, Any]:
    try:
        profiler = import_module("autoprep.profiling").profile
    except AttributeError:
        return {}
    made = profiler(frame)
    table: pl.DataFrame = {"column": made.columns, "pair": made.pairs, "table": made.tables}[rule.scope]
    rows = table.to_dicts()
    if rule.scope == "column" and COLUMN in frame.columns:
        rows = [row for row in rows if row["column"] == COLUMN]
    return rows[0] if rows else {}


def _judge(rule: Rule, kind: str, frame: pl.DataFrame, given: Mapping[str, Any]) -> list[str]:
    row = profile_row(rule, frame, given)
    fired = fires(rule, row, _schema(rule, row))
    if kind == "pass" and fired and not rule.expect:
        return [f"{rule.id}: fires on its 'pass' case"]
    if kind == "fail" and not fired:
        return [f"{rule.id}: does not fire on its 'fail' case"]
    if not fired or not rule.expect:
        return []
    outcomes = evaluate(frame, rule.expectations(row))
    errors = [f"{rule.id}, {kind}: {made.sentence()}" for made in outcomes if made.error]
    held = all(made.success for made in outcomes)
    if errors:
        return errors
    if kind == "pass" and not held:
        return [f"{rule.id}: its 'pass' case fails: {made.sentence()}" for made in outcomes if not made.success]
    return [f"{rule.id}: its 'fail' case meets what is expected"] if kind == "fail" and held else []


def _schema(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    words = vocabulary(rule.scope)
    known = {name: words[name] for name in row if name in words}
    rest = {n: v for n, v in row.items() if n not in known}
    return {**known, **pl.DataFrame([rest], infer_schema_length=None, strict=False).schema}


def _fix(rule: Rule, case: Mapping[str, Any]) -> list[str]:
    before, after = case_frame(case["before"]), case["after"]
    row = profile_row(rule, before, {**(rule.cases.get("profile") or {}), **(case.get("profile") or {})})
    once, residue = apply_fix(rule, before, row)
    failures = []
    for name, cells in (after if isinstance(after, Mapping) else {COLUMN: after}).items():
        made = once[name].to_list() if name in once.columns else None
        if not same(made, cells):
            failures.append(f"{rule.id}: the fix makes {plain(made)} of {name}, not {cells}")
    for suffix, cells in (case.get("also") or {}).items():
        name = suffix if suffix in once.columns else f"{COLUMN}{suffix}"
        made = once[name].to_list() if name in once.columns else None
        if not same(made, cells):
            failures.append(f"{rule.id}: the fix makes {plain(made)} of {name}, not {cells}")
    if "quarantined" in case and sorted(residue) != sorted(map(str, case["quarantined"])):
        failures.append(f"{rule.id}: the fix quarantines {residue}, not {case['quarantined']}")
    if once.columns == before.columns and once.schema == before.schema:
        twice, _ = apply_fix(rule, once, row)
        if not twice.equals(once):
            failures.append(f"{rule.id}: fixing twice is not fixing once: {twice.to_dicts()} after {once.to_dicts()}")
    return failures


def apply_fix(rule: Rule, frame: pl.DataFrame, row: Mapping[str, Any]) -> tuple[pl.DataFrame, list[str]]:
    """Apply a rule's verbs to a small table.

    Args:
        frame: the table.
        row: the profile's row that placeholders are read from; names the column.

    Returns:
        The table, and the texts that the repair could not parse.
    """
    known = verbs()
    residue: list[str] = []
    column = row.get("column") or row.get("left") or frame.columns[0]
    for name, parameters in rule.fixes(row):
        cell = pl.col(column)
        if name == "sql":
            made = frame.select(pl.sql_expr(parameters["expression"]).alias("made")) if column == COLUMN else None
            made = (
                frame.rename({column: COLUMN}).select(pl.sql_expr(parameters["expression"])) if made is None else made
            )
            frame = frame.with_columns(made.to_series().alias(column))
            continue
        verb = known[name]
        arguments = {k: _columns(v) if k in (*verb.columns, *verb.cells) else v for k, v in parameters.items()}
        if verb.level == "cell":
            repair = verb.function(cell, **arguments)
            if repair.residue is not None:
                residue += frame.filter(repair.residue)[column].cast(pl.String).to_list()
            added = [made.alias(f"{column}{suffix}") for suffix, made in repair.extra.items()]
            frame = frame.with_columns(repair.value.alias(column), *added)
        elif verb.level == "column":
            frame = frame.drop(column) if name.startswith("drop") else frame
        else:
            frame = frame.filter(verb.function(frame.columns, **arguments))
    return frame, residue


def _columns(named: Any) -> Any:
    return [pl.col(name) for name in named] if isinstance(named, list) else pl.col(named)


def same(made: Sequence[Any] | None, wanted: Sequence[Any]) -> bool:
    """Whether cells equal a case's values; dates may be written as ISO text, numbers may differ in the ninth digit."""
    if made is None or len(made) != len(wanted):
        return False
    return all(_same(a, b) for a, b in zip(plain(made), wanted, strict=True))


def plain(cells: Sequence[Any] | None) -> list[Any]:
    """Cells as YAML would write them."""
    return [c.isoformat() if isinstance(c, date | datetime | time) else c for c in cells or []]


def _same(a: Any, b: Any) -> bool:
    if isinstance(b, date | datetime | time):
        b = b.isoformat()
    if isinstance(a, float) and isinstance(b, int | float) and not isinstance(b, bool):
        return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    if isinstance(a, str) and isinstance(b, str) and "T" in a:
        return a == b.replace(" ", "T")
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _series(name: str, cells: list[Any]) -> pl.Series:
    kinds = {type(c) for c in cells if c is not None}
    if kinds <= {int} or kinds <= {int, float} or kinds <= {bool} or kinds <= {date} or kinds <= {datetime}:
        dtype = pl.Float64 if kinds == {int, float} else (None if kinds else pl.String)
        return pl.Series(name, cells, dtype=dtype, strict=False)
    return pl.Series(name, [None if c is None else _text(c) for c in cells], dtype=pl.String)


def _text(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
