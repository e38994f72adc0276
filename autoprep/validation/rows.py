"""Row conditions, as Great Expectations writes them and as SQL, compiled to Polars expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl

from autoprep.errors import SettingError

_OPERATORS = {
    "==": pl.Expr.eq,
    "!=": pl.Expr.ne,
    "<": pl.Expr.lt,
    "<=": pl.Expr.le,
    ">": pl.Expr.gt,
    ">=": pl.Expr.ge,
}
_WORDS = (
    (re.compile(r"\bcol\(\s*['\"]([^'\"]+)['\"]\s*\)"), r'"\1"'),
    (re.compile(r"`([^`]+)`"), r'"\1"'),
    (re.compile(r"~\s*(\w+|\"[^\"]+\")\.(?:isnull|isna)\(\)"), r"\1 IS NOT NULL"),
    (re.compile(r"~\s*(\w+|\"[^\"]+\")\.(?:notnull|notna)\(\)"), r"\1 IS NULL"),
    (re.compile(r"(\w+|\"[^\"]+\")\.(?:isnull|isna)\(\)"), r"\1 IS NULL"),
    (re.compile(r"(\w+|\"[^\"]+\")\.(?:notnull|notna|notNull)\(\)"), r"\1 IS NOT NULL"),
    (re.compile(r"=="), "="),
    (re.compile(r"&&?"), " AND "),
    (re.compile(r"\|\|?"), " OR "),
    (re.compile(r"\b(not\s+in|in)\s*\[([^\]]*)\]", re.IGNORECASE), r"\1 (\2)"),
)


def row_condition(said: Any, parser: str | None = None, schema: Mapping[str, pl.DataType] | None = None) -> pl.Expr:
    """Compile a row condition; a row for which it is null does not count.

    Args:
        said: SQL, pandas query text, a condition of Great Expectations (object or its dict).
        parser: "sql", "pandas", "spark" or "great_expectations"; all are read as SQL after their spelling is mended.
        schema: column -> dtype, so that dates may be written as text.

    Raises:
        SettingError: it is none of these.

    Example:
        >>> frame = pl.DataFrame({"a": [1, 2, None], "g": ["x", "y", "x"]})
        >>> frame.filter(row_condition("a > 1 OR g = 'x'")).height
        3
        >>> frame.filter(row_condition('g == "x" & a.notnull()', "pandas")).height
        1
    """
    if hasattr(said, "dict") and not isinstance(said, Mapping | str):
        said = said.dict()
    if isinstance(said, str):
        return _text(said, parser).fill_null(value=False)
    if isinstance(said, Mapping):
        return _object(said, schema or {}).fill_null(value=False)
    raise SettingError(f"row condition {said!r} is neither text nor a condition")


def as_sql(text: str, parser: str | None = None) -> str:
    """Pandas query text as SQL; what is SQL already stays as it is."""
    if parser == "sql":
        return text
    pieces = re.split(r"(\"[^\"]*\"|'[^']*')", text)
    quoted = parser in ("pandas", "great_expectations", "spark", None)
    mended = []
    for i, piece in enumerate(pieces):
        is_value = quoted and i % 2 and piece[:1] == '"' and not pieces[i - 1].rstrip().endswith("col(")
        mended.append("'" + piece[1:-1].replace("'", "''") + "'" if is_value else piece)
    made = "".join(mended)
    for pattern, replacement in _WORDS:
        made = pattern.sub(replacement, made)
    return made


def _text(said: str, parser: str | None) -> pl.Expr:
    tries = [said, as_sql(said, parser)] if parser == "sql" or '"' not in said else [as_sql(said, parser), said]
    problem = ""
    for text in dict.fromkeys(tries):
        try:
            return pl.sql_expr(text)
        except pl.exceptions.PolarsError as error:
            problem = str(error).splitlines()[0]
    raise SettingError(f"the row condition '{said}' is not understood ({problem})", hint="write it as SQL")


def _object(said: Mapping[str, Any], schema: Mapping[str, pl.DataType]) -> pl.Expr:
    kind = said.get("type")
    if kind == "pass_through":
        return _text(said["pass_through_filter"], None)
    if kind in ("and", "or"):
        parts = [row_condition(part, schema=schema) for part in said["conditions"]]
        return pl.all_horizontal(parts) if kind == "and" else pl.any_horizontal(parts)
    if kind in ("nullity", "comparison"):
        column = said["column"]
        name = column["name"] if isinstance(column, Mapping) else getattr(column, "name", column)
        cell = pl.col(name)
        if schema.get(name) in (pl.Float32, pl.Float64):
            cell = cell.fill_nan(None)
        if kind == "nullity":
            return cell.is_null() if said["is_null"] else cell.is_not_null()
        return _compare(cell, said["operator"], said["parameter"], schema.get(name))
    raise SettingError(f"unknown kind of row condition '{kind}'")


def _compare(cell: pl.Expr, operator: Any, value: Any, dtype: pl.DataType | None) -> pl.Expr:
    word = getattr(operator, "value", operator)
    if word in ("IN", "NOT_IN"):
        found = cell.is_in(list(value))
        return found if word == "IN" else ~found
    if isinstance(value, str) and dtype == pl.Date:
        value = date.fromisoformat(value[:10])
    elif isinstance(value, str) and isinstance(dtype, pl.Datetime):
        value = datetime.fromisoformat(value)
    if word not in _OPERATORS:
        raise SettingError(f"unknown operator '{word}' in a row condition")
    return _OPERATORS[word](cell, pl.lit(value))


_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<sign><=|>=|<>|!=|=|<|>|\(|\)|,)"
    r"|(?P<name>\"[^\"]+\"|[A-Za-z_]\w*))"
)


def as_condition(sql: str) -> Any:
    """SQL over the row as Great Expectations' own condition; as pass-through text where GX has no words for it.

    Example:
        >>> as_condition("age >= 18 AND country IN ('FR', 'DE')")["type"]
        'and'
        >>> as_condition("a + b > 3")
        {'type': 'pass_through', 'pass_through_filter': 'a + b > 3'}
    """
    try:
        tokens = _Tokens(sql)
        made = _any_of(tokens)
        tokens.end()
    except (ValueError, IndexError):
        return {"type": "pass_through", "pass_through_filter": sql}
    return made


class _Tokens:
    """The words of an SQL condition, read one by one."""

    def __init__(self, sql: str) -> None:
        self.words: list[tuple[str, str]] = []
        at = 0
        while sql[at:].strip():
            found = _TOKEN.match(sql, at)
            if not found:
                raise ValueError(sql[at:])
            self.words.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()
        self.at = 0

    def is_next(self, *words: str) -> bool:
        """Whether the next words are these; they are then passed."""
        upcoming = [text.upper() for _, text in self.words[self.at : self.at + len(words)]]
        if upcoming != list(words):
            return False
        self.at += len(words)
        return True

    def take(self, *kinds: str) -> str:
        """The next word, of one of these kinds."""
        kind, text = self.words[self.at]
        if kind not in kinds:
            raise ValueError(text)
        self.at += 1
        return text

    def end(self) -> None:
        """Nothing may follow."""
        if self.at < len(self.words):
            raise ValueError(self.words[self.at][1])


def _any_of(tokens: _Tokens) -> dict[str, Any]:
    parts = [_all_of(tokens)]
    while tokens.is_next("OR"):
        parts.append(_all_of(tokens))
    return parts[0] if len(parts) == 1 else {"type": "or", "conditions": parts}


def _all_of(tokens: _Tokens) -> dict[str, Any]:
    parts = [_one_of(tokens)]
    while tokens.is_next("AND"):
        parts.append(_one_of(tokens))
    return parts[0] if len(parts) == 1 else {"type": "and", "conditions": parts}


def _one_of(tokens: _Tokens) -> dict[str, Any]:
    if tokens.is_next("("):
        made = _any_of(tokens)
        if not tokens.is_next(")"):
            raise ValueError("unclosed parenthesis")
        return made
    column = {"name": tokens.take("name").strip('"')}
    for words, is_null in (("IS NOT NULL", False), ("IS NULL", True)):
        if tokens.is_next(*words.split()):
            return {"type": "nullity", "column": column, "is_null": is_null}
    for words, operator in (("NOT IN", "NOT_IN"), ("IN", "IN")):
        if tokens.is_next(*words.split()):
            tokens.is_next("(")
            values = [_literal(tokens)]
            while tokens.is_next(","):
                values.append(_literal(tokens))
            if not tokens.is_next(")"):
                raise ValueError("unclosed list")
            return {"type": "comparison", "column": column, "operator": operator, "parameter": values}
    sign = tokens.take("sign")
    operator = {"=": "==", "<>": "!="}.get(sign, sign)
    if operator not in _OPERATORS:
        raise ValueError(sign)
    return {"type": "comparison", "column": column, "operator": operator, "parameter": _literal(tokens)}


def _literal(tokens: _Tokens) -> str | int | float:
    text = tokens.take("text", "number")
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    return float(text) if set(text) & set(".eE") else int(text)
