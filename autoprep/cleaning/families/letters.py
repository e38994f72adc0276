"""What letters tell of a word: keys that lie beside each other, letters that look alike, what no word has."""

from __future__ import annotations

import re
import unicodedata

#: Words up to this length, and capitals up to the next, are names that lie one letter apart by nature.
SHORT, ACRONYM = 5, 6
#: So many consonants, or vowels, in a row has hardly any word.
RUN = 4

_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]+")
_VOWELS = re.compile(r"[aeiou]+")
_IMPOSSIBLE = re.compile(r"q[b-df-hj-np-tv-z]|([a-z])\1\1")
#: Two or three letters that are one sound.
_SOUNDS = re.compile(r"sch|[cgpstw]h|ck")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
#: Letters that are read for each other in print.
_ALIKE = ("il", "ij", "ce", "oc", "vy", "uv", "nh", "hb", "ft", "rn")


def _neighbours() -> frozenset[tuple[str, str]]:
    places = {c: (x + 0.5 * y, y) for y, row in enumerate(_ROWS) for x, c in enumerate(row)}
    return frozenset(
        (a, b) for a, (x, y) in places.items() for b, (u, v) in places.items() if abs(x - u) <= 1 and abs(y - v) <= 1
    )


NEIGHBOURS = _neighbours()
LOOK_ALIKES = frozenset((pair[i], pair[1 - i]) for pair in _ALIKE for i in (0, 1))


def accented(c: str) -> bool:
    """Whether a character is a letter of a Latin alphabet beyond ASCII."""
    return bool(c) and not c.isascii() and c.isalpha() and unicodedata.name(c, "").startswith("LATIN")


def foreign(c: str) -> bool:
    """Whether a character is of no Latin alphabet, and no usual sign."""
    return bool(c) and (c > "\u024f" and not "\u1e00" <= c <= "\u22ff")


def acronym(word: str) -> bool:
    return word.isupper() and len(word) <= (ACRONYM if len(_VOWELS.findall(word.casefold())) < 2 else SHORT)


def unsayable(word: str, meant: str) -> bool:
    """Whether a word has what no word has, and the one that was meant has not."""

    def longest(runs: re.Pattern[str], text: str) -> int:
        return max((len(run) for run in runs.findall(_SOUNDS.sub("t", text))), default=0)

    if len(word) < SHORT:
        return False
    if _IMPOSSIBLE.search(word) and not _IMPOSSIBLE.search(meant):
        return True
    consonants, vowels = longest(_CONSONANTS, word), longest(_VOWELS, word)
    if consonants >= RUN and consonants > longest(_CONSONANTS, meant):
        return True
    return vowels >= RUN and vowels > longest(_VOWELS, meant)
