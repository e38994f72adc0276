"""From a table to its profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from autoprep.config import Config
from autoprep.errors import InputError, did_you_mean
from autoprep.parsing import text
from autoprep.profiling import (
    cells,
    columns,
    dates,
    emptied,
    encode,
    entities,
    evidence,
    fillers,
    names,
    numeric,
    pairs,
    states,
    streaming,
    structure,
    textual,
    vocabulary,
)
from autoprep.profiling.columns import Column
from autoprep.profiling.hurry import Hurry
from autoprep.profiling.numbers import grouped_by_point
from autoprep.profiling.profiles import KEYS, Profile
from autoprep.profiling.target import answers, diagnose
from autoprep.types import ROLES, Table, Task

Row = dict[str, Any]
#: Columns that are looked at for relations within the table.
MAX_PAIRED = 200


def profile(
    source: Table | pl.DataFrame | pl.LazyFrame,
    *,
    target: str | None = None,
    task: Task | None = None,
    config: Config | None = None,
    deep: bool = True,
    relations: bool = True,
    mergeable: bool = False,
    hurry: Hurry | None = None,
) -> Profile:
    """Profile a table.

    Args:
        source: rows; a lazy table that is long (``streaming.Size``) is never in memory as a whole.
        target: a column to judge the others against.
        task: what kind of target it is; found out when None.
        config: roles that a person has set.
        deep: also look at pairs of columns, keys and the target.
        relations: with ``deep``, pairs of columns and keys too, and not the target alone.
        mergeable: keep the states that ``Profile.merge`` adds up.
        hurry: a clock for rows in memory; what it leaves no time for stands in ``Profile.left_out``. None: all is done.

    Raises:
        InputError: no such target.

    Example:
        >>> found = profile(pl.DataFrame({"price": ["$1,200.50", "$3.00", "n/a"], "n": [1, 2, 3]}))
        >>> found.column("price")["semantic"], found.column("price")["disguised_null_rate"]
        ('amount', 0.3333333333333333)
    """
    lazy = source.frame if isinstance(source, Table) else source
    if isinstance(lazy, pl.LazyFrame) and (sized := streaming.size(lazy)).is_long:
        if target is not None and target not in (there := lazy.collect_schema().names()):
            raise InputError(f"no column '{target}' to be the target", hint=did_you_mean(target, there))
        made = streaming.streamed(
            lazy,
            sized=sized,
            target=target,
            task=task,
            config=config,
            deep=deep,
            relations=relations,
            mergeable=mergeable,
        )
        return replace(made, source=_origin(source))
    frame = _workable(lazy.collect() if isinstance(lazy, pl.LazyFrame) else lazy)
    if target is not None and target not in frame.columns:
        raise InputError(f"no column '{target}' to be the target", hint=did_you_mean(target, frame.columns))
    found = describe(frame, hurry)
    for one, fault in zip(found, names.header_faults(frame.columns), strict=True):
        one.row |= fault
        one.row["role"] = _role(one, config)
    said: Row = {}
    within: list[Row] = []
    keys = pl.DataFrame(schema=KEYS)
    rows = [one.row for one in found]
    for one in found:
        one.row["is_target"] = one.name == target
        if one.row["is_target"]:
            one.row["role"] = "target"
            answers(one.row, one.details.get("null_words", {}), frame.get_column(one.name))
    fillers.mark(rows, {one.name: one.details for one in found})
    if deep and relations and frame.height:
        keys = structure.candidate_keys(frame, found)
    unique = [one.name for one in found if one.row["is_unique"] and not one.row["null_count"]]
    sure = keys.height > 0 or any(
        one.row["is_unique"] and not one.row.get("sampled") for one in found if one.name in unique
    )
    table = table_row(frame, known_unique=sure, telling=unique)
    table |= emptied.nothing_rows(frame, found, table["all_null_rows"]) if deep else {}
    if deep and relations and frame.height:
        within = relations_within(frame, found)
        table |= structure.time_and_groups(frame, found, target)
    if deep and target is not None:
        said, more, per = diagnose(frame, target, task, found, hurry)
        table |= more
        for row in rows:
            row |= per.get(row["column"], {})
            _numbering(row, config)
    if deep and relations and frame.height and "group_column" not in table and not (hurry and hurry.late()):
        group, year = entities.by_rows(frame, found, target) or (None, None)
        table |= {"group_column": group} if group is not None else {}
        table |= {"time_column": year} if year is not None and table.get("time_column") is None else {}
    return Profile(
        vocabulary.frame(rows, vocabulary.COLUMNS),
        vocabulary.frame([table], vocabulary.TABLES),
        vocabulary.frame(within, vocabulary.PAIRS),
        keys,
        said,
        {one.name: one.details for one in found},
        {one.name: states.of(one, frame.get_column(one.name)) for one in found} if mergeable else {},
        _origin(source),
        tuple(hurry.left_out) if hurry else (),
    )


def _origin(source: Table | pl.DataFrame | pl.LazyFrame) -> Row:
    return {"uri": source.source.uri, "sha256": source.source.sha256} if isinstance(source, Table) else {}


def _workable(frame: pl.DataFrame) -> pl.DataFrame:
    """Decimals and whole numbers of 128 bits as Float64, which is what figures are computed in."""
    wide = [n for n, t in frame.schema.items() if t.is_decimal() or t in (pl.Int128, pl.UInt128, pl.Float16)]
    return frame.with_columns(pl.col(wide).cast(pl.Float64, strict=False)) if wide else frame


def relations_within(frame: pl.DataFrame, found: Sequence[Column]) -> list[Row]:
    """Pairs of columns that matter, strongest kinds first; sets ``duplicate_of`` on copies."""
    said = structure.copies(frame, found)
    copied = {row["right"] for row in said}
    unlike = [c for c in found if c.name not in copied]
    part = encode.sample(frame.select(c.name for c in unlike[:MAX_PAIRED]))
    made = list(encode.encode(part, unlike[:MAX_PAIRED]).values())
    rows = pairs.find(made, unlike, frame)
    exact = {(r["left"], r["right"]) for r in rows if r["kind"] == "fd" and not r["violations"]}
    labels = {}
    for one in made:
        if one.values is None and 2 <= one.levels <= 12:
            column_values = part.get_column(one.name)
            words = (
                column_values if isinstance(column_values.dtype, pl.Duration) else column_values.cast(pl.String)
            ).to_list()
            first = np.unique(one.codes, return_index=True)
            labels[one.name] = [str(words[i]).strip() for level, i in zip(*first, strict=True) if level >= 0]
    return [*said, *rows, *structure.missing_together(made), *structure.conditions(made, labels, exact)]


def describe(frame: pl.DataFrame, hurry: Hurry | None = None) -> list[Column]:
    """Every column on its own, in order; in long tables the typed ones beside those of text."""
    kinds = {n: columns.kind_of(t) for n, t in frame.schema.items()}
    found = {n: Column(n, i) for i, n in enumerate(frame.columns)}
    texts = [n for n, k in kinds.items() if k == "text"]

    def typed() -> None:
        for name, column in found.items():
            if kinds[name] != "text":
                series = frame.get_column(name)
                column.row |= _place(column, frame, kinds[name])
                columns.typed_column(column, series, kinds[name])
                _common(column, series, kinds[name])

    def worded() -> None:
        strings = frame.select(pl.col(texts).cast(pl.String)) if texts else frame.select()
        _texts(strings, texts, found, hurry)
        for name in texts:
            found[name].row |= _place(found[name], frame, "text")
            _common(found[name], frame.get_column(name), "text")

    if frame.height > numeric.LARGE and 0 < len(texts) < frame.width:
        with ThreadPoolExecutor(1) as beside:  # nearly all of it runs in Polars and NumPy, which let others run
            running = beside.submit(typed)
            worded()
            running.result()
    else:
        worded()
        typed()
    return list(found.values())


def _place(column: Column, frame: pl.DataFrame, kind: str) -> Row:
    return {"column": column.name, "position": column.position, "dtype": kind, "rows": frame.height}


def _texts(strings: pl.DataFrame, texts: list[str], found: dict[str, Column], hurry: Hurry | None) -> None:
    gathered = cells.gather(strings, texts)
    proof = evidence.collect(gathered)
    long = gathered.long.with_columns(text.trim(pl.col("v")).alias("t"))
    from autoprep.parsing import null

    long = long.with_columns(((pl.col("t") == "") | null.is_null_word(pl.col("v"))).alias("word"))
    long = long.sort(["col", "c", "v"], descending=[False, True, False])
    bounds = dict(long.group_by("col", maintain_order=True).len().iter_rows())
    long = long.drop("col")
    hints = _hints(proof)
    start, described = 0, []
    for i, name in enumerate(texts):
        size = bounds.get(i, 0)
        own = long.slice(start, size)
        start += size
        sampled = name in gathered.sampled
        distinct = size if not sampled else strings.select(pl.col(name).approx_n_unique()).item()
        often = own.head(columns.TOP)
        top = dict(zip(often["v"].to_list(), often["c"].to_list(), strict=True))
        e = proof[name] | {"distinct": distinct, "top": top, "exact": size <= columns.TOP and not sampled}
        whole = numeric.thinned(strings.get_column(name)) if sampled else None
        described.append(textual.text_column(found[name], own, e, gathered.rows, gathered.nulls[name], hints, whole))
        found[name].row["distinct"] = distinct
        found[name].details["top"] = dict(list(top.items())[:20])
    textual.text_figures(described)
    textual.spellings(described, hurry)


def _hints(proof: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What columns prove for their neighbours: the decimal separator, the order of day and month."""
    dots = commas = 0
    orders = []
    for e in proof.values():
        if (e["comma_proof"] + e["dot_groups"] > 0.5 * e["content"] > 0 and not e["letter"]) or grouped_by_point(e):
            commas += 1
        elif e["dot_proof"] + e["plain_dot"] - e["plain_one_dot"] > 0.3 * e["content"] > 0:
            dots += 1
        if e["date_like"] > 0.5 * e["content"] > 0:
            found = e["dates"] = dates.decide(e["date_cells"])
            if found.order in ("dmy", "mdy") and not found.ambiguous:
                orders.append(found.order)
    out = {}
    if bool(commas) != bool(dots):
        out["decimal"] = "," if commas else "."
    if orders and len(set(orders)) == 1:
        out["order"] = orders[0]
    return out


