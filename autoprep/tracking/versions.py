"""Data as they were at a revision of the repository: from git, or through the ``dvc`` command."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autoprep.errors import InputError
from autoprep.tracking.project import run_dvc


@contextmanager
def at_revision(source: str) -> Iterator[str]:
    """Yield a path that can be read for ``PATH@REVISION``; any other source as it is.

    A path that is there under this very name is itself. The file is taken from git where git keeps it, else from DVC.

    Raises:
        InputError: there is no such revision, or neither git nor DVC holds the file there.

    Example:
        >>> with at_revision("data/raw.csv") as path:
        ...     path
        'data/raw.csv'
    """
    name, mark, revision = source.rpartition("@")
    if not mark or not name or not revision or "://" in source or Path(source).exists():
        yield source
        return
    path = Path(name).resolve()
    home = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if home is None:
        raise InputError("no such file", where=source, hint="PATH@REVISION needs a git repository")
    inside = path.relative_to(home).as_posix()
    _known(home, revision, source)
    with tempfile.TemporaryDirectory(prefix="autoprep-") as place:
        target = Path(place) / path.name
        kept = subprocess.run(["git", "show", f"{revision}:{inside}"], cwd=home, capture_output=True, check=False)
        if kept.returncode == 0:
            target.write_bytes(kept.stdout)
        else:
            run_dvc(home, "get", "--quiet", ".", inside, "--rev", revision, "--out", str(target))
        yield str(target)


def _known(home: Path, revision: str, source: str) -> None:
    if revision.startswith("-"):
        raise InputError(f"'{revision}' is no revision", where=source)
    asked = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"],
        cwd=home,
        capture_output=True,
        check=False,
    )
    if asked.returncode:
        raise InputError(f"the repository has no revision '{revision}'", where=source, hint="git log --oneline")
