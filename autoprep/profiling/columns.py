"""One column at a time: from its cells to a row of the vocabulary and its details."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from autoprep.parsing import epoch, number, quantity
from autoprep.parsing import range as ranges
from autoprep.parsing.unit import header_unit
from autoprep.profiling import codes, names, numeric

Row = dict[str, Any]
TOP = 1000
DATE_SENTINELS = (
    *("1900-01-01", "1899-12-31", "1899-12-30", "1970-01-01", "1901-01-01", "1753-01-01", "0001-01-01"),
    *("9999-12-31", "2099-12-31", "2999-12-31", "1904-01-01", "1911-11-11", "1111-11-11", "9999-09-09"),
)
_EPOCH = np.datetime64("1970-01-01")
_NUMERIC = ("integer", "number", "amount", "percent", "quantity", "range", "latitude", "longitude")
_VARIED = ("category", "ordinal", "country", "boolean", "text", "code", "constant", "packed")


@dataclass
class Column:
    """What is known of one column while it is described.

    Attributes:
        name: the header.
        position: 0-based.
        row: words of the vocabulary so far.
        details: lists and counts behind them.
        numbers: its numbers (dates as days since 1970), or None.
        figures: those numbers without what stands for missing, and their moments.
    """

    name: str
    position: int
    row: Row = field(default_factory=dict)
    details: Row = field(default_factory=dict)
    numbers: numeric.Numbers | None = None
    figures: tuple[numeric.Numbers, list[float]] | None = None


def kind_of(dtype: pl.DataType) -> str:
    """The vocabulary's physical type of a Polars type.

    Example:
        >>> kind_of(pl.Int8()), kind_of(pl.Categorical()), kind_of(pl.List(pl.Int8()))
        ('integer', 'text', 'other')
    """
    if dtype.is_integer():
        return "integer"
    if dtype.is_float() or dtype.is_decimal():
        return "float"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    for kind, which in (("boolean", pl.Boolean), ("date", pl.Date), ("time", pl.Time)):
        if dtype == which:
            return kind
    if isinstance(dtype, pl.Datetime):
        return "datetime"
    return "duration" if isinstance(dtype, pl.Duration) else "other"


def parsed(semantic: str, fmt: number.NumberFormat) -> pl.Expr:
    """Float64 of ``v`` as the semantic type reads it: the number of a quantity, the middle of a range.

    Example:
        >>> frame = pl.DataFrame({"v": ["10-20", "5"]})
        >>> frame.select(parsed("range", number.NumberFormat())).to_series().to_list()
        [15.0, 5.0]
    """
    value = number.parse(pl.col("v"), fmt)
    if semantic == "quantity":
        return pl.coalesce(value, quantity.parse(pl.col("v"), fmt)[0])
    if semantic == "range":
        low, high = pl.field("from"), pl.field("to")
        both = ranges.ends(pl.col("v"), fmt).struct.with_fields(middle=pl.coalesce((low + high) / 2, low, high))
        return pl.coalesce(value, both.struct.field("middle"))
    return value


def mark_code(column: Column, found: tuple[float, int] | None) -> None:
    """Mark a column of numbers as one of codes, some of which lost their zeros in front."""
    if found is not None:
        column.row["lost_zero_rate"], column.row["code_width"] = found
        if column.row["semantic"] in ("integer", "number"):
            column.row |= {"semantic": "code", "semantic_confidence": 0.8}


def moments(column: Column, found: pl.Series, counts: np.ndarray[Any, Any] | None) -> None:
    """Take in dates or moments, each so many times, as days since 1970."""
    days = found.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 86_400_000_000.0
    column.numbers = numeric.describe(days)[0] if counts is None else numeric.gather(days.to_numpy(), counts)
    if column.numbers.values.size:
        column.row["min_date"], column.row["max_date"] = _iso(column.numbers.values[0]), _iso(column.numbers.values[-1])
        n = column.numbers.n
        column.row["future_rate"] = float(column.numbers.counts[column.numbers.values > 47482].sum() / n)


def _iso(day: float) -> str:
    text_of = str(_EPOCH + np.timedelta64(round(day * 86_400), "s"))
    return text_of.replace("T00:00:00", "")


def number_figures(column: Column, filled: int, exact_order: bool = True) -> None:
    """Fill in moments, quantiles, sentinels and shares of a column that has numbers."""
    found, row = column.numbers, column.row
    if found is None:
        return
    is_date = row.get("semantic") in ("date", "datetime")
    known: dict[float, float] = {}
    if is_date:
        known = _date_sentinels(found)
        row["sentinel_values"] = [_iso(v) for v in known]
    else:
        whole = bool((found.values == np.floor(found.values)).all()) if found.values.size else True
        known, spikes = numeric.sentinels(found, whole)
        if row.get("semantic") in ("boolean", "identifier", "code", "postal_code", "constant"):
            known, spikes = {}, {}
        row["sentinel_values"] = [_plain(v) for v in known]
        row["spike_values"] = [_plain(v) for v in spikes]
        row["spike_rate"] = sum(spikes.values()) / max(1.0, found.n)
    row["sentinel_rate"] = sum(known.values()) / max(1, filled)
    keep = ~numeric.marked(found.values, list(known))
    clean = numeric.Numbers(found.values[keep], found.counts[keep])
    if not clean.n:
        return
    q = numeric.quantiles(clean)
    if found.whole is None:
        sums = numeric.moments(clean)
    else:
        sums = numeric.exact_moments(found.whole, list(known))
    column.figures = (clean, sums)
    row |= q | numeric.shape_of(sums)
    row["min"], row["max"] = float(clean.values[0]), float(clean.values[-1])
    column.details["histogram"] = numeric.histogram(clean)
    if is_date:
        return
    if found.whole is None:
        row["zero_rate"] = float(clean.counts[clean.values == 0].sum() / clean.n)
        row["negative_rate"] = float(clean.counts[clean.values < 0].sum() / clean.n)
    else:
        row["zero_rate"] = int((found.whole == 0).sum()) / clean.n
        gone = sum(c for v, c in known.items() if v < 0)
        row["negative_rate"] = (int((found.whole < 0).sum()) - gone) / clean.n
    row["outlier_rate"] = numeric.outlier_rate(clean, q)
    row["scale_jump_rate"] = numeric.scale_jump_rate(clean)
    _impossible(column, clean)
    unit = epoch.unit_of(row["median"]) if row["median"] else None
    inside = [epoch.unit_of(v) == unit for v in (row["q05"], row["q95"])] if unit else []
    named = names.says(column.name, "date")
    dated = named and names.says_moment(column.name)
    if (
        unit
        and all(inside)
        and (named or unit != "s" or row["min"] == round(row["min"]))
        and not names.says(column.name, "id")
        and not names.says(column.name, "phone")
    ):
        row["epoch_rate"], row["epoch_unit"] = float(np.mean(inside)) if named or unit == "s" else 0.0, unit
        row["dated_name"] = dated
    if named and (row["q05"] or 0) >= 20_000 and (row["q95"] or 0) <= 60_000 and row["min"] > 10_000:
        row["excel_serial_rate"] = 1.0
        row["dated_name"] = dated and names.says_day(column.name)


def _date_sentinels(found: numeric.Numbers) -> dict[float, float]:
    days = {float((np.datetime64(d) - _EPOCH).astype("timedelta64[D]").astype(int)) for d in DATE_SENTINELS}
    out: dict[float, float] = {}
    known = np.isin(np.floor(found.values), list(days))
    rest, weight = found.values[~known], found.counts[~known]
    if rest.size < 3:
        return out
    for value, times in zip(found.values[known], found.counts[known], strict=True):
        gap = min(abs(float(value) - float(rest[0])), abs(float(value) - float(rest[-1])))
        outside = value < rest[0] or value > rest[-1]
        heavy = times >= max(3.0, 10 * float(np.median(weight)))
        if (outside and gap > 3650) or (heavy and (outside and gap > 365)):
            out[float(value)] = float(times)
    return out


def _impossible(column: Column, clean: numeric.Numbers) -> None:
    row, x, c, n = column.row, clean.values, clean.counts, clean.n
    unit = row.get("unit") or row.get("header_unit")
    sized = unit is not None and unit not in ("°C", "°F", "V", "mV", "kV", "W", "kW", "m/s", "h", "min", "s", "d")
    named = names.says(column.name, "nonnegative") and not names.says(column.name, "signed")
    negative = float(c[x < 0].sum() / n)
    row["impossible_negative_rate"] = negative if (sized or named) and negative < 0.25 else 0.0
    for kind, low, high in (
        ("latitude", -90.0, 90.0),
        ("longitude", -180.0, 180.0),
        ("age", 0.0, 120.0),
        ("month", 1.0, 12.0),
    ):
        if names.says(column.name, kind):
            share = float(c[(x < low) | (x > high)].sum() / n)
            row["impossible_rate"] = share if share < 0.25 else 0.0


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def typed_column(column: Column, series: pl.Series, kind: str) -> None:
    """Describe a column that is not text, in place."""
    row, rows = column.row, series.len()
    filled = series.drop_nulls()
    row |= {"content": filled.len(), "blank_rate": 0.0, "disguised_null_rate": 0.0, "sampled": False, "junk_rate": 0.0}
    if not filled.len():
        row |= {"semantic": "empty", "semantic_confidence": 1.0, "distinct": 0}
        return
    if kind in ("integer", "float"):
        _typed_numbers(column, filled, kind)
    elif kind == "boolean":
        row |= {"semantic": "boolean", "semantic_confidence": 1.0, "boolean_rate": 1.0, "distinct": filled.n_unique()}
        true = int(filled.sum())
        column.details["top"] = {"true": true, "false": filled.len() - true}
    elif kind in ("date", "datetime"):
        row |= {"semantic": kind, "semantic_confidence": 1.0, "date_rate": 1.0, "distinct": filled.n_unique()}
        moments(column, filled.dt.replace_time_zone(None) if kind == "datetime" else filled, None)
    elif kind in ("time", "duration"):
        row |= {"semantic": kind, "semantic_confidence": 1.0, "distinct": filled.n_unique()}
    else:
        nested = isinstance(series.dtype, pl.List | pl.Array)
        row |= {"semantic": "list" if nested else "json", "semantic_confidence": 0.5}
        row["distinct"] = None
    if row["distinct"] == 1 and rows:
        row |= {"semantic": "constant", "semantic_confidence": 1.0}


def _typed_numbers(column: Column, filled: pl.Series, kind: str) -> None:
    row = column.row
    found, distinct = numeric.describe(filled)
    column.numbers, n = found, filled.len()
    row |= {
        "number_rate": 1.0,
        "plain_number_rate": 1.0,
        "distinct": distinct,
        "header_unit": header_unit(column.name),
    }
    row["nan_rate"], row["infinite_rate"] = found.nan / n, found.infinite / n
    if kind == "integer":
        row["integer_rate"] = 1.0
    elif found.whole is not None:
        row["integer_rate"] = int((found.whole == found.whole.floor()).sum()) / n
    else:
        row["integer_rate"] = float(found.counts[found.values == np.floor(found.values)].sum() / n)
    row |= {"semantic": "integer" if row["integer_rate"] == 1.0 else "number", "semantic_confidence": 1.0}
    if distinct == 0:
        row |= {"semantic": "empty", "distinct": 0}
    elif found.values.size == 2 and found.values.tolist() == [0.0, 1.0]:
        row |= {"semantic": "boolean", "boolean_rate": 1.0, "semantic_confidence": 0.8}
        row |= {"true_words": ["1"], "false_words": ["0"]}
    for kind_name in ("latitude", "longitude"):
        if names.says(column.name, kind_name) and distinct > 2:
            row["semantic"] = kind_name
    if names.says(column.name, "postal") and row["integer_rate"] == 1.0 and distinct > 2:
        row["semantic"] = "postal_code"
    if row["integer_rate"] == 1.0 and distinct > 2:
        mark_code(column, codes.cut_numbers(column.name, found.values, found.counts))
    order = np.argsort(-found.counts[:10_000] if distinct > 10_000 else -found.counts, kind="stable")[:20]
    column.details["top"] = {_plain(float(found.values[i])): float(found.counts[i]) for i in order}
