"""The dummy: class shares, or the mean; what every other model must beat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass
class DummyModel:
    """Says the same of every row.

    Attributes:
        said: (classes,) shares or (1,) value.
        classes: number of classes, 0 for regression.
        rounds: 1.
    """

    said: Array
    classes: int
    rounds: int = 1
    suffix = ".npz"

    def predict(self, matrix: Array) -> Array:
        """Probabilities (n, classes) or values (n,)."""
        return np.tile(self.said, (len(matrix), 1)) if self.classes else np.full(len(matrix), self.said[0])

    def save(self, path: Path) -> None:
        """Write arrays only."""
        with path.open("wb") as file:
            np.savez(file, said=self.said)

    @classmethod
    def load(cls, path: Path, classes: int, rounds: int) -> Self:
        """Read arrays only; pickled objects are refused."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["said"], classes, rounds)


def fit(y: Array, weight: Array | None, *, classes: int, middle: bool) -> DummyModel:
    """Learn class shares, the mean, or the median when ``middle`` is asked for.

    Example:
        >>> fit(np.array([0, 1, 1, 1]), None, classes=2, middle=False).said.tolist()
        [0.25, 0.75]
    """
    if classes:
        shares = np.bincount(y, weights=weight, minlength=classes).astype(np.float64)
        return DummyModel(shares / shares.sum(), classes)
    return DummyModel(np.array([np.median(y) if middle else np.average(y, weights=weight)]), 0)
