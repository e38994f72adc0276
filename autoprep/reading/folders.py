"""Folders and globs: files of one table, unioned by column, with a report of how their columns drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from autoprep.errors import InputError, plural
from autoprep.lineage import hash_value
from autoprep.reading import drift
from autoprep.reading.sources import KEPT_BESIDE, tables_in
from autoprep.types import Dialect, Source, Table

WILD = "*?["
#: A file whose columns are neither all among the usual ones nor all of them is another table where it shares one of
#: them only, as a key, or less than this of both files' columns.
_LEAST_SHARED = 0.3


def is_many(path: Path) -> bool:
    """Whether a path names several files: a folder, or a glob that is no file itself.

    Example:
        >>> is_many(Path("sales_*.csv")), is_many(Path("sales.csv"))
        (True, False)
    """
    return path.is_dir() or (any(c in str(path) for c in WILD) and not path.exists())


def files_of(path: Path) -> list[Path]:
    """The files that a folder or glob names, sorted; hidden ones are left out.

    Raises:
        InputError: there is none.
    """
    if path.is_dir():
        return tables_in(path)
    anchor = Path(path.anchor) if path.is_absolute() else Path()
    found = [p for p in anchor.glob(str(path.relative_to(path.anchor) if path.anchor else path)) if p.is_file()]
    shown = sorted(p for p in found if not p.name.startswith(".") and not p.name.endswith(KEPT_BESIDE))
    if not shown:
        raise InputError("no file is there", where=str(path), hint="check the pattern")
    return shown


def read_many(path: Path, read_one: Callable[[Path, Dialect | None], Table]) -> Table:
    """Read every file and put the rows below each other, in the order of the file names.

    Columns meet by name, a renamed one by its values (see ``drift.renames``); one that a file lacks is null there.
    Numbers of several types become the wider one; where a column is text in one file and typed in another it becomes
    text. A file without a header, among files with one, takes their names by place.

    Raises:
        InputError: there is no file, one cannot be read, or the files are different tables.
    """
    paths = files_of(path)
    if len(paths) == 1:
        return read_one(paths[0], None)
    tables = [read_one(p, None) for p in paths]
    names = _labels(path, paths)
    tables, extra = _with_headers(paths, tables, read_one)
    pieces = [drift.Piece(n, t.frame.head(drift.LOOK).collect()) for n, t in zip(names, tables, strict=True)]
    found = drift.renames(pieces)
    frames = [t.frame.rename({own: usual for own, (usual, _) in r.items()}) for t, r in zip(tables, found, strict=True)]
    _refuse_strangers(path, names, [f.collect_schema().names() for f in frames])
    joined = _types(frames)
    whole = pl.concat([_as(f, joined) for f in frames])
    drifted = drift.report(pieces, found, joined)
    notes = [f"{len(paths)} files are one table", *extra, *drift.sentences(drifted, len(paths))]
    notes += [n for t in tables for n in t.notes]
    headers: dict[str, str] = {}
    for table, names_here in zip(tables, found, strict=True):
        for column, header in table.headers.items():
            headers.setdefault(names_here.get(column, (column, ""))[0], header)
    sizes = [t.source.size_bytes or 0 for t in tables]
    source = Source(str(path), "files", sum(sizes), hash_value([t.source.sha256 for t in tables]))
    return Table(
        whole,
        source,
        tables[0].dialect,
        _lines(names, [t.rejected for t in tables]),
        headers,
        tuple(dict.fromkeys(notes)),
        path.stem.rstrip("*?_-. ") or "table",
        _lines(names, [t.realigned for t in tables]),
        drifted,
    )


def _labels(path: Path, paths: Sequence[Path]) -> list[str]:
    """Short names of the files that tell them apart."""
    short = [p.name for p in paths]
    return short if len(set(short)) == len(short) else [str(p) for p in paths]


def _lines(names: Sequence[str], frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rejected or realigned lines of all files, the file's name before each reason."""
    said = [
        f.with_columns((pl.lit(f"{n}: ") + pl.col("reason")).alias("reason"))
        for n, f in zip(names, frames, strict=True)
    ]
    return pl.concat(said)


