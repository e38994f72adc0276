"""What each tool did on each split, one line of JSON a run, kept beside the tables: a long comparison goes on where it
stopped, on another day too, and says which version of each tool and how busy a machine each figure comes from.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Key = tuple[str, str, int, float, bool, int]
Cell = dict[str, Any]

#: How often idle OpenMP threads of every arm turn before they sleep (``GOMP_SPINCOUNT``). Runs that slept at once are
#: of another kind and not shown with these: LightGBM was up to four times slower on two threads than on one in them.
SPIN = 1_000

_VERSION = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"


def key_of(cell: Cell) -> Key:
    """Set, arm, seed, budget in seconds, whether autoprep left columns out that give the target away, and the turns of
    idle threads."""
    dropped, spin = bool(cell.get("dropped", False)), int(cell.get("spin", 0))
    return cell["set"], cell["arm"], int(cell["seed"]), float(cell["budget"]), dropped, spin


class Cells:
    """The runs in a file.

    Args:
        path: of the lines; made when the first run is put.

    Raises:
        ValueError: a line is not what ``put`` writes; the message names it.

    Example:
        >>> import tempfile
        >>> cells = Cells(Path(tempfile.mkdtemp()) / "cells.jsonl")
        >>> cells.put({"set": "a", "arm": "flaml", "seed": 0, "budget": 10, "spin": 1000, "score": 0.5})
        >>> Cells(cells.path).get(("a", "flaml", 0, 10.0, False, SPIN))["score"]
        0.5
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held: dict[Key, Cell] = {}
        for number, line in enumerate(path.read_text().splitlines() if path.is_file() else [], 1):
            try:
                cell = json.loads(line)
                self.held[key_of(cell)] = cell
            except (ValueError, KeyError) as error:
                raise ValueError(f"{path}, line {number}: {error!r}; take the line out") from None

    def get(self, key: Key, version: str | None = None) -> Cell | None:
        """The run with this key; None where there is none, or it is of another version than the one asked for."""
        found = self.held.get(key)
        return found if version is None or found is None or found.get("version") == version else None

    def put(self, cell: Cell) -> None:
        """Keep a run in the place of an earlier one with its key; sorted, so that a change reads well."""
        self.held[key_of(cell)] = cell
        lines = [json.dumps(self.held[k], sort_keys=True) for k in sorted(self.held)]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_text("\n".join(lines) + "\n")
        beside.replace(self.path)


def circumstances() -> dict[str, Any]:
    """The day, and the load of the machine in the minute before a run."""
    return {"day": time.strftime("%Y-%m-%d", time.gmtime()), "load": round(os.getloadavg()[0], 1)}


def version_of(arm: str, package: str, python: str) -> str:
    """The version of a tool in its environment; of autoprep the commit too."""
    done = subprocess.run([python, "-c", _VERSION, package], capture_output=True, text=True, check=False)
    said = done.stdout.strip() or "unknown"
    if arm != "autoprep":
        return said
    here = Path(__file__).parent
    wrote = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=here, capture_output=True, text=True, check=False
    )
    return f"{said} {wrote.stdout.strip()}".strip()


def halved(entries: Sequence[Any]) -> list[Any]:
    """The same in an order in which every beginning is spread over the whole: middles of what is left, again and again.

    Example:
        >>> halved([1, 2, 3, 4, 5, 6, 7])
        [4, 2, 6, 1, 3, 5, 7]
    """
    spans, found = [(0, len(entries))], []
    while spans:
        low, high = spans.pop(0)
        if low >= high:
            continue
        middle = (low + high) // 2
        found.append(entries[middle])
        spans += [(low, middle), (middle + 1, high)]
    return found
