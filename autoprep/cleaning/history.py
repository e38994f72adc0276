"""What happened to one cell, and who approved a step on what evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from autoprep.cleaning.plan_file import evidence_hash
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.lineage import whole_file
from autoprep.types import Plan

_SAID = ("before", "after", "rule", "action", "kind", "confidence")


def cell_history(clean_frame: pl.DataFrame, ledger: pl.DataFrame, row: int, column: str) -> dict[str, Any]:
    """What became of one cell of the input, step by step.

    Args:
        clean_frame: the cleaned rows, in the order that cleaning gave.
        ledger: of that cleaning.
        row: 0-based row of the input. column: name of a column of the input or of the cleaned table.

    Returns:
        ``row``, ``column``, ``now`` (the cleaned value; None where the row or column is gone), ``place`` (0-based row
        of the cleaned table, or None), ``changes`` (of the cell, in order), ``whole`` (what became of the whole
        column or row): each entry with before, after, rule, action, kind, confidence.

    Raises:
        InputError: there is no such row or column.

    Example:
        >>> from autoprep.cleaning.apply import apply
        >>> from autoprep.types import Action
        >>> plan = Plan((Action("n:x", "missing.word", ("x",), "nullify", {"words": ["n/a"]}),))
        >>> done = apply(pl.DataFrame({"x": ["1", "N/A"]}), plan)
        >>> cell_history(done.frame, done.ledger, 1, "x")["changes"][0]["before"]
        'N/A'
    """
    gone = ledger.filter((pl.col("column") == "") & pl.col("row").is_not_null())
    rows = clean_frame.height + gone["row"].n_unique()
    if not 0 <= row < rows:
        raise InputError(f"there is no row {row}", hint=f"rows of the input are 0 to {rows - 1}")
    known = {*clean_frame.columns, *ledger["column"].unique().to_list()} - {""}
    if column not in known:
        raise InputError(f"no column '{column}'", hint=did_you_mean(column, known))
    lost = gone.filter(pl.col("row") == row)
    place = None if lost.height else row - gone.filter(pl.col("row") < row)["row"].n_unique()
    now = clean_frame[column][place] if place is not None and column in clean_frame.columns else None
    changes = ledger.filter((pl.col("row") == row) & (pl.col("column") == column))
    whole = ledger.filter(pl.col("row").is_null() & (pl.col("column") == column))
    return {
        "row": row,
        "column": column,
        "now": now,
        "place": place,
        "changes": changes.select(_SAID).to_dicts(),
        "whole": [*whole.select(_SAID).to_dicts(), *lost.select(_SAID).to_dicts()],
    }


def approve(plan: Plan, action_id: str, by: str, on: str | None = None) -> tuple[Plan, dict[str, Any]]:
    """Approve a step: it will be applied, as long as its evidence stays what it is.

    Args:
        plan: the plan that was reviewed.
        action_id: id of an action.
        by: who approves.
        on: when, as text; now (UTC, to the second) when None.

    Returns:
        The plan with the step applied and the approval in its evidence, and the entry for ``approve`` in the project's
        settings: a later plan whose step has other learnt constants, or another share of changed cells (to one in a
        hundred), sends the step back to review.

    Raises:
        SettingError: there is no such step, or nobody is named.

    Example:
        >>> from autoprep.types import Action
        >>> step = Action("u:x", "number.mixed_units", ("x",), "trim", status="ask")
        >>> made, entry = approve(Plan((step,)), "u:x", "ana")
        >>> made.actions[0].status, entry["rule"], entry["by"], len(entry["evidence"])
        ('apply', 'number.mixed_units', 'ana', 16)
    """
    if not by.strip():
        raise SettingError("an approval names who gives it", hint="give --by NAME")
    found = next((a for a in plan.actions if a.id == action_id), None)
    if found is None:
        raise SettingError(f"no step '{action_id}'", hint=did_you_mean(action_id, [a.id for a in plan.actions]))
    evidence = evidence_hash(found)
    when = on or datetime.now(UTC).isoformat(timespec="seconds")
    approved = {"by": by.strip(), "on": when, "evidence": evidence}
    said = replace(found, status="apply", evidence={**found.evidence, "approved": approved})
    entry = {
        "rule": found.rule,
        "columns": list(found.columns),
        "evidence": evidence,
        "by": by.strip(),
        "on": when,
        "until": "drift",
    }
    return replace(plan, actions=tuple(said if a is found else a for a in plan.actions)), entry


def write_approval(path: str | Path, entry: Mapping[str, Any]) -> None:
    """Add an approval to a project's settings; its other lines and comments stay as they are.

    Raises:
        SettingError: the file's ``approve`` is no list of lines that one can be added to.
    """
    file = Path(path)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    line = "  - " + yaml.safe_dump(dict(entry), default_flow_style=True, width=10_000, sort_keys=False).strip() + "\n"
    lines = text.splitlines(keepends=True)
    at = next((i for i, said in enumerate(lines) if said.startswith("approve:")), None)
    if at is None:
        made = text + ("" if not text or text.endswith("\n") else "\n") + "approve:\n" + line
    elif lines[at].split("#")[0].strip() in ("approve:", "approve: []"):
        indent = next((x[: len(x) - len(x.lstrip())] for x in lines[at + 1 :] if x.lstrip().startswith("- ")), "  ")
        made = "".join([*lines[:at], "approve:\n", indent + line.lstrip(), *lines[at + 1 :]])
    else:
        raise SettingError("'approve' is not a list of lines", where=str(file), hint=f"add by hand: {line.strip()}")
    with whole_file(file) as beside:
        beside.write_text(made, encoding="utf-8")
