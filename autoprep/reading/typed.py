"""Sources whose cells have types already: Parquet, Arrow, JSON, workbooks, frames."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from autoprep.errors import InputError, did_you_mean
from autoprep.reading.names import column_names
from autoprep.reading.sources import Opened
from autoprep.reading.workbook import read_workbook
from autoprep.types import empty_rejected


class Typed(NamedTuple):
    """Rows, name -> header, notes, and rows that are not part of the table."""

    frame: pl.LazyFrame
    headers: dict[str, str]
    notes: tuple[str, ...] = ()
    rejected: pl.DataFrame = empty_rejected()


def read_typed(opened: Opened, sheet: str | int | None) -> Typed:
    """Read a Parquet, Arrow, JSON, NDJSON or workbook file.

    Args:
        opened: the file.
        sheet: name or 1-based number of a workbook's sheet, or of a list of records in a JSON of several.

    Raises:
        InputError: the file is damaged, or the sheet is not there.
    """
    where = str(opened.path)
    try:
        if opened.kind == "parquet":
            frame = pl.scan_parquet(io.BytesIO(opened.bytes()) if opened.compression else opened.path, glob=False)
        elif opened.kind == "arrow":
            frame = _arrow(opened)
        elif opened.kind == "ndjson":
            read, rejected = _ndjson(opened.bytes())
            bad = rejected["line"].to_list()
            said = [f"{len(bad):,} of the lines are no JSON objects (line {bad[0]:,} is the first)."] if bad else []
            named, headers, renamed = _named(read.lazy())
            return Typed(named, headers, (*renamed, *said), rejected)
        elif opened.kind == "json":
            frame, told = _json(opened.bytes(), where, sheet)
            named, headers, renamed = _named(frame)
            return Typed(named, headers, (*renamed, *told))
        else:
            rows, headers, notes, rejected = read_workbook(opened, sheet)
            return Typed(rows.lazy(), headers, notes, rejected)
        return Typed(*_named(frame))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise InputError(f"the {opened.kind} file cannot be read ({_first_line(error)})", where=where) from error


#: Share of lines that may be broken, and be set aside, before a file is refused.
BROKEN = 0.1


def _ndjson(data: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines of JSON; where not all can be read each is looked at, and the broken ones are rejected with their numbers.

    Raises:
        ValueError: a line is broken, and more than a few others are.
    """
    try:
        return pl.read_ndjson(io.BytesIO(data), infer_schema_length=None), empty_rejected()
    except pl.exceptions.PolarsError:
        sound: list[bytes] = []
        broken: list[tuple[int, str, str]] = []
        for number, line in enumerate(data.splitlines(), 1):
            if reason := _fault(line):
                broken.append((number, line.decode("utf-8", errors="replace"), reason))
            elif line.strip():
                sound.append(line)
        if not broken:
            raise
        if len(broken) > max(1, BROKEN * len(sound)) or not sound:
            raise ValueError(f"line {broken[0][0]:,} is {broken[0][2]}") from None
        frame = pl.read_ndjson(io.BytesIO(b"\n".join(sound)), infer_schema_length=None)
        return frame, pl.DataFrame(broken, schema=empty_rejected().schema, orient="row")


def _fault(line: bytes) -> str:
    """Why a line is no JSON object; "" where it is one, or blank."""
    if not line.strip():
        return ""
    try:
        return "" if isinstance(json.loads(line), dict) else "no JSON object"
    except (ValueError, RecursionError):
        return "no JSON"


def read_frame(source: Any) -> tuple[pl.LazyFrame, dict[str, str], tuple[str, ...]]:
    """Take over any frame that speaks the Arrow PyCapsule interface (Polars, pandas, PyArrow, DuckDB, ...).

    Raises:
        InputError: it is no such frame.
    """
    if isinstance(source, pl.LazyFrame):
        return _named(source)
    if isinstance(source, pl.DataFrame):
        return _named(source.lazy())
    if isinstance(source, pl.Series):
        return _named(source.to_frame(source.name or "column_1").lazy())
    if isinstance(source, dict | list):
        return _named(pl.DataFrame(source, strict=False).lazy())
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        labels = getattr(source, "columns", None)
        notes: tuple[str, ...] = ()
        if labels is not None and type(source).__module__.split(".")[0] == "pandas":
            import pandas as pd

            if isinstance(source, pd.DataFrame):
                names = [str(c) for c in labels]
                source = source.set_axis(column_names(names)[0], axis=1)
                if not isinstance(source.index, pd.RangeIndex):
                    notes = ("The index of the pandas frame is not read; call reset_index() to keep it as a column.",)
                source = source.reset_index(drop=True)
                frame, mixed = _of_pandas(source)
                if mixed:
                    notes = (*notes, f"Values of several types stand in {', '.join(mixed[:5])}: read as text.")
                return frame.lazy(), dict(zip(frame.columns, names, strict=True)), notes
        return _named(pl.DataFrame(source).lazy())
    raise InputError(
        f"a {type(source).__name__} cannot be read",
        hint="give a path, a glob, a folder, a database address, or a frame (Polars, pandas, PyArrow, DuckDB)",
    )


