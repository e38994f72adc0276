"""autoprep: AutoML that puts data preprocessing first.

Reads raw tables, profiles, validates and cleans them by rules that a person can read, edit, refuse and undo, generates
and selects features, and finishes with a compact model search. Importing this package is cheap: everything heavy loads
on first use.

Example:
    >>> import autoprep as ap
    >>> cleaned = ap.clean({"price": ["$1,200.50", "N/A", "$80"], "city": ["Oslo", "oslo ", "Bergen"]})
    >>> cleaned.frame["price"].to_list()
    [1200.5, None, 80.0]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoprep.api import (
        Model,
        canary,
        clean,
        compare,
        data_diff,
        evaluate,
        explain,
        fit,
        load,
        plan,
        profile,
        read,
        relate,
        report,
        schema_of,
        select,
        serve,
        synthesize,
        undo,
        validate,
    )
    from autoprep.errors import ArtifactError, AutoprepError, ContractError, InputError, SettingError
    from autoprep.types import Action, Cleaned, Dialect, Feature, Finding, Leaderboard, Plan, Table

__version__ = "0.1.0"

_HOMES = {
    "autoprep.api": (
        "Model",
        "canary",
        "clean",
        "compare",
        "data_diff",
        "evaluate",
        "explain",
        "fit",
        "load",
        "plan",
        "profile",
        "read",
        "relate",
        "report",
        "schema_of",
        "select",
        "serve",
        "synthesize",
        "undo",
        "validate",
    ),
    "autoprep.errors": ("ArtifactError", "AutoprepError", "ContractError", "InputError", "SettingError"),
    "autoprep.types": ("Action", "Cleaned", "Dialect", "Feature", "Finding", "Leaderboard", "Plan", "Table"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Action",
    "ArtifactError",
    "AutoprepError",
    "Cleaned",
    "ContractError",
    "Dialect",
    "Feature",
    "Finding",
    "InputError",
    "Leaderboard",
    "Model",
    "Plan",
    "SettingError",
    "Table",
    "__version__",
    "canary",
    "clean",
    "compare",
    "data_diff",
    "evaluate",
    "explain",
    "fit",
    "load",
    "plan",
    "profile",
    "read",
    "relate",
    "report",
    "schema_of",
    "select",
    "serve",
    "synthesize",
    "undo",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'autoprep' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
