"""Sketches for distinct values and quantiles: ours, Polars' and Apache DataSketches', on the same million values.

    python benchmarks/sketches.py                    # needs: pip install datasketches

CPU seconds are medians; errors are relative (distinct) and in ranks (quantiles). Only sketches that merge can add up
profiles of parts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

RESULTS = Path(__file__).resolve().parent / "results" / "sketches"
AT = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])


def _cpu(run: Callable[[], object], repeats: int) -> tuple[float, object]:
    times, made = [], run()
    for _ in range(repeats):
        start = time.process_time()
        made = run()
        times.append(time.process_time() - start)
    return statistics.median(times), made


def _ours_distinct(values: pl.Series) -> float:
    from autoprep.profiling import states

    return float(states.distinct({"hashes": states._bottom(values)}) or 0)


def _ours_quantiles(values: pl.Series) -> list[float]:
    from autoprep.profiling import numeric, states

    found, _ = numeric.describe(values)
    pairs = np.array(states.numbers(found, numeric.moments(found))["centroids"])
    said = numeric.quantiles(numeric.gather(pairs[:, 0], pairs[:, 1]))
    return [float(said[k] or 0.0) for k in numeric.QUANTILES]


def _sketch_distinct(kind: str, values: pl.Series) -> float:
    import datasketches

    sketch = datasketches.hll_sketch(12) if kind == "HLL" else datasketches.update_theta_sketch(12)
    for value in values.to_list():  # neither takes a vector
        sketch.update(value)
    return float(sketch.get_estimate())


def _sketch_quantiles(values: pl.Series) -> list[float]:
    import datasketches

    sketch = datasketches.kll_doubles_sketch(400)
    sketch.update(values.to_numpy(writable=True))
    return [float(v) for v in sketch.get_quantiles(AT.tolist())]


def _rank_error(found: object, values: np.ndarray) -> float:
    ranks = np.searchsorted(np.sort(values), np.asarray(found)) / values.size
    return float(np.abs(ranks - AT).max())


def main() -> None:
    """Run and write ``results/sketches/table.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    said = parser.parse_args()
    rng = np.random.default_rng(0)
    words = pl.Series([f"K{k}" for k in rng.integers(0, said.rows // 2, said.rows)])
    numbers = pl.Series(rng.lognormal(3, 1, said.rows))
    truth = words.n_unique()
    one = pl.DataFrame({"w": words, "x": numbers})
    there = find_spec("datasketches") is not None
    distinct: dict[str, tuple[bool, Callable[[], object]]] = {
        "ours, bottom-k of 1,024": (True, lambda: _ours_distinct(words)),
        "Polars approx_n_unique": (False, lambda: one.select(pl.col("w").approx_n_unique()).item()),
        "Polars n_unique, exact": (False, words.n_unique),
    }
    quantiles: dict[str, tuple[bool, Callable[[], object]]] = {
        "ours, sample and 1,000 centroids": (True, lambda: _ours_quantiles(numbers)),
        "Polars quantile, exact": (
            False,
            lambda: list(one.select(pl.col("x").quantile(q).alias(str(q)) for q in AT).row(0)),
        ),
    }
    if there:
        distinct["DataSketches HLL, 2^12"] = (True, lambda: _sketch_distinct("HLL", words))
        distinct["DataSketches Theta, 2^12"] = (True, lambda: _sketch_distinct("Theta", words))
        quantiles["DataSketches KLL, k = 400"] = (True, lambda: _sketch_quantiles(numbers))
    lines = ["# Sketches", "", f"{said.rows:,} values, medians of {said.repeats}.", ""]
    if not there:
        lines += ["DataSketches is not installed and was left out.", ""]
    for title, able, error in (
        ("distinct words", distinct, lambda v: abs(float(v) - truth) / truth),
        ("quantiles of numbers", quantiles, lambda v: _rank_error(v, numbers.to_numpy())),
    ):
        lines += [f"| {title} | CPU s | error | merges |", "|---|---:|---:|---|"]
        for name, (merges, run) in able.items():
            cpu, made = _cpu(run, said.repeats)
            lines.append(f"| {name} | {cpu:.3f} | {error(made):.4f} | {'yes' if merges else 'no'} |")
        lines.append("")
    text = "\n".join(lines)
    sys.stdout.write(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text)


if __name__ == "__main__":
    main()
