"""What stands behind the numbers of a text column: the one word of what is counted, or a unit in capitals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autoprep.profiling import names

#: What stands behind a number and is no count of things: ordinals, halves of the day, eras, compass and month names.
NO_COUNT = frozenset(
    word
    for words in (
        ("st", "nd", "rd", "th", "am", "pm", "a.m", "p.m", "bc", "ad", "bce", "ce"),
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
    for word in words
)
#: Share of content that numbers with the one word must make up; and of its cells, with the word itself.
COUNTED, WITH_WORD = 0.95, 0.5


def counted(name: str, e: Mapping[str, Any]) -> tuple[list[str], float]:
    """The spellings of the one word behind a column's numbers ("34 reviews", "1 review"), and the cells that are such
    numbers or bare ones; no words where numbers of that form are a code ("05 NORTH"), an address or differ in what
    they count.
    """
    content, nothing = e["content"], (list[str](), 0.0)
    if content < 5 or e["suffix"] < WITH_WORD * content or e["leading_zero"] or e["zero_word"]:
        return nothing
    if any(names.says(name, what) for what in ("id", "code", "postal", "phone", "address", "name")):
        return nothing
    by_stem: dict[str, dict[str, float]] = {}
    for word, cells in e["suffixes"].items():
        by_stem.setdefault(word.rstrip(".").removesuffix("s"), {})[word] = cells
    stem, spellings = max(by_stem.items(), key=lambda item: sum(item[1].values()))
    cells = sum(spellings.values()) + e["plain"]
    numbers_of = e["distinct_content"] >= 3 or len(spellings) > 1
    if cells < COUNTED * content or not numbers_of or stem in NO_COUNT or len(stem.split()) > 2:
        return nothing
    if re.search(r"\d", stem) or (len(stem) < 2 and stem.isalpha()):
        return nothing
    shapes = e["shapes"]
    spaced = sum(n for shape, n in shapes.items() if " " in shape) >= 0.9 * sum(shapes.values())
    if not spaced and stem.isalpha() and len(stem) < 3:
        return nothing
    return list(spellings), cells


def few_words(e: Mapping[str, Any]) -> bool:
    """Whether cells are numbers with a known unit or with the same word or two behind (1582 CC): no postal codes.

    Dutch postal codes (1012 AB) have that form, but their letters differ from place to place.
    """
    words = {word.lower() for word in (*e["unit_spellings"], *e["suffixes"])}
    return bool(e["unit"] >= 0.5 * e["content"] or (e["unit"] + e["suffix"] >= 0.5 * e["content"] and len(words) <= 2))
