"""The canary: with a shuffled target the whole pipeline must score chance; else some step lets the target through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning, reading
from autoprep.budget import Budget
from autoprep.pipeline.prepare import prepare, resolve_column
from autoprep.pipeline.train import FEATURE_SETS, _sides
from autoprep.types import Listener, Table, Task, silent

MOST_ROWS = 10_000
FOLDS = 5
ROUNDS = 100
#: Two-sided chance that an honest pipeline's interval misses chance.
ALARM = 0.01


@dataclass(frozen=True)
class Sign:
    """What one stage scored on a shuffled target.

    Attributes:
        stage: the feature set, or "cleaning" for the cleaned columns alone.
        score: area under the ROC curve (chance 0.5), or the correlation of prediction and truth (chance 0).
        low: lower end of its interval.
        high: upper end.
        chance: what an honest pipeline scores.
        leaks: whether the interval lies above chance.
    """

    stage: str
    score: float
    low: float
    high: float
    chance: float
    leaks: bool


@dataclass(frozen=True)
class Canary:
    """The signs of all stages, in the order of the pipeline, and the first that leaks ("" when none does)."""

    signs: tuple[Sign, ...]
    task: Task

    @property
    def culprit(self) -> str:
        """The first stage whose interval lies above chance."""
        return next((sign.stage for sign in self.signs if sign.leaks), "")


def canary(
    source: Any,
    target: str,
    *,
    task: Task | None = None,
    feature_sets: Mapping[str, Callable[..., Any]] | None = None,
    most_rows: int = MOST_ROWS,
    seed: int = 0,
    listener: Listener = silent,
) -> Canary:
    """Shuffle the target over the rows, run cleaning and every feature set, and see whether anything is learnt.

    Args:
        source: anything that is read, or a Table.
        target: the column to shuffle.
        task: overrules what the target's values say.
        feature_sets: makers of synthesizers by name, instead of the pipeline's own.
        most_rows: of larger tables a sample of rows is used.
        seed: of the shuffle, the sample and the folds.
        listener: hears what is found.

    Raises:
        InputError: the source cannot be read, or there is no such target.
    """
    from autoprep.synthesis import Synthesizer

    table = source if isinstance(source, Table) else reading.read(source, listener=listener)
    column = resolve_column(target, table)
    frame = table.collect()
    frame = frame.filter(pl.col(column).is_not_null())
    rng = np.random.default_rng(seed)
    if frame.height > most_rows:
        frame = frame[np.sort(rng.permutation(frame.height)[:most_rows])]
    shuffled = frame.with_columns(frame[column][rng.permutation(frame.height)].alias(column))
    prepared = prepare(shuffled, target=column, task=task, listener=listener)
    plan = cleaning.for_modelling(prepared.plan)
    cleaned = cleaning.apply(prepared.table, plan)
    typed, y, task = _sides(cleaned, plan, prepared, task)
    specs = [spec for spec in plan.outputs if spec.name in typed.columns]
    makers: Mapping[str, Any] = feature_sets or {
        name: partial(Synthesizer, groups, outputs=specs, task=task, seed=seed) for name, groups in FEATURE_SETS.items()
    }
    return Canary(tuple(_signs(typed, y, task, makers, seed)), task)


def _signs(frame: pl.DataFrame, y: pl.Series, task: Task, makers: Mapping[str, Any], seed: int) -> list[Sign]:
    from autoprep.model_search import metrics, splits
    from autoprep.model_search.limits import Limit
    from autoprep.model_search.target import encode_target
    from autoprep.model_search.threads import load_libraries, one_thread
    from autoprep.model_search.trial import Bench, Configuration

    codes, classes = encode_target(y, task)
    known = splits.suggest(codes, task, frame=frame, folds=FOLDS, repeats=1, seed=seed)
    budget = Budget()
    bench = Bench(
        frame, codes, task=task, classes=len(classes),
        metric=metrics.METRICS["rmse" if task == "regression" else "roc_auc"], splits=known, synthesizers=makers,
        weight=None, budget=budget, seed=seed, memory_bytes=2e8,
    )  # fmt: skip
    limit = Limit(float("inf"), float("inf"), budget.clock)
    found = []
    load_libraries()
    with one_thread():
        for stage in ("", *makers):
            chosen = Configuration("lightgbm", {"rounds": ROUNDS, "num_leaves": 15}, stage)
            scores = []
            for fold, (_, valid) in enumerate(known.folds):
                scores.append(_score(codes[valid], bench.run_blind(chosen, fold, ROUNDS, limit), task))
            found.append(_sign(stage or "cleaning", scores, known.folds, 0.0 if task == "regression" else 0.5))
    return found


def _score(truth: np.ndarray, said: np.ndarray, task: Task) -> float:
    from autoprep.model_search.metrics import roc_auc

    if task != "regression":
        return roc_auc(truth, said, np.ones(len(truth)))
    if said.std() < 1e-12 or truth.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(np.argsort(np.argsort(truth)), np.argsort(np.argsort(said)))[0, 1])


def _sign(stage: str, scores: Sequence[float], folds: Sequence[tuple[Any, Any]], chance: float) -> Sign:
    """The interval counts that folds share training rows (Nadeau and Bengio 2003)."""
    from scipy.stats import t

    values = np.asarray(scores)
    share = float(np.mean([len(valid) / len(train) for train, valid in folds]))
    error = float(values.std(ddof=1) * np.sqrt(1 / len(values) + share))
    reach = float(t.ppf(1 - ALARM / 2, len(values) - 1)) * error
    mean = float(values.mean())
    return Sign(stage, mean, mean - reach, mean + reach, chance, mean - reach > chance)
