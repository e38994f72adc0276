"""The rows that a feature reads: its source table with the columns that tie it to the target table, and its times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from autoprep.errors import SettingError
from autoprep.synthesis.schema import Reference, Schema, TableSpec

#: Names of the columns that a source carries beside its own.
TIE, WHEN = "__tie{}", "__when"


@dataclass(frozen=True)
class Rows:
    """A source: the table's own columns, ``__tie0`` ... that match the target table, and ``__when`` if it is timed.

    Attributes:
        frame: the rows. timed: whether ``__when`` (microseconds, Int64) is there. ties: how many tie columns.
    """

    frame: pl.DataFrame
    timed: bool
    ties: int

    @property
    def by(self) -> list[str]:
        """Names of the tie columns."""
        return [TIE.format(i) for i in range(self.ties)]


def microseconds(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A date or moment as Int64 microseconds (UTC where it has a zone)."""
    if dtype == pl.Date:
        return column.cast(pl.Datetime("us")).dt.epoch("us")
    return column.dt.epoch("us")


def _when(spec: TableSpec) -> pl.Expr | None:
    if spec.as_of is None:
        return None
    dtype = spec.frame.schema[spec.as_of]
    if not isinstance(dtype, pl.Datetime) and dtype != pl.Date:
        raise SettingError(
            f"'{spec.as_of}' of table '{spec.name}' is {dtype}, not a time", hint="parse it, or name another column"
        )
    return microseconds(pl.col(spec.as_of), dtype).alias(WHEN)


def source_rows(schema: Schema, via: Sequence[str], source: str, by: Sequence[str]) -> Rows:
    """Walk from the table that is tied to the target table to the source.

    Args:
        schema: tables and references. via: tables on the way, nearest to the target first. source: the table that is
            read. by: columns of the first table of the walk that match columns of the target table.

    Raises:
        SettingError: two tables of the walk are not linked, or a column is not there.
    """
    walk = [*via, source]
    first = schema.table(walk[0])
    missing = [c for c in by if c not in first.frame.columns]
    if missing:
        raise SettingError(f"table '{first.name}' has no column '{missing[0]}'", hint="see the schema")
    ties = [pl.col(c).alias(TIE.format(i)) for i, c in enumerate(by)]
    when = _when(first)
    frame = first.frame.with_columns(*ties, *([] if when is None else [when]))
    names = [TIE.format(i) for i in range(len(by))]
    timed = when is not None
    here = first
    for name in walk[1:]:
        there = schema.table(name)
        up, down = schema.link(here.name, name), schema.link(name, here.name)
        carried = frame.select(*names, *([WHEN] if timed else []), *_needed(up, down))
        if up is not None:
            if there.as_of is not None:
                raise SettingError(
                    f"'{name}' has a time: its rows cannot be looked up regardless of it", hint="declare it static"
                )
            own = there.frame.with_columns(pl.col(k).alias(f"__key{i}") for i, k in enumerate(up.key))
            keys = [f"__key{i}" for i in range(len(up.key))]
            carried = carried.rename({c: f"__ref{i}" for i, c in enumerate(up.columns)}, strict=False)
            frame = carried.join(
                own, left_on=[f"__ref{i}" for i in range(len(up.columns))], right_on=keys, how="left",
                maintain_order="left",
            )  # fmt: skip
        elif down is not None:
            moment = _when(there)
            own = there.frame if moment is None else there.frame.with_columns(moment)
            if moment is not None and timed:
                carried = carried.drop(WHEN)
            carried = carried.rename({k: f"__key{i}" for i, k in enumerate(down.key)}, strict=False)
            keys = [f"__key{i}" for i in range(len(down.key))]
            frame = own.join(carried, left_on=list(down.columns), right_on=keys, how="inner", maintain_order="left")
            timed = timed or moment is not None
        else:
            raise SettingError(
                f"tables '{here.name}' and '{name}' are not linked", hint="add a reference to the schema"
            )
        here = there
    return Rows(frame, timed, len(by))


def _needed(up: Reference | None, down: Reference | None) -> list[str]:
    if up is not None:
        return list(up.columns)
    return list(down.key) if down is not None else []
