"""Finished trials on disk, so that an interrupted search goes on where it stopped."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.errors import InputError
from autoprep.lineage import versions

Array = NDArray[Any]
FORMAT = 1


class Journal:
    """Trials by configuration and fold, one JSON line each, the search they belong to on the first line.

    Args:
        path: the file; its folder is there.
        resume: use what it holds; otherwise begin anew.

    Raises:
        InputError: the file cannot be read or written.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "run.journal"
        >>> journal = Journal(place)
        >>> journal.open("search 1")
        0
        >>> journal.add("plain", 0, np.array([0.5]), loss=0.25)
        >>> again = Journal(place, resume=True)
        >>> again.open("search 1"), again.get("plain", 0)[1]["loss"], again.get("plain", 1)
        (1, 0.25, None)
    """

    def __init__(self, path: Path, resume: bool = False) -> None:
        self.path, self.resume = path, resume
        self._kept: dict[tuple[str, int], dict[str, Any]] = {}
        self._lock = Lock()
        #: Whether the file held trials of another search.
        self.foreign = False

    def open(self, search: str) -> int:
        """Read the trials of this search, if any; how many. The last line may be cut off: it is left out."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines() if self.resume and self.path.is_file() else []
            entries = [entry for line in lines if (entry := _parsed(line)) is not None]
            head = {"format": FORMAT, "search": search}
            self.foreign = bool(entries) and entries[0] != head
            kept = [] if self.foreign else entries[1:]
            self._kept = {(e["key"], e["fold"]): e for e in kept}
            text = "".join(json.dumps(entry) + "\n" for entry in [head, *kept])
            self.path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot be used ({error.strerror})", where=str(self.path)) from error
        return len(self._kept)

    def get(self, key: str, fold: int) -> tuple[Array, dict[str, Any]] | None:
        """The prediction and the figures of a trial, None when it is not there."""
        entry = self._kept.get((key, fold))
        if entry is None:
            return None
        raw = np.frombuffer(base64.b64decode(entry["prediction"]), dtype="<f8")
        return raw.reshape(entry["shape"]).copy(), entry["figures"]

    def add(self, key: str, fold: int, prediction: Array, **figures: Any) -> None:
        """Write a trial down at once; one that is there stays."""
        with self._lock:
            if (key, fold) in self._kept:
                return
            values = np.ascontiguousarray(prediction, dtype="<f8")
            coded = base64.b64encode(values.tobytes()).decode()
            entry = {"key": key, "fold": fold, "figures": figures, "shape": values.shape, "prediction": coded}
            self._kept[key, fold] = entry
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def done(self) -> None:
        """The search is over: the file goes."""
        self.path.unlink(missing_ok=True)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def identity(frame: pl.DataFrame, y: Array, folds: Iterable[tuple[Array, Array]], *settings: Any) -> str:
    """What makes two searches the same: rows, target, folds, settings and the versions of packages, as a hash."""
    digest = hashlib.sha256(json.dumps([settings, versions()], sort_keys=True, default=str).encode())
    digest.update(json.dumps({name: str(dtype) for name, dtype in frame.schema.items()}).encode())
    digest.update(frame.hash_rows(seed=0).to_numpy().tobytes() if frame.width else b"")
    digest.update(np.ascontiguousarray(y).tobytes())
    for train, valid in folds:
        digest.update(train.astype(np.int64).tobytes() + b"|" + valid.astype(np.int64).tobytes())
    return digest.hexdigest()
