"""The service: four formats in, the same predictions out; what is wrong is a 4xx with its reason."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
from starlette.testclient import TestClient

import autoprep as ap
from autoprep.serving import app as service
from autoprep.serving.bodies import ARROW, CSV, JSON, PARQUET
from autoprep.serving.limits import Limits

from .shop import orders

pytestmark = pytest.mark.slow

NEW = orders(150, seed=9).drop("bought")


@pytest.fixture(scope="module")
def client(shop_model: Path):
    with TestClient(service.make(shop_model), raise_server_exceptions=True) as held:
        yield held


@pytest.fixture(scope="module")
def small(shop_model: Path):
    limits = Limits(body_bytes=20_000, json_bytes=10_000, table_bytes=400_000, rows=200, columns=20, cell_chars=500)
    with TestClient(service.make(shop_model, limits), raise_server_exceptions=True) as held:
        yield held


def arrow(frame: pl.DataFrame, **options: Any) -> bytes:
    out = BytesIO()
    frame.write_ipc_stream(out, compat_level=pl.CompatLevel.oldest(), **options)
    return out.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def arrow_file(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_ipc(out, compression="zstd")
    return out.getvalue()


BODIES = {
    "json": (JSON, lambda f: json.dumps({"rows": f.to_dicts()}).encode()),
    "list": (JSON, lambda f: json.dumps(f.to_dicts()).encode()),
    "csv": (CSV, lambda f: f.write_csv().encode()),
    "arrow": (ARROW, arrow),
    "arrow lz4": (ARROW, lambda f: arrow(f, compression="lz4")),
    "arrow file": (ARROW, arrow_file),
    "parquet": (PARQUET, parquet),
}
READERS = {
    JSON: lambda body: pl.DataFrame(json.loads(body)["predictions"], infer_schema_length=None),
    CSV: lambda body: pl.read_csv(body, schema_overrides={"prediction": pl.String, "reasons": pl.String}),
    ARROW: lambda body: pl.read_ipc_stream(body),
    PARQUET: lambda body: pl.read_parquet(body),
}


@pytest.mark.parametrize("sent", BODIES)
@pytest.mark.parametrize("asked", [JSON, ARROW, PARQUET])
def test_the_same_rows_give_the_same_bytes_by_file_stream_and_http(
    client, shop_model: Path, tmp_path: Path, sent: str, asked: str
) -> None:
    NEW.write_csv(tmp_path / "new.csv")
    model = ap.load(shop_model)
    by_file = model.predict_frame(tmp_path / "new.csv")
    streamed = pl.concat([part for _, part in model.scorer().stream(NEW.lazy(), 37)])
    kind, body = BODIES[sent]
    answer = client.post("/predict", content=body(NEW), headers={"content-type": kind, "accept": asked})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(asked)
    by_http = READERS[asked](answer.content)
    assert by_file.equals(streamed) and by_file.equals(by_http)
    single = client.post("/predict", json=NEW.to_dicts()[7]).json()["predictions"]
    assert single == by_file[7].to_dicts()


def test_csv_answer(client) -> None:
    answer = client.post("/predict", content=parquet(NEW), headers={"content-type": PARQUET, "accept": "text/csv"})
    assert answer.text.splitlines()[0] == "prediction,probability_no,probability_yes,reasons"
    assert len(answer.text.splitlines()) == NEW.height + 1


def test_rows_with_different_keys_are_each_predicted_as_alone(client) -> None:
    rows = NEW.head(6).to_dicts()
    del rows[1]["age"], rows[4]["age"], rows[2]["city"]
    together = client.post("/predict", json={"rows": rows}).json()["predictions"]
    alone = [client.post("/predict", json={"rows": [row]}).json()["predictions"][0] for row in rows]
    assert together == alone
    assert "table.missing_column:age" in together[1]["reasons"] and not together[0]["reasons"]


def test_explanation_says_what_was_cleaned_and_adds_up(client) -> None:
    row = {**NEW.to_dicts()[0], "price": "$1,200.50", "age": "soon", "city": "oslo "}
    one = client.post("/explain", json={"rows": [row]}).json()["explanations"][0]
    changes = {change["column"]: change for change in one["changes"]}
    assert changes["price"]["after"] == "1200.5" and changes["city"]["after"] == "Oslo"
    assert changes["age"]["after"] is None and any(e["column"] == "age" for e in one["events"])
    assert sum(e["effect"] for e in one["effects"]) == pytest.approx(one["value"] - one["typical"], abs=1e-9)
    predicted = client.post("/predict", json={"rows": [row]}).json()["predictions"][0]
    assert one["prediction"] == predicted
    assert one["value"] == predicted[f"probability_{predicted['prediction']}"]


def test_explanation_names_only_the_rules_that_altered_the_cell(client) -> None:
    rows = [{**NEW.to_dicts()[0], "age": age, "price": "$1,200.50"} for age in ("40", 40, "40.0", "-999", " 40 ")]
    said = client.post("/explain", json={"rows": rows}).json()["explanations"]
    ages = [[change["rules"] for change in one["changes"] if change["column"] == "age"] for one in said]
    assert ages[:3] == [[], [], []]
    assert len(ages[3]) == 1 and all("sentinel" in rule for rule in ages[3][0]), ages[3]
    prices = [change for change in said[0]["changes"] if change["column"] == "price"]
    assert [change["rules"] for change in prices] == [["number.currency"]], prices


def test_description_fits_its_own_examples(client) -> None:
    import jsonschema

    said = client.get("/openapi.json").json()
    example = said["paths"]["/predict"]["post"]["requestBody"]["content"][JSON]["examples"]["rows"]["value"]
    answer = client.post("/predict", json=example)
    assert answer.status_code == 200
    for name, value in (("Rows", example), ("Predictions", answer.json())):
        jsonschema.validate(value, {"$ref": f"#/components/schemas/{name}", "components": said["components"]})
    assert set(said["components"]["schemas"]["Row"]["properties"]) == set(NEW.columns)


def test_health_contract_and_metrics(client, shop_model: Path) -> None:
    assert client.get("/health").json()["model"] == ap.load(shop_model)._artifact.digest
    said = client.get("/contract").json()
    assert said["contract"]["expectations"] and {c["name"] for c in said["columns"]} == set(NEW.columns)
    client.post("/predict", json={"rows": [{"age": "soon"}]})
    text = client.get("/metrics").text
    assert 'autoprep_requests_total{path="/predict",status="200"}' in text
    assert 'autoprep_reasons_total{reason="table.missing_column:price"}' in text


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        (JSON, b"", 400, "empty"),
        (JSON, b"{", 400, "not JSON"),
        (JSON, b'{"rows": [{"age": NaN}]}', 400, "NaN"),
        (JSON, b"[" * 9_000, 400, "nested too deeply"),
        (JSON, b'{"rows": []}', 422, "no rows"),
        (JSON, b"[1]", 422, "row 0"),
        (JSON, b'[{"age": {"x": 1}}]', 422, "column 'age'"),
        (JSON, b'[{"other": 1}]', 422, "none of the columns"),
        (JSON, b"[{}]", 422, "no column"),
        (JSON, json.dumps([{str(i): 1 for i in range(21)}]).encode(), 413, "columns"),
        (JSON, json.dumps([{"age": "9" * 501}]).encode(), 413, "cell"),
        (JSON, json.dumps([{"age": 1}] * 201).encode(), 413, "rows"),
        (JSON, json.dumps([{"age": 1}] * 4_000).encode(), 413, "bytes"),
        (JSON, b'[{"age": ' + b"9" * 5_000 + b"}]", 400, "not JSON"),
        (JSON, b'[{"age": "\\ud800"}]', 422, "Unicode"),
        (CSV, b"\x1f\x8b\x08" + b"x" * 50, 415, "packed"),
        (CSV, b"a,b\n" + b"1,2\n" * 2_000, 413, "lines"),
        (ARROW, b"ARROW1\0\0" + b"x" * 64, 400, "Arrow"),
        (ARROW, b"x" * 64, 400, "Arrow"),
        (ARROW, b"\xff" * 64, 400, "Arrow"),
        (PARQUET, b"PAR1" + b"x" * 64 + b"PAR1", 400, "Parquet"),
        ("text/plain", b"x", 415, "text/plain"),
        ("", b"x", 415, "none"),
    ],
)
def test_what_is_wrong_is_said(small, kind: str, body: bytes, status: int, said: str) -> None:
    answer = small.post("/predict", content=body, headers={"content-type": kind} if kind else {})
    assert answer.status_code == status, answer.text
    assert said in answer.text and set(answer.json()["error"]) == {"what", "where", "hint"}


def test_bombs_are_refused_before_they_unfold(small) -> None:
    zeros = gzip.compress(b"\0" * 50_000_000)
    folded = small.post("/predict", content=zeros, headers={"content-type": JSON, "content-encoding": "gzip"})
    assert folded.status_code == 413
    wide = pl.DataFrame({"age": ["x" * 400] * 150}).with_columns(pl.all().repeat_by(1).list.first())
    wide = pl.concat([wide.rename({"age": f"c{i}"}) for i in range(18)], how="horizontal")
    for kind, body in ((ARROW, arrow(wide, compression="zstd")), (PARQUET, parquet(wide))):
        assert len(body) < 20_000
        answer = small.post("/predict", content=body, headers={"content-type": kind})
        assert answer.status_code == 413 and "unfold" in answer.text
    good = gzip.compress(json.dumps(NEW.head(3).to_dicts()).encode())
    answer = small.post("/predict", content=good, headers={"content-type": JSON, "content-encoding": "gzip"})
    assert answer.status_code == 200 and len(answer.json()["predictions"]) == 3
    for spoilt, encoding, status in ((good[:-9], "gzip", 400), (b"no", "gzip", 400), (good, "br", 415)):
        headers = {"content-type": JSON, "content-encoding": encoding}
        assert small.post("/predict", content=spoilt, headers=headers).status_code == status


def test_unknown_places_methods_and_formats(client) -> None:
    assert client.get("/nowhere").status_code == 404
    assert client.get("/predict").status_code == 405
    answer = client.post("/predict", json=NEW.to_dicts()[0], headers={"accept": "image/png"})
    assert answer.status_code == 406 and "application/json" in answer.json()["error"]["hint"]
    many = client.post("/explain", content=NEW.write_csv().encode(), headers={"content-type": CSV})
    assert many.status_code == 422 and "at most 20" in many.text


def test_every_byte_cut_or_changed_is_answered(small) -> None:
    """No damage of a good body is worth more than a 4xx."""
    for kind, body in ((ARROW, arrow(NEW.head(3), compression="zstd")), (PARQUET, parquet(NEW.head(3)))):
        for at in range(0, len(body), max(1, len(body) // 60)):
            spoilt = bytearray(body)
            spoilt[at] ^= 0x5A
            for sent in (bytes(spoilt), body[:at]):
                answer = small.post("/predict", content=sent, headers={"content-type": kind})
                assert answer.status_code in (200, 400, 413, 422), answer.text


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_serves_and_ends_gracefully(shop_model: Path, workers: int) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "autoprep", "serve", str(shop_model), "--port", str(port)]
    process = subprocess.Popen([*command, "--workers", str(workers)], stdout=subprocess.PIPE)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                    assert json.load(answer)["status"] == "ok"
                break
            except urllib.error.URLError:
                assert process.poll() is None
                time.sleep(0.1)
        body = json.dumps({"rows": NEW.head(2).to_dicts()}).encode()
        request = urllib.request.Request(f"{address}/predict", body, {"content-type": JSON})
        expected = ap.load(shop_model).predict_frame(NEW.head(2)).to_dicts()
        for _ in range(6 * workers):  # a connection each: whichever worker takes it answers the same
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert json.load(answer)["predictions"] == expected
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)


def _children(process: int) -> list[int]:
    """Processes that another has begun."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == process:
            found.append(int(stat.parent.name))
    return found


