"""Commands about a model at work: serve, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from autoprep.cli import app
from autoprep.cli.models import ModelFolder
from autoprep.cli.options import AsJson, console, print_json
from autoprep.cli.review import print_cell
from autoprep.errors import SettingError


@app.command()
def serve(
    model: ModelFolder,
    host: Annotated[str, typer.Option("--host", help="Address; 0.0.0.0 listens to every machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes; they share the model.")] = 1,
    max_rows: Annotated[int, typer.Option("--max-rows", min=1, help="Rows in one request.")] = 1_000_000,
    max_bytes: Annotated[int, typer.Option("--max-bytes", min=1, help="Bytes of one request.")] = 64 << 20,
    seen: Annotated[
        Path | None, typer.Option("--seen", help="Folder for profiles of what was answered; 'drift' reads it.")
    ] = None,
    window: Annotated[float, typer.Option("--seen-window", min=1, help="Seconds of one file in it.")] = 3600.0,
) -> None:
    """Serve a model over HTTP: /predict, /explain, /contract, /health, /metrics, and a page at /."""
    from autoprep import api

    def ready() -> None:
        console().print(f"http://{host}:{port}/ serves {model}; Ctrl-C ends it", markup=False)

    api.serve(
        model, host=host, port=port, workers=workers, rows=max_rows, body_bytes=max_bytes, seen=seen, window_s=window,
        ready=ready,
    )  # fmt: skip


@app.command()
def package(
    model: ModelFolder,
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder.")],
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes; each holds the model.")] = 1,
    wheel: Annotated[Path | None, typer.Option("--wheel", help="A wheel of autoprep to put in.")] = None,
) -> None:
    """Make a model ready to run elsewhere: Dockerfile, compose.yaml, systemd unit, pinned requirements."""
    from autoprep import api

    for path in api.package(model, output, port=port, workers=workers, wheel=wheel):
        console().print(str(path), markup=False)


@app.command()
def explain(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, or a clean table.")],
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help="The rows to explain.")] = None,
    row: Annotated[list[int] | None, typer.Option("--row", help="0-based row (repeatable); the first alone.")] = None,
    rows: Annotated[
        str | None, typer.Option("--rows", help="Of a model over several tables: the rows, SOURCE being the tables.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .json file.")] = None,
    ledger: Annotated[Path | None, typer.Option("--ledger", help="A clean table's ledger, if not beside it.")] = None,
    column: Annotated[str | None, typer.Option("--column", help="The column of a clean table's cell.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain predictions, or one cell of a clean table: what was cleaned and why, and what each raw column did."""
    import json

    from autoprep import api
    from autoprep.lineage import whole_file

    if ledger is not None or (source is None and model.is_file()):
        print_cell(str(model), ledger or api.ledger_of(model), row or [], column, as_json=as_json)
        return
    if source is None:
        raise SettingError("the rows to explain are not given", hint="autoprep explain MODEL SOURCE --row 0")

    found = api.explain(model, source, row or [0], of=rows)
    if output is not None:
        with whole_file(output) as beside:
            beside.write_text(json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    if as_json:
        print_json(found)
        return
    for number, one in zip(row or [0], found, strict=True):
        _show(number, one)


def _show(number: int, one: dict[str, Any]) -> None:
    from rich.table import Table

    out = console()
    said = one["prediction"]
    told = said["prediction"]
    told = f"{told:.6g}" if isinstance(told, float) else told
    out.print(f"Row {number}: {told}", style="bold", markup=False)
    if "lower" in said:
        out.print(f"  90% interval {said['lower']:.5g} to {said['upper']:.5g}", markup=False)
    shares = {k.removeprefix("probability_"): v for k, v in said.items() if k.startswith("probability_")}
    if shares and said["prediction"] is not None:
        out.print("  " + ", ".join(f"{name} {share:.3f}" for name, share in shares.items()), markup=False)
    for title, heads, rows in (
        ("Cleaned in it", ("column", "before", "after", "why"), [_changed(c) for c in one["changes"]]),
        (
            "What the contract says",
            ("column", "what", "rule"),
            [(e["column"], e["reason"], e["rule"]) for e in one["events"]],
        ),
        ("Effects", ("column", "effect"), [(e["column"], f"{e['effect']:+.4g}") for e in one["effects"][:15]]),
    ):
        if rows:
            table = Table(*heads, title=title, title_justify="left", box=None)
            for cells in rows:
                table.add_row(*(_safe(cell) for cell in cells))
            out.print(table)
    if one["effects"]:
        out.print(f"  {one['of']}: {one['value']:.4g}; for typical rows {one['typical']:.4g}", markup=False)
    for note in one["notes"]:
        out.print(f"  {note}", markup=False)


def _changed(change: dict[str, Any]) -> tuple[Any, ...]:
    after = change["after"] if change["after"] is not None else change["effect"]
    return change["column"], change["before"], after, change["why"]


def _safe(cell: Any) -> str:
    from rich.markup import escape

    return escape("" if cell is None else str(cell))
