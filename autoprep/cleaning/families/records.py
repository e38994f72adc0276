"""Rows that stand for the same thing: by likeness, by key with conflict, by a block that was loaded twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from autoprep.checks.table import row_text
from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.cleaning.linkage import link
from autoprep.profiling import names

#: Rows that a plan may list, and examples that it shows.
MAX_LISTED, SHOWN = 2_000, 5
#: A key names nearly every row, and repeats in few of them.
KEY_DISTINCT, MAX_REPEATED = 0.9, 0.1
#: Ways to reach a person, who may well stand on several rows.
REACHED = ("email", "phone", "ip")
#: Rows in a row, in the same order, that make a block, and share of them that must differ among themselves.
MIN_BLOCK, DIFFERENT = 10, 0.8


@LEARNERS.add("merge_similar_rows")
def similar(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to set aside rows that are, by the weight of evidence, the same thing as a fuller row.

    Each row that goes is linked to the one that stays by its own evidence, which the step shows in bits per column.
    """
    raw, frame = state.raw, state.frame
    most_rows, most_pairs = (
        int(state.parameters.get(k, d)) for k, d in (("most_rows", 10_000), ("most_pairs", 50_000))
    )
    if raw is None or not 20 <= raw.height <= most_rows:
        return []
    columns = [n for n in frame.columns if n != state.target]
    first = pl.Series(frame.select(pl.struct(pl.all()).is_first_distinct()).to_series())
    places = first.arg_true().to_numpy()
    if not columns:
        return []
    found = link(frame.select(columns).filter(first), most_pairs=most_pairs)
    if not found.pairs.height or found.pairs.height > MAX_LISTED:
        return []
    keep, drop = (places[found.pairs[side].to_numpy()] for side in ("keep", "drop"))
    listed = _listed(raw, frame, drop)
    if listed is None:
        return []
    chosen, kept = listed
    shown = [
        {
            "keep": int(keep[i]),
            "drop": int(drop[i]),
            "probability": round(float(found.pairs["probability"][int(i)]), 4),
            "bits": found.waterfall(int(i)),
        }
        for i in kept[:SHOWN].tolist()
    ]
    likely = found.pairs["probability"].gather(kept.tolist())
    clusters = len(set(keep[kept].tolist()))
    evidence: dict[str, Any] = {
        "clusters": clusters,
        "rows": len(kept),
        "compared": found.compared,
        "left_out": found.left_out,
    }
    evidence |= {"links": shown, "planted": found.proof.planted, "planted_found": found.proof.right}
    evidence |= {"planted_wrong": found.proof.wrong, "expected_false": found.proof.chance}
    why = f"{len(kept):,} rows are nearly the same as another: {clusters:,} things stand more than once"
    parameters = {"columns": chosen, "rows": _cells(raw, chosen, drop[kept])}
    confidence = float(likely.mean() or 0.0)  # type: ignore[arg-type]
    return [Proposal((), parameters, confidence, evidence, verb="drop_listed_rows", why=why)]


