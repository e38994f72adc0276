"""One query for a whole suite: what each expectation needs of it, every shared expression asked once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from autoprep.errors import SettingError, did_you_mean
from autoprep.validation.conditions import ByValue
from autoprep.validation.figures import Figure, Verdict
from autoprep.validation.rows import row_condition


@dataclass
class Check:
    """One expectation on its way: what it needs of the query, and what came back."""

    config: Mapping[str, Any]
    name: str
    kwargs: Mapping[str, Any]
    mask: str = ""
    rows: str = ""
    known: str = ""
    figure: Figure | None = None
    figures: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    by_value: tuple[ByValue, str, pl.Series | None] | None = None
    verdict: Verdict | None = None
    row_question: bool = False
    unfit: str = ""
    error: str = ""


def fresh(check: Check) -> Check:
    """The same, before it was compiled."""
    return Check(check.config, check.name, check.kwargs, by_value=check.by_value, error=check.error)


class Query:
    """Expressions shared by all expectations of a suite: each prepared cell, mask and figure is computed once."""

    def __init__(self, schema: Mapping[str, pl.DataType]) -> None:
        self.schema = schema
        self.prepared: dict[str, pl.Expr] = {}
        self.asked: dict[str, pl.Expr] = {}
        self._names: dict[str, str] = {}

    def prepare(self, key: str, make: pl.Expr) -> pl.Expr:
        """A column computed before all else."""
        name = self._names.setdefault(f"prepared {key}", f"__p{len(self._names)}")
        self.prepared.setdefault(name, make)
        return pl.col(name)

    def ask(self, key: str, make: pl.Expr) -> str:
        """The name under which an expression's answer will be found."""
        name = self._names.setdefault(f"asked {key}", f"__a{len(self._names)}")
        self.asked.setdefault(name, make)
        return name

    def chosen(self, kwargs: Mapping[str, Any]) -> tuple[str, pl.Expr | None]:
        """The row condition: its key, and its mask (None when there is none)."""
        said = kwargs.get("row_condition")
        if not said:
            return "", None
        key = json.dumps([said, kwargs.get("condition_parser")], sort_keys=True, default=repr)
        made = row_condition(said, kwargs.get("condition_parser"), self.schema)
        return key, self.prepare(f"rows {key}", made)

    def plain_cell(self, column: str) -> pl.Expr:
        """A column with NaN as null."""
        if column not in self.schema:
            raise SettingError(f"column '{column}' is not there", hint=did_you_mean(column, self.schema))
        cell = pl.col(column)
        if isinstance(self.schema[column], pl.Float32 | pl.Float64):
            return self.prepare(f"cell {column}", cell.fill_nan(None))
        return cell

    def cell(self, column: str, key: str, chosen: pl.Expr | None, stage: dict[str, pl.Expr]) -> pl.Expr:
        """A column with NaN as null, and null in the rows that were not chosen."""
        cell = self.plain_cell(column)
        if chosen is None:
            return cell
        name = self._names.setdefault(f"cell {column} {key}", f"__c{len(self._names)}")
        stage.setdefault(name, pl.when(chosen).then(cell))
        return pl.col(name)
