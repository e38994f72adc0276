"""Cells that were written backwards: their mirror image is a value of the column, or is made of its words."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.families import base
from autoprep.cleaning.families.base import LEARNERS, Proposal, State, distinct_words, lower_bound

#: Distinct values that are looked at; length of a value, and of a word, that says anything.
MAX_DISTINCT, MIN_LENGTH, WORD = 20_000, 3, 4
#: The mirror image must be so many times as frequent; values that a word stands in to be known.
CLEAR, ESTABLISHED = 5, 2
#: So many different values written backwards vouch for each other; fewer are asked about unless a known word in them
#: has so many letters.
SEVERAL, LONG, DOUBTED = 3, 5, 0.5
#: Share of the values that begin with a capital, and end with a small letter, where that tells direction.
CAPITAL = 0.95
#: Share of the cells that shapes must cover to tell direction, cells that must speak for it, share of a usual shape.
SHAPED, MIN_CELLS, USUAL = 0.9, 3, 0.05
_WORDS = re.compile(r"[^\W\d_]+")


@LEARNERS.add("turn_round")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose a map from cells written backwards to what they say.

    Proof without labels: mirrored copies of 200 values of the column come back, and the values themselves stay; and of
    the frequent values, which nobody wrote backwards, so many have a mirror image by chance that edits may be wrong.
    """
    column = str(row["column"])
    counted = distinct_words(state, column, MAX_DISTINCT)
    if counted is None:
        return []
    known = _Column(counted)
    found = {v: v[::-1] for v in known.values if known.backwards(v)}
    found |= known.misshapen(found)
    if not found:
        return []
    right, tried, harm = _probe(known, int(state.probe.get("cells", 200)))
    rare = sum(n < MIN_CELLS for n in known.values.values())
    expected = harm * rare / len(found)
    confidence = lower_bound(right, tried)
    evidence: dict[str, Any] = {
        "values": len(found),
        "cells": sum(known.values[v] for v in found),
        "tried": tried,
        "right": right,
    }
    evidence["expected_wrong"] = round(expected, 4)
    said = ""
    if confidence < state.probe.get("precision", 0.95):
        said = f"{right} of {tried} mirrored copies came back right"
    elif expected > state.probe.get("max_harm", 0.15):
        said = f"{min(1.0, expected):.0%} of edits would be wrong by chance"
    if said:
        return [Proposal((column,), {"mapping": {}}, confidence, evidence, said)]
    asked = {} if len(found) >= SEVERAL else {v: w for v, w in sorted(found.items()) if not known.plain(v)}
    sure = {v: w for v, w in sorted(found.items()) if v not in asked}
    made = [Proposal((column,), {"mapping": sure}, confidence, evidence | {"values": len(sure)})] if sure else []
    if asked:
        own = evidence | {"values": len(asked), "cells": sum(known.values[v] for v in asked)}
        one, mirror = next(iter(asked.items()))
        why = f"'{one}' is '{mirror}' backwards, and may as well be a word of its own"
        made.append(Proposal((column,), {"mapping": asked}, min(confidence, DOUBTED), own, gate="review", why=why))
    return made


