"""Characters that slipped into a cell: one of another script, a sign or a letter where only digits stand."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State, distinct_words, lower_bound, shape

#: Distinct values and characters that are looked at; share of the distinct values that may hold an odd character.
MAX_DISTINCT, MAX_LENGTH, MAX_ODD = 20_000, 400, 0.4
#: Share of the odd cells that must read as the column does without the character; cells that must at least.
MIN_EXPLAINED, MIN_CELLS = 0.5, 2
#: The same where the characters are of another script: then the odd cells that nothing explains follow.
MIN_FOREIGN = 0.2
#: Share of the plain cells of one shape that makes the column one of codes; values that a word stands in to be known.
SHAPED, ESTABLISHED = 0.9, 2
#: A value more frequent than this was written on purpose.
MOST_OFTEN = 3
#: Shortest value, and word, that says anything by being known; shorter values must stand so often.
WORD, SHORT_OFTEN = 4, 3
#: Letters of other scripts that look like a Latin one: they stand for it, they are not one too many.
LOOKALIKES = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420"
        "\u0421\u0422\u0425\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
        "aeopcyxisjABEKMHOPCTXoABEZHIKMNOPTYX",
        strict=True,
    )
)
#: What stands for an apostrophe between letters.
APOSTROPHES = frozenset("\u00b4\u2018\u2019\u02bc\u02b9\u2032\u0060")
_WORDS = re.compile(r"\w+")
#: Planted in copies: an Arabic, a Bengali, an Armenian and a Georgian letter, and a sign that nothing uses.
_PLANTED = "\u0634\u0995\u0573\u10e6\u06de"


@LEARNERS.add("drop_strays")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose a map from cells with one character too many to the cell without it.

    Method: a character is odd where it is no plain one and no letter of the column's own script. A cell is mended when
    it holds one such character and is, without it, a value of the column, of the column's shape, or made of its words;
    cells of which that cannot be said follow where most others were. Proof without labels: characters are planted in
    200 cells of the column, and what comes back is counted.
    """
    column = str(row["column"])
    counted = distinct_words(state, column, MAX_DISTINCT)
    if counted is None:
        return []
    odd = counted.filter(pl.col("v").str.contains(r"[^\x20-\x7e\s]") & (pl.col("v").str.len_chars() <= MAX_LENGTH))
    known = _Column(counted, odd["v"].to_list())
    found = known.mended(dict(odd.rows())) if odd.height <= MAX_ODD * counted.height else {}
    letters = known.lettered() if known.digits else {}
    found |= letters
    if not found:
        return []
    right, tried = _probe(known, int(state.probe.get("cells", 200)))
    confidence = lower_bound(right, tried)
    counts = dict(counted.rows())
    evidence = {"values": len(found), "cells": sum(counts[v] for v in found), "tried": tried, "right": right}
    if confidence < state.probe.get("precision", 0.95):
        said = f"{right} of {tried} planted characters came out right"
        return [Proposal((column,), {"mapping": {}}, confidence, evidence, said)]
    return [Proposal((column,), {"mapping": dict(sorted(found.items()))}, confidence, evidence)]


@cache
def script(c: str) -> str:
    """The script of a letter, "" of what is none.

    Example:
        >>> script("\u0431"), script("b"), script("7")
        ('CYRILLIC', 'LATIN', '')
    """
    return unicodedata.name(c, "UNKNOWN").split(" ")[0] if unicodedata.category(c)[0] in "LM" else ""


