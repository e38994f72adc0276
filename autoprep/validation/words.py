"""The words and verbs that a rule may use, asked of the stages that own them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
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


@cache
def vocabulary(scope: Scope) -> dict[str, pl.DataType]:
    """The words of the profile's table for a scope, with their dtypes; {} when the profile does not say."""
    try:
        module = import_module("autoprep.profiling.vocabulary")
    except ModuleNotFoundError:
        return {}
    words = {"column": module.COLUMNS, "pair": module.PAIRS, "table": module.TABLES}[scope]
    known: dict[str, pl.DataType] = module.schema(words)
    return known


def verbs() -> Mapping[str, Any]:
    """The catalogue of verbs; {} while there is none."""
    found: Mapping[str, Any] = getattr(import_module("autoprep.checks"), "VERBS", {})
    return found


def verb_parameters(verb: Any) -> tuple[str, ...]:
    """The names of the parameters that a verb takes."""
    said: Iterable[str] = verb.parameters
    return tuple(said)
