"""What the command line shows: the same plain values as the page, in the width at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from autoprep.errors import plural
from autoprep.reporting.content import Content
from autoprep.reporting.figures import cell, mask, number, seconds, share, sparkline
from autoprep.reporting.groups import changes_told, findings_told
from autoprep.reporting.steps import waiting
from autoprep.reporting.views import SEVERITIES, change_views, column_views, finding_views, personal_columns
from autoprep.types import Cleaned, Feature, Finding, Leaderboard, Plan, Table

COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
SIGNS = {"error": "●", "warning": "▲", "info": "·"}


def profile_summary(
    profile: Any, findings: Sequence[Finding] = (), *, limit: int = 60, show_personal: bool = False
) -> RenderableType:
    """A table of columns with sparklines, and the findings below; columns with findings come first when cut."""
    personal = {} if show_personal else personal_columns(profile)
    views = column_views(profile, findings, personal)
    order = {s: i for i, s in enumerate(SEVERITIES)}
    chosen = views
    if len(views) > limit:
        ranked = sorted(views, key=lambda c: (order.get(c.worst, 9), -c.findings, c.position))[:limit]
        chosen = tuple(sorted(ranked, key=lambda c: c.position))
    grid = _grid()
    grid.add_column("column", overflow="fold", ratio=3)
    grid.add_column("type", no_wrap=True)
    grid.add_column("full", justify="right", no_wrap=True)
    grid.add_column("distinct", justify="right", no_wrap=True)
    grid.add_column("distribution", no_wrap=True, min_width=12)
    grid.add_column("what is wrong", overflow="fold", ratio=3)
    for c in chosen:
        wrong = Text(", ".join(c.dirt[:4]))
        if c.worst:
            wrong = Text(f"{SIGNS[c.worst]} ", style=COLOURS[c.worst]) + wrong
        name = Text(c.name) + Text("  target" if c.is_target else "", style="dim")
        kind = c.semantic or c.dtype
        spark = Text(sparkline(list(c.counts)), style="cyan")
        grid.add_row(name, Text(kind, style="dim"), share(c.full), number(c.distinct), spark, wrong)
    row = profile.tables.row(0, named=True) if profile.tables.height else {}
    head = f"{plural(int(row.get('rows') or 0), 'row')}, {plural(len(views), 'column')}"
    parts: list[RenderableType] = [Text(head, style="bold"), grid]
    if len(chosen) < len(views):
        parts.append(Text(f"{len(views) - len(chosen):,} more columns; the HTML report shows all", style="dim"))
    if findings:
        parts += [Text(""), findings_list(findings, personal=personal)]
    return Group(*parts)


def findings_list(
    findings: Sequence[Finding], *, personal: Mapping[str, str] | None = None, limit: int = 20
) -> RenderableType:
    """Findings, worst first, one or two lines each, with the rule to ask about."""
    if not findings:
        return Text("No findings.", style="green")
    views = finding_views(findings, personal or {}, None)
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    grid.add_column(overflow="fold", style="dim")
    told = findings_told(views)
    for f, line in told[:limit]:
        samples = "  ".join(line.samples[:3])
        where = f": {_some(line.columns)}" if line.columns else ""
        said = Text(f"{line.sentence}{where}") + Text(f"  {samples}" if samples else "", style="dim")
        grid.add_row(Text(SIGNS[f.severity], style=COLOURS[f.severity]), said, Text(f.rule))
    parts: list[RenderableType] = [grid]
    if len(told) > limit:
        parts.append(Text(f"{len(told) - limit:,} more", style="dim"))
    return Group(*parts)


def plan_diff(
    plan: Plan,
    ledger: pl.DataFrame | None = None,
    *,
    profile: Any = None,
    limit: int = 40,
    examples: int = 2,
    refused: bool = True,
) -> RenderableType:
    """A plan as a diff: each action, then ``- before`` and ``+ after`` of its commonest changes.

    Args:
        plan: the plan.
        ledger: what it changed, for counts and examples; the plan's own evidence without it.
        profile: masks samples of personal columns when given.
        limit: actions shown.
        examples: changes shown per action.
        refused: show what is declined or waits for a person too.
    """
    personal = personal_columns(profile) if profile is not None else {}
    views = change_views(plan, ledger, personal)
    applied = [c for c in views if c.status == "apply" and c.cells != 0]
    waiting = [c for c in views if c.status != "apply"] if refused else []
    parts: list[RenderableType] = []
    done = changes_told(applied)
    for members, line in done[:limit]:
        cells = sum(c.cells for c in members if c.cells is not None)
        count = f"  {plural(cells, 'change')}" if any(c.cells is not None for c in members) else ""
        where = f": {_some(line.columns)}" if line.columns else ""
        tail = Text(f"  {members[0].rule}, {members[0].kind}{count}", style="dim")
        parts.append(Text("✓ ", style="green") + Text(f"{line.sentence}{where}") + tail)
        shown = {e[:2]: e for c in members for e in c.examples[:examples]}
        for before, after, times in list(shown.values())[:examples]:
            parts.append(Text(f"    - {before}", style="red"))
            repeated = len(members) == 1 and times
            parts.append(
                Text(f"    + {after}", style="green") + Text(f"   ×{times:,}" if repeated else "", style="dim")
            )
    if len(done) > limit:
        parts.append(Text(f"  {len(done) - limit:,} more repairs", style="dim"))
    open_ = changes_told(waiting)
    for members, line in open_[:limit]:
        c = members[0]
        sign, word = ("?", "waits for a person") if c.status == "ask" else ("✗", "not applied")
        where = f": {_some(line.columns)}" if line.columns else ""
        head = Text(f"{sign} ", style="yellow") + Text(f"{line.sentence}{where}")
        parts.append(head + Text(f"  {c.rule}, {word}{': ' + c.declined if c.declined else ''}", style="dim"))
    if len(open_) > limit:
        parts.append(Text(f"  {len(open_) - limit:,} more not applied", style="dim"))
    return Group(*parts) if parts else Text("The plan changes nothing.", style="green")


def _some(columns: Sequence[str], most: int = 12) -> str:
    """Names in a row, cut when there are many."""
    rest = f" and {len(columns) - most:,} more" if len(columns) > most else ""
    return ", ".join(columns[:most]) + rest


def ledger_sample(
    ledger: pl.DataFrame, *, limit: int = 10, personal: Mapping[str, str] | None = None
) -> RenderableType:
    """A few changes of a ledger, spread over its rules."""
    if not ledger.height:
        return Text("No cell was changed.", style="green")
    cells = ledger.filter(pl.col("row").is_not_null())
    of = cells if cells.height else ledger
    per_rule = max(1, limit // max(1, of["rule"].n_unique()))
    shown = of.group_by("rule", maintain_order=True).head(per_rule).head(limit)
    grid = _grid()
    for name in ("row", "column", "before", "after", "rule"):
        grid.add_column(name, overflow="fold", justify="right" if name == "row" else "left")
    for row, column, before, after, rule in shown.select("row", "column", "before", "after", "rule").iter_rows():
        show = mask if personal and column in personal else cell
        was, now = Text(show(before), style="red"), Text(show(after), style="green")
        grid.add_row(number(row), Text(str(column or "table")), was, now, Text(rule, style="dim"))
    whole = ledger.height - cells.height
    columns = f", {whole:,} of them to a whole column (another type, dropped, renamed)" if whole else ""
    return Group(grid, Text(f"{plural(ledger.height, 'change')} in all{columns}", style="dim"))


def leaderboard(board: Leaderboard, *, limit: int = 10) -> RenderableType:
    """Trials, best first."""
    grid = _grid()
    grid.add_column("model", overflow="fold")
    grid.add_column(board.judged_by, justify="right", no_wrap=True)
    grid.add_column("features", justify="right", no_wrap=True)
    grid.add_column("one fit", justify="right", no_wrap=True)
    grid.add_column("note", overflow="fold", style="dim")
    for t, name in zip(board.trials[:limit], board.named(), strict=False):
        style = "bold" if t.delivered else ""
        score = Text(number(t.score), style=style) + Text(f" ± {number(t.loss_se)}" if t.loss_se else "", style="dim")
        note = f"delivered; {t.note}" if t.delivered else t.note
        grid.add_row(
            Text(f"{name} ★" if t.front else name, style=style), score, number(t.features), seconds(t.fit_s), Text(note)
        )
    if len(board.trials) > limit:
        return Group(grid, Text(f"{len(board.trials) - limit:,} more", style="dim"))
    return grid


def final_summary(content: Content, files: Mapping[str, str] | None = None) -> RenderableType:
    """What a run came to: the sum in a sentence, hold-out against baseline, and where the files lie."""
    parts: list[RenderableType] = [Text(content.title, style="bold"), Text(content.lead)]
    if content.verdict:
        said = Text()
        for label, text in content.verdict.items():
            said += Text(f"{label} ", style="dim") + Text(f"{text}   ", style="bold")
        parts.append(said)
    parts += [Text(note, style="dim") for note in content.notes]
    if files:
        grid = Grid.grid(padding=(0, 2))
        for name, path in files.items():
            grid.add_row(Text(name, style="dim"), Text(path, overflow="fold"))
        parts += [Text(""), grid]
    return Group(*parts)


def _grid() -> Grid:
    return Grid(box=None, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 2, 0, 0))


def frame_table(frame: pl.DataFrame, *, limit: int = 20, width: int = 40) -> RenderableType:
    """The first rows of a frame; cells as they are up to ``width`` signs, missing as ∅."""
    grid = _grid()
    for name, dtype in frame.schema.items():
        grid.add_column(name, overflow="fold", justify="right" if dtype.is_numeric() else "left")
    for row in frame.head(limit).iter_rows():
        grid.add_row(*(Text(number(v) if isinstance(v, float) else cell(v, width)) for v in row))
    if frame.height > limit:
        return Group(grid, Text(f"{frame.height - limit:,} more rows", style="dim"))
    return grid


def show_frame(console: Console, frame: pl.DataFrame) -> None:
    """Print the first rows of a frame."""
    console.print(frame_table(frame))


def show_leaks(console: Console, leaks: pl.DataFrame) -> None:
    """Print what time is worth: the largest gaps, of windows of one aggregate the one with the largest."""
    whole = pl.col("feature").str.replace(r" OVER \w+ BEFORE", " BEFORE")
    shown = leaks.unique(whole, keep="first", maintain_order=True).head(8)
    console.print("What time is worth: each alone, as of the cutoff and regardless of time.", style="bold")
    console.print(frame_table(shown.select("in_time", "regardless", "gap", "feature"), width=200))


def show_table(console: Console, table: Table) -> None:
    """Print how a source is laid out, its first rows and what could not be read."""
    if table.dialect is not None:
        d = table.dialect
        said = f"{d.encoding}, delimiter {d.delimiter!r}, quote {d.quote!r}, {plural(d.header_rows, 'header row')}"
        console.print(Text(f"{table.source.uri}: {said} ({d.confidence:.0%} sure)", style="bold"))
    else:
        console.print(Text(f"{table.source.uri}: {table.source.kind}", style="bold"))
    for note in table.notes:
        console.print(Text(note, style="dim"))
    head = table.frame.head(8).collect()
    console.print(frame_table(head.select(head.columns[:12])))
    if head.width > 12:
        console.print(Text(f"{head.width - 12:,} more columns", style="dim"))
    if table.rejected.height:
        console.print(Text(f"{plural(table.rejected.height, 'line')} could not be read:", style="yellow"))
        console.print(frame_table(table.rejected, limit=5))


def show_profile(console: Console, profile: Any, findings: Sequence[Finding] = ()) -> None:
    """Print a profile's summary and what the rules found."""
    console.print(profile_summary(profile, findings))