def _common(column: Column, series: pl.Series, kind: str) -> None:
    row, rows = column.row, series.len()
    nulls = series.null_count()
    filled = rows - nulls
    columns.number_figures(column, filled)
    row |= {"null_count": nulls, "null_rate": nulls / rows if rows else 0.0}
    distinct = row.get("distinct")
    row["distinct_rate"] = distinct / filled if distinct is not None and filled else None
    sure = not row.get("sampled")
    row["is_unique"] = bool(
        distinct is not None and filled > 1 and (distinct == filled if sure else distinct >= 0.98 * filled)
    )
    row["is_constant"] = distinct == 1
    gone = nulls + (row.get("blank_rate") or 0.0) * rows + (row.get("disguised_null_rate") or 0.0) * filled
    gone += (row.get("sentinel_rate") or 0.0) * filled + (row.get("nan_rate") or 0.0) * filled
    row["missing_rate"] = min(1.0, gone / rows) if rows else 0.0
    top = column.details.get("top") or {}
    if top and filled:
        row["top_value"], count = next(iter(top.items()))
        row["top_rate"] = min(1.0, count / filled)
        shares = np.array(list(top.values())) / filled
        rest = max(0.0, 1.0 - float(shares.sum()))
        shares = np.append(shares[shares > 0], rest) if rest > 1e-12 else shares[shares > 0]
        row["entropy"] = float(-(shares * np.log2(shares)).sum())
    _order(column, series, kind)
    if row["is_unique"] and row["semantic"] in ("integer", "category", "text", "code"):
        said = names.says(column.name, "id")
        if row["semantic"] == "integer" and (_numbered(row, filled) or said) and filled >= 5:
            row |= {"semantic": "identifier", "semantic_confidence": 0.95 if said else 0.8}
    elif row["semantic"] == "integer" and names.says(column.name, "id") and (distinct or 0) > 12:
        row |= {"semantic": "code", "semantic_confidence": 0.7}
    if row["semantic"] in ("identifier", "code", "postal_code", "boolean", "constant"):
        for word in ("sentinel_rate", "spike_rate"):
            if row["dtype"] in ("integer", "float"):
                row[word] = 0.0
        if row["dtype"] in ("integer", "float"):
            row["sentinel_values"], row["spike_values"] = [], []


