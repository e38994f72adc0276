"""Columns of months are dates, and what only looks like months is none."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

import autoprep as ap
from autoprep.profiling import profile
from autoprep.serving.rowwise.moments import reader
from autoprep.serving.rowwise.texts import Declined

MONTHS = [date(year, month, 1) for year in (1987, 1988, 1989) for month in range(1, 13)]


def _semantic(cells: list[str], name: str) -> str:
    return str(profile(pl.DataFrame({name: cells})).column(name)["semantic"])


@pytest.mark.parametrize("form", ["%Y-%m", "%m/%Y", "%b %Y", "%B-%Y", "%b-%y", "%Y-%b", "%Y, %b"])
def test_months_are_dates_and_go_back(form: str) -> None:
    cells = [f"{day:{form}}" for day in MONTHS]
    frame = pl.DataFrame({"when": cells, "n": [i * 7 % 11 for i in range(len(cells))]})
    cleaned = ap.clean(frame)
    assert cleaned.frame["when"].to_list() == MONTHS
    assert ap.undo(cleaned)["when"].to_list() == cells


def test_words_for_nothing_and_two_ways_of_writing_stay_dates() -> None:
    cells = [f"{day:%b %Y}" for day in MONTHS[:18]] + [f"{day:%Y-%m}" for day in MONTHS[18:]] + ["N/A"]
    assert ap.clean(pl.DataFrame({"when": cells})).frame["when"].to_list() == [*MONTHS, None]


def test_a_header_makes_few_months_dates() -> None:
    assert _semantic(["2003-05", "2004-05", "2005-05", "1207-05"] * 3, "month") == "date"
    assert _semantic(["2003-05", "2004-05", "2009-05"] * 3, "item") != "date"


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ([f"{year}-{(year + 1) % 100:02}" for year in range(2000, 2012)], "period"),
        ([f"{year}-{year % 100 + 3:02}" for year in range(2000, 2010)], "years"),
        ([f"{year}-{(year + 1) % 100:02}" for year in range(1995, 2012)], "season"),
        ([f"{part}-{end:02}" for part in (1201, 3377, 2950, 1840) for end in range(1, 13)], "part"),
        ([f"{course}-{section:02}" for course in range(1901, 1930) for section in (1, 2, 3)], "course"),
        ([f"{n}/2019" for n in range(1, 40)], "case"),
        ([f"{month}-{day:02}" for month in ("Jan", "May", "Sep") for day in range(1, 29)], "date"),
        ([f"{day}-{month}" for month in ("Jan", "May", "Sep") for day in range(1, 29)], "date"),
        ([f"{day} {month}" for month in ("Jan", "May", "Sep") for day in range(1, 29)], "date"),
        ([f"{month} {day}" for month in ("Jan", "May", "Sep") for day in range(1, 29)], "date"),
    ],
)
def test_what_only_looks_like_months_is_no_date(cells: list[str], name: str) -> None:
    assert _semantic(cells, name) != "date"


def test_two_digits_behind_months_that_follow_one_another_are_years() -> None:
    cells = [f"{date(2010 + i // 12, i % 12 + 1, 1):%b-%y}" for i in range(40)]
    assert ap.clean(pl.DataFrame({"x": cells})).frame["x"][39] == date(2013, 4, 1)


@pytest.mark.parametrize("form", ["%Y-%m", "%m/%Y", "%b %Y", "%b-%y"])
def test_single_rows_leave_months_to_the_whole_plan(form: str) -> None:
    with pytest.raises(Declined):
        reader(form, False)


DAYS = [date(2017, 9, 1) + timedelta(days=11 * i) for i in range(60)]


@pytest.mark.parametrize("form", ["%m%d%Y", "%d%m%Y"])
@pytest.mark.parametrize("lost", [False, True])
def test_days_without_separators_are_dates_under_a_header_of_dates(form: str, lost: bool) -> None:
    cells = [f"{day:{form}}".lstrip("0" if lost else "") for day in DAYS]
    cleaned = ap.clean(pl.DataFrame({"order_date": cells}))
    assert cleaned.frame["order_date"].to_list() == DAYS
    assert ap.undo(cleaned)["order_date"].to_list() == cells
    assert _semantic(cells, "amount") != "date"


def test_days_of_either_order_or_not_throughout_stay_numbers() -> None:
    assert _semantic([f"{day:%m%d%Y}" for day in DAYS if day.day <= 12], "date") != "date"
    assert _semantic([*(f"{day:%m%d%Y}" for day in DAYS), "13452018"], "date") != "date"
    assert _semantic([f"{day:%m%d%Y}" for day in DAYS], "date_id") != "date"