@LEARNERS.add("settle_keys")
def conflicts(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to keep the fullest row (of equally full ones the first) of each key that stands on several rows.

    A key is a column that names nearly every row and is called so, or holds identifiers. Which cells conflict is shown.
    """
    raw, frame = state.raw, state.frame
    if raw is None:
        return []
    proposals = []
    for name, about in state.columns.items():
        if name not in frame.columns or not _names_rows(name, about, frame):
            continue
        rest = [n for n in frame.columns if n != name]
        indexed = frame.select(pl.int_range(pl.len()).alias("\x1fat"), pl.all())
        twice = indexed.filter(pl.col(name).is_not_null() & pl.col(name).is_duplicated())
        if not twice.height or twice.height > MAX_REPEATED * frame.height or not rest:
            continue
        fuller = twice.with_columns(pl.sum_horizontal(pl.col(rest).is_not_null().cast(pl.Int64)).alias("\x1ffull"))
        ordered = fuller.sort([name, "\x1ffull", "\x1fat"], descending=[False, True, False])
        later = ordered.filter(~pl.col(name).is_first_distinct())
        counts = twice.group_by(name).agg(pl.col(rest).drop_nulls().n_unique()).drop(name)
        clash = {n: int((counts[n] > 1).sum()) for n in rest}
        clash = {n: k for n, k in sorted(clash.items(), key=lambda item: (-item[1], item[0])) if k}
        drop = later["\x1fat"].to_numpy()
        equal = frame.select(pl.struct(pl.all()).is_duplicated()).to_series().to_numpy()
        if equal[drop].all():
            continue
        listed = _listed(raw, frame, drop, first=name)
        if listed is None or len(drop) > MAX_LISTED:
            continue
        chosen, kept = listed
        keys = int(twice[name].n_unique())
        samples = ordered.select(name, *list(clash)[:3]).head(6).cast(pl.String)
        evidence = {"key": name, "keys": keys, "rows": len(kept), "conflicts": clash}
        evidence["conflicting"] = [list(r) for r in samples.rows()]
        said = f", which differ in {', '.join(list(clash)[:4])}" if clash else ", one of them emptier"
        why = f"{keys:,} values of {name} stand on several rows{said}; the fullest row would stay"
        parameters = {"columns": chosen, "rows": _cells(raw, chosen, drop[kept])}
        proposals.append(Proposal((), parameters, 0.5, evidence, verb="drop_listed_rows", why=why))
    return proposals[:3]


def _names_rows(name: str, about: Mapping[str, Any], frame: pl.DataFrame) -> bool:
    called = names.says(name, "id") or about.get("role") == "identifier"
    dtype = frame.schema[name]
    if about.get("pii") in REACHED or not called or not (dtype == pl.String() or dtype.is_integer()):
        return False
    filled = frame.height - frame[name].null_count()
    return filled >= 20 and KEY_DISTINCT * filled <= frame[name].drop_nulls().n_unique() < filled


def _listed(
    raw: pl.DataFrame, frame: pl.DataFrame, drop: np.ndarray, first: str = ""
) -> tuple[list[str], np.ndarray] | None:
    """The fewest columns that tell the rows from all others, and which of them they tell; None when none does.

    A row is left out when, mended, a row that stays would read like it: a second run would take that one away.
    """
    flat = [n for n, t in raw.schema.items() if not t.is_nested() and t != pl.Binary()]
    counts = raw.select(pl.col(flat).n_unique()).row(0, named=True) if flat else {}
    ranked = sorted(flat, key=lambda n: (n != first, -counts[n], flat.index(n)))
    chosen: list[str] = []
    going = np.zeros(raw.height, bool)
    going[drop] = True
    told = np.zeros(len(drop), bool)
    for name in ranked:
        chosen.append(name)
        texts = _texts(raw, chosen).to_numpy()
        stays = set(texts[~going].tolist()) | set(_texts(frame, chosen).to_numpy()[~going].tolist())
        again = np.array([text not in stays for text in texts[drop]])
        told = again
        if again.all():
            break
    return (chosen, np.flatnonzero(told)) if told.any() else None


def _texts(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    cells = [pl.col(n).cast(pl.String).fill_null(row_text([None])) for n in columns]
    return frame.select(pl.concat_str(cells, separator=row_text(["", ""])).alias("text")).to_series()


def _cells(raw: pl.DataFrame, columns: Sequence[str], at: np.ndarray) -> list[list[str | None]]:
    rows = raw.select(pl.col(n).cast(pl.String) for n in columns)[np.sort(at).tolist()].rows()
    return [list(r) for r in dict.fromkeys(rows)]


@LEARNERS.add("drop_repeated_block")
def blocks(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to drop rows that repeat earlier ones in the same order: a file, or a part of it, was loaded twice."""
    raw = state.raw
    if raw is None or raw.height < 2 * MIN_BLOCK:
        return []
    seen = (
        raw.select(pl.struct(pl.all()).rank("min").alias("code")) if raw.width > 1 else raw.select(pl.all().rank("min"))
    )
    codes = seen.to_series().fill_null(-1).cast(pl.Int64).to_numpy()
    _, first_at, inverse = np.unique(codes, return_index=True, return_inverse=True)
    behind = np.arange(len(codes)) - first_at[inverse]
    starts = np.flatnonzero(np.r_[True, behind[1:] != behind[:-1]])
    ends = np.r_[starts[1:], len(codes)]
    found = [
        (int(a), int(b - a), int(behind[a]))
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
        if behind[a] > 0 and b - a >= MIN_BLOCK and len(np.unique(codes[a:b])) >= DIFFERENT * (b - a)
    ]
    repeated = int((behind > 0).sum())
    inside = sum(length for _, length, _ in found)
    if not found or inside < 0.5 * repeated:
        return []
    shown = [{"rows": [a, a + n - 1], "repeat": [a - back, a - back + n - 1]} for a, n, back in found[:SHOWN]]
    a, n, back = max(found, key=lambda item: item[1])
    said = f"rows {a:,} to {a + n - 1:,} repeat rows {a - back:,} to {a - back + n - 1:,} in the same order"
    why = f"{inside:,} rows were loaded twice: {said}"
    return [Proposal((), {}, 0.99, {"blocks": shown, "rows": inside}, verb="drop_duplicate_rows", why=why)]
