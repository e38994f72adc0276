"""Definitions computed: lookups by joins, aggregates before a cutoff by one sweep per source, the rest by Polars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import SettingError
from autoprep.primitives import AGGREGATIONS, TRANSFORMS
from autoprep.synthesis.feature import Call, Column, Condition, Definition
from autoprep.synthesis.grouped import Backend, by_kernels, choose, known_to_kernels
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.sources import WHEN, Rows, source_rows
from autoprep.synthesis.typed import held

#: (query, row) pairs that are laid out at once for aggregates that no sweep knows.
PAIRS = 2_000_000
SWEPT = frozenset(("count", "sum", "mean", "variance", "std", "min", "max", "first", "last", "trend", "ewma"))
CUTOFF = "__cutoff"


@dataclass(frozen=True)
class Asked:
    """The rows that features are wanted for.

    Attributes:
        frame: (n, columns) rows of the target table. cutoff: (n,) Int64 microseconds, or None without time.
        single: whether numbers are wanted in single precision, half the memory.
        backend: what computes aggregates; "polars" is the oracle of the kernels.
        parts: sources are read in so many parts, by the hash of their entity: less memory, more work.
    """

    frame: pl.DataFrame
    cutoff: np.ndarray | None = None
    single: bool = False
    backend: Backend = "auto"
    parts: int = 1


def answer(definitions: Sequence[Definition], schema: Schema, asked: Asked) -> pl.DataFrame:
    """Compute features, one column each, in the order of the definitions; named by their text.

    Definitions over the same source rows share them, their groups and the bounds of their windows.

    Raises:
        SettingError: an aggregate over a timed table has no cutoff, or a name is unknown.
    """
    columns: dict[str, pl.Series] = {}
    shared: dict[tuple[Any, ...], list[Definition]] = {}
    for definition in definitions:
        key = (definition.via, definition.source, definition.by, definition.where, definition.before)
        shared.setdefault(key, []).append(definition)
    for members in shared.values():
        made = _together(members, schema, asked)
        columns |= {k: s.cast(pl.Float32) for k, s in made.items() if s.dtype == pl.Float64} if asked.single else {}
        columns |= {k: s for k, s in made.items() if k not in columns}
    return pl.DataFrame([columns[str(d)].alias(str(d)) for d in definitions])


def _together(members: Sequence[Definition], schema: Schema, asked: Asked) -> dict[str, pl.Series]:
    first = members[0]
    rows = source_rows(schema, first.via, first.source, [there for _, there in first.by])
    if first.where:
        rows = Rows(rows.frame.filter(_holds(first.where)), rows.timed, rows.ties)
    ties = asked.frame.select(pl.col(here).alias(name) for (here, _), name in zip(first.by, rows.by, strict=True))
    found = [d for d in members if not d.aggregates]
    made = _looked_up(found, rows, ties)
    grouped = [d for d in members if d.aggregates]
    if not grouped:
        return made
    work = partial(_grouped, grouped, asked=asked)
    return made | (work(rows, ties, asked.cutoff) if asked.parts < 2 else _in_parts(work, grouped, rows, ties, asked))


def _in_parts(
    work: Callable[[Rows, pl.DataFrame, np.ndarray | None], dict[str, pl.Series]],
    members: Sequence[Definition],
    rows: Rows,
    ties: pl.DataFrame,
    asked: Asked,
) -> dict[str, pl.Series]:
    """The same, of one part of the entities after the other."""
    needed = {c.name for d in members for c in d.columns()} | set(rows.by) | ({WHEN} if rows.timed else set())
    frame = rows.frame.select(c for c in rows.frame.columns if c in needed)
    place = pl.struct(rows.by).hash() % asked.parts
    here, there = ties.select(place.alias("p"))["p"].to_numpy(), frame.select(place.alias("p"))["p"]
    order = np.argsort(here, kind="stable")
    found = []
    for part in range(asked.parts):
        some = np.flatnonzero(here == part)
        cutoff = None if asked.cutoff is None else asked.cutoff[some]
        found.append(work(Rows(frame.filter(there == part), rows.timed, rows.ties), ties[some], cutoff))
    back = pl.Series(np.argsort(order, kind="stable"))
    return {str(d): pl.concat([f[str(d)] for f in found]).gather(back) for d in members}


def _grouped(
    grouped: Sequence[Definition], rows: Rows, ties: pl.DataFrame, cutoff: np.ndarray | None, *, asked: Asked
) -> dict[str, pl.Series]:
    """Aggregates of source rows for each tie."""
    first = grouped[0]
    if not first.before:
        if rows.timed:
            raise SettingError(
                f"'{first.source}' has a time and the feature no cutoff: it would read the future",
                where=f"feature '{grouped[0]}'",
                hint="write BEFORE cutoff, or declare the table static",
            )
        return _regardless(grouped, rows, ties, asked.backend)
    if cutoff is None:
        raise SettingError("no cutoff is given", where=f"feature '{grouped[0]}'", hint="name the column of the cutoff")
    if not rows.timed:
        raise SettingError(f"'{first.source}' has no time that could be BEFORE", where=f"feature '{grouped[0]}'")
    return _before(grouped, rows, ties, cutoff, asked)


def _holds(conditions: Iterable[Condition]) -> pl.Expr:
    every = pl.lit(True)
    for c in conditions:
        every = every & held(c).fill_null(False)
    return every


def value_of(body: Column | Call) -> pl.Expr:
    """A column or a transform of columns as an expression over the source's rows."""
    if isinstance(body, Column):
        return pl.col(body.name)
    inputs = [value_of(argument) for argument in body.arguments]
    return TRANSFORMS[body.primitive].build(*inputs, **dict(body.parameters))


