"""Two runs with the same budget of work, in two processes: plan, features, model and predictions must be equal bytes.

    python benchmarks/determinism.py --data FOLDER --work-budget 3 --out benchmarks/results/determinism

FOLDER is laid out as for ``benchmarks/supervised.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from supervised import among, sets, target_column

import autoprep as ap

SIX = "titanic,german_credit,horse_colic,ames_house_prices,medicare_cost,bank_additional"
#: What a fit writes that says when it ran or how long it took.
TIMED = ("manifest.json", "report.html", "card.md", "leaderboard.json", "content.json")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that holds plan, features, model or predictions."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in TIMED)
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def one(source: str, words: str, task: str, units: float, folder: Path) -> None:
    """Fit, save, predict the training rows."""
    table = ap.read(source)
    frame = table.collect()
    target = target_column(words, frame.columns, table.headers)
    model = ap.fit(frame, target, task=task, time_budget_s=None, work_budget=units)
    model.save(folder / "model")
    model.predict_frame(frame.drop(target)).write_csv(folder / "predictions.csv")


def main() -> None:
    """Run each set twice and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--only", default="", help="names of sets; six when empty")
    parser.add_argument("--work-budget", type=float, default=3)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/determinism"))
    parser.add_argument("--one", nargs=4, metavar=("SOURCE", "TARGET", "TASK", "FOLDER"))
    args = parser.parse_args()
    if args.one:
        source, words, task, folder = args.one
        one(source, words, task, args.work_budget, Path(folder))
        return
    if args.data is None:
        raise SystemExit("name the folder with --data or AUTOPREP_DATA")
    lines = ["| data set | files compared | equal | differing |", "|---|---:|---|---|"]
    same = tables = 0
    for entry in among(sets(Path(args.data)), args.only, SIX):
        found = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as place:
                command = [sys.executable, __file__, "--one", entry["source"], entry["target"], entry["task"], place]
                subprocess.run([*command, "--work-budget", str(args.work_budget)], check=True, capture_output=True)
                found.append(hashes(Path(place)))
        names = sorted(set(found[0]) | set(found[1]))
        differing = [n for n in names if found[0].get(n) != found[1].get(n)]
        tables, same = tables + 1, same + (not differing)
        row = f"| {entry['name']} | {len(names)} | {'no' if differing else 'yes'} | {', '.join(differing)} |"
        print(row, flush=True)
        lines.append(row)
    lines += ["", f"Equal in every byte: {same} of {tables} tables, {args.work_budget:g} units of work each."]
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text("\n".join(lines) + "\n")
    print(lines[-1])


if __name__ == "__main__":
    main()
