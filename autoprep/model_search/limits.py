"""How long one fit may take: a moment on the clock, or units of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """When a fit must stop.

    Attributes:
        deadline: a moment on ``clock``; infinite when work is counted instead.
        units: units of work that may be spent; infinite when the clock decides.
        clock: a monotonic clock in seconds.
    """

    deadline: float
    units: float
    clock: Callable[[], float]

    def passed(self, units: float = 0.0) -> bool:
        """Whether the moment has come, or this many units are too many."""
        return self.clock() >= self.deadline or units > self.units

    def left(self) -> float:
        """Seconds or units that are left, never below 0."""
        return max(0.0, min(self.deadline - self.clock(), self.units))


class OutOfTime(Exception):
    """A fit ended before it had anything to show."""
