"""A source as read: where it lies, how its text is laid out, and its rows."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

import polars as pl

from autoprep.plain import Json, plain, refuse_unknown


@dataclass(frozen=True)
class Source:
    """Where a table was read from: its address, kind ("csv", "parquet", "frame", ...), size and content hash."""

    uri: str
    kind: str
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Dialect:
    """How a text file is laid out.

    Attributes:
        encoding: Python's codec name.
        delimiter: one or more characters; "" for a file of one column.
        quote: the quote character, the opening and the closing one where they differ (“”), or "" for none.
        escape: "" when a quote is escaped by doubling.
        comment: prefix of comment lines, or "".
        newline: "\\n", "\\r\\n", "\\r" or "mixed".
        preamble_lines: physical lines before the header.
        header_rows: 0, 1, or more rows that together name the columns.
        units_row: whether the row after the header gives units.
        footer_lines: physical lines after the last row.
        edges: where delimiters stand that part no columns: "" nowhere, "end" at the end of every line, "both" at its
            start too; "drawn" and "ruled" are tables drawn with bars, around the cells or between them only, and a
            line of dashes (Markdown, SQL shells).
        confidence: in [0, 1]; margin over the runner-up.
        evidence: what decided, the runner-up included.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    newline: str = "\n"
    preamble_lines: int = 0
    header_rows: int = 1
    units_row: bool = False
    footer_lines: int = 0
    edges: str = ""
    confidence: float = 1.0
    evidence: Mapping[str, Json] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Json]:
        """Plain values."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Json]) -> Self:
        """Make a dialect of plain values; unknown keys are refused."""
        refuse_unknown(values, [f.name for f in fields(cls)], "dialect")
        return cls(**values)


@dataclass(frozen=True)
class Table:
    """A source as read: cells of text sources are text until a rule parses them.

    Attributes:
        frame: the rows, lazily.
        dialect: how the text was laid out, or None for typed sources.
        rejected: lines that could not be read: ``line`` (1-based, Int64), ``text`` (String), ``reason`` (String).
        source: where it came from.
        headers: column name here -> header as it stood in the source.
        notes: what a reader should know (one sentence each).
        name: a short name for the table.
        realigned: malformed records that were put right and are among the rows: ``line``, ``text``, ``reason``.
        drift: how the columns of several files differ: ``file``, ``column``, ``change`` (added, lost, renamed,
            reordered, retyped), ``detail``.
        layout: where the rows stand in the text, so that it can be written again with other cells; None elsewhere.
    """

    frame: pl.LazyFrame
    source: Source
    dialect: Dialect | None = None
    rejected: pl.DataFrame = field(default_factory=lambda: empty_rejected())
    headers: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    name: str = "table"
    realigned: pl.DataFrame = field(default_factory=lambda: empty_rejected())
    drift: pl.DataFrame = field(default_factory=lambda: empty_drift())
    layout: Any = field(default=None, repr=False, compare=False)

    def collect(self) -> pl.DataFrame:
        """The rows, in memory."""
        return self.frame.collect()

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>" + self.frame.head(10).collect()._repr_html_()

    def __repr__(self) -> str:
        names = self.frame.collect_schema().names()
        return f"Table({self.source.uri!r}, {len(names)} columns, {self.rejected.height} rejected lines)"


def empty_rejected() -> pl.DataFrame:
    """No rejected lines."""
    return pl.DataFrame(schema={"line": pl.Int64, "text": pl.String, "reason": pl.String})


def empty_drift() -> pl.DataFrame:
    """No drift between files."""
    return pl.DataFrame(schema=dict.fromkeys(("file", "column", "change", "detail"), pl.String))
