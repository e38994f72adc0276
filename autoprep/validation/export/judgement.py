"""An expectation as expressions that both SQL and Polars can be written from: sqlglot's trees, in DuckDB's meaning.

A cell of ``data`` is null where the source holds NaN; what has no equal in a dialect is declined by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlglot import exp

from autoprep.errors import SettingError
from autoprep.validation.conditions import is_text, members
from autoprep.validation.export.cells import CELLS, shared
from autoprep.validation.export.words import (
    Schema,
    Tree,
    cell_of,
    dtype_of,
    is_null,
    literal,
    not_null,
    one_of,
    parse_sql,
    rows_chosen,
    share_wanted,
    within,
)
from autoprep.validation.queries import row_query


@dataclass(frozen=True)
class Judgement:
    """What one expectation asks of the rows, the whole, the columns, or a query; exactly one of these is said.

    Attributes:
        bad: true in a failing row (null counts as false).
        looked: true in a row that counts.
        mostly: the share of rows that must hold.
        holds: an aggregate that is true when the expectation holds (null counts as false).
        value: the aggregate that ``holds`` is about, for the answer.
        query: SQL whose rows should not be there; the table is ``{batch}``.
        columns: (question about the column names, its argument): "have", "are", "ordered", "count".
    """

    bad: Tree = None
    looked: Tree = None
    mostly: float = 1.0
    holds: Tree = None
    value: Tree = None
    query: str = ""
    columns: tuple[str, Any] | None = None


def judge(name: str, kwargs: Mapping[str, Any], schema: Schema | None) -> Judgement:
    """Translate an expectation.

    Args:
        name: Great Expectations' name. kwargs: its arguments.
        schema: the columns' dtypes; None when unknown: literals then decide.

    Raises:
        SettingError: it has no equal outside; says why.
    """
    chosen = rows_chosen(kwargs)
    if name in _COLUMNS:
        return Judgement(columns=_COLUMNS[name](kwargs))
    if name == "unexpected_rows_expectation":
        where = row_query(name, kwargs)
        if where is None:
            return Judgement(query=kwargs["unexpected_rows_query"])
        return Judgement(bad=parse_sql(where), looked=exp.true())
    if name in CELLS:
        column = kwargs["column"]
        cell, dtype = cell_of(column, chosen), dtype_of(column, schema)
        held = CELLS[name](cell, dtype, kwargs)
        known = not_null(cell)
        return Judgement(bad=exp.and_(known, exp.not_(exp.paren(held))), looked=known, mostly=share_wanted(kwargs))
    if name in ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null"):
        plain = exp.column(kwargs["column"], quoted=True)
        bad = is_null(plain) if name.endswith("not_be_null") else not_null(plain)
        bad = bad if chosen is None else exp.and_(exp.paren(chosen.copy()), bad)
        return Judgement(bad=bad, looked=chosen or exp.true(), mostly=share_wanted(kwargs))
    if name in _RELATIONS:
        return _relation(name, kwargs, chosen, schema)
    if name in _FIGURES:
        column = kwargs["column"]
        value = _FIGURES[name](cell_of(column, chosen), chosen)
        return Judgement(value=value, holds=within(value, kwargs, _figure_dtype(name, column, schema)))
    if name in _SETS:
        return Judgement(
            holds=_SETS[name](cell_of(kwargs["column"], chosen), dtype_of(kwargs["column"], schema), kwargs)
        )
    if name.startswith("expect_table_row_count") and "other" not in name:
        value = exp.Count(this=exp.Star()) if chosen is None else _count_true(chosen)
        if "value" in kwargs:
            return Judgement(value=value, holds=exp.EQ(this=value.copy(), expression=literal(kwargs["value"])))
        return Judgement(value=value, holds=within(value, kwargs, pl.Int64()))
    raise SettingError("has no equal outside of autoprep")


def _figure_dtype(name: str, column: str, schema: Schema | None) -> pl.DataType | None:
    kept = name in ("expect_column_max_to_be_between", "expect_column_min_to_be_between")
    dtype = dtype_of(column, schema)
    if not kept and dtype is not None and not dtype.is_numeric() and "unique" not in name and "non_null" not in name:
        raise SettingError(f"a column of {dtype} has no such figure")
    return dtype if kept else pl.Float64()


def _count_true(condition: Tree) -> Tree:
    return exp.Sum(this=exp.Case(ifs=[exp.If(this=condition.copy(), true=literal(1))], default=literal(0)))


def _share(part: Tree, whole: Tree) -> Tree:
    """A share; 0 of nothing."""
    safe = exp.Case(ifs=[exp.If(this=exp.EQ(this=whole.copy(), expression=literal(0)), true=literal(1))], default=whole)
    return exp.Div(this=exp.Mul(this=literal(1.0), expression=part), expression=safe)


def _distinct(cell: Tree) -> Tree:
    return exp.Count(this=exp.Distinct(expressions=[cell.copy()]))


_FIGURES: dict[str, Callable[[Tree, Tree], Tree]] = {
    "expect_column_max_to_be_between": lambda cell, rows: exp.Max(this=cell),
    "expect_column_min_to_be_between": lambda cell, rows: exp.Min(this=cell),
    "expect_column_mean_to_be_between": lambda cell, rows: exp.Avg(this=cell),
    "expect_column_median_to_be_between": lambda cell, rows: exp.Median(this=cell),
    "expect_column_stdev_to_be_between": lambda cell, rows: exp.StddevSamp(this=cell),
    "expect_column_sum_to_be_between": lambda cell, rows: exp.Coalesce(
        this=exp.Sum(this=cell), expressions=[literal(0)]
    ),
    "expect_column_unique_value_count_to_be_between": lambda cell, rows: _distinct(cell),
    "expect_column_proportion_of_unique_values_to_be_between": lambda cell, rows: _share(
        _distinct(cell), exp.Count(this=cell.copy())
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": lambda cell, rows: _share(
        exp.Count(this=cell.copy()), exp.Count(this=exp.Star()) if rows is None else _count_true(rows)
    ),
}


def _all_inside(cell: Tree, dtype: pl.DataType | None, said: Mapping[str, Any]) -> Tree:
    inside = one_of(cell, dtype, said.get("value_set") or [])
    outside = exp.and_(not_null(cell), exp.not_(exp.paren(inside)))
    return exp.EQ(this=exp.Coalesce(this=_count_true(outside), expressions=[literal(0)]), expression=literal(0))


def _all_there(cell: Tree, dtype: pl.DataType | None, said: Mapping[str, Any]) -> Tree:
    wanted = list(dict.fromkeys(v for v in said.get("value_set") or [] if v is not None))
    known = wanted if dtype is None else members(wanted, dtype).to_list()
    if len(known) < len(wanted):
        return exp.false()
    inside = exp.Case(ifs=[exp.If(this=one_of(cell, dtype, known), true=cell.copy())])
    return exp.EQ(this=_distinct(inside), expression=literal(len(known))) if known else exp.true()


_SETS: dict[str, Callable[[Tree, pl.DataType | None, Mapping[str, Any]], Tree]] = {
    "expect_column_distinct_values_to_be_in_set": _all_inside,
    "expect_column_distinct_values_to_contain_set": _all_there,
    "expect_column_distinct_values_to_equal_set": lambda cell, dtype, said: exp.and_(
        _all_inside(cell, dtype, said), _all_there(cell, dtype, said)
    ),
}
_COLUMNS: dict[str, Callable[[Mapping[str, Any]], tuple[str, Any]]] = {
    "expect_column_to_exist": lambda said: _exists(said),
    "expect_table_columns_to_match_set": lambda said: (
        "have" if said.get("exact_match") is False else "are",
        sorted(said.get("column_set") or ()),
    ),
    "expect_table_columns_to_match_ordered_list": lambda said: ("ordered", list(said["column_list"])),
    "expect_table_column_count_to_equal": lambda said: ("count", [said["value"], said["value"]]),
    "expect_table_column_count_to_be_between": lambda said: ("count", [said.get("min_value"), said.get("max_value")]),
}


def _exists(said: Mapping[str, Any]) -> tuple[str, Any]:
    if said.get("column_index"):
        raise SettingError("asks for the place of a column")
    return "have", [said["column"]]


# ------------------------------------------------------------------ several columns


def _relation(name: str, kwargs: Mapping[str, Any], chosen: Tree, schema: Schema | None) -> Judgement:
    pair = "column_A" in kwargs
    columns = [kwargs["column_A"], kwargs["column_B"]] if pair else list(kwargs["column_list"])
    dtypes = [dtype_of(column, schema) for column in columns]
    kinds = {is_text(d) for d in dtypes if d is not None}
    if len(kinds) > 1 and "compound" not in name and "in_set" not in name:
        raise SettingError("compares text with what is no text")
    cells = [exp.column(column, quoted=True) for column in columns]
    ignore = kwargs.get("ignore_row_if") or ("both_values_are_missing" if pair else "all_values_are_missing")
    known = [not_null(cell) for cell in cells]
    counted = {
        "both_values_are_missing": exp.or_(*known),
        "all_values_are_missing": exp.or_(*known),
        "either_value_is_missing": exp.and_(*known),
        "any_value_is_missing": exp.and_(*known),
    }.get(ignore, exp.true())
    rows = exp.paren(counted) if chosen is None else exp.and_(exp.paren(counted), exp.paren(chosen.copy()))
    held = exp.Coalesce(this=exp.paren(_RELATIONS[name](cells, dtypes, rows, kwargs)), expressions=[exp.false()])
    return Judgement(bad=exp.and_(rows, exp.not_(held)), looked=rows.copy(), mostly=share_wanted(kwargs))


def _greater(cells: Sequence[Tree], dtypes: Any, rows: Tree, said: Mapping[str, Any]) -> Tree:
    return (exp.GTE if said.get("or_equal") else exp.GT)(this=cells[0].copy(), expression=cells[1].copy())


def _pairs(cells: Sequence[Tree], dtypes: Sequence[Any], rows: Tree, said: Mapping[str, Any]) -> Tree:
    parts = []
    for pair in said["value_pairs_set"]:
        held = [
            is_null(c) if v is None else exp.Coalesce(this=exp.paren(one_of(c, d, [v])), expressions=[exp.false()])
            for c, d, v in zip(cells, dtypes, pair, strict=True)
        ]
        parts.append(exp.paren(exp.and_(*held)))
    return exp.or_(*parts) if parts else exp.false()


def _same(left: Tree, right: Tree) -> Tree:
    return exp.NullSafeEQ(this=left.copy(), expression=right.copy())


def _total(cells: Sequence[Tree], dtypes: Any, rows: Tree, said: Mapping[str, Any]) -> Tree:
    if any(dtype is not None and not dtype.is_numeric() for dtype in dtypes):
        raise SettingError("only numbers have a sum")
    made = cells[0].copy()
    for cell in cells[1:]:
        made = exp.Add(this=made, expression=cell.copy())
    return exp.EQ(this=made, expression=literal(said["sum_total"]))


_RELATIONS: dict[str, Callable[[Sequence[Tree], Sequence[Any], Tree, Mapping[str, Any]], Tree]] = {
    "expect_column_pair_values_to_be_equal": lambda cells, dtypes, rows, said: exp.EQ(
        this=cells[0].copy(), expression=cells[1].copy()
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_in_set": _pairs,
    "expect_compound_columns_to_be_unique": lambda cells, dtypes, rows, said: exp.EQ(
        this=shared([*cells, rows]), expression=literal(1)
    ),
    "expect_select_column_values_to_be_unique_within_record": lambda cells, dtypes, rows, said: exp.and_(
        *(exp.not_(exp.paren(_same(cells[i], cells[j]))) for i in range(len(cells)) for j in range(i))
    ),
    "expect_multicolumn_sum_to_equal": _total,
    "expect_multicolumn_values_to_be_equal": lambda cells, dtypes, rows, said: exp.and_(
        *(_same(cells[0], cell) for cell in cells[1:])
    ),
}
