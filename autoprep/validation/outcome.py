"""What became of one expectation: success, counts, the full mask of failing rows, and GX's four result formats."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import polars as pl

from autoprep.validation.expectation import EXPECTATIONS

ResultFormat = Literal["BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"]
#: Great Expectations lists at most so many failing values; masks hold all.
MAX_VALUES = 200
_HOLDS = re.compile(r"^SELECT \* FROM \{batch\} WHERE NOT \((.*)\)$", re.DOTALL)


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation.

    Attributes:
        type: the expectation's name.
        kwargs: its arguments.
        severity: "error", "warning" or "info".
        meta: the rule it came from and whatever else was noted.
        success: whether it holds.
        element_count: rows looked at; None for questions about a whole.
        missing_count: rows passed over for nulls; None where nulls are what it is about.
        unexpected_count: failing rows.
        seen: GX's ``result`` of questions about a whole.
        lists: keys of ``seen`` that hold samples.
        mask: Boolean series, one per row of the table, true where the row fails; None for questions about a whole.
        values: the columns looked at, of the same height as ``mask``.
        error: why it could not be evaluated, or "".
    """

    type: str
    kwargs: Mapping[str, Any]
    severity: str = "error"
    meta: Mapping[str, Any] = field(default_factory=dict)
    success: bool = False
    element_count: int | None = None
    missing_count: int | None = None
    unexpected_count: int | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    mask: pl.Series | None = field(default=None, repr=False, compare=False)
    values: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    error: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        named = [self.kwargs[k] for k in ("column", "column_A", "column_B") if self.kwargs.get(k)]
        return (*named, *(self.kwargs.get("column_list") or ()))

    @property
    def share(self) -> float:
        """Failing rows over rows looked at, in [0, 1]; 1 for a failed question about a whole."""
        if self.unexpected_count is None or self.element_count is None:
            return 0.0 if self.success else 1.0
        looked = self.element_count - (self.missing_count or 0)
        return self.unexpected_count / looked if looked else 0.0

    def rows(self, limit: int | None = None) -> list[int]:
        """0-based numbers of the failing rows, first ones first."""
        if self.mask is None:
            return []
        found = self.mask.arg_true()
        return (found if limit is None else found.head(limit)).to_list()

    def failing_values(self, limit: int = MAX_VALUES) -> list[Any]:
        """The first failing values: plain for one column, tuples for a pair, dicts for several."""
        if self.mask is None or self.values is None:
            return []
        picked = self.values[self.mask.arg_true().head(limit)]
        if picked.width == 1:
            return [_plain(value) for value in picked.to_series().to_list()]
        if EXPECTATIONS[self.type].domain == "pair":
            return [tuple(_plain(v) for v in row) for row in picked.rows()]
        return [{name: _plain(v) for name, v in row.items()} for row in picked.to_dicts()]

    def result(self, result_format: ResultFormat | Mapping[str, Any] = "BASIC") -> dict[str, Any]:
        """GX's ``result`` in one of its formats, built as GX builds it.

        Args:
            result_format: one of the four words, or GX's mapping ``{result_format, partial_unexpected_count, ...}``.
        """
        said = {"result_format": result_format} if isinstance(result_format, str) else dict(result_format)
        how, few = str(said.get("result_format", "BASIC")), int(str(said.get("partial_unexpected_count", 20)))
        if how == "BOOLEAN_ONLY" or self.error:
            return {}
        if EXPECTATIONS[self.type].domain == "query" and self.mask is not None:
            picked = self.mask.arg_true().head(MAX_VALUES)
            rows = [] if self.values is None else self.values[picked].to_dicts()
            return {**self.seen, **({"details": {"unexpected_rows": rows}} if how == "COMPLETE" else {})}
        if EXPECTATIONS[self.type].domain == "query" and how != "COMPLETE":
            return {k: v for k, v in self.seen.items() if k != "details"}
        if self.mask is None:
            return {k: v for k, v in self.seen.items() if few or k not in self.lists}
        return self._map_result(how, few, exclude=bool(said.get("exclude_unexpected_values")))

    def _map_result(self, how: str, few: int, *, exclude: bool) -> dict[str, Any]:
        rows, failing, missing = self.element_count or 0, self.unexpected_count or 0, self.missing_count
        total = failing / rows * 100 if rows else None
        known = rows - (missing or 0)
        of_known = total if missing is None else (failing / known * 100 if known and rows else None)
        made: dict[str, Any] = {
            "element_count": rows,
            "unexpected_count": failing,
            "unexpected_percent": of_known,
        }
        values = self.failing_values(MAX_VALUES if how == "COMPLETE" else min(few, MAX_VALUES))
        if not exclude:
            made["partial_unexpected_list"] = values[:few]
        if missing is not None:
            made["missing_count"] = missing
            made["missing_percent"] = missing / rows * 100 if rows else None
            made["unexpected_percent_total"] = total
            made["unexpected_percent_nonmissing"] = of_known
        if how == "BASIC":
            return made
        index = self.rows(None if how == "COMPLETE" else few)
        if few and not exclude:
            made["partial_unexpected_counts"] = counts(values, few)
        if few:
            made["partial_unexpected_index_list"] = index[:few]
        if how == "COMPLETE":
            if not exclude:
                made["unexpected_list"] = values
            made["unexpected_index_list"] = index
            made["unexpected_index_query"] = f"df.filter(items={index}, axis=0)"
        return made

    def sentence(self) -> str:
        """One line: what is expected of which column, how many cells fail, the first rows."""
        what = describe(self.type, self.kwargs)
        if self.error:
            return f"{what}: could not be evaluated ({self.error})"
        if self.mask is None:
            seen = self.seen.get("observed_value")
            found = f", found {_short(seen)}" if seen is not None else ""
            return f"{what}: {'holds' if self.success else 'fails'}{found}"
        if not self.unexpected_count:
            return f"{what}: holds"
        first = ", ".join(f"{row} ({_short(v)})" for row, v in zip(self.rows(3), self.failing_values(3), strict=True))
        return f"{what}: {self.unexpected_count:,} of {self.element_count:,} rows fail ({self.share:.2%}); rows {first}"


