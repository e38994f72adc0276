"""Columns that add up or multiply to another: searched on a few rows, proved on all that are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Rows looked at while searching; columns at most.
PROBE_ROWS, MAX_COLUMNS, LONGEST = 40, 60, 6
#: It must hold in this share of complete rows, and shuffled rows may reach this share of that at most.
HOLDS, BY_CHANCE = 0.98, 0.5
MIN_ROWS = 30


@dataclass(frozen=True)
class Equation:
    """``total`` is the sum (or product) of ``parts``.

    Attributes:
        total: the column on the left.
        parts: the columns on the right.
        kind: "sum" or "product".
        share: of the complete rows in which it holds.
        support: complete rows.
        chance: share in which it holds when one part is shuffled.
    """

    total: str
    parts: tuple[str, ...]
    kind: str
    share: float
    support: int
    chance: float

    def __str__(self) -> str:
        return f"{self.total} = {(' + ' if self.kind == 'sum' else ' × ').join(self.parts)}"


def find(columns: Mapping[str, Floats], totals: Sequence[str] = (), holds: float = HOLDS) -> list[Equation]:
    """Equations among numeric columns.

    Args:
        columns: name -> numbers, NaN for missing; aligned. The first ``MAX_COLUMNS`` that vary are searched.
        totals: look only for equations in which one of these stands.
        holds: share of the complete rows in which an equation must hold.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.integers(1, 90, 200).astype(float), rng.integers(1, 90, 200).astype(float)
        >>> [str(e) for e in find({"a": a, "b": b, "all": a + b, "other": rng.random(200)})]
        ['all = a + b']
    """
    names = [n for n, x in columns.items() if _varies(x)]
    first = [n for n in totals if n in names]
    names = (first + [n for n in names if n not in first])[:MAX_COLUMNS]
    if len(names) < 3:
        return []
    found = []
    matrix = np.column_stack([columns[n] for n in names])
    probe = _probe(matrix)
    for kind in ("sum", "product"):
        for c, a, b in _triples(probe, kind, min(0.9, holds - 0.1)):
            if totals and not {names[i] for i in (c, a, b)} & set(totals):
                continue
            found += _proved(columns, names[c], (names[a], names[b]), kind, holds)
    found = _once(found)
    done = {e.total for e in found}
    for name in first or names:
        if name not in done and len(names) > 3:
            parts = _long_sum(matrix, names, name)
            if parts:
                found += _proved(columns, name, parts, "sum", holds)
                done |= {name, *parts}
    return found


def _varies(x: Floats) -> bool:
    filled = x[np.isfinite(x)]
    return filled.size >= MIN_ROWS and np.unique(filled[:2000]).size > 5


def _probe(matrix: Floats) -> Floats:
    """Rows with the most figures, spread over the table."""
    full = np.isfinite(matrix).sum(axis=1)
    order = np.lexsort((np.random.default_rng(0).permutation(full.size), -full))
    return matrix[order[:PROBE_ROWS]]


def _triples(probe: Floats, kind: str, least: float) -> list[tuple[int, int, int]]:
    k = probe.shape[1]
    left, right = np.triu_indices(k, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        made = probe[:, left] + probe[:, right] if kind == "sum" else probe[:, left] * probe[:, right]
        out = []
        for c in range(k):
            have = np.isfinite(made) & np.isfinite(probe[:, [c]])
            same = np.abs(made - probe[:, [c]]) <= slack_of(probe[:, c], kind, min(1.0, least + 0.1))
            enough = have.sum(axis=0) >= 10
            holds = enough & ((same & have).sum(axis=0) >= least * have.sum(axis=0)) & (left != c) & (right != c)
            out += [(c, int(left[i]), int(right[i])) for i in np.flatnonzero(holds)]
    return out


def slack_of(total: Floats, kind: str, share: float = 1.0) -> float:
    """How far off a row may be: what rounding of the total explains.

    Args:
        total: float64, NaN for missing. kind: "sum" or "product".
        share: of the totals that must have so few decimals that it counts as rounding.
    """
    filled = total[np.isfinite(total)]
    size = float(np.abs(filled).max(initial=1.0))
    if kind == "product":
        for digits in range(5):
            if (np.round(filled, digits) == filled).mean() >= share:
                return 0.51 * 10.0**-digits if digits else 1e-9 * size
    return 1e-9 * size + 1e-9


def _proved(
    columns: Mapping[str, Floats], total: str, parts: tuple[str, ...], kind: str, holds: float
) -> list[Equation]:
    c, values = columns[total], [columns[p] for p in parts]
    keep = np.isfinite(c) & np.logical_and.reduce([np.isfinite(v) for v in values])
    n = int(keep.sum())
    if n < MIN_ROWS:
        return []
    c, values = c[keep], [v[keep] for v in values]
    slack = slack_of(c, kind, min(1.0, holds + 1 - HOLDS))
    made = np.sum(values, axis=0) if kind == "sum" else np.prod(values, axis=0)
    share = float((np.abs(made - c) <= slack).mean())
    if share < holds or any(float((np.abs(v - c) <= slack).mean()) > 0.9 for v in values):
        return []
    moved = np.random.default_rng(0).permutation(n)
    chance = 0.0
    for i, v in enumerate(values):
        others = [w for j, w in enumerate(values) if j != i] + [v[moved]]
        again = np.sum(others, axis=0) if kind == "sum" else np.prod(others, axis=0)
        chance = max(chance, float((np.abs(again - c) <= slack).mean()))
    return [] if chance > BY_CHANCE * share else [Equation(total, parts, kind, share, n, chance)]


def _long_sum(matrix: Floats, names: list[str], total: str) -> tuple[str, ...]:
    """Three or more columns that add up to another: the least-squares weights are all one (or nought)."""
    at = names.index(total)
    full = np.isfinite(matrix).all(axis=1)
    rows = np.flatnonzero(full)[:400]
    if rows.size < max(MIN_ROWS, 3 * len(names)):
        return ()
    x, y = np.delete(matrix[rows], at, axis=1), matrix[rows, at]
    scale = np.abs(x).max(axis=0)
    scale[scale == 0] = 1.0
    weights = np.linalg.lstsq(x / scale, y, rcond=None)[0] / scale
    one = np.abs(weights - 1.0) < 1e-6
    rest = [n for n in names if n != total]
    if not 3 <= one.sum() <= LONGEST or float(np.abs(x[:, one].sum(axis=1) - y).max()) > slack_of(y, "sum") * 10:
        return ()
    return tuple(n for n, used in zip(rest, one, strict=True) if used)


def _once(found: list[Equation]) -> list[Equation]:
    """Each set of columns once, as a sum before a product."""
    seen: dict[frozenset[str], Equation] = {}
    for one in found:
        seen.setdefault(frozenset((one.total, *one.parts)), one)
    return list(seen.values())
