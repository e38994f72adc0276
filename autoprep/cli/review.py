"""Commands of review: approve, canary; what ``plan diff`` and ``explain --ledger`` print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, ConfigFile, Quiet, Rules, Source, Without, console, print_json, settings
from autoprep.cli.progress import Progress
from autoprep.errors import SettingError

#: As ``types.Task``, which would load Polars for a help page.
Task = Literal["binary", "multiclass", "regression"]
MaxChanged = Annotated[float | None, typer.Option("--max-changed", help="Stop when a lossy step changes more cells.")]
MaxRejected = Annotated[float | None, typer.Option("--max-rejected", help="Stop when a parse leaves more unread.")]


@app.command()
def approve(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan file.")],
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Id of a step.")],
    by: Annotated[str, typer.Option("--by", help="Who approves.")],
    config: Annotated[Path, typer.Option("--config", help="Settings to keep the approval in.")] = Path("autoprep.yaml"),
) -> None:
    """Approve a step of a plan, bound to its evidence: when the evidence drifts, the step goes back to review."""
    from autoprep import api

    entry = api.approve(plan, action, by=by, config=config)
    console().print(f"{action}: approved by {entry['by']} on evidence {entry['evidence']} -> {config}", markup=False)


@app.command()
def canary(
    source: Source,
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict; it is shuffled.")],
    task: Annotated[Task | None, typer.Option("--task", help="What is predicted; inferred.")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help="A reviewed plan to clean by.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=100, help="Of a larger table so many are drawn.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    rules: Rules = None,
    without: Without = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Shuffle the target: every stage must score chance; exit status 1 names the first that still predicts it."""
    from autoprep import api

    with Progress(None, quiet=quiet) as progress:
        found = api.canary(
            source, target, task=task, plan=plan, rows=rows, seed=seed, rules=rules, config=settings(config, without),
            listener=progress,
        )  # fmt: skip
    if as_json:
        print_json(found.to_dict())
    else:
        for sign in found.signs:
            by = f", by {', '.join(sign.carriers)}" if sign.carriers else ""
            said = f"LEAKS{by}" if sign.leaks else "chance"
            line = (
                f"{sign.stage:<9} {sign.score:.3f}  ({sign.low:.3f} to {sign.high:.3f}; chance {sign.chance:g})  {said}"
            )
            console().print(line, markup=False, soft_wrap=True)
        last = f"'{found.culprit}' lets the target through" if found.culprit else "no stage lets the target through"
        console().print(last, markup=False)
    return 1 if found.culprit else 0


def print_difference(sources: Sequence[str], *, markdown: bool, as_json: bool) -> None:
    """Print how two plans differ."""
    from autoprep import api
    from autoprep.reporting import steps

    if len(sources) != 2:
        raise SettingError("plan diff compares two plans", hint="autoprep plan diff a.yaml b.yaml")
    lines = api.plan_diff(*sources)
    if as_json:
        print_json(lines)
    elif markdown:
        console().print(steps.difference_markdown(lines), markup=False, soft_wrap=True)
    else:
        for line in lines or ["no difference"]:
            console().print(line, markup=False, soft_wrap=True)


def print_cell(clean: str, ledger: Path, rows: Sequence[int], column: str | None, *, as_json: bool) -> None:
    """Print what became of cells."""
    from autoprep import api

    if column is None or not rows:
        raise SettingError("a cell has a row and a column", hint="give --row 17 --column NAME")
    found = [api.explain_cell(clean, ledger, row=row, column=column) for row in rows]
    if as_json:
        print_json(found)
        return
    for one in found:
        for line in _cell_lines(one):
            console().print(line, markup=False, soft_wrap=True)


def _cell_lines(one: dict[str, Any]) -> list[str]:
    where = f"row {one['row']}, column {one['column']}"
    gone = "" if one["place"] is not None else " (the row was dropped)"
    lines = [f"{where}: now {_shown(one['now'])}{gone}"]
    for change in one["changes"]:
        said = f"{change['rule']}, step {change['action']}, {change['kind']}, confidence {change['confidence']:.2f}"
        lines.append(f"  {_shown(change['before'])} -> {_shown(change['after'])}  by {said}")
    if not one["changes"]:
        lines.append("  no step changed this cell")
    retyped = [c for c in one["whole"] if c["before"] is not None and c["after"] is not None]
    if retyped and not one["changes"]:
        kind = json.loads(retyped[-1]["after"])["dtype"]
        lines.append(f"  its column was read as {kind} by {retyped[-1]['action']}; this cell says the same as before")
    for change in [c for c in one["whole"] if c not in retyped]:
        what = "dropped" if change["after"] is None else "added"
        lines.append(f"  the whole {'row' if one['place'] is None else 'column'} was {what} by {change['action']}")
    return lines


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
