"""autoprep beside its peers, each in its own environment: raw file in, predictions out, same splits, same seconds.

    python benchmarks/peers.py --data FOLDER --envs ENVS --time-budget 60 --seeds 0,1,2

    python benchmarks/peers.py --data FOLDER --envs ENVS --spread 8 --seeds 0     # half an hour instead of thirteen

FOLDER is that of ``supervised.py``. ENVS holds one virtual environment per peer, named as the peer (``ENVS/flaml`` or
``ENVS/flaml/venv``, ``ENVS/autogluon``, ...; what each needs stands in ``PACKAGES``); autoprep and plain LightGBM run
in this one, and so does a peer that is installed here. A peer without an environment is named and left out. ``--clean``
takes scikit-learn's and generated clean sets instead of FOLDER. ``--spread N`` takes N sets, by task in proportion and
evenly from the smallest to the largest, so that nobody chooses them by their results.

All arms see the same columns: autoprep, which leaves out columns that give the target away unless it is told to keep
them, is told to keep them here (``--drop-leaks``: as it does by itself).

Each run is a line of ``cells.jsonl`` beside the table, which is taken from there the next time: with ``--minutes N`` no
run is begun after so long, and the table shows the sets and seeds on which all the arms have been. ``--fresh`` runs
autoprep again where its cells are of another commit.

Every run is a process of its own (``peer_arms.py``) with two threads that turn a thousand times before they sleep. Its
seconds are those from starting to read to a usable model, tools' own imports included; a run is killed, and counts as
a failure, beyond three times the budget + 180 s. Memory is VmHWM of the process. Scores are computed here, by one
function, on the same test rows. The normalised loss of a set is 0 for the best arm and 1 for the trivial prediction
(cut at 1; a failure is 1); its interval is a bootstrap over sets.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from peer_cells import SPIN, Cells, circumstances, halved, version_of
from supervised import GREATER, aligned, labels, metric_of, score, sets, split, target_column

PEERS = ("autoprep", "lightgbm", "catboost", "skrub", "flaml", "autogluon", "h2o", "mljar", "tpot")
HERE = ("autoprep", "lightgbm")
#: What ``pip install`` needs in the environment of each peer; the first word's module is what is looked for.
PACKAGES = {
    "catboost": "catboost pandas scikit-learn",
    "skrub": "skrub lightgbm pandas",
    "flaml": "flaml[automl] lightgbm xgboost",
    "autogluon": "autogluon.tabular[lightgbm,catboost,xgboost]",
    "h2o": "h2o pandas",
    "mljar": "mljar-supervised polars",
    "tpot": "tpot",
}
MODULES = {"autogluon": "autogluon.tabular", "mljar": "supervised.automl"}
DISTRIBUTIONS = {"autogluon": "autogluon.tabular", "mljar": "mljar-supervised"}


def distribution(arm: str) -> str:
    """What an arm's package is called where packages are had: of ``autogluon_good`` that of AutoGluon."""
    package = arm.partition("_")[0]
    return DISTRIBUTIONS.get(package, package)


