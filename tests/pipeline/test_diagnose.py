"""What a diagnosis says of models whose strengths and weaknesses are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.pipeline.depth import most_used_first, shap_by_column
from autoprep.pipeline.diagnose import permutation_importance, weak_slices
from autoprep.reporting.content import model_content
from autoprep.reporting.html import model_html
from autoprep.tracking import cards
from autoprep.types import Leaderboard, Plan, Trial


def table(rows: int = 900, seed: int = 0) -> pl.DataFrame:
    """The label follows ``signal`` where ``site`` is good, and is a coin where it is bad; ``noise`` says nothing."""
    rng = np.random.default_rng(seed)
    signal, noise = rng.normal(size=rows), rng.normal(size=rows)
    bad = rng.random(rows) < 0.25
    y = np.where(bad, rng.random(rows) < 0.5, signal + rng.normal(0, 0.3, rows) > 0)
    site = np.where(bad, "harbour", "hill")
    return pl.DataFrame({"noise": noise, "site": site, "signal": signal, "label": np.where(y, "yes", "no")})


@pytest.fixture(scope="module")
def model() -> ap.Model:
    return ap.fit(table(), "label", time_budget_s=None, work_budget=2)


def test_the_column_that_decides_is_first_and_has_an_interval(model):
    found = model.diagnosis["importance"]
    mean, low, high = found["signal"]
    assert next(iter(found)) == "signal" and low <= mean <= high and low > 0.1
    assert abs(found["noise"][0]) < mean / 4


def test_one_repeat_gives_no_interval_and_no_paper_says_one(model):
    told = iter(range(100))
    found = permutation_importance(model._fitted.judged, deadline=3, clock=lambda: next(told))
    assert len(found) == 3 and all(fall[1:] == (None, None) for fall in found.values())
    facts = {"target": "y", "task": "binary", "scores": {}, "diagnosis": {"importance": found}}
    text = cards.card(facts, Plan(), Leaderboard("auc", True), {})
    assert "importance.signal.0" in text and "interval" not in text and "nan" not in text and "None" not in text


def test_contributions_are_taken_of_as_many_rows_as_there_is_time_for(model):
    judged = model._fitted.judged
    whole, share = shap_by_column(judged, 60)
    assert next(iter(whole)) == "signal" and 0 < share <= 1
    # a clock by which each trial takes two seconds, one a row: there is time for 30 rows and for 10, which are too few
    for seconds, rows in ((32.0, 30), (12.0, 0)):
        told = iter(range(0, 1_000, 2))
        found, boosted = shap_by_column(judged, 60, seconds, lambda told=told: next(told))
        assert bool(found) == (rows >= 20) and (boosted == share if rows else boosted == 0.0)
    assert shap_by_column(judged, 60, 1e9) == (whole, share)


def test_what_the_model_uses_most_is_measured_first_and_a_cut_is_said(model):
    judged, told = model._fitted.judged, iter(range(100))
    found = permutation_importance(judged, deadline=1, clock=lambda: next(told))
    assert judged.frame.columns[0] == "noise" and list(found) == ["signal"]
    bare = replace(judged, predictor=replace(judged.predictor, members=[]))
    assert most_used_first(bare, ["noise", "site", "signal"])[0] == "signal"
    facts = {"target": "y", "task": "binary", "scores": {}}
    facts["diagnosis"] = {"importance": found, "columns": len(judged.parts())}
    said = "1 of 3 columns measured, the most used first; time was short"
    assert said in cards.card(facts, Plan(), Leaderboard("auc", True), {})
    board, fall = Leaderboard("auc", True, (Trial("LightGBM", 0.1, 0.9),)), [("signal", 1.0, None, None)]
    assert said in model_html(model_content(title="t", leaderboard=board, importance=fall, importance_says=said))


def test_the_weak_slice_is_found_and_named(model):
    assert any(
        "site is 'harbour'" in s["where"] or "site is not 'hill'" in s["where"] for s in model.diagnosis["slices"]
    )
    assert all(s["loss"] > s["elsewhere"] for s in model.diagnosis["slices"])


def test_confusion_and_calibration_count_every_judged_row(model):
    found = model.diagnosis
    assert found["labels"] == ("no", "yes") and sum(map(sum, found["confusion"])) == found["rows"] > 300
    assert sum(n for *_, n in found["calibration"]) == found["rows"]
    assert all(0 <= p <= 1 and 0 <= o <= 1 for p, o, _ in found["calibration"])


def test_labels_that_are_coins_by_nature_are_not_doubted(model):
    assert model.diagnosis["label_noise"]["count"] == 0


def test_no_slice_is_told_of_a_model_that_is_as_good_everywhere():
    rng = np.random.default_rng(3)
    told = sum(
        bool(weak_slices(pl.DataFrame({"x": rng.normal(size=600)}), rng.exponential(size=600))) for _ in range(20)
    )
    assert told <= 4


def test_a_regression_has_residuals_and_the_artefact_keeps_them(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 10, 300)
    frame = pl.DataFrame({"x": x, "y": 2 * x + rng.normal(0, 1, 300)})
    model = ap.fit(frame, "y", time_budget_s=None, work_budget=1)
    said = model.diagnosis["residuals"]
    assert list(said) == ["5%", "25%", "50%", "75%", "95%"] and said["5%"] < said["50%"] < said["95%"]
    model.save(tmp_path / "m")
    kept = ap.load(tmp_path / "m").diagnosis
    assert math.isclose(kept["residuals"]["50%"], said["50%"]) and kept["importance"]["x"][0] > 1


def test_shap_names_the_column_that_decides_and_dependence_rises_with_it(model):
    found = model.diagnosis
    assert next(iter(found["shap"])) == "signal" or found["shap_share"] == 0
    drawn = dict(found["dependence"])
    values = [value for _, value in drawn["signal"]]
    assert values[-1] - values[0] > 0.4
    assert "Mean prediction when every row" in model.report_html()


def test_the_learning_curve_rises_and_says_so(model):
    curve = model.diagnosis["curve"]
    rows = [entry[0] for entry in curve]
    assert rows == sorted(rows) and len(rows) == 4 and curve[-1][2] < curve[0][2]
    assert "rows" in model.diagnosis["curve_says"] and "Would more rows help?" in model.report_html()
