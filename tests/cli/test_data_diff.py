"""Two versions of the data: every row and cell that differs is counted, and said in our own terms."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main
from autoprep.cleaning.deliveries import difference
from autoprep.errors import InputError
from tests.serving.shop import orders

row = st.tuples(
    st.one_of(st.none(), st.integers(0, 8)), st.sampled_from(["a", "b", None]), st.sampled_from([1.5, None])
)


@settings(deadline=None, max_examples=30)
@given(st.lists(row, max_size=10), st.lists(row, max_size=10))
def test_counts_equal_a_naive_count(old: list[Any], new: list[Any]) -> None:
    schema = {"id": pl.Int64, "s": pl.String, "x": pl.Float64}
    frames = [pl.DataFrame(rows, schema=schema, orient="row") for rows in (old, new)]
    found = difference(*frames, key=["id"])

    def split(rows: list[Any]) -> tuple[dict[int, Any], list[Any]]:
        seen = [r[0] for r in rows]
        single = {r[0]: r for r in rows if r[0] is not None and seen.count(r[0]) == 1}
        return single, [r for r in rows if single.get(r[0]) is None]

    (was, was_rest), (now, now_rest) = split(old), split(new)

    def only(these: list[Any], others: list[Any]) -> int:
        return sum(max(0, these.count(r) - others.count(r)) for r in set(these))

    assert found.added == len(set(now) - set(was)) + only(now_rest, was_rest)
    assert found.removed == len(set(was) - set(now)) + only(was_rest, now_rest)
    both = set(was) & set(now)
    assert found.changed == sum(was[i] != now[i] for i in both)
    cells = {c["column"]: c["changed"] for c in found.cells}
    for place, name in ((1, "s"), (2, "x")):
        assert cells.get(name, 0) == sum(was[i][place] != now[i][place] for i in both)
    assert found.duplicated == (len(was_rest), len(now_rest))
    assert difference(frames[0], frames[0]).lines() == []


def test_without_a_key_whole_rows_are_compared() -> None:
    old = pl.DataFrame({"a": ["x", "x", "y"], "b": ["1", "1", "1"]})
    new = pl.DataFrame({"a": ["x", "y", "y"], "b": ["1", "1", "1"]})
    found = difference(old, new)
    assert (found.key, found.added, found.removed) == ((), 1, 1)
    with pytest.raises(InputError, match="did you mean 'a'"):
        difference(old, new, key=["aa"])


def test_columns_types_and_order() -> None:
    old = pl.DataFrame({"id": [1, 2], "n": [1, 2], "gone": [0, 0]})
    new = pl.DataFrame({"n": ["2", "7"], "id": [2, 1], "came": [0, 0]})
    found = difference(old, new)
    assert found.lost == ("gone",) and found.new == ("came",) and found.key == ("id",)
    assert found.cells[0]["samples"] == [["1", "1", "7"]]


def test_the_command_explains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "v1.csv", tmp_path / "v2.csv"
    frame = orders(120).with_row_index("no")
    frame.write_csv(old)
    later = frame.with_columns(pl.when(pl.col("no") < 50).then(pl.lit("n/a")).otherwise(pl.col("city")).alias("city"))
    pl.concat([later.slice(2), orders(3, seed=4).with_row_index("no", offset=500)]).write_csv(new)
    assert main(["data", "diff", str(old), str(new), "-q", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["table"]["key"] == ["no"] and (said["table"]["added"], said["table"]["removed"]) == (3, 2)
    assert said["table"]["cells"][0]["column"] == "city" and said["table"]["cells"][0]["changed"] == 48
    assert any("missing.disguised_null:city" in line for line in said["plan"])
    assert main(["data", "diff", str(old), str(new), "-q", "--markdown"]) == 0
    assert "### Rows and cells" in capsys.readouterr().out
    assert main(["data", "diff", str(old), str(old), "-q"]) == 0
    assert capsys.readouterr().out.strip() == "the same rows and cells"
    assert main(["data", "diff", str(old), f"{old}@v1"]) == 2


def _sh(home: Path, *command: str) -> None:
    names = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **names, "HOME": str(home.parent), "DVC_NO_ANALYTICS": "1"}
    subprocess.run(command, cwd=home, env=env, check=True, capture_output=True)


def test_a_revision_of_git(tmp_path: Path) -> None:
    home = tmp_path / "repo"
    home.mkdir()
    pl.DataFrame({"id": ["1", "2"], "x": ["a", "b"]}).write_csv(home / "d.csv")
    _sh(home, "git", "init", "-q")
    _sh(home, "git", "add", ".")
    _sh(home, "git", "commit", "-qm", "one")
    _sh(home, "git", "tag", "v1")
    pl.DataFrame({"id": ["1", "2"], "x": ["a", "c"]}).write_csv(home / "d.csv")
    found = api.data_diff(f"{home}/d.csv@v1", str(home / "d.csv"))
    assert found.table.cells[0]["samples"] == [["2", "b", "c"]]
    for wrong in ("v9", "--upload-pack=x"):
        with pytest.raises(InputError, match="revision"):
            api.data_diff(f"{home}/d.csv@{wrong}", str(home / "d.csv"))


@pytest.mark.dvc
def test_a_revision_that_dvc_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = os.environ.get("AUTOPREP_DVC") or shutil.which("dvc")
    if program is None:
        pytest.skip("the dvc command is not there")
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "dvc").symlink_to(program)
    monkeypatch.setenv("PATH", os.pathsep.join([str(commands), os.environ["PATH"]]))
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / "repo"
    (home / "data").mkdir(parents=True)
    _sh(home, "git", "init", "-q")
    _sh(home, "dvc", "init", "-q")
    raw = home / "data" / "raw.csv"
    pl.DataFrame({"id": ["1", "2"], "x": ["a", "b"]}).write_csv(raw)
    _sh(home, "dvc", "add", "-q", "data/raw.csv")
    _sh(home, "git", "add", "-A")
    _sh(home, "git", "commit", "-qm", "one")
    _sh(home, "git", "tag", "v1")
    pl.DataFrame({"id": ["1", "2", "3"], "x": ["a", "b", "c"]}).write_csv(raw)
    found = api.data_diff(f"{raw}@v1", str(raw))
    assert (found.table.added, found.table.removed, found.table.key) == (1, 0, ("id",))


def test_personal_cells_are_not_shown() -> None:
    frame = orders(60).with_row_index("no")
    later = frame.with_columns(pl.col("mail").str.replace("example", "sample"))
    cell = ap.data_diff(frame, later).table.cells[0]
    assert cell["column"] == "mail" and cell["changed"] == 60 and cell["samples"] == []


def test_it_is_a_verb() -> None:
    assert ap.data_diff({"a": ["1"]}, {"a": ["1"]}).same and sys.modules["autoprep"].__all__.count("data_diff") == 1
