"""Databases behind an address: PostgreSQL through ADBC, every other through SQLAlchemy."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep.errors import InputError
from autoprep.reading.addresses import POSTGRES, Address
from autoprep.reading.embedded import Answer
from autoprep.reading.tablenames import as_query

if TYPE_CHECKING:
    import pyarrow as pa

_WAIT_S = 10
#: PostgreSQL types that arrive as they are; the server casts every other to text, so that nothing is reinterpreted.
_KEPT = re.compile(
    r"_?(?:int[248]|oid|float[48]|bool|text|varchar|bpchar|name|date|timestamp|timestamptz|bytea)|time|char"
)
_LIST_POSTGRES = """
SELECT CASE WHEN n.nspname = ANY (current_schemas(false)) THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1
"""


def read_server(address: Address, query: str | None) -> Answer:
    """Rows of a table or query; the session is read-only where the database knows such sessions.

    Returns:
        the rows under names c0, c1, ...; the names that the database gave; notes.

    Raises:
        InputError: no driver is installed, the server cannot be reached, or the query is wrong.
    """
    if address.scheme in POSTGRES and not address.driver and _installed("adbc_driver_postgresql"):
        return _postgres(address, query)
    if _installed("sqlalchemy"):
        return _sqlalchemy(address, query)
    raise InputError(
        f"reading a {address.scheme} database needs a driver", where=address.shown, hint="pip install 'autoprep[sql]'"
    )


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _postgres(address: Address, query: str | None) -> Answer:
    import adbc_driver_manager
    import adbc_driver_postgresql.dbapi as adbc

    uri = re.sub(r"^postgres\w*://", "postgresql://", address.uri)
    if "connect_timeout" not in uri:
        uri += ("&" if "?" in uri else "?") + f"connect_timeout={_WAIT_S}"
    try:
        with adbc.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
            cursor.execute(_LIST_POSTGRES)
            tables = [str(row[0]) for row in cursor.fetchall()]
            sql, _, notes = as_query(query, tables, address.shown)
            cursor.execute(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0")
            fields = list(cursor.fetch_arrow_table().schema)
            names = [field.name for field in fields]
            inner = ", ".join(f"c{i}" for i in range(len(names)))
            asked = ", ".join(_projected(f"c{i}", field) for i, field in enumerate(fields))
            cursor.execute(f"SELECT {asked} FROM (\n{sql}\n) AS q({inner})" if fields else sql)
            frame = pl.DataFrame(cursor.fetch_arrow_table())
    except adbc_driver_manager.Error as error:
        raise _cannot(address, str(error)) from None
    numbers = [f"c{i}" for i, field in enumerate(fields) if _kind(field) in ("numeric", "money")]
    return _with_numbers(frame, numbers), names, notes


def _kind(field: pa.Field) -> str:
    said = (field.metadata or {}).get(b"POSTGRESQL:type", b"")
    return bytes(said).decode()


def _projected(column: str, field: pa.Field) -> str:
    kind = _kind(field)
    if _KEPT.fullmatch(kind):
        return column
    return f"{column}::numeric::text AS {column}" if kind == "money" else f"{column}::text AS {column}"


def _with_numbers(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Decimals that came as text, with the scale that they show; text stays where 38 digits are too few."""
    for name in columns:
        text = frame[name]
        places = text.str.extract(r"\.(\d+)$").str.len_bytes().max()
        scale = int(places) if isinstance(places, int) else 0
        made = text.cast(pl.Decimal(38, scale), strict=False) if scale <= 37 else text.str.slice(0, 0)
        special = text.is_in(["NaN", "Infinity", "-Infinity"])
        if made.null_count() == text.null_count():
            frame = frame.with_columns(made.alias(name))
        elif special.any():
            frame = frame.with_columns(text.cast(pl.Float64, strict=False).alias(name))
    return frame


def _sqlalchemy(address: Address, query: str | None) -> Answer:
    import sqlalchemy
    from sqlalchemy import exc

    try:
        engine = sqlalchemy.create_engine(address.uri)
    except (exc.NoSuchModuleError, ImportError) as error:
        missing = str(error).split("No module named ")[-1].strip("'\"") if "No module named" in str(error) else ""
        need = f"the package '{missing}'" if missing else f"an SQLAlchemy dialect named '{address.scheme}'"
        raise InputError(
            f"reading this address needs {need}", where=address.shown, hint="install it with pip"
        ) from None
    except exc.ArgumentError as error:
        raise _cannot(address, str(error)) from None
    try:
        with engine.connect() as connection:
            inspector = sqlalchemy.inspect(connection)
            tables = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
            sql, table, notes = as_query(query, tables, address.shown)
            if table:
                sql = f"SELECT * FROM {engine.dialect.identifier_preparer.quote(table)}"
            answer = connection.execute(sqlalchemy.text(sql.replace(":", "\\:")))
            names = list(answer.keys())
            inner = [f"c{i}" for i in range(len(names))]
            frame = _rows(answer.fetchall(), inner)
    except (exc.SQLAlchemyError, ImportError) as error:
        raise _cannot(address, str(getattr(error, "orig", None) or error)) from None
    finally:
        engine.dispose()
    return frame, names, notes


def _rows(rows: Sequence[Any], names: list[str]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None, strict=False)
    foreign = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    return frame.with_columns(
        pl.Series(name, [None if v is None else str(v) for v in frame[name]], dtype=pl.String) for name in foreign
    )


def _cannot(address: Address, said: str) -> InputError:
    line = " ".join(address.scrubbed(said).split())
    line = line.split(" Query was: ")[0]
    line = re.sub(r"^.*?(?:ERROR: |FATAL: |error: )", "", line) if len(line) > 60 else line
    hint = None
    if re.search(r"password|authentication", said, re.I):
        hint = "check the user and the password in the address"
    elif re.search(r"refused|could not translate|timeout|timed out|could not connect|connection to server", said, re.I):
        hint = "is the server running, and reachable from here?"
    return InputError(f"the database cannot be read ({line[:220]})", where=address.shown, hint=hint)
