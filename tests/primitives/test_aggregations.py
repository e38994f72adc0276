"""Every aggregation against its obvious twin: missing values, ties, one row, none; a new one is asked for its twin."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoprep.primitives import AGGREGATIONS
from tests.primitives.naive import ANY, BOOLEANS, NUMBERS, TIMES, WHOLE, std

#: Told by two columns or by a cutoff; the tests of windows and of tables compare them.
PERIODS = ("PERIOD_MEAN", "PERIOD_STD", "PERIOD_MAX")
ELSEWHERE = {"EWMA", "TREND", *PERIODS, *(n for n in AGGREGATIONS if "cutoff" in AGGREGATIONS[n].inputs)}
#: Decided by deviations that rounding moves; tested on whole numbers below.
ROUNDED = {"COUNT_INSIDE_STDS", "COUNT_OUTSIDE_STDS"}
TOLD = {**NUMBERS, **ANY, **WHOLE, **BOOLEANS, **TIMES}

number = st.one_of(st.none(), st.integers(-6, 12).map(float))
settings.register_profile("aggregations", deadline=None, max_examples=20)


def made(name: str, values: list, dtype: pl.DataType):
    """The value for one group among others, as a group-by gives it."""
    primitive = AGGREGATIONS[name]
    frame = pl.DataFrame(
        {"g": [0] * len(values) + [1], "x": [*values, None]}, schema={"g": pl.Int64, "x": dtype}
    ).filter((pl.col("g") == 1) | (pl.int_range(pl.len()) < len(values)))
    inputs = [pl.col("x")] if primitive.inputs else []
    got = frame.group_by("g").agg(primitive.build(*inputs).alias("v")).filter(pl.col("g") == 0)
    value = got["v"][0] if got.height else None
    return primitive.empty if value is None and primitive.empty is not None else value


def same(got, wanted) -> bool:
    if wanted is None or got is None:
        return got is None and wanted is None
    if isinstance(wanted, float | int) and not isinstance(wanted, bool):
        return math.isclose(float(got), float(wanted), rel_tol=1e-9, abs_tol=1e-9)
    return got == wanted


def check(name: str, values: list, dtype: pl.DataType) -> None:
    known = values if name in WHOLE else [v for v in values if v is not None]
    wanted = TOLD[name](known)
    got = made(name, values, dtype)
    assert same(got, wanted), (name, values, got, wanted)


def test_every_aggregation_has_a_twin():
    assert set(TOLD) | ELSEWHERE | ROUNDED == set(AGGREGATIONS)


@pytest.mark.parametrize("name", sorted(NUMBERS))
@given(values=st.lists(number, max_size=9))
@settings(deadline=None, max_examples=20)
def test_of_numbers(name, values):
    check(name, values, pl.Float64())


@pytest.mark.parametrize("name", sorted({**ANY, **WHOLE}))
@given(values=st.lists(st.sampled_from(["a", "b", "c", None]), max_size=9))
@settings(deadline=None, max_examples=20)
def test_of_categories(name, values):
    check(name, values, pl.String())


@pytest.mark.parametrize("name", sorted(BOOLEANS))
@given(values=st.lists(st.sampled_from([True, False, None]), max_size=9))
@settings(deadline=None, max_examples=20)
def test_of_booleans(name, values):
    check(name, values, pl.Boolean())


@pytest.mark.parametrize("name", sorted(TIMES))
@given(hours=st.lists(st.one_of(st.none(), st.integers(0, 9_000)), max_size=9))
@settings(deadline=None, max_examples=20)
def test_of_times(name, hours):
    start = datetime(2023, 12, 28)
    check(name, [None if h is None else start + timedelta(hours=h) for h in hours], pl.Datetime("us"))


@pytest.mark.parametrize(("values", "inside"), [([0.0, 0.0, 0.0, 0.0, 10.0], 4), ([1.0, 1.0], 2), ([], 0), ([5.0], 1)])
def test_values_within_deviations_of_the_mean(values, inside):
    got = made("COUNT_INSIDE_STDS", values, pl.Float64())
    assert got in (inside, 0) if len(values) < 2 else got == inside
    if len(values) > 1:
        assert made("COUNT_OUTSIDE_STDS", values, pl.Float64()) == len(values) - inside


@given(rows=st.lists(st.tuples(st.integers(0, 200), number), max_size=12))
@settings(deadline=None, max_examples=40)
def test_of_periods(rows):
    start = datetime(2023, 12, 28)
    frame = pl.DataFrame(
        {"g": [0] * len(rows), "x": [v for _, v in rows], "t": [start + timedelta(hours=h) for h, _ in rows]},
        schema={"g": pl.Int64, "x": pl.Float64, "t": pl.Datetime("us")},
    )
    made = frame.group_by("g").agg(
        AGGREGATIONS[name].build(pl.col("x"), pl.col("t")).alias(name) for name in PERIODS
    ).select(PERIODS).row(0) if rows else (None,) * 3  # fmt: skip
    days = {h // 24 for h, v in rows if v is not None}
    sums = [math.fsum(v for h, v in rows if v is not None and h // 24 == d) for d in range(min(days), max(days) + 1)] \
        if days else []  # fmt: skip
    wanted = (math.fsum(sums) / len(sums), std(sums), max(sums)) if sums else (None,) * 3
    assert all(same(g, w) for g, w in zip(made, wanted, strict=True)), (rows, made, wanted)


SINCE = ("DAYS_SINCE_LAST", "DAYS_SINCE_FIRST", "DAYS_SINCE_TRUE", "DAYS_SINCE_FALSE", "DAYS_SINCE_MAX",
         "DAYS_SINCE_MIN", "ROWS_PER_DAY", "SUM_PER_DAY")  # fmt: skip


def test_each_that_counts_up_to_a_cutoff_has_a_twin():
    assert set(SINCE) == {n for n in AGGREGATIONS if "cutoff" in AGGREGATIONS[n].inputs}


@given(rows=st.lists(st.tuples(st.integers(0, 200), number, st.sampled_from([True, False, None])), max_size=12))
@settings(deadline=None, max_examples=40)
def test_up_to_a_cutoff(rows):
    rows = sorted(rows, key=lambda row: row[0])
    start, cutoff = datetime(2023, 12, 28), 240
    frame = pl.DataFrame(
        {"g": [0] * len(rows), "x": [v for _, v, _ in rows], "b": [b for *_, b in rows],
         "t": [start + timedelta(hours=h) for h, *_ in rows]},
        schema={"g": pl.Int64, "x": pl.Float64, "b": pl.Boolean, "t": pl.Datetime("us")},
    ).with_columns(c=pl.lit(start + timedelta(hours=cutoff)))  # fmt: skip
    column = {"number": "x", "boolean": "b", "time": "t", "cutoff": "c"}
    given = {n: [pl.col(column[k]) for k in AGGREGATIONS[n].inputs] for n in SINCE}
    made = frame.group_by("g").agg(AGGREGATIONS[n].build(*given[n]).alias(n) for n in SINCE)
    got = made.row(0, named=True) if rows else dict.fromkeys(SINCE)
    known = [v for _, v, _ in rows if v is not None]

    def since(hours: list[int], last: bool) -> float | None:
        return (cutoff - (max(hours) if last else min(hours))) / 24 if hours else None

    first = since([h for h, *_ in rows], False)
    wanted = {
        "DAYS_SINCE_LAST": since([h for h, *_ in rows], True),
        "DAYS_SINCE_FIRST": first,
        "DAYS_SINCE_TRUE": since([h for h, _, b in rows if b is True], True),
        "DAYS_SINCE_FALSE": since([h for h, _, b in rows if b is False], True),
        "DAYS_SINCE_MAX": since([h for h, v, _ in rows if v is not None and v == max(known)], False),
        "DAYS_SINCE_MIN": since([h for h, v, _ in rows if v is not None and v == min(known)], False),
        "ROWS_PER_DAY": len(rows) / first if rows else None,
        "SUM_PER_DAY": math.fsum(known) / first if rows else None,
    }
    assert all(same(got[n], wanted[n]) for n in SINCE), (rows, got, wanted)
