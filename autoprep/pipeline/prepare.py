"""From a source to a plan: read, profile, find, propose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autoprep import cleaning, profiling, reading, validation
from autoprep.budget import Budget
from autoprep.config import Config
from autoprep.errors import InputError, did_you_mean, plural
from autoprep.pipeline.values import Prepared, Stopwatch
from autoprep.store import Store
from autoprep.types import Event, Finding, Listener, Plan, Table, Task, silent

#: Share of what is left of a budget that planning may take, its seconds per second of profiling, and the rows it needs.
PLAN_SHARE, PLAN_COST, PLAN_ROWS = 0.15, 3.0, 20_000

#: Share of a budget of seconds after which no more repairs are looked for.
PLAN_END = 0.4
#: Share of what is left of a budget of seconds that the profile may take with what it can do without.
PROFILE_SHARE = 0.3
#: A table with more columns is not searched for relations between them while a time budget runs.
WIDE = 40


def resolve_column(name: str, table: Table) -> str:
    """The column that a person means: by its name, by its header in the source, or by position ("-1") without header.

    Of several columns with one header the first is meant by NAME_1, the others by the names they have here (NAME_2).

    Raises:
        InputError: there is none; names the nearest. Or several have this header; names them.
    """
    columns = table.frame.collect_schema().names()
    first = name if name in columns else name.removesuffix("_1")
    same = [column for column, header in table.headers.items() if header == first and column != first]
    if first in columns and (first == name or same):
        if same and first == name:
            raise InputError(
                f"{len(same) + 1} columns are named '{name}'",
                where=table.source.uri,
                hint=f"write {name}_1 for the first, or {', '.join(same)}",
            )
        return first
    by_header = {header: column for column, header in table.headers.items()}
    if name in by_header:
        return by_header[name]
    folded = {
        word.strip().casefold(): column for column in columns for word in (column, table.headers.get(column, column))
    }
    if name.strip().casefold() in folded:
        return folded[name.strip().casefold()]
    if name.lstrip("-").isdigit() and table.dialect is not None and table.dialect.header_rows == 0:
        place = int(name)
        if -len(columns) <= place < 0 or 1 <= place <= len(columns):
            return columns[place if place < 0 else place - 1]
    raise InputError(f"no column '{name}'", where=table.source.uri, hint=did_you_mean(name, [*columns, *by_header]))


def prepare(
    source: Any,
    *,
    target: str | None = None,
    rules: Sequence[Any] | None = None,
    config: Config | None = None,
    task: Task | None = None,
    plan: Plan | None = None,
    rows: Sequence[int] | np.ndarray | None = None,
    listener: Listener = silent,
    watch: Stopwatch | None = None,
    budget: Budget | None = None,
    store: Store | None = None,
    held: bool = True,
) -> Prepared:
    """Read, profile, find and plan.

    Args:
        source: anything that ``reading.read`` takes, or a Table.
        target: column to predict.
        rules: folders of a user's own rules.
        config: a project's settings.
        task: overrules what the target's values say.
        plan: a reviewed plan to use instead of proposing one.
        rows: 0-based rows to learn from (all when None).
        listener: hears what is found.
        watch: counts seconds per stage.
        store: where profile and proposals are kept under what made them; None: all is worked out.
        held: keep the rows in memory; without, a long table is read once for its profile and once for its plan, and
            ``frame`` has no rows.
        budget: when it is short for the table, the plan is made from a sample of rows, and said so.

    Raises:
        InputError: the source cannot be read or holds no rows, or there is no such target.
    """
    watch = watch or Stopwatch()
    watch.start("read")
    table = source if isinstance(source, Table) else reading.read(source, listener=listener)
    column = resolve_column(target, table) if target is not None else None
    sized = None if held or rows is not None else profiling.size(table.frame)
    long = sized is not None and sized.is_long
    if sized is not None and long:
        height, frame, kept = sized.rows, table.frame.head(0).collect(), table
    else:
        frame = table.collect()
        if rows is not None:
            frame = frame[np.asarray(rows)]
        height, kept = frame.height, replace(table, frame=frame.lazy())
    if not height:
        raise InputError("has a header but no rows", where=table.source.uri, hint="give a file with data")
    rejected = f", {plural(table.rejected.height, 'line')} rejected" if table.rejected.height else ""
    figures = {"rows": height, "columns": frame.width, "rejected": table.rejected.height}
    listener(Event("read", f"{table.source.uri}: {_size(height, frame.width)}{rejected}", figures))
    for note in table.notes:
        listener(Event("read", note))
    watch.start("profile")
    if long and store is not None:
        listener(Event("cache", "a table that is not held in memory is not kept: all is worked out"))
        store = None
    if long:
        listener(Event("profile", f"reading {height:,} rows for their profile, some at a time", {"rows": height}))
    hurried = budget is not None and budget.time_budget_s is not None and frame.width > WIDE
    timed = budget is not None and budget.time_budget_s is not None and not long
    hurry = profiling.Hurry(PROFILE_SHARE * budget.remaining()) if budget is not None and timed else None
    if hurry is not None and hurried:
        hurry.left_out.append("pairs of columns, and keys")
    profile = profiling.remembered(
        kept, target=column, task=task, config=config, relations=not hurried, store=store, hurry=hurry
    )
    if profile.left_out:
        listener(Event("profile", told_left_out(profile)))
    watch.start("rules")
    book = validation.load_rulebook(rules or (), config)
    findings = tuple(find(profile, book))
    counts = {s: sum(f.severity == s for f in findings) for s in ("error", "warning", "info")}
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count) or "nothing wrong"
    listener(Event("profile", f"{plural(len(findings), 'finding')}: {told}", {"findings": len(findings), **counts}))
    watch.start("plan")
    if plan is None:
        most = height
        if budget is not None and not budget.deterministic:
            expected = PLAN_COST * watch.seconds.get("profile", 0.0)
            share = PLAN_SHARE * budget.remaining() / max(expected, 1e-6)
            most = height if share >= 1 else max(PLAN_ROWS, int(share * height))
        if most < height:
            listener(Event("plan", f"the budget is short: the plan is made from {most:,} of {height:,} rows"))
        plan = cleaning.plan(
            kept, profile=profile, rulebook=book, target=column, task=task, config=config,
            most_rows=min(most, cleaning.SAMPLE_ROWS), store=store, listener=listener,
            late=_late(budget),
        )  # fmt: skip
    states = {s: sum(a.status == s for a in plan.actions) for s in ("apply", "ask", "skip")}
    listener(
        Event(
            "plan",
            f"{plural(states['apply'], 'step')} to apply, {states['ask']} to review, {states['skip']} declined",
            states,
        )
    )
    odd = [f"'{name}' ({dtype.lower()})" for name, dtype in plan.inputs.items() if cleaning.holds_no_value(dtype)]
    if odd and column is not None:
        listener(Event("plan", f"no model reads {', '.join(odd[:5])}: the cells are no single values"))
    return Prepared(kept, frame, profile, findings, plan, column)


def told_left_out(profile: profiling.Profile) -> str:
    """What a profile did without, as a sentence; "" for nothing."""
    return f"the budget was short, the profile leaves out: {'; '.join(profile.left_out)}" if profile.left_out else ""


def _late(budget: Budget | None) -> Callable[[], bool]:
    if budget is None or budget.deterministic:
        return cleaning.never
    return lambda: budget.spent_share() > PLAN_END


def _size(rows: int, columns: int) -> str:
    return f"{plural(rows, 'row')}, {plural(columns, 'column')}"


def find(profile: profiling.Profile, book: validation.Rulebook) -> list[Finding]:
    """The rules that fire with something to show; families that only look for repairs speak through the plan."""
    learning = {rule_id for rule_id, rule in book.items() if any(verb in cleaning.LEARNERS for verb in rule.fix or {})}
    return [f for f in validation.find(profile, book) if f.count or f.share or f.rule not in learning]
