"""Twelve primitives of ten columns over skewed groups: ours against Polars' own group_by.agg of the same.

    python benchmarks/groupby.py [--rows 1000000] [--groups 50000] [--peer]

CPU seconds, medians; the answers are compared cell by cell. Both go all the way to columns joined back to the parents;
the planner may give a column to Polars itself. ``--peer`` adds a joint run of featuretools (minutes to hours).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

from autoprep.primitives import AGGREGATIONS
from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.feature import parse
from autoprep.synthesis.schema import Schema

RESULTS = Path(__file__).parent / "results" / "groupby"
NAMES = ("COUNT", "SUM", "MEAN", "STD", "MIN", "MAX", "SKEW", "MEDIAN", "NUM_UNIQUE", "MODE", "TREND", "LAST_ROW")
COLUMNS = [f"x{j}" for j in range(10)]


def tables(rows: int, groups: int) -> dict[str, pl.DataFrame]:
    """Children in the order of time, with heavy-tailed group sizes and 3% of values missing; and their parents."""
    r = np.random.default_rng(0)
    weight = r.pareto(1.5, groups) + 0.2
    parent = r.choice(groups, rows, p=weight / weight.sum()).astype(np.int64)
    moment = np.sort(r.integers(0, 365 * 86_400, rows)) * 1_000_000
    made = {"parent": parent, "t": moment}
    for j, name in enumerate(COLUMNS):
        if j < 5:
            x = r.gamma(2.0, 10.0 * (j + 1), rows)
        elif j < 8:
            x = r.integers(0, 20 * (j - 4), rows).astype(float)
        else:
            x = r.normal(0, 1, rows)
        x[r.random(rows) < 0.03] = np.nan
        made[name] = x
    children = pl.DataFrame(made).with_columns(pl.col(COLUMNS).fill_nan(None), pl.from_epoch("t", time_unit="us"))
    return {"children": children, "parents": pl.DataFrame({"parent": np.arange(groups)})}


def median(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds, after one run that warms up."""
    work()
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


def peer(frames: dict[str, pl.DataFrame]) -> float:
    """CPU seconds of featuretools for the same twelve at once."""
    import featuretools as ft

    es = ft.EntitySet("both")
    child = frames["children"].to_pandas().reset_index(names="i")
    es.add_dataframe(dataframe_name="children", dataframe=child, index="i", time_index="t",
                     logical_types={c: "Double" for c in COLUMNS})  # fmt: skip
    es.add_dataframe(dataframe_name="parents", dataframe=frames["parents"].to_pandas(), index="parent")
    es.add_relationship("parents", "parent", "children", "parent")
    names = ["count", "sum", "mean", "std", "min", "max", "skew", "median", "num_unique", "mode", "trend", "last"]
    begun = time.process_time()
    ft.dfs(entityset=es, target_dataframe_name="parents", agg_primitives=names, trans_primitives=[], max_depth=1)
    return time.process_time() - begun


def main() -> None:
    """Measure, compare, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--peer-share", type=float, default=1.0, help="share of rows and groups that the peer gets")
    said = parser.parse_args()
    frames = tables(said.rows, said.groups)
    yaml = "tables: {children: {}, parents: {key: [parent]}}\n"
    yaml += "references: [{from: children(parent), to: parents(parent)}]"
    schema = Schema.from_yaml(yaml, frames)
    asked = Asked(schema.table("parents").frame)

    def ours(names: tuple[str, ...]) -> pl.DataFrame:
        more = {"TREND": ", children.t"}
        texts = [f"{n}(children.{c}{more.get(n, '')}) BY parent" for n in names for c in COLUMNS]
        return answer([parse(text) for text in texts], schema, asked)

    def theirs(names: tuple[str, ...]) -> pl.DataFrame:
        made = []
        for n in names:
            for c in COLUMNS:
                inputs = [pl.col(c), pl.col("t")] if n == "TREND" else [pl.col(c)]
                made.append(AGGREGATIONS[n].build(*inputs).alias(f"{n}_{c}"))
        table = frames["children"].group_by("parent").agg(made)
        return asked.frame.join(table, on="parent", how="left", maintain_order="left")

    lines = ["| primitives x 10 columns | ours, CPU s | Polars, CPU s | times faster |", "|---|---:|---:|---:|"]
    for names in (*((n,) for n in NAMES), NAMES):
        a, b = (
            median(lambda names=names: ours(names), said.repeats),
            median(lambda names=names: theirs(names), said.repeats),
        )
        title = names[0] if len(names) == 1 else f"all {len(NAMES)}"
        lines.append(f"| {title} | {a:.3f} | {b:.3f} | {b / a:.1f} |")
        print(lines[-1], flush=True)
    mine = ours(NAMES)
    other = theirs(NAMES).drop("parent")
    worst, holes = 0.0, 0
    for left, right in zip(mine.iter_columns(), other.iter_columns(), strict=True):
        known = other[:, 0].is_not_null() & left.is_not_null() & right.is_not_null()
        x, y = left.filter(known).to_numpy().astype(float), right.filter(known).to_numpy().astype(float)
        scale = np.maximum(np.abs(y), 1e-6)
        worst = max(worst, float(np.max(np.abs(x - y) / scale)))
        holes += int((left.is_null() != right.is_null()).filter(other[:, 0].is_not_null()).sum())
    told = f"Largest relative difference {worst:.1e}; cells that only one has: {holes}. Medians of {said.repeats}; "
    told += f"{said.rows:,} rows, {said.groups:,} groups, {pl.thread_pool_size()} threads."
    lines += ["", told]
    if said.peer and find_spec("featuretools") is None:
        lines.append("featuretools is not installed and left out.")
    elif said.peer:
        small = tables(int(said.rows * said.peer_share), int(said.groups * said.peer_share))
        spent, here = peer(small), median(lambda: ours(NAMES), 1)
        lines.append(
            f"featuretools, {said.peer_share:.0%} of the rows and groups: {spent:.1f} CPU s; ours, all of them: "
            f"{here:.2f}; {spent / said.peer_share / here:,.0f} times at equal size, if it is linear."
        )
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