def show_comparison(console: Console, comparison: Any) -> None:
    """Print what differs between two profiles."""
    frame = comparison if isinstance(comparison, pl.DataFrame) else getattr(comparison, "frame", None)
    if isinstance(frame, pl.DataFrame):
        console.print(frame_table(frame, limit=60) if frame.height else Text("No difference.", style="green"))
    else:
        console.print(Text(str(comparison)))


def show_plan(console: Console, plan: Plan) -> None:
    """Print a plan as a diff."""
    console.print(plan_diff(plan))


def show_validation(console: Console, report: Any) -> None:
    """Print one line per broken expectation, or that none is."""
    console.print(Text(str(report), style="" if report.success else "yellow"))


def show_cleaned(console: Console, cleaned: Cleaned, written: Mapping[str, Any] | Sequence[Any] | None = None) -> None:
    """Print the shape of the clean table, a sample of the ledger, and where the files lie."""
    frame = cleaned.frame
    said = [f"{plural(frame.height, 'row')}, {plural(frame.width, 'column')}"]
    said += [f"{plural(cleaned.quarantine.height, 'cell')} in quarantine", *_unread(cleaned.rejected.height)]
    console.print(Text("; ".join(said), style="bold"))
    console.print(ledger_sample(cleaned.ledger))
    asked = waiting(cleaned.plan)
    if asked is not None:
        console.print(asked)
    _show_files(console, written)


