"""Features of one table's rows, generated and selected on training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import polars as pl

from autoprep.selection.chooser import Selection, select
from autoprep.selection.shadows import Array
from autoprep.synthesis import Synthesizer
from autoprep.types import ColumnSpec, Feature, Task

GROUPS = ("base", "text", "counts", "target", "arithmetic", "group", "combinations")


class SelectedFeatures:
    """A synthesizer that keeps the base features and those generated ones that add to them.

    Args:
        task: "binary", "multiclass" or "regression". outputs: what the columns are; guessed when None.
        most: at most so many generated features are kept. candidates: most of each kind that are generated.
        seed: decides folds, samples and shuffles. features: lines of features that are candidates too.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> frame = pl.DataFrame({"a": rng.uniform(1, 9, 800), "b": rng.uniform(1, 9, 800)})
        >>> made = SelectedFeatures("regression")
        >>> train = made.fit_transform(frame, (frame["a"] / frame["b"]).to_numpy())
        >>> made.transform(frame[:1]).columns == train.columns, len(made.selection.chosen) > 0
        (True, True)
    """

    def __init__(
        self,
        task: Task,
        *,
        outputs: Sequence[ColumnSpec] | None = None,
        most: int = 60,
        candidates: int = 40,
        seed: int = 0,
        features: Sequence[str] = (),
    ) -> None:
        self.task, self.most, self.seed = task, most, seed
        self.synthesizer = Synthesizer(
            GROUPS, outputs=outputs, task=task, seed=seed, most=candidates, leaves=2, features=features
        )
        self.selection: Selection
        self.columns: list[str] = []

    def fit(self, frame: pl.DataFrame, y: Array) -> Self:
        """Generate and select on training rows.

        Args:
            frame: (n, m) cleaned, typed rows. y: (n,) class codes or values.

        Raises:
            InputError: ``y`` has another length.
        """
        self.fit_transform(frame, y)
        return self

    def fit_transform(self, frame: pl.DataFrame, y: Array) -> pl.DataFrame:
        """The training rows' kept columns, encodings of the target cross-fitted."""
        table = self.synthesizer.fit_transform(frame, y)
        base = self.synthesizer.columns_of("base")
        self.selection = select(table, y, self.task, base=base, most=self.most, seed=self.seed)
        self.columns = [*base, *self.selection.chosen]
        return table.select(self.columns)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The kept columns of any rows."""
        return self.synthesizer.transform(frame).select(self.columns)

    @property
    def features(self) -> list[Feature]:
        """What the kept columns are; a selected one with its gain."""
        known = {f.name: f for f in self.synthesizer.features}
        base = self.columns[: len(self.columns) - len(self.selection.chosen)]
        return [known[name] for name in base] + self.selection.describe(self.synthesizer.features)
