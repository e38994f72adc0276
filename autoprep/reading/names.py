"""Column names that are unique, unpadded and stable, with a way back to what the source said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def column_names(headers: Sequence[str | None], width: int | None = None) -> tuple[list[str], dict[str, str]]:
    """Name columns after their headers.

    Padding and line breaks inside a header become single blanks, a blank header becomes ``column_<position>``
    (1-based), and the second of two equal names gets ``_2``.

    Args:
        headers: one per column, as they stand in the source.
        width: number of columns; missing headers count as blank.

    Returns:
        The names, and name -> header as it stood.

    Example:
        >>> column_names([" a ", "a", "", None, "a_2"])
        (['a', 'a_3', 'column_3', 'column_4', 'a_2'],
         {'a': ' a ', 'a_3': 'a', 'column_3': '', 'column_4': '', 'a_2': 'a_2'})
    """
    given = [h or "" for h in headers]
    given += [""] * ((width or 0) - len(given))
    wanted = [" ".join(h.split()) or f"column_{i + 1}" for i, h in enumerate(given)]
    first = {name: i for i, name in reversed(list(enumerate(wanted)))}
    taken = set(first)
    names: list[str] = []
    last: dict[str, int] = {}
    for i, name in enumerate(wanted):
        if first[name] != i:
            said, number = name, last.get(name, 2)
            while f"{name}_{number}" in taken:
                number += 1
            name = f"{name}_{number}"
            taken.add(name)
            last[said] = number
        names.append(name)
    return names, dict(zip(names, given, strict=True))


def generated(width: int) -> tuple[list[str], dict[str, str]]:
    """Names of columns that have no header: ``column_1`` and so on."""
    names = [f"column_{i + 1}" for i in range(width)]
    return names, {}


def merged_headers(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """One header per column out of several header rows; a blank cell of an upper row carries on from its left.

    Example:
        >>> merged_headers([["control", "", "fire", ""], ["X", "Y", "X", "Y"]], 4)
        ['control X', 'control Y', 'fire X', 'fire Y']
    """
    parts: list[list[str]] = [[] for _ in range(width)]
    for number, row in enumerate(rows):
        cells = [*row, *[""] * (width - len(row))][:width]
        last = number == len(rows) - 1
        carried = ""
        for i, cell in enumerate(cells):
            text = cell.strip()
            above = any(i < len(upper) and upper[i].strip() for upper in rows[:number])
            carried = text or ("" if above else carried)
            said = text if last else carried
            if said and (not parts[i] or parts[i][-1] != said):
                parts[i].append(said)
    return [" ".join(p) for p in parts]


def reversed_names(headers: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """The headers as they stood in the source, in the order of the names."""
    return [headers.get(name, name) for name in names]
