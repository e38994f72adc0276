"""Frames become matrices: what each kind of model needs, learnt from training rows only, kept as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.errors import InputError

Array = NDArray[Any]
Kind = Literal["native", "target", "linear"]

MOST_LEVELS = 1_000
ONE_HOT_LEVELS = 30
TARGET_CLASSES = 8
_BAND = 4096
INNER_FOLDS = 5
SMOOTHING = 10.0


def usable_columns(frame: pl.DataFrame) -> tuple[list[str], list[str]]:
    """Names of the number-like and of the category columns; dates and nested types are left to synthesizers.

    Example:
        >>> usable_columns(pl.DataFrame({"a": [1], "b": ["x"], "c": [True]}))
        (['a', 'c'], ['b'])
    """
    numbers, categories = [], []
    for name, dtype in frame.schema.items():
        if dtype.is_numeric() or dtype == pl.Boolean:
            numbers.append(name)
        elif dtype in (pl.String, pl.Categorical, pl.Enum):
            categories.append(name)
    return numbers, categories


def number_matrix(frame: pl.DataFrame, names: list[str]) -> Array:
    """Columns as Float64 (n, len(names)); null, NaN and infinities become NaN.

    Raises:
        InputError: a column is missing or holds text.
    """
    if not names:
        return np.empty((frame.height, 0))
    given = set(frame.columns)
    missing = [name for name in names if name not in given]
    if missing:
        raise InputError(f"the column '{missing[0]}' is missing", hint="give the columns the model was trained on")
    parts = [pl.col(name).cast(pl.Float64, strict=False).fill_null(float("nan")) for name in names]
    matrix = frame.select(parts).to_numpy()
    return np.where(np.isfinite(matrix), matrix, np.nan)


@dataclass
class Levels:
    """The known values of one category column; code ``len(values)`` is null, ``len(values) + 1`` is unknown."""

    name: str
    values: list[str]
    counts: list[int]

    @classmethod
    def learn(cls, frame: pl.DataFrame, name: str, least: int = 1, most: int = MOST_LEVELS) -> Self:
        """The most frequent values, frequent first; ties in order of text."""
        counted = (
            frame.select(pl.col(name).cast(pl.String).alias("value"))
            .drop_nulls()
            .group_by("value")
            .len()
            .filter(pl.col("len") >= least)
            .sort(["len", "value"], descending=[True, False])
            .head(most)
        )
        return cls(name, counted["value"].to_list(), counted["len"].to_list())

    def codes(self, frame: pl.DataFrame) -> Array:
        """Codes (n,) of a frame's column; a missing column counts as unknown."""
        null, unknown = len(self.values), len(self.values) + 1
        cells = frame.get_column(self.name, default=None)
        if cells is None:
            return np.asarray(np.full(frame.height, unknown, dtype=np.int64))
        text = cells.cast(pl.String)
        if not self.values:
            found = pl.Series([unknown], dtype=pl.Int64).new_from_index(0, frame.height)
        else:
            found = text.replace_strict(
                self.values, list(range(len(self.values))), default=unknown, return_dtype=pl.Int64
            )
        return np.asarray(np.where(text.is_null().to_numpy(), null, found.to_numpy()))


def _targets(y: Array, classes: int) -> Array:
    """What target codes average (n, t): the value, the share of class 1, or shares of the commonest classes."""
    if classes == 0:
        return np.asarray(y, dtype=np.float64)[:, None]
    if classes == 2:
        return np.asarray(y == 1, dtype=np.float64)[:, None]
    common = np.argsort(-np.bincount(y, minlength=classes), kind="stable")[:TARGET_CLASSES]
    return np.asarray(y[:, None] == common[None, :], dtype=np.float64)


def _sums(codes: Array, size: int, target: Array, weight: Array) -> tuple[Array, Array]:
    count = np.bincount(codes, weights=weight, minlength=size)
    total = np.column_stack([np.bincount(codes, weights=weight * t, minlength=size) for t in target.T])
    return count, total


