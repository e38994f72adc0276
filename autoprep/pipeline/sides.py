"""What a model sees and what it predicts, and what groups, orders and weighs its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning, profiling
from autoprep.checks.time import joined_moment
from autoprep.config import Config
from autoprep.errors import InputError, SettingError, plural
from autoprep.pipeline.prepare import resolve_column
from autoprep.pipeline.structure import parts_of
from autoprep.pipeline.values import Prepared
from autoprep.types import Cleaned, Event, Listener, Plan, Table, Task, silent

MIN_ROWS = 10
#: Verbs that take a column out because it gives the target away.
LEAK_VERBS = ("exclude_leak",)
#: Such columns that are named in one sentence.
TOLD = 6


def labelled(cleaned: Cleaned, target: str, listener: Listener = silent) -> Cleaned:
    """Without the rows whose target cleaning could not read (their cells are in the quarantine), and said so."""
    if target not in cleaned.frame.columns or not cleaned.frame[target].null_count():
        return cleaned
    known = cleaned.frame[target].is_not_null()
    lost = plural(int((~known).sum()), "row")
    listener(Event("clean", f"{lost} left out: the cell of '{target}' cannot be read"))
    return replace(cleaned, frame=cleaned.frame.filter(known), rows=cleaned.rows.filter(known))


def targetless(cleaned: Cleaned, plan: Plan, rows: int) -> list[str]:
    """A sentence on the rows that are left out because they have no target; none, no sentence.

    Args:
        cleaned: has the ledger. plan: as it was applied. rows: that there were.
    """
    drops = [a.id for a in plan.applied() if a.verb == "drop_rows_without_target"]
    lost = cleaned.ledger.filter(pl.col("action").is_in(drops) & pl.col("row").is_not_null())["row"].n_unique()
    return [f"{lost:,} of {plural(rows, 'row')} have no target and are left out"] if lost else []


def leaks_told(plan: Plan, prepared: Prepared, group: str | None = None) -> list[str]:
    """One sentence on the columns that are left out as they give the target away, and why each does; none, no sentence.

    Args:
        plan: as it is applied. prepared: has the profile.
        group: the column that the profile takes for a group, said where it is one of them.
    """
    out = [a.columns[0] for a in plan.applied() if a.verb in LEAK_VERBS and a.columns]
    if not out:
        return []
    rows = prepared.profile.columns.filter(pl.col("column").is_in(out))
    why = dict(rows.select("column", "leak_reason").drop_nulls().iter_rows())
    shown = "; ".join(f"{name}: {why[name]}" if len(out) > 1 else why[name] for name in out[:TOLD] if name in why)
    names = ", ".join(out[:TOLD]) + (f" and {len(out) - TOLD} more" if len(out) > TOLD else "")
    they, keeps = ("it gives", "keeps it") if len(out) == 1 else ("they give", "keeps them")
    said = f"{names} left out: {they} the target away{f' ({shown})' if shown else ''}; --keep-leaks {keeps}"
    if group is not None and group in out:
        said += f"; the values of {group} recur, it may name whose rows they are: --group {quote(group)}"
    return [said]


def model_rows(
    cleaned: Cleaned, plan: Plan, prepared: Prepared, task: Task | None, aside: int = 0
) -> tuple[pl.DataFrame, pl.Series, Task]:
    """What the model sees, what it predicts, and the task; refuses what cannot carry a model.

    ``aside``: labelled rows that the hold-out has taken.
    """
    target, uri = str(plan.target), prepared.table.source.uri
    if target not in cleaned.frame.columns:
        raise InputError(f"the plan takes the target '{target}' out", where=uri, hint="edit the plan")
    known = cleaned.frame.filter(pl.col(target).is_not_null())
    if known.height < MIN_ROWS:
        took = f"the hold-out took {aside:,}: ask for a smaller one" if known.height + aside >= MIN_ROWS else ""
        raise InputError(
            f"{plural(known.height, 'usable row')} left with a value in '{target}'",
            where=uri,
            hint=f"at least {MIN_ROWS} are needed; {took or 'see the plan for what was dropped'}",
        )
    if known.height < cleaned.frame.height:
        raise InputError(
            f"'{target}' is missing in {plural(cleaned.frame.height - known.height, 'row')}",
            where=uri,
            hint="let the plan drop them (target.missing)",
        )
    roles = {spec.name: spec.role for spec in plan.outputs}
    from_target = {spec.name for spec in plan.outputs if spec.source == target} | {target}
    from_target |= {c for c in known.columns if c.startswith(f"{target}__")}
    unused = [c for c in known.columns if roles.get(c) in cleaning.UNSEEN or c in from_target]
    frame, y = known.drop(unused), known[target]
    if y.n_unique() < 2:
        raise InputError(
            f"the target '{target}' has one value only: '{y[0]}'", where=uri, hint="there is nothing to predict"
        )
    if not frame.width:
        leaks = sorted({c for a in plan.actions if a.verb in LEAK_VERBS and a.status == "apply" for c in a.columns})
        said = f": {', '.join(leaks[:5])} give it away" if leaks else ""
        hint = "if they are known when predicting, pass --keep-leaks" if leaks else "give a table with more columns"
        raise InputError(f"no column is left to predict '{target}' from{said}", where=uri, hint=hint)
    inferred = task or plan.task or profiling.infer_task(y, target)[0]
    if inferred != "regression":
        y = y.cast(pl.String)
        if task is None:
            # Labels that cleaning has merged may be two where the raw cells were more.
            inferred = "binary" if y.n_unique() == 2 else "multiclass"
    elif not y.dtype.is_numeric():
        raise InputError(
            f"'{target}' is not a number, so it cannot be the target of a regression",
            where=uri,
            hint="give --task binary or multiclass",
        )
    return frame, y, inferred


def per_row(
    cleaned: Cleaned, prepared: Prepared, column: str | Any | None, learn: np.ndarray | None
) -> pl.Series | None:
    """What groups, orders or weighs rows: a column (as cleaned where it is there), the moment that several say
    together, or one value a row."""
    if column is None:
        return None
    if not isinstance(column, str):
        values = pl.Series(np.asarray(column))
        rows = prepared.frame.height if learn is None else int(np.max(learn, initial=-1)) + 1
        if len(values) < rows:
            raise InputError(f"{len(values)} values for {rows} rows", hint="give one value per row")
        return (values if learn is None else values.gather(learn)).gather(cleaned.rows)
    if parts := parts_of(column, prepared.table):
        return joined_moment(prepared.frame, parts).gather(cleaned.rows)
    name = resolve_column(column, prepared.table)
    if name in cleaned.frame.columns:
        return cleaned.frame[name]
    return prepared.frame[name].gather(cleaned.rows)


def row_times(
    cleaned: Cleaned, prepared: Prepared, column: str | Any | None, learn: np.ndarray | None
) -> pl.Series | None:
    """What orders the rows, see ``per_row``; refuses a column that cannot."""
    times = per_row(cleaned, prepared, column, learn)
    if times is None or not isinstance(column, str):
        return times
    where = prepared.table.source.uri
    if not (times.dtype.is_temporal() or times.dtype.is_numeric()):
        raise SettingError(
            f"'{column}' holds neither dates nor numbers, so it cannot order the rows",
            where=where,
            hint="name a column of dates or numbers with time",
        )
    if times.null_count():
        raise SettingError(
            f"'{column}' is missing in {plural(times.null_count(), 'row')}, so it cannot order them",
            where=where,
            hint="drop or fill rows without a time",
        )
    return times


def ignoring(config: Config | None, names: Sequence[str], table: Table, target: str) -> Config | None:
    """Settings under which columns are left out of the model, as ``columns: {name: {role: excluded}}`` says it.

    Raises:
        InputError: there is no such column. SettingError: it is the target.
    """
    if not names:
        return config
    own = config or Config()
    found = {resolve_column(name, table) for name in names}
    if target in found:
        raise SettingError(f"the target '{target}' is to be ignored", hint="name another column")
    return replace(own, columns={**own.columns, **{n: {**own.columns.get(n, {}), "role": "excluded"} for n in found}})


def unnumbered(prepared: Prepared, time: Any) -> tuple[Prepared, str]:
    """Where rows are judged in time, columns that number them are identifiers: later rows lie beyond all they showed.

    Returns:
        What was prepared, and a sentence on those columns; "" where there is none.
    """
    columns = prepared.profile.columns
    if time is None or "row_number" not in columns.columns:
        return prepared, ""
    mine = pl.col("row_number").fill_null(False) & (pl.col("role") == "number")
    names = columns.filter(mine)["column"].to_list()
    if not names:
        return prepared, ""
    told = columns.with_columns(
        pl.when(mine).then(pl.lit("identifier")).otherwise(pl.col(word)).alias(word) for word in ("semantic", "role")
    )
    what = "it numbers" if len(names) == 1 else "they number"
    said = f"left out, as {what} the rows and later ones lie beyond all that is known: {', '.join(names)}"
    return replace(prepared, profile=replace(prepared.profile, columns=told)), said


def constrained(asked: Mapping[str, int] | None, prepared: Prepared, plan: Plan, frame: pl.DataFrame) -> dict[str, int]:
    """Raw columns' directions by the names that the cleaned columns have."""
    found = {}
    for said, direction in (asked or {}).items():
        raw = resolve_column(said, prepared.table)
        made = [spec.name for spec in plan.outputs if (spec.source or spec.name) == raw and spec.name in frame.columns]
        found[raw if raw in made or not made else made[0]] = direction
    return found


def row_weights(weights: pl.Series | None) -> np.ndarray | None:
    if weights is None:
        return None
    values: np.ndarray = weights.cast(pl.Float64, strict=False).to_numpy()
    if not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0:
        raise InputError("a row's weight is missing, negative or infinite, or all are 0", hint="give weights above 0")
    return values


def encoded_target(y: pl.Series, task: Task) -> np.ndarray:
    """Class codes (n,) or values (n,) as a synthesizer takes them."""
    from autoprep.model_search.target import encode_target

    codes: np.ndarray = encode_target(y if task == "regression" else y.cast(pl.String), task)[0]
    return codes


def judged_by(y: pl.Series, task: Task, positive: str | None, metric: Any) -> tuple[str, Any]:
    """The class that scores of one class are about ("" for another task), and the metric that judges by it."""
    from autoprep.model_search.metrics import resolve
    from autoprep.model_search.target import encode_target, positive_of

    codes, labels = encode_target(y if task == "regression" else y.cast(pl.String), task)
    about = str(labels[positive_of(labels, codes, positive)[0]]) if task == "binary" or positive is not None else ""
    return about, resolve(metric, task, codes, np.asarray(labels) if labels else None, positive)
