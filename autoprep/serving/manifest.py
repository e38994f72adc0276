"""The manifest of a model folder: its format and migrations, the hash of every file, and the seal over all."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from autoprep import lineage
from autoprep.errors import ArtifactError
from autoprep.serving.state import read_json

FORMAT = 2
KIND = "autoprep model"
MANIFEST, SIGNATURE = "manifest.json", "signature.json"
MAX_FILES = 10_000
MAX_MANIFEST_BYTES = 16 << 20


def _since_2(manifest: dict[str, Any]) -> dict[str, Any]:
    """Format 2 names the source without the folders of the machine that it lay on, and states the folder's size."""
    facts = dict(manifest.get("facts") or {})
    if isinstance(facts.get("source"), dict):
        facts["source"] = lineage.portable_source(facts["source"])
    sizes = [said.get("bytes", 0) for said in (manifest.get("files") or {}).values() if isinstance(said, dict)]
    return {**manifest, "format": 2, "facts": facts, "size_bytes": sum(sizes)}


#: Format -> what makes a manifest of the next format of one in it. An older folder is read, never written over.
_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _since_2}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest itself: its seal, its kind, its format; older formats are migrated.

    Raises:
        ArtifactError: not a model folder, altered, or newer.
    """
    file = folder / MANIFEST
    if not folder.is_dir():
        raise ArtifactError(
            "no such model folder", where=str(folder), hint="give the folder that 'autoprep fit -o' wrote"
        )
    if not file.is_file():
        raise ArtifactError("is not a model folder (no manifest.json)", where=str(folder))
    manifest = read_json(file, MAX_MANIFEST_BYTES)
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ArtifactError("is not the manifest of an autoprep model", where=str(file))
    made_by = (manifest.get("versions") or {}).get("autoprep", "unknown")
    found = manifest.get("format")
    if not isinstance(found, int) or found > FORMAT:
        raise ArtifactError(
            f"has format {found}, made by autoprep {made_by}; this version reads up to {FORMAT}",
            where=str(folder),
            hint="upgrade autoprep, or fit the model again",
        )
    if file.read_bytes() != _render_manifest(manifest).encode():
        raise ArtifactError("was altered after it was written", where=str(file), hint="copy or fit the model again")
    known: dict[str, Any] = manifest
    while known["format"] < FORMAT:
        migrate = _MIGRATIONS.get(known["format"])
        if migrate is None:
            raise ArtifactError(f"has format {found}, which is no longer read", where=str(folder), hint="fit it again")
        known = migrate(known)
    if not isinstance(known.get("files"), dict) or not isinstance(known.get("facts"), dict):
        raise ArtifactError("is not complete", where=str(file), hint="copy or fit the model again")
    return known


def verify(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Check size and SHA-256 of every file, and that the folder holds no other.

    Raises:
        ArtifactError: a file is missing, altered, unlisted, a link, or points out of the folder.
    """
    listed = manifest["files"]
    if len(listed) > MAX_FILES:
        raise ArtifactError(f"lists {len(listed):,} files", where=str(folder), hint=f"at most {MAX_FILES:,}")
    for name, said in listed.items():
        file = folder / _safe(name, folder)
        try:
            found = file.lstat()
        except OSError:
            raise ArtifactError("is missing", where=str(file), hint="copy or fit the model again") from None
        if not stat.S_ISREG(found.st_mode):
            raise ArtifactError("is not a plain file", where=str(file))
        if found.st_size != said.get("bytes") or lineage.hash_file(file) != said.get("sha256"):
            raise ArtifactError(
                "was altered or damaged after the model was saved", where=str(file), hint="copy or fit the model again"
            )
    strangers = sorted(set(_files(folder)) - set(listed) - {MANIFEST, SIGNATURE})
    if strangers:
        raise ArtifactError(
            f"holds a file that the model did not write: {strangers[0]}", where=str(folder), hint="remove it"
        )


def _safe(name: str, folder: Path) -> PurePosixPath:
    path = PurePosixPath(name)
    bad = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name or not path.parts
    if bad or any((folder / parent).is_symlink() for parent in path.parents):
        raise ArtifactError(f"lists the file {name!r}, which lies outside", where=str(folder))
    return path


def _files(folder: Path) -> list[str]:
    """Every file below, as relative POSIX names; what file managers leave behind (.DS_Store) is not counted."""
    names = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())
    return sorted(n for n in names if n.rsplit("/", 1)[-1] not in (".DS_Store", "Thumbs.db", "desktop.ini"))


def seal(folder: Path, head: dict[str, Any], versions: Mapping[str, str] | None = None) -> None:
    """Write the manifest: ``head``, versions, and size and hash of every file of the folder."""
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": lineage.hash_file(folder / name)}
        for name in _files(folder)
        if name not in (MANIFEST, SIGNATURE)
    }
    size = sum(int(str(said["bytes"])) for said in files.values())
    manifest = {**head, "size_bytes": size, "versions": dict(versions or lineage.versions()), "files": files}
    with lineage.whole_file(folder / MANIFEST) as beside:
        write_text(beside, _render_manifest(manifest))


def _render_manifest(manifest: Mapping[str, Any]) -> str:
    body = {key: value for key, value in manifest.items() if key != "seal"}
    return pretty({**body, "seal": lineage.hash_value(body)})


def write_text(file: Path, text: str) -> None:
    """Write UTF-8 with line feeds, whatever the operating system."""
    file.write_text(text, encoding="utf-8", newline="\n")


def pretty(value: Any) -> str:
    """JSON text, one value a line, the keys in their order."""
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"
