"""The verbs about a model in use: drift, at once or by windows of time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoprep.api.data import PathLike
from autoprep.api.model import rows_for
from autoprep.errors import InputError, plural
from autoprep.lineage import whole_file

if TYPE_CHECKING:
    from autoprep.serving.drift import Drift


def drift(model: PathLike, source: Any, of: Any = None) -> Drift:
    """Compare new rows with the training of a model: columns, dirt, predictions; thresholds know the sizes.

    Args:
        model: a model folder.
        source: new raw rows; or what a service saw: the folder, or a file of it, of ``autoprep serve --seen FOLDER``;
            for a model over several tables these.
        of: rows of the model's table, when they are not those of the source.

    Raises:
        ArtifactError: the folder is damaged or keeps no profile.
        InputError: the source cannot be read.
    """
    from autoprep.serving import artifact, seen
    from autoprep.serving import drift as drifts

    loaded = artifact.load(model)
    if seen.holds_windows(source):
        return drifts.drift_of_seen(loaded, seen.read_windows(source, loaded.digest))
    return drifts.drift(loaded, rows_for(loaded, source, of))


@dataclass(frozen=True)
class DriftWindows:
    """Drift of new rows, one comparison with training per window of time.

    Attributes:
        column: the column of moments. every: length of a window. undated: rows without a moment that can be read.
        windows: (start, drift), by time.
    """

    column: str
    every: str
    undated: int
    windows: tuple[tuple[str, Drift], ...]

    def at_least(self, severity: str) -> bool:
        """Whether a change in any window is as grave as ``severity`` or graver."""
        return any(found.at_least(severity) for _, found in self.windows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        windows = [{"start": start, **found.to_dict()} for start, found in self.windows]
        return {"column": self.column, "every": self.every, "undated": self.undated, "windows": windows}

    def lines(self) -> list[str]:
        """A line per window, and under it one per change."""
        said = []
        for start, found in self.windows:
            said.append(f"{start}: {plural(found.rows[1], 'row')}, {found.worst or 'nothing drifted'}")
            said += [f"  {c['severity']:<8} {c['part']:<12} {c['sentence']}" for c in found.changes.to_dicts()]
        if self.undated:
            said.append(f"{plural(self.undated, 'row')} without a readable {self.column} are in no window")
        return said


def drift_windows(model: PathLike, source: Any, column: str, every: str = "1w", of: Any = None) -> DriftWindows:
    """Compare new rows with training window by window; the moments are read as the model's plan reads them.

    Args:
        model: a model folder. source: new rows. of: see ``drift``.
        column: moments: a column that the plan reads as a date, or that is one.
        every: length of a window in Polars' words: "1d", "1w", "1mo", "6h"; weeks begin on Monday.

    Raises:
        ArtifactError: the folder is damaged or keeps no profile.
        InputError: no such column, no moments in it, or no such length.
    """
    from autoprep.serving import artifact
    from autoprep.serving import drift as drifts

    held = artifact.load(model)
    undated, windows = drifts.windows(held, rows_for(held, source, of), column, every)
    return DriftWindows(column, every, undated, windows)


def write_drift_windows(found: DriftWindows, path: PathLike) -> Path:
    """Write drift by windows as ``.json``.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".json":
        raise InputError(f"cannot write windows as '{target.suffix}'", where=str(target), hint="try .json")
    with whole_file(target) as beside:
        text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1, default=str) + "\n"
        beside.write_text(text, encoding="utf-8")
    return target


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
