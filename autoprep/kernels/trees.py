"""Boosted trees answered for many rows at once: every split is one comparison down a column, no row walks a tree.

A tree's leaves stand from left to right as the bits of a word. A split that a row does not meet strikes out the leaves
of its left side; after all splits the lowest bit that is left is the row's leaf (QuickScorer, Lucchese et al. 2015;
over rows side by side as in RapidScorer, Ye et al. 2018). Without a jump that the processor must guess, the comparisons
run on vectors. Sums are added tree by tree in the order of the file, so that each has the bits that a walk would give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numba.core import types

from autoprep.kernels.compile import CACHED, kernel
from autoprep.kernels.threads import together

Array = np.ndarray[Any, Any]

#: Rows that are worked on together: their columns stay in the processor's first caches.
BLOCK = 256
#: At most this value counts as zero in LightGBM (a float32 there).
ZERO = float(np.float32(1e-35))
#: How a column is read: as it is, missing as zero, zero as missing, or as the code of a category.
PLAIN, MISSING_IS_ZERO, ZERO_IS_MISSING, CODE = 0, 1, 2, 3
#: How a split compares: missing goes left, missing goes right, or membership of a set of codes.
LEFT, RIGHT, MEMBER = 0, 1, 2
#: What is said of the sums: themselves, a logistic share, shares of classes, an exponential.
SUM, LOGISTIC, SHARES, EXPONENTIAL = 0, 1, 2, 3
_WORD = 64
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_SHIFT = np.uint64(58)
_ONE = np.uint64(1)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True)
class Forest:
    """Trees laid out for ``score``.

    Attributes:
        features: columns of the matrix.
        groups: trees per round, which is also the number of sums per row.
        column: (c,) int32, the matrix column behind each column that is compared.
        reading: (c,) int32, how it is read: ``PLAIN`` and so on.
        first: (trees + 1,) int64, where each tree's splits begin.
        place: (s,) int32, the compared column of a split. kind: (s,) int32, ``LEFT``, ``RIGHT`` or ``MEMBER``.
        threshold: (s,) float64. word: (s,) int32, the word it strikes in. mask: (s,) uint64, what it leaves there.
        begin: (s,) int64 and end: (s,) int64, where the set of codes of a ``MEMBER`` lies in ``codes``.
        codes: uint32, sets of codes as bits.
        words: (trees,) int32, words of each tree. leaf: (trees,) int64, where its leaves begin in ``values``.
        values: float64, 64 places a word, each leaf at the hash of its bit.
    """

    features: int
    groups: int
    column: Array
    reading: Array
    first: Array
    place: Array
    kind: Array
    threshold: Array
    word: Array
    mask: Array
    begin: Array
    end: Array
    codes: Array
    words: Array
    leaf: Array
    values: Array

    @property
    def splits(self) -> int:
        """Comparisons per row."""
        return int(self.place.size)

    def arrays(self) -> tuple[Array, ...]:
        """What the kernel reads, in its order."""
        return (
            self.column, self.reading, self.first, self.place, self.kind, self.threshold, self.word, self.mask,
            self.begin, self.end, self.codes, self.words, self.leaf, self.values,
        )  # fmt: skip


@kernel
def _load(matrix, lo, hi, column, reading, block):  # type: ignore[no-untyped-def]
    """Columns of the rows [lo, hi), each as it is read."""
    n = hi - lo
    for c in range(column.size):
        f = column[c]
        how = reading[c]
        if how == CODE:
            for i in range(n):
                v = matrix[lo + i, f]
                block[c, i] = np.float64(np.int64(v)) if v > -1.0 and v < 2147483648.0 else -1.0
        elif how == MISSING_IS_ZERO:
            for i in range(n):
                v = matrix[lo + i, f]
                block[c, i] = v if abs(v) > ZERO else 0.0
        elif how == ZERO_IS_MISSING:
            for i in range(n):
                v = matrix[lo + i, f]
                block[c, i] = v if abs(v) > ZERO else np.nan
        else:
            for i in range(n):
                v = matrix[lo + i, f]
                block[c, i] = 0.0 if abs(v) <= ZERO else v


@kernel
def _member(x, bits, codes, begin, end, mask):  # type: ignore[no-untyped-def]
    """Strike out what ``mask`` lacks where the code is not in the set."""
    room = np.float64(32 * (end - begin))
    for i in range(bits.size):
        v = x[i]
        inside = np.uint32(0)
        if v >= 0.0 and v < room:
            k = np.int64(v)
            inside = (codes[begin + (k >> 5)] >> np.uint32(k & 31)) & np.uint32(1)
        if inside == np.uint32(0):
            bits[i] &= mask


@kernel
def _strike(x, bits, threshold, mask, kind):  # type: ignore[no-untyped-def]
    """Strike out what ``mask`` lacks where the value is greater; a missing one is where ``kind`` is ``RIGHT``."""
    if kind == LEFT:
        for i in range(bits.size):
            bits[i] &= mask if x[i] > threshold else _FULL
    else:
        for i in range(bits.size):
            bits[i] &= _FULL if x[i] <= threshold else mask


@kernel
def _say(sums, n, groups, saying, slope, lo, out):  # type: ignore[no-untyped-def]
    """What is said of the sums (groups, n), written to ``out`` from row ``lo``."""
    if saying == SHARES:
        for i in range(n):
            top = sums[0, i]
            for g in range(1, groups):
                top = max(sums[g, i], top)
            total = 0.0
            for g in range(groups):
                share = math.exp(sums[g, i] - top)
                out[lo + i, g] = share
                total += share
            for g in range(groups):
                out[lo + i, g] /= total
        return
    for g in range(groups):
        for i in range(n):
            v = sums[g, i]
            if saying == LOGISTIC:
                v = 1.0 / (1.0 + math.exp(-slope * v))
            elif saying == EXPONENTIAL:
                v = math.exp(v)
            out[lo + i, g] = v


@kernel
def score(  # type: ignore[no-untyped-def]
    matrix, lo, hi, column, reading, first, place, kind, threshold, word, mask, begin, end, codes, words, leaf, values,
    groups, saying, slope, out,
):  # fmt: skip
    """Fill ``out[lo:hi]`` (n, groups) with what the trees say of the rows; the arrays are those of ``Forest``."""
    most = 1
    for t in range(words.size):
        most = max(most, words[t])
    block = np.empty((max(column.size, 1), BLOCK))
    bits = np.empty((most, BLOCK), np.uint64)
    sums = np.empty((groups, BLOCK))
    for a in range(lo, hi, BLOCK):
        n = min(BLOCK, hi - a)
        _load(matrix, a, a + n, column, reading, block)
        for g in range(groups):
            for i in range(n):
                sums[g, i] = 0.0
        for t in range(words.size):
            for w in range(words[t]):
                for i in range(n):
                    bits[w, i] = _FULL
            for s in range(first[t], first[t + 1]):
                x = block[place[s], :n]
                at = bits[word[s], :n]
                if kind[s] == MEMBER:
                    _member(x, at, codes, begin[s], end[s], mask[s])
                else:
                    _strike(x, at, threshold[s], mask[s], kind[s])
            base = leaf[t]
            total = sums[t % groups]
            if words[t] == 1:
                for i in range(n):
                    b = bits[0, i]
                    total[i] += values[base + np.int64(((b & (~b + _ONE)) * _DE_BRUIJN) >> _SHIFT)]
            else:
                for i in range(n):
                    w = 0
                    while bits[w, i] == np.uint64(0):
                        w += 1
                    b = bits[w, i]
                    total[i] += values[base + 64 * w + np.int64(((b & (~b + _ONE)) * _DE_BRUIJN) >> _SHIFT)]
        _say(sums, n, groups, saying, slope, a, out)


@kernel
def lay_out(left, right, leaves, start, lefts):  # type: ignore[no-untyped-def]
    """Where each leaf of a tree stands from left to right, and which leaves lie to the left of each split.

    Args:
        left: (splits,) int64, the left child: a later split, or ``~leaf``. right: the same of the right child.
        leaves: (splits + 1,) int64, written: the place of each leaf.
        start: (splits,) int64, written: the leftmost leaf under a split.
        lefts: (splits,) int64, written: leaves under its left child.

    Returns:
        Whether it is a tree: every split but the first and every leaf has one parent, which stands before it.
    """
    splits = left.size
    under = np.empty(splits, np.int64)
    seen = np.zeros(splits, np.int64)
    found = np.zeros(splits + 1, np.int64)
    for s in range(splits - 1, -1, -1):
        total = 0
        for side in range(2):
            child = left[s] if side == 0 else right[s]
            if child >= splits or ~child > splits or (child >= 0 and child <= s):
                return False
            if child >= 0:
                seen[child] += 1
                total += under[child]
            else:
                found[~child] += 1
                total += 1
            if side == 0:
                lefts[s] = total
        under[s] = total
    start[0] = 0
    for s in range(splits):
        if s > 0 and seen[s] != 1:
            return False
        for side in range(2):
            child = left[s] if side == 0 else right[s]
            at = start[s] + (lefts[s] if side else 0)
            if child >= 0:
                start[child] = at
            else:
                leaves[~child] = at
    return bool(found.min() == 1 and found.max() == 1)


def hashed(place: int) -> int:
    """Where ``score`` looks for the leaf whose bit is ``place``.

    Example:
        >>> sorted({hashed(p) for p in range(64)}) == list(range(64))
        True
    """
    return (((1 << place) * int(_DE_BRUIJN)) & int(_FULL)) >> int(_SHIFT)


_F, _I4, _I8 = types.float64[::1], types.int32[::1], types.int64[::1]
#: The types that ``score`` is called with.
SIGNATURE = (
    types.float64[:, ::1], types.int64, types.int64, _I4, _I4, _I8, _I4, _I4, _F, _I4, types.uint64[::1], _I8, _I8,
    types.uint32[::1], _I4, _I8, _F, types.int64, types.int64, types.float64, types.float64[:, ::1],
)  # fmt: skip


def ready() -> bool:
    """Whether ``score`` runs without being compiled first: its machine code is loaded, or kept from an earlier time."""
    compiled: Any = score
    if SIGNATURE in compiled.overloads:
        return True
    if not CACHED:
        return False
    try:
        index = compiled._cache._cache_file._load_index()
    except (AttributeError, OSError):
        return False
    return any(key[0] == SIGNATURE for key in index)


def prepare() -> None:
    """Compile ``score``, or load its machine code where that is kept."""
    compiled: Any = score
    compiled.compile(SIGNATURE)
    none = np.empty(0, np.int64)
    lay_out(none, none, np.empty(1, np.int64), none, none)


def predict(forest: Forest, matrix: Array, saying: int, slope: float, threads: int) -> Array:
    """What the trees say of each row (n, groups).

    Args:
        forest: the trees.
        matrix: (n, features) float64.
        saying: ``SUM``, ``LOGISTIC``, ``SHARES`` or ``EXPONENTIAL``.
        slope: of the logistic function.
        threads: how many at most.
    """
    rows = len(matrix)
    matrix = np.require(matrix, np.float64, ["C", "W"])
    out = np.empty((rows, forest.groups))
    edges = np.linspace(0, -(-rows // BLOCK), threads + 1).astype(np.int64) * BLOCK
    edges[-1] = rows
    arrays = forest.arrays()

    def part(lo: int, hi: int) -> None:
        score(matrix, lo, hi, *arrays, forest.groups, saying, slope, out)

    pairs = [(a, b) for a, b in pairwise(edges.tolist()) if b > a]
    # each row is as much work as many of a plain column
    together([partial(part, a, b) for a, b in pairs], rows * 8)
    return out
