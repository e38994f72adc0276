"""The verbs of review: the history of a cell, plans beside each other, approvals, error budgets, the canary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep import cleaning
from autoprep.api.cleaning import load_plan, plan, save_plan
from autoprep.api.data import Settings, as_config, read
from autoprep.errors import SettingError
from autoprep.types import Listener, Plan, Task, silent

if TYPE_CHECKING:
    from autoprep.pipeline import Canary

PathLike = str | Path


def explain_cell(clean: Any, ledger: PathLike | pl.DataFrame, *, row: int, column: str) -> dict[str, Any]:
    """What became of one cell: its value now, and each change with its rule, step and confidence.

    Args:
        clean: the clean table, or where it was written.
        ledger: of that cleaning, or where it was written.
        row: 0-based row of the input. column: its name.

    Raises:
        InputError: there is no such row or column.
    """
    entries = ledger if isinstance(ledger, pl.DataFrame) else cleaning.read_ledger(ledger)
    return cleaning.cell_history(read(clean).collect(), entries, row, column)


def plan_diff(before: Any, after: Any) -> list[str]:
    """How two plans differ, or what would be cleaned differently in two deliveries: one line per difference.

    Args:
        before: a plan, a plan file (.yaml), or a source. after: the same.

    Example:
        >>> plan_diff({"age": ["31", "N/A", "44"]}, {"age": ["31", "30", "44"]})[0]
        '- missing.disguised_null:age nullify (apply)'
    """
    return cleaning.diff(_as_plan(before), _as_plan(after))


def _as_plan(given: Any) -> Plan:
    if isinstance(given, Plan):
        return given
    named = isinstance(given, str | Path) and Path(given).suffix.lower() in (".yaml", ".yml")
    return load_plan(given) if named else plan(given)


def canary(
    source: Any,
    target: str,
    *,
    task: Task | None = None,
    plan: PathLike | Plan | None = None,
    rules: Sequence[Any] | None = None,
    config: Settings = None,
    rows: int = 10_000,
    seed: int = 0,
    listener: Listener = silent,
) -> Canary:
    """Shuffle the target over the rows and see whether cleaning or a feature set still predicts it: then it leaks.

    Args:
        source: a table. target: the column to predict.
        task: overrules what the target's values say.
        plan: a reviewed plan, or where it is. rules: folders of rules of your own. config: a project's settings.
        rows: of larger tables so many are drawn. seed: of shuffle, sample and folds.

    Returns:
        The signs of every stage with 99% intervals, and ``culprit``, the first stage above chance ("" when none is).

    Raises:
        InputError: the source cannot be read, or there is no such target.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> found = canary({"size": rng.normal(size=200), "sold": rng.choice(["yes", "no"], 200)}, "sold")
        >>> found.culprit, [sign.stage for sign in found.signs]
        ('', ['cleaning', 'base', 'encoded', 'all'])
    """
    from autoprep import pipeline

    made = plan if plan is None or isinstance(plan, Plan) else load_plan(plan)
    return pipeline.canary(
        source, target, task=task, plan=made, rules=rules, config=as_config(config), most_rows=rows, seed=seed,
        listener=listener,
    )  # fmt: skip


def approve(path: PathLike, action: str, *, by: str, config: PathLike = "autoprep.yaml") -> dict[str, Any]:
    """Approve a step of a plan file, bound to its evidence; the approval is kept in the project's settings.

    Returns:
        The entry: rule, columns, evidence (a hash), by, until.

    Raises:
        SettingError: there is no such step.
    """
    made, entry = cleaning.approve(load_plan(path), action, by)
    cleaning.write_approval(config, entry)
    save_plan(made, path)
    return entry


def with_budgets(given: Plan, *, max_changed: float | None = None, max_rejected: float | None = None) -> Plan:
    """The plan with error budgets: shares of a column's cells that a lossy step may change, or a parse leave unread.

    Raises:
        SettingError: a budget is no share.

    Example:
        >>> dict(with_budgets(Plan(), max_rejected=0.1).settings)
        {'max_rejected': 0.1}
    """
    said = {"max_changed": max_changed, "max_rejected": max_rejected}
    for name, share in said.items():
        if share is not None and not 0 <= share <= 1:
            raise SettingError(f"{name} is {share}", hint="a budget is a share between 0 and 1")
    return replace(given, settings={**given.settings, **{k: v for k, v in said.items() if v is not None}})
