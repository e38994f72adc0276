"""What was meant stays: codes, phone numbers, ranges, rare levels, names of towns, accents; doubts are asked about."""

from __future__ import annotations

import random

import polars as pl
import pytest

from autoprep.cleaning import apply, plan


def _cleaned(**columns: list[str | None]) -> tuple[pl.DataFrame, dict[str, str]]:
    raw = pl.DataFrame(columns)
    made = plan(raw)
    asked = {a.rule: a.status for a in made.actions if a.status in ("apply", "ask")}
    return apply(raw, made).frame, asked


DRAW = random.Random(3)
KEPT: dict[str, list[str]] = {
    "ward": [f"{DRAW.randint(1, 18):02d} NORTH" for _ in range(60)],
    "phone": [f"+26097{DRAW.randint(1_000_000, 9_999_999)}" for _ in range(60)],
    "district": ["TX", "OH", "NY", "FL", "NC", "TX-7", "OH-12", "NH"] * 8,
    "town": [f"{a}{b}".title() for a in ("ne", "mo", "tu", "ra") for b in ("ra", "to", "sa", "vi", "lo", "ne")]
    + ["None"],
    "edition": ["primera edicio\u0301n", "segunda edicion", "tercera edicion", "Neue Ausgabe"] * 12,
}


@pytest.mark.parametrize("name", KEPT)
def test_cells_stay_as_they_are(name: str) -> None:
    frame, _ = _cleaned(**{name: KEPT[name], "key": [f"k{i}" for i in range(len(KEPT[name]))]})  # type: ignore[arg-type]
    assert frame[name].to_list() == KEPT[name]


def test_ranges_among_whole_numbers_are_no_junk() -> None:
    cells = [*[str(DRAW.randint(1, 90)) for _ in range(80)], *["2-10"] * 12, *["Over 100"] * 4]
    frame, _ = _cleaned(x=cells)
    assert frame["x"].to_list() == cells
    assert frame["x__low"].null_count() == 0
    assert frame["x__high"].null_count() == 4


@pytest.mark.parametrize(
    ("header", "cells", "rule"),
    [
        ("duration", ["4:22", "3:15", "12:05", "2:40", "5:01", "3:33"], "time.clock_or_length"),
        ("track", [f"{m}:{s:02d}" for m in range(2, 7) for s in range(0, 60, 9)], "time.clock_or_length"),
        ("founded", [f"5/{d}/{d * 7 % 100:02d}" for d in range(1, 29)], "time.ambiguous_century"),
    ],
)
def test_what_may_be_read_in_two_ways_is_asked(header: str, cells: list[str], rule: str) -> None:
    frame, asked = _cleaned(**{header: cells, "key": [f"k{i}" for i in range(len(cells))]})  # type: ignore[arg-type]
    assert asked[rule] == "ask"
    assert frame[header].to_list() == cells


def test_clocks_are_clocks() -> None:
    frame, _ = _cleaned(opens=[f"{h:02d}:{m:02d}" for h in range(6, 22) for m in (0, 15, 30)])
    assert frame["opens"].dtype == pl.Time()


def test_counts_of_none_and_one_stay_numbers() -> None:
    frame, _ = _cleaned(num_accounts=["0", "1", "0"] * 20, smoker=["0", "1", "1"] * 20)
    assert (frame["num_accounts"].dtype, frame["smoker"].dtype) == (pl.Int64(), pl.Boolean())


def test_rare_levels_are_no_slips_for_the_usual_one() -> None:
    rows = [(DRAW.choice("abcdef"), DRAW.choice(["SE", "MI", "EN"]), "FT") for _ in range(600)]
    for i, level in enumerate(["PT"] * 9 + ["CT"] * 5 + ["FL"] * 4):
        rows[i * 31] = (*rows[i * 31][:2], level)
    job, grade, kind = map(list, zip(*rows, strict=True))
    frame, _ = _cleaned(job=[f"job {j}" for j in job], grade=grade, kind=kind)
    assert frame["kind"].to_list() == kind


