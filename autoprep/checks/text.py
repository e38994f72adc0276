"""Verbs that mend text: space, control characters, entities, encodings, full-width characters, spelling maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from autoprep.checks.base import Repair, verb
from autoprep.parsing import pattern, text


@verb("trim", phase="space", theme="text")
def trim(cell: pl.Expr) -> Repair:
    """Drop space at both ends; a cell of nothing but space becomes empty text.

    Example:
        >>> pl.select(trim(pl.lit("  a b\\t")).value).item()
        'a b'
    """
    return Repair(text.trim(cell))


@verb("squeeze", phase="space", theme="text")
def squeeze(cell: pl.Expr) -> Repair:
    """Make every run of space inside a cell one plain space, and drop space at both ends.

    Example:
        >>> pl.select(squeeze(pl.lit(" a \\u00a0 b ")).value).item()
        'a b'
    """
    return Repair(text.squeeze(cell))


@verb("strip_control", phase="encoding", theme="text")
def strip_control(cell: pl.Expr) -> Repair:
    """Remove characters that cannot be seen: controls, zero-width spaces, direction marks, byte order marks.

    Example:
        >>> pl.select(strip_control(pl.lit("a\\u200bb\\x00")).value).item()
        'ab'
    """
    return Repair(text.strip_control(cell))


@verb("narrow_width", phase="encoding", theme="text")
def narrow_width(cell: pl.Expr) -> Repair:
    """Write full-width letters, digits and signs in their usual width.

    Example:
        >>> pl.select(narrow_width(pl.lit("１２ａ")).value).item()
        '12a'
    """
    return Repair(text.halfwidth(cell))


@verb("straighten_quotes", phase="encoding", theme="text")
def straighten_quotes(cell: pl.Expr) -> Repair:
    """Write typographic quotes and apostrophes as plain ones.

    Example:
        >>> pl.select(straighten_quotes(pl.lit("it’s “so”")).value).item()
        'it\\'s "so"'
    """
    return Repair(cell.str.replace_many(["‘", "’", "‚", "“", "”", "„"], ["'", "'", "'", '"', '"', '"']))


@verb("fix_mojibake", phase="encoding", theme="text")
def fix_mojibake(cell: pl.Expr) -> Repair:
    """Undo UTF-8 text that was read as Windows-1252 ("cafÃ©" was "café").

    Example:
        >>> pl.select(fix_mojibake(pl.lit("cafÃ© â€“ MÃ¼nchen")).value).item()
        'café – München'
    """
    return Repair(text.repair_mojibake(cell))


@verb("unescape_html", phase="encoding", theme="text")
def unescape_html(cell: pl.Expr) -> Repair:
    """Write HTML entities as the characters that they stand for.

    Example:
        >>> pl.select(unescape_html(pl.lit("a &lt;b&gt; &amp; c")).value).item()
        'a <b> & c'
    """
    return Repair(text.unescape_html(cell))


@verb("strip_tags", phase="encoding", theme="text")
def strip_tags(cell: pl.Expr) -> Repair:
    """Remove HTML tags, keeping the text between them.

    Example:
        >>> pl.select(strip_tags(pl.lit("<p>a <b>b</b></p>")).value).item()
        'a b'
    """
    return Repair(text.trim(cell.str.replace_all(text.TAG, "")))


@verb("map_values", phase="value", theme="category")
def map_values(cell: pl.Expr, *, mapping: Mapping[str, str | None]) -> Repair:
    """Replace whole values by others; values that the mapping does not name stay.

    Example:
        >>> frame = pl.DataFrame({"a": ["NYC", "Rome"]})
        >>> frame.select(map_values(pl.col("a"), mapping={"NYC": "New York"}).value).to_series().to_list()
        ['New York', 'Rome']
    """
    if not mapping:
        return Repair(cell)
    return Repair(cell.replace(list(mapping), list(mapping.values())))


@verb("merge_variants", phase="value", theme="category", learnt=True)
def merge_variants(cell: pl.Expr, *, mapping: Mapping[str, str | None]) -> Repair:
    """Write variants of one category (case, space, accents, punctuation) the way most cells write it."""
    return map_values(cell, mapping=mapping)


@verb("fix_typos", phase="value", theme="category", learnt=True)
def fix_typos(cell: pl.Expr, *, mapping: Mapping[str, str | None]) -> Repair:
    """Write rare misspellings as the frequent value that they are one or two key strokes away from."""
    return map_values(cell, mapping=mapping)


@verb("mend_shape", phase="value", theme="text", learnt=True)
def mend_shape(cell: pl.Expr, *, mapping: Mapping[str, str | None]) -> Repair:
    """Write codes with a lost separator, the other letter case or a lookalike in the shape of the column's codes."""
    return map_values(cell, mapping=mapping)


