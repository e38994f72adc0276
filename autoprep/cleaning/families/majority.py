"""What rows with the same key agree on: dependencies mined from the dirty rows, weighed, and put to the vote."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.compile import JOINT
from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.cleaning.families.near import resembles
from autoprep.cleaning.families.noise import corrupt

#: Rows that dependencies are mined on, columns that are looked at, keys that a plan may hold.
MINE_ROWS, MAX_COLUMNS, MAX_KEYS = 20_000, 40, 5_000
#: A key must foretell a hidden cell this often, and close this share of the gap that guessing the commonest leaves.
MIN_ACCURACY, MIN_LIFT = 0.85, 0.75
#: This share of the rows must share their key with two more; a key's majority must be this clear.
MIN_COVER, MIN_PURITY = 0.3, 0.6
#: Of the cells that disagree, this share must stand alone in their group: an exception that recurs is no slip.
MIN_LONELY = 0.8
#: Where a key foretells this often, the few exceptions may recur.
NEARLY_ALWAYS = 0.995
MAX_EDITED, MAX_VOTERS, ROUNDS = 0.3, 5, 3
MARGIN, SUSPECT_MARGIN = 4.5, 1.7
#: Known values are overruled only where there are at least half as many slips of the hand; else by no margin.
MAX_EXCEPTIONS, NEVER = 2.0, 1e9
#: A value seen less often is unknown: it says nothing about whether a key foretells.
MIN_KNOWN = 3


@dataclass(frozen=True)
class Dependency:
    """One column, or two joined, that foretell another; figures measured with the row itself left out."""

    by: str
    column: str
    accuracy: float
    lift: float
    cover: float
    lonely: float

    @property
    def weight(self) -> float:
        """Log odds of being right, at most 4: one key alone never overrules a value that is known."""
        accuracy = min(self.accuracy, 0.99)
        return round(min(math.log(accuracy / (1 - accuracy)), 4.0), 3)


class _Codes:
    """Columns as integers, null as -1."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.of: dict[str, np.ndarray] = {}
        self.distinct: dict[str, int] = {}
        self.known: dict[str, np.ndarray] = {}
        for name in frame.columns:
            ranks = frame.select(pl.col(name).rank("dense").cast(pl.Int64).fill_null(0) - 1).to_series().to_numpy()
            self.of[name] = ranks
            often = np.bincount(ranks[ranks >= 0], minlength=1) >= MIN_KNOWN
            for slip in _slips(frame[name], ranks):
                often[slip] = False
            self.known[name] = (ranks >= 0) & often[np.maximum(ranks, 0)]
            self.distinct[name] = int(ranks.max()) + 1 if len(ranks) else 0

    def joined(self, names: Sequence[str]) -> np.ndarray:
        """Codes of several columns together."""
        codes = self.of[names[0]]
        for name in names[1:]:
            other = self.of[name]
            codes = np.where((codes < 0) | (other < 0), -1, codes * (self.distinct[name] + 1) + other)
        if len(names) > 1:
            _, codes = np.unique(codes, return_inverse=True)
        return codes


def _slips(series: pl.Series, ranks: np.ndarray) -> list[int]:
    """Codes of values that recur but resemble one ten times as frequent: they are slips too, not known values."""
    counts = series.drop_nulls().alias("v").value_counts(sort=True)
    often = counts.filter(pl.col("count") >= MIN_KNOWN)
    if not 1 < often.height <= 300:
        return []
    rows = often.rows()
    found = {v for v, n in rows if len(v) >= 4 and any(m >= 10 * n and resembles(v, w) for w, m in rows)}
    if not found:
        return []
    places = pl.DataFrame({"value": series, "code": ranks}).unique("value")
    return sorted(places.filter(pl.col("value").is_in(sorted(found)))["code"].to_list())


