"""The model folder: what it holds, that it proves itself, and that nothing altered is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import ArtifactError, InputError
from autoprep.serving import artifact, manifest
from autoprep.serving.state import read_state, write_state

from .conftest import Line


def _manifest(folder: Path, **changes: object) -> None:
    file = folder / "manifest.json"
    file.write_text(manifest._render_manifest({**json.loads(file.read_text()), **changes}))


def test_save_load_replay_copy(tmp_path: Path, parts: dict) -> None:
    artifact.save(tmp_path / "model", **parts)
    shutil.copytree(tmp_path / "model", tmp_path / "elsewhere" / "ünder")
    loaded = artifact.load(tmp_path / "elsewhere" / "ünder")
    assert loaded.plan == parts["plan"]
    assert loaded.leaderboard == parts["leaderboard"]
    assert loaded.features == ("age_doubled = age * 2",)
    assert loaded.facts["classes"] == ["no", "yes"]
    assert loaded.paper("card.md") == "# Card\n"
    assert loaded.notes == ()
    found = artifact.replay(tmp_path / "elsewhere" / "ünder")
    assert found.identical and found.rows == 5
    assert not list(tmp_path.rglob("*.pkl"))


def test_saved_twice_is_the_same_folder(tmp_path: Path, parts: dict) -> None:
    for name in ("a", "b"):
        artifact.save(tmp_path / name, **parts)
    names = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in names)
    assert artifact.load(tmp_path / "a").digest == artifact.load(tmp_path / "b").digest


def test_every_flipped_bit_is_detected(tmp_path: Path, parts: dict) -> None:
    folder = artifact.save(tmp_path / "model", **parts)
    rng = np.random.default_rng(0)
    for file in [p for p in folder.rglob("*") if p.is_file()]:
        whole = file.read_bytes()
        for at in {0, len(whole) - 1, *rng.integers(0, len(whole), 6).tolist()} if whole else ():
            for bit in (0, 2, 5, 7):
                flipped = bytearray(whole)
                flipped[at] ^= 1 << bit
                file.write_bytes(bytes(flipped))
                with pytest.raises(ArtifactError):
                    artifact.load(folder)
        file.write_bytes(whole)
    artifact.load(folder)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "plan.yaml").unlink(), "plan.yaml: is missing"),
        (lambda f: (f / "manifest.json").unlink(), "no manifest.json"),
        (lambda f: (f / "manifest.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "manifest.json").write_text("[" * 100_000), "cannot be read"),
        (lambda f: (f / "manifest.json").write_text("[]"), "not the manifest"),
        (lambda f: (f / "models" / "extra.txt").write_text("x"), "did not write"),
        (lambda f: _manifest(f, format=99), "format 99"),
        (lambda f: _manifest(f, format="1"), "format 1"),
        (lambda f: _manifest(f, format=0), "no longer read"),
        (lambda f: _manifest(f, files=[]), "not complete"),
        (lambda f: _manifest(f, files={"../../etc/passwd": {}}), "lies outside"),
        (lambda f: _manifest(f, files={"/etc/passwd": {}}), "lies outside"),
        (lambda f: _manifest(f, files={"a\\..\\b": {}}), "lies outside"),
        (lambda f: _manifest(f, files={"C:x": {}}), "lies outside"),
        (lambda f: _manifest(f, files={f"{i}": {} for i in range(10_001)}), "lists 10,001 files"),
        (lambda f: shutil.rmtree(f), "no such model folder"),
    ],
)
def test_damage_is_named(tmp_path: Path, parts: dict, spoil, said: str) -> None:
    folder = artifact.save(tmp_path / "model", **parts)
    spoil(folder)
    with pytest.raises(ArtifactError) as found:
        artifact.load(folder)
    assert said in str(found.value) and "\n" not in str(found.value)


def test_a_loaded_model_is_copied_whole(tmp_path: Path, parts: dict) -> None:
    folder = artifact.save(tmp_path / "model", **parts)
    held = artifact.load(folder)
    assert ap.Model(artifact=held).save(tmp_path / "copy") == tmp_path / "copy"
    assert artifact.load(tmp_path / "copy").digest == held.digest and artifact.replay(tmp_path / "copy").identical
    assert artifact.copy(held, folder) == folder
    with pytest.raises(InputError, match="lies in the folder of the model"):
        artifact.copy(held, folder / "copy")
    (folder / "models" / "line.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"altered|changed|damaged|not the one"):
        artifact.copy(held, tmp_path / "third")
    artifact.save(folder, **{**parts, "facts": {**parts["facts"], "metric": "f1"}})
    with pytest.raises(ArtifactError, match="another model"):
        artifact.copy(held, tmp_path / "third")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "model"]


def test_links_are_refused(tmp_path: Path, parts: dict) -> None:
    folder = artifact.save(tmp_path / "model", **parts)
    text = (folder / "plan.yaml").read_bytes()
    (tmp_path / "outside.yaml").write_bytes(text)
    (folder / "plan.yaml").unlink()
    (folder / "plan.yaml").symlink_to(tmp_path / "outside.yaml")
    with pytest.raises(ArtifactError, match="not a plain file"):
        artifact.load(folder)


def test_a_predictor_that_changes_on_disk_is_refused(tmp_path: Path, parts: dict, monkeypatch) -> None:
    monkeypatch.setattr(artifact, "_predictor", lambda folder: Line(0.25))
    with pytest.raises(ArtifactError, match="does not predict the same"):
        artifact.save(tmp_path / "model", **parts)
    assert not (tmp_path / "model").exists() and list(tmp_path.iterdir()) == []


def test_another_folder_is_not_overwritten(tmp_path: Path, parts: dict) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="not a model folder"):
        artifact.save(tmp_path / "mine", **parts)
    artifact.save(tmp_path / "model", **parts)
    artifact.save(tmp_path / "model", **parts)


def test_papers_may_be_written_again(tmp_path: Path, parts: dict) -> None:
    folder = artifact.save(tmp_path / "model", **parts)
    artifact.add_papers(folder, {"card.md": "# Signed\n"})
    assert artifact.load(folder).paper("card.md") == "# Signed\n"
    with pytest.raises(InputError):
        artifact.add_papers(folder, {"plan.yaml": "x"})


def test_state_keeps_every_kind(tmp_path: Path) -> None:
    state = {
        "a": np.arange(6, dtype=np.int32).reshape(2, 3),
        "b": np.array([1.5, np.nan, -np.inf]),
        "c": pl.Series("levels", ["x", None, "é"]),
        "d": pl.DataFrame({"k": ["a", "b"], "v": [1, None]}),
        "e": [{"x": float("inf")}, None, True, np.float64(2.5)],
        "f": np.array([], dtype=np.float64),
        "g": np.array(["a", None], dtype=object),
        "h": np.array([True, False]),
    }
    write_state(tmp_path, "s", state)
    back = read_state(tmp_path, "s")
    for key in "abfgh":
        assert back[key].dtype == state[key].dtype and back[key].shape == state[key].shape
        np.testing.assert_array_equal(back[key], state[key])
    assert back["c"].equals(state["c"], check_names=True) and back["d"].equals(state["d"])
    assert back["e"] == [{"x": float("inf")}, None, True, 2.5]
    with pytest.raises(TypeError):
        write_state(tmp_path, "s", {"a": object()})
