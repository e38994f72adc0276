"""Regular expressions of Polars (Rust's ``regex``) as Python's, where both mean the same; others are declined."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from autoprep.primitives.text import WORD
from autoprep.serving.rowwise.texts import Declined, domain

#: Letters, digits, numbers by Unicode category, as ``\p{..}`` names them.
_PROPERTIES = {
    "L": ("Lu", "Ll", "Lt", "Lm", "Lo"),
    "Lu": ("Lu",),
    "Ll": ("Ll",),
    "N": ("Nd", "No", "Nl"),
    "Nd": ("Nd",),
    "P": ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
    "S": ("Sm", "Sc", "Sk", "So"),
    "Mn": (),
}
#: Numbers that are no digits: word characters to Python, none to Rust.
_ODD_NUMBERS = re.compile("[" + "".join(c for c in domain() if unicodedata.category(c) in ("No", "Nl")) + "]")
_TEMPLATE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)


@cache
def translate(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """The ``search`` of a pattern: a function from text to a match or None.

    Raises:
        Declined: the pattern has parts that Python reads otherwise, or that could take exponential time.

    Example:
        >>> translate(r"^(?i)kg$")("KG") is not None, translate("^a$")("a\\n") is None
        (True, True)
    """
    compiled, wordy = _compiled(pattern)
    search = compiled.search
    if not wordy:
        return search
    odd = _ODD_NUMBERS.search

    def checked(text: str) -> re.Match[str] | None:
        if odd(text):
            raise Declined("a number that is no digit, before a pattern that looks for words")
        return search(text)

    return checked


@cache
def finder(pattern: str) -> Callable[[str], list[Any]]:
    """The ``findall`` of a pattern; its length is the number of matches.

    Raises:
        Declined: see ``translate``; or the pattern matches empty text.
    """
    compiled, wordy = _compiled(pattern)
    if compiled.search("") is not None:
        raise Declined(f"the pattern {pattern!r} matches nothing at all")
    odd = _ODD_NUMBERS.search

    def find(text: str) -> list[Any]:
        if wordy and odd(text):
            raise Declined("a number that is no digit, before a pattern that looks for words")
        return [found.group() for found in compiled.finditer(text)]

    return find


@cache
def replacer(pattern: str, replacement: str, count: int) -> Callable[[str], str]:
    """The substitution of a pattern; ``count`` 1 for the first match, -1 for all.

    Raises:
        Declined: see ``translate``; or all matches of a pattern that matches empty text.

    Example:
        >>> replacer(r"^\\((.*)\\)$", "$1", 1)("(5)")
        '5'
    """
    compiled, wordy = _compiled(pattern)
    if count != 1 and compiled.search("") is not None:
        raise Declined(f"the pattern {pattern!r} matches nothing at all")
    parts = _template(replacement, compiled)
    limit = 1 if count == 1 else 0
    sub, odd, search = compiled.sub, _ODD_NUMBERS.search, compiled.search

    def expand(found: re.Match[str]) -> str:
        return "".join(p if isinstance(p, str) else (found.group(p[0]) or "") for p in parts)

    plain = parts[0] if len(parts) == 1 and isinstance(parts[0], str) else None
    value: Any = (lambda found: plain) if plain is not None else expand if parts else (lambda found: "")

    def replace(text: str) -> str:
        if wordy and odd(text):
            raise Declined("a number that is no digit, before a pattern that looks for words")
        return sub(value, text, limit) if search(text) is not None else text

    return replace


def _template(text: str, compiled: re.Pattern[str]) -> list[str | tuple[int | str]]:
    parts: list[str | tuple[int | str]] = []
    at = 0
    for found in _TEMPLATE.finditer(text):
        if found.start() > at:
            parts.append(text[at : found.start()])
        name = found.group(1) or found.group(2)
        if name is None:
            parts.append("$")
        elif name.isdigit() and int(name) <= compiled.groups:
            parts.append((int(name),))
        elif name in compiled.groupindex:
            parts.append((name,))
        at = found.end()
    if at < len(text):
        parts.append(text[at:])
    return parts


@cache
def _compiled(pattern: str) -> tuple[re.Pattern[str], bool]:
    text, wordy = _python(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made = re.compile(text)
    except (re.error, Warning, RecursionError, OverflowError) as error:
        raise Declined(f"the pattern {pattern!r} is not one of Python ({error})") from error
    # in WORD the inner repetition begins with a character that the outer one cannot match
    if pattern != WORD and _explodes(text):
        raise Declined(f"the pattern {pattern!r} may take exponential time")
    return made, wordy


def _python(pattern: str) -> tuple[str, bool]:
    """The pattern in Python's words, and whether it looks for word characters."""
    out: list[str] = []
    at, inside, wordy, closing = 0, False, False, 0
    depth, closings = 0, [0]
    while at < len(pattern):
        mark = pattern[at]
        if mark == "\\":
            made, at, word = _escape(pattern, at, inside)
            out.append(made)
            wordy |= word
            continue
        if inside:
            if mark == "[" or pattern.startswith(("&&", "--", "~~"), at):
                raise Declined(f"the pattern {pattern!r} has a set of sets")
            inside = mark != "]" or out[-1] in ("[", "[^")
            out.append(mark)
        elif mark == "[":
            inside = True
            negated = pattern.startswith("[^", at)
            out.append("[^" if negated else "[")
            at += int(negated)
        elif mark == "$":
            out.append(r"\Z")
        elif pattern.startswith("(?", at) and not pattern.startswith(("(?:", "(?P<", "(?i:"), at):
            if not pattern.startswith("(?i)", at) or (out and out[-1] not in ("|", "^", "(?:", "(")):
                raise Declined(f"the pattern {pattern!r} sets flags midway")
            # from here to the end of the group, alternatives included
            out.append("(?i:")
            closings[depth] += 1
            at += 3
        elif mark == "(":
            end = next((len(s) for s in ("(?:", "(?i:") if pattern.startswith(s, at)), 1)
            if pattern.startswith("(?P<", at):
                end = pattern.index(">", at) - at + 1
            out.append(pattern[at : at + end])
            depth += 1
            closings.append(0)
            at += end - 1
        elif mark == ")":
            closing = closings.pop() if depth else 0
            depth -= 1
            out.append(")" * closing + ")")
        else:
            out.append(mark)
        at += 1
    return "".join(out) + ")" * closings[0], wordy


