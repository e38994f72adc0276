"""What is being done, what was found, and how much of the budget is left, on standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from autoprep.tracking.log import Stages
    from autoprep.types import Event

WIDTH = 11
OPTION, VARIABLE = "--log-format", "AUTOPREP_LOG_FORMAT"
FORMATS = ("text", "json")


@dataclass
class _Log:
    """How the run that is under way is logged."""

    form: str = "text"
    stages: Stages | None = None


_LOG = _Log()


def as_json() -> bool:
    """Whether standard error is one JSON object a line."""
    return _LOG.form == "json"


def ended(status: int) -> int:
    """Tell the log how the run ended; the status is handed on."""
    if _LOG.stages is not None:
        _LOG.stages.end(status)
    return status


@contextmanager
def watched(words: list[str]) -> Iterator[list[str]]:
    """Log a run as ``--log-format`` (anywhere among the words, or AUTOPREP_LOG_FORMAT) and the environment ask.

    Yields the words without the option.

    Raises:
        InputError: spans are asked for and cannot be sent. SettingError: no such format.
    """
    rest, form = _without_option(words)
    spans = any(os.environ.get(name) for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"))
    if form == "text" and not spans and "opentelemetry.sdk.trace" not in sys.modules:
        yield rest
        return
    from autoprep.tracking.log import Stages, exported, json_lines

    command = next((word for word in rest if not word.startswith("-")), "help")
    _LOG.form = form
    try:
        with exported(), Stages(command, json_lines() if form == "json" else lambda record: None) as stages:
            _LOG.stages = stages
            yield rest
    finally:
        _LOG.form, _LOG.stages = "text", None


def _without_option(words: list[str]) -> tuple[list[str], str]:
    form, rest, after = os.environ.get(VARIABLE) or "text", list[str](), iter(words)
    for word in after:
        if word == "--":
            rest += [word, *after]
        elif word == OPTION:
            form = next(after, "")
        elif word.startswith(f"{OPTION}="):
            form = word.partition("=")[2]
        else:
            rest.append(word)
    if form not in FORMATS:
        from autoprep.errors import SettingError, did_you_mean

        raise SettingError(f"no log format '{form}'", where=OPTION, hint=did_you_mean(form, FORMATS))
    return rest, form


class Progress:
    """A listener that shows events: a line per event, and a live line with the clock on a terminal.

    Args:
        time_budget_s: seconds in all, or None.
        quiet: show nothing.
    """

    def __init__(self, time_budget_s: float | None = None, quiet: bool = False) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        quiet = quiet or as_json()
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
        if _LOG.stages is not None:
            _LOG.stages(event)
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
