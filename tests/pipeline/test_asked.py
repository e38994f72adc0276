"""What cannot be is refused in one line: settings before anything is read, targets before a model is made."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep import cleaning
from autoprep.budget import Budget
from autoprep.errors import InputError, SettingError
from autoprep.model_search.explore import Explorer
from autoprep.pipeline import structure, too_good
from autoprep.pipeline.asked import heavy_tailed, single
from autoprep.pipeline.sides import targetless
from autoprep.pipeline.structure import told, unseen_sides
from autoprep.sklearn import AutoPrepRegressor
from autoprep.types import Action, Plan


def rows(count: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=count)
    return pl.DataFrame(
        {
            "x": x,
            "change": (x + rng.normal(size=count)).round(3),
            "town": rng.choice(["Rome", "Oslo", "Bonn"], count),
            "size": np.array(["low", "medium", "high"])[np.digitize(x + 0.2 * rng.normal(size=count), [-0.5, 0.5])],
        }
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"time_budget_s": 0}, "time_budget_s is 0; write a number above 0"),
        ({"time_budget_s": "5"}, "time_budget_s is '5'"),
        ({"time_budget_s": 20, "work_budget": 3}, "both given"),
        ({"holdout": 0.95}, "holdout is 0.95; write a number from 0 to 0.9"),
        ({"seed": -1}, "seed is -1"),
        ({"target": ["price"]}, "write target='price'"),
        ({"target": None}, "the name of one column"),
        ({"resume": True}, "journal"),
    ],
)
def test_settings_of_a_fit_are_refused_before_anything_is_read(setting: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"target": "price", **setting}
    if "resume" in setting:
        given["source"] = rows()
    with pytest.raises(SettingError, match=said.replace("[", "\\[")):
        ap.fit(given.pop("source", "no_such_file.csv"), **given)


@pytest.mark.parametrize("setting", [{"depth": 0}, {"depth": 3}, {"max_features": 0}, {"max_features": -1}])
def test_settings_of_features_are_refused_before_anything_is_read(setting: dict[str, Any]) -> None:
    for make in (lambda: ap.synthesize("no_such_file.csv", **setting), lambda: ap.select("no.csv", "y", **setting)):
        with pytest.raises(SettingError, match="write a whole number from 1"):
            make()


@pytest.mark.parametrize(
    ("target", "asked", "said"),
    [
        ("change", {"task": "count"}, "a count is a whole number from 0 on"),
        ("change", {"metric": "rmsle"}, "rmsle knows no values below 0"),
        ("change", {"task": "multiclass"}, "too many for classes; ask for --task regression"),
        ("town", {"task": "ordinal"}, "nothing says in which order .*'Bonn', 'Oslo', 'Rome'"),
        ("town", {"task": "binary"}, "3 classes, not two"),
    ],
)
def test_a_target_that_cannot_be_what_is_asked_for_is_refused(target: str, asked: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ap.fit(rows(), target, time_budget_s=None, work_budget=0.2, **asked)


def test_a_column_that_cannot_order_the_rows_is_named() -> None:
    gaps = rows().with_columns(town=pl.when(pl.int_range(120) > 1).then(pl.int_range(120) / 7))
    for frame, said in ((rows(), "'town' holds neither dates nor numbers"), (gaps, "'town' is missing in 2 rows")):
        with pytest.raises(SettingError, match=said):
            ap.fit(frame, "change", time="town", time_budget_s=None, work_budget=0.1)


def test_a_hold_out_that_leaves_too_few_rows_is_named() -> None:
    with pytest.raises(InputError, match=r"1 usable row left with a value in 'change'.*the hold-out took 11"):
        ap.fit(rows(12), "change", holdout=0.9, time_budget_s=None, work_budget=0.1)


def test_another_metric_is_named_for_a_heavy_tail_unless_one_was_asked_for() -> None:
    noise = pl.Series(np.random.default_rng(1).normal(0, 0.3, 600))
    frame = rows(600).select("x", cost=(1.3 * pl.col("x") + noise).exp())
    settings = {"time_budget_s": None, "work_budget": 0.1}
    notes = [ap.fit(frame, "cost", metric=metric, **settings).facts["notes"] for metric in (None, "rmse")]
    assert [sum("decide rmse: --metric mae or rmsle" in note for note in said) for said in notes] == [1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_usual_targets_have_no_heavy_tail(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=400), rng.uniform(size=400), rng.exponential(size=400), rng.poisson(3, 400)
    assert [heavy_tailed(pl.Series("y", values)) for values in drawn] == [""] * 4
    assert heavy_tailed(pl.Series("y", np.append(rng.uniform(10, 20, 400), 1e4))) == ""


def test_nobody_waits_long_for_the_report_of_an_interrupted_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Explorer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Explorer, "explore", stop)
    fitted = ap.fit(rows(), "change", time_budget_s=300)._fitted
    assert fitted is not None and fitted.diagnosis_s == 1


def test_words_of_a_scale_are_ranks_in_its_order() -> None:
    model = ap.fit(rows().drop("change"), "size", task="ordinal", time_budget_s=None, work_budget=0.3)
    assert list(model.facts["classes"]) == ["low", "medium", "high"]
    assert model.predict_proba(rows()).columns == ["low", "medium", "high"]


def test_a_target_that_is_empty_is_called_empty() -> None:
    with pytest.raises(InputError, match="'y' is empty in all rows"):
        ap.fit(rows().with_columns(y=pl.lit(None, dtype=pl.String)), "y", time_budget_s=None, work_budget=0.2)


def test_classes_of_one_row_are_named() -> None:
    assert single(pl.Series(["a", "a", "b", "b"])) == ""
    assert single(pl.Series(["a", "b", "c", "c"])).startswith("'a', 'b' have a single row each")


def test_rows_beside_the_source_are_refused_by_a_model_of_one_table(tmp_path: Path) -> None:
    model = ap.fit(rows(), "change", time_budget_s=None, work_budget=0.1)
    with pytest.raises(SettingError, match="one table"):
        model.predict_file(rows(), tmp_path / "p.csv", of=rows())


def test_few_rows_judge_no_canary() -> None:
    with pytest.raises(InputError, match="too few rows to judge: 12 rows"):
        ap.api.canary(rows(12), "town")


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_estimator_of_a_frame_takes_an_array_in_its_order() -> None:
    frame = rows().select("x", other=pl.col("x") * 2)
    model = AutoPrepRegressor(work_budget=0.2).fit(frame, rows()["change"].to_numpy())
    assert np.array_equal(model.predict(frame.to_numpy()), model.predict(frame))


def test_a_column_of_time_that_changes_nothing_is_not_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter(np.full(3, loss) for loss in (0.5, 0.5, 0.3, 0.4))
    monkeypatch.setattr(structure, "_losses", lambda *_, **__: next(losses))
    day = pl.Series(range(120))
    given: dict[str, Any] = {"sides": {"time": day}, "names": {"time": "day"}, "budget": Budget()}
    frame, y = rows().select("x"), np.arange(120) % 2
    assert structure.told(frame, y, "binary", None, **given) == []
    assert "--time day" in structure.told(frame, y, "binary", None, **given)[0]


def test_a_search_with_nothing_to_resume_says_that_it_begins_anew(tmp_path: Path) -> None:
    model = ap.fit(
        rows(), "change", time_budget_s=None, work_budget=0.1, journal=tmp_path / "m.journal", resume=True
    )  # fmt: skip
    assert any("begins anew" in note for note in model.facts["notes"])


@pytest.mark.parametrize("units", [("kg",), ("kg", "lb")])
def test_a_target_with_a_unit_is_predicted_as_the_numbers_that_cleaning_makes_of_it(units: tuple[str, ...]) -> None:
    frame = rows().drop("size")
    kilos = (frame["change"] * 10 + 75).to_list()
    cells = [f"{v:.1f} kg" if i % len(units) == 0 else f"{v / 0.45359237:.1f} lb" for i, v in enumerate(kilos)]
    model = ap.fit(frame.with_columns(change=pl.Series(cells)), "change", time_budget_s=None, work_budget=0.1)
    assert model.facts["task"] == "regression"
    assert 60 < float(model.predict(frame.head(1)).item()) < 90


def test_columns_that_are_left_out_as_leaks_are_named_with_what_keeps_them() -> None:
    frame = rows().with_columns(double=pl.col("change") * 2 + 1)
    heard: list[str] = []
    asked: dict[str, Any] = {"time_budget_s": None, "work_budget": 0.1}
    model = ap.fit(frame, "change", **asked, listener=lambda event: heard.append(event.message))
    said = [line for line in heard if "left out" in line]
    assert said == [
        "double left out: it gives the target away (it is the target, or the target scaled and shifted); "
        "--keep-leaks keeps it"
    ]
    assert said[0] in model.facts["notes"]
    heard.clear()
    ap.fit(frame, "change", **asked, keep_leaks=True, listener=lambda event: heard.append(event.message))
    assert not [line for line in heard if "left out" in line]


def test_a_score_too_good_to_be_true_is_said_with_the_columns_that_carry_it() -> None:
    rng = np.random.default_rng(0)
    bought, noise = rng.integers(0, 2, 300), rng.normal(0, 1, (300, 2))
    frame = pl.DataFrame({"paid": bought + rng.normal(0, 0.17, 300), "age": noise[:, 0], "bought": bought})
    heard: list[str] = []
    asked: dict[str, Any] = {"time_budget_s": None, "work_budget": 0.1, "keep_leaks": True}
    model = ap.fit(frame, "bought", **asked, listener=lambda event: heard.append(event.message))
    said = [line for line in heard if line.startswith("too good to be true?")]
    assert len(said) == 1 and said[0] in model.facts["notes"]
    assert "'paid'" in said[0] and "'age'" not in said[0] and "known when the model is used?" in said[0]
    honest = frame.with_columns(paid=pl.col("paid") + pl.Series(noise[:, 1]))
    assert not [n for n in ap.fit(honest, "bought", **asked).facts["notes"] if "too good" in n]


def test_a_remark_on_a_score_says_which_looks_at_leaks_were_left_out() -> None:
    y = np.arange(100.0)
    found = ap.profile(pl.DataFrame({"x": y**2 + 50 * np.sin(y * 7), "y": y}), target="y")
    short = replace(found, left_out=("whether 3 columns would give the target away", "pairs of columns, and keys"))
    said = too_good.remark(short, {"x"}, y, y + 0.5, "regression")
    assert said.startswith("too good to be true? R2 1.000") and "'x' (" in said
    assert said.endswith("Not looked at, for want of time: whether 3 columns would give the target away.")
    assert too_good.remark(short, {"x"}, y, y[::-1], "regression") == ""


def test_a_budget_of_work_counts_where_nobody_said_how_many_seconds() -> None:
    assert ap.fit(rows(), "change", work_budget=0.1)._fitted.diagnosis_s is None


def test_a_name_in_a_command_is_quoted_and_what_auto_did_not_find_is_said() -> None:
    sides = {"group": pl.Series([None] * 20, dtype=pl.String)}
    said = told(rows(20), np.arange(20.0), "regression", None, sides, {"group": "Customer Name"}, budget=Budget())
    assert "pass group='Customer Name' (--group 'Customer Name') if" in said[0]
    assert unseen_sides("auto", None, {}) == ["no column recurs as an entity: random folds"]
    assert unseen_sides(None, "auto", {"time": "day"}) == []


def test_rows_without_a_target_are_counted() -> None:
    drop = Action("t", "target.missing", (), "drop_rows_without_target", {"target": "y"})
    plan = Plan((drop,), {"x": "Int64", "y": "String"})
    cleaned = cleaning.apply(ap.read(pl.DataFrame({"x": [1, 2, 3], "y": ["a", None, None]})), plan)
    assert targetless(cleaned, plan, 3) == ["2 of 3 rows have no target and are left out"]
    assert targetless(cleaned, replace(plan, actions=()), 3) == []


def _panel(seed: int, loud: float) -> pl.DataFrame:
    """Six rows of each of 120 persons, whose own level is so loud beside the noise."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(120), 6)
    y = loud * rng.normal(size=120)[who] + rng.normal(size=who.size)
    frame = pl.DataFrame({"person_id": [f"P{n:04d}" for n in who], "x": rng.normal(size=who.size), "y": y})
    return frame.sample(fraction=1.0, shuffle=True, seed=0)


