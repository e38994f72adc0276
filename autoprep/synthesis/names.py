"""How columns are written in definitions."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Any

PLAIN = re.compile(r"[^\W\d]\w*")
WORDS = frozenset(
    {"WHERE", "OVER", "BEFORE", "BY", "AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "TO", "VIA"}
)


def quote(name: str) -> str:
    """A column or table name as it stands in a definition: bare where it is plain, else in double quotes.

    Example:
        >>> quote("price"), quote("unit price"), quote('a"b'), quote("where")
        ('price', '"unit price"', '"a""b"', '"where"')
    """
    if PLAIN.fullmatch(name) and name.upper() not in WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A constant as it stands in a definition.

    Example:
        >>> literal("it's"), literal(2), literal(0.5), literal(True), literal(None)
        ("'it''s'", '2', '0.5', 'TRUE', 'NULL')
        >>> literal(datetime(2024, 2, 1)), literal(datetime(2024, 2, 1, 13, 30))
        ("DATE '2024-02-01'", "TIMESTAMP '2024-02-01 13:30:00'")
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return f"DATE '{value:%Y-%m-%d}'" if value.time() == time() else f"TIMESTAMP '{value.isoformat(' ')}'"
    return "'" + str(value).replace("'", "''") + "'"


def call(name: str, *inputs: str, **parameters: Any) -> str:
    """A primitive applied to columns, as it stands in a definition.

    Example:
        >>> call("RATIO", "a", "b c"), call("PREFIX", "zip", length=3)
        ('RATIO(a, "b c")', 'PREFIX(zip, length=3)')
    """
    said = [quote(i) for i in inputs] + [f"{k}={literal(v)}" for k, v in parameters.items()]
    return f"{name}({', '.join(said)})"
