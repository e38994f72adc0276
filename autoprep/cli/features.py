"""Commands about features."""

from __future__ import annotations

from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, Output, Quiet, Target, console, print_json
from autoprep.cli.progress import Progress


@app.command()
def features(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A table.")],
    target: Target = None,
    max_features: Annotated[int, typer.Option("--max-features", min=1, help="At most so many new columns.")] = 100,
    output: Output = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Generate features over one table, each with its readable definition."""
    from autoprep import api
    from autoprep.engines.local import write
    from autoprep.reporting import terminal

    with Progress(quiet=quiet) as progress:
        made = api.synthesize(source, target=target, max_features=max_features, listener=progress)
    if output is not None:
        write(made.frame, output)
    if as_json:
        print_json([{"name": f.name, "definition": f.definition, "inputs": list(f.inputs)} for f in made.definitions])
    else:
        terminal.show_features(console(), made.definitions, made.frame)
