"""What a caller may choose of a fit: how rows hang together, what is deployed, the task, the memory."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import InputError, SettingError
from autoprep.model_search.limits import PAGES
from autoprep.serving.rowwise import RowScorer
from autoprep.types import Action


def people(count: int = 40, each: int = 8, seed: int = 0) -> pl.DataFrame:
    """Rows of people whose outcome is their own: a model that knows the person knows the answer."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(count), each)
    trait = rng.normal(size=(count, 3))[person] + rng.normal(0, 0.01, (count * each, 3))
    sick = rng.random(count) < 0.5
    return pl.DataFrame(
        {
            "person_id": [f"P{n:04d}" for n in person],
            **{f"trait_{i}": trait[:, i] for i in range(3)},
            "sick": np.where(sick[person], "yes", "no"),
        }
    ).sample(fraction=1.0, shuffle=True, seed=seed)


def test_a_group_is_suggested_with_what_it_changes_and_can_be_heeded() -> None:
    rows = people()
    plain = ap.fit(rows, "sick", time_budget_s=None, work_budget=0.3)
    said = [note for note in plain.facts["notes"] if "group='person_id'" in note]
    assert len(said) == 1
    assert "group='person_id'" in said[0]
    known, strange = (float(part.split()[0]) for part in said[0].replace("and ", "loss is ").split("loss is ")[1:3])
    assert known < 0.1
    assert strange > 0.3
    heeded = ap.fit(rows, "sick", time_budget_s=None, work_budget=0.3, group="auto")
    assert plain.facts["scores"]["cross_validated"] > 0.9
    assert any("group folds" in note for note in heeded.facts["notes"])
    assert not any("group='person_id'" in note for note in heeded.facts["notes"])


def test_a_leak_whose_values_recur_is_told_to_be_a_group_and_heeded() -> None:
    rows, heard = people().rename({"person_id": "who"}), list[str]()
    ap.fit(rows, "sick", time_budget_s=None, work_budget=0.1, listener=lambda event: heard.append(event.message))
    said = [line for line in heard if line.startswith("who left out")]
    assert len(said) == 1
    assert said[0].endswith("--group who")
    assert any("group='who'" in line for line in heard)
    heeded = ap.fit(rows, "sick", time_budget_s=None, work_budget=0.1, group="auto")
    assert heeded.facts["chosen_by"]["group"] == "who"


