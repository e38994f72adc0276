"""Where the records of a text stand, seen with a delimiter of one byte."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autoprep.reading.content import LARGE, Data, mapped, scratch
from autoprep.reading.scan import BLOCK, Scan, release, scan

_SPARE = (0x1F, 0x1E, 0x1D, 0x1C, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0E, 0x0F, 0x10, 0x11)


@dataclass(frozen=True)
class Shape:
    """What the fast reader must know.

    Attributes:
        names: the columns.
        delimiter: see ``Dialect``; likewise ``quote``, ``escape``, ``comment``.
        newline: 10 or 13.
        start: byte of the first row.
        end: byte after the last.
        line: 1-based physical line of the first row.
        header: the spellings of the header line, when it may come again.
        width: cells of a regular row when that is less than there are names, else 0.
    """

    names: Sequence[str]
    delimiter: str
    quote: str
    escape: str
    comment: str
    newline: int
    start: int
    end: int
    line: int
    header: tuple[bytes, ...] = ()
    width: int = 0

    @property
    def regular(self) -> list[str]:
        """The columns that regular rows have a cell for."""
        return list(self.names[: self.width or len(self.names)])


@dataclass(frozen=True)
class Places:
    """Where the records stand.

    Attributes:
        shape: how the text is laid out.
        view: its bytes with a delimiter of one byte and doubled quotes: the text itself where it is so.
        byte: the delimiter of ``view``.
        start: byte of ``view`` where the first row starts. end: after the last.
        found: its records.
        large: whether the text is too large for memory.
    """

    shape: Shape
    view: Data
    byte: int
    start: int
    end: int
    found: Scan
    large: bool


def find_places(data: Data, shape: Shape) -> Places | None:
    """Look at every record of a text in UTF-8; None when it leaves no byte that may stand for its delimiter."""
    plain = len(shape.delimiter) == 1 and shape.delimiter.isascii()
    large = len(data) > LARGE
    view, byte = data, ord(shape.delimiter) if plain else 0
    start, end = shape.start, shape.end
    if not plain:
        spare = _spare(data)
        if spare is None:
            return None
        byte = spare
    if (shape.delimiter and not plain) or (shape.escape and shape.quote):
        view = _plainer(data, shape, byte, large)
        start, end = 0, len(view)
    found = scan(
        view,
        width=len(shape.regular),
        delimiter=byte,
        quote=ord(shape.quote) if shape.quote else -1,
        newline=shape.newline,
        comment=shape.comment.encode(),
        header=shape.header,
        start=start,
        end=end,
        line=shape.line,
    )
    return Places(shape, view, byte, start, end, found, large)


def _spare(data: Data) -> int | None:
    """A control character that the text does not use."""
    free = list(_SPARE)
    for at in range(0, len(data), BLOCK):
        piece = data[at : at + BLOCK]
        free = [b for b in free if bytes([b]) not in piece]
        release(data, at)
    return free[0] if free else None


def _plainer(data: Data, shape: Shape, byte: int, large: bool) -> Data:
    """The rows' bytes with a delimiter of one byte and doubled quotes; on disk when they are many."""

    def made(piece: bytes) -> bytes:
        if shape.delimiter and chr(byte) != shape.delimiter:
            piece = piece.replace(shape.delimiter.encode(), bytes([byte]))
        return _doubled(piece, shape) if shape.escape and shape.quote else piece

    if not large:
        return made(bytes(data[shape.start : shape.end]))
    target, mark = scratch(), bytes([shape.newline])
    with target.open("wb") as out:
        at = shape.start
        while at < shape.end:
            to = shape.end if shape.end - at <= BLOCK else data.find(mark, at + BLOCK, shape.end) + 1 or shape.end
            out.write(made(data[at:to]))
            at = to
            release(data, at)
    return mapped(target)


def _doubled(data: bytes, shape: Shape) -> bytes:
    """The same number of bytes with escaped quotes doubled instead."""
    quote, escape = re.escape(shape.quote.encode()), re.escape(shape.escape.encode())
    pattern = rb"(?<!%b)((?:%b%b)*)%b%b" % (escape, escape, escape, escape, quote)
    twice = shape.quote.encode() * 2
    return re.sub(pattern, lambda m: m.group(1) + twice, data)
