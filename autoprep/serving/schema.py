"""The description of the service: its raw columns with real example rows, as OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.serving.artifact import Artifact
from autoprep.serving.bodies import ARROW, CSV, JSON, PARQUET
from autoprep.serving.limits import Limits
from autoprep.types import ColumnSpec

EXAMPLES = 3
_JSON_TYPE = {"Boolean": "boolean", "Float32": "number", "Float64": "number"}


def raw_columns(artifact: Artifact) -> list[dict[str, Any]]:
    """What a person may send: name, type, role after cleaning, unit, and an example, in training order."""
    specs: dict[str, ColumnSpec] = {}
    for output in artifact.plan.outputs:
        specs.setdefault(output.source, output)
    rows = artifact.examples()
    found = []
    for name, dtype in artifact.plan.inputs.items():
        if name == artifact.plan.target:
            continue
        spec: ColumnSpec | None = specs.get(name)
        values = rows.get_column(name).drop_nulls() if name in rows.columns else pl.Series([], dtype=pl.String)
        found.append(
            {
                "name": name,
                "dtype": dtype,
                "role": spec.role if spec else "unused",
                "unit": spec.unit if spec else "",
                "example": _plain(values[0]) if len(values) else None,
            }
        )
    return found


def example_rows(artifact: Artifact, most: int = EXAMPLES) -> list[dict[str, Any]]:
    """Raw rows that the artefact keeps, as JSON values."""
    rows = artifact.examples().head(most)
    return [{name: _plain(value) for name, value in row.items()} for row in rows.iter_rows(named=True)]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def row_schema(artifact: Artifact) -> dict[str, Any]:
    """JSON Schema of one raw row: every column may be text, as it stands in a file, and may be missing."""
    properties = {}
    for column in raw_columns(artifact):
        said: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
        told = [f"{column['dtype']} in training", f"used as {column['role']}"]
        if column["unit"]:
            told.append(f"in {column['unit']}")
        said["description"] = ", ".join(told)
        if column["example"] is not None:
            said["examples"] = [column["example"]]
        properties[column["name"]] = said
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        "minProperties": 1,
    }


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}


_ERRORS: Mapping[str, Any] = {
    "400": _error("The body is damaged."),
    "406": _error("No format that was asked for can be written."),
    "408": _error("The body did not arrive in time."),
    "413": _error("Too large."),
    "415": _error("A kind of content that is not read."),
    "422": _error("The rows cannot be used, with the reason."),
    "429": _error("Too much at once; try again."),
}


def _prediction_schema(artifact: Artifact) -> dict[str, Any]:
    number = {"type": ["number", "null"]}
    regression = artifact.facts["task"] == "regression"
    properties: dict[str, Any] = {"prediction": number if regression else {"type": ["string", "null"]}}
    if regression:
        properties |= {"lower": number, "upper": number}
    else:
        properties |= {f"probability_{c}": number for c in artifact.facts["classes"]}
    properties["reasons"] = {"type": "string", "description": "Codes of what the contract says: rule:column;..."}
    return {"type": "object", "properties": properties, "required": ["prediction", "reasons"]}


def openapi(artifact: Artifact, limits: Limits, version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the service."""
    target = artifact.facts["target"]
    examples = example_rows(artifact)
    binary = {"schema": {"type": "string", "format": "binary"}}
    rows = {"$ref": "#/components/schemas/Rows"}
    content = {
        JSON: {"schema": rows, "examples": {"rows": {"value": {"rows": examples}}}},
        CSV: {"schema": {"type": "string"}},
        ARROW: binary,
        PARQUET: binary,
    }
    predicted = {
        JSON: {"schema": {"$ref": "#/components/schemas/Predictions"}},
        CSV: {"schema": {"type": "string"}},
        ARROW: binary,
        PARQUET: binary,
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Predict {target}",
            "version": version,
            "description": f"Raw, dirty rows in; predictions of '{target}' out. At most {limits.rows:,} rows and "
            f"{limits.body_bytes:,} bytes in one request.",
        },
        "paths": {
            "/predict": {
                "post": {
                    "operationId": "predict",
                    "summary": "Predict raw rows, in their order.",
                    "requestBody": {"required": True, "content": content},
                    "responses": {"200": {"description": "One prediction per row.", "content": predicted}, **_ERRORS},
                }
            },
            "/explain": {
                "post": {
                    "operationId": "explain",
                    "summary": f"Explain at most {limits.explain_rows} raw rows.",
                    "requestBody": {"required": True, "content": content},
                    "responses": {
                        "200": {
                            "description": "Per row: prediction, what was cleaned, what the contract says, effects.",
                            "content": {JSON: {"schema": {"$ref": "#/components/schemas/Explanations"}}},
                        },
                        **_ERRORS,
                    },
                }
            },
            "/contract": _get("contract", "The Great Expectations suite that rows are held to, and the raw columns."),
            "/health": _get("health", "Whether the service is ready, and which model it holds."),
            "/metrics": {
                "get": {
                    "operationId": "metrics",
                    "summary": "Counters and latencies for Prometheus.",
                    "responses": {
                        "200": {"description": "text", "content": {"text/plain": {"schema": {"type": "string"}}}}
                    },
                }
            },
        },
        "components": {
            "schemas": {
                "Row": row_schema(artifact),
                "Rows": {
                    "type": "object",
                    "required": ["rows"],
                    "properties": {
                        "rows": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}}
                    },
                },
                "Prediction": _prediction_schema(artifact),
                "Predictions": {
                    "type": "object",
                    "required": ["predictions", "model", "notes"],
                    "properties": {
                        "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}},
                        "model": {"type": "string"},
                        "notes": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "Explanations": {
                    "type": "object",
                    "required": ["explanations", "model"],
                    "properties": {
                        "explanations": {"type": "array", "items": {"type": "object"}},
                        "model": {"type": "string"},
                    },
                },
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {
                        "error": {
                            "type": "object",
                            "required": ["what"],
                            "properties": {k: {"type": ["string", "null"]} for k in ("what", "where", "hint")},
                        }
                    },
                },
            }
        },
    }


def _get(name: str, summary: str) -> dict[str, Any]:
    answer = {"description": summary, "content": {JSON: {"schema": {"type": "object"}}}}
    return {"get": {"operationId": name, "summary": summary, "responses": {"200": answer}}}
