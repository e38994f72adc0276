"""Commands about features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, Output, Quiet, Target, console, print_json
from autoprep.cli.progress import Progress
from autoprep.errors import InputError, SettingError, plural


@app.command()
def features(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help="A table or a folder of tables; or: export FILE, verify FILE FOLDER."),
    ],
    target: Target = None,
    table: Annotated[str | None, typer.Option("--table", help="Whose rows get features, of a folder.")] = None,
    schema: Annotated[
        Path, typer.Option("--schema", help="How tables hang together; proposed there when it is missing.")
    ] = Path("tables.yaml"),
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", help="Time column, 'column - 1h', or none: without what has a time.")
    ] = None,
    windows: Annotated[
        str, typer.Option("--windows", help="Widths of time before the cutoff, by when rows were known.")
    ] = "6h,1d,7d,30d",
    depth: Annotated[int, typer.Option("--depth", min=1, max=2, help="References walked at most.")] = 2,
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="LINE", help="A feature to make besides: 'GROUP_RANK(price, city)'; repeat."),
    ] = None,
    max_features: Annotated[int | None, typer.Option("--max-features", min=1, help="At most so many.")] = None,
    select: Annotated[
        bool, typer.Option("--select", help="Keep those only that add to the columns, out of sample.")
    ] = False,
    memory_budget: Annotated[
        str | None, typer.Option("--memory-budget", help="'500MB': features of a folder in blocks, straight to -o.")
    ] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Keep the definitions for other rows.")] = None,
    like: Annotated[Path | None, typer.Option("--like", help="Definitions kept before.")] = None,
    primitives: Annotated[
        str | None, typer.Option("--primitives", help="A .py file or module of primitives of your own; its code runs.")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="Of export: text, json, sql or polars.")] = "text",
    dialect: Annotated[str, typer.Option("--dialect", help="Of SQL: duckdb, postgres, sqlite, mysql, ...")] = "duckdb",
    rows: Annotated[int, typer.Option("--rows", min=1, help="Of verify: rows computed by brute force.")] = 50,
    html: Annotated[
        Path | None, typer.Option("--html", help="A page of the features: gain by number, lineage, definitions.")
    ] = None,
    output: Output = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Generate features over one table, or over a table and those around it, each with its readable definition.

    `features export FILE --to sql` writes saved features for other engines; `features verify FILE FOLDER` proves every
    one of them, and each of its exports, against brute force on a sample of rows (exit status 1 on a difference).
    """
    from autoprep import api
    from autoprep.engines.local import write
    from autoprep.reporting import terminal

    if primitives is not None:
        from autoprep.primitives.own import load

        load(primitives)
    source = sources[0]
    if html is not None:
        api.html_path(html)
    if source in ("export", "verify") and not Path(source).exists():
        if html is not None:
            raise SettingError(f"{source} makes no page", hint="autoprep features SOURCE --html features.html")
        return (
            _written(sources, to, dialect, output) if source == "export" else _verified(sources, rows, as_json, quiet)
        )
    if len(sources) > 1:
        raise SettingError("features are made of one source", hint="put its tables into one folder")
    with Progress(quiet=quiet) as progress:
        if like is not None:
            made: Any = api.synthesize(source, like=like, listener=progress)
        elif select:
            chosen = _selected(
                source, target, table, schema, cutoff, windows, depth, max_features, feature or [], progress
            )
            made = chosen.made if table is not None else chosen
        elif table is None:
            made = api.synthesize(
                source, target=target, max_features=max_features or 100, features=feature or [], listener=progress
            )
        elif not schema.is_file():
            proposed = api.schema_of(source, schema, listener=progress)
            typer.echo(proposed.to_yaml())
            console().print(
                f"Proposed, and written to {schema}: look at it, correct it, and run the same command again."
            )
            return
        else:
            made = api.synthesize(
                source, target=target, table=table, schema=schema, cutoff=cutoff, windows=windows.split(","),
                depth=depth, max_features=max_features or 500, features=feature or [], listener=progress,
                **({} if memory_budget is None else {"memory_budget": memory_budget}),
            )  # fmt: skip
        if save is not None:
            made.save(save)
        if html is not None:
            name = Path(source.split("?")[0]).name.split(".")[0] or "table"
            api.write_feature_report(chosen if select and like is None else made, html, table=name)
    if memory_budget is not None and hasattr(made, "blocks"):
        if output is None or output.suffix != ".parquet":
            raise InputError("features within a memory budget go to a Parquet file", hint="say -o wide.parquet")
        made.write(output)
    elif output is not None:
        write(made.frame, output)
    if as_json:
        print_json([{"name": f.name, "definition": f.definition, "inputs": list(f.inputs)} for f in made.definitions])
        return
    if select:
        terminal.show_selection(console(), made.definitions, chosen.selection.table, chosen.selection.curve)
        return
    first = made.frame.head(100).collect() if memory_budget is not None and table is not None else made.frame
    terminal.show_features(console(), made.definitions, first)
    leaks = getattr(made, "leaks", None)
    if leaks is not None and leaks.height:
        terminal.show_leaks(console(), leaks)


