"""What rows with the same key agree on: dependencies mined from the dirty rows, weighed, and put to the vote."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from autoprep.cleaning.compile import JOINT
from autoprep.cleaning.families.base import LEARNERS, Proposal, State, lower_bound
from autoprep.cleaning.families.dependencies import MIN_KNOWN, Dependency, mine
from autoprep.cleaning.families.near import resembles
from autoprep.cleaning.families.noise import corrupt

#: Columns that are looked at, keys that a plan may hold.
MAX_COLUMNS, MAX_KEYS = 40, 5_000
#: A key's majority must be this clear, or this much clearer than the second in larger groups.
MIN_PURITY, NOISY_PURITY, NOISY_LEAD, NOISY_SIZE = 0.6, 0.4, 3, 6
MAX_EDITED, ROUNDS, MAX_CHECKS = 0.4, 3, 2
#: Lead of the vote over a known value, over a value that is none of the column's, over a slip of the hand.
MARGIN, STRANGE_MARGIN, SUSPECT_MARGIN = 4.5, 3.0, 1.7
#: Known values are overruled only where there are at least half as many slips of the hand; else by no margin.
MAX_EXCEPTIONS, NEVER = 2.0, 1e9
#: Empty cells are filled only where they are at most this share, by the lowest of these leads that proves itself.
MAX_EMPTY, FILL_MARGINS = 0.35, (SUSPECT_MARGIN, STRANGE_MARGIN, MARGIN)
#: From bold to careful: what the probe does not let pass is tried again with less of it.
GUARDS: tuple[dict[str, Any], ...] = ({}, {"stranger_margin": MARGIN}, {"margin": NEVER, "stranger_margin": NEVER})
#: So many different slips must there be before a value that resembles nothing counts as alien; shorter values than
#: this resemble each other by chance.
MIN_SLIPS, MIN_LENGTH = 3, 4
#: Marks that slip in at the edges of a cell.
EDGES = " .,;:*'\"-_#"


@LEARNERS.add("vote")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose votes for every text column that other columns determine, in rounds until nothing changes.

    Method: for each pair of columns (and pairs of keys where single ones fail) hide each cell in turn and foretell it
    by the majority of the other rows with its key. A key that foretells well, closes most of the gap to guessing, and
    whose exceptions stand alone in their groups becomes a voter with its log odds as weight. Columns that the voted one
    foretells are witnesses: a candidate that agrees with them gains their weight, so that a wrong key does not drag
    right cells along. Empty cells are filled where hidden ones come back.
    """
    columns = [c for c in state.texts() if _usable(state, c)][:MAX_COLUMNS]
    proposals: list[Proposal] = []
    frame = state.frame
    found, foretells = mine(frame, columns)
    for number in range(ROUNDS):
        changed = False
        for column in columns:
            voters = found.get(column, [])
            if not voters:
                continue
            made = _proposal(frame, column, voters, foretells.get(column, []), state)
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


def _table(frame: pl.DataFrame, by: str, column: str) -> dict[str, str]:
    """What each key says: the clear majority of its filled cells, where they are no fewer than the empty ones."""
    top, second, size = pl.col("top"), pl.col("second"), pl.col("size")
    clear = (top >= MIN_PURITY * size) | (
        (top >= NOISY_PURITY * size) & (top >= NOISY_LEAD * second) & (size >= NOISY_SIZE)
    )
    counts = (
        frame.lazy()
        .select(key_of(by).alias("key"), pl.col(column).alias("value"))
        .drop_nulls("key")
        .group_by("key", "value")
        .len("n")
        .with_columns(pl.when(pl.col("value").is_null()).then("n").sum().over("key").fill_null(0).alias("empty"))
        .drop_nulls("value")
        .sort("key", "n", "value", descending=[False, True, False])
        .group_by("key", maintain_order=True)
        .agg(
            pl.col("value").first(),
            pl.col("empty").first(),
            pl.col("n").first().alias("top"),
            pl.col("n").get(1, null_on_oob=True).fill_null(0).alias("second"),
            pl.col("n").sum().alias("size"),
        )
        .filter((top >= 2) & (top > second) & (size >= 3) & (size >= pl.col("empty")) & clear)
        .collect()
    )
    return dict(counts.select("key", "value").rows())


