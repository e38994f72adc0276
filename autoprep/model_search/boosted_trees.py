"""LightGBM's text format read into arrays, and batches answered from them with the bits that LightGBM gives.

LightGBM walks each tree row by row; ``kernels.trees`` compares whole columns. What the format may hold and this does
not (linear leaves, forests averaged, objectives of one's own) is left to LightGBM, and so is a model of which a few
rows were answered otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoprep.kernels import trees as kernel
from autoprep.kernels.compile import CACHED

Array = NDArray[Any]

#: Rows of a batch that LightGBM answers too.
CHECKED = 16
#: Least rows for which the trees are read.
LEAST_ROWS = 2_000
#: Splits times rows for which compiling the kernel is time well spent.
WORTH = 5_000_000_000
_SAYING = {
    "regression": kernel.SUM,
    "regression_l1": kernel.SUM,
    "quantile": kernel.SUM,
    "mape": kernel.SUM,
    "huber": kernel.SUM,
    "fair": kernel.SUM,
    "binary": kernel.LOGISTIC,
    "multiclass": kernel.SHARES,
    "poisson": kernel.EXPONENTIAL,
    "gamma": kernel.EXPONENTIAL,
    "tweedie": kernel.EXPONENTIAL,
}
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_READING = {0: kernel.MISSING_IS_ZERO, 1: kernel.ZERO_IS_MISSING, 2: kernel.PLAIN}


@dataclass(frozen=True)
class Tree:
    """One tree of the file; a child is the number of a split, or ``~leaf``.

    Attributes:
        feature: (splits,) matrix column. threshold: (splits,) what is at most this goes left.
        decision: (splits,) LightGBM's bits: 1 categorical, 2 missing goes left, 4 and 8 what counts as missing.
        left: (splits,) and right: (splits,) children.
        value: (leaves,) what a leaf adds.
        bounds: (sets + 1,) where the set of a categorical split lies in ``codes`` (its threshold is its number).
        codes: sets as bits of uint32.
    """

    feature: Array
    threshold: Array
    decision: Array
    left: Array
    right: Array
    value: Array
    bounds: Array
    codes: Array


@dataclass(frozen=True)
class BoostedTrees:
    """A booster's trees.

    Attributes:
        features: columns of the matrix.
        groups: trees per round.
        saying: what is said of their sums, one of ``kernels.trees``.
        slope: of the logistic function.
        trees: in the order of the file.
        forest: the same laid out for the kernel.
    """

    features: int
    groups: int
    saying: int
    slope: float
    trees: tuple[Tree, ...]
    forest: kernel.Forest

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The trees of LightGBM's text; None where it holds something else than plain trees."""
        head, *rest = text.split("\nTree=")
        facts = dict(_pairs(head))
        objective = facts.get("objective", "").split()
        if not objective or objective[0] not in _SAYING or "average_output" in head.split("\n"):
            return None
        options = dict(part.split(":", 1) for part in objective[1:] if ":" in part)
        if "sqrt" in objective or set(options) - {"sigmoid", "num_class"}:
            return None
        features, groups = int(facts["max_feature_idx"]) + 1, int(facts["num_tree_per_iteration"])
        found = [_tree(dict(_pairs(part.split("\n\n", 1)[0]))) for part in rest]
        if any(tree is None for tree in found) or not found:
            return None
        trees = tuple(tree for tree in found if tree is not None)
        forest = _laid_out(trees, features, groups)
        if forest is None:
            return None
        return cls(features, groups, _SAYING[objective[0]], float(options.get("sigmoid", 1.0)), trees, forest)

    def predict(self, matrix: Array, threads: int) -> Array:
        """What LightGBM's ``predict`` says: (n,) or (n, classes)."""
        said = kernel.predict(self.forest, matrix, self.saying, self.slope, threads)
        return said if self.groups > 1 else said[:, 0]


class Batches:
    """Answers large batches of a booster by the kernel where that gives LightGBM's own bits.

    Args:
        booster: LightGBM's object.
        rounds: trees per class that are used.
    """

    def __init__(self, booster: Any, rounds: int) -> None:
        self._booster, self._rounds = booster, rounds
        self._trees: BoostedTrees | None = None
        self._refused = False

    def predict(self, matrix: Array, threads: int) -> Array | None:
        """What LightGBM would say, or None when it must say it itself."""
        if self._refused or len(matrix) < LEAST_ROWS or (not kernel.ready() and not self._worth(len(matrix))):
            return None
        if self._trees is None:
            self._trees = BoostedTrees.read(self._booster.model_to_string(num_iteration=self._rounds))
        trees = self._trees
        if trees is None or trees.features != matrix.shape[1]:
            self._refused = trees is None
            return None
        said = trees.predict(matrix, threads)
        some = np.linspace(0, len(matrix) - 1, CHECKED).astype(np.int64)
        theirs = np.asarray(self._booster.predict(matrix[some], num_iteration=self._rounds, num_threads=1))
        if theirs.tobytes() != np.ascontiguousarray(said[some]).tobytes():
            self._trees, self._refused = None, True
            return None
        return said

    def _worth(self, rows: int) -> bool:
        leaves = self._booster.num_trees() * max(2, int(self._booster.params.get("num_leaves", 31)))
        return bool(rows * leaves > WORTH)


def prepare(predictor: Any) -> None:
    """Get the kernel ready before a predictor with boosted trees is asked; nothing where machine code cannot be kept.

    Args:
        predictor: with ``members`` whose ``part.family`` names the kind of model; anything else has no such trees.
    """
    families = {member.part.family for member in getattr(predictor, "members", ())}
    if "lightgbm" in families and CACHED:
        kernel.prepare()


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        key, found, value = line.partition("=")
        if found:
            yield key, value


