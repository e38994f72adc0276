"""Commands about a model's papers: card, papers, fairness, audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.models import ModelFolder
from autoprep.cli.options import AsJson, Source, console, print_json


@app.command()
def card(
    model: ModelFolder,
    answers: Annotated[Path | None, typer.Option("--answers", help="YAML of what only a person can say.")] = None,
) -> None:
    """Write card, datasheet and governance record again, with a person's answers; says which questions stay blank."""
    from autoprep import api

    asked = api.questions()
    for key in api.write_card(model, answers):
        console().print(f"blank: {key}: {asked[key]}", markup=False, soft_wrap=True)


@app.command()
def papers(
    model: ModelFolder,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the papers.")] = Path("papers"),
    pdf: Annotated[bool, typer.Option("--pdf", help="Print PDF too; needs an installed Chromium.")] = False,
) -> None:
    """Write a model's papers as Markdown, HTML and PDF, with its SBOM (CycloneDX) and lineage (OpenLineage)."""
    from autoprep import api

    for path in api.write_papers(model, output, pdf=pdf):
        console().print(str(path), markup=False, soft_wrap=True)


@app.command()
def fairness(
    model: ModelFolder,
    source: Source,
    by: Annotated[list[str], typer.Option("--by", help="Column whose values are the groups (repeatable).")],
    positive: Annotated[str | None, typer.Option("--positive", help="The class that rates are about.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a model by declared groups on labelled rows: rates, calibration, intervals; kept among its papers."""
    from rich.markdown import Markdown

    from autoprep import api
    from autoprep.tracking.fairness import markdown

    found = [one.to_dict() for one in api.fairness(model, source, by, positive=positive)]
    if as_json:
        print_json(found)
    else:
        console().print(Markdown(markdown(found, source)))


@app.command()
def audit(
    model: ModelFolder,
    strict: Annotated[bool, typer.Option("--strict", help="Blank human fields fail too.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check a model folder: hashes, replay, the papers' figures, blank fields; exit status 1 when something fails."""
    from autoprep import api

    found = api.audit(model)
    if as_json:
        print_json({"holds": found.passed, "fails": found.failed, "blank": found.blank})
    else:
        for word, lines in (("holds", found.passed), ("FAILS", found.failed), ("blank", found.blank)):
            for line in lines:
                console().print(f"{word}  {line}", markup=False, soft_wrap=True)
        if found.blank:
            hint = f"to fill in: autoprep card {model} names each question; answer them in a YAML file, --answers FILE"
            console().print(hint, markup=False, soft_wrap=True)
    return 0 if found.holds(strict) else 1
