"""Units in capitals are units; only letters that differ from cell to cell behind four digits make postal codes."""

from __future__ import annotations

import polars as pl
import pytest

import autoprep as ap

SIZES = [900 + 37 * i % 1700 + 200 for i in range(80)]


def _semantic(cells: list[str]) -> object:
    return ap.profile(pl.DataFrame({"x": cells})).columns.filter(pl.col("column") == "x")["semantic"].item()


@pytest.mark.parametrize("unit", ["CC", "BHP", "KG", "KM", "ML", "HP"])
@pytest.mark.parametrize("space", ["", " "])
def test_units_in_capitals_are_read(unit: str, space: str) -> None:
    cells = [f"{size}{space}{unit}" for size in SIZES]
    assert ap.clean({"x": cells}).frame["x"].to_list() == SIZES


def test_letters_that_differ_make_postal_codes() -> None:
    letters = [a + b for a in "ABDEHKL" for b in "BCGMNXZ"]
    cells = [f"{size} {letters[i * 5 % len(letters)]}" for i, size in enumerate(SIZES)]
    assert _semantic(cells) == "postal_code"
    assert _semantic([f"{size} XB" for size in SIZES]) != "postal_code"
