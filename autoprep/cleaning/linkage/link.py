"""Rows that speak of the same thing, as clusters with a row that stays and evidence for each that goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.linkage.blocking import candidate_pairs
from autoprep.cleaning.linkage.compare import Compared, folded, is_code, ready
from autoprep.cleaning.linkage.proof import MEAN_CLUSTER, Proof, prove, rare_evidence
from autoprep.cleaning.linkage.score import Weights, learn, levels_of

#: Pairs that are compared, at most; chance from which two rows are one thing; columns that must speak for it.
MOST_PAIRS, THRESHOLD, MIN_SPEAKING = 200_000, 0.9, 2
MAX_COLUMNS = 20
#: A column speaks for a pair with this many bits.
SPEAKS = 1.0
#: Of the distinct values of some column, this share of the rows at least: else nothing tells rows apart.
MIN_DISTINCT = 0.2
#: Planted copies that must find their row, links of them that must be right, found links that may be chance's.
MIN_RIGHT, MIN_PRECISION, MAX_CHANCE = 0.3, 0.95, 0.1

#: No copy was planted.
NONE = Proof()


@dataclass(frozen=True)
class Links:
    """What was found.

    Attributes:
        pairs: ``keep``, ``drop`` (row places, Int64), ``probability``, one column of bits per compared column.
        weights: what agreement is worth; None when nothing could be compared.
        compared: pairs that were compared. left_out: pairs beyond the budget.
        proof: what planted copies showed. declined: why links that were found are not told; "" when they are.
    """

    pairs: pl.DataFrame
    weights: Weights | None
    compared: int = 0
    left_out: int = 0
    proof: Proof = NONE
    declined: str = ""

    def waterfall(self, place: int) -> dict[str, float]:
        """The evidence of one pair, in bits, from the strongest on; what was expected beforehand comes first."""
        row = self.pairs.row(place, named=True)
        names = self.weights.columns if self.weights else ()
        prior = self.weights.prior if self.weights else 0.5
        bits = {name: round(float(row[name]), 1) for name in names if abs(float(row[name])) >= 0.05}
        ranked = dict(sorted(bits.items(), key=lambda item: (-abs(item[1]), item[0])))
        return {"beforehand": round(float(np.log2(prior / (1 - prior))), 1), **ranked}


def link(
    frame: pl.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    most_pairs: int = MOST_PAIRS,
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> Links:
    """Find rows that speak of the same thing although they are not equal.

    Args:
        frame: rows, typed as far as they can be.
        columns: those to compare; by default all but those that say nothing.
        most_pairs: how many pairs are compared at most.
        threshold: chance from which two rows are one thing.
        seed: of the samples.

    Example:
        >>> names = ["ann lee", "bob ray", "cy young", "dee fox", "eve hart"] * 12
        >>> rows = [(f"{n} {i}", f"{i * 37} main", 1950 + i) for i, n in enumerate(names)]
        >>> frame = pl.DataFrame([*rows, ("an lee 0", "0 main", 1950)], schema=["n", "a", "y"], orient="row")
        >>> link(frame).pairs.select("keep", "drop").rows()
        [(0, 60)]
    """
    chosen = list(columns) if columns is not None else comparable(frame)
    nothing = Links(pl.DataFrame(schema={"keep": pl.Int64, "drop": pl.Int64, "probability": pl.Float64}), None)
    texts = [name for name in chosen if frame.schema[name] == pl.String()]
    if len(chosen) < MIN_SPEAKING or not texts or frame.height < 3:
        return nothing
    blocked = frame.select(
        folded(pl.col(name)).alias(name) if name in texts else pl.col(name).cast(pl.String, strict=False).alias(name)
        for name in chosen
    )
    left, right, left_out = candidate_pairs(blocked, most=most_pairs)
    if not len(left):
        return nothing
    made: list[Compared] = ready(frame, chosen, blocked)
    levels = levels_of(made, left, right)
    weights, likely = learn(frame, made, levels, keys=_keys(frame, chosen), seed=seed)
    bits = weights.bits(levels)
    strong = (likely >= threshold) & ((bits >= SPEAKS).sum(axis=1) >= MIN_SPEAKING)
    strong &= rare_evidence(made, levels, left, right)
    if not strong.any():
        return replace(nothing, weights=weights, compared=len(left), left_out=left_out)
    proof = prove(frame, weights, (left, right), strong, threshold=threshold, seed=seed)
    at = np.flatnonzero(strong)
    kept = _stars(left[at], right[at], likely[at], _fullness(frame))
    order = at[[place for _, _, place in kept]] if kept else at[:0]
    data: dict[str, Any] = {
        "keep": pl.Series([k for k, _, _ in kept], dtype=pl.Int64),
        "drop": pl.Series([d for _, d, _ in kept], dtype=pl.Int64),
        "probability": likely[order],
    }
    pairs = pl.DataFrame(data).with_columns(pl.Series(name, bits[order, i]) for i, name in enumerate(weights.columns))
    declined = _declined(proof, kept)
    told = pairs.clear() if declined else pairs.sort("keep", "drop")
    return Links(told, weights, len(left), left_out, proof, declined)


def _declined(proof: Proof, stars: list[tuple[int, int, int]]) -> str:
    """Why links are not told: copies find other rows as well, or a thing would stand on too many rows."""
    rows = 1 + len(stars) / max(1, len({keep for keep, _, _ in stars}))
    if rows > MEAN_CLUSTER:
        return f"{rows:.1f} rows would be one thing on average: they are of one kind, not one thing"
    if proof.right < MIN_RIGHT * proof.planted:
        return f"only {proof.right} of {proof.planted} planted copies found their row"
    if proof.precision < MIN_PRECISION or proof.chance > MAX_CHANCE * max(len(stars), 1):
        return f"planted copies found their own row {proof.right} times, and others {proof.wrong} times"
    return ""


def _keys(frame: pl.DataFrame, chosen: Sequence[str]) -> frozenset[str]:
    """Columns of codes that hold each value once: no counters, which ``comparable`` leaves out."""
    texts = [name for name in chosen if frame.schema[name] == pl.String() and is_code(frame[name])]
    return frozenset(n for n in texts if frame[n].drop_nulls().n_unique() >= 0.995 * frame.height)


def comparable(frame: pl.DataFrame) -> list[str]:
    """Columns that can be compared: with some values and repeats among nearly alike ones; none when no row is named."""
    able = [
        name
        for name, dtype in frame.schema.items()
        if dtype == pl.String() or dtype.is_numeric() or dtype.base_type() in (pl.Date, pl.Datetime)
    ]
    if not able:
        return []
    counts = frame.select(pl.col(able).n_unique()).row(0, named=True)
    filled = frame.select(pl.col(able).count()).row(0, named=True)
    kept = [name for name in able if counts[name] > 1 and filled[name] >= 0.05 * frame.height]
    kept = [name for name in kept if not _serial(frame[name], counts[name])]
    named = [n for n in kept if frame.schema[n] == pl.String() and counts[n] >= MIN_DISTINCT * frame.height]
    if not named:
        return []
    ranked = sorted(kept, key=lambda n: (-counts[n], n))[:MAX_COLUMNS]
    return [name for name in frame.columns if name in ranked]


def _serial(cells: pl.Series, distinct: int) -> bool:
    """Whether a column only numbers the rows: whole numbers, or codes without words, each of them once."""
    if distinct < 0.995 * cells.len():
        return False
    if cells.dtype.is_integer():
        return True
    if cells.dtype != pl.String():
        return False
    codes = cells.drop_nulls().str.contains(r"^[A-Za-z]{0,8}[-_#/ ]?\d+[A-Za-z]?$|^[0-9a-fA-F-]{32,36}$")
    return int(codes.sum()) > 0.9 * codes.len()


def _fullness(frame: pl.DataFrame) -> np.ndarray:
    """How many cells of each row hold something (int64[rows])."""
    return frame.select(pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int64))).to_series().to_numpy()


def _stars(left: np.ndarray, right: np.ndarray, likely: np.ndarray, fullness: np.ndarray) -> list[tuple[int, int, int]]:
    """(row that stays, row that goes, place of the pair): each row that goes is linked to the one that stays itself.

    The fullest row of those that lie together stays, of equally full ones the first: no chain of likenesses makes two
    rows one that are not alike.
    """
    near: dict[int, dict[int, int]] = {}
    for place, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        near.setdefault(a, {})[b] = place
        near.setdefault(b, {})[a] = place
    done: set[int] = set()
    out = []
    for row in sorted(near, key=lambda r: (-int(fullness[r]), r)):
        if row in done:
            continue
        done.add(row)
        for other, place in sorted(near[row].items(), key=lambda item: (-likely[item[1]], item[0])):
            if other not in done:
                done.add(other)
                out.append((row, other, place))
    return out
