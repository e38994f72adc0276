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
