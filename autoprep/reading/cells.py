"""Cut text into cells, one record at a time, and tell roughly what a cell is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

#: More physical lines than this never belong to one quoted cell when the quotes do not add up.
MAX_LINES_PER_RECORD = 200
#: A quoted cell with more stray quotes than this was not a quoted cell.
MAX_FAULTS_PER_CELL = 4
_MAX_TRIES = 12
#: Longer records are cut again each time they are asked for.
_REMEMBERED = 1 << 12

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_TYPES = (
    ("number", r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?|[+-]?\d{1,3}(?:[ ,.']\d{3})+(?:[.,]\d+)?"),
    ("nan", r"nan|[+-]?inf(?:inity)?|n/?a|null|none|nil|#n/a|-+|\?|\."),
    (
        "date",
        r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})"
        rf"|\d{{1,2}}[-/. ]{_MONTH}[-/., ]*(?:\d{{4}}|\d{{2}})?|{_MONTH}[-/., ]*\d{{1,4}}(?:,? +\d{{4}})?"
        r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[t ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:z|utc|[+-]\d{2}:?\d{2}|[ap]m)?"
        r"|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})[t ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]m)?",
    ),
    ("time", r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?"),
    ("money", r"[+-]?\(?[$€£¥₹] ?[+-]?\d[\d,.' ]*\)?[kmb]?|[+-]?\d[\d,.' ]* ?(?:[$€£¥₹%]|usd|eur|gbp)"),
    ("link", r"(?:https?|ftp)://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:\d{1,3}\.){3}\d{1,3}"),
    ("code", r"[\w-]*\d[\w-]*|\w+(?:[-./+&]\w+)+"),
    ("word", r"[^\W\d_]+"),
    ("text", r"[\w(\[\"'“‘£$€#*@&+-][\w '’‘“”.,()/&+:;!?%\"°#*@$€£<>=\[\]-]*"),
)
_PACKED = re.compile(r"\d;\d")
_CELL = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _TYPES), re.IGNORECASE)


@lru_cache(maxsize=1 << 15)
def cell_type(cell: str) -> str:
    """A rough kind: empty, number, nan, date, time, money, link, code, word, text or other.

    Example:
        >>> [cell_type(c) for c in ["", " 1,234.5", "2024-01-31", "12:30", "$5.20", "A-17", "Ada", "a b", "a|b^c"]]
        ['empty', 'number', 'date', 'time', 'money', 'code', 'word', 'text', 'other']
    """
    cell = cell.strip()
    if not cell:
        return "empty"
    if len(cell) > 64:
        return "link" if cell.startswith(("http://", "https://")) and " " not in cell else "text"
    match = _CELL.fullmatch(cell)
    if match and match.lastgroup == "text" and _PACKED.search(cell):
        return "other"
    return match.lastgroup or "other" if match else "other"


class Record(NamedTuple):
    """The cells of one record.

    Attributes:
        line: 1-based physical line it starts on.
        cells: texts without their quotes.
        quoted: how many cells were quoted.
        faults: how many quotes stood where none may.
        text: the record as it stood, line ends within it as ``\\n``.
    """

    line: int
    cells: list[str]
    quoted: int
    faults: int
    text: str


def split(text: str, delimiter: str, quote: str, escape: str) -> tuple[list[str], int, int]:
    """Cut one record into cells.

    A cell is quoted when its first character (blanks aside) is a quote that closes before a delimiter or the end. A
    quote anywhere else is kept as it stands and counted as a fault.

    Returns:
        cells, number of quoted cells, number of faults (an unclosed quote counts 1000).

    Example:
        >>> split("a,|b,||c|,5| disk", ",", "|", "")
        (['a', 'b,|c', '5| disk'], 1, 1)
    """
    if not delimiter:
        if not quote or quote not in text:
            return [text], 0, 0
    elif not quote or quote not in text:
        cells = text.split(delimiter)
        return ([c.replace(escape + escape, escape) for c in cells] if escape and escape in text else cells), 0, 0
    cut = _with_quotes if len(text) <= _REMEMBERED else _with_quotes.__wrapped__
    found, quoted, faults = cut(text, delimiter, quote, escape)
    return list(found), quoted, faults


def _clean(pieces: list[str], delimiter: str, quote: str) -> tuple[list[str], int] | None:
    """Cells, and how many were quoted, of a record whose quotes are all in order; None of any other.

    Args:
        pieces: the record between its delimiters, those within quotes too.
        delimiter: one or more characters.
        quote: one character.
    """
    cells: list[str] = []
    quoted, at = 0, 0
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        if quote not in piece:
            cells.append(piece)
            continue
        if piece[0] != quote:
            return None
        marks, first = piece.count(quote), at
        while marks % 2 or piece[-1:] != quote or (at == first and len(piece) == 1):
            if at == len(pieces):
                return None
            piece = pieces[at]
            at += 1
            marks += piece.count(quote)
        if at > first:
            piece = delimiter.join(pieces[first - 1 : at])
        inside = piece[1:-1]
        if marks > 2:
            inside = inside.replace(quote + quote, "\0")
            if quote in inside or "\0" in piece:
                return None
            inside = inside.replace("\0", quote)
        quoted += 1
        cells.append(inside)
    return cells, quoted


@lru_cache(maxsize=1 << 10)
def _with_quotes(text: str, delimiter: str, quote: str, escape: str) -> tuple[tuple[str, ...], int, int]:
    """``split`` where there are quotes; detection and layout ask for the same lines more than once."""
    if delimiter and not escape and (clean := _clean(text.split(delimiter), delimiter, quote)) is not None:
        return tuple(clean[0]), clean[1], 0
    cells: list[str] = []
    quoted, faults = 0, 0
    at, end, step = 0, len(text), len(delimiter)
    while True:
        start = at
        if not text.startswith(quote, start):
            while start < end and text[start] in " \t" and not (delimiter and text.startswith(delimiter, start)):
                start += 1
        if start < end and text.startswith(quote, start):
            closed = _closing(text, start + 1, delimiter, quote, escape)
            if closed is None:
                cells.extend(text[at:].split(delimiter) if delimiter else [text[at:]])
                return tuple(cells), quoted, faults + 1000
            else:
                stop, after, inner = closed
                cells.append(_bare(text[start + 1 : stop], quote, escape))
                quoted, faults = quoted + 1, faults + inner
                if after >= end:
                    return tuple(cells), quoted, faults
                at = after + step
                continue
        stop = text.find(delimiter, at) if delimiter else -1
        cell = text[at:] if stop < 0 else text[at:stop]
        faults += quote in cell
        cells.append(cell)
        if stop < 0:
            return tuple(cells), quoted, faults
        at = stop + step


def _bare(body: str, quote: str, escape: str) -> str:
    """The inside of a quoted cell without its escapes."""
    if escape and escape in body:
        e, q = re.escape(escape), re.escape(quote)
        return re.sub(rf"{e}({e}|{q})|{q}({q})", lambda m: m.group(1) or m.group(2), body)
    return body.replace(quote + quote, quote)


def _closing(text: str, at: int, delimiter: str, quote: str, escape: str) -> tuple[int, int, int] | None:
    """Where a quoted cell ends: position of the closing quote, position of what follows it, faults within."""
    end, faults = len(text), 0
    while True:
        stop = text.find(quote, at)
        if stop < 0:
            return None
        if escape and _escaped(text, stop, escape):
            at = stop + 1
            continue
        after = stop + 1
        if text.startswith(quote, after):
            at = after + 1
            continue
        if after >= end or (delimiter and text.startswith(delimiter, after)):
            return stop, after, faults
        blank = after
        while blank < end and text[blank] in " \t":
            blank += 1
        if blank >= end or (delimiter and text.startswith(delimiter, blank)):
            return stop, blank, faults
        faults += 1
        if faults > MAX_FAULTS_PER_CELL:
            return None
        at = after


def _escaped(text: str, at: int, escape: str) -> bool:
    count = 0
    while at - 1 - count >= 0 and text[at - 1 - count] == escape:
        count += 1
    return count % 2 == 1


def records(text: str, delimiter: str, quote: str, escape: str = "", first_line: int = 1) -> Iterator[Record]:
    """Cut text (line ends as ``\\n``) into records; a quoted cell may hold line ends.

    Blank lines give records with one empty cell. A quote that never closes stays on its own line.

    Example:
        >>> [r.cells for r in records('a,b\\n"x\\ny",2\\n', ",", '"')]
        [['a', 'b'], ['x\\ny', '2']]
    """
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    at = 0
    while at < len(lines):
        line = lines[at]
        if not quote or quote not in line:
            yield Record(first_line + at, split(line, delimiter, "", escape)[0], 0, 0, line)
            at += 1
            continue
        cells, quoted, faults = split(line, delimiter, quote, escape)
        taken, whole = 1, line
        if faults >= 1000:
            joined, marks, tries = [line], line.count(quote), 0
            for more in lines[at + 1 : at + MAX_LINES_PER_RECORD]:
                joined.append(more)
                marks += more.count(quote)
                if quote in more and (marks % 2 == 0 or escape):
                    tries += 1
                    longer = "\n".join(joined)
                    again = split(longer, delimiter, quote, escape)
                    if again[2] < 1000:
                        if again[2] == 0 or again[2] <= faults - 1000:
                            (cells, quoted, faults), taken, whole = again, len(joined), longer
                        break
                    if len(longer) > 1 << 16 or tries >= _MAX_TRIES:
                        break
        yield Record(first_line + at, cells, quoted, faults, whole)
        at += taken
