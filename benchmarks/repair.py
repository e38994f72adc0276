"""Error repair with no label: dirty tables beside their truth, the packaged rulebook, the same settings for all.

    python benchmarks/repair.py --data FOLDER [--sets raha_hospital,raha_beers] [--out benchmarks/results/repair]

FOLDER holds one folder per set with ``clean.csv`` beside ``dirty.csv`` or ``noise_*.csv``, row by row and column by
column the same table (headers may differ). Each dirty table is read by ``ap.read``, planned, and cleaned with
``same_shape=True`` at gate ``auto``: steps that ask for review are not applied, nobody is asked anything.

How cells are compared
----------------------
An *error* is a cell whose dirty text differs from its clean text; both are stripped and have runs of space made one, as
is usual for these tables. The answer is compared in two ways, and both are printed:

- **text**: the answer written as text (12.0 as "12", true as "true", null as "") against the clean text. Every change
  of writing counts as an edit, so reading "97%" as the number 97, "yes" as true and "empty" as missing is wrong here.
- **value**: the *lossless* steps of the same plan (parsing, null words, space) are run on the clean table as well,
  and a cell is right when it equals what they give, or the clean text. A cell that was no error and comes out as the
  lossless reading of its own text is unchanged. Errors are counted by their text all the same, so nothing becomes
  easier to find.

    edits      cells that come out changed          precision = right edits of errors / edits
    harm       changed cells that were no error     recall    = right edits of errors / errors
    detection  the same with "an error" for "right"

Nothing is learnt from the clean table. ``risk.md`` holds the risk-coverage curve: steps by their stated confidence,
highest first, with the share of errors mended and the share of edits wrong so far.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import autoprep as ap
from autoprep import cleaning
from autoprep.cleaning.forms import text_of
from autoprep.types import Plan

HERE = Path(__file__).resolve().parent
SETS = ("raha_hospital", "raha_beers", "adr_hospital_noise", "adr_beers_noise", "srepair_res")


@dataclass(frozen=True)
class Figures:
    """What one table gave by one way of comparing."""

    errors: int
    edits: int
    found: int
    right: int
    harm: int
    cells: int

    def line(self) -> str:
        """Markdown cells: detection P R F1, repair P R F1, harm."""
        parts = []
        for hits in (self.found, self.right):
            p, r = hits / max(self.edits, 1), hits / max(self.errors, 1)
            f = 2 * p * r / (p + r) if hits else 0.0
            parts.append(f"{p:.3f} {r:.3f} **{f:.3f}**")
        return f"{parts[0]} | {parts[1]} | {self.harm / max(self.cells - self.errors, 1):.3%}"


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells as text, null as ""."""
    return frame.select(text_of(pl.col(n), t).fill_null("").alias(n) for n, t in frame.schema.items())


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.all().fill_null("").str.strip_chars().str.replace_all(r"\s+", " "))


def _raw(path: Path) -> pl.DataFrame:
    return ap.read(str(path)).frame.collect().select(pl.all().cast(pl.String))


def lossless(plan: Plan) -> Plan:
    """The steps of a plan that only say the same in another way."""
    return plan.with_status("skip", [a.id for a in plan.actions if a.kind != "lossless"])


def judge(dirty: pl.DataFrame, clean: pl.DataFrame, done: pl.DataFrame, same: pl.DataFrame) -> dict[str, Figures]:
    """Figures by both ways of comparing.

    Args:
        dirty: text as it was. clean: text as it should be.
        done: the answer, typed. same: the clean table after the plan's lossless steps, typed.
    """
    before, truth, after = _plain(dirty), _plain(clean), _plain(_texts(done))
    canon = _plain(_texts(same))
    counts = {"text": [0] * 6, "value": [0] * 6}
    for name in dirty.columns:
        error = before[name] != truth[name]
        changed = after[name] != before[name]
        right = after[name] == truth[name]
        alike = after[name] == canon[name]
        for way in ("text", "value"):
            edit = changed if way == "text" else changed & (error | ~alike)
            good = right if way == "text" else right | alike
            told = (error, edit, edit & error, edit & error & good, edit & ~error)
            counts[way] = [*(a + int(b.sum()) for a, b in zip(counts[way][:5], told, strict=True)), 0]
    return {way: Figures(*c[:5], cells=dirty.height * dirty.width) for way, c in counts.items()}


