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


@verb("drop_total_rows", phase="row", theme="table", level="row", learnt=True, aside=True)
def drop_total_rows(names: Sequence[str], *, column: str, labels: Sequence[str]) -> pl.Expr:
    """Set aside rows that say the total, or the mean, of the other rows: no row of the table's own kind.

    Args:
        names: columns of the table.
        column: the text column that says so. labels: what it says, lower case.

    Example:
        >>> frame = pl.DataFrame({"city": ["Rome", "Oslo", "Total:"], "n": [1, 2, 3]})
        >>> frame.filter(drop_total_rows(["city", "n"], column="city", labels=["total"]))["n"].to_list()
        [1, 2]
    """
    if column not in names:
        return pl.lit(True)
    return ~label(pl.col(column)).is_in(list(labels)).fill_null(False)


def label(cell: pl.Expr) -> pl.Expr:
    """A cell as a label: lower case, without space and colon at its ends.

    Example:
        >>> pl.select(label(pl.lit(" Total: "))).item()
        'total'
    """
    return cell.cast(pl.String).str.strip_chars().str.strip_chars_end(": ").str.to_lowercase()


@verb("drop_listed_rows", phase="row", theme="table", level="row", learnt=True, aside=True)
def drop_listed_rows(names: Sequence[str], *, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pl.Expr:
    """Set aside rows that say exactly what is listed: a person saw that they speak of the same thing as another row.

    Args:
        names: columns of the table.
        columns: those that tell the rows apart. rows: their cells, as text as they came; null for an empty one.

    Example:
        >>> frame = pl.DataFrame({"id": [1, 2, 3], "name": ["Ann Lee", "An Lee", "Bob"]})
        >>> frame.filter(drop_listed_rows(["id", "name"], columns=["id"], rows=[["2"]]))["id"].to_list()
        [1, 3]
    """
    if not rows or any(column not in names for column in columns):
        return pl.lit(True)
    listed = [row_text(row) for row in rows]
    cells = [pl.col(column).cast(pl.String).fill_null(EMPTY) for column in columns]
    return ~pl.concat_str(cells, separator=BETWEEN).is_in(listed)


#: What stands for an empty cell, and between cells, where a row is one text.
EMPTY, BETWEEN = "\x1enull", "\x1f"


def row_text(cells: Sequence[str | None]) -> str:
    """The cells of a row as one text."""
    return BETWEEN.join(EMPTY if cell is None else str(cell) for cell in cells)


@verb("merge_similar_rows", phase="row", theme="table", level="row", learnt=True)
def merge_similar_rows(names: Sequence[str]) -> pl.Expr:
    """Set aside rows that speak of the same thing as another (the planner writes it as ``drop_listed_rows``)."""
    return pl.lit(True)


@verb("settle_keys", phase="row", theme="table", level="row", learnt=True)
def settle_keys(names: Sequence[str]) -> pl.Expr:
    """Keep one row of each key, the fullest (the planner writes it as ``drop_listed_rows``)."""
    return pl.lit(True)


@verb("drop_repeated_block", phase="row", theme="table", level="row", learnt=True)
def drop_repeated_block(names: Sequence[str]) -> pl.Expr:
    """Drop a block of rows that was loaded twice (the planner writes it as ``drop_duplicate_rows``)."""
    return pl.lit(True)


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
