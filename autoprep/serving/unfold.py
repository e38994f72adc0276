"""What an Arrow IPC body unfolds to, read from its headers alone, before a byte of it is decompressed.

Every buffer of a compressed batch begins with its length after decompression (Arrow columnar format, "Compression").
"""

from __future__ import annotations

import struct

from autoprep.serving.limits import Limits, Refused

FILE_MARK = b"ARROW1"
_DICTIONARY, _BATCH = 2, 3


def unfolds_to(body: bytes, limits: Limits) -> int:
    """Bytes that the compressed buffers of an Arrow stream or file take once they are decompressed.

    Raises:
        Refused: 413 more than ``limits.table_bytes``; 400 the headers do not hold together.
    """
    try:
        blocks = _file_blocks(body) if body.startswith(FILE_MARK) else None
        at, total = 0, 0
        while blocks or (blocks is None and at + 8 <= len(body)):
            at = blocks.pop() if blocks is not None else at
            size, start = _prefix(body, at)
            if size == 0:
                break
            if size < 0 or start + size > len(body):
                raise _damaged()
            body_size, lengths = _batch_lengths(body, start, start + size)
            total += sum(lengths)
            if total > limits.table_bytes:
                raise Refused(413, "the rows unfold to too many bytes", hint=f"at most {limits.table_bytes:,}")
            at = start + size + body_size
    except (struct.error, IndexError) as error:
        raise _damaged() from error
    return total


def _damaged() -> Refused:
    return Refused(400, "the body is not Arrow IPC", where="the request")


def _prefix(data: bytes, at: int) -> tuple[int, int]:
    """Length of the message at ``at`` and where it begins; older writers leave the continuation mark out."""
    mark, size = struct.unpack_from("<Ii", data, at)
    if mark == 0xFFFFFFFF:
        return size, at + 8
    return struct.unpack_from("<i", data, at)[0], at + 4


def _file_blocks(data: bytes) -> list[int]:
    """Where the batches and dictionaries of a file lie, by its footer."""
    size = struct.unpack_from("<i", data, len(data) - 10)[0]
    start = len(data) - 10 - size
    if size <= 0 or start < 8:
        raise _damaged()
    footer = start + struct.unpack_from("<I", data, start)[0]
    found = []
    for number in (2, 3):
        vector = _field(data, footer, number)
        if not vector:
            continue
        vector += struct.unpack_from("<I", data, vector)[0]
        count = struct.unpack_from("<I", data, vector)[0]
        if vector + 4 + 24 * count > len(data):
            raise _damaged()
        found += [struct.unpack_from("<q", data, vector + 4 + 24 * i)[0] for i in range(count)]
    if any(not 0 <= at < len(data) for at in found):
        raise _damaged()
    return found


def _batch_lengths(data: bytes, root: int, body: int) -> tuple[int, list[int]]:
    """Body length of a message, and the unfolded length of each buffer of a compressed record batch."""
    message = root + struct.unpack_from("<I", data, root)[0]
    kind = _field(data, message, 1)
    length = _field(data, message, 3)
    size = struct.unpack_from("<q", data, length)[0] if length else 0
    if size < 0 or body + size > len(data):
        raise _damaged()
    header = _field(data, message, 2)
    if not kind or not header or data[kind] not in (_DICTIONARY, _BATCH):
        return size, []
    batch = header + struct.unpack_from("<I", data, header)[0]
    if data[kind] == _DICTIONARY:
        inner = _field(data, batch, 1)
        batch = inner + struct.unpack_from("<I", data, inner)[0] if inner else batch
    if not _field(data, batch, 3):
        return size, []
    vector = _field(data, batch, 2)
    if not vector:
        return size, []
    vector += struct.unpack_from("<I", data, vector)[0]
    count = struct.unpack_from("<I", data, vector)[0]
    if vector + 4 + 16 * count > len(data):
        raise _damaged()
    lengths = []
    for i in range(count):
        offset, held = struct.unpack_from("<qq", data, vector + 4 + 16 * i)
        if held >= 8 and 0 <= offset <= size - 8:
            lengths.append(max(held, struct.unpack_from("<q", data, body + offset)[0]))
    return size, lengths


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a FlatBuffers table lies, or 0 when it is left out."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if vtable < 0:
        raise IndexError(vtable)
    if 4 + 2 * number >= struct.unpack_from("<H", data, vtable)[0]:
        return 0
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0]
    return table + offset if offset else 0
