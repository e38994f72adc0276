"""The values that flow from stage to stage: frozen, plain, serialisable, each printing itself well."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal, Self

import polars as pl

from autoprep.errors import SettingError, did_you_mean, plural
from autoprep.plain import Json as Json
from autoprep.plain import dump_yaml, plain, refuse_unknown
from autoprep.plain import load_yaml as load_yaml
from autoprep.table import Dialect as Dialect
from autoprep.table import Source as Source
from autoprep.table import Table as Table
from autoprep.table import empty_drift as empty_drift
from autoprep.table import empty_rejected as empty_rejected

Kind = Literal["lossless", "lossy", "note"]
Gate = Literal["auto", "review", "note"]
Status = Literal["apply", "skip", "ask"]
Severity = Literal["error", "warning", "info"]
Task = Literal["binary", "multiclass", "regression"]

#: What a cleaned column is to the stages after cleaning.
ROLES = (
    "number",
    "boolean",
    "category",
    "ordinal",
    "code",
    "date",
    "datetime",
    "duration",
    "text",
    "identifier",
    "constant",
    "excluded",
    "target",
)

PLAN_FORMAT = 1


@dataclass(frozen=True)
class Event:
    """Something a stage wants said while it works.

    Attributes:
        stage: the stage's name ("read", "profile", "plan", "clean", "synthesize", "select", "search", "report",
            "canary").
        message: one plain sentence.
        data: figures behind the sentence.
    """

    stage: str
    message: str
    data: Mapping[str, Json] = field(default_factory=dict)


Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """A listener that hears nothing."""


@dataclass(frozen=True)
class Finding:
    """A rule that fired on a column, on several, or on the table.

    Attributes:
        rule: the rule's id, "theme.problem".
        columns: the columns it fired on; () for the table.
        severity: "error", "warning" or "info".
        message: one plain sentence with figures.
        count: cells or rows concerned.
        share: ``count`` over the cells or rows looked at, in [0, 1].
        samples: up to five offending values, as text.
        evidence: figures behind the message.
    """

    rule: str
    columns: tuple[str, ...]
    severity: Severity
    message: str
    count: int = 0
    share: float = 0.0
    samples: tuple[str, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Json]:
        """Plain values."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True)
