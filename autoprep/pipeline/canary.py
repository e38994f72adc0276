"""The canary: with a shuffled target the whole pipeline must score chance; else some step lets the target through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning, reading
from autoprep.budget import Budget
from autoprep.config import Config
from autoprep.errors import InputError, plural
from autoprep.pipeline.prepare import prepare, resolve_column
from autoprep.pipeline.sides import model_rows
from autoprep.pipeline.train import FEATURE_SETS
from autoprep.types import Event, Listener, Plan, Table, Task, silent

MOST_ROWS = 10_000
FOLDS = 5
ROUNDS = 100
#: Rows with a target, and rows of the rarer of two classes, below which no stage learns anything, leaking or not.
LEAST_ROWS, LEAST_OF_CLASS = 50, 10
#: Two-sided chance that an honest pipeline's interval misses chance.
ALARM = 0.01
#: Columns of a leaking stage that are named.
MOST_CARRIERS = 5


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
        carriers: number columns of a leaking stage that tell the target of rows they were not learnt from, the
            clearest first.
    """

    stage: str
    score: float
    low: float
    high: float
    chance: float
    leaks: bool
    carriers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Canary:
    """The signs of all stages, in the order of the pipeline, and the first that leaks ("" when none does)."""

    signs: tuple[Sign, ...]
    task: Task

    def to_dict(self) -> dict[str, Any]:
        """Plain values.

        Example:
            >>> Canary((Sign("base", 0.5, 0.4, 0.6, 0.5, False),), "binary").to_dict()["culprit"]
            ''
        """
        return {"task": self.task, "culprit": self.culprit, "signs": [asdict(sign) for sign in self.signs]}

    @property
    def culprit(self) -> str:
        """The first stage whose interval lies above chance."""
        return next((sign.stage for sign in self.signs if sign.leaks), "")


