"""Seconds asked for and seconds taken: `autoprep fit` as a person runs it, reading and saving included.

    python benchmarks/budget.py [--shapes small,long,wide] [--budgets 10,30,60] [--imitate 1.2]

Each run is the command line in a process of its own on a CSV file drawn here by seed: columns of thirteen kinds
(amounts, sentinels, misspelt categories, days, quantities, truth values, codes, decimal commas, sentences, padded
numbers, plain numbers, grades, channels), each with cells that are missing or say so in words. A run keeps its budget
when it ends, the model written, within a tenth of what was asked for and three seconds. The seconds of processor time
are those of the run and its children: beside others on the machine, seconds taken grow and these do not. The last
column is the first prediction of the saved model, by `autoprep predict` on ten rows, starting Python included.

On a machine that others use, `--imitate 1.2` makes a second what 1.2 seconds of processor time are: all clocks of the
run are set to its processor time, so that it plans, stops and is judged as if it were alone on two cores that it keeps
1.2 of busy.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

RESULTS = Path(__file__).parent / "results" / "budget"
SHAPES = {"small": (1_000, 10), "long": (1_000_000, 10), "wide": (50_000, 300)}
LEEWAY_SHARE, LEEWAY_S = 0.1, 3.0
#: Starts autoprep with clocks that show processor time.
IMITATED = """
import os, sys, time
time.monotonic = time.perf_counter = lambda: sum(os.times()[:4]) / {busy}
from autoprep.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
NOTHING = ("", "n/a", "-", "NULL", "unknown")
TOWNS = ("Northwick", "Eastham", "Southby", "Westland", "Midford", "Overton", "Netherby", "Hightown")
WORDS = ("late", "order", "parcel", "broken", "thanks", "refund", "second", "colour", "size", "again", "never", "box")
Maker = Callable[[np.random.Generator, np.ndarray], pl.Series]


def _pick(r: np.random.Generator, words: tuple[str, ...], rows: int) -> pl.Series:
    return pl.Series(words).gather(r.integers(0, len(words), rows))


