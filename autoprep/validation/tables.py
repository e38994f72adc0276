"""What is asked of the table: its columns, their order and types, its number of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

import polars as pl

from autoprep.errors import SettingError
from autoprep.validation.conditions import Arguments
from autoprep.validation.figures import Verdict, column_type, judge_between

#: Schema, arguments -> verdict: answered without reading a row.
SCHEMA_QUESTIONS: dict[str, Callable[[Mapping[str, pl.DataType], Arguments], Verdict]] = {}
#: Number of rows, arguments -> verdict.
ROW_QUESTIONS: dict[str, Callable[[int, Arguments], Verdict]] = {
    "expect_table_row_count_to_be_between": judge_between,
    "expect_table_row_count_to_equal": lambda rows, said: Verdict(rows == said["value"], {"observed_value": rows}),
}


def _schema(name: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        SCHEMA_QUESTIONS[f"expect_{name}"] = function
        return function

    return keep


@_schema("column_to_exist")
def column_exists(schema: Mapping[str, pl.DataType], said: Arguments) -> Verdict:
    """A column of this name is there, at this place where one is named."""
    names, index = list(schema), said.get("column_index")
    if index:
        held = -len(names) <= index < len(names) and names[index] == said["column"]
    else:
        held = said["column"] in names
    return Verdict(held, {})


@_schema("column_type_to_be")
def type_to_be(schema: Mapping[str, pl.DataType], said: Arguments) -> Verdict:
    """The column's dtype is the named one."""
    if said["column"] not in schema:
        raise SettingError(f"column '{said['column']}' is not there")
    return column_type(schema[said["column"]], said)


@_schema("table_column_count_to_be_between")
def column_count_between(schema: Mapping[str, pl.DataType], said: Arguments) -> Verdict:
    """The number of columns is within bounds."""
    return judge_between(len(schema), said)


@_schema("table_column_count_to_equal")
def column_count_equal(schema: Mapping[str, pl.DataType], said: Arguments) -> Verdict:
    """There are exactly so many columns."""
    return Verdict(len(schema) == said["value"], {"observed_value": len(schema)})


@_schema("table_columns_to_match_ordered_list")
def ordered_list(schema: Mapping[str, pl.DataType], said: Arguments) -> Verdict:
    """The columns are these, in this order."""
    names, wanted = list(schema), said.get("column_list")
    if wanted is None or names == list(wanted):
        return Verdict(True, {"observed_value": names})
    mismatched = [
        {"Expected Column Position": i, "Expected": expected, "Found": found}
        for i, (expected, found) in enumerate(zip_longest(wanted, names))
        if expected != found
    ]
    return Verdict(False, {"observed_value": names, "details": {"mismatched": mismatched}})


@_schema("table_columns_to_match_set")
def match_set(schema: Mapping[str, pl.DataType], said: Arguments) -> Verdict:
    """The columns are these (exactly, or at least these)."""
    wanted, exact = set(said.get("column_set") or []), said.get("exact_match", True)
    unexpected, missing = sorted(set(schema) - wanted), sorted(wanted - set(schema))
    seen = {"observed_value": sorted(schema)}
    if not unexpected and not missing:
        return Verdict(True, seen)
    mismatched = {key: names for key, names in (("unexpected", unexpected), ("missing", missing)) if names}
    return Verdict(not exact and not missing, {**seen, "details": {"mismatched": mismatched}})
