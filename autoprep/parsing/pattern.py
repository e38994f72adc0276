"""Shapes of values (``AA-9999``) and of well-known kinds of text."""

from __future__ import annotations

import re

import polars as pl

EMAIL = r"^[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,24}$"
URL = r"^(?:(?:https?|ftp)://|www\.)[^\s/$.?#][^\s]*$"
UUID = r"^\{?[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\}?$"
IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$"
_GROUP = "[0-9A-Fa-f]{1,4}"
#: Eight groups, or fewer around one "::" (RFC 4291); a clock such as 0:44:00 has neither.
IPV6 = rf"^(?:{_GROUP}:){{7}}{_GROUP}$|^(?:{_GROUP}:){{1,7}}:$|^:(?::{_GROUP}){{1,7}}$|" + "|".join(
    rf"^(?:{_GROUP}:){{1,{n}}}(?::{_GROUP}){{1,{7 - n}}}$" for n in range(1, 7)
)
MAC = r"^(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"
PHONE = (
    r"^(?:\+\d{1,3}[\s.\-]?(?:\(?\d{1,4}\)?[\s.\-]?){2,5}\d{2,4}|\(\d{3}\)\s?\d{3}[\s.\-]?\d{4}|\d{3}[\s.\-]\d{3}[\s.\-]\d{4}"
    r"|0\d{2,4}[\s\-/]\d{3,8}(?:[\s\-]\d{2,4})*)(?:\s*(?:x|ext\.?)\s*\d{1,5})?$"
)
JSON = r"^\s*(?:\{\s*(?:\"[^\"]*\"\s*:.*)?\}|\[\s*(?:[\[{\"\d\-tfn].*)?\])\s*$"
LIST = r"^\s*[\[(].*[\])]\s*$"
IBAN = r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?$"
CARD = r"^(?:\d{4}[ \-]?){3}\d{4}$|^3[47]\d{2}[ \-]?\d{6}[ \-]?\d{5}$"
SSN = r"^\d{3}-\d{2}-\d{4}$"
POSTAL = (
    r"^\d{5}(?:-\d{4})?$",
    r"^[A-Za-z]{1,2}\d[A-Za-z\d]?\s*\d[A-Za-z]{2}$",
    r"^[A-Za-z]\d[A-Za-z]\s?\d[A-Za-z]\d$",
    r"^\d{4}\s?[A-Z]{2}$",
    r"^\d{3}-\d{4}$",
    r"^\d{2}-\d{3}$",
    r"^\d{5}-\d{3}$",
    r"^[A-Z]{1,2}-\d{4,5}$",
)
KEY_VALUE = r"^\s*[\w .\-]+[=:][^;,|=:]*(?:[;,|]\s*[\w .\-]+[=:][^;,|=:]*)+;?\s*$"
LEADING_ZERO = r"^0\d+$"
#: Words, and behind them in parentheses a year, or the first and perhaps the last of several.
YEAR_INSIDE = r"\S\s*\((1[5-9]\d\d|20\d\d)(?:\s?[-–/]\s*(1[5-9]\d\d|20\d\d|\d\d)?)?\)$"


def shape(expr: pl.Expr) -> pl.Expr:
    """The shape of a cell: capital letters as A, small ones as a, digits as 9, other characters as they are.

    Example:
        >>> pl.select(shape(pl.lit("AB-1234"))).item()
        'AA-9999'
    """
    return expr.str.replace_all(r"\d", "9").str.replace_all(r"\p{Lu}", "A").str.replace_all(r"[^\P{L}A]", "a")


def runs(shapes: pl.Expr) -> pl.Expr:
    """Shapes in which runs of one kind are written once with ``+``.

    Example:
        >>> pl.select(runs(shape(pl.lit("Ada Lovelace 36")))).item()
        'A+a+ A+a+ 9+'
    """
    return shapes.str.replace_all("A+", "A+").str.replace_all("a+", "a+").str.replace_all("9+", "9+")


def matches(expr: pl.Expr, pattern: str) -> pl.Expr:
    """Whether the trimmed cell matches one of the patterns above; null stays null.

    Example:
        >>> pl.select(matches(pl.lit(" ada@example.org "), EMAIL)).item()
        True
    """
    return expr.str.strip_chars().str.contains(pattern)


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN: its form, and its check digits (ISO 7064, modulus 97).

    Example:
        >>> [is_iban(one) for one in ("DE89 3704 0044 0532 0130 00", "DE88370400440532013000", "CN0100100000000")]
        [True, False, False]
    """
    bare = text.strip().replace(" ", "")
    if not re.match(IBAN, text.strip()):
        return False
    return int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1
