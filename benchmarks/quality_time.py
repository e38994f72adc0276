"""Quality against time: the score that a tool reaches in 10, 30 and 60 seconds, as a curve beside its peers'.

    python benchmarks/quality_time.py --data FOLDER --envs ENVS --budgets 10,30,60 --spread 4

Runs ``peers.py``'s arms once per budget, on the same splits, and shows for each set and arm the share of the way from
the trivial prediction (0) to the best score that any arm reached in any time (1): means over seeds. The runs are those
of ``peers.py``, kept in one file with them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from peer_cells import Cells, version_of
from peers import clean_sets, distribution, environment, run, spread
from supervised import GREATER, sets


def reached(answers: list[dict[str, Any]], name: str, arm: str, budget: float) -> float:
    """Share of the way from the trivial score to the best; a failure reaches 0."""
    here = [a for a in answers if a["set"] == name]
    sign = 1.0 if here[0]["metric"] in GREATER else -1.0
    trivial = float(np.mean([sign * a["trivial"] for a in here if "trivial" in a]))
    groups: dict[tuple[str, float], list[float]] = {}
    for a in here:
        groups.setdefault((a["arm"], a["budget"]), []).append(sign * a.get("score", trivial * sign))
    best = max(float(np.mean(values)) for values in groups.values())
    own = groups.get((arm, budget), [trivial])
    return max(0.0, (float(np.mean(own)) - trivial) / max(best - trivial, 1e-12))


def table(answers: list[dict[str, Any]], arms: list[str], budgets: list[float]) -> str:
    """One line per set and arm, then the means over sets."""
    names = list(dict.fromkeys(a["set"] for a in answers))
    heads = [f"{budget:g} s" for budget in budgets]
    lines = [f"| data set | arm | {' | '.join(heads)} |", f"|---|---|{'---:|' * len(heads)}"]
    failed = {a["set"] for a in answers if "failure" in a}
    shares = {(name, arm): [reached(answers, name, arm, b) for b in budgets] for name in names for arm in arms}
    for name, arm in shares:
        lines.append(f"| {name} | {arm} | {' | '.join(f'{v:.3f}' for v in shares[name, arm])} |")
    whole = [name for name in names if name not in failed]
    for chosen, said in ((names, f"mean of {len(names)}"), (whole, f"mean of the {len(whole)} on which none failed")):
        for arm in arms if chosen and (failed or chosen is names) else []:
            cells = [f"**{v:.3f}**" for v in np.mean([shares[name, arm] for name in chosen], axis=0)]
            lines.append(f"| {said} | {arm} | {' | '.join(cells)} |")
    told = sorted({f"{a['arm']} on {a['set']}: {a['failure']}" for a in answers if "failure" in a})
    versions = [f"{arm} {', '.join(sorted({a['version'] for a in answers if a['arm'] == arm}))}." for arm in arms]
    loads = [a["load"] for a in answers]
    load = f"Load before a run: median {np.median(loads):.1f} of {os.cpu_count()} cores, at most {max(loads)}."
    end = ["", "0 is the trivial prediction, 1 the best of all runs on a set.", load, *versions]
    return "\n".join([*lines, *end, *(f"Failure: {line}" for line in told)])


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--clean", action="store_true", help="Clean sets instead of those of --data.")
    parser.add_argument("--envs", type=Path, help="Folder of one virtual environment per peer.")
    parser.add_argument("--peers", default="autoprep,lightgbm,flaml,autogluon")
    parser.add_argument("--only", default="")
    parser.add_argument("--spread", type=int, default=0, metavar="N", help="N sets, spread over tasks and sizes.")
    parser.add_argument("--drop-leaks", action="store_true", help="autoprep leaves out what gives the target away.")
    parser.add_argument("--budgets", default="10,30,60")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/quality_time"))
    parser.add_argument("--cells", type=Path, default=Path("benchmarks/results/peers/cells.jsonl"))
    parser.add_argument("--redo", action="store_true", help="Run again what is kept.")
    parser.add_argument("--fresh", action="store_true", help="Run again what is kept of another version.")
    args = parser.parse_args()
    if args.data is None and not args.clean:
        raise SystemExit("name the folder with --data or AUTOPREP_DATA, or take --clean")
    pythons = {arm: environment(arm, args.envs) for arm in args.peers.split(",")}
    arms = [arm for arm, python in pythons.items() if python is not None]
    versions = {arm: version_of(arm, distribution(arm), str(pythons[arm])) for arm in arms}
    cells = Cells(args.cells)
    budgets = [float(b) for b in args.budgets.split(",")]
    answers = []
    with tempfile.TemporaryDirectory(prefix="peers-sets-") as folder:
        entries = list(clean_sets(Path(folder))) if args.clean else sets(args.data)
        chosen = [e for e in entries if not args.only or e["name"] in args.only.split(",")]
        chosen = spread(chosen, args.spread) if args.spread else chosen
        for budget in budgets:
            args.time_budget = budget
            for seed in args.seeds.split(","):
                for entry in chosen:
                    for arm in arms:
                        answers.append(run(entry, arm, str(pythons[arm]), int(seed), args, cells, versions[arm]))
    text = table(answers, arms, budgets)
    absent = [arm for arm, python in pythons.items() if python is None]
    if absent:
        text += f" Not installed, so left out: {', '.join(absent)}."
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
