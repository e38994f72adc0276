"""Expectations that are a query: rows that should not be there, other tables' counts, comparisons of queries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from autoprep.errors import SettingError, did_you_mean
from autoprep.validation.figures import Verdict

Frame = pl.DataFrame | pl.LazyFrame
#: What the table under test is called in a query.
BATCH = "batch"
#: Rows that are shown of a difference.
MAX_ROWS = 200
_SIMPLE = re.compile(r"^\s*select\s+\*\s+from\s+\{batch\}\s+where\s+(?P<where>.+?);?\s*$", re.IGNORECASE | re.DOTALL)
_REST = re.compile(r"\b(select|group\s+by|order\s+by|having|limit|join|union|over)\b", re.IGNORECASE)


def row_query(name: str, kwargs: Mapping[str, Any]) -> str | None:
    """The condition of a query that picks rows of the table by their own cells only; None for any other query.

    Such a query joins the others' single pass, and yields the full mask of failing rows.

    Example:
        >>> said = {"unexpected_rows_query": "SELECT * FROM {batch} WHERE a > b"}
        >>> row_query("unexpected_rows_expectation", said)
        'a > b'
    """
    if name != "unexpected_rows_expectation":
        return None
    found = _SIMPLE.match(kwargs["unexpected_rows_query"])
    if not found or _REST.search(re.sub(r"'[^']*'", "", found["where"])):
        return None
    return found["where"]


def answer_query(name: str, kwargs: Mapping[str, Any], frame: Frame, tables: Mapping[str, Frame]) -> Verdict:
    """Ask a query of the table and, where it names them, of others (raises SettingError when it cannot be asked)."""
    return QUERIES[name](kwargs, frame, tables)


def ask(query: str, frame: Frame, tables: Mapping[str, Frame]) -> pl.DataFrame:
    """The answer of a query in which ``{batch}`` is the table.

    Example:
        >>> ask("SELECT COUNT(*) AS n FROM {batch} WHERE a > 1", pl.DataFrame({"a": [1, 2, 3]}), {})["n"].item()
        2
    """
    text = query.replace("{batch}", BATCH).rstrip("; \n\t")
    context = pl.SQLContext(frames={**tables, BATCH: frame})
    try:
        return context.execute(text, eager=True)
    except pl.exceptions.PolarsError as error:
        raise SettingError(f"the query cannot be answered ({str(error).splitlines()[0]})", where=query) from None


def _unexpected_rows(kwargs: Mapping[str, Any], frame: Frame, tables: Mapping[str, Frame]) -> Verdict:
    rows = ask(kwargs["unexpected_rows_query"], frame, tables)
    result = {"observed_value": rows.height, "details": {"unexpected_rows": rows.head(200).to_dicts()}}
    return Verdict(rows.height == 0, result, ("details",))


def _other_count(kwargs: Mapping[str, Any], frame: Frame, tables: Mapping[str, Frame]) -> Verdict:
    name = kwargs["other_table_name"]
    if name not in tables:
        hint = did_you_mean(name, tables) if tables else "give it as tables={...}"
        raise SettingError(f"the table '{name}' was not given", hint=hint)
    own, other = (int(f.lazy().select(pl.len()).collect().item()) for f in (frame, tables[name]))
    return Verdict(own == other, {"observed_value": {"self": own, "other": other}})


def _comparison(kwargs: Mapping[str, Any], frame: Frame, tables: Mapping[str, Frame]) -> Verdict:
    own = ask(kwargs["base_query"], frame, tables)
    other = ask(kwargs["comparison_query"], frame, tables)
    here, there = Counter(own.rows()), Counter(other.rows())
    rows, alike = max(own.height, other.height), (here & there).total()
    share = 1 - alike / rows if rows else 0.0
    lists = {"missing_rows": _rows(there - here, other.columns), "unexpected_rows": _rows(here - there, own.columns)}
    seen = {"unexpected_count": rows - alike, "unexpected_percent": share * 100, "details": lists}
    return Verdict(100 - share * 100 >= kwargs.get("mostly", 1) * 100, seen, ("details",))


def _rows(counted: Counter[Any], names: list[str]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in list(counted.elements())[:MAX_ROWS]]


QUERIES: Mapping[str, Callable[[Mapping[str, Any], Frame, Mapping[str, Frame]], Verdict]] = {
    "unexpected_rows_expectation": _unexpected_rows,
    "expect_table_row_count_to_equal_other_table": _other_count,
    "expect_query_results_to_match_comparison": _comparison,
}
