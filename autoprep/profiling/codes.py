"""Codes of digits that were read as numbers on their way here: their leading zeros are gone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

#: Word of a header -> how many digits such a code has; several where more than one is in use.
_WIDTHS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("zip", "zipcode", "postal", "postcode", "plz"), (5,)),
    **{"state": (2,), "county": (3, 5), "tract": (6, 11), "geo": (5, 11, 12, 15), "fips": (2, 3, 5, 11)},
    **{"upc": (12,), "ean": (13,), "gtin": (14,), "isbn": (10, 13), "ndc": (11,), "ssn": (9,), "ein": (9,)},
    **{"cpt": (5,), "drg": (3,)},
}
#: Parts of the United States' FIPS codes count only before a word for a code; the short ones only before a sure one.
_PARTS = frozenset(("state", "county", "tract", "geo"))
_SURE = frozenset(("fips", "fp", "ce"))
_CODED = _SURE | {"id", "code", "cd", "nr", "no", "number"}
_JOINED = re.compile(r"^(state|county|tract|geo)(fips|fp|ce|id|code|cd)$")
#: Greatest number of a code of so many digits, where it is not all nines.
_GREATEST = {("state", 2): 78, ("fips", 2): 78, ("county", 3): 840, ("county", 5): 78_999, ("fips", 5): 78_999}
#: Share of cells that must have the full length; that may be longer; that must be shorter for it to be told.
FULL, LONGER, LEAST = 0.2, 0.02, 1e-4
#: A header of so many words is a question ("In what ZIP code is your home located?").
QUESTION = 6
#: Share of a text column's cells that must be digits.
CODES = 0.8


def words_of(name: str) -> list[str]:
    """A header's words, lower case: "State_FP", "stateFp" and "statefp" are the same two.

    Example:
        >>> words_of("Provider Zip Code"), words_of("stateFp"), words_of("GEOID")
        (['provider', 'zip', 'code'], ['state', 'fp'], ['geo', 'id'])
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    out: list[str] = []
    for word in (w.lower() for w in words):
        joined = _JOINED.match(word)
        out += list(joined.groups()) if joined else [word]
    return out


def kind_of(name: str) -> str | None:
    """Which code of fixed length a header names, or None.

    Example:
        >>> kind_of("Provider Zip Code"), kind_of("state_fp"), kind_of("state"), kind_of("zip_population")
        ('zip', 'state', None, None)
        >>> kind_of("In what ZIP code is your home located?")
        'zip'
    """
    words = [word for word in words_of(name) if not word.isdigit()]
    behind: list[str] = []
    while words and words[-1] in _CODED:
        behind.append(words.pop())
    word = words[-1] if words else ""
    if word in _PARTS and behind:
        return word
    if word in _WIDTHS and word not in _PARTS:
        return word
    if len(words) >= QUESTION and ("zip", "code") in pairwise(words):
        return "zip"
    return "fips" if "fips" in behind else None


def is_sure(name: str) -> bool:
    """Whether a header says that its numbers are parts of FIPS codes, and not running numbers.

    Example:
        >>> is_sure("county_fp"), is_sure("county_id")
        (True, False)
    """
    return not _SURE.isdisjoint(words_of(name))


def lost_zeros(name: str, digits: Mapping[int, float], greatest: float) -> tuple[float, int] | None:
    """Share of a column's cells that are shorter than its codes are, and the codes' length; None where nothing says so.

    A header says how long such codes are, and many cells have that length: a shorter one had a zero in front, or
    belongs to a code of another kind.

    Args:
        name: the header.
        digits: digits of a cell -> cells.
        greatest: the greatest number among the cells of the most frequent length.

    Example:
        >>> lost_zeros("zip", {5: 90.0, 4: 10.0}, 99501)
        (0.1, 5)
        >>> lost_zeros("zip", {4: 10.0}, 9999), lost_zeros("size", {5: 90.0, 4: 10.0}, 99501)
        (None, None)
    """
    kind, total = kind_of(name), sum(digits.values())
    if kind is None or not total:
        return None
    for width in _WIDTHS[kind]:
        if kind in _PARTS and width < 5 and not is_sure(name):
            continue
        longer = sum(n for long, n in digits.items() if long > width) / total
        short = sum(n for long, n in digits.items() if long < width) / total
        within = greatest <= _GREATEST.get((kind, width), 10**width)
        if digits.get(width, 0.0) >= FULL * total and longer <= LONGER and within:
            return (short, width) if short >= LEAST else None
    return None


def cut(name: str, cells: pl.DataFrame) -> tuple[float, int] | None:
    """``lost_zeros`` of a column of text; "2134.0" is 2134, as a table with gaps writes it.

    Args:
        name: the header.
        cells: ``t`` (String, trimmed) and ``c`` (times it occurs).

    Example:
        >>> cut("zip", pl.DataFrame({"t": ["90210", "2134.0"], "c": [9.0, 1.0]}))
        (0.1, 5)
    """
    if kind_of(name) is None:
        return None
    whole = cells.select(pl.col("t").str.extract(r"^(\d{1,15})(?:\.0+)?$", 1).alias("v"), "c").drop_nulls()
    by_length = whole.group_by(pl.col("v").str.len_chars().alias("digits")).agg(
        pl.col("c").sum(), pl.col("v").cast(pl.Int64).max()
    )
    if not by_length.height or float(by_length["c"].sum()) < CODES * float(cells["c"].sum()):
        return None
    return _judged(name, by_length.select("digits", "c", "v").rows())


def cut_numbers(
    name: str, values: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]
) -> tuple[float, int] | None:
    """``lost_zeros`` of a column of whole numbers.

    Args:
        name: the header.
        values: distinct, ascending. counts: times each occurs.

    Example:
        >>> cut_numbers("zip", np.array([2134.0, 90210.0]), np.array([1.0, 9.0]))
        (0.1, 5)
    """
    if kind_of(name) is None or not values.size or values[0] < 0 or values[-1] >= 1e15:
        return None
    digits = np.char.str_len(values.astype(np.int64).astype(np.str_))
    rows = [(int(d), float(counts[digits == d].sum()), float(values[digits == d][-1])) for d in np.unique(digits)]
    return _judged(name, rows)


def _judged(name: str, by_length: list[tuple[int, float, float]]) -> tuple[float, int] | None:
    usual = max(by_length, key=lambda row: (row[1], row[0]))
    return lost_zeros(name, {digits: cells for digits, cells, _ in by_length}, usual[2])
