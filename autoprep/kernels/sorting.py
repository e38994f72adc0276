"""Sorting of short stretches of an array in place, and finding one place of the sorted stretch."""

from __future__ import annotations

import numpy as np

from autoprep.kernels.compile import kernel


@kernel
def sort_range(a, lo, hi):  # type: ignore[no-untyped-def]
    """Sort ``a[lo:hi]`` (no NaN) upwards: quicksort by median of three, insertion below 24 values."""
    stack = np.empty(128, np.int64)
    depth = 0
    while True:
        while hi - lo > 24:
            mid = (lo + hi) >> 1
            x, y, z = a[lo], a[mid], a[hi - 1]
            pivot = max(min(x, y), min(max(x, y), z))
            i, j = lo, hi - 1
            while i <= j:
                while a[i] < pivot:
                    i += 1
                while a[j] > pivot:
                    j -= 1
                if i <= j:
                    a[i], a[j] = a[j], a[i]
                    i += 1
                    j -= 1
            if j + 1 - lo > hi - i:
                stack[depth] = lo
                stack[depth + 1] = j + 1
                lo = i
            else:
                stack[depth] = i
                stack[depth + 1] = hi
                hi = j + 1
            depth += 2
        for i in range(lo + 1, hi):
            v = a[i]
            j = i - 1
            while j >= lo and a[j] > v:
                a[j + 1] = a[j]
                j -= 1
            a[j + 1] = v
        if depth == 0:
            return
        depth -= 2
        lo, hi = stack[depth], stack[depth + 1]


@kernel
def select_range(a, lo, hi, k):  # type: ignore[no-untyped-def]
    """The value that ``a[lo:hi]`` (no NaN) would have at ``k`` if sorted; smaller ones come before it (Hoare 1961)."""
    while hi - lo > 24:
        mid = (lo + hi) >> 1
        x, y, z = a[lo], a[mid], a[hi - 1]
        pivot = max(min(x, y), min(max(x, y), z))
        i, j = lo, hi - 1
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        if k <= j:
            hi = j + 1
        elif k >= i:
            lo = i
        else:
            return a[k]
    for i in range(lo + 1, hi):
        v = a[i]
        j = i - 1
        while j >= lo and a[j] > v:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = v
    return a[k]