def show_counts(console: Console, counts: Mapping[str, int], written: Mapping[str, Any]) -> None:
    """Print what cleaning on the way to disk did, and where the files lie."""
    said = [f"{plural(counts['rows_out'], 'row')} of {counts['rows_in']:,}"]
    said += [plural(counts["changes"], "change")] if "changes" in counts else ["--ledger keeps every change"]
    said += [f"{plural(counts['quarantined'], 'cell')} in quarantine"] if "quarantined" in counts else []
    said += _unread(counts.get("rejected", 0))
    console.print(Text("; ".join(said), style="bold"))
    _show_files(console, written)


def _unread(count: int) -> list[str]:
    return [f"{plural(count, 'line')} could not be read"] if count else []


def show_features(console: Console, features: Sequence[Feature], frame: pl.DataFrame | None = None) -> None:
    """Print features by definition, and by name too where any goes by another one."""
    if frame is not None:
        console.print(Text(f"{plural(len(features), 'feature')} over {plural(frame.height, 'row')}", style="bold"))
    grid = _grid()
    grid.add_column("feature", overflow="fold")
    named = any(feature.name != feature.definition for feature in features[:40])
    if named:
        grid.add_column("definition", overflow="fold", style="dim")
    for feature in features[:40]:
        said = "" if feature.name == feature.definition else feature.definition
        grid.add_row(*([Text(feature.name), Text(said)] if named else [Text(feature.name)]))
    console.print(grid)
    if len(features) > 40:
        console.print(Text(f"{len(features) - 40:,} more", style="dim"))


