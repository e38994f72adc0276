"""Held-out LightGBM loss with and without the chosen features, beside OpenFE and beside all candidates.

    python benchmarks/selection.py --data FOLDER --openfe OPENFE_VENV/bin/python --out benchmarks/results/selection
    python benchmarks/selection.py --noise 100 --out benchmarks/results/selection

FOLDER holds ``MANIFEST.json`` (see supervised.py). Each set is read and cleaned by autoprep once, at most ``--rows``
rows of it are taken, and each arm widens the same base columns, in the same folds, on the training rows alone:

- raw: the base columns (dates in parts, lengths of texts, missingness);
- chosen: with the features that ``autoprep.selection`` keeps;
- all: with every candidate, unselected;
- openfe: with OpenFE's first 20 features (its README's way), in its own environment. It is patched where it breaks on
  current scikit-learn (``mean_squared_error(squared=)``), and gets training and test rows together, as its
  ``transform`` wants; its group statistics see the test rows. A fold that takes over ``--limit`` seconds
  counts as failed.

The model is one LightGBM for all arms (rate 0.05, up to 500 rounds, stopped on a fifth of the training rows). Loss is
log loss, or squared error over the target's variance. Seconds are CPU seconds of making features, children included.
``--noise N``: N runs with the target replaced by noise; how often is nothing selected?
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from supervised import labels, sets, target_column

OPENFE = r"""
import os, sys, time, warnings, json
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
import sklearn.metrics as m
plain = m.mean_squared_error
def patched(a, b, squared=True, **more):
    value = plain(a, b, **more)
    return value if squared else float(np.sqrt(value))
m.mean_squared_error = patched
import openfe.openfe as inside
inside.mean_squared_error = patched
from openfe import OpenFE, transform
folder, task, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
train, test = pd.read_parquet(folder + "/train.parquet"), pd.read_parquet(folder + "/test.parquet")
y = np.load(folder + "/y.npy")
words = [c for c in train.columns if train[c].dtype == object or str(train[c].dtype) in ("string", "bool", "boolean")]
for c in words:
    levels = sorted(set(map(str, pd.concat([train[c], test[c]]).dropna())))
    for frame in (train, test):
        frame[c] = pd.Categorical(frame[c].map(str, na_action="ignore"), categories=levels)
for c in train.columns:
    if c not in words:
        train[c], test[c] = train[c].astype(float), test[c].astype(float)
start = os.times()
made = OpenFE()
found = made.fit(data=train, label=pd.DataFrame({"target": y}, index=train.index),
                 task="classification" if task != "regression" else "regression",
                 categorical_features=words, n_jobs=2, seed=seed, verbose=False,
                 tmp_save_path=folder + "/openfe.feather")
