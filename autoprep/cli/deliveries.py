"""Commands about versions of the data: data diff."""

from __future__ import annotations

from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, ConfigFile, Quiet, Target, console, print_json, settings
from autoprep.cli.progress import Progress

data_app = typer.Typer(help="Versions of the data.", no_args_is_help=True)
app.add_typer(data_app, name="data")


@data_app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A source, or PATH@REVISION of git or DVC.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="A source, or PATH@REVISION.")],
    key: Annotated[list[str] | None, typer.Option("--key", help="Column that tells rows apart (repeatable).")] = None,
    target: Target = None,
    config: ConfigFile = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For a pull request.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Explain two versions of the data: rows, cells, profile, and what would be cleaned differently."""
    from autoprep import api

    with Progress(quiet=quiet) as progress:
        found = api.data_diff(before, after, key=key or (), target=target, config=settings(config), listener=progress)
    if as_json:
        print_json(found.to_dict())
    elif markdown:
        console().print(found.markdown(), markup=False, soft_wrap=True)
    else:
        for line in [*found.table.lines(), *(f"{d['severity']}: {d['sentence']}" for d in found.drifts), *found.plan]:
            console().print(line, markup=False, soft_wrap=True)
        if found.same:
            console().print("the same rows and cells", markup=False)