#: How much longer than its rows the span of row numbers may be from which rows were taken out.
SPANNED = 2.0


def _numbered(row: Mapping[str, Any], filled: int) -> bool:
    """Whether steps of one are numbers of rows: from 0 or 1, or many; not years, nor a short scale of measures.

    Where rows were taken out, steps are longer: many numbers that only rise and fill most of their span.
    """
    low, high = row.get("min"), row.get("max")
    if low is None or high is None or low < 0 or (low >= 1500 and high <= 2100):
        return False
    many = filled >= 100
    if row.get("is_sequence"):
        return bool(low <= 1 or many)
    return bool(many and row.get("is_monotonic") and high - low <= SPANNED * filled)


def _order(column: Column, series: pl.Series, kind: str) -> None:
    row = column.row
    if kind in ("integer", "float", "date", "datetime"):
        x = series.to_physical().drop_nulls()
    elif (
        kind == "text"
        and row["semantic"] in ("integer", "identifier", "code")
        and not row.get("sampled")
        and row["integer_rate"] == 1
    ):
        x = series.cast(pl.String).str.strip_chars().cast(pl.Int64, strict=False).drop_nulls()
    else:
        return
    if x.len() < 3:
        return
    values = x.to_numpy()
    head = np.diff(values[:1000])
    if values.size > 1000 and (head > 0).any() and (head < 0).any():
        row["is_monotonic"], row["is_sequence"] = False, False
        return
    step = np.diff(values)
    with np.errstate(invalid="ignore"):
        row["is_monotonic"] = bool((step >= 0).all() or (step <= 0).all()) and bool((step != 0).any())
        row["is_sequence"] = kind in ("integer", "text") and bool((step == 1).all() or (step == -1).all())


