"""Answers of surveys: numbers in words, levels that look like gaps, labels of rows."""

from __future__ import annotations

import polars as pl

from autoprep.cleaning import apply, plan
from autoprep.cleaning.evidence import status_words


def _by_rule(frame: pl.DataFrame, column: str) -> dict[str, str]:
    return {a.rule: a.status for a in plan(frame).actions if column in a.columns}


def test_numbers_in_words_are_asked_about_and_none_is_nought() -> None:
    frame = pl.DataFrame({"children": ["None", "One", "Two", "Three"] * 30, "n": [str(i % 7) for i in range(120)]})
    made = plan(frame)
    said = _by_rule(frame, "children")
    assert said == {"missing.none_level": "ask", "number.spelt_out": "ask"}
    assert apply(frame, made).frame["children"].to_list() == frame["children"].to_list()
    yes = made.with_status("apply", [a.id for a in made.actions if a.rule == "number.spelt_out"])
    assert apply(frame, yes).frame["children"].to_list() == [0, 1, 2, 3] * 30


def test_an_open_class_in_words_keeps_the_levels() -> None:
    frame = pl.DataFrame({"size": ["One", "Two", "Three", "Four"] * 30 + ["Nine or more"]})
    assert _by_rule(frame, "size") == {"number.spelt_out": "skip"}


def test_words_set_apart_are_not_read() -> None:
    most = pl.DataFrame({"a": ["low", "high", "middle"] * 30 + ["7", "8", "9"]})
    assert status_words(most, "a", "parse_number", {}) == []
    some = pl.DataFrame({"a": ["free"] * 60 + [str(i) for i in range(40)]})
    assert status_words(some, "a", "parse_number", {}) == ["free"]


def test_an_answer_that_labels_a_row_stays() -> None:
    labels = [f"answer {i}" for i in range(6)] + ["No answer"]
    frame = pl.DataFrame({"label": labels * 4} | {k: [str(7 * i % 31) for i in range(28)] for k in "abc"})
    assert "No answer" in apply(frame, plan(frame)).frame["label"].to_list()


def test_levels_of_one_scale_are_no_fillers() -> None:
    words = ["One", "Two", "Three", "Four", "Five"]
    rows = [words[i % 5] for i in range(200)] + ["Nine or more"] * 5
    frame = pl.DataFrame({"q1": rows, "q2": rows[::-1], "n": [str(i % 9) for i in range(205)]})
    assert not [a for a in plan(frame).actions if a.rule == "missing.alien_constant"]


def test_words_that_a_cleaning_set_apart_stay() -> None:
    frame = pl.DataFrame({"x": [float(i) for i in range(40)], "x__status": ["1558 combined"] * 20 + ["n/a"] * 20})
    assert apply(frame, plan(frame)).frame["x__status"].to_list() == frame["x__status"].to_list()
