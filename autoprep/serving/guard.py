"""What training did not know, seen in new rows: another unit, a new category, nothing at all; and what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.distinct import MIN_ROWS, few_values
from autoprep.cleaning.outputs import spare_inputs
from autoprep.errors import SettingError, did_you_mean
from autoprep.types import Plan

POLICIES = ("reject", "quarantine", "repair", "warn")
NEW_UNIT, NEW_CATEGORY, EMPTY_ROW = "contract.new_unit", "contract.new_category", "contract.empty_row"
_LEVELS = ("category", "ordinal", "code")
_IN_SET = "expect_column_values_to_be_in_set"
#: Cells of a frame in which known categories are cleaned.
_MOST_CELLS = 2_000_000
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
        self._spare = spare_inputs(plan)
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
        from autoprep.parsing.unit import unit_of

        said = self._empty(raw)
        for column, parameters in self._units:
            if column not in raw.columns or raw.schema[column] != pl.String:
                continue
            own = sorted({str(u).strip().lower() for u in parameters["units"]})
            known = {u.name: u for u in map(unit_of, own) if u is not None}
            fmt = NumberFormat(parameters.get("decimal", "."), parameters.get("thousands", ""))
            behind = quantity.split(pl.col(column), fmt)[1].alias("word")
            words = _read_once(raw.select(column)).select(behind).to_series()
            odd = [w for w in words.drop_nulls().unique().to_list() if w.lower() not in own]
            strange = [w for w in odd if (unit := unit_of(w)) is None or unit.name not in known]
            if not strange:
                continue
            word = raw.select(behind).to_series()
            hit = word.is_in(strange).fill_null(False)
            goal = next(iter(known)) if len(known) == 1 else None
            same = [w for w in strange if goal and (u := unit_of(w)) and u.group == known[goal].group]
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

    def _empty(self, raw: pl.DataFrame) -> list[pl.DataFrame]:
        """Events of the rows that hold nothing which the model reads."""
        read = [column for column in raw.columns if column not in self._spare]
        hit = raw.select(pl.all_horizontal(pl.col(read).is_null()).alias("hit")).to_series() if read else pl.Series([])
        if not hit.any():
            return []
        return [_events(hit, "", EMPTY_ROW, pl.repeat("every input is empty", raw.height, eager=True), "warn")]

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
        sets = {c: v for c, v in self._sets.items() if c in names and self.plan.inputs.get(c) == "String"}
        found = {}
        for blocks in _batches(sets, *_looking(self.plan)):
            cleaned = clean(_stacked(blocks, sets), self.plan)[0]
            first, made = 0, cleaned.schema
            for block in blocks:
                for column in block:
                    for name in names[column]:
                        if made[name] == pl.String:
                            cells = cleaned.get_column(name).slice(first, len(sets[column]))
                            found[name] = cells.drop_nulls().unique()
                first += _height(block, sets)
        return {name: found[name] for column in sets for name in names[column] if name in found}


def _looking(plan: Plan) -> tuple[set[str], set[str]]:
    """The columns whose cleaned cells may hang on the same row of other columns, and those on any row at all."""
    from autoprep.checks import VERBS

    anywhere: set[str] = set()
    beside = {c for c in plan.inputs if _beginnings(c) & plan.inputs.keys()}
    for action in plan.applied():
        if action.verb == "sql" or not VERBS[action.verb].elementwise:
            anywhere.update(action.columns)
        elif any(p in action.parameters for p in (*VERBS[action.verb].columns, *VERBS[action.verb].cells)):
            beside.update(action.columns)
    return beside, anywhere


def _beginnings(name: str) -> set[str]:
    """What stands before each "__" of a name: the column that a step may have added this one to."""
    parts = name.split("__")
    return {"__".join(parts[:i]) for i in range(1, len(parts))}


def _batches(sets: Mapping[str, list[str]], beside: set[str], anywhere: set[str]) -> list[list[list[str]]]:
    """Frames of blocks of columns: those that look at no other stand side by side, the others apart."""
    blocks = [[c for c in sets if c not in beside | anywhere], *([c] for c in sets if c in beside - anywhere)]
    made: list[list[list[str]]] = [[]]
    cells = 0
    for block in filter(None, blocks):
        more = _height(block, sets) * len(sets)
        if made[-1] and cells + more > _MOST_CELLS:
            made.append([])
            cells = 0
        made[-1].append(block)
        cells += more
    return [batch for batch in (*made, *([[c]] for c in sets if c in anywhere)) if batch]


def _height(block: list[str], sets: Mapping[str, list[str]]) -> int:
    return max(len(sets[column]) for column in block)


def _stacked(blocks: list[list[str]], sets: Mapping[str, list[str]]) -> pl.DataFrame:
    """The blocks' values under one another; a column has no cell beside another block."""
    parts = []
    for block in blocks:
        height = _height(block, sets)
        padded = {c: pl.Series(c, sets[c], dtype=pl.String).extend_constant(None, height - len(sets[c])) for c in block}
        parts.append(pl.DataFrame(padded))
    return pl.concat(parts, how="diagonal") if parts else pl.DataFrame()


def _read_once(column: pl.DataFrame) -> pl.DataFrame:
    """The distinct cells of a frame's only column where they are few; null may be left out."""
    few = few_values(column.to_series()) if column.height >= MIN_ROWS else None
    return column if few is None else few.to_frame()


def _events(hit: pl.Series, column: str, rule: str, reason: pl.Series, policy: str) -> pl.DataFrame:
    rows = hit.arg_true().cast(pl.Int64)
    texts = {"column": column, "rule": rule}
    made = pl.DataFrame({"row": rows, "reason": reason.filter(hit)})
    made = made.with_columns(*(pl.lit(v).alias(k) for k, v in texts.items()), pl.lit(policy).alias("policy"))
    return made.select("row", "column", "rule", "reason", "policy")
