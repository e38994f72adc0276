"""What the words of a text say of the target: ridge regression on their TF-IDF, each training row without itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from autoprep.synthesis.encodings import Array
from autoprep.synthesis.names import call
from autoprep.synthesis.ranking import fold_of
from autoprep.synthesis.steps import step
from autoprep.synthesis.texts import LEAST_PIECES, TextDirections, pieces_of, tfidf, vocabulary_of
from autoprep.types import Feature

#: Penalty of the ridge, and rows that a fit learns from at most.
PENALTY, MOST_ROWS = 1.0, 20_000
#: Folds in which it must explain this share of a target's variance.
FOLDS, LEAST_TOLD = 3, 0.01


@step
@dataclass(frozen=True, eq=False)
class TextTarget(TextDirections):
    """What a ridge regression of the target on the TF-IDF of a text's pieces says, less the mean."""

    kind: ClassVar[str] = "text_target"
    labels: tuple[str | None, ...] = ()
    positions: tuple[int, ...] = ()

    def features(self) -> tuple[Feature, ...]:
        told = [{} if label is None else {"label": label} for label in self.labels]
        said = [call("TEXT_TARGET", self.column, **one, of=self.analyzer) for one in told]
        return tuple(Feature(s, s, (self.column,), "number") for s in said)

    def training_columns(self, frame: pl.DataFrame, y: Array, fold: Array) -> list[pl.Series]:
        sparse, place = _rows(frame[self.column], self.analyzer, self.vocabulary, self.weights.astype(float))
        goals = y[:, list(self.positions)]
        out = _out_of_fold(sparse, place, goals, fold)
        out[place < 0] = np.nan
        names = [f.name for f in self.features()]
        return [pl.Series(n, out[:, i], dtype=pl.Float32).fill_nan(None) for i, n in enumerate(names)]

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"labels": list(self.labels), "positions": list(self.positions)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        made = super().from_dict(values)
        return replace(made, labels=tuple(values["labels"]), positions=tuple(values["positions"]))

    @classmethod
    def learn_target(
        cls,
        frame: pl.DataFrame,
        column: str,
        analyzer: str,
        y: Array,
        labels: Sequence[str | None],
        *,
        vocabulary: int = 4000,
        seed: int = 0,
        group: str = "target",
        least: float = LEAST_TOLD,
        positions: Sequence[int] | None = None,
    ) -> Self | None:
        """Learn of the columns of ``y`` (n, k) that the text says something of out of fold; None where of none.

        Args:
            positions: of the columns of ``y`` among those that training rows are encoded with; as they stand when None.

        Example:
            >>> frame = pl.DataFrame({"t": ["good red car", "good old car", "bad red bus", "bad old bus"] * 30})
            >>> y = frame["t"].str.starts_with("good").to_numpy().astype(float)[:, None]
            >>> made = TextTarget.learn_target(frame, "t", "words", y, [None])
            >>> made is None
            True
        """
        known = np.flatnonzero(frame[column].is_not_null().to_numpy())
        known = np.sort(np.random.default_rng(seed).permutation(known)[:MOST_ROWS])
        texts = frame[column][known].cast(pl.String)
        distinct = texts.unique(maintain_order=True)
        pieces, weights = vocabulary_of(pieces_of(distinct, analyzer), distinct.len(), vocabulary)
        if len(pieces) < LEAST_PIECES:
            return None
        sparse, place = _rows(texts, analyzer, pieces, weights)
        goals = y[known] - y[known].mean(axis=0)
        out = _out_of_fold(sparse, place, goals, fold_of(known.size, FOLDS, seed))
        total = (goals**2).sum(axis=0)
        told = 1.0 - ((goals - out) ** 2).sum(axis=0) / np.where(total > 0, total, np.inf)
        kept = np.flatnonzero((told >= least) & (total > 0)).tolist()
        if not kept:
            return None
        slopes = _ridge(sparse[place], goals[:, kept])
        return cls(
            group, column, analyzer, pieces, weights.astype("f4"), slopes.astype("f4"), (),
            tuple(labels[i] for i in kept), tuple(i if positions is None else positions[i] for i in kept),
        )  # fmt: skip


def _rows(column: pl.Series, analyzer: str, pieces: Sequence[str], weights: Array) -> tuple[Any, Array]:
    """TF-IDF of the different texts of a column, and the text of each row, -1 where there is none."""
    text = column.cast(pl.String)
    distinct = text.drop_nulls().unique(maintain_order=True)
    sparse = tfidf(pieces_of(distinct, analyzer), distinct.len(), pieces, weights)
    places = pl.DataFrame({"t": distinct, "place": np.arange(distinct.len())})
    joined = text.alias("t").to_frame().join(places, on="t", how="left", maintain_order="left")
    return sparse, joined["place"].fill_null(-1).to_numpy()


def _out_of_fold(sparse: Any, place: Array, goals: Array, fold: Array) -> Array:
    """(n, k) what rows of the other folds say of each row, less their mean; 0 without a text."""
    out = np.zeros(goals.shape)
    for f in range(int(fold.max()) + 1):
        inside = np.flatnonzero((fold == f) & (place >= 0))
        outside = np.flatnonzero((fold != f) & (place >= 0))
        if not inside.size or not outside.size:
            continue
        outside = outside[np.linspace(0, outside.size - 1, min(outside.size, MOST_ROWS)).astype(int)]
        wanted = goals[outside] - goals[outside].mean(axis=0)
        out[inside] = sparse[place[inside]] @ _ridge(sparse[place[outside]], wanted)
    return out


def _ridge(sparse: Any, goals: Array) -> Array:
    """Slopes (pieces, k), by conjugate gradients on the normal equations."""
    from scipy.sparse.linalg import LinearOperator, cg

    turned, size = sparse.T.tocsr(), sparse.shape[1]
    normal = LinearOperator((size, size), matvec=lambda v: turned @ (sparse @ v) + PENALTY * v, dtype=np.float64)
    return np.column_stack([cg(normal, turned @ goals[:, i], rtol=1e-3)[0] for i in range(goals.shape[1])])
