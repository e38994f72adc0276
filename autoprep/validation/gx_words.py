"""What autoprep can say and Great Expectations' own models cannot, in words that it takes; and back again.

Its models refuse bounds that are text; the same is said by a query for unexpected rows, with the original beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoprep.validation.expectation import TO_GX_SEVERITY
from autoprep.validation.rows import as_condition, as_sql

#: Where the original of a rewritten expectation stands in its ``meta``.
ORIGINAL = "autoprep_expectation"
_AGGREGATES = {"expect_column_max_to_be_between": "MAX", "expect_column_min_to_be_between": "MIN"}


def for_gx(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration {type, kwargs, severity, meta} in Great Expectations' words.

    Example:
        >>> said = {"type": "expect_column_max_to_be_between", "kwargs": {"column": "word", "max_value": "m"}}
        >>> made = for_gx(said)
        >>> made["kwargs"]["unexpected_rows_query"]
        'SELECT * FROM (SELECT MAX("word") AS figure FROM {batch}) AS t WHERE figure IS NULL OR NOT (figure <= \\'m\\')'
        >>> from_gx(made)["type"]
        'expect_column_max_to_be_between'
    """
    kwargs = {key: value for key, value in config["kwargs"].items() if key != "condition_parser"}
    meta = dict(config.get("meta") or {})
    severity = config.get("severity") or "error"
    made = {"type": config["type"], "severity": TO_GX_SEVERITY.get(severity, severity)}
    query = _query(config["type"], config["kwargs"])
    if query:
        original = {"type": config["type"], "kwargs": dict(config["kwargs"])}
        return {**made, "type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query}} | {
            "meta": {**meta, ORIGINAL: original}
        }
    if isinstance(kwargs.get("row_condition"), str):
        kwargs["row_condition"] = as_condition(
            as_sql(kwargs["row_condition"], config["kwargs"].get("condition_parser"))
        )
    return {**made, "kwargs": kwargs, "meta": meta}


def from_gx(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration as it was before ``for_gx`` rewrote it."""
    original = (config.get("meta") or {}).get(ORIGINAL)
    if not original:
        return config
    meta = {key: value for key, value in config["meta"].items() if key != ORIGINAL}
    return {**config, "type": original["type"], "kwargs": original["kwargs"], "meta": meta}


def _query(name: str, kwargs: Mapping[str, Any]) -> str:
    """The query that says the same as a range of text, or ""."""
    bounds = [kwargs.get("min_value"), kwargs.get("max_value")]
    if not any(isinstance(bound, str) and not _is_moment(bound) for bound in bounds):
        return ""
    cell = _quoted(str(kwargs.get("column")))
    where = kwargs.get("row_condition")
    chosen = f" WHERE ({as_sql(where, kwargs.get('condition_parser'))})" if isinstance(where, str) else ""
    if name in _AGGREGATES:
        inner = f"SELECT {_AGGREGATES[name]}({cell}) AS figure FROM {{batch}}{chosen}"
        return f"SELECT * FROM ({inner}) AS t WHERE figure IS NULL OR NOT ({_within('figure', kwargs)})"
    if name != "expect_column_values_to_be_between":
        return ""
    held, mostly = _within(cell, kwargs), kwargs.get("mostly", 1)
    if mostly == 1:
        return f"SELECT * FROM {{batch}}{chosen}{' AND' if chosen else ' WHERE'} NOT ({held})"
    inner = f"SELECT AVG(CASE WHEN {held} THEN 1.0 WHEN NOT ({held}) THEN 0.0 END) AS share FROM {{batch}}{chosen}"
    return f"SELECT * FROM ({inner}) AS t WHERE share < {mostly}"


def _within(cell: str, kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    parts = []
    if low is not None:
        parts.append(f"{cell} {'>' if kwargs.get('strict_min') else '>='} {_literal(low)}")
    if high is not None:
        parts.append(f"{cell} {'<' if kwargs.get('strict_max') else '<='} {_literal(high)}")
    return " AND ".join(parts)


def _literal(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_moment(text: str) -> bool:
    """Whether Great Expectations takes the text for a moment, or for a number."""
    from datetime import datetime

    for read in (float, datetime.fromisoformat):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False
