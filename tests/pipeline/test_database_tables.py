"""A whole database file as tables: keys and references from its catalogue, text dates and epochs as event times."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep.__main__ import main
from autoprep.errors import InputError, SettingError
from autoprep.reading.catalogue import catalogue_of, database_file

TABLES = """
CREATE TABLE customers(CustomerId INTEGER PRIMARY KEY, HireDate TEXT);
CREATE TABLE orders(Id INTEGER PRIMARY KEY, Buyer INTEGER REFERENCES customers{0}, OrderedAt BIGINT);
CREATE TABLE parts(Id INTEGER REFERENCES orders(Id), No INTEGER, Amount DOUBLE, PRIMARY KEY(Id, No));
"""
ROWS = """
INSERT INTO customers VALUES (1, '2020-01-05'), (2, '2021-03-01'), (3, '2021-04-01');
INSERT INTO orders VALUES (10, 1, 1577000000), (11, 1, 1577500000), (12, 1, 1700000000), (13, 2, 1600000000);
INSERT INTO parts VALUES (10, 1, 5.0), (11, 1, 7.0), (11, 2, 2.0), (12, 1, 100.0), (13, 1, 4.0);
"""


@pytest.fixture(params=["sqlite", "duckdb"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"shop.{request.param}"
    if request.param == "sqlite":
        with closing(sqlite3.connect(path)) as made:
            made.executescript(TABLES.format("") + "CREATE VIEW late AS SELECT * FROM orders;" + ROWS)
    else:
        duckdb = pytest.importorskip("duckdb")
        with closing(duckdb.connect(str(path))) as made:
            made.execute(TABLES.format("(CustomerId)") + "CREATE VIEW late AS SELECT * FROM orders;" + ROWS)
    return path


def test_the_catalogue_names_keys_and_references(shop: Path) -> None:
    whole = database_file(shop)
    assert whole is not None
    found = catalogue_of(*whole)
    assert found.tables == ("customers", "orders", "parts"), "the view is no table"
    assert found.keys["parts"] == ("Id", "No")
    assert {(r.child, r.columns, r.parent, r.key) for r in found.references} == {
        ("orders", ("Buyer",), "customers", ("CustomerId",)), ("parts", ("Id",), "orders", ("Id",)),
    }  # fmt: skip
    assert database_file(f"{shop}#orders") is None and database_file(shop.parent) is None


def test_features_of_a_whole_database(shop: Path) -> None:
    schema = ap.schema_of(shop)
    assert {n: t.time for n, t in schema.tables.items()} == {
        "customers": "HireDate", "orders": "OrderedAt", "parts": None,
    }  # fmt: skip
    made = ap.synthesize(shop, table="customers", schema=schema, cutoff="HireDate", windows=[])
    assert made.frame.schema["HireDate"] == pl.Date
    rows = "ROWS(of='orders') BEFORE cutoff BY CustomerId = Buyer"
    assert made.frame[rows].to_list() == [2, 1, 0]
    total = "SUM(parts.Amount) BEFORE cutoff BY CustomerId = Buyer VIA orders"
    assert made.frame[total].to_list() == [14.0, 4.0, 0.0]


def test_a_proposed_schema_without_cutoff_says_what_to_do(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / "tables.yaml"
    call = ["features", str(shop), "--table", "customers", "--schema", str(schema), "-q"]
    assert main(call) == 0
    capsys.readouterr()
    assert main(call) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert "'orders' (OrderedAt) has a time and no cutoff" in said and "--cutoff HireDate" in said
    assert main([*call, "--cutoff", "HireDate", "-o", str(tmp_path / "wide.parquet")]) == 0


def test_whose_rows_is_asked_in_one_line(shop: Path) -> None:
    with pytest.raises(InputError, match=r"holds 3 tables .*--table customers"):
        ap.synthesize(shop)
    with pytest.raises(SettingError, match="unknown table 'nobody'"):
        ap.synthesize(shop, table="nobody", schema=ap.schema_of(shop))


@pytest.mark.parametrize("more", [{}, {"memory_budget": "50MB"}], ids=["whole", "in blocks"])
def test_features_without_any_value_are_left_out(more: dict[str, str]) -> None:
    orders = pl.DataFrame(
        {"customer": [1, 1, 2], "amount": [5.0, 7.0, 1.0], "fax": pl.Series([None] * 3, dtype=pl.Float64)}
    )
    tables = {"orders": orders, "customers": pl.DataFrame({"customer": [1, 2, 3], "age": [30, 40, 50]})}
    schema = "tables: {orders: {}, customers: {key: [customer]}}\n"
    schema += "references: [{from: orders(customer), to: customers(customer)}]\n"
    heard: list[str] = []
    made = ap.synthesize(
        tables, table="customers", schema=schema, listener=lambda event: heard.append(event.message), **more
    )  # type: ignore[call-overload]
    frame = made.frame.lazy().collect()
    assert "MEAN(orders.amount) BY customer" in frame.columns
    assert not any("fax" in c and frame[c].null_count() == 3 for c in frame.columns)
    assert {d.name for d in made.definitions} <= set(frame.columns)
    assert sum("left out, without a value in any row or with the same in all: " in line for line in heard) == 1


@pytest.mark.parametrize("more", [{}, {"memory_budget": "50MB"}], ids=["whole", "in blocks"])
def test_what_is_the_same_in_many_rows_is_left_out_unless_it_is_asked_for(more: dict[str, str]) -> None:
    orders = pl.DataFrame({"customer": [i % 150 for i in range(300)], "amount": range(300), "one": [1.0] * 300})
    tables = {"orders": orders, "customers": pl.DataFrame({"customer": range(150), "age": range(150)})}
    schema = "tables: {orders: {}, customers: {key: [customer]}}\n"
    schema += "references: [{from: orders(customer), to: customers(customer)}]\n"
    made = ap.synthesize(tables, table="customers", schema=schema, features=["MAX(orders.one) BY customer"], **more)  # type: ignore[call-overload]
    frame = made.frame.lazy().collect()
    assert {"MEAN(orders.amount) BY customer", "MAX(orders.one) BY customer"} <= set(frame.columns)
    assert not {"ROWS(of='orders') BY customer", "MIN(orders.one) BY customer"} & set(frame.columns)