@dataclass
class Encoder:
    """A frame's matrix for one kind of model.

    Kinds: "native" keeps category codes for trees that split on them; "target" replaces categories by smoothed means
    of the target (Micci-Barreca 2001), cross-fitted on training rows, and by counts; "linear" standardises, fills,
    flags what is missing, adds hinges at quantiles, and spreads small categories over columns.

    Args:
        kind: see above.
        classes: number of classes, 0 for regression.
        knots: hinges per number column ("linear" only).
        most_one_hot: categories with more values become target codes ("linear" only).
        seed: of the inner folds.
    """

    kind: Kind
    classes: int
    knots: int = 0
    most_one_hot: int = ONE_HOT_LEVELS
    seed: int = 0
    numbers: list[str] = field(default_factory=list)
    levels: list[Levels] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    prior: list[float] = field(default_factory=list)
    maps: list[list[list[float]]] = field(default_factory=list)
    fill: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    centre: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    flagged: list[int] = field(default_factory=list)
    hinges: list[list[float]] = field(default_factory=list)

    def fit_transform(self, frame: pl.DataFrame, y: Array, weight: Array | None = None) -> Array:
        """Learn from training rows and give their matrix (n, columns), target codes cross-fitted."""
        self.numbers, categories = usable_columns(frame)
        weights = np.ones(len(y)) if weight is None else weight
        least = 2 if self.kind == "native" and frame.height > 50 else 1
        self.levels = [Levels.learn(frame, name, least) for name in categories]
        self.levels = [level for level in self.levels if level.values]
        matrix = number_matrix(frame, self.numbers)
        varied = self._varied(matrix)
        self.numbers = [name for name, keep in zip(self.numbers, varied, strict=True) if keep]
        matrix = matrix[:, varied]
        codes = [level.codes(frame) for level in self.levels]
        if self.kind == "native":
            self.names = self.numbers + [level.name for level in self.levels]
            return self._join(matrix, [self._native(c, lev) for c, lev in zip(codes, self.levels, strict=True)])
        coded = self._learn_targets(codes, y, weights)
        if self.kind == "target":
            self.names = self.numbers + self._coded_names()
            return self._join(matrix, coded)
        return self._learn_linear(matrix, codes, coded)

    def transform(self, frame: pl.DataFrame) -> Array:
        """The matrix (n, columns) of new rows.

        Raises:
            InputError: a number column is missing.
        """
        matrix = number_matrix(frame, self.numbers)
        codes = [level.codes(frame) for level in self.levels]
        if self.kind == "native":
            return self._join(matrix, [self._native(c, lev) for c, lev in zip(codes, self.levels, strict=True)])
        coded = [self._lookup(number, c) for number, c in enumerate(codes)]
        if self.kind == "target":
            return self._join(matrix, coded)
        return self._linear(matrix, codes, coded)

    @property
    def categorical(self) -> list[int]:
        """Positions of the columns that hold category codes."""
        start = len(self.numbers)
        return list(range(start, start + len(self.levels))) if self.kind == "native" else []

    def raw_names(self) -> list[str]:
        """For each matrix column the frame column it comes from."""
        known = sorted([*self.numbers, *(level.name for level in self.levels)], key=len, reverse=True)
        return [next((k for k in known if name == k or name.startswith(k + "\x1f")), name) for name in self.names]

    @staticmethod
    def _varied(matrix: Array) -> Array:
        if not matrix.shape[1]:
            return np.zeros(0, dtype=bool)
        some = ~np.isnan(matrix)
        low = np.where(some, matrix, np.inf).min(axis=0, initial=np.inf)
        high = np.where(some, matrix, -np.inf).max(axis=0, initial=-np.inf)
        gaps = some.any(axis=0) & ~some.all(axis=0)
        return np.asarray((low < high) | gaps)

    @staticmethod
    def _join(matrix: Array, others: list[Array]) -> Array:
        parts = [part if part.ndim == 2 else part[:, None] for part in others]
        return np.ascontiguousarray(np.hstack([matrix, *parts])) if parts else np.ascontiguousarray(matrix)

    @staticmethod
    def _native(codes: Array, level: Levels) -> Array:
        return np.where(codes < len(level.values), codes, np.nan).astype(np.float64)

    def _learn_targets(self, codes: list[Array], y: Array, weight: Array) -> list[Array]:
        target = _targets(y, self.classes)
        self.prior = np.average(target, axis=0, weights=weight).tolist()
        prior = np.asarray(self.prior)
        fold = np.random.default_rng(self.seed).permutation(len(y)) % INNER_FOLDS
        found = []
        self.maps = []
        for column, level in zip(codes, self.levels, strict=True):
            size = len(level.values) + 2
            count, total = _sums(column, size, target, weight)
            means = (total + SMOOTHING * prior) / (count + SMOOTHING)[:, None]
            means[-1] = prior
            self.maps.append(np.column_stack([means, np.log1p(count)]).tolist())
            cross = np.empty((len(y), target.shape[1] + 1))
            for k in range(INNER_FOLDS):
                here = fold == k
                inside, sums = _sums(column[here], size, target[here], weight[here])
                rest, others = np.maximum(count - inside, 0.0), total - sums
                away = (others + SMOOTHING * prior) / (rest + SMOOTHING)[:, None]
                cross[here, :-1] = away[column[here]]
            cross[:, -1] = np.log1p(count)[column]
            found.append(cross)
        return found

    def _lookup(self, number: int, codes: Array) -> Array:
        return np.asarray(self.maps[number], dtype=np.float64)[codes]

    def _coded_names(self) -> list[str]:
        width = len(self.prior)
        return [f"{lev.name}\x1f{i}" for lev in self.levels for i in [*map(str, range(width)), "count"]]

    def _learn_linear(self, matrix: Array, codes: list[Array], coded: list[Array]) -> Array:
        self.fill, self.low, self.high, self.flagged, self.hinges = [], [], [], [], []
        for place in range(matrix.shape[1]):
            column = matrix[:, place]
            known = column[~np.isnan(column)]
            if len(known) < len(column):
                self.flagged.append(place)
            cuts = np.quantile(known, [0.005, 0.5, 0.995]) if len(known) else np.zeros(3)
            if cuts[0] == cuts[2] and len(known):
                cuts[0], cuts[2] = known.min(), known.max()
            room = 0.25 * (cuts[2] - cuts[0])
            self.low.append(float(cuts[0] - room))
            self.high.append(float(cuts[2] + room))
            self.fill.append(float(cuts[1]))
            steps = np.linspace(0, 1, self.knots + 2)[1:-1]
            inner: Array = np.unique(np.quantile(known, steps)) if len(known) else np.empty(0)
            enough = self.knots and len(known) and len(np.unique(known[:1000])) > 2 * self.knots
            self.hinges.append([float(v) for v in inner] if enough else [])
        self.centre, self.spread = [], []
        raw = self._linear_parts(matrix, codes, coded)
        self.names = self._linear_names()
        centre, spread = raw.mean(axis=0), raw.std(axis=0)
        spread = np.where(spread > 1e-12, spread, 1.0)
        self.centre, self.spread = centre.tolist(), spread.tolist()
        return np.asarray((raw - centre) / spread)

    def _linear(self, matrix: Array, codes: list[Array], coded: list[Array]) -> Array:
        centre, spread = np.asarray(self.centre), np.asarray(self.spread)
        out = np.empty((len(matrix), len(centre)))
        # band by band, so that what is between stays in the cache
        for at in range(0, len(matrix), _BAND):
            here = slice(at, at + _BAND)
            raw = self._linear_parts(matrix[here], [c[here] for c in codes], [c[here] for c in coded])
            np.subtract(raw, centre, out=raw)
            np.divide(raw, spread, out=out[here])
        return out

    def _linear_parts(self, matrix: Array, codes: list[Array], coded: list[Array]) -> Array:
        flags, numbers = len(self.flagged), matrix.shape[1]
        one_hot = [len(level.values) <= self.most_one_hot for level in self.levels]
        sizes = [
            len(level.values) + 1 if o else c.shape[1] for level, o, c in zip(self.levels, one_hot, coded, strict=True)
        ]
        raw = np.empty((len(matrix), numbers + flags + sum(map(len, self.hinges)) + sum(sizes)))
        # each part is written where it stays: joining them took longer than working them out
        filled, missing = raw[:, :numbers], np.isnan(matrix)
        filled[...] = np.where(missing, np.asarray(self.fill), matrix)
        np.clip(filled, np.asarray(self.low), np.asarray(self.high), out=filled)
        at = numbers + flags
        raw[:, numbers:at] = missing[:, self.flagged]
        for place, knots in enumerate(self.hinges):
            if knots:
                hinges = raw[:, at : at + len(knots)]
                np.subtract(filled[:, place, None], np.asarray(knots), out=hinges)
                np.maximum(hinges, 0.0, out=hinges)
                at += len(knots)
        for number, size in enumerate(sizes):
            table = np.eye(size + 1)[:, :size] if one_hot[number] else None
            raw[:, at : at + size] = coded[number] if table is None else table[codes[number]]
            at += size
        return raw

    def _linear_names(self) -> list[str]:
        names = [*self.numbers, *(f"{self.numbers[i]}\x1fmissing" for i in self.flagged)]
        for place, knots in enumerate(self.hinges):
            names += [f"{self.numbers[place]}\x1fhinge{i}" for i in range(len(knots))]
        width = len(self.prior)
        for level in self.levels:
            if len(level.values) <= self.most_one_hot:
                names += [f"{level.name}\x1f={value}" for value in [*level.values, "null"]]
            else:
                names += [f"{level.name}\x1f{i}" for i in [*map(str, range(width)), "count"]]
        return names

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        values = {k: v for k, v in self.__dict__.items() if k != "levels"}
        return {**values, "levels": [level.__dict__ for level in self.levels]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """An encoder of plain values."""
        return cls(**{**values, "levels": [Levels(**level) for level in values["levels"]]})
