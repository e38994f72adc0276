"""A third word beside yes and no is an answer where it recurs, and a slip where it does not."""

from __future__ import annotations

import polars as pl
import pytest

import autoprep as ap


def _asked(third: str, times: int) -> pl.DataFrame:
    cells = [*["Yes"] * 180, *["No"] * 170, *[third] * times]
    return pl.DataFrame({"agreed": cells, "n": [str(i * 17 % 23) for i in range(len(cells))]})


@pytest.mark.parametrize(
    ("third", "semantic"), [("Partial", "ordinal"), ("Partly", "ordinal"), ("Elsewhere", "category")]
)
def test_a_word_that_recurs_is_a_level(third: str, semantic: str) -> None:
    frame = _asked(third, 30)
    profile = ap.profile(frame)
    assert profile.columns.filter(pl.col("column") == "agreed")["semantic"].item() == semantic
    assert ap.clean(frame).frame["agreed"].to_list() == frame["agreed"].to_list()


@pytest.mark.parametrize(("third", "times"), [("Partial", 3), ("unknown", 30), ("yess", 2)])
def test_slips_and_words_for_nothing_are_none(third: str, times: int) -> None:
    read = ap.clean(_asked(third, times)).frame["agreed"]
    assert read.dtype == pl.Boolean
    assert read.to_list() == [True] * 180 + [False] * 170 + [None] * times
