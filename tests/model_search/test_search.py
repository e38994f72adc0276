"""The search as a whole: honest budgets, the same result twice, no leak, intervals that hold, an ensemble that pays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from autoprep.budget import Budget
from autoprep.errors import InputError, SettingError
from autoprep.model_search import explore, load_predictor, models, search
from autoprep.model_search.calibrate import (
    Conformal,
    bend,
    heat,
    learn_curve,
    learn_heat,
    learn_lifts,
    learn_threshold,
)
from autoprep.model_search.ensemble import greedy, paired_gain
from autoprep.model_search.metrics import METRICS
from autoprep.model_search.splits import suggest
from autoprep.model_search.trial import Bench
from autoprep.model_search.variants import Variant, Variants
from autoprep.types import Task

Array = np.ndarray[Any, Any]


def table(rows: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            **{f"x{i}": rng.normal(size=rows) for i in range(4)},
            "kind": rng.choice(["a", "b", "c"], rows),
        }
    )


def signal(frame: pl.DataFrame, noise: float = 0.5, seed: int = 1) -> Array:
    rng = np.random.default_rng(seed)
    bent = np.sin(2 * frame["x0"].to_numpy()) + frame["x1"].to_numpy() ** 2 / 2
    return bent + (frame["kind"] == "a").to_numpy() + noise * rng.normal(size=frame.height)


def goal(frame: pl.DataFrame, task: Task) -> Array:
    y = signal(frame)
    if task == "regression":
        return y
    cuts = np.quantile(y, [0.5] if task == "binary" else [0.3, 0.7])
    return np.array(["low", "mid", "high"])[np.searchsorted(cuts, y)]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race of three, so that there is time for what comes after it."""
    entered = explore.portfolio
    own = ("lightgbm", "linear")
    monkeypatch.setattr(explore, "portfolio", lambda **s: [c for c in entered(**s) if c.family in own][:3])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_budget_of_work_gives_the_same_twice(task: Task, tmp_path: Path) -> None:
    frame = table(300)
    kept = []
    for number in range(2):
        found = search(frame, goal(frame, task), task=task, budget=Budget(work_budget=1.5), seed=3)
        found.predictor.save(tmp_path / str(number))
        kept.append(found)
    files = [sorted(p.name for p in (tmp_path / str(n)).iterdir()) for n in range(2)]
    assert files[0] == files[1]
    for name in files[0]:
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes(), name
    assert np.array_equal(kept[0].oof, kept[1].oof, equal_nan=True)
    assert [t.model for t in kept[0].leaderboard.trials] == [t.model for t in kept[1].leaderboard.trials]


def test_work_is_counted_and_kept() -> None:
    frame = table(400)
    y = goal(frame, "binary")
    for units in (0.5, 2.0):
        budget = Budget(work_budget=units)
        search(frame, y, task="binary", budget=budget)
        assert 0 < budget.spent() <= units * 1.1


def test_more_work_is_no_worse() -> None:
    """On average over searches: a single one may be lucky with the first models that it tries."""
    frame, fresh = table(500), table(2_000, seed=9)
    y, truth = signal(frame), signal(fresh, seed=8)
    errors: list[list[float]] = [[], []]
    for seed in range(3):
        for place, units in enumerate((0.1, 2.0)):
            found = search(frame, y, task="regression", budget=Budget(work_budget=units), seed=seed)
            errors[place].append(METRICS["rmse"].score(truth, found.predictor.predict(fresh)))
    assert np.mean(errors[1]) <= np.mean(errors[0]) * 1.02, errors
    assert max(errors[1]) < 0.8 * truth.std()