def test_persons_that_recur_are_judged_by_a_model_that_sees_who_they_are() -> None:
    asked: dict[str, Any] = {"time_budget_s": None, "work_budget": 0.1}
    (told_,) = [n for n in ap.fit(_panel(0, 3.0), "y", **asked).facts["notes"] if "--group person_id" in n]
    known, new = (float(w) for w in re.findall(r"loss is ([\d.]+) .* and ([\d.]+) on rows", told_)[0])
    assert new > 1.5 * known
    weighed = _panel(0, 3.0).with_columns(much=pl.int_range(1, pl.len() + 1))
    notes = ap.fit(weighed, "y", **asked, sample_weight="much").facts["notes"]
    assert [n for n in notes if "--group person_id" in n]
    (same,) = [n for n in ap.fit(_panel(0, 0.0), "y", **asked).facts["notes"] if "'person_id'" in n]
    assert "recurs (120 in 720 rows): a small model is as good on new ones" in same


def test_a_column_that_is_doubted_is_said_with_how_to_leave_it_out() -> None:
    rng = np.random.default_rng(1)
    y = np.where(rng.random(300) < 0.5, "kept", "left")
    frame = pl.DataFrame(
        {"page": [f"http://site.org/{v}/{n:x}" for n, v in enumerate(y)], "x": rng.normal(size=300), "y": y}
    )
    asked: dict[str, Any] = {"time_budget_s": None, "work_budget": 0.1}
    model = ap.fit(frame, "y", **asked)
    (said,) = [n for n in model.facts["notes"] if "--ignore" in n]
    assert said.startswith("is 'page' known when the model is used? 100% of its cells spell the label out")
    without = ap.fit(frame, "y", **asked, ignore=["page"])
    assert not [n for n in without.facts["notes"] if "--ignore" in n]
    assert {name for f in without.features for name in f.inputs} == {"x"}
    assert without.predict(frame.drop("page", "y")).len() == 300
    assert [n for n in without.facts["notes"] if n.startswith("the model is not surely better than guessing")]
    with pytest.raises(SettingError, match="the target 'y' is to be ignored"):
        ap.fit(frame, "y", **asked, ignore=["y"])
    with pytest.raises(InputError, match=r"no column 'pgae'.*did you mean 'page'"):
        ap.fit(frame, "y", **asked, ignore=["pgae"])


