"""The verbs about features: over one table, or over one table and the tables around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from autoprep import pipeline
from autoprep.api.data import PathLike, read
from autoprep.errors import InputError
from autoprep.reading.catalogue import catalogue_of, database_file
from autoprep.synthesis import entity_sets
from autoprep.synthesis.entity_sets import is_entity_set
from autoprep.synthesis.export import Written
from autoprep.types import Listener, silent

#: References that features may walk.
MOST_DEPTH = 2
WINDOWS = ("6h", "1d", "7d", "30d")


@overload
def synthesize(
    source: Any,
    target: str | None = None,
    *,
    max_features: int = 100,
    features: Sequence[str] = (),
    listener: Listener = silent,
) -> pipeline.Synthesized: ...


@overload
def synthesize(
    source: Any,
    target: str | None = None,
    *,
    table: str,
    schema: Any = None,
    cutoff: str | None = None,
    windows: Sequence[str] = WINDOWS,
    depth: int = 2,
    max_features: int = 500,
    features: Sequence[str] = (),
    listener: Listener = silent,
) -> pipeline.TableFeatures: ...


@overload
def synthesize(
    source: Any,
    target: str | None = None,
    *,
    table: str,
    schema: Any = None,
    cutoff: str | None = None,
    windows: Sequence[str] = WINDOWS,
    depth: int = 2,
    max_features: int = 500,
    features: Sequence[str] = (),
    memory_budget: str | int,
    listener: Listener = silent,
) -> pipeline.TableBlocks: ...


@overload
def synthesize(
    source: Any, *, like: PathLike, listener: Listener = silent
) -> pipeline.TableFeatures | pipeline.Synthesized: ...


def synthesize(
    source: Any,
    target: str | None = None,
    *,
    table: str | None = None,
    schema: Any = None,
    cutoff: str | None = None,
    windows: Sequence[str] = WINDOWS,
    depth: int = 2,
    max_features: int | None = None,
    features: Sequence[str] = (),
    memory_budget: str | int | None = None,
    like: PathLike | None = None,
    listener: Listener = silent,
) -> pipeline.Synthesized | pipeline.TableFeatures | pipeline.TableBlocks:
    """Clean tables and generate features, each a definition that a person reads.

    With ``table``, or ``like``, the source is several tables: a mapping of names to sources, a folder of files, a
    whole SQLite or DuckDB file, or a featuretools EntitySet, which brings its own schema.

    Args:
        source: one table, or several.
        target: column that features may be learnt from (one table), or that the leak report is made for (several).
        table: whose rows get features.
        schema: keys, references and times of the tables: a ``tables.yaml``, its text, or what ``schema`` proposes.
        cutoff: time column of the table, or "column - 1h": only what was known strictly before it is read; "none"
            leaves out what has a time.
        windows: widths of time before the cutoff (by when rows were known), beside all of the past.
        depth: references walked at most.
        max_features: at most so many, chosen before any is computed (100 over one table, 500 over several).
        features: lines of features that are made besides those that are offered ("GROUP_RANK(price, city)", or
            "LAST(CHANGE(orders.amount)) BEFORE cutoff BY customer" over several tables).
        memory_budget: "500MB", or bytes, that computing features over several tables may take beside the tables
            themselves; they then lie in blocks on disk (``.frame`` is lazy, ``.write(path)`` makes one Parquet file).
        like: features saved before (``.save(path)`` of what this returned): the same columns for other rows.
        listener: hears what is done.

    Raises:
        InputError: a source cannot be read, or no schema is given.
        SettingError: the schema names what is not there, rows share a key, a table has a time and no cutoff is given,
            the target is not declared late, or the memory budget is too small for one column.

    Example:
        >>> made = synthesize({"day": ["2026-01-05", "2026-02-17", "2026-02-18"], "price": ["$5", "$6", "$7"]})
        >>> made.frame.height
        3
        >>> orders = {"customer": ["a", "a", "b"], "amount": ["$5", "$7", "$9"]}
        >>> tables = {"orders": orders, "customers": {"customer": ["a", "b", "c"], "age": ["31", "40", "29"]}}
        >>> made = synthesize(tables, table="customers", schema=schema_of(tables))
        >>> made.frame["SUM(orders.amount) BY customer"].to_list()
        [12.0, 9.0, 0.0]
    """
    if max_features is not None:
        pipeline.whole("max_features", max_features, 1)
    pipeline.whole("depth", depth, 1, MOST_DEPTH)
    if like is not None:
        saved = pipeline.SavedRows.load(like)
        if saved is not None:
            return pipeline.synthesize_rows_like(read(source, listener=listener), saved)
        return pipeline.synthesize_like(source, like, listener=listener)
    if table is None:
        _one_table(source)
        return pipeline.synthesize(
            read(source, listener=listener), target, most=max_features or 100, features=features, listener=listener
        )
    if schema is None and is_entity_set(source):
        schema = entity_sets.schema_of(source)
    if schema is None:
        raise InputError(
            "no schema says how the tables hang together",
            hint="have one proposed (ap.schema_of(tables)), look at it, and give it as schema",
        )
    if memory_budget is not None:
        return pipeline.synthesize_blocks(
            source, table, schema=schema, cutoff=cutoff, target=target, windows=windows, depth=depth,
            most=max_features or 500, features=features, memory_budget=memory_budget, listener=listener,
        )  # fmt: skip
    return pipeline.synthesize_tables(
        source, table, schema=schema, cutoff=cutoff, target=target, windows=windows, depth=depth,
        most=max_features or 500, features=features, listener=listener,
    )  # fmt: skip


def select(
    source: Any,
    target: str,
    *,
    table: str | None = None,
    schema: Any = None,
    cutoff: str | None = None,
    windows: Sequence[str] = WINDOWS,
    depth: int = 2,
    max_features: int = 60,
    candidates: int = 500,
    seed: int = 0,
    features: Sequence[str] = (),
    listener: Listener = silent,
) -> pipeline.Selected:
    """Generate features and keep those that add, out of sample, to what the columns themselves say of the target.

    Args:
        source: one table, or several (see ``synthesize``). target: what is to be predicted.
        table, schema, cutoff, windows, depth: as of ``synthesize``, for several tables.
        max_features: at most so many are kept. candidates: at most so many are generated over several tables.
        seed: decides samples, folds and shuffles. features: lines of features that are candidates too.
        listener: hears what is found.

    Returns:
        ``frame`` (own columns, chosen features, target), ``definitions`` with their gain, and ``selection``: every
        candidate with gain, 95% interval, stability under resampling and why; the held-out loss against their number.

    Raises:
        InputError: the source cannot be read, there is no such target, or no schema for several tables.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> force, angle = rng.normal(size=500).round(3), rng.normal(size=500).round(3)
        >>> made = select({"force": force, "angle": angle, "moment": force * angle}, "moment")
        >>> [d.definition for d in made.definitions]
        ['PRODUCT(force, angle)']
    """
    for name, value, low in (("max_features", max_features, 1), ("candidates", candidates, 1), ("seed", seed, 0)):
        pipeline.whole(name, value, low)
    pipeline.whole("depth", depth, 1, MOST_DEPTH)
    pipeline.one_name("target", target)
    if table is None:
        _one_table(source)
        return pipeline.select_of_table(
            read(source, listener=listener), target, most=max_features, seed=seed, features=features,
            listener=listener,
        )  # fmt: skip
    made = synthesize(
        source, target, table=table, schema=schema, cutoff=cutoff, windows=windows, depth=depth,
        max_features=candidates, features=features, listener=listener,
    )  # fmt: skip
    return pipeline.select_of_tables(made, target, most=max_features, seed=seed, listener=listener)


def _one_table(source: Any) -> None:
    """Refuse a database or an EntitySet of several tables when it is not said whose rows are meant."""
    if is_entity_set(source):
        named = ", ".join(str(frame.ww.name) for frame in source.dataframes)
        raise InputError(f"an EntitySet holds tables ({named})", hint="say whose rows get features (table=)")
    whole = database_file(source)
    tables = () if whole is None else catalogue_of(*whole).tables
    if len(tables) > 1:
        raise InputError(
            f"this database holds {len(tables)} tables ({', '.join(tables[:8])})", where=str(source),
            hint=f"say whose rows get features (--table {tables[0]}); '{source}#{tables[0]}' reads that table alone",
        )  # fmt: skip


def write_feature_report(made: Any, path: PathLike, *, table: str = "table") -> Path:
    """Write features as one HTML page: each with its definition, where it comes from, and, once selected, its gain.

    Args:
        made: what ``synthesize`` or ``select`` returned. path: ends in ``.html``; is replaced when it is there.
        table: what the table is called, where ``made`` comes from a single one.

    Raises:
        InputError: another suffix, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> made = synthesize({"day": ["2026-01-05", "2026-02-17"], "price": ["$5", "$6"]})
        >>> page = write_feature_report(made, Path(tempfile.mkdtemp()) / "features.html", table="prices")
        >>> "Features of prices" in page.read_text(encoding="utf-8")
        True
    """
    from autoprep.lineage import whole_file
    from autoprep.reporting.feature_page import features_html

    place = html_path(path)
    selection = made.selection if isinstance(made, pipeline.Selected) else None
    source = made.made if isinstance(made, pipeline.Selected) else made
    cutoff = None
    if isinstance(source, pipeline.TableFeatures | pipeline.TableBlocks):
        table, cutoff = source.synthesizer.table, source.synthesizer.cutoff
    text = features_html(
        made.definitions,
        table,
        rows=(made.own if isinstance(made, pipeline.TableBlocks) else made.frame).height,
        cutoff=cutoff,
        target=made.frame.columns[-1] if selection is not None else None,
        found=selection,
    )
    with whole_file(place) as beside:
        beside.write_text(text, encoding="utf-8")
    return place


def html_path(path: PathLike) -> Path:
    """The path of a page.

    Raises:
        InputError: it does not end in ``.html``.
    """
    place = Path(path)
    if place.suffix.lower() != ".html":
        raise InputError(f"cannot write a page as '{place.suffix}'", where=str(place), hint="try .html")
    return place


def export_features(saved: PathLike, to: str = "text", tables: Any = None, *, dialect: str = "duckdb") -> Written:
    """Write saved features as readable text, JSON, one SQL query or plain Polars code.

    Args:
        saved: file that ``.save`` of features wrote. to: "text", "json", "sql" or "polars".
        tables: the tables, by which the query also gives the table's own columns. dialect: of SQL: duckdb,
            postgres, sqlite, mysql, bigquery, snowflake, spark or tsql; what it cannot say is in ``Written.without``.

    Returns:
        ``text``, and ``without``: the definitions that have no equal there, with the reason.

    Raises:
        ArtifactError: the file is no saved features. SettingError: unknown form or dialect.
    """
    return pipeline.export_features(saved, to, tables, dialect)


def verify_features(saved: PathLike, source: Any, *, rows: int = 50, listener: Listener = silent) -> pipeline.Verified:
    """Compute saved features by brute force on a sample of rows, and compare autoprep's own values and every export.

    Args:
        saved: file that ``.save`` of features wrote. source: the tables, as of ``synthesize``.
        rows: evenly spaced rows of the table. listener: hears what is compared.

    Returns:
        ``ok``, ``compared`` (how many features by which export), ``without``, ``differences``.
    """
    return pipeline.verify_features(saved, source, rows=rows, listener=listener)


def warm_up() -> Any:
    """Compile every kernel before it is needed.

    Returns:
        ``kernels.warmup.Warmth``: CPU seconds, and the folder that keeps the machine code (None: none can be written).
    """
    from autoprep.kernels.warmup import warm_up as warm

    return warm()


def schema_of(
    source: Mapping[str, Any] | PathLike, path: PathLike | None = None, *, listener: Listener = silent
) -> Any:
    """Propose keys, references and times of several tables, each with its evidence, for a person to confirm.

    Args:
        source: name -> table, a folder with one file per table, an SQLite or DuckDB file, whose catalogue names keys
            and references, or a featuretools EntitySet, which says it all.
        path: where to write it as YAML; not over a file that is there.
        listener: hears what is read.

    Returns:
        A ``synthesis.schema.Schema``; ``to_yaml()`` is what a person edits.

    Raises:
        InputError: the path is taken.
    """
    from autoprep.lineage import whole_file

    if path is not None and Path(path).exists():
        raise InputError("is there already", where=str(path), hint="use it with schema=, or name another file")
    if is_entity_set(source):
        made = entity_sets.schema_of(source)
    else:
        frames, _ = pipeline.load_tables(source, listener=listener)
        whole = database_file(source)
        made = pipeline.infer_schema(frames, None if whole is None else catalogue_of(*whole))
    if path is not None:
        with whole_file(path) as beside:
            beside.write_text(made.to_yaml(), encoding="utf-8")
    return made
