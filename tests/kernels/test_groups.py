"""Kernels against their naive equals on random groups with missing values, ties, empty groups."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoprep.kernels.aggregates import SLOTS, aggregate
from autoprep.kernels.groups import Groups
from autoprep.kernels.keys import dense_codes
from autoprep.kernels.queries import EVER, expand_pairs
from autoprep.kernels.scatter import SCATTERED, scatter
from autoprep.kernels.sweep import Sweep
from autoprep.kernels.threads import shares

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import naive

DAY = naive.DAY
NAMES = frozenset(SLOTS)


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group codes (some -1), times with ties, values with ties, gaps and a large offset."""
    n = draw(st.integers(0, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    offset = draw(st.sampled_from([0.0, 1e3, -1e6]))
    r = np.random.default_rng(seed)
    codes = r.integers(-1, 5, n).astype(np.int32)
    time = r.integers(0, 40, n).astype(np.int64) * DAY // 2
    values = np.where(r.random(n) < 0.5, r.integers(-3, 4, n).astype(float), r.normal(size=n)) + offset
    values[r.random(n) < 0.2] = np.nan
    return codes, time, values


def close(got: float, want: float, scale: float) -> bool:
    return bool(np.isnan(got) and np.isnan(want)) or abs(got - want) <= 1e-9 * (abs(want) + scale)


@settings(max_examples=60, deadline=None)
@given(tables())
def test_aggregates_equal_naive(table: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    codes, time, values = table
    groups = Groups.build(codes, 6, time)
    got = aggregate(groups, values, NAMES)
    for g in range(6):
        rows = np.flatnonzero(codes == g)
        rows = rows[np.argsort(time[rows], kind="stable")]
        want = naive.aggregates(values[rows], time[rows])
        for name in NAMES:
            loose = 1e-3 if name in ("skew", "kurtosis", "trend", "variance", "std") else 1e-9
            scale = max(1.0, np.nanmax(np.abs(values[rows]), initial=0.0) * loose)
            assert close(got[name][g], want[name], scale), (name, g, got[name][g], want[name])


@settings(max_examples=60, deadline=None)
@given(tables())
def test_scatter_selection_and_hashing_equal_naive(table: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    codes, _, values = table
    got = scatter(codes, 6, values, SCATTERED)
    got |= aggregate(Groups.build(codes, 6), values, {"median", "num_unique"}, parts=2)
    for g in range(6):
        want = naive.aggregates(values[codes == g])
        scale = max(1.0, np.nanmax(np.abs(values[codes == g]), initial=0.0) * 1e-3)
        for name in got:
            assert close(got[name][g], want[name], scale), (name, g, got[name][g], want[name])


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(-5, 40), max_size=30), st.lists(st.none() | st.integers(-9, 50), max_size=9))
def test_dense_keys_are_numbered_by_value(keys: list[int | None], asked: list[int | None]) -> None:
    def sides(given_: list[int | None]) -> tuple[np.ndarray, np.ndarray]:
        return np.array([k or 0 for k in given_], np.int64), np.array([k is not None for k in given_], bool)

    found = dense_codes(*sides(keys), *sides(asked))
    assert found is not None
    codes, wanted, count = found
    levels = sorted({k for k in keys if k is not None})
    assert count == len(levels)
    assert codes.tolist() == [-1 if k is None else levels.index(k) for k in keys]
    assert wanted.tolist() == [levels.index(k) if k in levels else -1 for k in asked]


def test_sparse_keys_are_left_to_a_hash_table() -> None:
    every = np.ones(2, bool)
    assert dense_codes(np.array([0, 10**9]), every, np.array([0, 1]), every) is None


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 5))
def test_shares_cover_every_group_once(sizes: list[int], parts: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    found = shares(offsets, parts)
    assert [g for first, last in found for g in range(first, last)] == list(range(len(sizes)))
    assert len(found) <= parts


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 2**32 - 1))
def test_windows_equal_naive(table: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int) -> None:
    codes, time, values = table
    r = np.random.default_rng(seed)
    entity = r.integers(-1, 6, 25).astype(np.int32)
    cutoff = r.integers(-1, 42, 25).astype(np.int64) * DAY // 2
    widths = np.array([EVER, 3 * DAY, DAY // 2])
    sweep = Sweep(Groups.build(codes, 6, time), entity, cutoff, widths)
    wanted = {"count", "sum", "mean", "variance", "std", "min", "max", "first", "last", "trend", "ewma"}
    got = sweep.aggregate(values, wanted, half_life=2.0)
    levels = np.unique(values[~np.isnan(values)])
    coded = np.where(np.isnan(values), -1, np.searchsorted(levels, np.nan_to_num(values))).astype(np.int32)
    got |= sweep.codes(coded, levels.size)
    for q in range(25):
        for w, width in enumerate(widths):
            rows = np.flatnonzero((codes == entity[q]) & naive.in_window(time, cutoff[q], width) & (entity[q] >= 0))
            rows = rows[np.argsort(time[rows], kind="stable")]
            want = naive.aggregates(values[rows], time[rows])
            want["ewma"] = naive.moving_average(values[rows], time[rows], 2.0)
            for name in (*wanted, "num_unique", "entropy"):
                scale = max(1.0, 1e-3 * np.nanmax(np.abs(values), initial=0.0))
                assert close(got[name][w, q], want[name], scale), (name, w, q, got[name][w, q], want[name])


@pytest.mark.parametrize("queries", [3, 400], ids=["row by row", "by deques"])
def test_extremes_of_few_and_of_many_windows(queries: int) -> None:
    r = np.random.default_rng(queries)
    values = r.normal(size=300)
    values[r.random(300) < 0.3] = np.nan
    time = np.arange(300, dtype=np.int64)
    cutoff, widths = r.integers(0, 330, queries), np.array([5, 40, 200])
    sweep = Sweep(Groups.build(np.zeros(300, np.int32), 1, time), np.zeros(queries, np.int32), cutoff, widths)
    got = sweep.aggregate(values, {"min", "max"})
    for q in range(queries):
        for w, width in enumerate(widths.tolist()):
            seen = values[max(cutoff[q] - width, 0) : cutoff[q]]
            seen = seen[~np.isnan(seen)]
            want = (seen.min(), seen.max()) if seen.size else (np.nan, np.nan)
            assert np.array_equal([got["min"][w, q], got["max"][w, q]], want, equal_nan=True)


def test_variance_does_not_cancel() -> None:
    values = np.concatenate([np.full(500, 1e9), 1e9 + np.array([0.0, 1.0, 2.0]), np.zeros(500)])
    time = np.arange(values.size, dtype=np.int64) * DAY
    sweep = Sweep(Groups.build(np.zeros(values.size, np.int32), 1, time), np.zeros(1, np.int32),
                  np.array([503 * DAY]), np.array([3 * DAY]))  # fmt: skip
    assert sweep.aggregate(values, {"std"})["std"][0, 0] == pytest.approx(1.0, rel=1e-9)


def test_large_groups_sort_right() -> None:
    r = np.random.default_rng(0)
    for values in (r.normal(size=5000), np.repeat(r.integers(0, 9, 500), 10).astype(float), np.arange(5000.0)[::-1]):
        groups = Groups.build(np.zeros(5000, np.int32), 1)
        got = aggregate(groups, values, {"median", "quantile_25", "num_unique"})
        assert got["median"][0] == np.median(values)
        assert got["quantile_25"][0] == pytest.approx(np.quantile(values, 0.25))
        assert got["num_unique"][0] == np.unique(values).size


def test_expand_names_every_pair() -> None:
    rows = np.array([4, 2, 7], np.int32)
    queries, members = expand_pairs(rows, np.array([0, 1], np.int32), np.array([2, 3], np.int32), 0, 2, 4)
    assert queries.tolist() == [0, 0, 1, 1]
    assert members.tolist() == [4, 2, 2, 7]
