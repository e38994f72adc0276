"""Whether rows hang together: groups and times that the profile suggests, and what it changes to heed them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from shlex import quote
from typing import Any, Literal

import numpy as np
import polars as pl

from autoprep.budget import Budget
from autoprep.errors import plural
from autoprep.pipeline.prepare import resolve_column
from autoprep.types import Table, Task

#: Rows of the comparison, rounds of its small model, folds, and the share of what is left of a budget it may take.
MOST_ROWS, ROUNDS, FOLDS, SHARE = 4_000, 60, 3, 0.06
AUTO = "auto"
#: Losses that differ by no more say that it does not matter; between groups and rows at random, this share of them.
SAME, LEAST_DIFFERENCE = 5e-4, 0.01
#: What the small model's feature set is called.
MADE = "made"
Kind = Literal["group", "time"]
#: What stands between the columns that say a moment together, and how many they are at least.
JOIN, LEAST_PARTS = " + ", 3
FLAGS: Mapping[Kind, str] = {"group": "group_column", "time": "time_column"}


def suggested(profile: Any, target: str | None) -> dict[Kind, str]:
    """The columns that group or order rows by what the profile saw: "group" and "time" -> column; a time that is split
    over columns is named by them all ("year + month + day")."""
    row = profile.tables.row(0, named=True) if profile.tables.height else {}
    found = {kind: row.get(word) for kind, word in FLAGS.items()}
    parts = row.get("time_parts") or ()
    if found["time"] is None and len(parts) >= LEAST_PARTS and target not in parts:
        found["time"] = JOIN.join(parts)
    return {kind: str(name) for kind, name in found.items() if name is not None and name != target}


def unseen_sides(group: Any, time: Any, likely: Mapping[Kind, str]) -> list[str]:
    """What is said where "auto" finds nothing that groups or orders the rows.

    Example:
        >>> unseen_sides("auto", None, {}), unseen_sides("auto", "day", {}), unseen_sides("auto", None, {"group": "id"})
        (['no column recurs as an entity: random folds'], ['no column recurs as an entity'], [])
    """
    asked: Mapping[Kind, Any] = {"group": group, "time": time}
    lacking = [k for k, said in asked.items() if isinstance(said, str) and said == AUTO and k not in likely]
    words = {"group": "no column recurs as an entity", "time": "no column orders the rows"}
    free = all(said is None or kind in lacking for kind, said in asked.items())
    return [words[kind] + (": random folds" if free else "") for kind in lacking]


def parts_of(name: str, table: Table) -> tuple[str, ...]:
    """The columns that a time is split over, () where the name is that of one column.

    Raises:
        InputError: it joins names one of which is no column.
    """
    said = name.split(JOIN)
    if len(said) < LEAST_PARTS or name in table.frame.collect_schema().names():
        return ()
    return tuple(resolve_column(part, table) for part in said)


def told(
    frame: pl.DataFrame,
    y: np.ndarray,
    task: Task,
    metric: Any,
    sides: Mapping[Kind, pl.Series],
    names: Mapping[Kind, str],
    *,
    budget: Budget,
    seed: int = 0,
    synthesizers: Sequence[Callable[[], Any]] = (),
) -> list[str]:
    """One sentence per suggestion: the score when it is heeded beside that when it is not, by the same small model.

    Each time the features are those that do better: a model that is judged on new persons need not learn who is known.

    Args:
        frame: (n, columns) clean rows.
        y: (n,) class codes or values.
        task: what is predicted. metric: that judges; the task's usual one when None.
        sides: (n,) values of the suggested columns.
        names: their names.
        budget: where seconds are short nothing is compared, and the suggestion alone is said.
        seed: of the sample and the folds.
        synthesizers: make the features that the small model sees: the usual ones, and those that learn of codes, which
            count where rows are grouped; none: it sees the columns as they are.
    """
    said, late = [], False
    # the time first: most tables go on with it, and new rows are later ones
    for kind, side in sorted(sides.items(), reverse=True):
        name = names[kind]
        means = f"rows that share '{name}'" if kind == "group" else f"rows that follow in '{name}'"
        ones = "new" if kind == "group" else "later"
        hint = f"pass {kind}={name!r} (--{kind} {quote(name)}) if predictions are for {ones} ones"
        there = int(side.null_count()) == 0
        started = budget.elapsed_s()
        heeded = plain = None
        if there and not late and (budget.deterministic or budget.remaining() * SHARE > 0.5 * budget.slowed()):
            rows = _some(side if kind == "group" else None, len(y), seed)
            losses = partial(_losses, frame, y, task, metric, rows=rows, seed=seed)
            made = (synthesizers if kind == "group" else synthesizers[:1]) or (None,)
            plain, heeded = (_better([losses(given, synthesizer=of) for of in made]) for given in ({}, {kind: side}))
            budget.charge(0.02 * len(rows) * frame.width / 1_000 if budget.deterministic else 0.0)
        if heeded is None or plain is None:
            said.append(f"{means} are judged by a model that knows others of them; {hint}")
            continue
        usual, apart = float(plain.mean()), float(heeded.mean())
        if kind == "time" and abs(apart - usual) <= SAME * max(1.0, abs(usual)):
            continue
        if kind == "group" and apart - usual <= _noise(plain, heeded):
            said.append(
                f"'{name}' recurs ({side.n_unique():,} in {plural(len(side), 'row')}): a small model is as good on new "
                f"ones (loss {apart:.4g}) as on rows at random ({usual:.4g})"
            )
        else:
            said.append(
                f"a small model's loss is {usual:.4g} on rows taken at random and {apart:.4g} on {means} apart from "
                f"the training rows; {hint}"
            )
        late = not budget.deterministic and (budget.elapsed_s() - started) > SHARE * budget.total()
    return said


def _better(losses: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """The folds' losses of the features that do better; None where none could be judged."""
    known = [found for found in losses if found is not None and np.isfinite(found).all()]
    return min(known, key=lambda found: float(found.mean())) if known else None


