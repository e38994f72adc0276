"""What may delimit and quote the cells of a text: everything worth trying, told by counting characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: The usual delimiters, the likelier first.
USUAL = (",", ";", "\t", "|", " ", ":")
#: Lines of a sample that are looked at.
LINES = 160
_NEVER = set("\"'`_-/.$%+*?()[]{}<>=@") | set("\r\n")
_NO_MARKS = "_\n\"'"
_ASCII_MARKS = [chr(i) for i in range(128) if not (chr(i).isalnum() or chr(i) in _NO_MARKS)]
_MARKS_CHARS = 1 << 13


def delimiters(sample: str) -> list[str]:
    """What may part the cells of a text, the usual marks first and nothing last.

    Example:
        >>> delimiters("a~|~b\\nc~|~d\\n")
        ['|', '~', '|~', '']
    """
    lines = [line for line in sample.split("\n") if line.strip()][:LINES]
    counts = _marks_of(sample)
    found = [d for d in USUAL if d in counts]
    for c in sorted(counts, key=lambda c: (-counts[c], sample.find(c))):
        usual = c in USUAL or c in _NEVER or (c.isspace() and c not in "\x1c\x1d\x1e\x1f\x0b")
        if usual or counts[c] < 0.6 * len(lines):
            continue
        if sum(c in line for line in lines) >= 0.6 * len(lines):
            found.append(c)
    for c in list(found):
        found.extend(_longer(sample, lines, c, counts))
    if "\\" in counts and counts["\\"] == sample.count("\\t") and counts["\\"] >= len(lines):
        found.append("\\t")
    return [*found[:14], ""]


def _marks_of(sample: str) -> dict[str, int]:
    """How often each character that is neither letter nor digit stands in a text."""
    if sample.isascii():
        counts = np.bincount(np.frombuffer(sample.encode(), dtype=np.uint8), minlength=128)
        return {c: int(counts[ord(c)]) for c in _ASCII_MARKS if counts[ord(c)]}
    return {c: sample.count(c) for c in set(sample) if not (c.isalnum() or c in _NO_MARKS)}


def _longer(sample: str, lines: Sequence[str], c: str, counts: Mapping[str, int]) -> list[str]:
    """Delimiters of several characters that begin with one that is always followed by the same."""
    grown, count = c, counts[c]
    out: list[str] = []
    while len(grown) < 6:
        least = max((0.6 if grown == c else 0.95) * sample.count(grown), 0.5 * len(lines))
        if not any(_follows(sample, grown, x, least, n) for x, n in counts.items()):
            break
        after = Counter(m.group(1) for m in re.finditer(re.escape(grown) + r"([^\w\n\"'])", sample))
        if not after:
            break
        following, n = after.most_common(1)[0]
        if following == c and set(grown) == {c} and len(grown) == 1:
            if sample.count(c + c) * 2 < 0.9 * count:
                break
        elif n < least:
            break
        grown += following
        if c == " " and grown.strip() == "":
            break
        out.append(grown)
    return out


def _follows(sample: str, grown: str, c: str, least: float, count: int) -> bool:
    """Whether a mark may follow what has grown often enough; a doubled one counts each pair once."""
    if grown == c:
        return 2 * sample.count(c + c) >= 0.9 * count
    return count >= least and sample.count(grown + c) >= least


@dataclass(frozen=True)
class Marks:
    """Where one kind of quote stands in a text, and what stands beside it, blanks skipped one by one.

    A line's end, and the text's, count as a line feed.
    """

    text: str
    quote: str
    at: Sequence[int]
    before: frozenset[str]
    after: frozenset[str]

    @classmethod
    def of(cls, text: str, quote: str) -> Marks:
        """Look at every quote of a text."""
        at = [m.start() for m in re.finditer(quote, text)]
        before: set[str] = set()
        after: set[str] = set()
        for place in at:
            left, right = place - 1, place + 1
            while left >= 0 and text[left] in " \t":
                before.add(text[left])
                left -= 1
            before.add(text[left] if left >= 0 else "\n")
            while right < len(text) and text[right] in " \t":
                after.add(text[right])
                right += 1
            after.add(text[right] if right < len(text) else "\n")
        return cls(text, quote, at, frozenset(before), frozenset(after))

    def edges(self, delimiter: str) -> bool:
        """Whether a quote may open a cell, and one may close one."""
        opens = "\n" in self.before or (bool(delimiter) and delimiter[-1] in self.before)
        closes = "\n" in self.after or (bool(delimiter) and delimiter[0] in self.after)
        if not (opens and closes) or len(delimiter) < 2:
            return opens and closes
        edge = re.escape(delimiter)
        if "\n" not in self.before and not re.search(rf"{edge}[ \t]*{self.quote}", self.text):
            return False
        return "\n" in self.after or re.search(rf"{self.quote}[ \t]*{edge}", self.text) is not None


def marks(sample: str) -> list[Marks]:
    """The quotes that a text has, the usual ones first."""
    out = []
    for quote in ('"', "'", "`"):
        first = sample.find(quote)
        if first >= 0:
            sample = sample[:_MARKS_CHARS] if first < _MARKS_CHARS // 2 else sample
            out.append(Marks.of(sample, quote))
    return out


def quotes(found: Sequence[Marks], delimiter: str) -> list[tuple[str, str]]:
    """Quote and escape that may go with a delimiter: quotes stand at the edges of cells, blanks aside."""
    double = any(m.quote == '"' for m in found)
    out: list[tuple[str, str]] = [] if double else [('"', "")]
    for mark in found:
        text, quote = mark.text, mark.quote
        if mark.edges(delimiter):
            out.append((quote, ""))
            edge = re.escape(delimiter) if delimiter else "(?!)"
            if "\\" + quote in text and re.search(rf"\\{quote}(?!\s*(?:$|{edge}))", text, re.MULTILINE):
                out.append((quote, "\\"))
    return [*out, ("", "")] if out != [('"', "")] or double else out
