"""A plan run on the distinct values of each column: a cell that stands a thousand times is read once."""

from __future__ import annotations

import polars as pl

from autoprep.cleaning.compile import Compiled

#: A column is run on its distinct values when these are at most this share of its cells, and there are enough cells.
MOST_DISTINCT, MIN_ROWS = 0.3, 5_000
#: Cells, evenly spaced, that tell whether values recur at all.
PROBE = 4_000


def run_batch(compiled: Compiled, frame: pl.DataFrame) -> pl.DataFrame:
    """Add all working columns, as ``Compiled.run`` does, to rows in memory.

    What only depends on one text column is worked out for its distinct values and spread over the rows: every verb of
    cells is a function of the cell. Columns that a free SQL expression writes are run as they are.

    Args:
        compiled: the plan.
        frame: rows with the plan's input columns.
    """
    if frame.height < MIN_ROWS:
        return compiled.run(frame.lazy()).collect()
    owners: dict[str, frozenset[str]] = {name: frozenset([name]) for name in frame.columns}
    for layer in compiled.layers:
        for expression in layer:
            roots = [owners[root] for root in expression.meta.root_names()]
            owners[expression.meta.output_name()] = frozenset().union(*roots)
    free = {step.column for step in compiled.steps if step.action.verb == "sql"}
    alone = {next(iter(o)) for o in owners.values() if len(o) == 1} - free
    found = {n: _values(frame.get_column(n)) for n in frame.columns if n in alone and frame.schema[n] == pl.String()}
    short = {name: values for name, values in found.items() if values is not None}

    def of(expression: pl.Expr) -> str:
        own = owners[expression.meta.output_name()]
        name = next(iter(own)) if len(own) == 1 else ""
        return name if name in short else ""

    made: list[pl.Series] = []
    for name, values in short.items():
        layers = [[e for e in layer if of(e) == name] for layer in compiled.layers]
        if not any(layers):
            continue
        small = pl.concat([values, pl.Series(name, [None], pl.String)]).to_frame().lazy()
        for own in layers:
            small = small.with_columns(own)
        # the place of each cell's value; nulls have the last
        codes = frame.get_column(name).cast(pl.Enum(values)).to_physical().fill_null(values.len())
        made += [column.gather(codes) for column in small.drop(name).collect()]
    frame = frame.with_columns(made)
    rest = frame.lazy()
    for expressions in compiled.layers:
        rest = rest.with_columns([e for e in expressions if not of(e)])
    return rest.collect()


def _values(column: pl.Series) -> pl.Series | None:
    """The distinct values of a column without null, or None where they are too many for it to pay."""
    probe = column.gather_every(max(1, column.len() // PROBE))
    if probe.n_unique() > 0.9 * probe.len():
        return None
    values = column.unique().drop_nulls()
    return values if values.len() <= MOST_DISTINCT * column.len() else None
