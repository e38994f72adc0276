"""How a column writes its values: learnt once, kept where it is uniform, evened out where it is mixed.

Reading "97%" as the number 97 is right for a model and wrong for a person who asked for the same table without its
errors. With ``notation="own"`` a plan still reads every cell, so that repairs see numbers, days and truth values, but
what is written is the text: an unchanged cell as it came, byte for byte; a repaired one in the column's own writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning.forms import best_form, text_of
from autoprep.parsing import date
from autoprep.types import Action

Notation = Literal["typed", "own"]
NOTATIONS: tuple[Notation, ...] = ("typed", "own")
#: One way of writing is the column's own when it covers this share of the cells that could be read.
OWN_SHARE = 2 / 3
#: One word for nothing is the column's own when it covers this share of the words for nothing, and this share of all
#: cells that hold nothing.
NOTHING_SHARE, WORD_SHARE = 2 / 3, 0.2
#: A way of writing values is trusted when it gives back this share of the cells of the column's own notation.
TRUSTED = 0.5
#: A lossless mending of text that would change this share of the cells mends nothing: the column is written that way.
UNIFORM = 0.95
_HEAD, _TAIL = r"^([^\d.,+\-−(]*)", r"([^\d)]*)$"
_CLOCKS = tuple(
    f"%{hour}{rest}"
    for hour in ("H", "-H", "I", "-I")
    for rest in (":%M", ":%M:%S", ":%M %p", ":%M%p", ":%M %P", ":%M%P", ":%M .", ":%M.")
)
MIXED: dict[str, Any] = {"kind": "mixed"}
_WRITTEN = ("trim", "squeeze", "straighten_quotes", "narrow_width", "unescape_html", "case")


def learn(action: Action, before: pl.Series, after: pl.Series) -> dict[str, Any]:
    """How the cells that an action read are written; {} where the action says nothing about that.

    Args:
        action: a step that reads or tidies a column.
        before: its cells before the step, String.
        after: the same cells after it.

    Returns:
        ``kind`` ("number", "boolean", "moment", "kept", "mixed") and the constants that write a value that way.

    Example:
        >>> step = Action("p:x", "number.percent", ("x",), "parse_percent")
        >>> learn(step, pl.Series(["97%", "5%", "5"] * 4), pl.Series([97.0, 5.0, 5.0] * 4))["after"]
        '%'
    """
    if before.dtype != pl.String() or action.verb not in VERBS:
        return {}
    if VERBS[action.verb].phase != "typing":
        return _tidied(action, before, after)
    cells = pl.DataFrame({"text": before, "value": after}).drop_nulls()
    counted = cells.group_by("text", "value").len("n").sort("n", "text", descending=[True, False])
    if counted.is_empty():
        return {"kind": "kept"}
    if after.dtype == pl.Boolean():
        return _boolean(counted)
    if after.dtype.is_numeric():
        given = action.parameters
        if given.get("to") or float(given.get("scale") or 1.0) != 1.0:
            return dict(MIXED)
        return _number(counted, str(given.get("decimal") or "."), str(given.get("thousands") or ""))
    if after.dtype == pl.Time() or after.dtype == pl.Date() or isinstance(after.dtype, pl.Datetime):
        return _moment(counted, list(action.parameters.get("formats") or ()))
    return {"kind": "kept"}


def keep_words(said: Mapping[str, Any], words: Sequence[str], before: pl.Series) -> list[str]:
    """The word for nothing that a column may keep; [] where nothing must be null.

    A column of bare numbers, days or moments has no place for a word; a column of text, or of numbers with a sign or a
    unit, keeps the one word that it uses for nothing.

    Args:
        said: the notation of the step that reads the column, {} when none does.
        words: words that mean nothing. before: the cells, String.

    Example:
        >>> keep_words({}, ["n/a", "empty"], pl.Series(["empty", "a st", "empty"])), keep_words(
        ...     {"kind": "number", "before": "", "after": ""}, ["n/a"], pl.Series(["n/a", "7"])
        ... )
        (['empty'], [])
    """
    kind = said.get("kind")
    if kind in ("mixed", "moment") or (kind == "number" and not said["before"] and not said["after"]):
        return []
    folded = sorted({word.strip().lower() for word in words})
    found = before.filter(before.str.strip_chars().str.to_lowercase().is_in(folded).fill_null(False))
    counts = found.alias("v").value_counts(sort=True).rows()
    if not counts or not counts[0][0].strip():
        return []
    # empty cells are no other word: they only tell whether the word is the column's own
    often = counts[0][1] >= WORD_SHARE * (found.len() + before.null_count())
    if not often or counts[0][1] < NOTHING_SHARE * found.len():
        return []
    return [str(counts[0][0])]


def of(action: Action) -> Mapping[str, Any]:
    """What a plan says of the notation that a step reads; {} when it says nothing."""
    return dict(action.evidence.get("notation") or {})


def shown(
    action: Action,
    said: Mapping[str, Any],
    text: pl.Expr,
    views: tuple[pl.Expr, pl.DataType, pl.Expr, pl.DataType],
) -> pl.Expr:
    """What is written for the cells after a step (String).

    Args:
        action: the step.
        said: the notation of the column, {} when it is not known.
        text: what was written before the step.
        views: the cells as the steps see them before it, their type, and after it, their type.
    """
    before, dtype_before, after, dtype_after = views
    phase = VERBS[action.verb].phase if action.verb in VERBS else "value"
    if phase == "missing" and said.get("kind") == "kept":
        words = list(said.get("words") or ())
        gone = after.is_null() & before.is_not_null() & ~text.is_in(words)
        return pl.when(gone).then(None).otherwise(text)
    if phase in ("space", "encoding", "value") and said.get("kind") == "kept":
        return text
    if phase == "typing" and dtype_before == pl.String() and dtype_after != pl.String():
        if said.get("kind") == "mixed":
            plain = text_of(_rounded(after, dtype_after), dtype_after)
            return pl.when(after.is_not_null()).then(plain).when(before.is_not_null()).then(text).otherwise(None)
        odd = _odd(said, text, after, dtype_after)
        written = write(after, dtype_after, said)
        return (
            text
            if odd is None
            else pl.when((odd & written.is_not_null()).fill_null(False)).then(written).otherwise(text)
        )
    if phase == "scale" and dtype_after.is_temporal():
        return text
    if dtype_before != dtype_after:
        return pl.when(after.is_not_null()).then(text_of(after, dtype_after)).otherwise(text)
    return pl.when(after.ne_missing(before)).then(write(after, dtype_after, said)).otherwise(text)


def write(cell: pl.Expr, dtype: pl.DataType, said: Mapping[str, Any]) -> pl.Expr:
    """A value in a column's own writing.

    Example:
        >>> own = {"kind": "number", "before": "$", "after": "", "form": "fixed2", "thousands": ",", "renders": True}
        >>> pl.select(write(pl.lit(-1234.5), pl.Float64(), own)).item()
        '-$1,234.50'
    """
    kind = said.get("kind") if said.get("renders") else ""
    if kind == "boolean" and dtype == pl.Boolean():
        return pl.when(cell).then(pl.lit(said["true"])).when(~cell).then(pl.lit(said["false"]))
    if kind == "moment" and dtype.is_temporal():
        clock, tail = str(said["write"]), ""
        if clock.endswith("."):
            clock, tail = clock[:-1] + "%P", "."
        made = cell.dt.strftime(clock)
        return made.str.replace(r"([ap])m$", "${1}.m.") if tail else made
    if kind == "number" and dtype.is_numeric():
        core = text_of(_rounded(cell, dtype).abs(), dtype, str(said.get("form") or "plain"))
        whole, rest = core.str.extract(r"^(\d+)", 1), core.str.extract(r"^\d+(.*)$", 1)
        if sign := str(said.get("thousands") or ""):
            grouped = whole.str.reverse().str.replace_all(r"(\d{3})", f"${{1}}{sign}").str.strip_suffix(sign)
            whole = grouped.str.reverse()
        if said.get("decimal", ".") != ".":
            rest = rest.str.replace(".", str(said["decimal"]), literal=True)
        minus = pl.when(cell < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        return pl.concat_str([minus, pl.lit(str(said["before"])), whole, rest, pl.lit(str(said["after"]))])
    return text_of(_rounded(cell, dtype), dtype)


def _tidied(action: Action, before: pl.Series, after: pl.Series) -> dict[str, Any]:
    if action.verb not in _WRITTEN or after.dtype != pl.String():
        return {}
    filled = before.len() - before.null_count()
    changed = int(before.ne_missing(after).sum())
    return {"kind": "kept"} if filled and changed >= UNIFORM * filled else {}


def _rounded(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Numbers without the noise of binary arithmetic: 0.055999999999999994 is 0.056."""
    if not dtype.is_float():
        return cell
    long = cell.cast(pl.String).str.contains(r"\.\d*(0{6}|9{6})\d{1,4}$") & (cell.cast(pl.String).str.len_chars() > 16)
    return pl.when(long).then(cell.round_sig_figs(12)).otherwise(cell)