def show_selection(console: Console, features: Sequence[Feature], table: pl.DataFrame, curve: pl.DataFrame) -> None:
    """Print the chosen features with gain, interval and stability; what more of them are worth; why others are not.

    Args:
        features: chosen, best first. table, curve: of a ``Selection``.
    """
    said = f"{plural(len(features), 'feature')} chosen of {plural(table.height, 'candidate')}"
    console.print(Text(said, style="bold"))
    known = {row["feature"]: row for row in table.iter_rows(named=True)}
    grid = _grid()
    grid.add_column("feature", overflow="fold")
    grid.add_column("gain", justify="right", no_wrap=True)
    grid.add_column("95%", justify="right", no_wrap=True)
    grid.add_column("stable", justify="right", no_wrap=True)
    for feature in features[:40]:
        row = known[feature.name]
        between = f"{share(row['low'])} - {share(row['high'])}"
        grid.add_row(Text(feature.definition), share(row["gain"]), between, share(row["stability"]))
    if features:
        console.print(grid)
    if curve.height > 1:
        steps = ", ".join(f"{n}: {number(loss)}" for n, loss in curve.select("features", "loss").iter_rows())
        console.print(Text(f"held-out loss by number of features: {steps}", style="dim"))
    reasons = table.filter(~pl.col("chosen")).with_columns(pl.col("why").str.replace(r" of .*| \(.*", ""))
    for why, count in reasons.group_by("why").len().sort("len", "why", descending=[True, False]).iter_rows():
        console.print(Text(f"not chosen, {why}: {count:,}", style="dim"))


