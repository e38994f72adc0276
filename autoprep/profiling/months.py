"""Whether a column of months ("2000-01", "Jan 1974", "Sep-63") is one of dates, each the first of its month."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from autoprep.profiling import dates, names

#: Share of content that must be months.
SHARE = 0.95
#: Years that months without a header's word are believed to lie in; with one, any year of four digits.
YEARS = range(1500, 2201)
#: Different months that columns written in digits need without a header's word, and those with a month's name.
DIFFERENT, NAMED = 6, 2
#: A run of two-digit years as long as the days of a month may be such days.
SHORT_RUN = 20

_SAYS = re.compile(r"month|monat|mois|mese|(?:^|[_\W])mes(?:$|[_\W])|period|yyyy|quarter", re.I)


def decide(cells: Mapping[str, float], content: float, name: str) -> dates.Dates | None:
    """What a column of months is written in, or None where it is none or nothing proves it.

    A season (2000-01 as 2000 to 2001), a part number and a day of some year (Sep-03) look alike: the second part of
    a season is the next year's, part numbers have no months up to twelve or no likely years, and two-digit years are
    days unless one of them is no day or the months follow one another.

    Args:
        cells: text (squeezed) -> cells, candidates of the column.
        content: cells that hold something.
        name: the header.

    Example:
        >>> months = [f"{year}-{month:02}" for year in (2003, 2004) for month in range(1, 13)]
        >>> decide(dict.fromkeys(months, 1.0), 24, "when").formats
        {'%Y-%m': 24.0}
        >>> decide({"2000-01": 1, "2001-02": 1, "2002-03": 1}, 3, "season") is None
        True
    """
    said = names.says(name, "date") or bool(_SAYS.search(name))
    by_format: dict[str, float] = {}
    found: list[tuple[str, int, int, str]] = []
    for text, count in cells.items():
        if (one := dates.month_of(text)) is not None:
            found.append((text, *one))
            by_format[one[2]] = by_format.get(one[2], 0.0) + count
    total = sum(by_format.values())
    if not found or total < SHARE * content:
        return None
    whole = [(text, year, month, fmt) for text, year, month, fmt in found if "%Y" in fmt]
    short = [(year, month) for _, year, month, fmt in found if "%y" in fmt]
    pivot = dates.pivot_of(year for year, _ in short) if short else None
    if not said and any(year not in YEARS for _, year, _, _ in whole):
        return None
    if not _several(found, said) or _seasons(whole) or (short and not _years(short)):
        return None
    formats = dict(sorted(by_format.items(), key=lambda item: -item[1]))
    return dates.Dates(formats, count=total, why="months, read as their first day", pivot=pivot)


def _several(found: Iterable[tuple[str, int, int, str]], said: bool) -> bool:
    """Whether enough different months occur for what their header says and for the way they are written."""
    named, digits, padded = set[int](), set[int](), True
    for text, _, month, fmt in found:
        (named if "%b" in fmt else digits).add(month)
        padded = padded and ("%b" in fmt or len(text) == len("2000-01"))
    return said or ((not digits or (padded and len(digits) >= DIFFERENT)) and len(named | digits) >= NAMED)


def _seasons(found: Iterable[tuple[str, int, int, str]]) -> bool:
    """Whether the second part is the end of a span of years: always the next year, or a later one throughout."""
    spans = Counter[bool]()
    years, after = set[int](), True
    for _, year, month, fmt in found:
        if fmt == "%Y-%m":
            spans[month == (year + 1) % 100] += 1
            years.add(year)
            after = after and month > year % 100
    if not spans:
        return False
    return spans[True] >= SHARE * spans.total() or (after and len(years) > 1)


def _years(short: list[tuple[int, int]]) -> bool:
    """Whether the two digits behind a month's name are a year: one is no day, or the months follow one another."""
    if any(not 1 <= year <= 31 for year, _ in short):
        return True
    run = {12 * year + month for year, month in short}
    close = max(run) - min(run) < 1.25 * len(run)
    return len(run) >= DIFFERENT and close and max(run) - min(run) < 12 * SHORT_RUN
