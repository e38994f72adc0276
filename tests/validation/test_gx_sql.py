"""What the pandas engine cannot be asked (LIKE, queries, other tables) equals Great Expectations on SQLite."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from autoprep.validation import evaluate, validate

sqlalchemy = pytest.importorskip("sqlalchemy")

ORDERS = pl.DataFrame(
    {"id": [1, 2, 3, 4, 5], "word": ["abc", "a_c", None, "xbc", "50%"], "paid": [5, 0, 7, 3, 2], "due": [5, 1, 7, 4, 9]}
)
OTHER = pl.DataFrame({"id": [1, 2, 3]})
LIKE = [
    ("", {"like_pattern": "a%"}),
    ("", {"like_pattern": "_bc", "mostly": 0.5}),
    ("", {"like_pattern": "a!_%", "escape": "!"}),
    ("not_", {"like_pattern": "%!%", "escape": "!"}),
    ("not_", {"like_pattern": "%b%"}),
]
ASKED: list[dict[str, Any]] = [
    *(
        {"type": f"expect_column_values_to_{n}match_like_pattern", "kwargs": {"column": "word", **s}}
        for n, s in LIKE[:3]
    ),
    {"type": "expect_column_values_to_not_match_like_pattern", "kwargs": {"column": "word", **LIKE[4][1]}},
    {
        "type": "expect_column_values_to_match_like_pattern_list",
        "kwargs": {"column": "word", "like_pattern_list": ["a%", "%bc"], "match_on": "any"},
    },
    {
        "type": "expect_column_values_to_match_like_pattern_list",
        "kwargs": {"column": "word", "like_pattern_list": ["a%", "%bc"], "match_on": "all"},
    },
    {
        "type": "expect_column_values_to_not_match_like_pattern_list",
        "kwargs": {"column": "word", "like_pattern_list": ["x%", "%c"]},
    },
    {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE paid > due"},
    },
    {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE paid < due"},
    },
    {
        "type": "unexpected_rows_expectation",
        "kwargs": {
            "unexpected_rows_query": "SELECT paid, COUNT(*) AS n FROM {batch} GROUP BY paid HAVING COUNT(*) > 1"
        },
    },
    {"type": "expect_table_row_count_to_equal_other_table", "kwargs": {"other_table_name": "other"}},
    {"type": "expect_table_row_count_to_equal_other_table", "kwargs": {"other_table_name": "orders"}},
]


@pytest.fixture(scope="module")
def sqlite_results(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    path: Path = tmp_path_factory.mktemp("sql") / "t.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA case_sensitive_like = 1")
        connection.execute("CREATE TABLE orders (id INTEGER, word TEXT, paid INTEGER, due INTEGER)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", ORDERS.rows())
        connection.execute("CREATE TABLE other (id INTEGER)")
        connection.executemany("INSERT INTO other VALUES (?)", OTHER.rows())
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_sqlite("s", connection_string=f"sqlite:///{path}").add_table_asset(
        "orders", table_name="orders"
    )
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    objects = [ExpectationConfiguration(**e, meta={"n": n}).to_domain_obj() for n, e in enumerate(ASKED)]
    results = batch.validate(gx.ExpectationSuite(name="sql", expectations=objects), result_format="SUMMARY").results
    return sorted(results, key=lambda r: r.expectation_config.meta["n"])


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_equals_the_sql_engine(number: int, sqlite_results: list[Any]) -> None:
    theirs = sqlite_results[number]
    ours = evaluate(ORDERS, [ASKED[number]], tables={"other": OTHER, "orders": ORDERS})[0]
    assert not ours.error
    assert bool(theirs.success) == ours.success, (theirs.result, ours.result("SUMMARY"))
    made = ours.result("SUMMARY")
    keys = {"observed_value", "unexpected_count", "missing_count", "element_count", "partial_unexpected_list"}
    for key in keys & set(theirs.result):
        assert theirs.result[key] == made.get(key), key


def test_bounds_of_text_reach_great_expectations() -> None:
    import great_expectations.expectations as gxe

    from autoprep.validation.contract import as_contract
    from autoprep.validation.gx import from_suite, to_suite

    asked = [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "word", "min_value": "a", "max_value": "y"},
        },
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "word", "max_value": "z"}},
    ]
    contract = as_contract(asked)
    suite = to_suite(contract)
    assert all(isinstance(e, gxe.UnexpectedRowsExpectation) for e in suite.expectations)
    assert [c["kwargs"] for c in from_suite(suite).expectations] == [c["kwargs"] for c in contract.expectations]
    report = validate(ORDERS, contract)
    result = report.to_gx("COMPLETE")
    assert [r.success for r in result.results] == [False, True]
    assert [r.expectation_config.to_domain_obj() is not None for r in result.results] == [True, True]
