"""The leaderboard of a search: what was tried, on how many folds, and what is delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autoprep.errors import plural
from autoprep.model_search.evolve import weight_of
from autoprep.model_search.metrics import Metric
from autoprep.model_search.prepared import SKETCH
from autoprep.model_search.race import Runner
from autoprep.model_search.splits import Splits
from autoprep.types import Leaderboard, Trial

Weighted = list[tuple[Runner, float]]


def judged_on(folds: Sequence[int], splits: Splits) -> str:
    """On which rows a score stands: that of one fold is no cross-validation.

    Args:
        folds: that judged. splits: all that there are.

    Example:
        >>> sides = ((np.array([0]), np.array([1])), (np.array([1]), np.array([0])))
        >>> judged_on([0], Splits(sides, "random")), judged_on([0, 1], Splits(sides, "random"))
        ('on one fold of 2', 'in cross-validation on 2 folds')
    """
    if list(folds) == [SKETCH]:
        return "on a sample of rows"
    whole = len(splits.folds)
    if len(folds) > 1:
        return "in cross-validation on " + (
            f"{len(folds)} of {whole} folds" if len(folds) < whole else f"{whole} folds"
        )
    if splits.kind == "holdout":
        return "on one held-out fold"
    return f"on one fold of {whole}" if whole > 1 else "on one fold"


@dataclass(frozen=True)
class Board:
    """What says how runners did.

    Attributes:
        metric: that judges.
        folds: that decided.
        front: the runners that no other beats in loss, work and size at once.
    """

    metric: Metric
    folds: Sequence[int]
    front: Sequence[Runner]

    def table(self, runners: Sequence[Runner], weights: Weighted, scores: Sequence[float]) -> Leaderboard:
        """Those that all deciding folds judged, best first, then those with fewer.

        Args:
            runners: all that were judged on anything.
            weights: what is delivered and its shares; () where nothing is.
            scores: of the delivered, per fold.
        """
        whole = [r for r in runners if r.judged() != [SKETCH]] or list(runners)
        dropped = [r for r in whole if not all(f in r.results for f in self.folds)]
        alone = weights[0][0] if len(weights) == 1 else None
        trials = [self.trial(r, self.folds) for r in whole if r not in dropped and r is not alone]
        if weights:
            trials.append(self.delivered(weights, scores))
        trials.sort(key=lambda t: (t.loss, not t.delivered))
        trials += sorted((self.trial(runner) for runner in dropped), key=lambda t: t.loss)
        return Leaderboard(self.metric.name, self.metric.greater_is_better, tuple(trials), self.metric.positive)

    def delivered(self, weights: Weighted, scores: Sequence[float]) -> Trial:
        """The row of what is kept, with its own score: that of the folds, by the labels that the model says."""
        sign = self.metric.greater_is_better
        losses = [1.0 - s if sign else s for s in scores]
        mean = float(np.mean(losses))
        error = float(np.std(losses, ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else 0.0
        score = 1.0 - mean if sign else mean
        judged: dict[str, Any] = {"loss": mean, "score": score, "loss_se": error, "delivered": True}
        members = [self.trial(r, self.folds) for r, _ in weights]
        if len(members) == 1:
            return replace(members[0], **judged)
        made = " + ".join(f"{w:.0%} {r.configuration.label}" for r, w in sorted(weights, key=lambda p: -p[1]))
        return Trial(
            "ensemble", fit_s=sum(t.fit_s for t in members), predict_s=sum(t.predict_s for t in members),
            features=max(t.features for t in members), note=f"{self._on(self.folds)}; {made}",
            size=sum(t.size for t in members), **judged,
        )  # fmt: skip

    def trial(self, runner: Runner, folds: Sequence[int] | None = None) -> Trial:
        """The row of a runner: judged on these folds, or on all that it has been on."""
        judged = runner.judged() if folds is None else list(folds)
        loss = runner.mean(judged)
        values = [runner.results[f] for f in judged]
        made = self._on(judged) + (f"; {runner.note}" if runner.note else "")
        return Trial(
            runner.configuration.label, loss, 1.0 - loss if self.metric.greater_is_better else loss,
            runner.error(judged),
            float(np.mean([r.fit_s for r in values])), float(np.mean([r.predict_s for r in values])),
            values[0].columns,
            {**runner.configuration.parameters, "features": runner.configuration.features,
             **({"cleaning": list(runner.configuration.cleaning)} if runner.configuration.cleaning else {}),
             "best_rounds": round(runner.rounds())}, made, weight_of(runner)[1], runner in self.front,
        )  # fmt: skip

    def _on(self, judged: Sequence[int]) -> str:
        """On what a score is founded."""
        if list(judged) == [SKETCH]:
            return "a sample of rows"
        fewer = 0 < len(judged) < len(self.folds)
        return f"{len(judged)} of {plural(len(self.folds), 'fold')}" if fewer else plural(len(judged), "fold")
