"""Free text as numbers: weighted words and character trigrams, projected on their main directions."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from autoprep.primitives.text import WORD
from autoprep.synthesis.encodings import Array
from autoprep.synthesis.names import call
from autoprep.synthesis.steps import Step, step
from autoprep.types import Feature

LONGEST = 48
#: Different texts that are learnt from at most, and pieces below which there is too little.
MOST_TEXTS, LEAST_PIECES = 20_000, 8


def pieces_of(column: pl.Series, analyzer: str) -> pl.DataFrame:
    """The pieces of each text: ``row`` (UInt32), ``piece`` (String), ``count`` (UInt32).

    Args:
        column: String. analyzer: "words" (single words) or "trigrams" (three characters, of the first 48).

    Example:
        >>> pieces_of(pl.Series(["red Red car", None]), "words").sort("piece").rows()
        [(0, 'car', 1), (0, 'red', 2)]
    """
    text = column.cast(pl.String).str.to_lowercase()
    if analyzer == "words":
        lists = text.str.slice(0, 20_000).str.extract_all(WORD)
    else:
        padded = pl.concat_str(pl.lit(" "), pl.col("t").str.strip_chars().str.slice(0, LONGEST), pl.lit(" "))
        frame = text.alias("t").to_frame().with_columns(padded.alias("t"))
        longest = min(int(frame["t"].str.len_chars().max() or 0), LONGEST + 2)  # type: ignore[arg-type]
        parts = [
            pl.when(pl.col("t").str.len_chars() >= i + 3).then(pl.col("t").str.slice(i, 3))
            for i in range(max(longest - 2, 1))
        ]
        lists = frame.select(pl.concat_list(parts).list.drop_nulls().alias("t")).to_series()
    table = pl.DataFrame({"row": pl.arange(0, column.len(), eager=True, dtype=pl.UInt32), "piece": lists})
    long = table.drop_nulls("piece").filter(pl.col("piece").list.len() > 0).explode("piece")
    return long.group_by("row", "piece").agg(pl.len().cast(pl.UInt32).alias("count"))


def pack(array: Array) -> dict[str, Any]:
    """An array as plain values, in single precision."""
    small = np.ascontiguousarray(array, dtype="<f4")
    return {"shape": list(small.shape), "float32": base64.b64encode(small.tobytes()).decode("ascii")}


def unpack(values: Mapping[str, Any]) -> Array:
    """The array that ``pack`` wrote."""
    flat = np.frombuffer(base64.b64decode(values["float32"]), dtype="<f4")
    return flat.reshape(values["shape"])


@step
@dataclass(frozen=True, eq=False)
class TextDirections(Step):
    """TF-IDF of pieces of a text on the main directions of the training texts (latent semantic analysis)."""

    kind: ClassVar[str] = "text_directions"
    column: str = ""
    analyzer: str = "words"
    vocabulary: tuple[str, ...] = ()
    weights: Array = field(default_factory=lambda: np.empty(0))
    directions: Array = field(default_factory=lambda: np.empty((0, 0)))
    parts: tuple[int, ...] = ()

    def features(self) -> tuple[Feature, ...]:
        parts = self.parts or range(1, self.directions.shape[1] + 1)
        said = (call("TEXT_DIRECTION", self.column, part=part, of=self.analyzer) for part in parts)
        return tuple(Feature(s, s, (self.column,), "number") for s in said)

    def columns(self, frame: pl.DataFrame) -> list[pl.Series]:
        text = frame[self.column].cast(pl.String)
        distinct = text.unique(maintain_order=True)
        points = self._project(distinct)
        names = [f.name for f in self.features()]
        table = pl.DataFrame({n: points[:, i] for i, n in enumerate(names)}).cast(pl.Float32)
        table = table.with_columns(distinct.alias("\0key"))
        joined = text.alias("\0key").to_frame().join(table, on="\0key", how="left", maintain_order="left")
        return [joined[n] for n in names]

    def _project(self, texts: pl.Series) -> Array:
        """Points (n, k) float32; each row is summed on its own, in the order of the vocabulary."""
        found = pieces_of(texts, self.analyzer)
        place = pl.DataFrame({"piece": self.vocabulary, "place": np.arange(len(self.vocabulary))})
        known = found.join(place, on="piece").sort("row", "place")
        rows, places = known["row"].to_numpy().astype(np.int64), known["place"].to_numpy()
        weight = known["count"].to_numpy().astype(float) * self.weights[places].astype(float)
        length = np.sqrt(np.bincount(rows, weights=weight**2, minlength=texts.len()))
        out = np.zeros((texts.len(), self.directions.shape[1]))
        for k in range(out.shape[1]):
            out[:, k] = np.bincount(
                rows, weights=weight * self.directions[places, k].astype(float), minlength=texts.len()
            )
        return (out / np.maximum(length, 1e-12)[:, None]).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "group": self.group, "column": self.column, "analyzer": self.analyzer,
            "vocabulary": list(self.vocabulary), "weights": pack(self.weights), "directions": pack(self.directions),
            "parts": list(self.parts),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            values["group"], values["column"], values["analyzer"], tuple(values["vocabulary"]),
            unpack(values["weights"]), unpack(values["directions"]), tuple(values.get("parts", ())),
        )  # fmt: skip

    def only(self, part: int) -> Self | None:
        """The same, of one direction; None when there are not so many."""
        if not 1 <= part <= self.directions.shape[1]:
            return None
        return replace(self, directions=np.ascontiguousarray(self.directions[:, [part - 1]]), parts=(part,))

    @classmethod
    def learn(
        cls,
        frame: pl.DataFrame,
        column: str,
        analyzer: str,
        directions: int = 24,
        vocabulary: int = 4000,
        seed: int = 0,
    ) -> Self | None:
        """Learn from the different texts of a column, at most 20,000; None when there is too little."""
        from sklearn.utils.extmath import randomized_svd

        texts = frame[column].cast(pl.String).drop_nulls().unique(maintain_order=True)
        if texts.len() > MOST_TEXTS:
            texts = texts.sample(MOST_TEXTS, seed=seed)
        found = pieces_of(texts, analyzer)
        pieces, weights = vocabulary_of(found, texts.len(), vocabulary)
        if len(pieces) < LEAST_PIECES:
            return None
        sparse = tfidf(found, texts.len(), pieces, weights)
        k = min(directions, len(pieces) - 1, texts.len() - 1)
        _, _, right = randomized_svd(sparse, n_components=k, n_iter=2, random_state=seed)
        return cls("text", column, analyzer, pieces, weights.astype("f4"), right.T.astype("f4"))


def vocabulary_of(found: pl.DataFrame, texts: int, most: int) -> tuple[tuple[str, ...], Array]:
    """The pieces that several texts share but not nearly all, in order, and how rare each is (inverse frequencies).

    Args:
        found: what ``pieces_of`` says of different texts. texts: how many they are. most: pieces at most.
    """
    least = 2 if texts < 5_000 else 5
    table = found.group_by("piece").agg(pl.len().alias("texts")).filter(pl.col("texts") >= least)
    table = table.filter(pl.col("texts") <= 0.95 * texts)
    table = table.sort(["texts", "piece"], descending=[True, False]).head(most).sort("piece")
    weights = np.log((1 + texts) / (1 + table["texts"].to_numpy())) + 1
    return tuple(table["piece"].to_list()), weights


def tfidf(found: pl.DataFrame, texts: int, pieces: Sequence[str], weights: Array) -> Any:
    """Rows of unit length (texts, pieces) in SciPy's CSR form: counts times weights."""
    from scipy.sparse import csr_matrix

    place = pl.DataFrame({"piece": pieces, "place": np.arange(len(pieces))})
    known = found.join(place, on="piece").sort("row", "place")
    rows, places = known["row"].to_numpy(), known["place"].to_numpy()
    x = known["count"].to_numpy() * weights[places]
    length = np.sqrt(np.bincount(rows, weights=x**2, minlength=texts))
    return csr_matrix((x / np.maximum(length[rows], 1e-12), (rows, places)), shape=(texts, len(pieces)))
