"""What rows with the same key agree on: dependencies mined from the dirty rows, weighed, and put to the vote."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.compile import JOINT
from autoprep.cleaning.families import spared
from autoprep.cleaning.families.ballots import Ballot, Codes, Rows, Said, tally
from autoprep.cleaning.families.base import LEARNERS, Proposal, State, lower_bound
from autoprep.cleaning.families.dependencies import MIN_KNOWN, Dependency, mine
from autoprep.cleaning.families.near import MIN_LENGTH, akin, resembles
from autoprep.cleaning.families.noise import corrupt
from autoprep.types import Gate

#: Columns that are looked at, keys that a plan may hold.
MAX_COLUMNS, MAX_KEYS = 40, 5_000
MAX_EDITED, ROUNDS, MAX_CHECKS = 0.4, 3, 2
#: Lead of the vote over a known value, over a value that is none of the column's, over a slip of the hand.
MARGIN, STRANGE_MARGIN, SUSPECT_MARGIN = 4.5, 3.0, 1.7
#: Known values are overruled only where there are at least half as many slips of the hand; else by no margin.
MAX_EXCEPTIONS, NEVER = 2.0, 1e9
#: What so few hidden cells were tried with that it may be right less often than this is asked about.
SURE = 0.9
#: From bold to careful: what the probe does not let pass is tried again with less of it.
GUARDS: tuple[dict[str, float], ...] = ({}, {"stranger_margin": MARGIN}, {"margin": NEVER, "stranger_margin": NEVER})
#: So many different slips must there be before a value that resembles nothing counts as alien.
MIN_SLIPS = 3
#: A value that recurs is a stranger where no key ever says it, and each key says so many others in its place.
MIN_GAINSAID, MAX_HOMELESS = 3, 0.2
#: Other columns with slips in them that make a table full of them.
SLIPPED = 3


@LEARNERS.add("vote")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose votes for every text column that other columns determine, in rounds until nothing changes.

    Method: for each pair of columns (and pairs of keys where single ones fail) hide each cell in turn and foretell it
    by the majority of the other rows with its key. A key that foretells well, closes most of the gap to guessing, and
    whose exceptions stand alone in their groups becomes a voter with its log odds as weight. Columns that the voted one
    foretells are witnesses: a candidate that agrees with them gains their weight, so that a wrong key does not drag
    right cells along. Empty cells stay: they contradict nobody, and ``missing.determined`` asks about them.
    """
    columns = [c for c in state.texts() if _usable(state, c)][:MAX_COLUMNS]
    proposals: list[Proposal] = []
    found, foretells = mine(state.frame, columns)
    rows = Rows(state.frame)
    texts = [name for name, dtype in state.frame.schema.items() if dtype == pl.String()]
    for number in range(ROUNDS):
        changed = False
        for column in columns:
            voters = found.get(column, [])
            if not voters:
                continue
            made = _proposal(rows, column, voters, foretells.get(column, []), state, texts)
            if made is None or ((made[0].declined or made[0].gate) and number):
                continue
            proposals.append(made[0])
            if not made[0].declined and made[0].gate is None:
                rows.set(column, made[1])
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


def _tables(
    rows: Rows, column: str, by: Sequence[str], changed: Mapping[str, Codes] | None = None, width: int = 0
) -> list[Said]:
    cell, width = (changed or {}).get(column, rows.of(column)), max(width, rows.width(column))
    return [tally(rows.key(one, changed)[0], cell, width) for one in by]