def _ordered(body: Column | Call) -> bool:
    """Whether the rows before a row decide its value, so that it is made within each group and window."""
    return isinstance(body, Call) and (
        TRANSFORMS[body.primitive].order == "time" or any(_ordered(a) for a in body.arguments)
    )


def _looked_up(members: Sequence[Definition], rows: Rows, ties: pl.DataFrame) -> dict[str, pl.Series]:
    if not members:
        return {}
    for d in members:
        if _ordered(d.body):
            raise SettingError(
                "a row that is looked up has no row before it", where=f"feature '{d}'",
                hint="aggregate it: LAST(CHANGE(orders.amount)) BEFORE cutoff BY customer",
            )  # fmt: skip
    if rows.timed:
        raise SettingError(
            f"'{members[0].source}' has a time: a lookup would read the future",
            where=f"feature '{members[0]}'",
            hint="write LAST(...) BEFORE cutoff, or declare the table static",
        )
    wanted = [value_of(d.body).alias(f"__v{i}") for i, d in enumerate(members)]
    table = rows.frame.select(*rows.by, *wanted).unique(rows.by, keep="first", maintain_order=True)
    joined = ties.join(table, on=rows.by, how="left", maintain_order="left")
    return {str(d): joined[f"__v{i}"] for i, d in enumerate(members)}


def _arguments(definition: Definition) -> tuple[str, list[Column | Call], dict[str, Any]]:
    assert isinstance(definition.body, Call)
    said = {key: value for key, value in definition.body.parameters if key != "of"}
    return definition.body.primitive, list(definition.body.arguments), said


def _built(definition: Definition, moment: pl.Expr | None) -> pl.Expr:
    """The aggregate as Polars has it, over rows in the order of time."""
    name, inputs, parameters = _arguments(definition)
    primitive = AGGREGATIONS[name]
    given = [value_of(i) for i in inputs]
    places = iter(given)
    built = []
    for kind in primitive.inputs:
        if kind == "time" and len(given) < sum(k != "cutoff" for k in primitive.inputs):
            built.append(moment if moment is not None else pl.lit(None, pl.Datetime("us")))
        elif kind == "cutoff":
            built.append(pl.col(CUTOFF))
        else:
            built.append(next(places))
    if primitive.timed and "time" not in primitive.inputs and moment is not None and "moment" in primitive.parameters:
        parameters["moment"] = moment
    return primitive.build(*built, **parameters)


