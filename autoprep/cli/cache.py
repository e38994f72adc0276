"""Commands about what is kept so that it need not be worked out again: cache list, cache clear."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, console, print_json

cache_app = typer.Typer(help="What is kept so that it need not be worked out again.", no_args_is_help=True)
app.add_typer(cache_app, name="cache")

Folder = Annotated[Path, typer.Option("--cache", help="The folder.")]


@cache_app.command("list")
def list_entries(cache: Folder = Path(".autoprep"), as_json: AsJson = False) -> None:
    """Say what is kept: per stage the entries, their bytes, and when one was last asked for."""
    from autoprep import api

    found = api.cache_list(cache)
    if as_json:
        print_json(found)
        return
    for stage in found["stages"]:
        line = f"{stage['stage']:<12} {stage['entries']:>7,} entries {stage['bytes']:>14,} bytes, {stage['asked']} ago"
        console().print(line, markup=False)
    console().print(f"{found['bytes']:,} bytes in {cache}, of {found['max_bytes']:,}", markup=False)


@cache_app.command()
def clear(
    cache: Folder = Path(".autoprep"),
    keep: Annotated[int, typer.Option("--keep-bytes", min=0, help="Bytes asked for last that may stay.")] = 0,
) -> None:
    """Take away what is kept; it holds cells of the data. What asks for it later works it out again."""
    from autoprep import api

    console().print(f"{api.cache_clear(cache, keep):,} bytes taken away", markup=False)
