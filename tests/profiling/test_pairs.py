"""Relations within a table: keys, dependencies, orders, equations, gaps, conditions, time and groups."""

import numpy as np
import polars as pl
import pytest
from scipy.stats.contingency import association

from autoprep.profiling import pairs, profile

RNG = np.random.default_rng(11)
N = 400


def _told(frame, kind):
    found = profile(frame).pairs.filter(pl.col("kind") == kind)
    return {(r["left"], r["right"]): r for r in found.iter_rows(named=True)}


@pytest.fixture(scope="module")
def towns():
    codes = RNG.integers(0, 30, N)
    return pl.DataFrame(
        {
            "zip": [f"{10100 + c}" for c in codes],
            "city": [f"city{'abcdefgh'[c % 8]}" for c in codes],
            "noise": RNG.choice(["x", "y", "z"], N),
        }
    )


def test_exact_dependencies_and_nothing_by_chance(towns):
    assert set(_told(towns, "fd")) == {("zip", "city")}


def test_approximate_dependencies_count_their_violations(towns):
    cities = towns["city"].to_list()
    for i in range(0, 60, 10):
        cities[i] = "elsewhere"
    row = _told(towns.with_columns(city=pl.Series(cities)), "fd")[("zip", "city")]
    assert row["violations"] == 6
    assert row["strength"] == pytest.approx(1 - 6 / N)
    assert 0.8 < row["lift"] < 1


def test_a_unique_column_determines_nothing_worth_telling(towns):
    frame = towns.with_columns(id=pl.Series([f"k{i}" for i in range(N)]))
    assert not any("id" in pair for pair in _told(frame, "fd"))


def test_starts_before_ends():
    start = RNG.integers(0, 300, N)
    frame = pl.DataFrame({"start": start, "end": start + RNG.integers(0, 20, N)})
    dates = frame.with_columns((pl.date(2020, 1, 1) + pl.duration(days=pl.col(n))).alias(n) for n in frame.columns)
    assert set(_told(dates, "order")) == {("start", "end")}
    assert set(_told(dates.select(pl.all().cast(pl.String)), "order")) == {("start", "end")}


def test_an_order_that_scales_alone_explain_is_not_told():
    frame = pl.DataFrame({"age": RNG.integers(18, 80, N), "salary": RNG.integers(20_000, 90_000, N)})
    assert _told(frame, "order") == {}


def test_totals_and_products():
    price, count = RNG.integers(100, 999, N) / 100, RNG.integers(2, 30, N)
    ship = RNG.integers(100, 900, N) / 100
    amount = np.round(price * count, 2)
    frame = pl.DataFrame({"price": price, "n": count, "amount": amount, "ship": ship, "total": amount + ship})
    assert set(_told(frame, "product")) == {("price × n", "amount")}
    assert set(_told(frame, "sum")) == {("amount + ship", "total")}


def test_sums_of_more_than_two():
    parts = {n: RNG.integers(1, 99, N) for n in "abcd"}
    frame = pl.DataFrame(parts | {"all": sum(parts.values())})
    assert set(_told(frame, "sum")) == {("a + b + c + d", "all")}


def test_violations_of_a_total_are_counted():
    a, b = RNG.integers(1, 99, N), RNG.integers(1, 99, N)
    total = a + b
    total[:4] += 50
    row = _told(pl.DataFrame({"a": a, "b": b, "total": total}), "sum")[("a + b", "total")]
    assert (row["support"], row["violations"]) == (N, 4)


def test_copies_are_told_and_marked():
    frame = pl.DataFrame({"a": RNG.integers(0, 9, N), "c": RNG.choice(["u", "v"], N)})
    frame = frame.with_columns(b=pl.col("a"), d=pl.col("c"))
    found = profile(frame)
    assert found.columns["duplicate_of"].to_list() == [None, None, "a", "c"]
    assert set(_told(frame, "copy")) == {("a", "b"), ("c", "d")}


def test_gaps_that_coincide():
    gone = RNG.random(N) < 0.2
    values = {n: [None if g else v for g, v in zip(gone, RNG.random(N).tolist(), strict=True)] for n in ("a", "b")}
    frame = pl.DataFrame(values | {"c": [None if v < 0.2 else v for v in RNG.random(N).tolist()]})
    assert set(_told(frame, "missing_together")) == {("a", "b")}


def test_conditions_with_a_correction_for_multiplicity():
    plan = RNG.choice(["basic", "plus", "pro"], N)
    discount = [None if p == "basic" else str(RNG.choice(["5", "10", "20"])) for p in plan]
    frame = pl.DataFrame({"plan": plan, "discount": [None if d is None else f"d{d}" for d in discount]})
    said = {r["detail"] for r in profile(frame).pairs.filter(pl.col("kind") == "when_then").iter_rows(named=True)}
    assert "where plan is basic, discount is missing" in said
    noise = pl.DataFrame({n: RNG.choice(list("uvwxyz"), N) for n in "abcdefgh"})
    assert not _told(noise, "when_then")


@pytest.mark.parametrize("levels", [2, 5, 9])
def test_the_measure_of_association_beside_scipy(levels):
    x = RNG.integers(0, levels, 5000)
    y = np.where(RNG.random(5000) < 0.6, x, RNG.integers(0, levels, 5000))
    table = np.bincount(x * levels + y, minlength=levels**2).reshape(levels, levels)
    assert pairs.cramer(x, levels, y, levels)[0] == pytest.approx(association(table, "cramer"), abs=0.02)


def test_the_measure_is_nought_for_noise():
    x, y = RNG.integers(0, 12, 500), RNG.integers(0, 12, 500)
    assert pairs.cramer(x, 12, y, 12)[0] < 0.12


def test_time_gaps_and_groups():
    days = [d for d in range(200) if d not in (50, 51, 120)]
    frame = pl.DataFrame({"customer_id": [f"c{d % 17}" for d in days], "sold": RNG.random(len(days))})
    frame = frame.with_columns(day=pl.lit("2021-01-01").str.to_date() + pl.duration(days=pl.Series(days)))
    row = profile(frame).tables.row(0, named=True)
    assert (row["time_column"], row["time_gaps"], row["group_column"]) == ("day", 2, "customer_id")


def test_shallow_profiles_have_no_pairs(towns):
    found = profile(towns, deep=False)
    assert (found.pairs.height, found.keys.height) == (0, 0)


def test_keys_of_one_column_and_of_two():
    grid = pl.DataFrame({"shop": ["a", "b", "c", "d"] * 60, "week": [i // 4 for i in range(240)]})
    assert profile(grid).keys.rows() == [("shop + week", 1.0, 0, True)]
    with_id = grid.with_columns(pl.Series("sale_id", [f"s{i}" for i in range(240)]))
    assert profile(with_id).keys.row(0) == ("sale_id", 1.0, 0, True)
