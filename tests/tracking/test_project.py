"""A project: what init writes can be used as it stands; the real DVC runs the stages, and only those that must run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import autoprep as ap
from autoprep import api
from autoprep.config import Config
from autoprep.errors import ContractError, InputError
from autoprep.tracking.live import live
from autoprep.types import Event
from tests.serving.shop import orders

pytestmark = pytest.mark.slow


def _dvc() -> str | None:
    return os.environ.get("AUTOPREP_DVC") or shutil.which("dvc")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    orders(200).write_csv(tmp_path / "data" / "raw.csv")
    return tmp_path


def test_what_init_writes_is_usable(project: Path) -> None:
    written = api.init(project, target="bought")
    names = {path.relative_to(project).as_posix() for path in written}
    assert names == {
        "autoprep.yaml",
        "rules/house/note_words.yaml",
        "rules/rule.schema.json",
        ".gitignore",
        ".github/workflows/data.yml",
        ".pre-commit-config.yaml",
        "contract.yaml",
    }
    assert Config.load(project / "autoprep.yaml").columns == {}
    assert api.test_rules(project / "rules") == (1, [])
    assert ap.validate(project / "data" / "raw.csv", project / "contract.yaml").success
    workflow = yaml.safe_load((project / ".github/workflows/data.yml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["rules"]["steps"]]
    assert "autoprep validate data/raw.csv --contract contract.yaml --github" in steps
    assert api.init(project, target="bought") == []


def test_the_hook_lets_good_rules_through_and_stops_broken_ones(project: Path) -> None:
    """The entries of the file that init writes, run by git itself at each commit."""
    home = project / "repository"
    home.mkdir()
    (project / "data").rename(home / "data")
    _sh(home, "git", "init", "-q", "-b", "main")
    api.init(home, target="bought")
    hooks = yaml.safe_load((home / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    calls = [hook["entry"].replace("autoprep ", f"{sys.executable} -m autoprep ", 1) for hook in hooks]
    hook = home / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nset -e\n" + "\n".join(f"{call} >&2" for call in calls) + "\n")
    hook.chmod(0o755)
    _sh(home, "git", "add", "-A")
    _sh(home, "git", "commit", "-q", "-m", "a project")
    rule = home / "rules" / "house" / "note_words.yaml"
    rule.write_text(rule.read_text().replace('after: ["Ada", null]', 'after: ["Ada", "x"]'))
    _sh(home, "git", "add", "-A")
    refused = _sh(home, "git", "commit", "-q", "-m", "a broken rule", check=False)
    assert "house.note_words" in refused and _sh(home, "git", "log", "--oneline").count("\n") == 1
    assert ".autoprep/" in (home / ".gitignore").read_text()


def test_init_keeps_what_is_there(project: Path) -> None:
    (project / ".gitignore").write_text("mine\n")
    api.init(project)
    assert (project / ".gitignore").read_text() == "mine\n"


def test_dvc_needs_a_git_repository(project: Path) -> None:
    with pytest.raises(InputError, match="not a git repository"):
        api.init(project, dvc=True)


def test_a_broken_contract_stops_the_stages(project: Path) -> None:
    api.init(project, target="bought")
    (project / "params.yaml").write_text("data: {source: data/raw.csv, target: bought}\n")
    api.run_stage("validate", project)
    orders(200).drop("price").write_csv(project / "data" / "raw.csv")
    with pytest.raises(ContractError, match="breaks its contract"):
        api.run_stage("validate", project)
    assert not (project / "reports" / "validation.json").exists()
    with pytest.raises(InputError, match="did you mean 'clean'"):
        api.run_stage("cleen", project)


def _sh(folder: Path, *command: str, check: bool = True) -> str:
    path = os.pathsep.join([str(folder.parent / "bin"), os.environ["PATH"]])
    quiet = {"POLARS_MAX_THREADS": "2", "DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(Path(ap.__file__).parents[1])}
    names = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **quiet, **names, "PATH": path, "HOME": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def _ran(said: str) -> set[str]:
    return {line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")}


@pytest.mark.dvc
@pytest.mark.timeout(600)
def test_dvc_runs_what_changed_and_brings_back_what_was(tmp_path: Path) -> None:
    """A fresh repository, offline: stages, an edited rule, an experiment, metrics, a remote, older data and model."""
    program = _dvc()
    if program is None:
        pytest.skip("the dvc command is not there")
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "dvc").symlink_to(Path(program).resolve() if Path(program).is_symlink() else program)
    (commands / "autoprep").write_text(f'#!/bin/sh\nexec {sys.executable} -m autoprep "$@"\n')
    (commands / "autoprep").chmod(0o755)
    home = tmp_path / "project"
    (home / "data").mkdir(parents=True)
    orders(120).write_csv(home / "data" / "raw.csv")
    _sh(home, "git", "init", "-q", "-b", "main")
    _sh(home, "autoprep", "init", "--dvc", "--target", "bought")
    params = (home / "params.yaml").read_text().replace("work_budget: 60", "work_budget: 1")
    (home / "params.yaml").write_text(params)
    _sh(home, "dvc", "add", "-q", "data/raw.csv")
    first = _sh(home, "dvc", "repro")
    assert _ran(first) == {"profile", "validate", "clean", "features", "train", "evaluate"}
    metrics = json.loads((home / "reports" / "metrics.json").read_text())
    assert metrics["holdout"] > metrics["holdout_baseline"]
    curve = (home / "reports" / "live" / "plots" / "metrics" / "loss.tsv").read_text().splitlines()
    assert curve[0] == "step\tloss" and len(curve) > 1
    shown = json.loads(_sh(home, "dvc", "plots", "show", "--json"))["data"]
    shown = " ".join(shown)
    for plot in ("leaderboard.csv", "gains.csv", "calibration.csv", "loss.tsv"):
        assert plot in shown
    _sh(home, "dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    _sh(home, "git", "add", "-A")
    _sh(home, "git", "commit", "-q", "-m", "first")
    _sh(home, "git", "tag", "v1")
    _sh(home, "dvc", "push", "-q")
    assert _ran(_sh(home, "dvc", "repro")) == set()
    digest = ap.load(home / "model")._artifact.digest
    sample = orders(20, seed=5).drop("bought")
    predicted = ap.load(home / "model").predict_frame(sample)

    rule = home / "rules" / "house" / "note_words.yaml"
    rule.write_text(rule.read_text().replace("example_column", "city").replace("see note", "Moss"))
    assert _ran(_sh(home, "dvc", "repro")) == {"clean", "features", "train", "evaluate"}
    assert "house.note_words:city" in (home / "plan.yaml").read_text()
    rule.write_text(rule.read_text() + "# a remark\n")
    assert _ran(_sh(home, "dvc", "repro", "clean")) == {"clean"}
    assert "Data and pipelines are up to date" in _sh(home, "dvc", "status")

    _sh(home, "git", "add", "-A")
    _sh(home, "git", "commit", "-q", "-m", "a rule")
    assert _ran(_sh(home, "dvc", "exp", "run", "-S", "train.time_budget_s=3")) == {"train", "evaluate"}
    assert ap.load(home / "model")._artifact.digest != digest
    # --all: on 120 rows the other model may reach the very same figure, and DVC leaves out what did not change
    assert "holdout" in _sh(home, "dvc", "metrics", "diff", "--all", "v1")
    _sh(home, "git", "checkout", "-q", "-f", "HEAD")

    orders(130, seed=3).write_csv(home / "data" / "raw.csv")
    _sh(home, "dvc", "add", "-q", "data/raw.csv")
    assert _ran(_sh(home, "dvc", "repro", "train")) == {"profile", "validate", "clean", "train"}
    _sh(home, "git", "add", "-A")
    _sh(home, "git", "commit", "-q", "-m", "newer data")
    assert ap.load(home / "model")._artifact.digest != digest
    shutil.rmtree(home / ".dvc" / "cache")
    _sh(home, "git", "checkout", "-q", "v1")
    _sh(home, "dvc", "pull", "-q", "--force")
    assert (home / "data" / "raw.csv").read_text() == orders(120).write_csv()
    older = ap.load(home / "model")
    assert older._artifact.digest == digest and older.predict_frame(sample).equals(predicted)


def test_live_figures_are_written_as_they_come(tmp_path: Path) -> None:
    heard: list[str] = []
    listen = live(tmp_path, lambda event: heard.append(event.message))
    for event in (
        Event("search", "a", {"loss": 0.5, "folds": 2}),
        Event("read", "b", {"loss": 9}),
        Event("search", "c"),
    ):
        listen(event)
    assert heard == ["a", "b", "c"]
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"loss": 0.5, "step": 0}
    listen(Event("search", "d", {"loss": 0.25}))
    assert (tmp_path / "plots/metrics/loss.tsv").read_text() == "step\tloss\n0\t0.5\n1\t0.25\n"