@dataclass(frozen=True)
class _Tried:
    """What the probe found: edits that were right, edits, empty cells filled rightly, empty cells filled."""

    right: int = 0
    edits: int = 0
    filled_right: int = 0
    filled: int = 0


def _proposal(
    frame: pl.DataFrame,
    column: str,
    voters: Sequence[Dependency],
    witnesses: Sequence[Dependency],
    state: State,
) -> Proposal | None:
    tables = [(d, _table(frame, d.by, column)) for d in voters]
    tables = [(d, table) for d, table in tables if table and len(table) <= MAX_KEYS]
    if not tables:
        return None
    parameters: dict[str, Any] = {
        "by": [d.by for d, _ in tables],
        "mappings": [table for _, table in tables],
        "weights": [d.weight for d, _ in tables],
        "margin": MARGIN,
    }
    parameters |= _witnesses(frame, column, parameters["by"], witnesses)
    parameters |= _doubted(frame, column, parameters)
    names = [d.by for d, _ in tables]
    evidence: dict[str, Any] = {
        "determined_by": names,
        "foretold": [round(d.accuracy, 4) for d, _ in tables],
        "exceptions_alone": [round(d.lonely, 4) for d, _ in tables],
    }
    if "witnesses" in parameters:
        evidence["borne_out_by"] = parameters["witnesses"]
    made = Proposal((column,), parameters, 0.0, evidence)
    after = _voted(frame, made)[column]
    exceptions, slips = _exceptions(frame[column], after, parameters.get("strangers", ()))
    slips += _mended(state, column)
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
    cells = int(state.probe.get("cells", 200))
    least = state.probe.get("precision", 0.95)
    if 0 < frame[column].null_count() <= MAX_EMPTY * frame.height:
        for margin in FILL_MARGINS:
            filling = Proposal((column,), {**parameters, "fill": True, "fill_margin": margin}, 0.0, evidence)
            tried = _probe(frame, filling, after, cells)
            if tried.filled and lower_bound(tried.filled_right, tried.filled) >= least - 0.02:
                evidence["hidden_filled_right"] = round(tried.filled_right / tried.filled, 4)
                parameters |= {"fill": True, "fill_margin": margin}
                made = Proposal((column,), parameters, 0.0, evidence)
                after = _voted(frame, made)[column]
                break
    for guard in GUARDS:
        guarded = Proposal((column,), {**parameters, **guard}, 0.0, evidence)
        after = _voted(frame, guarded)[column]
        tried = _probe(frame, guarded, after, cells)
        precision = tried.right / max(tried.edits, 1)
        if precision >= least or (tried.edits == 0 and tried.filled):
            break
    parameters |= guard
    edited = int(after.ne_missing(frame[column]).sum())
    if not edited:
        return None
    evidence |= {"precision": round(precision, 4), "probed": tried.edits}
    why = f"{column} is determined by {', '.join(names)}; {edited:,} cells disagree with their group"
    declined = ""
    if precision < least:
        declined = f"of hidden cells {precision:.0%} were foretold right"
    elif edited > MAX_EDITED * frame.height:
        declined = f"it would change {edited:,} of {frame.height:,} cells"
    kept = parameters if not declined else {**parameters, "mappings": [{} for _ in tables]}
    confidence = lower_bound(tried.right, tried.edits)
    return Proposal((column,), kept, round(confidence, 4), evidence, declined, why=why)


def _witnesses(frame: pl.DataFrame, column: str, by: Sequence[str], found: Sequence[Dependency]) -> dict[str, Any]:
    """Columns that the voted one foretells and that have no vote themselves, heaviest first."""
    voting = {name for key in by for name in key.split(JOINT)}
    names: list[str] = []
    says: list[dict[str, str]] = []
    weights: list[float] = []
    for d in sorted(found, key=lambda d: (-d.weight, d.column)):
        table = _table(frame, column, d.column) if d.column not in voting else {}
        if table and len(table) <= MAX_KEYS and len(names) < MAX_CHECKS:
            names.append(d.column)
            says.append(table)
            weights.append(d.weight)
    return {"witnesses": names, "testimonies": says, "witness_weights": weights} if names else {}


