"""Words that stand for nothing in several columns of one table, and so in the others too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from autoprep.parsing.null import UNKNOWN_WORDS

#: Words that a program leaves where it has no value; in a column of words they may be an answer.
FAULT_WORDS = ("error", "err", "err.", "#error", "invalid", "invalid value", "not valid", "bad value", "corrupt")
#: What a column must be for such a word not to be one of its values.
TYPED = frozenset(("integer", "number", "amount", "percent", "quantity", "date", "datetime", "time", "duration"))
#: Typed columns in which a word must stand to be taken for a filler of the table.
WITNESSES = 2
_KNOWN = frozenset(word.lower() for word in (*UNKNOWN_WORDS, *FAULT_WORDS))


def mark(rows: Iterable[dict[str, Any]], details: Mapping[str, Mapping[str, Any]]) -> None:
    """Set ``filler_words`` and ``filler_rate`` in the rows of a profile.

    "UNKNOWN" among payment methods may be an answer. Where it also stands among the numbers of one column and the
    dates of another, it is what this table's writer puts for a gap.

    Args:
        rows: one per column; changed in place.
        details: by column, ``top`` with the most frequent values and their cells; no other value is looked at.

    Example:
        >>> typed = {"dtype": "text", "rows": 10, "null_count": 0, "is_target": False}
        >>> semantics = {"n": "integer", "d": "date", "how": "category"}
        >>> rows = [{"column": c, "semantic": s, **typed} for c, s in semantics.items()]
        >>> mark(rows, {c: {"top": {"UNKNOWN": 2}} for c in semantics})
        >>> rows[2]["filler_words"], rows[2]["filler_rate"]
        (['UNKNOWN'], 0.2)
    """
    texts = [row for row in rows if row["dtype"] == "text"]
    held: dict[str, dict[str, float]] = {}
    witnesses: dict[str, int] = defaultdict(int)
    for row in texts:
        top = (details.get(row["column"]) or {}).get("top") or {}
        own = {value: cells for value, cells in top.items() if value.strip().lower() in _KNOWN}
        held[row["column"]] = own
        if row["semantic"] in TYPED:
            for word in {value.strip().lower() for value in own}:
                witnesses[word] += 1
    for row in texts:
        own = {v: c for v, c in held[row["column"]].items() if witnesses[v.strip().lower()] >= WITNESSES}
        filled = row["rows"] - row["null_count"]
        row["filler_words"] = list(dict.fromkeys(value.strip() for value in own))
        row["filler_rate"] = min(1.0, sum(own.values()) / filled) if filled else 0.0
