"""Rows like those of training do not drift; what was injected is found, with an exit status for schedulers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.stats

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main
from autoprep.serving.drift import ks_distance

from .shop import orders


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_rows_like_those_of_training_do_not_drift(shop_model: Path, seed: int) -> None:
    found = api.drift(shop_model, orders(250, seed=seed).drop("bought"))
    assert not found.at_least("warning"), found.changes["sentence"].to_list()


def test_the_training_rows_themselves_never_alarm(shop_model: Path, tmp_path: Path) -> None:
    """Words that training set aside are no dirt of the new rows: they are what training looked like."""
    rows = orders(300)
    found = api.drift(shop_model, rows)
    assert not found.at_least("warning"), found.changes["sentence"].to_list()
    alarms = [
        found.changes["sentence"].to_list()
        for seed in range(12)
        if (found := api.drift(shop_model, rows.sample((30, 100)[seed % 2], seed=seed))).at_least("warning")
    ]
    assert len(alarms) <= 1, alarms  # stated: one in a hundred at most


def test_dirt_as_usual_is_told_and_more_of_it_warns(tmp_path: Path) -> None:
    """Cells that could not be read in training: the same share of them later is no news, six times as much is."""
    rng = np.random.default_rng(0)

    def rows(count: int, share: float) -> pl.DataFrame:
        size = rng.normal(50, 9, count)
        text = [f"{v:.0f}" if rng.random() > share else f"see {rng.integers(10**6)}!" for v in size]
        return pl.DataFrame({"size": text, "sold": np.where(size > 50, "yes", "no")})

    train = rows(400, 0.05)
    model = ap.fit(train, "sold", time_budget_s=None, work_budget=1)
    model.save(tmp_path / "model")
    usual = api.drift(tmp_path / "model", train).changes
    dirt = usual.filter(pl.col("part") == "dirt")
    assert dirt.height and set(dirt["severity"]) == {"info"} and "in training" in dirt["sentence"][0]
    assert not api.drift(tmp_path / "model", train).at_least("warning")
    more = api.drift(tmp_path / "model", rows(300, 0.3)).changes
    assert "warning" in more.filter(pl.col("part") == "dirt")["severity"].to_list()


def test_a_word_kept_as_a_status_is_no_dirt_but_more_of_it_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def rows(count: int, share: float) -> pl.DataFrame:
        size = rng.normal(50, 9, count)
        text = [f"{v:.0f}" if rng.random() > share else "varies" for v in size]
        return pl.DataFrame({"size": text, "sold": np.where(size > 50, "yes", "no")})

    train = rows(400, 0.05)
    ap.fit(train, "sold", time_budget_s=None, work_budget=1).save(tmp_path / "model")
    assert api.drift(tmp_path / "model", train).changes.is_empty()
    more = api.drift(tmp_path / "model", rows(300, 0.3)).changes
    assert set(more["part"]) <= {"columns", "predictions"}
    assert more.filter((pl.col("column") == "size") & (pl.col("severity") == "error")).height


def test_new_columns_are_told(shop_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders(20, seed=3).with_columns(shelf=pl.lit(4)).write_csv(tmp_path / "new.csv")
    assert main(["predict", str(shop_model), str(tmp_path / "new.csv"), "-o", str(tmp_path / "p.csv")]) == 0
    assert "not in training, ignored: shelf" in capsys.readouterr().err


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
