"""A profile that was made of the very same rows before, taken from a store."""

from __future__ import annotations

from typing import Any

import polars as pl

from autoprep.config import Config
from autoprep.profiling import vocabulary
from autoprep.profiling.hurry import Hurry
from autoprep.profiling.profiler import profile
from autoprep.profiling.profiles import KEYS, Profile
from autoprep.store import Store, column_key, key_of
from autoprep.types import Table, Task

_FRAMES = {
    "columns": vocabulary.COLUMNS,
    "tables": vocabulary.TABLES,
    "pairs": vocabulary.PAIRS,
}


def remembered(
    table: Table,
    *,
    target: str | None = None,
    task: Task | None = None,
    config: Config | None = None,
    relations: bool = True,
    mergeable: bool = False,
    store: Store | None = None,
    hurry: Hurry | None = None,
) -> Profile:
    """The same as ``profile``; with a store it is read when the same rows were profiled in the same way before.

    Args:
        table: rows in memory. store: None: the profile is made; so it is in a hurry. The rest: see ``profile``.

    Raises:
        InputError: no such target.
    """

    def make() -> Profile:
        return profile(
            table, target=target, task=task, config=config, relations=relations, mergeable=mergeable, hurry=hurry
        )

    if store is None or hurry is not None:
        return make()
    frame = table.collect()
    roles = {name: said.get("role") for name, said in config.columns.items()} if config else {}
    cells = [(name, column_key(frame.get_column(name))) for name in frame.columns]
    source = [table.source.uri, table.source.sha256]
    key = key_of("profile", target, task, roles, relations, mergeable, source, cells)
    made: list[Profile] = []

    def plain() -> dict[str, Any]:
        made.append(make())
        return _to_plain(made[0])

    said = store.value("profile", key, plain)
    return made[0] if made else _from_plain(said)


def _to_plain(found: Profile) -> dict[str, Any]:
    frames = {name: getattr(found, name).to_dicts() for name in (*_FRAMES, "keys")}
    return frames | {name: dict(getattr(found, name)) for name in ("target", "details", "states", "source")}


def _from_plain(said: dict[str, Any]) -> Profile:
    frames: dict[str, Any] = {name: vocabulary.kept(said[name], words) for name, words in _FRAMES.items()}
    rest = {name: said[name] for name in ("target", "details", "states", "source")}
    return Profile(**frames, keys=pl.DataFrame(said["keys"], schema=KEYS), **rest)
