"""How alike two texts of a row are: the cosine of their TF-IDF, weights learnt on training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from autoprep.synthesis.encodings import Array
from autoprep.synthesis.names import call
from autoprep.synthesis.steps import Step, step
from autoprep.synthesis.texts import pack, pieces_of, unpack
from autoprep.types import Feature


@step
@dataclass(frozen=True, eq=False)
class TextLikeness(Step):
    """Cosine of the TF-IDF of two columns of text (Salton and Buckley 1988).

    Attributes:
        vocabulary: pieces that stand in several training texts. weights: their inverse document frequency.
        rare: that of every other piece: the rarer a piece, the more it tells.
    """

    kind: ClassVar[str] = "text_likeness"
    column: str = ""
    beside: str = ""
    analyzer: str = "words"
    vocabulary: tuple[str, ...] = ()
    weights: Array = field(default_factory=lambda: np.empty(0))
    rare: float = 1.0

    def features(self) -> tuple[Feature, ...]:
        said = call("TEXT_LIKENESS", self.column, self.beside, of=self.analyzer)
        return (Feature(said, said, (self.column, self.beside), "number"),)

    def columns(self, frame: pl.DataFrame) -> list[pl.Series]:
        told = pl.DataFrame(
            {"piece": self.vocabulary, "w": self.weights.astype(float)}, schema_overrides={"w": pl.Float64}
        )
        sides = []
        for column in (self.column, self.beside):
            found = pieces_of(frame[column].cast(pl.String), self.analyzer).join(told, on="piece", how="left")
            sides.append(found.select("row", "piece", w=pl.col("count") * pl.col("w").fill_null(self.rare)))
        both = sides[0].join(sides[1], on=["row", "piece"]).sort("row", "piece")
        rows = both["row"].to_numpy().astype(np.int64)
        common = np.bincount(rows, weights=(both["w"] * both["w_right"]).to_numpy(), minlength=frame.height)
        lengths = [self._lengths(side, frame.height) for side in sides]
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = common / (lengths[0] * lengths[1])
        cosine = np.where(np.isfinite(cosine), np.minimum(cosine, 1.0), np.nan)
        return [pl.Series(self.features()[0].name, cosine, dtype=pl.Float64, nan_to_null=True)]

    @staticmethod
    def _lengths(side: pl.DataFrame, rows: int) -> Array:
        """(rows,) length of each text's vector, summed in the order of its pieces."""
        ordered = side.sort("row", "piece")
        where = ordered["row"].to_numpy().astype(np.int64)
        return np.sqrt(np.bincount(where, weights=ordered["w"].to_numpy() ** 2, minlength=rows))

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "group": self.group, "column": self.column, "beside": self.beside,
            "analyzer": self.analyzer, "vocabulary": list(self.vocabulary), "weights": pack(self.weights),
            "rare": self.rare,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            values["group"], values["column"], values["beside"], values["analyzer"], tuple(values["vocabulary"]),
            unpack(values["weights"]), float(values["rare"]),
        )  # fmt: skip

    @classmethod
    def learn(
        cls, frame: pl.DataFrame, column: str, beside: str, analyzer: str = "words", vocabulary: int = 20_000,
        seed: int = 0, group: str = "likeness",
    ) -> Self:  # fmt: skip
        """Weights from the different texts of both columns, at most 20,000 of them."""
        texts = pl.concat([frame[c].cast(pl.String).alias("t") for c in (column, beside)]).drop_nulls()
        texts = texts.unique(maintain_order=True)
        if texts.len() > 20_000:
            texts = texts.sample(20_000, seed=seed)
        table = pieces_of(texts, analyzer).group_by("piece").agg(pl.len().alias("texts")).filter(pl.col("texts") > 1)
        table = table.sort(["texts", "piece"], descending=[True, False]).head(vocabulary).sort("piece")
        weights = np.log((1 + texts.len()) / (1 + table["texts"].to_numpy())) + 1
        rare = float(np.log((1 + texts.len()) / 2) + 1)
        return cls(group, column, beside, analyzer, tuple(table["piece"].to_list()), weights.astype("f4"), rare)
