"""Find the records of a large text with array operations, and the few of them that are not regular."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Bytes looked at in one go; bounds the memory of a scan.
BLOCK = 1 << 22
#: A record that is not closed within this many bytes is taken for a stray quote.
MOST = 1 << 26

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Odd:
    """A record that cannot go through the fast reader.

    Attributes:
        index: its 0-based place among all records.
        start: byte it starts at.
        end: byte after its last one, line end excluded.
        line: 1-based physical line it starts on.
        kind: "header" (the header again), "width" (another number of cells) or "quote" (a quote where none may stand).
    """

    index: int
    start: int
    end: int
    line: int
    kind: str


@dataclass(frozen=True)
class Scan:
    """What a scan found.

    Attributes:
        records: number of records, odd ones included.
        odd: the records that are not regular, in order; blank lines and comments are not among them.
        quoted: number of quote characters seen.
        skips: (n, 3) place, first byte, and first byte after the line end of every record that is not regular: the
            odd ones, blank lines and comments.
    """

    records: int
    odd: list[Odd]
    quoted: int
    skips: npt.NDArray[np.int64]


def scan(
    data: bytes | memoryview | mmap.mmap,
    *,
    width: int,
    delimiter: int,
    quote: int = -1,
    newline: int = 10,
    comment: bytes = b"",
    header: tuple[bytes, ...] = (),
    start: int = 0,
    end: int | None = None,
    line: int = 1,
) -> Scan:
    """Look at every record of a text in UTF-8.

    A record is regular when it has ``width`` cells and every quote in it opens a cell, closes one,
    or is doubled. After an irregular record the scan goes on at the next physical line, so that one stray quote cannot
    swallow the rest of the file.

    Args:
        data: the bytes.
        width: expected number of cells.
        delimiter: its byte.
        quote: its byte, or -1 for none.
        newline: 10 or 13; a carriage return before 10 belongs to the line end.
        comment: prefix of lines that are no records, or b"".
        header: whole lines (spellings of one) that are no row wherever they come.
        start: first byte of the first record.
        end: byte after the last record.
        line: 1-based number of the line that starts at ``start``.

    Example:
        >>> found = scan(b'a,b\\n1,2\\n3\\n"x,\\ny",4\\n', width=2, delimiter=44, quote=34)
        >>> found.records, [(o.index, o.line, o.kind) for o in found.odd]
        (4, [(2, 3, 'width')])
    """
    stop = len(data) if end is None else end
    odd: list[Odd] = []
    skips: list[npt.NDArray[np.int64]] = []
    count = quoted = 0
    for at, cut in blocks(data, delimiter, quote, newline, start, stop):
        strange, skipped = _judged(cut, width, newline, comment, header)
        if len(skipped):
            skips.append(skipped + np.array([count, at, at]))
        odd.extend(Odd(count + i, at + a, at + b, line + n, kind) for i, a, b, n, kind in strange)
        count, line = count + len(cut.starts), line + int(np.searchsorted(cut.ends, cut.used))
        quoted += int(np.searchsorted(cut.marks, cut.used))
    return Scan(count, odd, quoted, np.concatenate(skips) if skips else np.empty((0, 3), dtype=np.int64))


@dataclass(frozen=True)
class Cut:
    """The complete records of one block; positions count from the block's first byte.

    Attributes:
        piece: the block.
        used: bytes that belong to complete records.
        starts: first byte of each record. stops: the place of its line end.
        faulty: whether a quote stands where none may.
        commas: delimiters outside quotes. ends: line ends. marks: quotes.
    """

    piece: npt.NDArray[np.uint8]
    used: int
    starts: Positions
    stops: Positions
    faulty: npt.NDArray[np.bool_]
    commas: Positions
    ends: Positions
    marks: Positions


def blocks(
    data: bytes | memoryview | mmap.mmap, delimiter: int, quote: int, newline: int, start: int, stop: int
) -> Iterator[tuple[int, Cut]]:
    """Cut a text into records block by block: the block's first byte, and its records; see ``scan``."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    at, block = start, BLOCK
    while at < stop:
        limit = min(stop, at + block)
        cut = _cut(buffer[at:limit], limit == stop, block > MOST, delimiter, quote, newline)
        if cut is None:  # one record is longer than the block
            block *= 4
            continue
        yield at, cut
        at, block = at + cut.used, BLOCK
        release(data, at)


