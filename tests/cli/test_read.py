"""``autoprep read``: what it shows, what it writes, and a dialect that replays."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from autoprep.__main__ import main


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    rows = "".join(f"2024-01-{d:02};AB-{d * 37};{d},50\n" for d in range(1, 21))
    path.write_text("Sales of 2024\n\nday;code;sum\n" + rows + "a stray line\n2024-02-01;AB-5;7,50\n")
    return path


def test_the_dialect_the_first_rows_and_the_rejects_are_shown(messy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(messy)]) == 0
    shown = capsys.readouterr().out
    assert "delimiter ';'" in shown and "AB-37" in shown
    assert "could not be read" in shown and "a stray line" in shown and "2 lines above the table" in shown


def test_json_is_a_dialect_that_replays_and_overrides(
    messy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", str(messy), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["dialect"]["delimiter"] == ";" and said["dialect"]["evidence"]["runner_up"]
    assert said["rejected"][0] | {"reason": ""} == {"line": 24, "text": "a stray line", "reason": ""}
    (tmp_path / "dialect.json").write_text(json.dumps(said))
    assert main(["read", str(messy), "--dialect", str(tmp_path / "dialect.json"), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["first_rows"] == said["first_rows"] and again["columns"] == ["day", "code", "sum"]
    changed = said["dialect"] | {"header_rows": 0, "preamble_lines": 3}
    (tmp_path / "dialect.json").write_text(json.dumps(changed))
    assert main(["read", str(messy), "--dialect", str(tmp_path / "dialect.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == ["column_1", "column_2", "column_3"]


def test_a_database_lists_its_tables_and_answers_queries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (code TEXT, price REAL)")
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?, ?)", [(f"{i:03}", i * 1.5) for i in range(30)])
    connection.close()
    assert main(["read", str(path)]) == 2
    assert "holds 2 tables (orders, people)" in capsys.readouterr().err
    assert main(["read", str(path), "--query", "orders", "-o", str(tmp_path / "orders.parquet")]) == 0
    capsys.readouterr()
    assert main(["read", str(tmp_path / "orders.parquet"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dtypes"] == ["String", "Float64"]
    assert main(["profile", str(path), "--query", "SELECT code FROM orders", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"]
