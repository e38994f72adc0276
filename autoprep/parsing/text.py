"""Text folding, and faults of encoding: mojibake, control and zero-width characters, entities, full-width forms."""

from __future__ import annotations

from functools import cache
from html.entities import html5

import polars as pl

#: Characters that show nothing. Joiners (U+200C, U+200D) are left out: scripts and emoji need them.
ZERO_WIDTH = "\u200b\u200e\u200f\u2060\u2061\u2062\u2063\ufeff\u00ad\u180e"
#: Spaces that are not the plain one.
ODD_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0080-\u009f" + ZERO_WIDTH + "]"
ESCAPED_AGAIN = r"&(?:amp;)+(#?[A-Za-z0-9]+;)"
ENTITY = r"&(?:[A-Za-z][A-Za-z0-9]{1,20}|#[0-9]{1,6}|#[xX][0-9A-Fa-f]{1,6});"
TAG = r"</?(?:a|b|i|u|p|br|em|strong|span|div|li|ul|ol|table|tr|td|th|font|img|h[1-6]|sup|sub)(?:\s[^<>]*)?/?>"
FULLWIDTH = "[\uff01-\uff5e]"
#: A character that stands for bytes that were lost when the text was decoded: cannot be repaired.
REPLACEMENT = "\ufffd"
_EDGE = " \t\r\n\x0b\x0c\x00" + ODD_SPACES + ZERO_WIDTH


def trim(expr: pl.Expr) -> pl.Expr:
    """Strip whitespace of every kind and zero-width characters from both ends.

    Example:
        >>> pl.select(trim(pl.lit("\\u00a0\\ufeff Ada\\t"))).item()
        'Ada'
    """
    return expr.str.strip_chars(_EDGE)


def squeeze(expr: pl.Expr) -> pl.Expr:
    """Trim, and make every inner run of whitespace one plain space.

    Example:
        >>> pl.select(squeeze(pl.lit("  New\\u00a0  York "))).item()
        'New York'
    """
    return trim(expr).str.replace_all(rf"[\s{ODD_SPACES}]+", " ")


def strip_accents(expr: pl.Expr) -> pl.Expr:
    """Letters without their marks.

    Example:
        >>> pl.select(strip_accents(pl.lit("Zürich Łódź"))).item()
        'Zurich Lodz'
    """
    bare = expr.str.normalize("NFD").str.replace_all(r"\p{Mn}", "").str.normalize("NFC")
    return bare.str.replace_many(["ł", "Ł", "ø", "Ø", "đ", "Đ", "ı"], ["l", "L", "o", "O", "d", "D", "i"])


def fold(expr: pl.Expr, *, case: bool = True, space: bool = True, accents: bool = True) -> pl.Expr:
    """One form for values that a reader takes for the same: NFKC, whitespace, case and accents evened out.

    Args:
        expr: String.
        case: lower-case.
        space: trim and squeeze.
        accents: strip marks.

    Example:
        >>> pl.select(fold(pl.lit("  ZÜRICH\\u00a0 West"))).item()
        'zurich west'
    """
    out = expr.str.normalize("NFKC")
    if space:
        out = squeeze(out)
    if accents:
        out = strip_accents(out)
    if case:
        out = out.str.to_lowercase().str.replace_all("ß", "ss", literal=True)
    return out


def fingerprint(expr: pl.Expr) -> pl.Expr:
    """Folded words without punctuation, sorted, each once (OpenRefine's key collision).

    Example:
        >>> frame = pl.DataFrame({"x": ["Smith, John", "john smith", "John  SMITH."]})
        >>> frame.select(fingerprint(pl.col("x")))["x"].unique().to_list()
        ['john smith']
    """
    words = fold(expr).str.replace_all(r"[\p{P}\p{S}]+", " ").str.replace_all(r"\s+", " ").str.strip_chars()
    return words.str.split(" ").list.unique().list.sort().list.join(" ")


def has_control(expr: pl.Expr) -> pl.Expr:
    """Whether a cell holds control or zero-width characters (tab and line ends are none).

    Example:
        >>> pl.select(has_control(pl.lit("a\\u200bb"))).item()
        True
    """
    return expr.str.contains(CONTROL)


def strip_control(expr: pl.Expr) -> pl.Expr:
    """Without control and zero-width characters.

    Example:
        >>> pl.select(strip_control(pl.lit("a\\u200bb\\x00"))).item()
        'ab'
    """
    return expr.str.replace_all(CONTROL, "")


