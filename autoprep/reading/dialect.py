"""Tell how a text is laid out by trying every plausible dialect and scoring the table that each one gives.

The score asks, like García's table uniformity (2024) and van den Burg's data consistency (2019), for records of one
width whose columns hold one kind of value; the formulas and the weighing are our own.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autoprep.reading import fixed
from autoprep.reading.candidates import LINES, delimiters, marks, quotes
from autoprep.reading.cells import Record, cell_type, records

#: How plausible a delimiter is before any line has been read.
_PRIOR = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 0.99, " ": 0.72, ":": 0.78, "": 0.6}
_WORTH = {
    "empty": 0.7, "number": 1.0, "nan": 0.9, "date": 1.0, "time": 1.0, "money": 1.0, "link": 1.0, "code": 0.9,
    "word": 0.95, "text": 0.72, "other": 0.25,
}  # fmt: skip
_VALUES, _ATOMS = frozenset(("number", "date", "time", "money")), frozenset(("date", "time", "link"))
_ATOMS_WORTH = 2.2
_DECIMAL = re.compile(r"[+-]?\d{1,9},\d{1,4}")
_SAMPLE_CHARS = 1 << 16
_QUICK_LINES = 32
#: Delimiter, quote, escape.
Candidate = tuple[str, str, str]


@dataclass(frozen=True)
class Guess:
    """One candidate dialect and what the sample looks like under it.

    Attributes:
        delimiter: see ``Dialect``.
        quote: see ``Dialect``.
        escape: see ``Dialect``.
        score: in [0, 1].
        width: number of cells of most records.
        share: share of records of that width.
        quoted: number of quoted cells.
    """

    delimiter: str
    quote: str
    escape: str
    score: float
    width: int
    share: float
    quoted: int

    def to_dict(self) -> dict[str, object]:
        """Plain values for the evidence of a dialect."""
        said: dict[str, object] = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        return said | {"score": round(self.score, 3), "columns": self.width, "share": round(self.share, 3)}


def _prior(delimiter: str) -> float:
    if len(delimiter) > 1:
        return _PRIOR.get(delimiter[0], 0.9) * (1.02 if delimiter[0] != " " else 1.0)
    return _PRIOR.get(delimiter, 0.9)


def sample_of(text: str, lines: int = LINES, chars: int = _SAMPLE_CHARS) -> str:
    """The lines that detection looks at: the first ones of the text, whole."""
    at = -1
    for _ in range(lines):
        following = text.find("\n", at + 1)
        if following < 0 or following > chars:
            break
        at = following
    else:
        return text[: at + 1]
    return text if following < 0 else text[: at + 1] or text[:chars]


def guess_dialects(text: str) -> list[Guess]:
    """Candidate dialects of a text (line ends as ``\\n``), the best first.

    Example:
        >>> best = guess_dialects('name;price\\n"Ada";1,5\\n"Bob; jr";2,5\\n')[0]
        >>> best.delimiter, best.quote, best.width
        (';', '"', 2)
    """
    sample = sample_of(text)
    if '"' in sample and len(sample) < len(text) and _spread(sample) > 2.5:
        sample = sample_of(text, 12 * LINES, 12 * _SAMPLE_CHARS)
    found = marks(sample)
    candidates = [(d, q, e) for d in delimiters(sample) for q, e in quotes(found, d)]
    quick = sample_of(sample, _QUICK_LINES)
    if 2 * len(quick) < len(sample):  # leave out what the first lines rule out
        early = _best_first(quick, candidates, True, lambda guesses: 0.6 * guesses[0].score)
        if early[0].score > 0.4:
            least = 0.6 * early[0].score
            candidates = [(g.delimiter, g.quote, g.escape) for g in early if g.score >= least]
    guesses = _best_first(sample, candidates, len(sample) < len(text), _runner_up)
    if guesses[0].width == 1 and guesses[0].delimiter and not guesses[0].quoted:
        return _undivided(guesses, sample)
    return _whole_lines_first(guesses, sample) if guesses[0].delimiter in (" ", ":") else guesses


def _best_first(
    sample: str, candidates: Sequence[Candidate], cut: bool, needed: Callable[[Sequence[Guess]], float]
) -> list[Guess]:
    """Scores of the candidates, the best first, without those that cannot reach what is needed by then.

    How many records have the usual width bounds a score from above, and costs little: cells are looked at in the order
    of that bound.
    """
    cuts = [_Cut.of(sample, *c, cut) for c in candidates]
    cuts.sort(key=lambda c: -c.most)
    guesses: list[Guess] = []
    for c in cuts:
        whole_lines = not c.delimiter and bool(guesses) and guesses[0].delimiter in (" ", ":")
        if guesses and c.most < needed(guesses) and not whole_lines:
            continue
        guesses.append(_score(sample, c))
        guesses.sort(key=lambda g: (-g.score, -_prior(g.delimiter), g.delimiter, g.quote, g.escape))
    return guesses


def _undivided(guesses: list[Guess], sample: str) -> list[Guess]:
    """Where most lines are one cell, a mark within the others divides nothing: whole lines come first."""
    whole = judge(sample, "", "", "")
    return [whole, *(g for g in guesses if g.delimiter)]


def _runner_up(guesses: Sequence[Guess]) -> float:
    """The best score of another delimiter than the best's."""
    return next((g.score for g in guesses if g.delimiter != guesses[0].delimiter), 0.0)


