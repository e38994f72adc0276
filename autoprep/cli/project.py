"""Commands about a project in version control: init, stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.options import Quiet, console
from autoprep.cli.progress import Progress


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the project.")] = Path(),
    source: Annotated[str, typer.Option("--data", help="The raw data, relative to the folder.")] = "data/raw.csv",
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict.")] = "target",
    dvc: Annotated[bool, typer.Option("--dvc", help="Write the stages that DVC runs; calls 'dvc init'.")] = False,
) -> None:
    """Start a project: autoprep.yaml, rules/, a GitHub workflow, a pre-commit hook; keeps files that are there."""
    from autoprep import api

    for path in api.init(folder, source=source, target=target, dvc=dvc):
        console().print(str(path), markup=False)


@app.command()
def stage(
    name: Annotated[str, typer.Argument(help="profile, validate, clean, features, train or evaluate.")],
    folder: Annotated[Path, typer.Option("--folder", help="Folder of the project.")] = Path(),
    quiet: Quiet = False,
) -> None:
    """Run one stage of a project by its params.yaml, as dvc.yaml does."""
    from autoprep import api

    with Progress(quiet=quiet) as progress:
        written = api.run_stage(name, folder, listener=progress)
    for path in written:
        console().print(str(path), markup=False)
