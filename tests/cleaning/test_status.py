"""A word that a step keeps as a status has been read: it is neither in quarantine nor an event at prediction."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from autoprep.cleaning import apply, transform
from autoprep.reading import read
from autoprep.types import Action, Plan


@pytest.mark.parametrize(
    ("verb", "cells", "given"),
    [
        ("parse_boolean", ["Yes", "No", "No Line", "perhaps"], {"true": ["yes"], "false": ["no"]}),
        ("parse_number", ["1.5", "2", " NO line ", "perhaps"], {}),
        ("parse_integer", ["1", "2", "no line", "perhaps"], {}),
    ],
)
def test_a_status_word_is_read_and_another_is_not(verb: str, cells: list[str], given: dict[str, Any]) -> None:
    action = Action("s:x", "number.text", ("x",), verb, {**given, "status": ["no line"]})
    plan = Plan((action,), {"x": "String"})
    rows = pl.DataFrame({"x": cells})
    cleaned = apply(read(rows), plan)
    assert cleaned.quarantine["text"].to_list() == ["perhaps"]
    assert cleaned.frame["x__status"].to_list() == [None, None, "no line", None]
    events = transform(rows, plan)[1]
    assert events.select("row", "policy").rows() == [(3, "null")]
