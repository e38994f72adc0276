"""Which rules fire on a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from autoprep.errors import SettingError
from autoprep.types import Finding
from autoprep.validation.rule import Rule
from autoprep.validation.words import APPLIES_TO, Scope

_LAYOUT = {"column": "columns", "pair": "pairs", "table": "tables"}
_MASK = "\x1fmask:"


class Profiled(Protocol):
    """What finding needs of a profile: one row per column, per pair, per table."""

    @property
    def columns(self) -> pl.DataFrame:
        """One row per column."""

    @property
    def pairs(self) -> pl.DataFrame:
        """One row per pair of columns."""

    @property
    def tables(self) -> pl.DataFrame:
        """One row."""


class Rules(Protocol):
    """What finding needs of a rulebook."""

    def values(self) -> Any:
        """The rules."""

    def for_column(self, rule_id: str, column: str) -> Rule | None:
        """The rule as it stands for one column."""


def fire(profile: Profiled, rulebook: Rules) -> Iterator[tuple[Rule, dict[str, Any]]]:
    """The rules that fire, each with the profile's row that it fired on; in the order of their fixes, then of columns.

    Raises:
        SettingError: a rule's ``when`` cannot be evaluated on this profile.
    """
    rules = list(rulebook.values())
    rows = _all_fired(rules, profile)
    for rule in rules:
        for row in rows[rule.id]:
            column = row.get("column") if rule.scope == "column" else None
            applied = rulebook.for_column(rule.id, column) if column is not None else rule if rule.enabled else None
            if applied is None:
                continue
            if applied is not rule and not fires(applied, row, _rows(profile, rule.scope).schema):
                continue
            yield applied, row
        yield from _only_there(rule, profile, rulebook)


def _only_there(rule: Rule, profile: Profiled, rulebook: Rules) -> Iterator[tuple[Rule, dict[str, Any]]]:
    """Columns whose own parameters make a rule fire that does not fire by its defaults."""
    if rule.scope != "column" or profile.columns.is_empty():
        return
    there = {name: rulebook.for_column(rule.id, name) for name in profile.columns["column"]}
    amended = {name: own for name, own in there.items() if own is not None and own is not rule}
    if not amended:
        return
    already = {row["column"] for row in fired_rows(rule, profile)}
    for row in profile.columns.filter(pl.col("column").is_in(list(set(amended) - already))).iter_rows(named=True):
        if fires(amended[row["column"]], row, profile.columns.schema):
            yield amended[row["column"]], row


def _all_fired(rules: Sequence[Rule], profile: Profiled) -> dict[str, list[dict[str, Any]]]:
    """``fired_rows`` of each rule, by id: the conditions on one table are worked out together."""
    fired: dict[str, list[dict[str, Any]]] = {rule.id: [] for rule in rules}
    scopes: tuple[Scope, ...] = ("column", "pair", "table")
    for scope in scopes:
        table = _rows(profile, scope)
        asked = [rule for rule in rules if rule.scope == scope]
        if table.is_empty() or not asked:
            continue
        masks = {rule.id: rule.condition() & _where(rule, table.columns) for rule in asked}
        try:
            held = table.with_columns(**{f"{_MASK}{name}": mask for name, mask in masks.items()})
        except (pl.exceptions.PolarsError, TypeError):  # one of them cannot be evaluated: which, and where it stands
            fired |= {rule.id: fired_rows(rule, profile) for rule in asked}
            continue
        for name in masks:
            mask = held.get_column(f"{_MASK}{name}")
            if mask.any():
                fired[name] = table.filter(mask).to_dicts()
    return fired


def fired_rows(rule: Rule, profile: Profiled) -> list[dict[str, Any]]:
    """The rows of the profile's table on which a rule's ``when`` holds."""
    table = _rows(profile, rule.scope)
    if table.is_empty():
        return []
    try:
        return table.filter(_where(rule, table.columns)).filter(rule.condition()).to_dicts()
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise SettingError(f"when cannot be evaluated: {str(error).splitlines()[0]}", where=rule.path) from None


def fires(rule: Rule, row: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether a rule fires on one row of the profile."""
    frame = pl.DataFrame([dict(row)], schema=dict(schema), strict=False)
    return not frame.filter(_where(rule, frame.columns)).filter(rule.condition()).is_empty()


