"""Commands about data: read, plan, validate, contract, clean, undo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from autoprep.cli import app
from autoprep.cli.options import (
    IMPUTE,
    AsJson,
    CacheFolder,
    ConfigFile,
    Impute,
    Output,
    Quiet,
    Rules,
    Source,
    Target,
    Without,
    cache_folder,
    console,
    print_json,
    settings,
)
from autoprep.cli.progress import Progress
from autoprep.cli.review import MaxChanged, MaxRejected, print_difference
from autoprep.errors import SettingError, plural

Dialect = Annotated[Path | None, typer.Option("--dialect", help="A dialect.json to read the file by.")]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook.")]
Query = Annotated[str | None, typer.Option("--query", help="Table or SQL of a database; elsewhere SQL over self.")]


@app.command()
def read(
    source: Source,
    dialect: Dialect = None,
    sheet: Sheet = None,
    query: Query = None,
    table: Annotated[
        str | None, typer.Option("--table", help="One of several tables in one file: 2, or a name.")
    ] = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Show how a file is laid out, its first rows, and what was rejected."""
    from autoprep import api
    from autoprep.engines.local import write
    from autoprep.reporting import terminal

    found = api.read(source, dialect=dialect, sheet=sheet, query=query, table=table)
    if output is not None:
        write(found.frame, output)
    if as_json:
        print_json(api.describe(found))
    else:
        terminal.show_table(console(), found)


