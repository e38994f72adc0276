"""What an edit costs with a store and without: CPU seconds of planning and cleaning, and whether bytes are the same.

python benchmarks/incremental.py --rows 200000
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

RESULTS = Path(__file__).resolve().parent / "results" / "incremental"
RULE = """title: Words of this house that mean nothing
why: They were typed where nothing was known.
when: column IN ('city', 'value')
applies_to: text
expect: {{expect_column_values_to_not_be_in_set: {{value_set: [{word}]}}}}
fix: {{nullify: {{words: [{word}]}}}}
kind: lossless
severity: warning
cases:
  pass: ["Ada", null]
  fail: ["{word}"]
  fix: {{before: ["Ada", "{word}"], after: ["Ada", null]}}
  profile: {{dtype: text}}
"""


def raw(rows: int, seed: int = 0) -> pl.DataFrame:
    """An export: money, units, percent, dates, spellings, sentinels, codes; 20 columns of text."""
    rng = np.random.default_rng(seed)
    chance = rng.random((rows, 3))
    money = rng.lognormal(4, 1, rows)
    out: dict[str, object] = {"order_id": [f"A{seed:02}{i:08d}" for i in range(rows)]}
    out["price"] = [f"${m:,.2f}" if c > 0.02 else "N/A" for m, c in zip(money, chance[:, 0], strict=True)]
    weights = rng.gamma(2, 3, rows)
    out["weight"] = [
        f"{w:.1f} kg" if c > 0.05 else f"{1000 * w:.0f} g" for w, c in zip(weights, chance[:, 1], strict=True)
    ]
    out["city"] = rng.choice(["Oslo", "oslo ", "Bergen", "Bergn", "Trondheim", "Moss"], rows)
    days = zip(rng.integers(1, 29, rows), rng.integers(1, 13, rows), rng.integers(2018, 2024, rows), strict=True)
    out["day"] = [f"{d:02d}.{m:02d}.{y}" for d, m, y in days]
    for i in range(7):
        marks = zip(rng.normal(0, 1, rows), rng.random(rows), strict=True)
        out[f"n{i}"] = ["" if c < 0.03 else "-999" if c < 0.05 else f"{x:.3f}" for x, c in marks]
    for i in range(6):
        out[f"c{i}"] = rng.choice(["yes", "no", "Yes", "n/a", "maybe"], rows)
    out["share"] = [f"{100 * x:.1f}%" for x in rng.random(rows)]
    out["bought"] = rng.choice(["yes", "no"], rows)
    return pl.DataFrame(out)


def run(source: str, rules: str, cache: str, plan: str, out: str) -> None:
    """One run in a process of its own: plan (unless one is given) and clean; prints CPU seconds and hashes."""
    import autoprep as ap
    from autoprep import api
    from autoprep.lineage import hash_file

    ap.plan({"a": ["1", "x"]})  # imports and compiled kernels are not what is measured
    before = resource.getrusage(resource.RUSAGE_SELF)
    kept = cache or None
    chosen = plan or api.save_plan(ap.plan(source, "bought", [rules], cache=kept), Path(out) / "plan.yaml")
    cleaned = ap.clean(source, chosen, cache=kept)
    after = resource.getrusage(resource.RUSAGE_SELF)
    paths = {name: Path(out) / f"{name}.parquet" for name in ("output", "ledger", "quarantine")}
    api.write_cleaned(cleaned, **paths)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "hashes": [hash_file(p) for p in (chosen, *paths.values())]}))


def main() -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--run", nargs=5)
    said = parser.parse_args()
    if said.run:
        run(*said.run)
        return
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        frame, words = raw(said.rows), home / "rules" / "house"
        words.mkdir(parents=True)
        (home / "out").mkdir()
        first, edited = RULE.format(word="Moss"), RULE.format(word="Trondheim")
        spoilt = frame.with_columns(pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("?")).otherwise("c3").alias("c3"))
        longer = pl.concat([frame, raw(said.rows // 100, seed=1)])
        steps = [
            ("first run", frame, first, ""),
            ("nothing changed", frame, first, ""),
            ("one rule edited", frame, edited, ""),
            ("one cell edited", spoilt, edited, ""),
            ("1% of rows appended, a new plan", longer, edited, ""),
            ("a reviewed plan, first run", frame, edited, "reviewed.yaml"),
            ("1% of rows appended, the reviewed plan", longer, edited, "reviewed.yaml"),
        ]
        rows = []
        for name, table, rule, plan in steps:
            table.write_csv(home / "raw.csv")
            (words / "words.yaml").write_text(rule)
            if plan and not (home / plan).exists():
                (home / plan).write_bytes((home / "out" / "plan.yaml").read_bytes())
            done = []
            for cache in ("", str(home / "cache")):
                call = [sys.executable, __file__, "--run", str(home / "raw.csv"), str(home / "rules"), cache]
                call += [str(home / plan) if plan else "", str(home / "out")]
                asked = subprocess.run(call, capture_output=True, text=True, check=True)
                done.append(json.loads(asked.stdout.splitlines()[-1]))
            plain, kept = done
            same = "yes" if plain["hashes"] == kept["hashes"] else "NO"
            gain = plain["seconds"] / kept["seconds"]
            rows.append(f"| {name} | {plain['seconds']:.1f} | {kept['seconds']:.1f} | {gain:.1f} | {same} |")
            print(rows[-1], flush=True)
        size = sum(p.stat().st_size for p in (home / "cache").rglob("*") if p.is_file())
    head = (
        "| what happened | without (CPU s) | with the store (CPU s) | times less | same bytes |\n|---|---|---|---|---|"
    )
    note = f"\n{said.rows:,} rows x 20 columns; the store holds {size / 1e6:.0f} MB at the end.\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text("\n".join([head, *rows]) + "\n" + note)


if __name__ == "__main__":
    main()
