"""Verbs on whole columns and rows: drop, exclude, keep, deduplicate."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autoprep.checks.base import Repair, verb


@verb("drop_column", phase="column", theme="table", level="column", typed=True)
def drop_column(cell: pl.Expr, *, value: str | None = None, copy_of: str = "") -> Repair:
    """Leave out a column that holds one value only, or a copy of another; one ledger entry brings it back."""
    return Repair(cell, dtype="same")


@verb("exclude_column", phase="column", theme="table", level="column", typed=True)
def exclude_column(cell: pl.Expr, *, role: str = "excluded") -> Repair:
    """Keep a column in the table but not as a feature (identifiers, row numbers)."""
    return Repair(cell, dtype="same")


@verb("exclude_leak", phase="column", theme="target", level="column", typed=True)
def exclude_leak(cell: pl.Expr) -> Repair:
    """Keep a column that gives the target away in the table, but not as a feature."""
    return Repair(cell, dtype="same")


@verb("keep", phase="column", theme="table", level="column", typed=True)
def keep(cell: pl.Expr) -> Repair:
    """Change nothing; the finding is a note."""
    return Repair(cell, dtype="same")


@verb("keep_code", phase="typing", theme="text")
def keep_code(cell: pl.Expr) -> Repair:
    """Keep a code as text: its leading zeros mean something."""
    return Repair(cell)


@verb("keep_text", phase="typing", theme="text")
def keep_text(cell: pl.Expr) -> Repair:
    """Keep a column as text: numbers or dates in it are not what it is about."""
    return Repair(cell)


@verb("drop_duplicate_rows", phase="row", theme="table", level="table", elementwise=False)
def drop_duplicate_rows(names: Sequence[str]) -> pl.Expr:
    """Keep the first of rows that are equal in every column.

    Example:
        >>> pl.DataFrame({"a": [1, 1, 2]}).filter(drop_duplicate_rows(["a"]))["a"].to_list()
        [1, 2]
    """
    return pl.struct(list(names)).is_first_distinct() if names else pl.lit(True)


@verb("drop_empty_rows", phase="row", theme="table", level="row")
def drop_empty_rows(names: Sequence[str]) -> pl.Expr:
    """Drop rows in which every cell is null.

    Example:
        >>> pl.DataFrame({"a": [1, None], "b": ["x", None]}).filter(drop_empty_rows(["a", "b"])).height
        1
    """
    if not names:
        return pl.lit(True)
    return pl.any_horizontal(pl.col(name).is_not_null() for name in names)


@verb("drop_rows_without_target", phase="row", theme="target", level="row")
def drop_rows_without_target(names: Sequence[str], *, target: str) -> pl.Expr:
    """Drop rows that nothing can be learnt from: their target is null.

    Example:
        >>> frame = pl.DataFrame({"y": [1, None]})
        >>> frame.filter(drop_rows_without_target(["y"], target="y")).height
        1
    """
    return pl.col(target).is_not_null()


@verb("drop_rows_where", phase="row", theme="table", level="row")
def drop_rows_where(names: Sequence[str], *, condition: str) -> pl.Expr:
    """Drop rows for which a SQL condition holds (only when a person asks).

    Example:
        >>> pl.DataFrame({"a": [1, 5]}).filter(drop_rows_where(["a"], condition="a > 3"))["a"].to_list()
        [1]
    """
    return ~pl.sql_expr(condition).fill_null(False)
