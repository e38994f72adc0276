"""Primitives that hold constants learnt from training rows: what they are; ``synthesis`` learns and computes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autoprep.registry import Catalogue


@dataclass(frozen=True)
class Learnt:
    """A value of a row that needs what training rows said.

    Attributes:
        name: canonical upper-case name, as it stands in definitions.
        inputs: kind of each input, as of transforms.
        output: "number", "integer" or "category".
        parameters: name -> default.
        many: whether the last input may come several times.
        target: whether the target is learnt from, so that training rows are encoded without themselves.
        about: one sentence.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    about: str
    parameters: dict[str, Any] = field(default_factory=dict)
    many: bool = False
    target: bool = False


LEARNT: Catalogue[Learnt] = Catalogue("learnt primitive")


def _learnt(
    name: str, inputs: tuple[str, ...], output: str, about: str, *, many: bool = False, target: bool = False,
    **parameters: Any,
) -> None:  # fmt: skip
    LEARNT.put(name, Learnt(name, inputs, output, about, parameters, many, target))


_learnt("FREQUENCY", ("category",), "number", "Share of training rows with the value; 0 for one never seen.")
_learnt("TARGET_MEAN", ("category",), "number", "Mean target (or share of a class) of training rows with the value, "
        "shrunk by empirical Bayes and cross-fitted; of CROSS(a, b) for two categories.", target=True,
        label=None)  # fmt: skip
_learnt("COMBINED_MEAN", ("category",), "number", "Mean target (or share of a class) of training rows with the same "
        "values in all the columns, a missing one counting as a value; shrunk a little and cross-fitted.",
        many=True, target=True, label=None)  # fmt: skip
_learnt("GROUP_MEAN", ("number", "category"), "number", "Mean of the number over training rows of the group.")
_learnt("GROUP_DIFFERENCE", ("number", "category"), "number", "Number less the mean of its group.")
_learnt("GROUP_Z_SCORE", ("number", "category"), "number", "Distance from the mean of its group in sample deviations.")
_learnt("GROUP_SHARE", ("number", "category"), "number", "Number over the sum of its group; null where that is 0.")
_learnt("GROUP_RANK", ("number", "category"), "number", "Share of 15 quantiles of its group that lie at or below the "
        "number, in [0, 1].")  # fmt: skip
_learnt("CLUSTER_DISTANCE", ("number",), "number", "Distance from the centre of a cluster (k-means over training rows) "
        "in standard deviations; missing values stand at the mean.", many=True, to=1, of=8)  # fmt: skip
_learnt("NEAREST_CLUSTER", ("number",), "category", "Cluster whose centre is nearest, 1 to `of`.", many=True, of=8)
_learnt("NEAREST_CLUSTER_DISTANCE", ("number",), "number", "Distance from the nearest centre.", many=True, of=8)
_learnt("TEXT_DIRECTION", ("text",), "number", "TF-IDF of pieces of a text on a main direction of the training texts "
        "(latent semantic analysis).", part=1, of="words")  # fmt: skip
_learnt("TEXT_TARGET", ("text",), "number", "What a ridge regression of the target (or of one class) on the TF-IDF of "
        "pieces of a text says, less its mean; cross-fitted.", target=True, label=None, of="words")  # fmt: skip
_learnt("TEXT_LIKENESS", ("text", "text"), "number", "Cosine of the TF-IDF of two texts, in [0, 1]; null when either "
        "has no piece.", of="words")  # fmt: skip
_learnt("TOP_LEVELS", ("category",), "category", "The most frequent values as they are, others as '(other)'.", n=63)
_learnt("MISSING_COUNT", ("any",), "integer", "How many of the columns are missing in the row.", many=True)
_learnt("MISSING_PATTERN", ("any",), "category", "Which of the columns are missing, as 0 and 1; patterns that are rare "
        "among training rows as '(other)'.", many=True)  # fmt: skip
_learnt("SECONDS", ("time",), "number", "A duration, or a time of day, in seconds.")
