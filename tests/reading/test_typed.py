"""JSON in its shapes, and frames of every library that speaks the Arrow PyCapsule interface."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import autoprep as ap
from autoprep.cli import app
from autoprep.engines.local import write
from autoprep.errors import InputError

ROWS = [{"id": 1, "name": "Ada", "tags": ["x"]}, {"id": 2, "name": None, "extra": 0.5}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.json", json.dumps(ROWS)),
        ("wrapped.json", json.dumps({"count": 2, "data": ROWS})),
        ("lines.ndjson", "\n".join(map(json.dumps, ROWS)) + "\n"),
        ("lines.jsonl", "\n".join(map(json.dumps, ROWS))),
        ("lines.json", "\n".join(map(json.dumps, ROWS)) + "\n"),
    ],
)
def test_json_in_its_shapes(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    frame = ap.read(tmp_path / name).collect()
    assert frame.columns == ["id", "name", "tags", "extra"] and frame["id"].to_list() == [1, 2]
    assert frame["name"].to_list() == ["Ada", None] and frame["extra"].to_list() == [None, 0.5]


def test_json_of_columns_and_of_mixed_values(tmp_path: Path) -> None:
    (tmp_path / "columns.json").write_text('{"a": [1, 2], "b": ["x", "y"]}')
    assert ap.read(tmp_path / "columns.json").collect().rows() == [(1, "x"), (2, "y")]
    (tmp_path / "mixed.json").write_text('[{"a": 1}, {"a": "two"}, {"a": 2.5}]')
    assert ap.read(tmp_path / "mixed.json").collect()["a"].to_list() == ["1", "two", "2.5"]
    (tmp_path / "mixed.ndjson").write_text('{"a": 1}\n{"a": "two"}\n{"a": 2.5}\n')
    assert ap.read(tmp_path / "mixed.ndjson").collect()["a"].to_list() == ["1", "two", "2.5"]


@pytest.mark.parametrize("text", ["[", "[]", "{}", '{"a": }', "[1, 2", '{"a": 1}\n{"a": '])
def test_broken_json_is_one_line(tmp_path: Path, text: str) -> None:
    for suffix in ("json", "ndjson"):
        path = tmp_path / f"broken.{suffix}"
        path.write_text(text)
        try:
            ap.read(path).collect()
        except InputError as error:
            assert "\n" not in str(error)


class Stream:
    """A frame of a library that nobody has heard of."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def test_frames_of_every_library() -> None:
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    rows = {"n": [1, None], "s": ["007", None], "d": [date(2024, 1, 31), None]}
    expected = [(1, "007", date(2024, 1, 31)), (None, None, None)]
    arrow_rows = arrow.table(rows)
    for frame in (pl.DataFrame(rows), pl.LazyFrame(rows), arrow_rows, arrow_rows.to_reader()):
        assert ap.read(frame).collect().rows() == expected
    assert ap.read(Stream(arrow_rows)).collect().rows() == expected
    made = pandas.DataFrame(
        {1: [1.0, None], "s": ["007", None], "c": pandas.Categorical(["x", None])}, index=["a", "b"]
    )
    read = ap.read(made)
    assert read.collect().columns == ["1", "s", "c"] and read.collect()["s"].to_list() == ["007", None]
    assert any("index" in note for note in read.notes)
    odd = pandas.DataFrame({"mixed": [1, "two", None], "n": [1, 2, 3]})
    assert ap.read(odd).collect()["mixed"].to_list() == ["1", "two", None]


def test_decimals_become_numbers_where_that_loses_nothing() -> None:
    table = ap.read(pl.DataFrame({"price": [Decimal("1.50"), None], "long": [Decimal("12345678901234567.89"), None]}))
    assert table.collect().rows() == [(1.5, "12345678901234567.89"), (None, None)]
    assert any("'long'" in note for note in table.notes)


def test_what_is_no_frame_is_refused() -> None:
    for source in (object(), 5, {1, 2}):
        with pytest.raises(InputError, match="cannot be read"):
            ap.read(source)


def test_a_broken_line_of_json_is_set_aside_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    sound = "".join(f'{{"id": {i}, "tags": ["a", "b"], "who": {{"name": "u{i}"}}}}\n' for i in range(30))
    path.write_text(sound + '\n{"id": 31, "tags": [')
    table = ap.read(path)
    assert table.collect()["id"].to_list() == list(range(30))
    assert table.rejected.rows() == [(32, '{"id": 31, "tags": [', "no JSON")]
    assert any("line 32" in note for note in table.notes)
    path.write_text('{"id": 1}\n{"id": \n[2]\n{"id"\n')
    with pytest.raises(InputError, match=r"line 2 is no JSON\b"):
        ap.read(path)


def test_nested_cells_are_written_as_json_in_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [1, 2], "tags": [["a", 'b"c'], None], "who": [{"x": 1}, {"x": None}]})
    made = pl.read_csv(write(frame, tmp_path / "a.csv"))
    assert made.rows() == [(1, '["a","b\\"c"]', '{"x":1}'), (2, None, '{"x":null}')]


def test_json_of_several_tables(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    orders = [{"order": i, "sum": i * 2.5} for i in range(4)]
    path.write_text(json.dumps({"made": "today", "people": ROWS, "line items": orders, "none": []}))
    said = r"shop\.json: .* 2 tables \(people, line items\); name one with --table people, or as 'shop\.json#people'"
    with pytest.raises(InputError, match=said):
        ap.read(path)
    for which in ("line items", 2, "2"):
        table = ap.read(path, table=which)
        assert table.collect().rows() == [(i, i * 2.5) for i in range(4)]
        assert any("'people'" in note for note in table.notes)
    assert ap.read(f"{path}#people").collect().height == 2
    assert ap.read(path, table="people", query="SELECT id FROM self WHERE id > 1").collect().rows() == [(2,)]
    for which in ("peopel", 3):
        with pytest.raises(InputError, match=f"no table '{which}'"):
            ap.read(path, table=which)
    shown = CliRunner().invoke(app, ["read", str(path), "--table", "people", "--json"])
    assert shown.exit_code == 0 and json.loads(shown.stdout)["columns"] == ["id", "name", "tags", "extra"]
    assert CliRunner().invoke(app, ["profile", f"{path}#people", "--json"]).exit_code == 0


def test_json_of_columns_of_which_one_holds_records(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"id": [1, 2], "who": [{"name": "Ada"}, {"name": "Bo"}]}))
    assert ap.read(path).collect().columns == ["id", "who"]
    path.write_text(json.dumps({"id": [1, 2, 3], "n": [1]}))
    with pytest.raises(InputError, match=r"several lengths \(id: 3, n: 1\)"):
        ap.read(path)