def _affixes(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    bare = text.str.strip_chars()
    return bare.str.extract(_HEAD, 1).fill_null(""), bare.str.extract(_TAIL, 1).fill_null("")


def _odd(said: Mapping[str, Any], text: pl.Expr, value: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Cells that were read but are not written as the column writes; None when none can be told."""
    kind = said.get("kind")
    if not said.get("renders"):
        return None
    if kind == "number":
        head, tail = _affixes(text)
        own: pl.Expr = (head == pl.lit(said["before"])) & (tail == pl.lit(said["after"]))
        return value.is_not_null() & ~own
    if kind == "boolean":
        return value.is_not_null() & ~text.is_in([said["true"], said["false"]])
    if kind == "moment":
        if said.get("format"):
            return value.is_not_null() & ~date.matches(text, str(said["format"])).fill_null(False)
        return value.is_not_null() & (write(value, dtype, said) != text)
    return None


def _number(counted: pl.DataFrame, decimal: str, thousands: str) -> dict[str, Any]:
    head, tail = _affixes(pl.col("text"))
    cells = counted.with_columns(head.alias("head"), tail.alias("tail"))
    ways = (
        cells.group_by("head", "tail").agg(pl.col("n").sum()).sort("n", "head", "tail", descending=[True, False, False])
    )
    first, last, most = ways.row(0)
    if most < OWN_SHARE * int(ways["n"].sum()):
        return dict(MIXED)
    own = cells.filter((pl.col("head") == first) & (pl.col("tail") == last))
    core = own["text"].str.strip_chars().str.strip_prefix(first).str.strip_suffix(last)
    if thousands:
        core = core.str.replace_all(thousands, "", literal=True)
    if decimal != ".":
        core = core.str.replace(decimal, ".", literal=True)
    large = own.filter(pl.col("value").abs() >= 1000)["text"]
    grouped = bool(thousands) and 2 * int(large.str.contains(thousands, literal=True).sum()) > large.len()
    said: dict[str, Any] = {"kind": "number", "before": first, "after": last, "form": best_form(core, own["value"])}
    said |= {"thousands": thousands if grouped else "", "decimal": decimal, "renders": True}
    return _checked(said, own)


def _boolean(counted: pl.DataFrame) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "boolean", "renders": True}
    for word, value in (("true", True), ("false", False)):
        cells = counted.filter(pl.col("value") == value)
        if cells.is_empty() or cells["n"][0] < OWN_SHARE * int(cells["n"].sum()):
            return dict(MIXED) if cells.height else {"kind": "kept"}
        said[word] = str(cells["text"][0])
    return said


def _moment(counted: pl.DataFrame, formats: list[str]) -> dict[str, Any]:
    total = int(counted["n"].sum())
    if not formats:
        if counted.schema["value"] != pl.Time():
            return {"kind": "kept"}
        return _best_write(counted, _CLOCKS, {"kind": "moment"}, OWN_SHARE)
    hits = counted.select(
        (date.matches(pl.col("text"), fmt).fill_null(False) * pl.col("n")).sum().alias(str(i))
        for i, fmt in enumerate(formats)
    ).row(0)
    best = max(range(len(formats)), key=lambda i: (hits[i], -i))
    if hits[best] < OWN_SHARE * total:
        return dict(MIXED)
    fmt = formats[best]
    if "%z" in fmt or "%a" in fmt:
        return {"kind": "kept"}  # an offset or the name of a day cannot be written back from the moment alone
    own = counted.filter(date.matches(pl.col("text"), fmt).fill_null(False))
    bare = fmt.replace("%d", "%-d").replace("%m", "%-m")
    ways = tuple(dict.fromkeys((fmt, bare, fmt.replace("%b", "%B"), bare.replace("%b", "%B"))))
    said = _best_write(own, ways, {"kind": "moment", "format": fmt}, TRUSTED)
    return {"kind": "kept"} if said["kind"] == "mixed" else said


def _best_write(own: pl.DataFrame, ways: Sequence[str], said: dict[str, Any], least: float) -> dict[str, Any]:
    total = int(own["n"].sum())
    found: tuple[int, str] = (0, "")
    for way in ways:
        if own.schema["value"] == pl.Date() and any(code in way for code in ("%H", "%I")):
            continue
        trial = {**said, "write": way, "renders": True}
        written = own.select((write(pl.col("value"), own.schema["value"], trial) == pl.col("text")) * pl.col("n")).sum()
        if (hits := int(written.item() or 0)) > found[0]:
            found = (hits, way)
    if found[0] < least * total:
        return dict(MIXED)
    return {**said, "write": found[1], "renders": True}


def _checked(said: dict[str, Any], own: pl.DataFrame) -> dict[str, Any]:
    """The notation, marked as not able to write values when it does not give back most cells that it should."""
    back = own.select(
        ((write(pl.col("value"), own.schema["value"], said) == pl.col("text")) * pl.col("n")).sum()
    ).item()
    return said | {"renders": int(back or 0) >= TRUSTED * int(own["n"].sum())}
