"""Write a text again with some of its cells changed, everything else byte for byte as it stands."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import polars as pl

from autoprep.lineage import whole_file
from autoprep.reading.body import mend
from autoprep.reading.content import Content, Data, mapped, open_content, unpacked
from autoprep.reading.encodings import Encoding
from autoprep.reading.places import Places, Shape, find_places
from autoprep.reading.ragged import Mended
from autoprep.reading.scan import Positions, bare_stops, blocks
from autoprep.reading.sources import COMPRESSIONS, Opened
from autoprep.types import Table

_PIECE = 1 << 24
_WIDE = ("utf-16", "utf-32")


class SpliceError(Exception):
    """Says why a text cannot be written as it was."""


@dataclass(frozen=True)
class Layout:
    """What is kept of a text that was read so that it can be written again.

    Attributes:
        opened: the file, or the member of an archive.
        encoding: of its bytes.
        shape: how its rows are laid out.
    """

    opened: Opened
    encoding: str
    shape: Shape


def suffix_of(table: Table) -> str:
    """The suffix of the text that a table was read from, without that of its compression; "" for other sources."""
    if not isinstance(table.layout, Layout):
        return ""
    opened = table.layout.opened
    name = (opened.member or opened.path.name).lower()
    for compression in COMPRESSIONS:
        name = name.removesuffix(compression)
    return Path(name).suffix


@dataclass(frozen=True)
class _Edit:
    """Bytes ``first`` to ``last`` of the text in UTF-8 become ``new``."""

    first: int
    last: int
    new: bytes


def splice(layout: Layout, before: pl.DataFrame, after: pl.DataFrame, target: Path) -> int:
    """Write the text with the cells that differ between two frames put in.

    A cell that was quoted stays quoted, another is quoted where it must be. Preamble, header, comments, blank and
    rejected lines, line ends, byte order mark and the cells that do not differ stay as they stand.

    Args:
        layout: of the text.
        before: its rows as they were read, String columns.
        after: the same rows and columns with other cells; null is written as an empty cell.
        target: where to write; the file appears whole or not at all.

    Returns:
        how many cells were changed.

    Raises:
        SpliceError: the text cannot be written so.
        InputError: the text is not there any more.
    """
    content = open_content(layout.opened, layout.encoding)
    changes = _changes(before, after)
    edits: list[_Edit] = []
    if changes.height:
        places = find_places(content.data, layout.shape)
        if places is None:
            raise SpliceError("it uses every control character")
        edits = _edits(content.data, places, before, after, changes)
    raw = _raw(layout.opened, content)
    with whole_file(target) as beside, beside.open("wb") as out:
        _write(out, raw, content, edits)
    return changes.height


def _changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The cells that differ: ``row``, ``place`` of the column, ``old`` and ``new`` (null is "")."""
    parts = [pl.DataFrame(schema={"row": pl.Int64, "place": pl.Int64, "old": pl.String, "new": pl.String})]
    for place, name in enumerate(before.columns):
        old, new = before[name].fill_null(""), after[name].fill_null("")
        rows = (old != new).arg_true()
        if len(rows):
            found = pl.DataFrame({"row": rows.cast(pl.Int64), "old": old[rows], "new": new[rows]})
            parts.append(found.select("row", pl.lit(place, pl.Int64).alias("place"), "old", "new"))
    return pl.concat(parts).sort("row", "place")


