"""Which characters the bytes stand for."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from autoprep.reading.alphabets import Reading, code_pages

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MANY_BYTES = ("shift_jis", "euc_jp", "gb18030", "euc_kr", "big5")
_SAMPLE = 1 << 20
_LOOK = 1 << 16
#: A code page that scores less than this gives way to a codec of several bytes.
_SURE = 0.8


@dataclass(frozen=True)
class Encoding:
    """A codec name, how sure it is, and the next best.

    Attributes:
        name: Python's codec name.
        confidence: in [0, 1].
        runner_up: the next best codec, or "".
        repaired: bytes that were not valid and were read as Windows-1252 instead.
    """

    name: str
    confidence: float = 1.0
    runner_up: str = ""
    repaired: int = 0


def detect_encoding(data: bytes) -> Encoding:
    """Tell the encoding of text bytes: by mark, by validity as UTF-8, by the zeros of UTF-16, else by plausibility.

    Example:
        >>> detect_encoding("naïve café".encode()).name, detect_encoding("Müller; Käse; größer".encode("cp1252")).name
        ('utf-8', 'cp1252')
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Encoding(name)
    wide = _without_mark(data[:4096])
    if wide:
        return Encoding(wide, 0.9)
    if data.isascii():
        shifted = b"\x1b$" in data[:_SAMPLE] and _fits(data, "iso2022_jp")
        return Encoding("iso2022_jp", 0.9) if shifted else Encoding("utf-8")
    invalid = _utf8_faults(data)
    if invalid == 0:
        return Encoding("utf-8")
    good = _utf8_sequences(data[:_SAMPLE])
    if good > 4 * invalid and good > 3:
        return Encoding("utf-8", good / (good + invalid), "cp1252", invalid)
    return _code_page(_telling(data))


def decode(data: bytes, encoding: str) -> str:
    """Text of bytes; what UTF-8 cannot read is read as Windows-1252, so that nothing is lost.

    Raises:
        LookupError: the codec is not known.
    """
    if encoding in ("utf-8", "utf-8-sig"):
        return data.decode(encoding, errors="autoprep_cp1252")
    return data.decode(encoding, errors="replace")


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(bytes([b]).decode("cp1252", errors="replace") if b >= 0x80 else chr(b) for b in bad), error.end


codecs.register_error("autoprep_cp1252", _as_cp1252)


def _without_mark(head: bytes) -> str:
    if len(head) < 4 or 0 not in head:
        return ""
    even, odd = head[0::2].count(0) / (len(head) / 2), head[1::2].count(0) / (len(head) / 2)
    if head[0::4].count(0) < len(head) / 40 and even > 0.4 and odd > 0.9:
        return "utf-32-le"
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else ""


def _telling(data: bytes) -> bytes:
    """The lines that are not ASCII, up to a limit: the first megabyte's, or the first such lines after it."""
    head = data[:_SAMPLE]
    if head.isascii():
        first = next((i for i in range(0, len(data), _SAMPLE) if not data[i : i + _SAMPLE].isascii()), 0)
        head = data[first : first + _SAMPLE]
    lines = [line for line in head.splitlines(keepends=True) if not line.isascii()]
    return b"".join(lines)[:_LOOK]


def _utf8_faults(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        sample = data[:_SAMPLE].decode("utf-8", errors="replace").count("\ufffd")
        return max(1, sample - data[:_SAMPLE].count(b"\xef\xbf\xbd"))
    return 0


def _utf8_sequences(data: bytes) -> int:
    text = data.decode("utf-8", errors="ignore")
    return sum(1 for c in text if ord(c) > 0x7F)


def _code_page(data: bytes) -> Encoding:
    pages = code_pages(data)
    best = pages[0] if pages else Reading("latin-1", 0.0)
    wide = _wide(data)
    if wide and best.score < _SURE:
        return Encoding(wide, 0.8, best.name)
    rivals = [r for r in pages[1:] if _differ(data, best.name, r.name)]
    margin = best.score - rivals[0].score if rivals else 1.0
    confidence = round(max(0.05, min(1.0, 0.4 + 2.0 * margin)) * min(1.0, max(0.3, best.score)), 3)
    return Encoding(best.name, confidence, rivals[0].name if rivals else "")


def _differ(data: bytes, one: str, other: str) -> bool:
    sample = data[:20000]
    return sample.decode(one, errors="replace") != sample.decode(other, errors="replace")


def _wide(data: bytes) -> str:
    """The codec of several bytes per character that the bytes look like, or ""."""
    fits = [name for name in _MANY_BYTES if _fits(data, name)]
    if not fits:
        return ""
    from charset_normalizer import from_bytes

    found = from_bytes(data[:_LOOK], cp_isolation=[*fits, "cp949"] if "euc_kr" in fits else fits, threshold=0.6).best()
    if found is None:
        return ""
    return {"cp949": "euc_kr"}.get(found.encoding, found.encoding)


def _fits(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError as error:
        return error.start >= len(data) - 4
    return True
