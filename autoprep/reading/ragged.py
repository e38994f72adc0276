"""Put the cells of a malformed record back under their columns, where the columns' values say plainly how."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autoprep.reading.cells import cell_type, split

_UNLIKELY = math.log(1e-4)
_MERGE = math.log(0.05)
_DROP = math.log(0.1)
_MISSING = math.log(0.03)
_PAD = math.log(0.6)
_CUT = math.log(0.02)
#: How much worse than the worst of the regular rows a realigned row may be, and by how much it must beat its rival.
_SLACK, _MARGIN = 9.0, 1.0
_MAX_WIDTH = 400


@lru_cache(maxsize=1 << 14)
def shape(cell: str) -> str:
    """Letters, digits and marks of a cell, runs shortened.

    Example:
        >>> shape("MG-8769"), shape("28/01/2018"), shape("Tropic Cap")
        ('A-9', '9/9/9', 'Aa Aa')
    """
    text = re.sub(r"[a-zà-ÿ]+", "a", re.sub(r"[A-ZÀ-Þ]+", "A", re.sub(r"\d+", "9", cell[:80])))
    return text if len(text) <= 24 else text[:12] + "~"


@lru_cache(maxsize=1 << 14)
def _look(cell: str) -> tuple[str, str, int, str]:
    """Shape, kind, about how long, and the first and last character's class of a cell."""
    return shape(cell), cell_type(cell), min(12, int(2 * math.log2(len(cell) + 1))), _edge(cell[:1]) + _edge(cell[-1:])


class Column:
    """How the values of one column look."""

    def __init__(self, values: Sequence[str]) -> None:
        self.values = Counter(v for v in values if v.strip())
        filled = self.values.total()
        self.empty = (len(values) - filled + 0.2) / (len(values) + 1)
        self.rows = max(1, filled)
        self.shapes, self.kinds, self.lengths, self.edges = (defaultdict[Any, int](int) for _ in range(4))
        looks = [_look(value) for value in self.values]
        for (formed, kind, about, edges), count in zip(looks, self.values.values(), strict=True):
            self.shapes[formed] += count
            self.kinds[kind] += count
            self.edges[edges] += count
            for near in (about - 1, about, about + 1):
                self.lengths[near] += count
        self.memory = {value: math.log(self.empty) for value in set(values) - self.values.keys()}
        for value, look in zip(self.values, looks, strict=True):
            self.memory[value] = self._log_likelihood(value, look)

    def log_likelihood(self, cell: str) -> float:
        """How likely a cell is in this column, as a natural logarithm, at most 0."""
        known = self.memory.get(cell)
        if known is None:
            known = math.log(self.empty) if not cell.strip() else self._log_likelihood(cell, _look(cell))
            self.memory[cell] = known
        return known

    def _log_likelihood(self, cell: str, look: tuple[str, str, int, str]) -> float:
        n = self.rows
        formed, kind, about, edges = look
        alike, length = self.kinds.get(kind, 0) / n, self.lengths.get(about, 0) / n
        body = alike * length * (0.3 + 0.35 * self.edges.get(edges, 0) / n) + 0.25 * self.shapes.get(formed, 0) / n
        body += 0.1 * min(1.0, 5 * self.values.get(cell, 0) / n)
        return math.log((1.0 - self.empty) * max(body, 1e-4))


