"""LightGBM on one thread a call, while several of our threads call it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside = 0


@contextmanager
def one_each() -> Iterator[None]:
    """Let every call of LightGBM run on one thread, whatever it asks for, until all who asked for this have left.

    LightGBM keeps the number of its threads once for the whole process. A call that asks for two, or for as many as
    there are, while another has laid out its buffers for one makes the other write beyond them: the process dies. So
    whoever calls it from several threads does so in here; what is asked of it outside of fits asks for one thread.

    Example:
        >>> from lightgbm.basic import _LIB
        >>> def most():
        ...     held = ctypes.c_int(0)
        ...     _LIB.LGBM_GetMaxThreads(ctypes.byref(held))
        ...     return held.value
        >>> with one_each():
        ...     with one_each():
        ...         pass
        ...     print(most())
        1
        >>> most()
        -1
    """
    _enter(1)
    try:
        yield
    finally:
        _enter(-1)


def _enter(step: int) -> None:
    global _inside
    from lightgbm.basic import _LIB

    with _lock:
        _inside += step
        _LIB.LGBM_SetMaxThreads(ctypes.c_int(1 if _inside else -1))
