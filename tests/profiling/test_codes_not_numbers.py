"""Codes that look like scientific notation or like ranges stay text."""

from __future__ import annotations

import pytest

import autoprep as ap

STEPS = range(90)
Cells = list[str]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("hexid", [f"{10 + i}E{i * 7 % 3}" for i in STEPS]),
        ("x", [f"{10 + i}E{1 + i * 7 % 9}" for i in STEPS]),
        ("plate", [f"AB{10 + i} XYZ" for i in STEPS]),
        ("plate", [f"AB {10 + i} XYZ" for i in STEPS]),
        ("x", [f"{10 + i}A{200 + i}" for i in STEPS]),
    ],
)
def test_codes_stay_text(name: str, cells: Cells) -> None:
    frame = ap.clean({name: cells, "n": [str(i * 17 % 23) for i in STEPS]}).frame
    assert frame.columns == [name, "n"]
    assert frame[name].to_list() == cells


@pytest.mark.parametrize(
    "cells",
    [
        [f"{1 + i % 9}.{i}E{i % 5}" for i in STEPS],
        [f"{1 + i % 9}e{i % 5}" for i in STEPS],
        [f"{10 + i}e3" for i in STEPS],
    ],
)
def test_numbers_with_exponents_are_read(cells: Cells) -> None:
    assert ap.clean({"x": cells}).frame["x"].to_list() == [float(c) for c in cells]


@pytest.mark.parametrize(("form", "low", "high"), [("ab {}", True, False), ("from {} to 500", True, True)])
def test_words_of_ranges_are_read(form: str, low: bool, high: bool) -> None:
    frame = ap.clean({"x": [form.format(10 + i) for i in STEPS]}).frame
    assert frame["x__low"].to_list() == [10.0 + i if low else None for i in STEPS]
    assert frame["x__high"].to_list() == [500.0 if high else None for i in STEPS]
