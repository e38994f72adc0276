"""Batches of boosted trees: rows per CPU second by the kernel that compares columns, beside LightGBM's own predict.

    python benchmarks/boosted_batches.py [--rows 25000] [--repeats 5]

Models of made-up numbers with 5% missing cells; one thread each; both are asked in turn, the answers must be the same
bits, and ratios are medians of the pairs. The last line is a whole model of made-up orders, from raw rows on.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "boosted_batches"
sys.path.insert(0, str(ROOT))
#: Columns, leaves, trees.
MODELS = [(8, 31, 26), (8, 31, 44), (8, 31, 439), (20, 63, 200), (20, 15, 439), (20, 96, 200), (50, 255, 100)]


def cpu_s(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of all threads, and what came of it."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    made = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, made


def numbers(pick: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Normal numbers, 5% missing."""
    matrix = pick.normal(size=(rows, columns))
    matrix[pick.random(matrix.shape) < 0.05] = np.nan
    return matrix


def trees_alone(columns: int, leaves: int, rounds: int, rows: int, repeats: int) -> str:
    """A line of the table for one model."""
    from autoprep.model_search.boosted_trees import BoostedTrees

    pick = np.random.default_rng(0)
    x = numbers(pick, 40_000, columns)
    y = (np.nan_to_num(x) ** 2).sum(axis=1) + pick.normal(size=len(x))
    said = {"objective": "regression", "num_leaves": leaves, "verbosity": -1, "num_threads": 2}
    booster = lgb.train(said, lgb.Dataset(x, y), num_boost_round=rounds)
    read_s, read = cpu_s(lambda: BoostedTrees.read(booster.model_to_string()))
    assert read is not None
    new = numbers(pick, rows, columns)
    ours, theirs = [], []
    for _ in range(repeats):
        spent, said_here = cpu_s(lambda: read.predict(new, 1))
        ours.append(spent)
        spent, said_there = cpu_s(lambda: booster.predict(new, num_threads=1))
        theirs.append(spent)
        assert said_here.tobytes() == said_there.tobytes()
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    here, there = (rows / statistics.median(v) for v in (ours, theirs))
    return f"| {rounds} | {leaves} | {columns} | {here:,.0f} | {there:,.0f} | {ratio:.1f} | {read_s * 1e3:.0f} |"


def whole_model(repeats: int) -> str:
    """Raw rows to predictions, by a model that ``fit`` chose."""
    import autoprep as ap
    from autoprep.model_search.boosted_trees import Batches
    from autoprep.serving.desk import _in_bands
    from tests.serving.shop import orders

    model = ap.fit(orders(20_000), "bought", time_budget_s=None, work_budget=8)
    scorer, rows = model.scorer(), orders(100_000, seed=3).drop("bought")
    _in_bands(scorer, rows)
    by_kernel, none = Batches.predict, lambda *_: None
    ours, theirs = [], []
    for _ in range(repeats):
        Batches.predict = by_kernel  # type: ignore[method-assign]
        spent, here = cpu_s(lambda: _in_bands(scorer, rows))
        ours.append(spent)
        Batches.predict = none  # type: ignore[assignment, method-assign]
        spent, there = cpu_s(lambda: _in_bands(scorer, rows))
        theirs.append(spent)
        assert here.equals(there)
    Batches.predict = by_kernel  # type: ignore[method-assign]
    trees = sum(member.part.model.rounds for member in scorer.predictor.members)
    here_s, there_s = (rows.height / statistics.median(v) for v in (ours, theirs))
    return (
        f"\nRaw orders to predictions, all drawn anew ({scorer.predictor.describe()}, {trees} rounds): {here_s:,.0f} "
        f"rows a CPU second, {there_s:,.0f} by LightGBM's predict."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    from autoprep.kernels import trees

    trees.prepare()
    lines = [
        "| trees | leaves | columns | rows per CPU s | LightGBM | ratio | reading the trees, CPU ms |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [trees_alone(*model, asked.rows, asked.repeats) for model in MODELS]
    lines.append(whole_model(3))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
