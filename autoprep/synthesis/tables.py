"""The synthesizer of several tables: definitions chosen from a schema, computed for any rows as of a cutoff."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import polars as pl

from autoprep.errors import ArtifactError, InputError, SettingError, did_you_mean
from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.feature import Definition, parse, span_text, span_us
from autoprep.synthesis.offers import offered
from autoprep.synthesis.schema import Schema, TableSpec, guess_time
from autoprep.synthesis.sources import microseconds
from autoprep.synthesis.typed import one_clock, typed
from autoprep.types import Feature

FORMAT = 1
DEFAULT_WINDOWS = ("6h", "1d", "7d", "30d")
#: Said instead of a cutoff: features are made of tables without time only.
NO_CUTOFF = "none"
_CUTOFF = re.compile(r"\s*(?P<column>.+?)\s*(?:(?P<sign>[-+])\s*(?P<span>\d+\s*(?:d|h|m|s)))?\s*")


class TableSynthesizer:
    """Features of one table's rows from the tables around it, each a line that a person reads and that parses back.

    Nothing is learnt from the rows but which definitions are offered, so one row gets the same numbers as a million;
    what stands strictly before a row's cutoff is read from the tables that are given with it.

    Args:
        table: whose rows are asked for.
        cutoff: column of that table, or "column - 1h", up to which things are known; None where no table has a time,
            "none" to read nothing of tables that have one.
        windows: widths of windows (["7d", "30d"] or "7d,30d") beside all of the past.
        depth: references walked at most. most: features at most, chosen before any is computed.
        features: lines of features that are made besides those that are offered.

    Example:
        >>> orders = pl.DataFrame({"customer": [1, 1, 2], "amount": [5.0, 7.0, 1.0]})
        >>> customers = pl.DataFrame({"customer": [1, 2, 3]})
        >>> said = "tables: {orders: {}, customers: {key: [customer]}}\\n"
        >>> said += "references: [{from: orders(customer), to: customers(customer)}]"
        >>> schema = Schema.from_yaml(said, {"orders": orders, "customers": customers})
        >>> made = TableSynthesizer("customers").fit(schema).transform(customers, schema)
        >>> made["SUM(orders.amount) BY customer"].to_list()
        [12.0, 1.0, 0.0]
    """

    def __init__(
        self,
        table: str,
        *,
        cutoff: str | None = None,
        windows: Sequence[str] = DEFAULT_WINDOWS,
        depth: int = 2,
        most: int = 500,
        features: Sequence[str] = (),
    ) -> None:
        self.table, self.windows, self.depth, self.most = table, tuple(windows), depth, most
        self.cutoff, self.without_time = (None, True) if cutoff == NO_CUTOFF else (cutoff, False)
        self.asked = tuple(features)
        self.definitions_: tuple[Definition, ...] = ()
        self.asked_: tuple[str, ...] = ()
        if isinstance(windows, str):
            self.windows = tuple(windows.split(","))

    def fit(self, schema: Schema) -> Self:
        """Choose what is computed.

        Raises:
            SettingError: no such table or cutoff column, no cutoff though tables have a time, nothing ties the table
                to another, or a line of a feature cannot be read or names what is not there.
        """
        spec = schema.table(self.table)
        if self.cutoff is not None:
            cutoff_of(spec.frame.head(0), self.cutoff)
        elif not self.without_time and (timed := unread(schema, self.table, self.depth)):
            raise SettingError(_untold(schema, self.table, timed), hint=_cutoff_hint(spec, timed))
        spans = [span_us(w) for w in self.windows]
        found = offered(
            schema, self.table, timed=self.cutoff is not None, windows_us=spans, depth=self.depth, most=self.most
        )
        asked = [checked(text, schema, self.table) for text in self.asked]
        self.asked_ = tuple(map(str, asked))
        found = list({str(d): d for d in (*found, *asked)}.values())
        if not found:
            raise SettingError(f"no feature can be made for table '{self.table}'", hint="add references to the schema")
        self.definitions_ = tuple(found)
        self._one_clock(schema, spec.frame)
        return self

    def _one_clock(self, schema: Schema, rows: pl.DataFrame) -> None:
        if self.cutoff is not None:
            column = cutoff_parts(self.cutoff, rows.columns)[0]
            one_clock(self.definitions_, schema, f"{self.table}.{column}", rows.schema[column])

    def transform(self, rows: pl.DataFrame, schema: Schema, *, single: bool = False) -> pl.DataFrame:
        """The features of rows, one column each, in their order.

        Args:
            rows: (n, columns) rows of the table. schema: with the tables as they are known now.
            single: numbers in single precision, half the memory.
        """
        moment = None if self.cutoff is None else cutoff_of(rows, self.cutoff)
        self._one_clock(schema, rows)
        return answer(self.definitions_, schema, Asked(rows, moment, single))

    @property
    def features(self) -> list[Feature]:
        """What the columns are."""
        return [Feature(str(d), str(d), tuple(f"{c.table}.{c.name}" for c in d.columns())) for d in self.definitions_]

    def keep(self, names: Sequence[str]) -> Self:
        """Compute these features only.

        Raises:
            SettingError: one of them was never offered.
        """
        known = {str(d): d for d in self.definitions_}
        for name in names:
            if name not in known:
                raise SettingError(f"unknown feature '{name}'", hint=did_you_mean(name, known))
        self.definitions_ = tuple(known[name] for name in names)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "format": FORMAT,
            "table": self.table,
            "cutoff": self.cutoff,
            "windows": list(self.windows),
            "depth": self.depth,
            "most": self.most,
            "definitions": [str(d) for d in self.definitions_],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The synthesizer of plain values.

        Raises:
            ArtifactError: of another format.
        """
        if values.get("format") != FORMAT:
            raise ArtifactError(f"features of format {values.get('format')}", hint=f"this version reads {FORMAT}")
        made = cls(
            values["table"], cutoff=values["cutoff"], windows=values["windows"], depth=values["depth"],
            most=values["most"],
        )  # fmt: skip
        made.definitions_ = tuple(parse(text) for text in values["definitions"])
        return made


