"""Amounts in several currencies in one column: as plain numbers they would be compared as if they were of one."""

from __future__ import annotations

from collections.abc import Mapping

from autoprep.parsing.number import CURRENCIES

#: Cells, and the share of all that have a currency, from which a second one is no slip.
LEAST, SHARE = 2, 0.01
_CODE = {symbol.casefold(): code or symbol.casefold() for symbol, code in CURRENCIES.items()}
_DOLLARS = frozenset(("USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD"))


def several(currencies: Mapping[str, float]) -> bool:
    """Whether amounts are in more than one currency; a bare dollar sign is the one kind of dollar beside it.

    Args:
        currencies: symbol or code, as it is written -> cells.

    Example:
        >>> several({"$": 80.0, "€": 9.0}), several({"$": 80.0, "USD": 9.0}), several({"€": 80.0, "EUR": 3.0, "£": 1.0})
        (True, False, False)
    """
    cells: dict[str, float] = {}
    for symbol, count in currencies.items():
        code = _CODE.get(symbol.casefold(), symbol.casefold())
        cells[code] = cells.get(code, 0.0) + count
    kinds = [code for code in cells if code in _DOLLARS]
    if "$" in cells and len(kinds) == 1:
        cells[kinds[0]] += cells.pop("$")
    counts = sorted(cells.values(), reverse=True)
    return len(counts) > 1 and counts[1] >= max(LEAST, SHARE * sum(counts))