def _noise(plain: np.ndarray, heeded: np.ndarray) -> float:
    """By how much two means of losses over folds may differ and say nothing."""
    error = np.sqrt(plain.var(ddof=1) / plain.size + heeded.var(ddof=1) / heeded.size) if plain.size > 1 else 0.0
    return max(SAME, LEAST_DIFFERENCE * abs(float(plain.mean())), float(error))


def _some(groups: pl.Series | None, count: int, seed: int) -> np.ndarray:
    """Places of some of the rows: all of a group, or none, where there are groups."""
    rng = np.random.default_rng(seed)
    if groups is None or count <= MOST_ROWS:
        return np.sort(rng.permutation(count)[:MOST_ROWS])
    codes = groups.rank("dense").to_numpy().astype(np.int64) - 1
    sizes = np.bincount(codes)
    order = rng.permutation(sizes.size)
    taken = np.zeros(sizes.size, dtype=bool)
    # a group that alone would fill the sample is passed over
    order = order[sizes[order] <= MOST_ROWS // FOLDS]
    taken[order[np.cumsum(sizes[order]) <= MOST_ROWS]] = True
    found = np.flatnonzero(taken[codes])
    return found if found.size >= MOST_ROWS // 2 else np.sort(rng.permutation(count)[:MOST_ROWS])


def _losses(
    frame: pl.DataFrame,
    y: np.ndarray,
    task: Task,
    metric: Any,
    side: Mapping[Kind, pl.Series],
    *,
    rows: np.ndarray,
    seed: int,
    synthesizer: Callable[[], Any] | None,
) -> np.ndarray | None:
    """(folds,) losses of plain LightGBM on the columns and what is made of them; None where no folds can be made."""
    from dataclasses import replace

    from autoprep.errors import SettingError
    from autoprep.model_search import metrics, splits
    from autoprep.model_search.limits import Limit, OutOfTime, Unfit
    from autoprep.model_search.portfolio import default
    from autoprep.model_search.trial import Bench

    some, truth = frame[rows], y[rows]
    given: dict[str, Any] = {f"{kind}s": values.gather(rows) for kind, values in side.items()}
    classes = int(y.max()) + 1 if task != "regression" else 0
    made = {} if synthesizer is None else {MADE: synthesizer}
    try:
        found = splits.suggest(truth, task, frame=some, folds=FOLDS, repeats=1, seed=seed, **given)
        judge = metrics.resolve(metric, task, truth, np.arange(classes) if classes else None)
        meter = Budget()
        bench = Bench(
            some, truth, task=task, classes=classes, metric=judge, splits=found, synthesizers=made, weight=None,
            budget=meter, seed=seed, memory_bytes=2e8,
        )  # fmt: skip
        plain = default(task, MADE if made else "")
        plain = replace(plain, parameters={**plain.parameters, "rounds": ROUNDS})
        limit = Limit(float("inf"), float("inf"), meter.clock)
        return np.array([bench.run(plain, fold, limit).loss for fold in range(len(found.folds))])
    except (SettingError, Unfit, OutOfTime):
        return None


def gap_of(said: str | float | None) -> float:
    """Seconds (or units of a number column) of a gap in time: a number, or words like "7d" or "12h".

    Raises:
        SettingError: neither, or below 0.

    Example:
        >>> gap_of("7d"), gap_of(3), gap_of(None)
        (604800.0, 3.0, 0.0)
    """
    from autoprep.errors import SettingError
    from autoprep.parsing.duration import as_duration

    if said is None:
        return 0.0
    try:
        found: float | None = float(said)
    except ValueError:
        span = pl.select(as_duration(pl.lit(str(said).strip()))).item()
        found = None if span is None else float(span.total_seconds())
    if found is None or not 0 <= found < float("inf"):
        raise SettingError(f"gap is '{said}'", hint="write a number, or a length of time such as 7d or 12h")
    return found
