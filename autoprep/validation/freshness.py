"""Moments that are known only when a check runs: ``now() - 2 days``."""

from __future__ import annotations

import re
from datetime import timedelta

from autoprep.errors import SettingError

_NOW = re.compile(r"^\s*now\(\)\s*(?:-\s*(?:timedelta\(\s*(\w+)\s*=\s*([\d.]+)\s*\)|([\d.]+)\s*(\w+)))?\s*$")
_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def before_now(text: str) -> timedelta:
    """How long before now a moment lies, of ``now() - 2 days`` or ``now() - timedelta(days=2)``.

    Raises:
        SettingError: it is neither.

    Example:
        >>> before_now("now() - 2 days")
        datetime.timedelta(days=2)
    """
    found = _NOW.match(text)
    if not found:
        raise SettingError(f"the suite parameter '{text}' has no value", hint="give it as parameters={...}")
    unit, count = found[1] or found[4] or "days", float(found[2] or found[3] or 0)
    word = _UNITS.get(unit, unit if unit.endswith("s") else f"{unit}s")
    if word not in ("seconds", "minutes", "hours", "days", "weeks"):
        raise SettingError(f"'{unit}' is no unit of time", where=text, hint="seconds, minutes, hours, days or weeks")
    return timedelta(**{word: count})
