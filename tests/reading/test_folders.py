"""Folders and globs become one table, and what drifts is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoprep.errors import InputError
from autoprep.reading import read


def test_a_glob_is_one_table_and_drift_is_said(tmp_path: Path) -> None:
    (tmp_path / "sales_1.csv").write_text("id,price\n1,10\n2,20\n")
    (tmp_path / "sales_2.csv").write_text("price,id,city\n30,3,Oslo\n40,4,Moss\n")
    table = read(tmp_path / "sales_*.csv")
    assert table.collect().to_dict(as_series=False) == {
        "id": ["1", "2", "3", "4"],
        "price": ["10", "20", "30", "40"],
        "city": [None, None, "Oslo", "Moss"],
    }
    assert any("'city' is not in 1 of 2 files (sales_1.csv)" in note for note in table.notes)
    assert read(tmp_path).collect().equals(table.collect())


def test_a_glob_without_files_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file is there"):
        read(tmp_path / "none_*.csv")
