"""Rows like those of training do not drift; what was injected is found, with an exit status for schedulers."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import scipy.stats

from autoprep import api
from autoprep.__main__ import main
from autoprep.serving.drift import ks_distance

from .shop import orders


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_rows_like_those_of_training_do_not_drift(shop_model: Path, seed: int) -> None:
    found = api.drift(shop_model, orders(250, seed=seed).drop("bought"))
    assert not found.at_least("warning"), found.changes["sentence"].to_list()


def test_what_was_injected_is_found(shop_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = orders(250, seed=14).drop("bought", "day")
    new = new.with_columns(
        price=pl.lit("$3,900.00"),
        city=pl.when(pl.int_range(pl.len()) < 60).then(pl.lit("Reykjavik")).otherwise("city"),
    )
    new.write_csv(tmp_path / "new.csv")
    assert main(["drift", str(shop_model), str(tmp_path / "new.csv"), "-o", str(tmp_path / "d.json")]) == 1
    said = json.loads((tmp_path / "d.json").read_text())
    parts = {(c["part"], c["column"]) for c in said["changes"]}
    assert {("columns", "day"), ("columns", "price"), ("dirt", "city"), ("predictions", "probability_no")} <= parts
    assert "Reykjavik" not in capsys.readouterr().err
    assert main(["drift", str(shop_model), str(tmp_path / "new.csv"), "-o", str(tmp_path / "d.html")]) == 1
    page = (tmp_path / "d.html").read_text()
    assert page.startswith("<!doctype html>") and "http" not in page and "probability_no" in page
    assert main(["drift", str(shop_model), str(tmp_path / "new.csv"), "-o", str(tmp_path / "d.pdf")]) == 2


def test_the_distance_is_scipys() -> None:
    a, b = (
        orders(90, seed=1)["age"].cast(pl.Float64).to_numpy(),
        orders(70, seed=2)["age"].cast(pl.Float64).to_numpy() + 3,
    )
    assert ks_distance(a, b) == pytest.approx(scipy.stats.ks_2samp(a, b).statistic)