def _amount(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    cents = pl.Series((np.exp(x + 6) * 100).astype(np.int64))
    whole = (cents // 100).cast(pl.String).str.replace(r"(\d)(\d{3})$", "$1,$2")
    return "$" + whole + "." + (cents % 100).cast(pl.String).str.zfill(2)


def _sentinel(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    return pl.Series(np.where(r.random(len(x)) < 0.04, -999, (40 + 12 * x).astype(np.int64))).cast(pl.String)


def _town(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    level = np.clip((x + 2) * 2, 0, len(TOWNS) - 1).astype(np.int64)
    names = pl.Series(TOWNS).gather(level)
    odd, way = r.random(len(x)) < 0.03, r.integers(0, 3, len(x))
    ways = [names.str.to_uppercase(), names + " ", names.str.replace("o", "oo")]
    for i, other in enumerate(ways):
        names = names.zip_with(pl.Series(~(odd & (way == i))), other)
    return names


def _day(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    days = pl.Series((19_000 + 200 * x).astype(np.int32)).cast(pl.Date)
    return days.dt.strftime("%d.%m.%Y").zip_with(pl.Series(r.random(len(x)) > 0.1), days.dt.strftime("%Y-%m-%d"))


def _quantity(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    grams = np.exp(0.3 * x + 1)
    kilos, small = pl.Series(grams.round(2)).cast(pl.String) + " kg", pl.Series((grams * 1000).round(0)).cast(pl.String)
    return kilos.zip_with(pl.Series(r.random(len(x)) > 0.1), small + " g")


def _truth(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    yes = pl.Series(x > 0.3)
    return _pick(r, ("yes", "Yes", "Y"), len(x)).zip_with(yes, _pick(r, ("no", "No", "N"), len(x)))


def _code(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    return "K-" + pl.Series((500 + 100 * x).astype(np.int64).clip(0)).cast(pl.String).str.zfill(5)


def _comma(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    return pl.Series((10 + 3 * x).round(3)).cast(pl.String).str.replace(".", ",", literal=True)


def _sentence(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    parts = pl.DataFrame({str(i): _pick(r, WORDS, len(x)) for i in range(5)})
    return parts.select(pl.concat_str(pl.all(), separator=" ")).to_series()


def _padded(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    return " " + pl.Series((100 * x).round(1)).cast(pl.String) + " "


def _plain(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    return pl.Series(x.round(4)).cast(pl.String)


def _grade(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    return pl.Series(["low", "middle", "high"]).gather(np.digitize(x, [-0.5, 0.8]))


def _channel(r: np.random.Generator, x: np.ndarray) -> pl.Series:
    return pl.Series(["shop", "phone", "web", "Web", "post"]).gather(np.digitize(x, [-1, 0, 1, 1.2]))


MAKERS: dict[str, Maker] = {
    "amount": _amount, "sentinel": _sentinel, "town": _town, "day": _day, "quantity": _quantity, "truth": _truth,
    "code": _code, "comma": _comma, "sentence": _sentence, "padded": _padded, "plain": _plain,
    "grade": _grade, "channel": _channel,
}  # fmt: skip


def dirty_table(rows: int, columns: int, seed: int = 0) -> pl.DataFrame:
    """A table of text (rows x columns) whose last column, ``sold``, hangs on the first five.

    Example:
        >>> dirty_table(100, 12).shape
        (100, 12)
    """
    r = np.random.default_rng(seed)
    kinds, found, score = list(MAKERS), {}, r.normal(size=rows)
    for i in range(columns - 1):
        x = r.normal(size=rows)
        score = score + (x if i < 5 else 0)
        kind = kinds[i % len(kinds)]
        found[f"{kind}_{i}"] = MAKERS[kind](r, x).zip_with(pl.Series(r.random(rows) > 0.03), _pick(r, NOTHING, rows))
    found["sold"] = pl.Series(["yes", "no"]).gather((score > 0.5).astype(np.int64))
    return pl.DataFrame(found)


def timed(*words: str, busy: float | None = None) -> tuple[float, float]:
    """Seconds and seconds of processor time of a command of autoprep, starting Python included.

    Args:
        words: the command. busy: processors that are kept busy, where clocks are to run by processor time.
    """
    env = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    start = ["-m", "autoprep"] if busy is None else ["-c", IMITATED.format(busy=busy)]
    command = [sys.executable, *start, *words]
    begun, before = time.perf_counter(), os.times()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"autoprep {' '.join(words)}: {done.stderr[-2000:]}")
    took, after = time.perf_counter() - begun, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return took if busy is None else spent / busy, spent


def one(shape: str, budgets: list[float], home: Path, busy: float | None) -> list[str]:
    """Lines of the table for a shape."""
    rows, columns = SHAPES[shape]
    frame, file = dirty_table(rows, columns), home / f"{shape}.csv"
    frame.write_csv(file)
    frame.head(10).drop("sold").write_csv(home / "few.csv")
    del frame
    lines = []
    for asked in budgets:
        model = home / f"{shape}-{asked:g}"
        words = ("fit", str(file), "--target", "sold", "--time-budget", f"{asked:g}", "-o", str(model))
        took, spent = timed(*words, busy=busy)
        first, _ = timed("predict", str(model), str(home / "few.csv"), "-o", str(home / "said.csv"), busy=busy)
        kept = "yes" if took <= asked * (1 + LEEWAY_SHARE) + LEEWAY_S else "no"
        lines.append(f"| {rows:,} x {columns} | {asked:g} | {took:.1f} | {kept} | {spent:.0f} | {first:.1f} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--budgets", default="10,30,60")
    parser.add_argument("--write", metavar="NAME", help="also write the table to results/budget/NAME.md")
    parser.add_argument("--imitate", type=float, metavar="BUSY", help="clocks by processor time; processors kept busy")
    args = parser.parse_args()
    head = ["| table | seconds asked | taken | kept | processor | first prediction |", "|---|---|---|---|---|---|"]
    print("\n".join(head), flush=True)
    budgets, lines, load = [float(b) for b in args.budgets.split(",")], list[str](), os.getloadavg()[1]
    with tempfile.TemporaryDirectory() as home:
        for shape in args.shapes.split(","):
            lines += one(shape, budgets, Path(home), args.imitate)
    if args.write:
        RESULTS.mkdir(parents=True, exist_ok=True)
        said = f"`python benchmarks/budget.py`, {os.cpu_count()} cores, Python {platform.python_version()}, load "
        said += (
            f"{load:.1f} before, {os.getloadavg()[1]:.1f} after.\n\nSeconds; kept: the model written within a tenth of "
        )
        said += "those asked for and 3 s, the model written.\n\n"
        if args.imitate:
            said += f"Clocks by processor time, {args.imitate:g} processors kept busy (`--imitate`).\n\n"
        (RESULTS / f"{args.write}.md").write_text(said + "\n".join([*head, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
