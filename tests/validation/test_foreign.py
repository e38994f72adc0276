"""Schemas of other tools become contracts that judge as those tools do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from autoprep.errors import SettingError
from autoprep.validation import Contract, as_contract, evaluate

GOOD = pl.DataFrame({"id": [1, 2, 3], "age": [20, 40, 60], "code": ["AB1", "CD2", "EF3"]})
BAD = pl.DataFrame({"id": [1, 1, None], "age": [-5, 40, 60], "code": ["AB1", "x", "EF3"]})

FRICTIONLESS = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True}},
        {"name": "age", "type": "integer", "constraints": {"minimum": 0, "maximum": 120}},
        {"name": "code", "type": "string", "constraints": {"pattern": "[A-Z]{2}[0-9]", "minLength": 3}},
    ],
    "primaryKey": "id",
}
ODCS = {
    "apiVersion": "v3.0.2",
    "kind": "DataContract",
    "schema": [
        {
            "name": "people",
            "properties": [
                {"name": "id", "logicalType": "integer", "primaryKey": True, "required": True},
                {"name": "age", "logicalType": "integer", "logicalTypeOptions": {"minimum": 0, "maximum": 120}},
                {"name": "code", "logicalType": "string", "logicalTypeOptions": {"pattern": "[A-Z]{2}[0-9]"}},
            ],
            "quality": [{"type": "library", "rule": "rowCount", "mustBeBetween": [1, 100]}],
        }
    ],
}


@pytest.mark.parametrize(("said", "suffix"), [(FRICTIONLESS, "json"), (ODCS, "yaml")])
def test_a_schema_file_is_a_contract(said: dict[str, Any], suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"schema.{suffix}"
    path.write_text(json.dumps(said) if suffix == "json" else yaml.safe_dump(said))
    contract = Contract.load(path)
    assert all(made.success for made in evaluate(GOOD, contract.expectations))
    broken = {(made.columns, made.type) for made in evaluate(BAD, contract.expectations) if not made.success}
    assert (("id",), "expect_column_values_to_be_unique") in broken
    assert (("id",), "expect_column_values_to_not_be_null") in broken
    assert (("age",), "expect_column_values_to_be_between") in broken
    assert (("code",), "expect_column_values_to_match_regex") in broken


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"fields": [{"name": "a", "constraints": {"wish": 1}}]}, "wish"),
        ({**ODCS, "schema": [{**ODCS["schema"][0], "quality": [{"type": "sql", "query": "x"}]}]}, "sql"),  # type: ignore[index]
        ({**ODCS, "schema": [*ODCS["schema"], {"name": "other"}]}, "2 tables"),  # type: ignore[misc]
    ],
)
def test_what_cannot_be_checked_is_refused(said: dict[str, Any], word: str) -> None:
    with pytest.raises(SettingError, match=word):
        as_contract(said)


def test_frictionless_judges_alike(tmp_path: Path) -> None:
    import frictionless

    contract = as_contract(FRICTIONLESS)
    for frame in (GOOD, BAD):
        path = tmp_path / "data.csv"
        frame.write_csv(path)
        resource = frictionless.Resource(
            path="data.csv", basepath=str(tmp_path), schema=frictionless.Schema.from_descriptor(FRICTIONLESS)
        )
        assert resource.validate().valid == all(made.success for made in evaluate(frame, contract.expectations))


def test_pandera_judges_alike() -> None:
    import pandera.polars as pa

    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(pl.Int64, unique=True),
            "age": pa.Column(pl.Int64, checks=[pa.Check.in_range(0, 120), pa.Check.notin([999])]),
            "code": pa.Column(pl.String, checks=[pa.Check.str_matches("[A-Z]{2}[0-9]"), pa.Check.str_length(3, 3)]),
        },
        name="people",
    )
    contract = as_contract(schema)
    assert all(made.success for made in evaluate(GOOD, contract.expectations))
    schema.validate(GOOD)
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        schema.validate(BAD, lazy=True)
    theirs = {case["column"] for case in caught.value.failure_cases.to_dicts()}
    ours = {made.columns[0] for made in evaluate(BAD, contract.expectations) if not made.success}
    assert ours == theirs


QUALITY = [
    ("age", {"metric": "nullValues", "mustBe": 0}, [1, None], False),
    ("age", {"metric": "nullValues", "mustBeLessOrEqualTo": 50, "unit": "percent"}, [1, None], True),
    ("age", {"metric": "nullValues", "mustBeLessOrEqualTo": 40, "unit": "percent"}, [1, None], False),
    ("age", {"metric": "duplicateValues", "mustBe": 0}, [1, 1], False),
    ("age", {"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1, 2]}}, [1, 3], False),
    ("age", {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [None, -1]}}, [1, -1], False),
    ("age", {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [None, -1]}}, [1, 2], True),
    (None, {"metric": "rowCount", "mustBeGreaterThan": 2}, [1, 2], False),
    (None, {"metric": "rowCount", "mustBeGreaterOrEqualTo": 2}, [1, 2], True),
    (None, {"metric": "rowCount", "mustBeLessThan": 2}, [1, 2], False),
    (None, {"metric": "rowCount", "mustBe": 2}, [1, 2], True),
]


@pytest.mark.parametrize(("column", "rule", "cells", "holds"), QUALITY)
def test_odcs_quality(column: str | None, rule: dict[str, Any], cells: list[Any], holds: bool) -> None:
    said = {"name": "age", "logicalType": "integer", **({"quality": [rule]} if column else {})}
    table = {"name": "t", "properties": [said], **({} if column else {"quality": [rule]})}
    contract = as_contract({"kind": "DataContract", "apiVersion": "v3.1.0", "schema": [table]})
    assert all(o.success for o in evaluate(pl.DataFrame({"age": cells}), contract.expectations)) is holds


def test_odcs_severity_and_what_is_refused() -> None:
    def contract(**rule: Any) -> Contract:
        table = {"name": "t", "properties": [{"name": "a", "quality": [rule]}]}
        return as_contract({"kind": "DataContract", "schema": [table]})

    assert contract(metric="nullValues", mustBe=0, severity="warning").expectations[-1]["severity"] == "warning"
    for rule in ({"metric": "nullValues", "mustBeGreaterThan": 3}, {"metric": "nullValues", "mustBeLessOrEqualTo": 3}):
        with pytest.raises(SettingError, match="nullValues"):
            contract(**rule)
    with pytest.raises(SettingError, match="custom"):
        contract(type="custom", engine="soda", mustBe=0)
