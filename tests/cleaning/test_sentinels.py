"""Placeholders for "not measured" become null in whatever kind of column they stand, and only there."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import autoprep as ap

ROWS = 400
MONEY = np.exp(np.random.default_rng(5).normal(9, 1, ROWS))


def with_gaps(cells: list[str], gap: str) -> pl.DataFrame:
    """Every twentieth cell is a gap."""
    return pl.DataFrame({"x": [gap if i % 20 == 0 else cell for i, cell in enumerate(cells)], "n": range(ROWS)})


@pytest.mark.parametrize(
    ("write", "gap"),
    [
        ("{:.1f}", "-999"),
        ("{:.1f} kg", "-999"),
        ("${:,.2f}", "-999"),
        ("${:,.2f}", "-$999.00"),
        ("{:.2f} EUR", "-9999"),
        ("USD {:.0f}", "-999"),
    ],
)
def test_a_placeholder_among_numbers_is_null(write: str, gap: str) -> None:
    cleaned = ap.clean(with_gaps([write.format(v) for v in MONEY], gap))
    assert cleaned.frame["x"].null_count() == ROWS // 20
    assert cleaned.frame["x"].min() > 0
    assert not cleaned.quarantine.height


def test_a_placeholder_among_words_is_null() -> None:
    sizes = with_gaps(np.random.default_rng(0).choice(list("SML"), ROWS).tolist(), "-999")
    assert ap.clean(sizes).frame["x"].unique().sort().to_list() == [None, "L", "M", "S"]


def test_the_label_of_a_class_is_none() -> None:
    labels = with_gaps(np.random.default_rng(0).choice(["a", "b"], ROWS).tolist(), "-1")
    assert ap.clean(labels, target="x").frame["x"].n_unique() == 3


def test_losses_among_amounts_stay() -> None:
    cells = [f"${v - 9000:,.2f}" for v in MONEY]
    assert ap.clean(with_gaps(cells, "-$999.00")).frame["x"].null_count() == 0
