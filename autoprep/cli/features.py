"""Commands about features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, Output, Quiet, Target, console, print_json
from autoprep.cli.progress import Progress
from autoprep.errors import InputError


@app.command()
def features(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A table, or a folder of tables.")],
    target: Target = None,
    table: Annotated[str | None, typer.Option("--table", help="Whose rows get features, of a folder.")] = None,
    schema: Annotated[
        Path, typer.Option("--schema", help="How tables hang together; proposed there when it is missing.")
    ] = Path("tables.yaml"),
    cutoff: Annotated[str | None, typer.Option("--cutoff", help="Time column, or 'column - 1h'.")] = None,
    windows: Annotated[str, typer.Option("--windows", help="Widths of time before the cutoff.")] = "6h,1d,7d,30d",
    depth: Annotated[int, typer.Option("--depth", min=1, max=2, help="References walked at most.")] = 2,
    max_features: Annotated[int | None, typer.Option("--max-features", min=1, help="At most so many.")] = None,
    select: Annotated[
        bool, typer.Option("--select", help="Keep those only that add to the columns, out of sample.")
    ] = False,
    save: Annotated[Path | None, typer.Option("--save", help="Keep the definitions for other rows.")] = None,
    like: Annotated[Path | None, typer.Option("--like", help="Definitions kept before.")] = None,
    output: Output = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Generate features over one table, or over a table and those around it, each with its readable definition."""
    from autoprep import api
    from autoprep.engines.local import write
    from autoprep.reporting import terminal

    with Progress(quiet=quiet) as progress:
        if like is not None:
            made: Any = api.synthesize(source, like=like, listener=progress)
        elif select:
            chosen = _selected(source, target, table, schema, cutoff, windows, depth, max_features, progress)
            made = chosen.made if table is not None else chosen
        elif table is None:
            made = api.synthesize(source, target=target, max_features=max_features or 100, listener=progress)
        elif not schema.is_file():
            proposed = api.schema_of(source, schema, listener=progress)
            console().print(proposed.to_yaml(), markup=False, highlight=False)
            console().print(
                f"Proposed, and written to {schema}: look at it, correct it, and run the same command again."
            )
            return
        else:
            made = api.synthesize(
                source, target=target, table=table, schema=schema, cutoff=cutoff, windows=windows.split(","),
                depth=depth, max_features=max_features or 500, listener=progress,
            )  # fmt: skip
        if save is not None and table is not None:
            made.save(save)
    if output is not None:
        write(made.frame, output)
    if as_json:
        print_json([{"name": f.name, "definition": f.definition, "inputs": list(f.inputs)} for f in made.definitions])
        return
    if select:
        terminal.show_selection(console(), made.definitions, chosen.selection.table, chosen.selection.curve)
        return
    terminal.show_features(console(), made.definitions, made.frame)
    leaks = getattr(made, "leaks", None)
    if leaks is not None and leaks.height:
        console().print("What time is worth: each alone, as of the cutoff and regardless of time.", style="bold")
        terminal.show_frame(console(), leaks.head(8).select("feature", "in_time", "regardless", "gap"))


def _selected(
    source: str, target: str | None, table: str | None, schema: Path, cutoff: str | None, windows: str, depth: int,
    most: int | None, progress: Progress,
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
        max_features=most or 60, listener=progress,
    )  # fmt: skip
