"""Text functions of Polars for one cell, for those characters that Rust and Python agree about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from autoprep.errors import AutoprepError

#: A longer cell is left to Polars, whose patterns take linear time.
LONGEST = 300
_STABLE = {"Lu", "Ll", "Lo", "Nd", "No", "Sm", "Sc", "So", "Po", "Pd", "Ps", "Pe", "Pi", "Pf", "Pc", "Zs"}
#: Dotted and dotless i, long s, final sigma: their case depends on place or language.
_ODD_CASE = "\u0130\u0131\u0149\u017f\u03a3\u1e9e\u212a\u212b\u2126\u00ad"
_EMOJI = range(0x1F300, 0x1F650)


class Declined(AutoprepError):
    """This row, or this plan, is not for the evaluator of single rows; Polars takes it."""


@cache
def domain() -> str:
    """Characters whose case, category and width are the same in every version of Unicode since 3.2."""
    old = unicodedata.ucd_3_2_0
    kept = ["\t", "\n", "\r"]
    for point in (*range(0x20, 0xD800), *range(0xF900, 0x10000)):
        char = chr(point)
        category = old.category(char)
        if category not in _STABLE or category != unicodedata.category(char) or char in _ODD_CASE:
            continue
        if len(char.lower()) == len(char.upper()) == 1 or char == "ß":
            kept.append(char)
    return "".join([*kept, *map(chr, _EMOJI)])


@cache
def _outside() -> Callable[[str], re.Match[str] | None]:
    points = sorted(map(ord, domain()))
    parts, start = [], None
    for point, after in zip(points, [*points[1:], -1], strict=True):
        start = point if start is None else start
        if after != point + 1:
            parts.append(f"{re.escape(chr(start))}-{re.escape(chr(point))}")
            start = None
    return re.compile("[^" + "".join(parts) + "]").search


def checked(text: str) -> str:
    """The text itself.

    Raises:
        Declined: it is long, or holds a character that is not in ``domain``.

    Example:
        >>> checked("12,5 °C")
        '12,5 °C'
    """
    if text.isascii():
        if len(text) > LONGEST or not (text.isprintable() or _outside()(text) is None):
            raise Declined("a long cell, or a control character")
    elif len(text) > LONGEST or _outside()(text) is not None:
        raise Declined("a long cell, or a character that versions of Unicode differ about")
    return text


_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DOUBT = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]+")


def to_float(text: str) -> float | None:
    """What casting text to Float64 gives.

    Example:
        >>> to_float("1e3"), to_float("soon")
        (1000.0, None)
    """
    if _FLOAT.fullmatch(text):
        return float(text)
    if _DOUBT.fullmatch(text):
        raise Declined("text that may be a number")
    return None


def to_integer(text: str) -> int | None:
    """What casting text to Int64 gives."""
    if _INTEGER.fullmatch(text):
        value = int(text)
        return value if -(2**63) <= value < 2**63 else None
    return None


def from_float(value: float) -> str:
    """What casting a Float64 to text gives."""
    if value == 0 or 1e-4 <= abs(value) < 1e15:
        return repr(value)
    raise Declined("a number that is written in more than one way")


def many(patterns: Sequence[str], replacements: Sequence[str], leftmost: bool) -> Callable[[str], str]:
    """Replace each of some substrings.

    Raises:
        Declined: longer substrings without a rule for those that overlap.

    Example:
        >>> many(["a", "b"], ["b", "a"], False)("abc")
        'bac'
    """
    if len(patterns) != len(replacements) or "" in patterns:
        raise Declined("not one replacement for each")
    if all(len(p) == 1 for p in patterns):
        table: dict[int, str] = {}
        for old, new in zip(patterns, replacements, strict=True):
            table.setdefault(ord(old), new)
        if all(ord(p) > 127 for p in patterns):
            return lambda text: text if text.isascii() else text.translate(table)
        return lambda text: text.translate(table)
    if not leftmost:
        raise Declined("substrings of several characters")
    first = re.compile("[" + "".join(sorted({re.escape(p[0]) for p in patterns})) + "]").search
    turned: dict[str, str] = {}
    for old, new in zip(patterns, replacements, strict=True):
        turned.setdefault(old, new)
    any_of = re.compile("|".join(map(re.escape, patterns)))

    def replace(text: str) -> str:
        return text if first(text) is None else any_of.sub(lambda found: turned[found.group()], text)

    return replace


def split_n(text: str, separator: str, count: int) -> dict[str, Any]:
    """The first parts of a text and the rest, as the fields of a struct."""
    parts: list[str | None] = [*text.split(separator, count - 1)]
    return {f"field_{i}": parts[i] if i < len(parts) else None for i in range(count)}
