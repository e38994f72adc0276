"""Files of one column whose cells hold marks, and files whose columns stand at fixed places."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from autoprep.reading import read
from autoprep.reading.text import read_text

TOWNS = ["Rome", "Oslo", "New York", "Zürich"]
NAMES = ["Ann Lee", "Bo Chen", "Cy Young", "Di O'Neil", "Ed van Dam"]
ONE: dict[str, list[str]] = {
    "full name": NAMES * 6,
    "name": [f"{name.split(' ', 1)[1]}, {name.split(' ', 1)[0]}" for name in NAMES * 6],
    "timestamp": [f"2024-01-{i % 28 + 1:02} 10:{i % 60:02}:00" for i in range(40)],
    "preis": [f"{i},{i % 10}5" for i in range(40)],
    "email": [f"u{i}@example.org" for i in range(40)],
    "url": [f"https://example.org/a{i}?b={i}" for i in range(40)],
    "review": ["good movie overall", "I did not like it", "so so", "great cast and a fine plot"] * 8,
    "post": ["what a day", "#monday", "# 1 in the charts", "//see above", "%%"] * 8,
    "tag": ["#one", "#two", "three", "four"] * 8,
}


@pytest.mark.parametrize("header", ONE)
def test_one_column_stays_one(header: str) -> None:
    found = read_text("\n".join([header, *ONE[header], ""]).encode())
    assert found.frame.collect().rows() == [(cell,) for cell in ONE[header]]
    assert list(found.headers.values()) == [header]


def test_remarks_above_one_column_are_no_cells() -> None:
    found = read_text(b"# from the archive\n# of 2024\nname\nAda\n#3\nCy\nDee\n")
    assert found.frame.collect().rows() == [("Ada",), ("#3",), ("Cy",), ("Dee",)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("DATA\nid name v\n" + "".join(f"{i} x{i} {i * 0.5}\n" for i in range(30)), 30),
        ("30\n" + "".join(f"C {i}.5 {i * 0.5}\n" for i in range(30)), 30),
        ("Report\n1,2,3\n" + "".join(f"{i},{i * 2},{i * 3}\n" for i in range(30)), 31),
    ],
)
def test_a_line_above_a_table_makes_it_no_column_of_its_own(text: str, rows: int) -> None:
    found = read_text(text.encode()).frame.collect()
    assert found.width == 3 and found.height == rows


def padded(rows: list[tuple[str, ...]], widths: list[int], *, right: bool, rule: bool) -> str:
    lines = [
        "".join((c.rjust(w) if right else c.ljust(w)) + "  " for c, w in zip(r, widths, strict=True)) for r in rows
    ]
    if rule:
        lines.insert(1, "".join("-" * w + "  " for w in widths))
    return "\n".join(line.rstrip() for line in lines) + "\n"


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("rule", [False, True])
def test_columns_at_fixed_places_are_found(tmp_path: Path, right: bool, rule: bool) -> None:
    rng = random.Random(3)
    cells = [
        (str(i), rng.choice(NAMES), rng.choice(TOWNS), f"2024-01-{i % 28 + 1:02} 10:30", f"{rng.uniform(1, 900):.2f}")
        for i in range(1, 60)
    ]
    head = ("id", "name", "city", "when", "price")
    path = tmp_path / "a.txt"
    path.write_text(padded([head, *cells], [4, 12, 10, 16, 8], right=right, rule=rule), encoding="utf-8")
    found = read(path)
    assert tuple(found.frame.collect_schema().names()) == head
    assert found.frame.collect().rows() == cells
    assert any("fixed places" in note for note in found.notes)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("count", [8, 60])
def test_columns_at_fixed_places_without_names(tmp_path: Path, right: bool, count: int) -> None:
    rng = random.Random(4)
    cells = [
        (str(i), rng.choice(TOWNS), f"2024-01-{i % 28 + 1:02}", f"{rng.uniform(1, 900):.2f}") for i in range(1, count)
    ]
    path = tmp_path / "a.txt"
    path.write_text(padded(cells, [4, 10, 16, 8], right=right, rule=False), encoding="utf-8")
    found = read(path)
    assert found.frame.collect().rows() == cells
    assert found.dialect is not None and found.dialect.header_rows == 0
    assert any("no header" in note for note in found.notes)
    again = read(path, dialect=found.dialect)
    assert again.frame.collect().rows() == cells


def test_names_that_are_underlined_or_given_stay_names(tmp_path: Path) -> None:
    cells = [(str(i), TOWNS[i % 4], f"{i * 7.5:.2f}") for i in range(30)]
    path = tmp_path / "a.txt"
    path.write_text(padded([("1", "Rome", "2.50"), *cells], [4, 10, 8], right=False, rule=True), encoding="utf-8")
    assert read(path).frame.collect().rows() == cells
    plain = tmp_path / "b.txt"
    plain.write_text(padded(cells, [4, 10, 8], right=False, rule=False), encoding="utf-8")
    dialect = read(plain).dialect
    assert dialect is not None
    assert read(plain, dialect=replace(dialect, header_rows=1)).frame.collect().rows() == cells[1:]
