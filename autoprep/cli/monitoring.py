"""Commands about a model in use: drift, monitor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autoprep.cli import app
from autoprep.cli.models import ModelFolder
from autoprep.cli.options import AsJson, Output, Quiet, Source, console, print_json
from autoprep.cli.progress import Progress

if TYPE_CHECKING:
    from autoprep.api.monitoring import DriftWindows

Severity = Literal["error", "warning", "info"]


@app.command()
def drift(
    model: ModelFolder,
    source: Source,
    fail_on: Annotated[Severity, typer.Option("--fail-on", help="Exit status 1 from this severity on.")] = "warning",
    time: Annotated[str | None, typer.Option("--time", help="Column of moments: one comparison a window.")] = None,
    every: Annotated[str, typer.Option("--every", help="Length of a window: 1d, 1w, 1mo, 6h.")] = "1w",
    rows: Annotated[
        str | None, typer.Option("--rows", help="Of a model over several tables: the rows, SOURCE being the tables.")
    ] = None,
    output: Output = None,
    as_json: AsJson = False,
) -> int:
    """Compare new rows with training: columns, dirt, predictions; exit status 1 when they drifted."""
    from autoprep import api

    if time is not None:
        return _windows(api.drift_windows(model, source, time, every, rows), fail_on, output, as_json)
    found = api.drift(model, source, rows)
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


def _windows(found: DriftWindows, fail_on: Severity, output: Path | None, as_json: bool) -> int:
    from autoprep import api

    if output is not None:
        api.write_drift_windows(found, output)
    if as_json:
        print_json(found.to_dict())
    else:
        for line in found.lines():
            console().print(line, markup=False, soft_wrap=True)
    return 1 if found.at_least(fail_on) else 0


@app.command()
def monitor(
    model: ModelFolder,
    deliveries: Annotated[str, typer.Argument(metavar="DELIVERIES", help="A folder, a glob, or one file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for predictions/, reports/ and state.json.")
    ] = Path("monitor"),
    fail_on: Annotated[Severity, typer.Option("--fail-on", help="Exit status 1 from this drift on.")] = "warning",
    retry: Annotated[bool, typer.Option("--retry", help="Try again what could not be read before.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Score what was delivered since the last run, once, validate it and look for drift: for schedulers.

    Exit status: 0 nothing new, or all well; 1 a new delivery broke the contract or drifted; 2 one could not be read.
    """
    from dataclasses import asdict

    from autoprep import api

    with Progress(quiet=quiet) as progress:
        found = api.monitor(model, deliveries, output, fail_on=fail_on, retry=retry, listener=progress)
    if as_json:
        print_json(asdict(found))
    else:
        for line in found.lines():
            console().print(line, markup=False, soft_wrap=True)
    return found.exit_status
