"""Misspellings are told from rare values that are meant."""

import pytest

from autoprep.profiling import slips, variants

SLIPS = {"birmxngham": "birmingham", "hospitaxs": "hospitals"}


@pytest.mark.parametrize(
    ("rare", "frequent"),
    [("ISLAND", "INLAND"), ("Zambia", "Gambia"), ("Iran", "Iraq"), ("Cortland", "Portland"), ("Jan-17", "Jun-17")],
)
def test_a_rare_value_one_letter_from_a_frequent_one_is_no_slip(rare, frequent):
    values = {frequent: 900, "North Bay": 400, "Ocean": 300, rare: 2}
    assert variants.find(values)["typos"] == {}


@pytest.mark.parametrize(("slip", "meant"), SLIPS.items())
def test_a_pair_of_letters_that_no_word_has_gives_a_slip_away(slip, meant):
    rows = [
        (meant, meant, 50.0),
        *((w, w, 1.0) for w in ("dover", "salem", "fenton", "benton", "clare")),
        (slip, slip, 1.0),
    ]
    assert slips.find(rows) == {slip: meant}


def test_names_in_a_crowded_column_are_left_alone():
    names = ["marion", "martin", "marlin", "carlin", "carson", "larson", "lawson", "dawson"]
    rows = [(n, n, 80.0) for n in names] + [("marvin", "marvin", 1.0), ("parson", "parson", 2.0)]
    assert slips.find(rows) == {}


def test_a_value_that_repeats_is_meant():
    rows = [("boston", "Boston", 900.0), ("bostn", "Bostn", 4.0)]
    assert slips.find(rows) == {}


def test_a_lost_letter_in_a_closed_vocabulary_is_a_slip():
    found = variants.find({"Boston": 90, "Paris": 50, "Bostn": 1})
    assert found["typos"] == {"Bostn": "Boston"}
    assert found["typo"] == 1.0


@pytest.mark.parametrize(("a", "b"), [("group a", "group b"), ("item 1", "item 2"), ("cats", "cat"), ("june", "july")])
def test_labels_and_plurals_are_not_one_edit_apart(a, b):
    assert not slips.one_edit(a, b)
