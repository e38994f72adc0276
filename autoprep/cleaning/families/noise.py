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
