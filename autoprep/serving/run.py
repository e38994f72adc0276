"""Starting the service: one process, or several that share the model that one of them has loaded."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autoprep.errors import InputError
from autoprep.serving.limits import Limits


def serve(
    model: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    limits: Limits | None = None,
    grace_s: int = 30,
    log_level: str = "warning",
    seen: str | Path | None = None,
    window_s: float = 3600.0,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve a model folder until the process is told to end; what has begun is then answered first.

    Args:
        model: the folder; checked and loaded before the port is opened.
        host: address to listen on; 127.0.0.1 is this machine only.
        port: from 1 to 65535.
        workers: processes; on Linux they share the memory of one loaded model, elsewhere each loads it.
        limits: bounds of a request.
        grace_s: seconds that running requests have to end.
        log_level: "critical", "error", "warning", "info" or "debug".
        seen: folder for mergeable profiles of what is answered, which ``autoprep drift`` reads; None keeps none.
        window_s: seconds that one file of it spans.
        ready: is called once the model is loaded, before the port is opened.

    Raises:
        ArtifactError: the folder is missing, damaged, altered or newer.
        InputError: FastAPI or uvicorn is not installed.
    """
    for package in ("fastapi", "uvicorn", "prometheus_client"):
        if find_spec(package) is None:
            raise InputError(f"serving needs {package}, which is not installed", hint="pip install 'autoprep[serve]'")
    bounds = limits or Limits()
    settings = {
        "host": host,
        "port": port,
        "log_level": log_level,
        "access_log": False,
        "timeout_graceful_shutdown": grace_s,
        "timeout_keep_alive": 30,
        "server_header": False,
        # nothing here asks who the client is
        "proxy_headers": False,
    }
    if workers > 1:
        with tempfile.TemporaryDirectory(prefix="autoprep-metrics-") as folder:
            # read when the metrics' package is imported
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            _several(model, bounds, seen, window_s, workers, settings, ready)
        return
    import uvicorn

    from autoprep.serving import app

    made = app.make(model, bounds, seen, window_s)
    app.settle(made)
    ready()
    uvicorn.run(made, **settings)


def _several(
    model: str | Path,
    bounds: Limits,
    seen: str | Path | None,
    window_s: float,
    workers: int,
    settings: dict[str, Any],
    ready: Callable[[], None],
) -> None:
    from autoprep.serving import workers as processes

    held = processes.load_once(model)
    ready()
    import uvicorn

    from autoprep.serving import app

    if processes.can_fork():

        def answer(place: socket.socket) -> None:
            made = app.make(held, bounds, seen, window_s)
            app.settle(made)
            uvicorn.Server(uvicorn.Config(made, **settings)).run(sockets=[place])

        processes.run(
            answer, uvicorn.Config("", **settings).bind_socket(), workers, settings["timeout_graceful_shutdown"]
        )
        return
    os.environ[app.MODEL_VARIABLE] = str(Path(model).resolve())
    os.environ[app.LIMITS_VARIABLE] = json.dumps(bounds.to_dict())
    kept = {} if seen is None else {"seen": str(Path(seen).resolve()), "window_s": window_s}
    os.environ[app.SEEN_VARIABLE] = json.dumps(kept)
    uvicorn.run("autoprep.serving.app:from_environment", factory=True, workers=workers, **settings)
