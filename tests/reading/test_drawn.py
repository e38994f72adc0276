"""Typographic quotes, tables drawn with bars, and delimiters at the ends of lines: written here, read back the same."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest

from autoprep.reading import read, signs
from autoprep.reading.content import content_of
from autoprep.reading.splice import splice
from autoprep.types import Dialect, Table

WORDS = ("Ann Lee", "Bo", "Zoë", "3.5", "12", "2024-01-31", "x-1", "north east", "0", "a.b")


def cells(rng: random.Random, rows: int, columns: int, more: tuple[str, ...] = ()) -> list[list[str]]:
    return [[str(i), *(rng.choice(WORDS + more) for _ in range(columns - 1))] for i in range(rows)]


def names(columns: int) -> list[str]:
    return ["id", "name", "place", "text", "note", "kind"][:columns]


def saved(path: Path, text: str, encoding: str = "utf-8") -> Table:
    path.write_bytes(text.encode(encoding))
    return read(path)


def rows_of(table: Table) -> list[list[str]]:
    return [["" if v is None else v for v in row] for row in table.collect().rows()]


def replayed(path: Path, found: Table) -> None:
    """The dialect, as JSON, reads the same again."""
    assert found.dialect is not None
    given = Dialect.from_dict(json.loads(json.dumps(found.dialect.to_dict())))
    again = read(path, dialect=given)
    assert again.collect().equals(found.collect())
    assert again.dialect is not None
    assert (again.dialect.quote, again.dialect.edges) == (found.dialect.quote, found.dialect.edges)


# ------------------------------------------------------------------------------------------- typographic quotes


@pytest.mark.parametrize("pair", signs.PAIRS)
@pytest.mark.parametrize(("delimiter", "newline"), [(",", "\n"), (";", "\r\n"), ("\t", "\n")])
def test_typographic_quotes_hold_delimiters(pair: str, delimiter: str, newline: str, tmp_path: Path) -> None:
    rng = random.Random(pair + delimiter)
    made = cells(rng, 30, 4, (f"Lee{delimiter} Ann", 'a "b" c', f"x{delimiter}y{delimiter}z"))

    def written(cell: str) -> str:
        return f"{pair[0]}{cell}{pair[1]}" if delimiter in cell or '"' in cell or rng.random() < 0.2 else cell

    lines = [delimiter.join(names(4)), *(delimiter.join(map(written, row)) for row in made)]
    path = tmp_path / "quoted.csv"
    found = saved(path, newline.join(lines) + newline)
    assert found.collect().columns == names(4)
    assert rows_of(found) == made
    assert found.dialect is not None
    assert (found.dialect.delimiter, found.dialect.quote) == (delimiter, pair)
    assert any(pair[0] in note for note in found.notes)
    replayed(path, found)


@pytest.mark.parametrize("pair", ["“”", "„“", "«»"])
def test_typographic_quotes_around_every_cell(pair: str, tmp_path: Path) -> None:
    made = cells(random.Random(pair), 20, 3, ("two\nlines", "said “so” twice" if pair == "“”" else "so"))
    lines = [";".join(f"{pair[0]}{c}{pair[1]}" for c in row) for row in [names(3), *made]]
    path = tmp_path / "all.csv"
    found = saved(path, "\n".join(lines) + "\n")
    assert rows_of(found) == made
    assert found.collect().columns == names(3)
    replayed(path, found)


def test_typographic_quotes_in_a_code_page(tmp_path: Path) -> None:
    text = "id;name\n1;„Müller; Hans“\n2;„Meier; Eva“\n3;„Groß; Jürgen“\n4;Kurz\n"
    found = saved(tmp_path / "german.csv", text, "cp1252")
    assert rows_of(found) == [["1", "Müller; Hans"], ["2", "Meier; Eva"], ["3", "Groß; Jürgen"], ["4", "Kurz"]]
    french = "id;titre\n1;« Bonjour ; vous »\n2;« Au revoir ; toi »\n3;« Oui »\n"
    found = saved(tmp_path / "french.csv", french, "cp1252")
    assert rows_of(found) == [["1", "Bonjour ; vous"], ["2", "Au revoir ; toi"], ["3", "Oui"]]


def test_quoted_words_are_no_quoted_cells(tmp_path: Path) -> None:
    text = "id,title\n1,“Heroes”\n2,Low\n3,“Lodger”\n4,Station to Station\n5,Aladdin “A Lad Insane”\n"
    found = saved(tmp_path / "titles.csv", text)
    assert found.collect()["title"].to_list()[:3] == ["“Heroes”", "Low", "“Lodger”"]
    both = 'id,said\n1,"“Yes, no”"\n2,"“Go, now”"\n3,"x"\n'
    found = saved(tmp_path / "both.csv", both)
    assert found.collect()["said"].to_list() == ["“Yes, no”", "“Go, now”", "x"]
    assert found.dialect is not None
    assert found.dialect.quote == '"'


def test_long_texts_are_rewritten_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cells(random.Random(3), 300, 3, ("two\nlines", "a, b"))
    text = "\n".join(",".join(f"“{c}”" for c in row) for row in [names(3), *made]) + "\n"
    whole = bytes(signs.plain_signs(content_of(text.encode()), None)[0].data)
    monkeypatch.setattr(signs, "LARGE", 100)
    monkeypatch.setattr(signs, "_PIECE", 256)
    assert bytes(signs.plain_signs(content_of(text.encode()), None)[0].data) == whole


# ------------------------------------------------------------------------------------------------ drawn tables


def padded(row: list[str], widths: list[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("style", ["markdown", "tight", "open", "mysql", "psql", "grid"])
def test_drawn_tables(style: str, newline: str, tmp_path: Path) -> None:
    rng = random.Random(style)
    made = cells(rng, 25, 4, ("", "a|b" if style in ("markdown", "open") else "ab", '5" pipe', "-"))
    table = [names(4), *made]
    shown = [[c.replace("|", "\\|") for c in row] for row in table]
    widths = [max(len(row[i]) for row in shown) for i in range(4)]
    dashes = ["-" * width for width in widths]
    lines = [" | ".join(padded(row, widths)) for row in shown]
    if style == "tight":
        lines = [f"|{'|'.join(row)}|" for row in shown]
        lines.insert(1, "|-|:-|-:|:-:|")
    elif style == "markdown":
        lines = [f"| {line} |" for line in lines]
        lines.insert(1, f"|-{'-|-'.join(dashes)}-|")
    elif style == "open":
        lines.insert(1, " | ".join(dashes))
    elif style == "psql":
        lines = [f" {line} " for line in lines]
        lines.insert(1, f"-{'-+-'.join(dashes)}-")
    else:
        rule = f"+-{'-+-'.join(dashes)}-+"
        lines = [f"| {line} |" for line in lines]
        rows = [part for line in lines[1:] for part in (line, rule)] if style == "grid" else [*lines[1:], rule]
        lines = [rule, lines[0], rule, *rows]
    path = tmp_path / "drawn.md"
    found = saved(path, newline.join(lines) + newline)
    assert found.collect().columns == names(4)
    assert rows_of(found) == made
    assert found.dialect is not None
    assert found.dialect.edges == ("ruled" if style in ("open", "psql") else "drawn")
    assert found.rejected.height == 0
    replayed(path, found)


def test_bars_without_dashes_are_delimiters(tmp_path: Path) -> None:
    text = "a|b|c\n-|-|-\n1|2|x\n-|-|-\n3|4|y\n"
    found = saved(tmp_path / "bars.txt", text)
    assert found.dialect is not None
    assert found.dialect.edges == ""
    assert ["-", "-", "-"] in rows_of(found)


# --------------------------------------------------------------------------------------- delimiters at the ends


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("edges", ["end", "both"])
@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_delimiters_at_the_ends_of_lines(delimiter: str, edges: str, named: bool, tmp_path: Path) -> None:
    made = cells(random.Random(delimiter), 40, 4)
    if not named:
        made = [[*row[:3], str(i * 1.5)] for i, row in enumerate(made)]
    start = delimiter if edges == "both" else ""
    lines = [start + delimiter.join(row) + delimiter for row in [*([names(4)] if named else []), *made]]
    path = tmp_path / "ends.csv"
    found = saved(path, "\n".join(lines) + "\n")
    assert rows_of(found) == made
    assert found.dialect is not None
    assert found.dialect.edges == edges
    assert not named or found.collect().columns == names(4)
    assert any("delimiter" in note for note in found.notes)
    replayed(path, found)


def test_only_the_rows_end_with_a_delimiter(tmp_path: Path) -> None:
    found = saved(tmp_path / "rows.csv", "a,b,c\n1,2,3,\n4,5,6,\n7,8,9,\n")
    assert found.collect().to_dict(as_series=False) == {
        "a": ["1", "4", "7"],
        "b": ["2", "5", "8"],
        "c": ["3", "6", "9"],
    }


def test_a_value_anywhere_keeps_the_column(tmp_path: Path) -> None:
    rows = [f"{i};{i * 2};" for i in range(3000)]
    rows[2900] += "seen"
    found = saved(tmp_path / "late.csv", "\n".join(["a;b;", *rows]) + "\n")
    frame = found.collect()
    assert frame.width == 3
    assert frame.to_series(2).drop_nulls().to_list() == ["seen"]
    assert found.dialect is not None
    assert found.dialect.edges == ""
    named = saved(tmp_path / "named.csv", "a;b;c\n1;2;\n3;4;\n5;6;\n")
    assert named.collect().columns == ["a", "b", "c"]
    rownames = saved(tmp_path / "rownames.csv", ",a,b,\nr1,1,2,\nr2,3,4,\nr3,3,4,\n")
    assert rownames.collect().columns == ["column_1", "a", "b"]


def test_a_text_whose_lines_end_with_delimiters_is_written_again(tmp_path: Path) -> None:
    path, target = tmp_path / "in.csv", tmp_path / "out.csv"
    text = "id;name;\n" + "".join(f"{i};n{i};\n" for i in range(20)) + "20;n2;0;\n"
    found = saved(path, text)
    before = found.collect()
    assert before.width == 2
    after = before.with_columns(pl.col("name").replace("n7", "N;7").replace("n20", "N20"))
    splice(found.layout, before, after, target)
    lines = target.read_text().splitlines()
    assert lines[8] == '7;"N;7";'
    assert lines[0] == "id;name;"
    assert lines[1] == "0;n0;"
