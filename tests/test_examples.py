"""The examples run and do what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from autoprep.__main__ import main

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("palmerpenguins")
    scores = _load("one_call").main(tmp_path, time_budget_s=6)
    assert scores["holdout"] > scores["holdout_baseline"] + 0.2


def test_iris(capsys: pytest.CaptureFixture[str]) -> None:
    right, rows = _load("iris").main()
    assert rows == 38
    assert right >= 37


def test_review_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert _load("review_a_plan").main()


def test_own_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", str(EXAMPLES / "rules")]) == 0
