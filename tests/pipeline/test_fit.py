"""The main job, end to end: one call from raw rows to a model that serves as it trained."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.types import Event


def shop(rows: int, seed: int = 0) -> pl.DataFrame:
    """Orders with the dirt of a real export: currency, decimal comma, sentinels, spellings, dates, a copied target."""
    pick = random.Random(seed)
    made = []
    for i in range(rows):
        price = pick.lognormvariate(4, 1)
        weight = pick.uniform(0.1, 30)
        age = pick.randint(18, 90)
        city = pick.choice(["Oslo", "Bergen", "Moss"])
        score = 0.8 * np.log(price) - 0.05 * age + (1.0 if city == "Oslo" else 0.0) + pick.gauss(0, 0.6)
        bought = score > 1.2
        made.append(
            {
                "order": f"{i:06d}",
                "price": f"${price:,.2f}" if pick.random() > 0.03 else "N/A",
                "weight": f"{weight:.2f} kg",
                "age": str(age) if pick.random() > 0.05 else "-999",
                "city": pick.choice([city, city, city, city.lower(), f"{city} "]),
                "day": f"{pick.randint(1, 28):02d}/{pick.randint(1, 12):02d}/{pick.choice([2023, 2024])}",
                "state": "closed" if bought else "open",
                "bought": pick.choice(["yes", "Yes"]) if bought else pick.choice(["no", "No "]),
            }
        )
    return pl.DataFrame(made)


@pytest.fixture(scope="module")
def heard() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def model(heard: list[Event]) -> ap.Model:
    return ap.fit(shop(600), "bought", time_budget_s=8, holdout=0.25, listener=heard.append)


def test_the_task_is_inferred_and_said(model: ap.Model, heard: list[Event]) -> None:
    assert model.facts["task"] == "binary"
    assert {e.stage for e in heard} >= {"read", "profile", "plan", "clean", "search"}


def test_labels_are_one_spelling(model: ap.Model) -> None:
    assert len(model.facts["classes"]) == 2


def test_the_model_beats_the_baseline_without_the_copied_target(model: ap.Model) -> None:
    scores = model.facts["scores"]
    assert scores["holdout_baseline"] == pytest.approx(0.5)
    assert 0.8 < scores["holdout"] < 0.999
    assert not any("state" in f.inputs for f in model.features)
    assert any("state" in f.columns for f in model.findings)


def test_columns_became_what_they_are(model: ap.Model) -> None:
    clean = model.transform(shop(50, seed=3))
    assert clean.schema["price"] == pl.Float64
    assert clean.schema["weight"] == pl.Float64
    assert clean.schema["day"] == pl.Date
    assert clean["age"].cast(pl.Float64).min() > 0
    assert clean["city"].drop_nulls().n_unique() == 3


def test_saved_copied_and_loaded_it_predicts_the_same(model: ap.Model, tmp_path: Path) -> None:
    new = shop(80, seed=5).drop("bought")
    before = model.predict_frame(new)
    model.save(tmp_path / "model")
    shutil.copytree(tmp_path / "model", tmp_path / "copy")
    shutil.rmtree(tmp_path / "model")
    loaded = ap.load(tmp_path / "copy")
    assert loaded.predict_frame(new).equals(before) and loaded.features == model.features
    from autoprep.serving import artifact

    assert artifact.replay(tmp_path / "copy").identical


def test_one_row_is_predicted_as_among_many(model: ap.Model) -> None:
    new = shop(40, seed=6).drop("bought")
    together = model.predict_frame(new)
    alone = pl.concat([model.predict_frame(new[i]) for i in range(0, 40, 8)])
    assert alone.drop("reasons").equals(together.gather_every(8).drop("reasons"))


def test_dirty_rows_are_predicted_with_reasons(model: ap.Model) -> None:
    new = shop(4, seed=7).drop("bought").with_columns(price=pl.Series(["twelve", "$5", "N/A", ""]))
    predicted = model.predict_frame(new)
    assert predicted.height == 4
    assert predicted["prediction"].null_count() == 0
    assert "price" in predicted["reasons"][0]


def test_a_missing_column_is_said(model: ap.Model) -> None:
    predicted = model.predict_frame(shop(5, seed=8).drop("bought", "price"))
    assert predicted.height == 5
    assert all("price" in reasons for reasons in predicted["reasons"])


def test_the_same_work_gives_the_same_model() -> None:
    frame = shop(250, seed=9)
    new = shop(30, seed=10).drop("bought")
    first, second = (ap.fit(frame, "bought", time_budget_s=None, work_budget=1.5, seed=1) for _ in range(2))
    assert first.plan.to_yaml() == second.plan.to_yaml()
    assert first.predict_frame(new).equals(second.predict_frame(new))
    groups = first.content().groups
    assert [name for name, *_ in groups][:1] == ["text + counts + target"]
    assert all("base" not in name and np.isfinite(saved) and error >= 0 for name, saved, error, _ in groups)
    page = first.report_html()
    assert page.count("What groups of features are worth") == 1 and page.count(f"<td>{groups[0][0]}</td>") == 1


def test_regression_has_intervals() -> None:
    pick = np.random.default_rng(0)
    x = pick.normal(size=400)
    frame = pl.DataFrame({"x": x, "amount": [f"€{v:,.2f}" for v in 1000 + 200 * x + pick.normal(0, 20, 400)]})
    made = ap.fit(frame, "amount", time_budget_s=5)
    predicted = made.predict_frame(pl.DataFrame({"x": [0.0, 1.0]}))
    assert predicted["prediction"][0] == pytest.approx(1000, abs=60)
    assert (predicted["lower"] < predicted["prediction"]).all()
    assert (predicted["upper"] > predicted["prediction"]).all()


def test_evaluate_scores_raw_labels(model: ap.Model) -> None:
    scores = ap.evaluate(model, shop(200, seed=11))
    assert scores["rows"] == 200
    assert scores["score"] > scores["baseline"] + 0.2


def test_an_interrupted_fit_goes_on_from_its_journal(tmp_path, monkeypatch):
    from autoprep.model_search.journal import Journal

    rng = np.random.default_rng(0)
    x = rng.normal(size=240)
    rows = pl.DataFrame({"x": x, "n": rng.normal(size=240), "y": np.where(x + rng.normal(0, 0.5, 240) > 0, "a", "b")})
    settings = {"time_budget_s": None, "work_budget": 0.6, "journal": tmp_path / "model.journal"}
    plain, added = ap.fit(rows, "y", **settings), Journal.add

    def add(self, *args, **figures):
        added(self, *args, **figures)
        if len(self._kept) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "add", add)
        ap.fit(rows, "y", **settings)
    resumed = ap.fit(rows, "y", **settings, resume=True)
    assert any("interrupted search" in note for note in resumed.facts["notes"])
    assert resumed.predict_frame(rows).equals(plain.predict_frame(rows))
    assert not (tmp_path / "model.journal").exists()


def test_a_wide_table_says_what_its_budget_left_out_of_the_profile() -> None:
    r = np.random.default_rng(0)
    wide = pl.DataFrame({f"x{i}": r.normal(size=300).round(2) for i in range(45)})
    wide = wide.with_columns(y=pl.when(pl.col("x0") + pl.col("x1") > 0).then(pl.lit("a")).otherwise(pl.lit("b")))
    heard: list[Event] = []
    model = ap.fit(wide, "y", time_budget_s=3, listener=heard.append)
    said = [note for note in model.facts["notes"] if "the profile leaves out: pairs of columns, and keys" in note]
    assert said and said[0] in model.report_html() and any(e.message == said[0] for e in heard)
