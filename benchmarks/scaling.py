"""CPU seconds and peak memory against the number of child rows, within a stated memory budget; compiling cold and warm.

    python benchmarks/scaling.py [--sizes 10000,100000,1000000,10000000] [--budget 600MB]

One child row in fifty has a query of its own: 4 windows x 7 primitives x 2 columns before its cutoff, in blocks to
Parquet (``synthesis.blocks``). Each size runs in a process of its own; the peak is what computing adds to what is
resident when the tables are there. The slope is that of a line through the logarithms.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

RESULTS = Path(__file__).parent / "results" / "scaling"
NAMES = ("COUNT", "SUM", "MEAN", "STD", "MIN", "MAX", "LAST")
SCHEMA = """
tables: {events: {time: t}, entities: {key: [entity]}}
references: [{from: events(entity), to: entities(entity)}]
"""


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024**2


def one(rows: int, budget: int) -> dict[str, float]:
    """CPU seconds of computing, once warm, and by how much memory it went beyond the tables."""
    from autoprep.kernels.warmup import warm_up
    from autoprep.synthesis.answers import Asked
    from autoprep.synthesis.blocks import answer_in_blocks, shares_of
    from autoprep.synthesis.feature import parse
    from autoprep.synthesis.schema import Schema

    warm_up()
    r = np.random.default_rng(0)
    entities = max(rows // 20, 1)
    weight = r.pareto(1.5, entities) + 0.2
    entity = np.searchsorted(np.cumsum(weight / weight.sum()), r.random(rows)).clip(0, entities - 1)
    frame = pl.DataFrame({"entity": entity, "t": np.sort(r.integers(0, 365 * 86_400, rows)) * 1_000_000})
    frame = frame.with_columns(pl.from_epoch("t", time_unit="us"), x0=r.normal(size=rows), x1=r.gamma(2.0, 9.0, rows))
    queries = max(rows // 50, 1)
    asked = pl.DataFrame({"entity": entity[r.integers(0, rows, queries)]})
    cutoff = r.integers(0, 365 * 86_400, queries) * 1_000_000
    del entity, weight
    schema = Schema.from_yaml(SCHEMA, {"events": frame, "entities": frame.select("entity").unique()})
    spans = ("", " OVER 1d", " OVER 7d", " OVER 30d")
    texts = [f"{n}(events.{c}){s} BEFORE cutoff BY entity" for s in spans for n in NAMES for c in ("x0", "x1")]
    definitions = [parse(t) for t in texts]
    cut = shares_of(definitions, schema, queries, budget)
    before, begun = resident_mb(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        answer_in_blocks(definitions, schema, Asked(asked, cutoff), folder, budget)
    spent = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "rows": rows,
        "queries": queries,
        "cpu": spent,
        "mb": peak - before,
        "columns": cut.columns,
        "parts": cut.parts,
    }


def apart(*words: str, **environment: str) -> dict[str, float]:
    """Run a measurement in a process of its own."""
    command = [sys.executable, *words]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1] if "{" in done.stdout.splitlines()[-1] else done.stdout)


def main() -> None:
    """Measure, print and write the table."""
    from autoprep.synthesis.blocks import bytes_of

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10000,100000,1000000,10000000")
    parser.add_argument("--budget", default="600MB")
    parser.add_argument("--one", type=int, default=0)
    said = parser.parse_args()
    if said.one:
        print(json.dumps(one(said.one, bytes_of(said.budget))))
        return
    with tempfile.TemporaryDirectory() as cache:
        warm = [apart("-m", "autoprep", "warmup", "--json", NUMBA_CACHE_DIR=cache)["cpu_seconds"] for _ in range(2)]
    made = []
    lines = ["| child rows | queries | CPU s | MB beyond the tables | columns at a time | parts |"]
    lines.append("|---:|---:|---:|---:|---:|---:|")
    for size in said.sizes.split(","):
        m = apart(__file__, "--one", size, "--budget", said.budget)
        made.append(m)
        lines.append(
            f"| {m['rows']:,} | {m['queries']:,} | {m['cpu']:.2f} | {m['mb']:,.0f} | {m['columns']} | {m['parts']} |"
        )
        print(lines[-1], flush=True)
    slope = np.polyfit(np.log([m["rows"] for m in made]), np.log([m["cpu"] for m in made]), 1)[0]
    lines += [
        "",
        f"Slope on log-log {slope:.2f}; memory budget {said.budget}, largest use {max(m['mb'] for m in made):,.0f} MB.",
    ]
    lines.append(f"Every kernel compiled cold: {warm[0]:.1f} CPU s; loaded from the cache: {warm[1]:.1f} CPU s.")
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text, encoding="utf-8")
    print("\n".join(lines[-2:]))


if __name__ == "__main__":
    main()
