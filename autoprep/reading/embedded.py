"""SQLite and DuckDB files: their tables, read without changing the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from autoprep.errors import InputError
from autoprep.reading.tablenames import as_query

#: The kinds of file.
KINDS = ("sqlite", "duckdb")
#: Rows under the names c0, c1, ...; the names that the database gave; notes.
Answer = tuple[pl.DataFrame, list[str], tuple[str, ...]]

_FETCH = 1 << 16
_COLUMNS_AT_ONCE = 200
_SAFE = 1 << 53
#: Types of DuckDB that have no exact or no supported twin in Polars, and what they are read as.
_RECAST = {"INTERVAL": "VARCHAR", "UUID": "VARCHAR", "BIT": "VARCHAR", "HUGEINT": "DECIMAL(38,0)", "BIGNUM": "VARCHAR",
           "UHUGEINT": "VARCHAR", "TIME WITH TIME ZONE": "VARCHAR", "JSON": "VARCHAR", "VARINT": "VARCHAR"}  # fmt: skip


def read_sqlite(path: Path, query: str | None) -> Answer:
    """Rows of a table or query of an SQLite file.

    A column has the type of the values in it, since SQLite binds none to a column: integers, reals, text, blobs; where
    text stands among numbers the column is text, each value as it is.

    Raises:
        InputError: the file is damaged, the query is wrong, or the table was not named and there are several.
    """
    with sqlite_connection(path) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        tables = [name for (name,) in found]
        sql, table, notes = as_query(query, tables, str(path))
        boolean = _declared_boolean(connection, table) if table else set()
        names = [d[0] for d in connection.execute(f"SELECT * FROM (\n{sql}\n) LIMIT 0").description]
        inner = ", ".join(f"c{i}" for i in range(len(names)))
        kinds = _storage(connection, sql, inner, len(names))
        schema = {f"c{i}": _dtype(kinds[i], name in boolean) for i, name in enumerate(names)}
        cursor = connection.execute(f"WITH q({inner}) AS (\n{sql}\n) SELECT * FROM q")
        pieces = [pl.DataFrame(schema=schema)]
        while rows := cursor.fetchmany(_FETCH):
            pieces.append(pl.DataFrame(rows, schema=schema, orient="row", strict=False))
    mixed = [n for n, k in zip(names, kinds, strict=True) if k[2] and any((k[0], k[1], k[3]))]
    if mixed:
        shown = ", ".join(f"'{n}'" for n in mixed[:5])
        notes = (*notes, f"Text stands among numbers or blobs in {shown}: read as text.")
    return pl.concat(pieces), names, notes


@contextmanager
def sqlite_connection(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, opened for reading only; text that is no UTF-8 is taken as Windows-1252.

    Raises:
        InputError: the file is damaged, or what is asked of it is wrong.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            connection.text_factory = _as_text
            yield connection
    except sqlite3.Error as error:
        raise InputError(f"the SQLite database cannot be read ({error})", where=str(path)) from error


def _as_text(data: bytes) -> str:
    return data.decode("utf-8", errors="autoprep_cp1252")


def _declared_boolean(connection: sqlite3.Connection, table: str) -> set[str]:
    found = connection.execute("SELECT name, type FROM pragma_table_info(?)", [table])
    return {name for name, kind in found if kind.upper() in ("BOOLEAN", "BOOL")}


def _storage(connection: sqlite3.Connection, sql: str, inner: str, width: int) -> list[tuple[int, ...]]:
    """Per column: how many integers, reals, texts and blobs, integers beyond 2^53, and integers other than 0 and 1."""
    out: list[tuple[int, ...]] = []
    for at in range(0, width, _COLUMNS_AT_ONCE):
        asked = []
        for i in range(at, min(width, at + _COLUMNS_AT_ONCE)):
            whole = f"typeof(c{i}) = 'integer'"
            asked += [f"TOTAL(typeof(c{i}) = '{kind}')" for kind in ("integer", "real", "text", "blob")]
            asked.append(f"TOTAL({whole} AND (c{i} > {_SAFE} OR c{i} < -{_SAFE}))")
            asked.append(f"TOTAL({whole} AND c{i} NOT IN (0, 1))")
        answer = connection.execute(f"WITH q({inner}) AS (\n{sql}\n) SELECT {', '.join(asked)} FROM q").fetchone()
        out += [tuple(int(v) for v in answer[i : i + 6]) for i in range(0, len(answer), 6)]
    return out


def _dtype(kinds: tuple[int, ...], boolean: bool) -> pl.DataType:
    whole, real, text, blob, large, beyond = kinds
    if text or (blob and (whole or real)) or (real and large):
        return pl.String()
    if blob:
        return pl.Binary()
    if real:
        return pl.Float64()
    if not whole:
        return pl.Boolean() if boolean else pl.String()
    return pl.Boolean() if boolean and not beyond else pl.Int64()


def read_duckdb(path: Path, query: str | None) -> Answer:
    """Rows of a table or query of a DuckDB file, with their types; intervals, UUIDs and bits are text.

    Raises:
        InputError: duckdb is not installed, the file is locked or damaged, or the query is wrong.
    """
    with duckdb_connection(path) as connection:
        listed = connection.execute(
            "SELECT CASE WHEN table_schema = 'main' THEN table_name ELSE table_schema || '.' || table_name END "
            "FROM information_schema.tables WHERE table_catalog = current_database() ORDER BY 1"
        ).fetchall()
        sql, _, notes = as_query(query, [name for (name,) in listed], str(path))
        described = connection.execute(f"DESCRIBE {sql}").fetchall()
        names = [row[0] for row in described]
        inner = ", ".join(f"c{i}" for i in range(len(names)))
        cast = [_recast(f"c{i}", row[1]) for i, row in enumerate(described)]
        found = connection.sql(f"SELECT {', '.join(cast)} FROM (\n{sql}\n) AS q({inner})")
        frame = pl.DataFrame(found.to_arrow_table())
    return frame, names, notes


@contextmanager
def duckdb_connection(path: Path) -> Iterator[Any]:
    """The file, opened for reading only; Python's own frames are not looked up as tables.

    Raises:
        InputError: duckdb is not installed, the file is locked or damaged, or what is asked of it is wrong.
    """
    try:
        import duckdb
    except ImportError:
        raise InputError(
            "reading a DuckDB file needs the package 'duckdb'", where=str(path), hint="pip install 'autoprep[sql]'"
        ) from None
    try:
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            connection.execute("SET python_enable_replacements = false")
            yield connection
    except duckdb.Error as error:
        said = str(error).strip().split("\n")[0]
        raise InputError(f"the DuckDB database cannot be read ({said[:200]})", where=str(path)) from error


def _recast(column: str, kind: str) -> str:
    target = _RECAST.get(kind) or ("VARCHAR" if kind.startswith(("UNION", "MAP", "GEOMETRY", "VARIANT")) else "")
    return f"CAST({column} AS {target}) AS {column}" if target else column
