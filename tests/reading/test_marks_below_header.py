"""Rows of marks for what was left out are rows, not more header."""

from __future__ import annotations

from pathlib import Path

import pytest

import autoprep as ap


def _read(tmp_path: Path, head: str, first: list[str]) -> ap.Table:
    rows = [f"R{i},{i * 7 % 31},{i * 5 % 23},{i * 3 % 19}" for i in range(40)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([head, *first, *rows]) + "\n")
    return ap.read(path)


@pytest.mark.parametrize(
    "first",
    [
        ["Aa,**,**,**", "Ab,**,**,**"],
        ["Aa,**,n/a,-"],
        ["Aa,D,D,D", "Ab,D,4,D"],
        ["Aa,withheld,withheld,withheld", "Ab,withheld,4,3"],
        [",**,**,**"],
        ["Aa,(D),(D),(D)"],
        ["Aa,(D),(S),(NA)", "Ab,(D),4,5"],
        [",(D),(D),(D)", "Ab,4,(D),5"],
        ["Aa,n/a,n/a,n/a"],
        ["Aa,n/a,-,(NA)"],
    ],
)
def test_suppressed_first_rows_stay_rows(tmp_path: Path, first: list[str]) -> None:
    table = _read(tmp_path, "region,all,young,old", first)
    assert table.dialect is not None and table.dialect.header_rows == 1
    assert table.collect().height == 40 + len(first)
    assert table.frame.collect_schema().names() == ["region", "all", "young", "old"]


@pytest.mark.parametrize(
    ("head", "second"),
    [
        ("region,2019,2020,2021", ",estimate,estimate,estimate"),
        (",2019,2020,2021", "region,estimate,estimate,estimate"),
        ("region,people,,homes", ",young,old,all"),
    ],
)
def test_a_second_header_row_is_still_found(tmp_path: Path, head: str, second: str) -> None:
    table = _read(tmp_path, head, [second])
    assert table.dialect is not None and table.dialect.header_rows == 2
    assert table.collect().height == 40


@pytest.mark.parametrize(
    "second", [",(m/s),(kg),%", ",[V],[V],[A]", "-,m/s,kg,n", "(name),(V),(S),(W)", ",(D),(D),(D)"]
)
def test_a_row_of_units_is_still_found(tmp_path: Path, second: str) -> None:
    table = _read(tmp_path, "region,all,young,old", [second])
    assert table.dialect is not None and table.dialect.units_row and table.dialect.header_rows == 1
    assert any("gives units" in note for note in table.notes) and table.collect().height == 40


def test_columns_named_by_years(tmp_path: Path) -> None:
    assert _read(tmp_path, "region,2019,2020,2021", []).frame.collect_schema().names()[1] == "2019"
