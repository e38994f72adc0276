"""What the cells of text columns look like: counts of cells per property, for all columns in one go."""

from __future__ import annotations

from typing import Any

import polars as pl

from autoprep.parsing import boolean, date, duration, null, number, pattern, quantity, text
from autoprep.parsing import range as ranges
from autoprep.profiling import spans
from autoprep.profiling.cells import Cells
from autoprep.profiling.names import says

Counts = dict[str, float]

FORMATS: dict[str, number.NumberFormat] = {
    "dot": number.NumberFormat(".", "", notes=True, credit=True),
    "dot_comma": number.NumberFormat(".", ",", notes=True, credit=True),
    "comma": number.NumberFormat(",", "", notes=True, credit=True),
    "comma_dot": number.NumberFormat(",", ".", notes=True, credit=True),
    "dot_space": number.NumberFormat(".", " ", notes=True, credit=True),
    "comma_space": number.NumberFormat(",", " ", notes=True, credit=True),
    "dot_apostrophe": number.NumberFormat(".", "'", notes=True, credit=True),
}
_PLAIN = rf"^{number.body()}$"
_CLOCK = r"^(?:\d{1,2}:\d{2}|(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?)(?:\s?[AaPp]\.?[Mm]\.?)?$"
_EMAIL_LIKE, _SEPARATORS = "@", ("|", ";", ", ", ",", "/", "\n", " - ", ":", "~")


def _surface() -> dict[str, pl.Expr]:
    """Masks over every cell that is not null (``v`` as it stands, ``t`` trimmed)."""
    v, t = pl.col("v"), pl.col("t")
    return {
        "blank": t == "",
        "null_word": (t != "") & null.is_null_word(v),
        "padded": (t != "") & (v.str.len_bytes() != t.str.len_bytes()),
    }


def _content() -> dict[str, pl.Expr]:
    """Masks over content: cells that are neither blank nor null words."""
    v, t = pl.col("v"), pl.col("t")
    odd = v.str.len_bytes() != v.str.len_chars()
    return {
        "content": pl.lit(True),
        "digit": t.str.contains(r"\d"),
        "letter": t.str.contains(r"\p{L}"),
        "unknown": null.is_unknown_word(v),
        "inner_space": t.str.contains(rf"\s{{2,}}|[{text.ODD_SPACES}]|\S[\t\r\n]+\S"),
        "control": text.has_control(v),
        "html": text.has_html(v),
        "mojibake": odd & text.has_mojibake(v),
        "lost": odd & text.has_lost_characters(v),
        "fullwidth": odd & text.has_fullwidth(v),
        "integer": t.str.contains(r"^[+\-]?\d+$"),
        "digits": t.str.contains(r"^\d+$"),
        "leading_zero": t.str.contains(pattern.LEADING_ZERO),
        "plus_digits": t.str.contains(r"^\+\d{8,15}$"),
        "plain": t.str.contains(_PLAIN),
        "plain_dot": t.str.contains(r"^[+\-]?\d*\.\d*(?:[eE].*)?$"),
        "plain_one_dot": t.str.contains(r"^[+\-]?[1-9]\d{0,2}\.\d{3}$"),
        "email": t.str.contains(pattern.EMAIL),
        "url": t.str.contains(pattern.URL),
        "uuid": t.str.contains(pattern.UUID),
        "true": t.str.to_lowercase().is_in(boolean.TRUE_WORDS),
        "false": t.str.to_lowercase().is_in(boolean.FALSE_WORDS),
    }


