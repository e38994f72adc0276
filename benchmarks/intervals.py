"""Coverage of the 90% intervals on held-out quarters of regression tables, and of the 90% sets of labels on tables of
classes: within 87 to 93% is the aim.

    python benchmarks/intervals.py --data FOLDER --time-budget 12 --seeds 0,1,2 --out benchmarks/results/intervals
    python benchmarks/intervals.py --data FOLDER --classes --out benchmarks/results/label_sets

FOLDER is laid out as for ``benchmarks/supervised.py``, whose 75/25 splits are used.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import polars as pl
from supervised import among, labels, metric_of, sets, split, target_column

import autoprep as ap

EIGHT = (
    "employee_salaries,california_housing,ames_house_prices,bike_sharing,bengaluru_house,medicare_cost,"
    "google_play_store,airbnb_amsterdam"
)
LEVEL, LOW, HIGH = 0.90, 0.87, 0.93


def main() -> None:
    """Fit, predict, count; write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--only", default="", help="Names; the eight regressions when neither this nor --classes.")
    parser.add_argument("--classes", action="store_true", help="Sets of labels, on every table of classes.")
    parser.add_argument("--time-budget", type=float, default=12)
    parser.add_argument("--seeds", default="0,1,2", help="One split each; the table holds their means.")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/intervals"))
    args = parser.parse_args()
    if args.data is None:
        raise SystemExit("name the folder with --data or AUTOPREP_DATA")
    size = "labels in a set, mean" if args.classes else "median width over spread"
    lines = [
        f"| data set | test rows | covered | {size} | within 87 to 93% |",
        "|---|---:|---:|---:|---|",
    ]
    inside = tables = 0
    found = [entry for entry in sets(Path(args.data)) if (entry["task"] != "regression") == args.classes]
    for entry in found if args.classes and not args.only else among(found, args.only, EIGHT):
        table = ap.read(entry["source"])
        frame = table.collect()
        target = target_column(entry["target"], frame.columns, table.headers)
        y, known = labels(frame[target], entry["task"])
        covered, widths, rows = [], [], 0
        for seed in (int(s) for s in args.seeds.split(",")):
            train, test = split(entry, y, known, seed)
            model = ap.fit(frame[train], target, time_budget_s=args.time_budget, seed=seed, metric=metric_of(entry))
            rows = len(test)
            if args.classes:
                chosen = model.predict_sets(frame[test].drop(target), LEVEL).to_list()
                covered.append(float(np.mean([label in some for label, some in zip(y[test], chosen, strict=True)])))
                widths.append(float(np.mean([len(some) for some in chosen])))
                continue
            said = model.predict_frame(frame[test].drop(target))
            low, high = (said[c].cast(pl.Float64).to_numpy() for c in ("lower", "upper"))
            covered.append(float(((y[test] >= low) & (y[test] <= high)).mean()))
            widths.append(float(np.median(high - low) / (y[test].std() or 1.0)))
        share = float(np.mean(covered))
        good = LOW <= share <= HIGH
        tables, inside = tables + 1, inside + good
        row = f"| {entry['name']} | {rows:,} | {share:.1%} | {np.mean(widths):.2f} | {'yes' if good else 'no'} |"
        print(row, flush=True)
        lines.append(row)
    lines += [
        "",
        f"{LEVEL:.0%} {'sets' if args.classes else 'intervals'} that cover 87 to 93%: {inside} of {tables} tables.",
    ]
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text("\n".join(lines) + "\n")
    print(lines[-1])


if __name__ == "__main__":
    main()
