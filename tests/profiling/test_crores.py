"""Cr behind a number: crores or credit where the column shows it, asked about where nothing decides."""

from __future__ import annotations

import pytest

import autoprep as ap

SMALL = [f"{n / 16:.2f}" for n in range(17, 217, 4)]
Cells = list[str]


def _read(name: str, cells: Cells) -> list[object]:
    return list(ap.clean({name: cells}).frame[name])


@pytest.mark.parametrize(
    ("name", "form"),
    [("price", "{} Cr"), ("asked", "₹{} Cr"), ("asked", "Rs. {} cr."), ("asked", "Rs {} CR"), ("asked", "{} Crore")],
)
def test_crores_are_ten_millions(name: str, form: str) -> None:
    read = _read(name, [form.format(number) for number in SMALL])
    assert read == [pytest.approx(float(number) * 1e7) for number in SMALL]


@pytest.mark.parametrize("lakh", ["Lakh", "lac", "Lacs", "LAKHS"])
def test_crores_stand_beside_lakhs(lakh: str) -> None:
    cells = [f"{n} {'Cr' if i % 3 else lakh}" for i, n in enumerate(SMALL)]
    read = _read("x", cells)
    assert read == [pytest.approx(float(n) * (1e7 if i % 3 else 1e5)) for i, n in enumerate(SMALL)]


def test_credits_stand_beside_debits_or_under_a_header_of_accounts() -> None:
    beside = _read("x", [f"{n} {'Cr' if i % 3 else 'Dr'}" for i, n in enumerate(SMALL)])
    assert beside == [float(n) * (-1 if i % 3 else 1) for i, n in enumerate(SMALL)]
    balance = _read("Closing balance", [f"{n} CR" if i % 3 else n for i, n in enumerate(SMALL)])
    assert balance == [float(n) * (-1 if i % 3 else 1) for i, n in enumerate(SMALL)]


@pytest.mark.parametrize("cells", [[f"{n} Cr" for n in SMALL], [f"{n} Cr" for n in range(100, 150)]])
def test_what_nothing_decides_is_asked_about(cells: Cells) -> None:
    (step,) = (a for a in ap.plan({"x": cells}).actions if a.columns == ("x",))
    assert (step.rule, step.gate, step.status) == ("number.ambiguous_crore", "review", "ask")
    assert _read("x", cells) == cells
