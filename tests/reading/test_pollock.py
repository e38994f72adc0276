"""The Pollock files are loaded without a parameter, above the published scores of readers that detect dialects."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def pollock() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "pollock.py"
    spec = importlib.util.spec_from_file_location("benchmark_pollock", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")
def test_scores_and_dialects(pollock: ModuleType, data_dir: Path) -> None:
    results = pollock.run(data_dir / "pollock", readers=["autoprep"], most=60_000)
    polluted = [r for r in results if r["set"] == "polluted_files"]
    weights = sum(r["weight"] for r in polluted)
    assert statistics.mean(r["score"] for r in polluted) > 9.9
    assert sum(r["score"] * r["weight"] for r in polluted) / weights > 9.9
    assert statistics.mean(r["score"] for r in results if r["set"] == "survey_sample") > 9.2
    assert statistics.mean(r["right_all"] for r in results) >= 0.97
    assert {r["file"] for r in results if r["wrong"]} == {
        r["file"] for r in results if not (data_dir / "pollock" / r["set"] / "csv" / r["file"]).stat().st_size
    }


def test_odd_files_do_not_crash(pollock: ModuleType, data_dir: Path) -> None:
    found = pollock.odd_files(data_dir / "duckdb_csv")
    assert len(found["files"]) > 300 and found["autoprep"] == []
    assert len(found["refused"]) <= 3
