"""Great Expectations' metrics in terms of our expectations: which question answers a metric, and where in the answer.

A metric is answered by asking ``evaluate`` an expectation without its verdict (no bounds, no ``mostly``) and reading
the count, the values or the figure from the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from autoprep.validation.expectation import EXPECTATIONS
from autoprep.validation.outcome import MAX_VALUES, Outcome

#: GX's map condition -> the expectation that judges by it.
CONDITIONS = {
    "column_values.between": "column_values_to_be_between",
    "column_values.dateutil_parseable": "column_values_to_be_dateutil_parseable",
    "column_values.decreasing": "column_values_to_be_decreasing",
    "column_values.in_set": "column_values_to_be_in_set",
    "column_values.in_type_list": "column_values_to_be_in_type_list",
    "column_values.increasing": "column_values_to_be_increasing",
    "column_values.json_parseable": "column_values_to_be_json_parseable",
    "column_values.match_json_schema": "column_values_to_match_json_schema",
    "column_values.match_like_pattern": "column_values_to_match_like_pattern",
    "column_values.match_like_pattern_list": "column_values_to_match_like_pattern_list",
    "column_values.match_regex": "column_values_to_match_regex",
    "column_values.match_regex_list": "column_values_to_match_regex_list",
    "column_values.match_strftime_format": "column_values_to_match_strftime_format",
    "column_values.nonnull": "column_values_to_not_be_null",
    "column_values.not_in_set": "column_values_to_not_be_in_set",
    "column_values.not_match_like_pattern": "column_values_to_not_match_like_pattern",
    "column_values.not_match_like_pattern_list": "column_values_to_not_match_like_pattern_list",
    "column_values.not_match_regex": "column_values_to_not_match_regex",
    "column_values.not_match_regex_list": "column_values_to_not_match_regex_list",
    "column_values.not_outliers": "column_values_to_not_be_outliers",
    "column_values.null": "column_values_to_be_null",
    "column_values.of_type": "column_values_to_be_of_type",
    "column_values.unique": "column_values_to_be_unique",
    "column_values.value_length.between": "column_value_lengths_to_be_between",
    "column_values.value_length.equals": "column_value_lengths_to_equal",
    "column_values.z_score.under_threshold": "column_value_z_scores_to_be_less_than",
    "column_pair_values.a_greater_than_b": "column_pair_values_a_to_be_greater_than_b",
    "column_pair_values.equal": "column_pair_values_to_be_equal",
    "column_pair_values.in_set": "column_pair_values_to_be_in_set",
    "compound_columns.unique": "compound_columns_to_be_unique",
    "multicolumn_sum.equal": "multicolumn_sum_to_equal",
    "multicolumn_values.equal": "multicolumn_values_to_be_equal",
    "select_column_values.unique.within_record": "select_column_values_to_be_unique_within_record",
}
#: Metrics that are the observed value of an expectation.
FIGURES = {
    "column.max": "column_max_to_be_between",
    "column.min": "column_min_to_be_between",
    "column.mean": "column_mean_to_be_between",
    "column.median": "column_median_to_be_between",
    "column.sum": "column_sum_to_be_between",
    "column.standard_deviation": "column_stdev_to_be_between",
    "column.distinct_values.count": "column_unique_value_count_to_be_between",
    "column.unique_proportion": "column_proportion_of_unique_values_to_be_between",
    "column.non_null_proportion": "column_proportion_of_non_null_values_to_be_between",
    "table.row_count": "table_row_count_to_be_between",
}


@dataclass(frozen=True)
class Question:
    """What is asked for a metric.

    Attributes:
        expectation: our expectation that is evaluated.
        kwargs: its arguments.
        pick: the outcome -> the metric's value.
    """

    expectation: str
    kwargs: Mapping[str, Any]
    pick: Callable[[Outcome], Any]


#: The metric's domain and value arguments -> what is asked.
Ask = Callable[[Mapping[str, Any], Mapping[str, Any]], Question]


def _said(name: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a metric that its expectation takes."""
    taken = EXPECTATIONS[f"expect_{name}"].arguments
    return {k: v for k, v in {**domain, **values}.items() if k in taken and v is not None}


def limit_of(values: Mapping[str, Any]) -> int:
    """How many failing values a result format asks for."""
    how = values.get("result_format") or {}
    if how.get("result_format") == "COMPLETE":
        return MAX_VALUES
    return min(int(how.get("partial_unexpected_count", 20)), MAX_VALUES)


def _index(outcome: Outcome, values: Mapping[str, Any]) -> list[Any]:
    """Row numbers of failing rows, or their key columns where the result format names some."""
    how = values.get("result_format") or {}
    rows = outcome.rows(None if how.get("result_format") == "COMPLETE" else limit_of(values))
    keys = how.get("unexpected_index_column_names")
    if not keys or outcome.values is None:
        return rows
    picked = outcome.values[rows]
    if how.get("exclude_unexpected_values"):
        return [picked.select(keys).to_dict(as_series=False)] if rows else []
    return picked.select([*outcome.columns, *(k for k in keys if k not in outcome.columns)]).to_dicts()


def _rows(outcome: Outcome, values: Mapping[str, Any]) -> Any:
    """The failing rows, as the pandas frame that Great Expectations writes down."""
    frame = pl.DataFrame() if outcome.values is None else outcome.values
    return frame[outcome.rows(limit_of(values))].to_pandas()