def _edits(data: Data, places: Places, before: pl.DataFrame, after: pl.DataFrame, changes: pl.DataFrame) -> list[_Edit]:
    shape, found = places.shape, places.found
    fixed = mend(places)[0].fixed if found.odd else {}
    gone = found.skips[:, 0]
    gone = gone[~np.isin(gone, list(fixed))] if fixed else gone
    if found.records - len(gone) != before.height:
        raise SpliceError("its records could not be told apart again")
    rows = changes["row"].to_numpy()
    record = rows + np.searchsorted(gone - np.arange(len(gone)), rows, side="right")
    whole = np.isin(record, list(fixed)) if fixed else np.zeros(len(record), dtype=bool)
    firsts, lasts = _spans(places, record[~whole], changes["place"].to_numpy()[~whole])
    to_text = _positions(places)
    old, new = changes["old"].to_list(), changes["new"].to_list()
    kept = np.flatnonzero(~whole).tolist()
    edits = []
    how = _Writing.of(shape)
    spans = zip(kept, to_text(firsts).tolist(), to_text(lasts).tolist(), strict=True)
    column = changes["place"].to_list()
    for i, a, b in spans:
        raw = data[a:b]
        if how.read(raw) != old[i]:
            raise SpliceError("its cells could not be found again")
        quoted = bool(how.quote) and raw.startswith(how.quote)
        edits.append(_Edit(a, b, how.cell(new[i], quoted=quoted, first=column[i] == 0)))
    edits += _mended(places, fixed, sorted(set(zip(record[whole].tolist(), rows[whole].tolist(), strict=True))), after)
    return sorted(edits, key=lambda e: e.first)


def _spans(places: Places, records: Positions, columns: Positions) -> tuple[Positions, Positions]:
    """First byte of each cell in ``view``, and the byte after its last; the records are sorted and regular."""
    shape = places.shape
    first, last = np.empty(len(records), np.int64), np.empty(len(records), np.int64)
    if columns.size and int(columns.max()) >= len(shape.regular):
        raise SpliceError("a column has a name but no cells")
    count = 0
    quote = ord(shape.quote) if shape.quote else -1
    for at, cut in blocks(places.view, places.byte, quote, shape.newline, places.start, places.end):
        a, b = np.searchsorted(records, [count, count + len(cut.starts)])
        if b > a:
            here, column = records[a:b] - count, columns[a:b]
            before = np.searchsorted(cut.commas, cut.starts[here]) + column
            edges = np.concatenate((cut.commas, [0]))
            ends_at_comma = column < len(shape.regular) - 1
            first[a:b] = at + np.where(column > 0, edges[np.maximum(before - 1, 0)] + 1, cut.starts[here])
            stops = bare_stops(cut, shape.newline)[here]
            last[a:b] = at + np.where(ends_at_comma, edges[np.minimum(before, len(edges) - 1)], stops)
        count += len(cut.starts)
    return first, last


def _positions(places: Places) -> Callable[[Positions], Positions]:
    """From bytes of ``view`` to bytes of the text."""
    shape = places.shape
    moved = shape.start - places.start
    more = len(shape.delimiter.encode()) - 1
    if more <= 0:
        return lambda at: at + moved
    stands = np.flatnonzero(np.frombuffer(places.view, dtype=np.uint8) == places.byte)
    return lambda at: at + moved + more * np.searchsorted(stands, at)


@dataclass(frozen=True)
class _Writing:
    """How cells are written and read."""

    delimiter: bytes
    quote: bytes
    escape: bytes
    comment: bytes
    alone: bool

    @classmethod
    def of(cls, shape: Shape) -> _Writing:
        delimiter, quote, escape, comment = (
            word.encode() for word in (shape.delimiter, shape.quote, shape.escape, shape.comment)
        )
        return cls(delimiter, quote, escape, comment, alone=len(shape.names) == 1)

    def read(self, raw: bytes) -> str:
        """The text of a cell."""
        quote, escape = self.quote, self.escape
        if quote and len(raw) > 1 and raw.startswith(quote) and raw.endswith(quote):
            raw = raw[1:-1]
            if escape and escape in raw:
                # one sign after another: an escaped sign, or a doubled quote
                parts, at = [], 0
                while at < len(raw):
                    pair = raw[at : at + 2]
                    escaped = pair in (escape + escape, escape + quote, quote + quote)
                    parts.append(pair[1:] if escaped else pair[:1])
                    at += 2 if escaped else 1
                raw = b"".join(parts)
            else:
                raw = raw.replace(quote + quote, quote)
        elif escape:
            raw = raw.replace(escape + escape, escape)
        return raw.decode("utf-8", errors="replace")

    def cell(self, text: str, *, quoted: bool, first: bool) -> bytes:
        """The bytes of a cell."""
        bare = text.encode()
        marks = [m for m in (self.delimiter, self.quote, self.escape, b"\n", b"\r") if m]
        needed = any(m in bare for m in marks) or (self.alone and not bare)
        needed |= first and bool(self.comment) and bare.startswith(self.comment)
        needed |= len(self.delimiter) > 1 and bare[-1:] in [self.delimiter[:1]]
        if not needed and not quoted:
            return bare
        if not self.quote:
            raise SpliceError("a repaired cell needs quotes, and it has none")
        inner = bare.replace(self.escape, self.escape * 2) if self.escape else bare
        return self.quote + inner.replace(self.quote, (self.escape or self.quote) + self.quote) + self.quote


