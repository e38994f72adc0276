"""Findings, changes, columns and contracts as a report shows them: plain values, personal samples masked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from autoprep.errors import plural
from autoprep.reporting.figures import cell, mask, number, share
from autoprep.types import Finding, Plan

SEVERITIES = ("error", "warning", "info")
EXAMPLES = 4


@dataclass(frozen=True)
class RuleView:
    """A rule, as it is explained: id, title, why, kind, severity, and the condition it fires on."""

    id: str
    title: str = ""
    why: str = ""
    kind: str = ""
    severity: str = ""
    when: str = ""


@dataclass(frozen=True)
class FindingView:
    """A finding: severity, rule id, columns, sentence, count and share as text, samples (masked when personal)."""

    severity: str
    rule: str
    title: str
    columns: tuple[str, ...]
    message: str
    count: str
    share: str
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeView:
    """An action: what it did or would do, before -> after, its rule and kind, and why it was refused if it was."""

    id: str
    rule: str
    columns: tuple[str, ...]
    verb: str
    kind: str
    status: str
    why: str
    cells: int | None = None
    examples: tuple[tuple[str, str, int], ...] = ()
    declined: str = ""
    gain: str = ""
    confidence: float = 1.0


@dataclass(frozen=True)
class ColumnView:
    """A column: its type, how full it is, its distribution, and the figures worth showing.

    Attributes:
        missing: shares of the whole by kind: "null", "disguised", "junk", "sentinel".
        counts: heights of the histogram or of the top values.
        low, high: what stands under the ends of the picture.
        top: (value, share as text, share) of the most frequent values.
        figures: (label, text).
        dirt: short words for what is wrong ("units", "two date orders").
        worst: the worst severity of its findings, or "".
        odd: (what they are, values) of the cells that are no plain values.
    """

    name: str
    position: int
    dtype: str
    semantic: str
    role: str
    missing: Mapping[str, float]
    distinct: int | None
    counts: tuple[float, ...] = ()
    low: str = ""
    high: str = ""
    top: tuple[tuple[str, str, float], ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    dirt: tuple[str, ...] = ()
    worst: str = ""
    findings: int = 0
    odd: tuple[tuple[str, tuple[str, ...]], ...] = ()
    personal: str = ""
    is_target: bool = False

    @property
    def full(self) -> float:
        """The share of cells that hold a value."""
        return max(0.0, 1.0 - sum(self.missing.values()))


def personal_columns(profile: Any) -> dict[str, str]:
    """Column -> kind of personal data, by the profile."""
    frame = profile.columns
    if "pii" not in frame.columns:
        return {}
    held = frame.select("column", "pii").filter(pl.col("pii").is_not_null() & (pl.col("pii").cast(pl.String) != ""))
    return {str(name): str(kind) for name, kind in held.rows()}


def finding_views(
    findings: Sequence[Finding], personal: Mapping[str, str], rulebook: Mapping[str, Any] | None
) -> tuple[FindingView, ...]:
    """Findings as they are shown, worst first, then by share."""
    order = {s: i for i, s in enumerate(SEVERITIES)}
    worst_first = sorted(findings, key=lambda f: (order.get(f.severity, 9), -f.share, f.rule, f.columns))
    return tuple(
        FindingView(
            severity=f.severity,
            rule=f.rule,
            title=str(getattr(_rule(rulebook, f.rule), "title", "") or f.rule),
            columns=f.columns,
            message=f.message,
            count=plural(f.count, "cell") if f.columns else plural(f.count, "row"),
            share=share(f.share) if f.count else "",
            samples=tuple(_shown(s, f.columns, personal) for s in f.samples[:5]),
        )
        for f in worst_first
    )


def change_views(plan: Plan, ledger: pl.DataFrame | None, personal: Mapping[str, str]) -> tuple[ChangeView, ...]:
    """Actions as they are shown, in the plan's order, with the ledger's counts and commonest changes."""
    counted: dict[str, int] = {}
    pairs: dict[str, list[tuple[str, str, int]]] = {}
    if ledger is not None and ledger.height:
        # what became of a whole column is told in its steps; it counts where no cell was changed
        cells = pl.col("row").is_not_null().sum()
        both = ledger.group_by("action").agg(pl.when(cells > 0).then(cells).otherwise(pl.len()))
        counted = dict(both.rows())
        common = (
            ledger.filter(pl.col("row").is_not_null())
            .group_by("action", "column", "before", "after")
            .len("times")
            .sort(["times", "before", "after"], descending=[True, False, False], nulls_last=True)
            .group_by("action", maintain_order=True)
            .head(EXAMPLES)
        )
        for action, column, before, after, times in common.select(
            "action", "column", "before", "after", "times"
        ).iter_rows():
            shown = (_shown(before, (column,), personal), _shown(after, (column,), personal), times)
            pairs.setdefault(action, []).append(shown)
    return tuple(
        ChangeView(
            id=a.id,
            rule=a.rule,
            columns=a.columns,
            verb=a.verb,
            kind=a.kind,
            status=a.status,
            why=a.why,
            cells=counted.get(a.id, 0) if ledger is not None else _count_of(a.evidence),
            examples=tuple(pairs.get(a.id) or _samples_of(a.evidence, a.columns, personal)),
            declined=str(a.evidence.get("declined") or ""),
            gain=_gain_of(a.evidence),
            confidence=a.confidence,
        )
        for a in plan.actions
    )


def column_views(profile: Any, findings: Sequence[Finding], personal: Mapping[str, str]) -> tuple[ColumnView, ...]:
    """Columns as they are shown, in the input's order."""
    on: dict[str, Counter[str]] = {}
    for finding in findings:
        for name in finding.columns:
            on.setdefault(name, Counter())[finding.severity] += 1
    details = getattr(profile, "details", None) or {}
    views = []
    for row in profile.columns.iter_rows(named=True):
        name = str(row["column"])
        met = on.get(name, Counter())
        views.append(_column_view(row, details.get(name) or {}, met, name in personal))
    return tuple(views)