def _proposal(
    rows: Rows,
    column: str,
    voters: Sequence[Dependency],
    witnesses: Sequence[Dependency],
    state: State,
    texts: Sequence[str],
) -> tuple[Proposal, Codes] | None:
    tables = zip(voters, _tables(rows, column, [d.by for d in voters]), strict=True)
    kept = [(d, said) for d, said in tables if 0 < len(said) <= MAX_KEYS]
    if not kept:
        return None
    by = tuple(d.by for d, _ in kept)
    ballot = Ballot(column, by, tuple(said for _, said in kept), tuple(d.weight for d, _ in kept), MARGIN)
    ballot = _witnessed(rows, ballot, witnesses)
    ballot = _doubted(rows, ballot, rows.of(column))
    evidence: dict[str, Any] = {
        "determined_by": list(by),
        "foretold": [round(d.accuracy, 4) for d, _ in kept],
        "exceptions_alone": [round(d.lonely, 4) for d, _ in kept],
    }
    if ballot.witnesses:
        evidence["borne_out_by"] = list(ballot.witnesses)
    own = rows.of(column)
    after = ballot.cast(rows)
    exceptions, slips = _exceptions(rows.values[column], own, after, ballot.strangers)
    slips += _mended(state, column)
    if exceptions > MAX_EXCEPTIONS * slips:
        # a column without slips holds exceptions, not errors: only what looks like a slip may be overruled
        ballot = replace(ballot, margin=NEVER)
        evidence["exceptions_left_alone"] = exceptions
        after = ballot.cast(rows)
    explained = _explained(rows, column, after, texts)
    if explained:
        said = f"the exceptions are those of {explained}, not slips"
        return Proposal((column,), ballot.parameters(rows, empty=True), 0.0, evidence, said), own
    kept_back = spared.elsewhere(rows, column, after, texts)
    if codes := spared.own_codes(rows, column, after):
        evidence["codes_left_alone"] = len(codes)
        kept_back |= codes
    beside = sum(_mended(state, other) >= MIN_SLIPS for other in texts if other != column)
    kept_back |= spared.rare_levels(rows, column, after, beside >= SLIPPED)
    kept_back |= spared.saying_nothing(rows, column, after) | spared.echoed(rows, column, after, texts)
    if kept_back:
        ballot = replace(ballot, spared=kept_back)
        evidence["spared"] = len(kept_back)
        after = ballot.cast(rows)
    cells = int(state.probe.get("cells", 200))
    least = state.probe.get("precision", 0.95)
    precision, right, probed = 0.0, 0, 0
    for guard in GUARDS:
        guarded = replace(ballot, **guard)  # type: ignore[arg-type]
        after = guarded.cast(rows)
        right, probed = _probe(rows, guarded, after, cells)
        precision = right / max(probed, 1)
        if precision >= least:
            break
    edited = int((after != own).sum())
    if not edited:
        return None
    evidence |= {"precision": round(precision, 4), "probed": probed}
    why = f"{column} is determined by {', '.join(by)}; {edited:,} cells disagree with their group"
    declined = ""
    if precision < least:
        declined = f"of hidden cells {precision:.0%} were foretold right"
    elif edited > MAX_EDITED * rows.height:
        declined = f"it would change {edited:,} of {rows.height:,} cells"
    confidence = round(lower_bound(right, probed), 4)
    parameters = guarded.parameters(rows, empty=bool(declined))
    gate: Gate | None = "review" if confidence < SURE and not declined else None
    return Proposal((column,), parameters, confidence, evidence, declined, gate, why=why), after


def _witnessed(rows: Rows, ballot: Ballot, found: Sequence[Dependency]) -> Ballot:
    """With the columns that the voted one foretells and that have no vote themselves, heaviest first."""
    voting = {name for key in ballot.by for name in key.split(JOINT)}
    chosen: list[tuple[str, Said, float]] = []
    for d in sorted(found, key=lambda d: (-d.weight, d.column)):
        if d.column in voting or len(chosen) == MAX_CHECKS:
            continue
        said = tally(rows.of(ballot.column), rows.of(d.column), rows.width(d.column))
        if 0 < len(said) <= MAX_KEYS:
            chosen.append((d.column, said, d.weight))
    if not chosen:
        return ballot
    names, says, weights = zip(*chosen, strict=True)
    return replace(ballot, witnesses=names, testimonies=says, witness_weights=weights)


def _exceptions(values: Sequence[str], before: Codes, after: Codes, strangers: frozenset[int]) -> tuple[int, int]:
    """Edited cells that held a value in its own right, and those that held a slip of the hand or an alien."""
    counts = np.bincount(before[before >= 0], minlength=len(values))
    edited = before != after
    both = edited & (before >= 0) & (after >= 0)
    pairs, times = np.unique(before[both] * len(values) + after[both], return_counts=True)
    slips = 0
    for pair, n in zip(pairs.tolist(), times.tolist(), strict=True):
        code, goal = divmod(pair, len(values))
        own, said = values[code], values[goal]
        rare = len(own) >= MIN_LENGTH or 10 * counts[code] <= counts[goal]
        known = counts[code] >= MIN_KNOWN and not (rare and resembles(own, said))
        alike = not known and not _measured(own) and (akin(own, said) or resembles(own, said))
        slips += n if code in strangers or alike else 0
    return int(edited.sum()) - slips, slips


def _measured(value: str) -> bool:
    """Whether a value is a number with decimals: such a one differs from its neighbours by nature."""
    return "." in value and value.replace(".", "", 1).lstrip("-+").isdigit()


def _mended(state: State, column: str) -> int:
    """Cells of the column that earlier steps took for slips of the hand."""
    if state.raw is None or state.raw.schema.get(column) != pl.String():
        return 0
    raw, now = state.raw[column].str.strip_chars(), state.frame[column].str.strip_chars()
    return int((raw.is_not_null() & now.is_not_null() & (raw != now)).sum())


def _explained(rows: Rows, column: str, after: Codes, texts: Sequence[str]) -> str:
    """Another column's value that most of the edits fall on, and that is edited nearly wherever it stands; else ""."""
    own = rows.of(column)
    edits = (after != own) & (own >= 0)
    total = int(edits.sum())
    if total < 5:
        return ""
    for other in texts:
        if other == column:
            continue
        places = rows.of(other) + 1
        times, edited = np.bincount(places), np.bincount(places, weights=edits)
        guilty = np.flatnonzero((edited >= 3) & (edited >= 0.6 * times))
        if len(guilty) and edited[guilty].sum() >= 0.4 * total:
            return f"{other} = '{[None, *rows.values[other]][int(guilty[0])]}'"
    return ""