@lru_cache(maxsize=1 << 10)
def _edge(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character


@dataclass(frozen=True)
class Mended:
    """A record put right: its cells, what was done, and how many records of the text it is made of."""

    cells: list[str]
    how: str
    taken: int = 1


class Realigner:
    """Puts malformed records right after the example of regular ones.

    Args:
        rows: some regular rows, all of one width.
        delimiter: see ``Dialect``.
        quote: see ``Dialect``.
        escape: see ``Dialect``.

    Example:
        >>> rows = [[f"2024-01-{d:02}", f"AB-{d * 37}", f"{d}.50"] for d in range(1, 29)]
        >>> mender = Realigner(rows, ",", '"', "")
        >>> mender.mend("2024-02-01,,AB-77,1.25").cells
        ['2024-02-01', 'AB-77', '1.25']
        >>> mender.mend("2024-02-01AB-77,1.25").cells
        ['2024-02-01', 'AB-77', '1.25']
        >>> mender.mend("see page 7") is None
        True
    """

    def __init__(self, rows: Sequence[Sequence[str]], delimiter: str, quote: str, escape: str) -> None:
        self.width = len(rows[0]) if rows else 0
        self.delimiter, self.quote, self.escape = delimiter, quote, escape
        self.columns = [Column(values) for values in zip(*rows, strict=True)]
        memories = [column.memory for column in self.columns]
        usual = sorted(sum(map(dict.__getitem__, memories, row)) for row in rows[:300])
        self.floor = (usual[len(usual) // 50] if usual else 0.0) - _SLACK
        self.strict = len(rows) >= 4 and 1 < self.width <= _MAX_WIDTH

    def score(self, cells: Sequence[str]) -> float:
        """Log likelihood of a row of the right width."""
        return sum(c.log_likelihood(v) for c, v in zip(self.columns, cells, strict=True))

    def mend(self, text: str) -> Mended | None:
        """Cells of a malformed record, or None when no way to cut it is plainly the best."""
        if not self.strict:
            return None
        ways = sorted(self._ways(text), key=lambda w: -w[0])
        best: dict[tuple[str, ...], tuple[float, str]] = {}
        for score, cells, how in ways:
            best.setdefault(tuple(cells), (score, how))
        ranked = sorted(best.items(), key=lambda item: -item[1][0])
        if not ranked or ranked[0][1][0] < self.floor:
            return None
        if len(ranked) > 1 and ranked[0][1][0] - ranked[1][1][0] < _MARGIN:
            return None
        return Mended(list(ranked[0][0]), ranked[0][1][1])

    def _ways(self, text: str) -> Iterable[tuple[float, list[str], str]]:
        for cells, how, cost in self._cuts(text):
            if len(cells) == self.width:
                yield self.score(cells) + cost, cells, how
            elif self.width < len(cells) <= 3 * self.width + 8:
                merged = self._merge(cells)
                if merged:
                    yield merged[0] + cost, merged[1], "cells beyond the width were joined or dropped"
            elif len(cells) < self.width:
                yield from ((s + cost, c, w) for s, c, w in self._stretch(cells))

    def _cuts(self, text: str) -> Iterable[tuple[list[str], str, float]]:
        """Ways to cut the text into cells before any realignment."""
        lenient, _, faults = split(text, self.delimiter, self.quote, self.escape)
        if faults < 1000:
            yield lenient, "a stray quote was kept as text", 0.0
        if self.quote and self.quote in text:
            yield self._literal(text), "a stray quote was kept as text", math.log(0.5)
            if faults >= 1000:
                yield text.split(self.delimiter), "an unclosed quote was kept as text", math.log(0.3)
        if len(lenient) <= max(2, self.width // 3) and self.width > 2:
            for other in (",", ";", "\t", "|", " "):
                if other != self.delimiter and text.count(other) >= self.width - 1:
                    cells = split(text, other, self.quote, self.escape)[0]
                    yield from self._other(cells, other)

    def _other(self, cells: list[str], other: str) -> Iterable[tuple[list[str], str, float]]:
        how = f"this record is delimited by {other!r}"
        if len(cells) == self.width:
            yield cells, how, math.log(0.1)
        elif self.width < len(cells) <= 4 * self.width:
            merged = self._merge(cells, other, merge=math.log(0.3))
            if merged:
                yield merged[1], how, math.log(0.1)

    def _literal(self, text: str) -> list[str]:
        """Cells when only a cell whose quotes are in order counts as quoted."""
        cells: list[str] = []
        for piece in text.split(self.delimiter):
            cells.append(piece)
        out: list[str] = []
        at = 0
        while at < len(cells):
            if cells[at].startswith(self.quote):
                for to in range(at + 1, min(len(cells), at + 40) + 1):
                    joined = self.delimiter.join(cells[at:to])
                    if len(joined) > 1 and joined.endswith(self.quote):
                        inner, _, faults = split(joined, self.delimiter, self.quote, self.escape)
                        if len(inner) == 1 and faults == 0:
                            out.append(inner[0])
                            at = to
                            break
                        if faults == 0 or to - at > 20:
                            to = len(cells) + 1
                            break
                else:
                    to = len(cells) + 1
                if to <= len(cells) and at == to:
                    continue
            out.append(cells[at])
            at += 1
        return out

    def _merge(
        self, cells: list[str], glue: str | None = None, merge: float = _MERGE
    ) -> tuple[float, list[str]] | None:
        """The likeliest way to join neighbours or drop empty cells so that the width is right (dynamic programme)."""
        glue = self.delimiter if glue is None else glue
        n, width = len(cells), self.width
        extra = n - width
        best: list[dict[int, tuple[float, list[str]]]] = [{} for _ in range(width + 1)]
        best[0] = {0: (0.0, [])}
        for j in range(width):
            for at, (score, done) in best[j].items():
                for take in range(1, extra + 2):
                    if at + take > n or n - at - take < width - j - 1:
                        break
                    piece = cells[at : at + take]
                    options = [(glue.join(piece), (take - 1) * merge)]
                    filled = [c for c in piece if c]
                    if take > 1 and len(filled) <= 1:
                        options.append((filled[0] if filled else "", (take - 1) * _DROP))
                    for value, cost in options:
                        total = score + cost + self.columns[j].log_likelihood(value)
                        if at + take not in best[j + 1] or total > best[j + 1][at + take][0]:
                            best[j + 1][at + take] = (total, [*done, value])
        return best[width].get(n)

    def _stretch(self, cells: list[str]) -> Iterable[tuple[float, list[str], str]]:
        """Ways to fill a short record: blanks at its end, a blank somewhere, or one cell cut in two."""
        lack = self.width - len(cells)
        padded = [*cells, *[""] * lack]
        if lack < self.width - 1 or self.width == 2:
            yield self.score(padded) + lack * _PAD, padded, f"{lack} missing cells at the end were left empty"
        if lack == 1:
            for at in range(len(cells)):
                filled = [*cells[:at], "", *cells[at:]]
                yield self.score(filled) + _MISSING, filled, "a missing cell was left empty"
            prefix = [0.0]
            for i, cell in enumerate(cells):
                prefix.append(prefix[-1] + self.columns[i].log_likelihood(cell))
            suffix = [0.0]
            for i in range(len(cells) - 1, -1, -1):
                suffix.append(suffix[-1] + self.columns[i + 1].log_likelihood(cells[i]))
            suffix.reverse()
            for at, cell in enumerate(cells):
                rest = prefix[at] + suffix[at + 1]
                if rest + _CUT <= self.floor:  # no likelihood is above one
                    continue
                for left, right in self._halves(cell):
                    score = self.columns[at].log_likelihood(left)
                    if score + rest + _CUT <= self.floor:
                        continue
                    score += self.columns[at + 1].log_likelihood(right)
                    if score + rest + _CUT > self.floor:
                        done = [*cells[:at], left, right, *cells[at + 1 :]]
                        yield score + rest + _CUT, done, "a missing delimiter was put back"

    def _halves(self, cell: str) -> Iterable[tuple[str, str]]:
        quote = self.quote
        if quote and quote in cell:
            for match in re.finditer(re.escape(quote) + "+", cell):
                yield cell[: match.start()], cell[match.end() :].removesuffix(quote)
        for at in range(1, min(len(cell), 400)):
            yield cell[:at], cell[at:]


def mend_all(
    realigner: Realigner, records: Sequence[tuple[int, str]], limit: int = 2000
) -> tuple[dict[int, Mended], Callable[[int], str]]:
    """Mend records given as (place, text); beyond the limit only those whose quotes are the sole fault.

    Returns:
        place -> what became of it, and why a record was not mended.
    """
    done: dict[int, Mended] = {}
    widths: dict[int, int] = {}
    for number, (place, text) in enumerate(records):
        cells, _, faults = split(text, realigner.delimiter, realigner.quote, realigner.escape)
        widths[place] = len(cells)
        if len(cells) == realigner.width and faults == 0:
            done[place] = Mended(cells, "")
        elif number < limit:
            mended = realigner.mend(text)
            if mended:
                done[place] = mended
        elif len(cells) == realigner.width and faults < 1000:
            done[place] = Mended(cells, "a stray quote was kept as text")

    def why(place: int) -> str:
        width = widths.get(place, 0)
        if width == realigner.width:
            return "its quotes do not close"
        return f"{width} cells where {realigner.width} are expected"

    return done, why
