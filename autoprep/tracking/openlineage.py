"""The run that made a model as OpenLineage events (openlineage.io, spec 2-0-2): which data became which model."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from autoprep.tracking.papers import Evidence

PRODUCER = "https://pypi.org/project/autoprep"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = "https://openlineage.io/spec/facets"


def events(evidence: Evidence, *, name: str, finished: datetime) -> str:
    """A START and a COMPLETE event of the run, one JSON document a line.

    Args:
        evidence: of the model folder.
        name: what the model is called: the output data set.
        finished: when the folder was written, with its time zone.

    Example:
        >>> from datetime import UTC
        >>> from autoprep.types import Plan
        >>> held = Evidence({"facts": {"target": "y", "source": {"uri": "a.csv"}}, "seal": "x"}, Plan())
        >>> made = events(held, name="model", finished=datetime(2026, 1, 1, tzinfo=UTC))
        >>> [json.loads(line)["eventType"] for line in made.splitlines()]
        ['START', 'COMPLETE']
    """
    facts = evidence.facts
    source = facts.get("source") or {}
    run = {"runId": str(uuid5(NAMESPACE_URL, f"autoprep:{evidence.manifest.get('seal')}"))}
    job = {"namespace": "autoprep", "name": f"fit {facts['target']}"}
    inputs = [_data(str(source.get("uri") or "unknown"), _input_facets(evidence))]
    outputs = [_data(name, {})]
    shared = {"producer": PRODUCER, "schemaURL": _SPEC, "run": run, "job": job, "inputs": inputs}
    when = finished.isoformat()
    made = [
        {"eventType": "START", "eventTime": when, **shared, "outputs": []},
        {"eventType": "COMPLETE", "eventTime": when, **shared, "outputs": outputs},
    ]
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in made)


def _data(uri: str, facets: dict[str, Any]) -> dict[str, Any]:
    scheme, mark, rest = uri.partition("://")
    host, _, path = rest.partition("/")
    space, name = (f"{scheme}://{host}", path or host) if mark else ("file", uri)
    return {"namespace": space, "name": name, "facets": facets}


def _facet(kind: str, version: str, name: str, **said: Any) -> dict[str, Any]:
    url = f"{_FACETS}/{version}/{kind}.json#/$defs/{kind}"
    return {name: {"_producer": PRODUCER, "_schemaURL": url, **said}}


def _input_facets(evidence: Evidence) -> dict[str, Any]:
    columns = [{"name": name, "type": dtype} for name, dtype in evidence.plan.inputs.items()]
    made = _facet("SchemaDatasetFacet", "1-1-1", "schema", fields=columns)
    digest = (evidence.facts.get("source") or {}).get("sha256")
    if digest:
        made |= _facet("DatasetVersionDatasetFacet", "1-0-1", "version", datasetVersion=digest)
    checks = [
        {"assertion": config["type"], "success": True, **({"column": column} if column else {})}
        for config in evidence.contract.get("expectations") or ()
        for column in [(config.get("kwargs") or {}).get("column")]
    ]
    if checks:
        made |= _facet("DataQualityAssertionsDatasetFacet", "1-0-1", "dataQualityAssertions", assertions=checks)
    return made
