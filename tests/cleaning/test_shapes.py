"""Codes are mended to their column's shape only by slips that leave one reading."""

from __future__ import annotations

import random

import polars as pl

from autoprep.cleaning import apply, plan
from autoprep.cleaning.families.base import LEARNERS, Proposal, State

PROBE = {"precision": 0.95, "cells": 200, "max_harm": 0.15}


def _codes(n: int = 400) -> list[str]:
    rng = random.Random(5)
    return [f"{rng.choice('PQRIO')}{rng.choice('NMIO')}-{rng.randrange(10_000):04d}" for _ in range(n)]


def _learnt(cells: list[str]) -> list[Proposal]:
    return LEARNERS["mend_shape"](State(pl.DataFrame({"part": cells}), {}, probe=PROBE), {"column": "part"}, {})


def test_slips_are_mended_and_other_codes_stay() -> None:
    bad = {"pn1234": "PN-1234", "QM/77O1": "QM-7701", "RNl-204": "RN-1204", "P0-1111": "PO-1111", "QN-12345": ""}
    (made,) = _learnt([*_codes(), *bad])
    assert dict(made.parameters["mapping"]) == {v: w for v, w in bad.items() if w}
    assert made.confidence > 0.95 and not made.declined


def test_lookalikes_among_other_letters_are_no_slips() -> None:
    others = [f"PN-12{c}4" for c in "ABCDEFGHX"]
    (made,) = _learnt([*_codes(), *others, "PN-12O4", "pn-1299"])
    assert dict(made.parameters["mapping"]) == {"pn-1299": "PN-1299"}


def test_a_code_that_stands_once_is_not_doubled() -> None:
    cells = [f"PN-{1000 + i}" for i in range(100)]
    assert _learnt([*cells, "pn-1005"]) == []
    (made,) = _learnt([*cells, "pn-2005"])
    assert dict(made.parameters["mapping"]) == {"pn-2005": "PN-2005"}


def test_clean_mixed_and_free_columns_have_no_proposal() -> None:
    assert _learnt(_codes()) == []
    assert _learnt([*_codes(), *(c.lower() for c in _codes(60))]) == []
    assert _learnt([f"{c} and more" for c in _codes()]) == []
    assert _learnt([str(1000 + i) for i in range(300)] + ["1O23"]) == []


def test_in_a_plan() -> None:
    good = _codes() * 2
    bad = [*good]
    bad[3], bad[50] = good[3].replace("-", ""), good[50].lower()
    frame = pl.DataFrame({"part": bad, "n": [str(i % 9) for i in range(len(bad))]})
    done = apply(frame, plan(frame), same_shape=True)
    assert done.frame["part"].to_list() == good
