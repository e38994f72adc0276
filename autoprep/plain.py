"""Plain values in and out of files: YAML, unknown keys refused, tuples as lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from autoprep.errors import InputError, SettingError, did_you_mean

Json = Any
_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FAST_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_STYLE: Mapping[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 120, "default_flow_style": None}
_ESCAPED = re.compile(r'"[^"\n]*\\')
#: Characters of a key up to which both of YAML's writers write it alike.
MOST_KEY = 100


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
        return parse_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingError(f"not valid YAML ({getattr(error, 'problem', error)})", where=f"{file}{line}") from error


def parse_yaml(text: str) -> Any:
    """Plain values of YAML text, read by libyaml where it is installed: ten times faster on a long plan.

    What libyaml refuses is read by Python's own reader, whose messages are the same on every machine.

    Example:
        >>> parse_yaml("{x: [1, no]}")
        {'x': [1, False]}
    """
    try:
        return yaml.load(text, _FAST_LOADER)
    except yaml.YAMLError:
        return yaml.safe_load(text)


def dump_yaml(value: Any) -> str:
    """YAML text of plain values, keys in their order; libyaml writes it wherever it writes what Python's writer does.

    The two differ in double-quoted text with escapes, in empty keys and in long ones.

    Example:
        >>> dump_yaml({"x": [1, None]})
        'x: [1, null]\\n'
    """
    if _short_keys(value):
        text: str = yaml.dump(value, Dumper=_FAST_DUMPER, **_STYLE)
        if not _ESCAPED.search(text):
            return text
    slow: str = yaml.dump(value, Dumper=yaml.SafeDumper, **_STYLE)
    return slow


def _short_keys(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(0 < len(str(k)) <= MOST_KEY for k in value) and all(map(_short_keys, value.values()))
    return all(map(_short_keys, value)) if isinstance(value, list) else True


def compose_yaml(text: str) -> yaml.Node | None:
    """The nodes of YAML text, which know their lines; see ``parse_yaml``."""
    try:
        return yaml.compose(text, Loader=_FAST_LOADER)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


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
