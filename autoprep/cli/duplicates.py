"""The command that finds rows which speak of the same thing."""

from __future__ import annotations

from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, Quiet, Source, console, print_json
from autoprep.cli.progress import Progress


@app.command()
def duplicates(
    source: Source,
    query: Annotated[str | None, typer.Option("--query", help="Query to run on a database.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Clusters to print; --json prints all.")] = 50,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find rows that speak of the same thing in other words, with the evidence per pair in bits; writes nothing."""
    from autoprep import api

    with Progress(quiet=quiet) as progress:
        found = api.duplicates(source, query=query, listener=progress)
    if as_json:
        print_json(found)
        return
    out = console()
    for cluster in found["clusters"][:limit]:
        out.print(f"row {cluster['row']}", markup=False)
        for other in cluster["others"]:
            bits = "  ".join(f"{name} {value:+.1f}" for name, value in other["bits"].items())
            out.print(f"  row {other['row']}  {other['probability']:.3f}  {bits}", markup=False, soft_wrap=True)
    more = len(found["clusters"]) - limit
    if more > 0:
        out.print(f"... and {more:,} more (--limit, --json)", markup=False)
    others = sum(len(cluster["others"]) for cluster in found["clusters"])
    out.print(
        f"{others:,} of {found['rows']:,} rows are nearly the same as another "
        f"({len(found['clusters']):,} things); {found['equal']:,} repeat one in full",
        markup=False,
    )
    if found["declined"]:
        out.print(f"likenesses are not told: {found['declined']}", markup=False)
    elif found["clusters"]:
        out.print(
            f"proof: {found['found']} of {found['planted']} planted copies found their row, "
            f"{found['wrong']} links were wrong; {found['expected_false']:g} links above are expected to be chance's",
            markup=False,
        )
