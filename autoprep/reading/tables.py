"""Read any source into a Table."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from autoprep.errors import InputError
from autoprep.reading import embedded, folders, sources
from autoprep.reading.addresses import parse, split_part
from autoprep.reading.content import open_content
from autoprep.reading.databases import read_address, read_database_file
from autoprep.reading.decimals import plain
from autoprep.reading.objects import read_object
from autoprep.reading.text import read_content
from autoprep.reading.typed import read_frame, read_typed
from autoprep.types import Dialect, Event, Listener, Source, Table, silent


def read(
    source: Any,
    *,
    dialect: Dialect | None = None,
    sheet: str | int | None = None,
    query: str | None = None,
    listener: Listener = silent,
) -> Table:
    """Read a table from wherever it is.

    Args:
        source: a path, folder or glob, the address of a database or of an object in a store, or any frame that speaks
            the Arrow PyCapsule interface. ``#`` and a name after a database or workbook says which table or sheet.
        dialect: how the text is laid out; found out when None.
        sheet: name or 1-based number of a workbook's sheet; the first when None.
        query: a table's name or SQL when the source is a database; elsewhere SQL over the table ``self``.
        listener: hears what is being done.

    Returns:
        The table. Cells of text sources are String, an empty cell is null, anything else is kept exactly as it stands.

    Raises:
        InputError: there is no such file, it is empty, or it cannot be read.

    Example:
        >>> import polars as pl
        >>> read(pl.DataFrame({"a": [1, 2]})).collect().shape
        (2, 1)
    """
    if isinstance(source, Table):
        return source
    if not isinstance(source, str | os.PathLike):
        frame, headers, notes = read_frame(source)
        table = Table(frame, Source(type(source).__name__, "frame"), headers=headers, notes=notes)
        return _asked(_exact(table), query)
    address = parse(source) if isinstance(source, str) else None
    if address is not None and address.is_database:
        listener(Event("read", f"Reading from {address.shown}."))
        return _exact(read_address(address, query))
    if address is not None and address.scheme != "file":
        listener(Event("read", f"Scanning {address.shown}."))
        return _asked(_exact(read_object(address, dialect)), query)
    where, part = split_part(str(address.path) if address else os.fspath(source))
    path = Path(where)
    if folders.is_many(path):
        table = folders.read_many(path, lambda one, own: _read_path(one, own or dialect, sheet, None, listener))
        return _asked(table, query)
    return _read_path(path, dialect, sheet if sheet is not None else part or None, query or part or None, listener)


def _exact(table: Table) -> Table:
    frame, notes = plain(table.frame)
    return replace(table, frame=frame, notes=(*table.notes, *notes)) if frame is not table.frame else table


def _asked(table: Table, query: str | None) -> Table:
    """The rows that a query gives, where the source itself cannot run one: SQL over the table ``self``."""
    if query is None:
        return table
    try:
        frame = table.frame.sql(query)
        names = frame.collect_schema().names()
    except pl.exceptions.PolarsError as error:
        said = str(error).strip().split("\n")[0][:200]
        raise InputError(
            f"the query cannot be run ({said})", where=table.source.uri, hint="the table is called self in it"
        ) from error
    headers = {n: h for n, h in table.headers.items() if n in names}
    return replace(table, frame=frame, headers=headers, notes=(*table.notes, "These are the rows of a query."))


def _read_path(
    path: Path, dialect: Dialect | None, sheet: str | int | None, query: str | None, listener: Listener
) -> Table:
    sources.locate(path)
    if path.is_dir():
        raise InputError("this is a folder", where=str(path))
    opened = sources.open_file(path)
    listener(Event("read", f"Reading {path.name} ({opened.kind}, {opened.size:,} bytes)."))
    if opened.kind in embedded.KINDS:
        if opened.compression:
            raise InputError("a compressed database cannot be queried", where=str(path), hint="unpack it first")
        return _exact(read_database_file(path, opened.kind, query))
    hashed = sources.sha256(path) if opened.size <= sources.HASH_LIMIT else None
    origin = Source(str(path), "csv" if opened.kind == "text" else opened.kind, opened.size, hashed)
    if opened.kind == "text":
        found = read_content(open_content(opened, dialect.encoding if dialect else None), dialect)
        table = Table(
            found.frame,
            origin,
            found.dialect,
            found.rejected,
            found.headers,
            found.notes,
            table_name(path.name),
            found.realigned,
        )
        return _asked(table, query)
    typed = read_typed(opened, sheet)
    table = Table(typed.frame, origin, None, typed.rejected, typed.headers, typed.notes, table_name(path.name))
    return _asked(_exact(table), query if opened.kind != "excel" or query != sheet else None)


def table_name(name: str) -> str:
    """A short name for a table out of a file's name.

    Example:
        >>> table_name("sales.2024.csv.gz")
        'sales.2024'
    """
    stem = name
    for suffix in sources.COMPRESSIONS:
        stem = stem.removesuffix(suffix)
    return Path(stem).stem or "table"