@verb("drop_strays", phase="value", theme="text", learnt=True)
def drop_strays(cell: pl.Expr, *, mapping: Mapping[str, str | None]) -> Repair:
    """Write cells without the one character that slipped into them."""
    return map_values(cell, mapping=mapping)


@verb("turn_round", phase="value", theme="text", learnt=True)
def turn_round(cell: pl.Expr, *, mapping: Mapping[str, str | None]) -> Repair:
    """Write cells that stand backwards the right way round."""
    return map_values(cell, mapping=mapping)


@verb("lookup", phase="value", theme="table", columns=("by",), learnt=True)
def lookup(cell: pl.Expr, *, by: pl.Expr, mapping: Mapping[str, str | None]) -> Repair:
    """Write what the other rows with the same key in column ``by`` agree on.

    Example:
        >>> frame = pl.DataFrame({"zip": ["1", "1", "2"], "city": ["Rome", "Rxme", "Oslo"]})
        >>> frame.select(lookup(pl.col("city"), by=pl.col("zip"), mapping={"1": "Rome"}).value).to_series().to_list()
        ['Rome', 'Rome', 'Oslo']
    """
    if not mapping:
        return Repair(cell)
    said = by.replace_strict(list(mapping), list(mapping.values()), default=None, return_dtype=pl.String)
    return Repair(pl.coalesce(said, cell))


@verb("vote_sources", phase="value", theme="table", columns=("by",), learnt=True)
def vote_sources(cell: pl.Expr, *, by: pl.Expr, mapping: Mapping[str, str | None]) -> Repair:
    """Write what the reliable ones among several sources say of a thing (the planner writes it as ``lookup``)."""
    return lookup(cell, by=by, mapping=mapping)


@verb("case", phase="value", theme="text")
def case(cell: pl.Expr, *, to: str = "lower") -> Repair:
    """Write text in one case: "lower", "upper" or "title".

    Example:
        >>> pl.select(case(pl.lit("aB"), to="upper").value).item()
        'AB'
    """
    made = {"lower": cell.str.to_lowercase, "upper": cell.str.to_uppercase, "title": cell.str.to_titlecase}
    return Repair(made[to]())


@verb("take_part", phase="split", theme="text")
def take_part(cell: pl.Expr, *, pattern: str) -> Repair:
    """Keep what the first group of a regular expression matches; cells without a match stay.

    Example:
        >>> pl.select(take_part(pl.lit("id: 17"), pattern="(\\\\d+)").value).item()
        '17'
    """
    return Repair(pl.coalesce(cell.str.extract(pattern, 1), cell))


@verb("split_packed", phase="typing", theme="text")
def split_packed(cell: pl.Expr, *, separator: str, names: Sequence[str]) -> Repair:
    """Add one column per part of a packed cell ("Boston, MA"); the packed column stays as it was.

    A separator that opens a parenthesis takes the closing one with it: "Bath (Somerset)" gives "Bath" and "Somerset".

    Example:
        >>> repair = split_packed(pl.lit("Boston, MA"), separator=",", names=["city", "state"])
        >>> [pl.select(part).item() for part in repair.extra.values()]
        ['Boston', 'MA']
    """
    parts = cell.str.splitn(separator, len(names))
    close = ")" if "(" in separator else ""
    added = {
        f"__{name}": parts.struct.field(f"field_{i}")
        .str.strip_suffix(close if i else "")
        .str.strip_chars()
        .replace("", None)
        for i, name in enumerate(names)
    }
    return Repair(cell, dtype="same", extra=added)


