"""The exported script, run in a process of its own on raw rows, predicts what the model predicts, bit for bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import SettingError

pytestmark = pytest.mark.slow


def dirty(rows: int, goal: str, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    price, size = rng.normal(900, 300, rows).round(2), rng.normal(size=rows).round(3)
    city = rng.choice(["Oslo", "oslo ", "Bergen", "N/A"], rows)
    raw = price / 300 + size + (city == "Bergen") + rng.normal(0, 0.3, rows)
    y: Any = raw.round(3) if goal == "regression" else np.where(raw > 3, "yes", "no")
    if goal == "multiclass":
        y = np.array(["low", "mid", "high"])[np.digitize(raw, [2.5, 3.5])]
    if goal == "heavy":
        y = np.exp(1.5 * raw).round(2)
    prices = [f"${p:,.2f}" if p > 0 else "unknown" for p in price.tolist()]
    return pl.DataFrame({"price": prices, "size": size.astype(str), "city": city, "y": y.astype(str)})


@pytest.mark.parametrize("goal", ["binary", "multiclass", "regression", "heavy"])
def test_a_script_predicts_the_same_bits(goal: str, tmp_path: Path) -> None:
    train, new = tmp_path / "train.csv", tmp_path / "new.csv"
    dirty(260, goal).write_csv(train)
    dirty(40, goal, seed=1).drop("y").write_csv(new)
    model = ap.fit(train, "y", time_budget_s=None, work_budget=0.6, seed=2)
    loaded = ap.load(model.save(tmp_path / "model"))
    script = loaded.export_code(tmp_path / "script.py")
    assert script.read_text() == model.export_code(tmp_path / "other.py").read_text()
    made = tmp_path / "made.parquet"
    subprocess.run([sys.executable, str(script), str(train), str(new), str(made)], check=True)
    expected = loaded.predict_frame(new).drop("reasons", "lower", "upper", strict=False)
    assert pl.read_parquet(made).equals(expected)


@pytest.mark.parametrize("family", ["lightgbm", "linear"])
def test_weighed_classes_are_weighed_again(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from autoprep.model_search import explore
    from autoprep.model_search.configuration import Configuration

    train, script, made = tmp_path / "train.csv", tmp_path / "script.py", tmp_path / "made.parquet"
    raw = dirty(400, "binary")
    raw.filter((pl.col("y") == "no") | (pl.int_range(pl.len()) % 8 == 0)).write_csv(train)
    only = Configuration(family, {"balance": 1.0, "rounds": 30, "min_data_in_leaf": 5}, label="weighed")
    monkeypatch.setattr(explore, "portfolio", lambda **_: [only])
    monkeypatch.setattr(explore, "default", lambda *_, **__: only)
    model = ap.fit(train, "y", metric="roc_auc", time_budget_s=None, work_budget=0.3)
    model.export_code(script)
    assert "undone" in script.read_text()
    subprocess.run([sys.executable, str(script), str(train), str(train), str(made)], check=True)
    assert pl.read_parquet(made).equals(model.predict_frame(train).drop("reasons"))


def test_rows_kept_aside_and_models_of_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from autoprep.model_search.finish import Finisher

    train, script, made = tmp_path / "train.csv", tmp_path / "script.py", tmp_path / "made.parquet"
    dirty(300, "binary").write_csv(train)
    monkeypatch.setattr(Finisher, "_refit", lambda self, runner: None)
    model = ap.fit(train, "y", time_budget_s=None, work_budget=0.4, holdout=0.2)
    model.export_code(script)
    subprocess.run([sys.executable, str(script), str(train), str(train), str(made)], check=True)
    assert pl.read_parquet(made).equals(model.predict_frame(train).drop("reasons"))


PARTS = (("start_year", 0, 4), ("start_month", 5, 2), ("start_day", 8, 2))


@pytest.mark.parametrize(
    "given",
    [
        {"time": "start_year + start_month + start_day"},
        {"group": "city"},
        {"group": "who"},
        {"time": "day", "gap": "1d"},
    ],
    ids=str,
)
def test_models_of_folds_by_group_and_time(
    given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autoprep.model_search.finish import Finisher

    train, script, made = tmp_path / "train.csv", tmp_path / "script.py", tmp_path / "made.parquet"
    days = pl.Series("day", [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(300)])
    who = pl.Series("who", [f"P{(i * 7) % 60:03d}" for i in range(300)])
    parts = [pl.col("day").str.slice(at, many).alias(name) for name, at, many in PARTS] if " + " in str(given) else []
    dirty(300, "binary").with_columns(days, who).with_columns(parts).write_csv(train)
    monkeypatch.setattr(Finisher, "_refit", lambda self, runner, whatever=False: None)
    model = ap.fit(train, "y", time_budget_s=None, work_budget=0.4, **given)
    model.export_code(script)
    assert f"{next(iter(given))}s=" in script.read_text()
    subprocess.run([sys.executable, str(script), str(train), str(train), str(made)], check=True)
    assert pl.read_parquet(made).equals(model.predict_frame(train).drop("reasons"))


def test_a_model_weighed_by_hand_is_refused(tmp_path: Path) -> None:
    rows = dirty(120, "binary")
    model = ap.fit(rows, "y", time_budget_s=None, work_budget=0.2, sample_weight=np.ones(rows.height))
    with pytest.raises(SettingError, match="weighed by values"):
        model.export_code(tmp_path / "script.py")
