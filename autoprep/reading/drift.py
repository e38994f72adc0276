"""How the columns of files that should be one table drift: added, lost, renamed, reordered, retyped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import polars as pl

from autoprep.reading.cells import cell_type

#: What a drift report looks like: one row per file and column that differs from most files.
SCHEMA = {"file": pl.String, "column": pl.String, "change": pl.String, "detail": pl.String}
#: Rows of each file that are looked at.
LOOK = 1000
_OVERLAP, _SURE = 0.5, 0.6


@dataclass(frozen=True)
class Piece:
    """One file of several.

    Attributes:
        file: its name.
        sample: its first rows.
    """

    file: str
    sample: pl.DataFrame


def renames(pieces: Sequence[Piece]) -> list[dict[str, tuple[str, str]]]:
    """For each file: its column -> the name that most files give it, and why they are one column.

    Two columns are one when no file has both, the file lacks the usual one, their names say the same (blanks, case and
    marks aside) or their values overlap, and each is the other's best match.

    Example:
        >>> a = Piece("a", pl.DataFrame({"city": ["Oslo", "Moss", "Bodø"], "n": ["1", "2", "3"]}))
        >>> b = Piece("b", pl.DataFrame({"town": ["Oslo", "Bodø", "Moss"], "n": ["4", "5", "6"]}))
        >>> renames([a, a, b])
        [{}, {}, {'town': ('city', '100% of its values are values of the other')}]
    """
    counts = Counter(c for p in pieces for c in p.sample.columns)
    first = {c: i for i, p in reversed(list(enumerate(pieces))) for c in p.sample.columns}
    together = {(a, b) for p in pieces for a in p.sample.columns for b in p.sample.columns}
    found: list[dict[str, tuple[str, str]]] = []
    for at, piece in enumerate(pieces):
        mine = set(piece.sample.columns)
        lacking = [c for c in counts if c not in mine]
        scored: list[tuple[float, str, str, str]] = []
        for own in piece.sample.columns:
            for usual in lacking:
                later = (counts[usual], -first[usual]) <= (counts[own], -first[own])
                if later or (own, usual) in together:
                    continue
                score, why = _same(piece.sample[own], _values(pieces, usual, at), own, usual)
                if score >= _OVERLAP:
                    scored.append((score, own, usual, why))
        taken: dict[str, tuple[str, str]] = {}
        for score, own, usual, why in sorted(scored, key=lambda s: (-s[0], s[1], s[2])):
            rivals = [s for s in scored if s[0] > score - 0.1 and (s[1] == own) != (s[2] == usual)]
            if own not in taken and not rivals and usual not in {u for u, _ in taken.values()}:
                taken[own] = (usual, why)
        found.append(taken)
    return found


def _values(pieces: Sequence[Piece], column: str, but: int) -> pl.Series:
    parts = [p.sample[column] for i, p in enumerate(pieces) if i != but and column in p.sample.columns]
    return pl.concat([p.cast(pl.String, strict=False) for p in parts[:20]])


def _same(own: pl.Series, usual: pl.Series, name: str, other: str) -> tuple[float, str]:
    """How surely two columns are one, in [0, 1], and why."""
    mine, theirs = own.cast(pl.String, strict=False).drop_nulls().unique(), usual.drop_nulls().unique()
    if not mine.len() or not theirs.len():
        return 0.0, ""
    if _plain(name) == _plain(other) and _plain(name):
        return (1.0, "their names say the same") if kind_of(mine) == kind_of(theirs) else (0.0, "")
    shared = int(mine.is_in(theirs.implode()).sum())
    overlap = shared / mine.len()
    named = SequenceMatcher(None, _plain(name), _plain(other)).ratio() >= _SURE
    telling = shared >= 3 and not _trivial(mine)
    back = shared / theirs.len()
    if overlap >= _OVERLAP and (named or (telling and overlap >= _SURE and back >= 0.1)):
        return overlap, f"{overlap:.0%} of its values are values of the other"
    return 0.0, ""


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _trivial(values: pl.Series) -> bool:
    """Whether values are such as many columns hold: few, or small whole numbers."""
    numbers = values.str.strip_chars().cast(pl.Int64, strict=False)
    return values.len() < 3 or (numbers.null_count() == 0 and bool((numbers.abs() <= 1000).all()))


def kind_of(values: pl.Series) -> str:
    """What most of the values are: number, date, time, word, ...; "" when none are."""
    if values.dtype != pl.String:
        return "number" if values.dtype.is_numeric() else str(values.dtype.base_type())
    kinds = Counter(cell_type(v) for v in values.drop_nulls().unique(maintain_order=True).head(300).to_list())
    for k in ("empty", "nan"):
        kinds.pop(k, None)
    if not kinds:
        return ""
    kind, n = kinds.most_common(1)[0]
    return kind if n >= 0.8 * sum(kinds.values()) else "mixed"


def report(
    pieces: Sequence[Piece], renamed: Sequence[Mapping[str, tuple[str, str]]], joined: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """One row per file and column that differs from most files.

    Args:
        pieces: the files' samples under their own names.
        renamed: what ``renames`` found.
        joined: the union's columns and types.
    """
    rows: list[tuple[str, str, str, str]] = []
    named = [
        p.sample.rename({own: usual for own, (usual, _) in r.items()}) for p, r in zip(pieces, renamed, strict=True)
    ]
    counts = Counter(c for f in named for c in f.columns)
    most = len(named) / 2
    order = _usual_order(named)
    for piece, sample, names in zip(pieces, named, renamed, strict=True):
        rows += [(piece.file, usual, "renamed", f"'{own}' here: {why}") for own, (usual, why) in names.items()]
        for column in joined:
            if column not in sample.columns and counts[column] >= most:
                rows.append((piece.file, column, "lost", "null in its rows"))
            elif column in sample.columns and counts[column] < most:
                rows.append((piece.file, column, "added", f"only {counts[column]} of {len(named)} files have it"))
        common = [c for c in sample.columns if c in order]
        if common != [c for c in order if c in sample.columns]:
            rows.append((piece.file, "", "reordered", ", ".join(sample.columns[:8])))
    for column, dtype in joined.items():
        rows += _retyped(column, dtype, pieces, named)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _usual_order(named: Sequence[pl.DataFrame]) -> list[str]:
    orders: Counter[tuple[str, ...]] = Counter(tuple(f.columns) for f in named)
    return list(max(orders.items(), key=lambda item: (item[1], len(item[0])))[0])


def _retyped(
    column: str, dtype: pl.DataType, pieces: Sequence[Piece], named: Sequence[pl.DataFrame]
) -> list[tuple[str, str, str, str]]:
    types = {p.file: f.schema[column] for p, f in zip(pieces, named, strict=True) if column in f.columns}
    if len(set(types.values())) > 1:
        usual = Counter(types.values()).most_common(1)[0][0]
        return [
            (file, column, "retyped", f"{own} where most files have {usual}; {dtype} in the union")
            for file, own in types.items()
            if own != usual
        ]
    kinds = {p.file: kind_of(f[column]) for p, f in zip(pieces, named, strict=True) if column in f.columns}
    known = {file: kind for file, kind in kinds.items() if kind not in ("", "mixed")}
    if not known:
        return []
    usual_kind, n = Counter(known.values()).most_common(1)[0]
    clear = n >= 0.5 * len(known) and usual_kind in ("number", "date", "time", "money")
    return [
        (file, column, "retyped", f"{kind} where most files have {usual_kind}; kept as text")
        for file, kind in known.items()
        if clear and kind != usual_kind and not {kind, usual_kind} <= {"number", "money", "code"}
    ]


def sentences(drift: pl.DataFrame, files: int) -> list[str]:
    """The drift report in a few plain sentences."""
    said = []
    for (change, column), rows in drift.group_by("change", "column", maintain_order=True):
        names = rows["file"].to_list()
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        detail = rows["detail"][0]
        if change in ("lost", "added"):
            missing = len(names) if change == "lost" else files - len(names)
            where = f" ({shown})" if change == "lost" else f"; only {shown} has it" if len(names) == 1 else ""
            said.append(f"column '{column}' is not in {missing} of {files} files{where}")
        elif change == "renamed":
            said.append(f"column '{column}' is called {detail} ({shown})")
        elif change == "reordered":
            said.append(f"the columns stand in another order in {len(names)} of {files} files ({shown})")
        else:
            said.append(f"column '{column}' is {detail} ({shown})")
    return said