@verb("pad_code", phase="value", theme="text", typed=True)
def pad_code(cell: pl.Expr, *, width: int) -> Repair:
    """Write codes of digits with the zeros in front that they lost as numbers ("2134" of five digits is "02134").

    Cells that are no digits, or as long already, stay; a ".0" that a table with gaps left behind goes.

    Example:
        >>> frame = pl.DataFrame({"zip": ["2134", "501.0", "90210-1234", None]})
        >>> frame.select(pad_code(pl.col("zip"), width=5).value).to_series().to_list()
        ['02134', '00501', '90210-1234', None]
    """
    spelled = cell.cast(pl.String)
    digits = spelled.str.strip_chars().str.extract(r"^(\d+)(?:\.0+)?$", 1)
    return Repair(pl.coalesce(digits.str.zfill(width), spelled), dtype="text")


@verb("take_year", phase="split", theme="text")
def take_year(cell: pl.Expr) -> Repair:
    """Add the year in parentheses at the end of a cell, the last of several, and the words before it.

    "Heat (1995)" gives 1995 and "Heat"; "Lost (2004-2010)" 2004, 2010 and "Lost". The cell stays as it was.

    Example:
        >>> repair = take_year(pl.lit("Lost (2004-10)"))
        >>> [pl.select(part).item() for part in repair.extra.values()]
        [2004.0, 2010.0, 'Lost']
    """
    title = cell.str.strip_chars()
    first = title.str.extract(pattern.YEAR_INSIDE, 1)
    last = title.str.extract(pattern.YEAR_INSIDE, 2)
    last = pl.when(last.str.len_chars() == 2).then(first.str.slice(0, 2) + last).otherwise(last)
    words = title.str.replace(r"\s*\([^()]*\)$", "")
    added = {
        "__first_year": first.cast(pl.Float64),
        "__last_year": last.cast(pl.Float64),
        "__words": pl.when(first.is_not_null()).then(words).otherwise(title),
    }
    return Repair(cell, dtype="same", extra=added)


@verb("drop_tail", phase="split", theme="text", columns=("by",), learnt=True)
def drop_tail(cell: pl.Expr, *, by: pl.Expr, words: Sequence[str], pattern: str) -> Repair:
    """Drop the tail of a cell that repeats what stands in the column ``by`` ("Bend OR" beside "OR" is "Bend").

    Example:
        >>> frame = pl.DataFrame({"city": ["Bend OR", "Bend"], "state": ["OR", "OR"]})
        >>> made = drop_tail(pl.col("city"), by=pl.col("state"), words=["OR"], pattern="^(.+?) (OR)$")
        >>> frame.select(made.value).to_series().to_list()
        ['Bend', 'Bend']
    """
    tail = cell.str.extract(pattern, 2)
    spilt = ((tail == by) & tail.is_in(list(words))).fill_null(False)
    return Repair(pl.when(spilt).then(cell.str.extract(pattern, 1)).otherwise(cell))


@verb("move_spill", phase="split", theme="text", learnt=True)
def move_spill(cell: pl.Expr) -> Repair:
    """Move values that spilt into a neighbour back (the planner writes it as ``take_spill`` and ``drop_tail``)."""
    return Repair(cell, dtype="same")


@verb("take_spill", phase="split", theme="text", columns=("neighbour",), learnt=True)
def take_spill(cell: pl.Expr, *, neighbour: pl.Expr, values: Sequence[str], pattern: str) -> Repair:
    """Fill an empty cell with the tail that spilt into its neighbour."""
    tail = neighbour.str.extract(pattern, 2)
    spilt = (cell.is_null() | (cell.str.strip_chars() == "")) & tail.is_in(list(values))
    return Repair(pl.when(spilt).then(tail).otherwise(cell))


def look_up(key: pl.Expr, mapping: Mapping[str, str]) -> pl.Expr:
    """What a mapping says for a key; null where it says nothing."""
    return key.replace_strict(list(mapping), list(mapping.values()), default=None, return_dtype=pl.String)


