"""What leaves the house with a model: the shapes of personal values, never the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep.types import Action, Plan

if TYPE_CHECKING:
    from autoprep.profiling import Profile

#: Parts of a step's evidence that quote cells.
_QUOTES = ("samples", "examples", "values", "declined_samples", "residue", "conflicting")


def personal_columns(profile: Profile, target: str | None = None) -> dict[str, str]:
    """Column -> kind of personal data, by the profile; the target is not among them."""
    held = profile.columns.select("column", "pii").filter(pl.col("pii").is_not_null() & (pl.col("pii") != ""))
    return {str(name): str(kind) for name, kind in held.rows() if name != target}


def masked_rows(rows: pl.DataFrame, personal: Mapping[str, str]) -> pl.DataFrame:
    """Rows whose personal cells keep their shape only: capitals A, other letters a, digits 9; no text becomes null.

    Example:
        >>> masked_rows(pl.DataFrame({"mail": ["Ada7@x.org"], "age": [31]}), {"mail": "email"}).rows()
        [('Aaa9@a.aaa', 31)]
    """
    made = []
    for name in personal:
        if name not in rows.columns:
            continue
        cell = pl.col(name)
        if rows.schema[name] != pl.String:
            made.append(pl.lit(None, rows.schema[name]).alias(name))
            continue
        small = cell.str.replace_all(r"\p{Lu}", "A").str.replace_all(r"[^\P{L}A]", "a")
        made.append(small.str.replace_all(r"\p{N}", "9"))
    return rows.with_columns(made)


def masked_plan(plan: Plan, personal: Mapping[str, str]) -> Plan:
    """The plan without the cells that the evidence of its steps on personal columns quotes; it does the same."""
    if not personal:
        return plan
    actions = (
        replace(
            a, evidence={k: v for k, v in a.evidence.items() if k not in _QUOTES}, parameters=_unlisted(a, personal)
        )
        if set(a.columns) & set(personal) or not a.columns
        else a
        for a in plan.actions
    )
    return replace(plan, actions=tuple(actions))


def _unlisted(action: Action, personal: Mapping[str, str]) -> Mapping[str, Any]:
    """The parameters of a step without the rows that it lists by personal cells: a row to predict always stays."""
    given = action.parameters
    listed = set(given.get("columns") or ()) & set(personal)
    return {**given, "rows": []} if listed and "rows" in given else given
