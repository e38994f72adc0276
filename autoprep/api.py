"""The Python interface: the verbs, each a thin door to its stage.

A ``source`` is a path, glob, folder, address of object storage, database address with a query, a mapping of column
names to values, or any frame that speaks the Arrow PyCapsule interface (Polars, pandas, PyArrow, DuckDB, ...).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep import cleaning, pipeline, profiling, reading, validation
from autoprep.config import Config
from autoprep.engines import local
from autoprep.errors import InputError
from autoprep.types import Cleaned, Dialect, Feature, Finding, Leaderboard, Listener, Plan, Table, Task, silent

if TYPE_CHECKING:
    from autoprep.profiling import Profile
    from autoprep.serving.artifact import Artifact
    from autoprep.serving.predictor import Scorer
    from autoprep.validation import Rulebook

PathLike = str | Path
Settings = Config | PathLike | None


def _config(config: Settings) -> Config | None:
    return config if config is None or isinstance(config, Config) else Config.load(config)


def _plan(plan: Plan | PathLike | None) -> Plan | None:
    return plan if plan is None or isinstance(plan, Plan) else cleaning.load_plan(plan)


def read(
    source: Any,
    *,
    dialect: Dialect | Mapping[str, Any] | PathLike | None = None,
    sheet: str | int | None = None,
    query: str | None = None,
    listener: Listener = silent,
) -> Table:
    """Read a source; cells of text files stay text.

    Args:
        source: see the module.
        dialect: how a text file is laid out, when it is known; a Dialect, its values, or a JSON file of them.
        sheet: sheet of a workbook.
        query: query to run on a database.
        listener: hears what is found.

    Raises:
        InputError: there is no such source, or it cannot be read.

    Example:
        >>> read({"a": ["1", "x"]}).frame.collect().height
        2
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, Mapping):
        source = pl.DataFrame(source, strict=False)
    if isinstance(dialect, str | Path):
        dialect = reading.load_dialect(dialect)
    elif isinstance(dialect, Mapping):
        dialect = Dialect.from_dict(dialect)
    return reading.read(source, dialect=dialect, sheet=sheet, query=query, listener=listener)


def describe(table: Table) -> dict[str, Any]:
    """What ``autoprep read --json`` prints: dialect, evidence, columns, first rows, rejected lines."""
    return reading.describe(table)


def profile(source: Any, target: str | None = None, *, listener: Listener = silent) -> Profile:
    """Say what each column is, what is wrong with it, and how columns hang together.

    Example:
        >>> found = profile({"price": ["$1,200", "$80"], "id": ["a1", "a2"]})
        >>> found.columns.filter(pl.col("column") == "price")["semantic"].item()
        'amount'
    """
    table = read(source, listener=listener)
    column = pipeline.resolve_column(target, table) if target is not None else None
    return profiling.profile(table, target=column)


def rulebook(rules: Sequence[PathLike] | None = None, config: Settings = None) -> Rulebook:
    """The rules that are in force: packaged, packs, the project's, the configuration's."""
    return validation.load_rulebook(rules or (), _config(config))


def explain_rule(rule: str, rules: Sequence[PathLike] | None = None, config: Settings = None) -> str:
    """A rule's page, in Markdown."""
    return validation.explain(rulebook(rules, config)[rule])


def rule_schema() -> dict[str, Any]:
    """The JSON Schema of a rule file."""
    return validation.rule_schema()


def test_rules(folder: PathLike) -> tuple[int, list[str]]:
    """Run the cases that stand in a folder of rules: how many rules, and a line per failed case."""
    return validation.test_rules(folder)


def find(profile: Profile, rules: Sequence[PathLike] | None = None, config: Settings = None) -> list[Finding]:
    """The rules that fire on a profile."""
    return validation.find(profile, rulebook(rules, config))


def write_profile(profile: Profile, path: PathLike, findings: Sequence[Finding] = ()) -> Path:
    """Write a profile as ``.html`` (the report) or ``.json`` (mergeable, to be read back)."""
    from autoprep.lineage import whole_file
    from autoprep.reporting import html

    target = Path(path)
    if target.suffix.lower() not in (".html", ".json"):
        raise InputError(f"cannot write a profile as '{target.suffix}'", where=str(target), hint="try .html or .json")
    text = html.profile_html(profile, findings) if target.suffix.lower() == ".html" else profile.to_json()
    with whole_file(target) as beside:
        beside.write_text(text, encoding="utf-8")
    return target


