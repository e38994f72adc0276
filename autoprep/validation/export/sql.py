"""A contract as one SQL statement: one row per check, with its counts and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from autoprep.errors import SettingError, did_you_mean
from autoprep.validation.contract import Contract, Exported
from autoprep.validation.export.judgement import Judgement, judge
from autoprep.validation.export.words import Tree, literal
from autoprep.validation.outcome import describe


def to_sql(
    contract: Contract, *, table: str = "data", schema: Mapping[str, pl.DataType] | None = None, dialect: str = "duckdb"
) -> Exported:
    """Write a contract as one SQL statement.

    Its answer has a row per check: number, check, severity, looked_at, failing, success.

    Args:
        contract: the expectations.
        table: the name of the table (or the file, as DuckDB reads one).
        schema: the columns' dtypes: NaN then counts as null, and dates written as text are compared as dates.
        dialect: a dialect of sqlglot; results are tested on DuckDB.

    Raises:
        SettingError: the dialect is unknown.

    Example:
        >>> from autoprep.validation import Contract
        >>> contract = Contract.from_dict({"expect": [{"column": "age", "between": [0, 120]}]})
        >>> "FROM people" in to_sql(contract, table="people").text
        True
    """
    _known(dialect)
    masks: list[Tree] = []
    answers: list[Tree] = []
    declined: list[tuple[str, str]] = []
    for number, config in enumerate(contract.expectations, 1):
        phrase = describe(config["type"], config["kwargs"])
        try:
            judged = judge(config["type"], config["kwargs"], schema)
            answers.append(_answer(number, phrase, config.get("severity") or "error", judged, masks))
        except SettingError as error:
            declined.append((phrase, error.what))
    remarks = [f"-- Contract '{_one_line(contract.name)}', written by autoprep for {dialect}."]
    remarks += [f"-- Not here: {_one_line(phrase)}: {_one_line(why)}" for phrase, why in declined]
    if not answers:
        return Exported("\n".join(remarks) + "\n", tuple(declined))
    body = answers[0]
    for other in answers[1:]:
        body = exp.union(body, other, distinct=False, copy=False)
    rows = exp.select(exp.Star(), *masks).from_("data")
    body = body.with_("data", as_=_source(table, schema)).with_("judged", as_=rows)
    try:
        text = body.sql(dialect=dialect, pretty=True)
    except SqlglotError as error:
        raise SettingError(f"cannot be written for {dialect} ({str(error).splitlines()[0]})") from None
    return Exported("\n".join([*remarks, text]) + "\n", tuple(declined))


def _known(dialect: str) -> None:
    from sqlglot.dialects.dialect import Dialect

    if Dialect.get(dialect) is None:
        raise SettingError(f"no SQL dialect '{dialect}'", hint=did_you_mean(dialect, sorted(Dialect.classes)))


def _source(table: str, schema: Mapping[str, pl.DataType] | None) -> Tree:
    floats = [name for name, dtype in (schema or {}).items() if dtype in (pl.Float32, pl.Float64)]
    named = exp.to_table(table, dialect="duckdb")
    if not floats or schema is None:
        return exp.select("*").from_(named)
    nan = exp.cast(exp.Literal.string("NaN"), "double")
    cells: list[Tree] = []
    for name in schema:
        cell = exp.column(name, quoted=True)
        known = exp.Nullif(this=cell, expression=nan.copy())
        cells.append(exp.alias_(known, name, quoted=True) if name in floats else cell)
    return exp.select(*cells).from_(named)


def _answer(number: int, phrase: str, severity: str, judged: Judgement, masks: list[Tree]) -> Tree:
    looked: Tree = exp.null()
    failing: Tree = exp.null()
    source = "judged"
    if judged.columns is not None:
        raise SettingError("a statement cannot ask for the columns of its own table")
    if judged.query:
        text = judged.query.replace("{batch}", "data").rstrip("; \n\t")
        try:
            asked = parse_one(text, read="duckdb")
        except SqlglotError as error:
            raise SettingError(f"the query is not understood ({str(error).splitlines()[0]})") from None
        failing = exp.Count(this=exp.Star())
        holds: Tree = exp.EQ(this=failing.copy(), expression=literal(0))
        return _row(number, phrase, severity, looked, failing, holds).from_(asked.subquery("found"))
    if judged.holds is not None:
        holds = exp.Coalesce(this=exp.paren(judged.holds), expressions=[exp.false()])
    else:
        bad, row = f"bad_{number}", f"looked_{number}"
        masks.append(exp.alias_(exp.Coalesce(this=exp.paren(judged.bad), expressions=[exp.false()]), bad))
        failing, looked = _count(bad), exp.Count(this=exp.Star())
        if judged.looked != exp.true():
            masks.append(exp.alias_(judged.looked, row))
            looked = _count(row)
        holds = exp.EQ(this=failing.copy(), expression=literal(0))
        if judged.mostly < 1:
            held = exp.cast(exp.Sub(this=looked.copy(), expression=failing.copy()), "double")
            none = exp.EQ(this=looked.copy(), expression=literal(0))
            share = exp.Div(this=held, expression=exp.Nullif(this=looked.copy(), expression=literal(0)))
            enough = exp.cast(exp.Literal.number(judged.mostly), "double")
            holds = exp.or_(none, exp.GTE(this=share, expression=enough))
    return _row(number, phrase, severity, looked, failing, holds).from_(source)


def _row(number: int, phrase: str, severity: str, looked: Tree, failing: Tree, holds: Tree) -> Any:
    return exp.select(
        exp.alias_(literal(number), "number"),
        exp.alias_(literal(phrase), "check", quoted=True),
        exp.alias_(literal(severity), "severity"),
        exp.alias_(looked, "looked_at"),
        exp.alias_(failing, "failing"),
        exp.alias_(holds, "success"),
    )


def _count(mask: str) -> Tree:
    return exp.Count(this=exp.Case(ifs=[exp.If(this=exp.column(mask), true=literal(1))]))


def _one_line(text: str) -> str:
    return " ".join(text.split())
