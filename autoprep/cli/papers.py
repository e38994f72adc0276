"""Commands about a model's papers: card, audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.models import ModelFolder
from autoprep.cli.options import console


@app.command()
def card(
    model: ModelFolder,
    answers: Annotated[Path | None, typer.Option("--answers", help="YAML of what only a person can say.")] = None,
) -> None:
    """Write the model card again, with a person's answers; says which questions stay blank."""
    from autoprep import api

    for key in api.write_card(model, answers):
        console().print(f"blank: {key}", markup=False)


@app.command()
def audit(
    model: ModelFolder,
    strict: Annotated[bool, typer.Option("--strict", help="Blank human fields fail too.")] = False,
) -> int:
    """Check a model folder: hashes, replay, the card's figures, blank fields; exit status 1 when something fails."""
    from autoprep import api

    found = api.audit(model)
    for word, lines in (("holds", found.passed), ("FAILS", found.failed), ("blank", found.blank)):
        for line in lines:
            console().print(f"{word}  {line}", markup=False)
    return 0 if found.holds(strict) else 1
