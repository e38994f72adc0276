"""A synthetic worst case with its truth: does cleaning give back every cell, and what is the model worth on raw rows?

    python benchmarks/probe.py --data FOLDER --time-budget 30

FOLDER holds ``train.csv`` and ``test.csv`` (raw, dirty), ``train_truth.csv`` and ``test_truth.csv`` (the same rows as
they were meant; empty = missing), and ``truth.json``: ``target``, and per column what it is (``dtype``: float, date,
boolean, category, text). Printed are:

- per column with a dtype: the share of cells that cleaning gives as the truth has them, for the training rows (the plan
  is made from them) and for the test rows (the plan is applied to them). Steps at gate ``review`` count as approved:
  they take the default that the plan states. Numbers are equal within 1e-9 relative, truth values and dates by value,
  text by its characters, missing only with missing.
- the AUC on the test rows of ``ap.fit(train, target)``, predicting the raw test rows.

Exit status 1 when a share is below ``--cells`` or the AUC is below ``--auc``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import polars as pl

import autoprep as ap
from autoprep import cleaning

HERE = Path(__file__).resolve().parent


def share_equal(got: pl.Series, truth: pl.Series, dtype: str) -> float:
    """Share of cells that mean the same; ``truth`` is text."""
    if dtype == "float":
        left, right = got.cast(pl.Float64, strict=False), truth.cast(pl.Float64, strict=False)
        near = (left - right).abs() <= 1e-9 * right.abs().clip(1.0)
    elif dtype == "boolean":
        left, right = got, truth.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
        near = (left == right) if got.dtype == pl.Boolean else pl.Series([False] * len(got))
    elif dtype == "date":
        left, right = got, truth.str.to_date("%Y-%m-%d", strict=False)
        near = (left.cast(pl.Date) == right) if got.dtype.is_temporal() else pl.Series([False] * len(got))
    else:
        left, right = got.cast(pl.String), truth
        near = left == right
    both = left.is_null() & right.is_null()
    return float((near.fill_null(False) | both).mean() or 0.0)


def cells(data: Path, said: dict[str, dict[str, str]]) -> list[tuple[str, str, float, float]]:
    """Per column with a dtype: name, dtype, share on training rows, share on test rows."""
    plan = cleaning.for_modelling(ap.plan(str(data / "train.csv"), "y"))
    rows = []
    done = {}
    for part in ("train", "test"):
        raw = ap.read(str(data / f"{part}.csv")).frame.collect()
        truth = pl.read_csv(data / f"{part}_truth.csv", infer_schema=False)
        frame, _ = cleaning.transform(raw, plan)
        done[part] = (frame, truth)
    for name, what in said.items():
        if "dtype" not in what:
            continue
        shares = []
        for frame, truth in done.values():
            found = frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, pl.String)
            shares.append(share_equal(found, truth[name], what["dtype"]))
        rows.append((name, what["dtype"], *shares))
    return rows


def auc(data: Path, target: str, budget: float) -> tuple[float, float]:
    """AUC on the raw test rows, and seconds of ``fit`` and ``predict``."""
    from sklearn.metrics import roc_auc_score

    started = time.perf_counter()
    model = ap.fit(str(data / "train.csv"), target, time_budget_s=budget)
    answer = model.predict_frame(str(data / "test.csv"))
    seconds = time.perf_counter() - started
    truth = ap.read(str(data / "test.csv")).frame.collect()[target].cast(pl.String)
    positive = sorted(truth.unique().to_list())[-1]
    score = answer[f"probability_{positive}"]
    return float(roc_auc_score((truth == positive).to_numpy(), score.to_numpy())), seconds


def main() -> int:
    """Run, print, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_PROBE"), help="folder of the probe")
    parser.add_argument("--time-budget", type=float, default=30.0)
    parser.add_argument("--auc", type=float, default=0.82, help="least AUC")
    parser.add_argument("--cells", type=float, default=0.99, help="least share of cells per column")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "probe")
    given = parser.parse_args()
    if given.data is None or not (Path(given.data) / "truth.json").is_file():
        sys.stderr.write("no probe: give --data FOLDER (train.csv, test.csv, *_truth.csv, truth.json)\n")
        return 2
    data = Path(given.data)
    said = json.loads((data / "truth.json").read_text(encoding="utf-8"))
    rows = cells(data, said["columns"])
    lines = ["| column | dtype | train cells as the truth | test cells |  |", "|---|---|---:|---:|---|"]
    failed = False
    for name, dtype, train, test in rows:
        bad = min(train, test) < given.cells
        failed |= bad
        lines.append(f"| {name} | {dtype} | {train:.2%} | {test:.2%} | {'below' if bad else ''} |")
    score, seconds = auc(data, said["target"], given.time_budget)
    failed |= score < given.auc
    verdict = "below" if score < given.auc else "reached"
    lines += ["", f"Test AUC {score:.4f} (asked {given.auc}: {verdict}); fit and predict {seconds:.0f} s."]
    lines += ["", "Command: `python benchmarks/probe.py --data FOLDER`"]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "table.md").write_text(text, encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
