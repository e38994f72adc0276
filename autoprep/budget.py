"""How much time or work a run may use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

#: How many times longer for others' work anything is taken to be at most.
MOST_SLOWED = 4.0


@dataclass
class Budget:
    """A clock (seconds) or a meter (units of work) that stages ask before they start something.

    With ``time_budget_s`` the budget is wall-clock time since it was made. With ``work_budget`` it is a count of
    units that stages charge, so that two runs do exactly the same work. With neither there is no limit.

    Args:
        time_budget_s: seconds of wall-clock time, or None.
        work_budget: units of work, or None. One unit is about one second on two cores.
        clock: a monotonic clock in seconds.

    Example:
        >>> budget = Budget(work_budget=3)
        >>> budget.charge(2)
        >>> budget.remaining(), budget.spent_share(), budget.exhausted()
        (1.0, 0.6666666666666666, False)
    """

    time_budget_s: float | None = None
    work_budget: float | None = None
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)
    work: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        if self.time_budget_s is not None and self.work_budget is not None:
            raise ValueError("give time_budget_s or work_budget, not both")
        self.started = self.clock()

    @property
    def deterministic(self) -> bool:
        """Whether decisions may depend on the clock (False) or only on the work done (True)."""
        return self.time_budget_s is None

    def charge(self, units: float) -> None:
        """Count units of work."""
        self.work += units

    def elapsed_s(self) -> float:
        """Seconds since the budget was made."""
        return self.clock() - self.started

    def slowed(self) -> float:
        """How many threads wait for each core (the load of the last minute), from 1 to ``MOST_SLOWED``.

        On a machine that others use, what comes after a search needs so much more time. 1 where no load is told.
        """
        if not hasattr(os, "getloadavg"):
            return 1.0
        return min(MOST_SLOWED, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))

    def spent(self) -> float:
        """Seconds or units spent so far."""
        return self.work if self.work_budget is not None else self.elapsed_s()

    def total(self) -> float:
        """Seconds or units in all; infinite when there is no limit."""
        limit = self.work_budget if self.work_budget is not None else self.time_budget_s
        return float("inf") if limit is None else float(limit)

    def remaining(self) -> float:
        """Seconds or units left, never below 0."""
        return max(0.0, self.total() - self.spent())

    def spent_share(self) -> float:
        """Share of the budget spent, in [0, 1]; 0 when there is no limit."""
        total = self.total()
        return 0.0 if total == float("inf") else min(1.0, self.spent() / total) if total > 0 else 1.0

    def exhausted(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() <= 0.0
