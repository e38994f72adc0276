"""Where the table starts and ends within a text, and which rows name its columns."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autoprep.parsing.null import NULL_WORDS
from autoprep.reading.cells import Record, cell_type
from autoprep.reading.names import merged_headers

_TYPED = frozenset({"number", "date", "time", "money", "link"})
_UNIT = re.compile(
    r"[(\[].{0,18}[)\]]|%|°.?|[kmcnµ]?(?:g|m|l|s|w|v|a|j|pa|hz|wh|mol|b)(?:\d|[²³])?|(?:usd|eur|gbp|chf|sec|min|hrs?|days?|years?|"
    r"yrs?|kg|lbs?|oz|in|ft|mi|km/h|mph|m/s|ppm|ppb|deg|count|mmhg|bpm|k|c|f|n/?a|-|n|no\.?|nr\.?|#|pcs|[kmb]?(?:usd|eur|gbp|chf)|[kmb]?[$€£]|[$€£][kmb]?|millions?|thousands?|percent|pct|ha)|[\w°µ²³^]{1,6}/[\w°µ²³^]{1,6}",
    re.IGNORECASE,
)
#: What statistical offices write in brackets for a value withheld, rounded to nothing, revised; some are units as well.
_FLAG = re.compile(r"[(\[](?:na|[dshnpqrxyz])[)\]]", re.IGNORECASE)
_NOTHING = frozenset(NULL_WORDS)
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
#: What surveys write below a question that has one answer, or one in the respondent's own words.
_ANSWER = frozenset({"response", "open-ended response"})
#: Records looked at for the start of the table and its header.
LOOK = 200
_MAX_HEADER_ROWS = 4


@dataclass(frozen=True)
class Layout:
    """What the first records of a text are.

    Attributes:
        start: number of records before the first header row (or first row when there is none).
        header_rows: number of records that name the columns.
        units_row: whether the record after those gives units.
        header_score: how clearly there is (> 0) or is not (< 0) a header.
        names: column names that the preamble itself gives (``@attribute`` lines), or ().
        evidence: what decided.
    """

    start: int = 0
    header_rows: int = 1
    units_row: bool = False
    header_score: float = 0.0
    names: tuple[str, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)


def find_layout(found: Sequence[Record], width: int) -> Layout:
    """Lay out the first records of a text.

    Args:
        found: records from the first line on, at least some tens where there are as many.
        width: cells of most records.

    Example:
        >>> from autoprep.reading.cells import records
        >>> rows = list(records("Sales 2024,,\\n,,\\nday,shop,sum\\n2024-01-01,A,5\\n2024-01-02,B,7\\n", ",", '"'))
        >>> layout = find_layout(rows, 3)
        >>> layout.start, layout.header_rows
        (2, 1)
    """
    attributes = _attributes(found, width)
    if attributes:
        start, names = attributes
        return Layout(start, 0, names=names, header_score=1.0, evidence={"header": "named by @attribute lines"})
    start = _start(found, width)
    rows = _first_block(found[start:])
    if not rows:
        return Layout(start, 0, header_score=0.0)
    score, why = _header_score(rows[0].cells, rows[1:], width)
    count = 1
    if score < 0.5:
        for lower in range(1, _MAX_HEADER_ROWS):
            if not _spans(rows, lower, width):
                break
            below, said = _header_score(rows[lower].cells, rows[lower + 1 :], width)
            if below >= 0.5:
                score, why, count = below, said, lower + 1
                break
    if score < 0:
        return Layout(start, 0, header_score=score, evidence=why)
    while (
        count < _MAX_HEADER_ROWS
        and len(rows) > count + 2
        and not _units_below(rows, count, width)
        and _continues(rows[:count], rows[count], rows[count + 1 :], width)
    ):
        count += 1
    units = _units_below(rows, count, width)
    return Layout(start, count, units, score, evidence=why)


def _first_block(found: Sequence[Record]) -> list[Record]:
    """The filled records up to the first blank one, where there are enough of them; else all filled ones."""
    filled = [r for r in found if _filled(r)]
    first = next((i for i, r in enumerate(found) if _filled(r)), len(found))
    blank = next((i for i in range(first, len(found)) if not _filled(found[i])), len(found))
    return filled[: blank - first] if blank - first >= 8 else filled


def _spans(rows: Sequence[Record], lower: int, width: int) -> bool:
    """Whether the record above place ``lower`` is a sparse row of group names rather than a row of values."""
    if len(rows) < lower + 3 or len(rows[lower - 1].cells) != width or len(rows[lower].cells) != width:
        return False
    kinds = _column_kinds(rows[lower + 1 :], width)
    count = len(rows) - lower - 1
    full = [i for i in range(width) if kinds[i] and kinds[i]["empty"] <= 0.05 * count + (count >= 8)]
    blank = sum(1 for i in full if not rows[lower - 1].cells[i].strip())
    return len(full) >= 2 and 4 * blank >= len(full) and _filled(rows[lower]) >= _filled(rows[lower - 1])


def _filled(record: Record) -> int:
    return len(record.cells) - [*map(str.strip, record.cells)].count("")


def _attributes(found: Sequence[Record], width: int) -> tuple[int, tuple[str, ...]] | None:
    names: list[str] = []
    for i, record in enumerate(found):
        line = record.text.strip()
        if line[:5].lower() == "@data":
            return (i + 1, tuple(names)) if len(names) == width else None
        said = re.match(r"@attribute\s+('[^']*'|\"[^\"]*\"|[^\s{]+)", line, re.IGNORECASE)
        if said:
            names.append(said.group(1).strip("'\""))
        elif line and not line.startswith(("@", "%")):
            return None
    return None


def _start(found: Sequence[Record], width: int) -> int:
    """Index of the first record that belongs to the table."""
    look = found[:LOOK]
    body = [r for r in found if len(r.cells) == width]
    usual = sorted(_filled(r) for r in body)[len(body) // 2] if body else width
    at = 0
    while at < len(look):
        record = look[at]
        filled = _filled(record)
        if width == 1:
            if filled:
                break
        elif _title(look, at, filled, width):
            pass
        elif filled > 1 and len(record.cells) == width:
            if not _label_line(look, at, filled, usual):
                break
        elif (
            filled > 1 and (len(record.cells) == width - 1 or len(record.cells) > width) and _heads(look, at, width)
        ) or (filled == 1 and len(record.cells) == width and usual <= 1):
            break
        at += 1
    return at if at < len(look) else 0


def _title(look: Sequence[Record], at: int, filled: int, width: int) -> bool:
    """Whether a record holds a title alone: only its first cell is filled, and several distinct words follow it."""
    if filled != 1 or width < 3 or len(look[at].cells) != width or not look[at].cells[0].strip():
        return False
    below = next((r for r in look[at + 1 : at + 4] if _filled(r)), None)
    if below is None or len(below.cells) != width or not below.cells[0].strip():
        return False
    words = [c.strip() for c in below.cells if c.strip()]
    return len(words) >= 3 and len(set(words)) == len(words) and not any(cell_type(c) in _TYPED for c in words)


def _label_line(look: Sequence[Record], at: int, filled: int, usual: int) -> bool:
    """Whether a sparse record stands apart: a blank record follows before any full one."""
    if filled > usual // 2:
        return False
    for record in look[at + 1 : at + 12]:
        if not _filled(record):
            return True
        if _filled(record) > usual // 2:
            return False
    return False


def _heads(look: Sequence[Record], at: int, width: int) -> bool:
    """Whether a record one cell too short, or too long, heads the records after it."""
    cells = look[at].cells
    words = [c for c in cells if c.strip()]
    after = look[at + 1 : at + 6]
    alike = bool(after) and all(
        len(r.cells) == width or (len(r.cells) == len(cells) == width + 1 and not r.cells[-1].strip()) for r in after
    )
    if len(cells) > width + 1 and (len(set(words)) < len(cells) or len(after) < 2 or at > 0):
        return False
    return alike and len(words) >= len(cells) - 1 and not any(cell_type(c) in _TYPED for c in words)


def _column_kinds(rows: Sequence[Record], width: int) -> list[Counter[str]]:
    body = [record.cells for record in rows[:LOOK] if len(record.cells) == width]
    if not body:
        return [Counter() for _ in range(width)]
    return [Counter(map(cell_type, column)) for column in zip(*body, strict=True)]


def _header_score(cells: Sequence[str], rows: Sequence[Record], width: int) -> tuple[float, dict[str, object]]:
    """Votes of the columns for and against the first record being a header; a tie goes to the header."""
    kinds = _column_kinds(rows, width)
    body = [r.cells for r in rows[:LOOK] if len(r.cells) == width]
    if not body:
        named = all(cell_type(c) not in _TYPED for c in cells if c.strip())
        return (0.1 if named else -0.1), {"header": "nothing below it to compare with"}
    if _is_sequence(cells, body):
        return 1.0, {"header": "its numbers count up"}
    votes, reasons = 0.0, Counter[str]()
    for i in range(min(width, len(cells))):
        cell = cells[i].strip()
        kind = cell_type(cell)
        known = {k: n for k, n in kinds[i].items() if k not in ("empty", "nan")}
        total = sum(known.values())
        if not total or not cell:
            continue
        typed = sum(n for k, n in known.items() if k in _TYPED) / total
        if typed >= 0.7:
            if kind in _TYPED:
                votes, reasons["typed like the rows"] = votes - 1.0, reasons["typed like the rows"] + 1
            elif not _says_nothing(cell):
                votes, reasons["words over values"] = votes + 1.0, reasons["words over values"] + 1
        else:
            said = _text_vote(cell, kind, [row[i].strip() for row in body])
            votes += said
            reasons["text like the rows" if said < 0 else "text unlike the rows"] += said != 0
    if votes == 0:
        given = [c.strip() for c in cells]
        unique = len(set(given)) == len(given) and all(given) and max(map(len, given)) <= 80
        no_values = not any(cell_type(c) in _TYPED for c in given)
        votes = 0.05 if unique and no_values and len(body) > 0 else -0.05
        return votes, {"header": "distinct short words" if votes > 0 else "values, not names"}
    return votes / max(1, width), {"header": dict(reasons)}


def _text_vote(cell: str, kind: str, column: Sequence[str]) -> float:
    values = [v for v in column if v]
    counts = Counter(values)
    if cell in counts:
        return -0.8
    if kind in _TYPED:
        return -0.4
    if counts and len(counts) <= max(2, len(values) // 3):
        return 0.5
    lengths = sorted(len(v) for v in values)
    if lengths and (len(cell) < lengths[len(lengths) // 50] or len(cell) > lengths[-1 - len(lengths) // 50]):
        return 0.3
    digits = sum(any(ch.isdigit() for ch in v) for v in values) / len(values)
    return 0.5 if digits > 0.8 and not any(ch.isdigit() for ch in cell) else 0.0


def _is_sequence(cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the record names its columns by numbers that count up (years) while the rows do not."""

    def run(row: Sequence[str]) -> int:
        numbers = [int(c) if re.fullmatch(r"\d{1,6}", c.strip()) else None for c in row]
        pairs = itertools.pairwise(numbers)
        return sum(1 for a, b in pairs if a is not None and b is not None and b - a == 1)

    numeric = sum(bool(re.fullmatch(r"\d{1,6}", c.strip())) for c in cells)
    years = [i for i, c in enumerate(cells) if _YEAR.fullmatch(c.strip())]
    said = [int(cells[i].strip()) for i in years]
    steps = {b - a for a, b in itertools.pairwise(said)}
    # others may stand between them: 1990, Footnotes, 1991, Footnotes
    near = len(steps) == 1 and (abs(said[1] - said[0]) == 1 if len(years) == 2 else 0 < abs(said[1] - said[0]) <= 10)
    worded = sum(bool(c.strip()) for c in cells) > numeric
    if len(years) == numeric >= 2 and near and (worded or numeric > 2):
        below = [bool(_YEAR.fullmatch(row[i].strip())) for row in body for i in years if i < len(row)]
        if sum(below) <= 0.05 * len(below):
            return True
    return (
        numeric >= 3 and run(cells) >= 0.8 * (numeric - 1) and max((run(r) for r in body[:20]), default=0) < numeric / 2
    )


