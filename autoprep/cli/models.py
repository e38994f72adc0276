"""Commands about models: fit, predict, evaluate, explain, report, demo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Literal

import typer

from autoprep.cli import app
from autoprep.cli.options import (
    AsJson,
    ConfigFile,
    Output,
    Quiet,
    Rules,
    Source,
    Target,
    Without,
    console,
    print_json,
    settings,
)
from autoprep.cli.progress import Progress
from autoprep.errors import InputError

Task = Literal["binary", "multiclass", "regression", "count", "quantile", "ordinal"]
Deploy = Literal["balanced", "fast", "accurate"]
#: Columns of rows to predict that are named where training had none of them.
MOST_SHOWN = 8
Sampler = Literal["evolution", "tpe", "cma"]
Positive = Annotated[
    str | None, typer.Option("--positive", help="Of two classes: whose F1 and average precision; yes, or the rarer.")
]
ModelFolder = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder that fit wrote.")]


@app.command()
def fit(
    source: Source,
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the model.")] = Path("model"),
    time_budget: Annotated[float, typer.Option("--time-budget", min=1, help="Seconds, everything included.")] = 60,
    work_budget: Annotated[float | None, typer.Option("--work-budget", help="Units of work: repeatable runs.")] = None,
    task: Annotated[
        Task | None, typer.Option("--task", help="What is predicted; inferred. Of quantile: --metric pinball:0.9")
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="What to optimise; inferred from the task.")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help="A reviewed plan to clean by.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Rows that share it stay on one side; auto.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column(s) ordering rows: later ones judge; auto.")] = None,
    gap: Annotated[
        str | None, typer.Option("--gap", help="With --time: how much earlier training rows are: 7d.")
    ] = None,
    weight: Annotated[str | None, typer.Option("--weight", help="Column that says how much a row counts.")] = None,
    holdout: Annotated[float, typer.Option("--holdout", min=0, max=0.9, help="Share of rows kept for a test.")] = 0.0,
    keep_leaks: Annotated[bool, typer.Option("--keep-leaks", help="Let columns flagged as leaks in.")] = False,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="Column that the model does not see (repeatable).")
    ] = None,
    deploy: Annotated[
        Deploy, typer.Option("--deploy", help="Models refitted on all rows; one of them; those of all folds.")
    ] = "balanced",
    memory: Annotated[float | None, typer.Option("--memory-gb", help="Ceiling; larger tables are sampled.")] = None,
    sampler: Annotated[Sampler, typer.Option("--sampler", help="Of the time after the race.")] = "evolution",
    monotone: Annotated[
        list[str] | None, typer.Option("--monotone", help="COLUMN=+1 or COLUMN=-1 (repeatable): never falls, rises.")
    ] = None,
    positive: Positive = None,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted fit of this output.")] = False,
    tracking: Annotated[str | None, typer.Option("--tracking", help="mlflow:sqlite:///runs.db#name@alias")] = None,
    table: Annotated[str | None, typer.Option("--table", help="Of a folder of tables: whose rows to predict.")] = None,
    schema: Annotated[Path, typer.Option("--schema", help="How the tables hang together.")] = Path("tables.yaml"),
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", help="With --table: time column, 'column - 1h' or none.")
    ] = None,
    rules: Rules = None,
    without: Without = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Read, profile, validate, clean, synthesize, search: one call from a raw file to a model and a report."""
    from autoprep import api
    from autoprep.engines.local import check_writable
    from autoprep.reporting import terminal

    if table is not None and not schema.is_file():
        asked = f"autoprep features {quote(str(source))} --table {quote(table)} --schema {quote(str(schema))}"
        hint = f"have one proposed: {asked}"
        raise InputError("no such schema", where=str(schema), hint=hint)
    several: dict[str, Any] = {} if table is None else {"table": table, "schema": schema, "cutoff": cutoff}
    check_writable(output / "manifest.json" if output.is_dir() else output)
    budget = None if work_budget is not None else time_budget
    with Progress(budget, quiet=quiet) as progress:
        model = api.fit(
            source,
            target,
            time_budget_s=budget,
            work_budget=work_budget,
            task=task,
            metric=metric,
            plan=plan,
            group=group,
            time=time,
            gap=gap,
            sample_weight=weight,
            holdout=holdout,
            keep_leaks=keep_leaks,
            ignore=ignore or (),
            deploy=deploy,
            memory_gb=memory,
            sampler=sampler,
            monotone=_directions(monotone or ()),
            positive=positive,
            seed=seed,
            journal=output.with_name(f"{output.name}.journal"),
            resume=resume,
            tracking=tracking,
            rules=rules,
            config=settings(config, without),
            listener=progress,
            **several,
        )
        model.save(output)
    terminal.show_model(console(), model.content(), output)


