"""Cleaning throughput: a plan of 40 actions over a table that need not fit in memory, beside the same Polars by hand.

    python benchmarks/throughput.py --rows 10000000

A table of 20 text columns (plain numbers, amounts, percentages, dates, booleans, categories in several spellings) is
written as Parquet, part by part. Each arm is a fresh process and streams from file to file:

- by hand: the same expressions in one ``LazyFrame``, ``sink_parquet`` (zstd);
- plan: ``apply_to_files`` without a ledger; with ledger and quarantine; and with dropped duplicate rows besides.

Printed are CPU seconds, wall seconds, the peak resident memory of the process, and the ratio to the first arm's CPU
seconds. What the plan does beyond the expressions: counting unread cells against the budgets, and the ledger.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

HERE = Path(__file__).resolve().parent
ARMS = ("by hand", "plan", "plan, ledger, quarantine", "plan, ledger, quarantine, duplicates dropped")
PART = 250_000


def columns(rows: int, start: int) -> pl.DataFrame:
    """A part of the table; the same for the same rows."""
    i = pl.int_range(start, start + rows, dtype=pl.Int64)
    made = []
    for k in range(6):
        number = ((i * (7919 + k)) % 1_000_003 / 100).round(2).cast(pl.String)
        made.append(pl.when((i + k) % 50 == 0).then(pl.lit("N/A")).otherwise(number).alias(f"number{k}"))
    for k in range(2):
        whole = ((i * (104_729 + k)) % 900 + 100).cast(pl.String)
        made.append(pl.concat_str([pl.lit("$"), (i % 9 + 1).cast(pl.String), pl.lit(","), whole]).alias(f"amount{k}"))
        made.append(pl.concat_str([(i % 100).cast(pl.String), pl.lit("%")]).alias(f"percent{k}"))
    for k in range(4):
        day = (pl.date(2000, 1, 1) + pl.duration(days=(i * (k + 3)) % 9000)).dt.to_string("%Y-%m-%d")
        made.append(pl.when(i % 100 == k).then(pl.lit("unknown")).otherwise(day).alias(f"day{k}"))
    for k in range(2):
        made.append(pl.when((i + k) % 3 == 0).then(pl.lit("yes")).otherwise(pl.lit("no")).alias(f"flag{k}"))
    for k in range(4):
        words = ["Rome", "rome ", "Oslo", "Oslo", "Paris", "N/A", "Lima", "Lima"]
        word = ((i // (k + 1)) % 8).replace_strict(list(range(8)), words, return_dtype=pl.String)
        made.append(word.alias(f"city{k}"))
    return pl.select(made)


def plan_of(drop: bool) -> object:
    """Forty actions."""
    from autoprep.types import Action, Plan

    steps = []

    def add(column: str, verb: str, **parameters: object) -> None:
        steps.append(Action(f"{verb}:{column}", f"bench.{verb}", (column,), verb, parameters))

    for k in range(6):
        add(f"number{k}", "nullify", words=["n/a"])
        add(f"number{k}", "parse_number")
    for k in range(2):
        add(f"amount{k}", "parse_amount")
        add(f"percent{k}", "parse_percent")
        add(f"flag{k}", "parse_boolean", true=["yes"], false=["no"])
    for k in range(4):
        add(f"day{k}", "nullify", words=["unknown"])
        add(f"day{k}", "parse_date", formats=["%Y-%m-%d"])
    for k in range(4):
        add(f"city{k}", "trim")
        add(f"city{k}", "nullify", words=["n/a"])
        add(f"city{k}", "map_values", mapping={"rome": "Rome"})
    add("amount0", "nullify_sentinel", values=["9999"])
    if drop:
        steps.append(Action("rows", "bench.rows", (), "drop_duplicate_rows", {}, "lossy"))
    else:
        add("number0", "nullify_sentinel", values=["-999"])
    assert len(steps) == 40, len(steps)
    return Plan(tuple(steps), settings={"max_rejected": 1.0})


def by_hand(source: Path, target: Path) -> None:
    """The same expressions, as one would write them."""
    made = []
    for k in range(6):
        cell = pl.col(f"number{k}").str.strip_chars()
        cell = pl.when(cell.str.to_lowercase() == "n/a").then(None).otherwise(cell)
        number = cell.cast(pl.Float64, strict=False)
        made.append((pl.when(number == -999).then(None).otherwise(number) if k == 0 else number).alias(f"number{k}"))
    for k in range(2):
        amount = pl.col(f"amount{k}").str.strip_chars().str.replace_all(r"[$,]", "").cast(pl.Float64, strict=False)
        made.append((pl.when(amount == 9999).then(None).otherwise(amount) if k == 0 else amount).alias(f"amount{k}"))
        percent = pl.col(f"percent{k}").str.strip_chars().str.strip_chars_end("% ")
        made.append(percent.cast(pl.Float64, strict=False).alias(f"percent{k}"))
        flag = pl.col(f"flag{k}").str.strip_chars().str.to_lowercase()
        truth = flag.replace_strict({"yes": True, "no": False}, default=None, return_dtype=pl.Boolean)
        made.append(truth.alias(f"flag{k}"))
    for k in range(4):
        cell = pl.col(f"day{k}").str.strip_chars()
        cell = pl.when(cell.str.to_lowercase() == "unknown").then(None).otherwise(cell)
        made.append(cell.str.to_date("%Y-%m-%d", strict=False).alias(f"day{k}"))
    for k in range(4):
        cell = pl.col(f"city{k}").str.strip_chars()
        cell = pl.when(cell.str.to_lowercase() == "n/a").then(None).otherwise(cell)
        made.append(cell.replace({"rome": "Rome"}).alias(f"city{k}"))
    order = pl.scan_parquet(source).collect_schema().names()
    pl.scan_parquet(source).with_columns(made).select(order).sink_parquet(target, compression="zstd")


def run_arm(arm: str, source: Path, folder: Path) -> dict[str, float]:
    """Run one arm in this process; what it took."""
    target = folder / "clean.parquet"
    if arm != "by hand":
        from autoprep import cleaning  # noqa: F401  (imports are not what is measured)
    before, started = time.process_time(), time.perf_counter()
    if arm == "by hand":
        by_hand(source, target)
    else:
        from autoprep.cleaning import apply_to_files

        logs = {}
        if "ledger" in arm:
            logs = {"ledger": folder / "ledger.parquet", "quarantine": folder / "quarantine.parquet"}
        apply_to_files(pl.scan_parquet(source), plan_of("duplicates" in arm), target, **logs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = {"cpu": time.process_time() - before, "wall": time.perf_counter() - started, "peak_mb": peak}
    took["rows"] = pl.scan_parquet(target).select(pl.len()).collect().item()
    took["ledger_rows"] = 0
    if (folder / "ledger.parquet").is_file():
        took["ledger_rows"] = pl.scan_parquet(folder / "ledger.parquet").select(pl.len()).collect().item()
    return took


def main() -> int:
    """Run all arms, print, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "throughput")
    given = parser.parse_args()
    if given.arm:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(json.dumps(run_arm(given.arm, given.source, Path(folder))) + "\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        parts = Path(folder) / "parts"
        parts.mkdir()
        for start in range(0, given.rows, PART):
            made = columns(min(PART, given.rows - start), start)
            made.write_parquet(parts / f"{start // PART:05d}.parquet")
        found = {}
        for arm in ARMS:
            command = [sys.executable, __file__, "--arm", arm, "--source", str(parts)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.stderr.write(done.stderr)
                return 1
            found[arm] = json.loads(done.stdout.splitlines()[-1])
    base = found[ARMS[0]]["cpu"]
    lines = [
        f"{given.rows:,} rows x 20 columns, 40 actions.",
        "",
        "| arm | CPU s | wall s | peak MB | rows out | ledger lines | speed beside by hand |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for arm, took in found.items():
        figures = f"{took['cpu']:.1f} | {took['wall']:.1f} | {took['peak_mb']:,.0f} | {took['rows']:,.0f}"
        lines.append(f"| {arm} | {figures} | {took['ledger_rows']:,.0f} | {base / took['cpu']:.2f} |")
    text = "\n".join([*lines, "", f"Command: `python benchmarks/throughput.py --rows {given.rows}`", ""])
    sys.stdout.write(text)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "table.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