def _escape(pattern: str, at: int, inside: bool) -> tuple[str, int, bool]:
    mark = pattern[at + 1 : at + 2]
    if mark in ("p", "P"):
        end = pattern.find("}", at)
        name = pattern[at + 3 : end]
        if pattern[at + 2 : at + 3] != "{" or name not in _PROPERTIES or (inside and mark == "P"):
            raise Declined(f"the pattern {pattern!r} has a property of characters")
        held = _class_of(name)
        if not held:
            raise Declined(f"the pattern {pattern!r} looks for marks")
        made = held if inside else f"[{'^' if mark == 'P' else ''}{held}]"
        return made, end + 1, False
    if mark in "dDsSwWbBtnrfv0123456789" and mark:
        if mark.isdigit() or (mark in "fv"):
            raise Declined(f"the pattern {pattern!r} has the escape '{mark}'")
        return "\\" + mark, at + 2, mark in "wWbB"
    for letter, width in (("u", 4), ("x", 2)):
        digits = pattern[at + 2 : at + 2 + width]
        if mark == letter and len(digits) == width and all(c in "0123456789abcdefABCDEF" for c in digits):
            return re.escape(chr(int(digits, 16))), at + 2 + width, False
    if mark == "z" and not inside:
        return r"\Z", at + 2, False
    if mark == "A" and not inside:
        return r"\A", at + 2, False
    if mark.isalnum():
        raise Declined(f"the pattern {pattern!r} has the escape '{mark}'")
    return "\\" + mark, at + 2, False


@cache
def _class_of(name: str) -> str:
    """Characters of the domain with a property, as ranges of a set."""
    points = sorted(ord(c) for c in domain() if unicodedata.category(c) in _PROPERTIES[name])
    made, start = [], None
    for point, after in zip(points, [*points[1:], -1], strict=True):
        start = point if start is None else start
        if after != point + 1:
            made.append(re.escape(chr(start)) + (f"-{re.escape(chr(point))}" if point > start else ""))
            start = None
    return "".join(made)


def _explodes(pattern: str) -> bool:
    """Whether a repetition without bound stands inside another one: what backtracking may take exponential time for."""
    from re import _constants, _parser  # type: ignore[attr-defined]

    def walk(items: Any, many: bool) -> bool:
        for code, value in items:
            if code in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
                low, high, inner = value
                wide = high - low > 8
                if (wide and many) or walk(inner, many or wide or high > 8):
                    return True
            elif code is _constants.SUBPATTERN:
                if walk(value[-1], many):
                    return True
            elif code is _constants.BRANCH and any(walk(branch, many) for branch in value[1]):
                return True
        return False

    return walk(_parser.parse(pattern), False)
