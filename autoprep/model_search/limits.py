"""What one fit may use: time until a moment on the clock, or units of work, and threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

#: Where Linux says how many pages a process holds in memory.
PAGES = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Bytes of memory that this process holds now; 0 where the system does not say.

    Example:
        >>> resident_bytes() >= 0
        True
    """
    try:
        return int(PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return 0


@dataclass(frozen=True)
class Limit:
    """When a fit must stop, and how many threads it has.

    Attributes:
        deadline: a moment on ``clock``; infinite when work is counted instead.
        units: units of work that may be spent; infinite when the clock decides.
        clock: a monotonic clock in seconds.
        stop: set from outside when everything must end.
        threads: that the fit may use.

    Example:
        >>> limit = Limit(10.0, float("inf"), lambda: 4.0)
        >>> limit.passed(), limit.left()
        (False, 6.0)
    """

    deadline: float
    units: float
    clock: Callable[[], float]
    stop: Event = field(default_factory=Event)
    threads: int = 1

    def passed(self, units: float = 0.0) -> bool:
        """Whether the moment has come, this many units are too many, or everything must end."""
        return self.stop.is_set() or self.clock() >= self.deadline or units > self.units

    def left(self) -> float:
        """Seconds or units that are left, never below 0."""
        return max(0.0, min(self.deadline - self.clock(), self.units))


class OutOfTime(Exception):
    """A fit ended before it had anything to show."""


class Unfit(Exception):
    """A model cannot be fitted to these rows, and why."""
