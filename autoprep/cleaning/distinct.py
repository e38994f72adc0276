"""A plan run on the distinct values of each column: a cell that stands a thousand times is read once."""

from __future__ import annotations

import polars as pl

from autoprep.cleaning.compile import Compiled

#: A column is run on its distinct values when these are at most this share of its cells, and there are enough cells.
MOST_DISTINCT, MIN_ROWS = 0.3, 5_000


def run_batch(compiled: Compiled, frame: pl.DataFrame) -> pl.DataFrame:
    """Add all working columns, as ``Compiled.run`` does, to rows in memory.

    What only depends on one text column is worked out for its distinct values and joined back: every verb of cells is a
    function of the cell. Columns that a free SQL expression writes are run as they are.

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
    texts = [name for name in alone if frame.schema.get(name) == pl.String()]
    counts = frame.select(pl.col(texts).n_unique()).row(0, named=True) if texts else {}
    short = {name for name, n in counts.items() if n <= MOST_DISTINCT * frame.height}

    def of(expression: pl.Expr) -> str:
        own = owners[expression.meta.output_name()]
        name = next(iter(own)) if len(own) == 1 else ""
        return name if name in short else ""

    for name in sorted(short, key=frame.columns.index):
        layers = [[e for e in layer if of(e) == name] for layer in compiled.layers]
        if not any(layers):
            continue
        small = frame.lazy().select(pl.col(name).unique())
        for own in layers:
            small = small.with_columns(own)
        frame = frame.join(small.collect(), on=name, how="left", nulls_equal=True, maintain_order="left")
    rest = frame.lazy()
    for expressions in compiled.layers:
        rest = rest.with_columns([e for e in expressions if not of(e)])
    return rest.collect()
