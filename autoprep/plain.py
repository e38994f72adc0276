"""Plain values in and out of files: YAML, unknown keys refused, tuples as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from autoprep.errors import InputError, SettingError, did_you_mean

Json = Any


def load_yaml(path: str | Path) -> Any:
    """Read YAML with the safe loader.

    Raises:
        InputError: no such file, or it is not text.
        SettingError: not YAML; names file and line.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such file", where=str(file), hint="check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=str(file)) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingError(f"not valid YAML ({getattr(error, 'problem', error)})", where=f"{file}{line}") from error


def refuse_unknown(values: Mapping[str, Json], known: Sequence[str], where: str) -> None:
    """Raise a ``SettingError`` for what is no mapping, or has a key that is not known."""
    if not isinstance(values, Mapping):
        raise SettingError("is not a mapping of keys to values", where=where)
    for key in values:
        if key not in known:
            raise SettingError(f"unknown key '{key}'", where=where, hint=did_you_mean(str(key), known))


def plain(value: Any) -> Any:
    """A value as JSON and YAML know it: lists for tuples, Python's numbers for NumPy's."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        return value.item()
    return value
