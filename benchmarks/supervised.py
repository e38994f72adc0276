"""autoprep beside plain LightGBM on a folder of raw, supervised data sets: one table, one command.

    python benchmarks/supervised.py --data FOLDER --time-budget 30 --seeds 0,1,2 --out benchmarks/results/supervised

FOLDER holds ``MANIFEST.json`` (a list of {name, kind, files, task, target, metric}) and the files. Every set is read as
it is by ``autoprep.read``; its rows are split 75/25 (by order where the metric says "time split", else at random,
stratified for classes), the cells unchanged. Both arms get the same raw text cells:

- autoprep: ``ap.fit(train, target, time_budget_s=...)``, then ``predict`` on the raw test rows;
- plain LightGBM: ``pandas.read_csv`` with defaults on the same cells, text columns as categories, LightGBM's defaults.

Rows without a target are left out; a regression target is read as a number (currency signs and thousands separators
aside), and -1 among otherwise positive numbers, when it is frequent, counts as missing. Each run is a fresh process;
its seconds include reading. By default autoprep leaves columns out that give the target away and plain LightGBM uses
them; with ``--keep-leaks`` both arms see the same columns.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

GREATER = {"roc_auc", "average_precision", "r2"}


def sets(data: Path) -> list[dict[str, Any]]:
    """The supervised sets of the manifest, each with the file to read."""
    found = []
    for entry in json.loads((data / "MANIFEST.json").read_text()):
        if entry["kind"] != "supervised":
            continue
        tables = [f for f in entry["files"] if re.search(r"\.(csv|tsv|dat|parquet)(\.gz)?$", f, re.I)]
        raw = [f for f in tables if not re.search(r"(^|[_\-/])(test|clean(ed)?)[_\-.]", f, re.I)] or tables
        train = [f for f in raw if "train" in Path(f).name.lower()] or raw
        stems = {re.sub(r"_[A-Z]{2}_", "_*_", Path(f).name) for f in train}
        if len(train) > 1 and len(stems) == 1:
            source = str(data / Path(train[0]).parent / stems.pop())
        else:
            source = str(data / train[0])
        found.append({**entry, "source": source})
    return found


def among(found: list[dict[str, Any]], asked: str, usual: str) -> list[dict[str, Any]]:
    """The sets asked for; when none is asked for, the usual ones, or as many others where a folder has none of them."""
    own = [entry for entry in found if entry["name"] in (asked or usual).split(",")]
    return own if own or asked else found[: usual.count(",") + 1]


def target_column(words: str, columns: list[str], headers: Mapping[str, str]) -> str:
    """The column that the manifest's words name: a name, "column 15 (...)", or "last column"."""
    by_header = {h: c for c, h in headers.items()}
    for word in [words, *re.findall(r"'([^']+)'", words), re.sub(r"\s*\(.*\)$", "", words)]:
        for known in (by_header, {c: c for c in columns}):
            if word in known:
                return known[word]
            near = [c for h, c in known.items() if h.strip() == word.strip() or h.startswith(word.split(" ...")[0])]
            if " ..." in word and near:
                return near[0]
            stripped = [c for h, c in known.items() if h.strip() == word.strip()]
            if stripped:
                return stripped[0]
    numbered = re.search(r"column (\d+)", words)
    if numbered:
        return columns[int(numbered.group(1)) - 1]
    if "last" in words:
        return columns[-1]
    raise SystemExit(f"no column for the target {words!r}; columns: {columns}")


def metric_of(entry: Mapping[str, Any]) -> str:
    """The manifest's metric in the field's standard word."""
    words = str(entry["metric"]).lower()
    if entry["task"] == "binary":
        return "average_precision" if words.startswith("pr-auc") else "roc_auc"
    if entry["task"] == "multiclass":
        return "log_loss"
    if "rmsle" in words:
        return "rmsle"
    return "mae" if "mae" in words else "rmse"


def labels(cells: pl.Series, task: str) -> tuple[np.ndarray, np.ndarray]:
    """True values and which rows have one: numbers for regression, trimmed words for classes."""
    text = cells.cast(pl.String).str.strip_chars()
    missing = text.is_null() | text.str.to_lowercase().is_in(["", "?", "na", "nan", "null", "none", "-", "n/a"])
    if task == "regression":
        values = text.str.replace_all(r"[$€£,\s]", "").cast(pl.Float64, strict=False)
        known = ~missing & values.is_not_null() & values.is_finite()
        if ((values > 0) | (values == -1) | ~known).all() and (values == -1).mean() > 0.01:
            known &= values != -1
        return values.to_numpy(), known.to_numpy()
    return text.fill_null("").to_numpy(), (~missing).to_numpy()


