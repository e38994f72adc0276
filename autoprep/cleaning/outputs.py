"""What the cleaned table holds: one line per column, with its role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning.compile import compile_steps
from autoprep.cleaning.forms import dtype_from, word_of
from autoprep.cleaning.parts import reads
from autoprep.types import ROLES, ColumnSpec, Plan

_OF_DTYPE = {
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "time": "duration",
    "duration": "duration",
}
#: Roles of cleaned columns that no model sees.
UNSEEN = ("excluded", "identifier", "constant", "target")
_TEXT_ROLES = ("category", "ordinal", "code", "text", "identifier", "constant", "excluded")


def outputs_of(plan: Plan, rows: Mapping[str, Mapping[str, Any]]) -> tuple[ColumnSpec, ...]:
    """The columns that a plan gives, in order.

    Args:
        plan: with ``inputs``.
        rows: the profile's row of each input column.
    """
    compiled = compile_steps(plan, {name: dtype_from(text) for name, text in plan.inputs.items()})
    said = {a.columns[0]: a for a in plan.applied() if a.verb in ("exclude_column", "exclude_leak") and a.columns}
    split = {a.columns[0] for a in plan.applied() if a.verb in ("parse_range",) and a.columns}
    specs = []
    for name in compiled.outputs():
        word = word_of(compiled.dtypes[name])
        if name in compiled.added:
            role = {pl.Float64(): "number", pl.Boolean(): "boolean"}.get(compiled.dtypes[name], "category")
            specs.append(ColumnSpec(name, compiled.added[name][1], word, role))
            continue
        row = rows.get(name, {})
        role = _role(word, row)
        if name == plan.target:
            role = "target"
        elif name in said:
            role = str(said[name].parameters.get("role", "excluded"))
            role = role if role in ROLES else "excluded"
        elif name in split or holds_no_value(plan.inputs.get(name, "")):
            role = "excluded"
        specs.append(ColumnSpec(name, name, word, role, str(row.get("semantic") or ""), _unit(row)))
    return tuple(specs)


def spare_inputs(plan: Plan) -> frozenset[str]:
    """Input columns that no model reads: left out as leaks, identifiers, constants, dropped; nor do repairs of others.

    Rows to be predicted need not have them. A plan that does not say what it gives has none to spare.

    Example:
        >>> roles = {"a": "category", "b": "excluded", "c": "identifier"}
        >>> specs = tuple(ColumnSpec(name, name, "text", role) for name, role in roles.items())
        >>> sorted(spare_inputs(Plan((), dict.fromkeys(roles, "String"), specs)))
        ['b', 'c']
    """
    if not plan.outputs:
        return frozenset()
    needed = {s.source for s in plan.outputs if s.role not in UNSEEN and s.source != plan.target}
    steps = [a for a in plan.applied() if a.verb not in VERBS or VERBS[a.verb].level not in ("row", "table")]
    for action in reversed(steps):
        read = reads(action)
        if read is None:
            return frozenset()
        if needed & set(action.columns):
            needed |= read
    return frozenset(plan.inputs) - needed - {str(plan.target)}


def holds_no_value(dtype: str) -> bool:
    """Whether cells of a type, as plans name it, are no single values (lists, records, bytes): no model reads them.

    Example:
        >>> holds_no_value("List"), holds_no_value("Float64")
        (True, False)
    """
    return dtype in ("List", "Array", "Struct", "Binary", "Object")


def _role(word: str, row: Mapping[str, Any]) -> str:
    role = str(row.get("role") or "")
    if role == "excluded":  # nothing but a person says so
        return role
    if word in _OF_DTYPE:
        keeps = word == "integer" and role in ("code", "ordinal", "identifier", "category")
        return role if keeps else _OF_DTYPE[word]
    if role in _TEXT_ROLES:
        return role
    few = (row.get("distinct") or 0) <= max(50, 0.05 * (row.get("rows") or 0))
    return "category" if few else "text"


def _unit(row: Mapping[str, Any]) -> str:
    return str(row.get("unit") or row.get("currency") or row.get("header_unit") or "")
