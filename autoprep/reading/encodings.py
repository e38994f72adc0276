"""Which characters the bytes stand for."""

from __future__ import annotations

import codecs
import itertools
import unicodedata
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ONE_BYTE = ("cp1252", "latin-1", "mac_roman", "cp1250", "cp1251", "koi8_r", "cp437")
_MANY_BYTES = ("shift_jis", "euc_jp", "gb18030", "euc_kr", "big5")
_SAMPLE = 1 << 20


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
        return Encoding("utf-8")
    invalid = _utf8_faults(data)
    if invalid == 0:
        return Encoding("utf-8")
    good = _utf8_sequences(data[:_SAMPLE])
    if good > 4 * invalid and good > 3:
        return Encoding("utf-8", good / (good + invalid), "cp1252", invalid)
    return _code_page(data[:_SAMPLE])


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
    scored: list[tuple[float, str]] = []
    for name in _MANY_BYTES:
        try:
            text = data.decode(name)
        except UnicodeDecodeError as error:
            if error.start < len(data) - 4:
                continue
            text = data[: error.start].decode(name)
        scored.append((_many_byte_score(text), name))
    for rank, name in enumerate(_ONE_BYTE):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        scored.append((_letter_score(text) - 0.02 * rank, name))
    scored.sort(key=lambda pair: -pair[0])
    best, second = scored[0], scored[1] if len(scored) > 1 else (0.0, "")
    return Encoding(best[1], round(max(0.05, min(1.0, 0.5 + best[0] - second[0])), 3), second[1])


def _many_byte_score(text: str) -> float:
    high = [c for c in text if ord(c) > 0x7F]
    common = sum(1 for c in high if "\u3040" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fa5" or "\uac00" <= c <= "\ud7a3")
    runs = sum(1 for a, b in itertools.pairwise(text) if ord(a) > 0x7F and ord(b) > 0x7F)
    return 1.3 * common / len(high) * min(1.0, runs / len(high) * 1.5) - 0.1 if high else 0.0


def _letter_score(text: str) -> float:
    """Share of non-ASCII characters that stand where such do: letters within words, signs beside blanks."""
    score, count = 0.0, 0
    padded = f" {text} "
    for i, c in enumerate(padded):
        if ord(c) <= 0x7F:
            continue
        count += 1
        before, after = padded[i - 1], padded[min(i + 1, len(padded) - 1)]
        kind = unicodedata.category(c)
        if kind in ("Cc", "Co", "Cn"):
            score -= 2.0
        elif kind[0] == "L":
            lower_in_word = c.islower() and (before.isalpha() or after.isalpha())
            upper_first = c.isupper() and not before.isalpha()
            upper_word = c.isupper() and before.isupper()
            same_script = _script(c) == "latin" or any(_script(x) == _script(c) for x in (before, after))
            score += (1.0 if lower_in_word or upper_first or upper_word else -0.5) if same_script else -0.5
        elif kind in ("Sc", "Pi", "Pf", "Pd", "Po", "Zs") or c in "°²³½¼¾±×®©™§µ":
            score += 0.7
        else:
            score -= 0.5
        if count >= 4000:
            break
    return score / count if count else 0.0


def _script(c: str) -> str:
    return "cyrillic" if "\u0400" <= c <= "\u04ff" else "latin" if c.isascii() or c < "\u0250" else "other"
