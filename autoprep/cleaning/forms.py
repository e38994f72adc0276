"""The text that a typed value stands for, and the way back: what makes a parse undoable without noting every cell."""

from __future__ import annotations

import polars as pl

from autoprep.parsing import date, duration

#: Ways of writing the numbers of a column: 12 -> "12", 12 -> "12.0", 12 -> "12.00" (up to six decimals).
NUMBER_FORMS = ("plain", "point", *(f"fixed{n}" for n in range(1, 7)))
#: What verbs call their results -> Polars types.
DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "time": pl.Time(),
    "duration": pl.Duration("us"),
}


def word_of(dtype: pl.DataType) -> str:
    """A Polars type in the words of plans.

    Example:
        >>> word_of(pl.Int32()), word_of(pl.Categorical())
        ('integer', 'text')
    """
    if dtype.is_integer():
        return "integer"
    if dtype.is_float() or dtype.is_decimal():
        return "number"
    for word in ("boolean", "date", "datetime", "time", "duration"):
        if dtype.base_type() is DTYPES[word].base_type():
            return word
    return "text"


def text_of(cell: pl.Expr, dtype: pl.DataType, form: str = "plain") -> pl.Expr:
    """The canonical text of typed cells (String); null stays null.

    Args:
        cell: expression of the given type.
        dtype: its type.
        form: a word of ``NUMBER_FORMS``; used for floating-point numbers only.

    Example:
        >>> frame = pl.DataFrame({"a": [12.0, 0.5, -1.25, None]})
        >>> [frame.select(text_of(pl.col("a"), pl.Float64(), f)).to_series().to_list() for f in ("plain", "fixed2")]
        [['12', '0.5', '-1.25', None], ['12.00', '0.50', '-1.25', None]]
    """
    if dtype == pl.String():
        return cell
    if dtype.is_float():
        shortest = cell.cast(pl.String)
        if form == "point":
            return shortest
        plain = shortest.str.strip_suffix(".0")
        if not form.startswith("fixed"):
            return plain
        places = int(form.removeprefix("fixed"))
        whole, rest = plain.str.splitn(".", 2).struct.field("field_0"), plain.str.splitn(".", 2).struct.field("field_1")
        fixed = pl.concat_str([whole, pl.lit("."), rest.fill_null("").str.pad_end(places, "0")])
        fits = plain.str.contains(r"^-?\d+(\.\d+)?$")
        return pl.when(fits).then(fixed).otherwise(plain)
    if dtype == pl.Date():
        return cell.dt.to_string("%Y-%m-%d")
    if isinstance(dtype, pl.Datetime):
        return cell.dt.replace_time_zone(None).cast(pl.String).str.replace(r"\.0+$", "")
    if isinstance(dtype, pl.Duration):
        return cell.dt.to_string("iso")
    if isinstance(dtype, pl.Binary):
        return cell.bin.encode("hex")
    if dtype.is_nested():
        return pl.struct(cell.alias("v")).struct.json_encode()
    return cell.cast(pl.String)


def value_of(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The typed cells that canonical text stands for; null where it stands for none.

    Example:
        >>> frame = pl.DataFrame({"a": ["2024-02-03", "soon"]})
        >>> frame.select(value_of(pl.col("a"), pl.Date()))["a"].to_list()
        [datetime.date(2024, 2, 3), None]
    """
    if dtype == pl.String():
        return text
    if dtype == pl.Boolean():
        words = {"true": True, "false": False, "1": True, "0": False}
        return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    if dtype == pl.Date():
        return pl.coalesce(date.parse_iso(text), date.parse_iso_offset(text).cast(pl.Date))
    if isinstance(dtype, pl.Datetime):
        return _moment_of(text, dtype)
    if dtype == pl.Time():
        return text.str.to_time("%H:%M:%S%.f", strict=False)
    if isinstance(dtype, pl.Duration):
        return _duration_of(text).cast(dtype)
    if isinstance(dtype, pl.Binary):
        return text.str.decode("hex", strict=False)
    if dtype.is_nested():
        return text.str.json_decode(pl.Struct({"v": dtype})).struct.field("v")
    return text.cast(dtype, strict=False)


def _moment_of(text: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    """Moments of ISO 8601 text, to the last digit; an offset tells the moment, else it is the column's own clock."""
    own = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit=dtype.time_unit, strict=False)
    clock = pl.coalesce(own, date.parse_iso(text, "datetime").dt.cast_time_unit(dtype.time_unit))
    moment = date.parse_iso_offset(text).dt.cast_time_unit(dtype.time_unit)
    if dtype.time_zone is None:
        return pl.coalesce(clock, moment)
    local = clock.dt.replace_time_zone(dtype.time_zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(local, moment.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone))


