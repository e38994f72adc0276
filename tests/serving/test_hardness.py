"""Requests made of our own OpenAPI description, and damaged ones: a documented answer to each, never a 5xx."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
import jsonschema
from starlette.testclient import TestClient

from autoprep.serving import app as service
from autoprep.serving.bodies import ARROW, CSV, JSON, PARQUET
from autoprep.serving.limits import Limits

from .shop import orders

FORMULAS = ("=1+1", "@SUM(A1)", '=cmd|" /C calc"!A0', "+1-1", "\t=HYPERLINK(1)", "<script>", "'; DROP TABLE x; --")
ODD = (
    *FORMULAS,
    "\0",
    "\ufeff",
    "\u202e",
    "\U0001f642",
    "9" * 400,
    "1e999",
    "-0",
    "NaN",
    "null",
    "\r\n",
    '"',
    ",",
    "é" * 99,
)


@pytest.fixture(scope="module")
def client(shop_model: Path) -> Iterator[TestClient]:
    with TestClient(service.make(shop_model), raise_server_exceptions=True) as held:
        yield held


@pytest.fixture(scope="module")
def described(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def judge(described: dict[str, Any], path: str, method: str, answer: Any) -> None:
    """The answer is one that the description names, and has the shape that it gives."""
    documented = described["paths"][path][method]["responses"]
    assert str(answer.status_code) in documented, (answer.status_code, answer.text[:300])
    kind = answer.headers["content-type"].split(";")[0]
    content = documented[str(answer.status_code)]["content"]
    assert kind in content
    schema = content[kind]["schema"]
    if kind == JSON:
        jsonschema.validate(answer.json(), {**schema, "components": described["components"]})


def rows_of(described: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Rows that the description allows: every type it names, in every column, columns left out, others put in."""
    row = described["components"]["schemas"]["Row"]
    made = {
        "string": st.sampled_from(ODD) | st.text(max_size=20),
        "number": st.integers(-(10**400), 10**400) | st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    cells = {
        name: st.one_of(*[made[kind] for kind in said["type"]], st.sampled_from(said.get("examples", [None])))
        for name, said in row["properties"].items()
    }
    more = st.one_of(*[made[kind] for kind in row["additionalProperties"]["type"]])
    own = st.fixed_dictionaries({}, optional=cells)
    strange = st.dictionaries(st.text(min_size=1, max_size=6), more, max_size=2)
    return st.builds(lambda a, b: {**b, **a}, own, strange).filter(bool)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_description_allows(client: TestClient, described: dict[str, Any], data: st.DataObject) -> None:
    rows = data.draw(st.lists(rows_of(described), min_size=1, max_size=3))
    path = data.draw(st.sampled_from(["/predict", "/predict", "/predict", "/explain"]))
    body = json.dumps({"rows": rows}).encode("utf-8", "surrogatepass")
    kind = data.draw(st.sampled_from([JSON, CSV, ARROW, PARQUET])) if path == "/predict" else JSON
    answer = client.post(path, content=body, headers={"content-type": JSON, "accept": kind})
    judge(described, path, "post", answer)
    if answer.status_code == 200 and kind == JSON and path == "/predict":
        assert len(answer.json()["predictions"]) == len(rows)


@pytest.mark.parametrize("path", ["/contract", "/health", "/metrics"])
def test_what_is_asked_for_is_described(client: TestClient, described: dict[str, Any], path: str) -> None:
    judge(described, path, "get", client.get(path))
    assert client.post(path).status_code == 405 and client.delete(path).status_code == 405


NESTED = b'{"rows": ' + b"[" * 3_000 + b"]" * 3_000 + b"}"
DAMAGED = (
    *(b"", b"\xff\xfe", b"\xef\xbb\xbf[]", b"nul", b"[1, 2", b'"', b"{}", b"[[]]", b'{"rows": {}}', NESTED),
    *(b'[{"age": NaN}]', b'[{"age": Infinity}]', b'[{"age": -Infinity}]', b'[{"age": 1e999}]', b'[{"age": "\xff"}]'),
    *(b'[{"age": 1, "age": "2"}]', b'[{"age": {"a": [1]}}]', b'[{"age": "\\ud800"}]', b'[{"\\udfff": 1}]', b"[null]"),
    *(b'[{"age": ' + b"9" * 4_000 + b"}]", b'[{"age": ' + b"[" * 900 + b"]" * 900 + b"}]", b'[{"": 1}]'),
    *(b"a,b\n1\n2,3,4\n\0\n", b'"', b"\xff\xff,\xfe\n1,2", b"age\n" + b'"x\n' * 50, b"=cmd,@x\n=1+1,+2\n", b",\n,\n"),
    *(
        b"ARROW1\0\0" + b"\xff" * 80,
        b"\xff\xff\xff\xff\x10\0\0\0" + b"\0" * 40,
        b"PAR1PAR1",
        b"PAR1" + b"\xff" * 60 + b"PAR1",
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.sampled_from(DAMAGED) | st.binary(max_size=200), kind=st.sampled_from([JSON, CSV, ARROW, PARQUET]))
def test_damaged_bodies(client: TestClient, described: dict[str, Any], body: bytes, kind: str) -> None:
    for path in ("/predict", "/explain"):
        answer = client.post(path, content=body, headers={"content-type": f"{kind}; charset=utf-8"})
        judge(described, path, "post", answer)
        if answer.status_code != 200:
            assert answer.json()["error"]["what"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kind=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
    accept=st.sampled_from(["", "*/*", "text/html", "application/json;q=0", ",,,", "a" * 500, "application/*"]),
    encoding=st.sampled_from(["", "identity", "gzip", "br", "zstd", "gzip, gzip", "x" * 300]),
)
def test_strange_headers(client: TestClient, described: dict[str, Any], kind: str, accept: str, encoding: str) -> None:
    headers = {"content-type": kind, "accept": accept, "content-encoding": encoding}
    judge(described, "/predict", "post", client.post("/predict", content=b'[{"age": 1}]', headers=headers))


@pytest.fixture(scope="module")
def impatient(shop_model: Path) -> Iterator[int]:
    """The port of a real server that waits half a second for a body."""
    import uvicorn

    limits = Limits(body_s=0.5, body_bytes=100_000)
    server = uvicorn.Server(uvicorn.Config(service.make(shop_model, limits), port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


def said_to(port: int, *parts: bytes, wait_s: float = 0.0) -> bytes:
    """What a server says to bytes that come with pauses between them."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as held:
        for part in parts:
            held.sendall(part)
            time.sleep(wait_s)
        said = held.recv(65536)
        # head and body may come apart
        while said and not _whole(said) and (more := held.recv(65536)):
            said += more
        return said


def _whole(said: bytes) -> bool:
    top, _, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *([0-9]+)", top)
    return length is None or len(body) >= int(length[1])


def head(length: int, *more: str) -> bytes:
    lines = ["POST /predict HTTP/1.1", "Host: x", f"Content-Type: {JSON}", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_slow_gone_and_lying_clients(impatient: int) -> None:
    body = json.dumps({"rows": orders(1).drop("bought").to_dicts()}).encode()
    assert said_to(impatient, head(len(body)), body[:9], wait_s=1.0).startswith(b"HTTP/1.1 408")
    for cut in (head(len(body))[:30], head(len(body)), head(len(body)) + body[:20]):
        with socket.create_connection(("127.0.0.1", impatient), timeout=5) as gone:
            gone.sendall(cut)
    assert said_to(impatient, head(10**12), b"x" * 1000, wait_s=0.7).split(b" ")[1] in (b"408", b"413")
    assert b"413" in said_to(impatient, head(150_000) + b" " * 150_000).split(b"\r\n")[0]
    assert said_to(impatient, b"\x16\x03\x01\x02\0\x01\0\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert said_to(impatient, head(-1)).startswith(b"HTTP/1.1 400")
    assert said_to(impatient, head(len(body)), body).startswith(b"HTTP/1.1 200")


def test_many_at_once_are_each_answered(impatient: int) -> None:
    """Single rows and large bodies beside each other: the answers are those of each alone."""
    rows = orders(40, seed=8).drop("bought").to_dicts()
    alone = [
        said_to(impatient, head(len(b := json.dumps({"rows": [r]}).encode())) + b).split(b"\r\n\r\n")[1] for r in rows
    ]
    found: dict[int, bytes] = {}

    def ask(number: int) -> None:
        body = json.dumps({"rows": [rows[number]]}).encode()
        found[number] = said_to(impatient, head(len(body)) + body).split(b"\r\n\r\n")[1]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(rows))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [found[number] for number in range(len(rows))] == alone
