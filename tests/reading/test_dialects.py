"""Written with any dialect, the same cells are read again; and no line of a text ever disappears without a word."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autoprep as ap
from autoprep.errors import AutoprepError, InputError, SettingError
from autoprep.reading.text import read_text
from autoprep.types import Dialect

FEW = settings(max_examples=30, deadline=None)
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])


def write(rows: list[list[str]], dialect: Dialect, *, quote_all: bool) -> bytes:
    """Rows as a text in a dialect: what must be quoted is, and everything when asked."""
    d, q, e = dialect.delimiter, dialect.quote, dialect.escape

    def cell(text: str) -> str:
        needed = any(part in text for part in (*d, q, "\n", "\r", e or q)) or text != text.strip()
        if not needed and not quote_all:
            return text
        inner = text.replace(e, e + e).replace(q, e + q) if e else text.replace(q, q + q)
        return q + inner + q

    lines = [d.join(cell(c) for c in row) for row in rows]
    return dialect.newline.join([*lines, ""]).encode(dialect.encoding)


@st.composite
def dialects(draw: st.DrawFn, delimiters: list[str], encodings: list[str]) -> Dialect:
    return Dialect(
        encoding=draw(st.sampled_from(encodings)),
        delimiter=draw(st.sampled_from(delimiters)),
        quote=draw(st.sampled_from(['"', "'"])),
        escape=draw(st.sampled_from(["", "\\"])),
        newline=draw(NEWLINES),
    )


TEXT = st.text(alphabet="ab7 ,;|\"'\\é€\n-#.", max_size=8)


@FEW
@given(
    st.integers(2, 5).flatmap(lambda w: st.lists(st.lists(TEXT, min_size=w, max_size=w), min_size=1, max_size=12)),
    dialects([",", ";", "\t", "|", "^", "||", "::", "~#~"], ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]),
    st.booleans(),
)
def test_a_dialect_that_is_given_gives_the_same_cells(rows: list[list[str]], dialect: Dialect, quote_all: bool) -> None:
    names = [f"name{i}" for i in range(len(rows[0]))]
    table = read_text(write([names, *rows], dialect, quote_all=quote_all), dialect)
    assert table.frame.collect().columns == names
    assert table.rejected.is_empty()
    assert [[c or "" for c in row] for row in table.frame.collect().rows()] == rows


WORDS = st.sampled_from(["Ada", "Grace Hopper", "north", "Oslo, centre", '5" disk', "rock 'n' roll", "x;y", "née", ""])
COLUMNS = st.lists(st.sampled_from(["number", "word", "date", "code"]), min_size=2, max_size=6)


def value(kind: str, i: int, word: str) -> str:
    made = {
        "number": f"{i * 37 % 101}.{i % 10}",
        "date": str(date(2024, 1, 1) + timedelta(days=i)),
        "code": f"A-{i * 7919 % 1000:04}",
    }
    return made.get(kind, word)


@FEW
@given(
    COLUMNS,
    st.lists(WORDS, min_size=20, max_size=20),
    dialects([",", ";", "\t", "|"], ["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.booleans(),
)
def test_a_dialect_is_found_and_gives_the_same_cells(
    kinds: list[str], words: list[str], dialect: Dialect, quote_all: bool
) -> None:
    names = [f"{kind}_{i}" for i, kind in enumerate(kinds)]
    rows = [[value(k, i * 5 + j, words[(i + j) % 20]) for j, k in enumerate(kinds)] for i in range(20)]
    rows = [row if any(row) else ["x", *row[1:]] for row in rows]
    table = read_text(write([names, *rows], dialect, quote_all=quote_all))
    assert table.dialect.delimiter == dialect.delimiter
    assert table.frame.collect().columns == names
    assert [[c or "" for c in row] for row in table.frame.collect().rows()] == rows


LINES = st.lists(
    st.one_of(
        st.lists(st.sampled_from(["1", "2.5", "x", "Ada", "2024-01-01", ""]), min_size=1, max_size=6).map(",".join),
        st.sampled_from(["", "a note", "# said", "Total,,", ",,,", "id,name,sum", "   "]),
    ),
    min_size=1,
    max_size=40,
)


@FEW
@given(LINES, NEWLINES)
def test_every_line_is_a_row_or_is_accounted_for(lines: list[str], newline: str) -> None:
    data = newline.join([*lines, ""]).encode()
    try:
        table = read_text(data)
    except InputError:
        assert not "".join(lines).strip()
        return
    d = table.dialect
    after = lines[d.preamble_lines + d.header_rows + d.units_row : len(lines) - d.footer_lines]
    silent = sum(not line for line in after) + sum(bool(d.comment) and line.startswith(d.comment) for line in after)
    assert table.frame.collect().height + table.rejected.height + silent == len(after)


@settings(max_examples=30, deadline=None)
@given(
    st.one_of(st.binary(max_size=400), st.text(alphabet=",;\"'\n\r\t |ab1.\x00\ufeffé", max_size=400).map(str.encode))
)
def test_any_bytes_are_read_or_refused_in_one_line(data: bytes) -> None:
    try:
        table = read_text(data)
    except AutoprepError as error:
        assert "\n" not in str(error)
        return
    frame = table.frame.collect()
    assert frame.estimated_size() + table.rejected.estimated_size() <= 64 * len(data) + 4096


HOSTILE = {
    "quotes": b'"' * 200_000, "delimiters": b"," * 200_000, "blank lines": b"\n" * 200_000 + b"x",
    "one line of words": b"ab cd " * 30_000, "open quotes": b'a,"b\n' * 40_000, "blank between": b"1,2\n\n" * 40_000,
    "one endless cell": b'"' + b"x,\n" * 60_000 + b'",1\n', "every delimiter": b";,|\t:" * 40_000,
    "quotes and escapes": b'a,"\\\\\\"b",c\n' * 16_000, "stray quotes": b'a,b "c" d,e"\n' * 15_000,
    "header again and again": b"a,b\n" * 50_000, "zeros": b"a,\x00b\n" * 40_000,
    "ragged": b"".join(b",".join([b"1"] * (i * 7919 % 30 + 1)) + b"\n" for i in range(6_000)),
}  # fmt: skip


@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_texts_neither_hang_nor_swell(shape: str) -> None:
    started = time.process_time()
    try:
        table = read_text(HOSTILE[shape])
        assert table.frame.collect().estimated_size() <= 64 * len(HOSTILE[shape])
    except InputError as error:
        assert "\n" not in str(error)
    assert time.process_time() - started < 5


def test_a_dialect_file_replays_and_overrides(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("made by us\n\nday;sum\n2024-01-01;1,5\n2024-01-02;2,5\n2024-01-03;3,5\n")
    found = ap.read(path)
    assert found.dialect is not None
    (tmp_path / "dialect.json").write_text(json.dumps(found.dialect.to_dict()))
    again = ap.read(path, dialect=tmp_path / "dialect.json")
    assert again.collect().equals(found.collect())
    assert again.dialect is not None and replace(
        again.dialect, evidence={}, confidence=found.dialect.confidence
    ) == replace(found.dialect, evidence={})
    other = ap.read(path, dialect={**found.dialect.to_dict(), "delimiter": ","})
    assert other.collect().columns == ["day;sum"] or other.collect().width == 2
    (tmp_path / "wrong.json").write_text('{"delimitr": ";"}')
    with pytest.raises(SettingError, match="delimiter"):
        ap.read(path, dialect=tmp_path / "wrong.json")


def test_comments_units_footers_and_totals(tmp_path: Path) -> None:
    rows = "".join(f"station {i},{i}.5,{i * 2}\n" for i in range(1, 15))
    path = tmp_path / "a.csv"
    path.write_text("# from the archive\nname,height,mass\n,cm,kg\n" + rows + "Total,105,210\n\nSource: archive\n")
    table = ap.read(path)
    assert table.dialect is not None
    assert table.collect().columns == ["name", "height", "mass"] and table.collect().height == 15
    assert table.dialect.units_row and table.dialect.footer_lines == 2
    assert table.dialect.evidence["units"] == {"height": "cm", "mass": "kg"}
    assert any("total" in note for note in table.notes) and any("units" in note for note in table.notes)


def test_detection_is_deterministic_and_names_its_rival(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n" + "".join(f"{i},5;{i * 2},25\n" for i in range(30)))
    first, second = ap.read(path), ap.read(path)
    assert first.dialect == second.dialect and first.dialect is not None
    assert first.dialect.delimiter == ";" and first.dialect.evidence["runner_up"]


def test_names_are_stable_and_reversible(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(" id ,name,name,,name_2\n1,Ada,Bob,x,y\n2,Cy,Dee,z,w\n")
    table = ap.read(path)
    assert table.collect().columns == ["id", "name", "name_3", "column_4", "name_2"]
    assert [table.headers[c] for c in table.collect().columns] == [" id ", "name", "name", "", "name_2"]


def test_full_header_rows_above_typed_columns(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{i + 1:02},{i}.5,{i},shop {i}\n" for i in range(20))
    path = tmp_path / "a.csv"
    path.write_text("day,height,count,shop\nfirst,mean,total,name\n" + rows)
    table = ap.read(path)
    assert table.collect().columns == ["day first", "height mean", "count total", "shop name"]
    assert table.collect().height == 20
    path.write_text("day,height,count,shop\n" * 2 + rows)
    assert ap.read(path).collect().columns == ["day", "height", "count", "shop"]
    path.write_text(rows)
    assert ap.read(path).collect().height == 20
