"""Whole-number keys numbered through a table of their range: no hashing, two passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autoprep.kernels.compile import kernel

Array = np.ndarray[Any, Any]
#: A range of keys wider than this many times the rows is left to a hash table.
SPARSE = 4


@kernel
def number_keys(keys, known, low, table):  # type: ignore[no-untyped-def]
    """Number keys by rising value.

    Args:
        keys: (n,) int64. known: (n,) bool. low: the least known key. table: (range,) int32, filled with -1.

    Returns:
        (n,) int32 number of each row's key, -1 where it is unknown, and how many there are.
    """
    codes = np.empty(keys.size, np.int32)
    for i in range(keys.size):
        if known[i]:
            table[keys[i] - low] = 0
    count = 0
    for k in range(table.size):
        if table[k] == 0:
            table[k] = count
            count += 1
    for i in range(keys.size):
        codes[i] = table[keys[i] - low] if known[i] else -1
    return codes, count


@kernel
def look_up_keys(keys, known, low, table):  # type: ignore[no-untyped-def]
    """The number in ``table`` of each key (n,) int64; -1 where it is unknown or was never numbered."""
    codes = np.empty(keys.size, np.int32)
    for i in range(keys.size):
        codes[i] = -1
        if known[i] and keys[i] >= low and keys[i] - low < table.size:
            codes[i] = table[keys[i] - low]
    return codes


def dense_codes(keys: Array, known: Array, asked: Array, asked_known: Array) -> tuple[Array, Array, int] | None:
    """Number the keys of a source and look up those that are asked for; None where their range is too wide.

    Args:
        keys: (n,) int64, with ``known`` (n,) bool. asked: (Q,) int64, with ``asked_known`` (Q,) bool.

    Returns:
        codes (n,) and (Q,) int32, -1 for none, and how many keys there are.

    Example:
        >>> every = np.ones(3, bool)
        >>> dense_codes(np.array([7, 5, 7]), every, np.array([5, 6, 7]), every)
        (array([1, 0, 1], dtype=int32), array([ 0, -1,  1], dtype=int32), 2)
    """
    some = keys if known.all() else keys[known]
    if not some.size:
        return np.full(keys.size, -1, np.int32), np.full(asked.size, -1, np.int32), 0
    low, high = int(some.min()), int(some.max())
    if high - low >= SPARSE * keys.size + 1024:
        return None
    table = np.full(high - low + 1, -1, np.int32)
    codes, count = number_keys(keys, known, low, table)
    return codes, look_up_keys(asked, asked_known, low, table), int(count)
