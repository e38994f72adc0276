"""Lengths of time in several parts or units are numbers of one unit; what only looks like them is left."""

from __future__ import annotations

import pytest

import autoprep as ap

Cells = list[str]
STEPS = range(60)
HOURS = [f"{1 + i % 3}h {7 * i % 60}m" for i in STEPS]
KINDS: list[tuple[Cells, str, list[float]]] = [
    (HOURS, "min", [60 * (1 + i % 3) + 7 * i % 60 for i in STEPS]),
    ([f"{50 + i} min" if i % 2 else "1 hour" for i in STEPS], "min", [50 + i if i % 2 else 60 for i in STEPS]),
    ([f"{i} hrs 5 mins" if i % 2 else f"{i} sec" for i in STEPS], "s", [3600 * i + 300 if i % 2 else i for i in STEPS]),
    ([f"{i // 12}y {i % 12}m" for i in STEPS], "mo", list(STEPS)),
    ([f"{i} years, 2 mos" if i % 3 else f"{i} mos" for i in STEPS], "mo", [12 * i + 2 if i % 3 else i for i in STEPS]),
    ([f"{i}d {i % 24}h" for i in STEPS], "h", [24 * i + i % 24 for i in STEPS]),
    ([f"{20 + i}:02:03" for i in STEPS], "s", [3600 * (20 + i) + 123 for i in STEPS]),
    ([f"PT{1 + i}H30M" for i in STEPS], "min", [60 * (1 + i) + 30 for i in STEPS]),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "unit", "told"), KINDS)
def test_lengths_are_numbers_of_one_unit(cells: Cells, unit: str, told: list[float]) -> None:
    plan = ap.plan({"took": cells})
    (step,) = (a for a in plan.actions if a.verb == "parse_duration")
    assert (step.rule, step.gate, step.parameters["unit"]) == ("time.duration", "auto", unit)
    assert f": {unit} (" in step.why
    assert ap.clean({"took": cells}).frame["took"].to_list() == told


def test_other_words_among_them_are_asked_about() -> None:
    cells = [*HOURS, "soon", "later", "when done"]
    (step,) = (a for a in ap.plan({"took": cells}).actions if a.verb == "parse_duration")
    assert (step.rule, step.gate, step.evidence["default"]) == ("time.duration_partly", "review", "apply")


@pytest.mark.parametrize("form", ["{}m", "{} min", "{} s", "{} days"])
def test_one_unit_is_a_quantity_like_others(form: str) -> None:
    assert ap.clean({"x": [form.format(20 + i) for i in STEPS]}).frame["x"].to_list() == [20 + i for i in STEPS]


def test_a_number_with_one_capital_behind_is_a_code() -> None:
    cells = [f"{1 + i % 30}{'DHS'[i % 3]}" for i in STEPS]
    assert ap.clean({"seat": cells}).frame["seat"].to_list() == cells
    assert ap.clean({"film": ["2D", "3D"] * 40}).frame["film"].to_list() == ["2D", "3D"] * 40