def _digits() -> dict[str, pl.Expr]:
    """Masks over content with a digit that is no plain number."""
    t = pl.col("t")
    tidy = number.tidy(pl.col("v"))
    unitless = tidy.str.replace(r"(\d)\s*[\p{L}°][\p{L}°²³./ ]*$", "$1")
    bare = unitless.str.replace_all(rf"(?i){number.CURRENCY}|[%\s()+\-~*]", "")
    interval = t.str.contains(r"^[\[\](].*[,;].*[\[\]]$|^[\[\]].*[,;].*\)$")  # its comma parts two numbers
    bare = pl.when(interval).then(pl.lit("")).otherwise(bare)
    dot, comma = rf"^{number.body()}$", rf"^{number.body(',')}$"
    return {
        "magnitude": t.str.contains(rf"^\W*(?:{number.CURRENCY}\s*)?\d[\d.,]*\s*{number.MAGNITUDE}\.?$"),
        "cr": t.str.contains(r"(?i)\d\s*cr\.?$"),
        "dr": t.str.contains(r"(?i)\d\s*dr\.?$"),
        "lakh": t.str.contains(r"(?i)\d\s*(?:la(?:kh|c)s?|crores?)\.?$"),
        "small_cr": t.str.contains(r"(?i)^\D*\d{1,4}\.\d{1,2}\s*cr\.?$"),
        "currency_at": number.currency_of(t).is_not_null(),
        "percent": tidy.str.contains(r"\d\s*[%‰]\)?$"),
        "accounting": tidy.str.contains(r"^\(\W*\d[\d.,' ]*\W*\)$|\d\s*-$"),
        "note": tidy.str.contains(number.NOTED),
        "dot_proof": bare.str.contains(
            r"^(?:\d+|\d{1,3}(?:,\d{3})+)\.(?:\d{1,2}|\d{4,})$|^0?\.\d+$|^\d{4,}\.\d+$|,\d{3}\."
        ),
        "comma_proof": bare.str.contains(
            r"^(?:\d+|\d{1,3}(?:\.\d{3})+),(?:\d{1,2}|\d{4,})$|^0?,\d+$|^\d{4,},\d+$|\.\d{3},"
        ),
        "comma_groups": bare.str.contains(r"^\d{1,3}(?:,\d{3}){2,}"),
        "dot_groups": bare.str.contains(r"^\d{1,3}(?:\.\d{3}){2,}"),
        "comma_group": bare.str.contains(r"^\d{1,3}(?:,\d{3})+(?:\.\d*)?$"),
        "dot_group": bare.str.contains(r"^\d{1,3}(?:\.\d{3})+(?:,\d*)?$"),
        "one_comma": bare.str.contains(r"^[1-9]\d{0,2},\d{3}$"),
        "one_dot": bare.str.contains(r"^[1-9]\d{0,2}\.\d{3}$"),
        "has_dot": bare.str.contains(dot) & bare.str.contains(".", literal=True),
        "has_comma": bare.str.contains(comma) & bare.str.contains(",", literal=True),
        "time": t.str.contains(_CLOCK),
        "numbered": t.str.contains(r"^\d{1,4}-(?:0[1-9]|1[0-2])$"),
        "zero_word": t.str.contains(r"^0\d+ ?[A-Za-z]"),
        "zero_behind": t.str.contains(r"^[1-9]\d{0,3}-0[1-9]$"),
        "duration": t.str.contains(duration.regex()),
        "ip": t.str.contains(pattern.IPV4) | t.str.contains(pattern.IPV6) | t.str.contains(pattern.MAC),
        "phone": t.str.contains(pattern.PHONE),
        "card": t.str.contains(pattern.CARD),
        "iban": t.str.contains(pattern.IBAN),
        "ssn": t.str.contains(pattern.SSN),
        "postal": pl.any_horizontal(t.str.contains(p) for p in pattern.POSTAL[1:]),
        "date_like": t.str.contains(DATE_LIKE),
    }


_NUMBERS = tuple(f"number_{name}" for name in FORMATS)