def _whole_lines_first(guesses: list[Guess], sample: str) -> list[Guess]:
    """Where marks that padding and moments hold part the lines unevenly, and columns stand at fixed places, no mark."""
    lines = [line for line in sample.split("\n") if line.strip()]
    if guesses[0].share >= 0.97 or not fixed.places(lines[1:], lines[0]):
        return guesses
    return sorted(guesses, key=lambda g: g.delimiter != "")


def judge(text: str, delimiter: str, quote: str, escape: str) -> Guess:
    """What a text (line ends as ``\\n``) looks like under one dialect."""
    sample = sample_of(text)
    return _score(sample, _Cut.of(sample, delimiter, quote, escape, len(sample) < len(text)))


def _spread(sample: str) -> float:
    """Lines per record if double quotes are quotes."""
    lines = sample.split("\n")
    inside, count = False, 0
    for line in lines:
        count += not inside
        inside ^= line.count('"') % 2 == 1
    return len(lines) / max(1, count)


@dataclass(frozen=True)
class _Cut:
    """The records of a sample under one candidate, and the most that it can score.

    Attributes:
        delimiter: see ``Dialect``; likewise ``quote`` and ``escape``.
        width: see ``Guess``; likewise ``share``.
        most: no cells make the score higher than this.
        cut: whether the end of the sample may stand within a quoted cell.
        held: the records, where they had to be cut.
    """

    delimiter: str
    quote: str
    escape: str
    width: int
    share: float
    most: float
    cut: bool
    held: Sequence[Record] | None = None

    @classmethod
    def of(cls, sample: str, delimiter: str, quote: str, escape: str, cut: bool) -> _Cut:
        """Cut a sample into records; ``cut``: its end may stand within a quoted cell."""
        held, alone = None, 1.0
        if quote and quote in sample:
            held = _filled_records(sample, delimiter, quote, escape, cut)
            widths = [len(r.cells) for r in held]
        elif delimiter:  # counting is enough
            lines = sample.split("\n")
            widths = [line.count(delimiter) + 1 for line in lines if line.replace(delimiter, "").strip()]
        else:
            lines = [line for line in sample.split("\n") if line.strip()]
            widths = [1] * len(lines)
        if not widths:
            return cls(delimiter, quote, escape, 1, 0.0, 0.0, cut, ())
        width, share = _width(widths)
        if not delimiter and len(widths) > 2:
            texts = lines if held is None else [r.text for r in held]
            alone = _ATOMS_WORTH if all(cell_type(t.strip()) in _ATOMS for t in texts[1:4]) else 1.0
        most = share**1.5 * _gain(width) * _prior(delimiter) * (1.15 if quote else 1.0) * alone
        return cls(delimiter, quote, escape, width, share, most, cut, held)

    def found(self, sample: str) -> Sequence[Record]:
        """The records with something in them."""
        if self.held is not None:
            return self.held
        return _filled_records(sample, self.delimiter, self.quote, self.escape, self.cut)


def _filled_records(sample: str, delimiter: str, quote: str, escape: str, cut: bool) -> list[Record]:
    found = [r for r in records(sample, delimiter, quote, escape) if any(c.strip() for c in r.cells)]
    if cut:
        odd = (i for i in range(max(0, len(found) - 400), len(found)) if found[i].faults >= 1000)
        unclosed = next(odd, len(found))
        found = found[:unclosed] if unclosed >= 5 else found
    return found


def _gain(width: int) -> float:
    return 1.0 - 0.55 / width if width > 1 else 0.42