def find(profile: Profiled, rulebook: Rules) -> list[Finding]:
    """The rules that fire on a profile, as findings with figures.

    Args:
        profile: one row per column, pair and table.
        rulebook: from `load_rulebook`.

    Example:
        >>> from types import SimpleNamespace
        >>> from autoprep.validation.catalog import Rulebook
        >>> rule = Rule("column.empty", "The column holds nothing", "why", "null_rate = 1", share="null_rate")
        >>> columns = pl.DataFrame({"column": ["a", "b"], "null_rate": [1.0, 0.0], "rows": [10, 10]})
        >>> profile = SimpleNamespace(columns=columns, pairs=pl.DataFrame(), tables=pl.DataFrame())
        >>> print(find(profile, Rulebook({rule.id: rule}))[0].message)
        a: The column holds nothing (10 of 10 cells)
    """
    return [finding(rule, row) for rule, row in fire(profile, rulebook)]


def finding(rule: Rule, row: Mapping[str, Any]) -> Finding:
    """One firing as a finding: columns, sentence, count, share, samples and the figures that ``when`` looked at."""
    columns = {
        "column": (row.get("column"),),
        "pair": (row.get("left"), row.get("right")),
        "table": (),
    }[rule.scope]
    share = _share(rule, row)
    rows = int(row.get("rows") or 0)
    count = round(share * rows)
    words = [w for w in dict.fromkeys(rule.condition().meta.root_names()) if w in row]
    evidence = {word: row[word] for word in words if row[word] is not None}
    if isinstance(row.get("violations"), int) and rule.scope == "pair":
        count = row["violations"]
    samples = tuple(str(v) for v in (_sample(rule, row) or [])[:5] if v is not None)
    named = tuple(str(c) for c in columns if c is not None)
    return Finding(
        rule.id, named, rule.severity, _sentence(rule, row, named, count, rows), count, share, samples, evidence
    )


def _rows(profile: Profiled, scope: Scope) -> pl.DataFrame:
    table: pl.DataFrame = getattr(profile, _LAYOUT[scope])
    return table


def _where(rule: Rule, columns: list[str]) -> pl.Expr:
    if rule.scope != "column" or not rule.applies_to or "dtype" not in columns:
        return pl.lit(value=True)
    dtypes = [dtype for word in rule.applies_to for dtype in APPLIES_TO[word]]
    return pl.col("dtype").is_in(dtypes)


def _share(rule: Rule, row: Mapping[str, Any]) -> float:
    text = rule.share or next((w for w in rule.condition().meta.root_names() if w.endswith("_rate") and w in row), "")
    if not text:
        return 0.0
    if text in row:
        value = row[text]
    else:
        asked = pl.sql_expr(text)
        own = {word: row[word] for word in asked.meta.root_names() if word in row}
        value = pl.DataFrame([own], infer_schema_length=None, strict=False).select(asked).item()
    return min(max(float(value or 0.0), 0.0), 1.0)


def _sample(rule: Rule, row: Mapping[str, Any]) -> list[Any] | None:
    name = rule.samples or next(
        (said[1:] for arguments in rule.expect.values() for said in arguments.values() if _is_list_name(said, row)), ""
    )
    value = row.get(name)
    return value.to_list() if isinstance(value, pl.Series) else (value if isinstance(value, list) else None)


def _is_list_name(said: Any, row: Mapping[str, Any]) -> bool:
    return isinstance(said, str) and said.startswith("$") and isinstance(row.get(said[1:]), list | pl.Series)


def _sentence(rule: Rule, row: Mapping[str, Any], columns: tuple[str, ...], count: int, rows: int) -> str:
    if rule.message:
        filled = rule.message
        for word, value in {**row, "count": f"{count:,}"}.items():
            if (blank := "{" + word + "}") in filled:
                filled = filled.replace(blank, _readable(value))
    else:
        filled = rule.title.rstrip(".") + (f" ({count:,} of {rows:,} cells)" if count and rows else "")
    return f"{', '.join(columns)}: {filled}" if columns else filled


def _readable(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | pl.Series):
        return ", ".join(f"'{v}'" for v in list(value)[:5])
    return "" if value is None else str(value)
