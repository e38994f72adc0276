"""Numbers with a mark or a remark behind them are read, unless the remark makes another number of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.api.data import find
from autoprep.cleaning import apply
from autoprep.parsing import number
from autoprep.reading import read
from autoprep.types import Plan


def _plan(cells: list[str]) -> Plan:
    return ap.plan(read(pl.DataFrame({"sum": cells, "name": [f"Person {n % 7}" for n in range(len(cells))]})))


@pytest.mark.parametrize(
    ("usual", "remark"),
    [
        ("{}", "{} (about)"),
        ("${}.25", "${}.25 (for backers)"),
        ("{}.5", "{}.5[3]"),
        ("{}", "{}[note 2]"),
        ("€ {}", "€ {}*"),
        ("{}.25", "~{}.25"),
        ("{}%", "{}% (est.)"),
        ("{}%", "{}%[2]"),
    ],
)
def test_the_number_of_a_noted_cell_is_read(usual: str, remark: str) -> None:
    numbers = np.random.default_rng(0).integers(100, 900, 200).tolist()
    cells = [(remark if i % 25 == 0 else usual).format(n) for i, n in enumerate(numbers)]
    cleaned = apply(read(pl.DataFrame({"sum": cells, "name": ["a", "b"] * 100})), _plan(cells))
    assert cleaned.frame["sum"].dtype.is_numeric()
    assert cleaned.frame["sum"].cast(pl.Int64).to_list() == numbers
    assert not cleaned.quarantine.height


@pytest.mark.parametrize("cell", ["5 (million)", "12 (pounds)", "7 (loss)", "45 (per month)", "3 (dozen)", "4 (USD)"])
def test_a_remark_that_changes_the_number_is_not_cut_off(cell: str) -> None:
    assert pl.select(number.parse(pl.lit(cell), number.NumberFormat(notes=True))).item() is None


def test_amounts_among_words_are_no_identifier() -> None:
    cells = [f"${n}.{n % 100:02d}" + (" if paid at the desk" if n % 7 == 0 else "") for n in range(100, 700)]
    assert ap.profile(pl.DataFrame({"fare": cells})).columns["semantic"].to_list() != ["identifier"]


def test_amounts_are_read_beside_a_word_that_most_rows_hold() -> None:
    rng = np.random.default_rng(1)
    cells = [f"${int(v):,}" if rng.random() < 0.25 else "Undisclosed amount" for v in rng.gamma(2, 4e6, 400)]
    cleaned = ap.clean(pl.DataFrame({"raised": cells, "x": rng.normal(size=400)}))
    assert cleaned.frame["raised"].to_list() == [
        None if c.startswith("U") else float(c[1:].replace(",", "")) for c in cells
    ]


@pytest.mark.parametrize(("clock", "hour"), [(None, 18), ("local", 0)])
def test_an_offset_is_said_and_the_clock_can_be_chosen(clock: str | None, hour: int) -> None:
    frame = pl.DataFrame({"at": [f"2024-03-{1 + i % 28:02d}T00:{i % 60:02d}:00+05:30" for i in range(120)]})
    assert "time.offset" in {f.rule for f in find(ap.profile(frame))}
    plan = ap.plan(frame)
    step = next(a for a in plan.actions if a.verb == "parse_datetime")
    if clock is not None:
        chosen = replace(step, parameters={**step.parameters, "clock": clock})
        plan = replace(plan, actions=tuple(chosen if a is step else a for a in plan.actions))
    cleaned = ap.clean(frame, plan=plan)
    assert cleaned.frame["at"].dt.hour().to_list()[:30] == [hour] * 30
