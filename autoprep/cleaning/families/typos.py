"""Misspellings: a rare value a key stroke or two away from a frequent one, where that tells values apart."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.cleaning.families.near import Lexicon, digits_changed, resembles, says_number
from autoprep.cleaning.families.noise import LETTERS, corrupt
from autoprep.cleaning.families.slips import MIN_ALIKE, Suspect, bare, chances
from autoprep.profiling import kinds

#: A value this frequent is taken to be meant; a misspelling is at most this share as frequent as what was meant.
MIN_KNOWN, MAX_RATIO = 3, 0.12
#: At most this share of the characters may differ; shorter words than this are left alone unless forced.
MAX_SHARE, MIN_LENGTH = 0.25, 4
#: Known values must make up this share of the cells, else the column is free text.
MIN_COVER = 0.5
#: A spelling that stands more often than this is a value, not a slip of the hand.
MOST_OFTEN = 3
MAX_DISTINCT = 20_000


@LEARNERS.add("fix_typos")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose a spelling map for one column, when corrupted copies of its own values come back right.

    Method: values seen often are the dictionary; a rare value goes to the one dictionary word within reach, when no
    second one is near. The probe corrupts dictionary words with the family's noise (wrong, missing, doubled, swapped
    letters) and counts wrong repairs; and it takes each dictionary word out and counts how often it would have been
    "repaired" to another, which is what would happen to a rare but right value.
    """
    column = str(row["column"])
    frame = state.frame
    if column not in frame.columns or frame.schema[column] != pl.String() or column == state.target:
        return []
    counts = {v: int(n) for v, n in frame[column].drop_nulls().alias("v").value_counts(sort=True).rows() if v.strip()}
    total = sum(counts.values())
    if not total or len(counts) > MAX_DISTINCT:
        return []
    mapping, evidence, why, likely = _by_value(counts, total, state.probe)
    tokens, said, words = _by_token(counts, mapping)
    mapping, likely = mapping | tokens, likely | words
    if not mapping:
        if why:
            return [Proposal((column,), {"mapping": {}}, evidence.get("precision", 0.0), evidence, why)]
        return []
    edited = sum(counts[v] for v in mapping)
    evidence |= said | {"values": len(mapping)}
    if edited > 0.25 * total:
        declined = "it would change more than a quarter of the cells"
        return [Proposal((column,), {"mapping": {}}, 0.0, evidence, declined)]
    wanted = state.probe.get("precision", 0.95)
    sure = {v: w for v, w in sorted(mapping.items()) if likely[v] >= wanted}
    asked = {v: w for v, w in sorted(mapping.items()) if v not in sure and likely[v] >= ASKED}
    made = []
    if sure:
        own = evidence | {"values": len(sure)}
        made.append(Proposal((column,), {"mapping": sure}, evidence.get("precision", 0.95), own))
    if not made and not asked:
        return [Proposal((column,), {"mapping": {}}, 0.0, evidence, "what lies near a frequent value is another name")]
    if asked:
        mean = sum(likely[v] for v in asked) / len(asked)
        one = min(asked, key=lambda v: (-counts[v], v))
        own = evidence | {"values": len(asked), "precision": round(mean, 4)}
        why = f"'{one}' lies near '{asked[one]}', and may as well be another name"
        made.append(Proposal((column,), {"mapping": asked}, mean, own, gate="review", why=why))
    return made


#: How likely a value must be a slip to be asked about.
ASKED = 0.02
#: A run of digits or of letters.
_PART = re.compile(r"\d+|[^\W\d_]+")
#: Other values that a word stands in from which it is a word of the column.
ESTABLISHED = 3
#: Frequent values that a word stands in from which it is common to them ("Street"), and no name.
COMMON = 5


def _by_value(
    counts: Mapping[str, int], total: int, probe: Mapping[str, float]
) -> tuple[dict[str, str], dict[str, Any], str, dict[str, float]]:
    """A map, its evidence, why there is none, and how likely each of its values is a slip."""
    known = {v: n for v, n in counts.items() if n >= MIN_KNOWN}
    if not known or sum(known.values()) < MIN_COVER * total:
        return {}, {}, "", {}
    numeric = sum(n for v, n in known.items() if re.fullmatch(r"[\d.,+\-/: ]+", v))
    if numeric > 0.5 * sum(known.values()):
        return {}, {}, "", {}
    lexicon = Lexicon(sorted(known, key=lambda v: (-known[v], v)))
    slips = {v for v, n in known.items() if _meant(lexicon, v, n, counts, crowd=True)}
    if slips:
        known = {v: n for v, n in known.items() if v not in slips}
        lexicon = Lexicon(sorted(known, key=lambda v: (-known[v], v)))
    found = {}
    for value, count in counts.items():
        target = _meant(lexicon, value, count, counts) if count <= MOST_OFTEN else ""
        if target:
            found[value] = target
    found = _established(_accidental(found), counts)
    if not found:
        return {}, {}, "", {}
    forced = {v: w for v, w in found.items() if lexicon.near(v).forced}
    precision, harm, near = _probe(lexicon, known, int(probe.get("cells", 200)))
    # of the rare values that are right, so many would be changed, per edit made
    rare = max(0, len(counts) - len(known) - len(found))
    expected = harm * rare / len(found)
    likely = _likely(found, counts, lexicon, sorted(known), near)
    evidence = {"precision": round(precision, 4), "false_edits": round(harm, 4), "expected_wrong": round(expected, 4)}
    if precision < probe.get("precision", 0.95) or expected > probe.get("max_harm", 0.15):
        if forced:
            return forced, evidence | {"precision": max(precision, 0.95), "forced_only": True}, "", likely
        wrong = f"{min(1.0, expected):.0%} of edits would be wrong by chance"
        said = f"{precision:.0%} of corrupted copies came back right, {wrong}"
        return {}, evidence, said, {}
    return found, evidence | {"precision": round(min(precision, 1 - expected), 4)}, "", likely


