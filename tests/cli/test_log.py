"""Logs for machines: one JSON object a line, no values of the data; a span a stage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep.__main__ import main
from autoprep.tracking.log import Stages
from autoprep.types import Event


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    people = {"age": ["31", "N/A", "44", "27"], "name": ["Gwendolyn", "Aurelius", "Gwendolyn", "Xanthippe"]}
    pl.DataFrame(people).write_csv(tmp_path / "raw.csv")
    return tmp_path / "raw.csv"


def _records(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_clean_says_its_stages_and_counts(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--log-format=json", "clean", str(raw), "-o", str(raw.parent / "clean.parquet")]) == 0
    said = capsys.readouterr()
    records = _records(said.err)
    assert records[0]["event"] == "start" and records[-1]["event"] == "end" and records[-1]["status"] == 0
    stages = {r["stage"]: r for r in records if r["event"] == "stage"}
    assert list(stages) == ["read", "profile", "plan", "clean"]
    assert stages["read"]["rows"] == 4 and stages["read"]["columns"] == 2 and stages["clean"]["changes"] > 0
    assert all(r["command"] == "clean" and r["time"].endswith("Z") for r in records)
    spent = [r["seconds"] for r in records if r["event"] == "stage"]
    assert all(s >= 0 for s in spent) and sum(spent) <= records[-1]["seconds"] + 1e-3
    assert not any(value in said.err for value in ("Gwendolyn", "Aurelius", "Xanthippe", "N/A"))


def test_errors_and_wrong_calls_are_lines_too(
    raw: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOPREP_LOG_FORMAT", "json")
    assert main(["profile", str(raw), "--target", "Gwendolyn"]) == 2
    records = _records(capsys.readouterr().err)
    assert [r["event"] for r in records if r["event"] in ("error", "end")] == ["error", "end"]
    assert records[-1]["status"] == 2 and "Gwendolyn" not in json.dumps(records)
    assert main(["profile"]) == 2
    assert [r["event"] for r in _records(capsys.readouterr().err)] == ["start", "error", "end"]
    monkeypatch.delenv("AUTOPREP_LOG_FORMAT")
    assert main(["read", str(raw), "--log-format", "jsn"]) == 2
    assert "did you mean 'json'" in capsys.readouterr().err
    assert main(["read", str(raw), "--log-format", "text"]) == 0


def test_a_span_a_stage() -> None:
    pytest.importorskip("opentelemetry.sdk")
    script = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
import json, sys
from autoprep.__main__ import main
open("raw.csv", "w").write("age,city\\n31,Oslo\\nN/A,oslo\\n44,Bergen\\n")
assert main(["clean", "raw.csv", "-o", "clean.csv", "-q"]) == 0
spans = kept.get_finished_spans()
root = spans[-1]
print(json.dumps({
    "names": [s.name for s in spans],
    "children": all(s.parent.span_id == root.context.span_id for s in spans[:-1]),
    "inside": all(root.start_time <= s.start_time <= s.end_time <= root.end_time for s in spans),
    "rows": dict(spans[0].attributes).get("autoprep.rows"),
    "status": dict(root.attributes),
}), file=sys.stderr)
"""
    import tempfile

    env = {**os.environ, "PYTHONPATH": str(Path(ap.__file__).parents[1])}
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run([sys.executable, "-c", script], cwd=place, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stderr.splitlines()[-1])
    assert said["names"] == [*(f"autoprep {s}" for s in ("read", "profile", "plan", "clean")), "autoprep clean"]
    assert said["children"] and said["inside"] and said["rows"] == 3 and said["status"] == {"autoprep.exit_status": 0}


def test_spans_that_cannot_be_sent_are_refused(raw: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    assert main(["read", str(raw)]) == 2
    assert "no exporter 'zipkin'" in capsys.readouterr().err


def test_a_stage_that_comes_back_is_a_stage_of_its_own() -> None:
    said: list[dict] = []
    ticks = iter(range(0, 10**12, 10**9))
    with Stages("fit", said.append, clock=ticks.__next__) as heard:
        for stage in ("read", "plan", "plan", "read"):
            heard(Event(stage, "x", {"n": 1, "text": "hidden"}))
    assert [(r["stage"], r["seconds"]) for r in said if r["event"] == "stage"] == [
        ("read", 1.0),
        ("plan", 2.0),
        ("read", 1.0),
    ]
    assert not any("hidden" in json.dumps(r) for r in said)
