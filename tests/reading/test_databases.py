"""SQLite and DuckDB files, addresses, and object stores without credentials."""

from __future__ import annotations

import functools
import gzip
import http.server
import sqlite3
import threading
from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import InputError
from autoprep.reading.addresses import parse


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE orders (id INTEGER, code TEXT, price REAL, paid BOOLEAN, mixed, day DATE, raw)"
        )
        rows = [
            (1, "007", 1.5, 1, 1, "2024-01-01", b"a"),
            (2, " x ", 2, 0, "two", None, None),
            (3, None, None, None, 0.5, "", b"b"),
        ]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE TABLE people (name TEXT)")
    connection.close()
    return path


def test_sqlite_columns_have_the_type_of_their_values(shop: Path) -> None:
    table = ap.read(shop, query="orders")
    assert table.collect().rows() == [
        (1, "007", 1.5, True, "1", "2024-01-01", b"a"),
        (2, " x ", 2.0, False, "two", None, None),
        (3, None, None, None, "0.5", "", b"b"),
    ]
    assert table.source.kind == "sqlite" and len(table.source.sha256 or "") == 64 and table.name == "orders"
    assert any("'mixed'" in note for note in table.notes)


def test_tables_by_query_by_mark_and_by_address(shop: Path) -> None:
    assert ap.read(shop, query="SELECT count(*) AS n, max(id) FROM orders -- all").collect().rows() == [(3, 3)]
    assert ap.read(f"{shop}#people").collect().schema == {"name": pl.String}
    assert ap.read(f"sqlite:///{shop}#orders").collect().height == 3
    assert ap.read(f"file://{shop}#orders").collect().height == 3
    with pytest.raises(InputError, match=r"holds 2 tables \(orders, people\); name one with --query orders"):
        ap.read(shop)
    with pytest.raises(InputError, match="did you mean 'people'"):
        ap.read(shop, query="peple")
    for wrong in ("DROP TABLE people", "SELECT nope FROM orders", "INSERT INTO people VALUES ('x')"):
        with pytest.raises(InputError, match="cannot be read"):
            ap.read(shop, query=wrong)
    assert ap.read(shop, query="people").collect().height == 0


def test_a_damaged_database_is_one_line(tmp_path: Path, shop: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(shop.read_bytes()[:100] + b"\xff" * 5000)
    with pytest.raises(InputError, match="cannot be read") as caught:
        ap.read(broken)
    assert "\n" not in str(caught.value)


def test_duckdb_files_keep_their_types(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 1.25::DECIMAL(10,2) AS price, 7::HUGEINT AS n, '007' AS code, "
            "DATE '2024-01-31' AS day, INTERVAL 1 DAY AS gap, [1, 2] AS list"
        )
    table = ap.read(path)
    row = table.collect().row(0, named=True)
    assert (row["price"], row["n"], row["code"], row["gap"], row["list"]) == (1.25, 7, "007", "1 day", [1, 2])
    assert table.collect().schema["day"] == pl.Date
    assert table.notes == ("Read 't', the only table.",)
    with pytest.raises(InputError, match="cannot be read"):
        ap.read(path, query="DELETE FROM t")


def test_queries_on_files_run_over_self(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,n\n007,1\n008,2\n009,3\n")
    assert ap.read(path, query="SELECT code FROM self WHERE n > '1'").collect()["code"].to_list() == ["008", "009"]
    with pytest.raises(InputError, match="called self"):
        ap.read(path, query="SELECT nope FROM self")


def test_stores_without_credentials_and_unknown_schemes_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="set AZURE_STORAGE_ACCOUNT_NAME") as caught:
        ap.read("az://container/sales.parquet")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        ap.read("http://127.0.0.1:9/sales.csv")
    with pytest.raises(InputError, match="did you mean 'postgresql'"):
        ap.read("postgresq://db/shop")
    with pytest.raises(InputError, match="needs") as caught:
        ap.read("oracle+no_such_driver://ada:geheim@db/shop")
    assert "geheim" not in str(caught.value)


def test_file_addresses_and_objects_are_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2]})
    frame.write_parquet(tmp_path / "a b.parquet")
    assert ap.read((tmp_path / "a b.parquet").as_uri()).collect().equals(frame)


def test_an_address_shows_no_secret() -> None:
    found = parse("postgresql://ada:s3cret@db/shop?sslpassword=x&sslmode=require#orders")
    assert found is not None and found.part == "orders"
    assert found.shown == "postgresql://ada:***@db/shop?sslpassword=***&sslmode=require"
    assert found.scrubbed("no s3cret here") == "no *** here"


def test_files_of_a_web_server_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;b\n1,5;x\n2,5;y\n")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a;b\n1,5;x\n2,5;y\n"))
    pl.DataFrame({"a": ["1,5", "2,5"], "b": ["x", "y"]}).write_parquet(tmp_path / "t.parquet")
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        for name in ("t.csv", "t.csv.gz", "t.parquet"):
            assert ap.read(f"{base}/{name}").collect().rows() == [("1,5", "x"), ("2,5", "y")]
        with pytest.raises(InputError, match="404"):
            ap.read(f"{base}/nope.csv")
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
