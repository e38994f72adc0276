"""Several tables in one text, each apart from the next by a blank line: where each starts and ends."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np

from autoprep.errors import InputError
from autoprep.reading import scan
from autoprep.reading.cells import records
from autoprep.reading.content import LARGE, Content
from autoprep.reading.dialect import guess_dialects
from autoprep.reading.layout import find_layout

#: Texts longer than this are not looked through for a second table.
LOOKED = 1 << 22
#: Bytes in which the delimiter is looked for.
HEAD = 1 << 16
_MOST = 50
_BLANKS = b" \t,;|\r"


@dataclass(frozen=True)
class Block:
    """One table of several in a text.

    Attributes:
        first: 1-based line it starts on, titles above its header included.
        last: 1-based line of its last row.
        begin: its first byte.
        end: the byte after its last.
        names: its header.
    """

    first: int
    last: int
    begin: int
    end: int
    names: tuple[str, ...]


def find_blocks(content: Content) -> list[Block]:
    """The tables of a text that holds several; empty when it is one table.

    A stretch between blank lines is a table of its own when a header of other names than the one before heads at least
    two rows of one width in it. A stretch that is none (a title, a note, a group of rows) goes with a neighbour.

    Example:
        >>> from autoprep.reading.content import content_of
        >>> text = b"day,sold\\n2024-01-01,5\\n2024-01-02,7\\n\\nshop,city,n\\nA,Bonn,1\\nB,Ulm,2\\n"
        >>> [(b.first, b.last, b.names) for b in find_blocks(content_of(text))]
        [(1, 3, ('day', 'sold')), (5, 7, ('shop', 'city', 'n'))]
    """
    if len(content.data) > LOOKED:
        return []
    found: list[Block] = []
    pending: tuple[int, int] | None = None
    stretches = _stretches(content)
    if not 2 <= sum(last - first >= 2 for first, last, _, _ in stretches) <= 4 * _MOST:  # a header and two rows, twice
        return []
    for first, last, begin, end in stretches:
        names = _header(bytes(content.data[begin:end]), "\r" if content.newline == "\r" else "\n")
        if names and (not found or names != found[-1].names):
            at = pending if pending and first - pending[0] <= 4 else (first, begin)
            found.append(Block(at[0], last, at[1], end, names))
            pending = None
        elif found and last - first >= 2:
            found[-1] = Block(found[-1].first, last, found[-1].begin, end, found[-1].names)
            pending = None
        else:
            pending = (first, begin)
        if len(found) > _MOST:
            return []
    return found if len(found) > 1 else []


def _stretches(content: Content) -> list[tuple[int, int, int, int]]:
    """Runs of lines that are not blank: first and last line, first byte and the byte after.

    A blank line inside a quoted cell divides nothing.
    """
    mark = 13 if content.newline == "\r" else 10
    head = bytes(content.data[content.base : content.base + HEAD]).decode("utf-8", errors="replace")
    if not head.strip():
        return []
    sign = guess_dialects(head.replace("\r\n", "\n").replace(chr(mark), "\n"))[0].delimiter.encode()
    delimiter = sign[0] if len(sign) == 1 else ord(",")
    out: list[tuple[int, int, int, int]] = []
    line, opened, last = 1, (0, 0), 0
    for at, cut in scan.blocks(content.data, delimiter, ord('"'), mark, content.base, len(content.data)):
        lines = np.searchsorted(cut.ends, cut.stops)
        for start, stop, end in zip(cut.starts.tolist(), cut.stops.tolist(), lines.tolist(), strict=True):
            below = line + end
            if cut.piece[start:stop].tobytes().strip(_BLANKS):
                first = int(np.searchsorted(cut.ends, start))
                opened = opened if last else (line + first, at + start)
                last = below
            elif last:
                out.append((opened[0], last, opened[1], at + start))
                last = 0
        line += int(np.searchsorted(cut.ends, cut.used))
    if last:
        out.append((opened[0], last, opened[1], len(content.data)))
    return out


def _header(data: bytes, newline: str) -> tuple[str, ...]:
    """The names that head a stretch of lines which is a table by itself, or ()."""
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace(newline, "\n")
    if text.count("\n") < 2:
        return ()
    best = guess_dialects(text)[0]
    if best.width < 2 or best.delimiter in ("", " ") or best.share < 0.6:
        return ()
    rows = list(records(text[:LOOKED], best.delimiter, best.quote, best.escape))[:200]
    layout = find_layout(rows, best.width)
    body = rows[layout.start + layout.header_rows :]
    if layout.header_rows < 1 or sum(len(r.cells) == best.width for r in body) < 2:
        return ()
    names = tuple(c.strip() for c in rows[layout.start].cells)
    return names if all(names) and len(set(names)) == len(names) else ()


def part(content: Content, number: int, where: str) -> tuple[Content, Block]:
    """One of the tables of a text by its place.

    Args:
        content: the text.
        number: 1 for the first.
        where: names the file in messages.

    Raises:
        InputError: there is no such table.
    """
    found = find_blocks(content)
    if not 1 <= number <= max(1, len(found)):
        said = f"{len(found)} tables" if found else "one table"
        raise InputError(f"there is no table {number}: the file holds {said}", where=where)
    if not found:
        return content, Block(1, 0, content.base, len(content.data), ())
    block = found[number - 1]
    data = bytes(content.data[block.begin : block.end]).removeprefix(codecs.BOM_UTF8)
    return Content(data, 0, content.encoding, content.newline, None), block


def offered(content: Content) -> str:
    """A sentence that names the tables of a text that holds several, or ""."""
    if len(content.data) > min(LOOKED, LARGE):
        return ""
    found = find_blocks(content)
    if not found:
        return ""
    said = "; ".join(
        f"table {i}: lines {b.first} to {b.last} ({', '.join(b.names)[:60]})" for i, b in enumerate(found[:9], 1)
    )
    return f"The file seems to hold {len(found)} tables, which can be read one by one: {said}."
