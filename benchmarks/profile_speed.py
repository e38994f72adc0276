"""Time and memory of a full profile with its HTML report, beside DuckDB, skrub and ydata on the same file.

Each contestant runs in a process of its own on the same generated Parquet file; CPU and wall seconds are medians of
``--repeats`` runs, memory is the rise of the resident set over what the imports and the file's frame take.

    python benchmarks/profile_speed.py                      # 1M x 20 beside the peers, cost per row, wide table
    python benchmarks/profile_speed.py --only size          # cost per row from 10^4 to 10^7 rows
    python benchmarks/profile_speed.py --only large         # 20M x 8, streamed
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "profile_speed"


def mixed(rows: int, seed: int = 0) -> pl.DataFrame:
    """8 numeric, 6 category, 3 text-number, 2 date columns and an id."""
    rng = np.random.default_rng(seed)
    out: dict[str, pl.Series | np.ndarray] = {}
    for i in range(5):
        x = rng.normal(50 * i, 9, rows)
        x[rng.random(rows) < 0.03 * i] = np.nan
        out[f"float{i}"] = pl.Series(x).fill_nan(None)
    for i in range(3):
        out[f"int{i}"] = rng.integers(0, 10 ** (2 + 2 * i), rows)
    for i, levels in enumerate((2, 5, 12, 50, 300, 5000)):
        words = pl.Series([f"level {k:04}" for k in range(levels)] + [None])
        at = np.minimum(rng.zipf(1.4, rows), levels) - 1
        at[rng.random(rows) < 0.02] = levels
        out[f"word{i}"] = words.gather(at)
    cents = pl.Series(rng.integers(100, 9_999_999, rows) / 100)
    out["amount"] = pl.select(pl.format("${}", cents)).to_series()
    out["percent"] = pl.select(pl.format("{}%", pl.Series(rng.integers(0, 1000, rows) / 10))).to_series()
    out["decimal"] = pl.Series(rng.normal(0, 1, rows).round(4)).cast(pl.String).str.replace(".", ",", literal=True)
    days = pl.Series(rng.integers(15_000, 20_000, rows)).cast(pl.Int32).cast(pl.Date)
    out["day"] = days
    out["day_text"] = days.shuffle(seed).dt.strftime("%d/%m/%Y")
    out["id"] = pl.select(pl.format("K{}", pl.Series(rng.permutation(rows) + 10_000_000))).to_series()
    return pl.DataFrame(out)


def write_narrow(path: Path, rows: int) -> None:
    """8 columns, written in parts so that the table never stands in memory."""
    import pyarrow.parquet as pq

    names = ["float0", "float1", "int0", "int1", "word1", "word3", "amount", "day"]
    writer = None
    for start in range(0, rows, 1_000_000):
        part = mixed(min(1_000_000, rows - start), start).select(names).to_arrow()
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    if writer:
        writer.close()


# ---- contestants: each runs in a process of its own ----
def _autoprep(path: Path) -> None:
    from autoprep.profiling import profile
    from autoprep.reporting import html

    found = profile(pl.scan_parquet(path))
    html.profile_html(found, ())


def _shallow(path: Path) -> None:
    from autoprep.profiling import profile

    profile(pl.scan_parquet(path), deep=False)


def _duckdb(path: Path) -> None:
    import duckdb

    duckdb.sql("SET threads = 2")
    duckdb.sql(f"SUMMARIZE SELECT * FROM '{path}'").fetchall()


def _skrub(path: Path) -> None:
    import skrub

    skrub.TableReport(pl.read_parquet(path), verbose=0).html()


def _ydata(path: Path) -> None:
    from data_profiling import ProfileReport

    ProfileReport(pl.read_parquet(path).to_pandas(), minimal=True, progress_bar=False).to_html()


def _polars(path: Path) -> None:
    """The statistics of SUMMARIZE and a few more, by hand, in one query."""
    lazy = pl.scan_parquet(path)
    asked = []
    for name, dtype in lazy.collect_schema().items():
        c = pl.col(name)
        asked += [c.null_count().alias(f"{name}.null"), c.approx_n_unique().alias(f"{name}.distinct")]
        asked += [c.min().alias(f"{name}.min"), c.max().alias(f"{name}.max")]
        if dtype.is_numeric():
            asked += [f.alias(f"{name}.{i}") for i, f in enumerate((c.mean(), c.std(), c.skew(), c.kurtosis()))]
            asked += [c.quantile(q).alias(f"{name}.{q}") for q in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)]
    lazy.select(asked).collect()
    for name, dtype in lazy.collect_schema().items():
        if dtype == pl.String:
            lazy.group_by(name).len().top_k(20, by="len").collect()


CONTESTANTS = {
    "autoprep": (_autoprep, "polars"),
    "autoprep, deep=False, no HTML": (_shallow, "polars"),
    "DuckDB SUMMARIZE": (_duckdb, "duckdb"),
    "Polars by hand": (_polars, "polars"),
    "skrub TableReport": (_skrub, "skrub"),
    "fg-data-profiling minimal": (_ydata, "data_profiling"),
}


def _peak() -> float:
    """MiB that were resident at most; a child's ``ru_maxrss`` would start from its parent's."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _child(name: str, path: Path) -> None:
    run, module = CONTESTANTS[name]
    __import__(module)
    if module == "polars":
        import autoprep.profiling
        import autoprep.reporting.html  # noqa: F401
    small = Path(tempfile.mkdtemp()) / "warm.parquet"
    mixed(200).write_parquet(small)
    run(small)
    before, peak = resource.getrusage(resource.RUSAGE_SELF), _peak()
    wall = time.perf_counter()
    run(path)
    after = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "wall": time.perf_counter() - wall,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "memory": _peak() - peak,
    }
    sys.stdout.write(json.dumps(said) + "\n")