def counts(values: Sequence[Any], few: int) -> list[dict[str, Any]]:
    """The most common failing values, as GX counts them."""
    hashable = [tuple(v.values()) if isinstance(v, dict) else v for v in values]
    try:
        common = Counter(hashable).most_common(few)
    except TypeError:
        return [{"error": "partial_exception_counts requires a hashable type"}]
    try:
        ordered = sorted(common, key=lambda pair: (-pair[1], pair[0]))
    except TypeError:
        ordered = sorted(common, key=lambda pair: -pair[1])
    return [{"value": value, "count": count} for value, count in ordered]


def describe(name: str, kwargs: Mapping[str, Any]) -> str:
    """An expectation as a short phrase.

    Example:
        >>> describe("expect_column_values_to_be_between", {"column": "age", "min_value": 0, "mostly": 0.9})
        'age values to be between (min_value 0, mostly 0.9)'
    """
    if name == "unexpected_rows_expectation":
        found = _HOLDS.match(kwargs["unexpected_rows_query"])
        return f"every row: {found[1]}" if found else f"no rows: {_short(kwargs['unexpected_rows_query'])}"
    words = name.removeprefix("expect_").replace("_", " ")
    columns = [kwargs[k] for k in ("column", "column_A", "column_B") if kwargs.get(k)] or kwargs.get("column_list")
    for subject in ("column pair ", "compound columns ", "multicolumn ", "select column ", "column ", "table "):
        if columns and words.startswith(subject):
            words = words.removeprefix(subject)
            break
    named = ", ".join(map(str, columns)) + " " if columns else ""
    skipped = {"column", "column_A", "column_B", "column_list", "condition_parser", "batch_id"}
    said = [f"{k} {_short(v)}" for k, v in kwargs.items() if k not in skipped and v is not None and v is not False]
    return f"{named}{words}" + (f" ({', '.join(said)})" if said else "")


def _short(value: Any) -> str:
    text = value.isoformat() if isinstance(value, date) else (repr(value) if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
