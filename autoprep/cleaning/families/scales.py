"""Numbers that are ten, a hundred or a thousand times too large or small, or of the other sign: told by arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning.compile import JOINT
from autoprep.cleaning.families.base import LEARNERS, Proposal, State, lower_bound
from autoprep.cleaning.families.imputers import Job, key_of, time_axis
from autoprep.profiling import arithmetic

#: What a wrong number may have been multiplied by; factors that nobody multiplies by, and that chance hits as often.
FACTORS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)
DECOYS = (3.0, 5.0, 30.0, 50.0, 300.0, 500.0, 1 / 3, 0.2, 1 / 30, 0.02, 1 / 300, 0.002)
#: Share of the rows in which an identity must hold to be believed against the others, and rows that prove it.
HOLDS, MIN_ROWS = 0.75, 30
#: Decimals that are looked for; share of the numbers of a column that its bounds and decimals must hold.
MAX_DIGITS = 6
#: Rows of a key, keys of a plan, share of the rows that keys must cover, cells that must be off.
MIN_GROUP, MAX_KEYS, MIN_COVER, MIN_CELLS = 4, 5_000, 0.5, 2
#: How far numbers may be from the centre of their key, in powers of ten, and the share that must be so near.
FAR, NEAR_SHARE = 0.2, 0.8
#: What is meant lies no farther from the centre than so many times the farthest of the others; else it is asked about.
WITHIN, DOUBT = 2.0, 0.6
#: Neighbours in time on each side.
SIDE = 3


@LEARNERS.add("rescale_computed")
def computed(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to divide numbers by what makes an identity between columns hold again.

    Proof without labels: 200 cells of rows in which it holds are multiplied by such factors, and what comes back right
    is counted.
    """
    proposals = []
    for one in identities(state, HOLDS):
        for name in (one.total, *one.parts):
            if name in state.protected or name == state.target:
                continue
            if made := _rescaled(state, one, name):
                proposals.append(made)
    return proposals


