"""Columns of intervals, as they come from cutting a number into classes, have a lower and an upper end."""

from __future__ import annotations

import polars as pl
import pytest

import autoprep as ap

Ends = list[tuple[float | None, float | None]]


@pytest.mark.parametrize(
    ("levels", "ends"),
    [
        (["(0, 5]", "(5, 10]", "(100, 200]"], [(0.0, 5.0), (5.0, 10.0), (100.0, 200.0)]),
        (["[0.5-1.5)", "[1.5-2.5)", "[2.5-3.5)"], [(0.5, 1.5), (1.5, 2.5), (2.5, 3.5)]),
        (["(-0.001, 10.0]", "(10.0, 25.5]", "(25.5, 80.3]"], [(-0.001, 10.0), (10.0, 25.5), (25.5, 80.3)]),
        (["(-inf, 5.0]", "(5.0, 10.0]", "(10.0, inf]"], [(None, 5.0), (5.0, 10.0), (10.0, None)]),
        (["[0,10]", "(10,20]", "(20,30]"], [(0.0, 10.0), (10.0, 20.0), (20.0, 30.0)]),
        (["]5;10]", "]10;15]", "]15;25]"], [(5.0, 10.0), (10.0, 15.0), (15.0, 25.0)]),
    ],
)
def test_intervals_are_ranges(levels: list[str], ends: Ends) -> None:
    cells = [levels[i * i % 7 % len(levels)] for i in range(90)]
    frame = ap.clean(pl.DataFrame({"class": cells, "n": [str(i * 17 % 23) for i in range(90)]})).frame
    known = dict(zip(levels, ends, strict=True))
    assert frame["class"].to_list() == cells
    assert list(zip(frame["class__low"], frame["class__high"], strict=True)) == [known[c] for c in cells]


@pytest.mark.parametrize(
    "levels", [["(1, 10)", "(5, 20)", "(2, 30)"], ["[1, 10]", "[5, 20]", "[2, 30]"], ["(1,200)", "(3,400)", "(5,100)"]]
)
def test_pairs_lists_and_negatives_are_none(levels: list[str]) -> None:
    cells = [levels[i * i % 7 % len(levels)] for i in range(90)]
    frame = ap.clean(pl.DataFrame({"class": cells, "n": [str(i * 17 % 23) for i in range(90)]})).frame
    assert "class__low" not in frame.columns
