"""Values that spilt into the neighbouring column: "Bend OR" beside an empty state."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State

#: Cells that must have spilt; share of the empty cells they must explain; values the emptied column may have.
MIN_CELLS, MIN_EXPLAINED, MAX_VALUES = 3, 0.5, 500
_SEPARATOR = r"[\s,;/|-]"
_SPLIT = r"^(.+?)[\s,;/|-]+({0})$"


@LEARNERS.add("move_spill")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose, for each pair of neighbours, to move a tail that is a known value of the empty right one to its place.

    Proof without labels: the head alone is a known value of the left column, or the tail explains most empty cells on
    the right; and tails of that kind must be rare beside filled cells, else the left column simply ends that way.
    """
    proposals: list[Proposal] = []
    texts = state.texts()
    if not texts:
        return proposals
    counted = state.frame.select(_empty(name).sum().alias(name) for name in texts).row(0, named=True)
    names = [c for c in texts if counted[c] < state.frame.height]
    gaps = [c for c in names if MIN_CELLS <= counted[c] <= 0.5 * state.frame.height]
    written = _written(state.frame, names) if gaps else None
    for right in gaps:
        ending = _ending(written, right, state.frame[right])
        made = None
        for left in names:
            if state.late() or (left != right and left in ending and (made := _judged(state, left, right))):
                break
        if made:
            proposals += made
    return proposals


def _written(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The different cells of columns that hold a separator: ``column``, ``l``."""
    made = [
        frame.lazy()
        .select(pl.lit(name).alias("column"), pl.col(name).alias("l"))
        .filter(pl.col("l").str.contains(_SEPARATOR))
        .unique()
        for name in names
    ]
    return pl.concat(made).collect()


def _ending(written: pl.DataFrame | None, right: str, cells: pl.Series) -> set[str]:
    """The columns of which some cell ends in a value of another: of wide tables few pairs are worth a look."""
    pattern = _pattern(cells.filter(cells.is_not_null() & (cells.str.strip_chars() != "")))
    if written is None or pattern is None:
        return set()
    ends = written.filter((pl.col("column") != right) & pl.col("l").str.contains(pattern))
    return set(ends["column"].unique().to_list())


def _pattern(known: pl.Series) -> str | None:
    """What a cell looks like that ends in one of these values, which recur and hold letters; None without such."""
    counted = known.alias("r").value_counts(sort=True)
    values = [v for v, n in counted.head(MAX_VALUES + 1).rows() if n >= 2 and re.search(r"[^\W\d_]", v)]
    if not values or counted.height > MAX_VALUES:
        return None
    return _SPLIT.format("|".join(re.escape(v) for v in sorted(values, key=lambda v: (-len(v), v))))


def _empty(name: str) -> pl.Expr:
    return pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")


def _judged(state: State, left: str, right: str) -> list[Proposal] | None:
    found: list[Proposal] | None = state.judged("spill", (left, right), lambda: _judge(state.frame, left, right))
    return found


def _judge(frame: pl.DataFrame, left: str, right: str) -> list[Proposal] | None:
    pair = frame.select(pl.col(left).alias("l"), pl.col(right).alias("r"), _empty(right).alias("e"))
    blanks = int(pair["e"].sum())
    pattern = _pattern(pair.filter(~pl.col("e"))["r"])
    if pattern is None:
        return None
    heads, tails = pl.col("l").str.extract(pattern, 1), pl.col("l").str.extract(pattern, 2)
    split = pair.with_columns(heads.alias("head"), tails.alias("tail"))
    spilt = split.filter(pl.col("e") & pl.col("tail").is_not_null())
    beside = split.filter(~pl.col("e") & pl.col("tail").is_not_null()).height
    rate_full = beside / max(1, frame.height - blanks)
    if spilt.height < MIN_CELLS or spilt.height < MIN_EXPLAINED * blanks or rate_full > 0.2 * spilt.height / blanks:
        return None
    seen = frame[left].unique().implode()
    heads_known = spilt.filter(pl.col("head").is_in(seen)).height / spilt.height
    confidence = round(max(heads_known, spilt.height / blanks) * (1 - rate_full), 4)
    if confidence < 0.8:
        return None
    evidence = {
        "spilt": spilt.height,
        "empty": blanks,
        "explained": round(spilt.height / blanks, 4),
        "heads_known": round(heads_known, 4),
        "beside_filled": round(rate_full, 4),
    }
    used = sorted(set(spilt["tail"].to_list()))
    parameters = {"neighbour": left, "values": used, "pattern": pattern}
    why = f"{right} is empty where {left} ends in one of its values ({spilt.height:,} of {blanks:,} empty cells)"
    return [
        Proposal((right,), parameters, confidence, evidence, verb="take_spill", why=why),
        Proposal(
            (left,), {"words": used, "pattern": pattern, "by": right}, confidence, evidence, verb="drop_tail", why=why
        ),
    ]
