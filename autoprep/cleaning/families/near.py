"""Which value a misspelt one was meant to be: substitutions by array, one character more or less or a swap by hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

#: Widths and numbers of values that are compared; longer and more are left alone.
MAX_WIDTH, MAX_KNOWN = 400, 3000
#: Shorter values than this resemble each other by chance.
MIN_LENGTH = 4
#: Marks that slip in at the edges of a cell.
EDGES = " .,;:*'\"-_#"


@dataclass(frozen=True)
class Near:
    """The nearest known values of one value.

    Attributes:
        best: the nearest, or "".
        distance: characters that differ; two neighbours that changed places are one.
        runner_up: distance of the second nearest; 99 when there is none.
        forced: every differing character stands where known values of that length never have such a one.
        alike: how many known values of that length there are.
    """

    best: str
    distance: int
    runner_up: int
    forced: bool
    alike: int = 0


def _codes(values: Sequence[str], width: int) -> np.ndarray:
    points = "".join(values).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(points, np.int32).reshape(len(values), width)


def _kind(codes: np.ndarray) -> np.ndarray:
    """0 digit, 1 letter, 2 space, 3 other ASCII, 4 beyond ASCII."""
    return np.asarray(_KINDS[np.minimum(codes, 128)])


_KINDS = np.array(
    [0 if chr(c).isdigit() else 1 if chr(c).isalpha() else 2 if c == 32 else 3 for c in range(128)] + [4], np.int8
)


class Lexicon:
    """Known values, ready to be asked for what lies near a value.

    Args:
        known: distinct values that are taken to be right.

    Example:
        >>> lexicon = Lexicon(["birmingham", "dothan"])
        >>> lexicon.near("birmxngham").best, lexicon.near("dohan").best
        ('birmingham', 'dothan')
    """

    def __init__(self, known: Sequence[str]) -> None:
        kept = [v for v in dict.fromkeys(known) if 0 < len(v) <= MAX_WIDTH][:MAX_KNOWN]
        self._by_width: dict[int, tuple[list[str], np.ndarray, np.ndarray]] = {}
        widths: dict[int, list[str]] = {}
        for value in kept:
            widths.setdefault(len(value), []).append(value)
        for width, values in widths.items():
            codes = _codes(values, width)
            kinds = _kind(codes)
            seen = np.stack([(kinds == k).any(axis=0) for k in range(5)])
            self._by_width[width] = (values, codes, seen)
        self._shorter: dict[str, list[str]] = {}
        self._known = set(kept)
        for value in kept:
            if len(value) >= 4:
                for i in range(len(value)):
                    self._shorter.setdefault(value[:i] + value[i + 1 :], []).append(value)

    def near(self, value: str, *, without: str | None = None) -> Near:
        """The nearest known value other than ``value`` itself (and ``without``)."""
        found: dict[str, tuple[int, bool]] = {}
        self._substituted(value, found)
        for other in self._shorter.get(value, ()):
            found[other] = min(found.get(other, (99, False)), (1, False))
        if len(value) >= 5:
            for i in range(len(value)):
                shorter = value[:i] + value[i + 1 :]
                if shorter in self._known:
                    found[shorter] = min(found.get(shorter, (99, False)), (1, ord(value[i]) > 127))
        for i in range(len(value) - 1):
            turned = value[:i] + value[i + 1] + value[i] + value[i + 2 :]
            if turned in self._known:
                found[turned] = (1, False)
        found.pop(value, None)
        if without is not None:
            found.pop(without, None)
        if not found:
            return Near("", 99, 99, False)
        ranked = sorted(found.items(), key=lambda item: (item[1][0], item[0]))
        best, (distance, forced) = ranked[0]
        alike = len(self._by_width[len(value)][0]) if len(value) in self._by_width else 0
        return Near(best, distance, ranked[1][1][0] if len(ranked) > 1 else 99, forced, alike)

    def _substituted(self, value: str, found: dict[str, tuple[int, bool]]) -> None:
        said = self._by_width.get(len(value))
        if said is None:
            return
        values, codes, seen = said
        own = _codes([value], len(value))[0]
        differs = codes != own
        distances = differs.sum(axis=1, dtype=np.int16)
        odd = ~seen[_kind(own), np.arange(len(value))]
        order = np.argsort(distances, kind="stable")[:3]
        if odd.any():
            matching = np.flatnonzero(~differs[:, ~odd].any(axis=1))
        else:
            matching = np.flatnonzero(distances == 0)
        for i in [*order.tolist(), *matching[:3].tolist()]:
            forced = bool(odd[differs[i]].all()) and len(matching) == 1
            distance = 1 if forced else int(distances[i])
            found[values[i]] = min(found.get(values[i], (99, False)), (distance, forced))


def digits_changed(value: str, other: str) -> bool:
    """Whether the two differ by a digit where both have one: such a difference is no typo that can be told.

    Example:
        >>> digits_changed("pn-4", "pn-5"), digits_changed("px-4", "pn-4"), digits_changed("12a", "12")
        (True, False, False)
    """
    if len(value) == len(other):
        return any(a != b and a.isdigit() and b.isdigit() for a, b in zip(value, other, strict=True))
    return [c for c in value if c.isdigit()] != [c for c in other if c.isdigit()]


def says_number(value: str, other: str) -> bool:
    """Whether an edit would take a figure away: the value holds no letter, or a digit would become a sign.

    Example:
        >>> says_number("25", "<5"), says_number("25 mg", "<5 mg"), says_number("b0ston", "boston")
        (True, True, False)
    """
    if not any(c.isalpha() for c in value):
        return any(c.isdigit() for c in value)
    if len(value) != len(other):
        return False
    return any(a != b and a.isdigit() and not b.isalnum() for a, b in zip(value, other, strict=True))


def resembles(value: str, other: str) -> bool:
    """Whether one can be a misspelling of the other: at most four in ten characters differ, or one is missing or extra.

    Example:
        >>> resembles("3x1x0", "35150"), resembles("dohan", "dothan"), resembles("69", "442")
        (True, True, False)
    """
    if len(value) == len(other):
        differs = sum(a != b for a, b in zip(value, other, strict=True))
        return differs <= max(1, 0.45 * len(other)) and differs < len(other) and not digits_changed(value, other)
    short, long = sorted((value, other), key=len)
    if len(long) - len(short) != 1 or len(short) < 2:
        return False
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


@lru_cache(maxsize=1 << 16)
def akin(value: str, other: str) -> bool:
    """Whether a value can be a slip for another, where the key already says so: letters, digits and order may differ.

    Example:
        >>> akin("stneitap", "patients"), akin("35105", "35150"), akin("Rome-*", "Rome"), akin("Oslo", "Rome")
        (True, True, True, False)
    """
    left, right = value.casefold(), other.casefold()
    if left == right:
        return True
    if resembles(value, other) and not (left.isdigit() and right.isdigit()):
        return True
    if len(right) >= 2 and left.strip(EDGES) == right:
        return True
    if left.isdigit() and right.isdigit():
        return sorted(left) == sorted(right)  # another figure is another number, not a slip that can be told
    digits = [sorted(c for c in one if c.isdigit()) for one in (left, right)]
    if len(digits[0]) == len(digits[1]) and digits[0] != digits[1]:
        return False  # "67 kg" is another weight than "60 kg"
    if abs(len(left) - len(right)) > 2 or len(right) < MIN_LENGTH:
        return False
    apart = Counter(left)
    apart.subtract(Counter(right))
    return sum(abs(n) for n in apart.values()) <= max(2, 0.3 * len(right))
