"""Deliveries of new data: which are there, which were dealt with, and that only one run deals with them at a time."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autoprep import lineage
from autoprep.errors import InputError, SettingError

FORMAT = 1
STATE, LOCK = "state.json", "lock"
#: What is still being written, or is no delivery.
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", ".filepart", ".swp")


@dataclass(frozen=True)
class Delivery:
    """A file that was delivered, known by its content.

    Attributes:
        path: where it lies. sha256: of its bytes. bytes: how many. modified_ns: when it was last written.
    """

    path: Path
    sha256: str
    bytes: int
    modified_ns: int

    @property
    def name(self) -> str:
        """What is written of it is named after this: the file's name and the start of its hash."""
        return f"{self.path.stem}-{self.sha256[:12]}"

    def still(self) -> bool:
        """Whether the file is as it was when it was hashed."""
        try:
            now = self.path.stat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.bytes, self.modified_ns)


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery.

    Attributes:
        file: name of the delivery. sha256: of its bytes. model: seal of the model. status: "scored" or "failed".
        rows: rows scored. flagged: rows of which the contract says something. broken: expectations that do not hold.
        drift: gravest severity, or None. error: why it failed. outputs: paths below the folder of the monitor.
        acceptable: whether it neither broke the contract nor drifted as far as to fail.
    """

    file: str
    sha256: str
    model: str
    status: str
    rows: int = 0
    flagged: int = 0
    broken: int = 0
    drift: str | None = None
    error: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    acceptable: bool = True


def found(pattern: str | Path) -> list[Path]:
    """The files of a folder, a glob or a single path, by name; what is unfinished or hidden is left out.

    Raises:
        InputError: there is no such folder or file.
    """
    place = Path(pattern)
    if place.is_dir():
        paths = list(place.iterdir())
    elif place.exists():
        paths = [place]
    elif glob.has_magic(str(pattern)):
        paths = [Path(p) for p in glob.glob(str(pattern), recursive=True)]  # noqa: PTH207  (a pattern may be absolute)
    else:
        raise InputError("no such folder of deliveries", where=str(pattern), hint="a folder, a file, or 'in/*.csv'")
    kept = [p for p in paths if p.is_file() and not p.name.startswith((".", "~"))]
    return sorted(p for p in kept if p.suffix.lower() not in _UNFINISHED)


def delivery(path: Path) -> Delivery:
    """Hash a file."""
    said = path.stat()
    return Delivery(path, lineage.hash_file(path), said.st_size, said.st_mtime_ns)


def load_state(folder: Path) -> dict[str, Outcome]:
    """What was dealt with: SHA-256 -> outcome; {} before the first run.

    Raises:
        SettingError: the file is not one that a run wrote.
    """
    file = folder / STATE
    if not file.is_file():
        return {}
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']}")
        return {one["sha256"]: Outcome(**one) for one in said["deliveries"]}
    except (ValueError, KeyError, TypeError) as error:
        hint = "restore it; without it every delivery counts as new"
        raise SettingError(f"is not the state of a monitor ({error})", where=str(file), hint=hint) from error


def save_state(folder: Path, state: Mapping[str, Outcome]) -> None:
    """Write what was dealt with, whole or not at all; one delivery a line, in the order in which they came."""
    lines = ",\n".join(json.dumps(asdict(one), ensure_ascii=False) for one in state.values())
    with lineage.whole_file(folder / STATE) as beside:
        beside.write_text(
            f'{{"format": {FORMAT}, "deliveries": [\n{lines}\n]}}\n' if lines else _EMPTY, encoding="utf-8"
        )


_EMPTY = f'{{"format": {FORMAT}, "deliveries": []}}\n'


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock while the block runs; it goes with the process, however that ends.

    Raises:
        InputError: another run holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(f"cannot write here ({(error.strerror or '').lower()})", where=str(folder)) from error
    try:
        if not _lock(handle):
            raise InputError("another run is at work here", where=str(folder), hint="wait until it has ended")
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return _lock_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_windows(handle: int) -> bool:
    import msvcrt

    windows: Any = msvcrt
    try:
        windows.locking(handle, windows.LK_NBLCK, 1)
    except OSError:
        return False
    return True