def _empty(series: pl.Series, name: str) -> pl.Series:
    nothing = AGGREGATIONS[name].empty
    return series if nothing is None else series.fill_null(nothing)


def _no_cutoff(members: Sequence[Definition]) -> None:
    for d in members:
        if "cutoff" in AGGREGATIONS[_arguments(d)[0]].inputs:
            raise SettingError(
                f"{_arguments(d)[0]} counts up to a cutoff", where=f"feature '{d}'", hint="write BEFORE cutoff"
            )


def _regardless(
    members: Sequence[Definition], rows: Rows, ties: pl.DataFrame, backend: Backend
) -> dict[str, pl.Series]:
    """Aggregates over tables without time: one group-by, or the kernels for the columns that they are cheaper for."""
    _no_cutoff(members)
    inputs = {}
    for d in members:
        name, told, _ = _arguments(d)
        explicit = name == "TREND" and len(told) == 2
        if told and (AGGREGATIONS[name].kernel != "trend" or explicit):
            inputs[str(d)] = (str(told[0]), told[0], told[1] if explicit else None)
    bodies = {text: body for text, body, _ in inputs.values()}
    bodies |= {str(moment): moment for *_, moment in inputs.values() if moment is not None}
    dtypes = rows.frame.head(0).select(value_of(b).alias(t) for t, b in bodies.items()).schema if bodies else {}
    inexact = _beyond_doubles(
        rows.frame, {t: bodies[t] for t, dtype in dtypes.items() if dtype in (pl.Int64, pl.UInt64)}
    )
    offers: dict[str, list[Definition]] = {}
    for d in members:
        fits = str(d) in inputs and inputs[str(d)][0] not in inexact and not any(map(_ordered, _arguments(d)[1]))
        if fits and known_to_kernels(_arguments(d)[0], dtypes[inputs[str(d)][0]]):
            offers.setdefault(inputs[str(d)][0], []).append(d)
    kernels = {t: frozenset(AGGREGATIONS[_arguments(d)[0]].kernel for d in ds) for t, ds in offers.items()}
    taken = choose(kernels, backend, dense=_whole(rows.frame, rows.by) and _whole(ties, rows.by))
    fused = [(t, ds) for t, ds in offers.items() if t in taken]
    texts = {str(d) for _, ds in fused for d in ds}
    made = _fused(fused, rows, ties, inputs, bodies) if fused else {}
    whole = [d for t, ds in fused for d in ds if not dtypes[t].is_float()]
    if whole:  # as whole numbers where Polars keeps them whole
        wanted = [_built(d, None).alias(str(d)) for d in whole]
        said = rows.frame.head(0).lazy().select(wanted).collect_schema()
        made |= {name: made[name].cast(dtype) for name, dtype in said.items()}
    rest = [d for d in members if str(d) not in texts]
    if not rest:
        return made
    known = rows.frame
    if any(known[b].null_count() for b in rows.by):
        known = known.drop_nulls(rows.by)
    table = known.group_by(rows.by).agg(_built(d, None).alias(f"__v{i}") for i, d in enumerate(rest))
    joined = ties.join(table, on=rows.by, how="left", maintain_order="left")
    return made | {str(d): _empty(joined[f"__v{i}"], _arguments(d)[0]) for i, d in enumerate(rest)}


def _beyond_doubles(frame: pl.DataFrame, bodies: Mapping[str, Column | Call]) -> set[str]:
    """Columns with whole numbers that no double holds exactly."""
    if not bodies:
        return set()
    sides = [(value_of(b).min() < -(2**53)) | (value_of(b).max() > 2**53) for b in bodies.values()]
    found = frame.select(side.alias(str(i)) for i, side in enumerate(sides)).row(0)
    return {t for t, beyond in zip(bodies, found, strict=True) if beyond}