def _likely(
    found: Mapping[str, str],
    counts: Mapping[str, int],
    lexicon: Lexicon,
    known: list[str],
    near: list[tuple[str, str]],
) -> dict[str, float]:
    """How likely each value that was found is a slip, and no name of its own."""
    words = {part.casefold() for value in counts if value not in found for part in _PART.findall(value)}
    stands = Counter(part for value in known for part in {p.casefold() for p in _PART.findall(value)})
    common = frozenset(part for part, n in stands.items() if n >= COMMON and len(part) > 2)
    suspects = []
    for value, meant in found.items():
        said = lexicon.near(value)
        goal = {part.casefold() for part in _PART.findall(meant)}
        own = {part.casefold() for part in _PART.findall(value) if len(part) > 1} - goal
        alien = said.forced and said.alike >= MIN_ALIKE
        suspects.append(Suspect(value, meant, counts[value], counts[meant], alien, bool(own & words), common=common))
    return dict(zip(found, chances(suspects, _names(counts, found, known), known, near), strict=True))


def _names(counts: Mapping[str, int], found: Mapping[str, str], known: list[str]) -> int:
    """Rare values that lie near none: other spellings, and figures among words, are dirt, and no names."""
    spelt = {"".join(sorted(c for c in bare(v) if c.isalnum())) for v in known}
    wordy = sum(any(c.isalpha() for c in v) for v in known) > 0.9 * len(known)
    often = set(known)
    return sum(
        v not in found
        and v not in often
        and "".join(sorted(c for c in bare(v) if c.isalnum())) not in spelt
        and (not wordy or any(c.isalpha() for c in v))
        for v in counts
    )


def _accidental(found: Mapping[str, str]) -> dict[str, str]:
    """Without edits that look like a system: a wrong word that stands in many values is no slip of the hand."""
    wrong: dict[str, list[str]] = {}
    for value, target in found.items():
        for a, b in zip(_words(value), _words(target), strict=False):
            if a != b:
                wrong.setdefault(a, []).append(value)
    limit = max(3, 0.1 * len(found))
    often = {v for values in wrong.values() if len(values) > limit for v in values}
    return {v: w for v, w in found.items() if v not in often}


def _established(found: Mapping[str, str], counts: Mapping[str, int]) -> dict[str, str]:
    """Without edits of a word that stands in several other values: °F beside °C is a unit, not a slip."""
    stands: dict[str, int] = {}
    for value in counts:
        if value not in found:
            for part in set(_PART.findall(value)):
                stands[part] = stands.get(part, 0) + 1

    def slip(value: str, target: str) -> bool:
        wrong = set(_PART.findall(value)) - set(_PART.findall(target))
        return not wrong or any(stands.get(part, 0) < ESTABLISHED for part in wrong)

    return {v: w for v, w in found.items() if slip(v, w)}


def _words(value: str) -> list[str]:
    return re.split(r"[^0-9A-Za-z\u0080-\uffff]+", value)


def _meant(
    lexicon: Lexicon,
    value: str,
    count: int,
    counts: Mapping[str, int],
    without: str | None = None,
    crowd: bool = False,
) -> str:
    """The known value that was meant, or "". With ``crowd`` a second value may lie near: it may be a slip as well."""
    near = lexicon.near(value, without=without)
    if not near.best or count > max(1.0, MAX_RATIO * counts.get(near.best, 0)) or counts.get(near.best, 0) <= count:
        return ""
    if says_number(value, near.best):
        return ""
    if bare(value) == bare(near.best) or kinds.both_said(value, near.best):
        return ""  # another spelling of the same; another country
    if near.forced:
        return near.best if resembles(value, near.best) and _alike(value, near.best) else ""
    if digits_changed(value, near.best) or len(value) < MIN_LENGTH or value.casefold() == near.best.casefold():
        return ""
    if not _alike(value, near.best):
        return ""
    limit = 1 if len(value) < 6 else max(1, int(MAX_SHARE * len(value)))
    gap = near.runner_up - near.distance
    clear = gap >= (1 if near.distance == 1 else 2) or (crowd and count <= 0.02 * counts[near.best] and gap >= 0)
    return near.best if near.distance <= limit and clear else ""


