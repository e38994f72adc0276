"""Write the regular rows of a large text to disk, records that were put right among them, in the order of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from autoprep.reading.content import Data
from autoprep.reading.ragged import Mended
from autoprep.reading.scan import Scan, regular_spans, release

_PIECE = 1 << 24


class Columns(Protocol):
    """What must be known of the rows."""

    @property
    def names(self) -> Sequence[str]:
        """The columns."""

    @property
    def quote(self) -> str:
        """The quote, or ""."""

    @property
    def newline(self) -> int:
        """The byte that ends a line."""


def write_regular(
    target: Path,
    view: Data,
    shape: Columns,
    delimiter: str,
    found: Scan,
    fixed: Mapping[int, Mended],
    start: int,
    end: int,
) -> int:
    """Write the rows between ``start`` and ``end`` below a header line.

    Args:
        target: the file to write.
        view: the text.
        shape: its columns and marks.
        delimiter: the one character between cells of ``view``.
        found: its records.
        fixed: place of an odd record -> its cells.
        start: first byte of the first row.
        end: byte after the last.

    Returns:
        the number of rows written.
    """
    mark = bytes([shape.newline])
    with target.open("wb") as out:

        def copy(first: int, last: int) -> None:
            for at in range(first, last, _PIECE):
                out.write(view[at : min(last, at + _PIECE)])
                release(view, at)
            if last > first and view[last - 1] != shape.newline:
                out.write(mark)

        out.write(delimiter.join(f"c{i}" for i in range(len(shape.names))).encode() + mark)
        mended = iter([(o.start, fixed[o.index].cells) for o in found.odd if o.index in fixed])
        waiting = next(mended, None)
        for first, last in regular_spans(found.skips, start, end).tolist():
            while waiting is not None and waiting[0] < first:
                out.write(delimiter.join(_cell(c, delimiter, shape) for c in waiting[1]).encode() + mark)
                waiting = next(mended, None)
            copy(first, last)
        while waiting is not None:
            out.write(delimiter.join(_cell(c, delimiter, shape) for c in waiting[1]).encode() + mark)
            waiting = next(mended, None)
    return found.records - len(found.skips) + sum(o.index in fixed for o in found.odd)


def _cell(text: str, delimiter: str, shape: Columns) -> str:
    quote = shape.quote
    if quote and any(c in text for c in (delimiter, quote, "\n", "\r")):
        return quote + text.replace(quote, quote + quote) + quote
    return text
