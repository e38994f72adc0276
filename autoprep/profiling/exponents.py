"""Whether cells such as 76E9 are codes rather than numbers in scientific notation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SHAPE = re.compile(r"9{2,}[Aa]9{1,3}")
_HEADER = re.compile(r"hex|(?:^|[^a-z])ids?(?:$|[^a-z])|code|serial|batch|hash|plate|\btag\b|\bref|sku", re.I)
#: Different exponents, and how far apart the least and the largest lie, from which on no measure has them all.
EXPONENTS, APART = 3, 4


def are_codes(name: str, e: Mapping[str, Any]) -> bool:
    """Whether all cells are digits, an E and digits, and the header speaks of codes or nothing speaks for numbers.

    Who writes 7.6E10 puts one digit before the point; 76E9 beside 31E1 and 10E3, and never a point, numbers nothing.

    Args:
        name: the header.
        e: evidence: ``content``, ``plain``, ``shapes``, ``top``.

    Example:
        >>> seen = {"content": 3, "plain": 3, "shapes": {"99A9": 3}, "top": {"76E9": 1, "31E1": 1, "10E3": 1}}
        >>> alike = seen | {"top": {"10E3": 3}}
        >>> are_codes("x", seen), are_codes("hexid", alike), are_codes("x", alike)
        (True, True, False)
    """
    content, shapes = e["content"], e["shapes"]
    lettered = sum(cells for shape, cells in shapes.items() if _SHAPE.fullmatch(shape))
    if not lettered or e["plain"] < content or lettered < sum(shapes.values()) or lettered < 0.5 * content:
        return False
    if _HEADER.search(name):
        return True
    powers = {int(re.split("[eE]", value.strip())[-1]) for value in e["top"] if re.search(r"\d[eE]\d+\s*$", value)}
    return len(powers) >= EXPONENTS and max(powers) - min(powers) >= APART
