"""What the command line shows, at 80 and at 200 columns."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from autoprep.reporting import terminal
from autoprep.reporting.content import model_content
from autoprep.types import Feature

from .conftest import EVIL, findings_of, model_parts, profile_of


def shown(renderable: Any, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(renderable)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_profile_summary(width: int) -> None:
    profile = profile_of(12)
    text = shown(terminal.profile_summary(profile, findings_of(profile)), width)
    assert "2,000 rows, 12 columns" in text and "▇" in text
    assert "say nothing in words" in text and "lovelace" not in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_wide_tables_are_cut_with_the_worst_kept() -> None:
    profile = profile_of(2000)
    findings = findings_of(profile)
    text = shown(terminal.profile_summary(profile, findings, limit=10))
    assert "1,990 more columns" in text and "sales.amount_0" in text


def test_plan_as_diff() -> None:
    parts = model_parts()
    text = shown(terminal.plan_diff(parts["plan"], parts["ledger"], profile=parts["profile"]), 120)
    assert "- N/A" in text and "+ ∅" in text and "×60" in text
    assert "? E-mail" in text and "✗ Extreme" in text and "no gain in cross-validation" in text
    assert "lovelace" not in text


def test_plan_without_ledger_and_empty_plan() -> None:
    from autoprep.types import Plan

    parts = model_parts()
    assert "98123.25" not in shown(terminal.plan_diff(parts["plan"]))  # what is not applied shows no examples
    assert "changes nothing" in shown(terminal.plan_diff(Plan()))


def test_ledger_leaderboard_and_sum() -> None:
    parts = model_parts()
    text = shown(terminal.ledger_sample(parts["ledger"]), 140)
    assert "109 changes in all" in text and "number.currency" in text and EVIL not in text.split("in all")[1]
    board = shown(terminal.leaderboard(parts["leaderboard"]))
    assert board.index("ensemble") < board.index("LightGBM") < board.index("trivial")
    assert "LightGBM ★" in board and "linear ★" not in board  # the Pareto front
    total = shown(terminal.final_summary(model_content(**parts), {"report": "model/report.html"}))
    assert "0.884" in total and "model/report.html" in total
    assert "[red]" in shown(terminal.final_summary(model_content(title="[red]")))  # markup of data is not obeyed


def test_everything_prints() -> None:
    import polars as pl

    from autoprep.types import Cleaned, Source, Table

    parts = model_parts()
    out = io.StringIO()
    console = Console(file=out, width=120, color_system=None)
    frame = pl.DataFrame({"a": ["x", None], "n": [1.5, 2.0]})
    terminal.show_table(console, Table(frame.lazy(), Source("a.csv", "csv")))
    terminal.show_frame(console, frame)
    terminal.show_comparison(console, frame)
    terminal.show_profile(console, parts["profile"], parts["findings"])
    terminal.show_plan(console, parts["plan"])
    empty = pl.DataFrame({"row": [], "column": []})
    cleaned = Cleaned(frame, parts["plan"], parts["ledger"], empty, pl.Series([0, 1]))
    terminal.show_cleaned(console, cleaned, {"output": "clean.parquet"})
    terminal.show_features(console, parts["features"], frame)
    terminal.show_model(console, model_content(**parts), "model")
    scores = {"metric": "auc", "score": 0.9, "baseline": 0.5, "rows": 9, "scores": {"auc": 0.9}}
    terminal.show_scores(console, scores)
    terminal.show_rules(console, list(parts["rulebook"].values()))
    assert "1 step to review" in out.getvalue() and "? E-mail" in out.getvalue()
    assert "clean.parquet" in out.getvalue() and "auc 0.9 on 9 rows" in out.getvalue()


def test_a_share_of_the_truth_is_in_percent_and_a_cut_list_says_so() -> None:
    console = Console(record=True, width=100, file=io.StringIO())
    scores = {"metric": "mape", "score": 0.7161, "baseline": 2.5, "rows": 10, "scores": {"mape": 0.7161, "mae": 3.0}}
    terminal.show_scores(console, {**scores, "baseline_scores": {"mape": 2.5, "mae": 4.0}})
    made = [Feature(f"f{i}", f"f{i}") for i in range(11)]
    terminal.show_model(console, model_content(title="t", features=made), "folder")
    text = console.export_text()
    assert "mape 71.61%" in text and "baseline 250%" in text and "and 3 more features" in text
