"""The expectations that a rule or contract may name: Great Expectations' own names and arguments, as data.

Great Expectations itself is slow to import, so what a loader must know about its 59 core expectations stands
here; a test compares this table with the installed package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from autoprep.errors import SettingError, did_you_mean
from autoprep.registry import Catalogue

Domain = Literal["column", "pair", "columns", "table", "query"]


@dataclass(frozen=True)
class Expectation:
    """What an expectation is called and what it takes.

    Attributes:
        name: Great Expectations' name, "expect_column_values_to_be_between".
        domain: what it looks at: one column, two, several, the table, or the answer of a query.
        required: arguments that have no default, the domain's own ("column", ...) left out.
        optional: argument -> default.
        is_map: whether it judges cell by cell (and so has failing cells), or the whole by one figure.
    """

    name: str
    domain: Domain
    required: tuple[str, ...]
    optional: Mapping[str, Any]
    is_map: bool

    @property
    def subject(self) -> tuple[str, ...]:
        """The arguments that name columns."""
        return {
            "column": ("column",),
            "pair": ("column_A", "column_B"),
            "columns": ("column_list",),
            "table": (),
            "query": (),
        }[self.domain]

    @property
    def arguments(self) -> tuple[str, ...]:
        """Every argument it takes."""
        return (*self.subject, *self.required, *self.optional)

    def check(self, arguments: Mapping[str, Any], where: str, *, subject_given: bool = False) -> None:
        """Refuse arguments that it does not take, and the lack of those it needs.

        Args:
            arguments: as written in a rule or contract.
            where: for the message.
            subject_given: whether the columns must be named (a contract) or may be left to the rule (False).

        Raises:
            SettingError: names the argument and the nearest right word.
        """
        for key in arguments:
            if key not in self.arguments:
                raise SettingError(
                    f"{self.name} takes no '{key}'", where=where, hint=did_you_mean(str(key), self.arguments)
                )
        needed = (*self.subject, *self.required) if subject_given else self.required
        for key in needed:
            if key not in arguments:
                raise SettingError(f"{self.name} needs '{key}'", where=where, hint=f"write {key}: ...")


_ROWS: dict[str, Any] = {"row_condition": None, "condition_parser": None}
_MAP: dict[str, Any] = {"mostly": 1, **_ROWS}
_RANGE: dict[str, Any] = {"min_value": None, "max_value": None, "strict_min": False, "strict_max": False}
_ANY_MISSING: dict[str, Any] = {"ignore_row_if": "all_values_are_missing"}
_BOTH_MISSING: dict[str, Any] = {"ignore_row_if": "both_values_are_missing"}

#: (name without "expect_", domain, is_map, required, optional besides mostly and the row condition)
_TABLE: tuple[tuple[str, Domain, bool, tuple[str, ...], dict[str, Any]], ...] = (
    ("column_values_to_not_be_null", "column", True, (), {}),
    ("column_values_to_be_null", "column", True, (), {}),
    ("column_values_to_be_unique", "column", True, (), {}),
    ("column_values_to_be_between", "column", True, (), _RANGE),
    ("column_values_to_be_in_set", "column", True, ("value_set",), {}),
    ("column_values_to_not_be_in_set", "column", True, ("value_set",), {}),
    ("column_values_to_be_of_type", "column", True, ("type_",), {}),
    ("column_values_to_be_in_type_list", "column", True, ("type_list",), {}),
    ("column_values_to_match_regex", "column", True, ("regex",), {}),
    ("column_values_to_not_match_regex", "column", True, ("regex",), {}),
    ("column_values_to_match_regex_list", "column", True, ("regex_list",), {"match_on": "any"}),
    ("column_values_to_not_match_regex_list", "column", True, ("regex_list",), {}),
    ("column_values_to_match_like_pattern", "column", True, ("like_pattern",), {"escape": None}),
    ("column_values_to_not_match_like_pattern", "column", True, ("like_pattern",), {"escape": None}),
    (
        "column_values_to_match_like_pattern_list",
        "column",
        True,
        ("like_pattern_list",),
        {"match_on": "any", "escape": None},
    ),
    ("column_values_to_not_match_like_pattern_list", "column", True, ("like_pattern_list",), {"escape": None}),
    ("column_values_to_match_strftime_format", "column", True, ("strftime_format",), {}),
    ("column_values_to_be_dateutil_parseable", "column", True, (), {}),
    ("column_values_to_be_json_parseable", "column", True, (), {}),
    ("column_values_to_match_json_schema", "column", True, ("json_schema",), {}),
    ("column_values_to_be_increasing", "column", True, (), {"strictly": None}),
    ("column_values_to_be_decreasing", "column", True, (), {"strictly": None}),
    ("column_value_lengths_to_be_between", "column", True, (), _RANGE),
    ("column_value_lengths_to_equal", "column", True, ("value",), {}),
    ("column_value_z_scores_to_be_less_than", "column", True, ("threshold", "double_sided"), {}),
    ("column_values_to_not_be_outliers", "column", True, (), {"method": "iqr", "multiplier": 1.5}),
    ("column_max_to_be_between", "column", False, (), _RANGE),
    ("column_min_to_be_between", "column", False, (), _RANGE),
    ("column_mean_to_be_between", "column", False, (), _RANGE),
    ("column_median_to_be_between", "column", False, (), _RANGE),
    ("column_stdev_to_be_between", "column", False, (), _RANGE),
    ("column_sum_to_be_between", "column", False, (), _RANGE),
    ("column_unique_value_count_to_be_between", "column", False, (), _RANGE),
    ("column_proportion_of_unique_values_to_be_between", "column", False, (), _RANGE),
    ("column_proportion_of_non_null_values_to_be_between", "column", False, (), _RANGE),
    ("column_quantile_values_to_be_between", "column", False, ("quantile_ranges",), {"allow_relative_error": False}),
    ("column_distinct_values_to_be_in_set", "column", False, ("value_set",), {}),
    ("column_distinct_values_to_contain_set", "column", False, ("value_set",), {}),
    ("column_distinct_values_to_equal_set", "column", False, ("value_set",), {}),
    ("column_most_common_value_to_be_in_set", "column", False, ("value_set",), {"ties_okay": None}),
    (
        "column_kl_divergence_to_be_less_than",
        "column",
        False,
        (),
        {
            "partition_object": None,
            "threshold": None,
            "internal_weight_holdout": 0,
            "tail_weight_holdout": 0,
            "bucketize_data": True,
            "min_value": None,
            "max_value": None,
        },
    ),
    ("column_pair_values_a_to_be_greater_than_b", "pair", True, (), {"or_equal": None, **_BOTH_MISSING}),
    ("column_pair_values_to_be_equal", "pair", True, (), _BOTH_MISSING),
    ("column_pair_values_to_be_in_set", "pair", True, ("value_pairs_set",), _BOTH_MISSING),
    ("compound_columns_to_be_unique", "columns", True, (), _ANY_MISSING),
    ("select_column_values_to_be_unique_within_record", "columns", True, (), _ANY_MISSING),
    ("multicolumn_sum_to_equal", "columns", True, ("sum_total",), _ANY_MISSING),
    ("multicolumn_values_to_be_equal", "columns", True, (), _ANY_MISSING),
    ("column_to_exist", "table", False, ("column",), {"column_index": None}),
    ("column_type_to_be", "table", False, ("column", "type_"), {}),
    ("table_row_count_to_be_between", "table", False, (), _RANGE),
    ("table_row_count_to_equal", "table", False, ("value",), {}),
    ("table_row_count_to_equal_other_table", "table", False, ("other_table_name",), {}),
    ("table_column_count_to_be_between", "table", False, (), {"min_value": None, "max_value": None}),
    ("table_column_count_to_equal", "table", False, ("value",), {}),
    ("table_columns_to_match_ordered_list", "table", False, ("column_list",), {}),
    ("table_columns_to_match_set", "table", False, ("column_set",), {"exact_match": True}),
    (
        "query_results_to_match_comparison",
        "query",
        False,
        ("base_query", "comparison_data_source_name", "comparison_query"),
        {"mostly": 1},
    ),
)
#: Expectations about the table itself that take no row condition.
_UNCONDITIONAL = frozenset(
    name for name, domain, *_ in _TABLE if domain in ("table", "query") and "row_count" not in name
)

EXPECTATIONS: Catalogue[Expectation] = Catalogue("expectation")
for _name, _domain, _is_map, _required, _optional in _TABLE:
    _extra = {} if _name in _UNCONDITIONAL else (_MAP if _is_map else _ROWS)
    EXPECTATIONS.put(
        f"expect_{_name}",
        Expectation(f"expect_{_name}", _domain, _required, {**_optional, **_extra}, _is_map),
    )
EXPECTATIONS.put(
    "unexpected_rows_expectation",
    Expectation("unexpected_rows_expectation", "query", ("unexpected_rows_query",), {}, False),
)

#: autoprep's severities in Great Expectations' words, and back.
TO_GX_SEVERITY = {"error": "critical", "warning": "warning", "info": "info"}
FROM_GX_SEVERITY = {gx: ours for ours, gx in TO_GX_SEVERITY.items()}
