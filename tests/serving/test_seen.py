"""What the service saw is kept as profiles that add up, and drift reads them as it reads rows."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
from starlette.testclient import TestClient

from autoprep import api
from autoprep.__main__ import main
from autoprep.errors import InputError
from autoprep.serving import app, artifact, seen
from autoprep.serving.bodies import CSV

from .shop import orders


def answered(model: Path, folder: Path, rows: pl.DataFrame, *, singly: bool) -> None:
    """Let a service answer rows and end."""
    with TestClient(app.make(model, seen=folder)) as client:
        if singly:
            for row in rows.to_dicts():
                assert client.post("/predict", json={"rows": [row]}).status_code == 200
        else:
            sent = client.post("/predict", content=rows.write_csv().encode(), headers={"content-type": CSV})
            assert sent.status_code == 200


def test_drift_reads_what_the_service_saw(shop_model: Path, tmp_path: Path) -> None:
    usual = orders(240, seed=11).drop("bought")
    answered(shop_model, tmp_path / "usual", usual.head(120), singly=True)
    answered(shop_model, tmp_path / "usual", usual.tail(120), singly=False)
    files = sorted((tmp_path / "usual").glob("*.json"))
    assert len(files) == 2
    window = seen.read_windows(tmp_path / "usual")
    assert window.rows == window.sampled == usual.height
    assert window.raw.tables["rows"][0] == usual.height
    assert not api.drift(shop_model, tmp_path / "usual").at_least("warning")
    assert main(["drift", str(shop_model), str(tmp_path / "usual")]) == 0


def test_what_was_injected_is_found_in_profiles_as_in_rows(shop_model: Path, tmp_path: Path) -> None:
    new = orders(250, seed=14).drop("bought", "day").with_columns(price=pl.lit("$3,900.00"))
    new = new.with_columns(city=pl.when(pl.int_range(pl.len()) < 60).then(pl.lit("Reykjavik")).otherwise("city"))
    answered(shop_model, tmp_path / "new", new, singly=True)
    of_rows = api.drift(shop_model, new).changes
    of_seen = api.drift(shop_model, tmp_path / "new").changes
    parts = {(c["part"], c["column"]) for c in of_seen.to_dicts()}
    assert {("columns", "price"), ("dirt", "city"), ("predictions", "probability_no"), ("dirt", "day")} <= parts
    dirt = of_rows.filter(pl.col("part") == "dirt").select("sentence", "statistic").sort("sentence")
    assert of_seen.filter(pl.col("part") == "dirt").select("sentence", "statistic").sort("sentence").equals(dirt)
    assert main(["drift", str(shop_model), str(tmp_path / "new")]) == 1


def test_no_address_is_kept(shop_model: Path, tmp_path: Path) -> None:
    rows = orders(60, seed=5).drop("bought")
    answered(shop_model, tmp_path / "seen", rows, singly=True)
    text = "".join(file.read_text() for file in (tmp_path / "seen").glob("*.json"))
    assert "example.org" not in text and "Oslo" in text


def test_many_rows_are_sampled_and_waiting_ones_are_bounded(shop_model: Path, tmp_path: Path) -> None:
    model = artifact.load(shop_model)
    kept = seen.Seen(model, tmp_path)
    rows = pl.concat([orders(5_000, seed=6).drop("bought")] * 10)
    predicted = model.scorer().predict(rows)
    for _ in range(20):
        kept.frame(rows, predicted)
    assert sum(raw.height for raw, _ in kept._frames) <= seen.MOST_ROWS * 6
    kept.fold()
    window = seen.read_windows(tmp_path)
    assert window.rows == 20 * rows.height and window.sampled <= seen.MOST_ROWS * 6


def test_other_models_and_damaged_files_are_said(shop_model: Path, tmp_path: Path) -> None:
    answered(shop_model, tmp_path / "seen", orders(30, seed=5).drop("bought"), singly=True)
    (file,) = (tmp_path / "seen").glob("*.json")
    with pytest.raises(InputError, match="another model"):
        seen.read_windows(tmp_path / "seen", "0" * 64)
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "raw": {}}))
    with pytest.raises(InputError, match=r"profile|damaged"):
        seen.read_windows(tmp_path / "seen")
    assert not seen.holds_windows(tmp_path) and seen.holds_windows(tmp_path / "seen")
