"""Reading small text files, frames and bad input."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from autoprep.errors import InputError
from autoprep.reading import read


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_cells_stay_text_exactly(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "code,name\n007, Ada \n,N/A\n1e5,\n")
    table = read(path)
    assert table.collect().rows() == [("007", " Ada "), (None, "N/A"), ("1e5", None)]
    assert table.source.kind == "csv" and len(table.source.sha256 or "") == 64


def test_gzip_and_semicolons(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv.gz", gzip.compress(b"a;b\n1,5;x\n2,5;y\n"))
    table = read(path)
    assert table.dialect is not None and table.dialect.delimiter == ";"
    assert table.collect().rows() == [("1,5", "x"), ("2,5", "y")]
    assert table.name == "a"


def test_no_such_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "sales.csv", "a,b\n1,2\n")
    with pytest.raises(InputError, match=r"no such file; did you mean '.*sales\.csv'"):
        read(tmp_path / "salse.csv")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (bytes(range(256)) * 8, "binary file"), (b"%PDF-1.4\x00\x01\x02" + bytes(200), "PDF")],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read(write(tmp_path, "x.csv", content))
    assert "\n" not in str(caught.value)


def test_frames_of_other_libraries() -> None:
    pandas = pytest.importorskip("pandas")
    arrow = pytest.importorskip("pyarrow")
    rows = {"a": [1, 2], "b": ["x", None]}
    for frame in (pl.DataFrame(rows), pl.LazyFrame(rows), pandas.DataFrame(rows), arrow.table(rows)):
        assert read(frame).collect().rows() == [(1, "x"), (2, None)]


def test_delimiters_of_several_characters_and_ragged_lines(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{d:02}||AB-{d * 37}||{d}.50\n" for d in range(1, 21))
    table = read(write(tmp_path, "a.txt", "day||code||sum\n" + rows + "a stray line\n2024-02-01||AB-5||7.50\n"))
    assert table.dialect is not None and table.dialect.delimiter == "||"
    assert table.collect().height == 21
    assert table.rejected["line"].to_list() == [22] and table.rejected["text"].to_list() == ["a stray line"]


def test_titles_group_headers_and_wide_headers(tmp_path: Path) -> None:
    rows = "".join(f"Ada {i},Oct-{i + 10},visit {i},,\n,,guest {i},,\n" for i in range(9))
    titled = read(write(tmp_path, "title.csv", "Meetings,,,,\nMinister,Date,Purpose,,\n" + rows))
    assert titled.dialect is not None and titled.dialect.preamble_lines == 1
    assert titled.collect().columns[:3] == ["Minister", "Date", "Purpose"]
    body = "".join(f"unit {i},{i}0,{i}1,{i}2\n" for i in range(1, 9))
    grouped = read(write(tmp_path, "group.csv", ",2013,,2014\nunit,staff,others,staff\n" + body))
    assert grouped.collect().columns == ["unit", "2013 staff", "2013 others", "2014 staff"]
    wide = read(
        write(tmp_path, "wide.csv", '"id","what","how much","extra","more"\n' + '"1","a","2"\n"2","b","3"\n' * 5)
    )
    assert wide.collect().columns == ["id", "what", "how much", "extra", "more"]
    assert wide.collect().row(1) == ("2", "b", "3", None, None)


def test_the_header_again_in_another_spelling_and_another_table_are_set_aside(tmp_path: Path) -> None:
    rows = "".join(f"{d}/01/2024,{d},shop {d}\n" for d in range(1, 13))
    again = read(write(tmp_path, "again.csv", '"day","sum","where"\n' + rows + "day,sum,where\n" + rows))
    assert again.collect().height == 24
    assert again.rejected.select("line", "reason").rows() == [(14, "the header again")]
    wider = "".join(f"{d}/01/2024,{d},shop {d},x\n" for d in range(1, 13))
    other = read(write(tmp_path, "other.csv", "day,sum,where\n" + rows + "day,sum,where,who\n" + wider))
    assert other.collect().height == 12 and other.rejected.height == 13
    assert set(other.rejected["reason"]) == {"another table of 4 columns starts on line 14"}
