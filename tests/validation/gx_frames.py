"""Tables and expectations that the parity tests put to Great Expectations' pandas engine and to our compiler."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import polars as pl

N = 12
INTS = [5, 3, 3, 8, 1, 9, 2, 2, 7, 100, 4, 6]


def frames() -> dict[str, pl.DataFrame]:
    """One table per kind of column; each has ``a`` (the kind), ``b`` (the same, shuffled) and ``g`` (a group)."""
    words = ["ab", "AB-12", None, "c", "ab", "2020-01-31", "{}", "", "x y", "é", "12", "ab"]
    floats = [1.5, math.nan, 2.25, None, -3.0, 1.5, 1e6, 0.0, 7.75, 2.0, 2.5, -1.0]
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=d * 7) for d in INTS]
    kinds: dict[str, tuple[list[Any], Any]] = {
        "ints": (INTS, pl.Int64),
        "floats": (floats, pl.Float64),
        "strings": (words, pl.String),
        "dates": ([None, *days[1:]], pl.Datetime("ns")),
        "days": ([None, *days[1:]], pl.Date),
        "categoricals": (words, pl.Categorical),
        "all_null": ([None] * N, pl.String),
        "all_nan": ([math.nan] * N, pl.Float64),
    }
    made = {}
    for name, (values, dtype) in kinds.items():
        a = pl.Series("a", values, dtype=dtype, strict=False)
        b = pl.Series("b", values[1:] + values[:1], dtype=dtype, strict=False)
        group = pl.Series("g", ["x", "y", None, "x"] * 3)
        made[name] = pl.DataFrame([a, b, a.alias("c"), group, pl.Series("j", ['{"k": 1}', "[]", None, "{}"] * 3)])
    made["empty_ints"] = made["ints"].clear()
    for kind in ("floats", "strings", "dates", "categoricals"):
        made[f"empty_{kind}"] = made[kind].clear()
    return made


#: Great Expectations' own models refuse bounds that are text.
STRING_BOUNDS = tuple(
    f"expect_column_{name}_to_be_between" for name in ("values", "max", "min", "mean", "median", "sum")
)


def _e(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": f"expect_{name}", "kwargs": kwargs}


def literals(kind: str) -> list[Any]:
    """Three literals of a kind, small, middle and large."""
    if "int" in kind:
        return [2, 3, 9]
    if kind in ("floats", "all_nan", "empty_floats"):
        return [-1.0, 1.5, 7.75]
    if kind in ("dates", "days", "empty_dates"):
        return [dt.datetime(2020, 1, 15), dt.datetime(2020, 1, 22), dt.datetime(2020, 3, 4)]
    return ["2020", "ab", "c"]


def _divergences(low: Any, mid: Any, high: Any, *, own_bins: bool) -> list[dict[str, Any]]:
    """Divergences of categories, of bins, and of bins that the column makes itself."""
    name, made = "column_kl_divergence_to_be_less_than", []
    for values, weights, held in (([low, mid], [0.5, 0.5], 0.1), ([mid, high, low], [0.25, 0.5, 0.25], 0)):
        partition = {"values": values, "weights": weights}
        made.append(_e(name, column="a", partition_object=partition, threshold=0.5, tail_weight_holdout=held))
    made.append(_e(name, column="a", partition_object=None, threshold=0.5, bucketize_data=False))
    made.append(_e(name, column="g", partition_object={"values": ["x", "y"], "weights": [0.6, 0.4]}, threshold=0.1))
    for bins, said in (
        ([0.0, 2.0, 5.0, 10.0], {"tail_weight_holdout": 0.02, "internal_weight_holdout": 0.01}),
        ([-math.inf, 0.0, 3.0, math.inf], {}),
        ([-math.inf, 0.0, 3.0, 8.0], {"tail_weight_holdout": 0.1}),
        ([1.0, 2.0, 3.0, math.inf], {"tail_weight_holdout": 0.1}),
    ):
        partition = {"bins": bins, "weights": [0.5, 0.0, 0.5]}
        made.append(_e(name, column="a", partition_object=partition, threshold=0.3, **said))
    tailed = {"bins": [0, 4, 8], "weights": [0.4, 0.4], "tail_weights": [0.1, 0.1]}
    made.append(_e(name, column="a", partition_object=tailed, threshold=2.0))
    if isinstance(low, int | float) and own_bins:
        made.append(_e(name, column="a", threshold=0.1))
    return made


def expectations(kind: str) -> list[dict[str, Any]]:
    """Every covered expectation, with arguments that fit a kind of column."""
    low, mid, high = literals(kind)
    asked = [
        _e("column_values_to_not_be_null", column="a"),
        _e("column_values_to_not_be_null", column="a", mostly=0.5),
        _e("column_values_to_be_null", column="a"),
        _e("column_values_to_be_unique", column="a"),
        _e("column_values_to_be_unique", column="a", mostly=0.3),
        _e("column_values_to_be_between", column="a", min_value=low, max_value=high),
        _e("column_values_to_be_between", column="a", min_value=mid, strict_min=True),
        _e("column_values_to_be_between", column="a", max_value=mid, strict_max=True, mostly=0.2),
        _e("column_values_to_be_in_set", column="a", value_set=[low, mid]),
        _e("column_values_to_not_be_in_set", column="a", value_set=[low, mid]),
        _e("column_values_to_be_of_type", column="a", type_="int64"),
        _e("column_values_to_be_of_type", column="a", type_="str"),
        _e("column_values_to_be_in_type_list", column="a", type_list=["float64", "int64"]),
        _e("column_values_to_match_regex", column="a", regex="^[a-z]+"),
        _e("column_values_to_match_regex", column="a", regex=r"b(?!-)"),
        _e("column_values_to_not_match_regex", column="a", regex=r"\d$"),
        _e("column_values_to_match_regex_list", column="a", regex_list=["^a", "2"], match_on="any"),
        _e("column_values_to_match_regex_list", column="a", regex_list=["a", "b"], match_on="all"),
        _e("column_values_to_not_match_regex_list", column="a", regex_list=["^a", "2"]),
        _e("column_values_to_match_strftime_format", column="a", strftime_format="%Y-%m-%d"),
        _e("column_values_to_be_dateutil_parseable", column="a"),
        _e("column_values_to_be_json_parseable", column="a"),
        _e("column_values_to_be_increasing", column="a"),
        _e("column_values_to_be_increasing", column="a", strictly=True, mostly=0.5),
        _e("column_values_to_be_decreasing", column="a"),
        _e("column_value_lengths_to_be_between", column="a", min_value=1, max_value=2),
        _e("column_value_lengths_to_equal", column="a", value=2),
        _e("column_value_z_scores_to_be_less_than", column="a", threshold=1, double_sided=True),
        _e("column_value_z_scores_to_be_less_than", column="a", threshold=1, double_sided=False),
        _e("column_values_to_not_be_outliers", column="a"),
        _e("column_values_to_not_be_outliers", column="a", method="std", multiplier=1.0),
        *(
            _e(f"column_{figure}_to_be_between", column="a", min_value=low, max_value=high)
            for figure in ("max", "min", "mean", "median", "sum")
        ),
        _e("column_stdev_to_be_between", column="a", min_value=0, max_value=50),
        _e("column_unique_value_count_to_be_between", column="a", min_value=3, max_value=9),
        _e("column_proportion_of_unique_values_to_be_between", column="a", min_value=0.2, max_value=0.9),
        _e("column_proportion_of_non_null_values_to_be_between", column="a", min_value=0.95),
        _e(
            "column_quantile_values_to_be_between",
            column="a",
            quantile_ranges={"quantiles": [0.25, 0.5, 0.9], "value_ranges": [[low, high], [None, mid], [low, None]]},
        ),
        _e("column_distinct_values_to_be_in_set", column="a", value_set=[low, mid, high]),
        _e("column_distinct_values_to_contain_set", column="a", value_set=[low, mid]),
        _e("column_distinct_values_to_equal_set", column="a", value_set=[mid]),
        _e("column_most_common_value_to_be_in_set", column="a", value_set=[mid], ties_okay=True),
        _e("column_most_common_value_to_be_in_set", column="a", value_set=[low]),
        *_divergences(low, mid, high, own_bins=kind == "ints"),
        _e("column_values_to_match_json_schema", column="j", json_schema={"type": "object", "required": ["k"]}),
        _e("column_values_to_match_json_schema", column="a", json_schema={"type": "object"}),
        _e("column_pair_values_a_to_be_greater_than_b", column_A="a", column_B="b"),
        _e("column_pair_values_a_to_be_greater_than_b", column_A="a", column_B="c", or_equal=True),
        _e("column_pair_values_to_be_equal", column_A="a", column_B="b"),
        _e("column_pair_values_to_be_equal", column_A="a", column_B="c", ignore_row_if="either_value_is_missing"),
        _e("column_pair_values_to_be_in_set", column_A="a", column_B="g", value_pairs_set=[(mid, "x"), (low, "y")]),
        _e("compound_columns_to_be_unique", column_list=["a", "g"]),
        _e("compound_columns_to_be_unique", column_list=["a", "b"], ignore_row_if="any_value_is_missing"),
        _e("select_column_values_to_be_unique_within_record", column_list=["a", "b"]),
        _e("multicolumn_values_to_be_equal", column_list=["a", "c", "b"]),
        _e("multicolumn_sum_to_equal", column_list=["a", "c"], sum_total=6),
        _e("column_to_exist", column="a"),
        _e("column_to_exist", column="z"),
        _e("column_to_exist", column="b", column_index=1),
        _e("column_type_to_be", column="a", type_="int64"),
        _e("column_type_to_be", column="g", type_="object"),
        _e("table_row_count_to_be_between", min_value=1, max_value=12),
        _e("table_row_count_to_equal", value=12),
        _e("table_column_count_to_be_between", min_value=1, max_value=3),
        _e("table_column_count_to_equal", value=4),
        _e("table_columns_to_match_ordered_list", column_list=["a", "b", "g"]),
        _e("table_columns_to_match_set", column_set=["a", "b", "c", "g"]),
        _e("table_columns_to_match_set", column_set=["a", "z"], exact_match=False),
        _e("column_values_to_not_be_null", column="missing"),
    ]
    conditions = [
        ("column_values_to_be_unique", {"column": "a"}),
        ("column_values_to_not_be_null", {"column": "a"}),
        ("column_values_to_be_between", {"column": "a", "min_value": low, "max_value": high, "mostly": 0.5}),
        ("column_values_to_be_in_set", {"column": "a", "value_set": [low, mid]}),
        ("column_values_to_be_increasing", {"column": "a"}),
        ("column_max_to_be_between", {"column": "a", "min_value": low, "max_value": high}),
        ("column_unique_value_count_to_be_between", {"column": "a", "min_value": 3}),
        ("compound_columns_to_be_unique", {"column_list": ["a", "g"]}),
        ("column_pair_values_to_be_equal", {"column_A": "a", "column_B": "b"}),
        ("table_row_count_to_equal", {"value": 6}),
    ]
    if isinstance(low, str):
        asked = [e for e in asked if e["type"] not in STRING_BOUNDS]
        conditions = [c for c in conditions if f"expect_{c[0]}" not in STRING_BOUNDS]
    asked += [_e(name, **kwargs, row_condition='g == "x"', condition_parser="pandas") for name, kwargs in conditions]
    return asked
