"""Values that look like something else: one date throughout, versions, codes that read like words for nothing."""

from __future__ import annotations

import polars as pl
import pytest

import autoprep as ap


@pytest.mark.parametrize(
    ("name", "values", "semantic"),
    [
        ("day", ["2024-01-01"], "date"),
        ("seen", ["2024-01-01 10:00:00"], "datetime"),
        ("batch", ["20240101"], "constant"),
        ("word", ["x"], "constant"),
        ("maybe", ["03/04/2024"], "constant"),
        ("version", ["3.10", "3.9", "3.11"], "code"),
        ("runtime", ["3.10", "3.9.1", "3.11"], "code"),
        ("version", ["3.1", "3.2", "3.5"], "number"),
        ("version", ["3.10", "3.90", "3.11"], "number"),
        ("price", ["3.10", "3.9", "3.11"], "number"),
        ("total", ["1.234.567", "1.234", "12.500"], "number"),
        ("day", ["1.2.2024", "13.2.2024", "5.6.2024"], "date"),
        ("host", ["10.0.0.1", "10.0.0.2", "192.168.1.1"], "ip"),
    ],
)
def test_what_a_column_is(name: str, values: list[str], semantic: str) -> None:
    found = ap.profile({name: values * 10, "row": [str(i) for i in range(10 * len(values))]})
    assert found.columns.filter(pl.col("column") == name)["semantic"].item() == semantic


def test_a_version_keeps_its_zero() -> None:
    versions = ["3.10", "3.9", "3.11", "3.9"] * 10
    done = ap.clean({"release": versions, "x": list(range(40))})
    assert done.frame["release"].to_list() == versions


def test_one_day_throughout_is_a_date_after_cleaning() -> None:
    done = ap.clean({"taken": ["2024-03-01"] * 40, "x": list(range(40))}, same_shape=True, notation="typed")
    assert done.frame["taken"].dtype == pl.Date


@pytest.mark.parametrize(
    ("codes", "null_words", "none_words"),
    [
        (["NA", "US", "DE", "DK", "GB", "ES"], [], ["NA"]),
        (["NA", "EU", "AS", "AF", "SA", "OC"], [], ["NA"]),
        (["NA", "TA", "Gd", "Fa", "Ex", "Po"], ["NA"], None),
        (["N/A", "US", "DE", "DK", "GB", "ES"], ["N/A"], None),
    ],
)
def test_codes_that_read_like_nothing(codes: list[str], null_words: list[str], none_words: list[str] | None) -> None:
    data = {"where": codes * 10, "x": [i * 7 % 31 for i in range(60)]}
    row = ap.profile(data).columns.row(0, named=True)
    assert (row["null_words"], row["none_words"]) == (null_words, none_words)
    assert "DK" not in row["unknown_words"]
    if none_words:
        asked = [a for a in ap.plan(data).actions if a.columns == ("where",) and a.verb == "nullify"]
        assert [(a.status, a.parameters["words"]) for a in asked] == [("ask", ["NA"])]
        assert ap.clean(data).frame["where"].null_count() == 0
