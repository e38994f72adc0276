"""Catalogues: small alike things, found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from autoprep.errors import SettingError, did_you_mean

T = TypeVar("T")


class Catalogue(Mapping[str, T], Generic[T]):
    """Named entries of one kind; an unknown name is answered with the nearest known one.

    Args:
        kind: what one entry is called in messages ("verb", "model").
        group: entry-point group from which installed packages may add entries, read on the first miss; an entry whose
            import fails is left out, and the reason is told to whoever asks for it by name.

    Example:
        >>> verbs = Catalogue("verb")
        >>> @verbs.add("double")
        ... def double(x):
        ...     return 2 * x
        >>> verbs["double"](4)
        8
        >>> verbs["duble"]
        Traceback (most recent call last):
        autoprep.errors.SettingError: unknown verb 'duble'; did you mean 'double'?
    """

    def __init__(self, kind: str, group: str | None = None) -> None:
        self._kind, self._group = kind, group
        self._entries: dict[str, T] = {}
        self._plugins_read = group is None
        self._absent: dict[str, str] = {}

    def add(self, name: str) -> Callable[[T], T]:
        """Register the decorated object under a name; a name taken twice is a mistake of the programmer."""

        def keep(entry: T) -> T:
            self.put(name, entry)
            return entry

        return keep

    def put(self, name: str, entry: T) -> None:
        """Register an entry under a name."""
        if name in self._entries:
            raise ValueError(f"{self._kind} '{name}' is registered twice")
        self._entries[name] = entry

    def _read_plugins(self) -> None:
        if not self._plugins_read:
            self._plugins_read = True
            for point in entry_points(group=self._group or ""):
                if point.name in self._entries:
                    continue
                try:
                    self._entries[point.name] = point.load()
                except ImportError as reason:
                    self._absent[point.name] = str(reason)

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            self._read_plugins()
        try:
            return self._entries[name]
        except KeyError:
            if name in self._absent:
                raise SettingError(f"{self._kind} '{name}' is not installed", hint=self._absent[name]) from None
            raise SettingError(f"unknown {self._kind} '{name}'", hint=did_you_mean(name, self._entries)) from None

    def __contains__(self, name: object) -> bool:
        self._read_plugins()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._read_plugins()
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        self._read_plugins()
        return len(self._entries)
