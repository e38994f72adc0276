"""What a verb is: a small repair, found by name, that turns a cell expression into a better one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

import polars as pl

from autoprep.errors import SettingError, did_you_mean
from autoprep.registry import Catalogue

F = TypeVar("F", bound=Callable[..., Any])
Level = Literal["cell", "column", "row", "table"]

#: Order of application, smallest first: text is mended before it is parsed, cells before columns, columns before rows.
PHASES = {
    "encoding": 10,
    "space": 20,
    "missing": 30,
    "split": 35,
    "value": 40,
    "typing": 50,
    "scale": 52,
    "fill": 55,
    "column": 60,
    "row": 70,
}


@dataclass(frozen=True)
class Repair:
    """A repaired cell, as expressions over the cell.

    Attributes:
        value: the repaired value.
        residue: Boolean; true where a cell held text that the repair could not parse (``value`` is null there).
        dtype: what ``value`` is: "text", "integer", "number", "boolean", "date", "datetime", "time", "same".
        extra: suffix of an added column -> its expression ("__status", "__low").
        notes: reason -> Boolean expression; cells that were repaired but should be mentioned at prediction time.
    """

    value: pl.Expr
    residue: pl.Expr | None = None
    dtype: str = "text"
    extra: Mapping[str, pl.Expr] = field(default_factory=dict)
    notes: Mapping[str, pl.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Verb:
    """An entry of the catalogue.

    Attributes:
        name: an imperative, as rules and plans write it.
        level: "cell" verbs map ``pl.Expr`` to ``Repair``; "column" verbs say what becomes of a column (``drop`` or
            ``exclude``); "row" and "table" verbs give a Boolean expression of the rows to keep ("row": it looks at one
            row only; "table": it compares rows).
        function: ``function(cell, **parameters)`` for cells, ``function(names, **parameters)`` for rows and tables.
        phase: a word of ``PHASES``.
        theme: the folder of rules that it mostly serves.
        columns: names of the parameters that name other columns; the applier passes them as expressions of their text.
        cells: names of the parameters that name other columns; the applier passes their cells, typed as they are.
        learnt: whether the parameters must be learnt from the column (a rule alone cannot give them).
        elementwise: false when the verb needs all rows at once.
        typed: whether it works on cells of any type; the others have nothing to do where a cell is no text.
        aside: a row verb that judges the cells as they came, and whose rows go into quarantine.
        summary: first line of the function's docstring.
    """

    name: str
    level: Level
    function: Callable[..., Any]
    phase: str
    theme: str
    columns: tuple[str, ...] = ()
    learnt: bool = False
    elementwise: bool = True
    typed: bool = False
    aside: bool = False
    summary: str = ""
    cells: tuple[str, ...] = ()

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the keyword parameters."""
        found = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in found if p.kind is p.KEYWORD_ONLY)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the parameters without a default."""
        found = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in found if p.kind is p.KEYWORD_ONLY and p.default is p.empty)

    def refuse_unknown(self, given: Mapping[str, Any], where: str | None = None) -> None:
        """Refuse parameters that the verb does not have.

        Raises:
            SettingError: names the nearest parameter that it does have.
        """
        for key in given:
            if key not in self.parameters:
                hint = did_you_mean(key, self.parameters) if self.parameters else f"'{self.name}' takes none"
                raise SettingError(f"'{self.name}' has no parameter '{key}'", where=where, hint=hint)


VERBS: Catalogue[Verb] = Catalogue("verb", group="autoprep.verbs")


def verb(
    name: str,
    *,
    phase: str,
    theme: str,
    level: Level = "cell",
    columns: tuple[str, ...] = (),
    learnt: bool = False,
    elementwise: bool = True,
    typed: bool = False,
    aside: bool = False,
    cells: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Register the decorated function as a verb."""

    def keep(function: F) -> F:
        said = (inspect.getdoc(function) or "").splitlines()
        summary = said[0] if said else ""
        VERBS.put(
            name,
            Verb(name, level, function, phase, theme, columns, learnt, elementwise, typed, aside, summary, cells),
        )
        return function

    return keep
