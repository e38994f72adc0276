"""Seven primitives of ten columns over four windows before each query's own cutoff: ours, DuckDB, Polars, fastdfs.

    python benchmarks/point_in_time.py [--queries 20000,200000] [--repeats 3] [--fastdfs VENV/bin/python]

1,000,000 events of 50,000 heavy-tailed entities, 3% of values missing; a query is the entity of a random event and a
random moment. DuckDB: a range join with GROUP BY per window (one join with FILTER clauses was slower). Polars: join,
filter, group_by per window, streaming. fastdfs, in an environment of its own, has no windows: it
makes five primitives over all of the past, and is compared by CPU seconds per cell. Ours go from the definitions' text
to named columns in double precision. CPU seconds, medians (the others once at the larger sizes).

Every run checks ours against brute force on random queries: exact sums (``math.fsum``), two-pass spread in the widest
floats that there are; the largest relative difference is printed and must not exceed 1e-9.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.feature import parse
from autoprep.synthesis.schema import Schema

RESULTS = Path(__file__).parent / "results" / "point_in_time"
DAY_US = 86_400_000_000
WINDOWS: tuple[int | None, ...] = (None, 1, 7, 30)
NAMES = ("COUNT", "SUM", "MEAN", "STD", "MIN", "MAX", "LAST")
COLUMNS = [f"x{j}" for j in range(10)]
SCHEMA = """
tables: {events: {time: t}, entities: {key: [entity]}}
references: [{from: events(entity), to: entities(entity)}]
"""
FASTDFS = r"""
import json, os, sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd
import fastdfs
folder = sys.argv[1]
events, asked = pd.read_parquet(folder + "/events.parquet"), pd.read_parquet(folder + "/asked.parquet")
columns = [c for c in events.columns if c.startswith("x")]
rdb = fastdfs.create_rdb(
    {"events": events, "entities": pd.DataFrame({"entity": sorted(events["entity"].unique())})},
    primary_keys={"events": "id", "entities": "entity"}, foreign_keys=[("events", "entity", "entities", "entity")],
    time_columns={"events": "t"}, type_hints={"events": {c: "float" for c in columns}})
names = ["count", "mean", "std", "min", "max"]
begun = os.times()
made = fastdfs.compute_dfs_features(
    rdb, asked, {"entity": "entities.entity"}, cutoff_time_column="cutoff",
    config_overrides={"max_depth": 2, "engine": "dfs2sql", "agg_primitives": names})
ended = os.times()
print(json.dumps({"cpu": sum(ended[:4]) - sum(begun[:4]), "features": made.shape[1] - asked.shape[1]}))
"""


def data(rows: int, entities: int, queries: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events in the order of time, and queries (entity, cutoff)."""
    r = np.random.default_rng(0)
    weight = r.pareto(1.5, entities) + 0.2
    entity = r.choice(entities, rows, p=weight / weight.sum()).astype(np.int64)
    moment = np.sort(r.integers(0, 365 * 86_400, rows)) * 1_000_000
    made: dict[str, np.ndarray] = {"id": np.arange(rows), "entity": entity, "t": moment}
    for j, name in enumerate(COLUMNS):
        x = r.gamma(2.0, 10.0 * (j + 1), rows) if j % 2 else r.normal(0, 1, rows)
        x[r.random(rows) < 0.03] = np.nan
        made[name] = x
    events = pl.DataFrame(made).with_columns(pl.col(COLUMNS).fill_nan(None), pl.from_epoch("t", time_unit="us"))
    cutoff = r.integers(0, 365 * 86_400, queries) * 1_000_000
    asked = pl.DataFrame({"entity": entity[r.integers(0, rows, queries)], "cutoff": cutoff})
    return events, asked.with_columns(pl.from_epoch("cutoff", time_unit="us"))


