"""New cells brought to the form that a plan was made for: a typed value meets it as the text of the same value does.

A column that training read as text has steps that read its text: a decimal comma, days before months. A value that has
its type already is written as that column writes, so that those steps give the very value back, and every later one
(sentinels, units, contract) sees what it knows. A column that was typed in training is read from plain text (ISO 8601).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning.forms import dtype_from, text_of, value_of
from autoprep.parsing import date
from autoprep.types import Action, Plan

#: Whole numbers up to here are exact as Float64.
WHOLE = 2**53
_TICKS = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(frozen=True)
class Spelling:
    """How a text column writes values, so that the step that reads them gives the same values.

    Attributes:
        kind: what that step makes: "number", "boolean", "date", "datetime", or "" where no step reads the column.
        decimal: the decimal sign.
        true: the word for true. false: the word for false.
        format: the column's way to write a moment, where it writes all of it; "" is ISO 8601.
        epoch: what a number counts since 1970 where it is a moment ("s", "ms", "us"), or "".
        utc: whether moments carry their offset, and are read as UTC.

    Example:
        >>> comma = Spelling("number", decimal=",", true="1", false="0")
        >>> comma.text(1.5), comma.text(2.0), comma.text(True)
        ('1,5', '2', '1')
        >>> pl.select(comma.cells(pl.lit(1.5), pl.Float64())).item()
        '1,5'
    """

    kind: str = ""
    decimal: str = "."
    true: str = "true"
    false: str = "false"
    format: str = ""
    epoch: str = ""
    utc: bool = False

    def cells(self, cell: pl.Expr, found: pl.DataType) -> pl.Expr:
        """Typed cells as the column's text (String); an empty text is a missing cell."""
        if found == pl.Boolean():
            return pl.when(cell).then(pl.lit(self.true)).when(~cell).then(pl.lit(self.false))
        if found.is_numeric():
            return self._numbers(cell, found)
        if found == pl.Date() or isinstance(found, pl.Datetime):
            return self._moments(cell, found)
        text = text_of(cell, found)
        return pl.when(text != "").then(text)

    def text(self, cell: str | float | bool) -> str | None:
        """The same of one value of Python: text, a truth value, a finite number."""
        if isinstance(cell, str):
            return cell or None
        if isinstance(cell, bool) or (self.kind == "boolean" and cell in (0, 1)):
            return self.true if cell else self.false
        if isinstance(cell, int):
            return str(cell)
        if cell.is_integer() and abs(cell) < WHOLE:
            return str(int(cell))
        return str(pl.Series([cell]).cast(pl.String)[0]).replace(".", self.decimal)

    def _numbers(self, cell: pl.Expr, found: pl.DataType) -> pl.Expr:
        text = cell.cast(pl.String)
        if found.is_float():
            cell = cell.fill_nan(None)
            whole = (cell == cell.floor()) & (cell.abs() < WHOLE)
            text = cell.cast(pl.String)
            if self.decimal != ".":
                text = text.str.replace(".", self.decimal, literal=True)
            text = pl.when(whole).then(cell.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
        elif found.is_decimal() and self.decimal != ".":
            text = text.str.replace(".", self.decimal, literal=True)
        if self.kind == "boolean":
            text = pl.when(cell == 1).then(pl.lit(self.true)).when(cell == 0).then(pl.lit(self.false)).otherwise(text)
        return text

    def _moments(self, cell: pl.Expr, found: pl.DataType) -> pl.Expr:
        cell = _local(cell, found, "UTC" if self.utc or self.epoch else None)
        if self.kind == "date":
            day = cell.cast(pl.Date)
            return day.dt.strftime(self.format) if self.format else text_of(day, pl.Date())
        moment = cell.cast(pl.Datetime("us"))
        if self.epoch:
            return (moment.dt.timestamp("us") // _TICKS[self.epoch]).cast(pl.String)
        plain = text_of(cell, pl.Date() if found == pl.Date() else pl.Datetime("us"))
        if not self.format:
            return plain
        step = "1s" if "%S" in self.format else "1m"
        return pl.when(moment == moment.dt.truncate(step)).then(moment.dt.strftime(self.format)).otherwise(plain)


def spelling(actions: Sequence[Action]) -> Spelling:
    """How the column that these steps clean writes its values.

    Example:
        >>> spelling([Action("d:t", "time.date", ("t",), "parse_date", {"formats": ["%d.%m.%Y"]})]).format
        '%d.%m.%Y'
    """
    read = next((a for a in actions if a.verb in VERBS and VERBS[a.verb].phase == "typing"), None)
    if read is None:
        return Spelling()
    said = read.parameters
    if read.verb == "parse_boolean":
        words = [next((str(w) for w in said.get(key) or () if str(w).strip()), key) for key in ("true", "false")]
        return Spelling("boolean", true=words[0], false=words[1])
    if read.verb in ("parse_date", "parse_datetime"):
        kind, formats = read.verb.removeprefix("parse_"), [str(f) for f in said.get("formats") or ()]
        whole = formats and date.is_whole(formats[0]) and date.has_time(formats[0]) == (kind == "datetime")
        utc = any("%z" in f for f in formats) and said.get("clock") != "local"
        return Spelling(kind, format=formats[0] if whole else "", utc=utc)
    if VERBS[read.verb].theme != "number":
        return Spelling()
    unit = next((str(a.parameters.get("unit") or "s") for a in actions if a.verb == "parse_epoch"), "")
    decimal = str(said.get("decimal") or ".")
    return Spelling("number", decimal, "1", "0", epoch=unit if unit in _TICKS else "")


class Given:
    """What a plan expects of each column, and how new cells of any type are brought to it.

    Args:
        plan: its ``inputs`` are the columns of training.

    Example:
        >>> action = Action("n:x", "number.text", ("x",), "parse_number", {"decimal": ","})
        >>> given = Given(Plan((action,), {"x": "String", "d": "Date"}))
        >>> frame = pl.DataFrame({"x": [1.5, 2.0], "d": ["2024-02-03", "soon"]})
        >>> given.rows(frame.lazy()).collect().rows()
        [('1,5', datetime.date(2024, 2, 3)), ('2', None)]
    """

    def __init__(self, plan: Plan) -> None:
        self.inputs = {name: dtype_from(text) for name, text in plan.inputs.items()}
        own: dict[str, list[Action]] = {}
        for action in plan.applied():
            if action.columns:
                own.setdefault(action.columns[0], []).append(action)
        texts = [name for name, dtype in self.inputs.items() if dtype == pl.String()]
        self.spellings = {name: spelling(own.get(name, ())) for name in texts}

    def cells(self, name: str, found: pl.DataType) -> pl.Expr:
        """A column that the plan knows, of a type as given, in the type of training; null where it is none such."""
        cell, wanted = pl.col(name), self.inputs[name]
        if found == pl.Null():
            return cell.cast(wanted)
        if wanted == pl.String():
            return self.spellings[name].cells(cell, found).alias(name)
        if found == wanted:
            return cell
        if _is_moment(found) and _is_moment(wanted):
            return _moment(cell, found, wanted)
        if found == pl.Boolean() and wanted.is_numeric():
            return cell.cast(wanted)
        return value_of(text_of(cell, found), wanted).alias(name)

    def rows(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Rows with the columns that the plan knows brought to it; the others stay."""
        there = frame.collect_schema()
        return frame.with_columns(self.cells(name, there[name]) for name in self.inputs if name in there)

    def text(self, name: str, cell: str | float | bool) -> str | None:
        """One value as the text of a column; plain text where the plan does not know the column."""
        return self.spellings.get(name, _PLAIN).text(cell)


_PLAIN = Spelling()


def _is_moment(dtype: pl.DataType) -> bool:
    return dtype == pl.Date() or isinstance(dtype, pl.Datetime)


def _local(cell: pl.Expr, found: pl.DataType, zone: str | None) -> pl.Expr:
    """Moments without a zone: as their own clock shows them, or that of the zone."""
    if not isinstance(found, pl.Datetime) or found.time_zone is None:
        return cell
    return (cell.dt.convert_time_zone(zone) if zone else cell).dt.replace_time_zone(None)


def _moment(cell: pl.Expr, found: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    if not isinstance(wanted, pl.Datetime):
        return _local(cell, found, None).cast(wanted)
    moment = _local(cell, found, wanted.time_zone).cast(pl.Datetime(wanted.time_unit))
    if wanted.time_zone is None:
        return moment
    return moment.dt.replace_time_zone(wanted.time_zone, ambiguous="earliest", non_existent="null")
