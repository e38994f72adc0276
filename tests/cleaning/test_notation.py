"""The column's own writing: repairs leave it alone where it is uniform, and use it where they write."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

import autoprep as ap
from autoprep.cleaning import apply, plan, undo
from autoprep.errors import SettingError
from tests.cleaning.test_round_trip import frames

UNIFORM = {
    "share": ["97%", "4%", "12%", "55%"] * 10,
    "open": ["yes", "no", "yes", "yes"] * 10,
    "price": ["$1,250.50", "$7.00", "$12.25", "$980.10"] * 10,
    "day": ["3/8/2023", "14/12/2023", "25/1/2023", "7/7/2023"] * 10,
    "code": ["00501", "01002", "10001", "02139"] * 10,
    "weight": ["12.0 oz", "8.5 oz", "16.0 oz", "9.0 oz"] * 10,
    "at": ["7:10 AM", "11:05 PM", "12:00 PM", "9:45 AM"] * 10,
    "moment": ["2023-01-02T03:04:05Z", "2023-01-02T03:04:05+0200", "2023-05-06T07:08:09Z", "2023-05-06T07:08:09Z"] * 10,
    "street": ["empty", "1 mill road", "empty", "22 high street"] * 10,
}


def test_uniform_columns_stay_byte_for_byte() -> None:
    raw = pl.DataFrame(UNIFORM)
    done = ap.clean(raw, same_shape=True)
    assert done.frame.equals(raw)
    assert done.ledger.is_empty()
    assert ap.clean(raw, same_shape=True, notation="typed").frame["share"].dtype == pl.Float64
    assert ap.clean(raw, notation="own").frame["price"].to_list() == UNIFORM["price"]


@pytest.mark.parametrize(
    ("column", "odd", "meant"),
    [
        ("share", "31", "31%"),
        ("open", "Yes", "yes"),
        ("price", "1,250.50", "$1,250.50"),
        ("day", "2023-08-03", "3/8/2023"),
        ("weight", "7.5oz", "7.5 oz"),
    ],
)
def test_the_odd_one_out_is_written_as_the_column_is(column: str, odd: str, meant: str) -> None:
    raw = pl.DataFrame({column: [*UNIFORM[column], odd]})
    done = ap.clean(raw, same_shape=True)
    assert done.frame[column].to_list() == [*UNIFORM[column], meant]
    assert done.ledger.select("row", "before", "after").rows() == [(40, odd, meant)]
    assert undo(done.frame, done.ledger).equals(raw)


def test_mixed_columns_get_one_plain_form_and_numbers_lose_their_noise() -> None:
    raw = pl.DataFrame(
        {
            "size": ["12.0 oz", "16.0 oz.", "12.0 ounce", "8.4 OZ."] * 10,
            "part": ["0.05", "0.055999999999999994%", "0.07", "0.061"] * 10,
        }
    )
    done = ap.clean(raw, same_shape=True)
    assert done.frame["size"].to_list() == ["12", "16", "12", "8.4"] * 10
    assert done.frame["part"].to_list() == ["0.05", "0.056", "0.07", "0.061"] * 10
    assert undo(done.frame, done.ledger).equals(raw)


def test_words_for_nothing_go_where_only_numbers_belong() -> None:
    raw = pl.DataFrame({"bitter": ["12", "N/A", "35", "7"] * 10, "score": ["97%", "empty", "35%", "7%"] * 10})
    done = ap.clean(raw, same_shape=True)
    assert done.frame["bitter"].to_list() == ["12", None, "35", "7"] * 10
    assert done.frame["score"].equals(raw["score"])


def test_an_unknown_notation_is_refused() -> None:
    with pytest.raises(SettingError, match="did you mean 'own'"):
        ap.clean({"a": ["1"]}, notation="on")  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames())
def test_undo_is_the_identity_and_twice_is_once_in_own_notation(raw: pl.DataFrame) -> None:
    made = replace(plan(raw), settings={"max_rejected": 1.0})
    once = apply(raw, made, same_shape=True, notation="own")
    assert once.frame.schema == raw.schema
    assert undo(once.frame, once.ledger).equals(raw)
    assert apply(once.frame, made, same_shape=True, notation="own").frame.equals(once.frame)


def test_a_word_for_nothing_stays_beside_cells_that_were_lost() -> None:
    text = [f"{i} st" for i in range(40)]
    raw = pl.DataFrame({"size": text + ["empty"] * 9 + [None] * 16, "rare": [*text, "n/a", *[None] * 24]})
    done = ap.clean(raw, same_shape=True)
    assert done.frame["size"].to_list() == raw["size"].to_list()
    assert done.frame["rare"][40] is None