def show_model(console: Console, content: Content, folder: str | Path) -> None:
    """Print what a fit came to: the sum, the leaderboard, the strongest features, where the model lies."""
    console.print(final_summary(content))
    if content.leaderboard:
        grid = _grid()
        grid.add_column("model", overflow="fold")
        grid.add_column(content.metric, justify="right", no_wrap=True)
        grid.add_column("features", justify="right")
        grid.add_column("note", overflow="fold", style="dim")
        for t in content.leaderboard[:8]:
            grid.add_row(
                Text(f"{t['model']} ★" if t["front"] else t["model"], style="bold" if t["delivered"] else ""),
                number(t["score"]),
                number(t["features"]),
                Text(f"delivered; {t['note']}" if t["delivered"] else t["note"]),
            )
        console.print(grid)
        if any(t["front"] for t in content.leaderboard[:8]):
            console.print(Text("★ no other is better in loss, work of a prediction and size at once", style="dim"))
    for name, definition, gain, _ in content.features[:8]:
        said = name if name == definition else f"{name} = {definition}"
        console.print(Text(f"  {said}{f'  gain {gain}' if gain else ''}", style="dim"))
    if len(content.features) > 8:
        console.print(Text(f"  and {len(content.features) - 8:,} more features", style="dim"))
    _show_files(console, {"model": str(folder), "report": str(Path(folder) / "report.html")})


def show_scores(console: Console, scores: Mapping[str, Any]) -> None:
    """Print a model's scores beside the trivial baseline's."""
    positive = scores.get("positive") or ""

    def named(metric: str) -> str:
        return f"{metric} of '{positive}'" if positive and metric in ("f1", "average_precision") else metric

    def figure(metric: str, value: Any) -> str:
        """A share of the truth is told in percent."""
        return f"{number(100 * value)}%" if metric == "mape" and value is not None else number(value)

    known = scores["score"] is not None
    score = figure(scores["metric"], scores["score"]) if known else "is undefined"
    head = f"{named(scores['metric'])} {score} on {plural(int(scores['rows']), 'row')}"
    trivial = f"; trivial baseline {figure(scores['metric'], scores['baseline'])}" if known else ""
    console.print(Text(head, style="bold") + Text(trivial, style="dim"))
    if scores.get("unlabelled"):
        console.print(
            Text(f"{plural(int(scores['unlabelled']), 'row')} without a readable target left out", style="yellow")
        )
    if scores.get("unknown"):
        count = sum(scores["unknown"].values())
        labels = ", ".join(f"'{label}' {n:,}" for label, n in list(scores["unknown"].items())[:5])
        more = ", ..." if len(scores["unknown"]) > 5 else ""
        told = f"{plural(count, 'row')} of labels that training did not have left out: {labels}{more}"
        console.print(Text(told, style="yellow"))
    baseline = scores.get("baseline_scores") or {}
    grid = _grid()
    for name in ("metric", "model", "baseline"):
        grid.add_column(name, justify="left" if name == "metric" else "right")
    undefined = scores.get("undefined") or {}
    for name, value in (scores.get("scores") or {}).items():
        grid.add_row(named(name), figure(name, value), figure(name, baseline.get(name)))
    console.print(grid)
    for name, why in undefined.items():
        console.print(Text(f"{named(name)} is undefined: {why}", style="yellow"))


def show_rules(console: Console, rules: Sequence[Any]) -> None:
    """Print rules by id and title."""
    grid = _grid()
    for name in ("rule", "kind", "severity", "title"):
        grid.add_column(name, overflow="fold")
    for rule in rules:
        grid.add_row(Text(rule.id), Text(rule.kind, style="dim"), Text(str(rule.severity)), Text(rule.title))
    console.print(grid)


def _show_files(console: Console, written: Mapping[str, Any] | Sequence[Any] | None) -> None:
    pairs = written.items() if isinstance(written, Mapping) else (("written", p) for p in written or ())
    for name, path in pairs:
        console.print(Text(f"  {name}  ", style="dim") + Text(str(path)), soft_wrap=True)
