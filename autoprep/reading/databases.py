"""Read a table or query of a database into typed columns."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from autoprep.reading import embedded, sources
from autoprep.reading.addresses import Address
from autoprep.reading.names import column_names
from autoprep.reading.servers import read_server
from autoprep.types import Source, Table


def read_database_file(path: Path, kind: str, query: str | None) -> Table:
    """Read an SQLite or DuckDB file.

    Raises:
        InputError: see ``embedded``.
    """
    reader = embedded.read_sqlite if kind == "sqlite" else embedded.read_duckdb
    frame, names, notes = reader(path, query)
    size = path.stat().st_size
    origin = Source(str(path), kind, size, sources.sha256(path) if size <= sources.HASH_LIMIT else None)
    return _table(frame, names, origin, notes, query or path.stem)


def read_address(address: Address, query: str | None) -> Table:
    """Read from a database's address.

    Raises:
        InputError: see ``servers``.
    """
    asked = query or address.part or None
    if address.scheme in embedded.KINDS and not address.driver:
        return read_database_file(sources.locate(address.path), address.scheme, asked)
    frame, names, notes = read_server(address, asked)
    return _table(frame, names, Source(address.shown, address.scheme), notes, asked or "table")


def _table(frame: pl.DataFrame, given: list[str], origin: Source, notes: tuple[str, ...], asked: str) -> Table:
    names, headers = column_names(given)
    frame.columns = names
    short = asked if len(asked.split()) == 1 else "query"
    return Table(frame.lazy(), origin, headers=headers, notes=notes, name=short)
