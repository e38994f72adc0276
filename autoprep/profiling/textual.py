"""Columns of text: from their distinct cells to words, numbers, moments and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import plural
from autoprep.parsing import date, null, number, text
from autoprep.parsing import range as ranges
from autoprep.profiling import codes, names, numeric, semantics, variants
from autoprep.profiling.columns import Column, mark_code, moments, parsed
from autoprep.profiling.hurry import Hurry

_NUMERIC = ("integer", "number", "amount", "percent", "quantity", "range", "latitude", "longitude")
#: Share of a profile's time after which spellings are no longer compared.
SPELLINGS_END = 0.6
_VARIED = ("category", "ordinal", "country", "boolean", "text", "code", "constant", "packed")


@dataclass
class TextCells:
    """One text column on its way to its figures.

    Attributes:
        column: to fill.
        cells: ``v``, ``t`` (trimmed) and ``c`` of its distinct cells that hold something (of a sample where ``whole``
            is given), and ``x``, what they mean, once that is known.
        e: evidence, with ``distinct``, ``top`` and ``exact``.
        filled: cells of the column that are not null.
        whole: the full column, when ``cells`` is a sample.
    """

    column: Column
    cells: pl.DataFrame
    e: Mapping[str, Any]
    filled: int
    whole: pl.Series | None

    @property
    def reading(self) -> tuple[Any, ...] | None:
        """How its cells become numbers or moments, where that takes more than ``float``; what is alike reads alike."""
        row, semantic = self.column.row, self.column.row["semantic"]
        if self.whole is not None:
            return None
        if semantic in ("date", "datetime"):
            return semantic, tuple(row["date_formats"]), date.pivot(row)
        if semantic in _NUMERIC and not self.plain:
            return semantic, self.number_format
        return None

    @property
    def number_format(self) -> number.NumberFormat:
        """How its numbers are written."""
        return number.NumberFormat(**self.column.details["number_format"])

    @property
    def plain(self) -> bool:
        """Whether ``float`` reads all its cells."""
        return self.e["plain"] == self.e["content"] and self.number_format.decimal == "." and self.cells.height < 5000


def text_column(
    column: Column,
    cells: pl.DataFrame,
    e: Mapping[str, Any],
    rows: int,
    nulls: int,
    hints: Mapping[str, str],
    whole: pl.Series | None,
) -> TextCells:
    """Tell what a text column holds, in place; ``text_figures`` and ``spellings`` do the rest.

    Args:
        column: to fill.
        cells: ``v``, ``t`` (trimmed), ``c`` and ``word`` (blank or a null word) of its distinct cells.
        e: evidence, with ``distinct``, ``top`` and ``exact``.
        rows: rows of the table.
        nulls: null cells.
        hints: what neighbours prove.
        whole: the full column, when ``cells`` is a sample.
    """
    column.row, column.details = semantics.describe_text(column.name, e, rows, nulls, hints)
    column.row["sampled"] = whole is not None
    words = float(e["blank"]) + float(e["null_word"])
    content = cells.filter(~pl.col("word")) if words or whole is not None else cells
    return TextCells(column, content, e, rows - nulls, whole)


def text_figures(texts: Sequence[TextCells]) -> None:
    """Numbers, moments, junk and codes of text columns, in place; columns that read alike are parsed at once."""
    alike: dict[tuple[Any, ...], list[TextCells]] = {}
    for one in texts:
        if (reading := one.reading) is not None:
            alike.setdefault(reading, []).append(one)
    for reading, ones in alike.items():
        if len(reading) == 3:
            kind, formats, pivot = reading
            value = date.parse(pl.col("v"), list(formats), dtype=kind, pivot=pivot)
        else:
            value = parsed(*reading)
        parts = [one.cells for one in ones]
        both = (pl.concat(parts) if len(parts) > 1 else parts[0]).with_columns(value.alias("x"))
        at = 0
        for one in ones:
            one.cells, at = both.slice(at, one.cells.height), at + one.cells.height
    for one in texts:
        column, semantic = one.column, one.column.row["semantic"]
        if semantic in _NUMERIC:
            _text_numbers(one)
        elif semantic in ("date", "datetime"):
            _text_dates(one)
        if semantic in ("category", "ordinal", "text", "country", "code", "identifier"):
            _coded_missing(column, one.e, one.filled)
        if semantic in ("integer", "number", "postal_code", "code", "identifier"):
            mark_code(column, codes.cut(column.name, one.cells))
        if semantic == "ordinal":
            scale = names.scale_of([w for w in one.e["top"] if w.strip()])
            column.details["order"] = list(scale or ())


def spellings(texts: Sequence[TextCells], hurry: Hurry | None = None) -> None:
    """How the words of text columns vary, in place; those of many columns are folded at once.

    In a hurry the columns of the fewest values come first, and the others are left out once most of the time has gone.
    """
    varied = []
    for one in texts:
        column, content, row = one.column, one.cells, one.column.row
        if row["semantic"] in _VARIED and 2 <= row["distinct"] <= 20_000 and not row["sampled"] and row["content"]:
            values = _trimmed(content)
            if len(values) >= 2:
                wordy = {v: c for v, c in values.items() if not v.replace(".", "").replace("-", "").isdigit()}
                varied.append((column, wordy))
    if hurry is None:
        for (column, values), folded in zip(varied, variants.fold([values for _, values in varied]), strict=True):
            _variants(column, values, folded)
        return
    varied.sort(key=lambda one: len(one[1]))
    for i, (column, values) in enumerate(varied):
        if hurry.late(SPELLINGS_END):
            hurry.left_out.append(f"spellings and misspellings in {plural(len(varied) - i, 'column')} of many values")
            return
        _variants(column, values, variants.fold([values])[0])


def _trimmed(content: pl.DataFrame) -> dict[str, float]:
    """Cells by trimmed value."""
    if not (content["v"] == content["t"]).all():
        content = content.group_by("t").agg(pl.col("c").sum())
    return dict(zip(content["t"].to_list(), content["c"].to_list(), strict=True))


def _text_numbers(one: TextCells) -> None:
    column, content, whole = one.column, one.cells, one.whole
    row, fmt = column.row, one.number_format
    if whole is not None:
        plain = whole.drop_nulls()
        scale = one.filled / max(1, plain.len())
        value = plain.to_frame("v").select(parsed(row["semantic"], fmt)).to_series()
        good_values = value.drop_nulls().to_numpy()
        column.numbers = numeric.gather(good_values, np.full(good_values.size, scale))
        left = plain.filter(value.is_null())
        cells = (
            left.value_counts(name="c").rename({left.name: "v"}) if left.name != "v" else left.value_counts(name="c")
        )
        cells = cells.with_columns(text.trim(pl.col("v")).alias("t"), pl.col("c").cast(pl.Float64) * scale)
        junk = cells.filter(
            (pl.col("t") != "") & ~null.is_null_word(pl.col("v")) & number.parse_words(pl.col("v")).is_null()
        )
    elif one.plain:
        values = [float(v) for v in content["t"].to_list()]
        column.numbers = numeric.gather(values, content["c"].to_numpy())
        junk = content.clear()
    else:
        good, junk = _by_null(content)
        column.numbers = numeric.gather(good["x"].to_numpy(), good["c"].to_numpy())
        junk = junk.filter(number.parse_words(pl.col("v")).is_null()) if junk.height else junk
        if row["semantic"] == "range" and junk.height:
            ends = junk.select(ends=ranges.ends(pl.col("t"), fmt))["ends"].struct
            junk = junk.filter(ends.field("from").is_null() & ends.field("to").is_null())
    _junk(column, junk)


def _by_null(cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells that have an ``x``, and those that have none."""
    if not cells["x"].null_count():
        return cells, cells.clear()
    return cells.filter(pl.col("x").is_not_null()), cells.filter(pl.col("x").is_null())


