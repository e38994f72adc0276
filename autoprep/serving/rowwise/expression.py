"""Polars expressions as Python functions of one row.

The tree is read from Polars' own JSON form when a model is loaded, never stored. What is not known here is declined,
and Polars works it out as before; so a new expression is slower, never wrong.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from autoprep.serving.rowwise import functions
from autoprep.serving.rowwise.arithmetic import ADD, COMPARE, LOGIC, WHOLE, cast, compared, divide, whole
from autoprep.serving.rowwise.texts import Declined, checked

Row = list[Any]
Evaluate = Callable[[Row], Any]
_UNSET = object()


@dataclass(frozen=True)
class Code:
    """A compiled expression.

    Attributes:
        evaluate: the value for a row; None is null.
        dtype: its type.
        number: the same for equal expressions.
        constant: whether it looks at no column.
        value: of a constant: a value, or a list of them.
    """

    evaluate: Evaluate
    dtype: pl.DataType
    number: int
    constant: bool = False
    value: Any = None


class Compiler:
    """Makes functions of expressions over named columns; equal parts are worked out once per row.

    Args:
        inputs: raw columns and their types; a row begins with their values in this order.

    Example:
        >>> made = Compiler({"a": pl.String()})
        >>> code = made.compile(pl.col("a").str.strip_chars().cast(pl.Float64, strict=False))
        >>> code.evaluate(made.row([" 7.5 "]))
        7.5
    """

    def __init__(self, inputs: Mapping[str, pl.DataType]) -> None:
        self.columns: dict[str, Code] = {}
        self._known: dict[Any, Code] = {}
        self._slots = len(inputs)
        self._literals: dict[Any, Code] = {}
        self._fields: list[dict[str, Code]] = []
        for at, (name, dtype) in enumerate(inputs.items()):
            self.columns[name] = self._input(at, dtype)

    def row(self, values: Sequence[Any]) -> Row:
        """A row to evaluate: its raw values, and room for what is worked out once."""
        return [*values, *[_UNSET] * (self._slots - len(values))]

    def compile(self, expression: pl.Expr) -> Code:
        """The function of an expression; an outer alias is left out.

        Raises:
            Declined: a part of it is not known here.
        """
        tree = json.loads(expression.meta.serialize(format="json"))
        try:
            return self._node(tree)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            raise Declined(f"an expression of another form ({type(error).__name__}: {error})") from error

    def add(self, name: str, code: Code) -> None:
        """Let later expressions call a column by its name."""
        self.columns[name] = code

    def once(self, code: Code) -> Code:
        """The same, worked out once per row."""
        at, inner = self._slots, code.evaluate
        self._slots += 1

        def evaluate(row: Row) -> Any:
            value = row[at]
            if value is _UNSET:
                value = row[at] = inner(row)
            return value

        return Code(evaluate, code.dtype, code.number)

    def declined(self, reason: str, dtype: pl.DataType) -> Code:
        """A column that cannot be worked out here; a row that needs it is declined."""

        def evaluate(row: Row) -> Any:
            raise Declined(reason)

        return self._new(("declined", reason, len(self._known)), evaluate, dtype)

    def cast(self, code: Code, goal: pl.DataType, strict: bool = False) -> Code:
        """The values in another type."""
        function = cast(code.dtype, goal, strict)
        if function is None:
            return Code(code.evaluate, goal, code.number, code.constant, code.value)
        inner = code.evaluate

        def evaluate(row: Row) -> Any:
            value = inner(row)
            return None if value is None else function(value)

        return self._new(("cast", code.number, str(goal), strict), evaluate, goal)

    def _input(self, at: int, dtype: pl.DataType) -> Code:
        def plain(row: Row) -> Any:
            return row[at]

        code = self._new(("input", at), plain, dtype)
        if dtype != pl.String:
            return code

        def text(row: Row) -> Any:
            value = row[at]
            return None if value is None else checked(value)

        return self.once(Code(text, dtype, code.number))

    def _new(self, key: Any, evaluate: Evaluate, dtype: pl.DataType, once: bool = False) -> Code:
        found = self._known.get(key)
        if found is None:
            found = Code(evaluate, dtype, len(self._known))
            found = self._known[key] = self.once(found) if once else found
        return found

    def _node(self, tree: Any) -> Code:
        ((kind, held),) = tree.items()
        match kind:
            case "Column":
                if held not in self.columns:
                    raise Declined(f"the column '{held}' is not there")
                return self.columns[held]
            case "Alias":
                return self._node(held[0])
            case "Literal":
                return self._literal(held)
            case "Cast":
                return self.cast(self._node(held["expr"]), _dtype(held["dtype"]), held["options"] == "Strict")
            case "BinaryExpr":
                return self._binary(held["op"], self._node(held["left"]), self._node(held["right"]))
            case "Ternary":
                parts = [self._node(held[part]) for part in ("predicate", "truthy", "falsy")]
                return self._ternary(*parts)
            case "Field":
                return self._fields[-1][held[0]]
            case "Function" if (of := _field_of(held)) is not None:
                return self._struct(held["input"][0])[of]
            case "Function":
                inputs = [self._node(part) for part in held["input"]]
                return self._function(held["function"], inputs)
        raise Declined(f"the expression {kind}")

    def _struct(self, tree: Any) -> dict[str, Code]:
        """The fields of a struct that an expression makes, each worked out once per row."""
        ((kind, held),) = tree.items()
        if kind == "Function":
            fields, parts = {}, held["input"]
        else:
            fields, parts = self._struct(held["expr"]), held["evaluation"]
        self._fields.append(fields)
        try:
            return fields | {_name(part): self._held(self._node(part)) for part in parts}
        finally:
            self._fields.pop()

    def _held(self, code: Code) -> Code:
        if code.constant:
            return code
        key = ("once", code.number)
        if key not in self._known:
            self._known[key] = self.once(code)
        return self._known[key]

    def _literal(self, held: Any) -> Code:
        key = _key(held)
        if key not in self._literals:
            value, dtype = _constant(held)
            code = Code(lambda row: value, dtype, len(self._known), True, value)
            self._literals[key] = self._known[("literal", key)] = code
        return self._literals[key]

    def _binary(self, op: str, left: Code, right: Code) -> Code:
        a, b = left.evaluate, right.evaluate
        key = ("binary", op, left.number, right.number)
        if op in LOGIC:
            logic, short = LOGIC[op], op.endswith("Or")

            def decide(row: Row) -> Any:
                first = a(row)
                return first if first is short else logic(first, b(row))

            return self._new(key, decide, pl.Boolean())
        if op in COMPARE:
            _alike(left.dtype, right.dtype)
            compare = compared(COMPARE[op], left.dtype.is_float() or right.dtype.is_float())
            return self._new(key, lambda row: compare(a(row), b(row)), pl.Boolean())
        dtype = _result(op, left, right)
        if dtype == pl.Float64:
            return self._floats(op, key, left, right)
        if op in ADD and dtype == pl.String:
            join = ADD[op]

            def joined(row: Row) -> Any:
                first, second = a(row), b(row)
                return None if first is None or second is None else join(first, second)

            return self._new(key, joined, dtype)
        if op in ADD or (op in WHOLE and dtype.is_integer()):
            operate = whole(ADD[op] if op in ADD else WHOLE[op], dtype)
            return self._new(key, lambda row: operate(a(row), b(row)), dtype)
        raise Declined(f"{op} of {left.dtype} and {right.dtype}")

    def _floats(self, op: str, key: Any, left: Code, right: Code) -> Code:
        a, b = self.cast(left, pl.Float64()).evaluate, self.cast(right, pl.Float64()).evaluate
        if op == "TrueDivide" and right.constant and right.value:
            # Polars divides a column by a constant by way of its reciprocal
            inverse, operate = 1.0 / float(right.value), ADD["Multiply"]
            return self._new(key, lambda row: None if (v := a(row)) is None else v * inverse, pl.Float64())
        if op == "TrueDivide":
            operate = divide
        elif op in ADD:
            operate = ADD[op]
        else:
            raise Declined(f"{op} of fractions")

        def evaluate(row: Row) -> Any:
            first = a(row)
            if first is None:
                return None
            second = b(row)
            return None if second is None else operate(first, second)

        return self._new(key, evaluate, pl.Float64())

    def _ternary(self, predicate: Code, truthy: Code, falsy: Code) -> Code:
        dtype = common([truthy.dtype, falsy.dtype])
        yes, no = self.cast(truthy, dtype).evaluate, self.cast(falsy, dtype).evaluate
        key = ("ternary", predicate.number, truthy.number, falsy.number)
        if predicate.constant:
            return self._new(key, yes if predicate.value else no, dtype)
        test = predicate.evaluate
        return self._new(key, lambda row: yes(row) if test(row) else no(row), dtype, once=True)

    def _function(self, name: Any, inputs: Sequence[Code]) -> Code:
        made, dtype, once = functions.function(name, inputs, self.cast)
        key = ("function", json.dumps(name), *(i.number for i in inputs))
        return self._new(key, made, dtype, once)


def _field_of(held: Any) -> str | None:
    """The field that a function asks of a struct made right there; None for any other function."""
    function = held["function"]
    asked = function.get("StructExpr") if isinstance(function, dict) else None
    if not isinstance(asked, dict) or "FieldByName" not in asked:
        return None
    ((kind, made),) = held["input"][0].items()
    new = kind == "Function" and made["function"] == "AsStruct"
    new = new or (kind == "StructEval" and made["variant"] == "WithFields")
    return str(asked["FieldByName"]) if new else None


def _name(tree: Any) -> str:
    ((kind, held),) = tree.items()
    if kind == "Alias":
        return str(held[1])
    if kind in ("Column", "Field"):
        return str(held if kind == "Column" else held[0])
    raise Declined(f"a field of a struct without a name ({kind})")


def common(dtypes: Sequence[pl.DataType]) -> pl.DataType:
    """The type that values of several types take together.

    Raises:
        Declined: they have none that is known here.
    """
    known = [d for d in dict.fromkeys(dtypes) if d != pl.Null()]
    if len(known) <= 1:
        return known[0] if known else pl.Null()
    if all(d.is_numeric() for d in known) and pl.Float64() in known:
        return pl.Float64()
    if all(d.is_integer() for d in known) and pl.Int64() in known:
        return pl.Int64()
    raise Declined("values of " + " and ".join(map(str, known)))


def _alike(a: pl.DataType, b: pl.DataType) -> None:
    if a == b or pl.Null() in (a, b) or (a.is_numeric() and b.is_numeric()):
        return
    raise Declined(f"{a} compared with {b}")


def _result(op: str, left: Code, right: Code) -> pl.DataType:
    """The type of an operation."""
    a, b = left.dtype, right.dtype
    if a == pl.String and b == pl.String and op == "Plus":
        return a
    if a.is_numeric() and b.is_numeric():
        if a.is_float() or b.is_float() or op == "TrueDivide":
            if pl.Float32() in (a, b):
                raise Declined("fractions of 32 bits")
            return pl.Float64()
        if left.constant != right.constant:
            return b if left.constant else a
        if a == b:
            return a
    elif op in ("Plus", "Minus") and a != pl.Boolean and b != pl.Boolean:
        frame = pl.LazyFrame(schema={"a": a, "b": b})
        made = pl.col("a") + pl.col("b") if op == "Plus" else pl.col("a") - pl.col("b")
        return frame.select(made).collect_schema()["a"]
    raise Declined(f"{op} of {a} and {b}")


def _dtype(held: Any) -> pl.DataType:
    match held["Literal"]:
        case str(name) if name in functions.DTYPES:
            return functions.DTYPES[name]
        case {"Datetime": ["Microseconds", None]}:
            return pl.Datetime("us")
        case {"Duration": "Microseconds"}:
            return pl.Duration("us")
    raise Declined(f"the type {json.dumps(held)[:80]}")


def _key(held: Any) -> Any:
    """What tells literals apart; long lists come as the bytes of an Arrow table."""
    packed = held.get("Series") or (held.get("Scalar") if isinstance(held.get("Scalar"), dict) else {}).get("List")
    return bytes(packed) if isinstance(packed, list) else json.dumps(held)


def _constant(held: Any) -> tuple[Any, pl.DataType]:
    """Value and type of a literal; of several values a list, and the type of one."""
    match held:
        case {"Scalar": {"String": str(text)}}:
            return text, pl.String()
        case {"Scalar": {"Boolean": bool(truth)}}:
            return truth, pl.Boolean()
        case {"Scalar": {"Null": "Null"}}:
            return None, pl.Null()
    text = json.dumps({"Literal": held})
    try:
        made = pl.select(pl.Expr.deserialize(io.StringIO(text), format="json")).to_series()
    except pl.exceptions.PolarsError as error:
        # JSON holds neither infinity nor NaN: Polars writes both as null, and does not read it
        raise Declined("a number that JSON does not hold") from error
    if isinstance(made.dtype, pl.List) and len(made) == 1:
        made = made.explode()
        return made.to_physical().to_list(), made.dtype
    if "Series" in held:
        return made.to_physical().to_list(), made.dtype
    dtype = pl.Int64() if "Int" in str(held) and made.dtype.is_integer() else made.dtype
    return made.to_physical()[0], dtype