def _tree(facts: dict[str, str]) -> Tree | None:
    leaves = int(facts["num_leaves"])
    if facts.get("is_linear", "0") != "0" or leaves < 1:
        return None
    value = np.array(facts["leaf_value"].split(), np.float64)
    if leaves == 1:
        none, number = np.empty(0, np.int64), np.empty(0, np.float64)
        return Tree(none, number, none, none, none, value[:1], np.zeros(1, np.int64), np.empty(0, np.uint32))

    def whole(key: str) -> Array:
        return np.array(facts[key].split(), np.int64)

    threshold = np.array(facts["threshold"].split(), np.float64)
    some = int(facts.get("num_cat", "0")) > 0
    bounds = whole("cat_boundaries") if some else np.zeros(1, np.int64)
    codes = whole("cat_threshold").astype(np.uint32) if some else np.empty(0, np.uint32)
    made = Tree(
        whole("split_feature"), threshold, whole("decision_type"), whole("left_child"), whole("right_child"),
        value, bounds, codes,
    )  # fmt: skip
    sizes = {len(made.feature), len(threshold), len(made.decision), len(made.left), len(made.right), leaves - 1}
    if len(sizes) != 1 or len(value) != leaves or np.isnan(threshold).any():
        return None
    sets = threshold[made.decision & _CATEGORICAL > 0]
    known = len(sets) == 0 or (sets.min() >= 0 and sets.max() < len(bounds) - 1)
    return made if known and bounds[-1] <= len(codes) and (np.diff(bounds) >= 0).all() else None


def _laid_out(trees: tuple[Tree, ...], features: int, groups: int) -> kernel.Forest | None:
    """The trees for the kernel; None where they are not whole."""
    hashes = np.array([kernel.hashed(p) for p in range(64)])
    columns: dict[tuple[int, int], int] = {}
    first: list[int] = [0]
    words: list[int] = []
    leaf: list[int] = []
    parts: dict[str, list[Array]] = {n: [] for n in ("place", "kind", "threshold", "word", "mask", "begin", "end")}
    values: list[Array] = []
    codes: list[Array] = []
    shift = 0
    for tree in trees:
        splits = len(tree.feature)
        where, start, lefts = np.zeros(splits + 1, np.int64), np.zeros(splits, np.int64), np.zeros(splits, np.int64)
        if splits:
            left, right = np.ascontiguousarray(tree.left), np.ascontiguousarray(tree.right)
            if tree.feature.min() < 0 or tree.feature.max() >= features:
                return None
            if not kernel.lay_out(left, right, where, start, lefts):
                return None
        member = tree.decision & _CATEGORICAL > 0
        missing = (tree.decision >> 2) & 3
        if (missing > 2).any():
            return None
        reading = np.where(member, kernel.CODE, np.array([_READING[m] for m in range(3)])[missing])
        places = [
            columns.setdefault(pair, len(columns)) for pair in zip(tree.feature.tolist(), reading.tolist(), strict=True)
        ]
        kind = np.where(member, kernel.MEMBER, np.where(tree.decision & _DEFAULT_LEFT > 0, kernel.LEFT, kernel.RIGHT))
        numbers = np.where(member, tree.threshold, 0).astype(np.int64)
        count = -(-(splits + 1) // 64)
        for word in range(count):
            low = np.clip(start - 64 * word, 0, 64)
            high = np.clip(start + lefts - 64 * word, 0, 64)
            here = np.flatnonzero(high > low)
            gone = _ones(high[here]) & ~_ones(low[here])
            parts["place"].append(np.array(places, np.int32)[here])
            parts["kind"].append(kind[here].astype(np.int32))
            parts["threshold"].append(tree.threshold[here])
            parts["word"].append(np.full(len(here), word, np.int32))
            parts["mask"].append(~gone)
            bounds = tree.bounds if len(tree.bounds) > 1 else np.zeros(2, np.int64)
            parts["begin"].append(shift + bounds[numbers[here]])
            parts["end"].append(shift + bounds[numbers[here] + 1])
        first.append(sum(len(p) for p in parts["place"][-count:]) + first[-1])
        words.append(count)
        leaf.append(sum(len(v) for v in values[-1:]) + (leaf[-1] if leaf else 0))
        table = np.zeros(64 * count)
        table[where // 64 * 64 + hashes[where % 64]] = tree.value
        values.append(table)
        codes.append(tree.codes)
        shift += len(tree.codes)
    joined = {name: np.ascontiguousarray(np.concatenate(arrays)) for name, arrays in parts.items()}
    return kernel.Forest(
        features=features,
        groups=groups,
        column=np.array([f for f, _ in columns], np.int32),
        reading=np.array([r for _, r in columns], np.int32),
        first=np.array(first, np.int64),
        codes=np.concatenate(codes).astype(np.uint32),
        words=np.array(words, np.int32),
        leaf=np.array(leaf, np.int64),
        values=np.concatenate(values),
        **joined,
    )


def _ones(count: Array) -> Array:
    """Words whose lowest bits are set: (n,) uint64 of how many, 0 to 64."""
    made = (np.uint64(1) << (count % 64).astype(np.uint64)) - np.uint64(1)
    return np.where(count >= 64, np.uint64(0xFFFFFFFFFFFFFFFF), made).astype(np.uint64)