def _junk(column: Column, junk: pl.DataFrame) -> None:
    content = column.row["content"] or 1
    if junk.is_empty():
        column.row["junk_rate"], column.row["junk_values"] = 0.0, []
        return
    junk = junk.group_by("t").agg(pl.col("c").sum()).sort(["c", "t"], descending=[True, False])
    column.row["junk_rate"] = min(1.0, float(junk["c"].sum() or 0.0) / content)
    column.row["junk_values"] = junk["t"].head(20).to_list()
    if junk.height:
        column.details["junk"] = dict(junk.head(50).iter_rows())


def _text_dates(one: TextCells) -> None:
    column, content, whole = one.column, one.cells, one.whole
    if whole is not None:
        kind, formats = column.row["semantic"], column.row["date_formats"]
        filled = whole.drop_nulls()
        scale = one.filled / max(1, filled.len())
        counts = filled.alias("v").value_counts(name="c")
        content = counts.with_columns(text.trim(pl.col("v")).alias("t"), pl.col("c").cast(pl.Float64) * scale)
        content = content.filter((pl.col("t") != "") & ~null.is_null_word(pl.col("v")))
        value = date.parse(pl.col("v"), formats, dtype=kind, pivot=date.pivot(column.row))
        content = content.with_columns(value.alias("x"))
    good, left = _by_null(content)
    _junk(column, left)
    column.row["date_rate"] = 1.0 - column.row["junk_rate"]
    moments(column, good["x"], good["c"].to_numpy())


def _coded_missing(column: Column, e: Mapping[str, Any], filled: int) -> None:
    """Number codes for "missing" among words."""
    row = column.row
    if (row["number_rate"] or 0) >= 0.9 or filled <= 0:
        return
    codes = ("-1", "-9", "-99", "-999", "-9999", "999", "9999", "99999", "-1.0")
    found = {w.strip(): c for w, c in e["top"].items() if w.strip() in codes and c >= max(3.0, 0.003 * filled)}
    numeric_words = row["number_rate"] * (row["content"] or 0)
    if found and sum(found.values()) >= 0.8 * numeric_words:
        row["sentinel_values"] = list(found)
        row["sentinel_rate"] = sum(found.values()) / filled


def _variants(column: Column, values: dict[str, float], folded: pl.DataFrame) -> None:
    row = column.row
    long_text = row["semantic"] == "text" and (row["mean_words"] or 0) > 6
    found = variants.find(values, typos=not long_text and row["semantic"] != "code", folded=folded)
    per = 1.0 / row["content"]
    row["case_variant_rate"], row["accent_variant_rate"] = found["case"] * per, found["accent"] * per
    row["variant_rate"], row["typo_rate"] = found["any"] * per, found["typo"] * per
    for key in ("variants", "typos"):
        if found[key]:
            column.details[key] = found[key]