def table_facts(profile: Any) -> tuple[tuple[str, str], ...]:
    """What is said of the table at the top: rows, columns, duplicates, missing target."""
    row = profile.tables.row(0, named=True) if profile.tables.height else {}
    facts = [("rows", number(row.get("rows"))), ("columns", number(row.get("columns", profile.columns.height)))]
    if row.get("duplicate_rows"):
        facts.append(("duplicate rows", f"{number(row['duplicate_rows'])} ({share(row.get('duplicate_rate'))})"))
    if row.get("target_missing_rate"):
        facts.append(("target missing", share(row["target_missing_rate"])))
    return tuple(facts)


def contract_rows(suite: Mapping[str, Any]) -> tuple[tuple[str, str, str, str, str], ...]:
    """A Great Expectations suite as rows: expectation, column, detail, severity, rule."""
    rows = []
    for said in suite.get("expectations") or ():
        arguments = dict(said.get("kwargs") or {})
        column = arguments.pop("column", None) or ", ".join(arguments.pop("column_list", None) or ()) or "table"
        detail = ", ".join(f"{k} = {cell(v, 80)}" for k, v in arguments.items() if v is not None)
        words = str(said.get("type", "")).removeprefix("expect_").removeprefix("column_").replace("_", " ")
        meta = said.get("meta") or {}
        rows.append((words, str(column), detail, str(said.get("severity") or ""), str(meta.get("rule") or "")))
    return tuple(rows)


def rule_views(ids: set[str], rulebook: Mapping[str, Any] | None) -> tuple[RuleView, ...]:
    """Explanations of the named rules, by id."""
    views = []
    for name in sorted(ids):
        rule = _rule(rulebook, name)
        said = {k: str(getattr(rule, k, "") or "") for k in ("title", "why", "kind", "severity", "when")}
        views.append(RuleView(name, **said))
    return tuple(views)


def _rule(rulebook: Mapping[str, Any] | None, name: str) -> Any:
    return rulebook[name] if rulebook is not None and name in rulebook else None


def _shown(value: Any, columns: Sequence[str], personal: Mapping[str, str]) -> str:
    return mask(value) if any(c in personal for c in columns) else cell(value)


def _count_of(evidence: Mapping[str, Any]) -> int | None:
    for key in ("changed", "cells", "count", "rows"):
        if isinstance(evidence.get(key), int):
            return int(evidence[key])
    return None


def _samples_of(
    evidence: Mapping[str, Any], columns: Sequence[str], personal: Mapping[str, str]
) -> list[tuple[str, str, int]]:
    shown = []
    for held in list(evidence.get("samples") or evidence.get("examples") or ())[:EXAMPLES]:
        if isinstance(held, Mapping) and "before" in held:
            pair = (held["before"], held.get("after"))
        elif isinstance(held, list | tuple) and len(held) >= 2:
            pair = (held[0], held[1])
        else:
            continue
        shown.append((_shown(pair[0], columns, personal), _shown(pair[1], columns, personal), 0))
    return shown


def _gain_of(evidence: Mapping[str, Any]) -> str:
    gain = evidence.get("gain")
    return f"{gain:+.4g}" if isinstance(gain, int | float) and math.isfinite(gain) else ""


_DIRT = (
    ("disguised_null_rate", "words for nothing"),
    ("junk_rate", "unparsable cells"),
    ("sentinel_rate", "sentinels"),
    ("unit_rate", "units"),
    ("decimal_comma_rate", "decimal commas"),
    ("case_variant_rate", "case variants"),
    ("padded_rate", "outer spaces"),
    ("mojibake_rate", "mojibake"),
    ("typo_rate", "typing errors"),
    ("html_rate", "markup"),
    ("impossible_negative_rate", "impossible negatives"),
    ("outlier_rate", "outliers"),
)


