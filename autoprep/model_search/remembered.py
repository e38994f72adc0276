"""Trials that a journal remembers: judged before, their models fitted again only where they are kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from numpy.typing import NDArray

from autoprep.model_search.configuration import Configuration
from autoprep.model_search.encode import Encoder
from autoprep.model_search.journal import Journal
from autoprep.model_search.limits import Limit
from autoprep.model_search.part import Part, TargetScale
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import Bench, FoldResult

Array = NDArray[Any]


@dataclass
class Remembered:
    """Stands for a model of which only the number of rounds is known, and of boosting the loss after each."""

    rounds: int
    curve: list[float] = field(default_factory=list)
    suffix = ""

    def predict(self, matrix: Array) -> Array:
        """It cannot; see ``whole``."""
        raise NotImplementedError("a remembered model is fitted again before it predicts")

    def save(self, path: Path) -> None:
        """It cannot; see ``whole``."""
        raise NotImplementedError("a remembered model is fitted again before it is saved")


def recall(journal: Journal | None, configuration: Configuration, fold: int) -> FoldResult | None:
    """What a journal remembers of a configuration on a fold."""
    found = None if journal is None else journal.get(configuration.key, fold)
    if found is None:
        return None
    prediction, kept = found
    kind, shift, factor, *weights = kept["scale"]
    scale = TargetScale(kind, shift, factor, tuple(weights[0]) if weights else ())
    model = Remembered(int(kept["rounds"]), list(kept.get("curve", [])))
    part = Part(configuration.features, Encoder("native", 0), model, configuration.family, scale)
    figures = {name: kept[name] for name in ("loss", "fit_s", "predict_s", "units", "columns", "complete")}
    return FoldResult(prediction, part=part, threads=int(kept.get("threads", 1)), **cast("Any", figures))


def remember(journal: Journal | None, configuration: Configuration, fold: int, result: FoldResult) -> None:
    """Write a result down."""
    if journal is None or isinstance(result.part.model, Remembered):
        return
    scale = result.part.scale
    journal.add(
        configuration.key, fold, result.prediction, loss=result.loss, fit_s=result.fit_s, predict_s=result.predict_s,
        units=result.units, columns=result.columns, complete=result.complete, rounds=result.part.model.rounds,
        threads=result.threads,
        scale=[scale.kind, scale.shift, scale.factor, list(scale.weights)],
        **({"curve": curve} if (curve := getattr(result.part.model, "curve", None)) else {}),
    )  # fmt: skip


def whole(bench: Bench, configuration: Configuration, fold: int, result: FoldResult) -> Part:
    """The part of a result, fitted again when it is only remembered.

    Raises:
        OutOfTime: everything must end.
    """
    if not isinstance(result.part.model, Remembered):
        return result.part
    limit = Limit(float("inf"), float("inf"), time.monotonic, bench.stop, usable())
    return bench.again(configuration, fold, result, limit)
