"""Predictions of a table larger than memory, written chunk by chunk to a file that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from autoprep.errors import InputError, did_you_mean
from autoprep.lineage import whole_file
from autoprep.serving.predictor import CHUNK_ROWS, Scorer

Append = Callable[[pl.DataFrame], Any]


def write(scorer: Scorer, frame: pl.LazyFrame, path: str | Path, chunk_rows: int = CHUNK_ROWS) -> tuple[int, int]:
    """Predict and write; returns rows, and rows of which the contract says something.

    Raises:
        InputError: an unknown suffix, or the file cannot be written.
    """
    target = Path(path)
    opener = _OPENERS.get(target.suffix.lower())
    if opener is None:
        hint = did_you_mean(target.suffix.lower(), _OPENERS)
        raise InputError(f"cannot write the format '{target.suffix}'", where=str(target), hint=hint)
    rows = flagged = 0
    with ExitStack() as held:
        beside = held.enter_context(whole_file(target))
        append: Append | None = None
        with ExitStack() as file:
            for _, part in scorer.stream(frame, chunk_rows):
                append = append or file.enter_context(opener(beside, part))
                append(part)
                rows += part.height
                flagged += int((part.get_column("reasons") != "").sum())
    return rows, flagged


@contextmanager
def _parquet(path: Path, first: pl.DataFrame) -> Iterator[Append]:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, _old(first).schema, compression="zstd") as writer:
        yield lambda part: writer.write_table(_old(part))


@contextmanager
def _arrow(path: Path, first: pl.DataFrame) -> Iterator[Append]:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, _old(first).schema) as writer:
        yield lambda part: writer.write_table(_old(part))


def _old(part: pl.DataFrame) -> Any:
    return part.to_arrow(compat_level=pl.CompatLevel.oldest())


def _text(separator: str) -> Callable[[Path, pl.DataFrame], Any]:
    @contextmanager
    def opened(path: Path, first: pl.DataFrame) -> Iterator[Append]:
        with path.open("wb") as file:
            heads = [True]

            def append(part: pl.DataFrame) -> None:
                part.write_csv(file, separator=separator, include_header=heads[0])
                heads[0] = False

            yield append

    return opened


@contextmanager
def _lines(path: Path, first: pl.DataFrame) -> Iterator[Append]:
    with path.open("wb") as file:
        yield lambda part: part.write_ndjson(file)


_OPENERS: dict[str, Callable[[Path, pl.DataFrame], Any]] = {
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".ipc": _arrow,
    ".feather": _arrow,
    ".csv": _text(","),
    ".tsv": _text("\t"),
    ".ndjson": _lines,
    ".jsonl": _lines,
}
