"""The grammar of features: one canonical line that a person reads and that parses back into the same value.

    MEAN(orders.amount) WHERE orders.status = 'paid' OVER 30d BEFORE cutoff BY customer = customer_id VIA orders

A body is a column, a transform of columns, or an aggregation of either. WHERE keeps rows of the source, OVER is the
width of the window that ends at the cutoff, BEFORE says that only rows strictly before the cutoff count, BY pairs
columns of the target table with columns of the table they are matched to (one name when both are the same), and VIA
names the tables passed on the way to the source, nearest to the target first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from autoprep.errors import SettingError
from autoprep.primitives import AGGREGATIONS, LEARNT, TRANSFORMS
from autoprep.primitives.near import unknown
from autoprep.synthesis.names import literal, quote

SECOND_US = 1_000_000
UNITS = {"d": 86_400 * SECOND_US, "h": 3_600 * SECOND_US, "m": 60 * SECOND_US, "s": SECOND_US, "us": 1}
OPERATORS = ("=", "<>", "<=", ">=", "<", ">", "IN", "IS NULL", "IS NOT NULL")


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    table: str
    name: str

    def __str__(self) -> str:
        return f"{quote(self.table)}.{quote(self.name)}" if self.table else quote(self.name)


@dataclass(frozen=True)
class Call:
    """A primitive applied to columns or other calls, with parameters that differ from its defaults or not."""

    primitive: str
    arguments: tuple[Column | Call, ...] = ()
    parameters: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        said = [str(a) for a in self.arguments] + [f"{k}={literal(v)}" for k, v in self.parameters]
        return f"{self.primitive}({', '.join(said)})"

    def columns(self) -> Iterator[Column]:
        """The columns it reads, in order."""
        for argument in self.arguments:
            if isinstance(argument, Column):
                yield argument
            else:
                yield from argument.columns()


@dataclass(frozen=True)
class Condition:
    """What a row of the source must satisfy to count."""

    column: Column
    operator: str
    value: Any = None

    def __str__(self) -> str:
        if self.operator.startswith("IS"):
            return f"{self.column} {self.operator}"
        if self.operator == "IN":
            return f"{self.column} IN ({', '.join(literal(v) for v in self.value)})"
        return f"{self.column} {self.operator} {literal(self.value)}"


@dataclass(frozen=True)
class Definition:
    """A feature, whole.

    Attributes:
        body: a column, a transform, or an aggregation. where: conditions, all of which must hold.
        over_us: width of the window in microseconds, or None for all of the past.
        before: whether only rows strictly before the cutoff count.
        by: pairs (column of the target table, column of the table it is matched to).
        via: tables on the way to the source.

    Example:
        >>> d = parse("MEAN(orders.amount) WHERE orders.status = 'paid' OVER 720h BEFORE cutoff BY customer")
        >>> str(d)
        "MEAN(orders.amount) WHERE orders.status = 'paid' OVER 30d BEFORE cutoff BY customer"
        >>> parse(str(d)) == d
        True
    """

    body: Column | Call
    where: tuple[Condition, ...] = ()
    over_us: int | None = None
    before: bool = False
    by: tuple[tuple[str, str], ...] = ()
    via: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = [str(self.body)]
        if self.where:
            said.append("WHERE " + " AND ".join(str(c) for c in self.where))
        if self.over_us is not None:
            said.append(f"OVER {span_text(self.over_us)}")
        if self.before:
            said.append("BEFORE cutoff")
        if self.by:
            pairs = (quote(a) if a == b else f"{quote(a)} = {quote(b)}" for a, b in self.by)
            said.append("BY " + ", ".join(pairs))
        if self.via:
            said.append("VIA " + ", ".join(quote(t) for t in self.via))
        return " ".join(said)

    @property
    def aggregates(self) -> bool:
        """Whether the body is an aggregation."""
        return isinstance(self.body, Call) and self.body.primitive in AGGREGATIONS

    def columns(self) -> list[Column]:
        """The columns it reads, those of conditions included."""
        read = [self.body] if isinstance(self.body, Column) else list(self.body.columns())
        return read + [c.column for c in self.where]

    @property
    def source(self) -> str:
        """The table whose rows are read."""
        read = self.columns()
        if read:
            return read[0].table
        parameters = dict(self.body.parameters) if isinstance(self.body, Call) else {}
        return str(parameters.get("of", ""))


def span_text(width_us: int) -> str:
    """A width of time in its largest whole unit.

    Example:
        >>> span_text(86_400_000_000), span_text(5_400_000_000)
        ('1d', '90m')
    """
    for unit, size in UNITS.items():
        if width_us % size == 0:
            return f"{width_us // size}{unit}"
    return f"{width_us}us"


def span_us(text: str) -> int:
    """The width in microseconds of a text such as "30d", "12h", "90m", "5s".

    Raises:
        SettingError: no such unit.
    """
    found = re.fullmatch(r"\s*(\d+)\s*(d|h|m|s|us)\s*", text)
    if found is None:
        raise SettingError(f"'{text}' is no span of time", hint="write a whole number and d, h, m or s: 30d")
    return int(found.group(1)) * UNITS[found.group(2)]


TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"]|"")*")|(?P<text>'(?:[^']|'')*')|(?P<span>\d+(?:d|h|us|m|s)\b)
    |(?P<number>-?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|inf|nan)(?![\w]))|(?P<word>[^\W\d]\w*)|(?P<sign><>|!=|<=|>=|[=<>(),.]))""",
    re.VERBOSE,
)


