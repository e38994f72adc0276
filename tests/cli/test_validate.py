"""`autoprep validate` in a pipeline: exit status, JSON, JUnit XML, annotations, Data Docs, failing rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main

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


def test_few_rows_of_the_same_source_keep_a_learnt_contract(tmp_path: Path) -> None:
    """A learnt share is no law for ten rows; what cannot be chance breaks it all the same."""
    rng = np.random.default_rng(0)

    def rows(count: int, lost: float) -> pl.DataFrame:
        state = pl.Series(rng.choice(["paid", "open"], count))
        gone = pl.Series(rng.random(count) < lost)
        amount = pl.Series(rng.integers(10, 99, count)).cast(pl.String)
        return pl.DataFrame({"state": state, "amount": amount}).with_columns(
            amount=pl.when(gone).then(None).otherwise("amount")
        )

    learnt = api.contract(rows(300, 0.05))
    wrong = sum(not ap.validate(rows(10, 0.05), learnt).success for _ in range(200))
    assert wrong <= 6  # a hundredth of 200 is 2
    assert sum(ap.validate(rows(10, 0.05), learnt).broken != () for _ in range(200)) <= 6
    assert not ap.validate(rows(30, 0.05).with_columns(state=pl.lit("lost")), learnt).success
    assert any("amount" in line for line in ap.validate(rows(40, 0.6), learnt).lines())
    assert any("amount" in line for line in ap.validate(rows(3000, 0.2), learnt).lines())


def test_a_written_contract_is_kept_to_the_letter(files: dict[str, Path]) -> None:
    strict = {"expect": [{"column": "state", "in": ["paid"], "mostly": 0.9}]}
    assert not ap.validate(pl.DataFrame({"state": ["paid"] * 4 + ["lost"]}), strict).success


def test_the_contract_says_where_it_lies_and_new_columns_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pl.DataFrame({"state": ["paid", "open"] * 30})
    rows.write_csv(tmp_path / "rows.csv")
    rows.with_columns(extra=pl.lit(1)).write_csv(tmp_path / "wider.csv")
    contract = str(tmp_path / "contract.yaml")
    assert main(["contract", str(tmp_path / "rows.csv"), "-o", contract]) == 0
    said = capsys.readouterr()
    assert contract in said.out + said.err and "check" in said.out + said.err
    assert main(["validate", str(tmp_path / "rows.csv"), "-c", contract]) == 0
    assert "not in the contract" not in capsys.readouterr().out
    assert main(["validate", str(tmp_path / "wider.csv"), "-c", contract]) == 0
    assert "not in the contract, not looked at: extra" in capsys.readouterr().out
