"""Several tables in one file are offered and read one by one."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autoprep.cli import app
from autoprep.errors import InputError
from autoprep.reading import read

TWO = "day,sold\n2024-01-01,5\n2024-01-02,7\n2024-01-03,9\n\n\nShops\nshop;city;staff\nA;Bonn;1\nB;Ulm;2\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "two.csv"
    path.write_text(text)
    return path


def test_tables_of_other_delimiters_are_offered_and_read(tmp_path: Path) -> None:
    path = write(tmp_path, TWO)
    assert "2 tables" in read(path).notes[0]
    first, second = read(path, table=1), read(path, table="2")
    assert first.collect().rows() == [("2024-01-01", "5"), ("2024-01-02", "7"), ("2024-01-03", "9")]
    assert second.collect().columns == ["shop", "city", "staff"]
    assert second.collect().rows() == [("A", "Bonn", "1"), ("B", "Ulm", "2")]
    assert first.rejected.height == second.rejected.height == 0


def test_blank_lines_inside_quoted_cells_divide_nothing(tmp_path: Path) -> None:
    """Posts of several paragraphs, whose lines hold commas of their own."""
    post = '"Well, well\n\nfirst, a word\nthen, another\nlast, a third\n\nso, this\nand, that\nthe, end",{}\n'
    path = write(tmp_path, "text,label\n" + "".join(post.format(i % 2) for i in range(20)))
    table = read(path)
    assert not table.notes and table.collect().shape == (20, 2)


def test_quotes_astray_do_not_hide_a_second_table(tmp_path: Path) -> None:
    rows = "".join(f'2024-01-0{i},{i}" pipe\n' for i in range(1, 6))
    path = write(tmp_path, f"day,sold\n{rows}\nshop,city,n\nA,Bonn,1\nB,Ulm,2\nC,Jena,3\n")
    assert "2 tables" in read(path).notes[0]
    assert read(path, table=2).collect().columns == ["shop", "city", "n"]


def test_lines_are_counted_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "day,sold\n2024-01-01,5\n2024-01-02,7\n\nshop,city,n\nA,Bonn,1\nB,Ulm\nC,Jena,3\nD,x,5\n")
    second = read(path, table=2)
    assert [*second.rejected["line"], *second.realigned["line"]] == [7]


@pytest.mark.parametrize(
    "text",
    [
        "day,sold\n2024-01-01,5\n2024-01-02,7\n",
        "day,sold\n2024-01-01,5\n\n2024-01-02,7\n2024-01-03,8\n\n2024-01-04,7\n2024-01-05,7\n2024-01-06,7\n",
        "day,sold\n2024-01-01,5\n2024-01-02,7\n\nSource: us\n",
        "Sales of the year\n\nday,sold\n2024-01-01,5\n2024-01-02,7\n",
        "day,sold\n2024-01-01,5\n2024-01-02,7\n\nday,sold\n2024-01-03,5\n2024-01-04,7\n",
    ],
)
def test_one_table_is_not_cut(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert not any("tables" in note for note in read(path).notes)
    with pytest.raises(InputError, match="no table 2"):
        read(path, table=2)


def test_members_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in/a.csv", "x,y\n1,2\n")
        archive.writestr("in/b.csv", "z,w,v\n3,4,5\n")
    with pytest.raises(InputError, match="2 tables"):
        read(path)
    assert read(path, table=2).collect().columns == ["z", "w", "v"]
    assert read(path, table="a.csv").collect().rows() == [("1", "2")]
    assert read(f"{path}#in/b.csv").collect().rows() == [("3", "4", "5")]
    with pytest.raises(InputError, match=r"no table 'c\.csv'"):
        read(path, table="c.csv")


def test_command(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["read", str(write(tmp_path, TWO)), "--table", "2", "--json"])
    assert said.exit_code == 0 and json.loads(said.stdout)["columns"] == ["shop", "city", "staff"]
