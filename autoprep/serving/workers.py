"""Several processes that answer from one loaded model: it is loaded once, and what is not changed is kept once.

Forking a process is safe while only one of its threads runs code of ours: neither Polars' pool nor OpenMP's may have
been started. So the model is loaded without either, and where a thread is found that must not be forked, each process
loads for itself.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from autoprep.errors import InputError
from autoprep.serving.artifact import Artifact, load

#: Threads that survive a fork by their library's own care: allocators, and the one that clears Polars' spill files.
HARMLESS = ("jemalloc", "polars-ooc")
#: A process that ends sooner than this many seconds after it began is taken for one that cannot begin.
SOON_S = 5.0
_TASKS = Path("/proc/self/task")
_log = logging.getLogger("autoprep.serving")


def load_once(model: str | Path) -> Artifact:
    """Load a model without starting a pool of threads, and get ready what requests need.

    Raises:
        ArtifactError: the folder is missing, damaged, altered or newer.
    """
    from autoprep.model_search import boosted_trees
    from autoprep.model_search.threads import wait_quietly

    wait_quietly()
    import lightgbm  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        held = load(model)
        boosted_trees.prepare(held.predictor)
    return held


def can_fork() -> bool:
    """Whether this process may be forked: Linux, and no thread but the first and those whose library sees to it."""
    if sys.platform != "linux" or threading.active_count() > 1 or not _TASKS.is_dir():
        return False
    from threadpoolctl import threadpool_info

    names = [(task / "comm").read_text().strip() for task in _TASKS.iterdir() if task.name != str(os.getpid())]
    others = [name for name in names if not name.startswith(HARMLESS)]
    # OpenBLAS ends its threads before a fork and begins them anew after it; they bear the process's own name
    known = [one for one in threadpool_info() if one.get("internal_api") == "openblas"]
    allowed = sum(one["num_threads"] - 1 for one in known if one.get("threading_layer") == "pthreads")
    return len(others) <= allowed and set(others) <= {(_TASKS / str(os.getpid()) / "comm").read_text().strip()}


def run(answer: Callable[[socket.socket], None], place: socket.socket, count: int, grace_s: float) -> None:
    """Answer by so many forked processes until this one is told to end; one that dies is begun again.

    Args:
        answer: serves a listening socket until its process is told to end.
        place: the socket that all share.
        count: processes.
        grace_s: seconds that running requests have to end.

    Raises:
        InputError: processes end as soon as they begin.
    """
    gc.collect()
    gc.freeze()
    mine, theirs = os.pipe()
    ending = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ending.set()
        for process in list(begun):
            _tell(process, signal.SIGTERM)

    begun: dict[int, float] = {}
    former = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    failed = 0

    def begin() -> None:
        process = _begin(answer, place, mine, theirs)
        begun[process] = time.monotonic()
        if ending.is_set():
            _tell(process, signal.SIGTERM)

    try:
        while len(begun) < count:
            begin()
        while begun:
            process, status = _next(begun)
            since = begun.pop(process)
            if ending.is_set():
                continue
            failed = failed + 1 if time.monotonic() - since < SOON_S else 0
            if failed > count:
                raise InputError(f"the service's processes end as they begin (status {status})", hint="see the log")
            _log.error("process %d ended (status %d) and is begun again", process, status)
            begin()
    finally:
        for process in begun:
            _tell(process, signal.SIGTERM)
        until = time.monotonic() + grace_s + 5
        while begun and time.monotonic() < until:
            done, _ = os.waitpid(-1, os.WNOHANG)
            begun.pop(done, None)
            time.sleep(0.05)
        for process in begun:
            _tell(process, signal.SIGKILL)
        for number, handler in former.items():
            signal.signal(number, handler)
        os.close(mine)
        os.close(theirs)
        place.close()


def _begin(answer: Callable[[socket.socket], None], place: socket.socket, mine: int, theirs: int) -> int:
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.close(theirs)
        threading.Thread(target=_end_with_parent, args=(mine,), daemon=True).start()
        answer(place)
        status = 0
    except KeyboardInterrupt:
        status = 0
    except Exception:  # noqa: BLE001 - the process ends here with status 1, and nothing above would print why
        _log.exception("process %d cannot answer", os.getpid())
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _end_with_parent(pipe: int) -> None:
    """Wait until the parent is gone, whatever ended it, and end as if told to."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _next(begun: dict[int, float]) -> tuple[int, int]:
    """The next of our processes that ends, and its status."""
    while True:
        process, status = os.waitpid(-1, 0)
        if process in begun:
            return process, os.waitstatus_to_exitcode(status)


def _tell(process: int, number: Any) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return
