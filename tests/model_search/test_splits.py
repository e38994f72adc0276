"""Folds: nothing that belongs together is parted, time runs forward, every row is judged."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoprep.errors import SettingError
from autoprep.model_search.splits import Splits, by_time, check, counting, crossing, duplicate_groups, suggest

SEEDS = st.integers(0, 10_000)


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, people=st.integers(3, 40), rows=st.integers(40, 300))
def test_no_group_is_on_both_sides(seed: int, people: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    who = rng.integers(0, people, rows)
    y = rng.integers(0, 2, rows)
    found = suggest(y, "binary", groups=who, seed=seed)
    assert found.kind == "group"
    assert crossing(found, who) == 0


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, rows=st.integers(30, 300))
def test_equal_rows_stay_together(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame({"a": rng.integers(0, 6, rows), "b": rng.choice(["x", "y", None], rows)})
    found = suggest(rng.normal(size=rows), "regression", frame=frame, seed=seed)
    assert crossing(found, duplicate_groups(frame)) == 0


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, rows=st.integers(30, 300))
def test_groups_and_equal_rows_together(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame({"a": rng.integers(0, 4 * rows, rows)})
    who = rng.integers(0, 2 * rows, rows)
    found = suggest(rng.normal(size=rows), "regression", frame=frame, groups=who, seed=seed)
    assert crossing(found, who) == 0
    assert crossing(found, duplicate_groups(frame)) == 0


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, rows=st.integers(40, 400), classes=st.integers(2, 5))
def test_each_dealing_judges_every_row_once(seed: int, rows: int, classes: int) -> None:
    y = np.random.default_rng(seed).integers(0, classes, rows)
    y[: 2 * classes] = np.repeat(np.arange(classes), 2)
    found = suggest(y, "binary" if classes == 2 else "multiclass", seed=seed)
    judged = np.bincount(np.concatenate([valid for _, valid in found.folds]), minlength=rows)
    assert set(judged.tolist()) == {found.repeats}
    for train, valid in found.folds:
        assert len(train) + len(valid) == rows
        assert set(y[train]) == set(y)


def test_strata_are_spread_evenly() -> None:
    y = np.array([1] * 30 + [0] * 570)
    for _, valid in suggest(y, "binary").folds:
        assert y[valid].sum() == 6


def test_a_class_of_one_row_is_never_judged() -> None:
    y = np.array([2] + [0, 1] * 30)
    found = suggest(y, "multiclass")
    assert all(0 in train for train, _ in found.folds)


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, rows=st.integers(20, 200), folds=st.integers(2, 5), gap=st.sampled_from([0.0, 3.0]))
def test_time_runs_forward(seed: int, rows: int, folds: int, gap: float) -> None:
    times = np.random.default_rng(seed).integers(0, rows, rows).astype(float)
    before = 0
    for train, valid in by_time(times, folds, gap):
        assert times[train].max() < times[valid].min() - gap or times[train].max() + gap < times[valid].min() + 1e-9
        assert len(train) >= max(before, 1)
        before = len(train)


def test_many_rows_have_one_hold_out() -> None:
    found = suggest(np.arange(70_000) % 2, "binary")
    assert found.kind == "holdout"
    assert len(found.folds) == 1


def test_the_same_seed_deals_the_same_folds() -> None:
    y = np.arange(100) % 3
    first, second, other = (suggest(y, "multiclass", seed=s) for s in (1, 1, 2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first.folds, second.folds, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(first.folds, other.folds, strict=True))


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ((), "no folds"),
        (((np.array([0, 1]), np.array([1])),), "both sides"),
        (((np.array([0]), np.array([9])),), "beyond"),
        (((np.array([0]), np.array([], dtype=int)),), "empty"),
    ],
)
def test_folds_that_cannot_be_are_refused(folds: tuple[tuple[np.ndarray, np.ndarray], ...], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        check(Splits(folds, "random"), 3)


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(SettingError, match="one group"):
        suggest(np.array([0, 1] * 20), "binary", groups=["a"] * 40)


def test_classes_of_one_row_each_are_refused_in_words() -> None:
    with pytest.raises(SettingError, match="no class has two rows"):
        suggest(np.arange(24), "multiclass")


def test_folds_leave_out_what_weighs_nothing() -> None:
    rows = np.arange(6)
    found = Splits(((rows[:3], rows[3:]), (rows[3:], rows[:3])), "random")
    assert counting(found, np.ones(6)) is found
    kept = counting(found, np.array([1.0, 0, 1, 0, 2, 0])).folds
    assert [(train.tolist(), valid.tolist()) for train, valid in kept] == [([0, 2], [4]), ([4], [0, 2])]
    with pytest.raises(SettingError, match="no fold"):
        counting(found, np.array([0.0, 0, 0, 1, 1, 1]))
