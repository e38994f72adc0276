"""Schemas of other tools as contracts: Frictionless Table Schema, Open Data Contract Standard (ODCS), pandera.

What a schema says and we cannot check is refused by name: a rule that is taken but never run is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autoprep.errors import SettingError

Config = dict[str, Any]
#: Words about one column in both Frictionless and ODCS -> GX's name and argument.
_BOUNDS = {
    "minimum": ("expect_column_values_to_be_between", "min_value", {}),
    "maximum": ("expect_column_values_to_be_between", "max_value", {}),
    "exclusiveMinimum": ("expect_column_values_to_be_between", "min_value", {"strict_min": True}),
    "exclusiveMaximum": ("expect_column_values_to_be_between", "max_value", {"strict_max": True}),
    "minLength": ("expect_column_value_lengths_to_be_between", "min_value", {}),
    "maxLength": ("expect_column_value_lengths_to_be_between", "max_value", {}),
}
#: ODCS operators on a count -> GX's argument.
_COUNTS: dict[str, tuple[str, dict[str, Any]]] = {
    "mustBeGreaterThan": ("min_value", {"strict_min": True}),
    "mustBeGreaterOrEqualTo": ("min_value", {}),
    "mustBeLessThan": ("max_value", {"strict_max": True}),
    "mustBeLessOrEqualTo": ("max_value", {}),
}
#: Words that describe and check nothing.
_SILENT = {"format", "description", "timezone", "defaultTimezone", "jsonSchema"}


def _made(name: str, **kwargs: Any) -> Config:
    return {"type": name, "kwargs": kwargs, "severity": "error"}


def is_foreign(said: Mapping[str, Any]) -> bool:
    """Whether plain values are a schema of another tool.

    Example:
        >>> is_foreign({"fields": [{"name": "a"}]}), is_foreign({"expect": []})
        (True, False)
    """
    return "fields" in said or "resources" in said or (said.get("kind") == "DataContract" and "schema" in said)


def read_foreign(said: Mapping[str, Any], where: str = "schema") -> tuple[str, list[Config]]:
    """The name and the expectations of a Frictionless or ODCS schema of one table.

    Raises:
        SettingError: it describes several tables, or says something that cannot be checked.

    Example:
        >>> name, made = read_foreign({"fields": [{"name": "age", "constraints": {"minimum": 0}}]})
        >>> made[-1]["kwargs"]
        {'column': 'age', 'min_value': 0}
    """
    if "resources" in said:
        resource = _only(said["resources"], where)
        return str(resource.get("name") or "schema"), _frictionless(resource.get("schema") or {}, where)
    if "fields" in said:
        return str(said.get("name") or "schema"), _frictionless(said, where)
    table = _only(said["schema"], where)
    return str(table.get("name") or said.get("name") or "schema"), _odcs(table, where)


def _only(tables: Sequence[Mapping[str, Any]], where: str) -> Mapping[str, Any]:
    if len(tables) != 1:
        names = ", ".join(str(table.get("name")) for table in tables)
        raise SettingError(f"{len(tables)} tables are described ({names})", where=where, hint="keep one per file")
    return tables[0]


def _constraints(column: str, said: Mapping[str, Any], where: str) -> list[Config]:
    made: list[Config] = []
    for word, value in said.items():
        if word in _BOUNDS:
            name, argument, strict = _BOUNDS[word]
            made.append(_made(name, column=column, **{argument: value}, **strict))
        elif word == "required":
            made += [_made("expect_column_values_to_not_be_null", column=column)] if value else []
        elif word == "unique":
            made += [_made("expect_column_values_to_be_unique", column=column)] if value else []
        elif word == "enum":
            made.append(_made("expect_column_values_to_be_in_set", column=column, value_set=list(value)))
        elif word == "pattern":
            made.append(_made("expect_column_values_to_match_regex", column=column, regex=rf"\A(?:{value})\Z"))
        elif word not in _SILENT:
            raise SettingError(f"column '{column}': '{word}' cannot be checked", where=where)
    return made


def _exist(columns: Iterable[str]) -> list[Config]:
    return [_made("expect_column_to_exist", column=column) for column in columns]


def _keys(columns: Sequence[str]) -> list[Config]:
    unique = (
        _made("expect_column_values_to_be_unique", column=columns[0])
        if len(columns) == 1
        else _made("expect_compound_columns_to_be_unique", column_list=list(columns))
    )
    return [unique, *(_made("expect_column_values_to_not_be_null", column=column) for column in columns)]


def _listed(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else list(said)


def _frictionless(said: Mapping[str, Any], where: str) -> list[Config]:
    """Source: Table Schema of the Frictionless Data specifications."""
    fields = said["fields"]
    made = _exist(field["name"] for field in fields)
    for field in fields:
        made += _constraints(field["name"], field.get("constraints") or {}, where)
    if said.get("primaryKey"):
        made += _keys(_listed(said["primaryKey"]))
    for key in said.get("foreignKeys") or ():
        own, reference = _listed(key["fields"]), key["reference"]
        other = _listed(reference["fields"])
        if len(own) != 1 or not reference.get("resource"):
            raise SettingError("a foreign key of several columns, or to the table itself, is not checked", where=where)
        query = (
            f'SELECT * FROM {{batch}} WHERE "{own[0]}" IS NOT NULL AND "{own[0]}" NOT IN '
            f'(SELECT "{other[0]}" FROM {reference["resource"]})'
        )
        made.append(_made("unexpected_rows_expectation", unexpected_rows_query=query))
    return made


def _odcs(table: Mapping[str, Any], where: str) -> list[Config]:
    """Source: Open Data Contract Standard 3.0 and 3.1, schema and the quality library."""
    properties = table.get("properties") or []
    made = _exist(p["name"] for p in properties)
    keys = [p for p in properties if p.get("primaryKey")]
    if keys:
        made += _keys([p["name"] for p in sorted(keys, key=lambda p: p.get("primaryKeyPosition", 1))])
    for p in properties:
        flags = {word: p[word] for word in ("required", "unique") if p.get(word)}
        made += _constraints(p["name"], {**flags, **(p.get("logicalTypeOptions") or {})}, where)
        made += _quality(p.get("quality") or (), where, p["name"])
    return made + _quality(table.get("quality") or (), where, None)


def _quality(rules: Iterable[Mapping[str, Any]], where: str, column: str | None) -> list[Config]:
    made: list[Config] = []
    for rule in rules:
        word, kind = rule.get("metric") or rule.get("rule"), rule.get("type", "library")
        if kind == "text":
            continue
        found = _row_count(rule) if column is None else _column_quality(str(word), rule, column)
        if kind != "library" or found is None or (column is None and word != "rowCount"):
            raise SettingError(
                f"quality rule '{word or kind}' of {column or 'the table'} cannot be checked", where=where
            )
        severity = "warning" if rule.get("severity") in ("warning", "info") else "error"
        made += [{**config, "severity": severity} for config in found]
    return made


def _row_count(rule: Mapping[str, Any]) -> list[Config] | None:
    name = "expect_table_row_count_to_be_between"
    if "mustBeBetween" in rule:
        low, high = rule["mustBeBetween"]
        return [_made(name, min_value=low, max_value=high)]
    if "mustBe" in rule:
        return [_made("expect_table_row_count_to_equal", value=rule["mustBe"])]
    for operator, said in _COUNTS.items():
        if operator in rule:
            argument, strict = said
            return [_made(name, **{argument: rule[operator]}, **strict)]
    return None


def _column_quality(word: str, rule: Mapping[str, Any], column: str) -> list[Config] | None:
    """Checks of cells, of which none, or at most a share, may fail; None when the rule says something else."""
    said = rule.get("arguments") or {}
    if word in ("duplicateValues", "duplicateCount") and rule.get("mustBe") == 0:
        return [_made("expect_column_values_to_be_unique", column=column)]
    share = _tolerated(rule)
    if share is None:
        return None
    mostly = {"mostly": round(1 - share, 12)} if share else {}
    if word in ("nullValues", "nullCheck"):
        return [_made("expect_column_values_to_not_be_null", column=column, **mostly)]
    if word == "missingValues":
        words = [value for value in said.get("missingValues") or () if value is not None]
        checks = [_made("expect_column_values_to_not_be_null", column=column, **mostly)]
        listed = _made("expect_column_values_to_not_be_in_set", column=column, value_set=words, **mostly)
        return [*checks, listed] if words else checks
    if word in ("invalidValues", "validValues"):
        checks = []
        values = said.get("validValues") or rule.get("validValues")
        if values:
            checks.append(_made("expect_column_values_to_be_in_set", column=column, value_set=list(values), **mostly))
        if said.get("pattern"):
            regex = rf"\A(?:{said['pattern']})\Z"
            checks.append(_made("expect_column_values_to_match_regex", column=column, regex=regex, **mostly))
        return checks or None
    return None


def _tolerated(rule: Mapping[str, Any]) -> float | None:
    """The share of cells that may fail; None when the rule does not bound it from above."""
    if rule.get("mustBe") == 0:
        return 0.0
    limit = rule.get("mustBeLessOrEqualTo")
    if limit is None and rule.get("unit") == "percent" and "mustBeBetween" in rule and rule["mustBeBetween"][0] == 0:
        limit = rule["mustBeBetween"][1]
    if limit == 0:
        return 0.0
    return float(limit) / 100 if limit is not None and rule.get("unit") == "percent" else None


# ------------------------------------------------------------------ pandera

#: pandera's built-in checks -> GX's name and how its statistics become arguments.
_PANDERA: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "greater_than": ("values_to_be_between", {"min_value": "min_value"}, {"strict_min": True}),
    "greater_than_or_equal_to": ("values_to_be_between", {"min_value": "min_value"}, {}),
    "less_than": ("values_to_be_between", {"max_value": "max_value"}, {"strict_max": True}),
    "less_than_or_equal_to": ("values_to_be_between", {"max_value": "max_value"}, {}),
    "isin": ("values_to_be_in_set", {"allowed_values": "value_set"}, {}),
    "notin": ("values_to_not_be_in_set", {"forbidden_values": "value_set"}, {}),
    "str_matches": ("values_to_match_regex", {"pattern": "regex"}, {}),
    "str_contains": ("values_to_match_regex", {"pattern": "regex"}, {}),
    "str_length": ("value_lengths_to_be_between", {"min_value": "min_value", "max_value": "max_value"}, {}),
}


def is_pandera(said: Any) -> bool:
    """Whether an object is a schema of pandera (by its shape: pandera is not imported)."""
    return type(said).__module__.startswith("pandera.") and hasattr(said, "columns")


def read_pandera(schema: Any) -> tuple[str, list[Config]]:
    """The name and the expectations of a pandera ``DataFrameSchema`` (raises SettingError for a check of one's own)."""
    made: list[Config] = []
    for name, column in schema.columns.items():
        if column.required:
            made += _exist([name])
        if not column.nullable:
            made.append(_made("expect_column_values_to_not_be_null", column=name))
        if column.unique:
            made.append(_made("expect_column_values_to_be_unique", column=name))
        made += [_pandera_check(name, check) for check in column.checks]
    if schema.unique:
        made += _keys(list(schema.unique))[:1]
    if schema.checks:
        raise SettingError("checks of the whole frame cannot be carried over", where=f"schema {schema.name}")
    return str(schema.name or "schema"), made


def _pandera_check(column: str, check: Any) -> Config:
    said = dict(check.statistics or {})
    if check.name == "in_range":
        strict = {"strict_min": not said.get("include_min", True), "strict_max": not said.get("include_max", True)}
        bounds = {"min_value": said["min_value"], "max_value": said["max_value"]}
        return _made("expect_column_values_to_be_between", column=column, **bounds, **strict)
    if check.name not in _PANDERA:
        raise SettingError(f"column '{column}': the check '{check.name}' cannot be carried over")
    name, arguments, fixed = _PANDERA[check.name]
    made = {ours: said[theirs] for theirs, ours in arguments.items() if said.get(theirs) is not None}
    made = {k: list(v) if isinstance(v, set | frozenset | tuple) else v for k, v in made.items()}
    if check.name == "str_matches":
        made["regex"] = rf"\A(?:{getattr(made['regex'], 'pattern', made['regex'])})"
    return _made(f"expect_column_{name}", column=column, **made, **fixed)