class Action:
    """One step of a plan.

    Attributes:
        id: unique within the plan and stable between runs, "theme.problem:column".
        rule: the id of the rule that proposed it.
        columns: input columns that it reads or writes; () for the whole table.
        verb: name in the catalogue of verbs, or "sql" for an expression.
        parameters: learnt on training rows and written as plain constants.
        kind: "lossless", "lossy" or "note".
        gate: "auto", "review" or "note": whether it may be applied without a person.
        status: "apply", "skip" or "ask".
        confidence: in [0, 1]; measured where the family can be measured.
        evidence: figures: cells changed, samples of before -> after, what declined it.
        why: one plain sentence.
    """

    id: str
    rule: str
    columns: tuple[str, ...]
    verb: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    kind: Kind = "lossless"
    gate: Gate = "auto"
    status: Status = "apply"
    confidence: float = 1.0
    evidence: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""

    def to_dict(self) -> dict[str, Json]:
        """Plain values, in the order they are written."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Json], where: str = "action") -> Self:
        """Make an action of plain values; unknown keys and unknown words are refused."""
        refuse_unknown(values, [f.name for f in fields(cls)], where)
        for key in ("id", "rule", "columns", "verb"):
            if key not in values:
                raise SettingError(f"the key '{key}' is missing", where=where)
        for key, allowed in (
            ("kind", ("lossless", "lossy", "note")),
            ("gate", ("auto", "review", "note")),
            ("status", ("apply", "skip", "ask")),
        ):
            if key in values and values[key] not in allowed:
                hint = did_you_mean(str(values[key]), allowed)
                raise SettingError(f"{key} is '{values[key]}'", where=where, hint=hint)
        return cls(**{**values, "columns": tuple(values["columns"])})


@dataclass(frozen=True)
class ColumnSpec:
    """What the cleaned table holds under one name.

    Attributes:
        name: name in the cleaned table.
        source: the input column it came from; "" for one that a rule added.
        dtype: "number", "integer", "boolean", "date", "datetime", "time", "duration", "text".
        role: one of ``ROLES``.
        semantic: the profile's semantic type ("amount", "percent", "category", ...).
        unit: unit or currency of the numbers, or "".
    """

    name: str
    source: str
    dtype: str
    role: str
    semantic: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Plan:
    """An ordered list of actions that a person can read, edit, refuse and undo.

    Attributes:
        actions: in the order of application.
        inputs: input column -> Polars dtype name ("String", "Int64", ...), in input order.
        outputs: the cleaned columns.
        target: name of the target column, or None.
        task: inferred or given task, or None.
        source: where the training rows came from: uri, sha256, rows.
        settings: budgets and switches that applying must respect.
    """

    actions: tuple[Action, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[ColumnSpec, ...] = ()
    target: str | None = None
    task: Task | None = None
    source: Mapping[str, Json] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)

    def applied(self) -> tuple[Action, ...]:
        """The actions that will run."""
        return tuple(a for a in self.actions if a.status == "apply")

    def with_status(self, status: Status, ids: Sequence[str] | None = None) -> Self:
        """A plan in which the named actions (all when None) have this status."""
        chosen = None if ids is None else set(ids)
        changed = (replace(a, status=status) if chosen is None or a.id in chosen else a for a in self.actions)
        return replace(self, actions=tuple(changed))

    def to_dict(self) -> dict[str, Json]:
        """Plain values, in the order they are written."""
        return {
            "format": PLAN_FORMAT,
            "source": dict(self.source),
            "target": self.target,
            "task": self.task,
            "settings": dict(self.settings),
            "actions": [a.to_dict() for a in self.actions],
            "inputs": dict(self.inputs),
            "outputs": [{f.name: getattr(o, f.name) for f in fields(o)} for o in self.outputs],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Json], where: str = "plan") -> Self:
        """Make a plan of plain values; unknown keys are refused with the nearest valid one."""
        keys = ("format", "source", "target", "task", "settings", "actions", "inputs", "outputs")
        refuse_unknown(values, keys, where)
        if values.get("format", PLAN_FORMAT) != PLAN_FORMAT:
            raise SettingError(
                f"plan format {values.get('format')} is not {PLAN_FORMAT}",
                where=where,
                hint="make the plan again with this version of autoprep",
            )
        actions = values.get("actions") or []
        if not isinstance(actions, list):
            raise SettingError("actions is not a list", where=where)
        return cls(
            actions=tuple(Action.from_dict(a, f"{where}, action {i + 1}") for i, a in enumerate(actions)),
            inputs=dict(values.get("inputs") or {}),
            outputs=tuple(ColumnSpec(**o) for o in values.get("outputs") or []),
            target=values.get("target"),
            task=values.get("task"),
            source=dict(values.get("source") or {}),
            settings=dict(values.get("settings") or {}),
        )

    def to_yaml(self) -> str:
        """YAML text, the same for equal plans."""
        said = self.to_dict()
        whole = dump_yaml({**said, "actions": []})
        if not self.actions:
            return whole
        # step by step: what has to be written the slow way is then one step
        before, _, after = whole.partition("\nactions: []\n")
        return f"{before}\nactions:\n{''.join(dump_yaml([action]) for action in said['actions'])}{after}"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{html.escape(a.status)}</td><td>{html.escape(', '.join(a.columns) or 'table')}</td>"
            f"<td>{html.escape(a.rule)}</td><td>{html.escape(a.why)}</td></tr>"
            for a in self.actions
        )
        return f"<table><tr><th>status</th><th>column</th><th>rule</th><th>why</th></tr>{cells}</table>"


@dataclass(frozen=True)
class Cleaned:
    """What cleaning gives.

    Attributes:
        frame: the cleaned rows.
        plan: the plan that was applied.
        ledger: one row per changed cell, dropped row, dropped or added column:
            ``row`` (Int64, 0-based input row; null for a column entry), ``column``, ``before``, ``after``
            (String; null = missing), ``rule``, ``action``, ``kind`` (String), ``confidence`` (Float64).
        quarantine: cells that a repair could not parse: ``row``, ``column``, ``text``, ``rule``, ``reason``.
        rows: Int64 series: for each row of ``frame`` its 0-based input row.
        origin: the table as it was read, when cells alone were repaired and each column kept its notation.
        rejected: lines of the source that could not be read, as ``Table.rejected``.
    """

    frame: pl.DataFrame
    plan: Plan
    ledger: pl.DataFrame
    quarantine: pl.DataFrame
    rows: pl.Series
    origin: Table | None = field(default=None, repr=False, compare=False)
    rejected: pl.DataFrame = field(default_factory=empty_rejected)

    def _repr_html_(self) -> str:
        rows, columns = plural(self.frame.height, "row"), plural(self.frame.width, "column")
        said = f"{rows}, {columns}, {plural(self.ledger.height, 'change')}, "
        held = f"<p>{said}{plural(self.quarantine.height, 'cell')} in quarantine</p>"
        return held + self.frame.head(10)._repr_html_()


LEDGER_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "column": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
    "rule": pl.String(),
    "action": pl.String(),
    "kind": pl.String(),
    "confidence": pl.Float64(),
}
QUARANTINE_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "column": pl.String(),
    "text": pl.String(),
    "rule": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True)
class Feature:
    """A generated column, readable and recomputable.

    Attributes:
        name: column name in the feature table.
        definition: one canonical line that parses back, "MEAN(orders.amount) OVER 30d BEFORE cutoff".
        inputs: columns ("table.column" or "column") it is made of.
        dtype: "number", "integer", "boolean" or "category".
        gain: what it was worth when it was selected (loss units of the search), or None.
    """

    name: str
    definition: str
    inputs: tuple[str, ...] = ()
    dtype: str = "number"
    gain: float | None = None


@dataclass(frozen=True)
class Trial:
    """One line of the leaderboard.

    Attributes:
        model: readable name ("LightGBM", "linear", "ensemble").
        loss: mean validation loss over folds (lower is better), in units of the search's metric.
        loss_se: standard error over folds.
        score: the metric as people know it (higher may be better).
        fit_s: seconds to fit one fold, mean.
        predict_s: seconds to predict one fold, mean.
        features: columns that the model saw.
        parameters: hyper-parameters.
        note: what it is made of, why it stopped, why it failed.
        size: numbers that the model keeps, roughly.
        front: whether no other trial beats it in loss, work of a prediction and size at once (Pareto front).
        delivered: whether this is the model that is kept; its score is then that of the model, by its own threshold.
    """

    model: str
    loss: float
    score: float
    loss_se: float = 0.0
    fit_s: float = 0.0
    predict_s: float = 0.0
    features: int = 0
    parameters: Mapping[str, Json] = field(default_factory=dict)
    note: str = ""
    size: float = 0.0
    front: bool = False
    delivered: bool = False


def _apart(trial: Trial, alike: Sequence[Trial]) -> str:
    """In parentheses, what of a trial's parameters differs among those of its name: the first that tell all apart."""
    told: list[str] = []
    names = dict.fromkeys(name for t in alike for name in t.parameters if name != "best_rounds")
    order = sorted(names, key=lambda name: name not in ("features", "cleaning"))
    classes = {id(t): "" for t in alike}
    for name in order:
        finer = {id(t): f"{classes[id(t)]}|{t.parameters.get(name)}" for t in alike}
        if len(set(finer.values())) > len(set(classes.values())):
            classes = finer
            told.append(f"{name} {_short(trial.parameters.get(name))}")
    return f" ({', '.join(told)})" if told else ""


