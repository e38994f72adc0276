"""The noise that repair families are tried with: slips of the hand."""

from __future__ import annotations

import random

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def corrupt(word: str, rng: random.Random) -> str:
    """A word with one slip (two in longer words): a wrong, missing, extra or swapped letter.

    Example:
        >>> corrupt("dothan", random.Random(1))
        'dithan'
    """
    out = list(word)
    for _ in range(1 if len(word) < 8 else rng.choice((1, 2))):
        i = rng.randrange(len(out))
        kind = rng.randrange(4)
        if kind == 0 or len(out) < 3:
            out[i] = rng.choice(LETTERS)
        elif kind == 1:
            del out[i]
        elif kind == 2:
            out.insert(i, rng.choice(LETTERS))
        else:
            j = min(i + 1, len(out) - 1)
            out[i], out[j] = out[j], out[i]
    return "".join(out)


_LOOKALIKE = {"0": "Oo", "1": "Il", "O": "0", "I": "1", "o": "0", "l": "1"}


def corrupt_code(code: str, rng: random.Random) -> str:
    """A code with one slip: a separator lost or another, a letter in the other case, or a lookalike.

    Example:
        >>> corrupt_code("AB-1", random.Random(3))
        'AB_1'
    """
    ways = [(i, way) for i, c in enumerate(code) for way in _slips(c)]
    if not ways:
        return code
    i, way = ways[rng.randrange(len(ways))]
    return code[:i] + way + code[i + 1 :]


def _slips(c: str) -> list[str]:
    if not c.isalnum():
        return [other for other in ("", "-", "_", "/", " ") if other != c]
    return [*([c.swapcase()] if c.isalpha() else []), *_LOOKALIKE.get(c, "")]