def _mended(
    places: Places, fixed: dict[int, Mended], wanted: Sequence[tuple[int, int]], after: pl.DataFrame
) -> list[_Edit]:
    """Malformed records with a changed cell are written anew, as they were understood."""
    how, odd = _Writing.of(places.shape), {o.index: o for o in places.found.odd}
    to_text = _positions(places)
    edits = []
    for record, row in wanted:
        end = odd[record + fixed[record].taken - 1].end
        a, b = to_text(np.array([odd[record].start, end])).tolist()
        cells = ["" if c is None else c for c in after.row(row)]
        cells += [""] * (len(places.shape.names) - len(cells))  # a delimiter at the end of every line parts no column
        edits.append(
            _Edit(a, b, how.delimiter.join(how.cell(c, quoted=False, first=i == 0) for i, c in enumerate(cells)))
        )
    return edits


def _raw(opened: Opened, content: Content) -> Data:
    """The bytes of the source, decompressed."""
    if content.path == opened.path:
        return content.data if content.base or not isinstance(content.data, bytes) else mapped(opened.path)
    held = unpacked(opened) if opened.compression else opened.path
    return held if isinstance(held, bytes) else mapped(held)


def _write(out: IO[bytes], raw: Data, content: Content, edits: Sequence[_Edit]) -> None:
    data = content.data
    if not edits:
        for piece in _pieces(raw, 0, len(raw)):
            out.write(piece)
        return
    mark = len(raw) - len(data)
    # a source of ASCII alone says in no byte what it is written in: its encoding says how other letters are put in
    same = content.encoding.name.startswith("utf-8") or all(edit.new.isascii() for edit in edits)
    if (
        mark in (0, 3)
        and same
        and all(raw[at + mark : at + mark + _PIECE] == data[at : at + _PIECE] for at in range(0, len(data), _PIECE))
    ):
        out.write(raw[:mark])
        for piece in _spliced(data, edits, 0, len(data)):
            out.write(piece)
    elif content.encoding.name.startswith(_WIDE):
        _write_wide(out, raw, content, edits)
    else:
        _write_lines(out, raw, content, edits)


def _spliced(data: Data, edits: Sequence[_Edit], start: int, end: int) -> Iterator[bytes]:
    at = start
    for edit in edits:
        yield from _pieces(data, at, edit.first)
        yield edit.new
        at = edit.last
    yield from _pieces(data, at, end)


def _pieces(data: Data, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, _PIECE):
        yield data[at : min(end, at + _PIECE)]


