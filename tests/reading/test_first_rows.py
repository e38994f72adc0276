"""No row is lost at the top: names that are years, rows with a mark behind, lines of one cell that hold marks."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from autoprep import reading


def _read(tmp_path: Path, text: str, name: str = "t.csv") -> pl.DataFrame:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return reading.read(tmp_path / name).frame.collect()


def test_years_between_words_are_names(tmp_path: Path) -> None:
    rows = "".join(f'"{i}","Land {i}","{19.5 + i}","","E","{17.5 + i}","","E"\n' for i in range(1, 8))
    frame = _read(tmp_path, "Code,Country,1990,Notes,Type,1991,Notes,Type\n" + rows)
    assert frame.height == 7
    assert frame.columns[:3] == ["Code", "Country", "1990"]


def test_rows_with_a_mark_behind_stay(tmp_path: Path) -> None:
    rows = [f"{d:02d}/01/2012;{30 + d};{10 + d}" + (";" if d < 4 else "") for d in range(1, 15)]
    frame = _read(tmp_path, "Date;North;South;West\n" + "\n".join(rows) + "\n")
    assert frame.height == 14
    assert frame.columns == ["Date", "North", "South", "West"]


def test_lines_of_one_cell_hold_marks(tmp_path: Path) -> None:
    lines = [" ".join(["Town", *["of"] * (i % 3), f"({'University ' * (i % 2)}{i})"]) for i in range(40)]
    lines = [line.replace(")", ", Stillman, Shelton)") if i % 4 == 0 else line for i, line in enumerate(lines)]
    frame = _read(tmp_path, "\n".join(lines) + "\n", "towns.txt")
    assert frame.width == 1
    assert frame.height in (39, 40)
    assert set(frame.to_series().to_list()) <= set(lines)


@pytest.mark.parametrize("first", ["oak,1950,2000", "2000,1950,1900"])
def test_a_first_row_that_holds_years_is_a_row(tmp_path: Path, first: str) -> None:
    rows = [f"tree{i},{i * 37 % 900 + 100},{i * 53 % 700 + 90}" for i in range(40)]
    rows = rows if first.startswith("oak") else [f"{i * 31 % 800},{i * 37 % 900},{i * 53 % 700}" for i in range(1, 41)]
    assert _read(tmp_path, "\n".join([first, *rows]) + "\n").height == 41
