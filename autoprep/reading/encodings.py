"""Which characters the bytes stand for."""

from __future__ import annotations

import codecs
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from autoprep.reading.alphabets import Reading, code_pages

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MANY_BYTES = ("shift_jis", "euc_jp", "gb18030", "euc_kr", "big5")
_BEYOND = bytes(range(0x80, 0x100))
_HIGH, _SPLIT = range(0xA1, 0xFF), (*range(0x40, 0x7F), *range(0x80, 0xFF))
#: First and second bytes of the characters of everyday use: the first level of each standard, its signs and syllables.
_COMMON: dict[str, tuple[Sequence[int], Sequence[int]]] = {
    "shift_jis": ((*range(0x81, 0x85), *range(0x88, 0x99)), _SPLIT),
    "euc_jp": ((*range(0xA1, 0xA6), *range(0xB0, 0xD0)), _HIGH),
    "gb18030": ((*range(0xA1, 0xA4), *range(0xB0, 0xD8)), _HIGH),
    "euc_kr": ((*range(0xA1, 0xA4), *range(0xB0, 0xC9)), _HIGH),
    "big5": (range(0xA1, 0xC7), _SPLIT),
}
#: Share of the characters beyond ASCII that must stand in runs of common ones, and how many of them leave no doubt.
_RUNS, _MANY_RUNS = 0.6, 8
#: Code pages to fall back upon where a few bytes among ASCII words fit none, and the score from which
#: another one is believed.
_USUAL, _CLEAR = ("cp1252", "mac_roman"), 0.75
#: How far behind a better one they may be.
_BEHIND = 0.2
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
    wide, runs = _wide(data) if best.score < _SURE else ("", 0)
    if wide:
        return Encoding(wide, 0.8 if runs >= _MANY_RUNS else 0.5, best.name)
    usual = next((r for r in pages if r.name in _USUAL), best)
    if usual is not best and _among_ascii(data):
        near = usual.score > best.score - _BEHIND
        if (best.old and best.kinds < 2) or (near and best.score < _CLEAR):
            return Encoding(usual.name, round(max(0.05, min(0.3, usual.score)), 3), best.name)
    rivals = [r for r in pages if r is not best and _differ(data, best.name, r.name)]
    margin = best.score - rivals[0].score if rivals else 1.0
    confidence = round(max(0.05, min(1.0, 0.4 + 2.0 * margin)) * min(1.0, max(0.3, best.score)), 3)
    return Encoding(best.name, confidence, rivals[0].name if rivals else "")


def _among_ascii(data: bytes) -> bool:
    """Whether most letters are ASCII: the others are spots in a text of another alphabet."""
    others = len(data) - len(data.translate(None, _BEYOND))
    return 5 * others < sum(data.count(c) for c in string.ascii_letters.encode())


def _differ(data: bytes, one: str, other: str) -> bool:
    sample = data[:20000]
    return sample.decode(one, errors="replace") != sample.decode(other, errors="replace")


def _wide(data: bytes) -> tuple[str, int]:
    """The codec of several bytes per character that the bytes look like, or "", and its characters in runs."""
    runs = {name: _in_runs(data, name) for name in _MANY_BYTES if _fits(data, name)}
    fits = [name for name, (share, count) in runs.items() if share >= _RUNS and count > 1]
    if not fits:
        return "", 0
    from charset_normalizer import from_bytes

    found = from_bytes(data[:_LOOK], cp_isolation=[*fits, "cp949"] if "euc_kr" in fits else fits, threshold=0.6).best()
    if found is None:
        return "", 0
    name = {"cp949": "euc_kr"}.get(found.encoding, found.encoding)
    return name, runs.get(name, (0.0, 0))[1]


def _in_runs(data: bytes, name: str) -> tuple[float, int]:
    """Share and number of the characters beyond ASCII that are common ones of a codec and stand as they do in texts.

    They do in runs, or alone where no letter of ASCII touches them ("5年", a cell "女"). A lone byte that such a codec
    takes together with the letter after it stands within an ASCII word.
    """
    text = data[:_LOOK].decode(name, errors="replace")
    beyond = sum(1 for c in text if c > "\x7f")
    good = sum(map(len, _run(name).findall(text)))
    return good / max(1, beyond), good


@lru_cache(maxsize=len(_MANY_BYTES))
def _run(name: str) -> re.Pattern[str]:
    leads, trails = _COMMON[name]
    read = (bytes([lead, trail]).decode(name, errors="ignore") for lead in leads for trail in trails)
    common = "".join(c for c in read if len(c) == 1 and c > "\u00a0" and not "\uff61" <= c <= "\uff9f")
    return re.compile(f"[{common}]{{2,}}|[\uff61-\uff9f{common}]{{3,}}|(?<![A-Za-z])[{common}](?![A-Za-z])")


def _fits(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError as error:
        return error.start >= len(data) - 4
    return True
