"""Typographic quotes and tables drawn with bars, written with the signs that the readers of records know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from autoprep.reading.cells import Record, records
from autoprep.reading.content import LARGE, Content, Data, mapped, scratch
from autoprep.reading.dialect import guess_dialects, judge, sample_of
from autoprep.types import Dialect

#: Opening and closing signs, the usual pairs first.
PAIRS = ("“”", "„“", "„”", "«»", "»«")
#: ``Dialect.edges`` of a table drawn with bars around and between its cells, and of one with bars between them only;
#: both have a line of dashes below the names.
DRAWN, RULED = "drawn", "ruled"
_HEAD, _PIECE = 1 << 20, 1 << 24
#: Characters of a quoted cell at most.
_LONGEST = 20_000
#: Share of the lines that must be of a drawn table; share of the records that have typographic quotes where none of
#: them holds a delimiter.
_LINES, _MARKD = 0.6, 0.8
_DASHES = r"[ \t]*:?{}:?[ \t]*"
#: Lines of dashes below the names, bars around them or not, and lines of dashes anywhere, which crosses mark.
_BELOW = {
    DRAWN: re.compile(r"[ \t]*\|" + rf"(?:{_DASHES.format('-+')}\|)+[ \t]*"),
    RULED: re.compile(_DASHES.format("-{2,}") + rf"(?:\|{_DASHES.format('-{2,}')})+"),
}
_CROSSED = re.compile(r"[ \t]*\+?(?:[-=]+\+)+[-=]*[ \t]*")
_BAR = re.compile(r"(?<!\\)\|")
_MARK, _PADDING = '"', " \u00a0\u202f"


@dataclass(frozen=True)
class Signs:
    """What was written anew.

    Attributes:
        quote: the opening and the closing quote, or "".
        edges: ``DRAWN`` or ``RULED`` where the table was drawn, else "".
        delimiter: that goes with it, or "".
    """

    quote: str = ""
    edges: str = ""
    delimiter: str = ""

    def __bool__(self) -> bool:
        return bool(self.quote or self.edges)


def plain_signs(content: Content, given: Dialect | None) -> tuple[Content, Signs]:
    """A text with straight quotes and single bars, line by line as before; itself where it has nothing else.

    Args:
        content: the text.
        given: how it is laid out, or None to find out.

    Example:
        >>> from autoprep.reading.content import content_of
        >>> text = "| day | sold |\\n|-----|-----:|\\n| Mon | 5 |\\n"
        >>> made, said = plain_signs(content_of(text.encode()), None)
        >>> made.data.decode().split("\\n"), said.edges
        (['day|sold', '', 'Mon|5', ''], 'drawn')
    """
    if given:
        found = Signs(given.quote if len(given.quote) == 2 else "", given.edges, given.delimiter)
    else:
        head = content.data[content.base : content.base + _HEAD].decode("utf-8", errors="ignore")
        if "|" not in head and not any(pair[0] in head for pair in PAIRS):
            return content, Signs()
        head = head.replace("\r\n", "\n").replace("\r", "\n")
        edges = _edges(head) if "|" in head else ""
        found = Signs(edges=edges, delimiter="|") if edges else _typographic(head)
    if found.edges in _BELOW:
        drawing = _Drawing(found.edges)
        return _rewritten(content, drawing.undrawn, lambda piece: piece.rfind("\n") + 1), found
    if found.quote:
        cells = _quoted_cells(found.quote, found.delimiter)
        return _rewritten(content, lambda piece: cells.sub(_straight, piece), partial(_closed, found.quote)), found
    return content, Signs()


def _edges(head: str) -> str:
    """``DRAWN`` or ``RULED`` where most lines are of such a table, else ""."""
    lines = [line for line in sample_of(head).split("\n") if line.strip()]
    crossed = [bool(_CROSSED.fullmatch(line)) for line in lines]
    barred = [not cross and _BAR.search(line) is not None for line, cross in zip(lines, crossed, strict=True)]
    first = next((i for i, bar in enumerate(barred) if bar), len(lines))
    if first + 2 > len(lines) or sum(barred) + sum(crossed) < _LINES * len(lines):
        return ""
    names, below = lines[first], lines[first + 1]
    edges = DRAWN if names.lstrip().startswith("|") else RULED
    if not crossed[first + 1] and not _BELOW[edges].fullmatch(below):
        return ""
    return edges if len(_cells(names, edges)) == len(_cells(below.strip().replace("+", "|"), edges)) else ""


def _cells(line: str, edges: str) -> list[str]:
    """The cells of a line of a drawn table, without padding."""
    cells = _BAR.split(line.strip())
    if edges == DRAWN:
        cells = cells[not cells[0] : len(cells) - (not cells[-1])]
    return [cell.strip().replace("\\|", "|") for cell in cells]


@dataclass
class _Drawing:
    """A drawn table that is read from its first line to its last.

    Attributes:
        edges: ``DRAWN`` or ``RULED``.
        lines: how many lines with bars have been read.
    """

    edges: str
    lines: int = 0

    def undrawn(self, piece: str) -> str:
        """Lines of the table as lines of cells with a bar between them; lines of dashes as blank lines."""
        out = []
        for line in re.split(r"(\r\n|\n|\r)", piece):
            if _CROSSED.fullmatch(line):
                out.append("")
            elif "|" not in line:
                out.append(line)
            else:
                self.lines += 1
                ruled = self.lines == 2 and _BELOW[self.edges].fullmatch(line) is not None
                out.append("" if ruled else "|".join(map(_written, _cells(line, self.edges))))
        return "".join(out)


def _written(cell: str) -> str:
    return f'"{cell.replace(_MARK, _MARK * 2)}"' if _MARK in cell or "|" in cell else cell


def _typographic(head: str) -> Signs:
    """The typographic quotes around cells, where they are signs rather than part of the text.

    They are where cells with delimiters, or line ends, in them come out at one width for them; and where the names are
    quoted like what stands below them.
    """
    sample = sample_of(head)
    plain = None
    for pair in PAIRS:
        if pair[0] not in sample or pair[1] not in sample:
            continue
        plain = plain or guess_dialects(sample)[0]
        if plain.quote and plain.quoted:
            return Signs()
        best = guess_dialects(sample.translate(dict.fromkeys(map(ord, pair), _MARK)))[0]
        if best.quote != _MARK or not best.delimiter:
            continue
        made = _quoted_cells(pair, best.delimiter).sub(_straight, sample)
        if judge(made, best.delimiter, _MARK, "").quoted < 2:
            continue
        found = [r for r in records(made, best.delimiter, _MARK) if r.text.strip()]
        bare = [r for r in records(sample, best.delimiter, "") if r.text.strip()]
        mended = _of_width(found, best.width) / len(found) > _of_width(bare, best.width) / len(bare)
        named = found[0].quoted > 0 and sum(r.quoted >= found[0].quoted for r in found) >= _MARKD * len(found)
        if mended or named:
            return Signs(pair, delimiter=best.delimiter)
    return Signs()


def _of_width(found: list[Record], width: int) -> int:
    return sum(len(r.cells) == width for r in found)


def _quoted_cells(pair: str, delimiter: str) -> re.Pattern[str]:
    """A cell within typographic quotes, blanks around them aside."""
    first, last = pair[0], pair[1]
    edge = re.escape(delimiter) if delimiter else "(?!)"
    inside = rf"((?:[^{first}]|{first}[^{pair}]*{last}){{0,{_LONGEST}}}?)"
    blank = f"[{_PADDING}]?" if first in "«»" else ""  # that French sets within the signs
    begins = rf"(?:\A|(?<=[\r\n])|(?<={edge}))" if delimiter else r"(?:\A|(?<=[\r\n]))"
    return re.compile(rf"{begins}([ \t]*){first}{blank}{inside}{blank}{last}(?=[ \t]*(?:{edge}|[\r\n]|\Z))")


def _straight(match: re.Match[str]) -> str:
    return f'{match[1]}"{match[2].replace(_MARK, _MARK * 2)}"'


def _closed(pair: str, piece: str) -> int:
    """Where a piece of text may end: after a line that no quoted cell goes beyond, if one is near."""
    last = end = piece.rfind("\n") + 1
    for _ in range(200):
        if end <= 0:
            break
        if piece.count(pair[0], 0, end) == piece.count(pair[1], 0, end):
            return end
        end = piece.rfind("\n", 0, end - 1) + 1
    return last


def _rewritten(content: Content, made: Callable[[str], str], cut: Callable[[str], int]) -> Content:
    """A text after some function of its pieces; on disk when it is large."""
    data = content.data
    if len(data) <= LARGE:
        text = bytes(data[content.base :]).decode("utf-8", errors="replace")
        return replace(content, data=made(text).encode(), base=0, path=None)
    target = scratch()
    with target.open("wb") as out:
        for piece in _pieces(data, content.base, cut):
            out.write(made(piece).encode())
    return replace(content, data=mapped(target), base=0, path=target)


def _pieces(data: Data, at: int, cut: Callable[[str], int]) -> Iterator[str]:
    """A text in UTF-8 in parts that end with a line."""
    while at < len(data):
        last = at + _PIECE >= len(data)
        raw = bytes(data[at : at + _PIECE])
        raw = raw if last else raw[: raw.rfind(b"\n") + 1] or raw
        piece = raw.decode("utf-8", errors="replace")
        end = len(piece) if last else cut(piece) or len(piece)
        yield piece[:end]
        at += len(raw) if end == len(piece) else len(piece[:end].encode())
