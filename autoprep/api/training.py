"""The verbs about models: fit, load, evaluate, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from autoprep import pipeline
from autoprep.api.cleaning import as_plan
from autoprep.api.data import PathLike, Settings, as_config, find, profile, read, rulebook
from autoprep.api.model import Model
from autoprep.errors import InputError
from autoprep.types import Listener, Plan, Table, Task, silent

if TYPE_CHECKING:
    from autoprep.pipeline.train import Goal


def fit(
    source: Any,
    target: str,
    *,
    time_budget_s: float | None = 60,
    work_budget: float | None = None,
    task: Task | Goal | None = None,
    metric: str | Callable[..., float] | None = None,
    plan: Plan | PathLike | None = None,
    group: str | Any | None = None,
    time: str | Any | None = None,
    gap: str | float | None = None,
    sample_weight: str | Any | None = None,
    holdout: float = 0.0,
    keep_leaks: bool = False,
    ignore: Sequence[str] = (),
    rules: Sequence[PathLike] | None = None,
    config: Settings = None,
    deploy: Literal["balanced", "fast", "accurate"] = "balanced",
    memory_gb: float | None = None,
    sampler: Literal["evolution", "tpe", "cma"] = "evolution",
    monotone: Mapping[str, int] | None = None,
    positive: str | None = None,
    seed: int = 0,
    journal: PathLike | None = None,
    resume: bool = False,
    tracking: str | None = None,
    table: str | None = None,
    schema: Any = None,
    cutoff: str | None = None,
    listener: Listener = silent,
) -> Model:
    """Go from a raw table to a model: read, profile, validate, plan, clean, synthesize, search.

    Args:
        source: see the module.
        target: column to predict.
        time_budget_s: seconds for everything, reading included.
        work_budget: units of work instead of seconds, which the usual 60 give way to: two runs then do the same.
        task: "binary", "multiclass" or "regression"; inferred when None. "count" is a regression judged by the Poisson
            deviance, "quantile" one judged by the pinball loss (``metric="pinball:0.9"``), "ordinal" several classes
            in the order of their numbers, judged by the quadratic weighted kappa.
        metric: what to optimise: a name, or ``function(y_true, y_pred)`` or a scorer of scikit-learn's form; the task's
            default when None. A function of ``sklearn.metrics`` that has a built-in equal is that one. Any other is
            called with values, or with labels (never probabilities) in the target's own type: whole numbers, true and
            false, else text. Whether greater is better a scorer says; a function shows it by what it says of the truth
            itself beside bad predictions, which the notes and ``leaderboard.greater_is_better`` tell. One that shows
            neither is refused: wrap it, ``sklearn.metrics.make_scorer(f, greater_is_better=False)``, which with
            ``response_method="predict_proba"`` is called with probabilities.
        plan: a reviewed plan.
        group: column, or (rows,) values; rows that share one are validated on one side. "auto": what the profile
            suggests. When None a suggestion is said, with what it would change, and not followed.
        time: column, or (rows,) values, that orders rows; later ones validate. A time that is split over columns is
            named by them all, "year + month + day". "auto" and None as for ``group``.
        gap: how much earlier than the rows they are judged on training rows must be: "7d", "12h", or a number in the
            unit of ``time``.
        sample_weight: column, or (rows,) numbers, that says how much a row counts; a column is no feature then.
        holdout: share of rows, from 0 to 0.9, that nothing learns from and that the report is judged on.
        keep_leaks: let columns flagged as leaks in.
        ignore: columns that the model does not see; they may still group, order or weigh rows.
        rules: folders of your own rules.
        config: a project's settings, or the path of its ``autoprep.yaml``.
        deploy: "balanced" keeps the models that share the prediction, refitted on all rows; "fast" one refitted model,
            unless several gain more than twice the standard error; "accurate" the models of all folds.
        memory_gb: ceiling of memory; of larger tables a sample of rows is used, less prepared data is kept, and no
            further model is started once the process holds more (on Linux).
        sampler: what the time after the race of the portfolio goes to: "evolution", or Optuna's "tpe" or "cma"
            (``autoprep[optuna]``).
        monotone: number columns -> 1 (the prediction never falls when the value rises) or -1 (never rises), for two
            classes or a regression; LightGBM alone is tried then.
        positive: of two classes the one that F1 and average precision are about; when None the word that affirms (yes,
            ja, true, 1), else the rarer class.
        seed: decides every random choice.
        journal: file that keeps finished trials while the search runs; it goes when the search is over.
        resume: take the trials that the journal of an interrupted search holds as they are.
        tracking: where to log the run, "mlflow:sqlite:///runs.db"; with "#name@alias" the model is registered too.
        table: with several tables as source (a mapping of names to sources, or a folder): whose rows are predicted.
        schema: keys, references, times and late columns of the tables: a ``tables.yaml``, its text, or a ``Schema``.
        cutoff: time column of the table, or "column - 1h": features read what was known strictly before it, and later
            rows validate.
        listener: hears what is done and found.

    Raises:
        InputError: the data cannot carry a model: no such target, one value, no usable rows, no other column.
        SettingError: ``tracking`` is no address, the schema or the cutoff names what is not there, ``task``,
            ``metric``, ``deploy``, ``sampler``, ``monotone``, ``gap``, ``memory_gb``, a budget, ``holdout`` or
            ``seed`` is none, or a function that judges fails or shows no way that is better.
    """
    time_budget_s = pipeline.counted(time_budget_s, work_budget)
    pipeline.refuse_settings(target, time_budget_s, work_budget, holdout, seed)
    if tracking is not None:
        from autoprep.tracking import mlflow

        mlflow.check(tracking)
    if table is not None and schema is None:
        raise InputError(
            "no schema says how the tables hang together",
            hint="have one proposed (ap.schema_of(tables)), look at it, and give it as schema",
        )
    started = monotonic()
    how: dict[str, Any] = {} if table is None else {"table": table, "schema": schema, "cutoff": cutoff}
    if table is None and not isinstance(source, Table):
        source = read(source, listener=listener)
    train: Any = pipeline.fit if table is None else pipeline.fit_tables
    model = Model(
        train(
            source,
            target,
            **how,
            time_budget_s=None if time_budget_s is None else max(0.5, time_budget_s - (monotonic() - started)),
            work_budget=work_budget,
            task=task,
            metric=metric,
            plan=as_plan(plan),
            group=group,
            time=time,
            gap=gap,
            sample_weight=sample_weight,
            holdout=holdout,
            keep_leaks=keep_leaks,
            ignore=ignore,
            rules=rules,
            config=as_config(config),
            deploy=deploy,
            memory_gb=memory_gb,
            sampler=sampler,
            monotone=monotone,
            positive=positive,
            seed=seed,
            journal=journal,
            resume=resume,
            listener=listener,
        )
    )
    if tracking is not None:
        model.log(tracking)
    return model


def load(path: PathLike) -> Model:
    """Load a model folder; every file is checked against its hash first and nothing in it is run.

    Raises:
        ArtifactError: missing, damaged, altered, or written by a newer version.
    """
    from autoprep.serving import artifact

    return Model(artifact=artifact.load(path))


def evaluate(model: Model, source: Any, *, positive: str | None = None) -> dict[str, Any]:
    """Score a model on labelled rows beside the trivial baseline: the class shares of training, or the constant
    that does best by each metric (the median for absolute errors, the mean for squared ones).

    Labels that are the same number (1 and 1.0) or truth value (True and 1) as a class are that class. A metric that is
    a function of one's own is not saved: of a loaded model the task's usual metric stands in for it.

    Args:
        model: a fitted or loaded model.
        source: labelled rows.
        positive: of two classes the one that F1 and average precision are about; that of training when None.

    Returns:
        "rows", "metric", "score", "baseline", "greater_is_better", "scores" and "baseline_scores" by metric;
        "undefined": metric -> why these rows have no such score; of two classes "positive";
        "unlabelled" and "unknown": how many rows without a target, and by label of labels that training did not have,
        were left out.

    Raises:
        InputError: the target is not in the source, or no row has one.
    """
    return pipeline.evaluate(model.parts(), model.rows(source, labelled=True), positive)


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