def has_html(expr: pl.Expr) -> pl.Expr:
    """Whether a cell holds character references or common tags of HTML.

    Example:
        >>> frame = pl.DataFrame({"x": ["R&D", "Q&amp;A", "<b>x</b>", "a < b"]})
        >>> frame.select(has_html(pl.col("x")))["x"].to_list()
        [False, True, True, False]
    """
    return expr.str.contains(ENTITY) | expr.str.contains("(?i)" + TAG)


def unescape_html(expr: pl.Expr, *, tags: bool = False) -> pl.Expr:
    """Resolve character references, those too that were escaped more than once; with ``tags`` also drop common tags.

    Example:
        >>> pl.select(unescape_html(pl.lit("Fish &amp; Chips&#39;s &eacute; T&amp;amp;M"))).item()
        "Fish & Chips's é T&M"
    """
    old, new = _entities()
    bare = expr.str.replace_all("(?i)" + TAG, "") if tags else expr
    bare = bare.str.replace_all(ESCAPED_AGAIN, "&${1}")
    return bare.str.replace_many(old, new, leftmost=True)


def has_fullwidth(expr: pl.Expr) -> pl.Expr:
    """Whether a cell holds full-width forms of ASCII characters.

    Example:
        >>> pl.select(has_fullwidth(pl.lit("１２３"))).item()
        True
    """
    return expr.str.contains(FULLWIDTH)


def halfwidth(expr: pl.Expr) -> pl.Expr:
    """Full-width forms as ASCII; nothing else changes.

    Example:
        >>> pl.select(halfwidth(pl.lit("１２．５％"))).item()
        '12.5%'
    """
    return expr.str.replace_many([chr(c + 0xFEE0) for c in range(0x21, 0x7F)], [chr(c) for c in range(0x21, 0x7F)])


@cache
def _entities() -> tuple[list[str], list[str]]:
    table = {f"&{name}": value for name, value in html5.items() if name.endswith(";")}
    for code in (*range(32, 384), *range(0x2010, 0x2040), 0x20AC, 0x2122):
        for text in (f"&#{code};", f"&#{code:03d};", f"&#x{code:x};", f"&#x{code:X};", f"&#X{code:X};"):
            table[text] = chr(code)
    return list(table), list(table.values())


@cache
def _mojibake() -> tuple[list[str], list[str]]:
    points = [*range(0xA0, 0x250), *range(0x391, 0x3CA), *range(0x401, 0x460), *range(0x2010, 0x2040)]
    points += [0x20AC, 0x2122, 0x2190, 0x2192, 0x2212, 0x2713, 0xFEFF]
    pairs = {}
    for point in points:
        data = chr(point).encode("utf-8")
        for wrong in (_as_cp1252(data), data.decode("latin-1")):
            pairs[wrong] = chr(point)
    return list(pairs), list(pairs.values())


def _as_cp1252(data: bytes) -> str:
    """What a reader of Windows-1252 sees; undefined bytes as in Latin-1, as browsers do."""
    return "".join(bytes([b]).decode("cp1252", errors="ignore") or chr(b) for b in data)


def has_mojibake(expr: pl.Expr) -> pl.Expr:
    """Whether a cell looks like UTF-8 that was read as Windows-1252 or Latin-1.

    Example:
        >>> frame = pl.DataFrame({"x": ["MÃ¼nchen", "München", "itâ€™s", "AÇÃO"]})
        >>> frame.select(has_mojibake(pl.col("x")))["x"].to_list()
        [True, False, True, False]
    """
    return expr.str.contains_any(_mojibake()[0])


def repair_mojibake(expr: pl.Expr) -> pl.Expr:
    """Undo UTF-8 read as Windows-1252 or Latin-1, also when it happened twice; other text stays as it is.

    Example:
        >>> frame = pl.DataFrame({"x": ["MÃ¼nchen", "MÃƒÂ¼nchen", "itâ€™s", "plain"]})
        >>> frame.select(repair_mojibake(pl.col("x")))["x"].to_list()
        ['München', 'München', 'it’s', 'plain']
    """
    old, new = _mojibake()
    once = expr.str.replace_many(old, new, leftmost=True)
    return once.str.replace_many(old, new, leftmost=True)


def has_lost_characters(expr: pl.Expr) -> pl.Expr:
    """Whether a cell holds U+FFFD: bytes were lost when it was decoded.

    Example:
        >>> pl.select(has_lost_characters(pl.lit("M\\ufffdnchen"))).item()
        True
    """
    return expr.str.contains(REPLACEMENT, literal=True)
