"""The local engine: Polars, in memory or streaming, and files that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from autoprep.errors import InputError, did_you_mean
from autoprep.lineage import whole_file

Sink = Callable[[pl.LazyFrame, Path], object]

SINKS: dict[str, Sink] = {
    ".parquet": lambda frame, path: frame.sink_parquet(path, compression="zstd"),
    ".csv": lambda frame, path: _plainly(frame).sink_csv(path),
    ".tsv": lambda frame, path: _plainly(frame).sink_csv(path, separator="\t"),
    ".arrow": lambda frame, path: frame.sink_ipc(path),
    ".ipc": lambda frame, path: frame.sink_ipc(path),
    ".feather": lambda frame, path: frame.sink_ipc(path),
    ".ndjson": lambda frame, path: frame.sink_ndjson(path),
    ".jsonl": lambda frame, path: frame.sink_ndjson(path),
}


def _plainly(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Numbers and moments as a person writes them: 18, not 18.0; no more of a second than there is; lists as JSON.

    Durations become seconds, bytes their hexadecimal digits.
    """
    made = []
    for name, dtype in frame.collect_schema().items():
        if dtype.is_float():
            made.append(pl.col(name).cast(pl.String).str.strip_suffix(".0"))
        elif dtype.is_nested():
            inside = pl.struct(pl.col(name).alias("v")).struct.json_encode()  # {"v":...}
            text = inside.str.slice(5, inside.str.len_chars() - 6)
            made.append(pl.when(pl.col(name).is_not_null()).then(text).alias(name))
        elif isinstance(dtype, pl.Duration):
            made.append((pl.col(name).dt.total_microseconds() / 1e6).cast(pl.String).str.strip_suffix(".0"))
        elif dtype == pl.Binary():
            made.append(pl.col(name).bin.encode("hex"))
        elif dtype == pl.Time():
            made.append(pl.col(name).dt.to_string("%H:%M:%S%.f"))
        elif isinstance(dtype, pl.Datetime):
            made.append(pl.col(name).dt.to_string("%Y-%m-%d %H:%M:%S%.f" + ("%:z" if dtype.time_zone else "")))
    return frame.with_columns(made)


def write(frame: pl.DataFrame | pl.LazyFrame, path: str | Path) -> Path:
    """Write a frame in the format that the suffix names, streaming, beside the target and then renamed over it.

    Args:
        frame: rows of any columns; nested columns become JSON in ``.csv`` and ``.tsv``.
        path: ends in .parquet, .csv, .tsv, .arrow, .ipc, .feather, .ndjson or .jsonl.

    Returns:
        The path.

    Raises:
        InputError: an unknown suffix, a folder that cannot be written, or a full disk.

    Example:
        >>> import tempfile
        >>> path = write(pl.DataFrame({"a": [1.0, 2.5]}), Path(tempfile.mkdtemp()) / "a.csv")
        >>> path.read_text()
        'a\\n1\\n2.5\\n'
    """
    target = Path(path)
    sink = SINKS.get(target.suffix.lower())
    if sink is None:
        hint = did_you_mean(target.suffix.lower(), SINKS)
        raise InputError(f"cannot write the format '{target.suffix}'", where=str(target), hint=hint)
    with whole_file(target) as beside:
        sink(frame.lazy(), beside)
    return target


def check_writable(path: str | Path) -> None:
    """Refuse early, before long work, a target that cannot be written.

    Raises:
        InputError: the folder does not exist and cannot be made, or cannot be written.
    """
    target = Path(path)
    folder = next(p for p in [target.parent, *target.parent.parents] if p.exists())
    if not folder.is_dir():
        raise InputError("is not a folder", where=str(folder), hint="choose another place with -o")
    try:
        with whole_file(folder / f".{target.name}.probe") as beside:
            beside.write_bytes(b"")
    except InputError as error:
        raise InputError(error.what, where=str(target), hint=error.hint) from error
    (folder / f".{target.name}.probe").unlink(missing_ok=True)
