"""A moment that is split over columns: one holds the year, one the month, one the day, one the hour."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autoprep.profiling.columns import Column

#: Part -> words of a header for it, least and greatest number.
_PARTS: dict[str, tuple[frozenset[str], float, float]] = {
    "year": (frozenset(("year", "yr", "yyyy", "jahr", "año", "année", "annee", "anno", "ano")), 1500, 2200),
    "month": (frozenset(("month", "mon", "mnth", "mm", "monat", "mes", "mois", "mese")), 1, 12),
    "day": (frozenset(("day", "dd", "dom", "mday", "tag", "día", "dia", "jour", "giorno")), 1, 31),
    "hour": (frozenset(("hour", "hr", "hh", "stunde", "hora", "heure", "ora")), 0, 24),
    "minute": (frozenset(("minute", "min", "mi", "minuto")), 0, 59),
    "second": (frozenset(("second", "sec", "ss", "sekunde", "segundo", "seconde")), 0, 59),
}
_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sept")
_LONG = ("january", "february", "march", "april", "june", "july", "august", "september")
_MONTHS = frozenset((*_SHORT, *_LONG, "october", "november", "december"))
_SPLIT = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])")


def part_of(name: str) -> tuple[str, str] | None:
    """Which part of a moment a header names, and the rest of its words.

    Example:
        >>> part_of("year"), part_of("arrival_date_day_of_month"), part_of("birthMonth"), part_of("days")
        (('year', ''), ('day', 'arrival date'), ('month', 'birth'), None)
    """
    words = [word.lower() for word in _SPLIT.findall(name)]
    if words[-3:] == ["day", "of", "month"]:
        words = [*words[:-3], "day"]
    for part, (called, _, _) in _PARTS.items():
        at = [i for i, word in enumerate(words) if word in called]
        if len(at) == 1 and at[0] in (0, len(words) - 1):
            return part, " ".join(words[: at[0]] + words[at[0] + 1 :])
    return None


def parts(found: Sequence[Column]) -> list[str]:
    """Columns that together say one moment, from the year down; none unless year and month stand beside a day or more.

    Headers name the parts, alike but for that ("start_year", "start_month", "start_day"), and the numbers of each
    lie where such a part's can.

    Example:
        >>> from autoprep.profiling.profiler import profile
        >>> import polars as pl
        >>> frame = pl.DataFrame({"year": [2010] * 40, "month": [1] * 40, "day": list(range(1, 21)) * 2})
        >>> profile(frame).tables["time_parts"].to_list()
        [['year', 'month', 'day']]
    """
    by_rest: dict[str, dict[str, str]] = {}
    for column in found:
        said = part_of(column.name)
        if said is not None and _holds(column, said[0]):
            by_rest.setdefault(said[1], {}).setdefault(said[0], column.name)
    best: list[str] = []
    for own in by_rest.values():
        chain = []
        for part in _PARTS:
            if part not in own:
                break
            chain.append(own[part])
        best = max(best, chain, key=len)
    return best if len(best) >= 3 else []


def is_year(column: Column) -> bool:
    """Whether a column of whole numbers holds years, by its header and its values."""
    said = part_of(column.name)
    return said is not None and said[0] == "year" and column.row["semantic"] == "integer" and _holds(column, "year")


def _holds(column: Column, part: str) -> bool:
    row = column.row
    _, low, high = _PARTS[part]
    top = [word.strip().lower() for word in column.details.get("top") or ()]
    if row.get("min") is not None and row.get("max") is not None and (row.get("integer_rate") or 0) >= 0.95:
        return bool(low <= row["min"] and row["max"] <= high)
    if top and all(word.isdigit() and word.isascii() for word in top):
        return all(low <= int(word) <= high for word in top)
    return part == "month" and bool(top) and all(word.rstrip(".") in _MONTHS for word in top)
