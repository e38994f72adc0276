"""Read the rows of a text whose layout is known: regular records at full speed, the others one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from autoprep.reading.cells import split
from autoprep.reading.content import Data, scratch
from autoprep.reading.layout import header_likeness
from autoprep.reading.places import Places, Shape, find_places
from autoprep.reading.ragged import Mended, Realigner, mend_all
from autoprep.reading.scan import Odd, Positions, regular_spans
from autoprep.reading.spill import write_regular
from autoprep.types import empty_rejected

_LINES = {"line": pl.Int64, "text": pl.String, "reason": pl.String}
_MAX_JOINED = 60
_SAMPLE = 1 << 16


@dataclass(frozen=True)
class Body:
    """Rows, lines that are no rows, records that were put right, and what was noticed."""

    frame: pl.LazyFrame
    rejected: pl.DataFrame = field(default_factory=empty_rejected)
    realigned: pl.DataFrame = field(default_factory=empty_rejected)
    quoted: int = 0
    rows: int = 0


def read_body(data: Data, shape: Shape, path: Path | None) -> Body:
    """Read the rows.

    Args:
        data: the text in UTF-8.
        shape: where and how.
        path: the file that holds exactly ``data``, so that it can be scanned lazily; None when there is none.
    """
    places = find_places(data, shape)
    if places is None:
        return _slowly(bytes(data), shape)
    found, options = places.found, _options(shape, places.byte)
    if not len(found.skips) and path is not None and places.view is data:
        frame = pl.scan_csv(path, skip_lines=shape.line - 1, glob=False, schema=_regular(shape), **options)
        if shape.end < len(data):
            frame = frame.head(found.records)
        return Body(_widened(_emptied(frame), shape), quoted=found.quoted, rows=found.records)
    restore = _restoring(shape, places.byte)
    mended, table = mend(places)
    if table is None:
        target = scratch()
        rows = write_regular(
            target, places.view, shape, chr(places.byte), found, mended.fixed, places.start, places.end
        )
        plain_names = {f"c{i}": name for i, name in enumerate(shape.names)}
        everything = dict.fromkeys(plain_names, pl.String)
        frame = pl.scan_csv(target, glob=False, schema=everything, **(options | {"has_header": True}))
        frame = frame.rename(plain_names)
        frame = frame.with_columns(restore) if restore is not None else frame
        return Body(_emptied(frame), mended.rejected, mended.realigned, found.quoted, rows)
    shown = _shown(places)
    whole = _in_order(table, mended.fixed, found.skips[:, 0], found.records, shown)
    return Body(_emptied(whole.lazy()), mended.rejected, mended.realigned, found.quoted, whole.height)


def mend(places: Places) -> tuple[Mending, pl.DataFrame | None]:
    """Put the odd records right that can be; and the regular rows, where they are held in memory."""
    shape, view, found = places.shape, places.view, places.found
    spans = regular_spans(found.skips, places.start, places.end)
    schema, options = _regular(shape), _options(shape, places.byte)
    if places.large:
        mark = bytes([shape.newline])
        pieces = (view[a : min(b, a + _SAMPLE)] for a, b in spans[:64].tolist())
        few = b"".join(piece[: piece.rfind(mark) + 1] for piece in pieces)
        example = pl.read_csv(few, schema=schema, ignore_errors=True, **options) if few else pl.DataFrame(schema=schema)
        mended = _mended(_widened(example.lazy(), shape, "").collect(), found.odd, view, shape, places.byte)
        return _writable(mended, found.odd, shape, chr(places.byte)), None
    joined = b"".join(view[a:b] for a, b in spans.tolist())
    table = pl.read_csv(joined, schema=schema, **options) if joined else pl.DataFrame(schema=schema)
    restore = _restoring(shape, places.byte)
    table = table.with_columns(restore) if restore is not None else table
    if len(shape.regular) < len(shape.names):
        table = _widened(table.lazy(), shape, "").collect()
    return _mended(table, found.odd, view, shape, places.byte), table


def _options(shape: Shape, byte: int) -> dict[str, Any]:
    return {
        "has_header": False,
        "separator": chr(byte),
        "quote_char": shape.quote or None,
        "eol_char": chr(shape.newline),
    }


def _regular(shape: Shape) -> dict[str, type[pl.String]]:
    return dict.fromkeys(shape.regular, pl.String)


def _shown(places: Places) -> dict[str, str]:
    """What stands for the delimiter in ``view`` -> the delimiter, where they differ."""
    delimiter = places.shape.delimiter
    return {chr(places.byte): delimiter} if delimiter and chr(places.byte) != delimiter else {}


def _restoring(shape: Shape, byte: int) -> pl.Expr | None:
    """What undoes the stand-ins for escapes and for a long delimiter in the cells; None when there are none."""
    made: pl.Expr | None = None
    if shape.escape:
        made = pl.all().str.replace_all(shape.escape * 2, shape.escape, literal=True)
    if shape.delimiter and chr(byte) != shape.delimiter:
        made = (made if made is not None else pl.all()).str.replace_all(chr(byte), shape.delimiter, literal=True)
    return made


def _widened(frame: pl.LazyFrame, shape: Shape, value: str | None = None) -> pl.LazyFrame:
    """With the columns for which only the header has a cell."""
    more = shape.names[len(shape.regular) :]
    return frame.with_columns(pl.lit(value, dtype=pl.String).alias(name) for name in more) if more else frame


def _emptied(frame: pl.LazyFrame) -> pl.LazyFrame:
    text = pl.all()
    return frame.with_columns(pl.when(text != "").then(text).name.keep())


@dataclass(frozen=True)
class Mending:
    """Place of a record -> its cells; lines that are no rows; lines that were put right."""

    fixed: dict[int, Mended]
    rejected: pl.DataFrame
    realigned: pl.DataFrame


def _writable(mended: Mending, odd: Sequence[Odd], shape: Shape, delimiter: str) -> Mending:
    """Without the records that no text of this dialect can hold: a delimiter in a cell where there are no quotes."""
    if shape.quote:
        return mended
    barred = {i for i, m in mended.fixed.items() if any(delimiter in c or "\n" in c for c in m.cells)}
    lines = {o.line: o.index for o in odd if o.index in barred}
    if not lines:
        return mended
    out = mended.realigned.filter(pl.col("line").is_in(list(lines)))
    said = out.with_columns(reason=pl.lit("a cell holds the delimiter and there are no quotes"))
    fixed = {i: m for i, m in mended.fixed.items() if i not in barred}
    rejected = pl.concat([mended.rejected, said]).sort("line")
    return Mending(fixed, rejected, mended.realigned.join(out, on="line", how="anti"))


def _mended(table: pl.DataFrame, odd: Sequence[Odd], data: Data, shape: Shape, byte: int) -> Mending:
    """Mend the odd records that can be, after the example of regular ones."""
    delimiter = chr(byte) if shape.delimiter else ""
    texts = {o.index: data[o.start : o.end].decode("utf-8", errors="replace") for o in odd}
    rejected: list[tuple[int, str, str]] = []
    work: list[Odd] = []
    for o in odd:
        if o.kind == "header":
            rejected.append((o.line, texts[o.index], "the header again"))
        elif o.kind in ("width", "quote"):
            work.append(o)
    other, work = _other_tables(work, texts, shape, delimiter)
    rejected += other
    joined, work = _joined(work, texts, shape, delimiter)
    mender = Realigner(_examples(table), delimiter, shape.quote, shape.escape)
    fixed, why = mend_all(mender, [(o.index, texts[o.index]) for o in work]) if mender.width else ({}, None)
    fixed = {**fixed, **joined}
    lines = {o.index: o.line for o in odd}
    for o in work:
        if o.index not in fixed:
            rejected.append((o.line, texts[o.index], why(o.index) if why else "no regular row to compare with"))
    realigned = [(lines[i], texts[i], m.how) for i, m in sorted(fixed.items()) if m.how]
    shown = {chr(byte): shape.delimiter} if delimiter != shape.delimiter else {}
    return Mending(fixed, _lines(rejected, shown), _lines(realigned, shown))


def _examples(table: pl.DataFrame) -> list[list[str]]:
    if not table.height:
        return []
    step = max(1, table.height // 600)
    some = table.gather_every(step).head(700) if step > 1 else table.head(700)
    return [["" if c is None else c for c in row] for row in some.rows()]


def _lines(rows: list[tuple[int, str, str]], shown: Mapping[str, str]) -> pl.DataFrame:
    for old, new in shown.items():
        rows = [(line, text.replace(old, new), reason) for line, text, reason in rows]
    return pl.DataFrame(sorted(rows), schema=_LINES, orient="row")


def _in_order(
    table: pl.DataFrame, fixed: Mapping[int, Mended], odd: Positions, total: int, shown: Mapping[str, str]
) -> pl.DataFrame:
    if not fixed:
        return table
    places = sorted(fixed)
    rows = [fixed[i].cells for i in places]
    for old, new in shown.items():
        rows = [[c.replace(old, new) for c in row] for row in rows]
    more = pl.DataFrame(rows, schema=table.schema, orient="row")
    regular = np.delete(np.arange(total), odd)[: table.height]
    order = np.argsort(np.concatenate((regular, np.asarray(places))), kind="stable")
    return pl.concat([table, more])[order.tolist()] if len(order) < 64 else pl.concat([table, more])[pl.Series(order)]


def _other_tables(
    work: list[Odd], texts: Mapping[int, str], shape: Shape, delimiter: str
) -> tuple[list[tuple[int, str, str]], list[Odd]]:
    """Take out runs of records that make up a table of their own: a header and at least two rows of another width."""
    rejected: list[tuple[int, str, str]] = []
    kept: list[Odd] = []
    at = 0
    while at < len(work):
        cells = [split(texts[work[at].index], delimiter, shape.quote, shape.escape)[0]]
        to = at + 1
        while to < len(work) and work[to].index == work[to - 1].index + 1:
            following = split(texts[work[to].index], delimiter, shape.quote, shape.escape)[0]
            if len(following) != len(cells[0]) and (to - at < 3 or not _goes_on(work, to, texts, shape, len(cells[0]))):
                break
            cells.append(following)
            to += 1
        width = len(cells[0])
        if to - at >= 3 and 1 < width != len(shape.names) and header_likeness(cells, width) >= 0.2:
            said = f"another table of {width} columns starts on line {work[at].line}"
            rejected.extend((o.line, texts[o.index], said) for o in work[at:to])
        else:
            kept.extend(work[at:to])
        at = to
    return rejected, kept


def _goes_on(work: list[Odd], at: int, texts: Mapping[int, str], shape: Shape, width: int) -> bool:
    """Whether one of the next few records, without a gap, has a width again."""
    for to in range(at + 1, min(len(work), at + 6)):
        if work[to].index != work[to - 1].index + 1:
            return False
        if len(split(texts[work[to].index], shape.delimiter, shape.quote, shape.escape)[0]) == width:
            return True
    return False


def _joined(
    work: list[Odd], texts: dict[int, str], shape: Shape, delimiter: str
) -> tuple[dict[int, Mended], list[Odd]]:
    """Join neighbouring lines that make one record: a quoted cell with line ends and a stray quote in it."""
    fixed: dict[int, Mended] = {}
    kept: list[Odd] = []
    at, width = 0, len(shape.names)
    while at < len(work):
        taken = 1
        if shape.quote and work[at].kind == "quote" and width > 1:
            whole = texts[work[at].index]
            if split(whole, delimiter, shape.quote, shape.escape)[2] >= 1000:
                for to in range(at + 1, min(len(work), at + _MAX_JOINED)):
                    if work[to].index != work[to - 1].index + 1:
                        break
                    whole += "\n" + texts[work[to].index]
                    if shape.quote not in texts[work[to].index]:
                        continue
                    cells, _, faults = split(whole, delimiter, shape.quote, shape.escape)
                    if len(cells) == width and faults < 10:
                        fixed[work[at].index] = Mended(cells, "a stray quote was kept as text", to - at + 1)
                        texts[work[at].index] = whole
                        taken = to - at + 1
                        break
        if taken == 1:
            kept.append(work[at])
        at += taken
    return fixed, kept


def _slowly(data: bytes, shape: Shape) -> Body:
    """Read record by record: for texts that use every control character."""
    from autoprep.reading.cells import records

    text = data[shape.start : shape.end].decode("utf-8", errors="replace")
    text = text.replace("\r", "\n") if shape.newline == 13 else text.replace("\r\n", "\n")
    rows: list[list[str]] = []
    rejected: list[tuple[int, str, str]] = []
    for record in records(text, shape.delimiter, shape.quote, shape.escape, shape.line):
        if len(record.cells) == len(shape.names):
            rows.append(record.cells)
        elif record.text:
            said = f"{len(record.cells)} cells where {len(shape.names)} are expected"
            rejected.append((record.line, record.text, said))
    table = pl.DataFrame(rows, schema=dict.fromkeys(shape.names, pl.String), orient="row")
    return Body(_emptied(table.lazy()), _lines(rejected, {}), rows=table.height)