def _until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_workers_share_one_loaded_model_and_come_back(shop_model: Path) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "autoprep", "serve", str(shop_model), "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}/predict"
    rows = orders(3_000, seed=11).drop("bought")
    expected = ap.load(shop_model).predict_frame(rows)

    def answered() -> bool:
        """A batch that uses every thread pool, by whichever process takes it."""
        request = urllib.request.Request(url, rows.write_csv().encode(), {"content-type": "text/csv"})
        request.add_header("accept", "text/csv")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.read().decode() == expected.write_csv()
        except urllib.error.URLError:
            return False
        return True

    try:
        _until(answered)
        first = _children(process.pid)
        assert len(first) == 2, "the processes were not forked"
        for one in first:
            kept = Path(f"/proc/{one}/smaps_rollup").read_text()
            shared = int(kept.split("Shared_Dirty:")[1].split()[0])
            assert shared > 30_000, "kB that a process shares with the one that loaded the model"
        os.kill(first[0], signal.SIGKILL)
        _until(lambda: len(set(_children(process.pid)) - {first[0]}) == 2)
        assert all(answered() for _ in range(6))
        last = _children(process.pid)
    finally:
        process.kill()
        process.wait(30)
    _until(lambda: not any(Path(f"/proc/{one}").is_dir() for one in last))


