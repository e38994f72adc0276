"""A plan as a table of steps: what each would change, with its gate and confidence, and what was declined and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from autoprep.errors import plural
from autoprep.reporting.figures import cell
from autoprep.types import Action, Plan

SIGNS = {"apply": ("~", "green"), "ask": ("?", "yellow"), "skip": ("!", "red")}


def plan_steps(plan: Plan) -> RenderableType:
    """One line per step: sign (~ applied, ? waits for review, ! declined), column, step, cells, before → after, gate,
    confidence, kind; a declined step says why."""
    grid = Grid(box=None, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("", no_wrap=True)
    grid.add_column("column", overflow="fold", max_width=24)
    grid.add_column("rule", overflow="fold", style="dim")
    grid.add_column("cells", justify="right", no_wrap=True)
    grid.add_column("before → after", overflow="fold", ratio=1)
    grid.add_column("gate", no_wrap=True)
    grid.add_column("conf", justify="right", no_wrap=True)
    grid.add_column("kind", no_wrap=True, style="dim")
    for action in plan.actions:
        sign, colour = SIGNS[action.status]
        changed = action.evidence.get("changed")
        gate = Text(
            "REVIEW" if action.gate == "review" else action.gate, style="yellow" if action.status == "ask" else ""
        )
        grid.add_row(
            Text(sign, style=colour),
            Text(", ".join(action.columns) or "table"),
            Text(action.rule),
            Text(f"{changed:,}" if isinstance(changed, int) else ""),
            _said(action),
            gate,
            Text(f"{action.confidence:.2f}"),
            Text(action.kind),
        )
    counts = {status: sum(a.status == status for a in plan.actions) for status in SIGNS}
    last = f"{plural(counts['apply'], 'step')}, {counts['ask']} to review, {counts['skip']} declined"
    return Group(grid, Text(last, style="bold"))


def _said(action: Action) -> Text:
    declined = action.evidence.get("declined")
    if declined:
        return Text(f"declined: {declined}", style="red")
    samples: Any = action.evidence.get("samples")
    shown: Sequence[Any] = samples[:2] if isinstance(samples, list) else []
    text = "; ".join(f"{cell(before, 24)} → {cell(after, 24)}" for before, after in shown)
    if action.evidence.get("approval"):
        text += f" ({action.evidence['approval']})"
    return Text(text or action.why)


def show_steps(console: Console, plan: Plan) -> None:
    """Print a plan's steps."""
    console.print(plan_steps(plan) if plan.actions else Text("The plan changes nothing.", style="green"))


MOST_WAITING = 8


def waiting(plan: Plan) -> RenderableType | None:
    """The steps that wait for a person, with what each would change, and how to let them; None without any."""
    asked = [action for action in plan.actions if action.status == "ask"]
    if not asked:
        return None
    grid = Grid(box=None, pad_edge=False, show_header=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in ("sign", "column", "rule", "changes"):
        grid.add_column(column, overflow="fold", no_wrap=column == "sign")
    for action in asked[:MOST_WAITING]:
        grid.add_row(
            Text("?", style="yellow"), Text(", ".join(action.columns) or "table"), Text(action.rule), _said(action)
        )
    more = [f"{len(asked) - MOST_WAITING} more in the plan. "] if len(asked) > MOST_WAITING else []
    said = "They were not applied: write the plan with `autoprep plan`, set `status: apply`, clean by it with --plan."
    head = f"{plural(len(asked), 'step')} to review"
    return Group(Text(head, style="bold"), grid, Text("".join([*more, said]), style="dim"))


def difference_markdown(lines: Sequence[str]) -> str:
    """How two plans differ, as a Markdown table for a review.

    Example:
        >>> print(difference_markdown(["~ t:x status: apply -> skip"]))
        | | step |
        |---|---|
        | changed | t:x status: apply -> skip |
    """
    words = {"+": "new", "-": "gone", "~": "changed"}
    rows = [f"| {words.get(line[0], '')} | {line[2:].replace('|', chr(92) + '|')} |" for line in lines]
    return "\n".join(["| | step |", "|---|---|", *(rows or ["| | no difference |"])])
