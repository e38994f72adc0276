"""What training did not know, seen in new rows: another unit, a new category; and what is done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from autoprep.errors import SettingError, did_you_mean
from autoprep.types import Plan

POLICIES = ("reject", "quarantine", "repair", "warn")
NEW_UNIT, NEW_CATEGORY = "contract.new_unit", "contract.new_category"
_LEVELS = ("category", "ordinal", "code")
_IN_SET = "expect_column_values_to_be_in_set"
Cleaner = Callable[[pl.DataFrame, Plan], tuple[pl.DataFrame, pl.DataFrame]]


def check_policies(policies: Mapping[str, str]) -> dict[str, str]:
    """Policies by rule id ("number.unit"), theme ("number.*") or for all ("*").

    Raises:
        SettingError: a word that is no policy.

    Example:
        >>> check_policies({"contract.*": "reject"})
        {'contract.*': 'reject'}
    """
    for rule, said in policies.items():
        if said not in POLICIES:
            raise SettingError(f"the policy of '{rule}' is '{said}'", hint=did_you_mean(said, POLICIES))
    return dict(policies)


class Guard:
    """Checks raw and cleaned rows against what training knew.

    Args:
        plan: the cleaning plan.
        contract: the expectation suite of the raw columns; its value sets are the known categories.
        policies: see ``check_policies``.
    """

    def __init__(self, plan: Plan, contract: Mapping[str, Any], policies: Mapping[str, str]) -> None:
        self.plan, self.policies = plan, check_policies(policies)
        self._sets = {
            str(e["kwargs"]["column"]): [str(v) for v in e["kwargs"]["value_set"]]
            for e in contract.get("expectations", ())
            if e.get("type") == _IN_SET and e["kwargs"].get("column") != plan.target
        }
        self._levels: dict[str, pl.Series] | None = None
        self._units = [
            (a.columns[0], dict(a.parameters))
            for a in plan.applied()
            if a.verb == "parse_quantity" and a.parameters.get("units") and not a.parameters.get("to")
        ]

    def before(self, raw: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        """Raw rows with cells of another unit converted, or emptied where they cannot be; and the events."""
        from autoprep.parsing import quantity
        from autoprep.parsing.number import NumberFormat

        said = []
        for column, parameters in self._units:
            if column not in raw.columns or raw.schema[column] != pl.String:
                continue
            own = sorted({str(u).strip().lower() for u in parameters["units"]})
            known = {u.name: u for u in map(quantity.unit_of, own) if u is not None}
            fmt = NumberFormat(parameters.get("decimal", "."), parameters.get("thousands", ""))
            word = raw.select(quantity.split(pl.col(column), fmt)[1].alias("word")).to_series()
            odd = [w for w in word.drop_nulls().unique().to_list() if w.lower() not in own]
            strange = [w for w in odd if (unit := quantity.unit_of(w)) is None or unit.name not in known]
            if not strange:
                continue
            hit = word.is_in(strange).fill_null(False)
            goal = next(iter(known)) if len(known) == 1 else None
            same = [w for w in strange if goal and (u := quantity.unit_of(w)) and u.group == known[goal].group]
            made = pl.lit(None, pl.String)
            if goal and same:
                turned = quantity.parse(pl.col(column), fmt, to=goal)[0].cast(pl.String) + f" {goal}"
                turned = turned.str.replace(".", fmt.decimal, literal=True)
                made = pl.when(word.is_in(same)).then(turned)
            fresh = raw.select(pl.when(hit).then(made).otherwise(pl.col(column)).alias(column)).to_series()
            told = pl.concat_str(
                pl.lit("'"), raw[column], pl.lit(f"' is not in {' or '.join(own)} as in training: "),
                pl.when(fresh.is_null()).then(pl.lit("counts as missing")).otherwise(pl.lit("read as ") + fresh),
            )  # fmt: skip
            told_of = raw.select(told.alias("reason")).to_series()
            said.append(_events(hit, column, NEW_UNIT, told_of, "repair"))
            raw = raw.with_columns(fresh)
        return raw, said

    def after(self, cleaned: pl.DataFrame, clean: Cleaner) -> list[pl.DataFrame]:
        """Events of categories that training did not have."""
        said = []
        for name, levels in self.known(clean).items():
            cells = cleaned.get_column(name)
            hit = cells.is_not_null() & ~cells.is_in(levels.implode())
            if hit.any():
                reason = pl.select(pl.concat_str(pl.lit("'"), cells, pl.lit("' was not seen in training"))).to_series()
                said.append(_events(hit, name, NEW_CATEGORY, reason, "warn"))
        return said

    def decide(self, events: pl.DataFrame) -> pl.DataFrame:
        """Events with the policy that was asked for their rule, theme, or all."""
        if not self.policies or not events.height:
            return events
        theme = pl.col("rule").str.extract(r"^([^.]*)", 1) + ".*"
        chosen = [
            key.replace_strict(list(self.policies), list(self.policies.values()), default=None, return_dtype=pl.String)
            for key in (pl.col("rule"), theme, pl.lit("*"))
        ]
        return events.with_columns(pl.coalesce(*chosen, "policy").alias("policy"))

    def known(self, clean: Cleaner) -> dict[str, pl.Series]:
        """The cleaned categories: what the plan makes of the contract's value sets."""
        if self._levels is None:
            self._levels = self._cleaned_sets(clean)
        return self._levels

    def _cleaned_sets(self, clean: Cleaner) -> dict[str, pl.Series]:
        names: dict[str, list[str]] = {}
        for spec in self.plan.outputs:
            if spec.role in _LEVELS and spec.dtype == "text" and spec.name == spec.source:
                names.setdefault(spec.source, []).append(spec.name)
        found = {}
        for column, values in self._sets.items():
            if column not in names or self.plan.inputs.get(column) != "String":
                continue
            cleaned = clean(pl.DataFrame({column: pl.Series(values, dtype=pl.String)}), self.plan)[0]
            for name in names[column]:
                if cleaned.schema[name] == pl.String:
                    found[name] = cleaned.get_column(name).drop_nulls().unique()
        return found


def _events(hit: pl.Series, column: str, rule: str, reason: pl.Series, policy: str) -> pl.DataFrame:
    rows = hit.arg_true().cast(pl.Int64)
    texts = {"column": column, "rule": rule}
    made = pl.DataFrame({"row": rows, "reason": reason.filter(hit)})
    made = made.with_columns(*(pl.lit(v).alias(k) for k, v in texts.items()), pl.lit(policy).alias("policy"))
    return made.select("row", "column", "rule", "reason", "policy")
