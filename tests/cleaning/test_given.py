"""Typed cells of columns that training read as text, and texts of columns that were typed: both meet the plan alike."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from autoprep.cleaning import Given, transform
from autoprep.serving.bodies import records_of
from autoprep.serving.limits import Limits
from autoprep.serving.rowwise.row import _reader
from autoprep.types import Action, ColumnSpec, Plan

DAY, MOMENT = date(2024, 5, 6), datetime(2024, 5, 6, 7, 8, 9)
NUMBERS = [1.5, -0.25, 1.234, 1e-7, 2.5e20, 1234567.125, 3.0, -999.0, None, float("nan")]
#: Verb, parameters, typed cells, what the plan gives.
TYPED: list[tuple[str, dict[str, Any], pl.Series, list[Any]]] = [
    *(
        (
            verb,
            {"decimal": d, "thousands": t},
            pl.Series(NUMBERS, dtype=pl.Float64),
            [*NUMBERS[:-1], None],
        )
        for verb in ("parse_number", "parse_amount", "parse_percent", "parse_quantity")
        for d, t in ((".", ""), (",", ""), (",", "."), (".", ","))
    ),
    ("parse_number", {"decimal": ","}, pl.Series([True, False, None]), [1.0, 0.0, None]),
    ("parse_integer", {"decimal": ",", "thousands": "."}, pl.Series([1234567, -2], dtype=pl.Int32), [1234567, -2]),
    ("parse_date", {"formats": ["%d.%m.%Y"]}, pl.Series([DAY, None]), [DAY, None]),
    ("parse_date", {"formats": ["%m/%d/%y"]}, pl.Series([date(1950, 2, 3), DAY]), [date(1950, 2, 3), DAY]),
    ("parse_date", {"formats": ["%d %b %Y"]}, pl.Series([MOMENT], dtype=pl.Datetime("ns")), [DAY]),
    ("parse_datetime", {"formats": ["%d.%m.%Y %H:%M"]}, pl.Series([MOMENT]), [MOMENT]),
    ("parse_datetime", {"formats": ["%d.%m.%Y %H:%M:%S"]}, pl.Series([DAY]), [datetime(2024, 5, 6)]),
    ("parse_datetime", {"formats": ["%Y-%m-%d %H:%M%z"]}, pl.Series([MOMENT.replace(tzinfo=UTC)]), [MOMENT]),
    (
        "parse_datetime",
        {"formats": ["%Y-%m-%d %H:%M%z"], "clock": "local"},
        pl.Series([MOMENT], dtype=pl.Datetime("us", "Asia/Kolkata")),
        [MOMENT + timedelta(hours=5, minutes=30)],
    ),
    ("parse_boolean", {"true": ["ja"], "false": ["nein"]}, pl.Series([True, False, None]), [True, False, None]),
    ("parse_boolean", {"true": ["ja"], "false": ["nein"]}, pl.Series([1, 0, None]), [True, False, None]),
]


def _plan(verb: str, parameters: dict[str, Any], *after: Action) -> Plan:
    words = {"parse_integer": "integer", "parse_date": "date", "parse_datetime": "datetime", "parse_boolean": "boolean"}
    word = words.get(verb, "number")
    action = Action(f"{verb}:x", "rule.of", ("x",), verb, parameters)
    return Plan((action, *after), {"x": "String"}, (ColumnSpec("x", "x", word, word),))  # type: ignore[arg-type]


@pytest.mark.parametrize(("verb", "parameters", "cells", "expected"), TYPED)
def test_a_typed_cell_passes_the_steps_that_read_text(
    verb: str, parameters: dict[str, Any], cells: pl.Series, expected: list[Any]
) -> None:
    made, events = transform(cells.alias("x").to_frame(), _plan(verb, parameters))
    assert made["x"].to_list() == expected
    assert events.is_empty()


def test_sentinels_go_from_typed_numbers_too() -> None:
    gone = Action("s:x", "missing.sentinel", ("x",), "nullify_sentinel", {"values": ["-999"]})
    made, _ = transform(pl.DataFrame({"x": [-999.0, 1.5]}), _plan("parse_number", {"decimal": ","}, gone))
    assert made["x"].to_list() == [None, 1.5]


def test_iso_text_is_read_in_a_column_of_other_dates() -> None:
    cells = ["31.12.2024", "2024-05-06", "2024-05-06T07:08:09.000", "06/05/2024"]
    made, events = transform(pl.DataFrame({"x": cells}), _plan("parse_date", {"formats": ["%d.%m.%Y"]}))
    assert made["x"].to_list() == [date(2024, 12, 31), DAY, DAY, None]
    assert events["row"].to_list() == [3]


@pytest.mark.parametrize(
    ("wanted", "cells", "expected"),
    [
        ("Date", ["2024-05-06", "2024-05-06T00:00:00Z", "9999-12-31", "soon"], [DAY, DAY, date(9999, 12, 31), None]),
        ("Datetime('ns')", ["2024-05-06", "2024-05-06T07:08:09", "x"], [datetime(2024, 5, 6), MOMENT, None]),
        ("Datetime('us')", ["2024-05-06 07:08:09", "2024-05-06T09:08:09+02:00", "x"], [MOMENT, MOMENT, None]),
        ("Boolean", ["True", "false", "x"], [True, False, None]),
    ],
)
def test_text_of_a_column_that_was_typed_is_read(wanted: str, cells: list[str], expected: list[Any]) -> None:
    made, events = transform(pl.DataFrame({"x": cells}), Plan((), {"x": wanted}))
    assert made["x"].to_list() == expected
    assert events["row"].to_list() == [len(cells) - 1]
    assert set(events["rule"]) == {"table.type"}


def test_a_zone_is_kept() -> None:
    plan = Plan((), {"x": "Datetime('us', 'Europe/Oslo')"})
    made, _ = transform(pl.DataFrame({"x": ["2024-05-06 07:08:09", "2024-05-06T05:08:09Z"]}), plan)
    assert made["x"].dt.replace_time_zone(None).to_list() == [MOMENT, MOMENT]


def test_dates_and_datetimes_stand_for_each_other() -> None:
    assert transform(pl.DataFrame({"x": [MOMENT]}), Plan((), {"x": "Date"}))[0]["x"].to_list() == [DAY]
    made = transform(pl.DataFrame({"x": [DAY]}), Plan((), {"x": "Datetime('ns')"}))[0]
    assert made["x"].to_list() == [datetime(2024, 5, 6)]


def test_an_empty_text_is_a_missing_cell() -> None:
    made, events = transform(pl.DataFrame({"x": ["", "a"]}), Plan((), {"x": "String"}))
    assert made["x"].to_list() == [None, "a"]
    assert events.is_empty()


@pytest.mark.parametrize("verb", ["parse_number", "parse_boolean", "keep_text"])
def test_single_rows_and_rows_among_texts_write_a_value_as_frames_do(verb: str) -> None:
    parameters = {"parse_number": {"decimal": ","}, "parse_boolean": {"true": ["ja"], "false": ["nein"]}}
    given = Given(_plan(verb, parameters.get(verb, {})))
    read = _reader(pl.String(), given.spellings["x"])
    for cell in (1.5, 2.0, -0.0, 1, 0, 1.0, 12, True, False, "", "n/a", "1,5"):
        frame = pl.DataFrame({"x": [cell]})
        written = given.rows(frame.lazy()).collect()["x"].item()
        assert read(cell) == (written, False)
        mixed = records_of([{"x": cell}, {"x": "word"}], Limits(), given.text).frame
        assert given.rows(mixed.lazy()).collect()["x"][0] == written


def test_whole_and_broken_json_numbers_are_one_column_of_numbers() -> None:
    assert records_of([{"x": 1}, {"x": 2.5}, {"x": None}], Limits()).frame["x"].to_list() == [1.0, 2.5, None]


def test_durations_are_read_from_seconds_and_texts() -> None:
    cells = ["37", "PT37S", "1 days 00:00:37.5", "soon"]
    made, events = transform(pl.DataFrame({"x": cells}), Plan((), {"x": "Duration('us')"}))
    assert made["x"].dt.total_milliseconds().to_list() == [37_000, 37_000, 86_437_500, None]
    assert events["row"].to_list() == [3]