def _query(outcome: Outcome, values: Mapping[str, Any]) -> str | None:
    if (values.get("result_format") or {}).get("return_unexpected_index_query") is False:
        return None
    return f"df.filter(items={outcome.rows()}, axis=0)"


_PARTS: Mapping[str, Callable[[Outcome, Mapping[str, Any]], Any]] = {
    "unexpected_count": lambda outcome, values: outcome.unexpected_count or 0,
    "unexpected_values": lambda outcome, values: outcome.failing_values(limit_of(values)),
    "unexpected_index_list": _index,
    "unexpected_index_query": _query,
    "unexpected_rows": _rows,
    "filtered_row_count": lambda outcome, values: (outcome.element_count or 0) - (outcome.missing_count or 0),
}


def needs_whole_rows(metric: str, values: Mapping[str, Any]) -> bool:
    """Whether a metric is read from whole rows, not from the columns of its expectation only."""
    keys = (values.get("result_format") or {}).get("unexpected_index_column_names")
    return metric.endswith(".unexpected_rows") or bool(keys and metric.endswith(".unexpected_index_list"))


def _map_metric(name: str, part: str) -> Ask:
    def ask(domain: Mapping[str, Any], values: Mapping[str, Any]) -> Question:
        return Question(f"expect_{name}", _said(name, domain, values), lambda outcome: _PARTS[part](outcome, values))

    return ask


def _figure_metric(name: str) -> Ask:
    def ask(domain: Mapping[str, Any], values: Mapping[str, Any]) -> Question:
        return Question(f"expect_{name}", _said(name, domain, {}), lambda outcome: outcome.seen.get("observed_value"))

    return ask


def _count(name: str, pick: Callable[[Outcome], Any]) -> Ask:
    return lambda domain, values: Question(f"expect_{name}", _said(name, domain, values), pick)


def _quantiles(domain: Mapping[str, Any], values: Mapping[str, Any]) -> Question:
    quantiles = list(values["quantiles"])
    asked = {"quantiles": quantiles, "value_ranges": [[None, None]] * len(quantiles)}
    kwargs = _said("column_quantile_values_to_be_between", domain, {**values, "quantile_ranges": asked})
    return Question(
        "expect_column_quantile_values_to_be_between",
        kwargs,
        lambda outcome: outcome.seen["observed_value"]["values"],
    )


def _distinct(name: str, key: str) -> Ask:
    def ask(domain: Mapping[str, Any], values: Mapping[str, Any]) -> Question:
        def pick(outcome: Outcome) -> Any:
            found = outcome.seen[key]
            return found[: values.get("limit") or len(found)] if isinstance(found, list) else found

        return Question(f"expect_{name}", {"value_set": [], **_said(name, domain, values)}, pick)

    return ask


def _unexpected_rows(key: str) -> Ask:
    def ask(domain: Mapping[str, Any], values: Mapping[str, Any]) -> Question:
        def pick(outcome: Outcome) -> Any:
            made = outcome.result("COMPLETE")
            return made["observed_value"] if key == "count" else made["details"]["unexpected_rows"]

        return Question("unexpected_rows_expectation", {k: values[k] for k in ("unexpected_rows_query",)}, pick)

    return ask


def metrics() -> dict[str, Ask]:
    """Every metric that is answered here, by its name in Great Expectations."""
    made: dict[str, Ask] = {
        f"{condition}.{part}": _map_metric(name, part) for condition, name in CONDITIONS.items() for part in _PARTS
    }
    made |= {metric: _figure_metric(name) for metric, name in FIGURES.items()}
    made["column_values.nonnull.count"] = _count("column_values_to_not_be_null", _known)
    made["column.non_null_count"] = made["column_values.nonnull.count"]
    made["column_values.null.count"] = _count("column_values_to_not_be_null", lambda o: o.unexpected_count)
    made["column_values.between.count"] = _count("column_values_to_be_between", _known)
    made["column.quantile_values"] = _quantiles
    made["column.most_common_value"] = lambda domain, values: Question(
        "expect_column_most_common_value_to_be_in_set",
        {"value_set": [], **_said("column_most_common_value_to_be_in_set", domain, {})},
        lambda outcome: outcome.seen["observed_value"],
    )
    inside, contains = "column_distinct_values_to_be_in_set", "column_distinct_values_to_contain_set"
    made["column.distinct_values.not_in_set"] = _distinct(inside, "partial_unexpected_list")
    made["column.distinct_values.not_in_set.count"] = _distinct(inside, "unexpected_count")
    made["column.distinct_values.missing_from_column"] = _distinct(contains, "partial_missing_list")
    made["column.distinct_values.missing_from_column.count"] = _distinct(contains, "missing_count")
    made["unexpected_rows_query.table"] = _unexpected_rows("rows")
    made["unexpected_rows_query.row_count"] = _unexpected_rows("count")
    return made


def _known(outcome: Outcome) -> Any:
    """Rows that meet the expectation, nulls left out; a NumPy number, which may be divided by zero."""
    import numpy as np

    known = (outcome.element_count or 0) - (outcome.missing_count or 0) - (outcome.unexpected_count or 0)
    return np.int64(known)
