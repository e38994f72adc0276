"""Numbers and cells as people read them."""

from __future__ import annotations

import math
import re
from typing import Any

SPARKS = "▁▂▃▄▅▆▇█"


def number(value: Any) -> str:
    """A number with thousands separators and at most four significant digits after the point.

    Example:
        >>> number(1234567), number(0.123456), number(1e-9), number(None), number(12.0)
        ('1,234,567', '0.1235', '1e-09', '–', '12')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.1f}"
    return f"{value:.4g}"


def share(value: float | None) -> str:
    """A share as a percentage that never rounds something to nothing or to all.

    Example:
        >>> share(0.0), share(0.00001), share(0.123), share(0.99999), share(1.0), share(None)
        ('0%', '<0.1%', '12.3%', '>99.9%', '100%', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if value <= 0:
        return "0%"
    if value >= 1:
        return "100%"
    if value < 0.001:
        return "<0.1%"
    if value > 0.999:
        return ">99.9%"
    return f"{value * 100:.1f}".removesuffix(".0") + "%"


def seconds(value: float | None) -> str:
    """A duration.

    Example:
        >>> seconds(0.0042), seconds(3.21), seconds(75)
        ('4 ms', '3.2 s', '1 min 15 s')
    """
    if value is None:
        return "–"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {round(value % 60)} s"


def cell(value: Any, limit: int = 60) -> str:
    """A cell as it is shown: missing as ∅, white space that cannot be seen made visible, long text cut.

    Example:
        >>> cell(None), cell(""), cell(" a\\t"), cell("x" * 80, 5)
        ('∅', '""', '␣a⇥', 'xxxxx…')
    """
    if value is None:
        return "∅"
    text = str(value)
    if text == "":
        return '""'
    text = text if len(text) <= limit else text[:limit] + "…"
    text = text.replace("\t", "⇥").replace("\r", "␍").replace("\n", "⏎").replace("\u00a0", "⍽").replace("\u200b", "⌷")
    inner = text.strip(" ")
    before = len(text) - len(text.lstrip(" "))
    after = len(text) - len(text.rstrip(" ")) if inner else 0
    return "␣" * before + inner + "␣" * after


def mask(value: Any) -> str:
    """A personal value with its letters and digits hidden and its shape kept.

    Example:
        >>> mask("ada@lovelace.org"), mask("+44 20 7946")
        ('•••@••••••••.•••', '+•• •• ••••')
    """
    return "∅" if value is None else re.sub(r"\w", "•", str(value)[:60])


def sparkline(counts: list[float] | list[int], width: int = 16) -> str:
    """Counts as a line of block characters.

    Example:
        >>> sparkline([0, 1, 4, 8])
        '▁▂▅█'
    """
    if not counts:
        return ""
    if len(counts) > width:
        step = len(counts) / width
        counts = [sum(counts[int(i * step) : max(int(i * step) + 1, int((i + 1) * step))]) for i in range(width)]
    top = max(counts)
    if top <= 0:
        return SPARKS[0] * len(counts)
    return "".join(SPARKS[min(7, math.ceil(c / top * 7)) if c > 0 else 0] for c in counts)
