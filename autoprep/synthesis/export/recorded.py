"""Primitives written down as Polars code: each is run once with inputs that remember what is done to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from types import CellType, FunctionType
from typing import Any

import polars as pl

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "eq": "==", "ne": "!=", "and": "&", "or": "|", "pow": "**",
}  # fmt: skip


class Said:
    """An expression as text; whatever is done to it is appended."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __getattr__(self, name: str) -> Said:
        if name.startswith("__"):
            raise AttributeError(name)
        return Said(f"{self.text}.{name}")

    def __call__(self, *given: Any, **named: Any) -> Said:
        told = [said(v) for v in given] + [f"{k}={said(v)}" for k, v in named.items()]
        return Said(f"{self.text}({', '.join(told)})")

    def __neg__(self) -> Said:
        return Said(f"(-{self.text})")

    def __invert__(self) -> Said:
        return Said(f"(~{self.text})")

    def __hash__(self) -> int:
        return hash(self.text)


def _binary(sign: str, turned: bool) -> Callable[[Said, Any], Said]:
    def operate(self: Said, other: Any) -> Said:
        left, right = (said(other), self.text) if turned else (self.text, said(other))
        return Said(f"({left} {sign} {right})")

    return operate


for _word, _sign in _SIGNS.items():
    setattr(Said, f"__{_word}__", _binary(_sign, False))
    if _word not in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(Said, f"__r{_word}__", _binary(_sign, True))


def said(value: Any) -> str:
    """A value as it stands in code.

    Example:
        >>> said([1, "a"]), said(pl.Datetime("us")), said(pl.Series([1]))
        ("[1, 'a']", "pl.Datetime('us')", 'pl.Series([1], dtype=pl.Int64)')
    """
    if isinstance(value, Said):
        return value.text
    if callable(value) and not isinstance(value, type | pl.DataType):
        raise _NotPolars
    if isinstance(value, list | tuple):
        inner = ", ".join(said(v) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, pl.Series):
        return f"pl.Series({said(value.to_list())}, dtype={said(value.dtype)})"
    if isinstance(value, pl.Datetime):
        return f"pl.Datetime({value.time_unit!r})"
    if isinstance(value, pl.DataType) or (isinstance(value, type) and issubclass(value, pl.DataType)):
        return f"pl.{value}"
    if isinstance(value, date | datetime):
        return f"datetime.{value!r}".replace("datetime.datetime.date", "datetime.date")
    return repr(value)


class _NotPolars(Exception):
    """A function of Python stands among the arguments."""


class _Polars:
    """Stands for the module ``polars``: types as they are, functions remembered."""

    def __getattr__(self, name: str) -> Any:
        real = getattr(pl, name)
        if isinstance(real, type) and (issubclass(real, pl.DataType) or real is pl.Series):
            return real
        return Said(f"pl.{name}")


def written(primitive: Callable[..., Any], inputs: Sequence[Any], parameters: dict[str, Any]) -> str | list[str] | None:
    """The code of a primitive applied to inputs, or of several at once; None where it is not Polars alone."""
    try:
        made = _again(primitive, {})(*inputs, **parameters)
    except _NotPolars:
        return None
    if isinstance(made, list):
        return [one.text for one in made]
    return made.text if isinstance(made, Said) else None


def _again(function: Any, known: dict[int, dict[str, Any]]) -> Any:
    """The same function (with its neighbours and what it holds) with ``pl`` remembering instead of computing."""
    own = function.__globals__
    near = ("autoprep.", own.get("__name__", ""))
    if id(own) not in known:
        changed = dict(own)
        known[id(own)] = changed
        for name, value in own.items():
            if value is pl:
                changed[name] = _Polars()
            elif isinstance(value, FunctionType) and value.__module__.startswith(near):
                changed[name] = _again(value, known)
    cells = tuple(
        CellType(_again(c.cell_contents, known) if isinstance(c.cell_contents, FunctionType) else c.cell_contents)
        for c in function.__closure__ or ()
    )
    made = FunctionType(function.__code__, known[id(own)], function.__name__, function.__defaults__, cells)
    made.__kwdefaults__ = function.__kwdefaults__
    return made
