"""Workbooks: sheets, stacked and merged headers, units, notes, and no value lost to a type."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import InputError


def _workbooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reading_workbooks", Path(__file__).with_name("workbooks.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


books = _workbooks()
PLAIN = [
    ["code", "sum", "day", "paid", "mixed"],
    *[[f"00{i}", i * 1.5, date(2024, 1, i), i % 2 == 0, i if i % 3 else "n/a"] for i in range(1, 13)],
]
GROUPED = [
    ["Report of 2024"],
    [],
    ["unit", "2013", None, "2014", None],
    ["name", "staff", "cost", "staff", "cost"],
    *[[f"u{i}", i, i * 2, i * 3, i * 4.5] for i in range(1, 12)],
    ["Total", 66, 132, 198, 297],
    [],
    ["Source: ourselves"],
]
UNITS = [["name", "length", "mass"], [None, "m", "kg"], *[[f"n{i}", i * 1.5, i * 2.5] for i in range(1, 12)]]
SHEETS = {"Nothing": [], "Plain": PLAIN, "Group": GROUPED, "Units": UNITS}


@pytest.fixture(params=["xlsx", "ods"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write: Callable[..., Path] = getattr(books, f"write_{request.param}")
    return write(tmp_path / f"book.{request.param}", SHEETS)


def test_no_value_is_lost_to_a_type(book: Path) -> None:
    table = ap.read(book, sheet="Plain")
    frame = table.collect()
    assert frame.row(0) == ("001", 1.5, date(2024, 1, 1), False, "1")
    assert frame.row(2) == ("003", 4.5, date(2024, 1, 3), False, "n/a")
    assert frame.schema["mixed"] == pl.String and frame.height == 12 and frame.null_count().sum_horizontal().item() == 0


def test_the_first_sheet_that_holds_something_is_read_and_others_are_named(book: Path) -> None:
    table = ap.read(book)
    assert table.collect().columns == PLAIN[0]
    assert "Read sheet 'Plain', one of 4: Nothing, Plain, Group, Units." in table.notes
    assert ap.read(f"{book}#Units").collect().height == 11 == ap.read(book, sheet=4).collect().height
    for sheet, said in (("Grop", "did you mean 'Group'"), (9, "it has 4"), ("Nothing", "is empty")):
        with pytest.raises(InputError, match=said):
            ap.read(book, sheet=sheet)


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_sheet_that_only_names_the_source_is_passed_over(kind: str, tmp_path: Path) -> None:
    write: Callable[..., Path] = getattr(books, f"write_{kind}")
    remark = [["Source: ourselves", "2024"]]
    both = write(tmp_path / f"both.{kind}", {"Source": remark, "Plain": PLAIN})
    assert ap.read(both).collect().columns == PLAIN[0]
    listed = write(
        tmp_path / f"listed.{kind}", {"Data": [["mail"], *[[f"a{i}@b.c"] for i in range(50)]], "Plain": PLAIN}
    )
    assert ap.read(listed).collect().height == 50
    alone = write(tmp_path / f"alone.{kind}", {"Source": remark})
    assert ap.read(alone).collect().height <= 1


def test_stacked_headers_titles_and_notes(book: Path) -> None:
    table = ap.read(book, sheet="Group")
    frame = table.collect()
    assert frame.columns == ["unit name", "2013 staff", "2013 cost", "2014 staff", "2014 cost"]
    assert frame.height == 12 and frame.row(-1)[0] == "Total" and frame.schema["2014 cost"] == pl.Float64
    assert table.rejected.select("line", "text").rows() == [(len(GROUPED), "Source: ourselves")]
    assert any("2 rows above the table" in note for note in table.notes)


def test_a_units_row_is_set_aside(book: Path) -> None:
    table = ap.read(book, sheet="Units")
    assert table.collect().row(0) == ("n1", 1.5, 2.5)
    assert any("units" in note for note in table.notes)


def test_merged_cells_name_all_columns_below_them(tmp_path: Path) -> None:
    rows = [["unit", "2013", None], [None, "staff", "cost"], *[[f"u{i}", i, i * 2] for i in range(1, 12)]]
    path = books.write_xlsx(tmp_path / "merged.xlsx", {"S": rows}, merged=["A1:A2", "B1:C1"])
    assert ap.read(path).collect().columns == ["unit", "2013 staff", "2013 cost"]


def test_a_damaged_workbook_is_one_line(book: Path) -> None:
    book.write_bytes(book.read_bytes()[:600])
    with pytest.raises(InputError) as caught:
        ap.read(book)
    assert "\n" not in str(caught.value)


def test_answers_of_a_survey_below_its_questions(tmp_path: Path) -> None:
    rows = [[900 + i, "Yes" if i % 3 else "No", "Tea" if i % 2 else None, None if i % 3 else "Mate"] for i in range(20)]
    head = [["id", "Thirsty?", "What do you drink?", None], [None, "Response", "Tea", "Mate"]]
    table = ap.read(books.write_xlsx(tmp_path / "a.xlsx", {"one": [*head, *rows]}))
    names = ["id", "Thirsty? Response", "What do you drink? Tea", "What do you drink? Mate"]
    assert (table.collect().columns, table.collect().height) == (names, 20)
