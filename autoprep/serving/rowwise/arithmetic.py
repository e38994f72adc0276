"""Operators and casts of Polars for one cell: nulls are None, dates days since 1970, moments and durations counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl

from autoprep.serving.rowwise import texts
from autoprep.serving.rowwise.texts import Declined

DAY_US = 86_400_000_000
#: Whole numbers that Float64 holds exactly.
EXACT = 2**53
Function = Callable[[Any], Any]
Operator = Callable[[Any, Any], Any]


def divide(a: float, b: float) -> float:
    """Float division; by zero an infinity, or NaN for 0 / 0."""
    if b:
        return a / b
    return math.nan if a != a or not a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def significant(x: float, digits: int) -> float:
    """A number to so many significant figures, as Polars rounds: scaled by powers of five and of two apart.

    Example:
        >>> significant(182.88000000000002, 12), significant(-0.1 - 0.2, 12)
        (182.88, -0.3)
    """
    if x == 0 or not math.isfinite(x):
        return x
    places = digits - 1 - math.floor(math.log10(abs(x)))
    five = _power_of_five(abs(places))
    five = five if places >= 0 else 1 / five
    scaled = math.ldexp(x * five, places)
    whole = math.floor(abs(scaled) + 0.5) if abs(scaled) < EXACT / 2 else abs(scaled)
    made = math.ldexp(math.copysign(whole, scaled), -places) / five
    return made if math.isfinite(made) else x


@cache
def _power_of_five(places: int) -> float:
    """By squaring, as compilers do it: beyond the 22nd power the order of multiplying shows."""
    made, base = 1.0, 5.0
    while places:
        made = made * base if places & 1 else made
        places >>= 1
        base = base * base if places else base
    return made


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


LOGIC: dict[str, Operator] = {"And": _and, "LogicalAnd": _and, "Or": _or, "LogicalOr": _or}
COMPARE: dict[str, Operator] = {
    "Eq": lambda a, b: a == b,
    "NotEq": lambda a, b: a != b,
    "Lt": lambda a, b: a < b,
    "LtEq": lambda a, b: a <= b,
    "Gt": lambda a, b: a > b,
    "GtEq": lambda a, b: a >= b,
}
ADD: dict[str, Operator] = {
    "Plus": lambda a, b: a + b,
    "Minus": lambda a, b: a - b,
    "Multiply": lambda a, b: a * b,
}
WHOLE: dict[str, Operator] = {
    "FloorDivide": lambda a, b: a // b if b else None,
    "Modulus": lambda a, b: a % b if b else None,
}


def compared(compare: Operator, floats: bool) -> Operator:
    """A comparison that is null beside a null, and leaves NaN to Polars, which orders it."""

    def plain(a: Any, b: Any) -> Any:
        return None if a is None or b is None else compare(a, b)

    def careful(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return None
        if a != a or b != b:
            raise Declined("NaN in a comparison")
        return compare(a, b)

    return careful if floats else plain


def whole(operate: Operator, dtype: pl.DataType) -> Operator:
    """An operation on whole numbers that fits its type."""
    low, high = bounds(dtype)

    def made(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return None
        value = operate(a, b)
        if value is not None and not low <= value <= high:
            raise Declined(f"a number that does not fit {dtype}")
        return value

    return made


def bounds(dtype: pl.DataType) -> tuple[int, int]:
    """The least and the greatest number of an integer type; temporal types count in 64 bits."""
    if not dtype.is_integer():
        return -(2**63), 2**63 - 1
    name = str(dtype)
    bits = int(name.removeprefix("U").removeprefix("Int") if not name.startswith("UInt") else name[4:])
    return (0, 2**bits - 1) if name.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def exactly(value: int) -> float:
    """A whole number as Float64.

    Raises:
        Declined: it is not exact.
    """
    if -EXACT <= value <= EXACT:
        return float(value)
    raise Declined("a whole number beyond 2^53")


def truncated(value: float) -> int | None:
    """What casting Float64 to Int64 gives."""
    return int(value) if -(2.0**63) <= value < 2.0**63 else None


def cast(source: pl.DataType, goal: pl.DataType, strict: bool) -> Function | None:
    """What casts a value that is not null; None when nothing is to be done.

    Raises:
        Declined: a cast that is not known here.
    """
    if source == goal or source == pl.Null:
        return None
    if source == pl.String and goal in (pl.Float64, pl.Int64):
        read: Function = texts.to_float if goal == pl.Float64 else texts.to_integer
        return _read_or_decline(read) if strict else read
    if source == pl.Boolean:
        if goal == pl.Float64:
            return float
        if goal.is_integer():
            return int
        if goal == pl.String:
            return lambda v: "true" if v else "false"
    if source.is_integer():
        if goal == pl.Float64:
            return exactly
        if goal == pl.String:
            return str
        if goal == pl.Boolean:
            return bool
        if goal.is_integer():
            return _narrowed(goal, strict)
    if source == pl.Float64:
        if goal == pl.Int64 and not strict:
            return truncated
        if goal == pl.String:
            return texts.from_float
        if goal == pl.Boolean:
            return _truth
    return _temporal(source, goal)


def _temporal(source: pl.DataType, goal: pl.DataType) -> Function | None:
    moment = pl.Datetime("us")
    if source == pl.Date and goal == moment:
        return lambda v: v * DAY_US
    if source == moment and goal == pl.Date:
        return lambda v: v // DAY_US
    if source == pl.Time and goal == pl.Duration("us"):
        return lambda v: v // 1000
    if (source == moment and goal == pl.Int64) or (source == pl.Date and goal == pl.Int32):
        return None
    if source == pl.Int64 and goal == moment:
        return None
    raise Declined(f"the cast of {source} to {goal}")


def _narrowed(goal: pl.DataType, strict: bool) -> Function:
    low, high = bounds(goal)

    def made(value: int) -> int | None:
        if low <= value <= high:
            return value
        if strict:
            raise Declined("a number that does not fit")
        return None

    return made


def _read_or_decline(read: Function) -> Function:
    def made(text: str) -> Any:
        value = read(text)
        if value is None:
            raise Declined("text that is no number")
        return value

    return made


def _truth(value: float) -> bool:
    if value != value:
        raise Declined("NaN as a truth value")
    return value != 0


def summed(values: list[Any]) -> Any:
    """The sum of values side by side, nulls left out; the same in whatever order it is taken.

    Raises:
        Declined: the order would matter.
    """
    known = [v for v in values if v is not None]
    total = sum(known, 0.0) if known else 0.0
    if len(known) > 2 and total != math.fsum(known):
        raise Declined("a sum whose last bit hangs on its order")
    return total