@LEARNERS.add("fill_computed")
def missing(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to fill empty numbers by an identity that all complete rows keep.

    Proof without labels: each cell of the complete rows, were it empty, comes back to the last digit.
    """
    proposals = []
    done: set[str] = set()
    for one in identities(state, 1.0):
        for name in (one.total, *one.parts):
            if name in state.protected or name == state.target or name in done or not state.frame[name].null_count():
                continue
            made = _parameters(state.frame, one, name)
            digits = made["digits"][0]
            said = {"by": made["by"], "kind": made["kind"], "role": made["role"], "digits": digits}
            rows = state.frame.select(name, *made["by"])
            known = rows.drop_nulls()
            back = _filled(known.with_columns(pl.lit(None, rows.schema[name]).alias(name)), name, said)
            right = int((back == known[name]).sum())
            tells = int((_filled(rows, name, said).is_not_null() & rows[name].is_null()).sum())
            if right < known.height or known.height < MIN_ROWS or not tells:
                continue
            done.add(name)
            evidence = {"identity": str(one), "rows": known.height, "right": right, "tells": tells}
            why = f"{name}: {tells:,} empty cells are told by {one}, which all {known.height:,} complete rows keep"
            confidence = round(lower_bound(right, known.height), 4)
            proposals.append(Proposal((name,), {**said, "indicator": True}, confidence, evidence, why=why))
    return proposals


@LEARNERS.add("rescale_by")
def grouped(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to divide numbers that are a power of ten away from the others of their key, or from their neighbours.

    Proof without labels: 200 cells that lie near are multiplied, and what comes back right is counted; and factors that
    nobody multiplies by are looked for as well: as many hits as they have, the powers of ten have by chance.
    """
    column = str(row["column"])
    frame = state.frame
    if column not in frame.columns or column in state.protected or column == state.target:
        return []
    if not frame.schema[column].is_numeric() or row.get("role") == "identifier":
        return []
    others = tuple(n for n in frame.columns if n not in (column, state.target))
    job = Job(frame, column, others)
    best: tuple[int, list[Proposal]] | None = None
    for by, centres in _centres(job):
        made = _off(frame, column, by, centres, state)
        if made is not None and (best is None or made[0] > best[0]):
            best = made
    return best[1] if best else []


def identities(state: State, holds: float) -> list[arithmetic.Equation]:
    """Sums and products between the number columns that hold in this share of the complete rows."""
    numbers = {
        name: state.frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name, dtype in state.frame.schema.items()
        if dtype.is_numeric() and (state.columns.get(name) or {}).get("role") != "identifier"
    }
    return arithmetic.find(numbers, holds=holds) if len(numbers) >= 3 else []


def digits_of(values: np.ndarray) -> int:
    """Decimals that nearly all numbers have at most.

    Example:
        >>> digits_of(np.array([1.25, 3.5])), digits_of(np.array([2.0, 7.0]))
        (2, 0)
    """
    for digits in range(MAX_DIGITS):
        if (np.abs(np.round(values, digits) - values) <= 1e-9 * np.maximum(np.abs(values), 1)).mean() >= 0.995:
            return digits
    return MAX_DIGITS


def _parameters(frame: pl.DataFrame, one: arithmetic.Equation, name: str) -> dict[str, Any]:
    """The constants of ``rescale_computed`` for a column of an identity, learnt on the rows in which it holds."""
    total = name == one.total
    by = list(one.parts) if total else [one.total, *(p for p in one.parts if p != name)]
    cells = {n: frame[n].cast(pl.Float64).fill_null(float("nan")).to_numpy() for n in (name, *by)}
    parts = np.column_stack([cells[p] for p in one.parts])
    made = parts.sum(axis=1) if one.kind == "sum" else parts.prod(axis=1)
    slack = arithmetic.slack_of(cells[one.total], one.kind, HOLDS)
    holds = np.abs(made - cells[one.total]) <= slack
    kept = [cells[n][holds] for n in (name, *by)]
    return {
        "by": by,
        "kind": one.kind,
        "role": "total" if total else "part",
        "slack": slack,
        "bounds": [[float(x.min()), float(x.max())] for x in kept],
        "digits": [digits_of(x) for x in kept],
    }


def _filled(rows: pl.DataFrame, name: str, said: Mapping[str, Any]) -> pl.Series:
    by = [pl.col(other) for other in said["by"]]
    value = VERBS["fill_computed"].function(pl.col(name), **{**said, "by": by}).value
    return rows.select(value.cast(rows.schema[name], strict=False).alias(name)).to_series()


def _rescaled(state: State, one: arithmetic.Equation, name: str) -> Proposal | None:
    frame = state.frame
    said = _parameters(frame, one, name)
    negative = said["bounds"][0][0] < 0
    said["factors"] = [*FACTORS] if negative else [*FACTORS, -1.0]
    rows = frame.select(name, *said["by"])
    by = [pl.col(other) for other in said["by"]]
    value = VERBS["rescale_computed"].function(pl.col(name), **{**said, "by": by}).value
    dtype = rows.schema[name]

    def run(cells: pl.DataFrame) -> pl.Series:
        return cells.select(value.cast(dtype, strict=False).alias(name)).to_series()

    edited = int(run(rows).ne_missing(rows[name]).sum())
    if not edited:
        return None
    whole = rows.drop_nulls()
    right, tried = _probe(whole, name, dtype, said["factors"], run, int(state.probe.get("cells", 200)))
    confidence = round(lower_bound(right, tried), 4)
    evidence = {"identity": str(one), "holds": round(one.share, 4), "cells": edited, "tried": tried, "right": right}
    why = f"{name}: {edited:,} numbers make {one} hold when a power of ten or the sign is undone, and nothing else does"
    declined = ""
    if confidence < state.probe.get("precision", 0.95):
        declined = f"{right} of {tried} multiplied numbers came back right"
    return Proposal((name,), said, confidence, evidence, declined, why=why)


def _probe(
    rows: pl.DataFrame, name: str, dtype: pl.DataType, factors: Sequence[float], run: Any, cells: int
) -> tuple[int, int]:
    """Multiplied numbers that came back right, and those that came back at all."""
    rng = np.random.default_rng(0)
    at = np.sort(rng.choice(rows.height, min(cells, rows.height), replace=False))
    sample = rows[at.tolist()]
    own = sample[name].cast(pl.Float64)
    moved = own * pl.Series(rng.choice(np.array(factors), sample.height))
    spoilt = sample.with_columns(moved.round_sig_figs(12).cast(dtype, strict=False).alias(name))
    changed = spoilt[name] != sample[name]
    back = run(spoilt)
    touched = changed & back.ne_missing(spoilt[name])
    good = (back.cast(pl.Float64) - own).abs() <= 1e-9 * own.abs()
    return int((touched & good).sum()), int(touched.sum())


@dataclass(frozen=True)
class _Centres:
    """What the numbers of each key lie around: ``key`` (text) of each row, ``centre`` (float64) of its others.

    ``spread`` (float64) is how far the farthest of the others lies that is no power of ten away; nan for unknown.
    """

    key: pl.Series
    centre: np.ndarray
    spread: np.ndarray


def _centres(job: Job) -> list[tuple[str, _Centres]]:
    """Keys, and neighbours in time, that say what a number lies around."""
    cell = pl.col("x")
    found = []
    frame = job.frame.select(
        pl.col(job.column).cast(pl.Float64).fill_nan(None).alias("x"), pl.int_range(pl.len()).alias("at")
    )
    dtypes = job.frame.schema
    keyed = [n for n in job.others if dtypes[n] == pl.String() or dtypes[n].is_integer()]
    counts = job.frame.select(pl.col(keyed).n_unique()).row(0, named=True) if keyed else {}
    usable = [n for n in keyed if 2 <= counts[n] <= job.frame.height // MIN_GROUP]
    for by in sorted(usable, key=lambda n: (-counts[n], n))[:12]:
        key = job.frame.select(key_of(job.frame, [by])).to_series().alias("key")
        middle = cell.filter(cell > 0).median().over("key")
        size = cell.filter(cell > 0).count().over("key")
        told = pl.when((size >= MIN_GROUP) & pl.col("key").is_not_null()).then(middle).alias("m")
        wide = _apart(cell, pl.col("m")).max().over("key").alias("s")
        found.append((by, _read(key, frame.with_columns(key).with_columns(told).with_columns(wide))))
    axis = time_axis(job)
    if axis is not None:
        names = [*axis[1], axis[0]]
        key = job.frame.select(key_of(job.frame, names)).to_series().alias("key")
        ordered = frame.with_columns(key, *[job.frame[n].alias(f"o{i}") for i, n in enumerate(names)])
        order = [f"o{i}" for i in range(len(names))]
        sides = [cell.shift(k) for k in (*range(-SIDE, 0), *range(1, SIDE + 1))]
        around = pl.concat_list([s.over(order[:-1]) for s in sides] if order[:-1] else sides).list.drop_nulls()
        middle = pl.when(around.list.len() >= SIDE).then(around.list.median())
        beside = [(s.over(order[:-1]) if order[:-1] else s).alias(f"b{i}") for i, s in enumerate(sides)]
        lying = ordered.sort(*order, maintain_order=True).with_columns(middle.alias("m"), *beside)
        wide = pl.max_horizontal(_apart(pl.col(f"b{i}"), pl.col("m")) for i in range(len(sides)))
        found.append((JOINT.join(names), _read(key, lying.with_columns(wide.alias("s")).sort("at"))))
    return found


def _apart(cell: pl.Expr, middle: pl.Expr) -> pl.Expr:
    """How far a number lies from the centre; null where it is about a power of ten away."""
    return pl.when((cell > 0) & (middle > 0) & ((cell / middle).log10().abs() <= 0.5)).then((cell - middle).abs())


def _read(key: pl.Series, told: pl.DataFrame) -> _Centres:
    return _Centres(key, *(told[name].fill_null(float("nan")).to_numpy() for name in ("m", "s")))


def _off(
    frame: pl.DataFrame, column: str, by: str, centres: _Centres, state: State
) -> tuple[int, list[Proposal]] | None:
    x = frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.log10(np.where((x > 0) & (centres.centre > 0), x / centres.centre, np.nan))
    known = np.isfinite(off)
    if known.sum() < max(MIN_ROWS, MIN_COVER * np.isfinite(x).sum()):
        return None
    near = known & (np.abs(off) <= 0.5)
    if near.sum() < NEAR_SHARE * known.sum():
        return None
    tolerance = float(max(np.quantile(np.abs(off[near]), 0.99), 0.02))
    if tolerance > FAR:
        return None
    digits = digits_of(x[near])

    def hit(factor: float) -> np.ndarray:
        made = np.round(x / factor, digits)
        exact = np.abs(made * factor - x) <= 1e-9 * np.abs(x)
        return np.asarray(known & (np.abs(off - np.log10(factor)) <= tolerance) & exact)

    hits = {factor: hit(factor) for factor in FACTORS}
    chance = sum(int(hit(factor).sum()) for factor in DECOYS) / len(DECOYS) * len(FACTORS)
    cells = np.logical_or.reduce(list(hits.values()))
    edited = int(cells.sum())
    if edited < MIN_CELLS:
        return None
    used = [factor for factor in FACTORS if hits[factor].any()]
    keys, middle = centres.key.to_list(), centres.centre
    mapping = {keys[i]: float(f"{middle[i]:.6g}") for i in np.flatnonzero(cells).tolist() if keys[i] is not None}
    if JOINT not in by and frame[by].n_unique() <= MAX_KEYS and frame.schema.get(by) != pl.Datetime("us"):
        whole = np.flatnonzero(np.isfinite(middle)).tolist()
        mapping = {keys[i]: float(f"{middle[i]:.6g}") for i in whole if keys[i] is not None}
    if len(mapping) > MAX_KEYS:
        return None
    said = {"by": by, "factors": used, "tolerance": round(tolerance, 6), "digits": digits}
    right, tried = _planted(x, middle, near, tolerance, digits, int(state.probe.get("cells", 200)))
    confidence = round(min(lower_bound(right, tried), 1 - chance / edited), 4)
    evidence = {"determined_by": [by], "cells": edited, "by_chance": round(chance, 2), "tried": tried, "right": right}
    declined = ""
    if chance > state.probe.get("max_harm", 0.1) * edited:
        declined = f"{chance:.1f} of {edited} such numbers are expected by chance"
    elif confidence < state.probe.get("precision", 0.95):
        declined = f"{right} of {tried} multiplied numbers came back right"
    why = f"{column}: {edited:,} numbers are a power of ten away from the others of their {by}"
    unsure = _outside(x, off, cells, centres, digits) | _cut(x, off, cells, near, digits)
    doubted = {keys[i] for i in np.flatnonzero(unsure).tolist()}
    sure = {key: value for key, value in sorted(mapping.items()) if key not in doubted}
    made = []
    if declined or any(keys[i] in sure for i in np.flatnonzero(cells).tolist()):
        made.append(Proposal((column,), {**said, "mapping": sure}, confidence, evidence, declined, why=why))
    if doubted and not declined:
        asked = {key: value for key, value in sorted(mapping.items()) if key in doubted}
        why = f"{column}: some numbers of one {by} may have lost a digit, and not their point alone"
        evidence = {**evidence, "keys": len(asked)}
        made.append(Proposal((column,), {**said, "mapping": asked}, DOUBT, evidence, gate="review", why=why))
    return edited, made


def _outside(x: np.ndarray, off: np.ndarray, cells: np.ndarray, centres: _Centres, digits: int) -> np.ndarray:
    """Cells whose reading lies farther from the centre than the others of its key allow: another digit is wrong."""
    with np.errstate(invalid="ignore"):
        read = x / 10.0 ** np.round(np.where(cells, off, 0.0))
        allowed = WITHIN * np.nan_to_num(centres.spread) + 0.5 * 10.0**-digits
        return np.asarray(cells & (np.abs(read - centres.centre) > allowed * (1 + 1e-9)))


def _cut(x: np.ndarray, off: np.ndarray, cells: np.ndarray, near: np.ndarray, digits: int) -> np.ndarray:
    """Cells that are too small and would end in a nought, where that is unusual: a digit was lost, not the point."""
    small = cells & (np.nan_to_num(off) < 0)
    read = np.where(np.isfinite(x), x, 0.0) / 10.0 ** np.round(np.where(cells, off, 0.0))
    nought = np.abs(np.round(read, digits - 1) - read) <= 1e-9 * np.abs(read)
    if not small.any() or nought[small].mean() <= max(0.5, 2 * float(nought[near].mean())):
        return np.zeros(len(x), bool)
    return np.asarray(small & nought)


def _planted(
    x: np.ndarray, middle: np.ndarray, near: np.ndarray, tolerance: float, digits: int, cells: int
) -> tuple[int, int]:
    """Multiplied numbers of those that lie near that came back right, and those that came back at all."""
    rng = np.random.default_rng(0)
    at = np.flatnonzero(near)
    at = rng.choice(at, min(cells, len(at)), replace=False)
    true, factor = x[at], rng.choice(np.array(FACTORS), len(at))
    off = np.log10(true * factor / middle[at])
    ways = np.log10(np.array(FACTORS))
    close = np.abs(off[:, None] - ways[None, :]) <= tolerance
    first = np.array(FACTORS)[np.argmax(close, axis=1)]
    back = np.round(true * factor / first, digits)
    touched = close.any(axis=1)
    good = np.abs(back - true) <= 1e-9 * np.abs(true)
    return int((touched & good).sum()), int(touched.sum())