def _duration_of(text: pl.Expr) -> pl.Expr:
    """Durations of ISO 8601 text, of seconds, and of "2 days 03:04:05"."""
    clock = text.str.extract_groups(r"^(?:(\d+) days?,? )?(\d+):(\d\d):(\d\d(?:\.\d+)?)$")
    days, hours, minutes, seconds = (clock.struct.field(str(i)).cast(pl.Float64, strict=False) for i in (1, 2, 3, 4))
    total = days.fill_null(0) * 86_400 + hours * 3_600 + minutes * 60 + seconds
    microseconds = pl.coalesce(text.cast(pl.Float64, strict=False), total) * 1e6
    return pl.coalesce(
        pl.duration(microseconds=microseconds.round().cast(pl.Int64, strict=False)), duration.as_duration(text)
    )


def best_form(text: pl.Series, values: pl.Series) -> str:
    """The form in which most numbers of a column are written, so that the ledger need not note each of them.

    Args:
        text: the original cells, String.
        values: what they were read as, Float64.

    Example:
        >>> best_form(pl.Series(["1.50", "2.00"]), pl.Series([1.5, 2.0]))
        'fixed2'
    """
    frame = pl.DataFrame({"text": text, "value": values}).drop_nulls().head(10_000)
    if frame.is_empty() or not frame.schema["value"].is_float():
        return "plain"
    hits = [(text_of(pl.col("value"), pl.Float64(), form) == pl.col("text")).sum().alias(form) for form in NUMBER_FORMS]
    counts = frame.select(hits).row(0)
    return NUMBER_FORMS[max(range(len(counts)), key=lambda i: (counts[i], -i))]


def dtype_text(dtype: pl.DataType) -> str:
    """A Polars type as text that ``dtype_from`` reads.

    Example:
        >>> dtype_text(pl.Datetime("ms", "UTC")), dtype_text(pl.Int64())
        ("Datetime('ms', 'UTC')", 'Int64')
    """
    if isinstance(dtype, pl.Datetime):
        return (
            f"Datetime('{dtype.time_unit}', '{dtype.time_zone}')"
            if dtype.time_zone
            else f"Datetime('{dtype.time_unit}')"
        )
    if isinstance(dtype, pl.Duration):
        return f"Duration('{dtype.time_unit}')"
    if isinstance(dtype, pl.Decimal):
        return f"Decimal({dtype.precision}, {dtype.scale})"
    return str(dtype.base_type().__name__)


def dtype_from(text: str) -> pl.DataType:
    """The Polars type that ``dtype_text`` wrote; String where it is no simple type.

    Example:
        >>> dtype_from("Datetime('ms', 'UTC')"), dtype_from("Int64")
        (Datetime(time_unit='ms', time_zone='UTC'), Int64)
    """
    name, _, inside = text.partition("(")
    arguments = [part.strip().strip("'") for part in inside.rstrip(")").split(",")] if inside else []
    if name == "Datetime":
        return pl.Datetime(arguments[0], arguments[1] if len(arguments) > 1 else None)  # type: ignore[arg-type]
    if name == "Duration":
        return pl.Duration(arguments[0])  # type: ignore[arg-type]
    if name == "Decimal":
        return pl.Decimal(int(arguments[0]), int(arguments[1]))
    found = getattr(pl, name, None)
    simple = (
        isinstance(found, type) and issubclass(found, pl.DataType) and name not in ("Enum", "List", "Struct", "Array")
    )
    return found() if simple and found is not None else pl.String()
