"""The text files of a project: settings, rules, workflow, hook, and the stages that DVC runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from autoprep.errors import InputError
from autoprep.lineage import whole_file

TEMPLATES = Path(__file__).parent / "templates"
#: Template -> where it goes.
FILES = {
    "autoprep.yaml": "autoprep.yaml",
    "note_words.yaml": "rules/house/note_words.yaml",
    "gitignore": ".gitignore",
    "workflow.yml": ".github/workflows/data.yml",
    "pre-commit.yaml": ".pre-commit-config.yaml",
}
DVC_FILES = {"params.yaml": "params.yaml", "dvc.yaml": "dvc.yaml", "dvcignore": ".dvcignore"}
STAGES = ("profile", "validate", "clean", "features", "train", "evaluate")


def write_project(folder: str | Path, *, source: str = "data/raw.csv", target: str = "target") -> list[Path]:
    """Write the files of a project that are not there yet; returns those that were written.

    Args:
        folder: made when missing.
        source: the raw data, relative to the folder.
        target: the column to predict.

    Raises:
        InputError: the folder cannot be written.
    """
    return _write(Path(folder), FILES, source, target)


def write_dvc(folder: str | Path, *, source: str, target: str) -> list[Path]:
    """Write the stages for DVC into a git repository and run ``dvc init`` when that has not been done.

    Raises:
        InputError: the folder is no git repository, or the ``dvc`` command is not there or fails.
    """
    home = Path(folder)
    if not (home / ".git").exists():
        raise InputError("is not a git repository", where=str(home), hint="run 'git init' there first")
    if not (home / ".dvc").is_dir():
        run_dvc(home, "init", "--quiet")
    ignored = home / ".dvcignore"
    if ignored.is_file() and all(line.startswith("#") or not line for line in ignored.read_text().splitlines()):
        ignored.unlink()
    return _write(home, DVC_FILES, source, target)


def run_dvc(folder: Path, *arguments: str) -> str:
    """Run the ``dvc`` command in a folder and return what it printed.

    Raises:
        InputError: it is not installed, or it failed.
    """
    program = shutil.which("dvc")
    if program is None:
        raise InputError("the 'dvc' command is not there", hint="pip install dvc (in an environment of its own)")
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(f"'dvc {arguments[0]}' failed: {said[-1] if said else done.returncode}", where=str(folder))
    return done.stdout


def _write(home: Path, files: dict[str, str], source: str, target: str) -> list[Path]:
    written = []
    for template, place in files.items():
        path = home / place
        if path.exists():
            continue
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        text = text.replace("@SOURCE@", source).replace("@TARGET@", target)
        with whole_file(path) as beside:
            beside.write_text(text, encoding="utf-8")
        written.append(path)
    return written
