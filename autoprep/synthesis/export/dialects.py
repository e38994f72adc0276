"""What each database can say of DuckDB's SQL: rewritten where there is an equal, left out by name where there is none.

sqlglot parses and prints; it prints what a database does not know too, and its own names for what it cannot print. So
every function in what it prints is looked up here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.synthesis.export.written import NotSaid


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMON = _words(
    "COUNT SUM AVG MIN MAX ABS COALESCE NULLIF CAST ROW_NUMBER LAG EXP LN SQRT FLOOR SIGN POWER SIN COS TAN ASIN LOWER "
    "TRIM LENGTH"
)
#: Words before a parenthesis that are no function.
SYNTAX = _words(
    "AND AS BETWEEN BY CASE DISTINCT ELSE FILTER FROM GROUP IN INTERVAL JOIN NOT ON OR OVER SELECT THEN USING VALUES "
    "WHEN WHERE WITHIN DATETIME VARCHAR CHAR DECIMAL BIGNUMERIC"
)


@dataclass(frozen=True)
class Dialect:
    """A database.

    Attributes:
        title: its name. functions: that it has beside ``COMMON``, as sqlglot prints them. lacks: of ``COMMON``.
        arrays: whether ``(array_agg(x ORDER BY t) FILTER (...))[1]`` is said as in DuckDB.
        moments: whether it has a type of moments that a feature can be.
        comparisons: whether a comparison is a value. name: longest name in bytes. plain: only letters, digits, _.
    """

    title: str
    functions: frozenset[str]
    lacks: frozenset[str] = frozenset()
    arrays: bool = False
    moments: bool = True
    comparisons: bool = True
    name: int = 250
    plain: bool = False

    def shown(self, name: str, place: int) -> str:
        """The name of a column, or another where the database cannot have it."""
        fits = len(name.encode()) <= self.name and (not self.plain or re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII))
        return name if self is DIALECTS["duckdb"] or fits else f"feature_{place}"


_PARTS = "YEAR QUARTER MONTH DAY HOUR MINUTE SECOND"
DIALECTS = {
    "duckdb": Dialect("DuckDB", frozenset(), arrays=True),
    "postgres": Dialect(
        "PostgreSQL",
        _words(
            "STDDEV_SAMP VAR_SAMP PERCENTILE_CONT REGR_SLOPE ARRAY_AGG DATE_PART EXTRACT DATE_TRUNC GREATEST LEAST "
            "RADIANS PI LEFT CONCAT"
        ),
        arrays=True,
        name=63,
    ),
    "sqlite": Dialect("SQLite", _words("STRFTIME DATE SUBSTR RADIANS PI"), lacks=_words("TRY_CAST"), moments=False),
    "mysql": Dialect(
        "MySQL",
        _words(
            f"STDDEV_SAMP VAR_SAMP TIMESTAMPDIFF GREATEST LEAST CONCAT CHAR_LENGTH RADIANS PI LEFT LAST_DAY "
            f"DAYOFYEAR WEEKOFYEAR WEEKDAY {_PARTS}"
        ),
    ),
    "bigquery": Dialect(
        "BigQuery",
        _words(
            "STDDEV_SAMP VAR_SAMP VARIANCE COUNTIF IF UNIX_MICROS TIMESTAMP EXTRACT GREATEST LEAST CONCAT LEFT MOD "
            "LAST_DAY SAFE_CAST"
        ),
        plain=True,
    ),
    "snowflake": Dialect(
        "Snowflake",
        _words(
            "STDDEV_SAMP VAR_SAMP VARIANCE MEDIAN PERCENTILE_CONT REGR_SLOPE IFF COUNT_IF DATE_PART DATE_TRUNC CONCAT "
            f"GREATEST_IGNORE_NULLS LEAST_IGNORE_NULLS RADIANS PI LEFT LAST_DAY DAYOFYEAR DAYOFWEEKISO WEEKISO "
            f"TRY_CAST {_PARTS}"
        ),
    ),
    "spark": Dialect(
        "Spark",
        _words(
            f"STDDEV_SAMP VAR_SAMP VARIANCE MEDIAN REGR_SLOPE IF GREATEST LEAST CONCAT DATE_TRUNC RADIANS PI LEFT "
            f"LAST_DAY DAYOFYEAR WEEKOFYEAR WEEKDAY {_PARTS}"
        ),
    ),
    "tsql": Dialect(
        "SQL Server",
        _words("STDEV VAR COUNT_BIG IIF DATEDIFF_BIG DATEADD LOG LEN LEFT PI EOMONTH TRY_CAST YEAR MONTH DAY"),
        lacks=_words("LENGTH LN"),
        comparisons=False,
        name=120,
    ),
}


def dialect_of(name: str) -> Dialect:
    """The database of a name.

    Raises:
        SettingError: features are not written for it.
    """
    if name not in DIALECTS:
        known = did_you_mean(name, DIALECTS)
        raise SettingError(f"features are not written in the dialect '{name}'",
                           hint=known or f"known: {', '.join(DIALECTS)}")  # fmt: skip
    return DIALECTS[name]


def transpiled(text: str, dialect: str) -> str:
    """DuckDB's SQL in another dialect.

    Raises:
        InputError: sqlglot is not installed. NotSaid: the database has no equal of a part of it.
    """
    to = dialect_of(dialect)
    try:
        import sqlglot
        from sqlglot.errors import UnsupportedError
    except ImportError:
        raise InputError("other dialects need sqlglot", hint="pip install 'autoprep[sql]'") from None
    tree = _rewritten(sqlglot.parse_one(text, read="duckdb"), _rewriting(dialect))
    if dialect in ("postgres", "sqlite", "mysql") and tree.find(sqlglot.exp.TryCast):
        raise NotSaid(f"{to.title} has no TRY_CAST")  # sqlglot prints a cast that fails
    if not to.comparisons:
        _no_bare_comparison(tree, to)
    try:
        made = str(tree.sql(dialect=dialect, pretty=True, unsupported_level=sqlglot.ErrorLevel.RAISE))
    except UnsupportedError as error:
        raise NotSaid(f"{to.title} cannot say it ({str(error).splitlines()[0].rstrip('.')})") from None
    known = (COMMON - to.lacks) | to.functions | SYNTAX
    tokens = sqlglot.tokenize(made, read=dialect)
    for one, following in pairwise(tokens):
        quoted = one.token_type.name in ("IDENTIFIER", "STRING") or not one.text.isidentifier()
        if following.token_type.name == "L_PAREN" and not quoted and one.text.upper() not in known:
            raise NotSaid(f"{to.title} has no {one.text.upper()}")
    return made + "\n"


@lru_cache(maxsize=4096)
def spoken(text: str, dialect: str) -> None:
    """Nothing, where a database can say an expression.

    Raises:
        NotSaid: it cannot.
    """
    if dialect != "duckdb":
        transpiled(f"SELECT {text}", dialect)


def _rewritten(tree: Any, change: Callable[[Any], Any]) -> Any:
    """The tree with every node changed, inner ones first."""
    for node in reversed(list(tree.bfs())):
        made = change(node)
        if made is not node:
            node.replace(made)
    return tree


def _rewriting(dialect: str) -> Callable[[Any], Any]:
    """What is said otherwise, node by node."""
    from sqlglot import exp

    def call(name: str, *given: Any) -> Any:
        return exp.Anonymous(this=name, expressions=list(given))

    def cast_int(what: Any) -> Any:
        return exp.Cast(this=what, to=exp.DataType.build("BIGINT"))

    def milliseconds(x: Any) -> Any:
        if isinstance(x, exp.Null) or _counted(x):
            return cast_int(x) if isinstance(x, exp.Null) else x
        whole = cast_int(call("STRFTIME", exp.Literal.string("%s"), x.copy()))
        part = call("SUBSTR", call("STRFTIME", exp.Literal.string("%f"), x.copy()), exp.Literal.number(4))
        made = exp.Paren(this=exp.Add(this=exp.Mul(this=whole, expression=exp.Literal.number(1000)),
                                      expression=cast_int(part)))  # fmt: skip
        made.meta["counted"] = True
        return made

    def seconds(x: Any) -> Any:
        unit, start = exp.Var(this="MICROSECOND"), exp.Literal.string("1970-01-01")
        if dialect == "sqlite":
            return _over(_counted_moments(x, milliseconds), "1000.0")
        made = {
            "mysql": lambda: call("TIMESTAMPDIFF", unit, start, x),
            "bigquery": lambda: call("UNIX_MICROS", call("TIMESTAMP", x)),
            "snowflake": lambda: call("DATE_PART", exp.Var(this="EPOCH_MICROSECOND"), x),
            "tsql": lambda: call("DATEDIFF_BIG", unit, start, x),
        }.get(dialect)
        return None if made is None else _over(made(), "1000000.0")

    def rewritten(node: Any) -> Any:
        part = _part(node, dialect)
        if part is not None:
            return part
        if isinstance(node, exp.TimeToUnix):
            made = seconds(node.this)
            return node if made is None else made
        if isinstance(node, exp.Cast):
            if node.to.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ):
                if dialect == "sqlite":
                    return milliseconds(node.this)
                if dialect == "mysql":
                    return exp.Cast(this=node.this, to=exp.DataType.build("DATETIME(6)", dialect="mysql"))
            inner = node.this.unnest()
            if isinstance(inner, exp.Predicate | exp.Connector | exp.Not) and not isinstance(inner, exp.Case):
                held = exp.Case().when(inner.copy(), "1").when(exp.not_(inner.copy()), "0")
                return exp.Cast(this=held, to=node.to)
        if isinstance(node, exp.Filter) and dialect != "duckdb" and not isinstance(node.this, exp.ArrayAgg):
            return _where_as_case(node)
        if isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Interval):
            return _shifted(node, dialect)
        if dialect == "tsql" and isinstance(node, exp.StddevSamp | exp.Variance):
            return call("STDEV" if isinstance(node, exp.StddevSamp) else "VAR", node.this)
        return node

    return rewritten


def _counted(x: Any) -> bool:
    """Whether it is a number of milliseconds already, in SQLite."""
    from sqlglot import exp

    inner = x.unnest()
    own = isinstance(inner, exp.Column) and inner.name.startswith("__")
    return own or bool(x.meta.get("counted") or inner.meta.get("counted"))


#: Parts of a moment: sqlglot's node, what EXTRACT calls it in PostgreSQL and BigQuery, what SQLite's STRFTIME does.
PARTS = {
    "Year": ("YEAR", "YEAR", "%Y"), "Quarter": ("QUARTER", "QUARTER", ""), "Month": ("MONTH", "MONTH", "%m"),
    "Day": ("DAY", "DAY", "%d"), "Hour": ("HOUR", "HOUR", "%H"), "Minute": ("MINUTE", "MINUTE", "%M"),
    "Second": ("SECOND", "SECOND", "%S"), "DayOfYear": ("DOY", "DAYOFYEAR", "%j"),
    "WeekOfYear": ("WEEK", "ISOWEEK", ""), "DayOfWeekIso": ("ISODOW", "DAYOFWEEK", "%w"),
}  # fmt: skip


def _part(node: Any, dialect: str) -> Any:
    """A part of a moment as PostgreSQL, BigQuery and SQLite say it; None where it stays as it is."""
    from sqlglot import exp

    kind = type(node).__name__
    if dialect == "sqlite":
        return _sqlite_part(node, kind)
    if dialect == "mysql" and kind == "DayOfWeekIso":  # its WEEKDAY counts from 0
        day = exp.Anonymous(this="WEEKDAY", expressions=[node.this])
        return exp.Paren(this=exp.Add(this=day, expression=exp.Literal.number(1)))
    if dialect not in ("postgres", "bigquery") or kind not in PARTS:
        return None
    x = node.this.unnest()
    made = exp.Extract(this=exp.Var(this=PARTS[kind][dialect == "bigquery"]), expression=x)
    if kind == "Second":
        return exp.Floor(this=made)
    if kind == "DayOfWeekIso" and dialect == "bigquery":  # counts from Sunday
        moved = exp.Paren(this=exp.Add(this=made, expression=exp.Literal.number(5)))
        turned = exp.Mod(this=moved, expression=exp.Literal.number(7))
        return exp.Paren(this=exp.Add(this=turned, expression=exp.Literal.number(1)))
    return made


def _sqlite_part(node: Any, kind: str) -> Any:
    from sqlglot import exp

    def text(name: str, x: Any, *words: str) -> Any:
        counted = [_over(x, "1000.0"), exp.Literal.string("unixepoch")] if _counted(x) else [x]
        before, after = (words[:1], words[1:]) if name == "STRFTIME" else ((), words)
        given = [*map(exp.Literal.string, before), *counted, *map(exp.Literal.string, after)]
        return exp.Anonymous(this=name, expressions=given)

    if isinstance(node, exp.Left):
        return exp.Anonymous(this="SUBSTR", expressions=[node.this, exp.Literal.number(1), node.expression])
    if isinstance(node, exp.LastDay):
        return text("DATE", node.this, "start of month", "+1 month", "-1 day")
    if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE:
        return text("DATE", node.this)
    if kind not in PARTS or not PARTS[kind][2]:
        return None
    made = exp.Cast(this=text("STRFTIME", node.this, PARTS[kind][2]), to=exp.DataType.build("INT"))
    if kind != "DayOfWeekIso":
        return made
    turned = exp.Mod(this=exp.Paren(this=exp.Add(this=made, expression=exp.Literal.number(6))),
                     expression=exp.Literal.number(7))  # fmt: skip
    return exp.Paren(this=exp.Add(this=turned, expression=exp.Literal.number(1)))


def _over(x: Any, number: str) -> Any:
    from sqlglot import exp

    return exp.Paren(this=exp.Div(this=x, expression=exp.Literal.number(number), typed=False, safe=False))


def _counted_moments(root: Any, milliseconds: Callable[[Any], Any]) -> Any:
    """Columns of the source as numbers of milliseconds; those that begin with __ are such numbers already."""
    from sqlglot import exp

    if isinstance(root, exp.Column):
        return root if root.name.startswith("__") else milliseconds(root)
    for column in list(root.find_all(exp.Column)):
        child, above = column, column.parent
        while above is not root.parent and not isinstance(above, exp.Anonymous | exp.Cast):
            if isinstance(above, exp.If) and child is above.this:
                break
            child, above = above, above.parent
        else:
            if above is root.parent and not column.name.startswith("__"):
                column.replace(milliseconds(column))
    return root


def _where_as_case(node: Any) -> Any:
    """``sum(x) FILTER (WHERE c)`` as ``sum(CASE WHEN c THEN x END)``."""
    from sqlglot import exp

    held, aggregate = node.expression.this, node.this.copy()
    value = exp.Literal.number(1) if isinstance(aggregate.this, exp.Star) else aggregate.this
    aggregate.set("this", exp.Case().when(held, value))
    return aggregate


def _shifted(node: Any, dialect: str) -> Any:
    """A moment and a span where there is no interval: milliseconds, or DATEADD."""
    from sqlglot import exp

    if dialect not in ("sqlite", "tsql"):
        return node
    span, unit = int(node.expression.this.name), node.expression.text("unit").upper()
    if dialect == "sqlite":
        size = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}.get(unit, 0)
        width = exp.Literal.number(span * size if size else round(span / 1000))
        return type(node)(this=node.this, expression=width)
    signed = str(-span if isinstance(node, exp.Sub) else span)
    return exp.Anonymous(this="DATEADD", expressions=[exp.Var(this=unit), exp.Literal.number(signed), node.this])


def _no_bare_comparison(tree: Any, to: Dialect) -> None:
    """Refuse a comparison where a value is wanted."""
    from sqlglot import exp

    for node in tree.find_all(exp.Predicate, exp.Connector, exp.Not):
        above = node.parent
        while isinstance(above, exp.Paren | exp.Connector | exp.Not):
            above = above.parent
        if not isinstance(above, exp.Where | exp.If | exp.Join | exp.Filter):
            raise NotSaid(f"{to.title} has no values that are true or false")
