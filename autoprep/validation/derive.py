"""A contract derived from good data: each check with its evidence, to be edited and kept."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import polars as pl

from autoprep.profiling import Profile
from autoprep.profiling import profile as make_profile
from autoprep.types import Table
from autoprep.validation.contract import Contract

#: Chance that a sample that keeps to every learnt share is told to break one; shared by a contract's checks.
FALSE_ALARMS = 0.01
MIN_ROWS = 20
MOST_VALUES = 30
#: What a cell of a number column looks like as text: sign, digits with separators, currency, percent or a unit aside.
NUMBER = (
    r"^[\s(]*[-+−~<>≤≥]?\s*[$€£¥₹A-Za-z]{0,3}\s*[-+−]?\d[\d\s.,'’]*([eE][-+]?\d+)?"
    r"\s*[%$€£¥₹]?[\s)]*[A-Za-z°/.²³]{0,12}\s*$"
)
NUMBERS = ("integer", "number", "amount", "percent", "quantity")


def wilson_low(hits: int, count: int, z: float = 2.576) -> float:
    """Lower bound of a share's 99% interval (Wilson 1927).

    Example:
        >>> round(wilson_low(100, 100), 3), wilson_low(0, 0)
        (0.938, 0.0)
    """
    if count == 0:
        return 0.0
    share = hits / count
    middle = share + z * z / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, (middle - spread) / (1 + z * z / count))


def derive(
    source: Table | pl.DataFrame | pl.LazyFrame,
    *,
    profile: Profile | None = None,
    target: str | None = None,
    name: str = "derived",
) -> Contract:
    """Derive what new data must keep to: columns, completeness, allowed values, formats, ranges.

    Shares are lower bounds of what the data showed (Wilson 1927). Few new rows are not held to them by the letter: a
    check breaks when so many failing cells would come, by chance, less often than its ``meta`` says
    (``false_alarm``, a binomial tail; a hundredth for all checks together).

    Args:
        source: good data, cells as they are delivered.
        profile: of the same rows; made here when None.
        target: a column that new data need not have.
        name: what the contract is called.

    Example:
        >>> contract = derive(pl.DataFrame({"city": ["Oslo", "Moss"] * 50}))
        >>> [c["type"] for c in contract.expectations][0]
        'expect_table_columns_to_match_set'
    """
    frame = (source.frame if isinstance(source, Table) else source.lazy()).collect()
    profile = profile if profile is not None else make_profile(frame, target=target)
    columns = [c for c in frame.columns if c != target]
    checks: list[dict[str, Any]] = [
        _check("expect_table_columns_to_match_set", {"column_set": columns, "exact_match": False}, "error", {}),
    ]
    checks[0]["meta"] |= {"target": target} if target is not None else {}
    for row in profile.columns.iter_rows(named=True):
        if row["column"] in columns and frame.height >= MIN_ROWS:
            checks += _of_column(frame[row["column"]], row)
    shared = [check for check in checks if "mostly" in check["kwargs"]]
    for check in shared:
        check["meta"]["false_alarm"] = float(f"{FALSE_ALARMS / len(shared):.2g}")
    return Contract(tuple(checks), name, {"rows": frame.height, "derived_by": "autoprep"})


def _check(kind: str, kwargs: Mapping[str, Any], severity: str, evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "kwargs": dict(kwargs), "severity": severity, "meta": {"evidence": dict(evidence)}}


def _of_column(cells: pl.Series, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    column, rows = row["column"], len(cells)
    present = rows - cells.null_count()
    low = wilson_low(present, rows)
    evidence = {"rows": rows, "present": present, "wilson_99_low": round(low, 4)}
    checks = []
    if low > 0.5:
        severity = "error" if present == rows else "warning"
        kwargs = {"column": column, "mostly": round(low, 3)}
        checks.append(_check("expect_column_values_to_not_be_null", kwargs, severity, evidence))
    known = cells.drop_nulls()
    if not len(known):
        return checks
    if known.dtype == pl.String:
        values = known.unique()
        if row["semantic"] in NUMBERS:
            hits = int(known.str.contains(NUMBER).sum())
            share = wilson_low(hits, len(known))
            kwargs = {"column": column, "regex": NUMBER, "mostly": round(share, 3)}
            shown = {"cells": len(known), "match": hits, "wilson_99_low": round(share, 4)}
            checks.append(_check("expect_column_values_to_match_regex", kwargs, "error", shown))
        elif len(values) <= MOST_VALUES and len(known) >= 5 * len(values):
            share = wilson_low(len(known), len(known))
            kwargs = {"column": column, "value_set": sorted(values), "mostly": round(share, 3)}
            shown = {"cells": len(known), "values": len(values), "wilson_99_low": round(share, 4)}
            checks.append(_check("expect_column_values_to_be_in_set", kwargs, "error", shown))
    elif known.dtype.is_numeric():
        finite = known.cast(pl.Float64).filter(known.cast(pl.Float64).is_finite())
        if len(finite) >= MIN_ROWS:
            least, most = float(finite.min()), float(finite.max())  # type: ignore[arg-type]
            room = (most - least) / 2 or abs(most) / 2 or 1.0
            floor = 0.0 if least >= 0 else least - room
            kwargs = {"column": column, "min_value": floor, "max_value": most + room, "mostly": round(low, 3)}
            shown = {"min": least, "max": most, "room": room}
            checks.append(_check("expect_column_values_to_be_between", kwargs, "warning", shown))
    return checks