def _exceptions(before: pl.Series, after: pl.Series, strangers: Sequence[str]) -> tuple[int, int]:
    """Edited cells that held a value in its own right, and those that held a slip of the hand or an alien."""
    counts = dict(before.drop_nulls().alias("v").value_counts().rows())
    edits = pl.DataFrame({"own": before, "said": after}).filter(pl.col("own").ne_missing(pl.col("said")))
    grouped = edits.drop_nulls().group_by("own", "said").len("cells").rows()
    alien = set(strangers)
    slips = 0
    for own, said, n in grouped:
        rare = len(own) >= MIN_LENGTH or 10 * counts[own] <= counts.get(said, 0)
        known = counts[own] >= MIN_KNOWN and not (rare and resembles(own, said))
        slips += (
            n if own in alien or (not known and not _measured(own) and (akin(own, said) or resembles(own, said))) else 0
        )
    return edits.height - slips, slips


def _measured(value: str) -> bool:
    """Whether a value is a number with decimals: such a one differs from its neighbours by nature."""
    return "." in value and value.replace(".", "", 1).lstrip("-+").isdigit()


def _mended(state: State, column: str) -> int:
    """Cells of the column that earlier steps took for slips of the hand."""
    if state.raw is None or state.raw.schema.get(column) != pl.String():
        return 0
    raw, now = state.raw[column].str.strip_chars(), state.frame[column].str.strip_chars()
    return int((raw.is_not_null() & now.is_not_null() & (raw != now)).sum())


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


