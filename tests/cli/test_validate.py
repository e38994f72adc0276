"""`autoprep validate` in a pipeline: exit status, JSON, JUnit XML, annotations, Data Docs, failing rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from ..browser import Browser

CONTRACT = """contract: orders
expect:
  - {column: id, unique: true}
  - {column: state, in: [paid, open], severity: warning}
  - {column: paid, not_null: true}
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    good, bad, contract = (tmp_path / name for name in ("good.parquet", "bad.parquet", "contract.yaml"))
    pl.DataFrame({"id": [1, 2, 3], "state": ["paid", "open", "paid"], "paid": [1.0, 2.0, 3.0]}).write_parquet(good)
    pl.DataFrame({"id": [1, 1, 3], "state": ["paid", "lost", "paid"], "paid": [1.0, None, 3.0]}).write_parquet(bad)
    contract.write_text(CONTRACT)
    return {"good": good, "bad": bad, "contract": contract, "folder": tmp_path}


def run(files: dict[str, Path], data: str, *more: str) -> tuple[int, str]:
    made = subprocess.run(
        [sys.executable, "-m", "autoprep", "validate", str(files[data]), "--contract", str(files["contract"]), *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in made.stderr
    return made.returncode, made.stdout


def test_exit_status_and_json(files: dict[str, Path]) -> None:
    assert run(files, "good")[0] == 0
    status, text = run(files, "bad", "--json")
    assert status == 1
    said: dict[str, Any] = json.loads(text)
    assert said["success"] is False
    assert said["statistics"]["unsuccessful_expectations"] == 3
    assert {r["severity"] for r in said["results"]} == {"error", "warning"}


def test_junit_annotations_and_failing_rows(files: dict[str, Path]) -> None:
    junit, rows = files["folder"] / "junit.xml", files["folder"] / "rows.parquet"
    status, text = run(files, "bad", "--github", "--junit", str(junit), "--failing-rows", str(rows))
    assert status == 1
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "2", "0")
    assert len(suite.findall("testcase/failure")) == 2
    lines = text.strip().splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::error"]
    failing = pl.read_parquet(rows)
    assert failing["row"].to_list() == [0, 1]
    assert [len(reasons) for reasons in failing["reasons"]] == [1, 3]


@pytest.mark.browser
def test_data_docs_open_in_a_browser(files: dict[str, Path], chromium: str) -> None:
    folder = files["folder"] / "docs"
    assert run(files, "bad", "--data-docs", str(folder))[0] == 1
    pages = list(folder.rglob("*.html"))
    assert (folder / "index.html") in pages
    browser = Browser(chromium)
    try:
        page = browser.page(next(page for page in pages if "validations" in page.parts).as_uri())
        text = page.js("document.body.textContent")
        page.close()
    finally:
        browser.close()
    assert "orders" in text
    assert "lost" in text