class _Reader:
    """Reads tokens of one definition; remembers where it stands for messages."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, at = text, [], 0
        self.place = 0
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            if found is None:
                raise self.error(f"unexpected '{text[at:].strip()[:12]}'", at)
            self.tokens.append(
                (str(found.lastgroup), found.group(found.lastgroup or 0), found.start(found.lastgroup or 0))
            )
            at = found.end()

    def error(self, what: str, at: int | None = None) -> SettingError:
        if at is None:
            if self.place >= len(self.tokens):
                return SettingError(f"{what} at its end", where=f"feature '{self.text}'")
            at = self.tokens[self.place][2]
        return SettingError(f"{what} at character {at + 1}", where=f"feature '{self.text}'")

    def peek(self, kind: str, value: str | None = None) -> bool:
        if self.place >= len(self.tokens):
            return False
        k, v, _ = self.tokens[self.place]
        return k == kind and (value is None or (v.upper() == value if kind == "word" else v == value))

    def take(self, kind: str, value: str | None = None) -> str:
        if not self.peek(kind, value):
            raise self.error(f"expected {value or kind}")
        self.place += 1
        return self.tokens[self.place - 1][1]

    def accept(self, kind: str, value: str) -> bool:
        if self.peek(kind, value):
            self.place += 1
            return True
        return False

    def name(self) -> str:
        if self.peek("quoted"):
            return self.take("quoted")[1:-1].replace('""', '"')
        return self.take("word")

    def constant(self) -> Any:
        if self.peek("text"):
            return self.take("text")[1:-1].replace("''", "'")
        if self.peek("number"):
            said = self.take("number")
            return int(said) if re.fullmatch(r"-?\d+", said) else float(said)
        for word, value in (("TRUE", True), ("FALSE", False), ("NULL", None)):
            if self.accept("word", word):
                return value
        for word in ("DATE", "TIMESTAMP"):
            if self.accept("word", word):
                return self.moment()
        raise self.error("expected a constant")

    def moment(self) -> datetime:
        said = self.take("text")[1:-1]
        try:
            return datetime.fromisoformat(said)
        except ValueError:
            self.place -= 1
            raise self.error(f"'{said}' is no moment") from None

    def term(self) -> Column | Call:
        plain = self.peek("word")
        first = self.name()
        if plain and self.accept("sign", "("):
            return self.call(first)
        if self.accept("sign", "."):
            return Column(first, self.name())
        return Column("", first)

    def call(self, primitive: str) -> Call:
        arguments: list[Column | Call] = []
        parameters: list[tuple[str, Any]] = []
        if primitive not in AGGREGATIONS and primitive not in LEARNT and primitive not in TRANSFORMS:
            raise unknown(primitive)
        while not self.accept("sign", ")"):
            following = self.tokens[self.place + 1][1] if self.place + 1 < len(self.tokens) else ""
            if self.peek("word") and following == "=":
                key = self.take("word")
                self.take("sign", "=")
                parameters.append((key, self.constant()))
            else:
                arguments.append(self.term())
            if not self.peek("sign", ")") and not self.accept("sign", ","):
                raise self.error("expected , or )")
        return Call(primitive, tuple(arguments), tuple(parameters))

    def condition(self) -> Condition:
        column = self.term()
        if not isinstance(column, Column):
            raise self.error("a condition is on a column")
        if self.accept("word", "IS"):
            operator = "IS NOT NULL" if self.accept("word", "NOT") else "IS NULL"
            self.take("word", "NULL")
            return Condition(column, operator)
        if self.accept("word", "IN"):
            self.take("sign", "(")
            values = [self.constant()]
            while self.accept("sign", ","):
                values.append(self.constant())
            self.take("sign", ")")
            return Condition(column, "IN", tuple(values))
        operator = self.take("sign")
        operator = "<>" if operator == "!=" else operator
        if operator not in OPERATORS:
            raise self.error(f"no comparison '{operator}'")
        return Condition(column, operator, self.constant())


def parse(text: str) -> Definition:
    """Read a feature's line.

    Raises:
        SettingError: names the character, or the nearest primitive when one is unknown.

    Example:
        >>> parse("MAEN(orders.amount) BY id")
        Traceback (most recent call last):
        autoprep.errors.SettingError: unknown primitive 'MAEN'; ...
    """
    reader = _Reader(text)
    body = reader.term()
    where: list[Condition] = []
    by: list[tuple[str, str]] = []
    via: list[str] = []
    over: int | None = None
    before = False
    if reader.accept("word", "WHERE"):
        where.append(reader.condition())
        while reader.accept("word", "AND"):
            where.append(reader.condition())
    if reader.accept("word", "OVER"):
        over = span_us(reader.take("span"))
    if reader.accept("word", "BEFORE"):
        reader.take("word", "CUTOFF")
        before = True
    if reader.accept("word", "BY"):
        while True:
            left = reader.name()
            by.append((left, reader.name() if reader.accept("sign", "=") else left))
            if not reader.accept("sign", ","):
                break
    if reader.accept("word", "VIA"):
        via.append(reader.name())
        while reader.accept("sign", ","):
            via.append(reader.name())
    if reader.place < len(reader.tokens):
        raise reader.error(f"unexpected '{reader.tokens[reader.place][1]}'")
    return Definition(body, tuple(where), over, before, tuple(by), tuple(via))
