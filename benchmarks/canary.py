"""The canary on real tables: with a shuffled target, every stage's 99% interval must contain chance.

    python benchmarks/canary.py --data FOLDER --out benchmarks/results/canary

FOLDER is laid out as for ``benchmarks/supervised.py``. Each table is read raw, its target shuffled over the rows, and
cleaned; then the cleaned columns and each feature set are judged by cross-validation (area under the ROC curve,
chance 0.5; for numbers the rank correlation of prediction and truth, chance 0).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from supervised import among, sets, target_column

import autoprep as ap
from autoprep.pipeline import canary

TEN = (
    "titanic,telco_churn,bank_additional,travel_insurance,german_credit,midwest_survey,horse_colic,"
    "ames_house_prices,medicare_cost,google_play_store"
)


def main() -> None:
    """Run the canary on each set and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--only", default="", help="names of sets; ten when empty")
    parser.add_argument("--most-rows", type=int, default=4_000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/canary"))
    args = parser.parse_args()
    if args.data is None:
        raise SystemExit("name the folder with --data or AUTOPREP_DATA")
    lines = [
        "| data set | stage | score on a shuffled target | 99% interval | chance | leaks |",
        "|---|---|---:|---|---:|---|",
    ]
    alarms = tables = 0
    for entry in among(sets(Path(args.data)), args.only, TEN):
        table = ap.read(entry["source"])
        target = target_column(entry["target"], table.collect().columns, table.headers)
        found = canary(table, target, task=entry["task"], most_rows=args.most_rows)
        tables += 1
        alarms += bool(found.culprit)
        for sign in found.signs:
            interval = f"{sign.low:.3f} to {sign.high:.3f}"
            leaks = "yes" if sign.leaks else "no"
            row = f"| {entry['name']} | {sign.stage} | {sign.score:.3f} | {interval} | {sign.chance:g} | {leaks} |"
            print(row, flush=True)
            lines.append(row)
    lines += ["", f"Tables: {tables}. With a stage above chance: {alarms}."]
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text("\n".join(lines) + "\n")
    print(lines[-1])


if __name__ == "__main__":
    main()
