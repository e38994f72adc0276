"""The rounds of boosting that all folds share.

A fold that stops boosting where its own validation rows are predicted best looks better than a model of so many rounds
is: of 300 rows by two to three per cent of the log loss. So the folds of few rows are judged anew after as many rounds
as are best on average over all of them, which is what a refit has too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.model_search.lightgbm_model import LightgbmModel
from autoprep.model_search.race import Runner
from autoprep.model_search.remembered import whole
from autoprep.model_search.trial import Bench, FoldResult

Array = NDArray[Any]

#: Rows up to which, and folds from which, rounds are shared: with more rows a fold's own choice hardly flatters it.
FEW_ROWS, LEAST_FOLDS = 5_000, 3


def shared_rounds(curves: Sequence[Sequence[float]]) -> int:
    """The round at which validation losses are least on average; a curve that ends goes on as it ended.

    Args:
        curves: (folds,) validation loss after each round.

    Example:
        >>> shared_rounds([[3.0, 1.0, 2.0, 2.5], [3.0, 2.0, 1.5, 1.0]])
        2
    """
    longest = max(len(curve) for curve in curves)
    even = np.array([[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves])
    return int(even.mean(axis=0).argmin()) + 1


def level(bench: Bench, runners: Sequence[Runner], folds: Sequence[int]) -> float | None:
    """Judge boosted runners anew on these folds, which they have been on, after the rounds that their folds share.

    Returns:
        By what share their mean losses stand above those of the race; None where none is judged anew.

    Raises:
        OutOfTime: everything must end; each runner is either as it was or judged anew on all folds.
    """
    if len(folds) < LEAST_FOLDS or bench.frame.height > FEW_ROWS:
        return None
    rises = []
    for runner in runners:
        curves = [_curve(runner, fold) for fold in folds]
        if all(curves):
            rounds, before = shared_rounds(curves), runner.mean(folds)
            runner.results.update({fold: _after(bench, runner, fold, rounds) for fold in folds})
            rises.append((runner.mean(folds) - before) / max(abs(before), 1e-12))
    return float(np.mean(rises)) if rises else None


def own_rounds(runners: Iterable[Runner], folds: Sequence[int]) -> list[Runner]:
    """Boosted runners that lack some of these folds: the others they have stopped at rounds of their own."""
    late = [r for r in runners if r.results and not all(fold in r.results for fold in folds)]
    return [r for r in late if all(_curve(r, fold) for fold in r.judged())]


def _curve(runner: Runner, fold: int) -> list[float]:
    """Validation loss after each round of a boosted model; nothing for others."""
    return list(getattr(runner.results[fold].part.model, "curve", ()))


def _after(bench: Bench, runner: Runner, fold: int, rounds: int) -> FoldResult:
    """A fold's result after so many rounds, or all that it has."""
    result = runner.results[fold]
    part = whole(bench, runner.configuration, fold, result)
    model, (_, rows) = part.model, bench.rows(fold)
    assert isinstance(model, LightgbmModel) and rows is not None
    model = LightgbmModel(model.booster, model.classes, min(rounds, len(model.curve) or model.rounds), model.curve)
    part = replace(part, model=model)
    valid = bench.sides(runner.configuration, fold).valid
    assert valid is not None
    prediction = part.after(model.predict(valid))
    weight = None if bench.weight is None else bench.weight[rows]
    return replace(result, part=part, prediction=prediction, loss=bench.metric.loss(bench.y[rows], prediction, weight))
