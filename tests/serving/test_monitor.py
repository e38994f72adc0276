"""Deliveries are scored once, whatever their names and whoever comes in between; drift is told by windows of time."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main
from autoprep.errors import AutoprepError, InputError, SettingError
from autoprep.tracking import deliveries

from .shop import orders


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    orders(120, seed=1).drop("bought").write_csv(tmp_path / "in" / "monday.csv")
    return tmp_path / "in"


def _all(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_each_delivery_is_scored_once(tmp_path: Path, inbox: Path, shop_model: Path) -> None:
    out = tmp_path / "out"
    first = api.monitor(shop_model, inbox, out)
    assert [one.file for one in first.new] == ["monday.csv"] and first.exit_status == 0
    written = _all(out)
    predictions = pl.read_parquet(out / first.new[0].outputs["predictions"])
    assert predictions.equals(ap.load(shop_model).predict_frame(inbox / "monday.csv"))
    assert json.loads((out / first.new[0].outputs["validation"]).read_text())["success"]

    assert api.monitor(shop_model, inbox, out) == api.Monitored(known=1)
    assert _all(out) == written

    (inbox / "again.csv").write_bytes((inbox / "monday.csv").read_bytes())
    (inbox / "tuesday.csv.part").write_text("half")
    (inbox / ".hidden.csv").write_text("x")
    assert api.monitor(shop_model, str(inbox / "*.csv"), out).new == ()

    later = orders(120, seed=2).drop("bought").with_columns(pl.lit("Paris").alias("city"), pl.lit("9").alias("age"))
    later.write_csv(inbox / "monday.csv")
    second = api.monitor(shop_model, inbox, out)
    assert [one.file for one in second.new] == ["monday.csv"] and second.new[0].sha256 != first.new[0].sha256
    assert second.exit_status == 1 and second.new[0].broken and second.new[0].drift in ("warning", "error")
    assert _all(out).items() >= {k: v for k, v in written.items() if k != "state.json"}.items()


def test_what_cannot_be_read_does_not_stop_the_rest(tmp_path: Path, inbox: Path, shop_model: Path) -> None:
    (inbox / "a_picture.parquet").write_bytes(b"PAR1 not really")
    pl.DataFrame({"x": [1]}).write_csv(inbox / "foreign.csv")
    found = api.monitor(shop_model, inbox, tmp_path / "out")
    assert {one.file: one.status for one in found.new} == {
        "a_picture.parquet": "failed",
        "foreign.csv": "failed",
        "monday.csv": "scored",
    }
    assert found.exit_status == 2
    again = api.monitor(shop_model, inbox, tmp_path / "out")
    assert again.new == () and again.exit_status == 0 and again.failing == ("a_picture.parquet", "foreign.csv")
    retried = api.monitor(shop_model, inbox, tmp_path / "out", retry=True)
    assert {one.file for one in retried.new} == {"a_picture.parquet", "foreign.csv"}


def test_a_run_that_is_cut_off_goes_on_where_it_was(
    tmp_path: Path, inbox: Path, shop_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders(50, seed=3).drop("bought").write_csv(inbox / "tuesday.csv")
    whole = api.monitor(shop_model, inbox, tmp_path / "whole")
    save, calls = deliveries.save_state, []

    def cut(folder: Path, state: dict) -> None:
        calls.append(len(state))
        if len(calls) == 2:
            raise KeyboardInterrupt
        save(folder, state)

    monkeypatch.setattr(deliveries, "save_state", cut)
    with pytest.raises(KeyboardInterrupt):
        api.monitor(shop_model, inbox, tmp_path / "cut")
    monkeypatch.setattr(deliveries, "save_state", save)
    rest = api.monitor(shop_model, inbox, tmp_path / "cut")
    assert [one.file for one in rest.new] == ["tuesday.csv"] and rest.known == 1 and len(whole.new) == 2
    assert _all(tmp_path / "cut") == _all(tmp_path / "whole")


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_run(
    tmp_path: Path, inbox: Path, shop_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = deliveries.delivery

    def growing(path: Path) -> deliveries.Delivery:
        one = hashed(path)
        with path.open("a") as file:
            file.write(orders(1, seed=9).drop("bought").write_csv(include_header=False))
        os.utime(path, ns=(time.time_ns(), one.modified_ns + 10**9))
        return one

    monkeypatch.setattr(deliveries, "delivery", growing)
    found = api.monitor(shop_model, inbox, tmp_path / "out")
    assert found.new == () and found.unfinished == ("monday.csv",)
    monkeypatch.setattr(deliveries, "delivery", hashed)
    assert [one.rows for one in api.monitor(shop_model, inbox, tmp_path / "out").new] == [121]


def test_two_runs_at_once_and_a_spoilt_state_are_refused(tmp_path: Path, inbox: Path, shop_model: Path) -> None:
    out = tmp_path / "out"
    with deliveries.alone(out), pytest.raises(InputError, match="another run is at work"):
        api.monitor(shop_model, inbox, out)
    (out / "state.json").write_text("{}")
    with pytest.raises(SettingError, match="not the state of a monitor"):
        api.monitor(shop_model, inbox, out)
    with pytest.raises(InputError, match="no such folder of deliveries"):
        api.monitor(shop_model, tmp_path / "nowhere", tmp_path / "out2")
    with pytest.raises(AutoprepError):
        api.monitor(tmp_path / "no_model", tmp_path / "in" / "none*.csv", tmp_path / "out3")


def test_drift_by_windows(tmp_path: Path, shop_model: Path) -> None:
    calm = orders(150, seed=5).drop("bought").with_columns(pl.lit("02/01/2024").alias("day"))
    odd = orders(150, seed=6).drop("bought").with_columns(pl.lit("13/02/2024").alias("day"), pl.lit("88").alias("age"))
    frame = pl.concat([odd, calm, calm.head(2).with_columns(pl.lit("soon").alias("day"))])
    frame.write_csv(tmp_path / "new.csv")
    found = api.drift_windows(shop_model, tmp_path / "new.csv", "day", "1mo")
    assert [start for start, _ in found.windows] == ["2024-01-01", "2024-02-01"] and found.undated == 2
    assert [one.rows[1] for _, one in found.windows] == [150, 150]
    ages = [one.changes.filter(pl.col("column") == "age").height for _, one in found.windows]
    assert ages[1] > ages[0]
    call = ["drift", str(shop_model), str(tmp_path / "new.csv"), "--time", "day", "--every", "1mo"]
    assert main([*call, "-o", str(tmp_path / "w.json")]) == 1
    assert len(json.loads((tmp_path / "w.json").read_text())["windows"]) == 2
    for column, every, said in (("dya", "1d", "did you mean 'day'"), ("city", "1d", "no moments"), ("day", "x", "'x'")):
        with pytest.raises(InputError, match=said):
            api.drift_windows(shop_model, tmp_path / "new.csv", column, every)


def test_the_command_is_fit_for_a_scheduler(
    tmp_path: Path, inbox: Path, shop_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["monitor", str(shop_model), str(inbox), "-o", str(tmp_path / "out"), "--log-format", "json"]
    assert main(call) == 0
    said = capsys.readouterr()
    records = [json.loads(line) for line in said.err.splitlines()]
    assert [r["event"] for r in records] == ["start", "progress", "stage", "end"]
    assert records[1]["rows"] == 120 and records[-1]["status"] == 0 and records[-1]["command"] == "monitor"
    assert "1 new delivery, 0 known" in said.out
    assert main([*call[:-2], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["known"] == 1
