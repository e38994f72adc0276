"""Read any source into a Table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from autoprep.errors import InputError
from autoprep.reading import blocks, embedded, fixed, folders, sources
from autoprep.reading.addresses import parse, split_part
from autoprep.reading.content import open_content
from autoprep.reading.databases import read_address, read_database_file
from autoprep.reading.decimals import plain
from autoprep.reading.extensions import known
from autoprep.reading.layout import LOOK, header_likeness
from autoprep.reading.names import column_names
from autoprep.reading.objects import read_object
from autoprep.reading.splice import Layout
from autoprep.reading.text import NO_HEADER, TextTable, read_content
from autoprep.reading.typed import read_frame, read_typed
from autoprep.types import Dialect, Event, Listener, Source, Table, silent


def read(
    source: Any,
    *,
    dialect: Dialect | None = None,
    sheet: str | int | None = None,
    query: str | None = None,
    table: str | int | None = None,
    listener: Listener = silent,
) -> Table:
    """Read a table from wherever it is.

    Args:
        source: a path, folder or glob, the address of a database or of an object in a store, or any frame that speaks
            the Arrow PyCapsule interface. ``#`` and a name after a database or workbook says which table or sheet.
        dialect: how the text is laid out; found out when None.
        sheet: name or 1-based number of a workbook's sheet; the first when None.
        query: a table's name or SQL when the source is a database; elsewhere SQL over the table ``self``.
        table: one of several tables in one text, by its place from 1; a member of an archive or a list of records in a
            JSON, by its name or place; a sheet of a workbook or table of a database.
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
    table = int(table) if isinstance(table, str) and table.isdecimal() else table
    if not isinstance(source, str | os.PathLike):
        frame, headers, notes = read_frame(source)
        read_in = Table(frame, Source(type(source).__name__, "frame"), headers=headers, notes=notes)
        return _asked(_exact(read_in), query)
    address = parse(source) if isinstance(source, str) else None
    if address is not None and address.is_database:
        listener(Event("read", f"Reading from {address.shown}."))
        return _exact(read_address(address, query))
    if address is not None and address.scheme != "file":
        listener(Event("read", f"Scanning {address.shown}."))
        return _asked(_exact(read_object(address, dialect, sheet if sheet is not None else table)), query)
    where, part = split_part(str(address.path) if address else os.fspath(source))
    path = Path(where)
    if folders.is_many(path):
        many = folders.read_many(path, lambda one, own: _read_path(one, own or dialect, sheet, None, table, listener))
        return _asked(many, query)
    if part and table is None and _is_archive(path):
        table, part = part, ""
    return _read_path(
        path, dialect, sheet if sheet is not None else part or None, query or part or None, table, listener
    )


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def _exact(table: Table) -> Table:
    frame, told = known(table.frame)
    frame, notes = plain(frame)
    return replace(table, frame=frame, notes=(*table.notes, *told, *notes)) if frame is not table.frame else table


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
    path: Path,
    dialect: Dialect | None,
    sheet: str | int | None,
    query: str | None,
    which: str | int | None,
    listener: Listener,
) -> Table:
    sources.locate(path)
    if path.is_dir():
        raise InputError("this is a folder", where=str(path))
    opened = sources.open_file(path, which)
    listener(Event("read", f"Reading {path.name} ({opened.kind}, {opened.size:,} bytes)."))
    if opened.kind in embedded.KINDS:
        if opened.compression:
            raise InputError("a compressed database cannot be queried", where=str(path), hint="unpack it first")
        return _exact(read_database_file(path, opened.kind, query or (str(which) if which is not None else None)))
    hashed = sources.sha256(path) if opened.size <= sources.HASH_LIMIT else None
    origin = Source(str(path), "csv" if opened.kind == "text" else opened.kind, opened.size, hashed)
    if opened.kind == "text":
        return _asked(_read_text(opened, origin, dialect, None if opened.chosen else which), query)
    typed = read_typed(opened, sheet if sheet is not None or opened.chosen else which)
    table = Table(typed.frame, origin, None, typed.rejected, typed.headers, typed.notes, table_name(path.name))
    return _asked(_exact(table), query if opened.kind not in ("excel", "json") or query != sheet else None)


def _read_text(opened: sources.Opened, origin: Source, dialect: Dialect | None, which: str | int | None) -> Table:
    content = open_content(opened, dialect.encoding if dialect else None)
    name, notes, above = table_name(Path(opened.member or opened.path.name).name), list[str](), 0
    if which is not None:
        if not isinstance(which, int):
            raise InputError("the tables of a text have no names", where=str(opened.path), hint="--table 2, say")
        content, block = blocks.part(content, which, str(opened.path))
        above = block.first - 1
        if block.last:
            name = f"{name}_{which}"
            notes.append(f"This is table {which} of the file, lines {block.first} to {block.last}.")
    elif dialect is None and (said := blocks.offered(content)):
        notes.append(said)
    found = read_content(content, dialect)
    if not found.dialect.delimiter and not found.rejected.height:
        found = _by_places(found)
    rejected, realigned = found.rejected, found.realigned
    if above:
        rejected, realigned = (lines.with_columns(pl.col("line") + above) for lines in (rejected, realigned))
    return Table(
        found.frame,
        origin,
        found.dialect,
        rejected,
        found.headers,
        (*notes, *found.notes),
        name,
        realigned,
        layout=Layout(opened, found.dialect.encoding, found.shape) if found.shape and which is None else None,
    )


def _by_places(found: TextTable) -> TextTable:
    """A text of one column as the columns of fixed width that it may hold.

    Its first line was judged as one cell; where its cells are no names it is a row.
    """
    names = found.frame.collect_schema().names()
    if len(names) > 1:
        return found
    header = found.headers.get(names[0], "") if found.dialect.header_rows else ""
    made = fixed.split(found.frame, header)
    notes, dialect = list(found.notes), found.dialect
    sure = "given" in dialect.evidence or fixed.ruled(found.frame)
    if header and not sure and (made is None or _likeness(made.names, made.frame) < 0):
        whole = pl.concat([pl.LazyFrame({names[0]: [header]}), found.frame])
        again = fixed.split(whole, "")
        if again and (score := _likeness(again.frame.head(1).collect().row(0), again.frame.slice(1))) < 0:
            made, header = again, ""
            said = {**dialect.evidence, "header": "values, not names", "header_score": round(score, 3)}
            dialect = replace(dialect, header_rows=0, evidence=said)
            notes.append(NO_HEADER)
    if made is None:
        return found
    names, headers = column_names(made.names)
    notes.append(f"The columns stand at fixed places, {len(names)} in each line.")
    if made.crossing:
        notes.append(
            f"{made.crossing:,} lines have characters between the columns; they count to the one on their left."
        )
    frame = made.frame.rename(dict(zip(map(str, range(len(names))), names, strict=True)))
    headers = headers if header else {}
    return replace(found, frame=frame, dialect=dialect, headers=headers, notes=tuple(notes), shape=None)


def _likeness(first: Sequence[str | None], rows: pl.LazyFrame) -> float:
    """How clearly the first of some rows names the columns of the others; below 0 where it does not."""
    cells = [first, *rows.head(LOOK).collect().rows()]
    return header_likeness([[cell or "" for cell in row] for row in cells], len(first))


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
