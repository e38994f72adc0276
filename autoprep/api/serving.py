"""The verbs about a model at work: serve and explain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from autoprep.api.data import PathLike
from autoprep.api.model import rows_for
from autoprep.errors import InputError


def serve(
    model: PathLike,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    log_level: str = "warning",
    seen: PathLike | None = None,
    window_s: float = 3600.0,
    ready: Callable[[], None] = lambda: None,
    **limits: Any,
) -> None:
    """Serve a model folder over HTTP until the process ends; see ``serving.run.serve`` and ``serving.limits.Limits``.

    Raises:
        ArtifactError: the folder is missing, damaged, altered or newer.
        InputError: the packages of the extra "serve" are not installed.
    """
    from autoprep.serving import run
    from autoprep.serving.limits import Limits

    bounds = Limits(**limits)
    run.serve(
        model, host=host, port=port, workers=workers, log_level=log_level, limits=bounds, seen=seen, window_s=window_s,
        ready=ready,
    )  # fmt: skip


def explain(
    model: PathLike, source: Any, rows: list[int] | None = None, *, most: int = 20, of: Any = None
) -> list[dict[str, Any]]:
    """Say of each row what was predicted, what was cleaned in it and why, and what each raw column did.

    Args:
        model: a model folder.
        source: raw rows; for a model over several tables these.
        rows: 0-based numbers of the rows to explain; all when None.
        most: at most so many.
        of: rows of the model's table, when they are not those of the source.

    Raises:
        InputError: more rows than ``most``, or a row that is not there.
    """
    from autoprep.serving import artifact
    from autoprep.serving.explain import check_rows
    from autoprep.serving.explain import explain as explained

    held = artifact.load(model)
    frame = rows_for(held, source, of)
    if rows is not None:
        bad = [row for row in rows if not 0 <= row < frame.height]
        if bad:
            raise InputError(f"there is no row {bad[0]}", hint=f"rows are numbered from 0 to {frame.height - 1}")
        frame = frame[rows]
    check_rows(frame, most)
    return [one.to_dict() for one in explained(held.scorer(), frame, held.examples())]


def package(
    model: PathLike, folder: PathLike, *, port: int = 8000, workers: int = 1, wheel: PathLike | None = None
) -> list[Path]:
    """Write a folder with the model, a Dockerfile, compose.yaml, a systemd unit and pinned requirements.

    Raises:
        ArtifactError: the model folder is missing, damaged, altered or newer.
        InputError: the folder holds files; see ``serving.package``.
    """
    from autoprep.serving import package as packages

    return packages.package(model, folder, port=port, workers=workers, wheel=wheel)
