"""Two-digit years, years that are no row numbers, and "None" as a level."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

import autoprep as ap


def test_births_written_with_two_digits_lie_in_the_past() -> None:
    days = [date(1941, 3, 1) + timedelta(days=97 * i) for i in range(120)]
    frame = pl.DataFrame({"born": [f"{d:%d/%m/%y}" for d in days], "x": list(range(0, 240, 2))})
    cleaned = ap.clean(frame)
    assert cleaned.frame["born"].to_list() == days
    step = next(a for a in cleaned.plan.actions if a.verb == "parse_date")
    assert step.parameters["pivot"] <= 41


def test_terms_a_few_years_ahead_stay_ahead() -> None:
    days = [date(2019, 1, 20) + timedelta(days=40 * i) for i in range(100)]
    frame = pl.DataFrame({"expires": [f"{d:%d.%m.%y}" for d in days]})
    assert ap.clean(frame).frame["expires"].to_list() == days


def test_years_in_sequence_are_no_identifier() -> None:
    frame = pl.DataFrame({"year": list(range(1960, 2010)), "row": list(range(1, 51)), "x": [i % 7 for i in range(50)]})
    found = dict(ap.profile(frame).columns.select("column", "role").iter_rows())
    assert found["year"] != "identifier"
    assert found["row"] == "identifier"


def test_none_is_asked_about_where_it_may_be_a_level() -> None:
    frame = pl.DataFrame({"damage": (["None"] * 8 + ["Minor", "Substantial"]) * 30, "n": [str(i) for i in range(300)]})
    plan = ap.plan(frame)
    step = next(a for a in plan.actions if a.columns == ("damage",) and a.verb == "nullify")
    assert (step.rule, step.status) == ("missing.none_level", "ask")
    assert ap.profile(frame, target="damage").target["task"] == "multiclass"


def test_running_numbers_behind_letters_are_no_amounts() -> None:
    frame = pl.DataFrame({"marker": [f"rs{104729 * i % 9999991}" for i in range(11, 90)], "price": ["Rs 4,500"] * 79})
    kinds = dict(ap.profile(frame).columns.select("column", "semantic").iter_rows())
    assert kinds == {"marker": "identifier", "price": "constant"}
    assert {a.verb for a in ap.plan(frame).actions if a.columns == ("marker",)} <= {"exclude_column"}
