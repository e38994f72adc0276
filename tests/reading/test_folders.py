"""Folders and globs become one table, and what drifts is said."""

from __future__ import annotations

from pathlib import Path

import polars as pl
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


CITIES = ["Oslo", "Bergen", "Moss", "Bodø", "Hamar", "Tromsø"]


def rows(start: int, price: str = "{}.50") -> str:
    return "".join(f"{start + i},{price.format(i + 10)},{CITIES[i % 6]}\n" for i in range(12))


def changes(table: object) -> set[tuple[str, str, str]]:
    return set(table.drift.select("file", "column", "change").rows())  # type: ignore[attr-defined]


def test_a_column_renamed_by_its_values_is_one_column_and_a_report_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price,city\n" + rows(1))
    (tmp_path / "b.csv").write_text("id,price,city\n" + rows(20))
    (tmp_path / "c.csv").write_text("id,Price ,place\n" + rows(40))
    table = read(tmp_path)
    frame = table.collect()
    assert frame.columns == ["id", "price", "city"] and frame.null_count().row(0) == (0, 0, 0)
    assert frame.height == 36 and frame["id"].n_unique() == 36
    assert changes(table) == {("c.csv", "price", "renamed"), ("c.csv", "city", "renamed")}
    assert any("'city' is called 'place' here" in note for note in table.notes)


def test_columns_that_share_small_numbers_or_nothing_are_not_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,sum,rooms,name\n" + "".join(f"A{i},{i},{i % 5},n{i}\n" for i in range(20)))
    (tmp_path / "b.csv").write_text("id,sum,stars,word\n" + "".join(f"B{i},{i},{i % 5},w{i}\n" for i in range(20)))
    table = read(tmp_path)
    assert table.collect().columns == ["id", "sum", "rooms", "name", "stars", "word"]
    assert {change for _, _, change in changes(table)} <= {"lost", "added"}


def test_retyped_and_reordered_columns_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price,city\n" + rows(1))
    (tmp_path / "b.csv").write_text("id,price,city\n" + rows(20))
    (tmp_path / "c.csv").write_text("city,id,price\n" + "".join(f"Oslo,{i},2024-01-{i + 10}\n" for i in range(12)))
    table = read(tmp_path)
    assert changes(table) == {("c.csv", "", "reordered"), ("c.csv", "price", "retyped")}
    assert table.collect().columns == ["id", "price", "city"] and table.collect().height == 36


def test_typed_files_meet_in_the_wider_type(tmp_path: Path) -> None:
    pl.DataFrame({"n": [1, 2], "x": [1, 2], "day": ["2024-01-01", None]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"n": [1, 2], "x": [0.5, None], "day": ["x", "y"]}).with_columns(
        pl.col("n").cast(pl.Int8)
    ).write_parquet(tmp_path / "b.parquet")
    table = read(tmp_path / "*.parquet")
    assert table.collect().schema == {"n": pl.Int64, "x": pl.Float64, "day": pl.String}
    assert {c for _, c, change in changes(table) if change == "retyped"} == {"n", "x", "day"}


def test_a_part_without_a_header_takes_the_names_by_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price,city\n" + rows(1))
    (tmp_path / "b.csv").write_text("id,price,city\n" + rows(20))
    (tmp_path / "c.csv").write_text(rows(40))
    table = read(tmp_path)
    assert table.collect().columns == ["id", "price", "city"] and table.collect().height == 36
    assert any("without a header" in note for note in table.notes)


def test_different_tables_in_one_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price,city\n" + rows(1))
    (tmp_path / "b.csv").write_text("who,when\nAda,2024-01-01\nBob,2024-01-02\n")
    with pytest.raises(InputError, match="different tables"):
        read(tmp_path)


def test_rejected_lines_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price,city\n" + rows(1) + "just a note\n" + rows(13))
    (tmp_path / "b.csv").write_text("id,price,city\n" + rows(50))
    table = read(tmp_path)
    assert table.rejected["reason"].to_list() == ["a.csv: 1 cells where 3 are expected"]
    assert table.collect().height == 36
