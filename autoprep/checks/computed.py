"""Verbs that write a number as an identity between columns, or the other rows of its key, say that it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from autoprep.checks.base import Repair, verb
from autoprep.checks.filling import filled


def _number(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.Float64, strict=False).fill_nan(None)


def implied(kind: str, role: str, others: Sequence[pl.Expr]) -> pl.Expr:
    """What an identity says that a cell must be (Float64); null where a part is missing.

    Args:
        kind: "sum" or "product". role: "total", or "part" of which the first of the others is the total.
        others: the other columns of the identity.

    Example:
        >>> frame = pl.DataFrame({"total": [12.0], "price": [4.0]})
        >>> frame.select(implied("product", "part", [pl.col("total"), pl.col("price")])).item()
        3.0
    """
    first, *rest = [_number(other) for other in others]
    for other in rest:
        if kind == "sum":
            first = first + other if role == "total" else first - other
        else:
            first = first * other if role == "total" else first / pl.when(other != 0).then(other)
    return pl.when(first.is_finite()).then(first)


@verb("fill_computed", phase="fill", theme="missing", cells=("by",), learnt=True, typed=True)
def fill_computed(
    cell: pl.Expr, *, by: Sequence[pl.Expr], kind: str, role: str, digits: int, indicator: bool = True
) -> Repair:
    """Fill an empty number with what an identity between columns says that it must be.

    Args:
        cell: a number.
        by: the other columns: the parts of a total; or the total and then the other parts.
        kind: "sum" or "product". role: "total" or "part". digits: decimals that the column's numbers have.
        indicator: add ``<name>__missing``.

    Example:
        >>> frame = pl.DataFrame({"total": [6.0, None], "quantity": [2, 3], "price": [3.0, 0.5]})
        >>> made = fill_computed(
        ...     pl.col("total"), by=[pl.col("quantity"), pl.col("price")], kind="product", role="total", digits=2
        ... )
        >>> frame.select(made.value).to_series().to_list()
        [6.0, 1.5]
    """
    return filled(cell, implied(kind, role, by).round(digits), indicator)


@verb("rescale_computed", phase="scale", theme="number", cells=("by",), learnt=True, typed=True)
def rescale_computed(
    cell: pl.Expr,
    *,
    by: Sequence[pl.Expr],
    kind: str,
    role: str,
    factors: Sequence[float],
    slack: float,
    bounds: Sequence[Sequence[float]],
    digits: Sequence[int],
) -> Repair:
    """Divide a number by a power of ten, or turn its sign, where only that makes an identity between columns hold.

    Nothing is written where the identity holds, and where another column could as well be the wrong one: of all
    columns and factors exactly one must give a value that the column can have and that makes it hold.

    Args:
        cell: a number.
        by: the other columns: the parts of a total; or the total and then the other parts.
        kind: "sum" or "product". role: "total" or "part".
        factors: what a wrong number may have been multiplied by. slack: how far off a row may be and hold.
        bounds: smallest and largest value, digits: decimals; of the cell's column and of each of ``by``.

    Example:
        >>> frame = pl.DataFrame({"a": [1.0, 2.0], "b": [2.0, 3.0], "sum": [3.0, 500.0]})
        >>> made = rescale_computed(
        ...     pl.col("sum"),
        ...     by=[pl.col("a"), pl.col("b")],
        ...     kind="sum",
        ...     role="total",
        ...     factors=[100.0],
        ...     slack=1e-9,
        ...     bounds=[[1, 9], [1, 9], [1, 9]],
        ...     digits=[0, 0, 0],
        ... )
        >>> frame.select(made.value)["sum"].to_list()
        [3.0, 5.0]
    """
    columns = [_number(cell), *(_number(other) for other in by)]
    total = 0 if role == "total" else 1

    def holds(cells: Sequence[pl.Expr]) -> pl.Expr:
        parts = [one for i, one in enumerate(cells) if i != total]
        return (implied(kind, "total", parts) - cells[total]).abs() <= slack

    ways: list[tuple[int, pl.Expr, pl.Expr]] = []
    for i, (one, (low, high), places) in enumerate(zip(columns, bounds, digits, strict=True)):
        for factor in factors:
            made = (one / factor).round(places)
            able = (made >= low) & (made <= high) & ((made * factor - one).abs() <= 1e-9 * one.abs())
            fits = able & holds([made if k == i else other for k, other in enumerate(columns)])
            ways.append((i, made, fits.fill_null(False)))
    alone = (pl.sum_horizontal([fits.cast(pl.Int32) for _, _, fits in ways]) == 1) & ~holds(columns).fill_null(True)
    # ``alone`` holds every way: it is written once, not once per factor.
    own = pl.coalesce([pl.when(fits).then(made) for i, made, fits in ways if i == 0])
    return Repair(pl.coalesce([pl.when(alone).then(own), cell]), dtype="same")


@verb("rescale_by", phase="scale", theme="number", columns=("by",), learnt=True, typed=True)
def rescale_by(
    cell: pl.Expr,
    *,
    by: pl.Expr,
    mapping: Mapping[str, float],
    factors: Sequence[float],
    tolerance: float,
    digits: int,
) -> Repair:
    """Divide a number by a power of ten where its key says that it is that many times too large or too small.

    Args:
        cell: a number.
        by: the key. mapping: from key to what its numbers lie around.
        factors: what a wrong number may have been multiplied by. tolerance: how far, in powers of ten, a number may be.
        digits: decimals that the column's numbers have.

    Example:
        >>> frame = pl.DataFrame({"item": ["lamp", "lamp"], "price": [19.5, 2050.0]})
        >>> made = rescale_by(
        ...     pl.col("price"), by=pl.col("item"), mapping={"lamp": 20.0}, factors=[10, 100], tolerance=0.1, digits=2
        ... )
        >>> frame.select(made.value)["price"].to_list()
        [19.5, 20.5]
    """
    if not mapping:
        return Repair(cell, dtype="same")
    centre = by.replace_strict(list(mapping), list(mapping.values()), default=None, return_dtype=pl.Float64)
    number = _number(cell)
    off = (pl.when(number / centre > 0).then(number / centre)).log10()
    ways = []
    for factor in factors:
        made = (number / factor).round(digits)
        near = (off - pl.lit(factor).log10()).abs() <= tolerance
        ways.append(pl.when(near & ((made * factor - number).abs() <= 1e-9 * number.abs())).then(made))
    return Repair(pl.coalesce([*ways, cell]), dtype="same")