def _write_wide(out: IO[bytes], raw: Data, content: Content, edits: Sequence[_Edit]) -> None:
    """Two or four bytes a character: what is written is compared with what stood there."""
    name, data = content.encoding.name, content.data
    mark = b""
    if not name.endswith(("le", "be")):
        size = 2 if name == "utf-16" else 4
        mark, low = raw[:size], raw[:1] == b"\xff"
        name = f"{name}-{'le' if low else 'be'}"
    else:
        mark = next((m for m in ("\ufeff".encode(name),) if raw[: len(m)] == m), b"")
    out.write(mark)
    if content.newline == "mixed":  # in ``data`` all lines end alike
        try:
            plain = bytes(raw[len(mark) :]).decode(name).encode()
        except UnicodeDecodeError as error:
            raise SpliceError(f"its {content.encoding.name} is not valid throughout") from error
        held = io.BytesIO()
        _write_lines(held, plain, replace(content, encoding=Encoding("utf-8")), edits)
        out.write(held.getvalue().decode("utf-8").encode(name))
        return
    place, at, waiting = len(mark), content.base, list(edits)[::-1]
    while at < len(data):
        to = data.find(b"\n", min(len(data), at + _PIECE)) + 1 or len(data)
        while waiting and waiting[-1].first < to < waiting[-1].last:
            to = waiting[-1].last
        here = []
        while waiting and waiting[-1].first < to:
            here.append(waiting.pop())
        old = data[at:to].decode("utf-8").encode(name)
        if raw[place : place + len(old)] != old:
            raise SpliceError(f"its {content.encoding.name} is not valid throughout")
        place += len(old)
        out.write(b"".join(_spliced(data, here, at, to)).decode("utf-8").encode(name))
        at = to
    if place != len(raw):
        raise SpliceError(f"its {content.encoding.name} is not valid throughout")


def _write_lines(out: IO[bytes], raw: Data, content: Content, edits: Sequence[_Edit]) -> None:
    """Lines without a changed cell as their bytes stand; the others in the encoding of the source."""
    data, encoding = content.data, content.encoding.name.removesuffix("-sig")
    ends, view_ends = _line_ends(raw, content.newline), _line_ends(data, content.newline)
    if len(ends) != len(view_ends):
        raise SpliceError("its lines could not be told apart again")
    at = 0
    firsts = np.searchsorted(view_ends[:, 1], [e.first for e in edits], side="right").tolist()
    lasts = np.searchsorted(view_ends[:, 0], [e.last for e in edits]).tolist()
    i = 0
    while i < len(edits):
        line, last, to = firsts[i], lasts[i], i + 1
        while to < len(edits) and firsts[to] <= last:
            last, to = max(last, lasts[to]), to + 1
        start, view_start = (int(e[line - 1, 1]) if line else 0 for e in (ends, view_ends))
        if line == 0:
            view_start = content.base
            start = 3 if raw[:3] == b"\xef\xbb\xbf" else 0
        stop, view_stop = int(ends[last, 0]), int(view_ends[last, 0])
        for piece in _pieces(raw, at, start):
            out.write(piece)
        text = b"".join(_spliced(data, edits[i:to], view_start, view_stop)).decode("utf-8")
        try:
            out.write(text.encode(encoding))
        except UnicodeEncodeError as error:
            shown = text[error.start : error.start + 1]
            raise SpliceError(f"{encoding} has no {shown!r}") from error
        at, i = stop, to
    for piece in _pieces(raw, at, len(raw)):
        out.write(piece)


def _line_ends(data: Data, newline: str) -> npt.NDArray[np.int64]:
    """(n, 2): where the end of each line starts, and the byte after it; the end of the text ends the last line."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    if newline == "\r":
        at = np.flatnonzero(buffer == 13)
        found = np.stack([at, at + 1], axis=1)
    else:
        feeds = np.flatnonzero(buffer == 10)
        pair = (feeds > 0) & (buffer[np.maximum(feeds - 1, 0)] == 13)
        found = np.stack([feeds - pair, feeds + 1], axis=1)
        if newline == "mixed":
            returns = np.flatnonzero(buffer == 13)
            alone = returns[buffer[np.minimum(returns + 1, len(buffer) - 1)] != 10]
            found = np.concatenate((found, np.stack([alone, alone + 1], axis=1)))
            found = found[np.argsort(found[:, 0], kind="stable")]
    if not len(found) or int(found[-1, 1]) < len(buffer):
        found = np.concatenate((found, [[len(buffer), len(buffer)]]))
    return found
