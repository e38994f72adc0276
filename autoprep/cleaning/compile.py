"""A plan as one Polars query: every step of every cell is an expression, so that what it did can be read off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from autoprep.checks import VERBS, Repair
from autoprep.checks.missing import is_word
from autoprep.checks.number import residue as unread
from autoprep.checks.text import count_votes, look_up
from autoprep.cleaning import notation as notations
from autoprep.cleaning.forms import DTYPES, text_of
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.parsing import number as numbers
from autoprep.types import Action, Plan

#: Name of the column that holds the 0-based input row while a plan runs; no source has such a name.
ROW = "\x1frow"
_STEP = "\x1f"
#: Verbs that read the tidied text of every cell many times over; it is made once, in a working column.
_TIDY = ("parse_quantity", "parse_range")
#: Types of columns that a step adds, by how their names end; text unless it stands here.
_ADDED: tuple[tuple[tuple[str, ...], pl.DataType], ...] = (
    (("__low", "__high", "__first_year", "__last_year"), pl.Float64()),
    (("__missing",), pl.Boolean()),
    (("__moment",), pl.Datetime("us")),
)
#: Up to so many rows, planning one query of all layers costs more than it spares.
FEW_ROWS = 20_000
#: Between the columns, and between the values, of a key that is made of several columns.
JOINT = " + "


@dataclass(frozen=True)
class Step:
    """What one action became.

    Attributes:
        action: the action.
        column: input name of the column that it writes.
        before: working column with the cells as they were.
        after: working column with the repaired cells.
        dtype_before: type of ``before``.
        dtype_after: type of ``after``.
        residue: working column that marks what could not be parsed, or ""; words that are kept as a status are not.
        notes: reason -> working column that marks cells to mention.
    """

    action: Action
    column: str
    before: str
    after: str
    dtype_before: pl.DataType
    dtype_after: pl.DataType
    residue: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Compiled:
    """A plan bound to the columns of a table.

    Attributes:
        layers: expressions to add, layer by layer.
        steps: what became of each action that writes cells.
        inputs: the table's columns and types.
        current: column -> working column with its final cells, in output order; dropped columns are still in it.
        added: added column -> (action, column it stands beside).
        dropped: column -> action.
        filters: (action, Boolean expression over final names of the rows to keep); table-wide ones come last.
        marks: working columns that filters look at besides the final ones.
    """

    layers: tuple[tuple[pl.Expr, ...], ...]
    steps: tuple[Step, ...]
    inputs: Mapping[str, pl.DataType]
    current: Mapping[str, str]
    dtypes: Mapping[str, pl.DataType]
    added: Mapping[str, tuple[Action, str]]
    dropped: Mapping[str, Action]
    filters: tuple[tuple[Action, pl.Expr], ...]
    marks: tuple[str, ...] = ()

    def run(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add all working columns."""
        return _queried(frame, self.layers)

    def work(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same of rows in memory: few of them are run layer after layer, which spares the planning of one query."""
        return worked(frame, self.layers)

    def outputs(self) -> list[str]:
        """Names of the cleaned columns, in order."""
        return [name for name in self.current if name not in self.dropped]

    def final(self) -> list[pl.Expr]:
        """The cleaned columns, dropped ones left out."""
        return [pl.col(self.current[name]).alias(name) for name in self.outputs()]


def worked(frame: pl.DataFrame, layers: Iterable[Sequence[pl.Expr]]) -> pl.DataFrame:
    """Columns added layer by layer to rows in memory.

    Example:
        >>> worked(pl.DataFrame({"x": [1]}), [[pl.col("x").alias("y")], [], [pl.col("y").alias("z")]]).row(0)
        (1, 1, 1)
    """
    layers = [layer for layer in layers if layer]
    if frame.height <= FEW_ROWS:
        frame = frame.rechunk()  # each chunk would compile every pattern again
        for layer in layers:
            frame = frame.with_columns(layer)
        return frame
    return _queried(frame.lazy(), layers).collect()


def _queried(frame: pl.LazyFrame, layers: Iterable[Sequence[pl.Expr]]) -> pl.LazyFrame:
    for layer in layers:
        frame = frame.with_columns(layer)
    return frame


def compile_steps(
    plan: Plan,
    schema: Mapping[str, pl.DataType],
    *,
    same_shape: bool = False,
    notation: notations.Notation = "typed",
) -> Compiled:
    """Bind a plan's applied actions to columns.

    Args:
        plan: its actions run in their order.
        schema: column -> type.
        same_shape: leave out what drops or adds rows and columns.
        notation: "typed" writes what was read; "own" leaves text columns text, in their own writing.

    Raises:
        InputError: a column that an action needs is not there.
        SettingError: a verb or a parameter is not known.
    """
    binder = _Binder(plan, dict(schema), same_shape, own=notation == "own")
    for action in plan.applied():
        binder.bind(action)
    return binder.compiled()


def _names(entry: object) -> list[str]:
    """The columns that one key is made of: a name, or several names that ``JOINT`` separates."""
    return str(entry).split(JOINT)


class _Binder:
    def __init__(self, plan: Plan, schema: dict[str, pl.DataType], same_shape: bool, *, own: bool = False) -> None:
        self.schema, self.same_shape = schema, same_shape
        self.current = {name: name for name in schema}
        # with the column's own notation: what is written, where that differs from what the steps see
        self.written = {name: name for name, dtype in schema.items() if own and dtype == pl.String()}
        self.notation: dict[str, Mapping[str, object]] = {}
        self.dtypes = dict(schema)
        self.layers: list[list[pl.Expr]] = []
        self.layer_of = {name: 0 for name in schema}
        self.steps: list[Step] = []
        self.added: dict[str, tuple[Action, str]] = {}
        self.dropped: dict[str, Action] = {}
        self.rows: list[tuple[Action, pl.Expr]] = []
        self.tables: list[tuple[Action, pl.Expr]] = []
        self.marks: list[str] = []
        self.gone = {c for a in plan.applied() if a.verb == "drop_column" for c in a.columns}

    def bind(self, action: Action) -> None:
        if action.verb == "sql":
            self._cells(action, self._column(action), lambda cell, **_: self._sql(action))
            return
        if action.verb not in VERBS:
            VERBS[action.verb]
        known = VERBS[action.verb]
        known.refuse_unknown(action.parameters, where=action.id)
        if missing := [name for name in known.required if name not in action.parameters]:
            raise SettingError(f"'{action.verb}' needs the parameter '{missing[0]}'", where=action.id)
        if known.level in ("row", "table"):
            if not self.same_shape:
                (self.rows if known.level == "row" else self.tables).append((action, self._filter(action)))
            return
        name = self._column(action)
        if name is None:
            return
        if known.level == "column":
            if action.verb == "drop_column" and not self.same_shape:
                self.dropped[name] = action
            return
        if not known.typed and self.dtypes[name] != pl.String():
            return
        self._cells(action, name, known.function, known.columns, known.cells)

    def _column(self, action: Action) -> str | None:
        name = action.columns[0] if action.columns else ""
        if name in self.current:
            return name
        if name in self.gone:
            return None
        raise InputError(
            f"the column '{name}' that the plan cleans is not there",
            where=action.id,
            hint=did_you_mean(name, self.schema),
        )

    def _filter(self, action: Action) -> pl.Expr:
        known = VERBS[action.verb]
        if known.aside:
            mark = f"{_STEP}keep{len(self.marks)}"
            self._put(0, mark, known.function(list(self.schema), **action.parameters))
            self.marks.append(mark)
            return pl.col(mark)
        names = [c for c in action.columns if c in self.current] or [
            n for n in self.current if n not in self.dropped and not self.dtypes[n].is_nested()
        ]
        keep: pl.Expr = known.function(names, **action.parameters)
        return keep

    def _sql(self, action: Action) -> Repair:
        try:
            made = pl.sql_expr(str(action.parameters.get("expression", "")))
        except pl.exceptions.PolarsError as error:
            raise SettingError(f"the expression is not SQL that can run here ({error})", where=action.id) from error
        return Repair(made, dtype="same")

    def _cells(
        self,
        action: Action,
        name: str | None,
        function: Callable[..., Repair],
        refers: Sequence[str] = (),
        typed: Sequence[str] = (),
    ) -> None:
        if name is None:
            return
        given = dict(action.parameters)
        depth = self.layer_of[self.current[name]]
        for parameter in [p for p in typed if p in given]:
            others = [str(other) for other in given[parameter]]
            depth = max([depth, *(self._depth(action, other) for other in others)])
            given[parameter] = [pl.col(self.current[other]) for other in others]
        for parameter in [p for p in refers if p in given]:
            many = isinstance(given[parameter], list | tuple)
            keys = []
            for entry in given[parameter] if many else [given[parameter]]:
                depth = max([depth, *(self._depth(action, str(other)) for other in _names(entry))])
                keys.append(self._key(_names(entry)))
            given[parameter] = keys if many else keys[0]
        number = len(self.steps)
        if action.verb == "vote" and given.get("mappings"):
            # each look-up is made once, in a working column, and only compared after that
            voters = [f"{name}{_STEP}{number}{_STEP}voter{i}" for i in range(len(given["by"]))]
            for voter, key, mapping in zip(voters, given["by"], given["mappings"], strict=True):
                self._put(depth, voter, look_up(key, mapping))
            given |= {"by": [pl.col(voter) for voter in voters], "mappings": [None] * len(voters)}
            seen = [given.get(word, ()) for word in ("witnesses", "testimonies", "witness_weights")]
            votes = count_votes(
                pl.col(self.current[name]), given["by"], given["weights"], list(zip(*seen, strict=True))
            )
            given["ballot"] = [pl.col(f"{name}{_STEP}{number}{_STEP}score{i}") for i in range(len(votes))]
            for score, made in zip(given["ballot"], votes, strict=True):
                self._put(depth + 1, score.meta.output_name(), made)
            depth += 2
        cell = pl.col(self.current[name])
        if action.verb in _TIDY and self.dtypes[name] == pl.String():
            tidied = f"{name}{_STEP}{number}{_STEP}tidy"
            self._put(depth, tidied, numbers.tidy(cell))
            depth += 1
            with numbers.staged(cell, pl.col(tidied)):
                repair = function(cell, **given)
        else:
            repair = function(cell, **given)
        before, dtype_before = self.current[name], self.dtypes[name]
        dtype = dtype_before if repair.dtype == "same" else DTYPES[repair.dtype]
        after = f"{name}{_STEP}{number}"
        value = repair.value
        if repair.dtype == "same" and dtype.is_numeric() and action.verb.startswith(("fill", "rescale", "from_")):
            value = value.cast(dtype, strict=False)
        self._put(depth, after, value)
        residue = ""
        if repair.residue is not None:
            residue = f"{name}{_STEP}{number}{_STEP}residue"
            # said of the column that is made anyway, so that nothing is read twice
            again = repair.residue.meta.eq(unread(cell, repair.value))
            left = unread(cell, pl.col(after)) if again else repair.residue
            if words := given.get("status"):
                # a word that is kept as a status has been read
                left = left & ~is_word(cell, words)
            self._put(depth + again, residue, left)
        notes = {}
        for i, (reason, expression) in enumerate(repair.notes.items()):
            notes[reason] = f"{name}{_STEP}{number}{_STEP}note{i}"
            self._put(depth, notes[reason], expression)
        step = Step(action, name, before, after, dtype_before, dtype, residue, notes)
        self.steps.append(self._in_own_notation(step, depth) if name in self.written else step)
        self.current[name], self.dtypes[name] = after, dtype
        if not self.same_shape:
            for suffix, expression in repair.extra.items():
                self._add(action, name, f"{name}{suffix}", depth, expression)

    def _in_own_notation(self, step: Step, depth: int) -> Step:
        """The step as the column's text shows it."""
        name, text = step.column, self.written[step.column]
        said = notations.of(step.action) or self.notation.get(name, {})
        if step.dtype_after != pl.String():
            self.notation[name] = said
        if text == step.before and step.dtype_after == pl.String() and said.get("kind") != "kept":
            self.written[name] = step.after
            return step
        views = (pl.col(step.before), step.dtype_before, pl.col(step.after), step.dtype_after)
        made = f"{step.after}{_STEP}written"
        self._put(max(depth + 1, self.layer_of[text]), made, notations.shown(step.action, said, pl.col(text), views))
        self.written[name] = made
        return replace(step, before=text, after=made, dtype_before=pl.String(), dtype_after=pl.String())

    def _depth(self, action: Action, name: str) -> int:
        if name not in self.current:
            raise InputError(f"the column '{name}' is not there", where=action.id, hint=did_you_mean(name, self.schema))
        return self.layer_of[self.current[name]]

    def _key(self, names: Sequence[str]) -> pl.Expr:
        texts = [text_of(pl.col(self.current[name]), self.dtypes[name]) for name in names]
        return texts[0] if len(texts) == 1 else pl.concat_str(texts, separator=JOINT)

    def _add(self, action: Action, beside: str, name: str, depth: int, expression: pl.Expr) -> None:
        working = f"{name}{_STEP}{len(self.steps)}{_STEP}added"
        dtype = next((dtype for suffixes, dtype in _ADDED if name.endswith(suffixes)), pl.String())
        if name in self.added:
            expression, depth = (
                pl.coalesce(pl.col(self.current[name]), expression),
                max(depth, self.layer_of[self.current[name]]),
            )
        elif name in self.schema:
            expression, depth = pl.coalesce(pl.col(name), expression), depth
        else:
            self.added[name] = (action, beside)
        self._put(depth, working, expression)
        if name not in self.current:
            order = list(self.current)
            place = order.index(beside) + 1
            while place < len(order) and order[place] in self.added and self.added[order[place]][1] == beside:
                place += 1
            items = list(self.current.items())
            items.insert(place, (name, working))
            self.current = dict(items)
        else:
            self.current[name] = working
        self.dtypes[name] = dtype

    def _put(self, depth: int, name: str, expression: pl.Expr) -> None:
        while len(self.layers) <= depth:
            self.layers.append([])
        self.layers[depth].append(expression.alias(name))
        self.layer_of[name] = depth + 1

    def compiled(self) -> Compiled:
        return Compiled(
            layers=tuple(tuple(layer) for layer in self.layers),
            steps=tuple(self.steps),
            inputs=self.schema,
            current=self.current | self.written,
            dtypes=self.dtypes | dict.fromkeys(self.written, pl.String()),
            added=self.added,
            dropped=self.dropped,
            filters=tuple(self.rows + self.tables),
            marks=tuple(self.marks),
        )


def compile_plan(
    plan: Plan,
    schema: Mapping[str, pl.DataType],
    *,
    same_shape: bool = False,
    notation: notations.Notation = "typed",
) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    """A plan as a function from raw to cleaned rows: lazy, streaming, the same whatever the chunking.

    Args:
        plan: its actions run in their order.
        schema: column -> type of the frames that will be given.
        same_shape: leave out what drops or adds rows and columns.
        notation: "typed" or "own", as for ``compile_steps``.

    Example:
        >>> plan = Plan((Action("a", "r", ("x",), "nullify", {"words": ["n/a"]}),))
        >>> clean = compile_plan(plan, {"x": pl.String()})
        >>> clean(pl.LazyFrame({"x": ["1", "N/A"]})).collect()["x"].to_list()
        ['1', None]
    """
    compiled = compile_steps(plan, schema, same_shape=same_shape, notation=notation)

    def clean(frame: pl.LazyFrame) -> pl.LazyFrame:
        out = compiled.run(frame).select(*compiled.final(), *compiled.marks)
        for _, keep in compiled.filters:
            out = out.filter(keep)
        return out.drop(compiled.marks)

    return clean
