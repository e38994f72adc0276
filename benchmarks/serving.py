"""The service measured on loopback: one raw row at a steady rate, batches through Arrow, a soak, damaged requests.

    python benchmarks/serving.py [--requests 1500] [--rate 50] [--batch 500000] [--soak 20000] [--deploy fast]
        [--mlflow PYTHON] [--autogluon PYTHON]

The model is what the search finds for 300 made-up orders with currency, units, sentinels, dates and spellings (see
tests/serving). In turn with it an application that answers nothing is asked, on the same HTTP server: what that takes
is the machine's and the server's own. A request above 6 ms has mostly waited for a processor: at its ticks (every 4 ms)
the kernel gives it to another program that wants it, the more often the longer a request computes.

With ``--mlflow`` (an interpreter that has MLflow) ``mlflow models serve`` answers the same rows of the same model; with
``--autogluon`` AutoGluon's ``predict``, which has no service, those of its own model of the same family, learnt
from the same file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import polars as pl

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "serving"
sys.path.insert(0, str(ROOT))
from tests.serving.shop import orders  # noqa: E402


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextmanager
def running(command: list[str], ready: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, once it answers."""
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(900):
            try:
                if httpx.get(ready, timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    """Resident memory of a process."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """CPU seconds of a server and of every process that it started."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == process.pid:
            total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def waited_s(process: subprocess.Popen[bytes]) -> float:
    """Seconds that a server's event loop was ready to run and had no processor; 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


EMPTY = """
import sys, uvicorn
from fastapi import FastAPI, Request, Response
async def answer(request: Request) -> Response:
    await request.body()
    return Response(b"{}", media_type="application/json")
app = FastAPI(openapi_url=None)
app.add_route("/predict", answer, methods=["GET", "POST"])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
"""
AUTOGLUON = """
import json, statistics, sys, time
import pandas as pd
from autogluon.tabular import TabularPredictor
orders, new, family, many, place = sys.argv[1:]
predictor = TabularPredictor(label="bought", path=place, verbosity=0)
predictor.fit(pd.read_csv(orders), hyperparameters={family: {}}, num_cpus=2)
predictor.persist()
rows = pd.read_csv(new)
taken = []
for i in range(220):
    row = rows.iloc[[i % len(rows)]]
    began = time.perf_counter()
    predictor.predict_proba(row)
    taken.append((time.perf_counter() - began) * 1e3)
taken = sorted(taken[20:])
batch = pd.concat([rows] * -(-int(many) // len(rows))).head(int(many))
walls = []
for _ in range(3):
    wall, cpu = time.perf_counter(), time.process_time()
    predictor.predict_proba(batch)
    walls.append((time.perf_counter() - wall, time.process_time() - cpu))
wall, cpu = (statistics.median(part) for part in zip(*walls))
print(json.dumps([statistics.median(taken), taken[int(len(taken) * 0.99)], len(batch) / wall, len(batch) / cpu]))
"""


class Connection:
    """One kept-alive connection that sends and waits; a client library would cost more than the service."""

    def __init__(self, url: str) -> None:
        place, _, self.path = url.removeprefix("http://").partition("/")
        self.host, self.port = place.split(":")

    async def __aenter__(self) -> Connection:
        self.reader, self.writer = await asyncio.open_connection(self.host, int(self.port))
        return self

    async def __aexit__(self, *error: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def post(self, body: bytes) -> bytes:
        """The answer to a JSON body; anything but 200 fails."""
        head = f"POST /{self.path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        said = await self.reader.readuntil(b"\r\n\r\n")
        assert said.split(b" ", 2)[1] == b"200", said
        length = said.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
        return await self.reader.readexactly(int(length))


async def steady(urls: list[str], bodies: list[bytes], rate: float) -> list[list[float]]:
    """Milliseconds of each request to each service, sent at a steady rate, to one service after the other."""
    taken: list[list[float]] = [[] for _ in urls]
    async with AsyncExitStack() as opened:
        services = [await opened.enter_async_context(Connection(url)) for url in urls]
        for body in bodies[:20]:
            for service in services:
                await service.post(body)
        start = time.perf_counter()
        for number, body in enumerate(bodies):
            await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
            for place, service in enumerate(services):
                began = time.perf_counter()
                await service.post(body)
                taken[place].append((time.perf_counter() - began) * 1e3)
    return taken


def quantiles(taken: list[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    ordered = sorted(taken)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.99)]


def in_process(folder: Path, rows: list[dict[str, str]]) -> tuple[float, float]:
    """Median and 99th percentile of one row without HTTP."""
    import autoprep as ap
    from autoprep.serving.rowwise import RowScorer

    scorer = RowScorer(ap.load(folder).scorer())
    taken = []
    for row in rows:
        began = time.perf_counter()
        scorer.predict(row)
        taken.append((time.perf_counter() - began) * 1e3)
    return quantiles(taken[20:])


def beside_autogluon(python: str, home: Path, family: str, batch: int, env: dict[str, str]) -> str:
    """One line about AutoGluon's ``predict_proba`` in a process of its own."""
    call = [python, "-c", AUTOGLUON, *map(str, (home / "orders.csv", home / "new.csv", family, batch, home / "ag"))]
    done = subprocess.run(call, env={**env, "PYTHONPATH": ""}, cwd=home, capture_output=True, text=True)
    if done.returncode:
        return (
            f"| AutoGluon's predict ({family}), in process | failed: {done.stderr.strip().splitlines()[-1][:120]} | |"
        )
    p50, p99, wall, cpu = json.loads(done.stdout.splitlines()[-1])
    told = f"one row p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    return f"| AutoGluon's predict ({family}), in process | {told} | {wall:,.0f} rows/s wall, {cpu:,.0f} per CPU s |"


def batch(url: str, frame: pl.DataFrame, what: str, process: subprocess.Popen[bytes]) -> list[str]:
    """Rows per second of large Arrow bodies."""
    arrow = "application/vnd.apache.arrow.stream"
    out = BytesIO()
    frame.write_ipc_stream(out, compat_level=pl.CompatLevel.oldest())
    walls, cpus = [], []
    for _ in range(3):
        spent, began = cpu_s(process), time.perf_counter()
        answer = httpx.post(url, content=out.getvalue(), headers={"content-type": arrow, "accept": arrow}, timeout=300)
        walls.append(time.perf_counter() - began)
        cpus.append(cpu_s(process) - spent)
        assert answer.status_code == 200, answer.text[:200]
        assert pl.read_ipc_stream(answer.content).height == frame.height
    wall, cpu = statistics.median(walls), statistics.median(cpus)
    per = f"{frame.height / cpu:,.0f} rows per CPU s"
    return [f"| {frame.height:,} rows as Arrow over HTTP, {what} | {frame.height / wall:,.0f} rows/s wall | {per} |"]


async def soak(url: str, bodies: list[bytes], count: int, process: subprocess.Popen[bytes]) -> list[float]:
    """Resident memory at five moments of many requests, eight at a time."""
    seen = []

    async def client(place: int, part: int) -> None:
        async with Connection(url) as service:
            for number in range(place, count // 5, 8):
                await service.post(bodies[(part + number) % len(bodies)])

    for part in range(5):
        await asyncio.gather(*(client(place, part) for place in range(8)))
        seen.append(memory_mb(process))
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--batch", type=int, default=500_000)
    parser.add_argument("--soak", type=int, default=20_000)
    parser.add_argument("--deploy", default="fast", choices=("balanced", "fast", "accurate"))
    parser.add_argument("--autogluon", default=os.environ.get("AUTOPREP_AUTOGLUON"))
    parser.add_argument("--mlflow", default=os.environ.get("AUTOPREP_MLFLOW"))
    asked = parser.parse_args()
    import autoprep as ap

    env = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"}
    busy = f"{os.cpu_count()} cores, {os.getloadavg()[0]:.0f} processes waiting for them when it began"
    lines = ["| what | figure | |", "|---|---|---|", f"| machine | {busy} | |"]
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        orders(300).write_csv(home / "orders.csv")
        address = f"sqlite:///{home / 'runs.db'}"
        model = ap.fit(home / "orders.csv", "bought", time_budget_s=None, work_budget=3, deploy=asked.deploy)
        model.save(home / "model")
        made = ap.load(home / "model").scorer().predictor.describe()
        lines.append(f"| model (deploy={asked.deploy}) | {made} | |")
        orders(2_000, seed=1).drop("bought").write_csv(home / "new.csv")
        rows = orders(2_000, seed=1).drop("bought").to_dicts()
        bodies = [json.dumps({"rows": [rows[i % len(rows)]]}).encode() for i in range(asked.requests)]
        p50, p99 = in_process(home / "model", rows[:400])
        lines.append(f"| one row, in process | p50 {p50:.2f} ms, p99 {p99:.2f} ms | |")
        port = free_port()
        command = [sys.executable, "-m", "autoprep", "serve", str(home / "model"), "--port", str(port)]
        url = f"http://127.0.0.1:{port}"
        empty = free_port()
        nothing = f"http://127.0.0.1:{empty}/predict"
        with running(command, f"{url}/health", env) as process:
            with running([sys.executable, "-c", EMPTY, str(empty)], nothing, env) as other:
                began, idle = (cpu_s(process), cpu_s(other)), (waited_s(process), waited_s(other))
                taken = asyncio.run(steady([f"{url}/predict", nothing], bodies, asked.rate))
                spent = cpu_s(process) - began[0], cpu_s(other) - began[1]
                lost = waited_s(process) - idle[0], waited_s(other) - idle[1]
            for what, times, cpu, wait in zip(
                (
                    f"one raw row over HTTP, {asked.rate:g}/s, {len(bodies):,} requests",
                    "in turn with it: an empty answer of the same HTTP server",
                ),
                taken,
                spent,
                lost,
                strict=True,
            ):
                p50, p99 = quantiles(times)
                each = (
                    f"{cpu / len(bodies) * 1e3:.2f} CPU ms each, {wait / len(bodies) * 1e3:.2f} ms without a processor"
                )
                late = sum(t > 6 for t in times) / len(times)
                lines.append(f"| {what} | p50 {p50:.2f} ms, p99 {p99:.2f} ms, {late:.1%} above 6 ms | {each} |")
            if asked.soak:
                seen = asyncio.run(soak(f"{url}/predict", bodies, asked.soak, process))
                told = ", ".join(f"{m:.0f}" for m in seen)
                lines.append(f"| {asked.soak:,} requests, 8 at a time | resident MB at each fifth: {told} | |")
            if asked.batch:
                many = pl.concat([orders(10_000, seed=2).drop("bought")] * (asked.batch // 10_000))
                lines += batch(f"{url}/predict", many, "10,000 of them different", process)
                lines += batch(f"{url}/predict", orders(asked.batch, seed=2).drop("bought"), "all drawn anew", process)
        if asked.autogluon:
            family = {"linear": "LR", "catboost": "CAT", "xgboost": "XGB"}.get(made.split("%")[-1].strip(), "GBM")
            lines.append(beside_autogluon(asked.autogluon, home, family, min(asked.batch or 50_000, 50_000), env))
        else:
            lines.append("| AutoGluon's predict | no interpreter given: left out | |")
        if asked.mlflow:
            script = f"import autoprep as ap; ap.fit({str(home / 'orders.csv')!r}, 'bought', time_budget_s=None, "
            script += f"work_budget=3, deploy={asked.deploy!r}, tracking='mlflow:{address}#orders@champion')"
            done = subprocess.run([asked.mlflow, "-c", script], env=env, cwd=home, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr[-500:]
            port = free_port()
            command = [asked.mlflow, "-m", "mlflow", "models", "serve", "-m", "models:/orders@champion"]
            command += ["--env-manager", "local", "--port", str(port), "--host", "127.0.0.1"]
            paths = os.pathsep.join([str(Path(asked.mlflow).parent), env["PATH"]])
            theirs = {**env, "MLFLOW_TRACKING_URI": address, "PATH": paths}
            split = [json.dumps({"dataframe_records": [rows[i % len(rows)]]}).encode() for i in range(len(bodies))]
            with running(command, f"http://127.0.0.1:{port}/ping", theirs) as process:
                spent = cpu_s(process)
                p50, p99 = quantiles(
                    asyncio.run(steady([f"http://127.0.0.1:{port}/invocations"], split, asked.rate))[0]
                )
                cost = (cpu_s(process) - spent) / len(split) * 1e3
            lines.append(
                f"| the same by mlflow models serve | p50 {p50:.2f} ms, p99 {p99:.2f} ms | {cost:.2f} CPU ms each |"
            )
        else:
            lines.append("| mlflow models serve | no interpreter given: left out | |")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
