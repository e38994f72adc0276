"""Commands about a model in use: drift."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from autoprep.cli import app
from autoprep.cli.models import ModelFolder
from autoprep.cli.options import AsJson, Output, Source, console, print_json

Severity = Literal["error", "warning", "info"]


@app.command()
def drift(
    model: ModelFolder,
    source: Source,
    fail_on: Annotated[Severity, typer.Option("--fail-on", help="Exit status 1 from this severity on.")] = "warning",
    output: Output = None,
    as_json: AsJson = False,
) -> int:
    """Compare new rows with training: columns, dirt, predictions; exit status 1 when they drifted."""
    from autoprep import api

    found = api.drift(model, source)
    if output is not None:
        api.write_drift(found, output, f"Drift of {source}")
    if as_json:
        print_json(found.to_dict())
    else:
        out = console()
        out.print(f"{found.rows[0]:,} rows in training, {found.rows[1]:,} new rows", markup=False)
        for change in found.changes.iter_rows(named=True):
            out.print(
                f"{change['severity']:<8} {change['part']:<12} {change['sentence']}", markup=False, soft_wrap=True
            )
        if found.worst is None:
            out.print("nothing drifted", markup=False)
    return 1 if found.at_least(fail_on) else 0