def _fused(
    columns: Sequence[tuple[str, Sequence[Definition]]],
    rows: Rows,
    ties: pl.DataFrame,
    inputs: Mapping[str, tuple[str, Column | Call, Column | Call | None]],
    bodies: Mapping[str, Column | Call],
) -> dict[str, pl.Series]:
    read = {t for t, _ in columns} | {str(m) for _, ds in columns for d in ds if (m := inputs[str(d)][2]) is not None}
    frame = rows.frame.select(value_of(bodies[t]).alias(t) for t in sorted(read))
    series = {t: frame[t] for t in frame.columns}
    source, entity, count = _codes(rows, ties)
    given = []
    for text, members in columns:
        moment = next((str(m) for d in members if (m := inputs[str(d)][2]) is not None), None)
        wanted = frozenset(AGGREGATIONS[_arguments(d)[0]].kernel for d in members)
        given.append((series[text], None if moment is None else series[moment], wanted))
    found = by_kernels(source, count, given)
    made = {}
    for (_, members), values in zip(columns, found, strict=True):
        for d in members:
            name = _arguments(d)[0]
            column = np.append(values[AGGREGATIONS[name].kernel], np.nan)[entity]
            made[str(d)] = _empty(pl.Series(column, nan_to_null=True), name)
    return made


def _codes(rows: Rows, ties: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, int]:
    """The entity of each source row and of each asked row: (n,) int32, -1 where a tie is missing or unknown."""
    if _whole(rows.frame, rows.by) and _whole(ties, rows.by):
        from autoprep.kernels.keys import dense_codes

        given = [_key(rows.frame[rows.by[0]]), _key(ties[rows.by[0]])]
        numbered = dense_codes(*given[0], *given[1])
        if numbered is not None:
            return numbered
    keys = rows.frame.select(rows.by).drop_nulls().unique(maintain_order=True).with_row_index("__e")
    code = pl.col("__e").cast(pl.Int32).fill_null(-1)

    def of(frame: pl.DataFrame) -> np.ndarray:
        joined = frame.select(rows.by).join(keys, on=rows.by, how="left", maintain_order="left")
        return joined.select(code).to_series().to_numpy()

    return of(rows.frame), of(ties), keys.height


def _whole(frame: pl.DataFrame, by: Sequence[str]) -> bool:
    """Whether rows are told apart by one column of whole numbers."""
    return len(by) == 1 and frame.schema[by[0]].is_integer() and frame.schema[by[0]] != pl.UInt64


