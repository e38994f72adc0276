"""The real MLflow: logged without a pickle, registered, served over HTTP; the same answers as ``autoprep predict``."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import InputError, SettingError
from autoprep.tracking import mlflow as tracking
from tests.serving.shop import orders

pytestmark = pytest.mark.slow


def _python() -> str | None:
    return os.environ.get("AUTOPREP_MLFLOW") or (sys.executable if find_spec("mlflow") else None)


@pytest.mark.parametrize("said", ["mlflow", "wandb:x", "mlflow:", "mlflow:sqlite:///a.db#@b"])
def test_a_wrong_address_is_named(said: str) -> None:
    with pytest.raises(SettingError, match="tracking is"):
        tracking.parse(said)


@pytest.mark.skipif(find_spec("mlflow") is not None, reason="mlflow is installed here")
def test_without_mlflow_it_is_said_before_work() -> None:
    with pytest.raises(InputError, match="mlflow, which is not installed"):
        ap.fit(orders(50), "bought", tracking="mlflow:sqlite:///a.db")


@pytest.mark.mlflow
@pytest.mark.timeout(600)
def test_logged_registered_and_served(tmp_path: Path) -> None:
    python = _python()
    if python is None:
        pytest.skip("no interpreter with mlflow")
    orders(150).write_csv(tmp_path / "raw.csv")
    new = orders(25, seed=8).drop("bought")
    new.write_csv(tmp_path / "new.csv")
    root = str(Path(ap.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": root, "POLARS_MAX_THREADS": "2", "GIT_PYTHON_REFRESH": "quiet"}
    job = [python, str(Path(__file__).parent / "mlflow_job.py"), str(tmp_path)]
    done = subprocess.run(job, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads((tmp_path / "said.json").read_text())
    model = ap.load(tmp_path / "model")
    wanted = model.predict_frame(tmp_path / "new.csv").to_dicts()
    assert said["predictions"] == wanted
    assert said["pickles"] == [] and "Missing" in said["missing"] + said["missing"].title() and "age" in said["missing"]
    assert said["metrics"]["cross_validated"] == model.facts["scores"]["cross_validated"]
    assert said["params"]["target"] == "bought" and said["digest"] == model.facts["source"]["sha256"][:36]
    assert {"plan.yaml", "report.html", "contract.json"} <= set(said["artifacts"])
    assert {c["name"] for c in said["inputs"]} == set(new.columns) and all(c["required"] for c in said["inputs"])
    assert _served(python, tmp_path, env, new) == wanted


def _served(python: str, folder: Path, env: dict[str, str], new: pl.DataFrame) -> list[dict[str, object]]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    paths = os.pathsep.join([str(Path(python).parent), env["PATH"]])
    command = [python, "-m", "mlflow", "models", "serve", "-m", "models:/orders@champion"]
    command += ["--env-manager", "local", "--port", str(port), "--host", "127.0.0.1"]
    address = f"sqlite:///{folder / 'runs.db'}"
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**env, "MLFLOW_TRACKING_URI": address, "PATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "serve.log").open("w"),
        start_new_session=True,
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (folder / "serve.log").read_text()[-3000:]
                time.sleep(0.2)
        body = json.dumps({"dataframe_split": {"columns": new.columns, "data": [list(r) for r in new.rows()]}}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return list(json.load(answer)["predictions"])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
