"""Where the table ends: blank lines, footnotes and totals below it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autoprep.reading.cells import split
from autoprep.reading.content import Data

_LOOK_BYTES = 1 << 16
_LOOK_LINES = 300
_TOTAL = re.compile(r"(grand |sub)?-?totals?|sum|summe|gesamt|gesamtsumme|total général|totale?|suma", re.IGNORECASE)


def find_end(
    data: Data, start: int, width: int, delimiter: str, quote: str, escape: str, newline: bytes, usual: int
) -> tuple[int, list[str]]:
    """The byte after the table's last row, and the lines below it.

    Args:
        data: text in UTF-8.
        start: byte of the first row.
        width: cells of a row.
        delimiter: see ``Dialect``; likewise ``quote`` and ``escape``.
        newline: the byte that ends a line.
        usual: how many cells of a row are usually filled.

    Example:
        >>> text = b"a,b,c\\n1,2,3\\n4,5,6\\n,,\\nSource: us\\n"
        >>> find_end(text, 6, 3, ",", "", "", b"\\n", 3)
        (18, [',,', 'Source: us'])
    """
    lines = _last_lines(data, start, newline)
    kept = len(lines)
    foot = kept
    while foot > 0:
        raw = lines[foot - 1][1].rstrip(b"\r")
        text = raw.decode("utf-8", errors="replace")
        if quote and text.count(quote) % 2:
            break
        cells = split(text, delimiter, quote, escape)[0] if width > 1 else [text]
        filled = [c for c in cells if c.strip()]
        if filled and not _is_note(lines, foot - 1, cells, filled, width, usual):
            break
        foot -= 1
    if foot == kept:
        return len(data), []
    while foot < kept and width == 1 and lines[foot][1].strip(b'\r "'):
        foot += 1
    end = lines[foot][0] if foot < kept else len(data)
    below = [line.rstrip(b"\r").decode("utf-8", errors="replace") for _, line in lines[foot:]]
    return end, below


def _last_lines(data: Data, start: int, newline: bytes) -> list[tuple[int, bytes]]:
    """The last lines as (first byte, text), the first of them whole."""
    begin = max(start, len(data) - _LOOK_BYTES)
    if begin > start:
        found = data.find(newline, begin)
        if found < 0:
            return []
        begin = found + 1
    out: list[tuple[int, bytes]] = []
    at = begin
    for line in data[begin:].split(newline):
        out.append((at, line))
        at += len(line) + 1
    if out and not out[-1][1]:
        out.pop()
    return out[-_LOOK_LINES:]


def _is_note(
    lines: Sequence[tuple[int, bytes]], at: int, cells: Sequence[str], filled: Sequence[str], width: int, usual: int
) -> bool:
    """Whether a line at the end is a footnote rather than a row."""
    if width == 1:
        return False
    apart = at > 0 and not lines[at - 1][1].strip(b"\r \t,;|")
    if len(cells) != width:
        return apart or (len(filled) == 1 and len(cells) == 1 and width > 2 and not is_total(filled[0]))
    first = bool(cells[0].strip())
    return len(filled) == 1 and first and usual >= max(3, width // 2) and not is_total(filled[0])


def is_total(cell: str) -> bool:
    """Whether a cell says that its row sums the others.

    Example:
        >>> is_total("Grand Total"), is_total("Total Recall")
        (True, False)
    """
    return _TOTAL.fullmatch(cell.strip().rstrip(":")) is not None
