"""Excel and OpenDocument workbooks: titles above the table, merged and stacked headers, units rows, notes below."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import polars as pl

from autoprep.errors import InputError, did_you_mean
from autoprep.reading.cells import Record
from autoprep.reading.footer import is_total
from autoprep.reading.layout import LOOK, find_layout
from autoprep.reading.names import column_names, generated, merged_headers
from autoprep.reading.sources import Opened
from autoprep.types import empty_rejected

_MOST_BELOW = 60
#: Rows that a sheet of remarks has at most, which is passed over when none is named.
MOST_REMARKS = 2


def read_workbook(
    opened: Opened, sheet: str | int | None
) -> tuple[pl.DataFrame, dict[str, str], tuple[str, ...], pl.DataFrame]:
    """Read one sheet of a workbook with its types; the first visible one with a table in it when none is named.

    Returns:
        the rows, name -> header, notes, the rows that are not part of the table.

    Raises:
        InputError: the workbook is damaged, the sheet is not there or empty.
    """
    import fastexcel

    where, logger = str(opened.path), logging.getLogger("fastexcel")
    level = logger.level
    logger.setLevel(logging.ERROR)  # a column of blanks is no news
    try:
        book = fastexcel.read_excel(opened.bytes() if opened.compression else opened.path)
        names = list(book.sheet_names)
        if not names:
            raise InputError("the workbook has no sheet", where=where)
        if sheet is not None:
            chosen = _named(names, sheet, where)
            text = _as_text(book, chosen)
        else:
            chosen, text = _first(book, names)
        if not text.height or not text.width:
            raise InputError(f"sheet '{chosen}' is empty", where=where)
        frame, headers, notes, rejected = _tidy(book, chosen, text)
    except fastexcel.FastExcelError as error:
        said = str(error).strip().split("\n")[0][:200]
        raise InputError(f"the workbook cannot be read ({said})", where=where) from error
    finally:
        logger.setLevel(level)
    if sheet is None and len(names) > 1:
        notes = [*notes, f"Read sheet '{chosen}', one of {len(names)}: {', '.join(names)}."]
    return frame, headers, tuple(notes), rejected


def _named(names: Sequence[str], sheet: str | int, where: str) -> str:
    if isinstance(sheet, str) and sheet in names:
        return sheet
    if isinstance(sheet, int) or sheet.isdecimal():
        if not 1 <= int(sheet) <= len(names):
            raise InputError(f"there is no sheet {sheet}; it has {len(names)}", where=where)
        return names[int(sheet) - 1]
    raise InputError(f"there is no sheet '{sheet}'", where=where, hint=did_you_mean(sheet, names))


def _first(book: Any, names: Sequence[str]) -> tuple[str, pl.DataFrame]:
    """The first visible sheet with a table in it; else the first that holds something (a source, a remark), or any."""
    found: tuple[str, pl.DataFrame] | None = None
    for name in names:
        loaded = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        if loaded.visible == "visible":
            text = _trimmed(loaded.to_polars())
            if text.height > MOST_REMARKS and (
                found is None or text.height * text.width > found[1].height * found[1].width
            ):
                return name, text
            if text.height and found is None:
                found = name, text
    return found or (names[0], _as_text(book, names[0]))


def _as_text(book: Any, sheet: str) -> pl.DataFrame:
    return _trimmed(book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_polars())


def _trimmed(text: pl.DataFrame) -> pl.DataFrame:
    """Without blank rows at the end."""
    if not text.width:
        return text
    filled = text.select(pl.any_horizontal(pl.all().str.strip_chars() != "").fill_null(False)).to_series()
    last = filled.arg_true().max()
    return text.head(int(last) + 1 if isinstance(last, int) else 0)


def _tidy(book: Any, sheet: str, text: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str], list[str], pl.DataFrame]:
    rows = [["" if c is None else c for c in row] for row in text.head(2 * LOOK).rows()]
    found = [Record(i + 1, row, 0, 0, "") for i, row in enumerate(rows)]
    layout = find_layout(found, text.width)
    head = found[layout.start : layout.start + layout.header_rows]
    skipped = layout.start + layout.header_rows + layout.units_row
    kept = _end(text, skipped)
    names, headers = (
        column_names(merged_headers([r.cells for r in head], text.width)) if head else generated(text.width)
    )
    body = text.slice(skipped, kept - skipped)
    frame = _typed(book, sheet, skipped, body)
    frame.columns = names
    frame = frame.filter(~pl.all_horizontal(body.select(pl.all().is_null()).to_struct().struct.unnest().get_columns()))
    notes = []
    if layout.start:
        notes.append(_count(layout.start, "row", "above the table"))
    if layout.header_rows > 1:
        notes.append(f"The column names stand in {layout.header_rows} rows.")
    if layout.units_row:
        notes.append("The row below the column names gives units and is not part of the table.")
    below = text.slice(kept)
    rejected = empty_rejected()
    if below.height:
        notes.append(_count(below.height, "row", "below the table"))
        said = below.select(
            line=pl.int_range(kept + 1, kept + 1 + below.height, dtype=pl.Int64),
            text=pl.concat_str(pl.all().fill_null(""), separator="\t").str.strip_chars_end("\t"),
            reason=pl.lit("a note below the table"),
        )
        rejected = said.filter(pl.col("text") != "")
    return frame, headers, notes, rejected


def _count(count: int, thing: str, where: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'} {where} {'is' if count == 1 else 'are'} not part of it."


def _end(text: pl.DataFrame, start: int) -> int:
    """The place after the table's last row: blank rows and notes in the first cell below it do not count."""
    look = text.slice(max(start, text.height - _MOST_BELOW)).rows()
    counts = [sum(1 for c in row if c and c.strip()) for row in look]
    usual = sorted(text.slice(start, 1000).select(pl.sum_horizontal(pl.all().is_not_null())).to_series().to_list())
    full = usual[len(usual) // 2] if usual else 0
    at = len(look)
    while at > 0:
        row, filled = look[at - 1], counts[at - 1]
        note = filled == 1 and bool(row[0] and row[0].strip()) and full >= max(3, text.width // 2)
        if filled and not (note and not is_total(str(row[0]))):
            break
        at -= 1
    return text.height - len(look) + at


def _typed(book: Any, sheet: str, skipped: int, body: pl.DataFrame) -> pl.DataFrame:
    """The body with types; a column in which a type would lose a value stays text."""
    if not body.height:
        return body
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=skipped, n_rows=body.height).to_polars()
    columns = []
    for i, text in enumerate(body.get_columns()):
        typed = loaded.to_series(i) if i < loaded.width else text
        lost = loaded.height != body.height or typed.null_count() > text.null_count()
        columns.append((text if lost else _as_dates(typed)).alias(f"c{i}"))
    return pl.DataFrame(columns)


def _as_dates(values: pl.Series) -> pl.Series:
    """Days where every time of day is midnight: a workbook has one type for both."""
    if not isinstance(values.dtype, pl.Datetime) or values.null_count() == values.len():
        return values
    days = values.cast(pl.Date)
    return days if (days.cast(values.dtype) == values).all() else values
