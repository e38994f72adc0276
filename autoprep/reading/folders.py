"""Folders and globs: files of one table, unioned by column name, with a report of how their columns drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from autoprep.errors import InputError
from autoprep.lineage import hash_value
from autoprep.types import Source, Table

WILD = "*?["


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
        found = [p for p in path.iterdir() if p.is_file()]
    else:
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        found = [p for p in anchor.glob(str(path.relative_to(path.anchor) if path.anchor else path)) if p.is_file()]
    shown = sorted(p for p in found if not p.name.startswith("."))
    if not shown:
        raise InputError("no file is there", where=str(path), hint="check the pattern")
    return shown


def read_many(path: Path, read_one: Callable[[Path], Table]) -> Table:
    """Read every file and put the rows below each other, in the order of the file names.

    Columns meet by name; one that a file lacks is null there, and that is said. Where a column is text in one file and
    typed in another it becomes text.

    Raises:
        InputError: there is no file, or one cannot be read.
    """
    paths = files_of(path)
    tables = [read_one(p) for p in paths]
    frames = [t.collect() for t in tables]
    columns = list(dict.fromkeys(c for f in frames for c in f.columns))
    mixed = {c for c in columns if len({f.schema[c] for f in frames if c in f.columns}) > 1}
    frames = [f.with_columns([pl.col(c).cast(pl.String) for c in f.columns if c in mixed]) for f in frames]
    rejected = pl.concat(
        [
            t.rejected.with_columns((pl.lit(f"{p.name}: ") + pl.col("reason")).alias("reason"))
            for p, t in zip(paths, tables, strict=True)
        ]
    )
    first = tables[0]
    sizes = [t.source.size_bytes or 0 for t in tables]
    digest = hash_value([t.source.sha256 for t in tables])
    notes = (
        f"{len(paths)} files are one table",
        *_drift(paths, frames, columns),
        *(n for t in tables for n in t.notes),
    )
    headers = {c: h for t in reversed(tables) for c, h in t.headers.items()}
    whole = pl.concat(frames, how="diagonal").select(columns)
    source = Source(str(path), "files", sum(sizes), digest)
    return Table(
        whole.lazy(), source, first.dialect, rejected, headers, tuple(dict.fromkeys(notes)), path.stem or "table"
    )


def _drift(paths: Sequence[Path], frames: Sequence[pl.DataFrame], columns: Sequence[str]) -> list[str]:
    """A sentence for each column that is not in every file."""
    counts = Counter(c for f in frames for c in f.columns)
    said = []
    for column in columns:
        if counts[column] < len(frames):
            without = [p.name for p, f in zip(paths, frames, strict=True) if column not in f.columns]
            shown = ", ".join(without[:3]) + (", ..." if len(without) > 3 else "")
            said.append(f"column '{column}' is not in {len(without)} of {len(frames)} files ({shown})")
    return said