def _with_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Masks over content with a digit and no letters but those of money, exponents and notes."""
    made = frame.with_columns(number.bare(pl.col("t"), FORMATS["dot"]).alias("bare"))
    known = [number.is_bare(pl.col("bare"), fmt) for fmt in FORMATS.values()]
    return made.with_columns(e.alias(name) for e, name in zip(known, _NUMBERS, strict=True)).drop("bare")


#: The letters a number may have.
_LETTERED = rf"{number.CURRENCY}|\d[eE][+\-]?\d|(?i)\d\s*[cd]r\.?$|^(?i:ca|approx|about|around)\b|{number.NOTED}"


_ENDS = ("range", "inequality")


def _with_ends(frame: pl.DataFrame) -> pl.DataFrame:
    """Masks over content with a digit and a sign or word of a range: costly, so asked of no other cell, read once."""
    both = frame.select(ranges.ends(pl.col("t"), FORMATS["dot_comma"]).alias("ends"))["ends"].struct
    left, right = both.field("from").is_not_null(), both.field("to").is_not_null()
    return frame.with_columns((left & right).alias("range"), (left != right).alias("inequality"))


#: A number within a text, as far as telling texts apart by their words goes.
_A_NUMBER = r"\d(?:[\d.,' ]*\d)?"
_SIGNED = r"[\[\]<>≤≥=+~–—]|\.\.|\d\D*\s*-\s*\D*\d"


def _able(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells but those whose words, whatever their numbers, make no range: "level 17" as little as "level 9"."""
    if frame.height < 2000:
        return frame
    words = frame.select(
        pl.col("t").str.replace_all(_A_NUMBER, "9").alias("t"), signed=pl.col("t").str.contains(_SIGNED)
    )
    kinds = words.filter(~pl.col("signed")).select(pl.col("t").unique())
    if kinds.height > 0.5 * frame.height:
        return frame
    made = _with_ends(kinds).filter(pl.any_horizontal(_ENDS))["t"]
    return frame.filter(words["signed"] | words["t"].is_in(made.implode()))


#: What a range or an inequality must have.
_ENDED = r"[\[\]<>≤≥=+~–—\p{L}]|\.\.|\d\D*\s*-\s*\D*\d"
DATE_CELLS = 1500
COMPACT = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"

#: What may be a date: cheap, and never false for what a format reads.
DATE_LIKE = (
    r"^(?:\p{L}{2,10}\.?,?\s)?(?:\d{1,4}[-/. ]\s?(?:\d{1,2}|\p{L}{3,10}\.?)(?:[-/., ]+['’]?\d{2,4})?"
    r"|\p{L}{3,10}\.?[-/ ]\d{1,2}(?:st|nd|rd|th)?,?(?:\s['’]?\d{2,4})?|\p{L}{3,10}\.?[- ]['’]?\d{2,4}"
    r"|\d{1,2}\p{L}{3}\d{4}|[12]\d{7}|\d{1,2}/[12]\d{3}|[12]\d{3}, \p{L}{3,10}\.?|\p{L}{3,10}\.?, [12]\d{3}"
    r"|\d{1,2}(?:st|nd|rd|th)? \p{L}{3,10}\.?,? ['’]?\d{2,4}|\d{1,2} de \p{L}{3,10} de \d{4}|\d{4}年\d{1,2}月\d{1,2}日)"
    r"(?:(?:T|\s|,\s)\s?\d{1,2}:\d{2}.*)?$"
)


def _words() -> dict[str, pl.Expr]:
    """Masks over content with a letter or punctuation that is no number."""
    t = pl.col("t")
    return {
        "number_word": number.parse_words(t).is_not_null(),
        "json": t.str.contains(pattern.JSON) & t.str.contains(r'[{":\[]'),
        "list": t.str.contains(pattern.LIST) & t.str.contains(r"[,|;]"),
        "key_value": t.str.contains(pattern.KEY_VALUE),
        "code_text": t.str.contains(r"^[A-Z]{0,4}\d{1,8}[A-Z]?\s*(?:-|:|–|\|)\s*\p{L}.*\p{L}{2}"),
        "word_only": t.str.contains(r"^[\p{L}\p{M}]+$"),
        "text_number": t.str.contains(r"^\D[^\n]*\n\s*[+\-]?\d+(?:[.,]\d+)?$"),
        "year_inside": t.str.contains(pattern.YEAR_INSIDE),
        "sep:(": t.str.contains(r"^[\p{L}\p{M}\d .,'&-]*\p{L}[\p{L}\p{M}\d .,'&-]* \([^()]+\)$"),
    } | {f"sep:{s}": t.str.contains(s, literal=True) for s in _SEPARATORS}


