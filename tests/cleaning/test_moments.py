"""Numbers that are moments: read where the header says so, asked about elsewhere."""

from __future__ import annotations

import random

import polars as pl
import pytest

import autoprep as ap
from autoprep import cleaning


def _numbers(name: str, low: int, high: int, *, text: bool = True) -> pl.DataFrame:
    rng = random.Random(4)
    cells = pl.Series(name, [rng.randrange(low, high) for _ in range(120)])
    return pl.DataFrame([cells.cast(pl.String) if text else cells, pl.Series("other", [i % 7 for i in range(120)])])


SECONDS, DAYS = (1_500_000_000, 1_700_000_000), (40_000, 45_000)


@pytest.mark.parametrize(
    ("name", "low", "high", "rule", "status"),
    [
        ("created_at", *SECONDS, "time.epoch", "apply"),
        ("event_time", SECONDS[0] * 1000, SECONDS[1] * 1000, "time.epoch", "apply"),
        ("stamped", *SECONDS, "time.epoch_asked", "ask"),
        ("elapsed_time", *SECONDS, "time.epoch_asked", "ask"),
        ("expiry_date", SECONDS[0], 2_400_000_000, "time.epoch_asked", "ask"),
        ("OrderDate", *DAYS, "time.excel_serial", "apply"),
        ("start time", *DAYS, "time.excel_serial_asked", "ask"),
        ("birth_date", 21_000, 45_000, "time.excel_serial_asked", "ask"),
        ("amount", *DAYS, "", ""),
        ("mobile", *SECONDS, "", ""),
    ],
)
@pytest.mark.parametrize("text", [True, False])
def test_read_where_the_header_says_so(name: str, low: int, high: int, rule: str, status: str, text: bool) -> None:
    made = cleaning.plan(_numbers(name, low, high, text=text))
    assert [(a.rule, a.status) for a in made.actions if a.rule.startswith("time.")] == (
        [(rule, status)] if rule else []
    )


@pytest.mark.parametrize("text", [True, False])
def test_the_moments_are_right_and_the_numbers_come_back(text: bool) -> None:
    raw = _numbers("created_at", *SECONDS, text=text)
    done = ap.clean(raw)
    assert done.frame["created_at"].dt.epoch("s").to_list() == raw["created_at"].cast(pl.Int64).to_list()
    assert {c.name: c.role for c in done.plan.outputs}["created_at"] == "datetime"
    assert ap.undo(done).equals(raw)
    again, _ = cleaning.transform(raw, done.plan)
    assert again["created_at"].equals(done.frame["created_at"])


def test_in_its_own_notation_the_text_stays() -> None:
    raw = pl.DataFrame(
        {"date": [str(40_000 + i) for i in range(60)], "at_time": [f"{SECONDS[0] + i * i}" for i in range(60)]}
    )
    done = cleaning.apply(raw, cleaning.plan(raw), same_shape=True, notation="own")
    assert done.frame.equals(raw)
    assert {a.rule for a in done.plan.applied()} >= {"time.epoch", "time.excel_serial"}


def test_dates_one_a_day_are_no_identifier() -> None:
    done = ap.clean(pl.DataFrame({"date": [str(40_000 + i) for i in range(60)], "x": [str(i % 5) for i in range(60)]}))
    assert {c.name: c.role for c in done.plan.outputs}["date"] == "datetime"
