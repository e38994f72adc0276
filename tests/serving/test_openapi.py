"""What the service says of itself holds for requests that Schemathesis makes of it, valid and not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")

import uvicorn  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402

from autoprep.serving import app  # noqa: E402

#: Rows that the description allows and the model refuses, such as none of whose columns it knows, are answered by 422.
REFUSED_BY_THE_MODEL = checks.positive_data_acceptance


@pytest.fixture(scope="module")
def address(shop_model: Path) -> Iterator[str]:
    """A service that listens, and ends in order."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app.make(shop_model), log_level="error", access_log=False))
        runs = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        runs.start()
        while not server.started and runs.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{place.getsockname()[1]}"
        server.should_exit = True
        runs.join(30)
    assert not runs.is_alive()


def test_answers_are_what_the_description_says(address: str) -> None:
    described = schemathesis.openapi.from_url(f"{address}/openapi.json")
    asked: dict[str, set[int]] = {}
    for found in described.get_all_operations():
        operation = found.ok()
        seen = asked.setdefault(operation.label, set())
        _ask(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE), 30, seen)
        if operation.body:
            _ask(operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE), 20, seen)
    assert len(asked) >= 5 and all(asked.values())
    assert 200 in asked["POST /predict"] and asked["POST /predict"] & {400, 413, 415, 422}
    assert max(max(seen) for seen in asked.values()) < 500


def _ask(cases: Any, examples: int, seen: set[int]) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def holds(case: Any) -> None:
        seen.add(case.call_and_validate(excluded_checks=[REFUSED_BY_THE_MODEL]).status_code)

    holds()
