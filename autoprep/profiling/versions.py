"""Whether dotted numbers count releases (3.9, 3.10, 3.11) rather than measure something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HEADER = re.compile(
    r"(?:^|[\W_])(?:version|release|firmware|ver|rev|revision|build|patch)(?:$|[\W_])|[a-z]Version$", re.I
)
_TWO, _MORE = re.compile(r"9{1,3}\.9{1,3}"), re.compile(r"9{1,4}(?:\.9{1,4}){2,3}")
#: Groups of three digits after every dot are thousands.
_THOUSANDS = re.compile(r"9{1,3}(?:\.9{3})+")
_KEPT_ZERO = re.compile(r"\d+\.[1-9]\d?0")


def are(name: str, e: Mapping[str, Any]) -> bool:
    """Whether a column's dotted numbers are versions, by its own values.

    Either numbers of three or four parts stand among those of two, or the header says so, the second parts are of
    different lengths and one of them ends with a zero, which a decimal of free length would not keep (3.9, 3.10).

    Args:
        name: the header.
        e: evidence: ``content``, ``shapes``, ``top``.

    Example:
        >>> mixed = {"content": 9, "shapes": {"9.9": 4, "9.9.9": 3, "9.99": 2}, "top": {}}
        >>> are("runtime", mixed), are("runtime", {"content": 5, "shapes": {"9.99": 3, "9.9": 2}, "top": {"3.10": 3}})
        (True, False)
        >>> are("python_version", {"content": 5, "shapes": {"9.99": 3, "9.9": 2}, "top": {"3.10": 3, "3.9": 2}})
        True
    """
    shapes, content = e["shapes"], e["content"]
    two = {s: n for s, n in shapes.items() if _TWO.fullmatch(s)}
    more = sum(n for s, n in shapes.items() if _MORE.fullmatch(s) and not _THOUSANDS.fullmatch(s))
    whole = sum(n for s, n in shapes.items() if re.fullmatch("9{1,2}", s))
    if sum(two.values()) + more + whole < 0.9 * content:
        return False
    if more and two and more >= max(2.0, 0.05 * content):
        return True
    if not _HEADER.search(name) or sum(two.values()) < 0.5 * content:
        return False
    lengths = {len(s.partition(".")[2]) for s in two}
    return len(lengths) > 1 and any(_KEPT_ZERO.fullmatch(value.strip()) for value in e["top"])
