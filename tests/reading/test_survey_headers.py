"""Surveys that write the answers offered in a second row below the questions."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import autoprep as ap
from autoprep.reading.describe import load_dialect

TEAS = ["Green tea", "Black tea", "Herbal tea", "Iced tea"]
ASKED = "Which of these do you drink? Please select all that apply."


def _read(tmp_path: Path, *rows: list[str]) -> ap.Table:
    path = tmp_path / "survey.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return ap.read(path)


def _ticked(count: int) -> list[list[str]]:
    return [[tea if (i * (at + 3)) % 5 < 2 else "" for at, tea in enumerate(TEAS)] for i in range(count)]


def _two_rows(table: ap.Table, rows: int) -> list[str]:
    assert table.dialect is not None and table.dialect.header_rows == 2
    assert "The column names stand in 2 rows." in table.notes
    assert table.collect().height == rows
    return table.collect().columns


def test_one_answer_each(tmp_path: Path) -> None:
    rows = [[str(900 + i), "Yes" if i % 3 else "No", ["Often", "Never", ""][i % 3]] for i in range(40)]
    table = _read(tmp_path, ["id", "Do you drink tea?", "How often?"], ["", "Response", "Response"], *rows)
    assert _two_rows(table, 40) == ["id", "Do you drink tea? Response", "How often? Response"]


def test_answers_that_are_ticked(tmp_path: Path) -> None:
    rows = [[str(900 + i), *teas, f"Town {i % 7}"] for i, teas in enumerate(_ticked(40))]
    table = _read(tmp_path, ["id", ASKED, "", "", "", "Where?"], ["", *TEAS, "Open-Ended Response"], *rows)
    assert _two_rows(table, 40)[1:3] == [f"{ASKED} Green tea", f"{ASKED} Black tea"]


def test_answers_that_are_ticked_and_no_words(tmp_path: Path) -> None:
    rows = [[str(900 + i), *teas] for i, teas in enumerate(_ticked(40))]
    table = _read(tmp_path, ["id", ASKED, "", "", ""], ["", *TEAS], *rows)
    assert _two_rows(table, 40)[4] == f"{ASKED} Iced tea"


def test_a_dialect_overrules(tmp_path: Path) -> None:
    rows = [["Yes" if i % 3 else "No", ["Often", "Never", ""][i % 3]] for i in range(40)]
    table = _read(tmp_path, ["Tea?", "How often?"], ["Response", "Response"], *rows)
    assert table.dialect is not None
    (tmp_path / "one.json").write_text(json.dumps(table.dialect.to_dict() | {"header_rows": 1}))
    again = ap.read(tmp_path / "survey.csv", dialect=load_dialect(tmp_path / "one.json"))
    assert again.collect().columns == ["Tea?", "How often?"] and again.collect().height == 41


@pytest.mark.parametrize(
    ("head", "first"),
    [
        (["kind", "text"], ["Response", "well, well"]),  # an answer among posts
        (["Tea?", "Coffee?"], ["Response", "No"]),
    ],
)
def test_answers_among_the_rows_stay_rows(tmp_path: Path, head: list[str], first: list[str]) -> None:
    rows = [[["Response", "Question"][i % 2], ["late", "soon", "now"][i % 3]] for i in range(40)]
    table = _read(tmp_path, head, first, *rows)
    assert table.dialect is not None and table.dialect.header_rows == 1
    assert table.collect().height == 41
