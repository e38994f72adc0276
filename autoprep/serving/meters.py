"""What the service counts, in the text format of Prometheus."""

from __future__ import annotations

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.002, 0.004, 0.006, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Meters:
    """Counters of requests, rows and contract events; latencies; the model that is held."""

    def __init__(self, model: str) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.requests = Counter("autoprep_requests", "Requests answered.", ["path", "status"], registry=own)
        self.rows = Counter("autoprep_rows", "Rows predicted.", registry=own)
        self.alone = Counter("autoprep_rows_alone", "Rows predicted by the evaluator of single rows.", registry=own)
        self.flagged = Counter("autoprep_rows_flagged", "Rows that the contract says something of.", registry=own)
        self.reasons = Counter("autoprep_reasons", "Contract events by rule and column.", ["reason"], registry=own)
        self.seconds = Histogram(
            "autoprep_request_seconds",
            "Seconds from the first byte to the answer.",
            ["path"],
            registry=own,
            buckets=_SECONDS,
        )
        held = Gauge(
            "autoprep_model_info", "The model that is held.", ["digest"], registry=own, multiprocess_mode="mostrecent"
        )
        held.labels(model).set(1)

    def text(self) -> bytes:
        """All figures; of every worker when there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            whole = CollectorRegistry()
            gather: Any = MultiProcessCollector
            gather(whole)
            return bytes(generate_latest(whole))
        return bytes(generate_latest(self.registry))
