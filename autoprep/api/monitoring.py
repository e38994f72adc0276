"""The verbs about a model in use: drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoprep.api.data import PathLike, read
from autoprep.errors import InputError
from autoprep.lineage import whole_file

if TYPE_CHECKING:
    from autoprep.serving.drift import Drift


def drift(model: PathLike, source: Any) -> Drift:
    """Compare new rows with the training of a model: columns, dirt, predictions; thresholds know the sizes.

    Args:
        model: a model folder.
        source: new raw rows; or what a service saw: the folder, or a file of it, of ``autoprep serve --seen FOLDER``.

    Raises:
        ArtifactError: the folder is damaged or keeps no profile.
        InputError: the source cannot be read.
    """
    from autoprep.serving import artifact, seen
    from autoprep.serving import drift as drifts

    loaded = artifact.load(model)
    if seen.holds_windows(source):
        return drifts.drift_of_seen(loaded, seen.read_windows(source, loaded.digest))
    return drifts.drift(loaded, read(source).collect())


def write_drift(found: Drift, path: PathLike, title: str = "Drift") -> Path:
    """Write a drift check as ``.html`` or ``.json``.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    from autoprep.reporting.drift import drift_html

    target = Path(path)
    if target.suffix.lower() not in (".html", ".json"):
        raise InputError(f"cannot write drift as '{target.suffix}'", where=str(target), hint="try .html or .json")
    if target.suffix.lower() == ".html":
        text = drift_html(title, found.rows, found.changes.to_dicts())
    else:
        text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1, default=str) + "\n"
    with whole_file(target) as beside:
        beside.write_text(text, encoding="utf-8")
    return target
