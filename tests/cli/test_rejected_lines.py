"""Lines that cannot be read are kept beside the clean table, and said."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from autoprep import api
from autoprep.__main__ import main
from autoprep.api import cleaning


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    rows = [f'{i},"name {i}",{i % 40}' for i in range(60)]
    rows[20] = "20,too,many,cells,by,far"
    rows[40] = '40,"name" of its" own,7'
    path = tmp_path / "raw.csv"
    path.write_text("id,name,age\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("large", [False, True])
def test_lines_that_cannot_be_read_are_kept_beside_the_output(
    raw: Path, large: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cleaning, "LARGE", 100 if large else 1 << 30)
    unread = api.read(raw).rejected
    assert unread.height > 0
    assert main(["--log-format=json", "clean", str(raw), "-o", str(raw.parent / "out.parquet")]) == 0
    said = capsys.readouterr()
    kept = raw.parent / "out.rejected.parquet"
    assert pl.read_parquet(kept).equals(unread)
    noun = "line" if unread.height == 1 else "lines"
    assert f"{unread.height} {noun} could not be read" in said.out and str(kept) in said.out
    stages = [json.loads(line) for line in said.err.splitlines()]
    assert next(r for r in stages if r.get("stage") == "clean")["rejected"] == unread.height
    assert api.read(raw.parent / "out.parquet").collect().height + unread.height == 60


@pytest.mark.parametrize("large", [False, True])
def test_no_file_where_every_line_is_read_and_an_earlier_one_is_set_aside(
    raw: Path, large: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cleaning, "LARGE", 100 if large else 1 << 30)
    words = ["clean", str(raw), "-o", str(raw.parent / "out.parquet"), "-q"]
    assert main(words) == 0
    raw.write_text("id,name,age\n" + "".join(f"{i},name {i},{i % 40}\n" for i in range(60)))
    capsys.readouterr()
    assert main(words) == 0
    assert "could not be read" not in capsys.readouterr().out
    assert not (raw.parent / "out.rejected.parquet").exists()
    assert (raw.parent / "out.old.rejected.parquet").is_file()


def test_without_a_ledger_they_are_still_counted(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", str(raw), "-o", str(raw.parent / "out.csv"), "--no-ledger", "-q"]) == 0
    assert "could not be read" in capsys.readouterr().out
    assert not list(raw.parent.glob("out.*.parquet"))