def checked(text: str, schema: Schema, table: str) -> Definition:
    """A feature that is asked for by its line, once all that it names is there.

    Raises:
        SettingError: it cannot be read, or names a table or column that is not there.
    """
    definition = parse(text)
    where = f"feature '{definition}'"
    if not definition.by:
        raise SettingError("does not say by what its rows are tied to the table", where=where, hint="write BY customer")
    for read in definition.columns():
        if not read.table:
            raise SettingError(f"'{read.name}' is of no table", where=where, hint=f"write orders.{read.name}")
    ends = [(table, here) for here, _ in definition.by]
    ends += [((*definition.via, definition.source)[0], there) for _, there in definition.by]
    ends += [(c.table, c.name) for c in definition.columns()]
    for name in (definition.source, *definition.via):
        _ = schema.table(name)
    for name, column in ends:
        columns = schema.table(name).frame.columns
        if column not in columns:
            raise SettingError(f"'{name}' has no column '{column}'", where=where, hint=did_you_mean(column, columns))
    return typed(definition, schema, table)


def unread(schema: Schema, table: str, depth: int = 2) -> list[str]:
    """Tables that have a time, of which features would be made if there were a cutoff; its own rows among them."""
    found = offered(schema, table, timed=True, windows_us=(), depth=depth, most=sys.maxsize)
    read = {name for d in found if d.before for name in (d.source, *d.via)}
    return [t.name for t in schema.tables.values() if t.as_of is not None and t.name in read]


def history_without_time(schema: Schema, table: str) -> str:
    """Why a table's own earlier rows are not read though a cutoff is given; "" when they are, or nothing ties them."""
    spec = schema.table(table)
    if spec.as_of is not None or spec.static or not any(r.child == table for r in schema.references):
        return ""
    return (
        f"Nothing is read from earlier rows of '{table}': the schema does not say from when they are known "
        f"(time: COLUMN under {table}:)."
    )


def _untold(schema: Schema, table: str, timed: Sequence[str]) -> str:
    said = ", ".join(f"'{name}' ({schema.table(name).as_of})" for name in timed)
    has = "has a time" if len(timed) == 1 else "have a time"
    return f"{said} {has} and no cutoff is given: features of '{table}' would read the future"


def _cutoff_hint(spec: TableSpec, timed: Sequence[str]) -> str:
    one = spec.time or spec.known or guess_time(spec.frame, spec.key)[0]
    named = f"say cutoff {one} (--cutoff {one})" if one else f"give '{spec.name}' a time column and name it as cutoff"
    which = "it" if len(timed) == 1 else "them"
    return f"{named}, 'none' to leave {which} out, or declare {', '.join(repr(n) for n in timed)} static: true"


def cutoff_of(rows: pl.DataFrame, said: str) -> np.ndarray:
    """Each row's cutoff as (n,) int64 microseconds.

    Args:
        rows: of the target table. said: "column", "column - 1h" or "column + 30d".

    Raises:
        SettingError: no such column, it holds no times, or no span of time is after it.
        InputError: a row has none.

    Example:
        >>> rows = pl.DataFrame({"at": [1]}).with_columns(pl.from_epoch("at", time_unit="d"))
        >>> cutoff_of(rows, "at - 1h").tolist() == [(24 - 1) * 3_600_000_000]
        True
    """
    column, width = cutoff_parts(said, rows.columns)
    if column not in rows.columns:
        span = next((column[len(c) :] for c in rows.columns if re.match(rf"{re.escape(c)}\s*[-+]", column)), None)
        if span is not None:
            span_us(span.lstrip(" +-"))
        hint = did_you_mean(column, rows.columns) or "write COLUMN, COLUMN - 1h or COLUMN + 30d (d, h, m, s)"
        raise SettingError(f"no column '{column}' for the cutoff", hint=hint)
    dtype = rows.schema[column]
    if not isinstance(dtype, pl.Datetime) and dtype != pl.Date:
        raise SettingError(f"the cutoff '{column}' is {dtype}, not a time", hint="parse it first (autoprep clean)")
    stamps = rows.select(microseconds(pl.col(column), dtype)).to_series()
    if stamps.null_count():
        raise InputError(f"{stamps.null_count():,} rows have no '{column}', so no cutoff", hint="leave those rows out")
    made: np.ndarray = stamps.to_numpy() - width
    return made


def cutoff_parts(said: str, columns: Sequence[str]) -> tuple[str, int]:
    """The column of a cutoff and the microseconds before it; a span after it is negative.

    Example:
        >>> cutoff_parts("leaves - 1h", ["leaves"])
        ('leaves', 3600000000)
        >>> cutoff_parts("joined + 30d", ["joined"])
        ('joined', -2592000000000)
    """
    found = _CUTOFF.fullmatch(said)
    if found is None or said.strip() in columns:
        return said.strip(), 0
    span = found.group("span")
    return found.group("column"), 0 if span is None else span_us(span) * (1 if found.group("sign") == "-" else -1)


def describe_cutoff(said: str) -> str:
    """The cutoff in words.

    Example:
        >>> describe_cutoff("leaves - 60m")
        '1h before leaves'
    """
    found = _CUTOFF.fullmatch(said)
    if found is None or found.group("span") is None:
        return said
    side = "before" if found.group("sign") == "-" else "after"
    return f"{span_text(span_us(found.group('span')))} {side} {found.group('column')}"
