"""Read any source into a Table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from autoprep.errors import InputError
from autoprep.reading import folders, sources
from autoprep.reading.text import read_text
from autoprep.reading.typed import read_frame, read_typed
from autoprep.types import Dialect, Event, Listener, Source, Table, silent

_HASH_LIMIT = 1 << 30


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
        source: a path, folder or glob, or any frame that speaks the Arrow PyCapsule interface.
        dialect: how the text is laid out; found out when None.
        sheet: name or 1-based number of a workbook's sheet; the first when None.
        query: SQL to run when the source is a database.
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
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if folders.is_many(path):
            return folders.read_many(path, lambda one: _read_path(one, dialect, sheet, listener))
        return _read_path(path, dialect, sheet, listener)
    frame, headers, notes = read_frame(source)
    return Table(frame, Source(type(source).__name__, "frame"), headers=headers, notes=notes)


def _read_path(path: Path, dialect: Dialect | None, sheet: str | int | None, listener: Listener) -> Table:
    sources.locate(path)
    if path.is_dir():
        raise InputError("this is a folder", where=str(path))
    opened = sources.open_file(path)
    listener(Event("read", f"Reading {path.name} ({opened.kind}, {opened.size:,} bytes)."))
    hashed = sources.sha256(path) if opened.size <= _HASH_LIMIT else None
    origin = Source(str(path), "csv" if opened.kind == "text" else opened.kind, opened.size, hashed)
    if opened.kind == "text":
        found = read_text(opened.bytes(), dialect, None if opened.compression else path)
        return Table(
            found.frame,
            origin,
            found.dialect,
            found.rejected,
            found.headers,
            found.notes,
            table_name(path.name),
            found.realigned,
        )
    frame, headers, notes = read_typed(opened, sheet)
    return Table(frame, origin, headers=headers, notes=notes, name=table_name(path.name))


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
