"""Codes of one fixed shape: a lost separator, the wrong letter case, O for 0 and I for 1 where the shape says so."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State, lower_bound
from autoprep.cleaning.families.noise import corrupt_code

#: Share of the cells that have the shape; distinct values of it; characters; distinct values of the column at most.
MIN_SHARE, MIN_VALUES, MIN_LENGTH, MAX_DISTINCT = 0.95, 20, 4, 50_000
#: Characters taken for others that may be wrong in one value.
MAX_CONFUSED = 2
SEPARATORS = "-_/.: "
_DIGITS = {"O": "0", "o": "0", "I": "1", "l": "1"}
_UPPER, _LOWER = {"0": "O", "1": "I"}, {"0": "o", "1": "l"}
#: Of the letters and digits at a place of another class, so many are lookalikes by chance.
BY_CHANCE = 4 / 26


@LEARNERS.add("mend_shape")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose a map from cells that miss the column's shape by such a slip to the code of that shape.

    Proof without labels: copies corrupted by the same slips come back right; and where other letters than lookalikes
    stand at places of digits, so many lookalikes would stand there by chance, and they are no slips.
    """
    column = str(row["column"])
    if column not in state.frame.columns or state.frame.schema[column] != pl.String() or column == state.target:
        return []
    counts = state.frame.select(pl.col(column).alias("v")).drop_nulls().group_by("v").len("n")
    if not MIN_VALUES <= counts.height <= MAX_DISTINCT:
        return []
    shape = pl.col("v").str.replace_all("[A-Z]", "A").str.replace_all("[a-z]", "a").str.replace_all("[0-9]", "9")
    shaped = counts.with_columns(shape.alias("shape")).sort("v")
    top = shaped.group_by("shape").agg(pl.col("n").sum()).sort("n", "shape", descending=[True, False]).row(0)
    form, total = str(top[0]), int(shaped["n"].sum())
    if top[1] < MIN_SHARE * total or top[1] == total or not _is_code(form):
        return []
    known = shaped.filter(pl.col("shape") == form)["v"].to_list()
    odd = dict(shaped.filter(pl.col("shape") != form).select("v", "n").rows())
    if len(known) < MIN_VALUES:
        return []
    seen = [set(letters) for letters in zip(*known, strict=True)]
    found = {v: w for v in odd if (w := mend(v, form, seen)) and w != v}
    unique = len(known) == top[1]
    if unique:  # every code stands once: a second one is not made
        taken, made = set(known), list(found.values())
        found = {v: w for v, w in found.items() if w not in taken and made.count(w) == 1}
    if not found:
        return []
    confused = [v for v, w in found.items() if _bare(v).lower() != _bare(w).lower()]
    strange = [v for v in odd if v not in found and len(_bare(v)) == len(_bare(form))]
    expected = BY_CHANCE * len(strange) / len(confused) if confused else 0.0
    if expected > state.probe.get("max_harm", 0.15):
        found = {v: w for v, w in found.items() if v not in confused}
    right, tried = _probe(known, form, seen, int(state.probe.get("cells", 200)))
    confidence = lower_bound(right, tried)
    evidence = {"shape": form, "share": round(top[1] / total, 4), "tried": tried, "right": right}
    evidence |= {"values": len(found), "cells": sum(odd[v] for v in found), "expected_wrong": round(expected, 4)}
    if not found:
        said = "as many lookalikes would stand there by chance"
        return [Proposal((column,), {"mapping": {}}, confidence, evidence, said)]
    if confidence < state.probe.get("precision", 0.95):
        said = f"{right} of {tried} corrupted copies came back right"
        return [Proposal((column,), {"mapping": {}}, confidence, evidence, said)]
    return [Proposal((column,), {"mapping": dict(sorted(found.items()))}, confidence, evidence)]


def _is_code(form: str) -> bool:
    letters = any(c in "Aa" for c in form)
    divided = any(c in "-_/" for c in form)
    return (
        len(form) >= MIN_LENGTH
        and "9" in form
        and (letters or divided)
        and re.fullmatch(r"[Aa9\-_/.: ]+", form) is not None
    )


def _bare(value: str) -> str:
    return "".join(c for c in value if c not in SEPARATORS)


def mend(value: str, form: str, seen: Sequence[set[str]]) -> str:
    """The code of a shape that a value was meant to be; "" when it misses the shape by more than such slips.

    Args:
        value: a cell. form: A, a and 9 for letters and digits, separators as they are. seen: characters at each place.

    Example:
        >>> seen = [set("PQ"), set("NM"), {"-"}, set("0123"), set("0123")]
        >>> mend("pn12", "AA-99", seen), mend("PN/1O", "AA-99", seen), mend("PN-1X", "AA-99", seen)
        ('PN-12', 'PN-10', '')
    """
    bare = _bare(value)
    if len(bare) != len(_bare(form)):
        return ""
    out, rest, confused = [], iter(bare), 0
    for wanted, there in zip(form, seen, strict=True):
        if wanted in SEPARATORS:
            out.append(wanted)
            continue
        given = next(rest)
        made = _fitted(given, wanted)
        if made not in there if made != given else not _fits(made, wanted):
            return ""
        confused += made.lower() != given.lower()
        out.append(made)
    return "".join(out) if confused <= MAX_CONFUSED else ""


def _fitted(given: str, wanted: str) -> str:
    if wanted == "9":
        return _DIGITS.get(given, given)
    return _UPPER.get(given, given.upper()) if wanted == "A" else _LOWER.get(given, given.lower())


def _fits(given: str, wanted: str) -> bool:
    low, high = {"9": ("0", "9"), "A": ("A", "Z"), "a": ("a", "z")}[wanted]
    return low <= given <= high


def _probe(known: Sequence[str], form: str, seen: Sequence[set[str]], cells: int) -> tuple[int, int]:
    """Repairs of corrupted copies that are right, and repairs made."""
    rng = random.Random(0)
    right = tried = 0
    for _ in range(cells):
        word = known[rng.randrange(len(known))]
        bad = corrupt_code(word, rng)
        made = mend(bad, form, seen) if bad != word else ""
        tried += bool(made)
        right += made == word and bool(made)
    return right, tried