def test_padded_headers_of_training_are_the_keys_of_a_body(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(200), rng.random(200)
    file = tmp_path / "rows.csv"
    pl.DataFrame({"a": a, " b ": b, "c  d": rng.random(200), "y": a + 3 * b + 9}).write_csv(file)
    model = ap.fit(file, "y", time_budget_s=None, work_budget=0.5)
    rows = [{"a": 0.5, " b ": 0.9, "c  d": 0.1}, {"a": 0.5, " b ": 0.1, "c  d": 0.1}]
    wanted = model.predict(rows).to_list()
    assert wanted[0] > wanted[1] + 1
    frame = pl.DataFrame(rows)
    with TestClient(service.make(model.save(tmp_path / "model"))) as held:
        answers = [
            held.post("/predict", json=rows),
            held.post("/predict", json={"rows": [rows[0], {"b": 0.1, "a": 0.5, "c d": 0.1}]}),
            held.post("/predict", json=rows * 8),
            held.post("/predict", content=parquet(frame), headers={"content-type": PARQUET}),
            held.post("/predict", content=arrow(frame), headers={"content-type": ARROW}),
            held.post("/predict", content=frame.write_csv(), headers={"content-type": CSV}),
        ]
    for answer in answers:
        said = answer.json()["predictions"][:2]
        assert [row["prediction"] for row in said] == pytest.approx(wanted)
        assert all("missing_column" not in row["reasons"] for row in said)
