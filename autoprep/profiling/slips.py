"""Misspellings: rare values one key stroke from a frequent one, where more than that likeness speaks for a slip."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import cache

from autoprep.profiling import kinds
from autoprep.profiling.names import COUNTRIES, SCALES

#: A spelling that occurs more often than this is meant.
MOST_OFTEN = 3
#: Values shorter than this are not judged; nor longer than ``LONGEST``.
SHORTEST, LONGEST = 4, 60
#: Where frequent values are this often neighbours of each other, likeness says nothing.
CROWDED = 0.1

Row = tuple[str, str, float]


def find(rows: Sequence[Row]) -> dict[str, str]:
    """Misspellings among distinct values -> what was meant.

    A rare value one edit from a value at least ten times as frequent is a candidate. It counts as a slip when the edit
    makes a pair of letters that no other value has, or when most rare values of the column are candidates and the edit
    is one that seldom makes another word (a letter lost, doubled or swapped; any in long words).

    Args:
        rows: folded form, value as shown, cells; the most frequent first.

    Example:
        >>> find([("boston", "Boston", 90.0), ("paris", "Paris", 50.0), ("bostn", "Bostn", 1.0)])
        {'Bostn': 'Boston'}
        >>> find([("inland", "INLAND", 900.0), ("near bay", "NEAR BAY", 80.0), ("island", "ISLAND", 2.0)])
        {}
    """
    near, crowd = _neighbours(rows)
    if not near:
        return {}
    slips = set(near)
    known = [word for i, (word, _, _) in enumerate(rows) if i not in slips]
    pairs = _language() | {p for word in known for p in _pairs(word)}
    tokens = {t for word in known for t in word.split()}
    rare = sum(1 for word, _, count in rows if count <= MOST_OFTEN and len(word) >= SHORTEST)
    closed = len(near) >= 0.5 * rare and not crowd
    out = {}
    for i, j in near.items():
        word, shown, _ = rows[i]
        head, meant, _ = rows[j]
        if kinds.both_said(word, head):
            continue
        if _strange(word, head, pairs) or (closed and _plain_slip(word, head, tokens)):
            out[shown] = meant
    return out


def _neighbours(rows: Sequence[Row]) -> tuple[dict[int, int], bool]:
    """Rare value -> frequent neighbour (symmetric deletes), and whether frequent values are neighbours as well."""
    index: dict[str, list[int]] = {}
    near: dict[int, int] = {}
    frequent = touching = 0
    for i, (word, _, count) in enumerate(rows):
        if not SHORTEST <= len(word) <= LONGEST:
            continue
        # an edit never touches digits and signs, so those are never deleted
        keys = {word} | {word[:k] + word[k + 1 :] for k, c in enumerate(word) if c.isalpha() or c in " -"}
        around = sorted({j for key in keys for j in index.get(key, ())})
        if count <= MOST_OFTEN:
            for j in around:
                if rows[j][2] >= max(4.0, 10 * count) and one_edit(word, rows[j][0]):
                    near[i] = j
                    break
        else:
            frequent += 1
            # what is known to be crowded, or cannot become so, need not be counted on
            touching += touching <= CROWDED * len(rows) and any(one_edit(word, rows[j][0]) for j in around[:50])
        if i not in near:
            for key in keys:
                index.setdefault(key, []).append(i)
    return near, frequent >= 5 and touching > CROWDED * frequent


def _pairs(word: str) -> set[str]:
    return {a + b for a, b in itertools.pairwise(word) if a.isalpha() and b.isalpha()}


@cache
def _language() -> frozenset[str]:
    """Pairs of letters that words have: those of countries, scales and common names."""
    words = [*COUNTRIES, *(w for scale in SCALES for w in scale)]
    common = (
        "the quick brown fox jumps over lazy dog with upper lower street avenue north south east west school hospital "
        "company center service product manager department general university island"
    )
    words += common.split()
    return frozenset(p for word in words for p in _pairs(word.lower()))


def _strange(word: str, head: str, known: set[str] | frozenset[str]) -> bool:
    """Whether the edit makes a pair of letters that no word has."""
    return bool(_pairs(word) - _pairs(head) - known)


def _plain_slip(word: str, head: str, tokens: set[str]) -> bool:
    """Whether the edit is one that seldom makes another word, in a word of letters that stands nowhere else."""
    changed = [t for t in word.split() if t not in set(head.split())]
    if any(t in tokens or re.search(r"[\d_]", t) or re.fullmatch(r"[ivx]+", t) for t in changed):
        return False
    swapped = len(word) == len(head) and sorted(word) == sorted(head)
    first = word[0] == head[0]
    return len(word) != len(head) or swapped or (first and min((len(t) for t in changed), default=0) >= 8)


def one_edit(a: str, b: str) -> bool:
    """Whether two words are one insertion, deletion, substitution or swap of neighbours apart, digits untouched.

    A change at the end that makes a plural, or of the first letter in short words, is not taken for a slip.

    Example:
        >>> one_edit("bostn", "boston"), one_edit("bsoton", "boston"), one_edit("cats", "cat"), one_edit("a1", "a2")
        (True, True, False, False)
    """
    if abs(len(a) - len(b)) > 1:
        return False
    short = min(len(a), len(b))
    start = next((i for i in range(short) if a[i] != b[i]), short)
    end = next((i for i in range(short - start) if a[-1 - i] != b[-1 - i]), short - start)
    x, y = a[start : len(a) - end], b[start : len(b) - end]
    if any(not c.isalpha() and c not in " -" for c in x + y):
        return False
    if start == 0 and min(len(a), len(b)) < 6:
        return False
    if end == 0 and {x, y} in ({"", "s"}, {"", "e"}):
        return False
    if len(x) == len(y) == 2 and x == y[::-1]:
        return True
    if len(x) <= 1 and len(y) <= 1:
        # short tails such as "group a" and "group b" are labels, not slips
        tail = a.rsplit(" ", 1)[-1]
        return not (len(tail) <= 2 and start >= len(a) - len(tail))
    return False