@LEARNERS.add("vote")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose votes for every text column that other columns determine, in rounds until nothing changes.

    Method: for each pair of columns (and pairs of keys where single ones fail) hide each cell in turn and foretell it
    by the majority of the other rows with its key. A key that foretells well, closes most of the gap to guessing, and
    whose exceptions stand alone in their groups becomes a voter with its log odds as weight.
    """
    columns = [c for c in state.texts() if _usable(state, c)][:MAX_COLUMNS]
    proposals: list[Proposal] = []
    frame = state.frame
    found = _mine(frame, columns)
    for number in range(ROUNDS):
        changed = False
        for column in columns:
            voters = found.get(column, [])
            if not voters:
                continue
            made = _proposal(frame, column, voters, state)
            if made is None or (made.declined and number):
                continue
            proposals.append(made)
            if not made.declined:
                frame = _voted(frame, made)
                changed = True
        if not changed:
            break
    return proposals


def _usable(state: State, column: str) -> bool:
    series = state.frame[column]
    filled = series.len() - series.null_count()
    longest = series.str.len_chars().max()
    if JOINT in column:
        return False
    return filled >= 10 and series.n_unique() >= 2 and isinstance(longest, int) and longest < 2_000


def _mine(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, list[Dependency]]:
    rows = frame.head(MINE_ROWS).select(columns)
    codes = _Codes(rows)
    height = rows.height
    keys = [c for c in columns if codes.distinct[c] <= max(2, height // 3)]
    found: dict[str, list[Dependency]] = {}
    for column in columns:
        if codes.distinct[column] > height // 2:
            continue
        single = [d for by in keys if by != column and (d := _judge(codes, (by,), column))]
        good = [d for d in single if _holds(d)]
        if not good:
            near = sorted((d for d in single if d.accuracy >= 0.5), key=lambda d: (-d.accuracy, d.by))[:4]
            names = [d.by for d in near] + [k for k in keys if k != column and codes.distinct[k] <= 50][:6]
            for pair in combinations(dict.fromkeys(names), 2):
                joint = _judge(codes, pair, column)
                if joint and _holds(joint):
                    good.append(joint)
        if good:
            found[column] = sorted(good, key=lambda d: (-d.weight * d.cover, d.by))[:MAX_VOTERS]
    return found


def _holds(found: Dependency) -> bool:
    good = found.accuracy >= MIN_ACCURACY and found.lift >= MIN_LIFT and found.cover >= MIN_COVER
    return good and (found.lonely >= MIN_LONELY or found.accuracy >= NEARLY_ALWAYS)


def _judge(codes: _Codes, by: Sequence[str], column: str) -> Dependency | None:
    key, value = codes.joined(by), codes.of[column]
    filled = (key >= 0) & (value >= 0)
    both = filled & codes.known[column]
    key, value = key[both], value[both]
    if len(key) < max(10, 0.5 * int(filled.sum())):
        return None
    width = codes.distinct[column] + 1
    cells, inverse, counts = np.unique(key * width + value, return_inverse=True, return_counts=True)
    groups = cells // width
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    sizes = np.add.reduceat(counts, starts)
    tops = np.maximum.reduceat(counts, starts)
    group_of_cell = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(cells)]))
    is_top = counts == tops[group_of_cell]
    ties = np.add.reduceat(is_top.astype(np.int64), starts)
    below = np.where(is_top, 0, counts)
    seconds = np.where(ties > 1, tops, np.maximum.reduceat(below, starts))
    own_count, group = counts[inverse], group_of_cell[inverse]
    agrees = is_top[inverse] & (ties[group] == 1)
    big = sizes[group] >= 3
    # with the row itself left out
    right = agrees & (tops[group] - 1 > seconds[group])
    wrong = ~agrees & (tops[group] >= np.where(ties[group] > 1, own_count + 1, 2))
    judged = big & (right | wrong)
    n = int(judged.sum())
    if n < 10:
        return None
    accuracy = float((right & big).sum() / n)
    global_counts = np.bincount(value)
    base = float(global_counts.max() / len(value))
    lonely_cells = wrong & big & (own_count == 1)
    disagree = int((wrong & big).sum())
    lonely = float(lonely_cells.sum() / disagree) if disagree else 1.0
    lift = (accuracy - base) / (1 - base) if base < 1 else 0.0
    return Dependency(JOINT.join(by), column, accuracy, lift, n / len(key), lonely)


def _table(frame: pl.DataFrame, by: str, column: str) -> dict[str, str]:
    counts = (
        frame.lazy()
        .select(key_of(by).alias("key"), pl.col(column).alias("value"))
        .drop_nulls()
        .group_by("key", "value")
        .len("n")
        .sort("key", "n", "value", descending=[False, True, False])
        .group_by("key", maintain_order=True)
        .agg(
            pl.col("value").first(),
            pl.col("n").first().alias("top"),
            pl.col("n").get(1, null_on_oob=True).fill_null(0).alias("second"),
            pl.col("n").sum().alias("size"),
        )
        .filter((pl.col("top") >= 2) & (pl.col("top") > pl.col("second")) & (pl.col("size") >= 3))
        .filter(pl.col("top") >= MIN_PURITY * pl.col("size"))
        .collect()
    )
    return dict(counts.select("key", "value").rows())


def _proposal(frame: pl.DataFrame, column: str, voters: Sequence[Dependency], state: State) -> Proposal | None:
    tables = [(d, _table(frame, d.by, column)) for d in voters]
    tables = [(d, table) for d, table in tables if table and len(table) <= MAX_KEYS]
    if not tables:
        return None
    parameters = {
        "by": [d.by for d, _ in tables],
        "mappings": [table for _, table in tables],
        "weights": [d.weight for d, _ in tables],
        "margin": MARGIN,
        "suspects": _suspects(frame, column, tables),
        "suspect_margin": SUSPECT_MARGIN,
    }
    accuracy = max(d.accuracy for d, _ in tables)
    names = [d.by for d, _ in tables]
    evidence: dict[str, Any] = {
        "determined_by": [d.by for d, _ in tables],
        "foretold": [round(d.accuracy, 4) for d, _ in tables],
        "exceptions_alone": [round(d.lonely, 4) for d, _ in tables],
    }
    made = Proposal((column,), parameters, 0.0, evidence)
    after = _voted(frame, made)[column]
    exceptions, slips = _exceptions(frame[column], after)
    if exceptions > MAX_EXCEPTIONS * slips:
        # a column without slips holds exceptions, not errors: only what looks like a slip may be overruled
        parameters |= {"margin": NEVER}
        evidence["exceptions_left_alone"] = exceptions
        made = Proposal((column,), parameters, 0.0, evidence)
        after = _voted(frame, made)[column]
    explained = _explained(frame, column, after)
    if explained:
        said = f"the exceptions are those of {explained}, not slips"
        return Proposal((column,), {**parameters, "mappings": [{} for _ in tables]}, 0.0, evidence, said)
    edited = int(after.ne_missing(frame[column]).sum())
    if not edited:
        return None
    precision = _probe(frame, made, after, int(state.probe.get("cells", 200)))
    evidence["precision"] = round(precision, 4)
    why = f"{column} is determined by {', '.join(names)}; {edited:,} cells disagree with their group"
    declined = ""
    if precision < state.probe.get("precision", 0.95):
        declined = f"of hidden cells {precision:.0%} were foretold right"
    elif edited > MAX_EDITED * frame.height:
        declined = f"it would change {edited:,} of {frame.height:,} cells"
    confidence = round(min(precision, max(accuracy, 0.9)), 4)
    kept = parameters if not declined else {**parameters, "mappings": [{} for _ in tables]}
    return Proposal((column,), kept, confidence, evidence, declined, why=why)


def _exceptions(before: pl.Series, after: pl.Series) -> tuple[int, int]:
    """Edited cells that held a known value unlike the new one, and the other edited cells."""
    counts = dict(before.drop_nulls().alias("v").value_counts().rows())
    edits = pl.DataFrame({"own": before, "said": after}).filter(pl.col("own").ne_missing(pl.col("said")))
    grouped = edits.drop_nulls().group_by("own", "said").len("cells").rows()
    known = sum(n for own, said, n in grouped if counts[own] >= MIN_KNOWN and not resembles(own, said))
    return known, edits.height - known


def _explained(frame: pl.DataFrame, column: str, after: pl.Series) -> str:
    """Another column's value that most of the edits fall on, and that is edited nearly wherever it stands; else ""."""
    edits = after.ne_missing(frame[column]) & frame[column].is_not_null()
    total = int(edits.sum())
    if total < 5:
        return ""
    for other in frame.columns:
        if other == column or frame.schema[other] != pl.String():
            continue
        counts = frame.select(pl.col(other).alias("o"), edits.alias("e")).group_by("o").agg(pl.col("e").sum(), pl.len())
        guilty = counts.filter((pl.col("e") >= 3) & (pl.col("e") >= 0.6 * pl.col("len"))).sort("o")
        if int(guilty["e"].sum()) >= 0.4 * total:
            return f"{other} = '{guilty['o'][0]}'"
    return ""


