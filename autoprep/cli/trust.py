"""Commands about who vouches for a model folder: sign, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.models import ModelFolder
from autoprep.cli.options import console


@app.command()
def sign(
    model: ModelFolder,
    key: Annotated[Path, typer.Option("--key", help="PEM file of an Ed25519 private key.")],
) -> None:
    """Sign a model folder with your key: whoever has your public key can check that it is yours and unaltered."""
    from autoprep import api

    made = api.sign(model, key)
    console().print(f"{model} is signed with key {made.key[:16]}", markup=False, soft_wrap=True)


@app.command()
def verify(
    model: ModelFolder,
    key: Annotated[Path | None, typer.Option("--key", help="PEM file of the signer's Ed25519 public key.")] = None,
) -> None:
    """Check every file of a model folder, and with --key who signed it; a tampered file is refused (exit status 2)."""
    from autoprep import api

    found = api.verify(model, key)
    told = "every file is as it was written" if found is None else f"signed with key {found.key[:16]}, unaltered since"
    console().print(f"{model}: {told}", markup=False, soft_wrap=True)
