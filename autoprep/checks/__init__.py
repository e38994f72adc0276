"""The catalogue of verbs: the small repairs that rules and plans are written in, as pure Polars expressions."""

from autoprep.checks import computed, filling, missing, number, privacy, spans, table, text, time
from autoprep.checks.base import PHASES, VERBS, Level, Repair, Verb, verb

__all__ = [
    "PHASES",
    "VERBS",
    "Level",
    "Repair",
    "Verb",
    "computed",
    "filling",
    "missing",
    "number",
    "privacy",
    "spans",
    "table",
    "text",
    "time",
    "verb",
]
