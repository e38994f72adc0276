"""Evolution: what time is left goes to children of the best configurations, judged on loss, latency and size at once.

NSGA-II (Deb 2002): parents are drawn by tournament on (front, crowding); children meet one rung of folds first and
go on only where they keep up, so that most of them cost one fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.configuration import Configuration
from autoprep.model_search.race import Race, Runner
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import Bench
from autoprep.model_search.variants import Flips

Array = NDArray[Any]

#: How many configurations are worth trying by the number of training rows: with few rows the best of many is luck.
WORTH = ((100, 6), (500, 16), (2_500, 30), (10_000, 60), (100_000, 120))
POPULATION = 12
CHANGE, SWAP_FEATURES, CROSS, FLIP = 0.35, 0.15, 0.3, 0.15
#: Lossy steps of the cleaning that are flipped under the leader before anything is bred.
FLIPPED_FIRST = 3
#: A child goes on from its first rung when it loses to the leader by at most this many standard errors.
KEEP_UP = 1.0


def worth_trying(rows: int) -> int:
    """Configurations that so many training rows can tell apart, between the points of ``WORTH`` by logarithms.

    Example:
        >>> worth_trying(50), worth_trying(2_500), worth_trying(10**7)
        (6, 30, 120)
    """
    places, counts = zip(*WORTH, strict=True)
    return round(float(np.interp(np.log(max(rows, 1)), np.log(places), counts)))


def telling_rows(y: Array, classes: int) -> int:
    """Rows by which configurations can be told apart: of two classes as many as if they were even (4 n p (1 - p)),
    for of many rows of one class hardly any says more than another.

    Args:
        y: (n,) class codes or values.
        classes: number of classes, 0 for regression.

    Example:
        >>> telling_rows(np.array([0, 1] * 50), 2), telling_rows(np.array([0] * 99 + [1]), 2)
        (100, 4)
    """
    if classes != 2:
        return len(y)
    share = float(np.mean(y == 1))
    return round(4 * len(y) * share * (1 - share))


def fronts(points: Array) -> list[list[int]]:
    """Rows of ``points`` (n, objectives), all to be small, by non-dominated front, the best first.

    Example:
        >>> fronts(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0]]))
        [[0, 1], [2]]
    """
    no_worse = (points[:, None, :] <= points[None, :, :]).all(axis=2)
    better = (points[:, None, :] < points[None, :, :]).any(axis=2)
    dominates = no_worse & better
    left = np.ones(len(points), dtype=bool)
    found = []
    while left.any():
        front = left & ~(dominates & left[:, None]).any(axis=0)
        found.append(np.flatnonzero(front).tolist())
        left &= ~front
    return found


def crowding(points: Array) -> Array:
    """Room around each of the points (n, objectives) of one front; infinite at the ends (n,).

    Example:
        >>> crowding(np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]])).tolist()
        [inf, 2.0, inf]
    """
    room = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        reach = column[order[-1]] - column[order[0]]
        room[order[0]] = room[order[-1]] = np.inf
        if reach > 0 and len(order) > 2:
            room[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / reach
    return room


@dataclass
class Evolution:
    """An evolutionary search among the configurations of a race.

    Attributes:
        bench: where fits happen.
        race: that runs them, its portfolio already judged.
        folds: those that all survivors have been on.
        seed: of all draws.
        say: told of progress.
        born: children so far.
    """

    bench: Bench
    race: Race
    folds: Sequence[int]
    seed: int
    say: Callable[..., None]
    born: int = 0

    def run(self, most: int) -> None:
        """Breed until the race's time is over or ``most`` children were born."""
        rng = np.random.default_rng(self.seed + 7919)
        rung, rest = list(self.folds[: max(1, len(self.folds) // 3)]), list(self.folds[max(1, len(self.folds) // 3) :])
        before = self._leader().mean(self.folds) if self.race.ranked(self.folds) else float("inf")
        self._flip_leader(rung, rest)
        barren = 0
        while self.born < most and self.race.left() > 0 and barren < 5:
            parents = self.population()
            if not parents or self._too_dear(parents, len(rung)):
                break
            children = self._children(parents, rng, min(2 * usable(), most - self.born))
            barren = 0 if children else barren + 1
            if not children:
                continue
            ran = self._judge(children, rung, rest)
            self.born += ran
            if not ran:
                break
        after = self._leader().mean(self.folds) if self.race.ranked(self.folds) else float("inf")
        if self.born:
            self.say(f"evolution: {self.born} children, loss of the best {before:.4g} to {after:.4g}", loss=after)

    def _judge(self, children: list[Configuration], rung: list[int], rest: list[int]) -> int:
        """Run children on the first rung, those that keep up on the rest; how many ran."""
        self.race.batch([(c, f) for f in rung for c in children])
        able = [c for c in children if self._keeps_up(c, rung)]
        if rest and able:
            self.race.batch([(c, f) for f in rest for c in able])
        return sum(1 for c in children if self.race.runner(c).results)

    def _flip_leader(self, rung: list[int], rest: list[int]) -> None:
        """The leader under other cleanings: each lossy step that is least certain turned over, one at a time."""
        variants = self.bench.variants
        if not variants.genes or not self.race.ranked(self.folds):
            return
        leader = self._leader().configuration
        flips = [variants.flipped(leader.cleaning, gene) for gene in variants.genes[:FLIPPED_FIRST]]
        for flipped in flips:
            if variants.room(flipped) and self.race.left() > 0:
                self._judge([replace(leader, cleaning=flipped)], rung, rest)

    def population(self) -> list[Runner]:
        """The survivors, best fronts first, within a front those with most room."""
        ranked = self.race.ranked(self.folds)[: 4 * POPULATION]
        if not ranked:
            return []
        points = objectives(ranked, self.folds)
        found: list[int] = []
        for front in fronts(points):
            room = crowding(points[front])
            found += [front[i] for i in np.argsort(-room, kind="stable")]
        kept = [ranked[i] for i in found[:POPULATION]]
        return kept if ranked[0] in kept else [ranked[0], *kept[:-1]]

    def _leader(self) -> Runner:
        return self.race.ranked(self.folds)[0]

    def _too_dear(self, parents: list[Runner], rung: int) -> bool:
        cost = min(self.bench.estimate(p.configuration, self.folds[0]) for p in parents)
        return cost * rung > self.race.left()

    def _keeps_up(self, child: Configuration, rung: list[int]) -> bool:
        results = self.race.runner(child).results
        if any(f not in results for f in rung):
            return False
        leader = self._leader()
        behind = np.array([results[f].loss - leader.results[f].loss for f in rung])
        spread = float(np.std([leader.results[f].loss for f in self.folds])) / np.sqrt(len(rung))
        return bool(behind.mean() <= KEEP_UP * min(spread, 0.1 * abs(leader.mean(self.folds))))

    def _children(self, parents: list[Runner], rng: np.random.Generator, count: int) -> list[Configuration]:
        found: dict[str, Configuration] = {}
        for _ in range(4 * count):
            if len(found) == count:
                break
            first, second = (self._tournament(parents, rng) for _ in range(2))
            child = self._child(first.configuration, second.configuration, rng)
            if child.key not in self.race.runners:
                found.setdefault(child.key, child)
        return list(found.values())

    @staticmethod
    def _tournament(parents: list[Runner], rng: np.random.Generator) -> Runner:
        return parents[int(rng.integers(len(parents), size=2).min())]

    def _child(self, first: Configuration, second: Configuration, rng: np.random.Generator) -> Configuration:
        parameters = dict(first.parameters)
        for name, axis in self.bench.space(first.family).items():
            if second.family == first.family and name in second.parameters and rng.random() < CROSS:
                parameters[name] = second.parameters[name]
            if rng.random() < CHANGE:
                parameters[name] = axis.near(parameters[name], rng) if name in parameters else axis.draw(rng)
        if "bagging_fraction" in parameters:
            parameters["bagging_freq"] = 1
        features = second.features if rng.random() < SWAP_FEATURES else first.features
        label = first.label.removesuffix(", evolved") + ", evolved"
        cleaning = self._cleaning(first, second, rng)
        return replace(first, parameters=parameters, features=features, label=label, cleaning=cleaning)

    def _cleaning(self, first: Configuration, second: Configuration, rng: np.random.Generator) -> Flips:
        variants = self.bench.variants
        if not variants.genes:
            return first.cleaning
        chosen = second.cleaning if rng.random() < CROSS else first.cleaning
        if rng.random() < FLIP:
            turned = variants.flipped(chosen, variants.genes[int(rng.integers(len(variants.genes)))])
            chosen = turned if variants.room(turned) else chosen
        return chosen


def objectives(runners: Sequence[Runner], folds: Sequence[int]) -> Array:
    """Loss, work of a prediction and numbers kept, per runner (n, 3)."""
    return np.array([[r.mean(folds), *weight_of(r)] for r in runners])


def weight_of(runner: Runner) -> tuple[float, float]:
    """Steps of one prediction and numbers that the model keeps, roughly, by family."""
    configuration, rounds = runner.configuration, max(runner.rounds(), 1.0)
    said, family = configuration.parameters, configuration.family
    result = runner.results[runner.judged()[0]]
    columns, rows = float(result.columns), float(len(result.prediction) * 4)
    leaves = {
        "lightgbm": float(said.get("num_leaves", 31)),
        "histogram_boosting": float(said.get("leaves", 31)),
        "catboost": 2.0 ** float(said.get("depth", 6)),
        "xgboost": 2.0 ** float(said.get("depth", 6)),
        "extra_trees": max(2.0, rows / float(said.get("leaf", 1))),
        "random_forest": max(2.0, rows / float(said.get("leaf", 1))),
    }.get(family)
    if leaves is not None:
        return rounds * float(np.log2(leaves + 1)), rounds * leaves
    if family in ("neighbours", "gaussian_process"):
        return rows * columns, rows * columns
    if family == "network":
        width = float(said.get("width", 64))
        return width * (columns + width / 2), width * (columns + width / 2)
    return columns, columns


def pareto(runners: Sequence[Runner], folds: Sequence[int]) -> list[Runner]:
    """The runners that no other beats in loss, latency and size at once, best loss first."""
    if not runners:
        return []
    return [runners[i] for i in sorted(fronts(objectives(runners, folds))[0], key=lambda i: runners[i].mean(folds))]