@verb("vote", phase="value", theme="table", columns=("by", "witnesses"), learnt=True)
def vote(
    cell: pl.Expr,
    *,
    by: Sequence[pl.Expr],
    mappings: Sequence[Mapping[str, str] | None],
    weights: Sequence[float],
    margin: float,
    suspects: Sequence[str] = (),
    suspect_margin: float = 0.0,
    strangers: Sequence[str] = (),
    stranger_margin: float = 0.0,
    witnesses: Sequence[pl.Expr] = (),
    testimonies: Sequence[Mapping[str, str]] = (),
    witness_weights: Sequence[float] = (),
    fill: bool = False,
    fill_margin: float = 0.0,
    spared: Sequence[str] = (),
    ballot: Sequence[pl.Expr] = (),
) -> Repair:
    """Write what the rows with the same keys agree on, when the keys together outweigh what stands there.

    Each column of ``by`` says, by its mapping from key to value (None: it is that value already), what should stand
    here, with its weight; each of ``witnesses`` adds its weight to the values whose testimony is what it holds. What
    stands here is overruled when it, and every other candidate, is outweighed by ``margin``; a suspect or strange value
    needs less, and a ``spared`` one is never overruled. Nulls stay unless ``fill``, and then need ``fill_margin`` and
    are marked in ``<name>__missing``.
    ``ballot`` holds the scores of the candidates and of the cell where they were counted beforehand.

    Example:
        >>> frame = pl.DataFrame({"zip": ["1", "1"], "city": ["Rome", "Rxme"]})
        >>> made = vote(pl.col("city"), by=[pl.col("zip")], mappings=[{"1": "Rome"}], weights=[3.0], margin=2.0)
        >>> frame.select(made.value).to_series().to_list()
        ['Rome', 'Rome']
    """
    if not mappings:
        return Repair(cell)
    said = [look_up(key, mapping) if mapping is not None else key for key, mapping in zip(by, mappings, strict=True)]
    seen = list(zip(witnesses, testimonies, witness_weights, strict=True))
    *scores, own = ballot or count_votes(cell, said, weights, seen)
    top = pl.max_horizontal(scores)
    best = pl.coalesce([pl.when(score == top).then(other) for other, score in zip(said, scores, strict=True)])
    rivals = [pl.when(other != best).then(score) for other, score in zip(said, scores, strict=True)]
    lead = top - pl.max_horizontal(own, *rivals)
    needed = (
        pl.when(cell.is_null())
        .then(fill_margin if fill else float("inf"))
        .when(cell.is_in(sorted(suspects)))
        .then(suspect_margin)
        .when(cell.is_in(sorted(strangers)))
        .then(stranger_margin)
        .otherwise(margin)
    )
    if spared:
        needed = pl.when(cell.is_in(sorted(spared)).fill_null(False)).then(float("inf")).otherwise(needed)
    value = pl.when(((lead >= needed) & best.is_not_null()).fill_null(False)).then(best).otherwise(cell)
    return Repair(value, extra={"__missing": cell.is_null()} if fill else {})


def count_votes(
    cell: pl.Expr,
    said: Sequence[pl.Expr],
    weights: Sequence[float],
    seen: Sequence[tuple[pl.Expr, Mapping[str, str], float]],
) -> list[pl.Expr]:
    """Scores (Float64) of what each key says, null where it says nothing, and last that of the cell as it stands.

    Args:
        cell: String. said: what each key says. weights: of the keys.
        seen: witnesses as (column, value -> what the witness should hold, weight).
    """

    def score(value: pl.Expr) -> pl.Expr:
        votes = [
            pl.when(other == value).then(weight).otherwise(0.0) for other, weight in zip(said, weights, strict=True)
        ]
        votes += [pl.when(look_up(value, says) == own).then(weight).otherwise(0.0) for own, says, weight in seen]
        return pl.sum_horizontal(votes)

    return [*(pl.when(other.is_not_null()).then(score(other)) for other in said), score(cell)]