def _selected(
    source: str, target: str | None, table: str | None, schema: Path, cutoff: str | None, windows: str, depth: int,
    most: int | None, features: list[str], progress: Progress,
) -> Any:  # fmt: skip
    from autoprep import api

    if target is None:
        raise InputError("features are selected for a target", hint="say --target COLUMN")
    if table is not None and not schema.is_file():
        raise InputError(
            "no such schema", where=str(schema), hint="run the command without --select to have one proposed"
        )
    return api.select(
        source, target, table=table, schema=schema, cutoff=cutoff, windows=windows.split(","), depth=depth,
        max_features=most or 60, features=features, listener=progress,
    )  # fmt: skip


def _written(sources: list[str], to: str, dialect: str, output: Path | None) -> None:
    from autoprep import api
    from autoprep.lineage import whole_file

    if len(sources) not in (2, 3):
        raise SettingError("export takes the file of saved features", hint="autoprep features export features.json")
    made = api.export_features(sources[1], to, sources[2] if len(sources) == 3 else None, dialect=dialect)
    for reason, definitions in _by_reason(made.without).items():
        typer.echo(f"left out: {_listed(definitions)}: {reason}", err=True)
    if output is None:
        typer.echo(made.text, nl=False)
        return
    with whole_file(output) as beside:
        beside.write_text(made.text, encoding="utf-8")


def _verified(sources: list[str], rows: int, as_json: bool, quiet: bool) -> None:
    from autoprep import api

    if len(sources) != 3:
        raise SettingError(
            "verify takes saved features and the folder of tables",
            hint="autoprep features verify features.json folder/",
        )
    with Progress(quiet=quiet) as progress:
        made = api.verify_features(sources[1], sources[2], rows=rows, listener=progress)
    if as_json:
        print_json({
            "ok": made.ok, "rows": made.rows, "features": made.features, "compared": dict(made.compared),
            "without": {k: dict(v) for k, v in made.without.items()}, "differences": made.differences.to_dicts(),
        })  # fmt: skip
    else:
        _tell(made)
    if not made.ok:
        raise typer.Exit(1)


def _tell(made: Any) -> None:
    shown = console()
    for form, count in made.compared.items():
        wrong = made.differences.filter(form=form)
        verdict = "equal to brute force" if wrong.is_empty() else f"{wrong.height} DIFFER"
        shown.print(
            f"{form}: {count} of {plural(made.features, 'feature')} on {plural(made.rows, 'row')}: {verdict}",
            markup=False, highlight=False,
        )  # fmt: skip
        for one in wrong.iter_rows(named=True):
            line = f"  {one['feature']}: row {one['row']} is {one['got']}, by brute force {one['brute']}"
            shown.print(line, markup=False, highlight=False)
    for form, reasons in made.without.items():
        for reason, definitions in _by_reason(reasons).items():
            shown.print(f"{form} has no equal of {_listed(definitions)}: {reason}", markup=False, highlight=False)


def _by_reason(without: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for definition, reason in without.items():
        found.setdefault(reason, []).append(definition)
    return found


def _listed(definitions: list[str], most: int = 3) -> str:
    rest = len(definitions) - most
    return ", ".join(definitions[:most]) + (f" and {rest} more" if rest > 0 else "")


@app.command()
def warmup(as_json: AsJson = False) -> None:
    """Compile the kernels before they are needed: once per machine, or per process where no folder can be written."""
    from autoprep import api

    made = api.warm_up()
    if as_json:
        print_json({"cpu_seconds": made.seconds, "kept": made.kept})
        return
    kept = f"kept in {made.kept}" if made.kept else "no folder can be written: every process compiles anew"
    console().print(f"{made.seconds:.1f} CPU s; {kept}", markup=False)