def _suspects(frame: pl.DataFrame, column: str, tables: Sequence[tuple[Dependency, Mapping[str, str]]]) -> list[str]:
    """Rare values that resemble what some key says should stand in their place."""
    counts = dict(frame[column].drop_nulls().alias("v").value_counts().rows())
    lines = [frame.select(key_of(d.by).alias("key"), pl.col(column).alias("own")) for d, _ in tables]
    found = set()
    for line, (_, table) in zip(lines, tables, strict=True):
        said = pl.col("key").replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)
        pairs = line.select("own", said.alias("said")).filter(pl.col("own") != pl.col("said")).unique()
        found |= {own for own, said in pairs.rows() if counts[own] < MIN_KNOWN and resembles(own, said)}
    return sorted(found)


def key_of(by: str) -> pl.Expr:
    """The key that one column, or several joined, make."""
    names = by.split(JOINT)
    return pl.col(names[0]) if len(names) == 1 else pl.concat_str([pl.col(n) for n in names], separator=JOINT)


def _voted(frame: pl.DataFrame, made: Proposal) -> pl.DataFrame:
    from autoprep.checks import VERBS
    from autoprep.checks.text import look_up

    said = dict(made.parameters)
    keys = [look_up(key_of(by), mapping) for by, mapping in zip(said["by"], said["mappings"], strict=True)]
    voters = frame.select([key.alias(f"\x1f{i}") for i, key in enumerate(keys)] + [pl.col(made.columns[0])])
    said |= {"by": [pl.col(f"\x1f{i}") for i in range(len(keys))], "mappings": [None] * len(keys)}
    value = VERBS["vote"].function(pl.col(made.columns[0]), **said).value
    return frame.with_columns(voters.select(value.alias(made.columns[0])).to_series())


