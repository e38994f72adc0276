"""A plan in parts that do not know of each other, and columns as steps leave them: so that what an edit does not touch
is taken from a store instead of being worked out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning.compile import JOINT, Step, compile_steps
from autoprep.cleaning.distinct import Batch
from autoprep.store import Store, column_key, key_of
from autoprep.types import Action, Plan


def reads(action: Action) -> set[str] | None:
    """The columns that an action of cells reads or writes; None when it may be any."""
    if action.verb == "sql" or action.verb not in VERBS:
        return None
    names = set(action.columns)
    for parameter in (*VERBS[action.verb].columns, "copy_of"):
        said = action.parameters.get(parameter)
        for entry in said if isinstance(said, list | tuple) else [said] if said else []:
            names |= set(str(entry).split(JOINT))
    return names


def split(actions: Sequence[Action], names: Sequence[str]) -> list[tuple[list[str], list[Action]]]:
    """Actions of cells and columns by the columns that they share, in their order; one part when that is not sure.

    Example:
        >>> a, b = (Action(x, "r", (x,), "trim") for x in "ab")
        >>> [(columns, len(own)) for columns, own in split([a, b], ["a", "b", "c"])]
        [(['a'], 1), (['b'], 1), (['c'], 0)]
    """
    group = {name: name for name in names}

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for action in actions:
        touched = reads(action)
        if touched is None or not touched or not touched <= set(names):
            return [(list(names), list(actions))]
        first, *others = sorted(touched)
        for other in others:
            group[root(other)] = root(first)
    parts: dict[str, tuple[list[str], list[Action]]] = {}
    for name in names:
        parts.setdefault(root(name), ([], []))[0].append(name)
    for action in actions:
        parts[root(action.columns[0])][1].append(action)
    return list(parts.values())


def told(action: Action) -> list[Any]:
    """What of an action decides what it does and what is said of it."""
    form = action.evidence.get("form")
    return [
        action.id,
        action.rule,
        action.columns,
        action.verb,
        action.parameters,
        action.kind,
        action.confidence,
        form,
    ]


def unread(step: Step) -> pl.Expr:
    """Cells that a step could not read, words that are kept as a status left out."""
    left = pl.col(step.residue).fill_null(False)
    words = sorted({word.strip().lower() for word in step.action.parameters.get("status") or ()})
    if not words:
        return left
    return left & ~pl.col(step.before).str.strip_chars().str.to_lowercase().is_in(words)


def unread_count(batch: Batch, step: Step) -> int:
    """How many cells of a batch a step could not read, words that are kept as a status left out."""
    mask = unread(step) if step.action.parameters.get("status") else step.residue
    return batch.count(mask, step.before, step.residue)


class Working:
    """Columns as the steps so far left them.

    Args:
        frame: the rows as they came.
        store: where columns are kept under what made them; None: nothing is kept.
    """

    def __init__(self, frame: pl.DataFrame, store: Store | None = None) -> None:
        self.store, self._names, self._frame = store, frame.columns, frame
        self._waiting: list[Action] = []
        self.keys: dict[str, str] = {}
        self._get: dict[str, Callable[[], pl.Series]] = {}
        if store is not None:
            self.keys = {name: column_key(frame.get_column(name)) for name in frame.columns}
            self._get = {name: _held(frame.get_column(name)) for name in frame.columns}

    @property
    def names(self) -> list[str]:
        """The columns; those that a step has taken away among them until someone looks."""
        return list(self._get) if self.store is not None else self._frame.columns

    @property
    def frame(self) -> pl.DataFrame:
        """All columns; steps that wait are run together, when someone looks."""
        if self.store is not None:
            return pl.DataFrame([get() for get in self._get.values()])
        if self._waiting:
            self._frame, self._waiting = _advanced(self._frame, self._waiting), []
        return self._frame

    def of(self, column: str) -> pl.DataFrame:
        """One column."""
        if self.store is not None:
            return self._get[column]().to_frame()
        seen = any(column in action.columns for action in self._waiting)
        return (self.frame if seen else self._frame).get_column(column).to_frame()

    def advance(self, action: Action) -> None:
        """Run an action of cells."""
        if self.store is None:
            self._waiting.append(action)
            return
        column = action.columns[0] if action.columns else ""
        touched = reads(action)
        alone = touched == {column} and column in self._get
        needed = [column] if alone else list(self._names)
        recipe = key_of("column", told(action), [(name, self.keys[name]) for name in needed])
        getters = {name: self._get[name] for name in needed}
        store = self.store

        def run() -> list[pl.DataFrame]:
            after = _advanced(pl.DataFrame([get() for get in getters.values()]), [action])
            return [after.select(column) if column in after.columns else after]

        if column not in self._get:
            after = _advanced(self.frame, [action])
            self._get = {name: _held(after.get_column(name)) for name in after.columns}
            self.keys = {name: column_key(after.get_column(name)) for name in after.columns}
            self._names = after.columns
            return
        self._get[column] = _once(lambda: store.frames("columns", recipe, run)[0].to_series().alias(column))
        get = self._get[column]
        self.keys[column] = store.value("keys", recipe, lambda: column_key(get()))


def _held(series: pl.Series) -> Callable[[], pl.Series]:
    return lambda: series


def _once(make: Callable[[], pl.Series]) -> Callable[[], pl.Series]:
    made: list[pl.Series] = []

    def get() -> pl.Series:
        if not made:
            made.append(make())
        return made[0]

    return get


def _advanced(state: pl.DataFrame, actions: Sequence[Action]) -> pl.DataFrame:
    compiled = compile_steps(Plan(tuple(actions)), state.schema, same_shape=True)
    return compiled.work(state).select(compiled.final())


def keys_of(frame: pl.DataFrame) -> Mapping[str, str]:
    """Column -> hash of its type and cells."""
    return {name: column_key(frame.get_column(name)) for name in frame.columns}
