"""The verbs about what is kept so that it need not be worked out again: list, clear."""

from __future__ import annotations

from typing import Any

from autoprep.api.data import PathLike
from autoprep.store import Store, age


def cache_list(folder: PathLike) -> dict[str, Any]:
    """Per stage: entries, bytes, how long ago one was asked for; and the bytes of all, and the bound."""
    store, stages = Store(folder), dict[str, dict[str, Any]]()
    for name, size, moment in store.entries():
        stage = name.split("/", 1)[0]
        said = stages.setdefault(stage, {"stage": stage, "entries": 0, "bytes": 0, "asked": age(moment)})
        said["entries"] += 1
        said["bytes"] += size
    rows = sorted(stages.values(), key=lambda row: str(row["stage"]))
    return {"stages": rows, "bytes": sum(row["bytes"] for row in rows), "max_bytes": store.max_bytes}


def cache_clear(folder: PathLike, keep_bytes: int = 0) -> int:
    """Take away what was not asked for longest until ``keep_bytes`` are left; returns the bytes that went."""
    return Store(folder).prune(keep_bytes)
