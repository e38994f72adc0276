"""A total below the table is set aside when arithmetic proves it, and asked about when it does not."""

from __future__ import annotations

from pathlib import Path

import polars as pl

import autoprep as ap
from autoprep import cleaning

BODY = pl.DataFrame(
    {
        "city": ["Rome", "Oslo", "Bern", "Lima"],
        "day": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"],
        "n": ["1", "2", "3", "4"],
        "paid": ["1.5", "2.5", "1", "2"],
    }
)


def _with(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.concat([BODY, pl.DataFrame(list(rows), schema=BODY.schema, orient="row")])


def test_a_proven_total_is_set_aside_and_comes_back() -> None:
    raw = _with(("Total:", "Total", "10", "7"))
    done = ap.clean(raw)
    assert done.frame["city"].to_list() == ["Rome", "Oslo", "Bern", "Lima"]
    assert done.frame["day"].dtype == pl.Date()
    aside = done.quarantine.filter(pl.col("column") == "")
    assert aside["row"].to_list() == [4] and "Total:" in aside["text"][0]
    assert ap.undo(done).equals(raw)


def test_a_total_that_does_not_add_up_is_only_asked_about() -> None:
    done = ap.clean(_with(("Total", "", "11", "99")))
    assert done.frame.height == 5
    (step,) = [a for a in done.plan.actions if a.rule == "table.total_rows"]
    assert (step.gate, step.status) == ("review", "ask")


def test_subtotals_and_the_grand_total_are_each_proven() -> None:
    raw = pl.DataFrame(
        {"g": ["a", "b", "Subtotal", "c", "d", "Subtotal", "Grand total"], "n": ["1", "2", "3", "4", "5", "9", "12"]}
    )
    assert ap.clean(raw).frame["g"].to_list() == ["a", "b", "c", "d"]


def test_a_value_called_total_stays() -> None:
    raw = pl.DataFrame({"sex": ["male", "female", "Total"] * 4, "n": [str(i * 7 % 11) for i in range(12)]})
    assert ap.clean(raw).frame.height == 12


def test_streamed_as_in_memory(tmp_path: Path) -> None:
    raw = _with(("Total", "", "10", "7"))
    plan = cleaning.plan(raw)
    out, aside = tmp_path / "c.parquet", tmp_path / "q.parquet"
    cleaning.apply_to_files(raw.lazy(), plan, out, quarantine=aside, batch_rows=2)
    done = cleaning.apply(raw, plan)
    assert pl.read_parquet(out).equals(done.frame)
    assert pl.read_parquet(aside).equals(done.quarantine)


def test_rows_that_repairs_leave_without_a_value_go_at_once() -> None:
    rows = {
        "n": [*map(str, range(20)), "N/A", "-"],
        "word": [*("abcdefghij" * 2), "-", ""],
        "day": [*(f"2020-01-{d:02d}" for d in range(1, 20)), "?", "?", "N/A"],
    }
    cleaned = ap.clean(pl.DataFrame(rows))
    assert cleaned.frame.height == 20
    assert ap.undo(cleaned).equals(pl.DataFrame(rows))
    assert ap.clean(cleaned.frame).frame.equals(cleaned.frame)
