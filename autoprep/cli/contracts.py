"""Commands about contracts: derive one from good data, or write one in other words."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, Output, Source, print_json
from autoprep.errors import plural


@app.command()
def contract(
    source: Source,
    output: Output = None,
    to: Annotated[str | None, typer.Option("--to", help="SOURCE is a contract: write it as sql, polars or gx.")] = None,
    table: Annotated[str, typer.Option("--table", help="With --to sql: the table, or a file as DuckDB names it.")] = "",
    dialect: Annotated[str, typer.Option("--dialect", help="With --to sql: a dialect of sqlglot.")] = "duckdb",
    like: Annotated[str | None, typer.Option("--like", help="With --to: data whose dtypes decide literals.")] = None,
    as_json: AsJson = False,
) -> None:
    """Derive a contract from good data, each check with its evidence; or write a contract as SQL or Polars code."""
    from autoprep import api

    if to is not None:
        made = api.export_contract(source, to, table=table, dialect=dialect, like=like)
        for phrase, why in made.declined:
            sys.stderr.write(f"not written: {phrase}: {why}\n")
        if output is None:
            sys.stdout.write(made.text)
        else:
            api.write_text(made.text, output)
            sys.stderr.write(f"{to} -> {output}\n")
        return
    suite = api.contract(source)
    if output is not None:
        api.save_contract(suite, output)
        sys.stderr.write(f"{plural(len(suite.expectations), 'check')} -> {output}\n")
    if as_json or output is None:
        print_json(suite.to_dict())
