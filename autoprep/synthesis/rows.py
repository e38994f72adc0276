"""The synthesizer of one table: learns from training rows, then makes model-ready columns of any rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import polars as pl

from autoprep.errors import ArtifactError, InputError
from autoprep.synthesis import basic, candidates, combined, more
from autoprep.synthesis.encodings import Array, Frequency, TargetMean
from autoprep.synthesis.ranking import fold_of
from autoprep.synthesis.steps import Keep, Step, step_from_dict
from autoprep.synthesis.text_targets import TextTarget
from autoprep.synthesis.texts import TextDirections
from autoprep.types import ColumnSpec, Feature, Task

FORMAT = 1
GROUPS = ("base", "text", "counts", "target", "arithmetic", "group", "combinations")
#: Further kinds, made where they are named.
MORE_GROUPS = ("ranks", "clusters", "crosses", "likeness", "patterns")
MOST_CLASSES = 5
PLAIN_TYPES = (
    *(pl.Float32, pl.Float64, pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    *(pl.Boolean, pl.String, pl.Date, pl.Time, pl.Null),
)


class Synthesizer:
    """Makes model-ready columns of the rows of one cleaned table.

    Args:
        groups: which kinds of features to make, of ``GROUPS``: "base" (values as they are, dates in parts, lengths
            of texts, missingness), "text" (TF-IDF directions), "counts" (frequencies), "target" (target means),
            "arithmetic" (ratios, differences, products that add to a base model), "group" (numbers set against groups),
            "combinations" (target means of several categories together, where they add to a base model);
            or of ``MORE_GROUPS``: "ranks" and shares within groups, "clusters", "crosses" of two categories,
            "likeness" of two texts, "patterns" of missing values.
        features: lines of features that are made besides, whatever they are worth ("RATIO(a, b)").
        outputs: what the columns are; guessed from their types when None. May also be given to ``fit``.
        task: "binary", "multiclass" or "regression"; may also be given to ``fit``.
        seed: decides folds and samples.
        most: most features kept of each of "arithmetic" and "group".
        leaves: of the base model's trees that "arithmetic" and "group" must add to; 2 leaves all interaction to them.

    Example:
        >>> frame = pl.DataFrame({"day": [None, 8], "price": [1.5, 2.5]}).cast({"day": pl.Date})
        >>> made = Synthesizer(groups=("base",)).fit(frame).transform(frame)
        >>> made["price"].to_list(), "WEEKDAY(day)" in made.columns
        ([1.5, 2.5], True)
    """

    def __init__(
        self,
        groups: Sequence[str] = GROUPS,
        *,
        outputs: Sequence[ColumnSpec] | None = None,
        task: Task | None = None,
        seed: int = 0,
        most: int = 12,
        leaves: int = 15,
        features: Sequence[str] = (),
    ) -> None:
        unknown = [g for g in groups if g not in (*GROUPS, *MORE_GROUPS)]
        if unknown:
            raise InputError(
                f"unknown feature group '{unknown[0]}'", hint=f"known: {', '.join((*GROUPS, *MORE_GROUPS))}"
            )
        self.groups, self.outputs, self.task = tuple(groups), tuple(outputs) if outputs is not None else None, task
        self.seed, self.most, self.leaves, self.asked = seed, most, leaves, tuple(features)
        self.steps_: tuple[Step, ...] = ()
        self.schema_: dict[str, pl.DataType] = {}

    def fit(
        self,
        frame: pl.DataFrame,
        outputs: Sequence[ColumnSpec] | None = None,
        y: Array | None = None,
        task: Task | None = None,
    ) -> Self:
        """Learn from training rows only.

        Args:
            frame: cleaned, typed rows. outputs: what the columns are. y: (n,) labels or values. task: what ``y`` is.

        Raises:
            InputError: ``y`` has another length than ``frame``.
        """
        self.outputs = tuple(outputs) if outputs is not None else self.outputs
        specs = list(self.outputs) if self.outputs is not None else basic.specs_of(frame)
        there = set(frame.columns)
        specs = [s for s in specs if s.name in there and s.role != "target"]
        self.task = task or self.task
        goals, labels = self._goals(frame, y)
        steps: list[Step] = []
        base = self._base(frame, specs, goals)
        if "base" in self.groups:
            steps += base
        if "text" in self.groups:
            steps += self._texts(frame, specs)
        if "counts" in self.groups:
            steps += [Frequency.learn(frame, c) for c in candidates.repeated(frame, specs, 8)]
        if "target" in self.groups and goals is not None:
            for c in candidates.repeated(frame, specs, 5):
                steps += TargetMean.learn(frame, c, goals, labels)
            for c, analyzer in candidates.texts(frame, specs):
                told = TextTarget.learn_target(frame, c, analyzer, goals, labels, seed=self.seed)
                steps += [told] if told is not None else []
        wanted = [g for g in ("arithmetic", "group") if g in self.groups]
        made = self._run(base, frame) if goals is not None and (wanted or "combinations" in self.groups) else None
        if goals is not None and made is not None and self.task is not None:
            if wanted:
                settled = (self.most, self.seed, self.leaves)
                steps += candidates.ranked(frame, specs, made, goals, self.task, wanted, *settled)
            if "combinations" in self.groups:
                steps += combined.chosen(frame, specs, made, goals, labels, self.task, self.seed)
        for kind in (g for g in MORE_GROUPS if g in self.groups):
            steps += more.STEPS_OF[kind](frame, specs, goals, labels, self.seed)
        if self.asked:
            from autoprep.synthesis.asked import line_of, step_of

            made_already = {t for s in steps for f in s.features() for t in (f.name, f.definition)}
            lines = dict.fromkeys(line_of(text) for text in self.asked)
            steps += [step_of(t, frame, goals, labels, self.seed) for t in lines if t not in made_already]
        self.steps_ = tuple(steps)
        given = frame.schema
        self.schema_ = {c: given[c] for c in sorted({i for f in self.features for i in f.inputs})}
        return self

    def fit_transform(
        self,
        frame: pl.DataFrame,
        y: Array | None = None,
        outputs: Sequence[ColumnSpec] | None = None,
        task: Task | None = None,
        folds: int = 5,
    ) -> pl.DataFrame:
        """Learn, and return the training rows with each row's target encodings learnt from other folds only."""
        self.fit(frame, outputs, y, task)
        goals, _ = self._goals(frame, y)
        made = self.transform(frame)
        if goals is None or frame.height < 2 * folds:
            return made
        fold = fold_of(frame.height, folds, self.seed)
        crossed = [s for step in self.steps_ for s in step.training_columns(frame, goals, fold)]
        return made.with_columns(crossed) if crossed else made

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns for any rows, in the order of the rows; one row gives the same numbers as a million.

        A column that is not there counts as missing; values never seen get what is stated for each feature.
        """
        return self._run(self.steps_, self.aligned(frame))

    @property
    def features(self) -> list[Feature]:
        """What the columns are, in their order."""
        return [f for step in self.steps_ for f in step.features()]

    def columns_of(self, group: str) -> list[str]:
        """Names of the columns that a group made."""
        return [f.name for s in self.steps_ if s.group == group for f in s.features()]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: settings, input schema, steps with what they learnt."""
        return {
            "format": FORMAT,
            "groups": list(self.groups),
            "task": self.task,
            "seed": self.seed,
            "most": self.most,
            "schema": {name: dtype_name(dtype) for name, dtype in self.schema_.items()},
            "steps": [s.to_dict() for s in self.steps_],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a fitted synthesizer of plain values.

        Raises:
            ArtifactError: another format.
        """
        if values.get("format") != FORMAT:
            raise ArtifactError(f"synthesizer format {values.get('format')} is not {FORMAT}", hint="fit again")
        made = cls(values["groups"], task=values["task"], seed=values["seed"], most=values["most"])
        made.schema_ = {name: dtype_of(text) for name, text in values["schema"].items()}
        made.steps_ = tuple(step_from_dict(s) for s in values["steps"])
        return made

    def _goals(self, frame: pl.DataFrame, y: Array | None) -> tuple[Array | None, list[str | None]]:
        """Columns to predict (n, k) float64 and their labels: the target, the second class, or the top classes."""
        if y is None:
            return None, []
        values = np.asarray(y)
        if values.shape[0] != frame.height:
            raise InputError(f"y has {values.shape[0]} values for {frame.height} rows")
        if self.task is None:
            text = values.dtype.kind in "OUSb" or np.unique(values).size <= 2
            self.task = "regression" if not text else ("binary" if np.unique(values).size <= 2 else "multiclass")
        if self.task == "regression":
            return values.astype(float)[:, None], [None]
        classes, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        if classes.size <= 2:
            return (codes == classes.size - 1).astype(float)[:, None], [None]
        top = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
        return (codes[:, None] == top[None, :]).astype(float), [str(classes[t]) for t in top]

    def _base(self, frame: pl.DataFrame, specs: Sequence[ColumnSpec], goals: Array | None) -> list[Step]:
        steps = [step for spec in specs for step in basic.steps_of(spec, frame[spec.name])]
        steps += basic.between_dates(frame, specs) + basic.distances(specs)
        kept = candidates.varying(frame, [s for s in steps if not isinstance(s, Keep)])
        steps = [s for s in steps if isinstance(s, Keep) or s in kept]
        return steps + basic.missingness(frame, specs, goals)

    def _texts(self, frame: pl.DataFrame, specs: Sequence[ColumnSpec]) -> list[Step]:
        made: list[Step] = []
        for name, analyzer in candidates.texts(frame, specs):
            learnt = TextDirections.learn(frame, name, analyzer, seed=self.seed)
            if learnt is not None:
                made.append(learnt)
        return made

    def aligned(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns that steps read, in their types; one that is not there counts as missing."""
        made, given = [], frame.schema
        for name, dtype in self.schema_.items():
            if name not in given:
                made.append(pl.lit(None, dtype=dtype).alias(name))
            elif given[name] != dtype:
                made.append(pl.col(name).cast(dtype, strict=False))
            else:
                made.append(pl.col(name))
        if not made:
            return frame
        out = frame.select(made)
        return out if out.height == frame.height else frame.with_columns(made).select(list(self.schema_))

    @staticmethod
    def _run(steps: Sequence[Step], frame: pl.DataFrame) -> pl.DataFrame:
        expressions = [e for s in steps for e in s.expressions()]
        names = [f.name for s in steps for f in s.features()]
        out = frame.with_columns(expressions) if expressions else frame
        arrays = [c for s in steps for c in s.columns(frame)]
        return out.with_columns(arrays).select(names)


def dtype_name(dtype: pl.DataType) -> str:
    """A Polars type as text that ``dtype_of`` reads.

    Example:
        >>> dtype_name(pl.Datetime("us", "UTC")), dtype_name(pl.Int64())
        ('Datetime us UTC', 'Int64')
    """
    if isinstance(dtype, pl.Datetime):
        return f"Datetime {dtype.time_unit} {dtype.time_zone or ''}".strip()
    if isinstance(dtype, pl.Duration):
        return f"Duration {dtype.time_unit}"
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return "String"
    return str(dtype.base_type().__name__)


def dtype_of(text: str) -> pl.DataType:
    """The Polars type that ``dtype_name`` wrote.

    Example:
        >>> dtype_of("Datetime us UTC")
        Datetime(time_unit='us', time_zone='UTC')
    """
    name, *rest = text.split(" ")
    known = {t.__name__: t for t in PLAIN_TYPES}
    if name == "Datetime":
        return pl.Datetime(rest[0], rest[1] if len(rest) > 1 else None)  # type: ignore[arg-type]
    if name == "Duration":
        return pl.Duration(rest[0])  # type: ignore[arg-type]
    if name not in known:
        raise ArtifactError(f"unknown column type '{text}'")
    return known[name]()
