"""Find out what a source is and open it: by its first bytes, not by its name."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO

from autoprep.errors import InputError, did_you_mean

#: Suffixes that name a compression rather than a format.
COMPRESSIONS = (".gz", ".zst", ".xz", ".bz2", ".zip")
#: Files larger than this many bytes are not hashed.
HASH_LIMIT = 1 << 30
#: Formats whose cells have types.
TYPED = ("parquet", "arrow", "excel", "json", "ndjson", "sqlite", "duckdb")
#: What cleaning keeps beside a table: no rows of it.
KEPT_BESIDE = (".ledger.parquet", ".quarantine.parquet", ".rejected.parquet")
#: Files in a folder that hold no rows.
IGNORED_SUFFIXES = (".md", ".names", ".pdf", ".png", ".jpg", ".py", ".ipynb", ".html", ".yaml", ".yml", ".toml", ".log")
_TABULAR = (
    ".csv", ".tsv", ".txt", ".tab", ".dat", ".data", ".psv", ".parquet", ".pq", ".arrow", ".feather", ".ipc",
    ".ndjson", ".jsonl", ".json", ".xlsx", ".xls", ".xlsb", ".xlsm", ".ods",
)  # fmt: skip
_HEAD = 1 << 16


@dataclass(frozen=True)
class Opened:
    """A file on disk that has been looked at.

    Attributes:
        path: where it is.
        kind: "text", or one of ``TYPED``.
        compression: "gz", "zst", "xz", "bz2", "zip" or "".
        size: bytes on disk.
        member: the member read, when the file is a zip archive.
        chosen: whether that member was asked for.
    """

    path: Path
    kind: str
    compression: str
    size: int
    member: str = ""
    chosen: bool = False

    def bytes(self) -> bytes:
        """The whole content, decompressed.

        Raises:
            InputError: the compressed data is damaged.
        """
        with stream(self) as source:
            return bytes(source.read())


def locate(path: Path) -> Path:
    """The path itself, or an error that names the nearest file in the same folder.

    Raises:
        InputError: nothing is there.
    """
    if path.exists():
        return path
    folder = path.parent
    if not folder.is_dir():
        raise InputError("no such folder", where=str(folder), hint="check the path")
    names = sorted(entry.name for entry in folder.iterdir())
    lowered = {name.casefold(): name for name in reversed(names)}
    near = get_close_matches(path.name.casefold(), list(lowered), n=1, cutoff=0.5)
    hint = f"did you mean '{folder / lowered[near[0]]}'?" if near else "check the path"
    raise InputError("no such file", where=str(path), hint=hint)


def open_file(path: Path, which: str | int | None = None) -> Opened:
    """Look at the first bytes of a file and say what it is.

    Args:
        path: the file.
        which: the member of an archive of several.

    Raises:
        InputError: the file is empty, unreadable, or binary of no known kind.
    """
    path = locate(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
    if not head:
        raise InputError("the file is empty", where=str(path), hint="check how it was written")
    compression, member, chosen = "", "", False
    if head[:2] == b"\x1f\x8b":
        compression = "gz"
    elif head[:4] == b"\x28\xb5\x2f\xfd":
        compression = "zst"
    elif head[:6] == b"\xfd7zXZ\x00":
        compression = "xz"
    elif head[:3] == b"BZh" and head[4:10] == b"1AY&SY":
        compression = "bz2"
    elif head[:4] in (b"PK\x03\x04", b"PK\x05\x06") and not _is_workbook(path):
        compression, member, chosen = "zip", *_member(path, which)
    if compression:
        head = _peek(path, compression, member)
        if not head:
            raise InputError("the compressed file holds nothing", where=str(path))
    return Opened(path, _kind(Path(member) if member else path, head), compression, size, member, chosen)


#: Bytes that text does not have.
_CONTROL = bytes(b for b in range(32) if b not in (9, 10, 12, 13, 28, 29, 30, 31, 1, 2, 27))


def _kind(path: Path, head: bytes) -> str:
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:6] == b"ARROW1" or head[:4] == b"FEA1":
        return "arrow"
    if head[:4] == b"PK\x03\x04" or head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "excel"
    if head[:16] == b"SQLite format 3\x00":
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    name = path.name.lower()
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    if looks_binary(head):
        what = {b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff\xe0": "a picture", b"GIF8": "a picture"}
        said = what.get(head[:4], "a binary file")
        raise InputError(
            f"this is {said}, not a table", where=str(path), hint="give a text, Parquet, Arrow or Excel file"
        )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if name.endswith((".ndjson", ".jsonl")) and start == b"{":
        return "ndjson"
    if name.endswith(".json") and start in (b"{", b"["):
        lines = [line for line in head.split(b"\n")[:3] if line.strip()]
        flat = len(lines) > 1 and all(
            line.strip().startswith(b"{") and line.strip().endswith(b"}") for line in lines[:2]
        )
        return "ndjson" if flat else "json"
    return "text"


def looks_binary(head: bytes) -> bool:
    """Whether bytes cannot be text in any encoding known here: many control characters and no UTF-16 or UTF-32 pattern.

    Example:
        >>> looks_binary(bytes(range(256)) * 4), looks_binary(b"a,b\\n1,2\\n"), looks_binary("a,b".encode("utf-16"))
        (True, False, False)
    """
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or not head:
        return False
    nul = head.count(0)
    if nul:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if nul > 0.3 * len(head) and (min(even, odd) < 0.02 * len(head) or nul > 0.7 * len(head)):
            return nul > 0.76 * len(head)
    control = len(head) - len(head.translate(None, _CONTROL))
    return control > max(2.0, 0.02 * len(head))


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False
    return "mimetype" in names or any(name.startswith("xl/") for name in names)


def _member(path: Path, which: str | int | None) -> tuple[str, bool]:
    """The member to be read, and whether ``which`` chose it: a name, its end, or a place among several from 1."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"the zip archive is damaged ({error})", where=str(path)) from error
    tables = [i.filename for i in inside if i.filename.lower().endswith(_TABULAR)] or [i.filename for i in inside]
    if not tables:
        raise InputError("the zip archive holds no file", where=str(path))
    if which is not None and (len(tables) > 1 or not str(which).isdecimal()):
        asked, tables = str(which), sorted(tables)
        named = [t for t in tables if t == asked] or [t for t in tables if t.rsplit("/", 1)[-1] == asked]
        if not named and asked.isdecimal() and 1 <= int(asked) <= len(tables):
            named = [tables[int(asked) - 1]]
        if len(named) != 1:
            raise InputError(
                f"the zip archive holds no table '{asked}'", where=str(path), hint=did_you_mean(asked, tables)
            )
        return named[0], True
    if len(tables) > 1:
        shown = ", ".join(sorted(tables)[:5])
        raise InputError(
            f"the zip archive holds {len(tables)} tables ({shown})",
            where=str(path),
            hint="choose one: --table 1, or its name",
        )
    return tables[0], False


