"""What is asked of several cells of one row: pairs and lists of columns, as Polars expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from autoprep.errors import SettingError
from autoprep.validation.conditions import Arguments, UnfitError, is_text, members

#: Cells (NaN already null), their dtypes, the rows that count, the arguments -> whether the row meets the expectation.
Relation = Callable[[Sequence[pl.Expr], Sequence[pl.DataType], pl.Expr, Arguments], pl.Expr]
RELATIONS: dict[str, Relation] = {}

_IGNORE: Mapping[str, Callable[[Sequence[pl.Expr]], pl.Expr]] = {
    "both_values_are_missing": lambda cells: pl.any_horizontal(c.is_not_null() for c in cells),
    "either_value_is_missing": lambda cells: pl.all_horizontal(c.is_not_null() for c in cells),
    "neither": lambda cells: pl.lit(value=True),
    "all_values_are_missing": lambda cells: pl.any_horizontal(c.is_not_null() for c in cells),
    "any_value_is_missing": lambda cells: pl.all_horizontal(c.is_not_null() for c in cells),
    "never": lambda cells: pl.lit(value=True),
}


def considered(cells: Sequence[pl.Expr], ignore_row_if: str) -> pl.Expr:
    """The rows that count, by ``ignore_row_if`` (raises SettingError for a word that is none of its own)."""
    if ignore_row_if not in _IGNORE:
        raise SettingError(f'Unrecognized value of ignore_row_if ("{ignore_row_if}").')
    return _IGNORE[ignore_row_if](cells)


def _relation(name: str) -> Callable[[Relation], Relation]:
    def keep(function: Relation) -> Relation:
        RELATIONS[f"expect_{name}"] = function
        return function

    return keep


def _like(cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType]) -> list[pl.Expr]:
    return [c.cast(pl.String) if is_text(d) else c for c, d in zip(cells, dtypes, strict=True)]


def _comparable(dtypes: Sequence[pl.DataType]) -> bool:
    kinds = {
        "text" if is_text(d) else "time" if d.is_temporal() else "number" for d in dtypes if not isinstance(d, pl.Null)
    }
    return len(kinds) < 2


@_relation("column_pair_values_to_be_equal")
def pair_equal(cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType], rows: pl.Expr, said: Arguments) -> pl.Expr:
    """Both hold the same; a null equals nothing."""
    left, right = _like(cells, dtypes)
    return (left == right) if _comparable(dtypes) else pl.lit(value=False)


@_relation("column_pair_values_a_to_be_greater_than_b")
def pair_greater(cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType], rows: pl.Expr, said: Arguments) -> pl.Expr:
    """The first is greater than (or equals) the second."""
    if not _comparable(dtypes):
        raise SettingError("text and numbers cannot be compared by size")
    left, right = _like(cells, dtypes)
    return left >= right if said.get("or_equal") else left > right


@_relation("column_pair_values_to_be_in_set")
def pair_in_set(cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType], rows: pl.Expr, said: Arguments) -> pl.Expr:
    """The pair is one of a set of pairs; null is written None."""
    pairs = said.get("value_pairs_set")
    if pairs is None:
        return pl.lit(value=True)
    parts = []
    for pair in dict.fromkeys(tuple(p) for p in pairs):
        held = [_is(c, d, v) for c, d, v in zip(_like(cells, dtypes), dtypes, pair, strict=True)]
        parts.append(held[0] & held[1])
    return pl.any_horizontal(parts) if parts else pl.lit(value=False)


def _is(cell: pl.Expr, dtype: pl.DataType, value: object) -> pl.Expr:
    if value is None:
        return cell.is_null()
    known = members([value], dtype)
    return pl.lit(value=False) if known.is_empty() else (cell == pl.lit(known)).fill_null(value=False)


@_relation("compound_columns_to_be_unique")
def compound_unique(cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType], rows: pl.Expr, said: Arguments) -> pl.Expr:
    """No two rows hold the same in all these columns."""
    named = [c.alias(f"k{i}") for i, c in enumerate(cells)]
    return ~pl.struct(*named, rows.alias("rows")).is_duplicated()


@_relation("select_column_values_to_be_unique_within_record")
def unique_within_record(
    cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType], rows: pl.Expr, said: Arguments
) -> pl.Expr:
    """No two of these columns hold the same in one row; two nulls count as the same."""
    alike = _like(cells, dtypes)
    clashes = [
        alike[i].eq_missing(alike[j])
        if _comparable([dtypes[i], dtypes[j]])
        else alike[i].is_null() & alike[j].is_null()
        for i in range(len(alike))
        for j in range(i)
    ]
    return pl.any_horizontal(clashes).not_() if clashes else pl.lit(value=True)


@_relation("multicolumn_sum_to_equal")
def sum_equal(cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType], rows: pl.Expr, said: Arguments) -> pl.Expr:
    """The columns add up to a total in every row."""
    if any(d.is_temporal() or isinstance(d, pl.Categorical | pl.Enum) for d in dtypes):
        raise UnfitError("dates and categories have no sum")
    if any(is_text(d) for d in dtypes):
        return pl.lit(value=False)
    held: pl.Expr = pl.sum_horizontal(cells, ignore_nulls=False) == said["sum_total"]
    return held


@_relation("multicolumn_values_to_be_equal")
def values_equal(cells: Sequence[pl.Expr], dtypes: Sequence[pl.DataType], rows: pl.Expr, said: Arguments) -> pl.Expr:
    """All columns hold the same in every row; nulls equal nulls."""
    first, *others = _like(cells, dtypes)
    held = [
        first.eq_missing(other) if _comparable([dtypes[0], dtype]) else first.is_null() & other.is_null()
        for other, dtype in zip(others, dtypes[1:], strict=True)
    ]
    return pl.all_horizontal(held) if held else pl.lit(value=True)
