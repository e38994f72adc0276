"""A packaged model: every file is well formed, says the same as the others, and its command serves."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from importlib import metadata
from pathlib import Path

import pytest
import yaml

pytest.importorskip("fastapi")
from packaging.requirements import Requirement

from autoprep.__main__ import main
from autoprep.errors import InputError
from autoprep.serving import artifact
from autoprep.serving import package as packages

from .shop import orders
from .test_app import _free_port


@pytest.fixture(scope="module")
def app(shop_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "app"
    assert main(["package", str(shop_model), "-o", str(folder), "--port", "9001", "--workers", "2"]) == 0
    return folder


def instructions(app: Path) -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined, comments left out."""
    text = re.sub(r"\\\n\s*", "", (app / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_dockerfile_keeps_the_rules_of_the_trade(app: Path) -> None:
    steps = instructions(app)
    known = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {name for name, _ in steps} <= known and steps[0][0] == "FROM"
    said = dict(steps)
    assert re.fullmatch(r"python:3\.\d+-slim", said["FROM"])
    names = [name for name, _ in steps]
    assert names.index("USER") < names.index("CMD") and said["USER"] not in ("root", "0")
    assert [name for name, _ in steps].count("CMD") == 1
    runs = [rest for name, rest in steps if name == "RUN"]
    apt = next(run for run in runs if "apt-get install" in run)
    assert "--no-install-recommends" in apt and "rm -rf /var/lib/apt/lists" in apt and "apt-get update" in apt
    assert all("sudo" not in run and "curl" not in run and "latest" not in run for run in runs)
    assert "--no-cache-dir" in next(run for run in runs if run.startswith("pip"))
    for name, rest in steps:
        if name == "COPY":
            assert (app / rest.split()[0]).exists(), rest
    health = json.loads(said["HEALTHCHECK"].split("CMD ", 1)[1])
    assert "9001/health" in health[-1]
    compile(health[-1], "health", "exec")
    assert said["EXPOSE"] == "9001"


def test_ignored_is_what_is_not_copied(app: Path) -> None:
    kept = {line[1:].removesuffix("/**") for line in (app / ".dockerignore").read_text().split() if line[0] == "!"}
    copied = {rest.split()[0].rstrip("/") for name, rest in instructions(app) if name == "COPY"}
    assert kept == copied


def test_compose_is_locked_down(app: Path) -> None:
    said = yaml.safe_load((app / "compose.yaml").read_text())
    (service,) = said["services"].values()
    assert service["ports"] == ["127.0.0.1:9001:9001"] and service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
    assert {v.split(":")[0] for v in service["volumes"]} == set(said["volumes"])
    assert re.fullmatch(r"[a-z0-9-]+:[0-9a-f]{12}", service["image"])


def test_the_unit_is_one_of_systemd(app: Path, tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(app / "autoprep-serve.service")
    assert unit.sections() == ["Unit", "Service", "Install"]
    service = unit["Service"]
    assert service["ExecStart"].startswith("/opt/") and service["DynamicUser"] == "yes"
    assert f"--seen /var/lib/{service['StateDirectory']}" in service["ExecStart"]
    assert int(service["TimeoutStopSec"]) > 30
    check = shutil.which("systemd-analyze")
    if check:
        text = (app / "autoprep-serve.service").read_text().replace(service["ExecStart"], "/bin/true")
        (tmp_path / "autoprep.service").write_text(text)
        done = subprocess.run(
            [check, "verify", "--man=no", str(tmp_path / "autoprep.service")], capture_output=True, text=True
        )
        assert "Unknown" not in done.stderr and done.returncode == 0, done.stderr


def test_requirements_are_pinned_and_name_no_address(app: Path) -> None:
    lines = (app / "requirements.txt").read_text().splitlines()
    found = {Requirement(line).name: Requirement(line) for line in lines}
    assert len(found) == len(lines) and lines[0].startswith("autoprep[serve]==")
    assert {"polars", "lightgbm", "fastapi", "uvicorn", "numpy", "starlette"} <= set(found)
    assert not {"pytest", "mypy", "mlflow"} & set(found)
    for name, requirement in found.items():
        assert str(requirement.specifier) == f"=={metadata.version(name).partition('+')[0]}"
    assert not re.search(r"https?:|--index|@", "\n".join(lines))


def test_the_readme_is_two_lines_and_names_what_is_there(app: Path) -> None:
    lines = (app / "README.md").read_text().splitlines()
    assert len(lines) == 2 and "docker compose up" in lines[0] and "autoprep-serve.service" in lines[1]
    for name in re.findall(r"[\w-]+\.(?:txt|service|yaml)", " ".join(lines)):
        assert (app / name).exists() or name.startswith("autoprep-bought"), name
    assert "$" not in "".join((app / f).read_text() for f in ("compose.yaml", "README.md", "autoprep-serve.service"))


def test_the_model_is_the_same_and_the_command_serves_it_by_two_processes(app: Path, shop_model: Path) -> None:
    assert artifact.load(app / "model").digest == artifact.load(shop_model).digest
    command = packages.start_command(app)
    port = _free_port()
    command = [sys.executable, *command[1:]]
    command[command.index("9001")] = str(port)
    command[command.index("0.0.0.0")] = "127.0.0.1"
    process = subprocess.Popen(command, cwd=app)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                    assert json.load(answer)["status"] == "ok"
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.2)
        body = json.dumps({"rows": orders(3, seed=4).drop("bought").to_dicts()}).encode()
        request = urllib.request.Request(f"{address}/predict", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert len(json.load(answer)["predictions"]) == 3
    finally:
        process.terminate()
        assert process.wait(60) in (0, -15, 143)
    written = list((app / "seen").glob("*.json"))
    assert written and '"rows": 3' in written[0].read_text()


def test_what_cannot_be_packaged_is_said(app: Path, shop_model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not an empty folder"):
        packages.package(shop_model, app)
    (tmp_path / "autoprep-0.0.0-py3-none-any.whl").write_bytes(b"")
    with pytest.raises(InputError, match="no wheel of autoprep"):
        packages.package(shop_model, tmp_path / "new", wheel=tmp_path / "autoprep-0.0.0-py3-none-any.whl")
    assert not (tmp_path / "new").exists()
