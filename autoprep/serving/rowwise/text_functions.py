"""The functions of text that expressions call, each as Polars means it, for the values of one row."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep.serving.rowwise import moments, patterns, texts
from autoprep.serving.rowwise.made import Made, Row, one
from autoprep.serving.rowwise.texts import Declined, checked

if TYPE_CHECKING:
    from autoprep.serving.rowwise.expression import Code

_COUNTS = pl.UInt32()


def text(held: Any, inputs: Sequence[Code]) -> Made:
    """A function of text for a row.

    Raises:
        Declined: it is not known here, or not with these parameters.
    """
    first = inputs[0]
    if any(i.dtype not in (pl.String(), pl.Null()) for i in (first,)):
        raise Declined(f"text functions of {first.dtype}")
    if isinstance(held, dict):
        return _text_with(held, inputs)
    said = [i.value for i in inputs[1:]]
    if not all(i.constant for i in inputs[1:]):
        raise Declined("a parameter that is a column")
    with_chars: dict[str, Callable[[str, Any], str]] = {
        "StripChars": lambda v, c: v.strip(c),
        "StripCharsStart": lambda v, c: v.lstrip(c),
        "StripCharsEnd": lambda v, c: v.rstrip(c),
    }
    if held in with_chars:
        strip, chars = with_chars[held], said[0]
        return one(lambda v: strip(v, chars), first, pl.String(), True)
    match held:
        case "Lowercase":
            return one(str.lower, first, pl.String(), True)
        case "Uppercase":
            return one(_upper, first, pl.String(), True)
        case "StripPrefix":
            return one(lambda v: v.removeprefix(said[0]), first, pl.String())
        case "StripSuffix":
            return one(lambda v: v.removesuffix(said[0]), first, pl.String())
        case "StartsWith":
            return one(lambda v: v.startswith(said[0]), first, pl.Boolean())
        case "EndsWith":
            return one(lambda v: v.endswith(said[0]), first, pl.Boolean())
        case "ZFill":
            return one(lambda v: _zero_filled(v, said[0]), first, pl.String())
        case "LenChars":
            return one(len, first, _COUNTS)
        case "Slice" if said[0] >= 0:
            end = None if len(said) < 2 or said[1] is None else said[0] + said[1]
            return one(lambda v: v[said[0] : end], first, pl.String())
        case "Head" if said[0] >= 0:
            return one(lambda v: v[: said[0]], first, pl.String())
        case "Tail" if said[0] > 0:
            return one(lambda v: v[-said[0] :], first, pl.String())
    raise Declined(f"the text function {held}")


def _upper(value: str) -> str:
    if "ß" in value:
        raise Declined("a letter without a capital")
    return value.upper()


def _zero_filled(value: str, width: int) -> str:
    if value.isascii() and value.isdigit():
        return value.zfill(width)
    raise Declined("zeros before what is no number")


def _text_with(held: dict[str, Any], inputs: Sequence[Code]) -> Made:
    ((name, said),) = held.items()
    first, words = inputs[0], pl.String()
    if name == "ConcatHorizontal":
        return _joined(said, inputs)
    if not all(i.constant for i in inputs[1:]):
        raise Declined("a parameter that is a column")
    pattern: Any = inputs[1].value if len(inputs) > 1 else None
    match name:
        case "Contains":
            if said["literal"]:
                return one(lambda v: pattern in v, first, pl.Boolean())
            search = patterns.translate(pattern)
            return one(lambda v: search(v) is not None, first, pl.Boolean(), True)
        case "Extract":
            return one(_group(patterns.translate(pattern), said), first, words, True)
        case "ExtractGroups":
            return one(_groups(said), first, pl.Struct([]), True)
        case "Replace":
            replacement = inputs[2].value
            if said["literal"]:
                return one(lambda v: v.replace(pattern, replacement, said["n"]), first, words)
            return one(patterns.replacer(pattern, replacement, said["n"]), first, words, True)
        case "ReplaceMany" if not said["ascii_case_insensitive"]:
            new = inputs[2].value
            made = texts.many(pattern, new, said["leftmost"])
            strange = not _usual().issuperset("".join(new))
            return one((lambda v: checked(made(v))) if strange else made, first, words, True)
        case "CountMatches":
            if said:
                return one(lambda v: v.count(pattern), first, _COUNTS)
            find = patterns.finder(pattern)
            return one(lambda v: len(find(v)), first, _COUNTS)
        case "SplitN":
            return one(lambda v: texts.split_n(v, pattern, said), first, pl.Struct([]), True)
        case "PadEnd":
            return one(lambda v: v.ljust(pattern, said["fill_char"]), first, words)
        case "Normalize":
            form = said["form"]
            return one(lambda v: v if v.isascii() else checked(unicodedata.normalize(form, v)), first, words, True)
        case "Strptime":
            dtype, options = said
            if options["strict"] or not options["exact"]:
                raise Declined("a date of another form")
            if dtype == {"Literal": {"Datetime": ["Microseconds", None]}}:
                if "%.f" in options["format"]:
                    return one(_unread, first, pl.Datetime("us"), True)
                return one(moments.reader(options["format"], True), first, pl.Datetime("us"), True)
            if dtype != {"Literal": "Date"}:
                raise Declined("a date of another form")
            if options["format"] != "%Y-%m-%d":
                return one(moments.reader(options["format"], False), first, pl.Date(), True)
            return one(_day, first, pl.Date(), True)
    raise Declined(f"the text function {name}")


def _unread(text: str) -> None:
    raise Declined("a moment with parts of seconds")


_short_day = moments.reader("%Y-%m-%d", False)


def _day(text: str) -> int | None:
    return moments.read_day(text) if len(text) == 10 else _short_day(text)


@cache
def _usual() -> frozenset[str]:
    return frozenset(texts.domain())


def _joined(said: dict[str, Any], inputs: Sequence[Code]) -> Made:
    if any(i.dtype not in (pl.String(), pl.Null()) for i in inputs):
        raise Declined("numbers joined as text")
    delimiter, ignore, parts = said["delimiter"], said["ignore_nulls"], [i.evaluate for i in inputs]

    def evaluate(row: Row) -> Any:
        values = [part(row) for part in parts]
        if None in values:
            if not ignore:
                return None
            values = [v for v in values if v is not None]
        return delimiter.join(values)

    return evaluate, pl.String(), False


def _group(search: Callable[[str], Any], number: int) -> Callable[[str], Any]:
    def extract(value: str) -> Any:
        found = search(value)
        return None if found is None else found.group(number)

    return extract


def _groups(said: dict[str, Any]) -> Callable[[str], Any]:
    search = patterns.translate(said["pat"])
    names = [field["name"] for field in said["dtype"]["Struct"]]
    empty = dict.fromkeys(names)

    def extract(value: str) -> Any:
        found = search(value)
        return empty if found is None else dict(zip(names, found.groups(), strict=True))

    return extract