def _of_pandas(source: Any) -> tuple[pl.DataFrame, list[str]]:
    """The columns of a pandas frame; one of Python objects of several types becomes text."""
    import pyarrow as pa

    try:
        return pl.DataFrame(source), []
    except (pa.ArrowException, pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        columns, mixed = [], []
    for name in source.columns:
        values = source[name]
        try:
            made = pl.Series(name, values)
        except (pa.ArrowException, pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            made = pl.Series(name, [None if gone else str(v) for v, gone in zip(values, values.isna(), strict=True)])
            mixed.append(f"'{name}'")
        columns.append(made)
    return pl.DataFrame(columns), mixed


def _named(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, dict[str, str], tuple[str, ...]]:
    given = frame.collect_schema().names()
    names, headers = column_names(given)
    renamed = {old: new for old, new in zip(given, names, strict=True) if old != new}
    return (frame.rename(renamed) if renamed else frame), headers, ()


def _arrow(opened: Opened) -> pl.LazyFrame:
    if opened.compression:
        return pl.read_ipc(io.BytesIO(opened.bytes())).lazy()
    return pl.scan_ipc(opened.path, glob=False)


def _json(data: bytes, where: str, which: str | int | None) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """A list of objects, an object of lists, or an object with lists of objects inside, of which one is read; notes."""
    value = json.loads(data.decode("utf-8-sig"))
    notes: tuple[str, ...] = ()
    if isinstance(value, dict):
        tables = {k: v for k, v in value.items() if isinstance(v, list) and v and all(isinstance(x, dict) for x in v)}
        sizes = {k: len(v) for k, v in value.items() if isinstance(v, list)}
        columns = len(sizes) == len(value) > len(tables) and len(set(sizes.values())) == 1
        if columns and (not tables or (which is None and min(sizes.values()) > 1)):
            return pl.DataFrame(value, strict=False).lazy(), ()
        if tables:
            name = _table(list(tables), which, where)
            others = [f"'{k}'" for k in value if k != name]
            said = f"{', '.join(others[:10])}{', ...' if len(others) > 10 else ''}"
            notes = (f"Read '{name}'; beside it the file holds {said}.",) if others else ()
            value = tables[name]
        elif value and len(sizes) == len(value):
            said = ", ".join(f"{k}: {n:,}" for k, n in list(sizes.items())[:5])
            raise InputError(f"the lists of this JSON are of several lengths ({said})", where=where)
        else:
            value = [value]
    if not isinstance(value, list) or not value:
        raise InputError("this JSON holds no rows", where=where, hint="give a list of objects")
    if not all(isinstance(row, dict) for row in value):
        value = [{"value": row} if not isinstance(row, dict) else row for row in value]
    return pl.DataFrame(value, infer_schema_length=None, strict=False).lazy(), notes


_SHOWN = 20


def _table(names: Sequence[str], which: str | int | None, where: str) -> str:
    """The list of records that is asked for by its name or its place from 1, or the only one.

    Raises:
        InputError: there are several and none is asked for, or not this one.
    """
    if which is None:
        if len(names) > 1:
            shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            marked = shlex.quote(f"{Path(where).name}#{names[0]}")
            hint = f"name one with --table {shlex.quote(names[0])}, or as {marked}"
            raise InputError(f"this file holds {len(names)} tables ({shown})", where=where, hint=hint)
        return names[0]
    if str(which) in names:
        return str(which)
    if str(which).isdecimal() and 1 <= int(which) <= len(names):
        return names[int(which) - 1]
    raise InputError(f"this file holds no table '{which}'", where=where, hint=did_you_mean(str(which), names))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