class _Column:
    """What stands in a column without odd characters."""

    def __init__(self, counted: pl.DataFrame, odd: Sequence[str]) -> None:
        aside = set(odd)
        self.values = {v: int(n) for v, n in counted.rows() if v not in aside}
        shapes: dict[str, int] = {}
        words: dict[str, int] = {}
        letters: dict[str, int] = {}
        for value, n in self.values.items():
            form = shape(value)
            shapes[form] = shapes.get(form, 0) + n
            for word in set(_WORDS.findall(value)):
                words[word] = words.get(word, 0) + 1
        for value in counted["v"].head(500):
            for c in value:
                if said := script(c):
                    letters[said] = letters.get(said, 0) + 1
        total = sum(self.values.values())
        common = sorted(shapes.items(), key=lambda item: -item[1])[:6]
        self.shapes = {s for s, n in common if n >= 0.05 * total} if _cover(common, total) else set[str]()
        self.words = {word for word, n in words.items() if n >= ESTABLISHED and len(word) >= WORD}
        self.scripts = {s for s, n in letters.items() if n >= 0.1 * sum(letters.values())}
        self.digits = sum(n for v, n in self.values.items() if _figures(v)) >= SHAPED * max(1, total)

    def reads(self, value: str, at: int) -> bool:
        """Whether a value from which the character at a place was taken reads as the column does."""
        if self.values.get(value, 0) >= (1 if len(value) >= WORD else SHORT_OFTEN):
            return True
        if self.digits:
            return _figures(value) and (shape(value) in self.shapes or not self.shapes)
        if shape(value) in self.shapes:
            return True
        touched = next((m.group() for m in _WORDS.finditer(value) if m.start() <= at <= m.end()), "")
        return touched in self.words

    def odd(self, value: str) -> list[int]:
        """Places of characters that are none of the column's own."""
        return [i for i, c in enumerate(value) if ord(c) > 126 and self._odd(value, i)]

    def _odd(self, value: str, i: int) -> bool:
        c = value[i]
        kind = unicodedata.category(c)
        if c in APOSTROPHES and 0 < i < len(value) - 1 and value[i - 1].isalpha() and value[i + 1].isalpha():
            return False  # "Women´s"
        if unicodedata.combining(c) and i and _latin(unicodedata.normalize("NFC", value[i - 1 : i + 1])[0]):
            return False  # an accent that stands behind its letter
        if kind in ("Sc", "Nd", "Nl", "No", "Zs", "Pd", "Pi", "Pf") or c in "°µμº²³™®©•…·–—′″":
            return False
        inside = 0 < i < len(value) - 1 and value[i - 1].isalnum() and value[i + 1].isalnum()
        if kind[0] in "LM":
            return script(c) not in self.scripts or self.digits or not _latin(c) or inside
        return kind[0] in "C" or inside or self.digits

    def foreign(self, c: str) -> bool:
        """Whether a character is of another script than the column's letters, or none at all."""
        return script(c) not in self.scripts

    def mend(self, value: str) -> tuple[str, bool] | None:
        """The value without its one odd character, and whether that reads as the column does; None if not one."""
        places = self.odd(value)
        if len(places) != 1:
            return None
        at = places[0]
        without = value[:at] + value[at + 1 :]
        if like := LOOKALIKES.get(value[at]):
            instead = value[:at] + like + value[at + 1 :]
            if self.reads(instead, at) or not self.reads(without, at):
                return (instead, True) if self.reads(instead, at) and not self.reads(without, at) else None
        if not without.strip() or without != without.strip():
            return None
        return without, self.reads(without, at)

    def mended(self, odd: Mapping[str, int]) -> dict[str, str]:
        """What the odd values should read, where the evidence of all of them bears it out."""
        sure: dict[str, str] = {}
        unsure: dict[str, str] = {}
        for value, n in odd.items():
            made = self.mend(value) if n <= MOST_OFTEN or self._rare(value, n) else None
            if made is not None:
                (sure if made[1] else unsure)[value] = made[0]
        found: dict[str, str] = {}
        for foreign in (True, False):
            own, rest = (
                {v: w for v, w in part.items() if self.foreign(v[self.odd(v)[0]]) == foreign} for part in (sure, unsure)
            )
            # an accent alone proves little: the name may well be another one
            least = 1 if foreign or self.digits else MIN_CELLS + 1
            share = len(own) / max(1, len(own) + len(rest))
            if len(own) >= least and share >= MIN_EXPLAINED:
                found |= own
            if foreign and len(own) >= MIN_CELLS and share >= MIN_FOREIGN:
                found |= own | rest
        return found

    def _rare(self, value: str, n: int) -> bool:
        made = self.mend(value)
        return made is not None and 3 * n <= self.values.get(made[0], 0)

    def lettered(self) -> dict[str, str]:
        """Numbers with one letter among their digits; that letters stand inside shows that they mean nothing."""
        found: dict[str, str] = {}
        inside = 0
        for value, n in self.values.items():
            letters = [i for i, c in enumerate(value) if c.isascii() and c.isalpha()]
            if len(letters) != 1 or letters[0] == len(value) - 1:
                continue
            at = letters[0]
            without = value[:at] + value[at + 1 :]
            if _figures(without) and 10 * n <= self.values.get(without, 0) and value[at] not in "eExX":
                found[value] = without
                inside += at > 0
        return found if inside >= MIN_CELLS and inside >= 0.25 * len(found) else {}


def _cover(common: Sequence[tuple[str, int]], total: int) -> bool:
    return total > 0 and sum(n for _, n in common) >= SHAPED * total


def _figures(value: str) -> bool:
    return re.fullmatch(r"[-+$€£(]?\d[\d.,:/ \-%)]*", value) is not None


def _latin(c: str) -> bool:
    return script(c) == "LATIN" and unicodedata.normalize("NFD", c)[0].isascii()


def _probe(known: _Column, cells: int) -> tuple[int, int]:
    """Planted characters that came out right, and those that came out at all."""
    rng = random.Random(0)
    words = sorted(v for v in known.values if v.strip() == v and len(v) >= 2)
    right = tried = 0
    for _ in range(cells if words else 0):
        word = words[rng.randrange(len(words))]
        at = rng.randrange(1, len(word))
        made = known.mend(word[:at] + rng.choice(_PLANTED) + word[at:])
        tried += made is not None
        right += made is not None and made[0] == word
    return right, tried