def _doubted(frame: pl.DataFrame, column: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Rare values that the keys gainsay: those that resemble what a key says, and, when most do, the others as well."""
    counts = dict(frame[column].drop_nulls().alias("v").value_counts().rows())
    alike: set[str] = set()
    unlike: set[str] = set()
    for by, table in zip(parameters["by"], parameters["mappings"], strict=True):
        said = pl.col("key").replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)
        line = frame.select(key_of(by).alias("key"), pl.col(column).alias("own"))
        pairs = line.select("own", said.alias("said")).filter(pl.col("own") != pl.col("said")).unique()
        for own, other in pairs.rows():
            if counts[own] < MIN_KNOWN:
                (alike if akin(own, other) and not _measured(own) else unlike).add(own)
    unlike -= alike
    doubted: dict[str, Any] = {"suspects": sorted(alike), "suspect_margin": SUSPECT_MARGIN}
    if len(alike) >= max(MIN_SLIPS, len(unlike)):
        unlike = {value for value in unlike if not _measured(value)}
        doubted |= {"strangers": sorted(unlike), "stranger_margin": STRANGE_MARGIN}
    return doubted


def akin(value: str, other: str) -> bool:
    """Whether a value can be a slip for another, where the key already says so: letters, digits and order may differ.

    Example:
        >>> akin("stneitap", "patients"), akin("35105", "35150"), akin("Rome-*", "Rome"), akin("Oslo", "Rome")
        (True, True, True, False)
    """
    left, right = value.casefold(), other.casefold()
    if left == right:
        return True
    if resembles(value, other) and not (left.isdigit() and right.isdigit()):
        return True
    if len(right) >= 2 and left.strip(EDGES) == right:
        return True
    if left.isdigit() and right.isdigit():
        return sorted(left) == sorted(right)  # another figure is another number, not a slip that can be told
    if abs(len(left) - len(right)) > 2 or len(right) < MIN_LENGTH:
        return False
    apart = Counter(left)
    apart.subtract(Counter(right))
    return sum(abs(n) for n in apart.values()) <= max(2, 0.3 * len(right))


def key_of(by: str) -> pl.Expr:
    """The key that one column, or several joined, make."""
    names = by.split(JOINT)
    return pl.col(names[0]) if len(names) == 1 else pl.concat_str([pl.col(n) for n in names], separator=JOINT)


def _voted(frame: pl.DataFrame, made: Proposal) -> pl.DataFrame:
    from autoprep.checks import VERBS
    from autoprep.checks.text import count_votes, look_up

    said = dict(made.parameters)
    column, names = made.columns[0], said.get("witnesses", [])
    cell = pl.col(column)
    keys = [
        look_up(key_of(by), mapping).alias(f"\x1f{i}")
        for i, (by, mapping) in enumerate(zip(said["by"], said["mappings"], strict=True))
    ]
    rows = frame.select(cell, *keys, *[pl.col(name).alias(f"\x1fw{i}") for i, name in enumerate(names)])
    by = [pl.col(f"\x1f{i}") for i in range(len(keys))]
    witnesses = [pl.col(f"\x1fw{i}") for i in range(len(names))]
    seen = list(zip(witnesses, said.get("testimonies", ()), said.get("witness_weights", ()), strict=True))
    scores = count_votes(cell, by, said["weights"], seen)
    rows = rows.with_columns(score.alias(f"\x1fs{i}") for i, score in enumerate(scores))
    said |= {"by": by, "mappings": [None] * len(keys), "ballot": [pl.col(f"\x1fs{i}") for i in range(len(scores))]}
    if names:
        said["witnesses"] = witnesses
    value = VERBS["vote"].function(cell, **said).value
    return frame.with_columns(rows.select(value.alias(column)).to_series())


def _probe(frame: pl.DataFrame, made: Proposal, after: pl.Series, cells: int) -> _Tried:
    """Spoil cells that agree with the vote, learn and vote again: how many edits are right.

    Of the chosen rows six in ten get a slip of the hand, two another value of the column, and two are emptied; in as
    many other rows as got another value a key is wrong instead, and an edit there is a false one. Each spoilt cell
    counts against the tables of all the other rows, as a real error would.
    """
    column, by = made.columns[0], list(made.parameters["by"])
    blank = frame.with_columns(pl.lit(None, pl.String).alias(column))
    guess = _voted(blank, Proposal(made.columns, {**made.parameters, "fill": True, "fill_margin": SUSPECT_MARGIN}))[
        column
    ]
    agreeing = frame.with_row_index("\x1fi").filter((frame[column] == guess) & (frame[column] == after))
    if agreeing.height < 2:
        return _Tried()
    wanted = min(cells + cells // 5, agreeing.height)
    chosen = agreeing.gather_every(max(1, agreeing.height // wanted)).head(wanted)
    rng = random.Random(0)
    values = sorted(frame[column].drop_nulls().unique())
    keys = {b: sorted(frame[b].drop_nulls().unique()) for b in by if JOINT not in b}
    spoilt: dict[int, str | None] = {}
    misled: dict[str, dict[int, str]] = {b: {} for b in keys}
    for n, (i, own) in enumerate(chosen.select("\x1fi", column).rows()):
        kind = n % 11
        if kind < 6:
            spoilt[i] = corrupt(own, rng)
        elif kind < 8:
            spoilt[i] = rng.choice(values)
        elif kind < 10 or not keys:
            spoilt[i] = None
        else:
            name = rng.choice(list(keys))
            misled[name][i] = rng.choice(keys[name])
    rows = pl.int_range(frame.height, eager=True)
    mark = rows.is_in(list(spoilt))
    slip = rows.replace_strict(list(spoilt), list(spoilt.values()), default=None, return_dtype=pl.String)
    noisy = frame.with_columns(pl.when(mark).then(slip).otherwise(pl.col(column)).alias(column))
    for name, wrong in misled.items():
        if wrong:
            other = rows.replace_strict(list(wrong), list(wrong.values()), default=None, return_dtype=pl.String)
            noisy = noisy.with_columns(pl.coalesce(other, pl.col(name)).alias(name))
    said = dict(made.parameters)
    said["mappings"] = [_table(noisy, b, column) for b in by]
    said |= _doubted(noisy, column, said)
    back = _voted(noisy, Proposal(made.columns, said))[column]
    truth, shown = frame[column], noisy[column]
    touched = (mark | rows.is_in([i for wrong in misled.values() for i in wrong])) & back.ne_missing(shown)
    empty = mark & slip.is_null()
    good = back.eq_missing(truth)
    return _Tried(
        int((touched & good & ~empty).sum()),
        int((touched & ~empty).sum()),
        int((touched & good & empty).sum()),
        int((touched & empty).sum()),
    )
