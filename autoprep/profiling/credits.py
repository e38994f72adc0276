"""What "Cr" behind the numbers of a column says: an accountant's credit, or crores, ten millions of India."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

Reading = Literal["", "credit", "crore", "open"]
_LEDGER = re.compile(r"balance|debit|credit|amount|ledger|saldo|\bdr\b|\bcr\b|withdraw|deposit", re.I)
_PRICE = re.compile(
    r"price|cost|value|worth|valuation|budget|revenue|turnover|sales|funding|funds?\b|gross|collection|box.?office|income"
    r"|salary|package|bid|capex|cap\b|capital|profit|invest|earning|spend|loan|rent|fee",
    re.I,
)
_RUPEES = frozenset(("₹", "Rs", "Rs.", "INR"))


def reading(e: Mapping[str, Any], name: str) -> Reading:
    """What "Cr" says in a column; "" where no number has it or "Dr" behind it, "open" where nothing decides.

    Credits stand beside debits ("Dr"), or, under a header of accounts, beside numbers without either. Crores stand
    beside lakhs, the rupee's sign or the word in full, or are a price of few digits with decimals in every cell.

    Args:
        e: what ``evidence.collect`` gives for the column.
        name: the header.

    Example:
        >>> seen = {"cr": 9.0, "dr": 0.0, "lakh": 0.0, "small_cr": 9.0, "content": 9.0, "currencies": {}}
        >>> reading(seen, "price"), reading(seen, "x"), reading(seen | {"lakh": 2.0}, "x")
        ('crore', 'open', 'crore')
        >>> reading(seen | {"dr": 1.0}, "price")
        'credit'
    """
    if e["dr"]:
        return "credit"
    if not e["cr"]:
        return ""
    ledger = bool(_LEDGER.search(name)) and e["cr"] < 0.95 * e["content"]
    rupees = any(symbol.capitalize() in _RUPEES or symbol in _RUPEES for symbol in e["currencies"])
    if e["lakh"] or (rupees and not ledger):
        return "crore"
    if ledger:
        return "open" if rupees else "credit"
    every = e["cr"] >= 0.95 * e["content"] and e["small_cr"] >= 0.5 * e["cr"]
    return "crore" if every and _PRICE.search(name) and not _LEDGER.search(name) else "open"
