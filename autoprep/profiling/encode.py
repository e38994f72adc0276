"""Columns as aligned arrays on a sample of rows: numbers where there are numbers, codes of levels everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from autoprep.parsing import date, null, number, text
from autoprep.profiling import columns
from autoprep.profiling.columns import Column

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SAMPLE_ROWS = 20_000


@dataclass
class Encoded:
    """One column of the sample.

    Attributes:
        name: the header.
        codes: level of each row, -1 for missing.
        levels: number of levels.
        values: numbers, NaN for missing; None for words.
        kind: "number", "date" or "word".
        missing: whether each row is missing (nulls, null words, blanks, sentinels).
    """

    name: str
    codes: Ints
    levels: int
    values: Floats | None
    kind: str
    missing: npt.NDArray[np.bool_]


def sample(frame: pl.DataFrame, rows: int = SAMPLE_ROWS) -> pl.DataFrame:
    """At most that many rows, drawn with a fixed seed, in their order."""
    if frame.height <= rows:
        return frame
    picked = np.sort(np.random.default_rng(0).choice(frame.height, rows, replace=False))
    return frame[picked]


def encode(frame: pl.DataFrame, found: Sequence[Column]) -> dict[str, Encoded]:
    """Arrays of the sample's columns; nested columns are left out.

    Example:
        >>> from autoprep.profiling.profiler import describe
        >>> frame = pl.DataFrame({"x": ["1,5", "n/a", "2,5"], "y": ["a", "b", "a"]})
        >>> made = encode(frame, describe(frame))
        >>> made["x"].values.tolist(), made["y"].codes.tolist()
        ([1.5, nan, 2.5], [0, 1, 0])
    """
    texts = [column.name for column in found if column.row["dtype"] == "text"]
    words = frame.lazy().select(pl.col(texts).cast(pl.String))
    trimmed = words.select(
        pl.when(null.is_null_word(pl.col(n))).then(None).otherwise(text.trim(pl.col(n))).alias(n) for n in texts
    ).collect()
    out = {}
    for column in found:
        if column.row["dtype"] != "other":
            out[column.name] = _one(frame.get_column(column.name), column, trimmed)
    return out


def _one(series: pl.Series, column: Column, trimmed: pl.DataFrame) -> Encoded:
    row: dict[str, Any] = column.row
    values, kind = None, "word"
    if row["dtype"] == "text":
        clean = trimmed.get_column(column.name).alias("t")
        semantic = row["semantic"]
        # whole numbers under which few rows share a value: their order may tell more than their equality
        counted = (
            semantic in ("identifier", "code") and row["integer_rate"] == 1.0 and (row["distinct_rate"] or 0) > 0.5
        )
        if counted or semantic in (
            "integer",
            "number",
            "amount",
            "percent",
            "quantity",
            "range",
            "latitude",
            "longitude",
            "boolean",
        ):
            fmt = number.NumberFormat(**column.details["number_format"])
            plain = row["plain_number_rate"] == 1.0
            made = (
                clean.cast(pl.Float64, strict=False)
                if plain
                else series.cast(pl.String).alias("v").to_frame().select(columns.parsed(semantic, fmt)).to_series()
            )
            if made.null_count() < made.len():
                values, kind = made.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy(), "number"
        elif semantic in ("date", "datetime"):
            made = (
                clean.to_frame()
                .select(date.parse(pl.col("t"), row["date_formats"], dtype="datetime", pivot=date.pivot(row)))
                .to_series()
            )
            values, kind = _days(made), "date"
        key = clean
    elif row["dtype"] in ("date", "datetime"):
        plain_series = series.dt.replace_time_zone(None) if row["dtype"] == "datetime" else series
        values, kind, key = _days(plain_series.cast(pl.Datetime("us"))), "date", series
    elif row["dtype"] in ("integer", "float", "boolean"):
        values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        kind, key = "number", series
    else:
        key = series.cast(pl.Int64) if series.dtype in (pl.Time, pl.Duration) else series
    if kind == "number" and values is not None and row.get("sentinel_values"):
        gone = [float(v) for v in row["sentinel_values"]]
        values[np.isin(values, gone)] = np.nan
    if values is not None:
        return of_values(column.name, values, kind)
    ranked = key.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    first = np.unique(ranked, return_index=True)
    order = np.argsort(first[1][first[0] >= 0], kind="stable")
    relabel = np.empty(order.size, dtype=np.int64)
    relabel[order] = np.arange(order.size)
    codes = (
        np.where(ranked >= 0, relabel[np.searchsorted(first[0][first[0] >= 0], np.maximum(ranked, 0))], -1)
        if order.size
        else ranked
    )
    return Encoded(column.name, codes.astype(np.int64), int(order.size), None, "word", codes < 0)


def of_values(name: str, values: Floats, kind: str) -> Encoded:
    """Numbers as a column of the sample; what is not finite is missing.

    Example:
        >>> of_values("x", np.array([2.0, np.nan, 1.0]), "number").codes
        array([ 1, -1,  0])
    """
    filled = np.isfinite(values)
    levels, inverse = np.unique(values[filled], return_inverse=True)
    codes = np.full(values.size, -1, dtype=np.int64)
    codes[filled] = inverse
    return Encoded(name, codes, int(levels.size), values, kind, ~filled)


def _days(moments: pl.Series) -> Floats:
    return (
        moments.cast(pl.Datetime("us")).to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy()
        / 86_400_000_000.0
    )


def bins(one: Encoded, count: int = 32) -> tuple[Ints, int]:
    """Codes with few levels: levels as they are, numbers by quantile; missing is a level of its own (the last).

    A number that fills more than a bin's share of the rows (the 0 of most insurance claims) has a bin of its own, and
    the others are parted among themselves.

    Example:
        >>> made = Encoded("x", np.array([0, 1, -1]), 2, None, "word", np.array([False, False, True]))
        >>> bins(made)
        (array([0, 1, 2]), 3)
    """
    if one.values is None or one.levels <= count:
        codes, levels = one.codes, one.levels
    else:
        filled = ~one.missing
        edges = _edges(one.values[filled], count)
        codes = np.full(one.codes.size, -1, dtype=np.int64)
        codes[filled] = np.searchsorted(edges, one.values[filled], side="right")
        levels = edges.size + 1
    return np.where(codes < 0, levels, codes), levels + 1


def _edges(values: Floats, count: int) -> Floats:
    """Where bins of about as many values each begin; those of a value that is more than one bin enclose it."""
    marks = np.linspace(0, 1, count + 1)[1:-1]
    edges = np.unique(np.quantile(values, marks))
    if edges.size == marks.size:
        return edges
    levels, sizes = np.unique(values, return_counts=True)
    often = np.argsort(-sizes, kind="stable")[: max(1, count // 4)]
    heavy = levels[often[sizes[often] > values.size / count]]
    rest = values[~np.isin(values, heavy)]
    left = np.linspace(0, 1, max(3, count + 1 - 2 * heavy.size))[1:-1]
    others = np.quantile(rest, left) if rest.size else left[:0]
    return np.unique(np.concatenate([others, heavy, np.nextafter(heavy, np.inf)]))
