"""A text is written again with some cells changed: those read as they should, all else is byte for byte the same."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autoprep as ap
from autoprep.api import write_cleaned
from autoprep.reading import SpliceError, splice
from autoprep.types import Cleaned, Dialect, Event
from tests.reading.test_dialects import TEXT, dialects, write

ALL = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ABOVE = st.sampled_from(["", "made by us", "made by us\n\n# twice"])
BELOW = st.sampled_from(["", "\nSource: us"])


@ALL
@given(
    st.integers(2, 4).flatmap(lambda w: st.lists(st.lists(TEXT, min_size=w, max_size=w), min_size=2, max_size=9)),
    dialects([",", ";", "\t", "|", "||", "~#~"], ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252"]),
    st.booleans(),
    st.tuples(ABOVE, BELOW),
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), TEXT), max_size=5),
)
def test_cells_are_put_in_and_the_rest_stays(
    tmp_path: Path,
    rows: list[list[str]],
    dialect: Dialect,
    quote_all: bool,
    around: tuple[str, str],
    wanted: list[tuple[int, int, str]],
) -> None:
    names = [f"name{i}" for i in range(len(rows[0]))]
    above, below = (part.split("\n") if part else [] for part in around)
    codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(dialect.encoding, dialect.encoding)
    mark = b"" if codec == dialect.encoding else "\ufeff".encode(codec)
    body = write([names, *rows], Dialect(**{**dialect.to_dict(), "encoding": codec}), quote_all=quote_all)
    edge = ["".join(line + dialect.newline for line in part).encode(codec) for part in (above, below)]
    raw = mark + edge[0] + body + edge[1]
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(raw)
    given = Dialect(**{**dialect.to_dict(), "preamble_lines": len(above), "footer_lines": len(below)})
    table = ap.read(source, dialect=given)
    before = table.collect()
    assert splice(table.layout, before, before, target) == 0
    assert target.read_bytes() == raw
    changed = [list(row) for row in rows]
    for i, j, text in wanted:
        changed[i % len(rows)][j % len(names)] = text
    after = pl.DataFrame(changed, schema=before.schema, orient="row")
    splice(table.layout, before, after, target)
    again = ap.read(target, dialect=given).collect()
    assert [[c or "" for c in row] for row in again.rows()] == changed
    if changed == rows:
        assert target.read_bytes() == raw


def cleaned(table: ap.Table, **columns: list[str | None]) -> Cleaned:
    frame = table.collect().with_columns(**{n: pl.Series(v, dtype=pl.String) for n, v in columns.items()})
    done = ap.clean(table, same_shape=True)
    assert done.origin is not None
    return Cleaned(frame, done.plan, done.ledger, done.quarantine, done.rows, table)


def test_ragged_commented_and_mixed_lines_stay(tmp_path: Path) -> None:
    raw = (
        b'# notes\r\nid,name,day\r\n1,Ada,2024-01-01\n# between\n2,"Bob",2024-01-02\r\n\r\n3,Cy\n4,D\xe9,2024-01-04\r'
        b'5,Eve,2024-01-05\n6,Flo,2024-01-06\r7,Gus,2024-01-07\rid,name,day\r\n8,"H""al",2024-01-08\r\n'
    )
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(raw)
    table = ap.read(path)
    names = table.collect()["name"].to_list()
    changed = [{"Bob": "Rob", "D\xe9": "D\xe9, jr", 'H"al': "Hal"}.get(name or "", name) for name in names]
    write_cleaned(cleaned(table, name=changed), output=out)
    new = raw.replace(b'"Bob"', b'"Rob"').replace(b"D\xe9,", b'"D\xe9, jr",').replace(b'"H""al"', b'"Hal"')
    assert out.read_bytes() == new


def test_other_formats_and_packed_texts(tmp_path: Path) -> None:
    raw = "id;name\n1;Ada\n2;Bjørn\n3;Cy\n".encode("latin-1")
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(raw))
    done = ap.clean(path, same_shape=True)
    write_cleaned(done, output=tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_bytes() == raw
    write_cleaned(done, output=tmp_path / "b.tsv")
    assert (tmp_path / "b.tsv").read_text(encoding="utf-8").startswith("id\tname\n1\tAda\n2\tBjørn")
    assert ap.clean(path).origin is None


@pytest.mark.parametrize(
    ("raw", "text", "said"),
    [
        ("id;name\n1;Bjørn\n2;Åse\n3;Cy\n".encode("latin-1"), "1й", "has no 'й'"),
        (b'id;name\n1;5" disk\n2;3" disk\n3;8" disk\n', "a;b", "needs quotes"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, raw: bytes, text: str, said: str) -> None:
    path, out, heard = tmp_path / "a.csv", tmp_path / "b.csv", list[Event]()
    path.write_bytes(raw)
    table = ap.read(path)
    write_cleaned(cleaned(table, id=[text, "2", "3"]), output=out, listener=heard.append)
    assert [said in event.message and "b.csv is UTF-8 with commas" in event.message for event in heard] == [True]
    assert pl.read_csv(out, infer_schema=False)["id"].to_list() == [text, "2", "3"]


def test_a_file_that_changed_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,4\n5,6\n")
    table = ap.read(path)
    frame = table.collect()
    path.write_text("a,b\n1,9\n3,4\n5,6\n")
    with pytest.raises(SpliceError):
        splice(table.layout, frame, frame.with_columns(b=pl.Series(["7", "4", "6"])), tmp_path / "b.csv")


def test_a_row_of_one_empty_cell_stays_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("word\nada\nbob\ncy\n")
    table = ap.read(path)
    frame = table.collect()
    splice(table.layout, frame, pl.DataFrame({"word": ["ada", None, "cy"]}), tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text() == 'word\nada\n""\ncy\n'


def test_a_letter_goes_into_plain_text_in_the_encoding_that_was_named(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(b"x,y\n1,2\n3,4\n")
    table = ap.read(source, dialect=Dialect(**{**ap.read(source).dialect.to_dict(), "encoding": "cp1252"}))
    before = table.collect()
    splice(table.layout, before, before.with_columns(x=pl.Series(["\u00e9", "3"])), target)
    assert target.read_bytes() == b"x,y\n\xe9,2\n3,4\n"
