"""From raw rows to predictions: clean, synthesize, predict, and say what was met on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import polars as pl

from autoprep.cleaning.given import Given
from autoprep.errors import ArtifactError, InputError
from autoprep.serving.guard import Guard
from autoprep.types import Plan

EVENTS = {
    "row": pl.Int64(),
    "column": pl.String(),
    "rule": pl.String(),
    "reason": pl.String(),
    "policy": pl.String(),
}
CHUNK_ROWS = 100_000
#: Probability with which a regression's interval holds the truth.
COVERAGE = 0.9


class Transform(Protocol):
    """Cleaning at prediction time: row by row the same rows, and the events of the scoring contract."""

    def __call__(self, frame: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]: ...


@dataclass(frozen=True)
class Scorer:
    """What turns raw rows into predictions; the same object serves files, streams and HTTP.

    Attributes:
        plan: the cleaning plan.
        predictor: ``predict(frame)``; for classification ``predict_proba(frame)``; for regression maybe
            ``interval(frame)``.
        synthesizer: ``transform(frame)`` after cleaning, or None when the predictor holds its own.
        task: "binary", "multiclass" or "regression".
        classes: the classes in the order of ``predict_proba``'s columns.
        clean: the function that cleans; ``autoprep.cleaning.transform`` when None.
        contract: the expectation suite of the raw columns.
        policies: rule id, "theme.*" or "*" -> "reject", "quarantine", "repair" or "warn".
    """

    plan: Plan
    predictor: Any
    synthesizer: Any = None
    task: str = "regression"
    classes: Sequence[Any] = ()
    clean: Transform | None = None
    contract: Mapping[str, Any] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    _guard: Guard = field(init=False, repr=False, compare=False)
    given: Given = field(init=False, repr=False, compare=False)
    _bound: list[Transform] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_guard", Guard(self.plan, self.contract, self.policies))
        object.__setattr__(self, "given", Given(self.plan))

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs; the compiled plan is made anew there."""
        return {**self.__dict__, "_bound": []}

    def raw(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The training columns in training order, as the source held them; what is not there stays out.

        Typed values of a column that training read as text become the text that its file would hold, so that a JSON
        number and a CSV cell of the same value meet the plan alike; so does an empty text, which is a missing cell.
        """
        target, found, schema = self.plan.target, [], frame.schema
        for name, wanted in self.given.inputs.items():
            if name == target or name not in schema:
                continue
            given = schema[name]
            if wanted == pl.String() or given == pl.Null():
                found.append(self.given.cells(name, given))
            elif wanted.is_numeric() and given.is_numeric():
                found.append(pl.col(name).cast(wanted, strict=False))
            else:
                found.append(pl.col(name))  # what cannot be read is told where the plan runs
        if not found:
            raise InputError(
                "none of the columns is one that the model was trained on",
                where="the new rows",
                hint="expected: " + ", ".join([name for name in self.given.inputs if name != target][:12]),
            )
        return frame.select(found)

    def transform(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Clean raw rows: as many rows in the same order, and the events (columns as in ``EVENTS``)."""
        raw, said = self._guard.before(self.raw(frame))
        cleaned, events = self._cleaner()(raw, self.plan)
        said += self._guard.after(cleaned, self._cleaner())
        events = self._guard.decide(pl.concat([events, *said]) if said else events)
        if cleaned.height != frame.height:
            raise ArtifactError(f"cleaning gave {cleaned.height} rows for {frame.height}", where="plan.yaml")
        return cleaned, events

    def writers(self, frame: pl.DataFrame) -> list[tuple[int, str, str]]:
        """Which step of the plan altered which cell: (0-based row, raw column, action id), in their order."""
        from autoprep.cleaning import Transformer

        return Transformer(self.plan).writers(self._guard.before(self.raw(frame))[0])

    def _cleaner(self) -> Transform:
        """The cleaning function, its plan compiled once."""
        if self.clean is not None:
            return self.clean
        if not self._bound:
            self._bound.append(_transform(self.plan))
        return self._bound[0]

    def features(self, cleaned: pl.DataFrame) -> pl.DataFrame:
        """The table the model sees."""
        return cleaned if self.synthesizer is None else self.synthesizer.transform(cleaned)

    def predict(self, frame: pl.DataFrame, *, reasons: bool = True) -> pl.DataFrame:
        """Predict raw rows, keeping their number and order.

        Returns:
            ``prediction``; ``probability_<class>`` (Float64) per class for classification; ``lower`` and ``upper``
            (Float64) for a regression whose model gives intervals; ``reasons`` (String: "rule:column" codes joined
            by ";", "" for none). A row that the contract rejects has a null prediction.
        """
        return self.explain(frame, reasons=reasons)[0]

    def explain(self, frame: pl.DataFrame, *, reasons: bool = True) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Predict, and give besides the cleaned rows and the events that ``reasons`` abbreviates."""
        cleaned, events = self.transform(frame)
        table = self.features(cleaned)
        columns: list[pl.Series] = []
        if self.task == "regression":
            values = np.asarray(self.predictor.predict(table), dtype=np.float64) if frame.height else np.empty(0)
            columns.append(pl.Series("prediction", values, dtype=pl.Float64))
            columns += self._interval(table, values)
        else:
            columns += self._classified(table, frame.height)
        predicted = pl.DataFrame(columns)
        refused = events.filter(pl.col("policy").is_in(["reject", "quarantine"]))
        rejected = refused.get_column("row").drop_nulls().unique()
        if rejected.len():
            keep = ~pl.int_range(pl.len()).is_in(rejected.implode())
            predicted = predicted.with_columns(pl.when(keep).then(pl.all()))
        if reasons:
            predicted = predicted.with_columns(reasons_of(events, frame.height))
        return predicted, cleaned, events

    def _interval(self, table: pl.DataFrame, values: Any) -> list[pl.Series]:
        if not hasattr(self.predictor, "interval"):
            return []
        if hasattr(self.predictor, "conformal"):
            conformal = self.predictor.conformal
            if conformal is None:
                return []
            lower, upper = conformal.interval(values, COVERAGE) if len(values) else (values, values)
        else:
            lower, upper = self.predictor.interval(table)
        return [pl.Series("lower", lower, dtype=pl.Float64), pl.Series("upper", upper, dtype=pl.Float64)]

    def _classified(self, table: pl.DataFrame, height: int) -> list[pl.Series]:
        names = [str(c) for c in self.classes]
        if not height:
            shares, prediction = np.empty((0, len(names))), pl.Series("prediction", [], dtype=pl.String)
        else:
            shares = np.asarray(self.predictor.predict_proba(table), dtype=np.float64)
            if shares.ndim != 2 or shares.shape[1] != len(names):
                raise ArtifactError(f"the model gives {shares.shape} probabilities for {len(names)} classes")
            prediction = self._labels(shares, table)
        return [prediction, *(pl.Series(f"probability_{n}", shares[:, i]) for i, n in enumerate(names))]

    def _labels(self, shares: Any, table: pl.DataFrame) -> pl.Series:
        if hasattr(self.predictor, "codes"):
            words = pl.Series("prediction", [str(c) for c in self.predictor.classes], dtype=pl.String)
            return words.gather(self.predictor.codes(shares))
        said = self.predictor.labels(shares) if hasattr(self.predictor, "labels") else self.predictor.predict(table)
        labels = [None if v is None else str(v) for v in np.asarray(said).tolist()]
        return pl.Series("prediction", labels, dtype=pl.String)

    def stream(self, frame: pl.LazyFrame, chunk_rows: int = CHUNK_ROWS) -> Iterator[tuple[int, pl.DataFrame]]:
        """Predict a table larger than memory: yields (first row, predictions) chunk by chunk, in order."""
        first = 0
        for chunk in frame.collect_batches(chunk_size=chunk_rows, maintain_order=True):
            if chunk.height:
                yield first, self.predict(chunk)
                first += chunk.height
        if not first:
            yield 0, self.predict(frame.head(0).collect())


def _transform(plan: Plan) -> Transform:
    from autoprep import cleaning

    bound = cleaning.Transformer(plan)

    def clean(frame: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
        return bound(frame)

    return clean


def reasons_of(events: pl.DataFrame, height: int) -> pl.Series:
    """One text per row: the distinct "rule:column" codes of its events in order of column and rule, joined by ";".

    An event whose ``row`` is null concerns every row.

    Example:
        >>> events = pl.DataFrame({"row": [1, 1], "column": ["age", "age"], "rule": ["missing.word", "missing.word"],
        ...                        "reason": ["", ""], "policy": ["repair", "repair"]})
        >>> reasons_of(events, 2).to_list()
        ['', 'missing.word:age']
    """
    empty = pl.Series("reasons", [""] * height, dtype=pl.String)
    if not events.height or not height:
        return empty
    code = pl.col("rule") + pl.lit(":") + pl.col("column").fill_null("")
    coded = events.select(pl.col("row").cast(pl.Int64), code.str.strip_suffix(":").alias("code"), "column")
    everywhere = coded.filter(pl.col("row").is_null()).get_column("code").unique().sort().to_list()
    grouped = (
        coded.filter(pl.col("row").is_not_null())
        .unique(["row", "code"])
        .sort("row", "column", "code", nulls_last=True)
        .group_by("row", maintain_order=True)
        .agg(pl.col("code").str.join(";"))
    )
    joined = pl.DataFrame({"row": pl.int_range(height, eager=True)}).join(
        grouped, on="row", how="left", maintain_order="left"
    )
    own = joined.get_column("code").fill_null("")
    if not everywhere:
        return own.rename("reasons")
    prefix = ";".join(everywhere)
    said = pl.when(pl.col("reasons") == "").then(pl.lit(prefix)).otherwise(pl.lit(prefix + ";") + pl.col("reasons"))
    return own.rename("reasons").to_frame().select(said.alias("reasons")).get_column("reasons")
