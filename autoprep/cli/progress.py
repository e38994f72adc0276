"""What is being done, what was found, and how much of the budget is left, on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from autoprep.types import Event

WIDTH = 11


class Progress:
    """A listener that shows events: a line per event, and a live line with the clock on a terminal.

    Args:
        time_budget_s: seconds in all, or None.
        quiet: show nothing.
    """

    def __init__(self, time_budget_s: float | None = None, quiet: bool = False) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._quiet, self._limit = quiet, time_budget_s
        self._started = time.monotonic()
        self._status = self._console.status("starting") if sys.stderr.isatty() and not quiet else None

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def _clock(self) -> str:
        spent = time.monotonic() - self._started
        return f"{spent:5.1f} s" if self._limit is None else f"{spent:5.1f} of {self._limit:g} s"

    def __call__(self, event: Event) -> None:
        if self._quiet:
            return
        from rich.markup import escape
        from rich.text import Text

        line = Text.assemble((f"{self._clock()}  ", "dim"), (f"{event.stage:<{WIDTH}}", "bold cyan"), event.message)
        self._console.print(line, overflow="fold")
        if self._status:
            left = (
                ""
                if self._limit is None
                else f", {max(0.0, self._limit - (time.monotonic() - self._started)):.0f} s left"
            )
            self._status.update(f"{escape(event.stage)}{left}")