def _column_view(row: Mapping[str, Any], details: Mapping[str, Any], met: Counter[str], hidden: bool) -> ColumnView:
    missing = {
        "null": float(row.get("null_rate") or 0.0) + float(row.get("blank_rate") or 0.0),
        "disguised": float(row.get("disguised_null_rate") or 0.0),
        "sentinel": float(row.get("sentinel_rate") or 0.0),
        "junk": float(row.get("junk_rate") or 0.0),
    }
    counts, low, high = _distribution(row, details)
    top = _top(row, details, hidden)
    if not counts:
        counts = tuple(s for *_, s in top)
    if hidden:
        low = high = ""

    def figure(value: Any, style: str) -> str:
        if style == "share":
            return share(value)
        if hidden:
            return mask(value)
        return cell(value) if style == "words" else number(_numeric(value))

    figures = [
        (label, figure(row[key], style))
        for label, key, style in _FIGURES
        if row.get(key) not in (None, "") and not (style == "share" and not row[key])
    ]
    return ColumnView(
        name=str(row["column"]),
        position=int(row.get("position") or 0),
        dtype=str(row.get("dtype") or ""),
        semantic=str(row.get("semantic") or ""),
        role=str(row.get("role") or ""),
        missing=missing,
        distinct=row.get("distinct"),
        counts=counts,
        low=low,
        high=high,
        top=top,
        figures=tuple(figures),
        dirt=tuple(word for key, word in _DIRT if (row.get(key) or 0) > 0),
        worst=next((s for s in SEVERITIES if met[s]), ""),
        findings=sum(met.values()),
        personal=str(row.get("pii") or ""),
        is_target=bool(row.get("is_target")),
        odd=tuple(
            (label, tuple(mask(v) if hidden else cell(v, 40) for v in list(row.get(key) or ())[:6]))
            for label, key in _ODD
            if row.get(key)
        ),
    )


_ODD = (
    ("words for nothing", "null_words"),
    ("cannot be parsed", "junk_values"),
    ("sentinels", "sentinel_values"),
    ("units", "units"),
    ("date formats", "date_formats"),
)

_FIGURES = (
    ("minimum", "min", ""),
    ("5%", "q05", ""),
    ("median", "median", ""),
    ("mean", "mean", ""),
    ("95%", "q95", ""),
    ("maximum", "max", ""),
    ("deviation", "std", ""),
    ("zeros", "zero_rate", "share"),
    ("negative", "negative_rate", "share"),
    ("mean length", "mean_length", ""),
    ("pattern", "pattern", "words"),
    ("unit", "unit", "words"),
    ("currency", "currency", "words"),
    ("earliest", "min_date", ""),
    ("latest", "max_date", ""),
    ("tells of the target", "target_score", ""),
)


def _numeric(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return cell(value)
    return value


def _distribution(row: Mapping[str, Any], details: Mapping[str, Any]) -> tuple[tuple[float, ...], str, str]:
    held = details.get("histogram")
    if isinstance(held, Mapping):
        counts, edges = held.get("counts") or held.get("count") or (), held.get("edges") or held.get("breaks") or ()
    elif isinstance(held, Sequence) and held and isinstance(held[0], Sequence):
        counts, edges = [h[-1] for h in held], [h[0] for h in held]
    elif isinstance(held, Sequence) and held and isinstance(held[0], Mapping):
        counts, edges = [h.get("count", 0) for h in held], [next(iter(h.values())) for h in held]
    else:
        return (), "", ""
    if not counts:
        return (), "", ""
    if row.get("min_date") and row.get("max_date"):
        return tuple(float(c) for c in counts), str(row["min_date"]), str(row["max_date"])
    ends = [edges[0], edges[-1]] if edges else [row.get("min"), row.get("max")]
    low, high = (number(_numeric(e)) for e in ends)
    return tuple(float(c) for c in counts), low, high


def _top(row: Mapping[str, Any], details: Mapping[str, Any], hidden: bool) -> tuple[tuple[str, str, float], ...]:
    held = details.get("top_values") or details.get("top") or ()
    if isinstance(held, Mapping):
        held = list(held.items())
    rows = max(int(row.get("rows") or 0), 1)
    pairs: list[tuple[Any, float]] = []
    for one in list(held)[:8]:
        if isinstance(one, Mapping):
            pairs.append((one.get("value"), float(one.get("count") or 0)))
        elif isinstance(one, Sequence) and not isinstance(one, str) and len(one) >= 2:
            pairs.append((one[0], float(one[1])))
    return tuple((mask(v) if hidden else cell(v, 40), share(n / rows), n / rows) for v, n in pairs)
