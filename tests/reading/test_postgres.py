"""A real PostgreSQL server: types are kept, text stays text, errors are one line without the password."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time

import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import InputError

pytestmark = pytest.mark.postgres

TABLES = """
CREATE TYPE mood AS ENUM ('fine', 'bad');
CREATE TABLE kinds (i integer, b bigint, n numeric(10,2), wide numeric, r double precision, code text, padded char(5),
  flag boolean, day date, clock time, at timestamp, zoned timestamptz, doc jsonb, id uuid, list int[], feeling mood,
  gap interval, raw bytea, fee money);
INSERT INTO kinds VALUES (1, 9007199254740993, 1234.50, 12345678901234567890.123, 0.1, '007', 'ab', true, '2024-01-31',
  '12:30', '2024-01-31 10:00', '2024-01-31 10:00+02', '{"a": 1}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{1,2}',
  'fine', '1 day 2 hours', '\\x00ff', '$5.25'),
  (NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE orders (id integer, price numeric, code text);
INSERT INTO orders SELECT g, g * 1.5, lpad(g::text, 4, '0') FROM generate_series(1, 500) g;
CREATE SCHEMA other; CREATE TABLE other.rates (rate real); INSERT INTO other.rates VALUES (0.5);
"""


@pytest.fixture(scope="module")
def shop(postgres: str) -> str:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(TABLES)
    return postgres


def test_types_are_kept_and_text_stays_text(shop: str) -> None:
    table = ap.read(shop, query="kinds")
    row = table.collect().row(0, named=True)
    assert row["i"] == 1 and row["b"] == 9007199254740993 and row["r"] == 0.1 and row["flag"] is True
    assert row["n"] == 1234.5 and row["fee"] == 5.25
    assert row["wide"] == "12345678901234567890.123"  # more digits than a float holds: text, and that is said
    assert any("'wide' holds decimals" in note for note in table.notes)
    assert row["code"] == "007" and row["padded"] == "ab   " and row["feeling"] == "fine"
    assert row["day"] == date(2024, 1, 31) and row["clock"] == time(12, 30) and row["at"] == datetime(2024, 1, 31, 10)
    assert row["zoned"] == datetime(2024, 1, 31, 8, tzinfo=UTC)
    assert json.loads(row["doc"]) == {"a": 1} and row["id"] == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert row["list"] == [1, 2] and row["gap"] == "1 day 02:00:00" and row["raw"] == b"\x00\xff"
    second = table.collect().row(1, named=True)
    assert second["code"] == "" and {v for k, v in second.items() if k != "code"} == {None}
    assert table.collect().schema["day"] == pl.Date and table.source.kind == "postgresql"
    assert "geheim" not in table.source.uri


def test_queries_schemas_and_names_that_come_twice(shop: str) -> None:
    counted = ap.read(shop, query="SELECT code AS c, price AS c, count(*) FROM orders GROUP BY 1, 2 ORDER BY 1 -- all")
    assert counted.collect().columns == ["c", "c_2", "count"] and counted.collect().row(0) == ("0001", 1.5, 1)
    assert ap.read(shop + "#other.rates").collect().rows() == [(0.5,)]
    assert ap.profile(shop, query="orders").columns.filter(pl.col("column") == "code")["semantic"].item() == "code"


def test_tables_are_listed_when_none_is_named(shop: str) -> None:
    with pytest.raises(InputError, match=r"holds 3 tables \(kinds, orders, other\.rates\); name one with --query"):
        ap.read(shop)
    with pytest.raises(InputError, match="there is no table 'ordesr'; did you mean 'orders'"):
        ap.read(shop, query="ordesr")


def test_nothing_is_written_and_errors_are_one_line(shop: str) -> None:
    for query in (
        "DROP TABLE orders",
        "DELETE FROM orders RETURNING id",
        "SELECT nope FROM orders",
        "SELECT 1; SELECT 2",
    ):
        with pytest.raises(InputError) as caught:
            ap.read(shop, query=query)
        assert "\n" not in str(caught.value) and "geheim" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        ap.read(shop, query="WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone")
    assert ap.read(shop, query="orders").collect().height == 500
    with pytest.raises(InputError, match="check the user and the password") as caught:
        ap.read(shop.replace("geheim", "falsch"), query="orders")
    assert "falsch" not in str(caught.value)
    host, _, _ = shop.rpartition(":")
    with pytest.raises(InputError, match="is the server running"):
        ap.read(f"{host}:1/postgres", query="orders")


def test_any_other_driver_goes_through_sqlalchemy(shop: str) -> None:
    pytest.importorskip("psycopg")
    other = shop.replace("postgresql://", "postgresql+psycopg://")
    frame = ap.read(other, query="SELECT i, n, code, id, day FROM kinds ORDER BY i").collect()
    assert frame.row(0) == (1, 1234.5, "007", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", date(2024, 1, 31))
    assert frame.schema["id"] == pl.String
    with pytest.raises(InputError, match="holds"):
        ap.read(other)
