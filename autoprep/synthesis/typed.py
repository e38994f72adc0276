"""Whether a feature's line fits the columns it names: told before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import polars as pl

from autoprep.errors import SettingError, did_you_mean, plural
from autoprep.primitives import AGGREGATIONS, LEARNT, TRANSFORMS
from autoprep.synthesis.feature import Call, Column, Condition, Definition
from autoprep.synthesis.schema import Schema

TEXTS = (pl.String, pl.Categorical, pl.Enum)
#: Which types of columns are of a kind; one without any value (Null) is of each.
KINDS: Mapping[str, Callable[[pl.DataType], bool]] = {
    "number": lambda dtype: dtype.is_numeric() or dtype == pl.Boolean,
    "boolean": lambda dtype: dtype == pl.Boolean,
    "time": lambda dtype: isinstance(dtype, pl.Datetime | pl.Date),
    "text": lambda dtype: dtype in TEXTS,
    "category": lambda dtype: not dtype.is_float() and not dtype.is_temporal(),
    "any": lambda dtype: True,
}
#: What a transform gives, as a type.
MADE: Mapping[str, pl.DataType] = {
    "number": pl.Float64(), "integer": pl.Int64(), "boolean": pl.Boolean(), "category": pl.String(),
    "time": pl.Datetime("us"),
}  # fmt: skip
#: Columns of one of these are matched to each other.
ALIKE = (lambda d: d.is_numeric(), lambda d: d in TEXTS, lambda d: d == pl.Boolean, lambda d: d.is_temporal())
#: What to write instead of a number made of a moment.
TIMELY = "of times there are FIRST, LAST, TIME_SPAN, MEAN_GAP, UNIQUE_DAYS, DAYS_SINCE_LAST, DAYS_SINCE_FIRST"
KIND_WORDS = {"number": "number", "boolean": "column of true and false", "time": "time", "text": "text",
              "category": "category"}  # fmt: skip


def typed(definition: Definition, schema: Schema, table: str) -> Definition:
    """The definition of a table's feature, constants beside times read as moments, once every input is of its kind.

    Raises:
        SettingError: an input, a parameter or a condition is of another kind, or columns are of several tables.

    Example:
        >>> from autoprep.synthesis.feature import parse
        >>> orders = pl.DataFrame({"customer": [1], "amount": [2.0], "at": [datetime(2024, 1, 1)]})
        >>> schema = Schema.from_yaml("tables:\\n  orders: {time: at}", {"orders": orders})
        >>> line = "SUM(orders.amount) WHERE orders.at > '2024-02-01' BEFORE cutoff BY customer"
        >>> str(typed(parse(line), schema, "orders"))
        "SUM(orders.amount) WHERE orders.at > DATE '2024-02-01' BEFORE cutoff BY customer"
        >>> typed(parse("SUM(orders.at) BEFORE cutoff BY customer"), schema, "orders")
        Traceback (most recent call last):
        autoprep.errors.SettingError: feature 'SUM(orders.at) BEFORE cutoff BY customer': SUM takes a number, ...
    """
    where = f"feature '{definition}'"
    for column in definition.columns():
        if column.table != definition.source:
            raise SettingError(
                f"'{column}' is of another table than '{definition.source}', whose rows are read", where=where,
                hint="columns and conditions of one feature are of one table",
            )  # fmt: skip
    types = schema.table(definition.source).frame.schema
    first = (*definition.via, definition.source)[0]
    for here, there in definition.by:
        ends = schema.table(table).frame.schema[here], schema.table(first).frame.schema[there]
        if pl.Null not in ends and not any(all(map(of, ends)) for of in ALIKE):
            raise SettingError(
                f"'{table}.{here}' is {_said(ends[0])}, '{first}.{there}' is {_said(ends[1])}: they never match",
                where=where, hint="BY pairs a column of the table with one of the other: BY customer = id",
            )  # fmt: skip
    _fits(definition.body, types, where, outermost=True)
    return replace(definition, where=tuple(_condition(c, types, where) for c in definition.where))


def _fits(body: Column | Call, types: Mapping[str, pl.DataType], where: str, *, outermost: bool = False) -> pl.DataType:
    """The type of a value, once its inputs are of their kinds."""
    if isinstance(body, Column):
        return types[body.name]
    name = body.primitive
    if name in LEARNT:
        raise SettingError(f"{name} is learnt of the rows of one table", where=where,
                           hint="ask for it without --table")  # fmt: skip
    if name in AGGREGATIONS and not outermost:
        raise SettingError(f"{name} aggregates, and stands only outermost", where=where)
    entry: Any = AGGREGATIONS[name] if name in AGGREGATIONS else TRANSFORMS[name]
    wanted = [k for k in entry.inputs if k != "cutoff"]
    least = len(wanted) - (name in AGGREGATIONS and "time" in wanted)  # the rows' own time stands in
    if not least <= len(body.arguments) <= len(wanted):
        raise SettingError(
            f"{name} takes {plural(len(wanted), 'input')}, not {len(body.arguments)}", where=where,
            hint=f"{name}({', '.join(wanted)})",
        )  # fmt: skip
    found = [_fits(a, types, where) for a in body.arguments]
    _parameters(body, entry, found, where)
    for kind, argument, dtype in zip(wanted, body.arguments, found, strict=False):
        if dtype != pl.Null and not KINDS[kind](dtype):
            timely = kind == "number" and dtype.is_temporal() and name in AGGREGATIONS
            raise SettingError(
                f"{name} takes a {KIND_WORDS[kind]}, and '{argument}' is {_said(dtype)}", where=where,
                hint=TIMELY if timely else _hint(kind, dtype),
            )  # fmt: skip
    _one_clock([(str(a), d) for a, d in zip(body.arguments, found, strict=True)], where)
    if entry.output == "same":
        return found[0]
    return MADE.get(entry.output, pl.Float64())


def _hint(kind: str, dtype: pl.DataType) -> str:
    if kind == "number" and dtype in TEXTS:
        return "count it (COUNT, NUM_UNIQUE, MODE, LAST), or clean it into numbers first (autoprep clean)"
    if kind == "boolean" and dtype.is_numeric():
        return "compare it: GREATER_THAN(x, than=0), or WHERE x = 1"
    return "name a column of that kind"


def _said(dtype: pl.DataType) -> str:
    if dtype.is_temporal():
        return "a time" if KINDS["time"](dtype) else str(dtype)
    if dtype in TEXTS:
        return "text"
    return "true or false" if dtype == pl.Boolean else "a number" if dtype.is_numeric() else str(dtype)


def _parameters(body: Call, entry: Any, types: Sequence[pl.DataType], where: str) -> None:
    for key, value in body.parameters:
        if key == "of" and not body.arguments:
            continue
        if key not in entry.parameters:
            known = did_you_mean(key, entry.parameters) if entry.parameters else "it has none"
            raise SettingError(f"{body.primitive} has no parameter '{key}'", where=where, hint=known)
        default = entry.parameters[key]
        number = isinstance(default, int | float) and not isinstance(default, bool)
        if entry.inputs == ("any",) and types and types[0] in TEXTS and isinstance(value, str):
            continue  # EQUAL_TO(x, than='paid')
        if number and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise SettingError(f"{key}={value!r} of {body.primitive} is no number", where=where,
                               hint=f"for example {key}={default:g}")  # fmt: skip


def _condition(c: Condition, types: Mapping[str, pl.DataType], where: str) -> Condition:
    dtype = types[c.column.name]
    if c.operator.startswith("IS") or dtype == pl.Null:
        return c
    many = c.operator == "IN"
    made = [_constant(v, dtype, c, where) for v in (c.value if many else (c.value,))]
    return replace(c, value=tuple(made) if many else made[0])


def _constant(value: Any, dtype: pl.DataType, c: Condition, where: str) -> Any:
    if value is None:
        raise SettingError(f"nothing is {c.operator} NULL", where=where,
                           hint=f"write {c.column} IS NULL, or IS NOT NULL")  # fmt: skip
    said = f"{c.column} is {_said(dtype)}, and is compared with {value!r}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if KINDS["time"](dtype):
        return _moment(value, dtype, said, where)
    if dtype == pl.Boolean:
        if value not in (0, 1):
            raise SettingError(said, where=where, hint="write TRUE or FALSE")
        return bool(value)
    if dtype.is_numeric() and not number:
        raise SettingError(said, where=where, hint=f"write a number: {c.column} {c.operator} 1")
    if dtype in TEXTS and not isinstance(value, str):
        raise SettingError(said, where=where, hint=f"write a text in quotes: '{value}'")
    if not (dtype.is_numeric() or dtype in TEXTS):
        raise SettingError(f"{c.column} is {_said(dtype)}, of which there are no conditions", where=where)
    return value


def _moment(value: Any, dtype: pl.DataType, said: str, where: str) -> datetime:
    """A constant beside a time as a moment without zone; of a time with a zone, in UTC."""
    if not isinstance(value, datetime):
        try:
            value = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise SettingError(said, where=where, hint="write '2024-02-01' or '2024-02-01 13:30:00'") from None
    zone = getattr(dtype, "time_zone", None)
    if value.tzinfo is not None or zone is not None:
        raise SettingError(f"{said}, of which one has a zone or both", where=where,
                           hint="conditions are on times without a zone")  # fmt: skip
    made: datetime = value
    return made


def held(c: Condition) -> pl.Expr:
    """Whether a condition holds, over rows of its table; null where the value is missing."""
    x = pl.col(c.column.name)
    first = c.value[0] if c.operator == "IN" else c.value
    if isinstance(first, date | datetime):
        x = x.cast(pl.Datetime("us"))
    elif isinstance(first, str):
        x = x.cast(pl.String)
    made: dict[str, Callable[[], pl.Expr]] = {
        "=": lambda: x == c.value, "<>": lambda: x != c.value, "<=": lambda: x <= c.value, ">=": lambda: x >= c.value,
        "<": lambda: x < c.value, ">": lambda: x > c.value, "IN": lambda: x.is_in(list(c.value)),
        "IS NULL": x.is_null, "IS NOT NULL": x.is_not_null,
    }  # fmt: skip
    return made[c.operator]()


def _one_clock(times: Sequence[tuple[str, pl.DataType]], where: str) -> None:
    """Refuse times of which some have a zone and some have none."""
    zones = [(name, getattr(d, "time_zone", None)) for name, d in times if KINDS["time"](d)]
    with_zone = next(((n, z) for n, z in zones if z is not None), None)
    without = next((n for n, z in zones if z is None), None)
    if with_zone is not None and without is not None:
        raise SettingError(
            f"'{with_zone[0]}' has a zone ({with_zone[1]}) and '{without}' has none: they cannot be compared",
            where=where,
            hint="give both a zone, or neither (frame.with_columns(pl.col(...).dt.replace_time_zone(...)))",
        )


def one_clock(definitions: Sequence[Definition], schema: Schema, cutoff: str, dtype: pl.DataType) -> None:
    """Refuse a cutoff with a zone beside times without, and the other way round.

    Args:
        definitions: what is read. cutoff: "table.column" up to which things are known. dtype: of that column.

    Raises:
        SettingError: names both columns.
    """
    read = dict.fromkeys(name for d in definitions if d.before for name in (*d.via, d.source))
    for name in read:
        spec = schema.table(name)
        if spec.as_of is not None:
            _one_clock([(cutoff, dtype), (f"{name}.{spec.as_of}", spec.frame.schema[spec.as_of])], "cutoff")
