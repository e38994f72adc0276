"""How many threads the models use, and how they wait."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

#: Idle OpenMP threads turn a thousand times, some microseconds, and sleep then. Turning without end made boosting 10 to
#: 50 times slower on a shared machine; sleeping at once made boosting on two threads 2 to 4 times slower than on one.
QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "0"}
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


class _Quiet:
    """LightGBM's messages are not for our users."""

    def info(self, message: str) -> None:
        """Say nothing."""

    def warning(self, message: str) -> None:
        """Say nothing."""


def load_libraries() -> None:
    """Import the libraries of the models now, so that no fit pays for it."""
    wait_quietly()
    import lightgbm as lgb
    import scipy.optimize  # noqa: F401
    import sklearn.ensemble  # noqa: F401

    lgb.register_logger(_Quiet())


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread: fits run side by side, and sums are added in the same order everywhere.

    What Gaussian processes warn of (a kernel at its bound) is left unsaid here and not where they are fitted: filters
    of warnings belong to the process, and fits that end side by side would put back each other's.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"sklearn\.gaussian_process")
        yield