def environment(arm: str, envs: Path | None) -> str | None:
    """The Python that runs an arm, None when it is not installed."""
    if arm in HERE:
        return sys.executable
    package = arm.partition("_")[0]
    homes = [] if envs is None else [envs / package, envs / package / "venv"]
    there = [str(home / "bin" / "python") for home in homes if (home / "bin" / "python").is_file()]
    for python in [*there, sys.executable]:
        name = MODULES.get(package, package)
        command = [python, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return python
    return None


def rows_of(entry: dict[str, Any]) -> int:
    """Rows of a set, 0 when not known."""
    said = entry.get("rows") or 0
    return max(said.values()) if isinstance(said, dict) else int(said)


def by_size(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By task, within a task from the smallest to the largest."""
    return sorted(entries, key=lambda e: (e["task"], rows_of(e), e["name"]))


def spread(entries: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """So many sets, by task in proportion, evenly from the smallest to the largest of each task.

    Example:
        >>> sets = [{"name": str(n), "task": "binary", "rows": n} for n in (5, 1, 4, 2, 3)]
        >>> [s["name"] for s in spread(sets, 3)]
        ['1', '3', '5']
    """

    found = []
    for task in dict.fromkeys(e["task"] for e in entries):
        own = sorted((e for e in entries if e["task"] == task), key=lambda e: (rows_of(e), e["name"]))
        some = max(1, round(count * len(own) / len(entries)))
        found += [own[i] for i in np.unique(np.linspace(0, len(own) - 1, some).round().astype(int))]
    return found


def clean_sets(folder: Path) -> Iterator[dict[str, Any]]:
    """Sets without dirt, of scikit-learn and generated, written as files."""
    from sklearn import datasets

    loaded = [
        ("breast_cancer", "binary", datasets.load_breast_cancer),
        ("wine", "multiclass", datasets.load_wine),
        ("digits", "multiclass", datasets.load_digits),
        ("diabetes", "regression", datasets.load_diabetes),
    ]
    for name, task, load in loaded:
        x, y = load(return_X_y=True)
        yield _written(folder, name, task, x, y)
    made = dict(n_samples=4_000, n_features=20, n_informative=8, random_state=7)
    yield _written(folder, "made_binary", "binary", *datasets.make_classification(flip_y=0.1, **made))
    yield _written(
        folder, "made_friedman", "regression", *datasets.make_friedman1(4_000, 12, noise=1.0, random_state=7)
    )


def _written(folder: Path, name: str, task: str, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    columns = {f"x{i}": x[:, i] for i in range(x.shape[1])}
    words = y if task == "regression" else np.char.add("c", y.astype(str))
    pl.DataFrame({**columns, "goal": words}).write_csv(folder / f"{name}.csv")
    return {"name": name, "task": task, "target": "goal", "metric": "", "source": str(folder / f"{name}.csv")}


def dealt(entry: dict[str, Any], seed: int, folder: Path) -> dict[str, Any]:
    """The two files of a split, and what judging needs."""
    import autoprep as ap

    table = ap.read(entry["source"])
    frame = table.collect()
    target = target_column(entry["target"], frame.columns, table.headers)
    y, known = labels(frame[target], entry["task"])
    train, test = split(entry, y, known, seed)
    folder.mkdir(parents=True, exist_ok=True)
    frame[train].write_csv(folder / "train.csv")
    frame[test].drop(target).write_csv(folder / "test.csv")
    classes = None if entry["task"] == "regression" else sorted({str(v) for v in [*y[train], *y[test]]})
    shares = None if classes is None else np.array([np.mean(y[train] == c) for c in classes])
    dull = np.full(len(test), np.mean(y[train])) if shares is None else np.tile(shares, (len(test), 1))
    return {"y": y[test], "classes": classes, "target": target, "trivial": dull}


def run(
    entry: dict[str, Any], arm: str, python: str, seed: int, args: argparse.Namespace, cells: Cells, version: str
) -> dict[str, Any]:
    """One arm on one split; what is kept of it already is not run again."""
    dropped = bool(args.drop_leaks and arm == "autoprep")
    kept = cells.get((entry["name"], arm, seed, args.time_budget, dropped, SPIN), version if args.fresh else None)
    if kept is not None and not args.redo:
        return kept
    metric = metric_of(entry)
    answer: dict[str, Any] = {"set": entry["name"], "arm": arm, "seed": seed, "metric": metric}
    answer |= {
        "budget": args.time_budget,
        "version": version,
        "spin": SPIN,
        **circumstances(),
        **({"dropped": True} if dropped else {}),
    }
    place = Path(tempfile.mkdtemp(prefix="peers-"))
    try:
        dealt_ = dealt(entry, seed, place)
        answer["trivial"] = score(metric, dealt_["y"], dealt_["trivial"], dealt_["classes"])
        command = [python, str(Path(__file__).with_name("peer_arms.py").resolve()), arm, "--train", "train.csv"]
        command += ["--test", "test.csv", "--target", dealt_["target"], "--task", entry["task"], "--metric", metric]
        command += ["--drop-leaks"] if args.drop_leaks else []
        command += ["--budget", str(args.time_budget), "--seed", str(seed), "--threads", str(args.threads)]
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        env = os.environ | dict.fromkeys((*names, "POLARS_MAX_THREADS", "LOKY_MAX_CPU_COUNT"), str(args.threads))
        env |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": str(SPIN)}
        most = 3 * args.time_budget + 180
        done = bounded([*command, "--out", "answer"], most, cwd=place, env=env)
        if done.returncode:
            answer["failure"] = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:200]
        else:
            answer |= json.loads((place / "answer.json").read_text())
            with np.load(place / "answer.npz") as arrays:
                values, said = arrays["values"], [str(c) for c in arrays["classes"]]
            if (
                len(np.atleast_1d(values)) != len(dealt_["y"])
                or values.dtype == object
                or not np.isfinite(values).all()
            ):
                raise ValueError(f"{values.shape} for {len(dealt_['y'])} rows, or not finite")
            values = aligned(values, said, dealt_["classes"]) if dealt_["classes"] else values
            answer["score"] = score(metric, dealt_["y"], values, dealt_["classes"])
    except subprocess.TimeoutExpired:
        answer["failure"] = "killed beyond three times the budget"
    except ValueError as error:
        answer["failure"] = f"its predictions cannot be judged: {error}"[:200]
    finally:
        shutil.rmtree(place, ignore_errors=True)
    cells.put(answer)
    print(json.dumps(answer), file=sys.stderr)
    return answer


def bounded(command: list[str], seconds: float, **where: Any) -> subprocess.CompletedProcess[str]:
    """A process that is ended after so many seconds with all that it started: H2O's server outlives who called it.

    Raises:
        subprocess.TimeoutExpired: it was ended.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **where) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            for pid in [*below(process.pid), process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.communicate()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def below(pid: int) -> list[int]:
    """Processes that a process started, and those that they started."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(stat.parent.name))
    found = parents.get(pid, [])
    return [*found, *(one for child in found for one in below(child))]


def losses(answers: list[dict[str, Any]], arms: list[str]) -> np.ndarray:
    """Mean loss over seeds (sets, arms + 1), the last column the trivial prediction; infinite for a failure."""
    names = list(dict.fromkeys(a["set"] for a in answers))
    found = np.full((len(names), len(arms) + 1), np.inf)
    for row, name in enumerate(names):
        here = [a for a in answers if a["set"] == name]
        sign = -1.0 if here[0]["metric"] in GREATER else 1.0
        for column, arm in enumerate(arms):
            own = [a for a in here if a["arm"] == arm]
            if own and all("score" in a for a in own):
                found[row, column] = sign * float(np.mean([a["score"] for a in own]))
        found[row, -1] = sign * float(np.mean([a["trivial"] for a in here if "trivial" in a]))
    return found


def ranks(found: np.ndarray) -> np.ndarray:
    """Rank (sets, arms) by loss from 1, equal ones share their mean; a failure is last."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(np.where(np.isfinite(found), found, np.finfo(float).max), axis=1))


def normalised(found: np.ndarray) -> np.ndarray:
    """Loss (sets, arms): 0 for the best arm, 1 for the trivial prediction or worse and for a failure."""
    own, trivial = found[:, :-1], found[:, -1:]
    best = own.min(axis=1, keepdims=True)
    room = np.maximum(trivial - best, 1e-12)
    with np.errstate(invalid="ignore"):
        share = np.where(np.isfinite(own), (own - best) / room, 1.0)
    return np.clip(share, 0.0, 1.0)


def interval(values: np.ndarray, draws: int = 2_000) -> tuple[float, float]:
    """95% bootstrap interval of a mean over sets."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(draws, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def table(answers: list[dict[str, Any]], arms: list[str], budget: float, absent: list[str]) -> str:
    """Scores by set, then the figures of each arm."""
    names = list(dict.fromkeys(a["set"] for a in answers))
    found = losses(answers, arms)
    lines = [f"| data set | metric | {' | '.join(arms)} | trivial |", f"|---|---|{'---:|' * (len(arms) + 1)}"]
    for name, row in zip(names, found, strict=True):
        metric = next(a["metric"] for a in answers if a["set"] == name)
        cells = [f"{abs(v):.4f}" if np.isfinite(v) else "failed" for v in row]
        lines.append(f"| {name} | {metric} | {' | '.join(cells)} |")
    rank, loss = ranks(found[:, :-1]), normalised(found)
    head = "| arm | mean rank | normalised loss (95%) | autoprep not worse | over budget | most fit s | most MB "
    lines += ["", head + "| predict s | failures |", "|---|---:|---|---:|---:|---:|---:|---:|---:|"]
    ours = found[:, arms.index("autoprep")] if "autoprep" in arms else None
    for place in np.argsort(rank.mean(axis=0), kind="stable"):
        arm = arms[place]
        own = [a for a in answers if a["arm"] == arm]
        good = [a for a in own if "score" in a]
        low, high = interval(loss[:, place])
        wins = "" if ours is None or arm == "autoprep" else f"{np.mean(ours <= found[:, place]):.0%}"
        over = sum(a["fit_s"] > 1.1 * budget + 3 for a in good)
        most = [f"{max((a[k] for a in good), default=0):,.0f}" for k in ("fit_s", "peak_mb")]
        slow = f"{np.median([a['predict_s'] for a in good]):.2f}" if good else ""
        cells = [arm, f"{rank[:, place].mean():.2f}", f"{loss[:, place].mean():.3f} ({low:.3f} to {high:.3f})", wins]
        lines.append(f"| {' | '.join([*cells, str(over), *most, slow, str(len(own) - len(good))])} |")
    runs = len({(a["set"], a["seed"]) for a in answers})
    lines += [
        "",
        f"{len(names)} sets, {runs} splits, {budget:g} s, budgets kept means 10% + 3 s. Same columns for all arms.",
        f"Load of the machine before a run: median {np.median([a['load'] for a in answers]):.1f} of "
        f"{os.cpu_count()} cores, at most {max(a['load'] for a in answers):.1f}.",
    ]
    for arm in arms:
        lines.append(f"{arm} {', '.join(sorted({a['version'] for a in answers if a['arm'] == arm}))}.")
    failed = sorted({f"{a['arm']} on {a['set']}: {a['failure']}" for a in answers if "failure" in a})
    lines += [f"Failure: {line}" for line in failed]
    if absent:
        lines.append(f"Not installed, so left out: {', '.join(absent)}.")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--clean", action="store_true", help="Clean sets instead of those of --data.")
    parser.add_argument("--envs", type=Path, help="Folder of one virtual environment per peer.")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--only", default="")
    parser.add_argument("--spread", type=int, default=0, metavar="N", help="N sets, spread over tasks and sizes.")
    parser.add_argument("--drop-leaks", action="store_true", help="autoprep leaves out what gives the target away.")
    parser.add_argument("--time-budget", type=float, default=60)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/peers"))
    parser.add_argument("--redo", action="store_true", help="Run again what is kept.")
    parser.add_argument("--fresh", action="store_true", help="Run again what is kept of another version.")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="Begin no run after so many.")
    args = parser.parse_args()
    cells = Cells(args.out / "cells.jsonl")
    if args.data is None and not args.clean:
        raise SystemExit("name the folder with --data or AUTOPREP_DATA, or take --clean")
    pythons = {arm: environment(arm, args.envs) for arm in args.peers.split(",")}
    arms = [arm for arm, python in pythons.items() if python is not None]
    with tempfile.TemporaryDirectory(prefix="peers-sets-") as folder:
        entries = list(clean_sets(Path(folder))) if args.clean else sets(args.data)
        chosen = [e for e in entries if not args.only or e["name"] in args.only.split(",")]
        chosen = spread(chosen, args.spread) if args.spread else chosen
        answers, until = [], time.monotonic() + 60 * args.minutes
        versions = {arm: version_of(arm, distribution(arm), str(pythons[arm])) for arm in arms}
        for seed in [int(seed) for seed in args.seeds.split(",")]:
            for entry in halved(by_size(chosen)):
                row = []
                for arm in arms:
                    held = (
                        entry["name"],
                        arm,
                        seed,
                        args.time_budget,
                        bool(args.drop_leaks and arm == "autoprep"),
                        SPIN,
                    )
                    if time.monotonic() > until and cells.get(held) is None:
                        break
                    row.append(run(entry, arm, str(pythons[arm]), seed, args, cells, versions[arm]))
                answers += row if len(row) == len(arms) else []
    if not answers:
        raise SystemExit("no set on which all arms have been; give more --minutes")
    text = table(answers, arms, args.time_budget, [arm for arm, python in pythons.items() if python is None])
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
