"""How much two cells agree, in levels: 3 the same, 2 nearly, 1 somewhat, 0 not at all, -1 where one is empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.parsing import text

LEVELS = 4
#: Similarity of texts from which they agree nearly, and somewhat.
NEARLY, SOMEWHAT = 0.92, 0.8
#: Numbers agree nearly and somewhat when they differ by less than this share of the larger, and of the column's spread.
NUMBER_NEARLY, NUMBER_SOMEWHAT = 0.01, 0.1
SPREAD_NEARLY, SPREAD_SOMEWHAT = 0.05, 0.15
#: The same of four words and more, letter by letter; below, the words that they share decide.
LETTERS = 0.95
#: Characters that are compared, at most.
MAX_LENGTH = 200
#: Share of a column's texts that must be codes.
CODES = 0.9


@dataclass(frozen=True)
class Compared:
    """A column made ready for comparison.

    Attributes:
        name: of the column. kind: "text", "code", "number" or "time".
        codes: int64[rows], number of the distinct value; -1 where nothing stands.
        data: what the kind needs: arrays of code points and words, or the numbers.
        spread: from the 5% to the 95% quantile of numbers.
    """

    name: str
    kind: str
    codes: np.ndarray
    data: Any
    spread: float = 0.0

    def levels(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Levels of agreement of pairs of rows (int8[pairs])."""
        a, b = self.codes[left], self.codes[right]
        out = np.full(len(a), -1, np.int8)
        there = (a >= 0) & (b >= 0)
        if self.kind == "code":
            out[there] = np.where(a[there] == b[there], LEVELS - 1, 0)
        elif self.kind == "text":
            out[there] = self._text(a[there], b[there])
        else:
            out[there] = self._number(self.data[left[there]], self.data[right[there]])
        return out

    def _text(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        from autoprep.kernels.strings import text_dice, text_jaro_winkler

        codes, starts, sorted_codes, sorted_starts, words, word_starts = self.data
        same = a == b
        values = len(starts) - 1
        pairs, inverse = np.unique(np.minimum(a, b)[~same] * values + np.maximum(a, b)[~same], return_inverse=True)
        low, high = np.divmod(pairs, values)
        held = np.diff(word_starts)
        likeness = np.zeros(len(low))
        # of many words only what is nearly the same letter by letter counts that way: most pairs are given up at once
        long = held[low] >= 4
        for part, least in ((~long, SOMEWHAT), (long, LETTERS)):
            if not part.any():
                continue
            likeness[part] = text_jaro_winkler(codes, starts, low[part], high[part], least)
            several = part & ((held[low] > 1) | (held[high] > 1))  # one word is what it is in any order
            if several.any():
                in_order = text_jaro_winkler(sorted_codes, sorted_starts, low[several], high[several], least)
                likeness[several] = np.maximum(likeness[several], in_order)
        if long.any():
            dice = text_dice(words, word_starts, low[long], high[long])
            likeness[long] = np.maximum(dice, np.where(likeness[long] >= LETTERS, likeness[long], 0))
        graded = np.where(likeness >= NEARLY, 2, np.where(likeness >= SOMEWHAT, 1, 0)).astype(np.int8)
        out = np.full(len(a), 3, np.int8)
        out[~same] = graded[inverse]
        return out

    def _number(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        gap = np.abs(a - b)
        if self.kind == "time":
            near = np.where(gap <= 31, 2, np.where(gap <= 366, 1, 0))
        else:
            size = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-12)
            nearly = gap <= np.minimum(NUMBER_NEARLY * size, SPREAD_NEARLY * self.spread)
            somewhat = gap <= np.minimum(NUMBER_SOMEWHAT * size, SPREAD_SOMEWHAT * self.spread)
            near = np.where(nearly, 2, np.where(somewhat, 1, 0))
        return np.where(gap == 0, 3, near).astype(np.int8)


def folded(cell: pl.Expr) -> pl.Expr:
    """Text as it is compared: one case, no accents, signs as spaces; null where nothing is left."""
    bare = text.fold(cell.str.head(MAX_LENGTH)).str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return pl.when(bare != "").then(bare)


def ready(frame: pl.DataFrame, columns: Sequence[str], texts: pl.DataFrame | None = None) -> list[Compared]:
    """Columns made ready; texts are folded (``texts`` holds them where that is done), dates are days."""
    made = []
    if texts is None:
        texts = frame.select(folded(pl.col(name)) for name in columns if frame.schema[name] == pl.String())
    for name in columns:
        dtype = frame.schema[name]
        if dtype == pl.String():
            cells = texts[name]
            made.append(Compared(name, "code", _codes(cells), None) if is_code(frame[name]) else _text(name, cells))
            continue
        if dtype.is_temporal():
            days = frame.select(pl.col(name).cast(pl.Datetime("us")).cast(pl.Int64) / 86_400e6).to_series()
            values, kind = days, "time"
        else:
            values, kind = frame[name].cast(pl.Float64, strict=False).fill_nan(None), "number"
        ranks = values.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
        numbers = np.clip(values.fill_null(0.0).to_numpy(), -1e300, 1e300)
        low, high = (values.clip(-1e300, 1e300).quantile(q) or 0.0 for q in (0.05, 0.95))
        made.append(Compared(name, kind, ranks, numbers, float(high - low)))
    return made


def is_code(cells: pl.Series) -> bool:
    """Whether texts are codes: one word each with digits among the signs; two that differ name two things.

    Example:
        >>> is_code(pl.Series(["N102UW", "N103UW", "N104UW"])), is_code(pl.Series(["12 High St", "9 Low Rd"]))
        (True, False)
    """
    filled = cells.drop_nulls()
    codes = filled.str.contains(r"^\s*[^\s@]*\d[^\s@]*\s*$")
    return int(codes.sum()) > CODES * filled.len()


def _codes(cells: pl.Series) -> np.ndarray:
    return cells.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1


def _text(name: str, cells: pl.Series) -> Compared:
    values = cells.drop_nulls().unique().sort()
    codes = _codes(cells)
    listed = values.to_list()
    points, starts = _points(listed)
    split = values.str.split(" ").list.unique().list.sort()
    sorted_points, sorted_starts = _points(split.list.join(" ").to_list())
    every = split.explode() if len(values) else pl.Series([], dtype=pl.String)
    numbers = every.rank("dense").cast(pl.Int64).to_numpy()
    ends = np.concatenate([[0], np.cumsum(split.list.len().to_numpy())]).astype(np.int64)
    return Compared(name, "text", codes, (points, starts, sorted_points, sorted_starts, numbers, ends))


def _points(values: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    joined = "".join(values)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.int32)
    return points, np.concatenate([[0], np.cumsum([len(v) for v in values])]).astype(np.int64)