wide, wide_test = transform(train, test, found[:20], n_jobs=2)
end = os.times()
new = [c for c in wide.columns if c not in train.columns]
wide[new].astype(float).to_parquet(folder + "/new_train.parquet")
wide_test[new].astype(float).to_parquet(folder + "/new_test.parquet")
print(json.dumps({"cpu": sum(end[:4]) - sum(start[:4]), "new": len(new), "candidates": len(found)}))
"""


def cleaned(entry: dict[str, Any], rows: int) -> tuple[pl.DataFrame, list[Any], np.ndarray, str]:
    """Cleaned columns, what they are, the target as codes or values, and the task."""
    from autoprep import cleaning
    from autoprep.pipeline.prepare import prepare
    from autoprep.pipeline.sides import encoded_target
    from autoprep.reading import read

    table = read(entry["source"])
    frame = table.collect()
    target = target_column(entry["target"], frame.columns, table.headers)
    _, known = labels(frame[target], entry["task"])
    table = read(frame.filter(pl.Series(known)))
    prepared = prepare(table, target=target)
    done = cleaning.apply(prepared.table, prepared.plan).frame
    column = prepared.plan.target
    done = done.filter(pl.col(column).is_not_null())
    if done.height > rows:
        done = done.sample(rows, seed=0, shuffle=True)
    task = prepared.plan.task or "regression"
    specs = [s for s in prepared.plan.outputs if s.name in done.columns and s.name != column]
    y = np.asarray(encoded_target(done[column], task))
    return done.drop(column), specs, y, task


def folds_of(y: np.ndarray, task: str, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if task == "regression" or np.unique(y, return_counts=True)[1].min() < count else StratifiedKFold
    return list(kind(count, shuffle=True, random_state=0).split(y, y))


def loss(train: pl.DataFrame, test: pl.DataFrame, y: np.ndarray, truth: np.ndarray, task: str, classes: int) -> float:
    """Held-out loss of the one LightGBM."""
    import lightgbm as lgb

    matrices, words = [], [i for i, c in enumerate(train.columns) if train.schema[c] == pl.String]
    for frame in (train, test):
        columns = []
        for c in train.columns:
            column = frame[c]
            if column.dtype == pl.String:
                levels = train[c].drop_nulls().unique().sort()
                column = column.cast(pl.Enum(levels), strict=False).to_physical()
            columns.append(column.cast(pl.Float64).fill_null(float("nan")).to_numpy())
        matrices.append(np.column_stack(columns))
    rng = np.random.default_rng(0)
    stop = np.zeros(len(y), dtype=bool)
    stop[rng.permutation(len(y))[: max(20, len(y) // 5)]] = True
    settings = {"learning_rate": 0.05, "num_threads": 2, "verbosity": -1, "seed": 0, "deterministic": True}
    if task == "regression":
        settings["objective"] = "regression"
    elif classes == 2:
        settings["objective"] = "binary"
    else:
        settings |= {"objective": "multiclass", "num_class": classes}
    data = lgb.Dataset(matrices[0][~stop], y[~stop], categorical_feature=words)
    model = lgb.train(
        settings, data, num_boost_round=500,
        valid_sets=[lgb.Dataset(matrices[0][stop], y[stop], reference=data, categorical_feature=words)],
        callbacks=[lgb.early_stopping(30, verbose=False)],
    )  # fmt: skip
    said = np.asarray(model.predict(matrices[1]))
    if task == "regression":
        return float(np.mean((truth - said) ** 2) / (np.var(y) or 1.0))
    if classes == 2:
        said = np.column_stack([1 - said, said])
    return float(-np.mean(np.log(np.clip(said[np.arange(len(truth)), truth.astype(int)], 1e-7, 1))))


def openfe(python: str, train: pl.DataFrame, test: pl.DataFrame, y: np.ndarray, task: str, limit: float) -> Any:
    """OpenFE's new columns for training and test rows, and what it cost; why not, in words, when it failed."""
    with tempfile.TemporaryDirectory() as folder:
        # OpenFE parses its features from text, in which a column's own brackets would count.
        plain = [f"c{i}" for i in range(train.width)]
        train.rename(dict(zip(train.columns, plain, strict=True))).write_parquet(f"{folder}/train.parquet")
        test.rename(dict(zip(test.columns, plain, strict=True))).write_parquet(f"{folder}/test.parquet")
        np.save(f"{folder}/y.npy", y)
        command = [python, "-c", OPENFE, folder, task, "1"]
        environment = {**os.environ, "OMP_NUM_THREADS": "2"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment,
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                said, wrong = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                return f"over {limit:.0f} s"
        if process.returncode:
            return (wrong.strip().splitlines() or ["no message"])[-1][:100]
        cost = json.loads(said.strip().splitlines()[-1])
        new = [pl.read_parquet(f"{folder}/new_{part}.parquet").cast(pl.Float64) for part in ("train", "test")]
        # pandas keeps an index column in the file where its index is not a range.
        names = [c for c in new[0].columns if not c.startswith("__index")]
        renamed = [frame.select(pl.col(c).alias(f"openfe_{i}") for i, c in enumerate(names)) for frame in new]
        return renamed[0], renamed[1], cost


def one(entry: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Losses and seconds of each arm on each fold of one set."""
    from autoprep.selection import SelectedFeatures
    from autoprep.synthesis import GROUPS, Synthesizer

    frame, specs, y, task = cleaned(entry, arguments.rows)
    classes = int(y.max()) + 1 if task != "regression" else 0
    answer: dict[str, Any] = {"set": entry["name"], "rows": frame.height, "columns": frame.width, "task": task,
                              "loss": {}, "cpu": {}, "new": [], "openfe": []}  # fmt: skip

    def note(arm: str, value: float, cpu: float) -> None:
        answer["loss"].setdefault(arm, []).append(value)
        answer["cpu"].setdefault(arm, []).append(cpu)

    for number, (learn, held) in enumerate(folds_of(y, task, arguments.folds)):
        train, test, known, truth = frame[learn], frame[held], y[learn], y[held]
        start = time.process_time()
        base = Synthesizer(("base",), outputs=specs, task=task)
        left = base.fit_transform(train, known)
        right = base.transform(test)
        note("raw", loss(left, right, known, truth, task, classes), time.process_time() - start)
        start = time.process_time()
        chosen = SelectedFeatures(task, outputs=specs)
        wide = chosen.fit_transform(train, known)
        wide_test = chosen.transform(test)
        spent = time.process_time() - start
        note("chosen", loss(wide, wide_test, known, truth, task, classes), spent)
        answer["new"].append(len(chosen.selection.chosen))
        start = time.process_time()
        every = Synthesizer(GROUPS, outputs=specs, task=task, most=40, leaves=2)
        wide = every.fit_transform(train, known)
        wide_test = every.transform(test)
        spent = time.process_time() - start
        note("all", loss(wide, wide_test, known, truth, task, classes), spent)
        if arguments.openfe and number < arguments.openfe_folds and not any(answer["openfe"]):
            found = openfe(arguments.openfe, left, right, known, task, arguments.limit)
            if isinstance(found, str):
                answer["openfe"].append(found)
            else:
                wide, wide_test = (
                    pl.concat([left, found[0]], how="horizontal"),
                    pl.concat([right, found[1]], how="horizontal"),
                )
                note("openfe", loss(wide, wide_test, known, truth, task, classes), found[2]["cpu"])
    return answer


def against(first: list[float], second: list[float]) -> tuple[float, float]:
    """Mean of how much less the first loss is, and its standard error over folds."""
    n = min(len(first), len(second))
    less = np.asarray(second[:n]) - np.asarray(first[:n])
    return float(less.mean()), float(less.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


def table(answers: list[dict[str, Any]]) -> str:
    """The table, and what it comes to."""
    lines = [
        "| set | rows | task | raw | chosen | all | OpenFE less chosen | new | better than raw | s.e. "
        "| CPU s | OpenFE's | times |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    better = worse = beats_all = beats_openfe = with_openfe = 0
    times = []
    for a in answers:
        mean = {arm: float(np.mean(v)) for arm, v in a["loss"].items()}
        gain, se = against(a["loss"]["chosen"], a["loss"]["raw"])
        better += gain > 0
        worse += gain < -se
        beats_all += mean["chosen"] <= mean["all"]
        ours = float(np.mean(a["cpu"]["chosen"]))
        peer, ratio, theirs = (a["openfe"] or ["not run"])[0], "", ""
        if "openfe" in a["loss"]:
            with_openfe += 1
            ahead, _ = against(a["loss"]["chosen"], a["loss"]["openfe"])
            beats_openfe += ahead >= 0
            theirs = f"{np.mean(a['cpu']['openfe']):.0f}"
            times.append(float(np.mean(a["cpu"]["openfe"])) / ours)
            peer, ratio = f"{ahead:+.4f}", f"{times[-1]:.0f}x"
        lines.append(
            f"| {a['set']} | {a['rows']} | {a['task']} | {mean['raw']:.4f} | {mean['chosen']:.4f} | {mean['all']:.4f} "
            f"| {peer} | {np.mean(a['new']):.0f} | {gain:+.4f} | {se:.4f} | {ours:.1f} | {theirs} | {ratio} |"
        )
    lines += [
        "",
        f"Better than the base columns on {better} of {len(answers)} sets, worse by more than one standard error on "
        f"{worse}; no worse than all candidates on {beats_all}.",
    ]
    nothing = sum(not any(a["new"]) for a in answers)
    if nothing:
        lines.append(f"On {nothing} nothing was chosen in any fold, so that the loss is that of the base columns.")
    if times:
        lines.append(
            f"No worse than OpenFE on {beats_openfe} of {with_openfe} sets, "
            f"at 1/{np.median(times):.0f} of its CPU seconds (median; least 1/{min(times):.0f})."
        )
    return "\n".join(lines)


def noise(runs: int) -> str:
    """How often nothing is selected for a target of noise: tables of scikit-learn's bundled sets, targets shuffled."""
    from sklearn import datasets

    from autoprep.selection import SelectedFeatures

    tables = {
        "wine": datasets.load_wine, "breast_cancer": datasets.load_breast_cancer, "diabetes": datasets.load_diabetes,
        "iris": datasets.load_iris, "normal": None,
    }  # fmt: skip
    empty, selected = 0, []
    rng = np.random.default_rng(0)
    for run in range(runs):
        name = list(tables)[run % len(tables)]
        made = tables[name]
        if made is None:
            values = rng.normal(size=(600, 8))
            frame = pl.DataFrame({f"x{i}": values[:, i] for i in range(8)})
        else:
            data = made(as_frame=True).data
            frame = pl.from_pandas(data)
        regression = run % 2 == 0
        y = rng.normal(size=frame.height) if regression else rng.integers(0, 2, frame.height).astype(float)
        found = SelectedFeatures("regression" if regression else "binary", seed=run)
        found.fit(frame, y)
        empty += not found.selection.chosen
        selected += [f"{name}: {c}" for c in found.selection.chosen]
    lines = [f"Targets of noise: nothing selected in {empty} of {runs} runs ({empty / runs:.0%})."]
    return "\n".join([*lines, *(f"- {s}" for s in selected)])


def main() -> None:
    """Run the sets one by one, each in a process of its own; a set that is done is not done again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--sets", default="")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--openfe", default="")
    parser.add_argument("--openfe-folds", type=int, default=2)
    parser.add_argument("--limit", type=float, default=600)
    parser.add_argument("--noise", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/selection"))
    parser.add_argument("--one", default="")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.noise:
        said = noise(arguments.noise)
        (arguments.out / "noise.md").write_text(said + "\n")
        print(said)
        return
    entries = sets(Path(arguments.data))
    if arguments.one:
        entry = next(e for e in entries if e["name"] == arguments.one)
        (arguments.out / f"{arguments.one}.json").write_text(json.dumps(one(entry, arguments)))
        return
    wanted = [e["name"] for e in entries if not arguments.sets or e["name"] in arguments.sets.split(",")]
    answers = []
    for name in wanted:
        path = arguments.out / f"{name}.json"
        if not path.exists():
            done = subprocess.run([sys.executable, *sys.argv, "--one", name], capture_output=True, text=True)
            if done.returncode:
                print(f"{name}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}", flush=True)
                continue
        answers.append(json.loads(path.read_text()))
        print(table(answers[-1:]).splitlines()[2], flush=True)
    said = table(answers)
    (arguments.out / "table.md").write_text(said + "\n")
    print(said)


if __name__ == "__main__":
    main()