def test_what_the_row_says_twice_is_no_slip() -> None:
    places = [("Norfolk", "Virginia"), ("Omaha", "Nebraska"), ("Boise", "Idaho"), ("Provo", "Utah")]
    rows = [places[i % 4] for i in range(240)]
    rows[17] = rows[44] = ("Norfolk", "Nebraska")
    frame, _ = _cleaned(place=[f"{c}, {s}" for c, s in rows], city=[c for c, _ in rows], state=[s for _, s in rows])
    assert frame["place"].to_list() == [f"{c}, {s}" for c, s in rows]
    assert frame["state"].to_list() == [s for _, s in rows]


def test_the_headers_unit_in_a_few_cells_is_read_and_another_is_not() -> None:
    cells = [*[str(DRAW.randint(1, 12)) for _ in range(60)], "7 yrs", "6 yrs", "5 yrs"]
    frame, _ = _cleaned(
        min_years=cells, height_cm=[*[str(DRAW.randint(150, 190)) for _ in range(60)], "5 ft", "6 ft", "5 ft"]
    )
    assert frame["min_years"].to_list()[-3:] == [7.0, 6.0, 5.0]
    assert frame["height_cm"].to_list()[-3:] == [None, None, None]


def test_points_before_three_digits_are_asked_about_where_no_number_is_longer() -> None:
    cells = [f"{DRAW.randint(1, 900)}.{DRAW.randint(0, 999):03d}" for _ in range(60)] + [
        str(n) for n in range(87, 900, 99)
    ]
    made = plan(pl.DataFrame({"population": cells}))
    (step,) = (a for a in made.actions if a.rule == "number.ambiguous_decimal")
    assert (step.status, step.parameters["decimal"], step.parameters["thousands"]) == ("ask", ",", ".")
    fractions = [f"{DRAW.uniform(1, 99):.3f}" for _ in range(60)] + ["0"] * 6
    proof = [f"{DRAW.uniform(1, 99):.4f}" for _ in fractions]
    frame, _ = _cleaned(x=fractions, y=proof)
    assert frame["x"].to_list() == [float(c) for c in fractions]


LEFT = {
    "member_code": [f"CA{n}" for n in range(2_001, 2_040)],
    "wing": [f"C.{n}" for n in range(40)],
    "opens_at": [f"{h}:{m:02d}" for h in range(6, 10) for m in (0, 15, 30, 45)] * 3,
}


@pytest.mark.parametrize("name", ["member_code", "wing"])
def test_codes_are_no_numbers_with_a_remark(name: str) -> None:
    frame, _ = _cleaned(**{name: LEFT[name]})  # type: ignore[arg-type]
    assert frame[name].to_list() == LEFT[name]


def test_opening_times_before_ten_are_times() -> None:
    frame, _ = _cleaned(opens_at=LEFT["opens_at"])
    assert frame["opens_at"].dtype == pl.Time()


@pytest.mark.parametrize("name", ["account", "has_discount", "total_loss", "number_verified"])
def test_flags_that_sound_like_counts_are_flags(name: str) -> None:
    frame, _ = _cleaned(**{name: ["0", "1", "0"] * 20})  # type: ignore[arg-type]
    assert frame[name].dtype == pl.Boolean()


def test_amounts_about_telephones_and_signed_numbers_are_numbers() -> None:
    revenue = [str(DRAW.randint(10**7, 10**8)) for _ in range(60)]
    delta = [f"{DRAW.choice('+-')}{DRAW.randint(10**8, 10**9)}" for _ in range(60)]
    frame, _ = _cleaned(mobile_revenue=revenue, delta=delta, hotel=[str(DRAW.randint(10**7, 10**8)) for _ in range(60)])
    assert set(frame.dtypes) == {pl.Int64()}
