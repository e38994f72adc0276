"""The verbs about change: plan, clean, undo."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from autoprep import cleaning, pipeline, reading
from autoprep.api.data import PathLike, Settings, as_config, read
from autoprep.cleaning.notation import NOTATIONS, Notation
from autoprep.engines import local
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.store import Store, opened
from autoprep.types import Cleaned, Event, Listener, Plan, Task, silent


def closed(store: Store | None, listener: Listener) -> None:
    """Say what a store spared, and keep it within its bound."""
    if store is None:
        return
    figures = {f"{word}_{stage}": count for word in ("reused", "made") for stage, count in getattr(store, word).items()}
    listener(Event("cache", store.told(), figures))
    store.prune()


def as_plan(plan: Plan | PathLike | None) -> Plan | None:
    """A plan, read from its file when a path is given."""
    return plan if plan is None or isinstance(plan, Plan) else cleaning.load_plan(plan)


def plan(
    source: Any,
    target: str | None = None,
    rules: Sequence[PathLike] | None = None,
    *,
    config: Settings = None,
    task: Task | None = None,
    cache: PathLike | None = None,
    listener: Listener = silent,
) -> Plan:
    """Propose every change as a step that a person can read, edit and refuse; nothing is changed.

    Example:
        >>> [a.verb for a in plan({"age": ["31", "N/A", "44"]}).actions if a.columns == ("age",)]
        ['nullify', 'parse_integer']
    """
    prepared = pipeline.prepare(
        read(source, listener=listener),
        target=target,
        rules=rules,
        config=as_config(config),
        task=task,
        listener=listener,
        store=(store := opened(cache)),
        held=False,
    )
    closed(store, listener)
    return prepared.plan


def save_plan(plan: Plan, path: PathLike) -> Path:
    """Write a plan as YAML."""
    cleaning.save_plan(plan, path)
    return Path(path)


def load_plan(path: PathLike) -> Plan:
    """Read a plan; a wrong key is named with file, line and the nearest valid one."""
    return cleaning.load_plan(path)


def clean(
    source: Any,
    plan: Plan | PathLike | None = None,
    target: str | None = None,
    rules: Sequence[PathLike] | None = None,
    *,
    config: Settings = None,
    same_shape: bool = False,
    notation: Notation | None = None,
    max_changed: float | None = None,
    max_rejected: float | None = None,
    cache: PathLike | None = None,
    listener: Listener = silent,
) -> Cleaned:
    """Apply a plan (made from the data when None): the clean rows, the ledger and the quarantine.

    Args:
        source: see the module.
        plan: a plan or its file.
        target: the column to predict, when a plan is to be made.
        rules: folders of own rules.
        config: a project's settings.
        same_shape: repair cells, but neither drop, add, rename nor move rows and columns.
        notation: "typed": numbers, days and truth values where they were read. "own": text columns stay text; a cell in
            which nothing is wrong stays as it is, byte for byte, a repaired one is written as its column is ("yes",
            "97%", "03/08/2023"), and a column that mixes notations gets one plain form. None: "own" with
            ``same_shape``, else "typed".
        max_changed: stop when a lossy step changes a larger share of the cells.
        max_rejected: stop when a larger share of a column cannot be read.
        cache: folder where results are kept under what made them, so that only what changed is worked out again.
        listener: hears what is done.

    Raises:
        InputError: the source cannot be read, or a column that the plan cleans is not there.
        SettingError: there is no such notation.
        ContractError: an error budget is exceeded.

    Example:
        >>> done = clean({"age": ["31", "N/A", "44"]})
        >>> done.frame["age"].to_list(), done.ledger.drop_nulls("row").select("row", "before", "after").rows()
        ([31, None, 44], [(1, 'N/A', None)])
        >>> clean({"share": ["97%", "4%", "12%"]}, same_shape=True).frame["share"].to_list()
        ['97%', '4%', '12%']
    """
    if notation is not None and notation not in NOTATIONS:
        raise SettingError(f"there is no notation '{notation}'", hint=did_you_mean(notation, NOTATIONS))
    table, store = read(source, listener=listener), opened(cache)
    chosen = as_plan(plan)
    if chosen is None:
        prepared = pipeline.prepare(
            table, target=target, rules=rules, config=as_config(config), listener=listener, store=store
        )
        table, chosen = prepared.table, prepared.plan
    said = {"max_changed": max_changed, "max_rejected": max_rejected}
    budgets = {name: share for name, share in said.items() if share is not None}
    cleaned = cleaning.apply(
        table,
        replace(chosen, settings={**chosen.settings, **budgets}),
        same_shape=same_shape,
        notation=notation or ("own" if same_shape else "typed"),
        store=store,
        listener=listener,
    )
    closed(store, listener)
    own = same_shape and notation in (None, "own")
    return replace(cleaned, origin=table) if own and table.layout is not None else cleaned


#: A file of more bytes is cleaned batch by batch on its way to disk (``clean_to_files``).
LARGE = 1 << 28


def clean_to_files(
    source: Any,
    output: PathLike,
    plan: Plan | PathLike | None = None,
    target: str | None = None,
    rules: Sequence[PathLike] | None = None,
    *,
    ledger: PathLike | None = None,
    quarantine: PathLike | None = None,
    rejected: PathLike | None = None,
    config: Settings = None,
    max_changed: float | None = None,
    max_rejected: float | None = None,
    listener: Listener = silent,
) -> dict[str, int]:
    """Clean a table that is large: as ``clean``, but rows, ledger and quarantine go to Parquet batch by batch.

    The cleaned rows are not held; those of a text that is read faster than they are cleaned may queue up in memory.
    Lines that could not be read go to ``rejected``, which is written only where there are any.

    Returns:
        Counts: ``rows_in``, ``rows_out``; ``changes`` and ``quarantined`` where a ledger, a quarantine is written;
        ``rejected`` where lines could not be read.

    Raises:
        InputError: the source cannot be read, or a column that the plan cleans is not there.
        ContractError: an error budget is exceeded; no file is left behind.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "clean.parquet"
        >>> clean_to_files({"age": ["31", "N/A", "44"]}, path), pl.read_parquet(path)["age"].to_list()
        ({'rows_in': 3, 'rows_out': 3}, [31, None, 44])
    """
    table = read(source, listener=listener)
    chosen = as_plan(plan)
    if chosen is None:  # what was prepared, the rows among it, is not kept
        chosen = pipeline.prepare(
            table, target=target, rules=rules, config=as_config(config), listener=listener, held=False
        ).plan
    said = {"max_changed": max_changed, "max_rejected": max_rejected}
    budgets = {name: share for name, share in said.items() if share is not None}
    counts = cleaning.apply_to_files(
        table,
        replace(chosen, settings={**chosen.settings, **budgets}),
        output,
        ledger=ledger,
        quarantine=quarantine,
        rejected=rejected,
        listener=listener,
    )
    kept = {"changes": ledger, "quarantined": quarantine}
    counts = {name: count for name, count in counts.items() if kept.get(name, output) is not None}
    listener(Event("clean", f"{counts['rows_in']:,} rows cleaned on their way to {Path(output).name}", dict(counts)))
    return counts


def is_large(source: Any) -> bool:
    """Whether a source is a file that is better cleaned batch by batch."""
    path = Path(source) if isinstance(source, str | Path) else None
    return path is not None and path.is_file() and path.stat().st_size > LARGE


def kept_beside(output: PathLike, what: str) -> Path:
    """Where the ledger, the quarantine or the rejected lines of a clean table are kept unless it is told.

    Example:
        >>> kept_beside("out/clean.parquet", "ledger").as_posix()
        'out/clean.ledger.parquet'
    """
    path = Path(output)
    packed = path.suffix.lower() in (".gz", ".zst", ".zip")
    stem = Path(path.stem).stem if packed else path.stem
    return path.with_name(f"{stem}.{what}.parquet")


def set_aside(output: PathLike, written: Collection[Path]) -> list[Path]:
    """Rename what an earlier cleaning kept beside a table, which tells nothing of the table that stands there now.

    Returns:
        Their new names: ``clean.old.ledger.parquet`` for ``clean.ledger.parquet``.
    """
    moved, now = [], {path.resolve() for path in written}
    for what in ("ledger", "quarantine", "rejected"):
        beside = kept_beside(output, what)
        if beside.is_file() and beside.resolve() not in now:
            moved.append(beside.replace(beside.with_name(beside.name.replace(f".{what}.", f".old.{what}."))))
    return moved


def ledger_of(clean: Any) -> Path:
    """The ledger beside a clean table.

    Raises:
        InputError: there is none.
    """
    beside = kept_beside(clean, "ledger") if isinstance(clean, str | Path) else None
    if beside is None or not beside.is_file():
        named = "the ledger that cleaning wrote" if beside is None else f"{beside}, the ledger that cleaning wrote,"
        raise InputError(f"{named} is not there", hint="give it with --ledger")
    return beside


def write_cleaned(
    cleaned: Cleaned,
    *,
    output: PathLike | None = None,
    ledger: PathLike | None = None,
    quarantine: PathLike | None = None,
    rejected: PathLike | None = None,
    listener: Listener = silent,
) -> dict[str, Path]:
    """Write what cleaning gave; returns what was written: "clean", "ledger", "quarantine", "rejected".

    ``rejected``, the lines of the source that could not be read, is written only where there are any.

    Where only cells were repaired, and the output has the suffix of the text that was read or one that names no
    format, the text itself is written with those cells put in: delimiter, quotes, encoding, line ends, preamble,
    comments and rejected lines stay byte for byte. ``listener`` hears when that cannot be.
    """
    written: dict[str, Path] = {}
    if output is not None:
        written["clean"] = _write_like(cleaned, Path(output), listener) or local.write(cleaned.frame, output)
    if ledger is not None:
        cleaning.write_ledger(cleaned.ledger, ledger)
        written["ledger"] = Path(ledger)
    if quarantine is not None:
        written["quarantine"] = local.write(cleaned.quarantine, quarantine)
    if rejected is not None and cleaned.rejected.height:
        written["rejected"] = local.write(cleaned.rejected, rejected)
    return written


def _write_like(cleaned: Cleaned, target: Path, listener: Listener) -> Path | None:
    """Write the text that was read with the repaired cells in it; None when the output is another format."""
    table, suffix = cleaned.origin, target.suffix.lower()
    if table is None or (suffix in local.SINKS and suffix != reading.suffix_of(table)):
        return None
    try:
        reading.splice(table.layout, table.collect(), cleaned.frame, target)
    except reading.SpliceError as error:
        if suffix not in local.SINKS:
            target = target.with_suffix(".csv")
        form = "tabs" if suffix == ".tsv" else "commas"
        said = f"{table.source.uri} cannot be written as it was ({error}); {target.name} is UTF-8 with {form}"
        listener(Event("clean", said))
        return local.write(cleaned.frame, target)
    return target


def undo(
    source: Cleaned | Any,
    ledger: PathLike | pl.DataFrame | None = None,
    *,
    action: str | None = None,
    column: str | None = None,
    row: int | None = None,
) -> pl.DataFrame:
    """Give the original text of every cell back, dropped rows and columns and their order included.

    Args:
        source: what ``clean`` returned, or the clean table that was written.
        ledger: the ledger; None: the one that the command line wrote beside the table.
        action: undo this step only. column: this column only. row: this input row only (0-based).

    Example:
        >>> undo(clean({"age": ["31", "N/A", "44"]}))["age"].to_list()
        ['31', 'N/A', '44']
    """
    if isinstance(source, Cleaned):
        return cleaning.undo(source.frame, source.ledger, plan=source.plan, action=action, column=column, row=row)
    ledger = ledger_of(source) if ledger is None else ledger
    entries = ledger if isinstance(ledger, pl.DataFrame) else cleaning.read_ledger(ledger)
    return cleaning.undo(read(source).collect(), entries, action=action, column=column, row=row)
