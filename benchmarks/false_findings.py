"""Clean tables: no finding of severity error, and no column called a leak.

    python benchmarks/false_findings.py [--data FOLDER]

The tables that scikit-learn brings along, as frames and as text, and with ``--data`` two curated public tables. Exit
status 1 when anything was found.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

import autoprep as ap
from autoprep import api

HERE = Path(__file__).resolve().parent


def tables(data: Path | None) -> Iterator[tuple[str, pl.DataFrame, str]]:
    """Name, rows, target."""
    from sklearn import datasets

    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits", "linnerud"):
        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        frame = pl.from_pandas(bunch.frame)
        target = "target" if "target" in frame.columns else frame.columns[-1]
        yield name, frame, target
        yield f"{name}, as text", frame.select(pl.all().cast(pl.String)), target
    for pattern, target in (("*/diamonds.csv*", "price"), ("*/housing.csv", "median_house_value")):
        for path in sorted(data.glob(pattern)) if data else []:
            yield path.name, ap.read(path).frame.collect(), target


def main() -> int:
    """Print the table, write ``results/false_findings/table.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    said = parser.parse_args()
    lines = ["| table | errors | leaks | all findings |", "|---|---|---|---|"]
    wrong = 0
    for name, frame, target in tables(Path(said.data) if said.data else None):
        found = ap.profile(frame, target=target)
        findings = api.find(found)
        errors = sorted({f"{f.rule} ({f.column})" for f in findings if f.severity == "error"})
        leaks = found.columns.filter(pl.col("target_leak").fill_null(False))["column"].to_list()
        wrong += len(errors) + len(leaks)
        shown = ", ".join(sorted({f.rule for f in findings}))
        lines.append(f"| {name} | {', '.join(errors) or 0} | {', '.join(leaks) or 0} | {len(findings)}: {shown} |")
    text = "\n".join([*lines, f"\n{wrong} false alarms"]) + "\n"
    sys.stdout.write(text)
    folder = HERE / "results" / "false_findings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(text)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
