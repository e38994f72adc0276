"""The command about what data is: one table, a table against an earlier one, several tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autoprep.cli import app
from autoprep.cli.options import (
    AsJson,
    ConfigFile,
    Output,
    Quiet,
    Rules,
    Target,
    Without,
    console,
    print_json,
    settings,
)
from autoprep.cli.progress import Progress
from autoprep.errors import InputError

if TYPE_CHECKING:
    from autoprep.profiling import Relations

Sources = Annotated[
    list[str], typer.Argument(metavar="SOURCE...", help="A file, folder, glob, URL or database address; or several.")
]


@app.command()
def profile(
    sources: Sources,
    target: Target = None,
    query: Annotated[str | None, typer.Option("--query", help="Query to run on a database.")] = None,
    sql: Annotated[
        str | None, typer.Option("--sql", help='Query over "columns", "pairs", "keys" and "tables".')
    ] = None,
    against: Annotated[str | None, typer.Option("--against", help="An earlier table, or its profile.json.")] = None,
    show_personal: Annotated[
        bool, typer.Option("--show-personal", help="Do not mask samples of personal data.")
    ] = False,
    rules: Rules = None,
    without: Without = None,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what each column is, what is wrong with it, and how columns and tables hang together (-o .html or .json)."""
    from autoprep import api
    from autoprep.reporting import terminal

    with Progress(quiet=quiet) as progress:
        tables = api.several(sources, listener=progress)
        related = api.relate(tables) if len(tables) > 1 else None
        if related is None:
            found = api.profile(sources[0], target=target, query=query, listener=progress)
            if against is not None:
                earlier = api.profile_of(against, listener=progress)
            elif sql is None:
                findings = api.find(found, rules=rules, config=settings(config, without))
    if related is not None:
        if against is not None or sql is not None:
            word = "--against" if against is not None else "--sql"
            raise InputError("works on one table", where=word, hint="name one source")
        _show_relations(related, output, as_json)
        return
    if not show_personal:
        found = found.masked()
    if against is not None:
        comparison = earlier.compare(found) if show_personal else earlier.masked().compare(found)
        _write(comparison.to_dict(), output)
        print_json(comparison.to_dict()) if as_json else terminal.show_comparison(console(), comparison)
    elif sql is not None:
        answer = found.sql(sql)
        print_json(answer.to_dicts()) if as_json else terminal.show_frame(console(), answer)
    else:
        if output is not None:
            api.write_profile(found, output, findings)
        if as_json:
            print_json({**json.loads(found.to_json()), "findings": [f.to_dict() for f in findings]})
        else:
            terminal.show_profile(console(), found, findings)


def _show_relations(related: Relations, output: Path | None, as_json: bool) -> None:
    _write(related.to_dict(), output)
    if as_json:
        print_json(related.to_dict())
        return
    out = console()
    for table, rows in related.rows.items():
        key = ", ".join(related.primary(table))
        out.print(f"{table}: {rows:,} rows, {f'key ({key})' if key else 'no key'}", markup=False)
    out.print("")
    for link in related.links:
        out.print(str(link), markup=False)
    if not related.links:
        out.print("No table points at another.", markup=False)


def _write(value: dict[str, Any], output: Path | None) -> None:
    from autoprep.lineage import whole_file

    if output is None:
        return
    if output.suffix.lower() != ".json":
        raise InputError(f"cannot be written as '{output.suffix}'", where=str(output), hint="try .json")
    with whole_file(output) as beside:
        beside.write_text(json.dumps(value, ensure_ascii=False, indent=2, default=str), encoding="utf-8")
