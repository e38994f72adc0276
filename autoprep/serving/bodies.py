"""Rows out of the body of a request: JSON, CSV, Arrow IPC and Parquet, each measured before it is unfolded."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep.cleaning.given import WHOLE, Given
from autoprep.errors import AutoprepError
from autoprep.reading.names import column_names
from autoprep.serving.limits import Limits, Refused
from autoprep.serving.unfold import FILE_MARK, unfolds_to
from autoprep.types import Plan

if TYPE_CHECKING:
    import pyarrow as pa

JSON, CSV = "application/json", "text/csv"
ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
#: Content types that are read, and their other names.
KINDS: Mapping[str, str] = {
    JSON: JSON,
    "text/json": JSON,
    CSV: CSV,
    "application/csv": CSV,
    ARROW: ARROW,
    "application/vnd.apache.arrow.file": ARROW,
    PARQUET: PARQUET,
    "application/x-parquet": PARQUET,
    "application/parquet": PARQUET,
}
_PLAIN = Given(Plan()).text
_PACKED = (b"\x1f\x8b", b"PK", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1", b"\x04\x22\x4d\x18")
#: Requests of up to so many rows, and so many bytes, are read without a frame.
FEW_ROWS, FEW_BYTES = 8, 1 << 16
#: Different sets of keys that the rows of one JSON request may have.
KEY_SETS = 32


@dataclass(frozen=True)
class Rows:
    """Raw rows of a request.

    Attributes:
        frame: as the source held them.
        parts: numbers of the rows that have the same keys, with those keys; () when all rows have all.
        notes: what the sender should know.
    """

    frame: pl.DataFrame
    parts: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = ()
    notes: tuple[str, ...] = ()


#: What a JSON value is as the text of a column that holds other text besides.
Written = Callable[[str, str | float | bool], str | None]


def rows_of(body: bytes, content_type: str, limits: Limits, written: Written | None = None) -> Rows:
    """Read the rows of a body; ``written`` says how a column writes the numbers that stand among its texts in JSON.

    Raises:
        Refused: 415 a kind that is not read; 400 damaged; 413 too many or too large; 422 not rows.
    """
    kind = KINDS.get(content_type.split(";")[0].strip().lower())
    if kind is None:
        said = content_type.split(";")[0].strip()[:60] or "none"
        raise Refused(
            415,
            f"the content type is {said}",
            where="the request",
            hint="send " + ", ".join((JSON, CSV, ARROW, PARQUET)),
        )
    if not body:
        raise Refused(400, "the body is empty", where="the request")
    rows = _read_json(body, limits, written) if kind == JSON else _READERS[kind](body, limits)
    if rows.frame.height > limits.rows:
        raise Refused(413, f"{rows.frame.height:,} rows in one request", hint=f"at most {limits.rows:,}")
    if rows.frame.width > limits.columns:
        raise Refused(413, f"{rows.frame.width:,} columns in one request", hint=f"at most {limits.columns:,}")
    if rows.frame.width == 0:
        raise Refused(422, "there is no column", where="the request", hint="send rows with the columns of /contract")
    nested = [name for name, dtype in rows.frame.schema.items() if dtype.is_nested() or dtype == pl.Object]
    if nested:
        raise Refused(422, "holds lists or records", where=f"column '{nested[0][:80]}'", hint="send one value per cell")
    return rows


def few_records(
    body: bytes, content_type: str, limits: Limits, known: Set[str] = frozenset()
) -> list[dict[str, Any]] | None:
    """The rows of a small JSON body as they came; None for any other body, which ``rows_of`` reads or refuses.

    Args:
        body: of the request. content_type: its kind. limits: what a request may hold.
        known: names of the model's columns; a key that is none of them is read as a header of a file is.

    Example:
        >>> few_records(b'{"rows": [{" age ": 7}]}', "application/json", Limits(), {"age"})
        [{'age': 7}]
    """
    kind = KINDS.get(content_type.split(";")[0].strip().lower())
    if kind != JSON or not body or len(body) > min(FEW_BYTES, limits.json_bytes):
        return None
    try:
        said = _DECODER.decode(body.decode())
    except (RecursionError, ValueError):
        return None
    if isinstance(said, dict) and isinstance(said.get("rows"), list):
        said = said["rows"]
    records = [said] if isinstance(said, dict) else said
    if not isinstance(records, list) or not 0 < len(records) <= min(FEW_ROWS, limits.rows):
        return None
    if not all(isinstance(record, dict) and 0 < len(record) <= limits.columns for record in records):
        return None
    return [record if known >= record.keys() else _named(record) for record in records]


def _named(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its keys as reading names columns of such headers: without padding, single blanks inside."""
    return record if _tidy(record) else dict(zip(column_names(tuple(record))[0], record.values(), strict=True))


