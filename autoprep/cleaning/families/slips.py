"""How likely a rare value is a slip for a frequent one, and not another name: "Bush" is no slip for "Rush".

Two things are weighed, as odds. What the letters say: so many times likelier is such a difference between a word and
its slip than between two names. And what the column says: where nearly all rare values lie near a frequent one, its
values are few and slips are what is rare; where most rare values lie near none, names are rare in it, and one of them
lies near another by chance.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoprep.cleaning.families.letters import LOOK_ALIKES, NEIGHBOURS, SHORT, accented, acronym, foreign, unsayable
from autoprep.profiling import kinds

#: In a word of more letters a figure is a mistake ("b0ston"), and beside it a letter for a blank ("heartxattack").
LETTERED = 3
#: What is foreign to a place must be so to this many known values of that length.
MIN_ALIKE = 4

#: How many times likelier a difference is between a word and its slip than between two names.
HARMLESS, PROVEN, SWAPPED, LONGEST, LONG = 1e6, 1e4, 500.0, 200.0, 100.0
DOUBLED, MIDDLE, FIVE, NAMES, UNLIKE = 50.0, 30.0, 5.0, 1.0, 0.3
#: What else weighs: the wrong word is one of the column's; the value stands again; a key beside the right one was hit;
#: the word that was meant stands in many values.
A_WORD, AGAIN, KEYED, COMMON = 0.05, 0.2, 2.0, 5.0
#: Likewise: a letter stands for one that neither lies beside it nor looks like it, as between two names.
REPLACED = 0.1
#: In words up to this length two letters that are others make another word.
TWO_APART = 8
#: A value that stands more than once is a slip made again only for what stands this many times as often.
OFTEN = 50
#: Share of slips that are of any one kind, for the rate at which names of the column lie so near each other.
OF_A_KIND = 0.3
#: So many slips must be seen until their letters count for half, and so much do they count for at most.
FEW, MOST = 10.0, 30.0
#: Of two letters one stands for the other by chance, this share lie beside each other on the keyboard.
BESIDE = 0.25
#: Rounds of expectation and maximisation.
ROUNDS = 50
#: A share of slips among rare values before any was seen: this many of that many. Most columns hold rare values that
#: are right, so a few suspects alone prove nothing.
_PRIOR = (0.3, 3.0)

_MARKS = re.compile("[\u0300-\u036f]")
_TOKEN = re.compile(r"[^\W_]+")
#: Letters that a word takes or changes at its end to be another form of itself: "Latina", "Kings", "Maria".
_ENDINGS = frozenset("aeiousy")
#: Signs that join the words of a name, or stand beside it.
_JOINTS = " -.'_"
_MARKS_BESIDE = ",.;:'\"`*"


@dataclass(frozen=True)
class Suspect:
    """A rare value and what it may be a slip for.

    Attributes:
        value, meant: as they are written. count, often: cells of each.
        alien: its odd characters are of a kind that known values of that length, of which there are several, never have
            there.
        word: what is wrong about it is a word of the column.
        part: it is a word inside longer values.
        common: words, in small letters, that stand in several of the column's frequent values ("street").
    """

    value: str
    meant: str
    count: int = 1
    often: int = 1
    alien: bool = False
    word: bool = False
    part: bool = False
    common: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Edit:
    """One character that differs: ``wrong`` stands (or stands too many) where ``right`` was meant; "" for none.

    Attributes:
        word, meant: the words it stands in, as they are and as they were meant.
        at: where the word starts. start, end: whether it is the word's first, or last, character; edge: the value's.
    """

    wrong: str
    right: str
    word: str
    meant: str
    at: int
    start: bool
    end: bool
    edge: bool = False


def chances(
    suspects: Sequence[Suspect], others: int, known: Sequence[str], near: Sequence[tuple[str, str]]
) -> list[float]:
    """How likely each suspect is a slip.

    Args:
        suspects: of one column.
        others: rare values of the column that lie near none.
        known: its frequent values.
        near: pairs of these that would be taken for slips of each other.

    Method: expectation and maximisation (Dempster et al. 1977) for the share of slips among the rare values, and for
    the letters that slips put in the place of others: where most put an "x", an "x" is a slip.

    Example:
        >>> names = ["birmingham", "dothan", "gadsden", "anniston", "boaz", "Rush"]
        >>> one = [Suspect("birmxngham", "birmingham"), Suspect("boxz", "boaz"), Suspect("Bush", "Rush")]
        >>> [round(c, 1) for c in chances(one, 400, names, [])]
        [0.9, 0.0, 0.0]
        >>> slips = [Suspect(w[:i] + "x" + w[i + 1:], w) for w in names[:5] for i in (1, 2)]
        >>> min(chances(slips, 0, names, [])) > 0.95
        True
    """
    apart = [likelihood(Suspect(a, b)) for a, b in near]
    said = []
    for one in suspects:
        told = likelihood(one)
        if told >= HARMLESS:
            said.append(told)
            continue
        # names of the column that are as near each other, in such a way
        alike = sum(ratio >= told for ratio in apart) / max(len(known), 1)
        said.append(1 / (1 / told + alike / OF_A_KIND))
    letters = _Letters([list(_edits(one.value, one.meant)) for one in suspects], known)
    sure = [1.0 if ratio > NAMES else 0.5 for ratio in said]
    for _ in range(ROUNDS):
        total, rest = sum(sure) + _PRIOR[0], len(suspects) - 1 + others + _PRIOR[1]
        odds = []
        for own, told, usual in zip(sure, said, letters.usual(sure), strict=True):
            share = (total - own) / rest  # a value does not speak for itself
            odds.append(share / (1 - share) * told * usual)
        last, sure = sure, [o / (1 + o) for o in odds]
        if max(abs(a - b) for a, b in zip(last, sure, strict=True)) < 1e-6:
            break
    return sure


class _Letters:
    """Letters that stand where others were meant, of each suspect, beside those of the known values."""

    def __init__(self, edits: Sequence[Sequence[_Edit]], known: Sequence[str]) -> None:
        wrong = [[e.wrong.casefold() for e in own if e.wrong] for own in edits]
        pairs = [
            [(e.wrong.casefold(), e.right.casefold()) for e in own if (e.wrong + e.right).isalpha()] for own in edits
        ]
        self.wrong, self.keys = wrong, [[pair in NEIGHBOURS for pair in own if all(pair)] for own in pairs]
        stands = Counter(c for value in known for c in value.casefold())
        total = sum(stands.values())
        self.share = {c: (stands[c] + 1) / (total + 26) for own in wrong for c in own}

    def usual(self, sure: Sequence[float]) -> list[float]:
        """How many times likelier a slip than a name has such letters, by what the other suspects have."""
        share = [{c: own.count(c) / len(own) for c in own} for own in self.wrong]
        keys = [sum(own) / len(own) if own else None for own in self.keys]
        seen: dict[str, float] = {}
        for weight, own in zip(sure, share, strict=True):
            for c, part in own.items():
                seen[c] = seen.get(c, 0.0) + weight * part
        total = sum(seen.values())
        hit = sum(w * k for w, k in zip(sure, keys, strict=True) if k is not None)
        tried = sum(w for w, k in zip(sure, keys, strict=True) if k is not None)
        said = []
        for weight, own, key in zip(sure, share, keys, strict=True):
            told = 1.0
            if own:  # a value does not speak for itself
                rest = total - weight + FEW
                told = min((max(seen[c] - weight * p, 0.0) / self.share[c] + FEW) / rest for c, p in own.items())
            if key is not None:
                most = (hit - weight * key + FEW * BESIDE) / (tried - weight + FEW)
                told *= most / BESIDE if key == 1 else (1 - most) / (1 - BESIDE)
            said.append(min(MOST, told))
        return said


def likelihood(one: Suspect) -> float:
    """How many times likelier the difference is between a word and its slip than between two names.

    Example:
        >>> [likelihood(Suspect(*p)) for p in (("birmxngham", "birmingham"), ("b0ston", "boston"))]
        [10000.0, 10000.0]
        >>> [likelihood(Suspect(*p)) <= NAMES for p in (("Bush", "Rush"), ("CCHA", "WCHA"), ("Latina", "Latino"))]
        [True, True, True]
    """
    value, meant = one.value, one.meant
    if swapped(value, meant):
        edit = next(_edits(value, meant))
        plain = len(edit.word) >= SHORT and not acronym(edit.word) and edit.word.isalpha()
        told = NAMES if not plain else LONG if len(edit.word) == SHORT else SWAPPED
    else:
        edits = list(_edits(value, meant))
        if not edits or (one.part and any(e.edge and not e.wrong.isalnum() for e in edits)):
            return NAMES
        told = min(_weigh(group, one) for group in _by_word(edits))
    if told >= HARMLESS:
        return told
    if one.word or kinds.said(value):
        told *= A_WORD
    if one.count > 1 and one.often < OFTEN * one.count:
        told *= float(AGAIN ** (one.count - 1))
    return told


def bare(value: str) -> str:
    """Without case and accents.

    Example:
        >>> bare("Zürich")
        'zurich'
    """
    return _MARKS.sub("", unicodedata.normalize("NFD", value)).casefold()


def swapped(value: str, other: str) -> bool:
    """Whether the two differ by two neighbouring characters that changed places, and nothing else.

    Example:
        >>> swapped("boston", "bsoton"), swapped("boston", "bostno "), swapped("boston", "boston")
        (True, False, False)
    """
    if len(value) != len(other):
        return False
    at = [i for i, (a, b) in enumerate(zip(value, other, strict=True)) if a != b]
    return len(at) == 2 and at[1] == at[0] + 1 and value[at[0]] == other[at[1]] and value[at[1]] == other[at[0]]


def doubled(word: str, meant: str) -> bool:
    """Whether one letter is doubled in one of the two words and single in the other.

    Example:
        >>> doubled("phillip", "philip"), doubled("johnston", "johnson")
        (True, False)
    """
    short, long = sorted((word, meant), key=len)
    return len(long) == len(short) + 1 and any(
        long[i] == long[i + 1] and long[:i] + long[i + 1 :] == short for i in range(len(short))
    )


def _edits(value: str, meant: str) -> Iterator[_Edit]:
    if len(value) == len(meant):
        for i, (a, b) in enumerate(zip(value, meant, strict=True)):
            if a != b:
                yield _edit(a, b, value, meant, i)
        return
    short, long = sorted((value, meant), key=len)
    i = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if long[:i] + long[i + 1 :] == short:
        yield _edit(value[i], "", value, meant, i) if long is value else _edit("", meant[i], value, meant, i)


def _edit(wrong: str, right: str, value: str, meant: str, at: int) -> _Edit:
    own, goal = _word(value, at), _word(meant, at)
    _, start, stop = own if wrong else goal
    return _Edit(wrong, right, own[0], goal[0], goal[1], at == start, at == stop - 1, at in (0, len(value) - 1))


def _word(text: str, at: int) -> tuple[str, int, int]:
    """The word that a place lies in or beside, and where it starts and stops."""
    for found in _TOKEN.finditer(text):
        if found.start() <= at <= found.end():
            return found.group(), found.start(), found.end()
    return "", at, at


def _by_word(edits: Sequence[_Edit]) -> list[list[_Edit]]:
    groups: dict[int, list[_Edit]] = {}
    for edit in edits:
        groups.setdefault(edit.at, []).append(edit)
    return list(groups.values())


def _weigh(edits: Sequence[_Edit], one: Suspect) -> float:
    """The edits of one word."""
    told, meant = _together([_weighed(edit, one.alien) for edit in edits], edits), edits[0].meant
    usual = told < HARMLESS and meant.casefold() in one.common and not acronym(meant)
    return told * COMMON if usual else told


def _together(each: Sequence[float], edits: Sequence[_Edit]) -> float:
    if len(edits) == 1 or min(each) >= PROVEN:
        return min(each)
    size = len(edits[0].meant)
    if len(edits) > max(1, 0.4 * size):
        return min(UNLIKE, *each)
    return min(FIVE if size > TWO_APART and len(edits) <= 0.25 * size else NAMES, *each)


def _weighed(edit: _Edit, alien: bool) -> float:
    wrong, right = edit.wrong, edit.right
    if accented(wrong) or accented(right):
        return UNLIKE  # nobody's hand slips to an accent
    if wrong.casefold() == right.casefold():
        return HARMLESS
    if foreign(wrong) and not any(foreign(c) for c in edit.meant):
        return HARMLESS if not wrong.isalpha() and len(edit.meant) > LETTERED else PROVEN
    if not (wrong + right).isalnum():
        return _sign(edit, alien)
    if wrong.isdigit() or right.isdigit():
        return _figure(edit, alien)
    if any(c.isdigit() for c in edit.word + edit.meant) or acronym(edit.word) or acronym(edit.meant):
        return NAMES
    word, meant = edit.word.casefold(), edit.meant.casefold()
    if unsayable(word, meant):
        return PROVEN
    return _letter(edit, word, meant)


def _letter(edit: _Edit, word: str, meant: str) -> float:
    size = min(len(word), len(meant))
    if size < SHORT:
        return NAMES * (0.5 if edit.start else 1.0)
    if doubled(word, meant):
        return DOUBLED
    if edit.end and set((edit.wrong + edit.right).casefold()) <= _ENDINGS:
        return NAMES
    told = FIVE if size == SHORT else MIDDLE if size == SHORT + 1 else LONG if size < 9 else LONGEST
    if edit.start:
        told /= 4 if size >= 8 else 10
    elif edit.end:
        told /= 2
    if _keyed(edit):
        return told * KEYED
    return told * (REPLACED if edit.wrong and edit.right and not edit.start else 1.0)


def _sign(edit: _Edit, alien: bool) -> float:
    """A sign or a blank too many, too few, or in a letter's place."""
    wrong, right = edit.wrong, edit.right
    figures = any(c.isdigit() for c in edit.word + edit.meant)
    if (not wrong or not wrong.isalnum()) and (not right or not right.isalnum()):
        if not right and edit.edge and wrong in _MARKS_BESIDE:
            return HARMLESS  # "Boston,"
        return NAMES if figures or (wrong + right).strip(_JOINTS) else HARMLESS  # "North-east", "North east"
    if wrong and right and wrong.isascii() and not wrong.isalnum() and not wrong.isspace() and wrong not in "-.'&/,":
        return PROVEN if not figures or alien else NAMES
    if "'" in (wrong, right):
        return NAMES  # "Puddin'" is how it is said
    sides = min(len(edit.word), len(edit.meant))
    return LONG if sides > LETTERED and not figures else NAMES


def _figure(edit: _Edit, alien: bool) -> float:
    """A figure inside a word that holds no other, or a letter between figures."""
    rest = edit.meant.replace(edit.right, "", 1) if edit.right else edit.meant
    if edit.wrong.isdigit() and not edit.right.isdigit():
        alone = edit.meant.isalpha() and len(rest) >= LETTERED and sum(c.isdigit() for c in edit.word) <= 2
        return PROVEN if alone and not (edit.end and not edit.right) else NAMES
    if edit.meant.isdigit() and edit.wrong and edit.right and not edit.end and (alien or not edit.start):
        return LONG
    return NAMES


def _keyed(edit: _Edit) -> bool:
    """Whether a key beside the right one was hit, or a letter stands for one that looks like it."""
    pair = (edit.wrong.casefold(), edit.right.casefold())
    return pair in NEIGHBOURS or pair in LOOK_ALIKES
