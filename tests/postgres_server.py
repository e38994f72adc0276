"""A PostgreSQL server of our own, started in a temporary folder, where the machine has one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a running PostgreSQL server whose user ``ada`` has the password ``geheim``."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine")
    # PostgreSQL refuses to run as root; its socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    port = _free_port()

    def run(program: str, *words: str) -> None:
        done = subprocess.run(
            [*as_user, str(programs / program), *words], capture_output=True, text=True, cwd="/", check=False
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    secret = folder / "secret"
    secret.write_text("geheim\n")
    secret.chmod(0o644)
    data = str(folder / "data")
    run(
        "initdb", "-D", data, "-U", "ada", f"--pwfile={secret}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N"
    )
    options = f"-F -c listen_addresses=127.0.0.1 -p {port} -k {folder}"
    # pg_ctl must not hold our pipes: the server would inherit them and the wait would never end
    with (folder / "start").open("w") as log:
        started = subprocess.run(
            [*as_user, str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start"],
            stdout=log, stderr=log, cwd="/", check=False,
        )  # fmt: skip
    assert started.returncode == 0, (folder / "start").read_text()
    try:
        yield f"postgresql://ada:geheim@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*as_user, str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop"],
            capture_output=True, cwd="/", check=False,
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
