"""A primitive of one's own: ``autoprep features folder/ --table visits --primitives examples/primitives.py``."""

from __future__ import annotations

import polars as pl

from autoprep.primitives.primitive import aggregation


@aggregation("MEAN_OF_TOP", "number", sql="list_avg(list_sort(list({0}), 'DESC')[1:{rows}])", rows=3)
def mean_of_top(x: pl.Expr, rows: int) -> pl.Expr:
    """Mean of the largest values."""
    return x.cast(pl.Float64).top_k(rows).mean()
