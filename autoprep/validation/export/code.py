"""A contract as a module of plain Polars: it imports nothing else, and gives one row per check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from sqlglot import exp

from autoprep.errors import SettingError
from autoprep.validation.contract import Contract, Exported
from autoprep.validation.export.judgement import Judgement, judge
from autoprep.validation.export.words import Tree
from autoprep.validation.outcome import describe

_HEAD = '''"""{title}

    report = validate(pl.scan_parquet("data.parquet"))
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import polars.selectors as cs


def validate(frame: pl.DataFrame | pl.LazyFrame, tables: dict[str, pl.LazyFrame] | None = None) -> pl.DataFrame:
    """One row per check: number, check, severity, looked_at, failing, success. ``tables``: others that queries name."""
    text = (cs.categorical() | cs.enum()).cast(pl.String)
    data = frame.lazy().with_columns(cs.float().fill_nan(None), text)
    columns = data.collect_schema().names()
    found: list[dict[str, object]] = []
'''
_TAIL = """
    order = {"number": pl.Int64, "check": pl.String, "severity": pl.String, "looked_at": pl.Int64}
    order |= {"failing": pl.Int64, "success": pl.Boolean}
    return pl.DataFrame(found, schema=order).sort("number")
"""
_ASKED = """    asked = data.select(
{expressions}
    ).collect().row(0, named=True)
    for number, check, severity, mostly in (
{rows}
    ):
        looked, failing = asked.get(f"looked {{number}}"), asked.get(f"failing {{number}}")
        success = asked.get(f"holds {{number}}")
        if failing is not None:
            success = looked == 0 or (looked - failing) / looked >= mostly if looked is not None else failing == 0
        found.append(
            {{"number": number, "check": check, "severity": severity, "looked_at": looked, "failing": failing,
             "success": bool(success)}}
        )
"""


def to_polars(contract: Contract, *, schema: Mapping[str, pl.DataType] | None = None) -> Exported:
    """Write a contract as a Python module that needs Polars only; its ``validate(frame)`` gives one row per check.

    Args:
        contract: the expectations.
        schema: the columns' dtypes: literals are then written in the column's own kind, dates as dates.

    Example:
        >>> from autoprep.validation import Contract
        >>> contract = Contract.from_dict({"expect": [{"column": "age", "between": [0, 120]}]})
        >>> '((pl.col("age") >= 0) & (pl.col("age") <= 120))' in to_polars(contract).text
        True
    """
    expressions: list[str] = []
    rows: list[str] = []
    others: list[str] = []
    declined: list[tuple[str, str]] = []
    for number, config in enumerate(contract.expectations, 1):
        phrase, severity = describe(config["type"], config["kwargs"]), config.get("severity") or "error"
        try:
            judged = judge(config["type"], config["kwargs"], schema)
            if judged.columns is not None or judged.query:
                others += _whole(number, phrase, severity, judged)
                continue
            lines = _asked(number, judged)
        except SettingError as error:
            declined.append((phrase, error.what))
            continue
        expressions += [f"        # {_one_line(phrase)}", *(f"        {line}," for line in lines)]
        rows.append(f"        ({number}, {phrase!r}, {severity!r}, {judged.mostly!r}),")
    title = f"Checks of the contract {contract.name!r}, written by autoprep.".replace('"', "'").replace("\\", "/")
    text = _HEAD.format(title=_one_line(title))
    text += "".join(f"    # not here: {_one_line(phrase)}: {_one_line(why)}\n" for phrase, why in declined)
    if expressions:
        text += _ASKED.format(expressions="\n".join(expressions), rows="\n".join(rows))
    return Exported(text + "".join(others) + _TAIL.lstrip("\n"), tuple(declined))


def _asked(number: int, judged: Judgement) -> list[str]:
    if judged.holds is not None:
        return [f'{_sure(judged.holds)}.alias("holds {number}")']
    looked = "pl.len()" if judged.looked == exp.true() else f"{_sure(judged.looked)}.sum()"
    return [f'{looked}.alias("looked {number}")', f'{_sure(judged.bad)}.sum().alias("failing {number}")']


def _sure(tree: Tree) -> str:
    """A condition as an expression; null counts as false."""
    return f"({write(tree)}).fill_null(value=False)"


def _whole(number: int, phrase: str, severity: str, judged: Judgement) -> list[str]:
    entry = f'"number": {number}, "check": {phrase!r}, "severity": {severity!r}, "looked_at": None'
    if judged.query:
        query = judged.query.replace("{batch}", "batch").rstrip("; \n\t")
        return [
            f"    rows = pl.SQLContext(frames={{**(tables or {{}}), 'batch': data}}).execute({query!r}, eager=True)\n",
            f'    found.append({{{entry}, "failing": rows.height, "success": rows.height == 0}})\n',
        ]
    question, said = judged.columns or ("", [])
    if question == "count":
        low, high = said
        held = " and ".join(
            [
                *([f"len(columns) >= {low!r}"] if low is not None else []),
                *([f"len(columns) <= {high!r}"] if high is not None else []),
            ]
        )
    elif question == "have":
        held = f"set({said!r}) <= set(columns)"
    else:
        held = f"set(columns) == set({said!r})" if question == "are" else f"columns == {said!r}"
    return [f'    found.append({{{entry}, "failing": None, "success": {held or True}}})\n']


# ------------------------------------------------------------------ sqlglot's trees as Polars


def write(tree: Tree) -> str:
    """An sqlglot expression as Polars code.

    Raises:
        SettingError: a part of it has no words here.

    Example:
        >>> from sqlglot import parse_one
        >>> write(parse_one("a > 1 AND b IN ('x', 'y')"))
        '((pl.col("a") > 1) & pl.col("b").is_in([\\'x\\', \\'y\\']))'
    """
    made = _WRITERS.get(type(tree))
    if made is None:
        raise SettingError(f"'{tree.sql()}' has no words in Polars here")
    return made(tree)


def _binary(sign: str) -> Callable[[Tree], str]:
    return lambda tree: f"({_operand(tree.this)} {sign} {_bare(tree.expression)})"


def _bare(tree: Tree) -> str:
    """The right side of an operator: a literal needs no wrapping there."""
    return repr(_value(tree)) if _is_literal(tree) else write(tree)


def _operand(tree: Tree) -> str:
    """The left side of an operator, always an expression."""
    return f"pl.lit({_value(tree)!r})" if _is_literal(tree) else write(tree)


def _is_literal(tree: Tree) -> bool:
    inner = tree.this if isinstance(tree, exp.Neg | exp.Paren) else tree
    return isinstance(inner, exp.Literal | exp.Boolean | exp.Null) or _is_moment(tree)


def _is_moment(tree: Tree) -> bool:
    return isinstance(tree, exp.Cast) and isinstance(tree.this, exp.Literal) and tree.this.is_string


class _Code(str):
    """Text that stands for itself among values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _value(tree: Tree) -> Any:
    if isinstance(tree, exp.Paren):
        return _value(tree.this)
    if isinstance(tree, exp.Neg):
        return -_value(tree.this)
    if _is_moment(tree):
        kind = "date" if tree.to.this == exp.DataType.Type.DATE else "datetime"
        if kind == "datetime" and tree.to.this not in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.DATETIME):
            raise SettingError(f"'{tree.sql()}' has no words in Polars here")
        return _Code(f"{kind}.fromisoformat({tree.this.this!r})")
    if isinstance(tree, exp.Null):
        return None
    if isinstance(tree, exp.Boolean):
        return bool(tree.this)
    if tree.is_string:
        return str(tree.this)
    text = str(tree.this)
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _literal(tree: Tree) -> str:
    return f"pl.lit({_value(tree)!r})"


def _is(tree: Tree) -> str:
    if isinstance(tree.expression, exp.Null):
        return f"{_operand(tree.this)}.is_null()"
    raise SettingError(f"'{tree.sql()}' has no words in Polars here")


def _in(tree: Tree) -> str:
    if tree.args.get("query") or not all(_is_literal(e) for e in tree.expressions):
        raise SettingError(f"'{tree.sql()}' has no words in Polars here")
    return f"{_operand(tree.this)}.is_in([{', '.join(repr(_value(e)) for e in tree.expressions)}])"


def _case(tree: Tree) -> str:
    if tree.this is not None:
        raise SettingError(f"'{tree.sql()}' has no words in Polars here")
    text = "pl"
    for one in tree.args["ifs"]:
        text += f".when({write(one.this)}).then({_operand(one.args['true'])})"
    default = tree.args.get("default")
    return f"{text}.otherwise({_operand(default)})" if default is not None else text


def _window(tree: Tree) -> str:
    by = [write(part) for part in tree.args.get("partition_by") or ()]
    if tree.args.get("order"):
        raise SettingError(f"'{tree.sql()}' has no words in Polars here")
    return f"{write(tree.this)}.over({', '.join(by)})" if by else write(tree.this)


def _count(tree: Tree) -> str:
    if isinstance(tree.this, exp.Star):
        return "pl.len()"
    if isinstance(tree.this, exp.Distinct):
        return f"{_operand(tree.this.expressions[0])}.drop_nulls().n_unique()"
    return f"{_operand(tree.this)}.count()"


def _clock(tree: Tree) -> str:
    """A moment before now, in UTC."""
    interval = tree.expression
    if not isinstance(tree.this, exp.AtTimeZone) or str(interval.unit) != "SECOND":
        raise SettingError(f"'{tree.sql()}' has no words in Polars here")
    return f"pl.lit(datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds={int(interval.this.this)}))"


def _method(name: str) -> Callable[[Tree], str]:
    return lambda tree: f"{_chained(tree.this)}.{name}()"


def _chained(tree: Tree) -> str:
    text = _operand(tree)
    return f"({text})" if text.startswith("~") else text


def _coalesce(tree: Tree) -> str:
    return f"pl.coalesce({', '.join(map(_operand, [tree.this, *tree.expressions]))})"


_WRITERS: dict[type[Any], Callable[[Tree], str]] = {
    exp.Column: lambda tree: f'pl.col("{tree.name}")' if '"' not in tree.name else f"pl.col({tree.name!r})",
    exp.Literal: _literal,
    exp.Boolean: _literal,
    exp.Null: _literal,
    exp.Paren: lambda tree: write(tree.this),
    exp.And: _binary("&"),
    exp.Or: _binary("|"),
    exp.Not: lambda tree: f"~({write(tree.this)})",
    exp.EQ: _binary("=="),
    exp.NEQ: _binary("!="),
    exp.GT: _binary(">"),
    exp.GTE: _binary(">="),
    exp.LT: _binary("<"),
    exp.LTE: _binary("<="),
    exp.Add: _binary("+"),
    exp.Sub: lambda tree: _clock(tree) if isinstance(tree.expression, exp.Interval) else _binary("-")(tree),
    exp.Mul: _binary("*"),
    exp.Div: _binary("/"),
    exp.Mod: _binary("%"),
    exp.Neg: lambda tree: _literal(tree) if _is_literal(tree) else f"(-{write(tree.this)})",
    exp.Cast: lambda tree: _literal(tree) if _is_literal(tree) else _unknown(tree),
    exp.NullSafeEQ: lambda tree: f"{_operand(tree.this)}.eq_missing({_bare(tree.expression)})",
    exp.Is: _is,
    exp.In: _in,
    exp.Between: lambda tree: (
        f"{_operand(tree.this)}.is_between({_bare(tree.args['low'])}, {_bare(tree.args['high'])})"
    ),
    exp.Case: _case,
    exp.Window: _window,
    exp.Count: _count,
    exp.Coalesce: _coalesce,
    exp.RegexpLike: lambda tree: f"{_operand(tree.this)}.str.contains({_value(tree.expression)!r})",
    exp.Length: lambda tree: f"{_chained(tree.this)}.str.len_chars()",
    exp.Lower: _method("str.to_lowercase"),
    exp.Upper: _method("str.to_uppercase"),
    exp.Trim: _method("str.strip_chars"),
    exp.Abs: _method("abs"),
    exp.Max: _method("max"),
    exp.Min: _method("min"),
    exp.Avg: _method("mean"),
    exp.Median: _method("median"),
    exp.Sum: _method("sum"),
    exp.StddevSamp: _method("std"),
    exp.Stddev: _method("std"),
}


def _unknown(tree: Tree) -> str:
    raise SettingError(f"'{tree.sql()}' has no words in Polars here")


def _one_line(text: str) -> str:
    return " ".join(text.split())