def test_the_clock_decides_what_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that moves only when a fit runs, the search ends within its budget however slow the fits are."""
    now = [0.0]
    plain = Bench.run

    def slow(self: Bench, *args: Any, **kwargs: Any) -> Any:
        now[0] += 0.7
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Bench, "run", slow)
    budget = Budget(time_budget_s=10, clock=lambda: now[0])
    frame = table(300)
    found = search(frame, goal(frame, "binary"), task="binary", budget=budget)
    assert now[0] <= 10 * 1.1
    assert found.predictor.members


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_no_time_at_all_still_gives_a_model(task: Task) -> None:
    frame = table(200)
    found = search(frame, goal(frame, task), task=task, budget=Budget(time_budget_s=0.0))
    assert len(found.predictor.predict(frame)) == 200
    assert found.predictor.members


def test_a_machine_too_slow_to_prepare_in_time_still_gives_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    now, binned = [0.0], models._binned

    def slowly(sides: Any) -> Any:
        now[0] += 30.0
        return binned(sides)

    monkeypatch.setattr(models, "_binned", slowly)
    frame = table(200)
    budget = Budget(time_budget_s=10, clock=lambda: now[0])
    found = search(frame, goal(frame, "binary"), task="binary", budget=budget)
    assert found.predictor.members and now[0] < 40


def test_a_large_table_is_sketched_first() -> None:
    frame = table(26_000)
    said: list[str] = []
    found = search(
        frame,
        goal(frame, "binary"),
        task="binary",
        budget=Budget(work_budget=1.5),
        listener=lambda e: said.append(e.message),
    )
    assert any("sample of 10,000 rows" in s for s in said)
    assert found.leaderboard.trials[0].loss < 0.2


def test_ctrl_c_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, runs = Bench.run, [0]

    def interrupted(self: Bench, *args: Any, **kwargs: Any) -> Any:
        runs[0] += 1
        if runs[0] == 6:
            raise KeyboardInterrupt
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Bench, "run", interrupted)
    frame = table(300)
    found = search(frame, goal(frame, "binary"), task="binary", budget=Budget(work_budget=5))
    assert found.interrupted
    assert found.predictor.members
    assert found.leaderboard.trials


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("sampler", ["evolution", "tpe", "cma"])
def test_what_time_is_left_goes_on_searching(sampler: Any) -> None:
    if sampler != "evolution":
        pytest.importorskip("optuna" if sampler == "tpe" else "cmaes")
    frame = table(400)
    y, said = goal(frame, "regression"), list[str]()
    folds = suggest(y, "regression", folds=2, repeats=1)
    found = search(
        frame, y, task="regression", budget=Budget(work_budget=6), sampler=sampler, splits=folds,
        listener=lambda e: said.append(e.message),
    )  # fmt: skip
    assert any(s.startswith(sampler) for s in said)
    assert any(t.model.endswith(("evolved", "sampled")) for t in found.leaderboard.trials)


def test_no_member_of_the_front_beats_another() -> None:
    frame = table(300)
    found = search(frame, goal(frame, "binary"), task="binary", budget=Budget(work_budget=2))
    losses = [t.loss for t in found.front]
    assert losses == sorted(losses)
    assert found.front[0].loss == min(t.loss for t in found.leaderboard.trials if t.model != "ensemble")


def test_an_unknown_sampler_is_named() -> None:
    with pytest.raises(SettingError, match="sampler is 'grid'"):
        search(table(20), [0, 1] * 10, task="binary", sampler="grid", budget=Budget(work_budget=1))  # type: ignore[arg-type]


def test_counts_are_tried_with_a_poisson_loss() -> None:
    frame = table(400)
    y = np.random.default_rng(1).poisson(np.exp(0.8 * frame["x0"].to_numpy()))
    found = search(frame, y, task="regression", budget=Budget(work_budget=4))
    assert any(t.model == "LightGBM Poisson" for t in found.leaderboard.trials)
    assert (found.predictor.predict(table(200, seed=3)) > -0.5).all()


def test_a_quantile_is_met() -> None:
    frame, fresh = table(900), table(3_000, seed=9)
    y, truth = signal(frame), signal(fresh, seed=8)
    found = search(frame, y, task="regression", metric="pinball:0.8", budget=Budget(work_budget=3))
    assert 0.74 < (truth <= found.predictor.predict(fresh)).mean() < 0.86


def test_noise_is_not_learnt() -> None:
    frame = table(400)
    y = np.random.default_rng(5).integers(0, 2, 400)
    found = search(frame, y, task="binary", budget=Budget(work_budget=2))
    rows = ~np.isnan(found.oof).any(axis=1)
    assert 0.38 < METRICS["roc_auc"].score(y[rows], found.oof[rows]) < 0.62


def test_groups_stay_on_one_side() -> None:
    frame = table(300)
    who = np.random.default_rng(0).integers(0, 30, 300)
    found = search(frame, goal(frame, "binary"), task="binary", groups=who, budget=Budget(work_budget=0.5))
    for train, valid in found.splits.folds:
        assert not set(who[train]) & set(who[valid])


def test_a_metric_of_ones_own_decides() -> None:
    frame = table(300)
    y = (signal(frame) > 1.5).astype(int)

    def cost(truth: Array, said: Array) -> float:
        return float(((truth == 1) & (said == 0)).mean() * 10 + ((truth == 0) & (said == 1)).mean())

    found = search(frame, y, task="binary", metric=cost, budget=Budget(work_budget=2))
    assert found.metric.name == "cost"
    assert not found.metric.greater_is_better
    labels = found.predictor.predict(frame)
    assert labels[y == 1].mean() > 0.85


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_intervals_cover_what_they_say(coverage: float) -> None:
    frame, fresh = table(1_200), table(4_000, seed=9)
    noisy = 0.3 + np.abs(frame["x2"].to_numpy()), 0.3 + np.abs(fresh["x2"].to_numpy())
    y = signal(frame, 0) + noisy[0] * np.random.default_rng(2).normal(size=1_200)
    truth = signal(fresh, 0) + noisy[1] * np.random.default_rng(3).normal(size=4_000)
    found = search(frame, y, task="regression", budget=Budget(work_budget=2))
    low, high = found.predictor.interval(fresh, coverage)
    assert (low <= high).all()
    assert abs(((truth >= low) & (truth <= high)).mean() - coverage) < 0.04


def test_conformal_quantiles_alone() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=4_000)
    truth = predicted + rng.normal(size=4_000) * (1 + (predicted > 0))
    learnt = Conformal.learn(truth[:2_000], predicted[:2_000])
    low, high = Conformal.from_dict(learnt.to_dict()).interval(predicted[2_000:], 0.9)
    inside = (truth[2_000:] >= low) & (truth[2_000:] <= high)
    assert 0.87 < inside.mean() < 0.93
    for side in (predicted[2_000:] > 0.5, predicted[2_000:] < -0.5):
        assert 0.84 < inside[side].mean() < 0.96


def test_the_ensemble_is_no_worse_than_its_best_member() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    members = [y + rng.normal(size=200) * spread for spread in (0.5, 0.6, 1.0, 3.0)]
    weights = greedy(members, lambda p: float(((p - y) ** 2).mean()))
    mixed = sum(w * m for w, m in zip(weights, members, strict=True))
    assert ((mixed - y) ** 2).mean() < min(((m - y) ** 2).mean() for m in members)
    assert weights.sum() == pytest.approx(1)
    assert weights[3] == 0


@pytest.mark.usefixtures("few")
def test_for_few_rows_models_that_cannot_be_told_apart_share_the_prediction() -> None:
    frame = table(150)
    found = search(frame, goal(frame, "binary"), task="binary", budget=Budget(work_budget=2))
    shares = [member.weight for member in found.predictor.members]
    assert sum(shares) == pytest.approx(1.0)
    assert len({member.made["label"] for member in found.predictor.members}) > 1
    assert any("share the prediction" in note for note in found.notes)


def test_a_gain_without_spread_is_certain() -> None:
    assert paired_gain(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == (1.0, 0.0)


def test_heat_repairs_overconfidence_and_leaves_the_rest() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(size=3_000)
    right = 1 / (1 + np.exp(-raw))
    y = (rng.random(3_000) < right).astype(int)
    sharp = 1 / (1 + np.exp(-2.5 * raw))
    prior = np.array([0.5, 0.5])
    temperature, _ = learn_heat(y, np.column_stack([1 - sharp, sharp]), prior)
    assert 2.0 < temperature <= 2.5
    assert learn_heat(y, np.column_stack([1 - right, right]), prior)[0] == pytest.approx(1.0, abs=0.15)
    assert heat(np.array([[0.2, 0.8]]), 1.0, 0.0, prior).tolist() == [[0.2, 0.8]]


def test_the_threshold_moves_for_metrics_of_labels_only() -> None:
    rng = np.random.default_rng(0)
    said = rng.beta(1, 6, 2_000)
    y = (rng.random(2_000) < said).astype(int)
    both = np.column_stack([1 - said, said])
    threshold = learn_threshold(y, both, METRICS["f1"])
    assert threshold < 0.4
    assert METRICS["f1"].score(y, both, None, threshold) > METRICS["f1"].score(y, both)
    assert learn_threshold(y, both, METRICS["roc_auc"]) == 0.5


def test_saved_and_loaded_predictions_are_the_same(tmp_path: Path) -> None:
    frame, fresh = table(300), table(50, seed=4)
    found = search(frame, goal(frame, "multiclass"), task="multiclass", budget=Budget(work_budget=1))
    found.predictor.save(tmp_path)
    assert np.array_equal(load_predictor(tmp_path).predict_proba(fresh), found.predictor.predict_proba(fresh))


@pytest.mark.parametrize(
    ("y", "task", "error", "message"),
    [
        ([1] * 20, "binary", InputError, "one value only"),
        ([None, *range(19)], "regression", InputError, "missing"),
        (["a"] * 20, "regression", InputError, "not a number"),
        ([float("inf"), *range(19)], "regression", InputError, "not finite"),
        ([1, 2], "regression", InputError, "20 rows but 2 targets"),
    ],
)
def test_targets_that_cannot_be(y: list[Any], task: Task, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        search(table(20), y, task=task, budget=Budget(work_budget=1))


def test_a_wrong_metric_is_named() -> None:
    with pytest.raises(SettingError, match="rmse"):
        search(table(20), [0, 1] * 10, task="binary", metric="rmsee", budget=Budget(work_budget=1))


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("after", [2, 9])
def test_an_interrupted_search_resumes_to_the_same_result(
    task: Task, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autoprep.model_search.journal import Journal

    frame = table(300)

    def run(name: str, journal: Journal | None) -> Any:
        found = search(frame, goal(frame, task), task=task, budget=Budget(work_budget=1.0), seed=3, journal=journal)
        found.predictor.save(tmp_path / name)
        return found

    plain = run("plain", None)
    place, added = tmp_path / "run.journal", Journal.add

    def add(self: Journal, *args: Any, **figures: Any) -> None:
        added(self, *args, **figures)
        if len(self._kept) == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "add", add)
        assert run("cut", Journal(place)).interrupted
    with place.open("a") as file:
        file.write('{"key": "cut of')
    resumed = run("resumed", Journal(place, resume=True))
    assert any("trials of the interrupted search" in note for note in resumed.notes) and not place.exists()
    for file in sorted((tmp_path / "plain").iterdir()):
        assert file.read_bytes() == (tmp_path / "resumed" / file.name).read_bytes(), file.name
    assert np.array_equal(plain.oof, resumed.oof, equal_nan=True)


def test_the_newest_rows_are_learnt_from_when_time_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    from autoprep.model_search.race import Runner

    # The last fifth follows another rule, which a model of the folds has hardly seen or not at all.
    frame, rng = table(600), np.random.default_rng(5)
    new = np.arange(600) >= 560
    y = np.where(new, 10.0, 0.0) + frame["x0"].to_numpy() + 0.1 * rng.normal(size=600)
    frame = frame.with_columns(pl.Series("late", new.astype(float)))
    true_cost, entered = Runner.cost, explore.portfolio
    own = ("lightgbm", "linear", "extra_trees")
    monkeypatch.setattr(explore, "portfolio", lambda **s: [c for c in entered(**s) if c.family in own])
    monkeypatch.setattr(Runner, "cost", lambda self, rows, bench: 3.0 * max(0.15, true_cost(self, rows, bench)))
    found = search(frame, y, task="regression", times=np.arange(600), budget=Budget(work_budget=1.0), seed=1)
    said = found.predictor.predict(frame)
    ways = ("fewer, longer steps", "only models that have learnt from the newest rows")
    assert any(way in note for note in found.notes for way in ways), found.notes
    assert said[560:].mean() > 8.0, (said[560:].mean(), found.notes)
    # A refit that is expected to take far too long is tried all the same: nothing else knows of the newest rows.
    monkeypatch.setattr(Runner, "cost", lambda self, rows, bench: 50.0)
    found = search(frame, y, task="regression", times=np.arange(600), budget=Budget(work_budget=1.0), seed=1)
    assert found.predictor.predict(frame)[560:].mean() > 8.0, found.notes


@pytest.mark.usefixtures("few")
def test_a_lossy_choice_is_turned_over_where_the_winner_gains_by_it() -> None:
    """The plain rows lack what decides; one gene brings it back, another spoils the rest."""
    frame = table(500)
    y = goal(frame, "binary")
    blunt = frame.with_columns(pl.lit(0.0).alias("x0"), pl.lit(0.0).alias("x1"))
    made: list[tuple[str, ...]] = []

    def make(flips: tuple[str, ...]) -> Variant:
        made.append(flips)
        rows = frame if "keep x" in flips else blunt
        return Variant(rows.with_columns(pl.lit("a").alias("kind")) if "merge kinds" in flips else rows)

    variants = Variants(Variant(blunt), ["keep x", "merge kinds"], make)
    found = search(blunt, y, task="binary", budget=Budget(work_budget=4), variants=variants)
    assert found.cleaning == ("keep x",) and found.flip_gain[0] > found.flip_gain[1] > 0
    assert len(made) == len(set(made)) <= 3
    assert any(trial.parameters.get("cleaning") == ["keep x"] for trial in found.front)
    seen = found.predictor.predict_proba(frame)[:, found.classes.index("low")]
    assert METRICS["roc_auc"].score((y == "low").astype(int), np.column_stack([1 - seen, seen])) > 0.8


@pytest.mark.usefixtures("few")
def test_a_choice_that_does_no_good_stays_as_it_was() -> None:
    frame = table(400)
    variants = Variants(Variant(frame), ["shuffle"], lambda flips: Variant(frame.with_columns(pl.col("x2").shuffle(1))))
    found = search(frame, goal(frame, "binary"), task="binary", budget=Budget(work_budget=6), variants=variants)
    assert found.cleaning == ()


def test_a_prediction_follows_a_column_that_it_is_told_to_follow() -> None:
    frame = table(400)
    y = signal(frame) + 0.3 * frame["x3"].to_numpy()
    found = search(frame, y, task="regression", budget=Budget(work_budget=3), monotone={"x3": 1, "x0": -1})
    assert {member.part.family for member in found.predictor.members} == {"lightgbm"}
    for name, sign in (("x3", 1), ("x0", -1)):
        steps = [found.predictor.predict(frame.with_columns(pl.lit(v).alias(name))) for v in np.linspace(-2, 2, 9)]
        assert (sign * np.diff(steps, axis=0) >= -1e-9).all(), name
    with pytest.raises(SettingError, match="number column"):
        search(frame, y, task="regression", monotone={"kind": 1})
    with pytest.raises(SettingError, match="several classes"):
        search(frame, goal(frame, "multiclass"), task="multiclass", monotone={"x0": 1})


def test_rare_classes_are_said_for_a_metric_that_counts_them_alike() -> None:
    rng = np.random.default_rng(4)
    y = np.repeat([0, 1, 2], [800, 150, 50])
    raw = rng.gamma(1.0, 1.0, (1000, 3)) * np.array([0.8, 0.15, 0.05])
    raw[np.arange(1000), y] *= 6
    probability = raw / raw.sum(axis=1, keepdims=True)
    prior = np.bincount(y) / 1000
    balanced = METRICS["balanced_accuracy"]
    lifts = learn_lifts(y, probability, prior, balanced)
    assert lifts and lifts[2] > lifts[0]
    assert balanced.loss(y, probability * np.asarray(lifts)) < balanced.loss(y, probability) - 0.05
    assert learn_lifts(y, probability, prior, METRICS["log_loss"]) == ()
    frame = table(600)
    words = np.where(signal(frame) > 1.8, "rare", goal(frame, "multiclass"))
    found = search(frame, words, task="multiclass", metric="balanced_accuracy", budget=Budget(work_budget=3))
    assert np.mean(found.predictor.predict(frame) == "rare") > 0


def test_a_gap_in_time_keeps_training_rows_away() -> None:
    frame = table(300).with_row_index("day").with_columns(pl.col("day").cast(pl.Float64))
    y = signal(frame)
    found = search(frame, y, task="regression", times=frame["day"], gap=20.0, budget=Budget(work_budget=1))
    for train, valid in found.splits.folds:
        assert train.max() + 20 < valid.min()


def test_a_curve_mends_what_a_temperature_cannot() -> None:
    rng = np.random.default_rng(6)
    true = rng.random(4_000)
    y = (rng.random(4_000) < true).astype(int)
    said = np.where(true < 0.5, true * 0.4, 0.2 + (true - 0.5) * 1.6)
    probability = np.column_stack([1 - said, said])
    curve = learn_curve(y, probability)
    fresh = (rng.random(4_000) < true).astype(int)
    log_loss = METRICS["log_loss"]
    assert log_loss.score(fresh, bend(probability, curve)) < log_loss.score(fresh, probability) - 0.01
    order = np.argsort(said, kind="stable")
    assert (np.diff(bend(probability, curve)[order, 1]) >= 0).all()
    assert len(np.unique(bend(probability, curve)[:, 1])) > 0.9 * len(np.unique(said))
    assert learn_curve(y, np.column_stack([1 - true, true])) == []
    assert learn_curve(y[:500], probability[:500]) == []
