"""Numbers a power of ten off, or empty, are told by arithmetic; and where nothing tells, they stay."""

from __future__ import annotations

import random

import polars as pl
import pytest

from autoprep.cleaning import apply, plan, undo
from autoprep.cleaning.families import scales
from autoprep.cleaning.families.base import State


def _orders(rows: int = 400) -> pl.DataFrame:
    rng = random.Random(5)
    items = {f"item {chr(97 + i)}": rng.randrange(200, 9_000) / 100 for i in range(20)}
    made = []
    for i in range(rows):
        item = rng.choice(sorted(items))
        quantity, price = rng.randrange(11, 99), round(items[item] * rng.uniform(0.95, 1.05), 2)
        made.append((i * 7919 % 10_007, item, quantity, price, round(quantity * price, 2)))
    return pl.DataFrame(made, schema=["ref", "item", "quantity", "price", "total"], orient="row")


def test_an_identity_undoes_a_power_of_ten_where_only_one_column_can_be_wrong() -> None:
    clean = _orders()
    at = pl.int_range(clean.height, eager=True)
    wrong = at.is_in([3, 50, 201])
    dirty = clean.with_columns(pl.when(wrong).then(pl.col("total") * 1000).otherwise("total").round(2).alias("total"))
    done = apply(dirty, plan(dirty), same_shape=True)
    assert done.frame["total"].equals(clean["total"])
    assert done.ledger.filter(pl.col("row").is_not_null()).height == 3


def test_a_sign_that_breaks_a_sum_is_turned() -> None:
    rng = random.Random(2)
    pairs = [(rng.randrange(100, 999), rng.randrange(100, 999)) for _ in range(200)]
    clean = pl.DataFrame([(a, b, a + b) for a, b in pairs], schema=["net", "tax", "gross"], orient="row")
    flipped = pl.int_range(200, eager=True).is_in([7, 90, 150])
    dirty = clean.with_columns(pl.when(flipped).then(-pl.col("tax")).otherwise("tax").alias("tax"))
    assert apply(dirty, plan(dirty), same_shape=True).frame.equals(clean)


def test_an_empty_part_of_an_identity_is_filled_and_marked() -> None:
    clean = _orders()
    at = pl.int_range(clean.height, eager=True)
    dirty = clean.with_columns(
        pl.when(at == 4).then(None).otherwise("total").alias("total"),
        pl.when(at == 9).then(None).otherwise("quantity").alias("quantity"),
    )
    done = apply(dirty, plan(dirty))
    assert done.frame["total"].equals(clean["total"]) and done.frame["quantity"].equals(clean["quantity"])
    assert done.frame["total__missing"].arg_true().to_list() == [4]


def test_one_row_that_breaks_the_identity_is_enough_to_fill_nothing() -> None:
    clean = _orders()
    at = pl.int_range(clean.height, eager=True)
    dirty = clean.with_columns(pl.when(at == 4).then(None).when(at == 5).then(1.37).otherwise("total").alias("total"))
    assert apply(dirty, plan(dirty)).frame["total"].null_count() == 1


def test_a_number_a_power_of_ten_from_those_of_its_key_is_divided() -> None:
    clean = _orders().drop("total", "quantity")
    wrong = pl.int_range(clean.height, eager=True).is_in([3, 50, 201])
    dirty = clean.with_columns(pl.when(wrong).then(pl.col("price") * 100).otherwise("price").round(2).alias("price"))
    assert apply(dirty, plan(dirty), same_shape=True).frame.equals(clean)


def test_a_number_a_power_of_ten_from_its_neighbours_in_time_is_divided() -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 12, 31), eager=True)
    level = [round(40 + 12 * ((i % 180) / 180) + (i * 37 % 11) / 10, 1) for i in range(days.len())]
    clean = pl.DataFrame({"day": days, "level": level})
    wrong = pl.int_range(days.len(), eager=True).is_in([60, 190, 300])
    dirty = clean.with_columns(pl.when(wrong).then(pl.col("level") * 10).otherwise("level").round(1).alias("level"))
    assert apply(dirty, plan(dirty), same_shape=True).frame.equals(clean)


@pytest.mark.parametrize("seed", range(3))
def test_values_that_differ_by_nature_stay(seed: int) -> None:
    rng = random.Random(seed)
    rows = [(rng.choice("abcdefgh"), round(rng.lognormvariate(3, 2), 2), rng.randrange(1, 10**6)) for _ in range(500)]
    frame = pl.DataFrame(rows, schema=["kind", "size", "count"], orient="row")
    done = apply(frame, plan(frame), same_shape=True)
    assert done.frame.equals(frame)


def test_undo_gives_the_decimals_back() -> None:
    clean = _orders()
    text = clean.with_columns(pl.col("price").map_elements(lambda x: f"{x:.2f}", return_dtype=pl.String))
    at = pl.int_range(clean.height, eager=True)
    spoilt = (pl.col("price").cast(pl.Float64) * 100).map_elements(lambda x: f"{x:.2f}", return_dtype=pl.String)
    dirty = text.with_columns(pl.when(at.is_in([3, 50])).then(spoilt).otherwise("price").alias("price"))
    done = apply(dirty, plan(dirty))
    assert done.frame["price"].equals(clean["price"])
    assert undo(done.frame, done.ledger).equals(dirty)


def test_a_reading_that_lies_far_from_the_others_of_its_key_is_asked_about() -> None:
    rng = random.Random(8)
    rows = []
    for i in range(60):
        base = rng.uniform(18, 60)
        rows += [
            (f"p{chr(97 + i % 26)}{chr(97 + i // 26)}", round(base * rng.uniform(0.85, 1.15), 1)) for _ in range(6)
        ]
    frame = pl.DataFrame(rows, schema=["person", "bmi"], orient="row")
    bmi = frame["bmi"].to_list()
    for at in (3, 99, 201):
        bmi[at] = round(10 * sorted(bmi[at // 6 * 6 : at // 6 * 6 + 6])[3], 1)
    bmi[150:156] = [51.7, 5.8, 49.9, 50.5, 51.2, 50.1]
    state = State(frame.with_columns(pl.Series("bmi", bmi)), {}, probe={"precision": 0.95, "cells": 200})
    sure, asked = scales.grouped(state, {"column": "bmi"}, {})
    assert sure.gate is None and not sure.declined and frame["person"][150] not in sure.parameters["mapping"]
    assert asked.gate == "review" and list(asked.parameters["mapping"]) == [frame["person"][150]]
    assert {frame["person"][at] for at in (3, 99, 201)} <= set(sure.parameters["mapping"])


def test_numbers_that_lost_a_digit_are_asked_about_and_numbers_that_lost_their_point_are_put_right() -> None:
    rng = random.Random(4)
    rows = [(f"p{i:02d}", round(base * rng.uniform(0.97, 1.03), 1)) for i in range(60) for base in [20 + i] * 6]
    frame = pl.DataFrame(rows, schema=["person", "bmi"], orient="row")
    for shift, gate in ((lambda v: round(v) / 10, "review"), (lambda v: v * 100, None)):
        bmi = [shift(v) if i % 40 == 0 else v for i, v in enumerate(frame["bmi"].to_list())]
        state = State(frame.with_columns(pl.Series("bmi", bmi)), {}, probe={"precision": 0.95, "cells": 200})
        made = [p for p in scales.grouped(state, {"column": "bmi"}, {}) if not p.declined]
        assert made and {p.gate for p in made} == {gate}