#: An interpreter that has the peers which cannot live beside us; set by ``--peer-python``.
PEER_PYTHON: list[str] = []


def measure(name: str, path: Path, repeats: int) -> dict[str, float] | None:
    """Medians of wall seconds, CPU seconds and MiB; None where the peer is not installed."""
    python = sys.executable
    if find_spec(CONTESTANTS[name][1]) is None:
        asked = f"import importlib.util as u; print(u.find_spec({CONTESTANTS[name][1]!r}) is not None)"
        able = [
            p for p in PEER_PYTHON if "True" in subprocess.run([p, "-c", asked], capture_output=True, text=True).stdout
        ]
        if not able:
            return None
        python = able[0]
    made = []
    for _ in range(repeats):
        done = subprocess.run([python, __file__, "--child", name, str(path)], capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(f"{name}: {done.stderr[-600:]}\n")
            return None
        made.append(json.loads(done.stdout.splitlines()[-1]))
    return {k: statistics.median(m[k] for m in made) for k in made[0]}


def _beside(path: Path, rows: int, repeats: int, names: list[str]) -> list[str]:
    lines = [
        f"\n{rows:,} rows x {len(pl.read_parquet_schema(path))} columns, medians of {repeats}:\n",
        "| | wall s | CPU s | memory MiB | CPU / DuckDB |",
        "|---|---|---|---|---|",
    ]
    base = None
    made = {n: measure(n, path, repeats) for n in names}
    base = made.get("DuckDB SUMMARIZE")
    for name, m in made.items():
        if m is None:
            lines.append(f"| {name} | not run: not installed, or it failed | | | |")
        else:
            ratio = f"{m['cpu'] / base['cpu']:.2f}" if base else ""
            lines.append(f"| {name} | {m['wall']:.1f} | {m['cpu']:.1f} | {m['memory']:.0f} | {ratio} |")
    return lines


_STYLE = (
    "text{font:12px sans-serif;fill:#333}.grid{stroke:#ddd;fill:none}.line{stroke:#2563eb;stroke-width:2;fill:none}"
    "circle{fill:#2563eb}@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.line{stroke:#7aa7ff}"
    "circle{fill:#7aa7ff}}"
)


def curve(points: list[tuple[int, float]]) -> str:
    """An SVG of the cost per row over the number of rows, both on a logarithmic scale.

    Args:
        points: (rows, microseconds of CPU per row), by rising number of rows.
    """
    low = math.floor(math.log10(min(cost for _, cost in points)))
    high = max(low + 1, math.ceil(math.log10(max(cost for _, cost in points))))
    first, last = math.log10(points[0][0]), math.log10(points[-1][0])

    def x(rows: int) -> float:
        return 90 + 480 * (math.log10(rows) - first) / ((last - first) or 1.0)

    def y(cost: float) -> float:
        return 230 - 190 * (math.log10(cost) - low) / (high - low)

    drawn = []
    for power in range(low, high + 1):
        drawn.append(f'<path class="grid" d="M70 {y(10**power):.1f}h520"/>')
        drawn.append(f'<text x="62" y="{y(10**power) + 4:.1f}" text-anchor="end">{10**power:g}</text>')
    drawn.append('<path class="line" d="M' + "L".join(f"{x(n):.1f} {y(c):.1f}" for n, c in points) + '"/>')
    for rows, cost in points:
        drawn.append(f'<circle cx="{x(rows):.1f}" cy="{y(cost):.1f}" r="3.5"/>')
        drawn.append(f'<text x="{x(rows):.1f}" y="{y(cost) - 9:.1f}" text-anchor="middle">{cost:.2f}</text>')
        drawn.append(f'<text x="{x(rows):.1f}" y="250" text-anchor="middle">{rows:,}</text>')
    title = "Profile: microseconds of CPU per row, by number of rows (8 columns)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 280" role="img" aria-label="{title}">'
        f'<style>{_STYLE}</style><text x="70" y="22">{title}</text>{"".join(drawn)}'
        '<text x="330" y="272" text-anchor="middle">rows</text></svg>\n'
    )


