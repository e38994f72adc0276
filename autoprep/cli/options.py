"""Words that several commands share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autoprep.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from autoprep.config import Config


def _writable(path: Path | None) -> Path | None:
    if path is not None:
        from autoprep.engines.local import check_writable

        check_writable(path)
    return path


Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A file, folder, glob, URL or database address.")]
Target = Annotated[str | None, typer.Option("--target", "-t", help="The column to predict.")]
Rules = Annotated[list[Path] | None, typer.Option("--rules", help="A folder of rules of your own (repeatable).")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings; autoprep.yaml here when it exists.")]
Without = Annotated[list[str] | None, typer.Option("--without", help="A rule to leave out, by its id (repeatable).")]
Impute = Annotated[bool, typer.Option("--impute", help="Fill empty cells too, each column in its simplest good way.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Where to write; the suffix names the format.", callback=_writable),
]
CacheFolder = Annotated[
    Path | None,
    typer.Option("--cache", help="Folder where results are kept; .autoprep here when autoprep.yaml is."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]


def cache_folder(said: Path | None) -> Path | None:
    """Where results are kept: the folder given, or .autoprep beside the autoprep.yaml of the working folder."""
    if said is not None:
        return said
    return Path(".autoprep") if Path("autoprep.yaml").is_file() else None


#: Characters in a line of what is not printed on a terminal, which would be 80 and break the tables.
PIPED_WIDTH = 160


def console() -> Console:
    """Standard output, for people: as wide as the terminal, or as ``COLUMNS`` says, or wide enough for a table."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit() else PIPED_WIDTH
    return Console(file=sys.stdout, soft_wrap=False, highlight=False, width=width)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


#: What ``--impute`` asks for.
IMPUTE: Mapping[str, Mapping[str, Any]] = {"missing.impute": {"enabled": True, "reason": "asked for by --impute"}}


def settings(
    path: Path | None, without: Sequence[str] | None = None, asked: Mapping[str, Mapping[str, Any]] | None = None
) -> Config | None:
    """The configuration to use: the file given, or autoprep.yaml in the working folder; less the rules left out.

    ``asked`` is what other options say of rules: rule id to its settings.

    Raises:
        InputError: no such file. SettingError: it says something unknown.
    """
    from autoprep.config import Config

    if path is not None and not path.is_file():
        raise InputError("no such configuration file", where=str(path))
    chosen = path if path is not None else Path("autoprep.yaml")
    config = Config.load(chosen) if chosen.is_file() else None
    if not without and not asked:
        return config
    said: dict[str, Mapping[str, Any]] = {
        rule: {"enabled": False, "reason": "left out by --without"} for rule in without or ()
    }
    said = {**(asked or {}), **said}
    return replace(config or Config(), asked=said)