def collect(cells: Cells) -> dict[str, dict[str, Any]]:
    """Per column: counts of the masks, and the words found (``null_words``, ``units``, ...: word -> count).

    Example:
        >>> from autoprep.profiling.cells import gather
        >>> found = collect(gather(pl.DataFrame({"x": ["$1,200.50", "N/A", " 7"]}), ["x"]))["x"]
        >>> found["content"], found["null_word"], found["padded"], found["number_dot_comma"]
        (2.0, 1.0, 1.0, 1.0)
    """
    long = cells.long.with_columns(text.trim(pl.col("v")).alias("t")).with_columns(**_surface())
    content = long.filter(~pl.col("blank") & ~pl.col("null_word")).drop("blank", "null_word", "padded")
    content = content.with_columns(pl.col("t").str.len_chars().alias("length"))
    masks = _content()
    content = content.with_columns(**masks)
    digits = content.filter(pl.col("digit") & ~pl.col("plain") & (pl.col("length") <= 80))
    marks = _digits()
    digits = digits.with_columns(**marks)
    written = digits.filter(~pl.col("letter") | pl.col("t").str.contains(_LETTERED))
    written = _with_numbers(written)
    ended = _with_ends(_able(digits.filter(pl.col("t").str.contains(_ENDED))))
    lengths = digits.filter("duration")
    lengths = lengths.with_columns(**spans.marks())
    others = content.filter(~pl.col("plain") & (pl.col("length") <= 400))
    wordy = _words()
    others = others.with_columns(**wordy)
    out: dict[str, dict[str, Any]] = {name: {} for name in cells.names}
    for frame, names in (
        (long, ("blank", "null_word", "padded")),
        (content, tuple(masks)),
        (digits, tuple(marks)),
        (written, _NUMBERS),
        (ended, _ENDS),
        (lengths, spans.NAMES),
        (others, tuple(wordy)),
    ):
        _add(out, cells, frame, names)
    _add_lengths(out, cells, long, content)
    _add_words(out, cells, long.filter("null_word"), pl.col("t"), "null_words")
    _add_words(out, cells, content.filter("unknown"), pl.col("t"), "unknown_words")
    low = pl.col("t").str.to_lowercase()
    _add_words(out, cells, content.filter(pl.col("true") | pl.col("false")), low, "boolean_words")
    _add_words(out, cells, digits.filter("currency_at"), number.currency_of(pl.col("t")), "currencies")
    _add_units(out, cells, digits)
    shape = pattern.shape(pl.col("t").str.slice(0, 40))
    _add_words(out, cells, content, shape, "shapes", limit=8)
    _add_words(out, cells, content, pattern.runs(shape), "run_shapes", limit=8)
    _add_dates(out, cells, content, digits)
    _add_days(out, cells, content)
    return out


def _add(out: dict[str, dict[str, Any]], cells: Cells, frame: pl.DataFrame, names: tuple[str, ...]) -> None:
    zero = dict.fromkeys(names, 0.0)
    for name in cells.names:
        out[name].update(zero)
    if frame.height:
        sums = frame.group_by("col").agg(
            (pl.col(n).fill_null(False).cast(pl.Float64) * pl.col("c")).sum() for n in names
        )
        for row in sums.iter_rows(named=True):
            out[cells.names[row.pop("col")]].update(row)


def _add_lengths(out: dict[str, dict[str, Any]], cells: Cells, long: pl.DataFrame, content: pl.DataFrame) -> None:
    for name in cells.names:
        out[name] |= {"cells": 0.0, "length_sum": 0.0, "word_sum": 0.0, "min_length": None, "max_length": None}
        out[name] |= {"distinct_content": 0, "distinct_words": 0, "min_digits": None, "max_digits": None}
    length, c = pl.col("v").str.len_chars(), pl.col("c")
    sums = long.group_by("col").agg(
        c.sum().alias("cells"),
        (length * c).sum().alias("length_sum"),
        length.min().alias("min_length"),
        length.max().alias("max_length"),
    )
    words = (pl.col("t").str.count_matches(r"\s+") + 1) * c
    digits = pl.col("length").filter("digits")
    more = content.group_by("col").agg(
        words.sum().alias("word_sum"),
        pl.col("t").n_unique().alias("distinct_content"),
        pl.col("t").filter(~pl.col("digit")).n_unique().alias("distinct_words"),
        digits.min().alias("min_digits"),
        digits.max().alias("max_digits"),
    )
    for frame in (sums, more):
        for row in frame.iter_rows(named=True):
            out[cells.names[row.pop("col")]].update(row)


