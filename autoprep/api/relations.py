"""The verbs about several tables, and about one table at two times: relate, compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoprep import profiling
from autoprep.api import data
from autoprep.errors import InputError
from autoprep.reading import folders
from autoprep.types import Listener, Table, silent

if TYPE_CHECKING:
    from autoprep.profiling import Comparison, Relations


def relate(sources: Any, *, listener: Listener = silent) -> Relations:
    """Find the keys of tables and the foreign keys between them.

    Args:
        sources: a folder, several paths, or a mapping of names to sources.
        listener: hears what is read.

    Raises:
        InputError: there is only one table, or one cannot be read.

    Example:
        >>> made = relate({"orders": {"customer_id": ["a1", "b2", "a1"]}, "customers": {"id": ["a1", "b2", "c3"]}})
        >>> [link.parent_columns for link in made.links]
        [('id',)]
    """
    if isinstance(sources, Mapping):
        tables = {str(name): data.read(source, listener=listener) for name, source in sources.items()}
    else:
        tables = _named(_paths([sources] if isinstance(sources, str | Path) else list(sources)), listener)
    if len(tables) < 2:
        raise InputError("one table has no relations to others", where=", ".join(tables), hint="name several tables")
    return profiling.relate(tables)


def several(sources: Sequence[str], *, listener: Listener = silent) -> dict[str, Table]:
    """The tables that sources name, by name; empty when they name one table (a file, or a folder of its parts)."""
    if len(sources) == 1:
        path = Path(sources[0])
        if not path.is_dir() or len(folders.files_of(path)) < 2:
            return {}
        tables = _named(folders.files_of(path), listener)
        return tables if _unlike(tables) else {}
    return _named(_paths(sources), listener)


def _paths(sources: Sequence[str | Path]) -> list[str | Path]:
    out: list[str | Path] = []
    for source in sources:
        many = "://" not in str(source) and folders.is_many(Path(source))
        out += folders.files_of(Path(source)) if many else [source]
    return out


def _named(paths: Sequence[str | Path], listener: Listener) -> dict[str, Table]:
    stems = [Path(str(p)).name.split(".")[0] or str(p) for p in paths]
    twice = {s for s, n in Counter(stems).items() if n > 1}
    names = [Path(str(p)).name if s in twice else s for s, p in zip(stems, paths, strict=True)]
    return {name: data.read(path, listener=listener) for name, path in zip(names, paths, strict=True)}


def _unlike(tables: Mapping[str, Table]) -> bool:
    return bool(folders.strangers([t.frame.collect_schema().names() for t in tables.values()]))


def compare(before: Any, after: Any, *, listener: Listener = silent) -> Comparison:
    """Say what changed from one source to another: schema, missingness, dirt, distributions, dependencies.

    Example:
        >>> compare({"a": [1, 2], "b": [3, 4]}, {"a": [1, 2]}).drifts["sentence"].to_list()
        ["'b' is gone"]
    """
    made = [s if hasattr(s, "details") else data.profile(s, listener=listener) for s in (before, after)]
    return made[0].compare(made[1])
