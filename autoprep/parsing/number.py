"""Numbers as people write them: separators, currency, percent, accounting signs, magnitudes, words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import polars as pl

from autoprep.errors import SettingError
from autoprep.parsing.text import ODD_SPACES, trim
from autoprep.parsing.unit import UNITS

#: Symbols and codes of money -> ISO 4217 code ("" where the symbol is shared).
CURRENCIES: dict[str, str] = {
    **{"$": "", "US$": "USD", "A$": "AUD", "C$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "R$": "BRL"},
    **{"€": "EUR", "£": "GBP", "¥": "", "円": "JPY", "元": "CNY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY"},
    **{
        "₪": "ILS",
        "₫": "VND",
        "฿": "THB",
        "₴": "UAH",
        "₦": "NGN",
        "₱": "PHP",
        "₡": "CRC",
        "₸": "KZT",
        "¢": "",
        "₿": "BTC",
    },
    **{
        "Rs.": "INR",
        "Rs": "INR",
        "zł": "PLN",
        "Kč": "CZK",
        "Ft": "HUF",
        "kr": "",
        "kr.": "",
        "Fr.": "CHF",
        "руб": "RUB",
    },
}
CODES = (
    *("USD", "EUR", "GBP", "JPY", "CNY", "CHF", "AUD", "CAD", "NZD", "HKD", "SGD", "SEK", "NOK", "DKK", "PLN", "CZK"),
    *("HUF", "RON", "BGN", "TRY", "RUB", "UAH", "INR", "PKR", "BDT", "LKR", "IDR", "MYR", "THB", "VND", "PHP", "KRW"),
    *("TWD", "BRL", "MXN", "ARS", "CLP", "COP", "PEN", "ZAR", "EGP", "NGN", "KES", "GHS", "MAD", "ILS", "SAR", "AED"),
    *("QAR", "KWD", "BHD", "OMR", "JOD", "KZT", "ISK", "RMB", "BTC", "EURO", "EUROS", "DOLLARS", "POUNDS"),
)
CURRENCIES |= {
    code: code if len(code) == 3 else {"EURO": "EUR", "EUROS": "EUR", "DOLLARS": "", "POUNDS": "GBP"}[code]
    for code in CODES
}
#: Magnitude words and letters -> factor; compared without case.
MAGNITUDES: dict[str, float] = {
    **{
        "k": 1e3,
        "tsd": 1e3,
        "tsd.": 1e3,
        "thousand": 1e3,
        "thousands": 1e3,
        "m": 1e6,
        "mm": 1e6,
        "mn": 1e6,
        "mio": 1e6,
    },
    **{
        "mio.": 1e6,
        "mln": 1e6,
        "mil": 1e6,
        "million": 1e6,
        "millions": 1e6,
        "b": 1e9,
        "bn": 1e9,
        "bil": 1e9,
        "mrd": 1e9,
    },
    **{"mrd.": 1e9, "mld": 1e9, "billion": 1e9, "billions": 1e9, "t": 1e12, "tn": 1e12, "trn": 1e12, "trillion": 1e12},
    **{
        "lakh": 1e5,
        "lakhs": 1e5,
        "lac": 1e5,
        "lacs": 1e5,
        "crore": 1e7,
        "crores": 1e7,
        "cr": 1e7,
        "万": 1e4,
        "億": 1e8,
        "亿": 1e8,
    },
}
DECIMALS, THOUSANDS = (".", ","), ("", ",", ".", " ", "'")


def _any(words: Mapping[str, object]) -> str:
    return "(?:" + "|".join(re.escape(w) for w in sorted(words, key=lambda w: (-len(w), w))) + ")"


_SYMBOLS = {s: c for s, c in CURRENCIES.items() if s not in CODES}
#: Symbols in any case; codes in capitals, or in small letters where a space sets them apart from the digits.
CURRENCY = "(?:(?i:" + _any(_SYMBOLS) + ")|" + _any(dict.fromkeys(CODES)) + ")"
MAGNITUDE = "(?i:" + _any(MAGNITUDES) + ")"


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes:
        decimal: "." or ",".
        thousands: "", ",", ".", " " (any space) or "'"; where set, plain digits are accepted too.
        currency: accept a symbol or code on either side.
        percent: accept a percent or per mille sign.
        accounting: accept ``(12)`` and ``12-`` as negative.
        credit: accept ``12 Cr`` as negative and ``12 Dr`` as it stands; without it "Cr" is a magnitude, crores.
        magnitude: accept ``3k``, ``2.5 million``.
        notes: accept ``~30``, footnote marks (``12*``, ``12[3]``) and remarks in brackets (``12 (about)``).
        fraction: divide by 100 what carries a percent sign (by 1000 for per mille).

    Raises:
        SettingError: a separator is none of the known ones, or both are the same.

    Example:
        >>> NumberFormat(decimal=",", thousands=".").to_dict()["decimal"]
        ','
    """

    decimal: str = "."
    thousands: str = ""
    currency: bool = True
    percent: bool = True
    accounting: bool = True
    magnitude: bool = False
    notes: bool = False
    fraction: bool = False
    credit: bool = False

    def __post_init__(self) -> None:
        if self.decimal not in DECIMALS or self.thousands not in THOUSANDS or self.decimal == self.thousands:
            said = f"decimal '{self.decimal}' with thousands '{self.thousands}'"
            raise SettingError(f"{said} is no number format", hint=f"decimal: {DECIMALS}; thousands: {THOUSANDS}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values; ``NumberFormat(**values)`` makes it again."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


#: A remark in brackets behind a number: a word at least, and no digits.
_REMARK = r"\(\s*([^()\d%]*\p{L}{3}[^()\d%]*)\)$"
#: Remarks that make another number of it: "5 (million)", "12 (pounds)", "7 (loss)", "9 (per dozen)".
_CHANGING = (
    *("negative", "minus", "loss", "losses", "deficit", "credit", "below", "less", "under", "over", "above", "per"),
    *("percent", "pct", "each", "not", "no", "never", "dozen", "hundred", "hundreds", "times", "half", "double"),
)
#: A number with a sign of a remark: what stands before "(about)", "[3]", "*", or behind "~".
_ABOUT = r"(?:[~≈]\s*|c\.\s+|[Cc]a\.\s*|ca\s+|[Cc]irca\s+|[Aa]pprox\.?\s*|(?:[Aa]bout|[Aa]round)\s+)"
NOTED = (
    rf"^{_ABOUT}\d"
    r"|\d%?\s*(?:\*+|†|‡|\?|[¹²³])$|\d%?(?:\[(?:(?:note|nb|n)\s?)?[0-9a-z]{1,3}\])+$"
    rf"|^\W*(?:{CURRENCY}\W*)?\d[\d.,' ]*(?:{CURRENCY}|%)?\s*\([^()\d]*\p{{L}}{{3}}[^()\d]*\)$"
)


@cache
def _changing() -> str:
    words = {w.lower() for w in (*_CHANGING, *MAGNITUDES, *CODES, *UNITS) if len(w) > 1 and w.isalpha() and w != "in"}
    return rf"(?i)\b{_any(dict.fromkeys(words))}\b"


def unnoted(text: pl.Expr) -> pl.Expr:
    """Tidied text without the marks and remarks that stand around a number; what changes the number stays.

    Example:
        >>> texts = pl.Series(["~30", "12*", "1,055 (about)", "$89.00 (for backers)", "5 (million)", "7[2]", "c. 9?"])
        >>> pl.select(unnoted(pl.lit(texts))).to_series().to_list()
        ['30', '12', '1,055', '$89.00', '5 (million)', '7', '9']
    """
    text = text.str.replace(rf"^{_ABOUT}", "")
    text = text.str.replace(r"(\d%?)(?:\s*(?:\*+|†|‡|\?|[¹²³])|(?:\[(?:(?:note|nb|n)\s?)?[0-9a-z]{1,3}\])+)$", "$1")
    changing = text.str.extract(_REMARK, 1).str.contains(_changing()).fill_null(False)
    return pl.when(changing).then(text).otherwise(text.str.replace(r"\s*" + _REMARK, ""))


PLAIN = NumberFormat(currency=False, percent=False, accounting=False)
_SIGN = r"[+\-]?"


def body(decimal: str = ".", thousands: str = "") -> str:
    """Regex of the digits of a number, sign and exponent included, without anchors.

    Example:
        >>> import re
        >>> bool(re.fullmatch(body(",", "."), "1.234,5")), bool(re.fullmatch(body(), "1,234"))
        (True, False)
    """
    d = re.escape(decimal)
    plain = rf"(?:\d+(?:{d}\d*)?|{d}\d+)(?:[eE][+\-]?\d{{1,3}})?"
    if not thousands:
        return rf"{_SIGN}{plain}"
    t = re.escape(thousands)
    grouped = rf"\d{{1,3}}(?:{t}\d{{3}})+(?:{d}\d*)?|\d{{1,2}}(?:{t}\d{{2}})*{t}\d{{3}}(?:{d}\d*)?"
    return rf"{_SIGN}(?:{grouped}|{plain})"


def _printed() -> tuple[list[str], list[str]]:
    """Characters of print and those of the keyboard, all replaced in one pass over a cell."""
    table = {chr(c + 0xFEE0): chr(c) for c in range(0x21, 0x7F)} | dict.fromkeys(ODD_SPACES, " ")
    table |= dict.fromkeys("−‒–﹣", "-") | dict.fromkeys(("’", "´", "`", chr(0xFEE0 + ord("`"))), "'")
    return list(table), list(table.values())


_PRINTED = _printed()
#: Symbols of one character that stand before or after most amounts.
_COMMON_SYMBOLS = "$€£¥₹"
_STAGED: ContextVar[tuple[pl.Expr, pl.Expr] | None] = ContextVar("staged", default=None)


@contextmanager
def staged(cell: pl.Expr, made: pl.Expr) -> Iterator[None]:
    """Within it, ``tidy(cell)`` is ``made``: a column that holds it already, so that it is not worked out each time.

    Example:
        >>> with staged(pl.col("x"), pl.col("x_tidy")):
        ...     tidy(pl.col("x")).meta.output_name()
        'x_tidy'
    """
    token = _STAGED.set((cell, made))
    try:
        yield
    finally:
        _STAGED.reset(token)


def tidy(expr: pl.Expr) -> pl.Expr:
    """Trimmed, full-width digits as ASCII, spaces plain, minus signs and apostrophes of print as those of the keyboard.

    Example:
        >>> pl.select(tidy(pl.lit("−１ 234’567"))).item()
        "-1 234'567"
    """
    held = _STAGED.get()
    if held is not None and expr.meta.eq(held[0]):
        return held[1]
    return trim(expr).str.replace_many(*_PRINTED)


def parse(expr: pl.Expr, fmt: NumberFormat = PLAIN, *, tidied: bool = False) -> pl.Expr:
    """Float64 of a cell written in the given format; null where it is written otherwise.

    Args:
        expr: String.
        fmt: how the column writes numbers. A percent sign is dropped (``5%`` gives 5) unless ``fmt.fraction``.
        tidied: the cell is what ``tidy`` gives already.

    Example:
        >>> frame = pl.DataFrame({"x": ["$1,234.50", "(1,200)", "15-", "12%", "EUR 7", "1.5M", "abc"]})
        >>> frame.select(parse(pl.col("x"), NumberFormat(thousands=","))).to_series().to_list()
        [1234.5, -1200.0, -15.0, 12.0, 7.0, None, None]
        >>> [pl.select(parse(pl.lit(x), NumberFormat(magnitude=True))).item() for x in ("1.5M", "$65.4k", "₹ 1.04 Cr.")]
        [1500000.0, 65400.0, 10400000.0]
        >>> [pl.select(parse(pl.lit(x), NumberFormat(credit=True))).item() for x in ("1.04 Cr", "7 DR")]
        [-1.04, 7.0]
        >>> pl.select(parse(pl.lit("1.234,5"), NumberFormat(decimal=",", thousands="."))).item()
        1234.5
    """
    if fmt.decimal != ".":
        return _parse_dressed(expr, fmt, tidied)
    bare = expr.cast(pl.Float64, strict=False)
    plain = bare.is_finite()
    return pl.when(plain).then(bare).otherwise(_parse_dressed(pl.when(plain).then(None).otherwise(expr), fmt, tidied))


def _parse_dressed(expr: pl.Expr, fmt: NumberFormat, tidied: bool) -> pl.Expr:
    """As ``parse``, of cells that are not digits alone."""
    usual = _usual(expr, fmt)
    value = _to_float(expr.str.strip_chars(" +%" + _COMMON_SYMBOLS), fmt)
    if fmt.percent and fmt.fraction:
        value = pl.when(expr.str.contains("%", literal=True)).then(value / 100).otherwise(value)
    rare = pl.when(~usual).then(expr)
    return pl.when(usual).then(value).otherwise(_parse_any(rare if tidied else tidy(rare), fmt))


def _usual(expr: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Whether a cell is digits with at most a sign, a common symbol of money or a percent sign: read without tidying.

    Most cells are; the many replacements that the others need are not made for them.
    """
    symbol = f"(?:[{_COMMON_SYMBOLS}] ?)?" if fmt.currency else ""
    after = f"[{_COMMON_SYMBOLS}]" if fmt.currency else ""
    after = "|".join(a for a in (after, "%" if fmt.percent else "") if a)
    digits = body(fmt.decimal, fmt.thousands).replace(r"\d", "[0-9]")
    return expr.str.contains(
        rf"^ *{symbol}(?:{digits})(?: ?(?:{after}))? *$" if after else rf"^ *{symbol}(?:{digits}) *$"
    )


def _parse_any(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """As ``parse``, of tidied text, with everything a number may be dressed in."""
    text, negative, percent, power = _undressed(text, fmt)
    known = text.str.contains(_whole(fmt))
    # 65.4k is read as 65.4e3: a product would be off by the last bit
    scaled = text if power is None else pl.concat_str([text.str.strip_suffix("."), power.fill_null("")])
    read = pl.when(known).then(_to_float(scaled, fmt)).otherwise(None)
    out = read if percent is None else read / percent
    return pl.when(negative).then(-out.abs()).otherwise(out) if negative is not None else out


def _whole(fmt: NumberFormat) -> str:
    return f"^(?:{body(fmt.decimal, fmt.thousands)})$"


def _undressed(text: pl.Expr, fmt: NumberFormat) -> tuple[pl.Expr, pl.Expr | None, pl.Expr | None, pl.Expr | None]:
    """Of tidied text: the number, whether it is negative, by what it is divided, its power of ten."""
    negative: pl.Expr | None = None
    percent: pl.Expr | None = None
    power: pl.Expr | None = None
    if fmt.notes:
        text = unnoted(text)
    if fmt.accounting:
        negative = text.str.contains(r"^\(.*\)$|\d\s*-$" + (r"|(?i)\d\s*cr\.?$" if fmt.credit else ""))
        text = text.str.replace(r"^\((.*)\)$", "$1").str.replace(r"(\d\S*)\s*-$", "$1")
        if fmt.credit:
            text = text.str.replace(r"(?i)(\d)\s*[cd]r\.?$", "$1")
    if fmt.currency:
        text = text.str.replace(rf"^([+\-]?)\s*{CURRENCY}\s*([+\-]?\s*[\d.,])", "$1$2").str.replace(
            rf"\s*{CURRENCY}$", ""
        )
    if fmt.percent:
        if fmt.fraction:
            percent = pl.when(text.str.ends_with("%")).then(100).when(text.str.ends_with("‰")).then(1000).otherwise(1)
        text = text.str.replace(r"\s*[%‰]$", "")
    if fmt.magnitude:
        letters = text.str.extract(rf"\d\s*\.?\s*({MAGNITUDE})\.?$", 1).str.to_lowercase()
        power = letters.replace_strict(
            list(MAGNITUDES),
            [f"e{round(math.log10(factor))}" for factor in MAGNITUDES.values()],
            default="",
            return_dtype=pl.String,
        )
        text = text.str.replace(rf"(\d)(\.?)\s*{MAGNITUDE}\.?$", "$1$2")
        if fmt.currency:
            text = text.str.replace(rf"\s*{CURRENCY}$", "")
    return text.str.replace(r"^([+\-])\s+", "$1"), negative, percent, power


def bare(expr: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """The number of a cell without what it may be dressed in; it depends on no separator, so it serves many formats.

    Example:
        >>> frame = pl.DataFrame({"x": ["($1,234.50)", "12 %", "abc"]})
        >>> frame.select(bare(pl.col("x"), NumberFormat())).to_series().to_list()
        ['1,234.50', '12', 'abc']
    """
    return _undressed(tidy(expr), fmt)[0]


def is_bare(expr: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Whether what ``bare`` gives is a number with the separators of a format, as ``matches`` of the cell would say.

    Example:
        >>> pl.select(is_bare(pl.lit("1,234.50"), NumberFormat(thousands=","))).item()
        True
    """
    return expr.str.contains(_whole(fmt)) & _to_float(expr, fmt).is_not_null()


def _to_float(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    if fmt.thousands:
        text = text.str.replace_all(fmt.thousands, "", literal=True)
    if fmt.decimal != ".":
        text = text.str.replace(fmt.decimal, ".", literal=True)
    return text.str.strip_chars_start("+").cast(pl.Float64, strict=False)


def matches(expr: pl.Expr, fmt: NumberFormat = PLAIN) -> pl.Expr:
    """Whether ``parse`` reads the cell; null stays null.

    Example:
        >>> frame = pl.DataFrame({"x": ["1,5", "x", None]})
        >>> frame.select(matches(pl.col("x"), NumberFormat(decimal=","))).to_series().to_list()
        [True, False, None]
    """
    usual = _usual(expr, fmt)
    if fmt.decimal == ".":
        usual = usual | expr.cast(pl.Float64, strict=False).is_finite().fill_null(False)
    rare = tidy(pl.when(~usual).then(expr))
    return pl.when(expr.is_null()).then(None).otherwise(usual | _parse_any(rare, fmt).is_not_null())


def currency_of(expr: pl.Expr) -> pl.Expr:
    """The currency symbol or code that stands at an edge of the cell beside digits, as written; null without one.

    Example:
        >>> frame = pl.DataFrame({"x": ["$5", "7 EUR", "9", "USA 5"]})
        >>> frame.select(currency_of(pl.col("x"))).to_series().to_list()
        ['$', 'EUR', None, None]
    """
    text = tidy(expr).str.replace(r"^\((.*)\)$", "$1")
    left = text.str.extract(rf"^[+\-]?\s*({CURRENCY})\s*[+\-]?\s*[\d.,]", 1)
    return pl.coalesce(left, text.str.extract(rf"\d[.,]?\d*\s*(?:{MAGNITUDE})?\s*({CURRENCY})$", 1))


_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@cache
def _number_words() -> dict[str, float]:
    small: dict[str, float] = {word: float(i) for i, word in enumerate(_ONES)}
    for i, ten in enumerate(_TENS):
        small[ten] = 20 + 10 * i
        small |= {f"{ten} {_ONES[j]}": 20 + 10 * i + j for j in range(1, 10)}
    under = dict(small)
    for i in range(1, 10):
        under[f"{_ONES[i]} hundred"] = 100 * i
        under |= {f"{_ONES[i]} hundred {word}": 100 * i + n for word, n in small.items() if n}
    out = dict(under)
    for word, n in under.items():
        for name, factor in (("thousand", 1e3), ("million", 1e6), ("billion", 1e9)):
            if n:
                out[f"{word} {name}"] = n * factor
    for word, n in small.items():
        for tail in (f"{_ONES[i]} hundred" for i in range(1, 10)):
            if n:
                out[f"{word} thousand {tail}"] = n * 1000 + under[tail]
    return out


def parse_words(expr: pl.Expr) -> pl.Expr:
    """Float64 of a number written in English words; null for anything else.

    Example:
        >>> frame = pl.DataFrame({"x": ["Forty-two", "SIXTY THOUSAND", "one hundred and five", "dog"]})
        >>> frame.select(parse_words(pl.col("x"))).to_series().to_list()
        [42.0, 60000.0, 105.0, None]
    """
    words = _number_words()
    text = trim(expr).str.to_lowercase().str.replace_all(r"[\s\-]+", " ").str.replace_all(" and ", " ", literal=True)
    return text.replace_strict(list(words), [float(n) for n in words.values()], default=None, return_dtype=pl.Float64)