def _add_words(
    out: dict[str, dict[str, Any]], cells: Cells, frame: pl.DataFrame, word: pl.Expr, key: str, limit: int = 40
) -> None:
    for name in cells.names:
        out[name][key] = {}
    if not frame.height:
        return
    counts = frame.select("col", word.alias("word"), "c").drop_nulls().group_by("col", "word").agg(pl.col("c").sum())
    counts = counts.sort(["col", "c", "word"], descending=[False, True, False])
    for col, w, c in counts.group_by("col", maintain_order=True).head(limit).select("col", "word", "c").iter_rows():
        out[cells.names[col]][key][w] = c


_UNIT_FORMATS = (FORMATS["dot_comma"], FORMATS["comma_dot"])


def _add_units(out: dict[str, dict[str, Any]], cells: Cells, digits: pl.DataFrame) -> None:
    for name in cells.names:
        out[name] |= {"units": {}, "suffixes": {}, "suffix": 0.0, "unit": 0.0, "unit_spellings": {}}
    rest = digits.filter(~pl.col("percent") & pl.col("letter") | pl.col("t").str.contains("""[°²³'"µ★☆⭐]$"""))
    if not rest.height:
        return
    made = [(quantity.split(pl.col("t"), fmt)[1], *quantity.parse(pl.col("t"), fmt)) for fmt in _UNIT_FORMATS]
    word = pl.coalesce(word for word, _, _ in made)
    unit = pl.coalesce(pl.when(value.is_not_null()).then(unit) for _, value, unit in made)
    rest = rest.with_columns(word.alias("word"), unit.alias("unit_name"))
    known, other = (
        rest.filter(pl.col("unit_name").is_not_null()),
        rest.filter(pl.col("unit_name").is_null() & pl.col("word").is_not_null()),
    )
    _add_words(out, cells, known, pl.col("unit_name"), "units")
    _add_words(out, cells, known, pl.col("word"), "unit_spellings")
    _add_words(out, cells, other, pl.col("word").str.to_lowercase(), "suffixes", limit=12)
    for key, frame in (("unit", known), ("suffix", other)):
        for col, c in frame.group_by("col").agg(pl.col("c").sum()).iter_rows():
            out[cells.names[col]][key] = c


def _add_dates(out: dict[str, dict[str, Any]], cells: Cells, content: pl.DataFrame, digits: pl.DataFrame) -> None:
    """Candidate dates with counts (the most frequent few thousand), for ``dates.decide``."""
    compact = content.filter(
        pl.col("digits") & pl.col("t").str.contains(r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$")
    )
    likely = pl.concat([digits.filter("date_like").select("col", "t", "c"), compact.select("col", "t", "c")])
    for name in cells.names:
        out[name]["date_cells"] = {}
    _add_words(out, cells, likely, text.squeeze(pl.col("t")), "date_cells", limit=DATE_CELLS)
    totals = likely.group_by("col").agg(pl.col("c").sum())
    for name in cells.names:
        out[name]["date_like"] = 0.0
    for col, c in totals.iter_rows():
        out[cells.names[col]]["date_like"] = c


def _add_days(out: dict[str, dict[str, Any]], cells: Cells, content: pl.DataFrame) -> None:
    """Cells that are a day of 1900 to 2100 in each format of digits with the year last, where headers speak of days."""
    for name in cells.names:
        out[name]["days"] = {}
    dated = [i for i, name in enumerate(cells.names) if says(name, "date")]
    digits = content.filter(pl.col("digits") & pl.col("length").is_in([7, 8]) & pl.col("col").is_in(dated))
    if not digits.height:
        return
    fits = {f: date.parse(pl.col("t"), [f]).dt.year().is_between(1900, 2100) for f in date.COMPACT_DAYS}
    sums = digits.group_by("col").agg(pl.col("c").filter(fit).sum().alias(f) for f, fit in fits.items())
    for row in sums.iter_rows(named=True):
        out[cells.names[row.pop("col")]]["days"] = row
