"""A store of results under the hash of all that decides them: what is asked for again is read, not worked out again.

An entry's name is the SHA-256 of what made it: the data's bytes, the rule's text, the step, the code of autoprep and
the versions of the packages that compute. An entry is written beside and renamed, carries its own hash, and counts as
not there when it was damaged. Beyond ``max_bytes`` the entries that were not asked for longest go.
"""

from __future__ import annotations

import io
import json
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from autoprep import lineage
from autoprep.errors import InputError

FOLDER = ".autoprep"
MAX_BYTES = 2 << 30
_DIGEST = 64


@lru_cache(maxsize=1)
def code_key() -> str:
    """SHA-256 over autoprep's own source and the versions that decide a result."""
    home = Path(__file__).parent
    files = sorted(path.relative_to(home).as_posix() for path in home.rglob("*.py"))
    return lineage.hash_value([[name, lineage.hash_file(home / name)] for name in files] + [lineage.versions()])


def key_of(*parts: Any) -> str:
    """The name of what these parts decide, together with the code.

    Example:
        >>> key_of("profile", {"a": 1}) == key_of("profile", {"a": 1}), key_of("profile", {"a": 2}) == key_of("x")
        (True, False)
    """
    return lineage.hash_value([code_key(), *parts])


def column_key(series: pl.Series) -> str:
    """SHA-256 of a column's type and cells; its name does not count.

    Example:
        >>> column_key(pl.Series("a", [1, None])) == column_key(pl.Series("b", [1, None]))
        True
    """
    held = io.BytesIO()
    series.rechunk().alias("").to_frame().write_ipc(held, compat_level=pl.CompatLevel.oldest())
    return lineage.hash_bytes(held.getvalue())


@dataclass
class Store:
    """Results in a folder.

    Args:
        folder: made when it is first written to.
        max_bytes: of all entries together.

    Attributes:
        reused: stage -> how many results were read. made: stage -> how many were worked out.

    Example:
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> [store.value("plan", key_of("x"), lambda: (1, {"a": 2.5})) for _ in range(2)], dict(store.reused)
        ([(1, {'a': 2.5}), (1, {'a': 2.5})], {'plan': 1})
    """

    folder: str | Path
    max_bytes: int = MAX_BYTES
    reused: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)

    def value(self, stage: str, key: str, make: Callable[[], Any]) -> Any:
        """Plain values (lists, tuples, mappings by text): read, or made and kept; others are made each time."""
        held = self._read(stage, key)
        if held is not None:
            self.reused[stage] += 1
            return _decoded(json.loads(held))
        made = make()
        self.made[stage] += 1
        try:
            text = json.dumps(_encoded(made), ensure_ascii=False, separators=(",", ":"))
        except TypeError:
            return made
        self._write(stage, key, text.encode())
        return made

    def frames(self, stage: str, key: str, make: Callable[[], Sequence[pl.DataFrame]]) -> list[pl.DataFrame]:
        """Tables: read, or made and kept as Arrow."""
        held = self._read(stage, key)
        if held is not None:
            self.reused[stage] += 1
            return _unpacked(held)
        made = list(make())
        self.made[stage] += 1
        self._write(stage, key, _packed(made))
        return made

    def holds(self, stage: str, key: str) -> bool:
        """Whether there is such an entry."""
        return self._path(stage, key).is_file()

    def _path(self, stage: str, key: str) -> Path:
        return Path(self.folder) / stage / key[:2] / key

    def _read(self, stage: str, key: str) -> bytes | None:
        path = self._path(stage, key)
        try:
            held = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        digest, body = held[:_DIGEST], held[_DIGEST:]
        return body if lineage.hash_bytes(body).encode() == digest else None

    def _write(self, stage: str, key: str, body: bytes) -> None:
        path = self._path(stage, key)
        new = not Path(self.folder).is_dir()
        with lineage.whole_file(path) as beside:
            beside.write_bytes(lineage.hash_bytes(body).encode() + body)
        if new:
            with lineage.whole_file(Path(self.folder) / ".gitignore") as beside:
                beside.write_text("*\n", encoding="utf-8")

    def entries(self) -> list[tuple[str, int, float]]:
        """Path below the folder, bytes and when it was last asked for (seconds since 1970), the latest first."""
        home, found = Path(self.folder), []
        for path in home.glob("*/??/*"):
            if len(path.name) == _DIGEST and path.is_file():
                said = path.stat()
                found.append((path.relative_to(home).as_posix(), said.st_size, said.st_mtime))
        return sorted(found, key=lambda one: (-one[2], one[0]))

    def prune(self, max_bytes: int | None = None) -> int:
        """Take away what was not asked for longest until the rest fits; returns the bytes that went."""
        limit, kept, gone = self.max_bytes if max_bytes is None else max_bytes, 0, 0
        for name, size, _ in self.entries():
            kept += size
            if kept > limit:
                (Path(self.folder) / name).unlink(missing_ok=True)
                kept, gone = kept - size, gone + size
        return gone

    def told(self) -> str:
        """What was reused and what was worked out, in one line; "" when nothing was asked for."""
        stages = [s for s in dict.fromkeys([*self.reused, *self.made])]
        return ", ".join(f"{s}: {self.reused[s]} reused, {self.made[s]} worked out" for s in stages)


def opened(folder: str | Path | None) -> Store | None:
    """The store in a folder; None when there is to be none.

    Raises:
        InputError: the path is a file.
    """
    if folder is None:
        return None
    if Path(folder).is_file():
        raise InputError("is a file, not a folder", where=str(folder), hint="choose another with --cache")
    return Store(folder)


def age(moment: float) -> str:
    """How long ago a moment was, for people.

    Example:
        >>> age(time.time() - 7300)
        '2 h'
    """
    seconds = max(0.0, time.time() - moment)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def _packed(frames: Sequence[pl.DataFrame]) -> bytes:
    parts = []
    for frame in frames:
        held = io.BytesIO()
        frame.write_ipc(held, compression="lz4", compat_level=pl.CompatLevel.oldest())
        parts.append(held.getvalue())
    head = json.dumps([len(part) for part in parts]).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(parts)


def _unpacked(held: bytes) -> list[pl.DataFrame]:
    at = 4 + int.from_bytes(held[:4], "little")
    found = []
    for size in json.loads(held[4:at]):
        found.append(pl.read_ipc(held[at : at + size]))
        at += size
    return found


def _encoded(value: Any) -> Any:
    """Values as JSON holds them, so that what is read back is equal and of the same types.

    Raises:
        TypeError: a value that JSON cannot give back as it was.
    """
    if value is None or isinstance(value, bool | str) or (isinstance(value, int) and type(value) is int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, list):
        return [_encoded(v) for v in value]
    if isinstance(value, tuple):
        return {"$tuple": [_encoded(v) for v in value]}
    if isinstance(value, Mapping) and all(type(k) is str and not k.startswith("$") for k in value):
        return {k: _encoded(v) for k, v in value.items()}
    if isinstance(value, Mapping):
        return {"$pairs": [[_encoded(k), _encoded(v)] for k, v in value.items()]}
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _encoded(value.item())
    raise TypeError(f"{type(value).__name__} is not kept")


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(v) for v in value]
    if isinstance(value, dict):
        if "$tuple" in value:
            return tuple(_decoded(v) for v in value["$tuple"])
        if "$pairs" in value:
            return {_decoded(k): _decoded(v) for k, v in value["$pairs"]}
        if "$float" in value:
            return float(value["$float"])
        return {k: _decoded(v) for k, v in value.items()}
    return value