def release(data: object, before: int) -> None:
    """Tell the system that the pages of a mapped file before a byte are not needed in memory any more."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        whole = before // mmap.PAGESIZE * mmap.PAGESIZE
        if whole:
            data.madvise(mmap.MADV_DONTNEED, 0, whole)


def _cut(
    piece: npt.NDArray[np.uint8], last: bool, forced: bool, delimiter: int, quote: int, newline: int
) -> Cut | None:
    ends: Positions = np.flatnonzero(piece == newline)
    if last and (len(ends) == 0 or ends[-1] != len(piece) - 1):
        ends = np.append(ends, len(piece))
    if len(ends) == 0:
        return None
    marks: Positions = np.flatnonzero(piece == quote) if quote >= 0 else np.empty(0, np.int64)
    commas: Positions = np.flatnonzero(piece == delimiter)
    starts, stops, faulty = _records(piece, ends, marks, delimiter, newline, last or forced)
    if len(starts) == 0:
        return None
    if len(marks):
        outside = (np.searchsorted(marks, commas) - _base(starts, marks, commas)) % 2 == 0
        commas = commas[outside]
    return Cut(piece, int(min(stops[-1] + 1, len(piece))), starts, stops, faulty, commas, ends, marks)


def bare_stops(cut: Cut, newline: int) -> Positions:
    """Where each record ends without its line end."""
    if newline != 10:
        return cut.stops
    filled = cut.stops > cut.starts
    bare: Positions = cut.stops - (filled & (cut.piece[np.maximum(cut.stops - 1, 0)] == 13))
    return bare


def _judged(
    cut: Cut, width: int, newline: int, comment: bytes, header: tuple[bytes, ...]
) -> tuple[list[tuple[int, int, int, int, str]], npt.NDArray[np.int64]]:
    """The odd records of a block (index, start, end, line, kind), and all that are not regular."""
    piece, starts, stops = cut.piece, cut.starts, cut.stops
    cells = np.searchsorted(cut.commas, stops) - np.searchsorted(cut.commas, starts) + 1
    bare = bare_stops(cut, newline) - starts
    blank = bare == 0
    noted = _begins(piece, starts, comment) & ~blank
    again = np.zeros(len(starts), dtype=bool)
    for spelling in header:
        again |= _begins(piece, starts, spelling) & (bare == len(spelling))
    strange: list[tuple[int, int, int, int, str]] = []
    apart = again | cut.faulty | (cells != width)
    every = np.flatnonzero(blank | noted | apart)
    skips = np.stack([every, starts[every], np.minimum(stops[every] + 1, len(piece))], axis=1)
    which = np.flatnonzero(apart & ~blank & ~noted)
    for i, line in zip(which.tolist(), np.searchsorted(cut.ends, starts[which]).tolist(), strict=True):
        kind = "header" if again[i] else "quote" if cut.faulty[i] else "width"
        strange.append((i, int(starts[i]), int(starts[i] + bare[i]), line, kind))
    return strange, skips


def _begins(piece: npt.NDArray[np.uint8], starts: Positions, prefix: bytes) -> npt.NDArray[np.bool_]:
    """Which records begin with a prefix; none when it is empty."""
    hit = np.full(len(starts), bool(prefix))
    which = np.arange(len(starts))
    for k, byte in enumerate(prefix):
        at = starts[which] + k
        same = (at < len(piece)) & (piece[np.minimum(at, len(piece) - 1)] == byte)
        hit[which[~same]] = False
        which = which[same]
        if not len(which):
            break
    return hit


def _base(starts: Positions, marks: Positions, at: Positions) -> Positions:
    """For each position, how many quotes stand before the record that it is in."""
    record = np.maximum(np.searchsorted(starts, at, side="right") - 1, 0)
    base: Positions = np.searchsorted(marks, starts)[record]
    return base


def _records(
    piece: npt.NDArray[np.uint8], ends: Positions, marks: Positions, delimiter: int, newline: int, decide: bool
) -> tuple[Positions, Positions, npt.NDArray[np.bool_]]:
    """Starts, stops (the line end's place) and faults of the complete records of a block."""
    if len(marks) == 0:
        return np.concatenate(([0], ends[:-1] + 1)), ends, np.zeros(len(ends), dtype=bool)
    bad = _misplaced(piece, marks, delimiter, newline)
    before = np.searchsorted(marks, ends)  # quotes before each line end
    first_bad = [_next_true(bad[0]), _next_true(bad[1])]
    starts: list[Positions] = []
    stops: list[Positions] = []
    faults: list[npt.NDArray[np.bool_]] = []
    at_line, at_byte, at_mark = 0, 0, 0
    while at_line < len(ends):
        fault = int(first_bad[at_mark % 2][at_mark]) if at_mark < len(marks) else len(marks)
        horizon = int(np.searchsorted(ends, marks[fault])) if fault < len(marks) else len(ends)
        closed = np.flatnonzero((before[at_line:horizon] - at_mark) % 2 == 0) + at_line
        if len(closed):
            stop = ends[closed]
            starts.append(np.concatenate(([at_byte], stop[:-1] + 1)))
            stops.append(stop)
            faults.append(np.zeros(len(stop), dtype=bool))
            at_line, at_byte = int(closed[-1]) + 1, int(stop[-1]) + 1
            at_mark = int(before[closed[-1]])
        if fault >= len(marks) and not (decide and at_line < len(ends)):
            break
        if at_line >= len(ends):
            break
        starts.append(np.array([at_byte]))
        stops.append(ends[at_line : at_line + 1])
        faults.append(np.ones(1, dtype=bool))
        at_byte, at_mark = int(ends[at_line]) + 1, int(before[at_line])
        at_line += 1
    if not starts:
        nothing = np.empty(0, np.int64)
        return nothing, nothing, np.empty(0, dtype=bool)
    return np.concatenate(starts), np.concatenate(stops), np.concatenate(faults)


def _misplaced(
    piece: npt.NDArray[np.uint8], marks: Positions, delimiter: int, newline: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For each quote, whether it is misplaced if quotes of even (first) or odd (second) places open cells."""
    size = len(piece)
    before = piece[np.maximum(marks - 1, 0)]
    opens = (marks == 0) | (before == delimiter) | (before == newline) | (before == piece[marks])
    at = np.minimum(marks + 1, size - 1)
    after = piece[at]
    closes = (marks == size - 1) | (after == delimiter) | (after == newline) | (after == piece[marks])
    if newline == 10:
        closes |= (after == 13) & (piece[np.minimum(marks + 2, size - 1)] == 10)
        closes |= (after == 13) & (marks + 2 >= size)
    even = np.arange(len(marks)) % 2 == 0
    return np.where(even, ~opens, ~closes), np.where(even, ~closes, ~opens)


def _next_true(flags: npt.NDArray[np.bool_]) -> Positions:
    """For each place, the first place from there on whose flag is set; the length when there is none."""
    places = np.where(flags, np.arange(len(flags)), len(flags))
    following: Positions = np.minimum.accumulate(places[::-1])[::-1]
    return following


def regular_spans(skips: npt.NDArray[np.int64], start: int, end: int) -> npt.NDArray[np.int64]:
    """The (n, 2) stretches of bytes between the records that are not regular."""
    firsts = np.concatenate((np.array([start]), skips[:, 2]))
    lasts = np.concatenate((skips[:, 1], np.array([end])))
    kept = lasts > firsts
    return np.stack([firsts[kept], lasts[kept]], axis=1)