@app.command()
def plan(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE | diff A B", help="Data; or two plans to compare.")],
    target: Target = None,
    rules: Rules = None,
    without: Without = None,
    config: ConfigFile = None,
    impute: Impute = False,
    output: Output = None,
    max_changed: MaxChanged = None,
    max_rejected: MaxRejected = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="With diff: a Markdown table.")] = False,
    cache: CacheFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Propose every change as a step that a person can read, edit and refuse; `plan diff A B` compares two plans."""
    from autoprep import api
    from autoprep.reporting import steps

    if sources[0] == "diff" and len(sources) > 1:
        print_difference(sources[1:], markdown=markdown, as_json=as_json)
        return
    if len(sources) > 1:
        raise SettingError("a plan is made of one source", hint="autoprep plan diff a.yaml b.yaml compares two plans")
    with Progress(quiet=quiet) as progress:
        proposed = api.plan(
            sources[0],
            target=target,
            rules=rules,
            config=settings(config, without, IMPUTE if impute else None),
            cache=cache_folder(cache),
            listener=progress,
        )
    proposed = api.with_budgets(proposed, max_changed=max_changed, max_rejected=max_rejected)
    if output is not None:
        api.save_plan(proposed, output)
    if as_json:
        print_json(proposed.to_dict())
    else:
        steps.show_steps(console(), proposed)


@app.command()
def validate(
    source: Source,
    contract: Annotated[Path, typer.Option("--contract", "-c", help="A model folder, plan, or expectation suite.")],
    data_docs: Annotated[Path | None, typer.Option("--data-docs", help="Folder for Great Expectations' pages.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="File for JUnit XML.")] = None,
    github: Annotated[bool, typer.Option("--github", help="Print GitHub annotations.")] = False,
    failing_rows: Annotated[Path | None, typer.Option("--failing-rows", help="File for rows and reasons.")] = None,
    as_json: AsJson = False,
) -> int:
    """Check data against a contract: one line per broken expectation; exit status 1 if any broke."""
    from autoprep import api
    from autoprep.reporting import terminal

    report = api.validate(source, contract)
    api.write_validation(report, data_docs=data_docs, junit=junit, failing_rows=failing_rows)
    if as_json:
        print_json(report.to_dict())
    elif github:
        console().print(
            report.annotations(source if Path(source).is_file() else None),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    else:
        terminal.show_validation(console(), report)
    return 0 if report.success else 1


@app.command()
def clean(
    source: Source,
    plan: Annotated[Path | None, typer.Option("--plan", help="A plan file; without one, a plan is made.")] = None,
    target: Target = None,
    rules: Rules = None,
    without: Without = None,
    config: ConfigFile = None,
    impute: Impute = False,
    output: Output = None,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", help="Parquet file for every change; beside the output by default.")
    ] = None,
    quarantine: Annotated[
        Path | None, typer.Option("--quarantine", help="Parquet file for unparsed cells; beside the output by default.")
    ] = None,
    no_ledger: Annotated[bool, typer.Option("--no-ledger", help="Keep nothing beside the output.")] = False,
    same_shape: Annotated[
        bool, typer.Option("--same-shape", help="Repair cells only; keep rows, columns, order, notation.")
    ] = False,
    notation: Annotated[
        Literal["typed", "own"] | None,
        typer.Option(
            "--notation",
            help="typed: numbers, days, truth values. own: text as each column writes it (with --same-shape).",
        ),
    ] = None,
    max_changed: MaxChanged = None,
    max_rejected: MaxRejected = None,
    cache: CacheFolder = None,
    quiet: Quiet = False,
) -> None:
    """Apply a plan: write the clean table, the ledger of every change, the cells set aside and the lines unread."""
    from autoprep import api
    from autoprep.reporting import terminal

    rejected: Path | None = None
    unasked = output is not None and quarantine is None and not no_ledger
    if output is not None and not no_ledger:
        ledger = ledger or api.kept_beside(output, "ledger")
        quarantine = quarantine or api.kept_beside(output, "quarantine")
        rejected = api.kept_beside(output, "rejected")
    files = [path for path in (output, ledger, quarantine) if path is not None]
    parquet = output is not None and all(Path(path).suffix.lower() == ".parquet" for path in files)
    if parquet and not same_shape and notation != "own" and cache is None and api.is_large(source):
        with Progress(quiet=quiet) as progress:
            counts = api.clean_to_files(
                source,
                Path(str(output)),
                plan=plan,
                target=target,
                rules=rules,
                ledger=ledger,
                quarantine=quarantine,
                rejected=rejected,
                config=settings(config, without, IMPUTE if impute else None),
                max_changed=max_changed,
                max_rejected=max_rejected,
                listener=progress,
            )
        if unasked and quarantine is not None and not counts["quarantined"]:
            quarantine.unlink()
            quarantine = None
        paths = {"clean": output, "ledger": ledger, "quarantine": quarantine}
        paths["rejected"] = rejected if "rejected" in counts else None
        kept = {name: path for name, path in paths.items() if path is not None}
        api.set_aside(kept["clean"], list(kept.values()))
        terminal.show_counts(console(), counts, kept)
        return
    with Progress(quiet=quiet) as progress:
        cleaned = api.clean(
            source,
            plan=plan,
            target=target,
            rules=rules,
            config=settings(config, without, IMPUTE if impute else None),
            same_shape=same_shape,
            notation=notation,
            max_changed=max_changed,
            max_rejected=max_rejected,
            cache=cache_folder(cache),
            listener=progress,
        )
        if unasked and cleaned.quarantine.is_empty():
            quarantine = None
        written = api.write_cleaned(
            cleaned, output=output, ledger=ledger, quarantine=quarantine, rejected=rejected, listener=progress
        )
        if output is not None:
            api.set_aside(output, list(written.values()))
    terminal.show_cleaned(console(), cleaned, written)


@app.command()
def undo(
    source: Source,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", help="The ledger that cleaning wrote, if not beside the table.")
    ] = None,
    action: Annotated[str | None, typer.Option("--step", help="Undo one step only, by its id.")] = None,
    column: Annotated[str | None, typer.Option("--column", help="Undo one column only.")] = None,
    row: Annotated[int | None, typer.Option("--row", help="Undo one input row only (0-based).")] = None,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Give the original text of every cell back, dropped rows and columns and their order included."""
    from autoprep import api
    from autoprep.engines.local import write

    restored = api.undo(source, ledger=ledger, action=action, column=column, row=row)
    if output is None:
        console().print(restored)
    else:
        write(restored, output)
        if not quiet:
            size = f"{plural(restored.height, 'row')}, {plural(restored.width, 'column')}"
            console().print(f"{size} -> {output}", markup=False)
