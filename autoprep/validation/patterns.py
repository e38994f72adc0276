"""What is asked of a cell's text: patterns, lengths, formats; in Polars' words, or else once per distinct value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import polars as pl

from autoprep.errors import SettingError
from autoprep.validation.conditions import Arguments, ByValue, UnfitError, condition, is_text, text_of, within


@condition("column_values_to_match_regex")
def match_regex(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Holds the pattern somewhere."""
    return _matching(cell, dtype, [said["regex"]], any, wanted=True)


@condition("column_values_to_not_match_regex")
def not_match_regex(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Holds the pattern nowhere."""
    return _matching(cell, dtype, [said["regex"]], any, wanted=False)


@condition("column_values_to_match_regex_list")
def match_regex_list(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Holds any (or all) of the patterns."""
    how = said.get("match_on") or "any"
    if how not in ("any", "all"):
        raise SettingError("match_on must be either 'any' or 'all'")
    return _matching(cell, dtype, said["regex_list"], any if how == "any" else all, wanted=True)


@condition("column_values_to_not_match_regex_list")
def not_match_regex_list(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Holds none of the patterns."""
    return _matching(cell, dtype, said["regex_list"], any, wanted=False)


def rust_regex(pattern: str) -> str | None:
    """Python's regular expression in the dialect of Polars; None when it has no equal there.

    Look-around and back-references have none. A last ``$`` also matches before a final line break, as in Python.

    Example:
        >>> rust_regex("^a+$"), rust_regex("a(?=b)")
        ('^a+(?:\\\\n?)\\\\z', None)
    """
    if r"\Z" in pattern:
        pattern = pattern.replace(r"\Z", r"\z")
    if pattern.endswith("$") and not pattern.endswith(r"\$"):
        pattern = pattern[:-1] + r"(?:\n?)\z"
    if re.search(r"[&~\-|]{2}|\[[^\]]*\[", pattern):
        return None
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError:
        return None
    return pattern


def _matching(
    cell: pl.Expr, dtype: pl.DataType, patterns: Sequence[str], how: Callable[[Iterable[bool]], bool], *, wanted: bool
) -> pl.Expr | ByValue:
    text, made = text_of(cell, dtype), [rust_regex(pattern) for pattern in patterns]
    if text is None or None in made or (r"$" in "".join(p[:-1] for p in patterns)):
        searches = [_compiled(pattern) for pattern in patterns]
        return ByValue(lambda value: how(s.search(value) is not None for s in searches) is wanted, as_text=True)
    found = [text.str.contains(pattern) for pattern in made if pattern is not None]
    held = found[0] if len(found) == 1 else (pl.any_horizontal(found) if how is any else pl.all_horizontal(found))
    return held if wanted else ~held


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SettingError(f"'{pattern}' is not a regular expression ({error})") from None


@condition("column_values_to_match_like_pattern")
def match_like(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Is like an SQL pattern."""
    return _like(cell, dtype, [said["like_pattern"]], said, any, wanted=True)


@condition("column_values_to_not_match_like_pattern")
def not_match_like(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Is not like an SQL pattern."""
    return _like(cell, dtype, [said["like_pattern"]], said, any, wanted=False)


@condition("column_values_to_match_like_pattern_list")
def match_like_list(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Is like any (or all) of several SQL patterns."""
    how = all if said.get("match_on") == "all" else any
    return _like(cell, dtype, said["like_pattern_list"], said, how, wanted=True)


@condition("column_values_to_not_match_like_pattern_list")
def not_match_like_list(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Is like none of several SQL patterns."""
    return _like(cell, dtype, said["like_pattern_list"], said, any, wanted=False)


def like_regex(pattern: str, escape: str | None = None) -> str:
    """An SQL LIKE pattern as a regular expression over the whole text.

    Example:
        >>> like_regex("a_%"), like_regex("5!%", "!")
        ('(?s)\\\\Aa..*\\\\z', '(?s)\\\\A5%\\\\z')
    """
    made, at = "", 0
    while at < len(pattern):
        sign = pattern[at]
        if escape and sign == escape and at + 1 < len(pattern):
            at += 1
            made += re.escape(pattern[at])
        else:
            made += {"%": ".*", "_": "."}.get(sign) or re.escape(sign)
        at += 1
    return rf"(?s)\A{made}\z"


def _like(
    cell: pl.Expr,
    dtype: pl.DataType,
    patterns: Sequence[str],
    said: Arguments,
    how: Callable[[Iterable[bool]], bool],
    *,
    wanted: bool,
) -> pl.Expr | ByValue:
    if not patterns:
        raise SettingError("At least one like_pattern must be supplied in the like_pattern_list.")
    text, made = text_of(cell, dtype), [like_regex(pattern, said.get("escape")) for pattern in patterns]
    if text is None:
        searches = [re.compile(pattern.replace(r"\z", r"\Z")) for pattern in made]
        return ByValue(lambda value: how(s.search(value) is not None for s in searches) is wanted, as_text=True)
    found = [text.str.contains(pattern) for pattern in made]
    held = found[0] if len(found) == 1 else (pl.any_horizontal(found) if how is any else pl.all_horizontal(found))
    return held if wanted else ~held


@condition("column_value_lengths_to_be_between")
def length_between(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Number of characters within bounds."""
    text = text_of(cell, dtype)
    if text is None:
        low, high = said.get("min_value"), said.get("max_value")
        if low is None and high is None:
            raise SettingError("min_value and max_value cannot both be None")
        return ByValue(lambda value: _length_within(len(value), low, high, said), as_text=True)
    return within(text.str.len_chars(), pl.UInt32(), said)


def _length_within(length: int, low: float | None, high: float | None, said: Arguments) -> bool:
    above = low is None or (length > low if said.get("strict_min") else length >= low)
    return above and (high is None or (length < high if said.get("strict_max") else length <= high))


@condition("column_value_lengths_to_equal")
def length_equal(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Exactly so many characters."""
    text, wanted = text_of(cell, dtype), said["value"]
    if text is None:
        return ByValue(lambda value: len(value) == wanted, as_text=True)
    held: pl.Expr = text.str.len_chars() == wanted
    return held


_STRFTIME = {
    "Y": r"(?P<Y>\d{4})",
    "m": r"(?P<m>1[0-2]|0[1-9]|[1-9])",
    "d": r"(?P<d>3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])",
    "H": r"(?P<H>2[0-3]|[0-1]\d|\d)",
    "M": r"(?P<M>[0-5]\d|\d)",
    "S": r"(?P<S>[0-5]\d|\d)",
    "f": r"(?P<f>[0-9]{1,6})",
}


@condition("column_values_to_match_strftime_format")
def match_strftime(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Parses by a format of Python's strptime, the whole text."""
    wanted = said["strftime_format"]
    if not is_text(dtype):
        raise UnfitError("Values passed to expect_column_values_to_match_strftime_format must be of type string.")
    letters = re.findall(r"%(.)", wanted)
    if any(letter not in _STRFTIME for letter in letters) or len(set(letters)) < len(letters):
        return ByValue(lambda value: _strptime(value, wanted))
    pattern = r"(?i)\A"
    for piece in re.split(r"(%.|\s+)", wanted):
        if piece[:1] == "%":
            pattern += _STRFTIME[piece[1]]
        else:
            pattern += r"\s+" if piece.isspace() and piece else re.escape(piece)
    text = cell.cast(pl.String)
    held = text.str.contains(pattern + r"\z")
    if "d" not in letters or "m" not in letters:
        return held & (text.str.extract(pattern).fill_null("") != "0000") if "Y" in letters else held
    group = text.str.extract_groups(pattern).struct
    year = group.field("Y") if "Y" in letters else pl.lit("1900")
    padded = [group.field(part).str.strip_chars().str.zfill(2) for part in ("m", "d")]
    day = pl.concat_str([year, *padded], separator="-").str.to_date("%Y-%m-%d", strict=False)
    return held & day.is_not_null() & (year != "0000")


def _strptime(value: str, wanted: str) -> bool:
    try:
        datetime.strptime(value, wanted)
    except ValueError:
        return False
    return True


@condition("column_values_to_be_dateutil_parseable")
def dateutil_parseable(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Parses as a date by dateutil."""
    if not is_text(dtype):
        raise UnfitError("Values passed to expect_column_values_to_be_dateutil_parseable must be of type string.")
    return ByValue(_dateutil)


def _dateutil(value: str) -> bool:
    from dateutil.parser import parse

    try:
        parse(value)
    except (ValueError, OverflowError):
        return False
    return True


@condition("column_values_to_be_json_parseable")
def json_parseable(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Parses as JSON."""
    return ByValue(_json) if is_text(dtype) else pl.lit(value=False)


def _json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


@condition("column_values_to_match_json_schema")
def match_json_schema(cell: pl.Expr, dtype: pl.DataType, said: Arguments) -> pl.Expr | ByValue:
    """Is JSON that meets a JSON Schema."""
    import jsonschema

    validator = jsonschema.validators.validator_for(said["json_schema"])(said["json_schema"])
    if not is_text(dtype):
        raise UnfitError("the JSON object must be str")

    def meets(value: str) -> bool:
        try:
            return bool(validator.is_valid(json.loads(value)))
        except ValueError as error:
            raise SettingError(f"'{value[:40]}' is not JSON ({error})") from None

    return ByValue(meets)