def _with_headers(
    paths: Sequence[Path], tables: list[Table], read_one: Callable[[Path, Dialect | None], Table]
) -> tuple[list[Table], list[str]]:
    """Give files without a header the names that the others have, by place."""
    headed = [t.frame.collect_schema().names() for t in tables if _has_header(t)]
    if not headed or len(tables) < 2:
        return tables, []
    usual = list(Counter(map(tuple, headed)).most_common(1)[0][0])
    out: list[Table] = []
    given: list[str] = []
    for path, table in zip(paths, tables, strict=True):
        mine = table.frame.collect_schema().names()
        stranger = len(mine) == len(usual) and not set(mine) & set(usual)
        if stranger and table.dialect is not None and len(headed) > 1:
            bare = table
            if _has_header(table):
                bare = read_one(path, replace(table.dialect, header_rows=0, evidence={}))
            if _alike(bare, tables, usual):
                own = bare.frame.collect_schema().names()
                table = replace(bare, frame=bare.frame.rename(dict(zip(own, usual, strict=True))))
                given.append(path.name)
        out.append(table)
    shown = ", ".join(given[:3]) + (", ..." if len(given) > 3 else "")
    return out, [f"{len(given)} files without a header take the others' names by place ({shown})"] if given else []


def _alike(bare: Table, tables: Sequence[Table], usual: Sequence[str]) -> bool:
    """Whether the columns of a file without a header hold, place by place, what those of another file hold."""
    other = next(t for t in tables if t.frame.collect_schema().names() == list(usual))
    mine, theirs = bare.frame.head(200).collect(), other.frame.head(200).collect()
    same = sum(drift.kind_of(a) == drift.kind_of(b) for a, b in zip(mine, theirs, strict=True))
    return same >= 0.8 * len(usual)


def _has_header(table: Table) -> bool:
    return table.dialect is None or table.dialect.header_rows > 0


def strangers(columns: Sequence[Sequence[str]]) -> list[int]:
    """Places of files whose columns are those of another table than the usual one.

    Example:
        >>> strangers([["customer", "day", "amount"], ["customer", "segment"]])
        [1]
        >>> strangers([["day", "amount"], ["day", "amount", "note"], ["day"]])
        []
    """
    usual = set(Counter(map(tuple, columns)).most_common(1)[0][0])
    return [place for place, mine in enumerate(map(set, columns)) if _other(usual, mine)]


def _other(usual: set[str], mine: set[str]) -> bool:
    shared = len(usual & mine)
    if shared == min(len(usual), len(mine)):
        return False
    return shared < 2 or shared < _LEAST_SHARED * len(usual | mine)


def _refuse_strangers(path: Path, names: Sequence[str], columns: Sequence[list[str]]) -> None:
    """Raise when files share too few columns: they are tables of their own."""
    found = strangers(columns)
    if not found:
        return
    name, mine = names[found[0]], columns[found[0]]
    other = Counter(map(tuple, columns)).most_common(1)[0][0]
    like = names[[tuple(c) for c in columns].index(other)]
    shared = len(set(other) & set(mine))
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    raise InputError(
        f"the files are different tables ({shown}): '{name}' shares {shared} of its {plural(len(mine), 'column')} "
        f"with '{like}'",
        where=str(path),
        hint="name one file, a glob of files that belong together, or whose rows are meant (--table of features, fit)",
    )


def _types(frames: Sequence[pl.LazyFrame]) -> dict[str, pl.DataType]:
    """The union's columns, in order of appearance, and their types."""
    found: dict[str, list[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.collect_schema().items():
            found.setdefault(name, []).append(dtype)
    return {name: _wider(types) for name, types in found.items()}


def _wider(types: Sequence[pl.DataType]) -> pl.DataType:
    kinds = {t for t in types if t != pl.Null}
    if len(kinds) <= 1:
        return next(iter(kinds), pl.String())
    if all(t.is_integer() for t in kinds):
        return pl.Int64()
    if all(t.is_numeric() for t in kinds):
        return pl.Float64()
    if all(t in (pl.Date, pl.Datetime) for t in kinds) and len({getattr(t, "time_zone", None) for t in kinds}) == 1:
        return pl.Datetime("us")
    return pl.String()


def _as(frame: pl.LazyFrame, joined: dict[str, pl.DataType]) -> pl.LazyFrame:
    mine = frame.collect_schema()
    return frame.select(
        (pl.col(n).cast(d) if mine[n] != d else pl.col(n)) if n in mine else pl.lit(None, dtype=d).alias(n)
        for n, d in joined.items()
    )
