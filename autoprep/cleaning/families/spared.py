"""Values that a vote of rows leaves alone though their keys say others: levels, codes and places in their own right."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from autoprep.cleaning.families.ballots import Codes, Rows
from autoprep.cleaning.families.base import shape
from autoprep.cleaning.families.near import MIN_LENGTH, resembles
from autoprep.parsing.null import UNKNOWN_WORDS

#: Share of a column's cells that its usual value has where nothing else is foretold by the columns beside it.
USUAL = 0.9
#: First words of values that say that nothing is known.
_UNKNOWING = frozenset((*UNKNOWN_WORDS, "other", "none", "na", "n/a"))
#: So many codes that recur make a column of codes, where so many of them hold letters and digits; share of the codes
#: that a usual shape of theirs has.
MANY_CODES, CODED, USUAL_CODE = 100, 0.9, 0.02
#: Edits of a value that are looked at.
LOOKED = 20


def elsewhere(rows: Rows, column: str, after: Codes, texts: Sequence[str]) -> frozenset[int]:
    """Values that stand only where another column holds a value with which the vote nearly always disagrees.

    Of a thousand hospitals in one state, the few in another are no slips, though each of their codes stands alone. That
    so many edits fall on one value must be more than chance (one in a hundred of all that are looked at).
    """
    own = rows.of(column)
    edits = (after != own) & (own >= 0)
    rate = float(edits.mean())
    chosen = np.zeros(rows.height, bool)
    for other in texts if edits.sum() >= 3 and rate < 1 else ():
        places = rows.of(other)
        if other == column or rows.width(other) > rows.height // 3:
            continue
        times, edited = np.bincount(places + 1), np.bincount(places + 1, weights=edits)
        able = np.flatnonzero((edited >= 3) & (edited >= 0.6 * times))
        for group in able[able > 0].tolist():
            n, k = int(times[group]), int(edited[group])
            # Chernoff's bound of the binomial tail
            share = k / n
            apart = share * math.log(share / rate) + (1 - share) * math.log(max(1 - share, 1e-12) / (1 - rate))
            if math.exp(-n * apart) * len(times) * len(texts) < 0.01:
                chosen |= edits & (places + 1 == group)
    width = rows.width(column)
    inside = np.bincount(own[chosen], minlength=width)
    stands = np.bincount(own[own >= 0], minlength=width)
    return frozenset(np.flatnonzero((inside > 0) & (inside == stands)).tolist())


def saying_nothing(rows: Rows, column: str, after: Codes) -> frozenset[int]:
    """Edited values that begin by saying that nothing is known ("Unspecified NORTH"): no slip, as an empty cell is."""
    own = rows.of(column)
    edited = np.unique(own[(after != own) & (own >= 0)]).tolist()
    return frozenset(code for code in edited if rows.values[column][code].split(" ")[0].casefold() in _UNKNOWING)


def echoed(rows: Rows, column: str, after: Codes, texts: Sequence[str]) -> frozenset[int]:
    """Edited values that the row says twice: "Norfolk, Nebraska" beside "Nebraska", which the vote would take out.

    A value that stands in several rows is spared where most of them bear it out.
    """
    values, own = rows.values[column], rows.of(column)
    edits = np.flatnonzero((after != own) & (own >= 0) & (after >= 0))
    edits = edits[np.argsort(own[edits], kind="stable")]
    starts = np.flatnonzero(np.r_[True, own[edits][1:] != own[edits][:-1]]) if len(edits) else edits
    edits = edits[np.arange(len(edits)) - np.repeat(starts, np.diff(np.r_[starts, len(edits)])) < LOOKED]
    edited, borne = Counter[int](), Counter[int]()
    others = [(rows.of(other), rows.values[other]) for other in texts if other != column]
    for row in edits.tolist():
        value, said = values[own[row]], values[after[row]]
        edited[int(own[row])] += 1
        beside = (words[codes[row]] for codes, words in others if codes[row] >= 0)
        borne[int(own[row])] += any(
            len(w) >= MIN_LENGTH and w != value and w in value and w not in said for w in beside
        )
    return frozenset(code for code, n in edited.items() if 2 * borne[code] > n)


def rare_levels(rows: Rows, column: str, after: Codes, slipped: bool) -> frozenset[int]:
    """Edited values of a column nearly all of whose cells are alike: what its keys say is no more than what is usual.

    Where 97% work full time, every key foretells it, and who works part time contradicts nobody. What stands once and
    is written nearly as the usual value is a slip all the same; in a table whose other columns are full of slips
    (``slipped``) so is what differs by one letter.
    """
    values, own = rows.values[column], rows.of(column)
    counts = np.bincount(own[own >= 0], minlength=len(values))
    usual = int(counts.argmax())
    if counts[usual] < USUAL * counts.sum():
        return frozenset()
    edited = np.unique(own[(after == usual) & (own != usual) & (own >= 0)]).tolist()
    name = values[usual]

    def slip(code: int) -> bool:
        value = values[code]
        if slipped and len(value) == len(name) and sum(a != b for a, b in zip(value, name, strict=True)) == 1:
            return True
        return bool(counts[code] == 1 and len(value) >= MIN_LENGTH and resembles(value, name))

    return frozenset(code for code in edited if not slip(code))


def own_codes(rows: Rows, column: str, after: Codes) -> frozenset[int]:
    """Edited values of a column of codes that are codes of their own: two persons of one name have two.

    They have a usual shape of the column, and recur or differ from what is said by digits alone.
    """
    values, own = rows.values[column], rows.of(column)
    counts = np.bincount(own[own >= 0], minlength=len(values))
    recurring = [values[code] for code in np.flatnonzero(counts >= 2).tolist()]
    if len(recurring) < MANY_CODES or sum(map(_coded, recurring)) < CODED * len(recurring):
        return frozenset()
    shapes = Counter(map(shape, recurring))
    usual = {form for form, n in shapes.items() if n >= USUAL_CODE * len(recurring)}
    edits = (own >= 0) & (after != own)
    chosen = set()
    for pair in np.unique(own[edits] * len(values) + after[edits]).tolist():
        code, goal = divmod(pair, len(values))
        value, said = values[code], values[goal]
        if _coded(value) and shape(value) in usual and (counts[code] >= 2 or _undigited(value) == _undigited(said)):
            chosen.add(code)
    return frozenset(chosen)


def _coded(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _undigited(value: str) -> str:
    return "".join(c for c in value if not c.isdigit())
