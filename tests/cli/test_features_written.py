"""``features export`` and ``features verify`` on the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from autoprep.cli import app
from tests.synthesis.test_export import all_aggregations, tables, written_to

run = CliRunner().invoke


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("shop")
    frames = tables(0)
    (place / "tables").mkdir()
    for name, frame in frames.items():
        frame.write_parquet(place / "tables" / f"{name}.parquet")
    written_to(place / "f.json", frames, all_aggregations()[:8])
    return place


def test_export_to_every_form(folder):
    said = run(app, ["features", "export", str(folder / "f.json")])
    assert said.exit_code == 0 and said.stdout.splitlines() == all_aggregations()[:8]
    for to in ("json", "sql", "polars"):
        out = folder / f"out.{to}"
        assert run(app, ["features", "export", str(folder / "f.json"), "--to", to, "-o", str(out)]).exit_code == 0
        assert out.stat().st_size > 500
    compile((folder / "out.polars").read_text(), "out.py", "exec")
    assert len(json.loads((folder / "out.json").read_text())) == 8


def test_verify_says_what_was_compared(folder):
    said = run(app, ["features", "verify", str(folder / "f.json"), str(folder / "tables"), "--rows", "10", "--quiet"])
    assert said.exit_code == 0, said.output
    assert "sql: 8 of 8 features on 10 rows: equal to brute force" in said.stdout
    told = run(app, ["features", "verify", str(folder / "f.json"), str(folder / "tables"), "--json", "--quiet"])
    assert json.loads(told.stdout)["ok"] is True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export"], "export takes the file"),
        (["verify", "f.json"], "verify takes saved features and the folder"),
        (["export", "none.json"], "is no file of saved features"),
        (["a", "b"], "features are made of one source"),
    ],
)
def test_wrong_calls_are_answered_in_one_line(words, message):
    said = run(app, ["features", *words])
    assert said.exit_code != 0 and message in f"{said.output}{said.exception}"
