"""Codes that lost zeros, moments split over columns, years and numbers that share a cell, headers, rare classes."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from autoprep import api
from autoprep.profiling import profile
from autoprep.profiling.streaming import streamed
from autoprep.types import Action, Plan

ZIPS = [10001, 90210, 60601, 30301, 94105, 2134, 2139, 501]


@pytest.mark.parametrize(
    "cells",
    [
        [z for z in ZIPS for _ in range(5)],
        [str(z) for z in ZIPS for _ in range(5)],
        [f"{z}.0" for z in ZIPS for _ in range(5)],
        [*(float(z) for z in ZIPS for _ in range(5)), None],
    ],
    ids=["typed", "text", "text with .0", "floats beside a gap"],
)
def test_postal_codes_that_lost_their_zeros_are_told_and_may_be_padded(cells: list[object]) -> None:
    frame = pl.DataFrame({"Provider Zip Code": cells, "n": range(len(cells))})
    found = profile(frame)
    row = found.column("Provider Zip Code")
    assert row["lost_zero_rate"] == pytest.approx(3 / 8) and row["code_width"] == 5
    assert [f.count for f in api.find(found) if f.rule == "text.lost_zeros"] == [round(3 / 8 * len(cells))]
    plan = api.plan(frame)
    step = next(a for a in plan.actions if a.rule == "text.lost_zeros")
    assert step.status == "ask" and step.verb == "pad_code"
    done = api.clean(frame, plan=_answered(plan, step)).frame["Provider Zip Code"]
    assert done[25:30].to_list() == ["02134"] * 5 and done[0] == "10001" and done[35] == "00501"


@pytest.mark.parametrize(
    ("header", "numbers"),
    [
        ("zip", [1010, 4020, 8010, 5020] * 10),  # a country of four digits
        ("place_id", list(range(1, 2001))),
        ("state_id", list(range(1, 51))),
        ("zip_population", ZIPS * 5),
        ("price", ZIPS * 5),
        ("zip", [10001, 90210] * 20),
    ],
)
def test_numbers_that_lost_nothing_are_not_suspected(header: str, numbers: list[int]) -> None:
    assert not profile(pl.DataFrame({header: numbers})).column(header)["lost_zero_rate"]


def test_parts_of_fips_codes_are_codes() -> None:
    states, counties = [1, 22, 6, 36, 48, 12] * 10, [51, 79, 1, 33, 201, 113] * 10
    tracts = [30902, 11700, 200, 123456, 980100, 123400] * 10
    frame = pl.DataFrame({"state_fp": states, "countyFP": counties, "tract_ce": tracts})
    found = profile(frame).columns.select("lost_zero_rate", "code_width", "semantic").rows()
    assert found == [(2 / 6, 2, "code"), (4 / 6, 3, "code"), (3 / 6, 6, "code")]


def test_a_moment_split_over_columns_is_told_and_may_be_joined() -> None:
    frame = pl.DataFrame(
        {
            "start_year": ["2010"] * 60,
            "start_month": ["Jan", "Feb", "Mar"] * 20,
            "start_day": [str(i % 28 + 1) for i in range(60)],
            "start_hour": [f"{i % 24:02}" for i in range(60)],
            "year_built": [1990] * 60,
            "x": range(60),
        }
    )
    found = profile(frame)
    assert found.tables["time_parts"].item().to_list() == ["start_year", "start_month", "start_day", "start_hour"]
    plan = api.plan(frame)
    step = next(a for a in plan.actions if a.rule == "time.split")
    assert step.status == "ask" and step.evidence["readable"] == 1.0
    done = api.clean(frame, plan=_answered(plan, step)).frame
    assert done["start_year__moment"].dtype == pl.Datetime("us")
    assert done["start_year__moment"][1] == datetime(2010, 2, 2, 1)


def _answered(plan: Plan, step: Action) -> Plan:
    """The plan with one of its open questions answered by yes."""
    return replace(plan, actions=tuple(replace(a, status="apply") if a is step else a for a in plan.actions))


@pytest.mark.parametrize("name", ["days", "n_days"])
def test_columns_that_only_sound_like_parts_are_none(name: str) -> None:
    frame = pl.DataFrame({"year": [2010, 2011] * 20, "month": [1, 2] * 20, name: list(range(40))})
    assert profile(frame).tables["time_parts"].item() is None


def test_years_and_numbers_that_share_a_cell_with_words_are_told() -> None:
    titles = [f"Film {i} ({1950 + i % 60})" for i in range(40)]
    spans = [f"Series {i} ({1990 + i % 20}-{2010 + i % 9})" for i in range(40)]
    firms = [f"Firm {i}\n{i % 5}.{i % 10}" for i in range(40)]
    towns = [f"Bath {i} (Somerset)" for i in range(40)]
    found = profile(pl.DataFrame({"title": titles, "span": spans, "firm": firms, "town": towns}))
    assert found.columns["year_inside_rate"].to_list() == [1.0, 1.0, 0.0, 0.0]
    assert found.columns["text_and_number_rate"].to_list() == [0.0, 0.0, 1.0, 0.0]
    told = {(f.columns[0], f.rule) for f in api.find(found) if f.columns}
    assert {("title", "text.year_inside"), ("span", "text.year_inside"), ("firm", "text.number_below")} <= told
    assert ("title", "text.two_names") not in told and ("town", "text.two_names") in told


def test_a_header_that_code_cannot_hold_comes_with_one_that_it_can() -> None:
    found = profile(pl.DataFrame({"domgross_2013$": [1, 2], "period code": [3, 4], "ok": [5, 6]}))
    assert found.columns["header_tidy"].to_list() == ["domgross_2013_dollars", "period_code", None]
    said = [f.message for f in api.find(found) if f.rule == "column.header_odd"]
    assert len(said) == 1 and "'domgross_2013_dollars' would do" in said[0]


def test_rare_classes_are_named() -> None:
    labels = ["fine"] * 500 + ["hurt"] * 300 + ["dead"] * 6
    frame = pl.DataFrame({"x": range(806), "y": labels})
    found = profile(frame, target="y")
    assert found.tables["target_rare_classes"].item().to_list() == ["dead"]
    said = next(f for f in api.find(found) if f.rule == "target.imbalance")
    assert "'dead'" in said.message and said.samples == ("dead",)


def test_labels_that_differ_by_an_ending_dot_are_called_spellings() -> None:
    before = profile(pl.DataFrame({"income": ["<=50K", ">50K", "<=50K"] * 100}))
    after = profile(pl.DataFrame({"income": ["<=50K.", ">50K.", "<=50K."] * 100}))
    said = [d["sentence"] for d in before.compare(after).drifts.to_dicts() if d["kind"] == "new_values"]
    assert "'<=50K.' for '<=50K'" in said[0] and "'>50K.' for '>50K'" in said[0]


def test_a_streamed_profile_counts_repeated_rows_and_proves_keys() -> None:
    frame = pl.DataFrame({"id": [f"a{i}" for i in range(900)], "shop": [i % 7 for i in range(900)]})
    keyed = streamed(frame.lazy(), batch_rows=100)
    assert keyed.keys.select("columns", "primary").rows() == [("id", True)]
    assert keyed.tables["duplicate_rows"].item() == 0 and keyed.column("id")["is_unique"]
    twice = streamed(pl.concat([frame, frame.head(250)]).lazy(), batch_rows=100)
    assert twice.keys.is_empty() and twice.tables["duplicate_rows"].item() == 250
    assert not twice.column("id")["is_unique"]


def test_a_heavy_file_is_profiled_in_parts_and_a_frame_in_memory_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame({"id": range(3000), "text": ["some words " * 20] * 3000})
    frame.write_csv(tmp_path / "a.csv")
    module = sys.modules["autoprep.profiling.streaming"]
    monkeypatch.setattr(module, "HEAVY_BYTES", 100_000)
    assert module.size(api.read(tmp_path / "a.csv").frame).is_long
    assert not module.size(frame.lazy()).is_long
    heard: list[str] = []
    made = api.plan(tmp_path / "a.csv", listener=lambda event: heard.append(event.message))
    assert made.source["rows"] == 3000
    assert any("some at a time" in message for message in heard)
