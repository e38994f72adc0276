"""The functions that expressions call, each as Polars means it, for the values of one row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep.serving.rowwise import arithmetic, moments, text_functions
from autoprep.serving.rowwise.made import Cast, Evaluate, Made, Row, one
from autoprep.serving.rowwise.texts import Declined

if TYPE_CHECKING:
    from autoprep.serving.rowwise.expression import Code

DTYPES: dict[str, pl.DataType] = {
    d.__name__: d()
    for d in (
        *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
        *(pl.Float64, pl.String, pl.Boolean, pl.Date, pl.Time),
    )
}


def function(name: Any, inputs: Sequence[Code], cast: Cast) -> Made:
    """What a function of Polars gives for a row, its type, and whether it is worth keeping for the row.

    Raises:
        Declined: it is not known here, or not with these parameters.
    """
    if isinstance(name, str):
        return _plain(name, inputs, cast)
    ((family, held),) = name.items()
    match family:
        case "Boolean":
            return _boolean(held, inputs, cast)
        case "StringExpr":
            return text_functions.text(held, inputs)
        case "TemporalExpr":
            return _moment(held, inputs)
        case "StructExpr":
            return _field(held, inputs)
        case "ReplaceStrict":
            return _replace_strict(inputs, cast)
        case "SumHorizontal" if held == {"ignore_nulls": True}:
            parts = [cast(i, pl.Float64()).evaluate for i in inputs]
            if any(i.dtype != pl.Float64 for i in inputs):
                raise Declined("a sum of whole numbers")
            return (lambda row: arithmetic.summed([p(row) for p in parts])), pl.Float64(), False
        case "Clip":
            return _clip(held, inputs)
        case "Pow":
            return _power(held, inputs)
        case "RoundSF":
            return _of_float(partial(arithmetic.significant, digits=int(held["digits"])), inputs)
        case "Trigonometry":
            return _of_float(_angles(held), inputs)
    raise Declined(f"the function {family}")


def _of_float(function: Callable[[float], float], inputs: Sequence[Code]) -> Made:
    if len(inputs) != 1 or inputs[0].dtype != pl.Float64:
        raise Declined("a function of fractions")
    return one(function, inputs[0], pl.Float64())


def _plain(name: str, inputs: Sequence[Code], cast: Cast) -> Made:
    first = inputs[0]
    match name:
        case "Coalesce" | "FillNull":
            from autoprep.serving.rowwise.expression import common

            dtype = common([i.dtype for i in inputs])
            return _first([cast(i, dtype).evaluate for i in inputs]), dtype, name == "Coalesce"
        case "Negate" if first.dtype == pl.Float64 or first.dtype == pl.Int64:
            return one(lambda v: -v, first, first.dtype)
        case "Abs" if first.dtype == pl.Float64 or first.dtype == pl.Int64:
            return one(abs, first, first.dtype)
        case "Floor":
            return _of_float(lambda v: float(math.floor(v)) if math.isfinite(v) else v, inputs)
        case "Sign":
            return _of_float(_sign, inputs)
        case "Log1p":
            return _of_float(_log1p, inputs)
        case "Log" if len(inputs) == 2 and inputs[1].value == math.e:
            return _of_float(_log, inputs[:1])
        case "Replace" if first.dtype == pl.String:
            return _replace(inputs)
        case "MaxHorizontal" | "MinHorizontal" if all(i.dtype == pl.Float64 for i in inputs):
            return _extreme(max if name == "MaxHorizontal" else min, [i.evaluate for i in inputs]), pl.Float64(), False
    raise Declined(f"the function {name} of {first.dtype}")


def _first(parts: Sequence[Evaluate]) -> Evaluate:
    def evaluate(row: Row) -> Any:
        for part in parts:
            value = part(row)
            if value is not None:
                return value
        return None

    return evaluate


def _extreme(choose: Callable[[list[Any]], Any], parts: Sequence[Evaluate]) -> Evaluate:
    def evaluate(row: Row) -> Any:
        known = [v for part in parts if (v := part(row)) is not None]
        if any(v != v for v in known):
            raise Declined("NaN beside numbers")
        return choose(known) if known else None

    return evaluate


def _sign(value: float) -> float:
    return value if value != value or value == 0 else math.copysign(1.0, value)


def _log(value: float) -> float:
    if value > 0:
        return math.log(value)
    return -math.inf if value == 0 else math.nan


def _log1p(value: float) -> float:
    if value > -1:
        return math.log1p(value)
    return -math.inf if value == -1 else math.nan


def _angles(name: str) -> Callable[[float], float]:
    if name == "ArcSin":
        return _arcsin
    known = {"Sin": math.sin, "Cos": math.cos, "Tan": math.tan}
    if name not in known:
        raise Declined(f"the function {name}")
    function = known[name]
    return lambda v: function(v) if math.isfinite(v) else math.nan


def _arcsin(value: float) -> float:
    return math.asin(value) if -1 <= value <= 1 else math.nan


def _power(held: Any, inputs: Sequence[Code]) -> Made:
    if held == "Sqrt":
        return _of_float(lambda v: math.sqrt(v) if v >= 0 else math.nan, inputs)
    if held == "Generic" and inputs[1].constant and inputs[1].value == 2:
        return _of_float(lambda v: v * v, inputs[:1])
    raise Declined(f"the power {held}")


def _clip(held: Any, inputs: Sequence[Code]) -> Made:
    first, rest = inputs[0], list(inputs[1:])
    low = rest.pop(0).value if held["has_min"] else None
    high = rest.pop(0).value if held["has_max"] else None
    if first.dtype != pl.Float64 or not all(i.constant and i.value is not None for i in inputs[1:]):
        raise Declined(f"bounds of {first.dtype}")
    least = -math.inf if low is None else float(low)
    most = math.inf if high is None else float(high)
    return one(lambda v: least if v < least else most if v > most else v, first, first.dtype)


def _boolean(held: Any, inputs: Sequence[Code], cast: Cast) -> Made:
    first, inner = inputs[0], inputs[0].evaluate
    truth = pl.Boolean()
    match held:
        case "IsNull":
            return (lambda row: inner(row) is None), truth, False
        case "IsNotNull":
            return (lambda row: inner(row) is not None), truth, False
        case "IsFinite" if first.dtype == pl.Float64:
            return one(math.isfinite, first, truth)
        case "IsNan" if first.dtype == pl.Float64:
            return one(math.isnan, first, truth)
        case "IsNotNan" if first.dtype == pl.Float64:
            return one(lambda v: not math.isnan(v), first, truth)
        case "Not" if first.dtype == pl.Boolean:
            return one(lambda v: not v, first, truth)
        case "AnyHorizontal" | "AllHorizontal" if all(i.dtype == pl.Boolean for i in inputs):
            join = arithmetic.LOGIC["Or" if held == "AnyHorizontal" else "And"]
            parts = [i.evaluate for i in inputs]
            return (lambda row: _fold(join, [p(row) for p in parts])), truth, False
        case {"IsIn": {"nulls_equal": False}}:
            return _is_in(inputs)
        case {"IsBetween": {"closed": "Both"}} if first.dtype.is_numeric():
            low, high = inputs[1], inputs[2]
            if not (low.constant and high.constant) or None in (low.value, high.value):
                raise Declined("bounds that are columns")
            a, b = low.value, high.value
            return one(lambda v: _known(v) and a <= v <= b, first, truth)
    raise Declined(f"the test {held} of {first.dtype}")


def _known(value: Any) -> bool:
    if value != value:
        raise Declined("NaN in a comparison")
    return True


def _fold(join: Callable[[Any, Any], Any], values: list[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = join(total, value)
    return total


def _is_in(inputs: Sequence[Code]) -> Made:
    first, held = inputs
    values = held.value
    if not held.constant or not isinstance(values, list) or None in values or first.dtype.is_float():
        raise Declined("a list with nulls, or of fractions")
    if held.dtype != first.dtype and not (first.dtype.is_integer() and held.dtype.is_integer()):
        raise Declined(f"{first.dtype} in a list of {held.dtype}")
    return one(frozenset(values).__contains__, first, pl.Boolean())


def _replace(inputs: Sequence[Code]) -> Made:
    first, old, new = inputs
    keys = old.value if isinstance(old.value, list) else [old.value]
    values = new.value if isinstance(new.value, list) else [new.value]
    if not (old.constant and new.constant) or None in keys or len(values) not in (1, len(keys)):
        raise Declined("a replacement of nulls")
    if any(d.dtype not in (pl.String(), pl.Null()) for d in (old, new)):
        raise Declined("a replacement of other types")
    table = dict(zip(keys, values if len(values) == len(keys) else values * len(keys), strict=True))
    return one(lambda v: table.get(v, v), first, pl.String(), True)


def _replace_strict(inputs: Sequence[Code], cast: Cast) -> Made:
    if len(inputs) != 4:
        raise Declined("a mapping without a default")
    first, old, new, default = inputs
    keys, values = old.value, new.value
    if not all(i.constant for i in inputs[1:]) or not isinstance(keys, list) or not isinstance(values, list):
        raise Declined("a mapping that is a column")
    if None in keys or len(keys) != len(values) or old.dtype != first.dtype or first.dtype.is_float():
        raise Declined("a mapping of nulls or of other types")
    dtype = default.dtype if new.dtype == pl.Null else new.dtype
    other = default.value
    if other is not None and dtype == pl.Float64:
        other = float(other)
    elif other is not None and default.dtype != dtype:
        raise Declined("a default of another type")
    table = dict(zip(keys, values, strict=True))
    inner = first.evaluate
    return (lambda row: table.get(inner(row), other)), dtype, True


def _moment(held: Any, inputs: Sequence[Code]) -> Made:
    if held == {"Duration": "Microseconds"}:
        rest = [i for n, i in enumerate(inputs) if n != 6]
        if len(inputs) != 8 or any(not i.constant or i.value != 0 for i in rest) or inputs[6].dtype != pl.Int64:
            raise Declined("a duration of several parts")
        return inputs[6].evaluate, pl.Duration("us"), False
    made, dtype = moments.part(held, inputs[0].dtype)
    return one(made, inputs[0], dtype)


def _field(held: Any, inputs: Sequence[Code]) -> Made:
    name, inner = held["FieldByName"], inputs[0].evaluate

    def evaluate(row: Row) -> Any:
        value = inner(row)
        return None if value is None else value[name]

    return evaluate, pl.String(), False