def plan(
    source: Any,
    target: str | None = None,
    rules: Sequence[PathLike] | None = None,
    *,
    config: Settings = None,
    task: Task | None = None,
    listener: Listener = silent,
) -> Plan:
    """Propose every change as a step that a person can read, edit and refuse; nothing is changed.

    Example:
        >>> [a.verb for a in plan({"age": ["31", "N/A", "44"]}).actions if a.columns == ("age",)]
        ['nullify', 'parse_number']
    """
    prepared = pipeline.prepare(
        read(source, listener=listener),
        target=target,
        rules=rules,
        config=_config(config),
        task=task,
        listener=listener,
    )
    return prepared.plan


def save_plan(plan: Plan, path: PathLike) -> Path:
    """Write a plan as YAML."""
    return cleaning.save_plan(plan, path)


def load_plan(path: PathLike) -> Plan:
    """Read a plan; a wrong key is named with file, line and the nearest valid one."""
    return cleaning.load_plan(path)


def clean(
    source: Any,
    plan: Plan | PathLike | None = None,
    target: str | None = None,
    rules: Sequence[PathLike] | None = None,
    *,
    config: Settings = None,
    same_shape: bool = False,
    listener: Listener = silent,
) -> Cleaned:
    """Apply a plan (made from the data when None): the clean rows, the ledger and the quarantine.

    Example:
        >>> done = clean({"age": ["31", "N/A", "44"]})
        >>> done.frame["age"].to_list(), done.ledger.select("row", "before", "after").rows()
        ([31, None, 44], [(1, 'N/A', None)])
    """
    table = read(source, listener=listener)
    chosen = _plan(plan)
    if chosen is None:
        chosen = pipeline.prepare(table, target=target, rules=rules, config=_config(config), listener=listener).plan
    return cleaning.apply(table, chosen, same_shape=same_shape)


def write_cleaned(
    cleaned: Cleaned,
    *,
    output: PathLike | None = None,
    ledger: PathLike | None = None,
    quarantine: PathLike | None = None,
) -> dict[str, Path]:
    """Write what cleaning gave; returns what was written: "clean", "ledger", "quarantine"."""
    return cleaning.write(cleaned, output=output, ledger=ledger, quarantine=quarantine)


def undo(
    source: Cleaned | Any,
    ledger: PathLike | pl.DataFrame | None = None,
    *,
    action: str | None = None,
    column: str | None = None,
    row: int | None = None,
) -> pl.DataFrame:
    """Give the original text of every cell back, dropped rows and columns and their order included.

    Args:
        source: what ``clean`` returned, or the clean table that was written.
        ledger: the ledger that was written beside it.
        action: undo this step only. column: this column only. row: this input row only (0-based).

    Example:
        >>> undo(clean({"age": ["31", "N/A", "44"]}))["age"].to_list()
        ['31', 'N/A', '44']
    """
    if isinstance(source, Cleaned):
        return cleaning.undo(source, action=action, column=column, row=row)
    if ledger is None:
        raise InputError("undoing needs the ledger that cleaning wrote", hint="give --ledger ledger.parquet")
    return cleaning.undo(source, ledger, action=action, column=column, row=row)


def validate(source: Any, contract: Any) -> validation.ValidationReport:
    """Check data against a contract: a model folder, a Model, a plan, or an expectation suite (object or JSON)."""
    return validation.validate(read(source), _contract(contract))


def _contract(contract: Any) -> Any:
    if isinstance(contract, Model):
        return contract.contract
    if isinstance(contract, str | Path):
        path = Path(contract)
        if path.is_dir():
            return load(path).contract
        if path.suffix.lower() in (".yaml", ".yml"):
            return validation.load_contract(path)
    return contract


def write_validation(
    report: validation.ValidationReport,
    *,
    data_docs: PathLike | None = None,
    junit: PathLike | None = None,
    failing_rows: PathLike | None = None,
) -> None:
    """Write a validation report's other forms: Data Docs folder, JUnit XML, failing rows with their reasons."""
    if data_docs is not None:
        report.data_docs(data_docs)
    if junit is not None:
        from autoprep.lineage import whole_file

        with whole_file(junit) as beside:
            beside.write_text(report.junit(), encoding="utf-8")
    if failing_rows is not None:
        local.write(report.failing_rows(), failing_rows)


def contract(source: Any) -> dict[str, Any]:
    """Derive a contract from good data: each check with its evidence."""
    return validation.contract(read(source))


