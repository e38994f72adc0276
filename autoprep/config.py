"""The settings a project keeps in ``autoprep.yaml``: packs, rules switched or tuned, columns protected, approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from autoprep.errors import SettingError, did_you_mean
from autoprep.types import load_yaml

FILE_NAME = "autoprep.yaml"


@dataclass(frozen=True)
class Config:
    """A project's settings.

    Attributes:
        packs: installed rule packs to load, by entry-point name.
        rules: rule id -> {enabled, reason, parameters, severity, gate}.
        columns: column -> {role, protect, rules: {rule id: {enabled, reason, parameters}}}.
        approve: approvals bound to a hash of the evidence: {rule, columns, evidence, by, until}.
        budgets: error budgets: {max_changed, max_rejected} as shares in [0, 1].
        path: the file it was read from, or "".
        asked: rule id -> the same as in ``rules``, as a command line said: it wins over every other layer.
    """

    packs: tuple[str, ...] = ()
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    approve: tuple[Mapping[str, Any], ...] = ()
    budgets: Mapping[str, float] = field(default_factory=dict)
    path: str = ""
    asked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a configuration file.

        Raises:
            SettingError: a key is unknown; names the nearest valid one.
        """
        values = load_yaml(path) or {}
        known = [f.name for f in fields(cls) if f.name not in ("path", "asked")]
        if not isinstance(values, dict):
            raise SettingError("is not a mapping of keys to values", where=str(path))
        for key in values:
            if key not in known:
                raise SettingError(f"unknown key '{key}'", where=str(path), hint=did_you_mean(str(key), known))
        return cls(
            packs=tuple(values.get("packs") or ()),
            rules=values.get("rules") or {},
            columns=values.get("columns") or {},
            approve=tuple(values.get("approve") or ()),
            budgets=values.get("budgets") or {},
            path=str(path),
        )

    def protected(self) -> frozenset[str]:
        """Columns that no rule may write."""
        return frozenset(name for name, said in self.columns.items() if said.get("protect"))