def canary(
    source: Any,
    target: str,
    *,
    task: Task | None = None,
    plan: Plan | None = None,
    rules: Sequence[Any] | None = None,
    config: Config | None = None,
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
        plan: a reviewed plan to clean by, instead of one that is proposed.
        rules: folders of a user's own rules.
        config: a project's settings.
        feature_sets: makers of synthesizers by name, instead of the pipeline's own.
        most_rows: of larger tables a sample of rows is used.
        seed: of the shuffle, the sample and the folds.
        listener: hears what is found.

    Raises:
        InputError: the source cannot be read, there is no such target, or the rows are too few to judge.
    """
    from autoprep.synthesis import Synthesizer

    table = source if isinstance(source, Table) else reading.read(source, listener=listener)
    column = resolve_column(target, table)
    frame = table.collect()
    frame = frame.filter(pl.col(column).is_not_null())
    _refuse_few(frame.height, LEAST_ROWS, "with a target", table.source.uri)
    rng = np.random.default_rng(seed)
    if frame.height > most_rows:
        frame = frame[np.sort(rng.permutation(frame.height)[:most_rows])]
    shuffled = frame.with_columns(frame[column][rng.permutation(frame.height)].alias(column))
    prepared = prepare(
        replace(table, frame=shuffled.lazy()), target=target, task=task, plan=plan, rules=rules, config=config,
        listener=listener,
    )  # fmt: skip
    plan = cleaning.with_outputs(cleaning.for_modelling(prepared.plan), prepared.profile)
    cleaned = cleaning.apply(prepared.table, plan)
    typed, y, task = model_rows(cleaned, plan, prepared, task)
    if task == "binary":
        counts = y.cast(pl.String).value_counts(sort=True)
        _refuse_few(counts["count"][-1], LEAST_OF_CLASS, f"of '{counts[counts.columns[0]][-1]}'", table.source.uri)
    specs = [spec for spec in plan.outputs if spec.name in typed.columns]
    makers: Mapping[str, Any] = feature_sets or {
        name: partial(Synthesizer, groups, outputs=specs, task=task, seed=seed) for name, groups in FEATURE_SETS.items()
    }
    return Canary(tuple(_signs(typed, y, task, makers, seed, listener)), task)


def _refuse_few(rows: int, least: int, which: str, where: str) -> None:
    if rows < least:
        raise InputError(
            f"too few rows to judge: {plural(rows, 'row')} {which}",
            where=where,
            hint=f"at least {least} are needed to tell a leak from chance",
        )


def _signs(
    frame: pl.DataFrame, y: pl.Series, task: Task, makers: Mapping[str, Any], seed: int, listener: Listener
) -> list[Sign]:
    from autoprep.model_search import metrics, splits
    from autoprep.model_search.configuration import Configuration
    from autoprep.model_search.limits import Limit
    from autoprep.model_search.target import encode_target
    from autoprep.model_search.threads import load_libraries, one_thread
    from autoprep.model_search.trial import Bench

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
            sign = _sign(stage or "cleaning", scores, known.folds, 0.0 if task == "regression" else 0.5)
            found.append(replace(sign, carriers=_carriers(bench, stage)) if sign.leaks else sign)
            listener(Event("canary", f"{sign.stage}: {sign.score:.3f}, chance {sign.chance:g}"))
    return found


def _carriers(bench: Any, stage: str) -> tuple[str, ...]:
    """Columns whose values in the judged rows go with those rows' target: what no honest column does.

    Categories count by the mean target of the training rows. The threshold is that of a rank correlation over all
    judged rows, shared among the columns (Bonferroni).
    """
    from scipy.stats import norm

    views = [bench.view(stage, fold) for fold in range(len(bench.splits.folds))]
    shared = set.intersection(*(set(view.valid.columns) for view in views))
    columns = [name for name in views[0].valid.columns if name in shared]
    away = float(norm.ppf(1 - ALARM / (2 * max(len(columns), 1)))) / np.sqrt(
        sum(len(valid) for _, valid in bench.splits.folds)
    )
    told = {}
    for name in columns:
        found = [
            _rank_correlation(bench.y[valid], _numbers(view.train[name], view.valid[name], bench.y[train]))
            for view, (train, valid) in zip(views, bench.splits.folds, strict=True)
        ]
        told[name] = abs(float(np.mean(found)))
    ranked = sorted((name for name in columns if told[name] > away), key=lambda name: -told[name])
    return tuple(ranked[:MOST_CARRIERS])


def _numbers(train: pl.Series, valid: pl.Series, y: np.ndarray) -> np.ndarray:
    """A column of judged rows as numbers (n,), empty ones their mean."""
    if train.dtype.is_numeric() or train.dtype == pl.Boolean:
        values = valid.cast(pl.Float64)
    else:
        keys = pl.DataFrame({"key": train.cast(pl.String), "y": y.astype(np.float64)}).group_by("key").agg(pl.mean("y"))
        values = pl.DataFrame({"key": valid.cast(pl.String)}).join(keys, on="key", how="left", maintain_order="left")[
            "y"
        ]
    values = values.fill_nan(None)
    return np.asarray(values.fill_null(values.mean() if values.count() else 0.0).to_numpy())


def _score(truth: np.ndarray, said: np.ndarray, task: Task) -> float:
    from autoprep.model_search.metrics import roc_auc

    if task != "regression":
        return roc_auc(truth, said, np.ones(len(truth)))
    return _rank_correlation(truth, said)


def _rank_correlation(truth: np.ndarray, said: np.ndarray) -> float:
    from scipy.stats import rankdata

    if said.std() < 1e-12 or truth.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(rankdata(truth), rankdata(said))[0, 1])


def _sign(stage: str, scores: Sequence[float], folds: Sequence[tuple[Any, Any]], chance: float) -> Sign:
    """The interval counts that folds share training rows (Nadeau and Bengio 2003)."""
    from scipy.stats import t

    values = np.asarray(scores)
    share = float(np.mean([len(valid) / len(train) for train, valid in folds]))
    error = float(values.std(ddof=1) * np.sqrt(1 / len(values) + share))
    reach = float(t.ppf(1 - ALARM / 2, len(values) - 1)) * error
    mean = float(values.mean())
    return Sign(stage, mean, mean - reach, mean + reach, chance, mean - reach > chance)
