"""Raw rows in, predictions out: number, order, reasons, and no difference between batch, stream and row."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoprep.errors import InputError
from autoprep.serving import artifact
from autoprep.serving.predictor import EVENTS, reasons_of

from .shop import orders

ROWS = ["31", "N/A", None, "-4", "é", "1e3", "", "7.5"]


@pytest.fixture
def scorer(tmp_path: Path, parts: dict):
    return artifact.load(artifact.save(tmp_path / "model", **parts)).scorer()


def test_columns_order_and_reasons(scorer) -> None:
    given_ = pl.DataFrame({"extra": range(len(ROWS)), "age": ROWS})
    found = scorer.predict(given_)
    assert found.columns == ["prediction", "probability_no", "probability_yes", "reasons"]
    assert found.height == len(ROWS)
    assert found["reasons"].to_list()[:4] == ["", "missing.disguised_null:age", "contract.empty_row", ""]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(ROWS), min_size=1, max_size=40), st.integers(1, 7))
def test_one_row_equals_many(scorer, rows: list[str | None], chunk: int) -> None:
    frame = pl.DataFrame({"age": rows}, schema={"age": pl.String})
    whole = scorer.predict(frame)
    streamed = pl.concat([part for _, part in scorer.stream(frame.lazy(), chunk)])
    single = pl.concat([scorer.predict(frame[i]) for i in range(frame.height)])
    assert whole.equals(streamed) and whole.equals(single)


def test_no_rows_and_no_column(scorer) -> None:
    assert scorer.predict(pl.DataFrame({"age": []}, schema={"age": pl.String})).height == 0
    with pytest.raises(InputError, match="none of the columns"):
        scorer.predict(pl.DataFrame({"other": [1]}))


def test_json_numbers_read_like_cells(scorer) -> None:
    as_text = scorer.predict(pl.DataFrame({"age": ["31", "7.5"]}))
    assert scorer.predict(pl.DataFrame({"age": [31.0, 7.5]})).equals(as_text)
    assert scorer.predict(pl.DataFrame({"age": [31]})).equals(as_text[:1])
    assert scorer.predict(pl.DataFrame({"age": [None]})).height == 1


def test_rejected_rows_have_no_prediction(scorer) -> None:
    from dataclasses import replace

    inner = scorer.clean or __import__("autoprep.serving.predictor", fromlist=["_transform"])._transform(scorer.plan)

    def strict(frame, plan):
        cleaned, events = inner(frame, plan)
        return cleaned, events.with_columns(policy=pl.lit("reject"))

    found = replace(scorer, clean=strict).predict(pl.DataFrame({"age": ROWS[:3]}))
    assert found["prediction"].is_null().to_list() == [False, True, False]
    assert found["reasons"].to_list()[1] == "missing.disguised_null:age"


def test_reasons_of_every_row() -> None:
    events = pl.DataFrame(
        [
            {"row": None, "column": "age", "rule": "contract.missing_column", "reason": "", "policy": "warn"},
            {"row": 1, "column": "b", "rule": "r.b", "reason": "", "policy": "warn"},
            {"row": 1, "column": "a", "rule": "r.a", "reason": "", "policy": "warn"},
        ],
        schema=EVENTS,
    )
    first = "contract.missing_column:age"
    assert reasons_of(events, 2).to_list() == [first, f"{first};r.a:a;r.b:b"]


def test_a_large_batch_gives_the_bits_of_small_ones(shop_model: Path) -> None:
    """Many rows are cleaned once per distinct cell; what is said of a row stays the same, reasons included."""
    odd = {"price": ["soon", "12,50 EUR", None], "day": ["31/02/2024", "tomorrow"], "city": ["  Oslo", "Nowhere"]}
    rows = orders(6_000, seed=4).drop("bought")
    place = pl.int_range(pl.len())
    rows = rows.with_columns(
        pl.when(place % 97 == i).then(pl.lit(value)).otherwise(name).alias(name)
        for name, values in odd.items()
        for i, value in enumerate(values[:1])
    )
    scorer = artifact.load(shop_model).scorer()
    whole = scorer.predict(rows)
    parts = pl.concat([scorer.predict(rows[at : at + 600]) for at in range(0, rows.height, 600)])
    assert whole.equals(parts) and (whole["reasons"] != "").sum() > 60
