"""The plan at prediction time: rows stay where they are, the schema is exact, and what was odd is told row by row."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from autoprep.cleaning.compile import ROW, Compiled, compile_steps
from autoprep.cleaning.distinct import Batch, run_batch
from autoprep.cleaning.forms import DTYPES, text_of
from autoprep.cleaning.given import Given
from autoprep.cleaning.outputs import spare_inputs
from autoprep.types import Plan

EVENT_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "column": pl.String(),
    "rule": pl.String(),
    "reason": pl.String(),
    "policy": pl.String(),
}


class Transformer:
    """A plan made ready for many small frames: bound once per input schema.

    Args:
        plan: as made by ``plan``; its ``inputs`` and ``outputs`` say what comes in and goes out.

    Attributes:
        optional: input columns that rows need not have, as no model reads them.

    Example:
        >>> from autoprep.types import Action, ColumnSpec
        >>> action = Action("n:x", "number.text", ("x",), "parse_number")
        >>> made = Transformer(Plan((action,), {"x": "String"}, (ColumnSpec("x", "x", "number", "number"),)))
        >>> frame, events = made(pl.DataFrame({"x": ["1.5", "soon"]}))
        >>> frame["x"].to_list(), events.select("row", "reason", "policy").rows()
        ([1.5, None], [(1, "'soon' cannot be read by parse number", 'null')])
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.given = Given(plan)
        self.inputs = self.given.inputs
        self._compiled: Compiled = compile_steps(plan, self.inputs)
        self.optional = spare_inputs(plan) | {plan.target}

    def __call__(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Clean rows; see ``transform``."""
        ready, events = self._conform(frame)
        batch = run_batch(self._compiled, ready)
        events += self._step_events(batch)
        out = batch.rows.select(self._outputs(batch.rows))
        found = [e for e in events if e.height]
        said = pl.concat(found).sort("row", maintain_order=True) if found else pl.DataFrame(schema=EVENT_SCHEMA)
        return out, said

    def writers(self, frame: pl.DataFrame) -> list[tuple[int, str, str]]:
        """What wrote which cell: (0-based row, raw column, action id) where a step altered the text that a cell stands
        for, in the order of the steps; a step that gave it another type only is not there.

        Example:
            >>> from autoprep.types import Action
            >>> read = Action("n:x", "number.text", ("x",), "parse_number", {"decimal": ","})
            >>> Transformer(Plan((read,), {"x": "String"})).writers(pl.DataFrame({"x": ["40", "50,5"]}))
            [(1, 'x', 'n:x')]
        """
        batch = run_batch(self._compiled, self._conform(frame)[0])
        found = []
        for step in self._compiled.steps:
            before = text_of(pl.col(step.before), step.dtype_before)
            after = text_of(pl.col(step.after), step.dtype_after)
            rows = batch.where(before.ne_missing(after), step.before, step.after)[1]
            found += [(int(row), step.column, step.action.id) for row in rows]
        return found

    def _conform(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        columns, events = [], []
        given = frame.schema
        index = pl.int_range(frame.height, eager=True, dtype=pl.Int64).alias(ROW)
        frame = frame.with_columns(index)
        for name, dtype in self.inputs.items():
            if name not in given:
                columns.append(pl.lit(None, dtype).alias(name))
                if name not in self.optional:
                    said = _events(name, "table.missing_column", "the column is not there", "null")
                    events.append(index.alias("row").to_frame().select("row", *said))
                continue
            cast = self.given.cells(name, given[name])
            columns.append(cast)
            if dtype not in (given[name], pl.String()):
                text = text_of(pl.col(name), given[name])
                lost = pl.DataFrame([index, frame.get_column(name)]).filter(
                    text.is_not_null() & (text.str.strip_chars() != "") & cast.is_null()
                )
                reason = pl.concat_str(pl.lit("'"), text, pl.lit(f"' is no {dtype}"))
                events.append(lost.select(pl.col(ROW).alias("row"), *_events(name, "table.type", reason, "null")))
        return frame.select(pl.col(ROW), *columns), events

    def _step_events(self, batch: Batch) -> list[pl.DataFrame]:
        events = []
        for step in self._compiled.steps:
            verb = step.action.verb.replace("_", " ")
            text = text_of(pl.col(step.before), step.dtype_before).str.slice(0, 80)
            told = [(mask, pl.concat_str(text, pl.lit(f": {what}")), "understood") for what, mask in step.notes.items()]
            if step.residue:
                reason = pl.concat_str(pl.lit("'"), text, pl.lit(f"' cannot be read by {verb}"))
                told.insert(0, (step.residue, reason, "null"))
            for mask, reason, policy in told:
                frame, rows, cells = batch.where(mask, step.before, mask)
                if len(rows):
                    said = _events(step.column, step.action.rule, reason, policy)
                    own = frame.get_column(step.before).gather(cells).to_frame()
                    events.append(own.select(batch.rows[ROW].gather(rows).alias("row"), *said))
        return events

    def _outputs(self, wide: pl.DataFrame) -> list[pl.Expr]:
        if not self.plan.outputs:
            return self._compiled.final()
        out = []
        schema = wide.schema
        for spec in self.plan.outputs:
            dtype = self._dtype(spec.name, spec.dtype)
            working = self._compiled.current.get(spec.name)
            made = pl.lit(None, dtype) if working is None else pl.col(working)
            if working is not None and schema[working] != dtype:
                made = made.cast(dtype, strict=False)
            out.append(made.alias(spec.name))
        return out

    def _dtype(self, name: str, word: str) -> pl.DataType:
        own = self._compiled.dtypes.get(name)
        return own if own is not None else DTYPES[word]


def _events(column: str, rule: str, reason: str | pl.Expr, policy: str) -> list[pl.Expr]:
    said: Mapping[str, str | pl.Expr] = {"column": column, "rule": rule, "reason": reason, "policy": policy}
    return [(pl.lit(v) if isinstance(v, str) else v).cast(pl.String).alias(k) for k, v in said.items()]


def transform(frame: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Clean rows for prediction: never drops, adds or moves a row; columns are exactly ``plan.outputs``.

    Args:
        frame: raw rows; extra columns are ignored, missing ones are null and told, other types are converted and told.
        plan: a plan with ``inputs`` and ``outputs``.

    Returns:
        The cleaned rows, and events: ``row`` (0-based), ``column``, ``rule``, ``reason``, ``policy`` ("null": the cell
        counts as missing; "understood": it was read all the same).
    """
    return Transformer(plan)(frame)
