"""Words for nothing that may be a title or a person's name: a film called "Missing", a woman called Nan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Words for nothing that people write, and so may mean; and those that are a first name, or a surname.
_TITLES = frozenset(("missing", "empty", "blank", "void", "undefined", "nil", "no answer", "no response"))
_NAMES = frozenset(("nan", "nil", "null"))
_FIRST_NAME = re.compile(
    r"(?:first|given|last|family)[ _]?name|surname|forename|(?:^|_)[fl]name|vorname|nachname", re.I
)
#: Headers of places, one of which is called None.
_PLACE = re.compile(
    r"town|city|place|comune|municip|village|commune|localit|county|(?:^|[_ ])(?:ort|ente)(?:$|[_ ])", re.I
)
#: Share of the cells that a column of titles has distinct, cells it must have, cells a title stands in.
_DISTINCT, _LEAST, _OFTEN = 0.8, 20, 2
#: Share of the other cells that must be written as the word is.
_ALIKE = 0.9


def words_that_title(name: str, e: Mapping[str, Any], words: Mapping[str, float]) -> list[str]:
    """Of words for nothing those that may be what they say.

    Among titles, of which nearly none stands twice, one that stands once or twice and is written in their case. Under a
    header of persons' names one that is written in their case, and is no more frequent than the others.

    Args:
        name: the header.
        e: evidence: ``content``, ``distinct_content`` and ``top`` (value -> cells).
        words: the column's words for nothing.

    Example:
        >>> top = {"ada": 40, "nan": 35, "joe": 50, "eve": 45}
        >>> words_that_title("first_name", {"content": 135, "top": top}, {"nan": 35})
        ['nan']
        >>> words_that_title("colour", {"content": 135, "distinct_content": 3, "top": top}, {"nan": 35})
        []
    """
    others = {v: n for v, n in e["top"].items() if v.strip() and v.strip() not in words}
    total = sum(others.values())
    if not total:
        return []

    def alike(word: str) -> bool:
        return bool(sum(n for v, n in others.items() if _case(v) == _case(word)) >= _ALIKE * total)

    if _FIRST_NAME.search(name):
        most = max(others.values())
        return [w for w, n in words.items() if w.strip().casefold() in _NAMES and n <= most and alike(w)]
    varied = e["content"] >= _LEAST and e["distinct_content"] >= _DISTINCT * e["content"]
    known = _TITLES | ({"none"} if _PLACE.search(name) else set())
    said = [w for w, n in words.items() if n <= _OFTEN and w.strip().casefold() in known] if varied else []
    return [w for w in said if w[:1].isupper() and (not w.isupper() or w == "NONE") and alike(w)]  # None is a town


def _case(value: str) -> tuple[bool, bool]:
    """Whether a value begins with a capital, and is all in capitals; digits begin titles as capitals do."""
    first = value.strip()[:1]
    return first.isupper() or first.isdigit(), value.isupper()