def save_contract(suite: Mapping[str, Any], path: PathLike) -> Path:
    """Write a contract as YAML or JSON, by the suffix."""
    return validation.save_contract(suite, path)


def synthesize(
    source: Any,
    target: str | None = None,
    *,
    schema: Any = None,
    max_features: int = 100,
    listener: Listener = silent,
) -> Any:
    """Generate features over one table or several; see ``autoprep.synthesis.synthesize``."""
    return pipeline.synthesize(source, target=target, schema=schema, max_features=max_features, listener=listener)


def fit(
    source: Any,
    target: str,
    *,
    time_budget_s: float | None = 60,
    work_budget: float | None = None,
    task: Task | None = None,
    metric: str | None = None,
    plan: Plan | PathLike | None = None,
    group: str | None = None,
    time: str | None = None,
    holdout: float = 0.0,
    keep_leaks: bool = False,
    rules: Sequence[PathLike] | None = None,
    config: Settings = None,
    seed: int = 0,
    listener: Listener = silent,
) -> Model:
    """Go from a raw table to a model: read, profile, validate, plan, clean, synthesize, search.

    Args:
        source: see the module.
        target: column to predict.
        time_budget_s: seconds for everything, reading included.
        work_budget: units of work instead of seconds: two runs then do the same.
        task: "binary", "multiclass" or "regression"; inferred when None.
        metric: what to optimise; the task's default when None.
        plan: a reviewed plan.
        group: rows that share this column's value are validated on one side.
        time: column that orders rows; later ones validate.
        holdout: share of rows, in [0, 1), that nothing learns from and that the report is judged on.
        keep_leaks: let columns flagged as leaks in.
        rules: folders of your own rules.
        config: a project's settings, or the path of its ``autoprep.yaml``.
        seed: decides every random choice.
        listener: hears what is done and found.

    Raises:
        InputError: the data cannot carry a model: no such target, one value, no usable rows, no other column.
    """
    return Model(
        pipeline.fit(
            source if isinstance(source, Table) else read(source, listener=listener),
            target,
            time_budget_s=time_budget_s,
            work_budget=work_budget,
            task=task,
            metric=metric,
            plan=_plan(plan),
            group=group,
            time=time,
            holdout=holdout,
            keep_leaks=keep_leaks,
            rules=rules,
            config=_config(config),
            seed=seed,
            listener=listener,
        )
    )


def load(path: PathLike) -> Model:
    """Load a model folder; every file is checked against its hash first and nothing in it is run.

    Raises:
        ArtifactError: missing, damaged, altered, or written by a newer version.
    """
    from autoprep.serving import artifact

    return Model(artifact=artifact.load(path))


def evaluate(model: Model, source: Any) -> dict[str, Any]:
    """Score a model on labelled rows beside the trivial baseline (class shares, or the mean, of training).

    Returns:
        "rows", "metric", "score", "baseline", "greater_is_better", and "scores": every metric of the task's kind by name.

    Raises:
        InputError: the target is not in the source, or no row has one.
    """
    return pipeline.evaluate(model.parts(), read(source).collect())


def report(source: Any, path: PathLike = "report.html", *, target: str | None = None) -> Path:
    """Write the HTML report of a model folder, a Model, or a table's profile: one self-contained file."""
    from autoprep.lineage import whole_file
    from autoprep.reporting import html

    if isinstance(source, str | Path) and (Path(source) / "manifest.json").is_file():
        text = load(source).report_html()
    elif isinstance(source, Model):
        text = source.report_html()
    else:
        found = profile(source, target)
        text = html.profile_html(found, find(found), rulebook=rulebook())
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
    return Path(path)


