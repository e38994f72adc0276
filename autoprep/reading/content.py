"""The text of a file as UTF-8 bytes: small ones in memory, large ones mapped from disk and never held as a whole."""

from __future__ import annotations

import codecs
import mmap
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autoprep.errors import InputError
from autoprep.reading.encodings import Encoding, decode, detect_encoding
from autoprep.reading.sources import Opened, stream

Data = bytes | mmap.mmap

#: A text of more bytes than this is not held in memory.
LARGE = 1 << 26
_PIECE = 1 << 24
_HEAD = 1 << 20


@dataclass(frozen=True)
class Content:
    """A text ready to be looked at.

    Attributes:
        data: its bytes in UTF-8.
        base: the first byte after a byte order mark.
        encoding: what the source was encoded in.
        newline: how lines end: "\\n", "\\r\\n", "\\r", or "mixed" (then ``data`` has only line feeds).
        path: a file that holds exactly ``data``, or None.
    """

    data: Data
    base: int
    encoding: Encoding
    newline: str
    path: Path | None = None


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="autoprep-")


def scratch() -> Path:
    """A new file for bytes that are too many for memory; it goes when the process ends."""
    return Path(tempfile.mkstemp(dir=_folder().name)[1])


def mapped(path: Path) -> Data:
    """A file's bytes, mapped; an empty file gives empty bytes."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""


def content_of(data: bytes, given: str | None = None, path: Path | None = None) -> Content:
    """A text that is in memory.

    Args:
        data: the bytes.
        given: their encoding when it is known.
        path: the file that holds exactly these bytes.

    Raises:
        InputError: the encoding is not known.
    """
    encoding = Encoding(given) if given else detect_encoding(data)
    data, same = _as_utf8(data, encoding)
    newline, data = _line_ends(data)
    return Content(data, 0, encoding, newline, path if same and newline != "mixed" else None)


def open_content(opened: Opened, given: str | None = None) -> Content:
    """The text of a file; one larger than ``LARGE`` is mapped, after it was rewritten on disk if it is not plain UTF-8.

    Raises:
        InputError: the file is damaged or the encoding is not known.
    """
    if opened.size <= LARGE and not opened.compression:
        return content_of(opened.bytes(), given, opened.path)
    path = opened.path
    if opened.compression:
        held = unpacked(opened)
        if isinstance(held, bytes):
            return content_of(held, given)
        path = held
    return _large(path, given)


def unpacked(opened: Opened) -> bytes | Path:
    """The decompressed bytes, on disk when they are many."""
    with stream(opened) as source:
        head = source.read(LARGE + 1)
        if len(head) <= LARGE:
            return head
        path = scratch()
        with path.open("wb") as target:
            target.write(head)
            shutil.copyfileobj(source, target, _PIECE)
    return path


@dataclass
class _Survey:
    """What one pass over a large file counts."""

    pairs: int = 0
    returns: int = 0
    feeds: int = 0
    valid: bool = True
    bad_at: int = -1


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _survey(path: Path, check: bool) -> _Survey:
    """Count line ends and check that the bytes are UTF-8, piece by piece."""
    found = _Survey()
    checker = codecs.getincrementaldecoder("utf-8")("strict")
    at, last = 0, b""
    for piece in _pieces(path):
        found.returns += piece.count(b"\r")
        found.feeds += piece.count(b"\n")
        found.pairs += piece.count(b"\r\n") + (last == b"\r" and piece[:1] == b"\n")
        last = piece[-1:]
        if check and found.valid:
            try:
                checker.decode(piece)
            except UnicodeDecodeError:
                found.valid, found.bad_at = False, at
        at += len(piece)
    return found


def _large(path: Path, given: str | None) -> Content:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    encoding = Encoding(given) if given else detect_encoding(_whole_lines(head))
    plain = encoding.name in ("utf-8", "utf-8-sig")
    found = _survey(path, plain)
    if plain and not found.valid:
        with path.open("rb") as file:
            file.seek(max(0, found.bad_at))
            more = file.read(_PIECE)
        if given is None and not encoding.repaired:
            lines = [line for line in more.splitlines(keepends=True) if not line.isascii()]
            encoding = detect_encoding(_whole_lines(head) + b"".join(lines)[:_HEAD])
        plain = False
    if not plain:
        path = _rewritten(path, encoding.name)
        found = _survey(path, False)
    newline = _newline(found.pairs, found.returns, found.feeds)
    if newline == "mixed":
        path = _with_feeds(path)
    data = mapped(path)
    base = 3 if data[:3] == codecs.BOM_UTF8 else 0
    return Content(data, base, encoding, newline, path)


def _whole_lines(head: bytes) -> bytes:
    end = head.rfind(b"\n")
    return head[: end + 1] if end > 0 else head


def _rewritten(path: Path, encoding: str) -> Path:
    """The file in UTF-8, in a scratch file."""
    try:
        reader = codecs.getincrementaldecoder(encoding)(
            "autoprep_cp1252" if encoding.startswith("utf-8") else "replace"
        )
    except LookupError:
        raise InputError(f"unknown encoding '{encoding}'", hint="give a name that Python knows") from None
    target = scratch()
    with target.open("wb") as out:
        for piece in _pieces(path):
            out.write(reader.decode(piece).removeprefix("\ufeff").encode("utf-8", errors="replace"))
        out.write(reader.decode(b"", final=True).encode("utf-8", errors="replace"))
    return target


def _with_feeds(path: Path) -> Path:
    """The file with line feeds only, in a scratch file."""
    target = scratch()
    with target.open("wb") as out:
        held = b""
        for piece in _pieces(path):
            piece = held + piece
            held = b"\r" if piece.endswith(b"\r") else b""
            piece = piece[: len(piece) - len(held)]
            out.write(piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        out.write(b"\n" if held else b"")
    return target


def _as_utf8(data: bytes, encoding: Encoding) -> tuple[bytes, bool]:
    """The text in UTF-8 without a mark, and whether it is the file's own bytes."""
    if encoding.name in ("utf-8", "utf-8-sig"):
        mark = data.startswith(codecs.BOM_UTF8)
        bare = data[3:] if mark else data
        try:
            if not bare.isascii():
                bare.decode("utf-8")
        except UnicodeDecodeError:
            return decode(bare, "utf-8").encode("utf-8", errors="replace"), False
        return bare, True
    try:
        text = decode(data, encoding.name)
    except LookupError:
        raise InputError(f"unknown encoding '{encoding.name}'", hint="give a name that Python knows") from None
    return text.removeprefix("\ufeff").encode("utf-8", errors="replace"), False


def _line_ends(data: bytes) -> tuple[str, bytes]:
    """How lines end; where several bare carriage returns stand among other ends, all become line feeds."""
    newline = _newline(data.count(b"\r\n"), data.count(b"\r"), data.count(b"\n"))
    alone = data.count(b"\r") - data.count(b"\r\n")
    if newline == "mixed" and alone:
        return newline, data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return newline, data


def _newline(pairs: int, returns: int, feeds: int) -> str:
    alone, lone_feeds = returns - pairs, feeds - pairs
    if alone and not feeds:
        return "\r"
    if alone > 0.1 * max(feeds, 1) and alone > 1:
        return "mixed"
    if pairs and lone_feeds:
        return "\r\n" if pairs > 9 * lone_feeds else "\n" if lone_feeds > 9 * pairs else "mixed"
    return "\r\n" if pairs else "\n"
