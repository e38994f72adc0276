"""Delimiters at the ends of lines that part no columns: blank columns without a name and without any value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from autoprep.reading.body import Body
from autoprep.reading.cells import Record
from autoprep.types import Dialect

#: ``Dialect.edges`` of a text with a delimiter at the end of every line, and at its start too.
END, BOTH = "end", "both"


def without(
    body: Body, names: Sequence[str], headers: Mapping[str, str], found: Sequence[Record], given: Dialect | None
) -> tuple[str, list[str], Body]:
    """Where delimiters stand that part no columns, the names that stay, and the rows without the others.

    A first column without a name stays where the last one has one: it holds the names of rows.

    Args:
        body: the rows.
        names: of the columns.
        headers: name -> header as it stood; empty where there is no header.
        found: first records of the rows.
        given: how the text is laid out, or None to find out.
    """
    edges = _edges(names, headers, found) if given is None else given.edges
    gone = {END: names[-1:], BOTH: [*names[:1], *names[-1:]]}.get(edges, [])
    if not gone or len(names) <= len(gone):
        return "", list(names), body
    filled = body.frame.select(pl.col(name).is_not_null().any() for name in gone).collect(engine="streaming").row(0)
    if filled[-1]:
        return "", list(names), body
    if filled[0]:
        edges, gone = END, gone[-1:]
    kept = [name for name in names if name not in gone]
    return edges, kept, replace(body, frame=body.frame.select(kept))


def _edges(names: Sequence[str], headers: Mapping[str, str], found: Sequence[Record]) -> str:
    """What the names and the first rows leave possible."""
    width = len(names)
    filled = [r.cells for r in found if any(c.strip() for c in r.cells)]
    rows = [row for row in filled if len(row) == width]
    if width < 2 or len(rows) < max(2, 0.8 * len(filled)):
        return ""
    if headers.get(names[-1], "").strip() or any(row[-1].strip() for row in rows):
        return ""
    first = width > 2 and not headers.get(names[0], "").strip() and not any(row[0].strip() for row in rows)
    return BOTH if first else END
