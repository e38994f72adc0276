"""The words that expectations are translated with: sqlglot's trees of literals, cells and conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from autoprep.errors import SettingError
from autoprep.validation.conditions import bound, is_text, members
from autoprep.validation.freshness import before_now
from autoprep.validation.rows import as_sql

Schema = Mapping[str, pl.DataType]
Tree = Any  # an sqlglot expression; the package ships no types that are followed here


def literal(value: Any) -> Tree:
    """A value as a literal; dates are cast from text, ``now() - 2 days`` is the clock (UTC)."""
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "timestamp")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    if isinstance(value, int | float):
        return exp.Neg(this=exp.Literal.number(abs(value))) if value < 0 else exp.Literal.number(value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, Mapping) and set(value) == {"$PARAMETER"}:
        seconds = int(before_now(str(value["$PARAMETER"])).total_seconds())
        now = exp.AtTimeZone(this=exp.CurrentTimestamp(), zone=exp.Literal.string("UTC"))
        return exp.Sub(this=now, expression=exp.Interval(this=exp.Literal.string(seconds), unit=exp.var("SECOND")))
    raise SettingError(f"the value {value!r} has no literal")


def is_null(cell: Tree) -> Tree:
    """The cell is null."""
    return exp.Is(this=cell.copy(), expression=exp.null())


def not_null(cell: Tree) -> Tree:
    """The cell is not null."""
    return exp.not_(exp.paren(is_null(cell)))


def share_wanted(kwargs: Mapping[str, Any]) -> float:
    """The share of rows that must hold."""
    said = kwargs.get("mostly")
    return 1.0 if said is None else float(said)


def parse_sql(text: str) -> Tree:
    """SQL text as a tree (raises SettingError)."""
    try:
        return parse_one(text, read="duckdb")
    except SqlglotError as error:
        raise SettingError(f"'{text}' is not understood ({str(error).splitlines()[0]})") from None


def rows_chosen(kwargs: Mapping[str, Any]) -> Tree:
    """The row condition, or None."""
    said = kwargs.get("row_condition")
    if not said:
        return None
    if isinstance(said, str):
        return parse_sql(as_sql(said, kwargs.get("condition_parser")))
    if hasattr(said, "dict") and not isinstance(said, Mapping):
        said = said.dict()
    return _condition(said)


_SIGNS = {"==": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}


def _condition(said: Mapping[str, Any]) -> Tree:
    kind = said.get("type")
    if kind == "pass_through":
        return parse_sql(as_sql(said["pass_through_filter"]))
    if kind in ("and", "or"):
        parts = [exp.paren(_condition(part)) for part in said["conditions"]]
        return exp.and_(*parts) if kind == "and" else exp.or_(*parts)
    column = said["column"]
    cell = exp.column(column["name"] if isinstance(column, Mapping) else column, quoted=True)
    if kind == "nullity":
        return is_null(cell) if said["is_null"] else not_null(cell)
    word = getattr(said["operator"], "value", said["operator"])
    if word in ("IN", "NOT_IN"):
        found = exp.In(this=cell, expressions=[literal(v) for v in said["parameter"]])
        return found if word == "IN" else exp.not_(exp.paren(found))
    return _SIGNS[word](this=cell, expression=literal(said["parameter"]))


def cell_of(column: str, chosen: Tree) -> Tree:
    """A column; null in the rows that the condition leaves out."""
    cell = exp.column(column, quoted=True)
    if chosen is None:
        return cell
    return exp.Case(ifs=[exp.If(this=chosen.copy(), true=cell)])


def dtype_of(column: str, schema: Schema | None) -> pl.DataType | None:
    """A column's dtype; None when no schema is known (raises SettingError for a column that is not there)."""
    if schema is None:
        return None
    if column not in schema:
        raise SettingError(f"column '{column}' is not in the data given as an example")
    return schema[column]


def within(value: Tree, said: Mapping[str, Any], dtype: pl.DataType | None) -> Tree:
    """``min_value`` and ``max_value`` around a value, either of which may be strict or missing."""
    parts = []
    for key, strict, open_sign, sign in (
        ("min_value", "strict_min", exp.GT, exp.GTE),
        ("max_value", "strict_max", exp.LT, exp.LTE),
    ):
        limit = said.get(key)
        if limit is not None:
            limit = bound(limit, dtype) if dtype is not None and not isinstance(limit, Mapping) else limit
            parts.append((open_sign if said.get(strict) else sign)(this=value.copy(), expression=literal(limit)))
    if not parts:
        return not_null(value)
    return exp.and_(*parts)


def one_of(cell: Tree, dtype: pl.DataType | None, values: Sequence[Any] | None) -> Tree:
    """Whether the cell is one of these values, in the column's own kind."""
    if values is None:
        return exp.true()
    known = [v for v in values if v is not None] if dtype is None else members(values, dtype).to_list()
    return exp.In(this=cell.copy(), expressions=[literal(v) for v in known]) if known else exp.false()


def require_text(dtype: pl.DataType | None) -> None:
    """Refuse a column that is no text (raises SettingError)."""
    if dtype is not None and not is_text(dtype):
        raise SettingError(f"asks for the text of a column of {dtype}, which every system writes otherwise")