def _tidy(keys: Iterable[str]) -> bool:
    return all(key and " ".join(key.split()) == key for key in keys)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _read_json(body: bytes, limits: Limits, written: Written | None = None) -> Rows:
    if len(body) > limits.json_bytes:
        hint = f"at most {limits.json_bytes:,}; send CSV, Arrow or Parquet"
        raise Refused(413, f"{len(body):,} bytes of JSON in one request", hint=hint)
    try:
        said = json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise Refused(400, "the JSON is nested too deeply", where="the request") from error
    except ValueError as error:
        raise Refused(400, f"the body is not JSON ({str(error)[:200]})", where="the request") from error
    if isinstance(said, dict) and isinstance(said.get("rows"), list):
        said = said["rows"]
    records = [said] if isinstance(said, dict) else said
    if not isinstance(records, list) or not records:
        raise Refused(422, "there are no rows", where="the request", hint='send {"rows": [{"column": "value"}]}')
    if len(records) > limits.rows:
        raise Refused(413, f"{len(records):,} rows in one request", hint=f"at most {limits.rows:,}")
    return records_of(records, limits, written)


def records_of(records: Sequence[Any], limits: Limits, written: Written | None = None) -> Rows:
    """Rows of JSON objects; ``written``: see ``rows_of``.

    Raises:
        Refused: a row is no object, or has other keys than many others; a cell holds no single value or is too long.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            raise Refused(422, "is not an object of column and value", where=f"row {number}")
        groups.setdefault(tuple(record), []).append(number)
        if len(groups) > KEY_SETS:
            raise Refused(422, f"rows have more than {KEY_SETS} different sets of keys", where=f"row {number}")
    if not all(map(_tidy, groups)):
        return records_of([_named(record) for record in records], limits, written)
    names = list(dict.fromkeys(name for keys in groups for name in keys))
    if len(names) > limits.columns:
        raise Refused(413, f"{len(names):,} columns in one request", hint=f"at most {limits.columns:,}")
    columns = [_column(name, [record.get(name) for record in records], limits, written) for name in names]
    same = len({frozenset(keys) for keys in groups}) == 1
    parts = () if same else tuple((keys, tuple(rows)) for keys, rows in groups.items())
    return Rows(pl.DataFrame(columns), parts)


def _column(name: str, cells: list[Any], limits: Limits, written: Written | None) -> pl.Series:
    kinds = {type(cell) for cell in cells} - {type(None)}
    if dict in kinds or list in kinds:
        at = next(i for i, cell in enumerate(cells) if isinstance(cell, dict | list))
        raise Refused(422, "holds a list or a record", where=f"row {at}, column '{name[:80]}'", hint="send one value")
    try:
        if kinds <= {bool}:
            return pl.Series(name, cells, dtype=pl.Boolean if kinds else pl.Null)
        if kinds == {int} and all(cell is None or -(2**63) <= cell < 2**63 for cell in cells):
            return pl.Series(name, cells, dtype=pl.Int64)
        if kinds == {float} or (kinds == {int, float} and all(c is None or abs(c) <= WHOLE for c in cells)):
            return pl.Series(name, [None if c is None else float(c) for c in cells], dtype=pl.Float64)
        write = written or _PLAIN
        texts = cells if kinds == {str} else [None if cell is None else write(name, cell) for cell in cells]
        made = pl.Series(name, texts, dtype=pl.String)
    except (UnicodeEncodeError, OverflowError, ValueError) as error:
        raise Refused(422, "holds text that is not Unicode", where=f"column {name[:80]!r}") from error
    longest: Any = made.str.len_bytes().max()
    if (longest or 0) > limits.cell_chars:
        raise Refused(413, f"a cell of {longest:,} bytes", where=f"column '{name[:80]}'")
    return made


def _read_csv(body: bytes, limits: Limits) -> Rows:
    from autoprep import reading

    if body.startswith(_PACKED):
        raise Refused(415, "the body is packed, not text", where="the request", hint="send the text itself")
    if body.count(b"\n") > limits.rows + 1000:
        raise Refused(413, f"more than {limits.rows:,} lines in one request")
    with tempfile.TemporaryDirectory(prefix="autoprep-") as folder:
        file = Path(folder) / "request.csv"
        file.write_bytes(body)
        try:
            table = reading.read(file)
            frame = table.collect()
        except AutoprepError as error:
            raise Refused(400, error.what, where="the request", hint=error.hint) from error
        except (pl.exceptions.PolarsError, UnicodeError, ValueError) as error:
            raise Refused(400, f"the body is not CSV ({str(error)[:200]})", where="the request") from error
    said = f"{table.rejected.height:,} lines could not be read" if table.rejected.height else ""
    return Rows(frame, notes=tuple(n for n in (said, *table.notes) if n))


def _read_arrow(body: bytes, limits: Limits) -> Rows:
    import pyarrow as pa

    unfolds_to(body, limits)
    try:
        opened = pa.ipc.open_file if body.startswith(FILE_MARK) else pa.ipc.open_stream
        with opened(pa.py_buffer(body)) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, ValueError, OSError, MemoryError, KeyError) as error:
        raise Refused(400, f"the body is not Arrow IPC ({str(error)[:200]})", where="the request") from error
    return Rows(_from_arrow(table, limits))


def _read_parquet(body: bytes, limits: Limits) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(BytesIO(body))
        texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        file = pq.ParquetFile(BytesIO(body), read_dictionary=texts)
        held = file.metadata
        if held.num_rows > limits.rows or held.num_columns > limits.columns:
            raise Refused(
                413, f"{held.num_rows:,} rows of {held.num_columns:,} columns", hint=f"at most {limits.rows:,}"
            )
        unfolded = sum(held.row_group(i).total_byte_size for i in range(held.num_row_groups))
        if unfolded > limits.table_bytes:
            raise Refused(413, "the rows unfold to too many bytes", hint=f"at most {limits.table_bytes:,}")
        table = file.read()
    except (pa.ArrowException, ValueError, OSError, MemoryError, KeyError, TypeError) as error:
        raise Refused(400, f"the body is not Parquet ({str(error)[:200]})", where="the request") from error
    return Rows(_from_arrow(table, limits))


def _from_arrow(table: pa.Table, limits: Limits) -> pl.DataFrame:
    """A frame; text that a dictionary would unfold beyond the limit is refused before it does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(set(table.column_names)) < table.num_columns:
        raise Refused(422, "a column name is used twice", where="the request")
    total = 0
    for column in table.columns:
        total += column.nbytes
        if not pa.types.is_dictionary(column.type):
            continue
        for chunk in column.chunks:
            if pa.types.is_string(chunk.type.value_type) or pa.types.is_large_string(chunk.type.value_type):
                lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
                total += pc.sum(lengths).as_py() or 0
    if total > limits.table_bytes:
        raise Refused(413, "the rows unfold to too many bytes", hint=f"at most {limits.table_bytes:,}")
    try:
        frame = pl.DataFrame(pl.from_arrow(table))
    except (pl.exceptions.PolarsError, pa.ArrowException, ValueError, TypeError) as error:
        raise Refused(422, f"a type that is not read ({str(error)[:200]})", where="the request") from error
    frame.columns = column_names(frame.columns)[0]
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


_READERS: Mapping[str, Callable[[bytes, Limits], Rows]] = {
    CSV: _read_csv,
    ARROW: _read_arrow,
    PARQUET: _read_parquet,
}