def _key(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Values (n,) int64 and which are known (n,) bool."""
    known = column.is_not_null().to_numpy()
    return column.cast(pl.Int64).fill_null(0).to_numpy(), known


def _before(
    members: Sequence[Definition], rows: Rows, ties: pl.DataFrame, cutoff: np.ndarray, asked: Asked
) -> dict[str, pl.Series]:
    """Aggregates of what was known strictly before each cutoff."""
    from autoprep.kernels.groups import Groups
    from autoprep.kernels.sweep import Sweep

    if rows.frame[WHEN].null_count():
        rows = Rows(rows.frame.filter(pl.col(WHEN).is_not_null()), True, rows.ties)
    source, entity, count = _codes(rows, ties)
    widths = sorted({_width(d) for d in members})
    place = {width: i for i, width in enumerate(widths)}
    groups = Groups.build(source, count, rows.frame[WHEN].to_numpy())
    precision = np.float32 if asked.single else np.float64
    sweep = Sweep(groups, entity, cutoff, np.array(widths, np.int64), precision)
    made: dict[str, pl.Series] = {}
    slow: list[Definition] = []
    times: list[tuple[str, int]] = []
    timely: list[Definition] = []
    columns: dict[str, tuple[Column | Call, list[Definition]]] = {}
    for d in members:
        name, inputs, _ = _arguments(d)
        kernel = AGGREGATIONS[name].kernel
        if asked.backend == "polars" or any(map(_ordered, inputs)):
            slow.append(d)
        elif kernel == "size" or (kernel in ("since_last", "since_first") and not inputs):
            times.append(("rows" if kernel == "size" else kernel, place[_width(d)]))
            timely.append(d)
        elif inputs and kernel in SWEPT | {"num_unique", "entropy"}:
            columns.setdefault(str(inputs[0]), (inputs[0], []))[1].append(d)
        else:
            slow.append(d)
    for d, told in zip(timely, sweep.times(times) if times else (), strict=True):
        made[str(d)] = pl.Series(told, nan_to_null=True)
    from autoprep.kernels.threads import together, usable

    parts = 1 if len(columns) >= usable() else usable()

    def one(body: Column | Call, wanted: list[Definition]) -> None:
        made.update(_swept(sweep, rows, body, wanted, place, parts))

    together([partial(one, *both) for both in columns.values()], max(rows.frame.height, len(cutoff)))
    for d in slow:
        made[str(d)] = _paired(d, sweep, rows, place[_width(d)], cutoff)
    return made


def _width(d: Definition) -> int:
    from autoprep.kernels.queries import EVER

    return d.over_us if d.over_us is not None else int(EVER)


def _swept(
    sweep: Any, rows: Rows, body: Column | Call, members: Sequence[Definition], place: Mapping[int, int], parts: int
) -> dict[str, pl.Series]:
    series = rows.frame.select(value_of(body).alias("v")).to_series()
    kernels = [AGGREGATIONS[_arguments(d)[0]].kernel for d in members]
    text = series.dtype == pl.String
    levels: pl.Series | None = None
    coded: dict[str, np.ndarray] = {}
    if text or {"num_unique", "entropy"} & set(kernels):
        codes = series.rank("dense").cast(pl.Int32).fill_null(0).to_numpy() - 1
        if {"num_unique", "entropy"} & set(kernels):
            coded = sweep.codes(codes, int(codes.max(initial=-1)) + 1)
        levels = series.drop_nulls().unique().sort()
    if text:
        values = np.where(codes < 0, np.nan, codes.astype(np.float64))
    else:
        if series.dtype.is_temporal() and series.dtype != pl.Date:
            series = series.dt.cast_time_unit("us")  # a double holds its microseconds
        values = series.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy()
    wanted = list(dict.fromkeys((k, place[_width(d)]) for d, k in zip(members, kernels, strict=True) if k in SWEPT))
    half_life = float(AGGREGATIONS["EWMA"].parameters["half_life"])
    found = dict(zip(wanted, sweep.column(values, wanted, half_life, parts), strict=True)) if wanted else {}
    made = {}
    for d, kernel in zip(members, kernels, strict=True):
        name, at = _arguments(d)[0], place[_width(d)]
        known = kernel in ("count", "num_unique")
        column = pl.Series(found[kernel, at] if kernel in SWEPT else coded[kernel][at], nan_to_null=not known)
        if AGGREGATIONS[name].output == "same" and levels is not None and text:
            column = levels.gather(column.cast(pl.UInt32))
        elif AGGREGATIONS[name].output == "same" and series.dtype.is_temporal():
            column = column.cast(pl.Int64).cast(series.dtype)
        made[str(d)] = _empty(column, name)
    return made


def _paired(d: Definition, sweep: Any, rows: Rows, window: int, cutoff: np.ndarray) -> pl.Series:
    """An aggregate that no sweep knows: pairs of (asked row, source row), in blocks, by Polars."""
    from autoprep.kernels.queries import expand_pairs

    lo, hi = sweep.lo[window], sweep.hi
    ends = np.cumsum(np.maximum(hi - lo, 0).astype(np.int64))
    moment = pl.from_epoch(pl.col(WHEN), time_unit="us")
    parts, first = [], 0
    while first < hi.size:
        begun = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, begun + PAIRS, side="right")))
        query, row = expand_pairs(sweep.groups.rows, lo, hi, first, last, int(ends[last - 1]) - begun)
        laid = rows.frame[row].with_columns(
            pl.Series("__q", query), pl.from_epoch(pl.Series(CUTOFF, cutoff[query]), time_unit="us")
        )
        done = laid.group_by("__q").agg(_built(d, moment).alias("v"))
        whole = pl.DataFrame({"__q": np.arange(first, last)}).join(done, on="__q", how="left", maintain_order="left")
        parts.append(whole["v"])
        first = last
    return _empty(pl.concat(parts), _arguments(d)[0]) if parts else pl.Series([], dtype=pl.Float64)