def weeks(rows: int = 600, seed: int = 1) -> pl.DataFrame:
    """A level that wanders from day to day: neighbours in time tell it, the past does not."""
    rng = np.random.default_rng(seed)
    day = pl.select(pl.date(2021, 1, 1) + pl.duration(days=pl.int_range(rows) // 2)).to_series()
    level = np.cumsum(rng.normal(size=rows))
    return pl.DataFrame(
        {
            "year": day.dt.year(), "month": day.dt.month(), "day": day.dt.day(),
            "trait": rng.normal(size=rows), "level": np.round(level, 2),
        }
    ).sample(fraction=1.0, shuffle=True, seed=seed)  # fmt: skip


def test_a_time_that_is_split_over_columns_is_suggested_and_can_be_heeded() -> None:
    rows = weeks()
    plain = ap.fit(rows, "level", time_budget_s=None, work_budget=0.3)
    said = [note for note in plain.facts["notes"] if "time='year + month + day'" in note]
    assert len(said) == 1
    heeded = ap.fit(rows, "level", time_budget_s=None, work_budget=0.3, time="year + month + day")
    assert any("in time" in note for note in heeded.facts["notes"])
    assert heeded.facts["chosen_by"]["time"] == "year + month + day"
    # What is to come is much harder to tell than what lies between.
    assert heeded.facts["scores"]["cross_validated"] > 2 * plain.facts["scores"]["cross_validated"]
    with pytest.raises(InputError, match="weekday"):
        ap.fit(rows, "level", time_budget_s=None, work_budget=0.3, time="year + month + weekday")


def shop(rows: int = 300, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    size, kind = rng.normal(size=rows), rng.integers(0, 3, rows)
    grade = np.digitize(size + kind / 2 + rng.normal(0, 0.3, rows), [-0.5, 0.5, 1.5]) * 5 + 1
    return pl.DataFrame({"size": size, "kind": np.array(["a", "b", "c"])[kind], "grade": grade})


def test_one_model_or_those_of_all_folds_may_be_kept() -> None:
    balanced, fast, accurate = (
        ap.fit(shop(), "grade", task="regression", time_budget_s=None, work_budget=0.4, deploy=deploy)
        for deploy in ("balanced", "fast", "accurate")
    )
    folds = [
        [member.made["fold"] for member in model._fitted.predictor.members] for model in (balanced, fast, accurate)
    ]
    assert set(folds[0]) == {-1}
    assert len(folds[0]) > 1
    assert folds[1] == [-1]
    assert min(folds[2]) >= 0
    with pytest.raises(SettingError, match="balanced, fast, accurate"):
        ap.fit(shop(), "grade", deploy="slow")


def test_ranks_counts_and_quantiles_are_tasks() -> None:
    rows = shop()
    ranks = ap.fit(rows, "grade", task="ordinal", time_budget_s=None, work_budget=0.4)
    assert ranks.facts["metric"] == "qwk"
    assert ranks.facts["classes"] == ["1", "6", "11", "16"]
    assert ranks.facts["scores"]["cross_validated"] > 0.6
    rng = np.random.default_rng(1)
    counted = rows.with_columns(pl.Series("visits", rng.poisson(np.exp(rows["size"].to_numpy())))).drop("grade")
    counts = ap.fit(counted, "visits", task="count", time_budget_s=None, work_budget=0.4)
    assert counts.facts["metric"] == "poisson"
    judged = ap.evaluate(counts, counted)
    assert judged["score"] < judged["baseline"]
    high = ap.fit(counted, "visits", task="quantile", metric="pinball:0.9", time_budget_s=None, work_budget=0.4)
    assert np.mean(counted["visits"].to_numpy() <= high.predict(counted).to_numpy() + 1e-9) > 0.75
    with pytest.raises(SettingError, match="count"):
        ap.fit(rows, "grade", task="ranking")  # type: ignore[arg-type]


def heavy(rows: int, seed: int) -> pl.DataFrame:
    """Amounts whose mean lies far above most of them."""
    rng = np.random.default_rng(seed)
    size, age = rng.normal(size=rows), rng.uniform(0, 10, rows)
    return pl.DataFrame(
        {"size": size, "age": age, "y": np.exp(1.2 * size + 2 * np.sin(age) + rng.normal(size=rows) + 5)}
    )


@pytest.mark.parametrize("metric", ["rmse", "pinball:0.9"])
def test_an_interval_holds_its_prediction_and_nothing_is_below_what_a_value_can_be(metric: str) -> None:
    model = ap.fit(heavy(900, 0), "y", metric=metric, time_budget_s=None, work_budget=0.5)
    rows = heavy(900, 1)
    made = model.predict_frame(rows)
    assert made.filter(~pl.col("prediction").is_between("lower", "upper")).is_empty()
    assert made.min()["lower"][0] >= 0
    assert made.min()["prediction"][0] >= 0
    covered = rows["y"].is_between(made["lower"], made["upper"]).mean()
    assert 0.86 < float(covered) <= 1
    served = RowScorer(model.scorer())
    assert served.check(model.scorer(), rows.drop("y").head(50)) == 50


def test_sets_of_labels_cover_what_they_say() -> None:
    model = ap.fit(shop(600), "grade", task="multiclass", time_budget_s=None, work_budget=0.6)
    new = shop(600, seed=5)
    narrow, wide = (model.predict_sets(new.drop("grade"), coverage) for coverage in (0.8, 0.95))
    truth = new["grade"].cast(pl.String)
    held = [np.mean([t in s for t, s in zip(truth, sets, strict=True)]) for sets in (narrow, wide)]
    assert 0.74 < held[0] < 0.9
    assert 0.91 < held[1] <= 1.0
    assert narrow.list.len().mean() < wide.list.len().mean()
    assert narrow.list.len().min() >= 1


def test_a_function_of_ones_own_judges_and_the_model_is_still_evaluated() -> None:
    def worst(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return float(np.quantile(np.abs(y_true - y_pred), 0.95))

    model = ap.fit(shop(), "grade", task="regression", metric=worst, time_budget_s=None, work_budget=0.3)
    assert model.facts["metric"] == "worst"
    assert not model.leaderboard.greater_is_better
    assert any("worst, lower is better" in note for note in model.facts["notes"])
    new = shop(seed=3)
    said = ap.evaluate(model, new)
    assert (said["rows"], said["metric"], said["greater_is_better"]) == (300, "worst", False)
    assert said["score"] == pytest.approx(worst(new["grade"].to_numpy(), model.predict(new).to_numpy()))
    assert said["score"] < said["baseline"]


def test_a_function_that_bears_the_name_of_a_built_in_metric_is_not_that_one(tmp_path: Path) -> None:
    def r2(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return float(np.mean(np.abs(y_true - y_pred)))

    model = ap.fit(shop(), "grade", task="regression", metric=r2, time_budget_s=None, work_budget=0.3)
    said = ap.evaluate(model, shop(seed=3))
    assert (said["metric"], said["greater_is_better"]) == ("own r2", False)
    assert said["score"] == pytest.approx(said["scores"]["mae"])
    model.save(tmp_path / "model")
    assert ap.evaluate(ap.load(tmp_path / "model"), shop(seed=3))["metric"] == "rmse"


def test_the_table_of_scores_has_the_best_constant_of_each_and_says_what_is_undefined() -> None:
    rows = shop().with_columns((pl.col("grade") - pl.col("grade").median()).round(0))
    model = ap.fit(rows, "grade", task="regression", metric="pinball:0.9", time_budget_s=None, work_budget=0.3)
    said = ap.evaluate(model, rows)
    assert said["baseline_scores"]["pinball"] == pytest.approx(said["baseline_scores"]["mae"] / 2)
    assert set(said["undefined"]) == {"poisson", "rmsle", "mape"}
    assert not set(said["undefined"]) & set(said["scores"])


def test_a_ceiling_of_memory_takes_a_sample() -> None:
    rows = pl.concat([shop(2_000, seed=n) for n in range(3)])
    said: list[str] = []
    ap.fit(
        rows, "grade", task="regression", time_budget_s=None, work_budget=0.2, memory_gb=0.6001,
        listener=lambda event: said.append(event.message),
    )  # fmt: skip
    assert any("memory is short for 6,000 rows: 1,000" in line for line in said)


@pytest.mark.skipif(not PAGES.exists(), reason="this system does not say what a process holds")
def test_a_process_at_its_ceiling_starts_no_more_models() -> None:
    said: list[str] = []
    model = ap.fit(
        shop(), "grade", task="regression", time_budget_s=10, memory_gb=0.01,
        listener=lambda event: said.append(event.message),
    )  # fmt: skip
    assert any("the memory ceiling of 0.01 GB ended the search" in line for line in said)
    tried = [trial for trial in model.leaderboard.trials if trial.fit_s > 0]
    assert len(tried) == 1
    assert len(model.predict(shop(seed=3))) == 300


def test_words_for_true_are_one_class_of_the_target() -> None:
    rows = shop()
    rng = np.random.default_rng(2)
    high = rows["grade"].to_numpy() > 6
    words = np.where(high, np.where(rng.random(300) < 0.5, "Y", "yes"), np.where(rng.random(300) < 0.5, "N", "no"))
    model = ap.fit(rows.with_columns(pl.Series("grade", words)), "grade", time_budget_s=None, work_budget=0.3)
    assert model.facts["task"] == "binary"
    assert len(model.facts["classes"]) == 2


def test_a_target_of_percentages_is_read_however_short_the_time() -> None:
    rows = shop().with_columns(pl.format("{}%", 3 * pl.col("grade")).alias("grade"), pl.col("size").alias("more"))
    model = ap.fit(rows, "grade", task="regression", time_budget_s=1)
    assert model.facts["task"] == "regression"
    assert model.predict(rows.drop("grade")).dtype == pl.Float64


def test_a_lossy_step_that_the_search_turns_over_is_the_models_own_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the comparison before the search left open is settled by the winner: plan, ledger and predictions agree."""
    from autoprep.model_search import explore
    from autoprep.pipeline import train

    entered = explore.portfolio
    own = ("lightgbm", "linear")
    monkeypatch.setattr(explore, "portfolio", lambda **s: [c for c in entered(**s) if c.family in own][:2])
    rng = np.random.default_rng(3)
    level = rng.integers(0, 6, 400)
    rows = pl.DataFrame(
        {
            "level": np.array(["a1", "a2", "a3", "b1", "b2", "b3"])[level],
            "size": rng.normal(size=400),
            "t": np.where(level % 3 + rng.normal(0, 0.3, 400) > 1.0, "yes", "no"),
        }
    )
    merged = {"mapping": {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "b3": "b"}}
    step = Action("merge:level", "text.variants", ("level",), "merge_variants", merged, kind="lossy")
    plan = ap.plan(rows, "t")
    plan = replace(plan, actions=(*plan.actions, step))
    monkeypatch.setattr(train, "earn", lambda raw, plan, *args, **more: (plan, {}))
    model = ap.fit(rows, "t", time_budget_s=None, work_budget=3, plan=plan)
    turned = next(a for a in model.plan.actions if a.id == step.id)
    assert turned.status == "skip" and turned.evidence["searched"]["gain"] > 0
    assert model.ledger.filter(pl.col("action") == step.id).height == 0
    assert model.facts["scores"]["cross_validated"] > 0.8
    assert ap.api.evaluate(model, rows)["score"] > 0.8
    assert any(trial.front and trial.parameters.get("cleaning") == [step.id] for trial in model.leaderboard.trials)


def test_labels_are_judged_as_the_model_says_them() -> None:
    """A model of a metric of labels is evaluated by its own threshold, not by one half."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=600)
    rows = pl.DataFrame({"x": x, "t": np.where(rng.random(600) < 0.3 / (1 + np.exp(-2 * x)), "yes", "no")})
    model = ap.fit(rows, "t", metric="f1", time_budget_s=None, work_budget=2)
    said = model.predict_frame(rows)["prediction"].to_list()
    hit = sum(a == b == "yes" for a, b in zip(said, rows["t"], strict=True))
    f1 = 2 * hit / (said.count("yes") + (rows["t"] == "yes").sum())
    assert said.count("yes") > 30
    assert ap.api.evaluate(model, rows)["score"] == pytest.approx(f1)


def test_the_class_that_a_score_is_about_is_said_and_may_be_chosen(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=300)
    rows = pl.DataFrame({"x": x, "t": np.where(rng.random(300) < 0.5 / (1 + np.exp(-3 * x)), "ja", "nein")})
    model = ap.fit(rows, "t", metric="f1", time_budget_s=None, work_budget=1)
    said = model.predict_frame(rows)["prediction"].to_list()

    def f1(label: str) -> float:
        hit = sum(a == b == label for a, b in zip(said, rows["t"], strict=True))
        return float(2 * hit / (said.count(label) + (rows["t"] == label).sum()))

    judged = ap.api.evaluate(model, rows)
    assert (judged["positive"], judged["score"]) == ("ja", pytest.approx(f1("ja")))
    assert judged["baseline"] > 0
    assert ap.api.evaluate(model, rows, positive="nein")["scores"]["f1"] == pytest.approx(f1("nein"))
    assert "f1 of 'ja'" in model.content().lead
    loaded = ap.load(model.save(tmp_path / "m"))
    assert (loaded.facts["positive"], loaded.leaderboard.judged_by) == ("ja", "f1 of 'ja'")
    alone = ap.api.evaluate(loaded, rows.filter(pl.col("t") == "nein"))
    assert alone["score"] is None and "positive" in alone["undefined"]["f1"]
    pickle.dumps(model)
    with pytest.raises(SettingError, match="no class"):
        ap.fit(rows, "t", positive="vielleicht", time_budget_s=None, work_budget=0.1)
    with pytest.raises(SettingError, match="two classes"):
        ap.fit(shop(), "grade", task="regression", positive="ja", time_budget_s=None, work_budget=0.1)


def test_targets_that_cannot_be_read_or_predicted_are_said() -> None:
    rng = np.random.default_rng(8)
    x = rng.integers(1, 90, 120)
    cells = [f"{v:.1f}" for v in x * 2 + rng.normal(0, 40, 120)]
    cells[7] = "inf"
    said: list[str] = []
    model = ap.fit(
        pl.DataFrame({"x": x, "t": cells}), "t", time_budget_s=None, work_budget=0.3,
        listener=lambda event: said.append(event.message),
    )  # fmt: skip
    assert model.facts["rows"] == 119
    assert any("1 row left out" in text for text in said)
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 4, 29), eager=True).cast(pl.String)
    with pytest.raises(InputError, match="holds dates"):
        ap.fit(pl.DataFrame({"x": x, "t": days}), "t", time_budget_s=None, work_budget=0.3)


def test_a_name_that_two_columns_bear_is_not_guessed(tmp_path: Path) -> None:
    pick = np.random.default_rng(0)
    x = pick.normal(size=(90, 3)).round(3)
    rows = "".join(f"{a},{b},{'ja' if a + c > 0 else 'nein'}\n" for a, b, c in x.tolist())
    (tmp_path / "d.csv").write_text("x,kauf,kauf\n" + rows)
    settings: Any = {"time_budget_s": None, "work_budget": 0.2}
    with pytest.raises(InputError, match=r"2 columns are named 'kauf'.*kauf_1 for the first, or kauf_2"):
        ap.fit(tmp_path / "d.csv", "kauf", **settings)
    assert ap.fit(tmp_path / "d.csv", "kauf_2", **settings).facts["classes"] == ["ja", "nein"]
    assert ap.fit(tmp_path / "d.csv", "kauf_1", **settings).facts["target"] == "kauf"
    with pytest.raises(InputError, match="no column 'x_1'"):
        ap.fit(tmp_path / "d.csv", "x_1", **settings)


@pytest.mark.parametrize("metric", ["mae", "medae", "mape", "rmsle", "rmse", "pinball", "pinball:0.8"])
def test_the_baseline_is_the_constant_that_is_hardest_to_beat(metric: str) -> None:
    from autoprep.model_search.metrics import resolve
    from autoprep.pipeline.trivial import constants, hardest

    rng = np.random.default_rng(0)
    y = np.exp(rng.normal(2.0, 1.2, 400))
    chosen = hardest(constants(y, metric), metric)
    score = resolve(metric, "regression", y, None).loss
    tried = {c: score(y, np.full(len(y), c)) for c in [chosen, float(y.mean()), *np.quantile(y, np.linspace(0, 1, 21))]}
    assert tried[chosen] <= min(tried.values()) * (1.05 if metric == "medae" else 1.0001)
    assert hardest({"mean": 2.0, "median": 1.0}, "rmsle") == 2.0


def noisy(rows: int = 1_200) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    x = rng.normal(size=rows)
    return pl.DataFrame({"x": x, "y": x + rng.normal(size=rows) > 0})


@pytest.mark.parametrize(
    ("dtype", "predicted"), [(pl.Boolean, pl.Boolean), (pl.Int64, pl.Int64), (pl.String, pl.String)]
)
def test_labels_are_predicted_in_their_own_type_and_known_again_in_others(dtype: Any, predicted: Any) -> None:
    rows = noisy(300)
    words = pl.col("y").replace_strict({False: "cat", True: "dog"}, return_dtype=pl.String)
    rows = rows.with_columns(words if dtype == pl.String else pl.col("y").cast(dtype))
    model = ap.fit(rows, "y", time_budget_s=None, work_budget=0.2)
    said = model.predict(rows)
    assert said.dtype == predicted
    assert (said == rows["y"]).mean() > 0.7
    assert model.predict_frame(rows)["prediction"].dtype == pl.String
    if dtype == pl.String:
        return
    score = ap.evaluate(model, rows)["score"]
    truth = noisy(300)["y"]
    for other in (truth, truth.cast(pl.Int8), truth.cast(pl.Float64), truth.cast(pl.String).str.to_titlecase()):
        again = ap.evaluate(model, rows.with_columns(other))
        assert (again["rows"], again["score"], again["unknown"]) == (300, score, {})
    with pytest.raises(InputError, match="holds 'maybe', and known are"):
        ap.evaluate(model, rows.with_columns(y=pl.lit("maybe")))


def test_a_cost_of_labels_is_held_against_the_label_that_costs_least() -> None:
    def cost(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return float((y_true & ~y_pred).mean() * 10 + (~y_true & y_pred).mean())

    rows = noisy(300)
    model = ap.fit(rows, "y", metric=cost, time_budget_s=None, work_budget=0.2)
    said, truth = ap.evaluate(model, rows), rows["y"].to_numpy()
    assert not said["greater_is_better"]
    assert said["score"] == pytest.approx(cost(truth, model.predict(rows).to_numpy()))
    assert said["baseline"] == pytest.approx(cost(truth, np.ones(300, dtype=bool)))


def test_rows_that_weigh_nothing_neither_teach_nor_judge() -> None:
    rows = noisy()
    weight = np.ones(rows.height)
    weight[::5] = 0.0
    turned = rows.with_columns(y=pl.col("y") ^ pl.Series(weight == 0))
    model = ap.fit(turned, "y", sample_weight=weight, time_budget_s=None, work_budget=0.2)
    assert ap.evaluate(model, rows)["score"] > 0.8
    assert model.diagnosis
    with pytest.raises(InputError, match="all rows of the class 'false' have a weight of 0"):
        ap.fit(rows, "y", sample_weight=rows["y"].cast(pl.Float64).to_numpy(), time_budget_s=None, work_budget=0.2)


def test_what_cannot_be_scored_is_said() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=200)
    frame = pl.DataFrame({"x": x, "y": np.where(x + rng.normal(size=200) > 0, "a", "b")})
    model = ap.fit(frame, "y", time_budget_s=None, work_budget=0.3)
    words = pl.Series("y", ["maybe"] * 5 + ["never"] * 2 + [None] * 3 + frame["y"][10:].to_list())
    judged = ap.evaluate(model, frame.with_columns(words))
    assert (judged["rows"], judged["unlabelled"], judged["unknown"]) == (190, 3, {"maybe": 5, "never": 2})


def test_a_model_is_pickled_after_it_has_predicted() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=200)
    frame = pl.DataFrame({"x": x, "y": np.where(x + rng.normal(size=200) > 0, "a", "b")})
    model = ap.fit(frame, "y", time_budget_s=None, work_budget=0.3)
    said = model.predict_frame(frame)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert again.predict_frame(frame).equals(said)


def test_rows_beside_the_source_of_one_table_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=120)
    frame = pl.DataFrame({"x": x, "y": np.where(x + rng.normal(size=120) > 0, "a", "b")})
    folder = ap.fit(frame, "y", time_budget_s=None, work_budget=0.2).save(tmp_path / "model")
    for asked in (
        lambda: ap.load(folder).predict_frame(frame, frame.head(3)),
        lambda: ap.load(folder).predict_file(frame, tmp_path / "p.csv", of=frame.head(3)),
        lambda: ap.explain(folder, frame, [0], of=frame.head(3)),
        lambda: ap.api.drift(folder, frame, frame.head(3)),
    ):
        with pytest.raises(SettingError, match="rows are named beside the source"):
            asked()
