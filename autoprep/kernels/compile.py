"""How kernels are compiled: cached on disk where that is possible, in memory where the folder is read-only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit


def _cache_works(folder: Path) -> bool:
    """Whether Numba finds a place to keep machine code: beside the module, or the user's cache folder."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return _creatable(Path(os.environ["NUMBA_CACHE_DIR"]))
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return os.access(folder, os.W_OK) or _creatable(home)


def _creatable(folder: Path) -> bool:
    """Whether a folder can be written, or made."""
    near = next((p for p in (folder, *folder.absolute().parents) if p.exists()), Path("/"))
    return near.is_dir() and os.access(near, os.W_OK) and not near.is_relative_to("/proc")


CACHED = _cache_works(Path(__file__).parent)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first use without the GIL; NaN and signed zero keep their IEEE meaning.

    Example:
        >>> import numpy as np
        >>> @kernel
        ... def total(x):
        ...     s = 0.0
        ...     for v in x:
        ...         s += v
        ...     return s
        >>> total(np.array([1.0, 2.0]))
        3.0
    """
    from_file = Path(function.__code__.co_filename).exists()
    compiled: Callable[..., Any] = njit(cache=CACHED and from_file, nogil=True)(function)
    return compiled
