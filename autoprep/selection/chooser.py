"""Choose features: replayed boosting on residuals, shadows, redundancy, resampling, and the gain of each more one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from autoprep.errors import InputError, did_you_mean
from autoprep.selection import shadows
from autoprep.selection.shadows import Array
from autoprep.synthesis.ranking import fold_of, gains, matrix_of, rank, residuals
from autoprep.types import Feature, Task

#: Rows that are looked at, and rows of the first, rough look at many candidates.
SAMPLE, ROUGH, MANY = 20_000, 4_000, 150
#: Shuffles that say what the luckiest candidate earns by chance; resamples that stability is counted over.
SHUFFLES, RESAMPLES = 20, 10
#: Least share of the residual's variance; greatest rank correlation with a better one; rows needed at all.
LEAST_GAIN, ALIKE, LEAST_ROWS = 2e-4, 0.97, 100
MOST_GOALS = 3
FALSE_DISCOVERIES = 0.1
#: Two-sided 95% of Student's t with 3 degrees of freedom: four folds.
T95 = 3.182


@dataclass(frozen=True)
class Selection:
    """What was chosen, and why.

    Attributes:
        chosen: names, by falling gain.
        table: one row per candidate: ``feature``, ``chosen``, ``gain`` (the share it explains, out of fold, of the
            variance that an additive model of the base columns leaves), ``low`` and ``high`` (95%), ``stability``
            (share of resamples in which it clears chance), ``why``.
        curve: ``features`` taken, held-out ``loss``, ``better`` (by how much than none), ``se`` of that.
    """

    chosen: tuple[str, ...]
    table: pl.DataFrame
    curve: pl.DataFrame

    def describe(self, features: Sequence[Feature]) -> list[Feature]:
        """The chosen ones of ``features`` with their gain, by falling gain."""
        known = {f.name: f for f in features}
        gain: Mapping[str, float] = dict(self.table.select("feature", "gain").iter_rows())
        return [
            Feature(f.name, f.definition, f.inputs, f.dtype, gain[f.name])
            for f in (known[name] for name in self.chosen if name in known)
        ]


def select(
    frame: pl.DataFrame,
    y: Array,
    task: Task,
    *,
    base: Sequence[str] = (),
    most: int = 60,
    seed: int = 0,
) -> Selection:
    """Choose the columns that add to the base columns.

    Args:
        frame: (n, m) candidates and base columns, rows in the order of ``y``. Encodings that were learnt from the
            target must be cross-fitted.
        y: (n,) values, or class codes. task: what ``y`` is.
        base: columns that stay whatever is chosen; every other column is a candidate.
        most: at most so many are chosen.
        seed: decides samples, folds and shuffles; the same gives the same choice.

    Raises:
        InputError: ``y`` has another length; a base column is not there.

    Method: candidates are scored by boosting replayed on what an additive LightGBM on the base columns leaves, held
    out (after Zhang et al. 2023, OpenFE; additive, so that what lies between columns is left to be found); what
    clears the luckiest of shuffled residuals is pruned of near copies, set against shuffled shadows (Boruta) at a
    false-discovery rate of 10%, and taken, the doubtful ones last, as far as the held-out loss falls by more than its
    standard error.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> frame = pl.DataFrame({"a": rng.normal(size=600), "b": rng.normal(size=600), "noise": rng.normal(size=600)})
        >>> frame = frame.with_columns(product=pl.col("a") * pl.col("b"))
        >>> select(frame, frame["product"].to_numpy(), "regression", base=["a", "b"]).chosen
        ('product',)
    """
    if len(y) != frame.height:
        raise InputError(f"y has {len(y)} values for {frame.height} rows")
    for name in base:
        if name not in frame.columns:
            raise InputError(f"no column '{name}'", hint=did_you_mean(name, frame.columns))
    names = [n for n in frame.columns if n not in set(base)]
    goals = _goals(np.asarray(y), task)
    if frame.height < LEAST_ROWS or not names or not goals.shape[1]:
        few = f"fewer than {LEAST_ROWS} rows" if frame.height < LEAST_ROWS else "the target does not vary"
        return _nothing(names, few)
    rows = _rows(frame.height, seed)
    goals, sample = np.ascontiguousarray(goals[rows]), frame[rows]
    kept = np.ascontiguousarray(matrix_of(sample, base).T)
    values = matrix_of(sample, names)
    if base:
        residual, fold = residuals(kept, goals, task, seed, leaves=2)
    else:
        residual, fold = goals - goals.mean(axis=0), fold_of(len(goals), 4, seed)
    look = _rough(values, residual, fold)
    gain, error, floor = _scored(values, residual, fold, look, seed)
    why = {
        i: ("left after a first look" if i not in look else "adds no more than chance would") for i in range(len(names))
    }
    order = [int(i) for i in np.argsort(-gain, kind="stable") if gain[i] > floor and gain[i] > 2 * error[i]]
    order = _distinct(order, values, names, why, 3 * most)
    tried = np.ascontiguousarray(values[order].T)
    passed = shadows.found_often(shadows.against_shadows(kept, tried, goals, task, seed), FALSE_DISCOVERIES)
    doubted = [i for i, good in zip(order, passed, strict=True) if not good]
    for i in doubted:
        why[i] = "no better than shuffled copies, beside the other features"
    # The doubted come last: many that are weak each for itself may be strong together, which the held-out loss decides.
    order = [*(i for i, good in zip(order, passed, strict=True) if good), *doubted][:most]
    order, said = _taken(order, kept, values, goals, task, seed, why)
    stable = _stability(values, residual, fold, look, floor, seed)
    for i in order:
        why[i] = f"explains {gain[i]:.2%} of what the columns, each for itself, leave unexplained"
    table = pl.DataFrame(
        {
            "feature": names,
            "chosen": [i in set(order) for i in range(len(names))],
            "gain": gain,
            "low": np.maximum(0.0, gain - T95 * error),
            "high": gain + T95 * error,
            "stability": stable,
            "why": [why[i] for i in range(len(names))],
        }
    ).sort("chosen", "gain", "feature", descending=[True, True, False])
    return Selection(tuple(names[i] for i in order), table, said)


def _goals(y: Array, task: Task) -> Array:
    """Columns to predict (n, c) float64: values within their 0.1% tails, or membership of the commonest classes."""
    if task == "regression":
        values = y.astype(float)
        low, high = np.quantile(values, [0.001, 0.999])
        values = np.clip(values, low, high)
        return values[:, None] if values.std() > 0 else np.empty((len(y), 0))
    classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    if classes.size < 2:
        return np.empty((len(y), 0))
    if classes.size == 2:
        return np.asarray(codes == 1, dtype=float)[:, None]
    top = np.sort(np.argsort(-counts, kind="stable")[:MOST_GOALS])
    return np.asarray(codes[:, None] == top[None, :], dtype=float)


def _rows(height: int, seed: int) -> Array:
    if height <= SAMPLE:
        return np.arange(height)
    return np.sort(np.random.default_rng(seed).choice(height, SAMPLE, replace=False))


def _rough(values: Array, residual: Array, fold: Array) -> list[int]:
    """Candidates worth a closer look: all of few; of many the better half on a fifth of the rows."""
    if values.shape[0] <= MANY or values.shape[1] <= 2 * ROUGH:
        return list(range(values.shape[0]))
    part = slice(0, values.shape[1], max(2, values.shape[1] // ROUGH))
    gain, error = gains(np.ascontiguousarray(values[:, part]), residual[part], np.ascontiguousarray(fold[part]))
    hopeful = np.argsort(-(gain + 2 * error), kind="stable")[: max(MANY, values.shape[0] // 2)]
    return sorted(int(i) for i in hopeful)


def _scored(values: Array, residual: Array, fold: Array, look: list[int], seed: int) -> tuple[Array, Array, float]:
    """Gain and standard error of every candidate (0 where none was looked at closely), and what luck earns."""
    near = np.ascontiguousarray(values[look])
    gain, error = np.zeros(values.shape[0]), np.zeros(values.shape[0])
    gain[look], error[look] = gains(near, residual, fold)
    rng = np.random.default_rng(seed + 2)
    lucky = [float(gains(near, residual[rng.permutation(len(residual))], fold)[0].max()) for _ in range(SHUFFLES)]
    return gain, error, max(LEAST_GAIN, *lucky)


def _distinct(order: list[int], values: Array, names: Sequence[str], why: dict[int, str], most: int) -> list[int]:
    """Those that are no near copy, by rank, of a better one."""
    left: list[int] = []
    ranked: list[Array] = []
    for i in order:
        ranks = rank(values[i])
        close = np.abs(np.asarray([float(ranks @ other) for other in ranked]))
        if close.size and close.max() >= ALIKE:
            why[i] = f"nearly a copy of {names[left[int(close.argmax())]]} (rank correlation {close.max():.3f})"
        elif len(left) < most:
            left.append(i)
            ranked.append(ranks)
        else:
            why[i] = "others add more"
    return left


def _taken(
    order: list[int], kept: Array, values: Array, goals: Array, task: Task, seed: int, why: dict[int, str]
) -> tuple[list[int], pl.DataFrame]:
    """As many of the best as make the held-out loss least, and the curve."""
    sizes = sorted({0, *(s for s in (1, 2, 4, 8, 16, 32, 64) if s < len(order)), len(order)})
    if not kept.shape[1]:
        sizes = [s for s in sizes if s] or [0]
    if sizes == [0]:
        return [], _curve([0], np.zeros((1, 2)))
    loss = shadows.curve(kept, np.ascontiguousarray(values[order].T), goals, task, sizes, seed)
    best = sizes[_surest(loss)]
    for i in order[best:]:
        if not why[i].startswith("no better"):
            why[i] = "the held-out loss falls no further with it"
    return order[:best], _curve(sizes, loss)


def _surest(loss: Array) -> int:
    """Which row of (sizes, folds) losses is least among those that beat the first by more than its standard error."""
    better = loss[0] - loss
    error = better.std(axis=1, ddof=1) / np.sqrt(loss.shape[1])
    mean = np.where(better.mean(axis=1) > error, better.mean(axis=1), 0.0)
    return int(np.argmax(mean))


def _curve(sizes: list[int], loss: Array) -> pl.DataFrame:
    better = loss[0] - loss
    return pl.DataFrame(
        {
            "features": sizes,
            "loss": loss.mean(axis=1),
            "better": better.mean(axis=1),
            "se": better.std(axis=1, ddof=1) / np.sqrt(loss.shape[1]),
        }
    )


def _stability(values: Array, residual: Array, fold: Array, look: list[int], floor: float, seed: int) -> Array:
    """Share of half-samples in which a candidate still clears what luck earned."""
    near, rng = values[look], np.random.default_rng(seed + 3)
    often = np.zeros(len(look))
    for _ in range(RESAMPLES):
        half = np.sort(rng.permutation(values.shape[1])[: values.shape[1] // 2])
        gain, _ = gains(np.ascontiguousarray(near[:, half]), residual[half], np.ascontiguousarray(fold[half]))
        often += gain > floor
    out = np.zeros(values.shape[0])
    out[look] = often / RESAMPLES
    return out


def _nothing(names: Sequence[str], why: str) -> Selection:
    zero = [0.0] * len(names)
    table = pl.DataFrame(
        {
            "feature": list(names),
            "chosen": [False] * len(names),
            "gain": zero,
            "low": zero,
            "high": zero,
            "stability": zero,
            "why": [why] * len(names),
        },
        schema_overrides={"feature": pl.String, "chosen": pl.Boolean, "why": pl.String},
    )
    return Selection((), table, _curve([0], np.zeros((1, 2))))