class _Column:
    """The values of a column, its words, and which way round they are written."""

    def __init__(self, counted: pl.DataFrame) -> None:
        self.values = {v: int(n) for v, n in counted.rows()}
        words: dict[str, int] = {}
        upright = 0
        lettered = [v for v in self.values if _WORDS.search(v)]
        for value in lettered:
            upright += _upright(value)
            for word in set(_WORDS.findall(value)):
                words[word] = words.get(word, 0) + 1
        self.words = {
            w for w, n in words.items() if n >= ESTABLISHED and len(w) >= WORD and n >= CLEAR * words.get(w[::-1], 0)
        }
        # some share of the values may be the very ones that stand backwards
        self.capital = len(lettered) >= 20 and upright >= (CAPITAL - 0.1) * len(lettered)
        shapes: dict[str, int] = {}
        for value, n in self.values.items():
            form = shape(value)
            shapes[form] = shapes.get(form, 0) + n
        total = sum(self.values.values())
        self.usual = {s for s, n in shapes.items() if n >= USUAL * total}
        self.shaped = sum(shapes[s] for s in self.usual) >= SHAPED * total

    def backwards(self, value: str, n: int | None = None) -> bool:
        """Whether a value reads only the other way round."""
        mirror = value[::-1]
        if len(value) < MIN_LENGTH or mirror == value or not _WORDS.search(value):
            return False
        often, own = self.values.get(mirror, 0), self.values[value] if n is None else n
        if mirror.casefold() == value.casefold() or self.code(value):
            return False
        if often >= max(MIN_CELLS, CLEAR * own):
            return True
        if own >= MIN_CELLS or (self.capital and (_upright(value) or not _upright(mirror))):
            return False
        theirs, mine = set(_WORDS.findall(mirror)), set(_WORDS.findall(value))
        if mine & self.words:
            return False
        if theirs & self.words:
            return True
        return self.capital and _mirrored(value)

    def plain(self, value: str) -> bool:
        """Whether a value is known the other way round, in words that are no short ones' mirror image by chance."""
        words = [w for w in _WORDS.findall(value[::-1]) if len(w) >= LONG]
        return any(w in self.words or self.values.get(value[::-1], 0) >= MIN_CELLS for w in words)

    def code(self, value: str) -> bool:
        """Whether a value holds a digit and has a usual shape of the column: it is written as the others are."""
        return any(c.isdigit() for c in value) and shape(value) in self.usual

    def turned(self, value: str) -> bool:
        """Whether a value, were it one of the column's that stands once, would be turned round."""
        if self.backwards(value, 1):
            return True
        return self.shaped and shape(value) not in self.usual and shape(value[::-1]) in self.usual

    def misshapen(self, found: Mapping[str, str]) -> dict[str, str]:
        """Values of no usual shape whose mirror image has one: only where most odd ones are of that kind."""
        if not self.shaped:
            return {}
        odd = [v for v, n in self.values.items() if n <= MIN_CELLS and v not in found and shape(v) not in self.usual]
        turned = {v: v[::-1] for v in odd if len(v) >= MIN_LENGTH and shape(v[::-1]) in self.usual and v[::-1] != v}
        known = {v: w for v, w in turned.items() if w in self.values}
        enough = len(turned) >= MIN_CELLS and 2 * len(known) >= len(turned)
        return turned if enough and 2 * len(turned) >= sum(len(v) >= MIN_LENGTH for v in odd) else {}


def shape(value: str) -> str:
    """Digits and letters by their class, a leading zero as it is: it tells the way round.

    Example:
        >>> shape("0.068"), shape("860.0"), shape("93%")
        ('0.999', '999.9', '99%')
    """
    made = base.shape(value)
    return "0" + made[1:] if value.startswith(("0.", "0,")) else made


def _upright(value: str) -> bool:
    words = [w for w in _WORDS.findall(value) if len(w) > 1]
    return bool(words) and words[0][0].isupper()


def _mirrored(value: str) -> bool:
    """Whether every long word ends in its only capital."""
    long = [w for w in _WORDS.findall(value) if len(w) >= WORD]
    return bool(long) and all(w[-1].isupper() and w[:-1].islower() for w in long)


def _probe(known: _Column, cells: int) -> tuple[int, int, float]:
    """Mirrored copies that came back, these and upright values that would be turned, share of mirror images by chance.

    Upright values are taken as if they stood once, as a rare but right value does.
    """
    rng = random.Random(0)
    fit = sorted(v for v in known.values if len(v) >= MIN_LENGTH and v != v[::-1] and not known.turned(v))
    right = wrong = 0
    for _ in range(cells if fit else 0):
        word = fit[rng.randrange(len(fit))]
        right += known.turned(word[::-1])
        wrong += known.turned(word)
    often = [v for v in fit if known.values[v] >= MIN_CELLS]
    both = sum(known.values.get(v[::-1], 0) >= MIN_CELLS for v in often)
    return right, right + wrong, both / max(1, len(often))
