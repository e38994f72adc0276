"""Repairs that may be wrong are asked about: they never write unasked."""

from __future__ import annotations

import polars as pl
import pytest

import autoprep as ap
from autoprep.cleaning.families import majority
from autoprep.cleaning.families.base import LEARNERS, State
from autoprep.cleaning.families.near import akin


def _repairs(frame: pl.DataFrame, rule: str) -> dict[str, dict[str, str]]:
    """Gate -> the map that a rule proposes at it."""
    made: dict[str, dict[str, str]] = {}
    for action in ap.plan(frame).actions:
        if action.rule == rule and action.status != "skip":
            made.setdefault(action.gate, {}).update(action.parameters.get("mapping", {}))
    return made


def _column(**cells: int) -> pl.DataFrame:
    values = [value.replace("_", " ") for value, n in cells.items() for _ in range(n)]
    return pl.DataFrame({"v": values, "n": [(i * 7919) % 1013 / 8 for i in range(len(values))]})


@pytest.mark.parametrize(
    "cells",
    [
        {"Austria": 40, "Australia": 2, "Niger": 1, "Nigeria": 50, "Mali": 30, "Malawi": 20, "Gambia": 20, "Zambia": 1},
        {"North Carolina": 30, "South Carolina": 1, "Virginia": 40, "Ohio": 50, "Arkansas": 1, "Kansas": 30},
        {"January": 30, "June": 40, "July": 1, "March": 20, "May": 30},
        {"Iranian": 1, "Iraqi": 30, "Slovene": 1, "Slovenian": 20, "Slovak": 30, "Greek": 50},
    ],
)
def test_words_of_a_known_kind_are_no_slips_of_each_other(cells: dict[str, int]) -> None:
    assert not _repairs(_column(**cells), "category.typos")


@pytest.mark.parametrize(
    "cells",
    [
        {"Dancer": 60, "Lancer": 1, "Miller": 50, "Millet": 1, "Potter": 40, "Butcher": 30},
        {"Walking": 60, "Talking": 2, "Running": 40, "Sitting": 40, "Rowing": 30},
        {"Marinade": 40, "Serenade": 1, "Pepper": 30, "Mustard": 30},
    ],
)
def test_a_letter_replaced_among_few_rare_values_may_make_another_word(cells: dict[str, int]) -> None:
    assert "auto" not in _repairs(_column(**cells), "category.typos")


def test_a_plain_slip_is_mended_unasked_even_where_it_is_the_only_one() -> None:
    cells = {"Northampton": 40, "Northmapton": 1, "Gloucester": 30, "Leicester": 30}
    assert _repairs(_column(**cells), "category.typos") == {"auto": {"Northmapton": "Northampton"}}


@pytest.mark.parametrize(("right", "gate"), [(1, "review"), (20, "review"), (200, None)])
def test_a_vote_tried_with_few_cells_is_asked_about(monkeypatch: pytest.MonkeyPatch, right: int, gate: str) -> None:
    rows = [(f"k{i}", town) for i, town in enumerate(["Arlon", "Brivet", "Corsay", "Dunmore"]) for _ in range(12)]
    rows[0] = ("k0", "Arlxn")
    frame = pl.DataFrame(rows, schema=["key", "town"], orient="row")
    monkeypatch.setattr(majority, "_probe", lambda *_: (right, right))
    state = State(frame, {}, probe={"precision": 0.95, "cells": 200})
    made = [p for p in LEARNERS["vote"](state, {}, {}) if not p.declined]
    assert made and {p.gate for p in made} == {gate} and all((p.confidence < 0.9) == bool(gate) for p in made)


def test_another_figure_is_no_slip() -> None:
    assert not akin("67 kg", "69 kg") and not akin("B-5N", "B-2N")
    assert akin("6x kg", "69 kg") and akin("35105", "35150")


def test_a_short_word_that_reads_backwards_is_asked_about() -> None:
    assert _repairs(_column(nip=90, tar=60, gum=40, den=30, pin=2), "text.backwards") == {"review": {"pin": "nip"}}
    names = ["Amber", "Bruno", "Cleo", "Dixie", "Emil", "Frida", "Gus", "Hazel", "Ivo", "Juno", "Kira", "Leo", "Max"]
    odd = dict.fromkeys([*names, "Nala", "Otto", "Penny", "Quinn", "Rufus", "Sam", "Tilda", "Uma"], 12) | {"dJ'mayK": 1}
    assert "auto" not in _repairs(_column(**odd), "text.backwards")


def test_a_long_word_or_several_that_read_backwards_are_turned_unasked() -> None:
    long = {"Harbour": 60, "Meadow": 50, "Valley": 40, "ruobraH": 1}
    assert _repairs(_column(**long), "text.backwards") == {"auto": {"ruobraH": "Harbour"}}
    short = {"Lake": 60, "Hill": 50, "Pond": 40, "Moor": 30, "ekaL": 1, "lliH": 1, "dnoP": 1, "rooM": 1}
    assert len(_repairs(_column(**short), "text.backwards")["auto"]) == 4


def test_of_several_casings_the_regular_or_most_frequent_one_is_kept() -> None:
    cells = {"BRown": 3, "Brown": 2, "Green": 30, "Amber": 20, "CJ": 4, "Cj": 3, "Otter": 9, "OTter": 12}
    found = _repairs(_column(**cells), "category.variants")
    assert found == {"auto": {"BRown": "Brown", "Cj": "CJ", "OTter": "Otter"}}


def _emptied(frame: pl.DataFrame, column: str) -> set[str]:
    """Gates of the rules that take words of a column for nothing."""
    rules = ("missing.disguised_null", "missing.none_level")
    return {a.gate for a in ap.plan(frame).actions if a.rule in rules and a.columns == (column,)}


def test_a_word_for_nothing_that_may_be_a_title_or_a_name_is_asked_about() -> None:
    titles = [f"{a} {b}" for a in ("Lost", "Silent", "Golden", "Broken") for b in ("River", "Night", "Garden", "City")]
    films = pl.DataFrame({"title": [*titles, *(f"The {t}" for t in titles), "Missing"]})
    assert _emptied(films, "title") == {"review"}
    people = pl.DataFrame({"first_name": ["ada", "nan", "joe", "eve", "tom"] * 40})
    assert _emptied(people, "first_name") == {"review"}


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("first_name", ["Ada", "nan", "Joe", "Eve", "Tom"] * 40),
        ("first_name", ["ada", "joe", "eve", "tom"] * 10 + ["nan"] * 60),
        ("title", [f"Night {chr(65 + i % 26)}{chr(97 + i // 26)}" for i in range(60)] + ["missing", "N/A", "NaN"]),
        ("colour", ["red", "nan", "blue", "green"] * 40),
    ],
)
def test_other_words_for_nothing_become_null_unasked(column: str, values: list[str]) -> None:
    assert _emptied(pl.DataFrame({column: values}), column) == {"auto"}
