"""What is asked of one cell, as sqlglot's trees: true where a known cell meets the expectation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
from sqlglot import exp

from autoprep.errors import SettingError
from autoprep.validation.export.words import Tree, literal, one_of, require_text, within
from autoprep.validation.patterns import like_regex, rust_regex


def _matching(*, wanted: bool, many: bool) -> Callable[[Tree, pl.DataType | None, Mapping[str, Any]], Tree]:
    def made(cell: Tree, dtype: pl.DataType | None, said: Mapping[str, Any]) -> Tree:
        require_text(dtype)
        asked = said["regex_list"] if many else [said["regex"]]
        found = []
        for pattern in asked:
            known = rust_regex(pattern)
            if known is None or "$" in pattern[:-1]:
                raise SettingError(f"the pattern {pattern!r} has no equal without Python")
            found.append(exp.RegexpLike(this=cell.copy(), expression=literal(known)))
        return _joined(found, said, wanted=wanted)

    return made


def _joined(found: list[Tree], said: Mapping[str, Any], *, wanted: bool) -> Tree:
    how = exp.and_ if wanted and said.get("match_on") == "all" else exp.or_
    held = exp.paren(how(*found))
    return held if wanted else exp.not_(held)


def _like(*, wanted: bool, many: bool) -> Callable[[Tree, pl.DataType | None, Mapping[str, Any]], Tree]:
    def made(cell: Tree, dtype: pl.DataType | None, said: Mapping[str, Any]) -> Tree:
        require_text(dtype)
        asked = said["like_pattern_list"] if many else [said["like_pattern"]]
        found = [
            exp.RegexpLike(this=cell.copy(), expression=literal(like_regex(pattern, said.get("escape"))))
            for pattern in asked
        ]
        return _joined(found, said, wanted=wanted)

    return made


def _length(cell: Tree, dtype: pl.DataType | None, said: Mapping[str, Any]) -> Tree:
    require_text(dtype)
    size = exp.Length(this=cell.copy())
    if "value" in said:
        return exp.EQ(this=size, expression=literal(said["value"]))
    return within(size, said, pl.Int64())


def _alone(cell: Tree, dtype: pl.DataType | None, said: Mapping[str, Any]) -> Tree:
    return exp.EQ(this=shared([cell]), expression=literal(1))


def shared(cells: Sequence[Tree]) -> Tree:
    """In how many rows the same cells stand."""
    return exp.Window(this=exp.Count(this=exp.Star()), partition_by=[c.copy() for c in cells])


def _score(cell: Tree, dtype: pl.DataType | None, said: Mapping[str, Any]) -> Tree:
    if dtype is not None and not dtype.is_numeric():
        raise SettingError(f"a column of {dtype} has no mean and no spread")
    mean = exp.Window(this=exp.Avg(this=cell.copy()))
    spread = exp.Window(this=exp.StddevSamp(this=cell.copy()))
    gap: Tree = exp.paren(exp.Sub(this=cell.copy(), expression=mean))
    reach: Tree = exp.Mul(this=literal(said["threshold"]), expression=spread)
    if said.get("double_sided"):
        gap, reach = exp.Abs(this=gap), exp.Mul(this=literal(abs(said["threshold"])), expression=spread.copy())
    no_spread = exp.EQ(this=exp.Coalesce(this=spread.copy(), expressions=[literal(0)]), expression=literal(0))
    return exp.or_(exp.LT(this=gap, expression=reach), no_spread)


#: Cell (null where the row does not count), dtype, arguments -> whether a known cell meets the expectation.
CELLS: dict[str, Callable[[Tree, pl.DataType | None, Mapping[str, Any]], Tree]] = {
    "expect_column_values_to_be_between": lambda cell, dtype, said: within(cell, said, dtype),
    "expect_column_values_to_be_in_set": lambda cell, dtype, said: one_of(cell, dtype, said.get("value_set")),
    "expect_column_values_to_not_be_in_set": lambda cell, dtype, said: exp.not_(
        exp.paren(one_of(cell, dtype, said.get("value_set") or []))
    ),
    "expect_column_values_to_be_unique": _alone,
    "expect_column_values_to_match_regex": _matching(wanted=True, many=False),
    "expect_column_values_to_not_match_regex": _matching(wanted=False, many=False),
    "expect_column_values_to_match_regex_list": _matching(wanted=True, many=True),
    "expect_column_values_to_not_match_regex_list": _matching(wanted=False, many=True),
    "expect_column_values_to_match_like_pattern": _like(wanted=True, many=False),
    "expect_column_values_to_not_match_like_pattern": _like(wanted=False, many=False),
    "expect_column_values_to_match_like_pattern_list": _like(wanted=True, many=True),
    "expect_column_values_to_not_match_like_pattern_list": _like(wanted=False, many=True),
    "expect_column_value_lengths_to_be_between": _length,
    "expect_column_value_lengths_to_equal": _length,
    "expect_column_value_z_scores_to_be_less_than": _score,
}
