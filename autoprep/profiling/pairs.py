"""Pairs of columns that matter: dependencies, orders, equations, associations; screened on a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from autoprep.profiling import arithmetic
from autoprep.profiling.columns import Column
from autoprep.profiling.encode import Encoded, bins

Row = dict[str, Any]
Ints = npt.NDArray[np.int64]
#: Columns that are paired at most, rows they are screened on, and pairs of a kind that are told.
MAX_COLUMNS, SCREEN_ROWS, MOST = 48, 5000, 60
#: A dependency: rows that keep it, strength beyond chance.
KEPT, BEYOND_CHANCE = 0.9, 0.8
ORDERED, ASSOCIATED = 0.98, 0.3


def find(made: Sequence[Encoded], found: Sequence[Column], whole: pl.DataFrame) -> list[Row]:
    """Rows of ``vocabulary.PAIRS``.

    Args:
        made: columns of a sample of rows, encoded.
        found: the described columns.
        whole: all rows, for proof of dependencies.
    """
    about = {c.name: c.row for c in found}
    able = [one for one in made if one.levels > 1 and about[one.name]["semantic"] not in ("constant", "empty")]
    able = sorted(able, key=lambda one: (about[one.name]["semantic"] in ("text", "url", "json", "identifier"),))
    able = able[:MAX_COLUMNS]
    screened = [_head(one) for one in able]
    rows = dependencies(screened, about, whole)
    rows += orders(screened)
    numbers = {o.name: o.values for o in able if o.values is not None and o.kind == "number"}
    coded = ("identifier", "code", "postal_code", "boolean")
    plain = {n: x for n, x in numbers.items() if about[n]["semantic"] not in coded}
    rows += [_equation(one) for one in arithmetic.find(plain)]
    return rows + associations(screened)


def _head(one: Encoded) -> Encoded:
    if one.codes.size <= SCREEN_ROWS:
        return one
    at = np.linspace(0, one.codes.size - 1, SCREEN_ROWS).astype(np.int64)
    values = None if one.values is None else one.values[at]
    return Encoded(one.name, one.codes[at], one.levels, values, one.kind, one.missing[at])


def dependencies(made: Sequence[Encoded], about: dict[str, Row], whole: pl.DataFrame) -> list[Row]:
    """Functional dependencies of one column on another, exact and approximate.

    ``strength`` is the share of rows that keep it (1 - g3), ``lift`` is mu+ (Piatetsky-Shapiro and Matheus 1993): how
    far knowing the left raises the chance to guess the right, beyond what as many groups of shuffled rows would do.

    Example:
        >>> from autoprep.profiling.profiler import profile
        >>> zips = [str(100 + i % 25) for i in range(300)]
        >>> frame = pl.DataFrame({"zip": zips, "city": ["Oslo" if z < "112" else "Bern" for z in zips]})
        >>> profile(frame).dependencies.select("left", "right", "violations").rows()
        [('zip', 'city', 0)]
    """
    usable = [one for one in made if one.levels < 0.8 * one.codes.size and not _measured(about[one.name])]
    candidates: list[tuple[float, str, str]] = []
    for i, a in enumerate(usable):
        for b in usable[i + 1 :]:
            for left, right, held in _depends(a, b):
                if held >= BEYOND_CHANCE - 0.05:
                    candidates.append((held, left, right))
    candidates.sort(key=lambda c: (-c[0], c[1], c[2]))
    out = []
    for held, left, right in candidates[:MOST]:
        row = _proved(whole, left, right, held)
        if row:
            out.append(row)
    return out


def _measured(row: Row) -> bool:
    """Whether values are measurements, of which equal ones mean little."""
    return row["semantic"] in ("number", "amount", "percent", "quantity", "text", "json", "latitude", "longitude")


def _depends(a: Encoded, b: Encoded) -> list[tuple[str, str, float]]:
    """mu+ of a -> b and b -> a on the rows that have both."""
    keep = (a.codes >= 0) & (b.codes >= 0)
    x, y = a.codes[keep], b.codes[keep]
    n = x.size
    if n < 20:
        return []
    cells, counts = np.unique(x * b.levels + y, return_counts=True)
    joint = counts.astype(np.float64)
    out = []
    for left, right, own, other, levels in (
        (a.name, b.name, x, y, cells // b.levels),
        (b.name, a.name, y, x, cells % b.levels),
    ):
        sizes = np.bincount(own).astype(np.float64)
        groups = int((sizes > 0).sum())
        together = float(sizes[sizes > 1].sum())
        if groups < 2 or together < max(20.0, 0.1 * n):
            continue
        spread = np.bincount(other) / n
        base = float((spread**2).sum())
        if base > 0.98:
            continue
        known = float((joint**2 / sizes[levels]).sum()) / n
        chance = base + (groups - 1) / (n - 1) * (1 - base)
        if chance < 1:
            out.append((left, right, (known - chance) / (1 - chance)))
    return out


def _proved(whole: pl.DataFrame, left: str, right: str, held: float) -> Row | None:
    both = whole.lazy().select(pl.col(left).alias("x"), pl.col(right).alias("y")).drop_nulls()
    cells = both.group_by("x", "y").agg(pl.len().alias("n"))
    per = cells.group_by("x").agg(n=pl.col("n").sum(), most=pl.col("n").max(), kinds=pl.len()).collect()
    support, kept = int(per["n"].sum()), int(per["most"].sum())
    if not support or kept < KEPT * support:
        return None
    wrong = support - kept
    said = f"each {left} has one {right}"
    if wrong:
        said += f", but for {wrong:,} of {support:,} rows in {int((per['kinds'] > 1).sum()):,} groups"
    return _row(left, right, "fd", kept / support, round(held, 4), support, wrong, said)


def _row(
    left: str, right: str, kind: str, strength: float, lift: float | None, support: int, wrong: int, said: str
) -> Row:
    return {
        "left": left,
        "right": right,
        "kind": kind,
        "strength": round(strength, 6),
        "lift": lift,
        "support": support,
        "violations": wrong,
        "violation_rate": wrong / support if support else 0.0,
        "detail": said,
    }


def orders(made: Sequence[Encoded]) -> list[Row]:
    """Columns of one kind of which the left is never above the right, although shuffled rows would have it so.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> low = rng.integers(0, 90, 300).astype(float)
        >>> high = low + rng.integers(0, 9, 300)
        >>> none = np.zeros(300, dtype=bool)
        >>> codes = low.astype(np.int64)
        >>> made = [Encoded("start", codes, 99, low, "date", none), Encoded("end", codes, 99, high, "date", none)]
        >>> [row["detail"] for row in orders(made)]
        ['start <= end']
    """
    out = []
    for kind in ("date", "number"):
        some = [one for one in made if one.kind == kind and one.values is not None and one.levels >= 5]
        if len(some) < 2:
            continue
        x = np.column_stack([one.values for one in some])  # type: ignore[misc]
        if x.shape[0] > 2000:
            x = x[:: x.shape[0] // 2000]
        moved = x[np.random.default_rng(0).permutation(x.shape[0])]
        for i, a in enumerate(some):
            have = np.isfinite(x[:, [i]]) & np.isfinite(x)
            n = have.sum(axis=0)
            kept = ((x[:, [i]] <= x) & have).sum(axis=0) / np.maximum(1, n)
            strict = ((x[:, [i]] < x) & have).sum(axis=0) / np.maximum(1, n)
            other = np.isfinite(x[:, [i]]) & np.isfinite(moved)
            chance = ((x[:, [i]] <= moved) & other).sum(axis=0) / np.maximum(1, other.sum(axis=0))
            good = (n >= 30) & (kept >= ORDERED) & (strict > 0.05) & (chance <= 0.8 * kept)
            for j in np.flatnonzero(good):
                if j != i:
                    out.append(_order(a, some[j], float(chance[j])))
    return sorted(out, key=lambda r: r["lift"], reverse=True)[:MOST]


def _order(a: Encoded, b: Encoded, chance: float) -> Row:
    assert a.values is not None and b.values is not None
    have = np.isfinite(a.values) & np.isfinite(b.values)
    n, wrong = int(have.sum()), int((a.values[have] > b.values[have]).sum())
    said = f"{a.name} <= {b.name}" + (f", but for {wrong:,} of {n:,} rows looked at" if wrong else "")
    strength = 1 - wrong / n
    return _row(a.name, b.name, "order", strength, round(strength / max(chance, 1e-9), 4), n, wrong, said)


def _equation(one: arithmetic.Equation) -> Row:
    wrong = round((1 - one.share) * one.support)
    said = str(one) + (f", but for {wrong:,} of {one.support:,} rows looked at" if wrong else "")
    sign = " + " if one.kind == "sum" else " × "
    lift = round(one.share / max(one.chance, 1e-3), 4)
    return _row(sign.join(one.parts), one.total, one.kind, one.share, lift, one.support, wrong, said)


def associations(made: Sequence[Encoded]) -> list[Row]:
    """How far columns go together, whatever their types: Cramér's V over levels or quantile bins, bias-corrected.

    Method: Bergsma (2013); numbers and dates in up to 12 quantile bins, words in their 12 most frequent levels and the
    rest, so that the figure means the same for every pair of types.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=600)
        >>> word = (x > 0).astype(np.int64)
        >>> made = [
        ...     Encoded("x", np.argsort(np.argsort(x)), 600, x, "number", np.isnan(x)),
        ...     Encoded("sign", word, 2, None, "word", word < 0),
        ...     Encoded("noise", rng.integers(0, 3, 600), 3, None, "word", word < 0),
        ... ]
        >>> [(r["left"], r["right"], round(r["strength"], 1)) for r in associations(made)]
        [('x', 'sign', 1.0)]
    """
    binned = [(one.name, *_levels(one)) for one in made]
    out = []
    for i, (left, x, k) in enumerate(binned):
        for right, y, m in binned[i + 1 :]:
            v, n = cramer(x, k, y, m)
            if v >= ASSOCIATED:
                said = f"{left} and {right} go together (V = {v:.2f})"
                out.append(_row(left, right, "association", v, None, n, 0, said))
    return sorted(out, key=lambda r: (-r["strength"], r["left"], r["right"]))[: 2 * MOST]


def _levels(one: Encoded, most: int = 12) -> tuple[Ints, int]:
    codes, levels = bins(one, most)
    codes = np.where(one.missing, -1, codes)
    if levels > most + 1:
        counts = np.bincount(codes[codes >= 0], minlength=levels)
        if counts.max(initial=0) < 5:
            return np.full(codes.size, -1, dtype=np.int64), 1
        order = np.full(levels, most, dtype=np.int64)
        order[np.argsort(-counts, kind="stable")[:most]] = np.arange(most)
        codes = np.where(codes >= 0, order[np.maximum(codes, 0)], -1)
        levels = most + 1
    return codes, levels


def cramer(x: Ints, k: int, y: Ints, m: int) -> tuple[float, int]:
    """Bias-corrected Cramér's V of two coded columns (-1 is missing) and the rows that have both.

    Example:
        >>> x = np.arange(90) % 3
        >>> cramer(x, 3, x, 3)
        (1.0, 90)
    """
    keep = (x >= 0) & (y >= 0)
    n = int(keep.sum())
    if n < 20:
        return 0.0, n
    table = np.bincount(x[keep] * m + y[keep], minlength=k * m).reshape(k, m).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    r, c = table.shape
    if min(r, c) < 2:
        return 0.0, n
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    size = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return (min(1.0, float(np.sqrt(phi / size))) if size > 0 else 0.0), n
