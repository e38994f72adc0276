"""Words that several commands share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autoprep.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A file, folder, glob, URL or database address.")]
Target = Annotated[str | None, typer.Option("--target", "-t", help="The column to predict.")]
Rules = Annotated[list[Path] | None, typer.Option("--rules", help="A folder of rules of your own (repeatable).")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings; autoprep.yaml here when it exists.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write; the suffix names the format.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]


def console() -> Console:
    """Standard output, for people."""
    from rich.console import Console

    return Console(file=sys.stdout, soft_wrap=False, highlight=False)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def settings(path: Path | None) -> Path | None:
    """The configuration file to use: the one given, or autoprep.yaml in the working folder."""
    if path is not None:
        if not path.is_file():
            raise InputError("no such configuration file", where=str(path))
        return path
    here = Path("autoprep.yaml")
    return here if here.is_file() else None
