"""A model folder made ready to run elsewhere: a container, or a plain virtual environment under systemd."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import deque
from importlib import metadata
from pathlib import Path
from string import Template
from typing import Any

from autoprep.errors import InputError
from autoprep.lineage import whole_folder
from autoprep.serving import artifact
from autoprep.serving import manifest as manifests

NAME = "autoprep"
PAGES = Path(__file__).parent / "pages"
#: Files of a package and the templates they are made of.
FILES = {
    "Dockerfile": "Dockerfile.template",
    ".dockerignore": "dockerignore.template",
    "compose.yaml": "compose.template",
    "autoprep-serve.service": "service.template",
    "README.md": "package.template",
}
_WORD = re.compile(r"[^a-z0-9]+")


def package(
    model: str | Path, folder: str | Path, *, port: int = 8000, workers: int = 1, wheel: str | Path | None = None
) -> list[Path]:
    """Write a folder that holds the model, a Dockerfile, compose.yaml, a systemd unit and pinned requirements.

    Args:
        model: a model folder; checked first.
        folder: new, or empty.
        port: that the service listens on.
        workers: processes.
        wheel: a wheel of autoprep to put beside the requirements, where it is not to be had from a registry.

    Returns:
        The files beside the model.

    Raises:
        ArtifactError: the model folder is missing, damaged, altered or newer.
        InputError: the folder holds files; the wheel is none of this version; a dependency is not installed.
    """
    loaded, target = artifact.load(model), Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError("is not an empty folder", where=str(target), hint="choose another with -o")
    said = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "port": str(port),
        "workers": str(workers),
        "digest": loaded.digest[:12],
        "target": " ".join(str(loaded.facts["target"]).split())[:60].replace('"', "'").replace("$", ""),
        "slug": _WORD.sub("-", str(loaded.facts["target"]).lower()).strip("-")[:30] or "model",
    }
    with whole_folder(target) as beside:
        shutil.copytree(loaded.folder, beside / "model")
        (beside / "wheels").mkdir()
        (beside / "wheels" / ".keep").write_text("")
        if wheel is not None:
            shutil.copy(_wheel(Path(wheel)), beside / "wheels")
        (beside / "requirements.txt").write_text(requirements(), encoding="utf-8")
        for name, template in FILES.items():
            text = Template((PAGES / template).read_text(encoding="utf-8")).substitute(said)
            (beside / name).write_text(text, encoding="utf-8", newline="\n")
        manifests.verify(beside / "model", loaded.manifest)
    return [target / name for name in (*FILES, "requirements.txt")]


def requirements() -> str:
    """Every package that serving needs, as it is installed here, one ``name==version`` a line.

    Raises:
        InputError: a package is not installed.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {}
    waiting: deque[tuple[str, tuple[str, ...]]] = deque([(NAME, ("serve",))])
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = waiting.popleft()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            held = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            hint = "pip install 'autoprep[serve]'"
            raise InputError(f"serving needs {name}, which is not installed", hint=hint) from None
        found[canonicalize_name(name)] = held.version.partition("+")[0]
        for line in held.requires or ():
            needed = Requirement(line)
            asked: list[dict[str, Any]] = [{"extra": extra} for extra in ("", *extras)]
            if needed.marker is None or any(needed.marker.evaluate(one) for one in asked):
                waiting.append((canonicalize_name(needed.name), tuple(sorted(needed.extras))))
    own = f"{NAME}[serve]=={found.pop(canonicalize_name(NAME))}\n"
    return own + "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))


def _wheel(file: Path) -> Path:
    version = metadata.version(NAME)
    if not file.is_file() or not file.name.startswith(f"{NAME}-{version}-") or file.suffix != ".whl":
        raise InputError(
            f"is no wheel of {NAME} {version}", where=str(file), hint="make one with 'python -m build --wheel'"
        )
    return file


def start_command(folder: Path) -> list[str]:
    """The command that the container runs, as the Dockerfile says it.

    Raises:
        InputError: the Dockerfile has no CMD.
    """
    for line in (folder / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("CMD "):
            command: list[str] = json.loads(line.removeprefix("CMD "))
            return command
    raise InputError("has no CMD", where=str(folder / "Dockerfile"))
