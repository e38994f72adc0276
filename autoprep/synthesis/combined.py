"""Several categories as one: what the target was where the same values stood together.

How often they did is no feature: a combination never seen has no rows, which no training row has, and a model that
learnt from counts is then asked about what it never saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
import polars as pl

from autoprep.synthesis.candidates import CODED, LEAST_GAIN, LEAST_ROWS, SAMPLE
from autoprep.synthesis.encodings import Array, codes_of
from autoprep.synthesis.names import call
from autoprep.synthesis.ranking import fold_of, gains, matrix_of, pick, residuals
from autoprep.synthesis.steps import Step, step
from autoprep.types import ColumnSpec, Feature, Task

GROUP = "combinations"
#: Columns that are combined at most, how many of them at once beside all together, and combinations kept at most.
COLUMNS, AT_ONCE, MOST = 6, 3, 6
#: Rows of a combination on average, below which few of them come again; levels of one at most, which a model keeps; and
#: rows that are needed at all, and looked at to find them.
ROWS_EACH, LEVELS, ROWS, EXPLORED = 1.05, 50_000, 5 * LEAST_ROWS, 150_000
#: Share of what a base model leaves that the best combination must explain, and by how many standard errors, for any to
#: be made: trees find by themselves what few levels say together.
GAIN, ERRORS = 0.004, 3.0
#: Rows that the overall mean counts for. Combinations are many and small, which the method of moments shrinks too much.
WEIGHT = 1.0
MISSING, BETWEEN = "∅", " × "


def level_of(inputs: Sequence[str]) -> pl.Expr:
    """Several categories as one text; a missing one counts as a value of its own.

    Example:
        >>> frame = pl.DataFrame({"a": ["x", None], "b": [1, 2]})
        >>> frame.select(level_of(["a", "b"])).to_series().to_list()
        ['x × 1', '∅ × 2']
    """
    return pl.concat_str([pl.col(c).cast(pl.String).fill_null(MISSING) for c in inputs], separator=BETWEEN)


def _found(inputs: Sequence[str], values: Sequence[str], numbers: Sequence[float], default: float) -> pl.Expr:
    if not values:
        return pl.lit(default, dtype=pl.Float64)
    new, old = pl.Series(numbers, dtype=pl.Float64), pl.Series(values, dtype=pl.String)
    return level_of(inputs).replace_strict(old, new, default=default, return_dtype=pl.Float64)


def _levels(frame: pl.DataFrame, inputs: Sequence[str]) -> tuple[Array, list[str]]:
    """Codes (n,) of the combinations of each row, and their texts: only those that there are are written out."""
    codes = np.zeros(frame.height, dtype=np.int64)
    for name in inputs:
        own, levels = codes_of(frame[name])
        codes = np.unique(codes * (len(levels) + 1) + own + 1, return_inverse=True)[1]
    first = np.unique(codes, return_index=True)[1]
    texts = frame[first].select(level_of(inputs).alias("l")).to_series()
    if texts.n_unique() < len(texts):  # two combinations that are written alike are one
        return codes_of(frame.select(level_of(inputs).alias("l")).to_series())
    return codes, texts.to_list()


@step
@dataclass(frozen=True)
class CombinedMean(Step):
    """The mean target (or share of one class) of training rows with the same values in all the columns, shrunk and
    cross-fitted; the overall mean for values never seen together."""

    kind: ClassVar[str] = "combined_mean"
    inputs: tuple[str, ...] = ()
    label: str | None = None
    position: int = 0
    values: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    prior: float = 0.0

    def features(self) -> tuple[Feature, ...]:
        told = {} if self.label is None else {"label": self.label}
        said = call("COMBINED_MEAN", *self.inputs, **told)
        return (Feature(said, said, self.inputs, "number"),)

    def expressions(self) -> list[pl.Expr]:
        return [_found(self.inputs, self.values, self.means, self.prior).alias(self.features()[0].name)]

    def training_columns(self, frame: pl.DataFrame, y: Array, fold: Array) -> list[pl.Series]:
        codes, values = _levels(frame, self.inputs)
        out = crossed(codes, y[:, self.position], len(values), fold)
        return [pl.Series(self.features()[0].name, out, dtype=pl.Float64)]

    @classmethod
    def learn(
        cls, frame: pl.DataFrame, inputs: Sequence[str], y: Array, labels: Sequence[str | None], group: str = GROUP
    ) -> list[CombinedMean]:
        """One step per column of ``y`` (n, k); none where the values say nothing about the target."""
        codes, values = _levels(frame, inputs)
        made = []
        for position, label in enumerate(labels):
            means, prior = _means(codes, y[:, position], len(values))
            if means.size and np.ptp(means) > 0:
                made.append(cls(group, tuple(inputs), label, position, tuple(values), tuple(means.tolist()), prior))
        return made


def _means(codes: Array, goal: Array, levels: int) -> tuple[Array, float]:
    """Mean of the goal per level, the overall mean counting for ``WEIGHT`` rows; and the overall mean."""
    prior = float(goal.mean()) if goal.size else 0.0
    counts = np.bincount(codes, minlength=levels)
    return (np.bincount(codes, weights=goal, minlength=levels) + WEIGHT * prior) / (counts + WEIGHT), prior


def crossed(codes: Array, goal: Array, levels: int, fold: Array) -> Array:
    """Shrunk mean of the goal of each row's level (n,), learnt from the rows of the other folds.

    Args:
        codes: (n,) int64 levels. goal: (n,) float64. fold: (n,) int32.

    Example:
        >>> crossed(np.array([0, 0, 1, 1]), np.array([0.0, 0.0, 1.0, 1.0]), 2, np.array([0, 1] * 2)).tolist()
        [0.25, 0.25, 0.75, 0.75]
    """
    out = np.empty(codes.size)
    for f in range(int(fold.max()) + 1):
        inside = fold == f
        means, _ = _means(codes[~inside], goal[~inside], levels)
        out[inside] = means[codes[inside]]
    return out


def chosen(
    frame: pl.DataFrame,
    specs: Sequence[ColumnSpec],
    base: pl.DataFrame,
    goals: Array,
    labels: Sequence[str | None],
    task: Task,
    seed: int = 0,
) -> list[Step]:
    """Means of the combinations that add to a base model which knows the mean of each column alone.

    Args:
        frame: training rows. base: their basic features. goals: (n, c) columns to predict. labels: of ``goals``.
    """
    if frame.height < ROWS:
        return []
    found = _telling(*_some(frame, base, goals, EXPLORED, seed), specs, task, seed)
    made = (one for inputs in found for one in CombinedMean.learn(frame, inputs, goals, labels))
    return [one for one in made if len(one.values) <= LEVELS]


def _some(
    frame: pl.DataFrame, base: pl.DataFrame, goals: Array, most: int, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame, Array]:
    if frame.height <= most:
        return frame, base, goals
    rows = np.sort(np.random.default_rng(seed).choice(frame.height, most, replace=False))
    return frame[rows], base[rows], goals[rows]


def _telling(
    frame: pl.DataFrame, base: pl.DataFrame, goals: Array, specs: Sequence[ColumnSpec], task: Task, seed: int
) -> list[tuple[str, ...]]:
    """The combinations that are made, the most telling first."""
    codes = _codes(frame, specs)
    tried = _occupied(codes) if len(codes) > 1 else {}
    if not tried:
        return []
    fold, goal = fold_of(frame.height, 4, seed), np.ascontiguousarray(goals[:, :3])
    rows = np.arange(frame.height)
    if frame.height > SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(frame.height, SAMPLE, replace=False))
    alone = [crossed(c, goal[:, k], int(c.max()) + 1, fold)[rows] for c in codes.values() for k in range(goal.shape[1])]
    matrix = np.vstack([matrix_of(base[rows], base.columns), *alone])
    residual, inner = residuals(matrix.T, np.ascontiguousarray(goal[rows]), task, seed)
    shuffled = residual[np.random.default_rng(1).permutation(len(residual))]
    gain, error, luck = (np.zeros(len(tried)) for _ in range(3))
    for k in range(goal.shape[1]):
        values = np.stack([crossed(c, goal[:, k], int(c.max()) + 1, fold)[rows] for c in tried.values()])
        here, uncertain = gains(values, np.ascontiguousarray(residual[:, k : k + 1]), inner)
        gain, error = gain + here / goal.shape[1], error + uncertain / goal.shape[1]
        luck += gains(values, np.ascontiguousarray(shuffled[:, k : k + 1]), inner)[0] / goal.shape[1]
    if not np.any((gain > GAIN) & (gain > ERRORS * error)):
        return []
    names = list(tried)
    return [names[i] for i in pick(gain, error, values, MOST, max(LEAST_GAIN, float(luck.max())))]


def _codes(frame: pl.DataFrame, specs: Sequence[ColumnSpec]) -> dict[str, Array]:
    """Codes (n,) of the columns that may be combined, missing as a level: those with most levels that come again."""
    found: list[tuple[int, str, Array]] = []
    dtypes = frame.schema
    for spec in specs:
        dtype = dtypes[spec.name]
        if spec.role not in (*CODED, "boolean") or not (dtype in (pl.String, pl.Boolean) or dtype.is_integer()):
            continue
        known = frame.height - frame[spec.name].null_count()
        codes, levels = codes_of(frame[spec.name])
        if 2 <= len(levels) <= known / 2:
            found.append((len(levels), spec.name, codes + 1))
    return {name: codes for _, name, codes in sorted(found, key=lambda one: (-one[0], one[1]))[:COLUMNS]}


def _occupied(codes: dict[str, Array]) -> dict[tuple[str, ...], Array]:
    """Codes of each combination that comes again often enough, and is another than that of fewer columns."""
    out: dict[tuple[str, ...], Array] = {}
    made: dict[tuple[str, ...], Array] = {(name,): c for name, c in codes.items()}
    levels: dict[tuple[str, ...], int] = {inputs: int(np.unique(c).size) for inputs, c in made.items()}
    for size in range(2, len(codes) + 1):
        for inputs in combinations(codes, size):
            before, last = made.get(inputs[:-1]), codes[inputs[-1]]
            if before is None or (size > AT_ONCE and inputs != tuple(codes)[:size]):
                continue
            seen, both = np.unique(before * (int(last.max()) + 1) + last, return_inverse=True)
            if seen.size * ROWS_EACH > both.size or seen.size > LEVELS:
                continue
            made[inputs], levels[inputs] = both, int(seen.size)
            wanted = size <= AT_ONCE or size == len(codes)
            if wanted and all(seen.size > levels.get(rest, 0) for rest in combinations(inputs, size - 1)):
                out[inputs] = both
    return out