def _directions(said: Sequence[str]) -> dict[str, int]:
    from autoprep.errors import SettingError

    found = {}
    for text in said:
        name, _, sign = text.rpartition("=")
        if not name or sign not in ("+1", "1", "-1"):
            raise SettingError(f"--monotone is '{text}'", hint="write COLUMN=+1 or COLUMN=-1")
        found[name] = int(sign)
    return found


@app.command()
def predict(
    model: ModelFolder,
    source: Source,
    output: Output = None,
    policy: Annotated[
        list[str] | None, typer.Option("--policy", help="RULE=reject, quarantine, repair or warn (repeatable).")
    ] = None,
    rows: Annotated[
        str | None, typer.Option("--rows", help="Of a model over several tables: the rows, SOURCE being the tables.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Predict raw, dirty rows: one prediction per row, in their order; with -o, files larger than memory."""
    import sys
    import tempfile

    from autoprep import api, cleaning
    from autoprep.errors import SettingError

    policies = dict(said.partition("=")[::2] for said in policy or ())
    if "" in policies.values():
        raise SettingError(
            f"--policy is '{(policy or [''])[0]}'", hint="write RULE=reject, for example contract.*=reject"
        )
    held = api.load(model)
    given: Any = source
    if held.tables is None:
        given = api.read(source)
        there, target = given.frame.collect_schema().names(), held.plan.target
        more = [name for name in there if name not in held.plan.inputs and name != target]
        read = {spec.source or spec.name for spec in held.plan.outputs if spec.role not in cleaning.UNSEEN}
        less = [name for name in held.plan.inputs if name in read and name not in there and name != target]
        for said, names in (("not in training, ignored", more), ("not in these rows, taken as missing", less)):
            if names and not quiet:
                rest = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
                sys.stderr.write(f"{said}: {', '.join(names[:MOST_SHOWN])}{rest}\n")
    if output is not None:
        count, events = held.predict_file(given, output, policies=policies, of=rows)
        console().print(f"{count:,} predictions -> {output}; {events:,} rows with contract events", markup=False)
        return
    with tempfile.TemporaryDirectory(prefix="autoprep-") as folder:
        made = Path(folder) / "predictions.csv"
        held.predict_file(given, made, policies=policies, of=rows)
        with made.open(encoding="utf-8", newline="") as lines:
            for line in lines:
                sys.stdout.write(line)


@app.command()
def evaluate(model: ModelFolder, source: Source, positive: Positive = None, as_json: AsJson = False) -> None:
    """Score a model on labelled rows, beside a trivial baseline."""
    from autoprep import api
    from autoprep.reporting import terminal

    scores = api.evaluate(api.load(model), source, positive=positive)
    print_json(scores) if as_json else terminal.show_scores(console(), scores)


@app.command()
def report(
    source: Annotated[str, typer.Argument(metavar="MODEL|SOURCE", help="A model folder, or a table to profile.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file.")] = Path("report.html"),
    target: Target = None,
) -> None:
    """Write the HTML report: one self-contained file."""
    from autoprep import api

    console().print(str(api.report(source, output, target=target)), markup=False)


@app.command()
def export(
    model: ModelFolder,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="pipeline.py, or model.onnx.")] = None,
    to: Annotated[str, typer.Option("--to", help="python or onnx.")] = "python",
) -> None:
    """Write the winning pipeline as a short Python script that learns and predicts the same, or its model as ONNX."""
    from autoprep import api
    from autoprep.engines.local import check_writable
    from autoprep.errors import SettingError

    if to not in ("python", "onnx"):
        raise SettingError(f"--to is python or onnx, not '{to}'")
    path = output or Path("pipeline.py" if to == "python" else "model.onnx")
    check_writable(path)
    if to == "python":
        console().print(str(api.load(model).export_code(path)), markup=False)
        return
    made = api.load(model).export_onnx(path)
    labels = "" if made.labels is None else f", {made.labels} labels differ"
    console().print(
        f"{made.path}: {made.rows} rows compared, largest difference {made.largest:.3g}{labels}; "
        f"{len(made.inputs)} inputs of the feature table (see Model.onnx_inputs)",
        markup=False,
    )


@app.command()
def demo(
    name: Annotated[str, typer.Argument(help="penguins")] = "penguins",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for what the demo writes.")] = Path(
        "autoprep-demo"
    ),
    time_budget: Annotated[float, typer.Option("--time-budget", min=5, help="Seconds for the model search.")] = 20,
) -> None:
    """Show the whole job on real, messy data from a package, without a network."""
    from autoprep.demo import run

    run(name, output, time_budget_s=time_budget, console=console(), progress=Progress)