def _probe(frame: pl.DataFrame, made: Proposal, after: pl.Series, cells: int) -> float:
    """Corrupt cells that agree with the vote by slips of the hand, learn and vote again: how many edits are right.

    Each corrupted cell counts against the tables of all the other rows, as a real slip would.
    """
    column = made.columns[0]
    agreeing = frame.with_row_index("\x1fi").filter(frame[column].eq_missing(after) & frame[column].is_not_null())
    by = [
        pl.col(b.split(JOINT)[0]).is_in(list(m))
        for b, m in zip(made.parameters["by"], made.parameters["mappings"], strict=True)
        if JOINT not in b
    ]
    if by:
        agreeing = agreeing.filter(pl.any_horizontal(by))
    if agreeing.is_empty():
        return 0.0
    chosen = agreeing.gather_every(max(1, agreeing.height // cells)).head(cells)
    rng = random.Random(0)
    slips = {int(i): corrupt(str(v), rng) for i, v in chosen.select("\x1fi", column).rows()}
    rows = pl.int_range(frame.height, eager=True)
    slip = rows.replace_strict(list(slips), list(slips.values()), default=None, return_dtype=pl.String)
    noisy = frame.with_columns(pl.coalesce(slip, pl.col(column)).alias(column))
    tables = [_table(noisy, by, column) for by in made.parameters["by"]]
    voters = [
        (Dependency(by, column, 0.0, 0.0, 0.0, 0.0), t) for by, t in zip(made.parameters["by"], tables, strict=True)
    ]
    suspects = _suspects(noisy, column, voters)
    retried = Proposal(made.columns, {**made.parameters, "mappings": tables, "suspects": suspects})
    back = _voted(noisy, retried)[column]
    hidden = slip.is_not_null() & slip.ne_missing(frame[column])
    touched = hidden & back.ne_missing(noisy[column])
    return int((touched & back.eq_missing(frame[column])).sum()) / int(touched.sum() or 1)