def _role(column: Column, config: Config | None) -> str:
    said = (config.columns.get(column.name) or {}).get("role") if config else None
    if said in ROLES:
        return str(said)
    return vocabulary.ROLE_OF[column.row["semantic"]]


def _numbering(row: Row, config: Config | None) -> None:
    """A number of rows that goes with the target is a number, unless a person has said otherwise."""
    if row.get("row_number") and not (config and (config.columns.get(row["column"]) or {}).get("role")):
        row |= {"semantic": "integer", "role": "number"}


def _distinct_rows(frame: pl.DataFrame, telling: Sequence[str]) -> int:
    """Distinct rows; by a hash of 64 bits in large tables (equal rows have equal hashes).

    Args:
        frame: rows.
        telling: columns that may tell all rows apart by themselves, so that the others need not be looked at.
    """
    if frame.height < numeric.LARGE:
        return frame.n_unique()
    if any(frame.get_column(n).n_unique() == frame.height for n in telling[:1]):
        return frame.height
    return frame.hash_rows(0).n_unique()


def table_row(frame: pl.DataFrame, *, known_unique: bool = False, telling: Sequence[str] = ()) -> Row:
    """The words of ``vocabulary.TABLES`` that need no target.

    Args:
        frame: rows.
        known_unique: a column is known to tell all rows apart.
        telling: columns that probably do, the surest first.
    """
    plain = [n for n, t in frame.schema.items() if columns.kind_of(t) != "other"]
    repeated = 0
    if frame.height and plain and len(plain) == frame.width:
        repeated = 0 if known_unique else frame.height - _distinct_rows(frame, telling)
    nulls = frame.null_count().sum_horizontal().item() if frame.width else 0
    empty = int(frame.select(pl.all_horizontal(pl.all().is_null()).sum()).item()) if frame.width and frame.height else 0
    return {
        "rows": frame.height,
        "columns": frame.width,
        "duplicate_rows": repeated,
        "duplicate_rate": repeated / frame.height if frame.height else 0.0,
        "all_null_rows": empty,
        "empty_columns": sum(frame.get_column(n).null_count() == frame.height for n in frame.columns)
        if frame.height
        else 0,
        "missing_rate": nulls / (frame.height * frame.width) if frame.height and frame.width else 0.0,
        "memory_bytes": int(frame.estimated_size()),
    }