def _continues(upper: Sequence[Record], record: Record, rows: Sequence[Record], width: int) -> bool:
    """Whether a record is one more header row below those found."""
    cells = [*record.cells, *[""] * (width - len(record.cells))][:width]
    body = [r.cells for r in rows[:LOOK] if len(r.cells) == width]
    if len(record.cells) != width or not body:
        return False
    if len(upper) == 1 and _answers_below(upper[0].cells, cells, body):
        return True
    if any(cell_type(c) in _TYPED for c in cells if c.strip()):
        return False
    kinds = _column_kinds(rows, width)
    if _holds_marks(cells, body, kinds):
        return False
    top = [*upper[-1].cells, *[""] * width][:width]
    if not cells[0].strip() and sum(kinds[0].values()) - kinds[0]["empty"] > 0.95 * len(body):
        filled = [i for i in range(width) if cells[i].strip()]
        numbers = [kinds[i]["number"] + kinds[i]["money"] + kinds[i]["nan"] > 0.9 * len(body) for i in filled]
        if numbers and all(numbers):
            return True
    for_it, against = 0.0, 0.0
    gaps = sum(1 for i in range(width) if not top[i].strip() and cells[i].strip())
    for i, cell in enumerate(cells):
        cell = cell.strip()
        known = {k: n for k, n in kinds[i].items() if k not in ("empty", "nan")}
        total = sum(known.values())
        if not total:
            continue
        typed = sum(n for k, n in known.items() if k in _TYPED) / total
        full = total / len(body)
        if typed >= 0.9:
            if cell and not _says_nothing(cell):
                for_it += 1.0
            elif not cell and full > 0.95:
                for_it += 0.5
        elif cell:
            values = Counter(r[i].strip() for r in body)
            if cell in values:
                against += 1.0
            elif len(values) <= len(body) // 3 + 1:
                for_it += 0.5
    if gaps >= max(1, width // 6):
        return for_it > against
    said = sum(1 for k in kinds if sum(k.values()) > k["empty"] + k["nan"])
    return for_it > 2 * against and for_it >= 0.6 * max(2, said) and len(body) >= 3


def _answers_below(questions: Sequence[str], cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a record below a survey's questions says what each column holds of the answers.

    "Response" stands below a question of one column, the answers offered below one that spans several (itself and the
    blank headers on its right). It needs "Response" where no row answers so, or two columns that hold their own heading
    and nothing else.
    """
    if len(questions) != len(cells):
        return False
    blank = [not q.strip() for q in questions]
    given = [i for i, cell in enumerate(cells) if cell.strip()]
    if not given or any(all(blank[: i + 1]) for i in given):  # no question on its left
        return False
    words = [i for i in given if cells[i].strip().lower() in _ANSWER]
    offered = [i for i in given if i not in set(words)]
    if any(not blank[i] and not (i + 1 < len(cells) and blank[i + 1]) for i in offered):
        return False
    columns = {i: {row[i].strip() for row in body} - {""} for i in given}
    if any(cells[i].strip() in columns[i] for i in words):
        return False
    ticked = sum(columns[i] == {cells[i].strip()} for i in offered)
    unanswered = sum(not cells[i].strip() for i in range(len(cells)) if not blank[i])
    return (bool(words) or ticked >= 2) and 2 * unanswered <= sum(not b for b in blank)


def _says_nothing(cell: str) -> bool:
    return cell.lower() in _NOTHING or cell_type(cell) == "nan"


def _holds_marks(cells: Sequence[str], body: Sequence[Sequence[str]], kinds: Sequence[Counter[str]]) -> bool:
    """Whether a record holds marks for what was left out, not names.

    Nothing else is in it, or one short cell, or one that the rows below have too, stands over three columns of values
    and more.
    """
    if all(_says_nothing(c.strip()) for c in cells):
        return True
    over = []
    for i, cell in enumerate(cells):
        known = sum(n for k, n in kinds[i].items() if k not in ("empty", "nan"))
        if cell.strip() and sum(kinds[i][k] for k in _TYPED) > 0.5 * known:
            over.append((i, cell.strip()))
    if len(over) < 3 or len({cell for _, cell in over}) > 1:
        return False
    mark = over[0][1]
    return sum(map(str.isalpha, mark)) < 3 or any(row[i].strip() == mark for row in body for i, _ in over)


def _units_below(rows: Sequence[Record], count: int, width: int) -> bool:
    """Whether the record below ``count`` header rows gives units: those rows must name the columns without it."""
    if len(rows) <= count + 1 or not _is_units(rows[count].cells, rows[count + 1 :], width):
        return False
    named = [n for n in merged_headers([r.cells for r in rows[:count]], width) if n]
    return len(set(named)) == len(named)


def _is_units(cells: Sequence[str], rows: Sequence[Record], width: int) -> bool:
    given = [c.strip() for c in cells if c.strip()]
    if len(cells) != width or not given:
        return False
    if sum(bool(_UNIT.fullmatch(c)) for c in given) < 0.6 * len(given):
        return False
    kinds = _column_kinds(rows, width)
    units, labelled = [], False
    for i, cell in enumerate(map(str.strip, cells)):
        known = {k: n for k, n in kinds[i].items() if k not in ("empty", "nan")}
        total = sum(known.values())
        numbers = known.get("number", 0)
        if not cell or not total:
            continue
        if numbers > 0.8 * total and cell_type(cell) != "number" and cell.lower() not in _NOTHING:
            units.append((i, cell))
        elif 2 * numbers < total and not _UNIT.fullmatch(cell):
            labelled = True
    below = [r.cells for r in rows[:LOOK] if len(r.cells) == width]
    if any(row[i].strip() == unit for row in below for i, unit in units):
        return False
    return bool(units) and not (labelled and all(_FLAG.fullmatch(unit) for _, unit in units))


def header_likeness(rows: Sequence[Sequence[str]], width: int) -> float:
    """How clearly the first of some rows names the columns of the others; above 0 when it does."""
    body = [Record(0, list(row), 0, 0, "") for row in rows[1:]]
    return _header_score(rows[0], body, width)[0]


def usual_fill(found: Sequence[Record], width: int) -> int:
    """How many cells of a row are usually filled (the median)."""
    fills = sorted(_filled(r) for r in found if len(r.cells) == width)
    return fills[len(fills) // 2] if fills else width


def remarks(found: Sequence[Record], prefix: str) -> list[Record]:
    """The records above a single column that are remarks: the first ones, with a blank behind the prefix.

    Any other line of a single column may well begin with such a sign.
    """

    def remark(text: str) -> bool:
        return not text.strip() or (text.startswith(prefix) and text[len(prefix) :][:1].isspace())

    return list(itertools.takewhile(lambda r: remark(r.text), found))


def comment_prefix(found: Sequence[Record], width: int) -> str:
    """The prefix of comment lines among the first records, or "".

    Example:
        >>> from autoprep.reading.cells import records
        >>> comment_prefix(list(records("# made by us\\na,b\\n1,2\\n# half time\\n3,4\\n", ",", "")), 2)
        '#'
    """
    lines = [r for r in found[:LOOK] if r.text.strip()]
    for prefix in ("##", "#", "//", "%"):
        marked = [r for r in lines if r.text.startswith(prefix)]
        if width == 1:
            marked = remarks(lines, prefix)
        elif not all(len(r.cells) != width for r in marked):
            continue
        if marked and len(marked) <= len(lines) - 2:
            return prefix
    return ""
