"""A large file is cleaned on its way to disk, and comes out as a small one does."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from autoprep import api, pipeline
from autoprep.__main__ import main
from autoprep.api import cleaning
from autoprep.cleaning import planner


def test_a_large_file_comes_out_like_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.csv"
    rows = "".join(f"{i},{'N/A' if i % 50 == 7 else i % 40},{'yes' if i % 3 else 'no'}\n" for i in range(400))
    source.write_text("id,age,open\n" + rows)
    small = api.clean(source)
    monkeypatch.setattr(cleaning, "LARGE", 100)
    monkeypatch.setattr(sys.modules["autoprep.cleaning.apply"], "EVERY_S", -1.0)
    words = ["clean", str(source), "-o", str(tmp_path / "out.parquet"), "--ledger", str(tmp_path / "ledger.parquet")]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "400 rows of 400" in said.out and f"{small.ledger.height:,} changes" in said.out
    assert "400 rows" in said.err
    assert pl.read_parquet(tmp_path / "out.parquet").equals(small.frame)
    assert pl.read_parquet(tmp_path / "ledger.parquet").height == small.ledger.height


def test_a_long_table_is_planned_without_its_rows_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.csv"
    rows = "".join(f"{i},{'N/A' if i % 50 == 7 else i % 40},{'yes' if i % 3 else 'no'}\n" for i in range(4000))
    source.write_text("id,age,open\n" + rows)
    small = api.clean(source)
    monkeypatch.setattr(sys.modules["autoprep.profiling.streaming"], "LONG", 1_000)
    heard: list[str] = []
    out = tmp_path / "out.parquet"
    counts = cleaning.clean_to_files(source, out, listener=lambda event: heard.append(event.message))
    assert counts["rows_out"] == 4000
    assert "reading 4,000 rows for their profile, some at a time" in heard
    assert pl.read_parquet(tmp_path / "out.parquet").equals(small.frame)
    kept = pipeline.prepare(source, held=False)
    assert kept.frame.height == 0 and kept.plan.source["rows"] == 4000


def test_rows_to_plan_by_are_the_same_however_they_are_held() -> None:
    frame = pl.DataFrame({"x": range(1_000)})
    thin = planner._thin(frame.lazy(), 1_000, 90)
    assert thin.equals(frame.gather_every(12))
