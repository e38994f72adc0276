"""Ctrl-C while features are made: one line, exit status 130, nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import autoprep as ap

pytestmark = pytest.mark.slow

SCHEMA = """
tables: {customers: {key: [customer]}, events: {time: at}}
references: [{from: events(customer), to: customers(customer)}]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    r = np.random.default_rng(0)
    rows, customers = 200_000, 2_000
    events: dict[str, np.ndarray] = {f"x{i}": r.normal(size=rows) for i in range(6)}
    events |= {"customer": r.integers(0, customers, rows), "at": r.integers(0, 30_000_000, rows) * 1_000_000}
    asked = {"customer": np.arange(customers), "asked": np.full(customers, 20_000_000 * 1_000_000)}
    pl.DataFrame(events).with_columns(pl.from_epoch("at", time_unit="us")).write_parquet(folder / "events.parquet")
    pl.DataFrame(asked).with_columns(pl.from_epoch("asked", time_unit="us")).write_parquet(folder / "customers.parquet")
    return folder


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("more", [[], ["--memory-budget", "200MB"]], ids=["whole", "in blocks"])
def test_ctrl_c_while_features_are_made(shop: Path, tmp_path: Path, more: list[str]) -> None:
    schema, spilled = tmp_path / "tables.yaml", tmp_path / "spilled"
    schema.write_text(SCHEMA)
    spilled.mkdir()
    output = tmp_path / "wide.parquet"
    output.write_bytes(b"what was there before")
    call = ["features", str(shop), "--table", "customers", "--schema", str(schema), "--cutoff", "asked", *more]
    call += ["-o", str(output), "--save", str(tmp_path / "features.json")]
    environment = {**os.environ, "TMPDIR": str(spilled)}
    run = subprocess.Popen(
        [sys.executable, "-m", "autoprep", *call], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env=environment,
    )  # fmt: skip
    assert run.stderr is not None
    for line in run.stderr:
        if "synthesize" in line:  # said just before the first feature is computed
            break
    run.send_signal(signal.SIGINT)
    said = run.stderr.read()
    assert run.wait(timeout=60) == 130, said
    assert said.splitlines()[-1] == "autoprep: stopped; no half-written file was left"
    assert len(said.splitlines()) == 1
    assert output.read_bytes() == b"what was there before"
    assert {p.name for p in tmp_path.iterdir()} == {"tables.yaml", "spilled", "wide.parquet"}
    # Python tries a folder for temporary files with a file of its own, "blat", which a signal in that moment leaves
    assert not [p for p in spilled.iterdir() if p.is_dir() or p.read_bytes() not in (b"", b"blat")]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_while_fit_tries_features_keeps_the_best_so_far(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    rows = 2_500
    columns: dict[str, object] = {f"x{i}": r.normal(size=rows).round(4) for i in range(8)}
    columns["town"] = [f"v{k}" for k in r.integers(0, 90, rows)]
    columns["note"] = [" ".join(r.choice(["red", "green", "blue", "old", "new", "big"], 6)) for _ in range(rows)]
    frame = pl.DataFrame(columns).with_columns(y=pl.col("x0") * pl.col("x1") + pl.col("x2"))
    frame.write_csv(tmp_path / "rows.csv")
    call = ["fit", str(tmp_path / "rows.csv"), "--target", "y", "-o", str(tmp_path / "model"), "--time-budget", "300"]
    run = subprocess.Popen(
        [sys.executable, "-m", "autoprep", *call], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert run.stderr is not None
    for line in run.stderr:
        if " leads after " in line:  # the first model stands; features are raced next
            break
    run.send_signal(signal.SIGINT)
    said = run.stderr.read()
    assert run.wait(timeout=120) == 0, said
    assert "interrupted: " in said
    assert ap.load(tmp_path / "model").predict(frame.head(5)).len() == 5


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_stop_inside_an_exec_ends_with_the_same_status(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(
        "import sys\nimport autoprep.__main__ as m\n"
        "m._run = lambda words: exec('raise KeyboardInterrupt')\nsys.exit(m.main(['rules']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(ap.__file__).parents[1])])}
    run = subprocess.run(
        [sys.executable, "-m", "stopped"], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 130, run.stderr
    assert run.stderr == "autoprep: stopped; no half-written file was left\n"


def test_pieces_that_have_not_begun_are_not_begun() -> None:
    from autoprep.kernels.threads import together

    begun: list[int] = []

    def stop() -> None:
        raise KeyboardInterrupt

    def work(i: int) -> None:
        begun.append(i)
        np.linalg.svd(np.ones((300, 300)))

    with pytest.raises(KeyboardInterrupt):
        together([stop, *(lambda i=i: work(i) for i in range(200))], 10_000_000)  # type: ignore[misc]
    assert len(begun) < 200
