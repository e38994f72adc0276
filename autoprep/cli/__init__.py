"""The command line: the same words as the Python interface.

Every command is thin: it parses its words, calls ``autoprep.api`` and shows the answer. Results go to standard output
or to ``-o``; progress goes to standard error; ``--json`` gives machine-readable output.
"""

from __future__ import annotations

from typing import Annotated

import typer

from autoprep.cli.overview import Overview
from autoprep.cli.progress import FORMATS, OPTION, VARIABLE

app = typer.Typer(
    name="autoprep",
    cls=Overview,
    help="Profile, validate and clean raw tables by readable rules; generate features; search a compact model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _of_every_command(
    log_format: Annotated[
        str,
        typer.Option(
            OPTION,
            envvar=VARIABLE,
            metavar="|".join(FORMATS),
            help="Of any command: json writes one object a line on standard error: stage, event, seconds, counts.",
        ),
    ] = "text",
) -> None:
    """Options that stand before or after any command; ``__main__`` has read them already."""


# Each module registers its commands on ``app`` when it is imported.
from autoprep.cli import (  # noqa: E402, F401
    cache,
    contracts,
    data,
    deliveries,
    duplicates,
    features,
    models,
    monitoring,
    papers,
    profile,
    project,
    review,
    rules,
    serving,
    trust,
)
