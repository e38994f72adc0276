"""What a run does, for machines: one JSON object a line, and OpenTelemetry spans; stages, seconds, counts, no values.

Spans are made when OpenTelemetry's SDK is set up: by the program that calls autoprep, or, for the command line, by the
environment (``OTEL_TRACES_EXPORTER=otlp`` or ``console``, ``OTEL_EXPORTER_OTLP_ENDPOINT``; the extra ``otel``).
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any, TextIO

from autoprep.errors import InputError
from autoprep.types import Event, Listener, silent

Emit = Callable[[Mapping[str, Any]], None]


def json_lines(stream: TextIO | None = None) -> Emit:
    """A function that writes records as JSON, one a line, each with the moment in UTC.

    Example:
        >>> import io
        >>> text = io.StringIO()
        >>> json_lines(text)({"event": "start"})
        >>> sorted(json.loads(text.getvalue()))
        ['event', 'time']
    """

    def emit(record: Mapping[str, Any]) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        out = stream or sys.stderr
        out.write(json.dumps({"time": moment, **record}, ensure_ascii=False, default=str) + "\n")
        out.flush()

    return emit


def without_values(text: str) -> str:
    """A message with everything that it quotes left out.

    Example:
        >>> without_values("column 'mail': 'ada@x.org' cannot be read")
        "column '…': '…' cannot be read"
    """
    return re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", text)


class Stages:
    """A listener that turns events into stages: a stage lasts from the end of the one before to its own last event.

    Args:
        command: what runs.
        emit: is given a record per event and per stage that ended.
        listener: hears the events too.
        clock: nanoseconds since 1970.

    Example:
        >>> said = []
        >>> with Stages("clean", said.append, clock=iter(range(0, 10**12, 10**9)).__next__) as heard:
        ...     heard(Event("read", "raw.csv: 'Ada'", {"rows": 3}))
        >>> [(r["event"], r.get("stage"), r.get("rows")) for r in said]
        [('start', None, None), ('progress', 'read', 3), ('stage', 'read', 3), ('end', None, None)]
    """

    def __init__(
        self, command: str, emit: Emit, listener: Listener = silent, *, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.command, self.emit, self.listener, self.clock = command, emit, listener, clock
        self.stage, self.counts = "", dict[str, float]()
        self.tracer: Any = _tracer()
        self.parent: Any = None

    def __enter__(self) -> Stages:
        self.began = self.since = self.last = self.clock()
        if self.tracer is not None:
            self.parent = self.tracer.start_span(f"autoprep {self.command}", start_time=self.began)
        self.emit({"event": "start", "command": self.command})
        return self

    def __call__(self, event: Event) -> None:
        """Hear an event: figures go on, sentences do not, since they may quote the data."""
        self.listener(event)
        if event.stage != self.stage:
            self._close()
            self.stage, self.since = event.stage, self.last
        self.last = self.clock()
        figures = {k: v for k, v in event.data.items() if isinstance(v, int | float)}
        self.counts |= figures
        seconds = round((self.last - self.since) / 1e9, 6)
        head = {"event": "progress", "command": self.command, "stage": event.stage}
        self.emit({**head, "seconds": seconds, **figures})

    def _close(self) -> None:
        if not self.stage:
            return
        seconds = round((self.last - self.since) / 1e9, 6)
        self.emit({"event": "stage", "command": self.command, "stage": self.stage, "seconds": seconds, **self.counts})
        if self.tracer is not None:
            from opentelemetry import trace

            context = trace.set_span_in_context(self.parent) if self.parent is not None else None
            figures = {f"autoprep.{k}": v for k, v in self.counts.items()}
            span = self.tracer.start_span(
                f"autoprep {self.stage}", context=context, start_time=self.since, attributes=figures
            )
            span.end(end_time=self.last)
        self.stage, self.counts = "", {}

    def end(self, status: int = 0, *, error: BaseException | None = None) -> None:
        """Close what is open and say how it ended; the second time it does nothing."""
        if self.began < 0:
            return
        self._close()
        now = self.clock()
        said: dict[str, Any] = {"event": "end", "command": self.command, "status": status}
        if error is not None:
            said |= {"error": type(error).__name__, "message": without_values(str(error))}
        self.emit({**said, "seconds": round((now - self.began) / 1e9, 6)})
        if self.parent is not None:
            self.parent.set_attribute("autoprep.exit_status", status)
            if error is not None:
                from opentelemetry.trace import StatusCode

                self.parent.set_status(StatusCode.ERROR, type(error).__name__)
            self.parent.end(end_time=now)
        self.began = -1

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.end(0 if error is None else getattr(error, "exit_status", 2), error=error)


def _tracer() -> Any:
    """OpenTelemetry's tracer; None where the package is not loaded or there, so that it costs nothing then."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    return trace.get_tracer("autoprep")


@contextmanager
def exported() -> Iterator[None]:
    """Send spans where the environment says (``OTEL_TRACES_EXPORTER``), and all of them before the block is left.

    Raises:
        InputError: an exporter is asked for and the packages for it are not there.
    """
    wanted = os.environ.get("OTEL_TRACES_EXPORTER", "")
    if not wanted and os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        wanted = "otlp"
    if wanted in ("", "none"):
        yield
        return
    if wanted not in ("otlp", "console"):
        raise InputError(f"no exporter '{wanted}'", where="OTEL_TRACES_EXPORTER", hint="otlp, console or none")
    packages = ["opentelemetry.sdk", *(["opentelemetry.exporter.otlp.proto.http"] if wanted == "otlp" else [])]
    if not all(_there(name) for name in packages):
        raise InputError("spans are asked for and OpenTelemetry is not there", hint="pip install 'autoprep[otel]'")
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider(
        resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "autoprep")})
    )
    if wanted == "console":
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr)))
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


def _there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
