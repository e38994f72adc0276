"""The race: configurations meet the folds one by one, the slower half leaves, and the clock is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import plural
from autoprep.kernels.one_each import one_each
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.journal import Journal
from autoprep.model_search.limits import Limit, OutOfTime, Unfit
from autoprep.model_search.models import MODELS
from autoprep.model_search.prepared import SKETCH
from autoprep.model_search.remembered import recall, remember
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import Bench, FoldResult

Array = NDArray[Any]

#: What is said of a configuration that the clock has kept out, and of one that it has stopped.
NOT_TRIED, NO_MORE = "not tried: some", "no time for more folds"
#: Seconds that the first model of all may take even when the budget is spent.
LEAST_S = 1.0
#: Shares of the search's time: when a race ends before anything is known of refitting, at the soonest, at the latest.
FIRST_END, LEAST_END, LAST_END = 0.72, 0.65, 0.93
#: Models for whose refit time is kept back.
REFITTED = 3
#: How far threads share the work of a fit: the exponent of what twice as many are worth.
SHARED = 0.85
#: Seconds per judged row that mixing and calibrating takes, and the share of the search's time that they have at most.
FINISH_S, MOST_FINISH = 1e-4, 0.08
#: By what share a runner that lacked the time for more folds must lead for fewer folds to decide; in time, where a fold
#: is a season of its own.
CLEAR_LEAD, CLEAR_LEAD_IN_TIME = 0.01, 0.1
#: How many times the leader's loss another family may have and still go on for the sake of variety.
OTHER_WITHIN = 1.15


@dataclass
class Runner:
    """One configuration in the race."""

    configuration: Configuration
    results: dict[int, FoldResult] = field(default_factory=dict)
    note: str = ""
    dropped: bool = False

    def judged(self) -> list[int]:
        """The folds it has been on; the sketch only when there is nothing else."""
        return [f for f in self.results if f != SKETCH] or list(self.results)

    def mean(self, folds: Iterable[int] | None = None) -> float:
        """Mean loss over folds; infinite when one is missing."""
        wanted = self.judged() if folds is None else list(folds)
        if not wanted or any(f not in self.results for f in wanted):
            return float("inf")
        return float(np.mean([self.results[f].loss for f in wanted]))

    def error(self, folds: Iterable[int]) -> float:
        """Standard error of the mean loss over folds that it has been on."""
        losses = [self.results[f].loss for f in folds]
        return float(np.std(losses, ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else 0.0

    def rounds(self) -> float:
        """Mean rounds over folds."""
        return float(np.mean([self.results[f].part.model.rounds for f in self.judged()]))

    def factor(self) -> float:
        """Mean factor of the target scale over folds."""
        return float(np.mean([self.results[f].part.scale.factor for f in self.judged()]))

    def cost(self, rows: int, bench: Bench) -> float:
        """Seconds or units of one fit on that many rows, alone, by what the folds took."""
        spread = MODELS[self.configuration.family].threads(rows, usable())
        share = [
            (r.units if bench.budget.deterministic else r.fit_s * (r.threads / spread) ** SHARED)
            * rows
            / len(bench.rows(f)[0])
            for f in self.judged()
            for r in [self.results[f]]
        ]
        return float(np.mean(share)) if share else float("inf")


class Race:
    """Runs configurations on folds while there is time.

    Args:
        bench: where fits happen.
        folds: the folds that are used, in order.
        start: seconds or units that were spent before it.
        total: seconds or units that the whole search may take; refitting what is kept is reserved out of it.
        say: told when a configuration leads.
        journal: keeps finished trials, and knows those of an interrupted search.
    """

    def __init__(
        self,
        bench: Bench,
        folds: Sequence[int],
        start: float,
        total: float,
        say: Callable[..., None],
        journal: Journal | None = None,
    ) -> None:
        self.journal = journal
        self.bench, self.folds, self._say = bench, list(folds), say
        self.start, self.total = start, total
        self._in_time = bench.splits.kind == "time"
        self.alone = len(self.folds) == 1 and not self._in_time
        self.end = start + (LAST_END if self.alone else FIRST_END) * total
        self.runners: dict[str, Runner] = {}

    def _reserve(self) -> None:
        """End in time to refit the leaders on all rows, to mix and to calibrate them."""
        folds = self.settled()
        ranked = self.ranked(folds)[:REFITTED] if folds else []
        if not ranked:
            return
        room = (1 - LEAST_END) * self.total
        for count in range(len(ranked), 0, -1):
            cost = self._refits(ranked[:count])
            if cost <= room:
                break
        else:
            # Not even one: a hold-out's models have seen most rows, and better ones are worth more than all rows.
            # Unless they follow in time: then the newest rows are learnt from by a refit only.
            cost = 0.0 if self.alone else room
        if self.alone and not all(ranked[0].results[fold].complete for fold in folds):
            # The leader itself lacks time.
            cost = 0.0
        late = LAST_END * self.total - self._finishing(folds)
        self.end = self.start + max(LEAST_END * self.total, late - cost)

    def _finishing(self, folds: Sequence[int]) -> float:
        """Seconds that mixing and calibrating the predictions of these folds takes; no work is counted for them."""
        if self.bench.budget.deterministic:
            return 0.0
        judged = [valid for fold in folds if (valid := self.bench.rows(fold)[1]) is not None]
        return min(MOST_FINISH * self.total, FINISH_S * sum(map(len, judged)))

    def _refits(self, runners: Sequence[Runner]) -> float:
        """Seconds or units to refit these on all rows."""
        rows = self.bench.frame.height
        fits = sum(1.2 * r.cost(rows, self.bench) for r in runners)
        return fits + max(self.bench.prepare_cost(r.configuration, -1) for r in runners)

    def left(self) -> float:
        """Seconds or units until the race is over."""
        return max(0.0, self.end - self.bench.budget.spent())

    def limit(self, share: float | None = None, threads: int = 1) -> Limit:
        """A limit at the end of the race, or this many seconds or units from now if that is sooner."""
        budget = self.bench.budget
        left = self.left() if share is None else min(share, self.left())
        if budget.deterministic:
            return Limit(float("inf"), left, budget.clock, self.bench.stop, threads)
        return Limit(budget.clock() + left, float("inf"), budget.clock, self.bench.stop, threads)

    def runner(self, configuration: Configuration) -> Runner:
        """The runner of a configuration, entered when new."""
        return self.runners.setdefault(configuration.key, Runner(configuration))

    def step(self, configuration: Configuration, fold: int, most: float | None = None) -> FoldResult | None:
        """Run one configuration on one fold, unless it has been or would take too long; None when not run."""
        self.batch([(configuration, fold)], most)
        return self.runner(configuration).results.get(fold)

    def pilot(self, configuration: Configuration, fold: int, most: float) -> FoldResult | None:
        """Run one configuration on one fold whatever the time: it has at least ``LEAST_S`` seconds."""
        runner, budget = self.runner(configuration), self.bench.budget
        if budget.deterministic:
            return self.step(configuration, fold, most)
        held = recall(self.journal, configuration, fold)
        if held is not None:
            self.bench.view(configuration.features, fold, configuration.cleaning)
            runner.results[fold] = held
            return held
        until = budget.clock() + most
        self.bench.sides(configuration, fold)
        result = None
        for _ in range(2):
            # What was prepared in vain the first time is there the second time.
            until = max(until, budget.clock() + LEAST_S)
            limit = Limit(until, float("inf"), budget.clock, self.bench.stop, usable())
            try:
                result = self.bench.run(configuration, fold, limit)
            except OutOfTime:
                runner.note = "out of time"
            except Unfit as reason:
                runner.note = str(reason)
                return None
            else:
                runner.note = ""
                break
        if result is None:
            return None
        if not np.isfinite(result.loss):
            return None
        runner.results[fold] = result
        remember(self.journal, configuration, fold, result)
        self._reserve()
        return result

    def batch(self, jobs: Sequence[tuple[Configuration, int]], most: float | None = None) -> None:
        """Run jobs side by side, in this order, as long as there is time for the next.

        With a budget of work the jobs are chosen beforehand by what they are expected to cost, so that the choice
        does not depend on which of them ends first.
        """
        wanted = [(self.runner(c), f) for c, f in jobs if f not in self.runner(c).results]
        planned = 0.0
        entered: list[tuple[Runner, int]] = []
        for runner, fold in wanted:
            expected = self.bench.estimate(runner.configuration, fold)
            if self._refused(runner, fold, expected, planned if self.bench.budget.deterministic else 0.0):
                continue
            planned += expected
            self.bench.view(runner.configuration.features, fold, runner.configuration.cleaning)
            entered.append((runner, fold))
        if len(entered) <= 1 or usable() == 1:
            results = [self._run(runner, fold, most, usable()) for runner, fold in entered]
        else:
            results = self._side_by_side(entered, most)
        for (runner, fold), result in zip(entered, results, strict=True):
            if result is not None:
                self.bench.budget.charge(result.units)
                self.bench.learn_units(runner.configuration, fold, result)
                runner.results[fold] = result
        for runner, _ in wanted:
            if runner.results and runner.note.startswith(NOT_TRIED):
                # A fold beside the one that was refused has been run since.
                runner.note = NO_MORE
        self._reserve()

    def _side_by_side(self, entered: list[tuple[Runner, int]], most: float | None) -> list[FoldResult | None]:
        with one_each(), ThreadPoolExecutor(usable()) as pool:
            futures = [pool.submit(self._run, runner, fold, most) for runner, fold in entered]
            try:
                return [future.result() for future in futures]
            except BaseException:
                self.bench.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _refused(self, runner: Runner, fold: int, expected: float, planned: float) -> bool:
        family = MODELS[runner.configuration.family]
        rows = len(self.bench.rows(fold)[0])
        left = self.left() - planned
        if rows > family.most_rows:
            runner.note = f"not tried on {rows:,} rows"
            return True
        first = family.name == "lightgbm" and self.runners_done() == 0
        if left <= 0 or (expected > left and not first):
            runner.note = NO_MORE if runner.results else f"{NOT_TRIED} {expected:.1f} s expected"
            return True
        if self.runners_done() and self.bench.crowded():
            runner.note = f"not tried: the memory ceiling of {self.bench.ceiling_bytes / 1e9:g} GB is reached"
            return True
        return False

    def _run(self, runner: Runner, fold: int, most: float | None, threads: int = 1) -> FoldResult | None:
        configuration = runner.configuration
        timed = not self.bench.budget.deterministic
        held = recall(self.journal, configuration, fold)
        if held is not None:
            if not timed and not self.bench.stop.is_set():
                # What later trials are expected to cost hangs on which matrices are there.
                self.bench.sides(configuration, fold)
            return held
        expected = self.bench.estimate(configuration, fold)
        if self.bench.stop.is_set() or (timed and self._refused(runner, fold, expected, 0.0)):
            return None
        try:
            self.bench.sides(configuration, fold)
            result = self.bench.run(configuration, fold, self.limit(most or max(4 * expected, 0.5), threads))
        except OutOfTime:
            runner.note = "out of time"
            return None
        except Unfit as reason:
            runner.note = f"cannot be fitted: {reason}"
            return None
        if not np.isfinite(result.loss):
            runner.note = "its loss is not a number"
            return None
        if not result.complete:
            runner.note = "stopped by the clock"
        if not self.bench.stop.is_set():
            remember(self.journal, configuration, fold, result)
        return result

    def runners_done(self) -> int:
        """Runners with at least one result."""
        return sum(1 for r in self.runners.values() if r.results)

    def ranked(self, folds: Sequence[int] | None = None) -> list[Runner]:
        """Runners that have been on all these folds (all used folds when None), best first."""
        wanted = self.folds if folds is None else list(folds)
        found = [r for r in self.runners.values() if all(f in r.results for f in wanted)]
        return sorted(found, key=lambda r: r.mean(wanted))

    def settled(self) -> list[int]:
        """The folds that decide: as many as possible on which at least three runners (or all there are) stand, and
        so few that no runner which only lacked time for more of them is clearly ahead. In time one runner is enough
        where else a single fold would decide: who is ahead on one stretch of it says little of the next.
        """
        found = self._settled(3)
        return self._settled(1) if self._in_time and len(found) == 1 else found

    def _settled(self, least: int) -> list[int]:
        runners = [r for r in self.runners.values() if self.folds[0] in r.results]
        found: list[int] = []
        for count in range(len(self.folds), 0, -1):
            folds = self.folds[:count]
            standing = self.ranked(folds)
            if not standing or len(standing) < min(least, len(runners)):
                continue
            found = found or folds
            late = [r for r in runners if not r.dropped and r not in standing]
            if not any(self._ahead(r, standing) for r in late):
                return folds
        return self.folds[:1] if found else []

    def _ahead(self, late: Runner, standing: list[Runner]) -> bool:
        """Whether a runner was clearly better than all of these on the folds it had time for."""
        prefix = []
        for fold in self.folds:
            if fold not in late.results:
                break
            prefix.append(fold)
        lead = CLEAR_LEAD_IN_TIME if self._in_time else CLEAR_LEAD
        return late.mean(prefix) < (1 - lead) * min(r.mean(prefix) for r in standing)

    def halve(self, configurations: Sequence[Configuration], rungs: Sequence[Sequence[int]], least: int = 4) -> None:
        """Successive halving (Jamieson 2016): after each rung of folds the better half goes on.

        The best boosted configuration and the best of any other family go on too, unless they are far behind.
        """
        field_ = list(configurations)
        seen: list[int] = []
        for number, rung in enumerate(rungs):
            able = [c for c in field_ if all(f in self.runner(c).results for f in seen)]
            able = sorted(able, key=lambda c: self.runner(c).mean(seen)) if seen else able
            self.batch([(c, f) for c in able for f in rung])
            reached = [f for f in rung if any(f in self.runner(c).results for c in able)]
            if not reached:
                return
            seen += reached
            alive = [self.runner(c) for c in field_]
            alive = sorted((r for r in alive if all(f in r.results for f in seen)), key=lambda r: r.mean(seen))
            if not alive:
                return
            loss = alive[0].mean(seen)
            told = f"{alive[0].configuration.label} leads after {plural(len(seen), 'fold')}: loss {loss:.4g}"
            self._say(told, loss=loss, folds=len(seen))
            keep = max(least, -(-len(alive) // 2)) if number < len(rungs) - 1 else len(alive)
            kept = alive[:keep]
            for boosted in (True, False):
                best = next((r for r in alive if (r.configuration.family == "lightgbm") == boosted), None)
                near = best is not None and best.mean(seen) <= OTHER_WITHIN * alive[0].mean(seen)
                if best is not None and best not in kept and near:
                    kept.append(best)
            for runner in alive:
                runner.dropped = runner not in kept
            field_ = [r.configuration for r in kept]
            if self.left() <= 0:
                return


def rungs_of(folds: Sequence[int], rows: int) -> list[list[int]]:
    """Folds per rung: one, then two, then the rest; for few rows, where folds are noisy, two, three, five, the rest.

    Example:
        >>> rungs_of(range(5), 5_000), rungs_of(range(10), 800)
        ([[0], [1, 2], [3, 4]], [[0, 1], [2, 3, 4], [5, 6, 7, 8, 9]])
    """
    all_ = list(folds)
    cuts = (2, 5, 10) if rows < 1_500 else (1, 3)
    parts = [all_[start:end] for start, end in zip((0, *cuts), (*cuts, len(all_)), strict=True)]
    return [part for part in parts if part]