class Model:
    """A fitted pipeline: raw, dirty rows in, predictions out.

    Made by ``fit`` (with everything that was learnt on the way) or by ``load`` (from a model folder).
    """

    def __init__(self, fitted: pipeline.Fitted | None = None, *, artifact: Artifact | None = None) -> None:
        if (fitted is None) == (artifact is None):
            raise ValueError("a model is either fitted or loaded")
        self._fitted, self._artifact = fitted, artifact
        self._scorer: Scorer | None = None

    def _whole(self) -> pipeline.Fitted:
        if self._fitted is None:
            raise InputError(
                "a loaded model keeps no training rows", hint="see profile.json and report.html in its folder"
            )
        return self._fitted

    @property
    def plan(self) -> Plan:
        """The cleaning plan, as it is applied to every row that is predicted."""
        return self._fitted.plan if self._fitted else self._loaded().plan

    def _loaded(self) -> Artifact:
        assert self._artifact is not None
        return self._artifact

    @property
    def facts(self) -> Mapping[str, Any]:
        """Task, target, metric, classes, scores, baseline, seed."""
        return self._fitted.facts() if self._fitted else self._loaded().facts

    @property
    def contract(self) -> Mapping[str, Any]:
        """What training showed of the raw columns, a Great Expectations suite as plain values."""
        return self._fitted.contract if self._fitted else self._loaded().contract

    @property
    def leaderboard(self) -> Leaderboard:
        """The trials, best first."""
        board = self._fitted.leaderboard if self._fitted else self._loaded().leaderboard
        return board if board is not None else Leaderboard(str(self.facts["metric"]), True)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in the training rows."""
        return self._whole().prepared.findings

    @property
    def ledger(self) -> pl.DataFrame:
        """Every change that was made to the training rows."""
        return self._whole().cleaned.ledger

    @property
    def features(self) -> tuple[Feature, ...]:
        """The generated features of the winning pipeline."""
        return self._whole().features

    @property
    def profile(self) -> Profile:
        """The profile of the training rows."""
        return self._whole().prepared.profile

    def scorer(self) -> Scorer:
        """What serves files, streams and HTTP alike."""
        from autoprep.serving.predictor import Scorer

        if self._scorer is None:
            if self._fitted is not None:
                fitted = self._fitted
                self._scorer = Scorer(fitted.plan, fitted.predictor, task=fitted.task, classes=fitted.classes)
            else:
                self._scorer = self._loaded().scorer()
        return self._scorer

    def parts(self) -> pipeline.Parts:
        """Plan, predictor and facts: what evaluating needs."""
        scorer = self.scorer()
        return pipeline.Parts(scorer.plan, scorer.predict, self.facts)

    def predict_frame(self, source: Any) -> pl.DataFrame:
        """Predict raw rows, keeping their number and order.

        Returns:
            ``prediction``; ``probability_<class>`` per class or ``lower`` and ``upper``; ``reasons``, the codes of what
            the row's contract says ("" for none).
        """
        return self.scorer().predict(read(source).collect())

    def predict(self, source: Any) -> pl.Series:
        """The predictions of raw rows: labels as text, or Float64 values."""
        return self.predict_frame(source)["prediction"]

    def predict_proba(self, source: Any) -> pl.DataFrame:
        """The probabilities of raw rows: one Float64 column per class, named by the class.

        Raises:
            InputError: the model predicts numbers.
        """
        if self.facts["task"] == "regression":
            raise InputError("a regression has no class probabilities", hint="use predict")
        frame = self.predict_frame(source)
        return frame.select(pl.col("^probability_.*$").name.map(lambda name: name.removeprefix("probability_")))

    def transform(self, source: Any) -> pl.DataFrame:
        """The clean rows that the model's features are made of, as many and in the same order as the raw ones."""
        return self.scorer().transform(read(source).collect())[0]

    def validate(self, source: Any) -> validation.ValidationReport:
        """Check raw rows against the contract."""
        return validate(source, self)

    def content(self) -> Any:
        """What the report says, as plain values."""
        from autoprep.reporting import content

        fitted = self._whole()
        return content.model_content(**fitted.content_parts())

    def report_html(self) -> str:
        """The HTML report."""
        from autoprep.reporting import html

        if self._fitted is None:
            return self._loaded().paper("report.html")
        return html.render(self.content())

    def save(self, folder: PathLike) -> Path:
        """Write the model folder: manifest, plan, features, contract, model, replay, report; whole or not at all.

        Raises:
            InputError: the folder cannot be written, or holds something else.
        """
        from autoprep.serving import artifact

        fitted = self._whole()
        return artifact.save(
            folder,
            plan=fitted.plan,
            predictor=fitted.predictor,
            facts=fitted.facts(),
            contract=fitted.contract,
            features=fitted.features,
            profile=fitted.prepared.profile,
            leaderboard=fitted.leaderboard,
            dialect=fitted.prepared.table.dialect,
            replay=fitted.replay_rows(),
            papers={"report.html": self.report_html()},
        )

    def __repr__(self) -> str:
        facts = self.facts
        return f"Model({facts['task']} of {facts['target']!r}, {facts['metric']})"
