"""The words and verbs that a rule may use, asked of the stages that own them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Literal

import polars as pl

Scope = Literal["column", "pair", "table"]
SCOPES: tuple[Scope, ...] = ("column", "pair", "table")

#: What a rule may apply to -> the profile's dtypes that this means.
APPLIES_TO: Mapping[str, tuple[str, ...]] = {
    "any": (),
    "text": ("text",),
    "number": ("integer", "float"),
    "integer": ("integer",),
    "float": ("float",),
    "boolean": ("boolean",),
    "date": ("date", "datetime"),
    "time": ("time", "duration"),
}


def vocabulary(scope: Scope) -> dict[str, pl.DataType]:
    """The words of the profile's table for a scope, with their dtypes; {} when the profile does not say."""
    try:
        module = import_module("autoprep.profiling.vocabulary")
    except ModuleNotFoundError:
        return {}
    names = {"column": ("COLUMNS", "VOCABULARY"), "pair": ("PAIRS",), "table": ("TABLES",)}[scope]
    for name in names:
        words = getattr(module, name, None)
        if words:
            return {word: _dtype(said) for word, said in dict(words).items()}
    return {}


def verbs() -> Mapping[str, Any]:
    """The catalogue of verbs; {} while there is none."""
    found: Mapping[str, Any] = getattr(import_module("autoprep.checks"), "VERBS", {})
    return found


def verb_parameters(verb: Any) -> tuple[str, ...]:
    """The names of the parameters that a verb takes."""
    said: Iterable[str] = verb.parameters
    return tuple(said)


def _dtype(said: Any) -> pl.DataType:
    kind = getattr(said, "dtype", None) or (said[0] if isinstance(said, tuple | list) else said)
    dtype: pl.DataType = kind() if isinstance(kind, type) else kind
    return dtype
