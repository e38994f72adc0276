"""Error repair with no label: dirty tables beside their truth, the packaged rulebook, the same settings for all.

    python benchmarks/repair.py --data FOLDER [--sets raha_hospital,raha_beers] [--out benchmarks/results/repair]
    python benchmarks/repair.py --generated [--rates 0.01,0.05,0.1,0.2,0.3] [--seed 0]

FOLDER holds one folder per set with ``clean.csv`` beside ``dirty.csv`` or ``noise_*.csv``, row by row and column by
column the same table (headers may differ). ``--generated`` makes clean tables of several shapes and dirties them
(``dirt.py``). Each dirty table goes through the public door, ``ap.clean(table, same_shape=True)``, at gate ``auto``:
steps that ask for review are not applied, nobody is asked anything.

How cells are compared
----------------------
As plain text, as the field does: an *error* is a cell whose dirty text differs from its clean text, an *edit* a cell
whose text comes out different from the dirty text; both are stripped and have runs of space made one, null is "".

    precision = edits that give the clean text / edits         harm = changed cells that were no error
    recall    = edits that give the clean text / errors        detection: the same with "an error" for "the clean text"

Nothing is learnt from the clean table. ``risk.md`` holds the risk-coverage curve: steps by their stated confidence,
highest first, with the share of errors mended and the share of edits wrong so far. ``calibration.md`` holds the stated
confidence of lossy steps against the share of their edits that were right.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import dirt
import polars as pl

import autoprep as ap
from autoprep.types import Cleaned

HERE = Path(__file__).resolve().parent
SETS = ("raha_hospital", "raha_beers", "adr_hospital_noise", "adr_beers_noise", "srepair_res")
BINS = (0.0, 0.9, 0.95, 0.98, 0.99, 1.01)


@dataclass(frozen=True)
class Figures:
    """What one table gave."""

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


@dataclass(frozen=True)
class Step:
    """What a lossy step did: cells it had the last word on."""

    action: str
    confidence: float
    right: int
    wrong: int
    harm: int


@dataclass(frozen=True)
class Case:
    """A dirty table and its truth; ``errors`` names the model of each error where it is known."""

    name: str
    dirty: pl.DataFrame
    clean: pl.DataFrame
    errors: pl.DataFrame | None = None


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.all().cast(pl.String).fill_null("").str.strip_chars().str.replace_all(r"\s+", " "))


def judge(before: pl.DataFrame, truth: pl.DataFrame, after: pl.DataFrame) -> Figures:
    """Figures of plain frames."""
    sums = [0] * 5
    for name in before.columns:
        error, edit, good = before[name] != truth[name], after[name] != before[name], after[name] == truth[name]
        parts = (error, edit, edit & error, edit & error & good, edit & ~error)
        sums = [a + int(b.sum()) for a, b in zip(sums, parts, strict=True)]
    return Figures(*sums, cells=before.height * before.width)


def steps_of(done: Cleaned, before: pl.DataFrame, truth: pl.DataFrame) -> list[Step]:
    """Per lossy step: cells that it wrote last, by whether they came out right."""
    lossy = {a.id: a.confidence for a in done.plan.applied() if a.kind == "lossy"}
    cells = done.ledger.filter(pl.col("row").is_not_null() & pl.col("action").is_in(sorted(lossy)))
    last = cells.unique(["row", "column"], keep="last", maintain_order=True)
    said = []
    for (action,), group in last.group_by("action", maintain_order=True):
        name, rows = group["column"][0], group["row"]
        got = group["after"].fill_null("").str.strip_chars().str.replace_all(r"\s+", " ")
        good, sound = got == truth[name].gather(rows), before[name].gather(rows) == truth[name].gather(rows)
        changed = got != before[name].gather(rows)
        harm = int((changed & sound).sum())
        said.append(Step(str(action), lossy[str(action)], int((good & changed).sum()), int((~good).sum()), harm))
    return sorted(said, key=lambda s: (-s.confidence, s.action))


def run(case: Case) -> tuple[Figures, float, list[Step], Cleaned, pl.DataFrame | None]:
    """Clean one table and compare; last, per error model: errors, changed, mended."""
    started = time.process_time()
    done = ap.clean(case.dirty, same_shape=True)
    seconds = time.process_time() - started
    before, truth, after = _plain(case.dirty), _plain(case.clean), _plain(done.frame)
    models = None
    if case.errors is not None:
        rows = []
        for (name,), group in case.errors.group_by("column"):
            at = [frame[str(name)].gather(group["row"]) for frame in (before, truth, after)]
            rows.append(
                group.select("model").with_columns(
                    (at[0] != at[1]).alias("error"), (at[2] != at[0]).alias("changed"), (at[2] == at[1]).alias("mended")
                )
            )
        models = pl.concat(rows).filter("error").group_by("model").agg(pl.len(), pl.col("changed", "mended").sum())
    return judge(before, truth, after), seconds, steps_of(done, before, truth), done, models


def pairs(data: Path, names: list[str]) -> Iterator[Case]:
    """The sets that are there; when none is named and none of the usual is there, every folder with a truth."""
    own = names or [n for n in SETS if (data / n / "clean.csv").is_file()]
    for name in own or sorted(p.parent.name for p in data.glob("*/clean.csv")):
        clean_path = data / name / "clean.csv"
        for path in sorted([*(data / name).glob("dirty.csv"), *(data / name).glob("noise_*.csv")]):
            if clean_path.is_file():
                dirty, clean = (
                    ap.read(str(p)).frame.collect().select(pl.all().cast(pl.String)) for p in (path, clean_path)
                )
                clean = clean.rename(dict(zip(clean.columns, dirty.columns, strict=True)))
                yield Case(f"{name}/{path.stem}" if path.stem != "dirty" else name, dirty, clean)


def generated(rates: list[float], seed: int, names: list[str]) -> Iterator[Case]:
    """Tables of ``dirt.py`` at several rates of errors."""
    for name, clean in dirt.tables(seed):
        if names and name not in names:
            continue
        for rate in rates:
            spoilt, errors = dirt.dirty(clean, rate, seed)
            yield Case(f"{name}/{rate:.0%}", spoilt, clean, errors)


def calibration(steps: list[tuple[str, Step]]) -> list[str]:
    """Markdown: stated confidence against the share of right edits."""
    lines = ["| stated confidence | steps | edits | stated, mean | right | harm |", "|---|---:|---:|---:|---:|---:|"]
    for low, high in pairwise(BINS):
        own = [s for _, s in steps if low <= s.confidence < high]
        edits = sum(s.right + s.wrong for s in own)
        if edits:
            stated = sum(s.confidence * (s.right + s.wrong) for s in own) / edits
            right, harm = sum(s.right for s in own) / edits, sum(s.harm for s in own) / edits
            lines.append(
                f"| {low:.2f} to {min(high, 1.0):.2f} | {len(own)} | {edits:,} | "
                f"{stated:.3f} | {right:.3f} | {harm:.3f} |"
            )
    return lines


def main() -> int:
    """Run, print, write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--sets", default="", help="names of sets, or of generated tables")
    parser.add_argument("--generated", action="store_true", help="tables made and dirtied here, instead of --data")
    parser.add_argument("--rates", default="0.01,0.05,0.1,0.2,0.3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", action="store_true", help="print what each lossy step mended")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "repair")
    given = parser.parse_args()
    names = [n for n in given.sets.split(",") if n]
    if given.generated:
        cases = generated([float(r) for r in given.rates.split(",")], given.seed, names)
    else:
        cases = pairs(Path(given.data), names) if given.data else iter(())
    head = "| table | cells | errors | detection P R F1 | repair P R F1 | harm | CPU s |"
    lines = [head, "|---|---:|---:|---|---|---:|---:|"]
    curve = ["| table | step | confidence | errors mended so far | edits wrong so far |", "|---|---|---:|---:|---:|"]
    every: list[tuple[str, Step]] = []
    models: list[pl.DataFrame] = []
    sums = [0] * 6
    for case in cases:
        said, seconds, steps, done, own = run(case)
        lines.append(f"| {case.name} | {said.cells:,} | {said.errors:,} | {said.line()} | {seconds:.1f} |")
        print(lines[-1], flush=True)
        every += [(case.name, step) for step in steps]
        models += [own] if own is not None else []
        sums = [
            a + b
            for a, b in zip(sums, (said.errors, said.edits, said.found, said.right, said.harm, said.cells), strict=True)
        ]
        good = bad = 0
        for step in steps:
            good, bad = good + step.right, bad + step.wrong
            share = f"{good / max(said.errors, 1):.1%} | {bad / max(good + bad, 1):.1%}"
            curve.append(f"| {case.name} | {step.action} | {step.confidence:.3f} | {share} |")
            if given.steps:
                print(
                    f"   {step.action:60} {step.confidence:.3f} "
                    f"right {step.right:5} wrong {step.wrong:5} harm {step.harm:4}"
                )
        if given.steps:
            for action in done.plan.actions:
                if "declined" in action.evidence:
                    print(f"   declined {action.id}: {action.evidence['declined']}")
    if not every and not sums[5]:
        sys.stderr.write(
            "no dirty table with its truth: give --data FOLDER (SET/clean.csv, SET/dirty.csv) or --generated\n"
        )
        return 2
    total = Figures(*sums)
    lines.append(f"| all | {total.cells:,} | {total.errors:,} | {total.line()} | |")
    if models:
        lines += ["", "| error model | errors | changed | mended |", "|---|---:|---:|---:|"]
        for name, n, changed, mended in pl.concat(models).group_by("model").sum().sort("model").rows():
            lines.append(f"| {name} | {n:,} | {changed / n:.1%} | {mended / n:.1%} |")
    arm = f"--generated --rates {given.rates} --seed {given.seed}" if given.generated else "--data FOLDER"
    stem = "generated_" if given.generated else ""
    given.out.mkdir(parents=True, exist_ok=True)
    text = "\n".join([*lines, "", f"Command: `python benchmarks/repair.py {arm}`", ""])
    (given.out / f"{stem or ''}table.md").write_text(text, encoding="utf-8")
    (given.out / f"{stem}risk.md").write_text("\n".join([*curve, ""]), encoding="utf-8")
    measured = "\n".join([*calibration(every), ""])
    (given.out / f"{stem}calibration.md").write_text(measured, encoding="utf-8")
    sys.stdout.write("\n".join(lines[-len(dirt.MODELS) - 6 :]) + "\n" + measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