def split(entry: Mapping[str, Any], y: np.ndarray, known: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers for training and for the test, 75/25, among rows with a target."""
    from sklearn.model_selection import train_test_split

    rows = np.flatnonzero(known)
    if "time split" in str(entry["metric"]):
        cut = int(len(rows) * 0.75)
        return rows[:cut], rows[cut:]
    strata = None
    if entry["task"] != "regression":
        values, counts = np.unique(y[rows], return_counts=True)
        strata = y[rows] if counts.min() >= 2 else None
        if strata is None:
            rare = set(values[counts < 2])
            rows = np.array([r for r in rows if y[r] not in rare])
            strata = y[rows]
    train, test = train_test_split(rows, test_size=0.25, random_state=seed, stratify=strata)
    return np.sort(train), np.sort(test)


def score(metric: str, y: np.ndarray, values: np.ndarray, classes: list[str] | None) -> float:
    """The metric, by scikit-learn; probabilities clipped, negative regression predictions clipped for logs."""
    from sklearn import metrics

    if metric == "roc_auc":
        return float(metrics.roc_auc_score(y == classes[1], values[:, 1]))
    if metric == "average_precision":
        return float(metrics.average_precision_score(y == classes[1], values[:, 1]))
    if metric == "log_loss":
        clipped = np.clip(values, 1e-15, 1)
        clipped /= clipped.sum(axis=1, keepdims=True)
        place = {c: i for i, c in enumerate(classes)}
        return float(-np.mean(np.log(clipped[np.arange(len(y)), [place[v] for v in y]])))
    if metric == "rmsle":
        return float(np.sqrt(np.mean((np.log1p(np.maximum(values, 0)) - np.log1p(np.maximum(y, 0))) ** 2)))
    if metric == "mae":
        return float(np.mean(np.abs(values - y)))
    return float(np.sqrt(np.mean((values - y) ** 2)))


def aligned(probability: np.ndarray, said: list[str], classes: list[str]) -> np.ndarray:
    """Probabilities with one column per class, in the order of ``classes``; a class never said gets 0."""
    place = {c.strip(): i for i, c in enumerate(said)}
    columns = [probability[:, place[c]] if c in place else np.zeros(len(probability)) for c in classes]
    return np.stack(columns, axis=1)


def plain_lightgbm(
    train: pl.DataFrame, test: pl.DataFrame, target: str, task: str, y: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """pandas' defaults, text as categories, LightGBM's defaults."""
    import lightgbm
    import pandas as pd

    def reread(frame: pl.DataFrame) -> pd.DataFrame:
        return pd.read_csv(io.BytesIO(frame.drop(target).write_csv().encode()), low_memory=False)

    left, right = reread(train), reread(test)
    for name in left.columns:
        if not pd.api.types.is_numeric_dtype(left[name]) or not pd.api.types.is_numeric_dtype(right[name]):
            left[name] = left[name].astype(str).where(left[name].notna()).astype("category")
            known = left[name].cat.categories
            right[name] = pd.Categorical(right[name].astype(str).where(right[name].notna()), categories=known)
    left.columns = right.columns = [f"f{i}" for i in range(left.shape[1])]
    if task == "regression":
        return lightgbm.LGBMRegressor(verbose=-1, n_jobs=2).fit(left, y).predict(right), []
    model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=2).fit(left, y)
    return model.predict_proba(right), [str(c) for c in model.classes_]


def one(entry: dict[str, Any], arm: str, seed: int, budget: float, keep_leaks: bool = False) -> dict[str, Any]:
    """One arm on one set with one seed."""
    import autoprep as ap

    metric, task = metric_of(entry), entry["task"]
    started = time.perf_counter()
    table = ap.read(entry["source"])
    frame = table.collect()
    read_s = time.perf_counter() - started
    target = target_column(entry["target"], frame.columns, table.headers)
    y, known = labels(frame[target], task)
    train_rows, test_rows = split(entry, y, known, seed)
    train, test = frame[train_rows], frame[test_rows]
    answer: dict[str, Any] = {"set": entry["name"], "arm": arm, "seed": seed, "rows": frame.height, "metric": metric}
    classes = None if task == "regression" else sorted(set(y[train_rows]) | set(y[test_rows]))
    if classes and task == "binary" and len(classes) != 2:
        raise SystemExit(f"{entry['name']}: {len(classes)} classes in a binary target: {classes[:5]}")
    cpu = time.process_time()
    started = time.perf_counter()
    if arm == "lightgbm":
        values, said = plain_lightgbm(train, test, target, task, y[train_rows])
        fit_s = time.perf_counter() - started
    else:
        model = ap.fit(train, target, time_budget_s=budget - read_s, seed=seed, metric=metric, keep_leaks=keep_leaks)
        fit_s = time.perf_counter() - started
        predicted = model.predict_frame(test.drop(target))
        names = [c for c in predicted.columns if c.startswith("probability_")]
        said = [n.removeprefix("probability_") for n in names]
        values = (
            predicted["prediction"].cast(pl.Float64).to_numpy()
            if task == "regression"
            else predicted.select(names).to_numpy()
        )
        answer |= {
            "findings": len(model.findings),
            "changes": model.ledger.height,
            "actions": len(model.plan.applied()),
        }
        answer["best"] = model.leaderboard.trials[0].model if model.leaderboard.trials else ""
    if classes:
        values = aligned(values, said, classes)
    answer |= {"score": score(metric, y[test_rows], values, classes), "seconds": read_s + fit_s, "read_s": read_s}
    answer["cpu_s"] = time.process_time() - cpu
    return answer


def run(entry: dict[str, Any], arm: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """One run in a fresh process, its answer kept in a file so that a stopped benchmark goes on."""
    told = "-kept" if args.keep_leaks and arm == "autoprep" else ""
    kept = args.out / "raw" / f"{entry['name']}-{arm}-{seed}-{args.time_budget:g}{told}.json"
    if kept.is_file() and not args.redo:
        return json.loads(kept.read_text())
    command = [
        sys.executable,
        __file__,
        "--one",
        json.dumps(entry),
        arm,
        str(seed),
        "--time-budget",
        str(args.time_budget),
        *(["--keep-leaks"] if args.keep_leaks else []),
    ]
    env = os.environ | {
        "OMP_NUM_THREADS": str(args.threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "POLARS_MAX_THREADS": str(args.threads),
    }
    done = subprocess.run(
        command, capture_output=True, text=True, env=env, timeout=10 * args.time_budget + 300, check=False
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        why = (done.stderr.strip().splitlines() or ["no output"])[-1]
        answer = {"set": entry["name"], "arm": arm, "seed": seed, "failure": why[:300]}
    else:
        answer = json.loads(lines[-1])
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(answer))
    print(json.dumps(answer), file=sys.stderr)
    return answer


def table(answers: list[dict[str, Any]], budget: float) -> str:
    """The table in Markdown, and the counts beneath it."""
    names = list(dict.fromkeys(a["set"] for a in answers))
    lines = [
        "| data set | rows | metric | autoprep | plain LightGBM | not worse | seconds (max) | findings | changes |",
        "|---|---:|---|---:|---:|---|---:|---:|---:|",
    ]
    wins = overruns = failures = 0
    for name in names:
        ours = [a for a in answers if a["set"] == name and a["arm"] == "autoprep"]
        theirs = [a for a in answers if a["set"] == name and a["arm"] == "lightgbm"]
        broken = [a for a in ours if "failure" in a]
        failures += len(broken)
        if broken or not theirs or any("failure" in a for a in theirs):
            why = broken[0]["failure"] if broken else next((a["failure"] for a in theirs if "failure" in a), "not run")
            lines.append(f"| {name} | | | failed: {why[:80]} | | no | | | |")
            continue
        mean, other = (float(np.mean([a["score"] for a in arm])) for arm in (ours, theirs))
        better = mean >= other if ours[0]["metric"] in GREATER else mean <= other
        wins += better
        slowest = max(a["seconds"] for a in ours)
        overruns += slowest > budget * 1.1 + 3
        row = [
            name,
            f"{ours[0]['rows']:,}",
            ours[0]["metric"],
            f"{mean:.4f}",
            f"{other:.4f}",
            "yes" if better else "no",
            f"{slowest:.1f}",
            f"{np.mean([a['findings'] for a in ours]):.0f}",
            f"{np.mean([a['changes'] for a in ours]):,.0f}",
        ]
        lines.append(f"| {' | '.join(row)} |")
    lines += [
        "",
        f"Same or better than plain LightGBM: {wins} of {len(names)}. Failures: {failures}. "
        f"Over the budget by more than 10% + 3 s: {overruns}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--only", default="")
    parser.add_argument("--time-budget", type=float, default=30)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/supervised"))
    parser.add_argument("--arms", default="lightgbm,autoprep")
    parser.add_argument("--redo", action="store_true")
    parser.add_argument("--keep-leaks", action="store_true", help="Both arms see columns that give the target away.")
    parser.add_argument("--one", nargs=3, metavar=("ENTRY", "ARM", "SEED"))
    args = parser.parse_args()
    if args.one:
        entry, arm, seed = args.one
        print(json.dumps(one(json.loads(entry), arm, int(seed), args.time_budget, args.keep_leaks)))
        return
    if args.data is None:
        raise SystemExit("name the folder with --data or AUTOPREP_DATA")
    chosen = [e for e in sets(args.data) if not args.only or e["name"] in args.only.split(",")]
    work = [(e, arm, int(s)) for s in args.seeds.split(",") for e in chosen for arm in args.arms.split(",")]
    with ThreadPoolExecutor(args.jobs) as pool:
        answers = list(pool.map(lambda w: run(*w, args), work))
    text = table(answers, args.time_budget)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