_DAMAGED = (
    OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip


def _peek(path: Path, compression: str, member: str) -> bytes:
    with stream(Opened(path, "text", compression, 0, member)) as source:
        return source.read(_HEAD)


@contextmanager
def stream(opened: Opened) -> Iterator[IO[bytes]]:
    """The content, decompressed, to be read piece by piece.

    Raises:
        InputError: the compressed data is damaged.
    """
    try:
        with _open(opened) as source:
            yield source
    except _DAMAGED as error:
        raise InputError(f"cannot be decompressed ({error})", where=str(opened.path)) from error


@contextmanager
def _open(opened: Opened) -> Iterator[IO[bytes]]:
    path, compression = opened.path, opened.compression
    if compression == "zip":
        with zipfile.ZipFile(path) as archive, archive.open(opened.member) as file:
            yield file
    elif compression == "zst":
        import pyarrow as pa

        with pa.input_stream(str(path), compression="zstd") as file:
            yield file
    elif compression == "bz2":
        import bz2

        with bz2.open(path, "rb") as file:
            yield file
    else:
        opener = {"gz": gzip.open, "xz": lzma.open}.get(compression, open)
        with opener(path, "rb") as file:  # type: ignore[operator]
            yield file


def sha256(path: Path) -> str:
    """Hash of the file as it stands on disk, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tables_in(folder: Path) -> list[Path]:
    """The files of a folder that may hold rows, in order of their names.

    Raises:
        InputError: there is none.
    """
    found = [p for p in _walk(folder) if _stem(p.name).endswith(_TABULAR)]
    found = found or [p for p in _walk(folder) if "." not in p.name]
    if not found:
        raise InputError("nothing in this folder can be read as a table", where=str(folder))
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and not path.name.lower().endswith(IGNORED_SUFFIXES + KEPT_BESIDE):
            yield path


def _stem(name: str) -> str:
    name = name.lower()
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    return name
