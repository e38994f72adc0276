"""Validate a table against a contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from autoprep.types import Table
from autoprep.validation.catalog import Rulebook
from autoprep.validation.contract import Contract, as_contract
from autoprep.validation.evaluate import Frame, evaluate
from autoprep.validation.find import Profiled, fire
from autoprep.validation.freshness import before_now
from autoprep.validation.report import ValidationReport
from autoprep.validation.rule import Rule


def validate(
    source: Any,
    contract: Any,
    *,
    tables: Mapping[str, Frame] | None = None,
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> ValidationReport:
    """Validate a table against a contract, in one pass over the data.

    Args:
        source: a Table or a Polars frame; a LazyFrame is collected once, with the columns that are asked about.
            Checks of columns that it need not have (``Contract.sparing``) are left out where these are not there.
        contract: a Contract, a path (GX suite JSON, or YAML), a GX suite, a list of configurations.
        tables: other tables that the contract names (references, comparisons).
        parameters: values of GX's suite parameters, ``{"$PARAMETER": name}``; ``now() - 2 days`` needs none.
        name: what the table is called in messages.

    Example:
        >>> report = validate(pl.DataFrame({"age": [3, -1]}), [{"column": "age", "min": 0}])
        >>> print(report)
        table: 0 of 1 expectations hold, 1 errors, 0 warnings
        error: age values to be between (min_value 0): 1 of 2 rows fail (50.00%); rows 1 (-1)
    """
    kept = as_contract(contract)
    frame: Frame = source.frame if isinstance(source, Table) else source
    called = name or (source.name if isinstance(source, Table) else "table")
    there = set(frame.lazy().collect_schema().names())
    configs = [
        {
            **config,
            "kwargs": with_parameters(config["kwargs"], {**kept.meta.get("parameters", {}), **(parameters or {})}),
        }
        for config in kept.expectations
        if not ((config.get("meta") or {}).get("optional") is True and config["kwargs"].get("column") not in there)
    ]
    others = {other: t.frame if isinstance(t, Table) else t for other, t in (tables or {}).items()}
    outcomes = evaluate(frame, configs, tables=others)
    rows = next(
        (o.element_count for o in outcomes if o.element_count is not None and not o.kwargs.get("row_condition")), None
    )
    if rows is None:
        rows = frame.height if isinstance(frame, pl.DataFrame) else int(frame.select(pl.len()).collect().item())
    return ValidationReport(tuple(outcomes), rows, called, kept.name, frame)


def with_parameters(said: Any, parameters: Mapping[str, Any]) -> Any:
    """Put values in the place of GX's suite parameters; ``now() - 2 days`` (or ``timedelta(days=2)``) is the clock.

    Example:
        >>> with_parameters({"max_value": {"$PARAMETER": "limit"}}, {"limit": 3})
        {'max_value': 3}
    """
    if isinstance(said, Mapping):
        if set(said) == {"$PARAMETER"}:
            return _parameter(str(said["$PARAMETER"]), parameters)
        return {key: with_parameters(value, parameters) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [with_parameters(value, parameters) for value in said]
    return said


def _parameter(text: str, parameters: Mapping[str, Any]) -> Any:
    if text in parameters:
        return parameters[text]
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0) - before_now(text)


def suite(rules: Rulebook | Iterable[Rule] | Any, profile: Profiled, *, name: str = "rules") -> Contract:
    """The expectations of the rules that fire on a profile, as a contract.

    Args:
        rules: a rulebook, rules, or a plan (the rules that its actions name, from the packaged rulebook).
        profile: what they fire on.
        name: what the contract is called.
    """
    if isinstance(rules, Rulebook):
        book = rules
    elif hasattr(rules, "actions"):
        from autoprep.validation.catalog import load_rulebook

        named, packaged = {a.rule for a in rules.actions}, load_rulebook().everything()
        book = Rulebook({rule_id: packaged[rule_id] for rule_id in sorted(named) if rule_id in packaged})
    else:
        book = Rulebook({rule.id: rule for rule in rules})
    configs = [config for rule, row in fire(profile, book) for config in rule.expectations(row)]
    return Contract(tuple(configs), name)
