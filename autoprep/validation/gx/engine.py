"""A Polars execution engine for Great Expectations, as a plugin: no fork and no patch of Great Expectations.

It stands under the pandas engine: expectations that ask which engine they run on find what they know, and a metric that
has no answer here is answered by the pandas engine on a converted frame (``PolarsExecutionEngine.converted`` names it).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from autoprep.errors import AutoprepError
from autoprep.validation.evaluate import evaluate
from autoprep.validation.gx.internals import (
    BatchData,
    BatchMarkers,
    ExecutionEngine,
    MetricResolutionError,
    PandasExecutionEngine,
    registry,
)
from autoprep.validation.gx.metrics import Ask, Question, metrics, needs_whole_rows
from autoprep.validation.outcome import Outcome
from autoprep.validation.rows import row_condition

#: What stands in a metric's place until it is resolved with all others.
_ASK = "autoprep_ask"


class PolarsBatchData(BatchData):  # type: ignore[misc]
    """A Polars frame as the data of a batch.

    Attributes:
        frame: the DataFrame or LazyFrame that was given.
    """

    def __init__(self, execution_engine: Any, frame: pl.DataFrame | pl.LazyFrame) -> None:
        super().__init__(execution_engine=execution_engine)
        self.frame = frame
        self.schema = dict(frame.lazy().collect_schema())
        self._converted: Any = None

    @property
    def dataframe(self) -> Any:
        """The whole frame for pandas, converted once."""
        if self._converted is None:
            self._converted = self.frame.lazy().collect().to_pandas()
        return self._converted

    @property
    def types(self) -> Any:
        """The dtypes that the columns have in pandas, by name."""
        return pl.DataFrame(schema=self.schema).to_pandas().dtypes


class PolarsExecutionEngine(PandasExecutionEngine):  # type: ignore[misc]
    """Resolves a suite's metrics in one Polars query.

    Attributes:
        converted: metrics that were left to the pandas engine, on a converted frame.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.converted: set[str] = set()
        self._known: dict[Any, Any] = {}
        self._failed: dict[Any, str] = {}

    def configure_validator(self, validator: Any) -> None:
        """Nothing to configure: rows are shown as Great Expectations shows pandas'."""

    def load_batch_data(self, batch_id: str, batch_data: Any) -> None:
        """Take a batch; what was known of an earlier one of the same name is forgotten."""
        if not isinstance(batch_data, PolarsBatchData):
            batch_data = PolarsBatchData(self, batch_data)
        self._known.clear()
        self._failed.clear()
        self._metric_cache.clear()
        ExecutionEngine.load_batch_data(self, batch_id=batch_id, batch_data=batch_data)

    def get_batch_data_and_markers(self, batch_spec: Any) -> tuple[PolarsBatchData, Any]:
        """The batch's data, and when it was loaded."""
        data = PolarsBatchData(self, batch_spec.batch_data)
        batch_spec.batch_data = f"Polars{type(data.frame).__name__}"
        return data, BatchMarkers({"ge_load_time": datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")})

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[Any],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """Resolve metrics: all that have a question here in one query, the others by the pandas engine.

        Raises:
            MetricResolutionError: names the metrics that have no value (a column is not there, a dtype does not fit).
        """
        wanted = list(metrics_to_resolve)
        asked: list[tuple[Any, Ask]] = []
        rest = []
        for metric in wanted:
            if metric.id in self._known or metric.id in self._failed:
                continue
            provider = registry.get_metric_provider(metric.metric_name, self)[1]
            ask = getattr(provider, _ASK, None)
            if ask is None:
                rest.append(metric)
            else:
                asked.append((metric, ask))
        for batch_id in dict.fromkeys(self._batch_of(metric) for metric, _ in asked):
            self._ask(batch_id, [pair for pair in asked if self._batch_of(pair[0]) == batch_id])
        failed = [metric for metric in wanted if metric.id in self._failed]
        if failed:
            why = self._failed[failed[0].id]
            alike = tuple(metric for metric in failed if self._failed[metric.id] == why)
            raise MetricResolutionError(message=why, failed_metrics=alike)
        made = {metric.id: self._known[metric.id] for metric in wanted if metric.id in self._known}
        if rest:
            self.converted.update(m.metric_name for m in rest if m.metric_name not in PURE)
            made |= super().resolve_metrics(rest, metrics, runtime_configuration)
        return made

    def _batch_of(self, metric: Any) -> str:
        found: str = metric.metric_domain_kwargs.get("batch_id") or self.batch_manager.active_batch_data_id
        return found

    def _ask(self, batch_id: str, asked: list[tuple[Any, Ask]]) -> None:
        """Put the questions of a batch, each distinct one once."""
        data: PolarsBatchData = self.batch_manager.batch_data_cache[batch_id]
        questions: dict[str, dict[str, Any]] = {}
        waiting: list[tuple[Any, Question, str]] = []
        for metric, ask in asked:
            if metric.metric_domain_kwargs.get("table"):
                self._failed[metric.id] = "a batch of a Polars frame is one table: no other table has a name here"
                continue
            question = ask(metric.metric_domain_kwargs, metric.metric_value_kwargs or {})
            direct = DIRECT.get(question.expectation)
            if direct is not None:
                try:
                    self._known[metric.id] = direct(data, question.kwargs)
                except (AutoprepError, pl.exceptions.PolarsError, KeyError, TypeError, ValueError) as error:
                    self._failed[metric.id] = f"{metric.metric_name}: {error}"
                continue
            config = {"type": question.expectation, "kwargs": dict(question.kwargs)}
            key = json.dumps(config, sort_keys=True, default=repr)
            questions.setdefault(key, config)
            waiting.append((metric, question, key))
        outcomes = dict(zip(questions, evaluate(data.frame, list(questions.values())), strict=True))
        for metric, question, key in waiting:
            outcome = outcomes[key]
            if outcome.error:
                self._failed[metric.id] = outcome.error
                continue
            if needs_whole_rows(metric.metric_name, metric.metric_value_kwargs or {}):
                outcome = _with_whole_rows(outcome, data, question.kwargs)
            self._known[metric.id] = question.pick(outcome)


def _with_whole_rows(outcome: Outcome, data: PolarsBatchData, kwargs: Mapping[str, Any]) -> Outcome:
    frame = data.frame if isinstance(data.frame, pl.DataFrame) else None
    if frame is None and outcome.mask is not None:
        failing = outcome.mask.arg_true()
        frame = data.frame.lazy().with_row_index("__row").filter(pl.col("__row").is_in(failing.implode())).collect()
        return replace(outcome, values=frame.drop("__row"), mask=pl.repeat(True, frame.height, eager=True))
    return replace(outcome, values=frame)


def _expression(make: Callable[[pl.Expr, Mapping[str, Any]], pl.Expr]) -> Callable[[PolarsBatchData, Any], pl.Series]:
    """The values that an expression over one column gives, in the rows that are chosen."""

    def answer(data: PolarsBatchData, said: Mapping[str, Any]) -> pl.Series:
        lazy = data.frame.lazy()
        if said.get("row_condition"):
            lazy = lazy.filter(row_condition(said["row_condition"], said.get("condition_parser"), data.schema))
        cell = pl.col(said["column"])
        cell = cell.fill_nan(None) if data.schema[said["column"]].is_float() else cell
        return lazy.select(make(cell.drop_nulls(), said)).collect().to_series()

    return answer


def _value_counts(data: PolarsBatchData, said: Mapping[str, Any]) -> Any:
    counted = _expression(lambda cell, _: cell.value_counts(name="count"))(data, said).struct.unnest()
    made = counted.sort(said["column"]).to_pandas().set_index(said["column"])["count"]
    made.index.name = "value"
    return made


def _histogram(data: PolarsBatchData, said: Mapping[str, Any]) -> list[int]:
    import numpy as np

    values = _expression(lambda cell, _: cell)(data, said).to_numpy()
    return list(np.histogram(values, np.asarray(said["bins"], dtype=float))[0])


def _head(data: PolarsBatchData, said: Mapping[str, Any]) -> Any:
    lazy = data.frame.lazy()
    return (lazy if said.get("fetch_all") else lazy.head(said.get("n_rows", 5))).collect().to_pandas()


#: Metrics answered from the schema or by a query of their own.
DIRECT: Mapping[str, Callable[[PolarsBatchData, Mapping[str, Any]], Any]] = {
    "table.columns": lambda data, said: list(data.schema),
    "table.column_count": lambda data, said: len(data.schema),
    "table.column_types": lambda data, said: [{"name": n, "type": data.types[n]} for n in data.schema],
    "table.head": _head,
    "column.distinct_values": lambda data, said: set(_expression(lambda cell, _: cell.unique())(data, said).to_list()),
    "column.value_counts": _value_counts,
    "column.histogram": _histogram,
}
#: Metrics of the pandas engine that are made of other metrics only, and need no frame.
PURE = frozenset({"column.partition", "column.descriptive_stats"})


def _direct(name: str) -> Ask:
    return lambda domain, values: Question(name, {**domain, **values}, lambda outcome: None)


def register() -> None:
    """Enter our answers for every metric into Great Expectations' own registry of metric providers."""
    registry.register_core_metrics()
    known = registry._registered_metrics
    for name, ask in {**metrics(), **{name: _direct(name) for name in DIRECT}}.items():
        if name not in known:
            continue
        keys = known[name]["metric_domain_keys"], known[name]["metric_value_keys"]
        first = next(iter(known[name]["providers"].values()))[0]
        provided = type(
            "Polars_" + name.replace(".", "_"),
            (),
            {
                "default_kwarg_values": getattr(first, "default_kwarg_values", {}),
                "domain_keys": keys[0],
                "value_keys": keys[1],
                "get_evaluation_dependencies": classmethod(lambda cls, **said: {}),
            },
        )

        def resolved_in_bulk(**said: Any) -> Any:
            raise RuntimeError("metrics of this engine are resolved together")

        setattr(resolved_in_bulk, _ASK, ask)
        registry.register_metric(name, keys[0], keys[1], PolarsExecutionEngine, provided, resolved_in_bulk)
