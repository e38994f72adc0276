"""What the service saw: mergeable profiles of raw rows and predictions, window by window, for ``autoprep drift``.

A file holds no rows. Values of personal columns are left out; what remains are counts, frequent values and quantiles
(see ``profiling.states``), so that files of several processes and windows add up.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import InputError
from autoprep.lineage import whole_file
from autoprep.profiling import Profile, profile
from autoprep.serving.artifact import Artifact

FORMAT, KIND = 1, "autoprep seen rows"
#: Rows that wait until they are added to the profile.
BUFFER_ROWS = 2_000
#: Rows of one large request that are looked at, evenly spread.
MOST_ROWS = 20_000
MAX_BYTES = 256 << 20
#: Rows beyond which nothing more is kept until what waits was added; they are counted all the same.
_MOST_WAITING = 5 * MOST_ROWS


@dataclass(frozen=True)
class Window:
    """What was seen in some time.

    Attributes:
        model: digest of the model that answered.
        began: ISO 8601, UTC. ended: likewise.
        rows: rows answered; of large requests only some are in the profiles.
        raw: profile of raw rows. predictions: profile of the numbers that were answered.
        reasons: contract events by "rule:column".
        sampled: rows in the profiles.
    """

    model: str
    began: str
    ended: str
    rows: int
    sampled: int
    raw: Profile
    predictions: Profile
    reasons: Mapping[str, int] = field(default_factory=dict)

    def merge(self, other: Window) -> Window:
        """Both together.

        Raises:
            InputError: they are of different models.
        """
        if self.model != other.model:
            raise InputError("windows of different models", hint="give those of one model")
        return Window(
            self.model,
            min(self.began, other.began),
            max(self.ended, other.ended),
            self.rows + other.rows,
            self.sampled + other.sampled,
            self.raw.merge(other.raw),
            self.predictions.merge(other.predictions),
            dict(Counter(self.reasons) + Counter(other.reasons)),
        )

    def to_json(self) -> str:
        """JSON text."""
        said = {
            "format": FORMAT,
            "kind": KIND,
            **{name: getattr(self, name) for name in ("model", "began", "ended", "rows", "sampled")},
            "reasons": dict(sorted(self.reasons.items())),
            "raw": json.loads(self.raw.to_json()),
            "predictions": json.loads(self.predictions.to_json()),
        }
        return json.dumps(said, ensure_ascii=False) + "\n"


class Seen:
    """Collects what a service answers, and writes one file per window.

    Args:
        artifact: the model.
        folder: made when it is missing; files are named by the window's beginning and the process.
        window_s: seconds of one window.

    Raises:
        InputError: the folder cannot be written.
    """

    def __init__(self, artifact: Artifact, folder: str | Path, window_s: float = 3600.0) -> None:
        self.folder, self.window_s = Path(folder), window_s
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made ({error.strerror})", where=str(folder)) from error
        self._scorer, self._model = artifact.scorer(), artifact.digest
        self._personal = _personal(artifact)
        self._frames: list[tuple[pl.DataFrame, pl.DataFrame]] = []
        self._records: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []
        self._waiting = self._rows = 0
        self._window: Window | None = None
        self._began = time.time()

    def records(self, rows: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]]) -> bool:
        """Take rows and their answers; whether there is enough to ``fold``."""
        if self._waiting < _MOST_WAITING:
            self._records += zip(rows, said, strict=True)
        return self._took(len(rows))

    def frame(self, raw: pl.DataFrame, predicted: pl.DataFrame) -> bool:
        """Take a frame of raw rows and its predictions; whether there is enough to ``fold``."""
        rows = raw.height
        if rows > MOST_ROWS:
            step = -(-rows // MOST_ROWS)
            raw, predicted = raw.gather_every(step), predicted.gather_every(step)
        if self._waiting < _MOST_WAITING:
            self._frames.append((raw, predicted))
        return self._took(rows)

    def fold(self) -> None:
        """Add what waits to the window, write it, and begin another one when its time is over.

        Raises:
            InputError: the file cannot be written.
        """
        frames, self._frames = self._frames, []
        records, self._records = self._records, []
        rows, self._rows, self._waiting = self._rows, 0, 0
        if records:
            names = list(dict.fromkeys(name for row, _ in records for name in row))
            texts = {
                n: [self._text(n, row.get(n)) for row, _ in records] for n in names if n in self._scorer.plan.inputs
            }
            raw = pl.DataFrame({n: pl.Series(n, values, dtype=pl.String) for n, values in texts.items()})
            frames.append((raw, pl.DataFrame([said for _, said in records], infer_schema_length=None)))
        for raw, predicted in frames:
            window = self._of(raw, predicted, rows)
            rows = 0
            self._window = window if self._window is None else self._window.merge(window)
        if self._window is not None:
            self._write(self._window)
        if time.time() - self._began >= self.window_s:
            self._window, self._began = None, time.time()

    def _text(self, name: str, cell: Any) -> str | None:
        return None if cell is None else self._scorer.given.text(name, cell)

    def _took(self, rows: int) -> bool:
        self._waiting, self._rows = self._waiting + min(rows, MOST_ROWS), self._rows + rows
        return self._waiting >= BUFFER_ROWS or time.time() - self._began >= self.window_s

    def _of(self, raw: pl.DataFrame, predicted: pl.DataFrame, rows: int) -> Window:
        known = self._scorer.raw(raw)
        there = {n for n in self._scorer.plan.inputs if n != self._scorer.plan.target}
        absent = [pl.lit(None, pl.String).alias(n) for n in sorted(there - set(known.columns))]
        found = profile(known.with_columns(absent) if absent else known, deep=False, mergeable=True)
        hidden = pl.when(pl.col("column").is_in(list(self._personal))).then(pl.lit("as in training"))
        marked = found.columns.with_columns(pl.coalesce("pii", hidden).alias("pii"))
        said = predicted.get_column("reasons")
        codes = said.filter(said != "").str.split(";").explode()
        return Window(
            self._model,
            _moment(self._began),
            _moment(time.time()),
            rows,
            raw.height,
            replace(found, columns=marked).masked(),
            profile(predicted.select(pl.selectors.numeric()), deep=False, mergeable=True),
            dict(codes.value_counts().iter_rows()),
        )

    def _write(self, window: Window) -> None:
        stamp = datetime.fromtimestamp(self._began, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        with whole_file(self.folder / f"{stamp}-{os.getpid()}.json") as beside:
            beside.write_text(window.to_json(), encoding="utf-8")


def holds_windows(source: Any) -> bool:
    """Whether a path is a file of ``Seen``, or a folder that holds some."""
    if not isinstance(source, str | Path) or "://" in str(source):
        return False
    path = Path(source)
    if path.is_dir():
        return any(_is_window(file) for file in sorted(path.glob("*.json"))[:3])
    return path.suffix == ".json" and path.is_file() and _is_window(path)


def read_windows(source: str | Path, model: str | None = None) -> Window:
    """What the files of a folder, or one file, say together; of several models those of ``model`` alone.

    Raises:
        InputError: no file, or none of this model.
    """
    path = Path(source)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    windows = [_read(file) for file in files if _is_window(file)]
    mine: Iterable[Window] = [w for w in windows if model is None or w.model == model]
    if not mine:
        said = "are of another model" if windows else "no file of what a service saw"
        raise InputError(said, where=str(source), hint="give the folder of 'autoprep serve --seen FOLDER'")
    return reduce(Window.merge, mine)


def spread(window: Window, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of a prediction's column in order, and the weight of each."""
    pairs = np.array(window.predictions.states.get(column, {}).get("centroids") or np.empty((0, 2)))
    order = np.argsort(pairs[:, 0], kind="stable")
    return pairs[order, 0], pairs[order, 1]


def _is_window(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return f'"kind": "{KIND}"'.encode() in opened.read(200)
    except OSError:
        return False


def _read(file: Path) -> Window:
    if file.stat().st_size > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES:,} bytes", where=str(file))
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise InputError(f"has format {said['format']}", where=str(file), hint="update autoprep")
        parts = {name: Profile.from_json(json.dumps(said[name])) for name in ("raw", "predictions")}
        plain: dict[str, Any] = {n: said[n] for n in ("model", "began", "ended", "rows", "sampled", "reasons")}
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputError("is damaged", where=str(file), hint="remove it") from error
    return Window(**plain, raw=parts["raw"], predictions=parts["predictions"])


def _personal(artifact: Artifact) -> frozenset[str]:
    """Columns of training that hold what identifies a person."""
    if "profile.json" not in artifact.manifest["files"]:
        return frozenset()
    known = Profile.from_json(artifact.folder / "profile.json").columns
    return frozenset(known.filter(pl.col("pii").is_not_null())["column"].to_list())


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
