"""The compiler: all expectations of a suite become one Polars query, with shared, full masks of failing rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from autoprep.errors import AutoprepError, SettingError, did_you_mean
from autoprep.validation.conditions import CONDITIONS, ByValue, UnfitError, is_text
from autoprep.validation.divergence import divergence  # noqa: F401 (takes its place among the figures)
from autoprep.validation.expectation import EXPECTATIONS
from autoprep.validation.figures import FIGURES, Figure, Verdict, of_type
from autoprep.validation.judging import first_line, outcome_of
from autoprep.validation.kinds import TEXT_NAMES, is_kind
from autoprep.validation.outcome import Outcome
from autoprep.validation.patterns import match_regex  # noqa: F401 (its module takes its place among the conditions)
from autoprep.validation.queries import QUERIES, answer_query, row_query
from autoprep.validation.query import Check, Query, fresh
from autoprep.validation.relations import RELATIONS, considered
from autoprep.validation.tables import ROW_QUESTIONS, SCHEMA_QUESTIONS

Frame = pl.DataFrame | pl.LazyFrame
#: More expressions than this go into several queries: plans of many thousands are slow to optimise.
MAX_EXPRESSIONS = 2000
TYPES = ("expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list")
#: Conditions that may have to be put to the distinct values, one by one.
TEXT_CONDITIONS = frozenset(
    name for name in CONDITIONS if any(word in name for word in ("match", "length", "parseable"))
)
NULLS = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")


def native() -> frozenset[str]:
    """The expectations that are answered here, without Great Expectations."""
    known = {*CONDITIONS, *FIGURES, *RELATIONS, *SCHEMA_QUESTIONS, *ROW_QUESTIONS, *QUERIES, *TYPES, *NULLS}
    return frozenset(known)


def evaluate(
    frame: Frame, configurations: Sequence[Mapping[str, Any]], *, tables: Mapping[str, Frame] | None = None
) -> list[Outcome]:
    """Evaluate expectations on a table, all in one query.

    Args:
        frame: the table; a LazyFrame is collected once, with the columns that are asked about.
        configurations: Great Expectations' configurations {type, kwargs, severity, meta}.
        tables: other tables that queries may name.

    Returns:
        One outcome per configuration, in the same order; one that cannot be evaluated has ``error`` and fails.

    Example:
        >>> frame = pl.DataFrame({"age": [3, -1, None], "name": ["a", "b", "b"]})
        >>> asked = [
        ...     {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "min_value": 0}},
        ...     {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "name"}},
        ... ]
        >>> [(made.success, made.rows()) for made in evaluate(frame, asked)]
        [(False, [1]), (False, [1, 2])]
    """
    lazy = frame.lazy()
    schema = dict(frame.schema if isinstance(frame, pl.DataFrame) else lazy.collect_schema())
    outcomes: list[Outcome] = []
    for start in range(0, len(configurations), MAX_EXPRESSIONS):
        part = configurations[start : start + MAX_EXPRESSIONS]
        outcomes += _Suite(frame, schema, tables or {}).run([_check(c) for c in part])
    return outcomes


def _check(config: Mapping[str, Any]) -> Check:
    name = config.get("type") or config.get("expectation_type") or ""
    kwargs = dict(config.get("kwargs") or {})
    if name not in EXPECTATIONS:
        return Check(config, name, kwargs, error=f"unknown expectation '{name}'; {did_you_mean(name, EXPECTATIONS)}")
    return Check(config, name, kwargs)


class _Suite:
    """One query's worth of expectations on one table."""

    def __init__(self, frame: Frame, schema: Mapping[str, pl.DataType], tables: Mapping[str, Frame]) -> None:
        self.frame, self.schema, self.tables = frame, schema, tables

    def run(self, checks: list[Check]) -> list[Outcome]:
        """Compile, ask, judge."""
        ready = [c for c in checks if not c.error]
        self._ask_values(ready)
        return self._run(checks)

    def _run(self, checks: list[Check]) -> list[Outcome]:
        query = Query(self.schema)
        second: dict[str, pl.Expr] = {}
        for check in checks:
            if not check.error:
                self._compile(check, query, second)
        try:
            answers, values = self._collect(query, second, checks)
        except (pl.exceptions.PolarsError, TypeError) as error:
            if len(checks) == 1:
                checks[0].error = first_line(error)
                return [outcome_of(checks[0], pl.DataFrame(), pl.DataFrame())]
            half = len(checks) // 2
            return [*self._run([fresh(c) for c in checks[:half]]), *self._run([fresh(c) for c in checks[half:]])]
        return [outcome_of(check, answers, values) for check in checks]

    def _collect(
        self, query: Query, second: Mapping[str, pl.Expr], checks: Sequence[Check]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        needed = list(dict.fromkeys(c for check in checks if not check.error for c in check.columns))
        asked = {**query.asked, "__rows": pl.len()}
        lazy = self.frame.lazy()
        for stage in (query.prepared, second):
            lazy = lazy.with_columns(make.alias(name) for name, make in stage.items()) if stage else lazy
        keep = [] if isinstance(self.frame, pl.DataFrame) else [pl.col(c) for c in needed]
        made = lazy.select(*keep, *(make.alias(name) for name, make in asked.items())).collect()
        if made.height == 0:
            scalars = {n: m for n, m in asked.items() if n not in {c.mask for c in checks}}
            made_scalars = lazy.select(m.alias(n) for n, m in scalars.items()).collect()
            answers = made_scalars.with_columns(
                pl.lit(None, dtype=pl.Boolean).alias(c.mask) for c in checks if c.mask and c.mask not in scalars
            )
            empty = pl.DataFrame(schema={c: self.schema[c] for c in needed})
            return answers, empty
        values = self.frame if isinstance(self.frame, pl.DataFrame) else made.select(needed)
        return made, values

    def _ask_values(self, checks: Sequence[Check]) -> None:
        """Put the questions that only Python can answer to the distinct values of their columns, all in one query."""
        asking: dict[str, pl.Expr] = {}
        for check in checks:
            column = str(check.kwargs.get("column"))
            if check.name not in TEXT_CONDITIONS or column not in self.schema:
                continue
            dtype = self.schema[column]
            try:
                made = CONDITIONS[check.name](pl.col(column), dtype, check.kwargs)
            except UnfitError:
                continue
            except (AutoprepError, TypeError, KeyError) as error:
                check.error = first_line(error)
                continue
            if isinstance(made, ByValue):
                cell = pl.col(column).cast(pl.String) if is_text(dtype) else pl.col(column)
                asking.setdefault(column, cell.unique().drop_nulls().implode().alias(column))
                check.by_value = (made, column, None)
        if not asking:
            return
        distinct = self.frame.lazy().select(asking.values()).collect()
        for check in checks:
            if check.by_value is None:
                continue
            question, column, _ = check.by_value
            values = distinct[column].item() if distinct.height else pl.Series([])
            try:
                bad = [v for v in values if v == v and not question.meets(str(v) if question.as_text else v)]
            except (AutoprepError, TypeError) as error:
                check.error = first_line(error)
                continue
            check.by_value = (question, column, pl.Series(bad, dtype=values.dtype))

    def _compile(self, check: Check, query: Query, second: dict[str, pl.Expr]) -> None:
        try:
            EXPECTATIONS[check.name].check(check.kwargs, check.name, subject_given=True)
            self._dispatch(check, query, second)
        except (AutoprepError, TypeError, KeyError, ValueError, OverflowError) as error:
            check.error = first_line(error)

    def _dispatch(self, check: Check, query: Query, second: dict[str, pl.Expr]) -> None:
        name, kwargs = check.name, check.kwargs
        key, chosen = query.chosen(kwargs)
        if name in SCHEMA_QUESTIONS:
            check.verdict = SCHEMA_QUESTIONS[name](self.schema, kwargs)
            return
        if name in QUERIES:
            condition = row_query(name, kwargs)
            if condition is None:
                check.verdict = answer_query(name, kwargs, self.frame, self.tables)
            else:
                check.columns = tuple(self.schema)
                check.mask = query.ask(f"where {condition}", pl.sql_expr(condition).fill_null(value=False))
            return
        check.rows = "__rows" if chosen is None else query.ask(f"rows {key}", chosen.sum())
        if name in ROW_QUESTIONS:
            check.row_question = True
        elif name in TYPES and not self._per_cell(kwargs):
            check.verdict = of_type(self._dtype(kwargs["column"]), kwargs)
        elif name in RELATIONS:
            self._relation(check, query, key, chosen)
        elif name in FIGURES:
            cell = query.plain_cell(kwargs["column"])
            cell = cell if chosen is None else cell.filter(chosen)
            check.figure = self._figure(name, cell, kwargs)
            about = json.dumps([name, {k: v for k, v in kwargs.items() if k != "meta"}], sort_keys=True, default=repr)
            for part, made in check.figure.expressions.items():
                check.figures[part] = query.ask(f"{about} {part}", made)
        else:
            self._cell(check, query, second, key, chosen)

    def _figure(self, name: str, cell: pl.Expr, kwargs: Mapping[str, Any]) -> Figure:
        try:
            return FIGURES[name](cell, self.schema[kwargs["column"]], kwargs)
        except UnfitError as error:
            said = error.what

        def judge(got: Mapping[str, Any]) -> Verdict:
            if got["known"]:
                raise SettingError(said)
            return Verdict(False, {"observed_value": None})

        return Figure({"known": cell.count()}, judge)

    def _dtype(self, column: str) -> pl.DataType:
        if column not in self.schema:
            raise SettingError(f"column '{column}' is not there", hint=did_you_mean(column, self.schema))
        return self.schema[column]

    def _per_cell(self, kwargs: Mapping[str, Any]) -> bool:
        """Whether a type is asked of each cell: a column of objects, in pandas' eyes, may hold anything."""
        dtype = self._dtype(kwargs["column"])
        names = [kwargs["type_"]] if "type_" in kwargs else kwargs.get("type_list")
        if names is None or set(names) & {"object", "object_", "O"}:
            return False
        return isinstance(dtype, pl.String | pl.Null)

    def _cell(self, check: Check, query: Query, second: dict[str, pl.Expr], key: str, chosen: pl.Expr | None) -> None:
        name, kwargs, column = check.name, check.kwargs, check.kwargs["column"]
        dtype = self._dtype(column)
        cell = query.cell(column, key, chosen, second)
        check.columns = (column,)
        if name in NULLS:
            null = cell.is_null() if chosen is None else query.plain_cell(column).is_null() & chosen
            made = null if name == NULLS[0] else cell.is_not_null()
            check.mask = query.ask(f"{name} {column} {key}", made)
            return
        check.known = query.ask(f"known {column} {key}", cell.count())
        about = {k: v for k, v in kwargs.items() if k not in ("mostly", "row_condition", "condition_parser")}
        mask_key = json.dumps([name, about, key], sort_keys=True, default=repr)
        if name in TYPES:
            held: pl.Expr = pl.lit(value=self._text_is(kwargs))
        elif check.by_value is not None and check.by_value[2] is not None:
            bad = check.by_value[2]
            seen = cell.cast(pl.String) if is_text(dtype) else cell
            held = pl.lit(value=True) if bad.is_empty() else ~seen.is_in(bad.implode())
        else:
            try:
                made_condition = CONDITIONS[name](cell, dtype, kwargs)
            except UnfitError as error:
                check.unfit, made_condition = error.what, pl.lit(value=False)
            if isinstance(made_condition, ByValue):
                raise SettingError(f"{name} was not put to the distinct values of '{column}'")
            held = made_condition
        check.mask = query.ask(mask_key, (cell.is_not_null() & ~held).fill_null(value=False))

    def _text_is(self, kwargs: Mapping[str, Any]) -> bool:
        names = [kwargs["type_"]] if "type_" in kwargs else kwargs["type_list"]
        for wanted in names:
            is_kind(pl.String(), wanted)
        return bool(TEXT_NAMES & set(names))

    def _relation(self, check: Check, query: Query, key: str, chosen: pl.Expr | None) -> None:
        name, kwargs = check.name, check.kwargs
        pair = EXPECTATIONS[name].domain == "pair"
        columns = [kwargs["column_A"], kwargs["column_B"]] if pair else list(kwargs["column_list"])
        ignore = kwargs.get("ignore_row_if") or ("both_values_are_missing" if pair else "all_values_are_missing")
        cells = [query.plain_cell(column) for column in columns]
        dtypes = [self.schema[column] for column in columns]
        counted = considered(cells, ignore)
        rows = counted if chosen is None else counted & chosen
        check.columns = tuple(columns)
        check.known = query.ask(f"considered {columns} {ignore} {key}", _scalar_sum(rows, cells))
        about = {k: v for k, v in kwargs.items() if k not in ("mostly", "row_condition", "condition_parser")}
        try:
            held = RELATIONS[name](cells, dtypes, rows, kwargs)
        except UnfitError as error:
            check.unfit, held = error.what, pl.lit(value=False)
        mask_key = json.dumps([name, about, key], sort_keys=True, default=repr)
        check.mask = query.ask(mask_key, (rows & ~held.fill_null(value=False)).fill_null(value=False))


def _scalar_sum(rows: pl.Expr, cells: Sequence[pl.Expr]) -> pl.Expr:
    """How many rows count, also where all of them do."""
    return (rows & pl.lit(value=True) & cells[0].is_null().or_(cells[0].is_not_null())).sum()
