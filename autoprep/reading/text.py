"""Turn the bytes of a text file into a frame of String columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from autoprep.errors import InputError, plural
from autoprep.reading import outer
from autoprep.reading.body import Body, read_body
from autoprep.reading.cells import Record, records
from autoprep.reading.content import LARGE, Content, Data, content_of
from autoprep.reading.dialect import Guess, guess_dialects, judge
from autoprep.reading.encodings import Encoding
from autoprep.reading.footer import find_end, is_total
from autoprep.reading.layout import LOOK, Layout, comment_prefix, find_layout, remarks, usual_fill
from autoprep.reading.names import column_names, generated, merged_headers
from autoprep.reading.places import Shape
from autoprep.reading.signs import DRAWN, RULED, Signs, plain_signs
from autoprep.types import Dialect, empty_rejected

#: Said of a table whose first row is a row.
NO_HEADER = "There is no header; the columns are named by their place."
_HEAD = 1 << 21
_EDGES = {
    outer.END: "Every line ends with a delimiter, which starts no column.",
    outer.BOTH: "Every line starts and ends with a delimiter; no columns stand outside them.",
    DRAWN: "The table is drawn with bars around its cells; they and the lines of dashes are not part of it.",
    RULED: "The table is drawn with bars between its cells; they and the line of dashes are not part of it.",
}
#: More columns than this are refused: each takes some kilobytes, whatever the file's size.
MOST_COLUMNS = 1 << 17


@dataclass(frozen=True)
class TextTable:
    """What reading a text gives: see ``Table`` for the meaning of the fields."""

    frame: pl.LazyFrame
    dialect: Dialect
    headers: dict[str, str]
    rejected: pl.DataFrame = field(default_factory=empty_rejected)
    realigned: pl.DataFrame = field(default_factory=empty_rejected)
    notes: tuple[str, ...] = ()
    shape: Shape | None = None


def read_text(data: bytes, given: Dialect | None = None, path: Path | None = None) -> TextTable:
    """Read text bytes; with a dialect given, nothing is guessed.

    Args:
        data: the file's content, decompressed.
        given: how it is laid out, or None to find out.
        path: the file that holds exactly these bytes, so that a large one can be scanned lazily.

    Example:
        >>> table = read_text(b"a;b\\n1,5;x\\n2,5;\\n")
        >>> table.frame.collect().rows(), table.dialect.delimiter
        ([('1,5', 'x'), ('2,5', None)], ';')
    """
    return read_content(content_of(data, given.encoding if given else None, path), given)


def read_content(content: Content, given: Dialect | None = None) -> TextTable:
    """Read a text that was opened; see ``read_text``.

    Raises:
        InputError: it holds nothing but blanks.
    """
    content, signs = plain_signs(content, given)
    if signs and given:
        given = replace(given, quote='"')
    data, encoding, newline, path = content.data, content.encoding, content.newline, content.path
    if not data[content.base : _HEAD].strip() and not bytes(data[content.base :]).strip():
        raise InputError("the file holds nothing but blanks", where=str(path) if path else None)
    byte = 13 if newline == "\r" else 10
    head = data[content.base : _HEAD].decode("utf-8", errors="ignore")
    head = head.replace("\r", "\n") if byte == 13 else head.replace("\r\n", "\n")
    table = "\n".join(head.split("\n", given.preamble_lines)[given.preamble_lines :]) if given else head
    guesses = [judge(table, given.delimiter, given.quote, given.escape)] if given else guess_dialects(head)
    if signs:
        guesses = _as_signed(guesses, table, signs)
    best = guesses[0]
    if best.width > MOST_COLUMNS:
        raise InputError(
            f"{best.width:,} columns are more than a table may have ({MOST_COLUMNS:,})",
            where=str(path) if path else None,
        )
    found = _first_records(head, best)
    layout = _given_layout(given, found) if given else find_layout(found, best.width)
    comment = given.comment if given else comment_prefix(found, best.width)
    if comment and not given:
        alone = best.width == 1
        kept = found[len(remarks(found, comment)) :] if alone else [r for r in found if not r.text.startswith(comment)]
        layout = find_layout(kept, best.width)
        layout = _shifted(layout, found, kept)
        comment = "" if alone else comment
    names, headers, units = _names(layout, found, best.width)
    first = found[layout.start].line if layout.start < len(found) else 1
    after = layout.start + layout.header_rows + layout.units_row
    line = found[after].line if after < len(found) else _line_after(found, head)
    start = _byte_of_line(data, line, byte, content.base)
    cells = min(best.width, len(names)) if layout.header_rows and best.share > 0.5 else len(names)
    usual = usual_fill(found[after:], cells)
    end, below = _end(data, start, given, cells, best, byte, usual)
    shape = Shape(names, best.delimiter, best.quote, best.escape, comment, byte, start, max(start, end), line)
    shape = replace(shape, width=cells)
    shape = replace(shape, header=_spellings(data, start, layout, found, best))
    body = read_body(data, shape, path)
    edges, names, body = outer.without(body, names, headers, found[after:], given)
    headers = {name: headers[name] for name in names if name in headers}
    dialect = Dialect(
        encoding=encoding.name,
        delimiter=best.delimiter,
        quote=_quote(signs, best, body),
        escape=best.escape,
        comment=comment,
        newline=newline,
        preamble_lines=first - 1,
        header_rows=layout.header_rows,
        units_row=layout.units_row,
        footer_lines=len(below),
        edges=signs.edges or edges,
        confidence=given.confidence if given else _confidence(guesses, encoding),
        evidence=_evidence(guesses, encoding, layout, found, below, units, given),
    )
    notes = _notes(dialect, body, layout, found, below, encoding, given, names, cells)
    where = None if signs or edges == outer.BOTH else shape
    return TextTable(body.frame, dialect, headers, body.rejected, body.realigned, notes, where)


def _as_signed(guesses: list[Guess], text: str, signs: Signs) -> list[Guess]:
    """The guesses with the one first that the signs of a text stand for."""
    first = next((g for g in guesses if g.delimiter == signs.delimiter and g.quote == '"'), None)
    first = first or judge(text, signs.delimiter, '"', "")
    return [first, *(g for g in guesses if g != first)]


def _quote(signs: Signs, best: Guess, body: Body) -> str:
    if signs:
        return signs.quote
    return best.quote if body.quoted or best.quoted else ""


def _spellings(data: Data, start: int, layout: Layout, found: Sequence[Record], best: Guess) -> tuple[bytes, ...]:
    """How the header line may be written where it comes again: as it stands, bare, and with every cell quoted."""
    if layout.header_rows != 1 or layout.start >= len(found) or best.width < 2:
        return ()
    line = found[layout.start]
    if "\n" in line.text:
        return ()
    quote, doubled = best.quote, best.quote * 2
    quoted = best.delimiter.join(f"{quote}{c.replace(quote, doubled) if quote else c}{quote}" for c in line.cells)
    ways = dict.fromkeys((line.text, best.delimiter.join(line.cells), quoted))
    return tuple(way.encode() for way in ways if len(data) > LARGE or data.find(way.encode(), start) >= 0)


def _first_records(head: str, best: Guess) -> list[Record]:
    out: list[Record] = []
    for record in records(head, best.delimiter, best.quote, best.escape):
        out.append(record)
        if len(out) >= 2 * LOOK:
            break
    return out


def _given_layout(given: Dialect, found: Sequence[Record]) -> Layout:
    start = next((i for i, r in enumerate(found) if r.line > given.preamble_lines), len(found))
    return Layout(start, min(given.header_rows, max(0, len(found) - start)), given.units_row, 1.0)


def _shifted(layout: Layout, found: Sequence[Record], kept: Sequence[Record]) -> Layout:
    """A layout of the records without comments, told in places among all of them."""
    if layout.start >= len(kept):
        return layout
    line = kept[layout.start].line
    at = next(i for i, r in enumerate(found) if r.line == line)
    return Layout(at, layout.header_rows, layout.units_row, layout.header_score, layout.names, layout.evidence)


def _names(layout: Layout, found: Sequence[Record], width: int) -> tuple[list[str], dict[str, str], dict[str, str]]:
    if layout.names:
        names, headers = column_names(layout.names)
        return names, headers, {}
    head = [r.cells for r in found[layout.start : layout.start + layout.header_rows]]
    if not head:
        names, headers = generated(width)
        return names, headers, {}
    if len(head) == 1 and len(head[0]) == width - 1:
        body = [r.cells for r in found[layout.start + 1 :] if len(r.cells) == width]
        ended = all(not row[-1].strip() for row in body)  # a delimiter at the end of every row, and not of the header
        head = [[*head[0], ""] if ended else ["", *head[0]]]  # R leaves the row names' column without a header
    elif len(head) == 1 and len(head[0]) == width + 1 and not head[0][-1].strip():
        head = [head[0][:-1]]
    names, headers = column_names(head[0] if len(head) == 1 else merged_headers(head, width), width)
    row = found[layout.start + layout.header_rows].cells if layout.units_row else []
    return names, headers, {n: u.strip() for n, u in zip(names, row, strict=False) if u.strip()}


def _line_after(found: Sequence[Record], head: str) -> int:
    return (found[-1].line + found[-1].text.count("\n") + 1) if found else 1 + head.count("\n")


def _byte_of_line(data: Data, line: int, newline: int, base: int) -> int:
    at, mark = base, bytes([newline])
    for _ in range(line - 1):
        following = data.find(mark, at)
        if following < 0:
            return len(data)
        at = following + 1
    return at


def _end(
    data: Data, start: int, given: Dialect | None, width: int, best: Guess, newline: int, usual: int
) -> tuple[int, list[str]]:
    mark = bytes([newline])
    if given is None:
        return find_end(data, start, width, best.delimiter, best.quote, best.escape, mark, usual)
    end = len(data)
    for _ in range(given.footer_lines):
        end = max(start, data.rfind(mark, start, max(start, end - 1)) + 1)
    below = data[end:].decode("utf-8", errors="replace").splitlines() if end < len(data) else []
    return end, below


def _confidence(guesses: Sequence[Guess], encoding: Encoding) -> float:
    best = guesses[0]
    if best.score <= 0:
        return 0.3
    rivals = [g.score for g in guesses[1:] if g.delimiter != best.delimiter]
    margin = 1.0 - (rivals[0] / best.score if rivals else 0.0)
    return round(max(0.0, min(1.0, 0.5 + margin)) * min(1.0, 0.5 + encoding.confidence), 3)


def _evidence(
    guesses: Sequence[Guess],
    encoding: Encoding,
    layout: Layout,
    found: Sequence[Record],
    below: Sequence[str],
    units: dict[str, str],
    given: Dialect | None,
) -> dict[str, object]:
    if given:
        return {"given": True}
    rivals = [g for g in guesses[1:] if g.delimiter != guesses[0].delimiter] or list(guesses[1:])
    said: dict[str, object] = {
        "best": guesses[0].to_dict(),
        "runner_up": rivals[0].to_dict() if rivals else {},
        "header": layout.evidence.get("header", ""),
        "header_score": round(layout.header_score, 3),
    }
    if encoding.runner_up:
        said["encoding"] = {"confidence": encoding.confidence, "runner_up": encoding.runner_up}
    above = [r.text for r in found[: layout.start]]
    if above:
        said["preamble"] = [t[:200] for t in above[:20]]
    if below:
        said["footer"] = [t[:200] for t in below[:20]]
    if units:
        said["units"] = units
    return said


def _notes(
    dialect: Dialect,
    body: Body,
    layout: Layout,
    found: Sequence[Record],
    below: Sequence[str],
    encoding: Encoding,
    given: Dialect | None,
    names: Sequence[str],
    width: int,
) -> tuple[str, ...]:
    notes: list[str] = []
    if len(names) > width:
        empty = len(names) - width
        rest = "the last is" if empty == 1 else f"the last {empty} are"
        notes.append(f"Most rows have {plural(width, 'cell')} under {len(names)} names; {rest} empty.")
    if dialect.preamble_lines:
        notes.append(f"{_lines(dialect.preamble_lines)} above the table {_be(dialect.preamble_lines)} not part of it.")
    if any(t.strip(" ,;\t|") for t in below):
        notes.append(f"{_lines(len(below))} below the table {_be(len(below))} not part of it.")
    if dialect.header_rows == 0 and not layout.names:
        notes.append(NO_HEADER)
    if dialect.header_rows > 1:
        notes.append(f"The column names stand in {dialect.header_rows} rows.")
    if dialect.edges in _EDGES:
        notes.append(_EDGES[dialect.edges])
    if len(dialect.quote) == 2:
        notes.append(f"Cells are quoted with {dialect.quote[0]} and {dialect.quote[1]}.")
    if dialect.units_row:
        notes.append("The row below the column names gives units and is not part of the table.")
    if not body.rows and not body.rejected.height:
        notes.append("There is a header but not a single row.")
    if encoding.repaired:
        notes.append(f"{encoding.repaired} bytes are not valid UTF-8 and were read as Windows-1252.")
    elif encoding.runner_up and encoding.confidence < 0.6:
        notes.append(f"The encoding may be {encoding.name} or {encoding.runner_up}.")
    if given is None and dialect.confidence < 0.6 and width > 1:
        rival = dialect.evidence.get("runner_up", {})
        shown = rival.get("delimiter") if isinstance(rival, dict) else None
        notes.append(f"The delimiter may be {dialect.delimiter!r} or {shown!r}.")
    if body.realigned.height:
        notes.append(
            f"{body.realigned.height} malformed {_records(body.realigned.height)} put right ({_where(body.realigned)})."
        )
    if body.rejected.height:
        notes.append(f"{_lines(body.rejected.height)} could not be read ({_where(body.rejected)}).")
    rows = found[: len(found) - len(below)]
    if len(rows) > 3 and len(found) < 2 * LOOK:
        last = next((r for r in reversed(rows) if any(c.strip() for c in r.cells)), rows[-1])
        if len(last.cells) == width > 1 and is_total(last.cells[0]):
            notes.append("The last row looks like a total of the rows above it.")
    return tuple(notes)


def _lines(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'}"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _records(count: int) -> str:
    return "record was" if count == 1 else "records were"


def _where(lines: pl.DataFrame) -> str:
    shown = ", ".join(str(n) for n in lines["line"].head(5).to_list())
    return f"line {shown}" if lines.height == 1 else f"lines {shown}{', ...' if lines.height > 5 else ''}"