def _score(sample: str, cut: _Cut) -> Guess:
    delimiter, quote, escape, width, share = cut.delimiter, cut.quote, cut.escape, cut.width, cut.share
    found = cut.found(sample)
    if not found:
        return Guess(delimiter, quote, escape, 0.0, 1, 0.0, 0)
    body = [r for r in found if len(r.cells) == width]
    columns = [Counter(map(cell_type, column)) for column in zip(*(r.cells[:60] for r in body), strict=True)]
    kinds = sum(_WORTH[kind] * count for column in columns for kind, count in column.items())
    total = len(body) * len(columns)
    typed = kinds / total if total else 0.0
    alike = sum(_likeness(c) for c in columns) / len(columns)
    quoted = sum(r.quoted for r in found)
    faults = sum(min(r.faults, 3) for r in found) / len(found)
    stray = _unquoted_quotes(body, quote) if '"' in sample or "'" in sample else 0.0
    score = share**1.5 * _gain(width) * typed * (0.5 + 0.5 * alike) * _prior(delimiter)
    if len(delimiter) > 1 and delimiter.endswith(" ") and not (quote and delimiter + quote in sample):
        score *= 0.9  # blanks after a delimiter are padding, unless quotes stand behind them
    score *= max(0.3, 1.0 - 0.25 * faults) * (1.0 - 0.5 * stray)
    head = found[0].text
    if delimiter == " " and len(found) > 2 and len(found[0].cells) == 1 and any(d in head for d in ",;\t|"):
        score *= 0.7  # a header that another delimiter divides, above prose with as many words a line
    if width > 1 and _named_alone(found, columns, delimiter):
        score *= 0.2  # a name, and below it cells of several words
    elif delimiter == " " and share < 0.95 and not any(_usual(kinds) in _VALUES for kinds in columns):
        score *= 0.5  # prose has as many words a line as it likes
    if not delimiter and len(found) > 2 and all(cell_type(r.text.strip()) in _ATOMS for r in found[1:]):
        score *= _ATOMS_WORTH  # moments and links, which have marks inside
    if len(found) == 1 and delimiter in (" ", ":"):
        score *= 0.2  # one line of prose
    if quote:
        score *= 1.0 + 0.15 * min(1.0, quoted / len(found)) if quoted else 0.98
    return Guess(delimiter, quote, escape, score, width, share, quoted)


def _named_alone(found: Sequence[Record], columns: Sequence[Counter[str]], delimiter: str) -> bool:
    """Whether a delimiter parts words of one column: its name stands alone above, and the first row is a row like all.

    What usually delimits is believed, but for a comma before a blank in every line, and for one within numbers.
    """
    if len(found) < 3 or len(found[0].cells) != 1 or cell_type(found[0].cells[0].strip()) in _VALUES:
        return False
    first, body = found[1].cells, found[1:]
    if delimiter in (";", "\t", "|"):
        return False
    if delimiter == ",":
        prose = all("," not in r.text.replace(", ", "") for r in body)
        decimal = len(columns) == 2 and all(_DECIMAL.fullmatch(r.text.strip()) for r in body)
        if not prose and not decimal:
            return False
    if len(first) != len(columns):
        return True
    typed = [i for i, kinds in enumerate(columns) if _usual(kinds) in _VALUES]
    return all(cell_type(first[i].strip()) in _VALUES for i in typed)


def _usual(kinds: Counter[str]) -> str:
    return kinds.most_common(1)[0][0] if kinds else "empty"


def _width(widths: Sequence[int]) -> tuple[int, float]:
    """The width of most records, wider ones preferred, and their share; short preambles count little.

    Where tables are stacked the records of the others count too, for a little less.
    """
    counts = Counter(widths)
    if len(counts) == 1:
        return widths[0], 1.0
    width = max(counts, key=lambda k: (counts[k] * (1.0 - 0.6 / k), k))
    stacked = 0
    if width >= 3:  # the first of several tables of like length
        runs = [(k, len(list(run))) for k, run in itertools.groupby(widths)]
        width = next((k for k, n in runs if k >= 3 and n >= 5 and n >= 0.6 * counts[width]), width)
        stacked = sum(n for k, n in runs if k >= 3 and n >= 5)
    near = 0.0
    for k, n in counts.items():
        near += n if k == width else 0.35 * n if k == 1 and width > 1 else 0.0
    return width, max(near, 0.8 * stacked) / len(widths)


def _likeness(kinds: Counter[str]) -> float:
    known = {k: n for k, n in kinds.items() if k not in ("empty", "nan")}
    return max(known.values()) / sum(known.values()) if known else 0.6


def _unquoted_quotes(body: Sequence[Record], quote: str) -> float:
    """Share of records with a double quote, or of cells within single quotes, that this dialect does not explain."""
    marked = sum('"' in record.text for record in body) / max(1, len(body)) if quote != '"' else 0.0
    marks = [q for q in ('"', "'") if q != quote]
    cells = hits = 0
    for record in body[:60]:
        cells += len(record.cells)
        if not any(q in record.text for q in marks):
            continue
        for cell in record.cells:
            bare = cell.strip()
            hits += len(bare) > 1 and bare[0] == bare[-1] and bare[0] in marks
    return max(marked, hits / cells if cells else 0.0)
