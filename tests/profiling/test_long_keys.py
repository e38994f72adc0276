"""Keys of several columns in tables that are long: proposed by a sample, proven by all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from autoprep.profiling import keys, streaming
from autoprep.profiling.profiler import profile
from autoprep.profiling.streaming import streamed

DAYS, SHOPS = 1000, 6


def sales(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = DAYS * SHOPS
    return pl.DataFrame(
        {
            "sold": rng.integers(0, 50, rows),
            "day": np.repeat(np.arange(DAYS), SHOPS),
            "shop": [f"S{i}" for i in range(SHOPS)] * DAYS,
            "kind": rng.choice(["a", "b", "c"], rows),
        }
    )


@pytest.fixture
def few_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of a tenth of the rows."""
    monkeypatch.setattr(streaming, "SAMPLE_ROWS", 600)
    monkeypatch.setattr(streaming, "LEAST_ROWS", 100)
    monkeypatch.setattr(streaming, "LOOK_ROWS", 400)


def key_of(frame: pl.DataFrame, **more: Any) -> list[str]:
    found = streamed(frame.lazy(), batch_rows=2000, **more)
    return found.keys["columns"].to_list()


@pytest.mark.usefixtures("few_sampled")
def test_a_pair_is_proposed_and_proven() -> None:
    found = streamed(sales().lazy(), batch_rows=2000)
    assert found.keys.rows(named=True) == [{"columns": "day + shop", "distinct_rate": 1.0, "nulls": 0, "primary": True}]
    assert found.tables["duplicate_rows"][0] == 0
    words = sales().with_columns(pl.col("shop").cast(pl.Categorical))
    assert key_of(words) == ["day + shop"]
    shuffled = sales().sample(fraction=1.0, shuffle=True, seed=1)
    assert key_of(shuffled) == ["day + shop"]


@pytest.mark.usefixtures("few_sampled")
@pytest.mark.parametrize("at", [3, DAYS * SHOPS - 2])
def test_one_pair_that_recurs_anywhere_is_no_key(at: int) -> None:
    frame = sales().drop("sold", "kind")
    day, shop = frame.row(at)
    there = pl.int_range(pl.len()) == 4003
    twice = frame.with_columns(
        day=pl.when(there).then(day).otherwise("day"),
        shop=pl.when(there).then(pl.lit(shop)).otherwise("shop"),
        x=pl.int_range(pl.len()).cast(pl.Float64).sqrt(),
    )
    assert key_of(twice) == []
    assert profile(twice, relations=True).keys.is_empty()


@pytest.mark.usefixtures("few_sampled")
def test_three_columns_where_no_two_are_enough() -> None:
    rows = 20 * 30 * 40
    at = np.arange(rows)
    frame = pl.DataFrame({"a": at % 20, "b": (at // 20) % 30, "c": at // 600, "x": np.ones(rows)})
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=2)
    assert key_of(shuffled) == ["a + b + c"]


@pytest.mark.usefixtures("few_sampled")
def test_columns_with_gaps_are_no_part_of_a_key() -> None:
    frame = (
        sales()
        .drop("sold", "kind")
        .with_columns(shop=pl.when(pl.int_range(pl.len()) == 4000).then(None).otherwise("shop"))
    )
    assert key_of(frame) == []


@pytest.mark.usefixtures("few_sampled")
def test_a_column_that_is_a_key_needs_no_second_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the rows were read again")

    monkeypatch.setattr(streaming, "_several", refuse)
    assert key_of(sales().with_row_index("id")) == ["id"]
    assert key_of(sales(), relations=False) == []


def test_in_memory_a_long_table_has_the_keys_of_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = sales()
    short = keys.find(frame, frame.columns)
    monkeypatch.setattr(keys, "LARGE", 1000)
    monkeypatch.setattr(keys, "FIRST_ROWS", 2000)
    assert keys.find(frame, frame.columns) == short
    assert [k.columns for k in short] == [("day", "shop")]


def test_few_combinations_are_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({f"c{i}": rng.integers(0, 3000, 30_000) for i in range(12)})
    monkeypatch.setattr(keys, "LARGE", 1000)
    monkeypatch.setattr(keys, "SAMPLE_ROWS", 300)
    tried: list[object] = []
    looked = keys.hashes
    monkeypatch.setattr(keys, "hashes", lambda *said: tried.append(said[1]) or looked(*said))
    keys.find(frame, frame.columns)
    assert 0 < len(tried) <= 4 * keys.PROOFS
