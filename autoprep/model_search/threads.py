"""How many threads the models use, and how they wait."""

from __future__ import annotations

import os

#: Idle OpenMP threads sleep instead of spinning: on a shared machine spinning made boosting 10 to 50 times slower.
QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
MOST_THREADS = 8


def wait_quietly() -> None:
    """Ask OpenMP, before it is loaded, to let idle threads sleep; what the user has set stays."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def usable() -> int:
    """Threads that fits may use: the cores this process may run on, at most ``MOST_THREADS``.

    The environment variable ``AUTOPREP_THREADS`` overrules.

    Example:
        >>> usable() >= 1
        True
    """
    said = os.environ.get("AUTOPREP_THREADS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(cores, MOST_THREADS))
