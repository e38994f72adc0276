"""Where a thing came from: content hashes, versions, and files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autoprep.errors import InputError

PACKAGES = ("autoprep", "polars", "pyarrow", "numpy", "scikit-learn", "lightgbm", "great-expectations", "numba")


def hash_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits.

    Example:
        >>> hash_bytes(b"")[:8]
        'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def hash_file(path: str | Path) -> str:
    """SHA-256 of a file's bytes, read in blocks of 1 MiB."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> str:
    """JSON text that is the same for equal values: sorted keys, no spaces, shortest floats.

    Example:
        >>> canonical_json({"b": 1, "a": [1.5, None]})
        '{"a":[1.5,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=True, default=str)


def hash_value(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    return hash_bytes(canonical_json(value).encode())


def versions() -> dict[str, str]:
    """Versions of Python, the platform and the packages that decide a result."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def portable_name(address: str) -> str:
    """An address without the folders of one machine: of an absolute path the last part, anything else as it is.

    Example:
        >>> portable_name("/home/ada/raw.csv"), portable_name("C:\\\\data\\\\raw.csv"), portable_name("data/raw.csv")
        ('raw.csv', 'raw.csv', 'data/raw.csv')
    """
    absolute = address.startswith(("/", "\\\\")) or (len(address) > 2 and address[1] == ":" and address[2] in "/\\")
    return address.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] if absolute else address


def portable_source(source: Mapping[str, Any]) -> dict[str, Any]:
    """A source whose address tells nothing of the machine: of an absolute path the last part is kept.

    Example:
        >>> portable_source({"uri": "/data/raw/train.csv", "rows": 3})
        {'uri': 'train.csv', 'rows': 3}
    """
    said = dict(source)
    if "uri" in said:
        said["uri"] = portable_name(str(said["uri"]))
    return said


def _refuse(path: Path, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    return InputError(f"cannot write here ({reason})", where=str(path), hint="choose another with -o, or free space")


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to, and rename it over ``path`` only when the block ends well.

    Raises:
        InputError: the folder cannot be written, or the disk is full.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "a.txt"
        >>> with whole_file(target) as beside:
        ...     _ = beside.write_text("done")
        >>> target.read_text()
        'done'
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=f".part{target.suffix}", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise _refuse(target, error) from error
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(target)
    except OSError as error:
        raise _refuse(target, error) from error
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Yield a folder beside ``path`` to fill, and put it in the place of ``path`` only when the block ends well.

    Raises:
        InputError: the parent cannot be written, the disk is full, or ``path`` is a file.
    """
    target = Path(path)
    if target.is_file():
        raise InputError("is a file, not a folder", where=str(target), hint="choose another name with -o")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise _refuse(target, error) from error
    old = beside.with_suffix(".old")
    try:
        yield beside
        beside.chmod(0o777 & ~_umask())
        if target.exists():
            target.rename(old)
        beside.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise _refuse(target, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
