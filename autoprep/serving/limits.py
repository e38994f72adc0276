"""What a request may ask for, and reading its body within that: nothing is believed before it is measured."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

from autoprep.errors import AutoprepError


class Refused(AutoprepError):
    """A request that cannot be answered, with the HTTP status that says so (4xx)."""

    def __init__(self, status: int, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.status = status


@dataclass(frozen=True)
class Limits:
    """Bounds of one request.

    Attributes:
        body_bytes: as sent, and again after decompression.
        json_bytes: of a JSON body; it takes some 20 times as much in memory.
        table_bytes: what the rows may take in memory once they are read.
        rows: rows in one request.
        columns: columns in one request.
        cell_chars: characters in one cell.
        explain_rows: rows that one request may ask to be explained.
        body_s: seconds until the body must be whole.
        waiting: large requests that may wait for their turn.
    """

    body_bytes: int = 64 << 20
    json_bytes: int = 16 << 20
    table_bytes: int = 1 << 30
    rows: int = 1_000_000
    columns: int = 10_000
    cell_chars: int = 1_000_000
    explain_rows: int = 20
    body_s: float = 30.0
    waiting: int = 16

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


async def read_body(chunks: AsyncIterator[bytes], encoding: str, limits: Limits) -> bytes:
    """The body of a request, decompressed when it is gzip or deflate; never more than ``limits.body_bytes``.

    Raises:
        Refused: 413 too large, 415 an unknown encoding, 400 a damaged one.
    """
    inflate = _inflater(encoding)
    parts, sent, size = [], 0, 0
    async for chunk in chunks:
        sent += len(chunk)
        if sent > limits.body_bytes:
            raise _too_large(limits)
        if inflate is not None:
            try:
                chunk = inflate.decompress(chunk, limits.body_bytes - size + 1)
            except zlib.error as error:
                raise Refused(400, f"the body is not {encoding} ({error})", where="the request") from error
        size += len(chunk)
        if size > limits.body_bytes or (inflate is not None and inflate.unconsumed_tail):
            raise _too_large(limits)
        parts.append(chunk)
    if inflate is not None and not inflate.eof and sent:
        raise Refused(400, f"the {encoding} body ends too early", where="the request")
    return b"".join(parts)


def _inflater(encoding: str) -> Any:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(wbits=31)
        case "deflate":
            return zlib.decompressobj(wbits=15)
        case other:
            raise Refused(415, f"the content encoding '{other[:40]}' is not read", hint="send gzip, deflate or none")


def _too_large(limits: Limits) -> Refused:
    return Refused(
        413,
        f"the body is larger than {limits.body_bytes:,} bytes",
        where="the request",
        hint="send fewer rows at a time, or score the file with 'autoprep predict'",
    )