def spent(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds, median."""
    took = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        took.append(time.process_time() - begun)
    return statistics.median(took)


def texts() -> list[str]:
    """The 280 definitions."""
    over = {w: "" if w is None else f" OVER {w}d" for w in WINDOWS}
    return [f"{n}(events.{c}){over[w]} BEFORE cutoff BY entity" for w in WINDOWS for n in NAMES for c in COLUMNS]


def known(events: pl.DataFrame) -> Schema:
    """The two tables."""
    return Schema.from_yaml(SCHEMA, {"events": events, "entities": events.select("entity").unique()})


def ours(schema: Schema, asked: pl.DataFrame) -> pl.DataFrame:
    """From definitions to columns."""
    return answer([parse(t) for t in texts()], schema, Asked(asked, asked["cutoff"].dt.epoch("us").to_numpy()))


def duckdb_windows(events: pl.DataFrame, asked: pl.DataFrame) -> None:
    """A range join per window."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("events", events.to_arrow())
    connection.register("asked", asked.with_row_index("q").to_arrow())
    made = ", ".join(
        f"count({c}), sum({c}), avg({c}), stddev_samp({c}), min({c}), max({c}), arg_max({c}, t)" for c in COLUMNS
    )
    for window in WINDOWS:
        inside = "" if window is None else f" AND t >= cutoff - INTERVAL {window} DAY"
        connection.sql(
            f"SELECT q, {made} FROM asked JOIN events ON asked.entity = events.entity AND t < cutoff{inside} GROUP BY q"
        ).to_arrow_table()


def polars_join(events: pl.DataFrame, asked: pl.DataFrame) -> None:
    """Join, filter, group_by per window, streaming."""
    queries = asked.with_row_index("q").lazy()
    for window in WINDOWS:
        x = [pl.col(c) for c in COLUMNS]
        made = [
            e.name.suffix(s)
            for c in x
            for e, s in (
                (c.count(), "_n"), (c.sum(), "_s"), (c.mean(), "_m"), (c.std(), "_d"), (c.min(), "_a"), (c.max(), "_z"),
                (c.drop_nulls().last(), "_l"),
            )
        ]  # fmt: skip
        joined = queries.join(events.lazy(), on="entity").filter(pl.col("t") < pl.col("cutoff"))
        if window is not None:
            joined = joined.filter(pl.col("t") >= pl.col("cutoff") - pl.duration(days=window))
        joined.group_by("q").agg(made).collect(engine="streaming")


def fastdfs(python: str, events: pl.DataFrame, asked: pl.DataFrame) -> dict[str, float]:
    """CPU seconds and features, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        events.write_parquet(f"{folder}/events.parquet")
        asked.write_parquet(f"{folder}/asked.parquet")
        done = subprocess.run([python, "-c", FASTDFS, folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"fastdfs failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def brute_force(made: pl.DataFrame, events: pl.DataFrame, asked: pl.DataFrame, queries: int) -> tuple[float, int]:
    """Largest relative difference over random queries, and cells that only one side has."""
    r = np.random.default_rng(1)
    entity, moment = events["entity"].to_numpy(), events["t"].dt.epoch("us").to_numpy()
    values = {c: events[c].fill_null(float("nan")).to_numpy() for c in COLUMNS}
    worst, holes = 0.0, 0
    for q in r.choice(asked.height, min(queries, asked.height), replace=False).tolist():
        cutoff = int(asked["cutoff"].dt.epoch("us")[q])
        past = np.flatnonzero((entity == asked["entity"][q]) & (moment < cutoff))
        got = iter(made.row(q))
        for window in WINDOWS:
            rows = past if window is None else past[moment[past] >= cutoff - window * DAY_US]
            seen = [v[~np.isnan(v)] for v in (values[c][rows] for c in COLUMNS)]
            for name in NAMES:
                for x in seen:
                    want, have = plainly(name, x), next(got)
                    if (want is None) != (have is None):
                        holes += 1
                    elif want is not None and want != have:
                        worst = max(worst, abs(have - want) / abs(want) if want else math.inf)
    return worst, holes


def plainly(name: str, x: np.ndarray) -> float | None:
    """An aggregate of known values in the order of time, without hurry."""
    if name == "COUNT":
        return float(x.size)
    if name == "SUM":
        return math.fsum(x)
    if not x.size:
        return None
    if name == "STD":
        wide = x.astype(np.longdouble)
        return float(np.sqrt(((wide - wide.mean()) ** 2).sum() / (x.size - 1))) if x.size > 1 else None
    return float({"MEAN": math.fsum(x) / x.size, "MIN": x.min(), "MAX": x.max(), "LAST": x[-1]}[name])


def main() -> None:
    """Measure, check, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", default="20000,200000")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--entities", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fastdfs", default="", help="interpreter of an environment with fastdfs")
    parser.add_argument("--polars", action="store_true", help="Polars at every size, not only the first")
    parser.add_argument("--brute", type=int, default=300, help="queries that are checked by brute force")
    said = parser.parse_args()
    lines = ["| queries | what | cells | CPU s | CPU us a cell | ours is faster |", "|---:|---|---:|---:|---:|---:|"]
    notes: list[str] = []
    failed = False
    for number, queries in enumerate(int(q) for q in said.queries.split(",")):
        events, asked = data(said.rows, said.entities, queries)
        cells = 280 * queries
        schema = known(events)
        ours(schema, asked.head(50))
        made = ours(schema, asked)
        mine = spent(lambda schema=schema, asked=asked: ours(schema, asked), said.repeats)
        worst, holes = brute_force(made, events, asked, said.brute)
        failed |= worst > 1e-9 or holes > 0
        notes.append(
            f"{queries:,} queries: against brute force on {said.brute} of them the largest relative difference is "
            f"{worst:.1e}; cells that only one has: {holes}."
        )
        del made
        few = said.repeats if number == 0 else 1
        arms = []
        if number == 0 or said.polars:
            arms.append(("Polars, join and filter per window", spent(lambda e=events, a=asked: polars_join(e, a), few)))
        if find_spec("duckdb") is not None:
            took = spent(lambda e=events, a=asked: duckdb_windows(e, a), few)
            arms.append(("DuckDB, a range join per window", took))
        rows = [("autoprep", cells, mine), *((name, cells, cpu) for name, cpu in arms)]
        if said.fastdfs and number == 0:
            peer = fastdfs(said.fastdfs, events, asked)
            title = f"fastdfs, {peer['features']:.0f} features without windows"
            rows.append((title, int(peer["features"]) * queries, peer["cpu"]))
        for name, count, cpu in rows:
            each = cpu / count * 1e6
            lines.append(
                f"| {queries:,} | {name} | {count:,} | {cpu:.2f} | {each:.3f} | {each / (mine / cells * 1e6):.1f} |"
            )
            print(lines[-1], flush=True)
    notes.append(f"{said.rows:,} events, {said.entities:,} entities, {pl.thread_pool_size()} threads.")
    text = "\n".join([*lines, "", *notes]) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text, encoding="utf-8")
    print("\n".join(notes))
    if failed:
        raise SystemExit("not equal to brute force")


if __name__ == "__main__":
    main()
