"""One sheet of a workbook as a table: titles above it, merged and stacked headers, units rows."""

from __future__ import annotations

from typing import Any

import polars as pl

from autoprep.errors import InputError
from autoprep.reading.cells import Record
from autoprep.reading.layout import LOOK, find_layout
from autoprep.reading.names import column_names, generated, merged_headers


def tidy_sheet(book: Any, sheet: str, where: str) -> tuple[pl.DataFrame, dict[str, str], tuple[str, ...]]:
    """Find the table on a sheet and read it with its types.

    Returns:
        the rows, name -> header, notes.

    Raises:
        InputError: the sheet is empty.
    """
    import fastexcel

    try:
        top = book.load_sheet(sheet, header_row=None, dtypes="string", n_rows=2 * LOOK).to_polars()
    except fastexcel.FastExcelError as error:
        raise InputError(f"sheet '{sheet}' cannot be read ({str(error).splitlines()[0]})", where=where) from error
    if not top.height or not top.width:
        raise InputError(f"sheet '{sheet}' is empty", where=where)
    found = [Record(i + 1, ["" if c is None else c for c in row], 0, 0, "") for i, row in enumerate(top.rows())]
    layout = find_layout(found, top.width)
    head = found[layout.start : layout.start + layout.header_rows]
    skipped = layout.start + layout.header_rows + layout.units_row
    frame = (
        book.load_sheet(sheet, header_row=None, skip_rows=skipped).to_polars() if skipped < len(found) else top.clear()
    )
    width = max(top.width, frame.width)
    names, headers = column_names(merged_headers([r.cells for r in head], width)) if head else generated(width)
    frame = frame.rename(dict(zip(frame.columns, names, strict=False)))
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    notes = []
    if layout.start:
        notes.append(f"{layout.start} rows above the table are not part of it.")
    if layout.header_rows > 1:
        notes.append(f"The column names stand in {layout.header_rows} rows.")
    if layout.units_row:
        notes.append("The row below the column names gives units and is not part of the table.")
    return frame, headers, tuple(notes)
