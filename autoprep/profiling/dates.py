"""How the dates of a column are written: formats, and the order of day and month, decided for the column as a whole."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache

from autoprep.parsing import date

#: Share of dates that a second format needs to be believed.
MIN_SHARE = 0.0


@dataclass
class Dates:
    """What was decided.

    Attributes:
        formats: format -> cells it explains, each cell once, the most frequent first.
        order: "dmy", "mdy", "ymd" or "".
        ambiguous: nothing decides between dmy and mdy.
        why: the evidence.
        count: cells that the formats explain.
        partial: cells that are a month or a day of the year only.
        proofs: cells that prove dmy and mdy.
        pivot: two-digit years below it are 20xx, the others 19xx; None where no date has such a year.
        century_open: two-digit years fill a century, so that nothing tells 1906 from 2006.
    """

    formats: dict[str, float] = field(default_factory=dict)
    order: str = ""
    ambiguous: bool = False
    why: str = ""
    count: float = 0.0
    partial: float = 0.0
    partial_format: str = ""
    proofs: tuple[float, float] = (0.0, 0.0)
    has_time: bool = False
    pivot: int | None = None
    century_open: bool = False


@cache
def _compiled(fmt: str) -> re.Pattern[str]:
    return re.compile(date.regex(fmt))


#: What a text must hold to be a date with the name of a month.
_MONTH = re.compile("|".join(sorted(map(re.escape, date.MONTHS), key=len, reverse=True)), re.IGNORECASE)


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", text))


#: To an expression of a date all digits are alike, but that a year starts with 1 or 2.
_ALIKE = str.maketrans("0123456789", "9119999999")


@lru_cache(maxsize=20_000)
def _formats_of(masked: str) -> tuple[str, ...]:
    """Formats that a text, its digits masked by ``_ALIKE``, is written in."""
    shape = _shape(masked)
    able = date.FORMATS if "a" in shape and _MONTH.search(masked) else _by_shape(shape)
    return tuple(f for f in able if _compiled(f).match(masked))


@lru_cache(maxsize=20_000)
def _partial_formats_of(masked: str) -> tuple[str, ...]:
    return tuple(f for f in date.PARTIAL_FORMATS if _compiled(f).match(masked))


def _real(match: re.Match[str]) -> bool:
    got = match.groupdict()
    month = date.MONTHS.get((got.get("b") or "").lower()) or int(got.get("m") or 1)
    if not 1 <= month <= 12:
        return False
    year = int(got["Y"]) if got.get("Y") else 2000 + int(got.get("y") or 0)
    day = int(got.get("d") or 1)
    return 1 <= day <= calendar.monthrange(year, month)[1] if 1 <= year <= 9999 else False


def decide(cells: Mapping[str, float], prefer: str = "") -> Dates:
    """Decide formats and order from candidate dates with their counts.

    Args:
        cells: text (squeezed) -> cells.
        prefer: the order that neighbouring columns were decided to have, or "".

    Example:
        >>> found = decide({"03/08/2023": 5, "25/12/2023": 1})
        >>> found.order, found.ambiguous, list(found.formats)
        ('dmy', False, ['%d/%m/%Y'])
        >>> decide({"03/08/2023": 5}).ambiguous
        True
    """
    if not cells:
        return Dates()
    by_format: dict[str, dict[str, float]] = {}
    proofs: dict[str, list[float]] = {}
    parts: list[tuple[int, int, float]] = []
    for text, count in cells.items():
        for fmt in _formats_of(text.translate(_ALIKE)):
            match = _compiled(fmt).match(text)
            if match is None:
                continue
            if date.order(fmt) == "dmy":
                first, second = int(match["d"]), int(match["m"])
                proof = proofs.setdefault(_family(fmt), [0.0, 0.0])
                if first > 12 >= second:
                    proof[0] += count
                elif second > 12 >= first:
                    proof[1] += count
                parts.append((first, second, count))
            if _real(match):
                by_format.setdefault(fmt, {})[text] = count
    if not by_format:
        return _partial(cells)
    dmy, mdy = sum(p[0] for p in proofs.values()), sum(p[1] for p in proofs.values())
    order, ambiguous, why = _order(parts, dmy, mdy, prefer, proofs)
    choice = {fam: ("dmy" if d > m else "mdy") for fam, (d, m) in proofs.items() if max(d, m) > 3 * min(d, m)}
    covered: set[str] = set()
    chosen: dict[str, float] = {}

    def rank(fmt: str) -> tuple[int, float, int]:
        gain = sum((c for t, c in by_format[fmt].items() if t not in covered), 0.0)
        said = date.order(fmt)
        fits = 1 if said not in ("dmy", "mdy") or said == choice.get(_family(fmt), order or "dmy") else 0
        return (fits, gain, -len(fmt))

    left = set(by_format)
    while left:
        best = max(sorted(left), key=rank)
        left.discard(best)
        gain = sum(c for t, c in by_format[best].items() if t not in covered)
        if gain:
            chosen[best] = gain
            covered |= set(by_format[best])
    chosen = dict(sorted(chosen.items(), key=lambda kv: -kv[1]))
    total = sum(chosen.values())
    said = date.order(next(iter(chosen)))
    out = Dates(chosen, order if parts else said, ambiguous and bool(parts), why, total, proofs=(dmy, mdy))
    out.has_time = sum(c for f, c in chosen.items() if date.has_time(f)) >= 0.5 * total
    rest = _partial({t: c for t, c in cells.items() if t not in covered})
    out.partial, out.partial_format = rest.partial, rest.partial_format
    short = {int(_compiled(f).match(t)["y"]) for f in chosen if "%y" in f for t in by_format[f]}  # type: ignore[index]
    out.pivot = pivot_of(short) if short else None
    out.century_open = out.pivot is not None and _span(short, out.pivot) >= CENTURY
    return out


#: Years after the present one that dates with two digits of a year may lie in: terms and expiries, not births.
AHEAD = 10
#: Years that dates with two digits of a year must span, however they are read, for the century to be open.
CENTURY = 90


_OFFSET = re.compile(r":\d{2}(?:\.\d+)?\s?[+-](\d{2}):?(\d{2})?$")


def offset_rate(cells: Mapping[str, float]) -> float:
    """Share of cells that end in an offset from UTC other than zero.

    Example:
        >>> offset_rate({"2024-01-02T03:04:05+05:30": 3, "2024-01-02T03:04:05Z": 1})
        0.75
    """
    said = ((c, _OFFSET.search(t)) for t, c in cells.items())
    away = sum(c for c, found in said if found and (int(found[1]), int(found[2] or 0)) != (0, 0))
    return away / sum(cells.values()) if cells else 0.0


def pivot_of(short: Iterable[int], this_year: int | None = None) -> int:
    """Where the century turns in a column of two-digit years: the reading that lies together most closely.

    No date may lie more than ``AHEAD`` years from now; of readings as close, the later one is taken. (POSIX's fixed
    69 puts a birth in 1963 into 2063.)

    Args:
        short: two-digit years of the column.
        this_year: the present year, by default that of the clock.

    Returns:
        Years below it are 20xx, the others 19xx: 0 to 100.

    Example:
        >>> pivot_of([60, 63, 68], 2026), pivot_of([99, 0, 5], 2026), pivot_of([27, 31], 2026)
        (37, 37, 37)
        >>> pivot_of([12, 25, 28, 30, 99], 2026), pivot_of([20, 36, 48], 2026)
        (37, 20)
    """
    latest = min(99, (this_year or datetime.now(UTC).year) - 2000 + AHEAD)
    years = sorted(set(short))
    cuts = [latest + 1, *(y for y in reversed(years) if y <= latest)]
    return min(cuts, key=lambda cut: (_span(years, cut), -cut))


def _span(short: Iterable[int], pivot: int) -> int:
    made = [y + (100 if y < pivot else 0) for y in short]
    return max(made) - min(made)


@cache
def _by_shape(shape: str) -> tuple[str, ...]:
    """Formats without names of months whose length fits a shape of digits."""
    separators = re.sub(r"[9a]", "", shape)
    return tuple(f for f in date.FORMATS if "%b" not in f and _could(f, separators))


def _could(fmt: str, separators: str) -> bool:
    bare = re.sub(r"%[A-Za-z]", "", fmt)
    return all(c in separators or c in "T" for c in bare.replace(" ", ""))


def _family(fmt: str) -> str:
    return re.sub(r"%[A-Za-z]", "", fmt)[:1]


def _order(
    parts: list[tuple[int, int, float]], dmy: float, mdy: float, prefer: str, proofs: Mapping[str, list[float]]
) -> tuple[str, bool, str]:
    if not parts:
        return "", False, ""
    if dmy and not mdy:
        return "dmy", False, f"{dmy:,.0f} cells have a first part above 12, none a second part"
    if mdy and not dmy:
        return "mdy", False, f"{mdy:,.0f} cells have a second part above 12, none a first part"
    if dmy and mdy:
        order = "dmy" if dmy >= mdy else "mdy"
        split = all(min(p) == 0 for p in proofs.values())
        mixed = min(dmy, mdy) > 0.02 * max(dmy, mdy) and not split
        return order, mixed, f"{dmy:,.0f} cells prove day first, {mdy:,.0f} month first: mixed orders"
    first, second = {p[0] for p in parts}, {p[1] for p in parts}
    if len(parts) >= 6 and len(first) == 1 and len(second) >= 4:
        return "dmy", False, "the first part never changes and the second runs through the months"
    if len(parts) >= 6 and len(second) == 1 and len(first) >= 4:
        return "mdy", False, "the second part never changes and the first runs through the months"
    if prefer in ("dmy", "mdy"):
        return prefer, False, f"no cell decides; other date columns of the table are written {prefer}"
    return "dmy", True, "no cell has a part above 12: day and month may be changed round"


def compact(days: Mapping[str, float], content: float) -> Dates | None:
    """The one order in which all cells are days without separators, the year last; None where none or both are.

    Args:
        days: format -> cells that it reads.
        content: cells that hold something.

    Example:
        >>> compact({"%m%d%Y": 40, "%d%m%Y": 12}, 40).formats
        {'%m%d%Y': 40}
        >>> compact({"%m%d%Y": 40, "%d%m%Y": 40}, 40) is None
        True
    """
    fitting = [fmt for fmt, count in days.items() if count == content]
    if len(fitting) != 1:
        return None
    why = "all cells are days in this order, not in the other"
    return Dates({fitting[0]: content}, date.order(fitting[0]), why=why, count=content)


def month_of(text: str) -> tuple[int, int, str] | None:
    """Year (as written), month and format of a month with its year; None for other text.

    Example:
        >>> month_of("2000-01"), month_of("Sep-63"), month_of("2000-13"), month_of("3 May")
        ((2000, 1, '%Y-%m'), (63, 9, '%b-%y'), None, None)
    """
    for fmt in _partial_formats_of(text.translate(_ALIKE)):
        match = _compiled(fmt).match(text) if "%y" in fmt.lower() else None
        if match and _real(match):
            got = match.groupdict()
            month = date.MONTHS.get((got.get("b") or "").lower()) or int(got["m"])
            return int(got.get("Y") or got["y"]), month, fmt
    return None


def _partial(cells: Mapping[str, float]) -> Dates:
    counts = dict.fromkeys(date.PARTIAL_FORMATS, 0.0)
    for text, c in cells.items():
        for fmt in _partial_formats_of(text.translate(_ALIKE)):
            match = _compiled(fmt).match(text)
            if match and _real(match):
                counts[fmt] += c
    best = max(counts, key=lambda fmt: counts[fmt])
    return Dates(partial=counts[best], partial_format=best if counts[best] else "")
