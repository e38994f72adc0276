"""Work shared out over threads: kernels run without the GIL, and heavy groups weigh by their rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: Rows below which one thread is as quick.
FEW = 50_000


def usable() -> int:
    """Threads that this process may run: its cores, or fewer where ``NUMBA_NUM_THREADS`` says so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    said = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, min(cores, int(said))) if said.isdigit() else cores


def shares(offsets: Array, parts: int) -> list[tuple[int, int]]:
    """Ranges of groups [first, last) that hold about as many rows each, however uneven the groups are.

    Args:
        offsets: (groups + 1,) first row of each group. parts: how many ranges at most.

    Example:
        >>> shares(np.array([0, 90, 92, 95, 100]), 2)
        [(0, 1), (1, 4)]
        >>> shares(np.array([0]), 2)
        []
    """
    groups = offsets.size - 1
    wanted = offsets[-1] * np.arange(1, parts) / parts
    cuts = np.minimum(np.searchsorted(offsets, wanted, side="left"), groups)
    edges = np.unique([0, *cuts.tolist(), groups])
    return [(a, b) for a, b in pairwise(edges.tolist())]


def together(work: Iterable[Callable[[], object]], rows: int) -> None:
    """Run pieces of work that write to places of their own, on several threads when there are many rows.

    When one of them fails, or the user stops the run, those that have not begun are not begun.

    Raises:
        Exception: whatever one of them raised.

    Example:
        >>> seen = np.zeros(2)
        >>> together([lambda: seen.__setitem__(0, 1.0), lambda: seen.__setitem__(1, 2.0)], 10)
        >>> seen.tolist()
        [1.0, 2.0]
    """
    pieces = list(work)
    threads = min(usable(), len(pieces))
    if rows < FEW or threads < 2:
        for piece in pieces:
            piece()
        return
    pool = ThreadPoolExecutor(threads)
    try:
        for done in [pool.submit(piece) for piece in pieces]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)
