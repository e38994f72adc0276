"""Rows against the centres of clusters: k-means over numbers, learnt on training rows and written as constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from autoprep.synthesis.names import call
from autoprep.synthesis.steps import Step, step
from autoprep.types import Feature

#: Standard deviations from the mean beyond which a value counts as so many: one outlier is no cluster.
REACH = 5.0
SAMPLE = 20_000


@step
@dataclass(frozen=True)
class Clusters(Step):
    """Distances from centres, in standard deviations; a missing value stands at the mean.

    Attributes:
        inputs: (d) numbers. centres: (k) of (d). means, scales: (d), by which a value becomes standard.
        wanted: names of the features that are made; all of them when empty.
    """

    kind: ClassVar[str] = "clusters"
    inputs: tuple[str, ...] = ()
    centres: tuple[tuple[float, ...], ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    wanted: tuple[str, ...] = ()

    def features(self) -> tuple[Feature, ...]:
        k = len(self.centres)
        said = [(call("CLUSTER_DISTANCE", *self.inputs, to=i + 1, of=k), "number") for i in range(k)]
        said.append((call("NEAREST_CLUSTER", *self.inputs, of=k), "category"))
        said.append((call("NEAREST_CLUSTER_DISTANCE", *self.inputs, of=k), "number"))
        return tuple(Feature(s, s, self.inputs, kind) for s, kind in said if not self.wanted or s in self.wanted)

    def expressions(self) -> list[pl.Expr]:
        standard = []
        for name, mean, scale in zip(self.inputs, self.means, self.scales, strict=True):
            value = (pl.col(name).cast(pl.Float64) - mean) * (1.0 / scale)
            standard.append(pl.when(value.is_finite()).then(value.clip(-REACH, REACH)).otherwise(0.0))
        away = [
            reduce(lambda a, b: a + b, [(z - c) * (z - c) for z, c in zip(standard, centre, strict=True)]).sqrt()
            for centre in self.centres
        ]
        nearest = pl.min_horizontal(away)
        which = pl.lit(str(len(away)))
        for i in reversed(range(len(away) - 1)):
            which = pl.when(away[i] == nearest).then(pl.lit(str(i + 1))).otherwise(which)
        names = [f.name for f in Clusters(self.group, self.inputs, self.centres).features()]
        kept = {f.name for f in self.features()}
        return [e.alias(n) for n, e in zip(names, [*away, which, nearest], strict=True) if n in kept]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            values["group"], tuple(values["inputs"]), tuple(tuple(c) for c in values["centres"]),
            tuple(values["means"]), tuple(values["scales"]), tuple(values["wanted"]),
        )  # fmt: skip

    @classmethod
    def learn(
        cls, frame: pl.DataFrame, inputs: Sequence[str], k: int = 8, seed: int = 0, group: str = "clusters",
        wanted: Sequence[str] = (),
    ) -> Self | None:  # fmt: skip
        """Centres by mini-batch k-means (Sculley 2010) over at most 20,000 rows; None where a column does not vary.

        They are ordered by their first coordinate, then the next, and rounded to six decimals, so that they read well.
        """
        from sklearn.cluster import MiniBatchKMeans

        x = frame.select(pl.col(c).cast(pl.Float64) for c in inputs).to_numpy().copy()
        if len(x) > SAMPLE:
            x = x[np.sort(np.random.default_rng(seed).choice(len(x), SAMPLE, replace=False))]
        x[~np.isfinite(x)] = np.nan
        if not inputs or len(x) < 2 * k or np.isnan(x).all(axis=0).any():
            return None
        means, scales = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
        if not (np.isfinite(scales).all() and (scales > 0).all()):
            return None
        standard = np.clip(np.nan_to_num((x - means) / scales), -REACH, REACH)
        if len(np.unique(standard, axis=0)) < k:
            return None
        model = MiniBatchKMeans(k, random_state=seed, n_init=3, batch_size=1024).fit(standard)
        centres = np.round(model.cluster_centers_, 6)
        centres = centres[np.lexsort(centres.T[::-1])]
        return cls(
            group, tuple(inputs), tuple(tuple(c) for c in centres.tolist()), tuple(means.tolist()),
            tuple(scales.tolist()), tuple(wanted),
        )  # fmt: skip
