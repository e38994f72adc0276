"""How the numbers of a text column are written, decided for the column as a whole from counts of cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoprep.parsing.number import NumberFormat
from autoprep.parsing.quantity import AMBIGUOUS
from autoprep.parsing.unit import header_unit
from autoprep.profiling import credits
from autoprep.profiling.evidence import FORMATS


@dataclass(frozen=True)
class Numbers:
    """What was decided.

    Attributes:
        format: separators and the decorations that occur.
        count: cells that are numbers in it.
        family: cells that are numbers, quantities, ranges or inequalities; words for numbers where most are digits.
        ambiguous: nothing decides the decimal separator.
        why: the evidence.
        unit: cells with a known unit (0 where the letters are magnitudes).
        magnitude: cells with a magnitude suffix.
        cr: what "Cr" behind the numbers says.
    """

    format: NumberFormat
    count: float
    family: float
    ambiguous: bool
    why: str
    unit: float
    magnitude: float
    cr: credits.Reading


def decide(e: Mapping[str, Any], name: str = "", prefer: str = "") -> Numbers:
    """Decide separators and decorations from evidence counts.

    Args:
        e: what ``evidence.collect`` gives for the column.
        name: the header.
        prefer: the decimal separator that other columns of the table prove, or "".

    Example:
        >>> import polars as pl
        >>> from autoprep.profiling import cells, evidence
        >>> frame = pl.DataFrame({"x": ["1.234,5", "7,25", "12"]})
        >>> found = decide(evidence.collect(cells.gather(frame, ["x"]))["x"])
        >>> found.format.decimal, found.format.thousands, found.ambiguous
        (',', '.', False)
    """
    dot = e["dot_proof"] + (e["plain_dot"] - e["plain_one_dot"]) + e["comma_groups"]
    comma = e["comma_proof"] + e["dot_groups"]
    one_comma, one_dot = e["one_comma"], e["one_dot"] + e["plain_one_dot"]
    ambiguous = False
    if comma > dot:
        decimal, why = ",", f"{comma:,.0f} cells only a decimal comma explains, {dot:,.0f} only a point"
    elif dot:
        decimal, why = ".", f"{dot:,.0f} cells only a decimal point explains, {comma:,.0f} only a comma"
    elif one_comma or one_dot:
        if grouped_by_point(e):
            decimal, why = ",", "a point stands only before three digits, and money is seldom written to three decimals"
        elif prefer:
            decimal, why = prefer, "no cell decides; other columns of the table prove this separator"
        elif never_short(e):
            decimal, ambiguous = ",", True
            why = "a point stands only before three digits, and numbers without one are below 1,000"
        else:
            decimal = "."
            shown = "1,234" if one_comma else "1.234"
            small = e["digits"] > 0 and (e["max_digits"] or 0) <= 3
            if one_comma and not one_dot and (e["currency_at"] or (small and one_comma >= 5)):
                why = "a comma stands only before three digits, and numbers without one are below 1,000"
            else:
                ambiguous = bool(one_comma or one_dot >= 3)
                why = f"cells such as {shown} have two readings and nothing decides; a point is assumed"
    else:
        decimal, why = ".", ""
    keys = (
        ("comma", "comma_dot", "comma_space") if decimal == "," else ("dot", "dot_comma", "dot_space", "dot_apostrophe")
    )
    best = max(keys, key=lambda k: (e[f"number_{k}"], -keys.index(k)))
    base = FORMATS[best]
    if decimal == "," and (one_dot or e["dot_group"]) and base.thousands == "":
        base = FORMATS["comma_dot"]
    if decimal == "." and e["unit"] and e["comma_group"] and base.thousands == "":
        base = FORMATS["dot_comma"]
    if base.thousands == "" and decimal == "." and e["range"] + e["inequality"] > 0.5 * e["content"]:
        base = FORMATS["dot_comma"]
    cr = credits.reading(e, name)
    magnitude, unit = e["magnitude"] - (e["cr"] if cr == "credit" else 0.0), e["unit"]
    if unit and e["unit_spellings"] and all(s in _CAPITALS for s in e["unit_spellings"]):
        unit = 0.0  # 2D, 3D: a code rather than days
    if magnitude and unit and all(s.lower().rstrip(".") in AMBIGUOUS for s in e["unit_spellings"]):
        if header_unit(name) or _one_unit(e):
            magnitude = 0.0
        else:
            unit = 0.0
    elif magnitude and unit:
        magnitude = 0.0
    plain = e["plain"] if decimal == "." else e["plain"] - (e["plain_dot"] - e["plain_one_dot"])
    # a cell with "Cr" counts among the numbers of every format already
    count = plain + e[f"number_{best}"] + (max(0.0, magnitude - e["cr"]) if cr != "credit" else magnitude)
    if decimal == "," and base.thousands == "":
        count -= e["plain_one_dot"]
    fmt = NumberFormat(
        decimal,
        base.thousands,
        currency=e["currency_at"] > 0,
        percent=e["percent"] > 0,
        accounting=e["accounting"] > 0,
        magnitude=magnitude > 0,
        notes=e["note"] > 0,
        credit=cr == "credit",
    )
    written = count + unit + e["range"] + e["inequality"]
    # a column of words is one of words, numbers though they name: a few among digits are numbers
    family = min(e["content"], written + (e["number_word"] if e["number_word"] <= written else 0.0))
    return Numbers(fmt, count, family, ambiguous, why, unit, magnitude, cr)


#: Cells with a point from which none with fewer than three digits behind it is no chance: a tenth of fractions of three
#: digits end in a nought that is left out. Different whole numbers below 1,000 that must stand beside them, and their
#: share: one of them may be a mark.
NEVER_SHORT, WHOLE, WHOLE_SHARE = 40, 5, 0.05


def _before_three_digits(e: Mapping[str, Any]) -> bool:
    """Whether a point stands before three digits and nowhere else, and no comma parts anything."""
    return not (e["one_comma"] or e["dot_proof"] or e["comma_groups"] or e["plain_dot"] > e["plain_one_dot"])


def never_short(e: Mapping[str, Any]) -> bool:
    """Whether points stand before three digits in many cells and no number without one has more than three digits.

    Example:
        >>> seen = {"one_comma": 0, "dot_proof": 0, "comma_groups": 0, "plain_dot": 50, "plain_one_dot": 50}
        >>> seen |= {"one_dot": 50, "digits": 9, "max_digits": 3, "content": 59}
        >>> several = {"7": 2, "12": 2, "88": 3, "462": 1, "9": 1}
        >>> never_short(seen | {"top": several}), never_short(seen | {"top": {"0": 9}})
        (True, False)
    """
    if not _before_three_digits(e):
        return False
    whole = sum(value.strip().isdigit() for value in e["top"])
    if whole < WHOLE or e["digits"] < WHOLE_SHARE * e["content"] or (e["max_digits"] or 9) > 3:
        return False
    return bool(max(e["one_dot"], e["plain_one_dot"]) >= NEVER_SHORT)


def grouped_by_point(e: Mapping[str, Any]) -> bool:
    """Whether the points of amounts of money group thousands ("€ 14.398"): each stands before three digits.

    Fuel is sold at "€ 1.459", so that a fair share of the amounts must have more than one digit before the point.

    Args:
        e: what ``evidence.collect`` gives for the column.
    """
    if not _before_three_digits(e):
        return False
    small = not e["digits"] or (e["max_digits"] or 0) <= 3
    if not small or e["one_dot"] < 5 or e["currency_at"] < 0.5 * e["content"]:
        return False
    shapes: Mapping[str, float] = e["shapes"]
    wide = sum(count for shape, count in shapes.items() if re.search(r"99\.999", shape))
    return wide >= 0.3 * sum(shapes.values())


#: Single capitals that are no unit of time by themselves.
_CAPITALS = frozenset("DHSY")


def _one_unit(e: Mapping[str, Any]) -> bool:
    """One small letter only, on every cell: a unit (m, t) rather than magnitudes, which mix."""
    spellings = list(e["unit_spellings"])
    return len(spellings) == 1 and spellings[0].islower() and e["unit"] >= 0.9 * e["content"] and spellings[0] != "k"