def _alike(value: str, other: str) -> bool:
    """Whether each word resembles its counterpart; "Due South" is not a slip for "New South"."""
    left, right = value.split(" "), other.split(" ")
    if len(value) != len(other):
        return True
    if len(left) != len(right):
        return sum(c != d for c, d in zip(value, other, strict=True)) <= max(1, 0.15 * len(value))
    for a, b in zip(left, right, strict=True):
        if a == b:
            continue
        if len(a) != len(b):
            return sum(c != d for c, d in zip(value, other, strict=True)) == 1
        differs = sum(c != d for c, d in zip(a, b, strict=True))
        if differs > max(1, 0.4 * len(a)) or (len(a) < 3 and not (set(a) ^ set(b)) & set(LETTERS)):
            return False
    return True


def _probe(lexicon: Lexicon, known: Mapping[str, int], cells: int) -> tuple[float, float, list[tuple[str, str]]]:
    """What the map would do to values that are known.

    Returns:
        The share of repairs of corrupted copies that are right, the share of right values that would be changed, and
        these with what they would become.
    """
    rng = random.Random(0)
    words = sorted(known)
    right = edits = 0
    for _ in range(cells):
        word = words[rng.randrange(len(words))]
        bad = corrupt(word, rng)
        if bad in known or len(word) < MIN_LENGTH:
            continue
        meant = _meant(lexicon, bad, 1, known)
        edits += bool(meant)
        right += meant == word
    sample = words if len(words) <= cells else rng.sample(words, cells)
    changed = [(w, meant) for w in sample if (meant := _meant(lexicon, w, 1, known, without=w))]
    return (right / edits if edits else 0.0), len(changed) / max(len(sample), 1), changed


def _by_token(
    counts: Mapping[str, int], done: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Any], dict[str, float]]:
    """Misspelt words inside values ("172 patxents"), where the words of the column are few and frequent."""
    words: dict[str, int] = {}
    shapes: dict[int, int] = {}
    for value, count in counts.items():
        parts = value.split(" ")
        shapes[len(parts)] = shapes.get(len(parts), 0) + count
        for part in parts:
            if part.isalpha():
                words[part] = words.get(part, 0) + count
    total = sum(counts.values())
    often = {w: n for w, n in words.items() if n >= max(20, 0.05 * total) and len(w) >= 4}
    common = max(shapes.values(), default=0)
    if not often or common < 0.6 * total or max(shapes, key=lambda k: shapes[k]) < 2:
        return {}, {}, {}
    if sum(often.values()) < 0.8 * sum(n for w, n in words.items() if len(w) >= 4):
        return {}, {}, {}
    lexicon = Lexicon(sorted(often))
    found: dict[str, str] = {}
    slips: dict[str, dict[str, str]] = {}
    for value in counts:
        if value in done:
            continue
        parts = value.split(" ")
        if len(parts) < 2:
            continue  # a whole value is judged as a value
        mended = [_token(lexicon, part, words, often) if part not in often else part for part in parts]
        if mended != parts:
            found[value] = " ".join(mended)
            slips[value] = {a: b for a, b in zip(parts, mended, strict=True) if a != b}
    if not found:
        return {}, {}, {}
    # a word in a value that was judged as a whole is neither a slip nor a name
    pairs = {a: b for own in slips.values() for a, b in own.items()}
    judged = {part for value in done for part in value.split(" ")}
    others = sum(w not in often and w not in pairs and w not in judged and len(w) >= 4 for w in words)
    suspects = [Suspect(a, b, words.get(a, 1), often[b], part=True) for a, b in sorted(pairs.items())]
    told = dict(zip(sorted(pairs), chances(suspects, others, sorted(often), []), strict=True))
    return found, {"words": sorted(often)[:5]}, {v: min(told[a] for a in own) for v, own in slips.items()}


def _token(lexicon: Lexicon, part: str, words: Mapping[str, int], often: Mapping[str, int]) -> str:
    if len(part) < 4 or any(c.isdigit() for c in part) or part.strip(",.;:()") in often:
        return part  # "local media, national media"
    near = lexicon.near(part)
    if bare(part) == bare(near.best) or (near.forced and not resembles(part, near.best)):
        return part  # the same word with a capital, a word in another script
    rare = words.get(part, 1) <= 0.02 * often.get(near.best, 0) and not kinds.both_said(part, near.best)
    return near.best if near.best and rare and near.distance <= max(1, len(part) // 3) and near.runner_up > 2 else part