def main() -> None:
    """Run and write ``results/profile_speed/table.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=("beside", "size", "large", "wide"), default=None)
    parser.add_argument("--peers", nargs="*", default=list(CONTESTANTS))
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--large-rows", type=int, default=20_000_000)
    parser.add_argument("--peer-python", nargs="*", default=[], help="interpreters with the peers we lack")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.child:
        _child(said.child[0], Path(said.child[1]))
        return
    PEER_PYTHON.extend(said.peer_python)
    lines = ["# Profile: time and memory"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixed.parquet"
        if said.only in (None, "beside"):
            mixed(said.rows).write_parquet(path)
            lines += _beside(path, said.rows, said.repeats, said.peers)
        if said.only in (None, "wide"):
            wide = pl.concat([mixed(100, i).rename(lambda c, i=i: f"{c}_{i}") for i in range(100)], how="horizontal")
            wide.select(pl.all().cast(pl.String)).write_parquet(path)
            lines += _beside(path, 100, said.repeats, ["autoprep"])
        if said.only in (None, "size"):
            lines += ["\n| rows (8 columns) | CPU s | microseconds per row |", "|---|---|---|"]
            points = []
            for rows in said.sizes:
                write_narrow(path, rows)
                m = measure("autoprep", path, said.repeats if rows < 5_000_000 else 1)
                if m:
                    lines.append(f"| {rows:,} | {m['cpu']:.2f} | {m['cpu'] / rows * 1e6:.2f} |")
                    points.append((rows, m["cpu"] / rows * 1e6))
            if points:
                RESULTS.mkdir(parents=True, exist_ok=True)
                (RESULTS / "size.svg").write_text(curve(sorted(points)))
                lines.append("\n![microseconds of CPU per row](size.svg)")
        if said.only == "large":
            write_narrow(path, said.large_rows)
            lines += _beside(path, said.large_rows, 1, ["autoprep", "DuckDB SUMMARIZE"])
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{'table' if said.only is None else said.only}.md").write_text(text)


if __name__ == "__main__":
    main()