def test_a_model_that_tells_something_is_shown_beside_guessing() -> None:
    model = ap.fit(rows(400), "change", time_budget_s=None, work_budget=0.1)
    scores = model.facts["scores"]
    assert scores["cross_validated"] < scores["guessing"]
    assert not [n for n in model.facts["notes"] if "guessing" in n]


def test_groups_that_matter_to_learnt_codes_alone_are_no_warning() -> None:
    rng = np.random.default_rng(8)
    shop = np.repeat(np.arange(140), 4)
    market = shop // 14
    y = 50 + 15 * rng.normal(size=10)[market] + rng.normal(0, 4, shop.size)
    known = rng.permutation(900)[shop] + 100
    frame = pl.DataFrame(
        {"shop_id": [f"S{n}" for n in known], "market": market, "x": rng.normal(size=shop.size), "y": y}
    )
    notes = ap.fit(frame, "y", time_budget_s=None, work_budget=0.1).facts["notes"]
    assert [n for n in notes if "'shop_id' recurs" in n] and not [n for n in notes if "--group" in n]


def test_a_few_dates_make_fewer_folds_in_time_than_at_random() -> None:
    rng = np.random.default_rng(9)
    day = pl.Series(rng.choice([0, 1, 2, 3, 3, 3, 3, 3], 350))
    frame = pl.DataFrame({"x": rng.normal(size=350)})
    said = told(frame, rng.integers(0, 2, 350), "binary", None, {"time": day}, {"time": "day"}, budget=Budget())
    assert len(said) <= 1


def test_a_text_that_ends_in_the_target_is_left_out() -> None:
    frame = rows(300).with_columns(said=pl.format("Sample  {}", "change"))
    model = ap.fit(frame, "change", time_budget_s=None, work_budget=0.1)
    assert [n for n in model.facts["notes"] if n.startswith("said left out: it gives the target away")]
