"""A fitted model with its encoder before and the target's scale after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.model_search.balance import undone
from autoprep.model_search.encode import Encoder
from autoprep.model_search.family import Fitted

Array = NDArray[Any]


@dataclass(frozen=True)
class TargetScale:
    """How a target is turned before fitting and back after predicting.

    Attributes:
        kind: "plain" or "log" (logarithm of 1 + value - shift).
        shift: least value seen where it is below 0, else 0.
        factor: what turned-back predictions are multiplied with, so that they are right on average (Duan 1983).
        weights: (classes,) what the rows of each class weighed in the fit; () where they weighed the same.
    """

    kind: str = "plain"
    shift: float = 0.0
    factor: float = 1.0
    weights: tuple[float, ...] = ()

    @classmethod
    def learn(cls, y: Array, kind: str) -> TargetScale:
        """For these training values."""
        return cls(kind, min(0.0, float(y.min())) if kind == "log" else 0.0)

    def turn(self, y: Array) -> Array:
        """Values (n,) as the model sees them."""
        return np.log1p(np.maximum(y - self.shift, 0.0)) if self.kind == "log" else y

    def back(self, predicted: Array) -> Array:
        """Predictions (n,) in the target's own units, or probabilities (n, classes) for the classes' own shares."""
        if self.weights:
            return undone(predicted, self.weights)
        if self.kind != "log":
            return predicted
        return np.asarray(np.expm1(np.minimum(predicted, 700.0)) * self.factor + self.shift)


@dataclass
class Part:
    """A fitted model with what stands before and after it."""

    features: str
    encoder: Encoder
    model: Fitted
    family: str
    scale: TargetScale

    def predict(self, frame: pl.DataFrame) -> Array:
        """Probabilities (n, classes) or values (n,) for a frame that the synthesizer has transformed."""
        return self.after(self.model.predict(self.encoder.transform(frame)))

    def after(self, predicted: Array) -> Array:
        """Model output in the target's own units."""
        return self.scale.back(predicted)