def _doubted(
    rows: Rows,
    ballot: Ballot,
    own: Codes,
    words: Sequence[str] = (),
    changed: Mapping[str, Codes] | None = None,
) -> Ballot:
    """With rare values that the keys gainsay: those that resemble what a key says, and, when most do, the others too.

    A value that recurs under many keys and is what none of them says ("Alabama" among owners) is a stranger as well.

    Args:
        rows: the table. ballot: what the keys say. own: the column's cells. words: values that come after the column's.
        changed: columns whose cells are others.
    """
    values = [*rows.values[ballot.column], *words]
    width = len(values)
    counts = np.bincount(own[own >= 0], minlength=width)
    alike: set[int] = set()
    unlike: set[int] = set()
    homes = np.zeros(width, np.int64)
    gainsaid: list[np.ndarray] = []
    for by, table in zip(ballot.by, ballot.said, strict=True):
        said = table.look_up(rows.key(by, changed)[0])
        apart = (own >= 0) & (said >= 0) & (own != said)
        homes += np.bincount(own[(own >= 0) & (own == said)], minlength=width)
        gainsaid.append(np.bincount(np.unique(own[apart] * width + said[apart]) // width, minlength=width))
        apart[apart] = counts[own[apart]] < MIN_KNOWN
        for pair in np.unique(own[apart] * width + said[apart]).tolist():
            code, goal = divmod(pair, width)
            (alike if akin(values[code], values[goal]) and not _measured(values[code]) else unlike).add(code)
    unlike -= alike
    made = replace(ballot, suspects=frozenset(alike), suspect_margin=SUSPECT_MARGIN)
    if len(alike) >= max(MIN_SLIPS, len(unlike)):
        strange = frozenset(code for code in unlike if not _measured(values[code]))
        made = replace(made, strangers=strange, stranger_margin=STRANGE_MARGIN, keep_strangers=True)
    homeless = (homes == 0) & (counts >= MIN_KNOWN) & (counts <= MAX_HOMELESS * len(own))
    homeless &= np.minimum.reduce(gainsaid) >= MIN_GAINSAID
    if homeless.any():
        strange = made.strangers | frozenset(np.flatnonzero(homeless).tolist())
        made = replace(made, strangers=strange, stranger_margin=STRANGE_MARGIN, keep_strangers=True)
    return made


def _probe(rows: Rows, ballot: Ballot, after: Codes, cells: int) -> tuple[int, int]:
    """Spoil cells that agree with the vote, learn and vote again: edits that are right, and edits.

    Of the chosen rows six in ten get a slip of the hand, two another value of the column, and two are emptied; in as
    many other rows as got another value a key is wrong instead, and an edit there is a false one. Each spoilt cell
    counts against the tables of all the other rows, as a real error would.
    """
    column, own = ballot.column, rows.of(ballot.column)
    values, width = rows.values[column], rows.width(column)
    guess = replace(ballot, fill=True, fill_margin=SUSPECT_MARGIN).cast(rows, np.full(rows.height, -1))
    agreeing = np.flatnonzero((own >= 0) & (own == guess) & (own == after))
    if len(agreeing) < 2:
        return 0, 0
    wanted = min(cells + cells // 5, len(agreeing))
    rng = random.Random(0)
    present = rows.present(column)
    keys = {b: rows.present(b) for b in ballot.by if JOINT not in b}
    words: dict[str, int] = {}
    spoilt: dict[int, int] = {}
    misled: dict[str, dict[int, int]] = {b: {} for b in keys}
    for n, i in enumerate(agreeing[:: max(1, len(agreeing) // wanted)][:wanted].tolist()):
        kind = n % 11
        if kind < 6:
            word = corrupt(values[int(own[i])], rng)
            at = bisect_left(values, word)
            there = at < width and values[at] == word
            spoilt[i] = at if there else words.setdefault(word, width + len(words))
        elif kind < 8:
            spoilt[i] = rng.choice(present)
        elif kind < 10 or not keys:
            spoilt[i] = -1
        else:
            name = rng.choice(list(keys))
            misled[name][i] = rng.choice(keys[name])
    noisy = own.copy()
    noisy[list(spoilt)] = list(spoilt.values())
    changed: dict[str, Codes] = {}
    for name, wrong in misled.items():
        if wrong:
            changed[name] = rows.of(name).copy()
            changed[name][list(wrong)] = list(wrong.values())
    said = _tables(rows, column, ballot.by, changed | {column: noisy}, width + len(words))
    again = _doubted(rows, replace(ballot, said=tuple(said)), noisy, list(words), changed)
    back = again.cast(rows, noisy, changed)
    mark = np.zeros(rows.height, bool)
    mark[list(spoilt)] = True
    mark &= noisy >= 0
    mark[[i for wrong in misled.values() for i in wrong]] = True
    touched = mark & (back != noisy)
    return int((touched & (back == own)).sum()), int(touched.sum())