def _short(value: Json) -> str:
    if isinstance(value, list | tuple):
        return "+".join(str(v) for v in value) or "as planned"
    return f"{value:.3g}" if isinstance(value, float) else "as planned" if value is None else str(value)


@dataclass(frozen=True)
class Leaderboard:
    """Trials, best first, and the metric they were judged by.

    Those that were judged on all folds that decide stand before those that had no time for them, whatever their scores.
    ``positive`` is the class that the metric is about, where it is about one of two.
    """

    metric: str
    greater_is_better: bool
    trials: tuple[Trial, ...] = ()
    positive: str = ""

    @property
    def judged_by(self) -> str:
        """The metric, and the class that it is about where it is about one."""
        return f"{self.metric} of '{self.positive}'" if self.positive else self.metric

    @property
    def delivered(self) -> Trial | None:
        """The row of the model that is kept; None where the board does not say."""
        return next((trial for trial in self.trials if trial.delivered), None)

    def named(self) -> tuple[str, ...]:
        """The trials' names; those that share one with what tells them apart: feature set, cleaning, parameters.

        Example:
            >>> tried = tuple(Trial("tree", 0.1, 0.9, parameters={"depth": depth}) for depth in (2, 3))
            >>> Leaderboard("auc", True, tried).named()
            ('tree (depth 2)', 'tree (depth 3)')
        """
        alike: dict[str, list[Trial]] = {}
        for trial in self.trials:
            alike.setdefault(trial.model, []).append(trial)
        return tuple(f"{t.model}{_apart(t, alike[t.model])}" for t in self.trials)

    def frame(self) -> pl.DataFrame:
        """One row per trial."""
        names = [f.name for f in fields(Trial) if f.name != "parameters"]
        rows = [
            {n: getattr(t, n) for n in names} | {"parameters": json.dumps(plain(t.parameters))} for t in self.trials
        ]
        return pl.DataFrame(rows) if rows else pl.DataFrame(schema={n: pl.String for n in names})

    def _repr_html_(self) -> str:
        return self.frame()._repr_html_()