def risk(dirty: pl.DataFrame, clean: pl.DataFrame, plan: Plan, same: pl.DataFrame) -> list[tuple[str, float, int, int]]:
    """Per step that changes what a cell means: id, confidence, errors it mended, edits that were wrong."""
    truth, canon = _plain(clean), _plain(_texts(same))
    ledger = cleaning.apply(dirty, plan, same_shape=True).ledger
    lossy = {a.id: a.confidence for a in plan.applied() if a.kind == "lossy"}
    cells = ledger.filter(pl.col("row").is_not_null() & (pl.col("column") != ""))
    last = (
        cells.group_by("row", "column")
        .agg(pl.col("after").last(), pl.col("action").filter(pl.col("action").is_in(sorted(lossy))).last())
        .drop_nulls("action")
    )
    said = []
    for action, group in last.sort("action", "row").group_by("action", maintain_order=True):
        name = group["column"][0]
        got = group["after"].fill_null("").str.strip_chars()
        rows = group["row"]
        good = (got == truth[name].gather(rows)) | (got == canon[name].gather(rows))
        said.append((str(action[0]), lossy[str(action[0])], int(good.sum()), int((~good).sum())))
    return sorted(said, key=lambda s: (-s[1], s[0]))


def run(path: Path, clean_path: Path) -> tuple[dict[str, Figures], float, list[tuple[str, float, int, int]], Plan]:
    """Clean one table and compare."""
    started = time.process_time()
    dirty = _raw(path)
    plan = ap.plan(dirty)
    done = cleaning.apply(dirty, plan, same_shape=True).frame
    seconds = time.process_time() - started
    clean = _raw(clean_path)
    clean = clean.rename(dict(zip(clean.columns, dirty.columns, strict=True)))
    same = cleaning.apply(clean, lossless(plan), same_shape=True).frame
    return judge(dirty, clean, done, same), seconds, risk(dirty, clean, plan, same), plan


def pairs(data: Path, names: list[str]) -> list[tuple[str, Path, Path]]:
    """(name, dirty file, clean file) of the sets that are there."""
    found = []
    for name in names:
        clean = data / name / "clean.csv"
        for dirty in sorted([*(data / name).glob("dirty.csv"), *(data / name).glob("noise_*.csv")]):
            if clean.is_file():
                found.append((f"{name}/{dirty.stem}" if dirty.stem != "dirty" else name, dirty, clean))
    return found


def main() -> int:
    """Run, print, write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--steps", action="store_true", help="print what each lossy step mended")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "repair")
    given = parser.parse_args()
    found = pairs(Path(given.data), given.sets.split(",")) if given.data else []
    if not found:
        sys.stderr.write("no dirty table with its truth: give --data FOLDER (SET/clean.csv, SET/dirty.csv)\n")
        return 2
    lines = [
        "| table | cells | errors | way | detection P R F1 | repair P R F1 | harm | CPU s |",
        "|---|---:|---:|---|---|---|---:|---:|",
    ]
    steps = ["| table | step | confidence | errors mended so far | edits wrong so far |", "|---|---|---:|---:|---:|"]
    for name, dirty, clean in found:
        figures, seconds, curve, plan = run(dirty, clean)
        for way, said in figures.items():
            lines.append(f"| {name} | {said.cells:,} | {said.errors:,} | {way} | {said.line()} | {seconds:.1f} |")
        good = bad = 0
        for step, confidence, mended, wrong in curve:
            good, bad = good + mended, bad + wrong
            share = f"{good / max(figures['text'].errors, 1):.1%} | {bad / max(good + bad, 1):.1%}"
            steps.append(f"| {name} | {step} | {confidence:.3f} | {share} |")
            if given.steps:
                print(f"{name:28} {step:60} {confidence:.3f} good {mended:5} bad {wrong:5}")
        if given.steps:
            for action in plan.actions:
                if "declined" in action.evidence:
                    print(f"   declined {action.id}: {action.evidence['declined']}")
    text = "\n".join([*lines, "", "Command: `python benchmarks/repair.py --data FOLDER`", ""])
    sys.stdout.write(text)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "table.md").write_text(text, encoding="utf-8")
    (given.out / "risk.md").write_text("\n".join([*steps, ""]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
