"""A profile that must be done by a certain time: what it can do without is left out, and said."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Hurry:
    """What a profile asks before a part that it can do without, and keeps a list of what it did without.

    Args:
        seconds: how long the profile may take.
        clock: a monotonic clock in seconds.

    Attributes:
        left_out: what was not looked at, in words.

    Example:
        >>> hurry = Hurry(10, clock=iter([0.0, 4.0, 6.0]).__next__)
        >>> hurry.late(0.5), hurry.late(0.5), hurry.left_out
        (False, True, [])
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    left_out: list[str] = field(default_factory=list)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def late(self, share: float = 1.0) -> bool:
        """Whether more than this share of the seconds has gone."""
        return self.clock() - self.started > share * self.seconds
