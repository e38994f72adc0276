"""Twelve primitives of ten columns over skewed groups: ours against Polars' own group_by.agg of the same.

    python benchmarks/groupby.py [--rows 1000000] [--groups 50000] [--repeats 11] [--peer-share 0.1]

CPU seconds, medians of runs taken in turn, so that what slows one slows the other; "times faster" is the median of the
paired ratios, with the quartiles beside it. The answers are compared cell by cell. Both go all the way to columns
joined back to the parents; the planner may give a column to Polars itself. Where featuretools is installed, it makes
the same twelve at once of a share of the rows and groups, and so do ours: measured, both.
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


def paired(ours: Callable[[], object], theirs: Callable[[], object], repeats: int) -> tuple[list[float], list[float]]:
    """CPU seconds of both, run in turn, after one run each that warms up."""
    spent: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()
    for repeat in range(repeats):
        for side in (0, 1) if repeat % 2 else (1, 0):
            begun = time.process_time()
            (ours, theirs)[side]()
            spent[side].append(time.process_time() - begun)
    return spent


def told(title: str, ours: list[float], theirs: list[float]) -> str:
    """A row of the table."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    a, b = statistics.median(ours), statistics.median(theirs)
    return f"| {title} | {a:.3f} | {b:.3f} | {middle:.2f} | {low:.2f} to {high:.2f} |"


def peer(frames: dict[str, pl.DataFrame]) -> float:
    """CPU seconds of featuretools for the same twelve at once; two of its primitives are told to take numbers too."""
    import warnings

    import featuretools as ft
    from featuretools.primitives import Mode, NumUnique
    from woodwork.column_schema import ColumnSchema

    class ModeOfNumbers(Mode):  # type: ignore[misc]
        name = "mode_of_numbers"
        input_types = [ColumnSchema(semantic_tags={"numeric"})]

    class NumUniqueOfNumbers(NumUnique):  # type: ignore[misc]
        name = "num_unique_of_numbers"
        input_types = [ColumnSchema(semantic_tags={"numeric"})]

    warnings.simplefilter("ignore")

    es = ft.EntitySet("both")
    child = frames["children"].to_pandas().reset_index(names="i")
    es.add_dataframe(dataframe_name="children", dataframe=child, index="i", time_index="t",
                     logical_types={c: "Double" for c in COLUMNS})  # fmt: skip
    es.add_dataframe(dataframe_name="parents", dataframe=frames["parents"].to_pandas(), index="parent")
    es.add_relationship("parents", "parent", "children", "parent")
    names = ["count", "sum", "mean", "std", "min", "max", "skew", "median", "trend", "last"]
    names += [ModeOfNumbers, NumUniqueOfNumbers]
    begun = time.process_time()
    made, _ = ft.dfs(
        entityset=es, target_dataframe_name="parents", agg_primitives=names, trans_primitives=[], max_depth=1
    )
    if made.shape[1] < 11 * len(COLUMNS) + 1:
        raise SystemExit(f"featuretools made {made.shape[1]} features")
    return time.process_time() - begun


def main() -> None:
    """Measure, compare, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--peer-share", type=float, default=0.1, help="share of rows and groups; 0 leaves it out")
    said = parser.parse_args()
    frames = tables(said.rows, said.groups)
    yaml = "tables: {children: {}, parents: {key: [parent]}}\n"
    yaml += "references: [{from: children(parent), to: parents(parent)}]"
    schema = Schema.from_yaml(yaml, frames)
    asked = Asked(schema.table("parents").frame)

    def ours(names: tuple[str, ...], schema: Schema = schema, asked: Asked = asked) -> pl.DataFrame:
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

    lines = ["| primitives x 10 columns | ours, CPU s | Polars, CPU s | times faster | quartiles |"]
    lines.append("|---|---:|---:|---:|---|")
    for names in (*((n,) for n in NAMES), NAMES):
        spent = paired(lambda names=names: ours(names), lambda names=names: theirs(names), said.repeats)
        lines.append(told(names[0] if len(names) == 1 else f"all {len(NAMES)}", *spent))
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
    lines += [
        "",
        f"Largest relative difference {worst:.1e}; cells that only one has: {holes}. {said.repeats} paired runs;",
    ]
    lines.append(f"{said.rows:,} rows, {said.groups:,} groups, {pl.thread_pool_size()} threads.")
    if said.peer_share and find_spec("featuretools") is not None:
        small = tables(int(said.rows * said.peer_share), int(said.groups * said.peer_share))
        held = Schema.from_yaml(yaml, small)
        few = Asked(held.table("parents").frame)
        here, _ = paired(lambda: ours(NAMES, held, few), lambda: None, said.repeats)
        spent, mine = peer(small), statistics.median(here)
        lines += [
            "",
            f"All twelve at once over {small['children'].height:,} rows and {small['parents'].height:,} groups:",
        ]
        lines.append(
            f"featuretools {spent:.1f} CPU s (once), ours {mine:.3f} (median): {spent / mine:,.0f} times faster."
        )
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
