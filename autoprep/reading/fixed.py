"""Texts whose columns stand at the same places in every line, with blanks between them and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from autoprep.reading.cells import cell_type

#: Lines that places are told by; fewest of them, under names and without any (where numbers and dates stand below each
#: other, and where they do not).
LOOK, LEAST, LEAST_TYPED, LEAST_UNNAMED = 2000, 3, 5, 20
#: Share of the lines that must have two blanks side by side, as padding has; and that may cross a gap further down.
PADDED, CROSSED = 0.5, 0.01
#: Columns at most, and characters of a line.
MOST_COLUMNS, LONGEST = 200, 4000
#: A line that underlines the names.
RULE = r"^[-= ]*[-=]{2,}[-= ]*$"


def places(lines: Sequence[str], header: str) -> list[tuple[int, int]]:
    """Where columns begin and end, in characters; [] where the lines do not stand in columns.

    A column ends where all lines, and the one with the names, have a blank; each must have a name where there is one.

    Args:
        lines: of the table.
        header: the line with the names, or "".

    Example:
        >>> places(["1   Ann Lee   9.50", "12  Bo       10.00", "13  Cy Young  1.25"], "id  name     price")
        [(0, 2), (4, 12), (13, 18)]
    """
    whole = [line for line in ([header, *lines] if header else lines) if line.strip()]
    longest = max(map(len, whole), default=0)
    if len(whole) < (LEAST if header else LEAST_TYPED) or longest > LONGEST or any("\t" in line for line in whole):
        return []
    if sum("  " in line.strip() for line in whole) < PADDED * len(whole):
        return []
    cells = np.array([list(line.ljust(longest)) for line in whole])
    filled = np.concatenate(([False], (cells != " ").any(axis=0), [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(filled))
    found = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if header:
        found = _named(found, header)
    elif len(whole) < LEAST_UNNAMED and 2 * sum(_typed(whole, *place) for place in found) < len(found):
        return []
    return found if 2 <= len(found) <= MOST_COLUMNS else []


def _typed(lines: Sequence[str], start: int, end: int) -> bool:
    """Whether a number or a date stands at a place in all lines."""
    return all(cell_type(line[start:end]) in ("number", "date", "time", "money") for line in lines)


def _named(found: list[tuple[int, int]], header: str) -> list[tuple[int, int]]:
    """Parts without a name belong to the one that a single blank parts them from ("2024-01-02 10:30", "New York")."""
    out: list[tuple[int, int]] = []
    waiting: int | None = None  # where a part without a name began that goes with the one on its right
    for i, (start, end) in enumerate(found):
        if header[start:end].strip():
            out.append((start if waiting is None else waiting, end))
            waiting = None
        elif waiting is None and out and start - out[-1][1] <= 1:
            out[-1] = (out[-1][0], end)
        elif i + 1 < len(found) and found[i + 1][0] - end <= 1:
            waiting = start if waiting is None else waiting
        else:
            return []
    return out if waiting is None else []


def ruled(frame: pl.LazyFrame) -> bool:
    """Whether the first of some lines underlines the names above it."""
    return bool(frame.head(1).select(pl.first().str.contains(RULE).fill_null(False)).collect().to_series().any())


class Split(NamedTuple):
    """Columns "0", "1", ... by their places, their names in the header, and how many lines cross a gap."""

    frame: pl.LazyFrame
    names: list[str]
    crossing: int


def split(frame: pl.LazyFrame, header: str) -> Split | None:
    """A frame of whole lines as columns by their places, or None where they have none.

    Args:
        frame: one column of String.
        header: the line with the names, or "".

    Example:
        >>> made = split(pl.LazyFrame({"a": ["1   Ann Lee", "12  Bo", "13"]}), "id  name   ")
        >>> made.names, made.frame.collect().rows()
        (['id', 'name'], [('1', 'Ann Lee'), ('12', 'Bo'), ('13', None)])
    """
    name = frame.collect_schema().names()[0]
    line = pl.col(name)
    frame = frame.filter(~line.str.contains(RULE).fill_null(False)) if header and ruled(frame) else frame
    found = places(frame.head(LOOK).collect().to_series().drop_nulls().to_list(), header)
    if not found:
        return None
    ends = [(a, b) for (_, a), (b, _) in pairwise(found) if b > a]
    crossed = pl.any_horizontal(
        *(line.str.slice(a, b - a).str.strip_chars() != "" for a, b in ends), pl.lit(False)
    ).fill_null(False)
    wrong, of = frame.select(wrong=crossed.sum(), of=pl.len()).collect(engine="streaming").row(0)
    if wrong > CROSSED * of:
        return None
    starts = [start for start, _ in found]
    cells = []
    for i, start in enumerate(starts):  # what stands in a gap belongs to the column before it
        long = starts[i + 1] - start if i + 1 < len(starts) else None
        cells.append(line.str.slice(start, long).str.strip_chars().replace("", None).alias(str(i)))
    return Split(frame.select(cells), [header[start:end].strip() for start, end in found], int(wrong))
