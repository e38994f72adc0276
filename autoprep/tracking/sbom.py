"""A bill of materials of a model and the packages that run it, in CycloneDX 1.6 (ECMA-424)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from autoprep.lineage import PACKAGES

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
_PLAIN = re.compile(r"[-_.]+")
ROOT = "autoprep"


def sbom(manifest: Mapping[str, Any]) -> str:
    """The bill of materials of a model folder as JSON: the model, autoprep, and every package that it stands on.

    The packages are those of the running environment; two calls on one folder and environment give the same text.

    Args:
        manifest: of the folder; ``seal`` names it, ``files`` gives the hashes of the model's parts.

    Example:
        >>> made = json.loads(sbom({"facts": {"target": "y", "task": "binary"}, "seal": "0" * 64, "files": {}}))
        >>> made["bomFormat"], made["metadata"]["component"]["type"]
        ('CycloneDX', 'machine-learning-model')
    """
    facts = manifest["facts"]
    identity = str((manifest.get("files") or {}).get("plan.yaml", {}).get("sha256") or manifest.get("seal"))
    needs = _closure(ROOT)
    model = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": f"{facts['task']} of {facts['target']}",
        "version": identity[:12],
        "components": [
            {"type": "file", "bom-ref": f"file {name}", "name": name, "hashes": [_hash(said["sha256"])]}
            for name, said in sorted((manifest.get("files") or {}).items())
            if name.startswith("models/") or name in ("plan.yaml", "features.txt", "contract.json")
        ],
    }
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'autoprep:{identity}')}",
        "version": 1,
        "metadata": {"component": {k: v for k, v in model.items() if v}},
        "components": [_component(name) for name in sorted(needs)],
        "dependencies": [
            {"ref": "model", "dependsOn": [ROOT]},
            *({"ref": name, "dependsOn": sorted(below)} for name, below in sorted(needs.items())),
        ],
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _plain(name: str) -> str:
    return _PLAIN.sub("-", name).lower()


def _closure(root: str) -> dict[str, list[str]]:
    """Package -> the installed packages that it asks for, from the root downwards; extras are left out."""
    found: dict[str, list[str]] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = sorted({below for below in _asked(name) if _installed(below)} - {name})
        waiting += found[name]
    return found


def _asked(name: str) -> list[str]:
    try:
        said = distribution(name).requires or []
    except PackageNotFoundError:  # a checkout that was never installed: at least the packages that decide results
        return [_plain(package) for package in PACKAGES if package != ROOT] if name == ROOT else []
    wanted = [line for line in said if "extra ==" not in line.replace("extra==", "extra ==")]
    return [_plain(match[0]) for line in wanted if (match := _NAME.match(line))]


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _component(name: str) -> dict[str, Any]:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return {"type": "library", "bom-ref": name, "name": name}
    version = found.version
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version.replace('+', '%2B')}",
    }
    said = found.metadata.json
    licence, named = str(said.get("license_expression") or ""), str(said.get("license") or "")
    if licence:
        made["licenses"] = [{"expression": licence}]
    elif named and len(named) <= 60 and "\n" not in named:
        made["licenses"] = [{"license": {"name": named}}]
    return made
