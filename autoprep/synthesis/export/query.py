"""Definitions as one SQL query: written in DuckDB's dialect, carried over to others by sqlglot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from autoprep.errors import SettingError
from autoprep.primitives import AGGREGATIONS, TRANSFORMS
from autoprep.synthesis.export.dialects import Dialect, dialect_of, spoken, transpiled
from autoprep.synthesis.export.written import Group, NotSaid, Written, grouped
from autoprep.synthesis.feature import Call, Column, Condition, Definition
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.tables import cutoff_parts

LATEST = "(array_agg({0} ORDER BY __t DESC, __n DESC) FILTER (WHERE {0} IS NOT NULL))[1]"
EARLIEST = "(array_agg({0} ORDER BY __t, __n) FILTER (WHERE {0} IS NOT NULL))[1]"
#: Aggregates that are told here because the order of rows or a tie decides them; {t} is the time, {c} the cutoff.
ORDERED = {
    "FIRST": EARLIEST,
    "LAST": LATEST,
    "FIRST_ROW": "(array_agg({0} ORDER BY __t, __n))[1]",
    "LAST_ROW": "(array_agg({0} ORDER BY __t DESC, __n DESC))[1]",
    "SKEW": "CASE WHEN count({0}) > 2 AND max({0}) > min({0}) THEN skewness({0}) END",
    "KURTOSIS": "CASE WHEN max({0}) > min({0}) THEN kurtosis_pop({0}) END",
    "TREND": "CASE WHEN max({1}) FILTER (WHERE {0} IS NOT NULL) > min({1}) FILTER (WHERE {0} IS NOT NULL) "
    "THEN regr_slope({0}, (epoch({1}) - 946684800.0) / 86400.0) END",
    "DAYS_SINCE_TRUE": "(epoch({c}) - epoch(max({1}) FILTER (WHERE {0}))) / 86400.0",
    "DAYS_SINCE_FALSE": "(epoch({c}) - epoch(max({1}) FILTER (WHERE NOT {0}))) / 86400.0",
}
#: Of one row per different value: ``__v`` is the value, ``__m`` how often it comes.
COUNTED = {
    "MODE": "(array_agg(__v ORDER BY __m DESC, __v))[1]",
    "MODE_SHARE": "max(__m) / CAST(sum(__m) AS DOUBLE)",
    "ENTROPY": "ln(CAST(sum(__m) AS DOUBLE)) - sum(__m * ln(CAST(__m AS DOUBLE))) / CAST(sum(__m) AS DOUBLE)",
    "N_MOST_COMMON": "(array_agg(__v ORDER BY __m DESC, __v))[{rank}]",
    "N_MOST_COMMON_COUNT": "(array_agg(__m ORDER BY __m DESC))[{rank}]",
}
#: Of the known values with the one before, the mean and the sample deviation of the group beside each.
BESIDE = {
    "MEAN_CHANGE": "avg(__x - __before)",
    "MEAN_ABSOLUTE_CHANGE": "avg(abs(__x - __before))",
    "LAST_CHANGE": "(array_agg(__x - __before ORDER BY __t DESC, __n DESC))[1]",
    "IS_INCREASING": "CASE WHEN count(*) > 0 THEN CAST(coalesce(min(__x - __before), 0) >= 0 AS INT) END",
    "IS_DECREASING": "CASE WHEN count(*) > 0 THEN CAST(coalesce(max(__x - __before), 0) <= 0 AS INT) END",
    "COUNT_ABOVE_MEAN": "count(*) FILTER (WHERE __x > __mean)",
    "COUNT_BELOW_MEAN": "count(*) FILTER (WHERE __x < __mean)",
    "COUNT_INSIDE_STDS": "count(*) FILTER (WHERE abs(__x - __mean) <= {n} * __std)",
    "COUNT_OUTSIDE_STDS": "count(*) FILTER (WHERE abs(__x - __mean) > {n} * __std)",
    "MIN_COUNT": "count(*) FILTER (WHERE __x = __low)",
    "MAX_COUNT": "count(*) FILTER (WHERE __x = __high)",
    "EWMA": "sum(__x * exp((epoch(__t) - epoch(__latest)) / 86400.0 * ln(2) / {half_life})) "
    "/ sum(exp((epoch(__t) - epoch(__latest)) / 86400.0 * ln(2) / {half_life}))",
    "DAYS_SINCE_MAX": "(epoch(max(__c)) - epoch(min(__t) FILTER (WHERE __x = __high))) / 86400.0",
    "DAYS_SINCE_MIN": "(epoch(max(__c)) - epoch(min(__t) FILTER (WHERE __x = __low))) / 86400.0",
}
#: Parts joined at once: SQLite takes 64 tables, MySQL 61.
JOINED = 50
SPREAD = "sum((__x - __mean) * (__x - __mean)) / CAST(nullif(count(*) - 1, 0) AS DOUBLE)"
#: The same where no array is ordered, of one row per known value: ``__k`` is its place.
PLACED = {
    "FIRST": ("__t, __n", "{0} IS NOT NULL"),
    "LAST": ("__t DESC, __n DESC", "{0} IS NOT NULL"),
    "FIRST_ROW": ("__t, __n", "1 = 1"),
    "LAST_ROW": ("__t DESC, __n DESC", "1 = 1"),
}
PLACED_COUNTED = {
    "MODE": "max(CASE WHEN __k = 1 THEN __v END)",
    "N_MOST_COMMON": "max(CASE WHEN __k = {rank} THEN __v END)",
    "N_MOST_COMMON_COUNT": "max(CASE WHEN __k = {rank} THEN __m END)",
}
PLACED_BESIDE = {
    "LAST_CHANGE": "max(CASE WHEN __k = 1 THEN __x - __before END)",
    "STD": f"sqrt({SPREAD})",
    "VARIANCE": SPREAD,
}
#: Of moments: the days from the one before.
GAPS = {"MAX_GAP": "max(days)", "STD_GAP": "stddev_samp(days)"}
RUNS = "runs of values have no plain SQL"


def sql(
    definitions: Sequence[Definition], schema: Schema, table: str, cutoff: str | None = None, dialect: str = "duckdb"
) -> Written:
    """One query: the rows of the table and a column per feature, named by its definition.

    Tables go by their names in the schema, rows in the order of their time; where two rows share a moment, a database
    without an order of its own may take either. What a database has no equal of is left out, with the reason; where a
    name is too long for it, or has signs that it refuses, a comment says what the column is.

    Args:
        definitions: of the table's features. cutoff: as of the synthesizer. dialect: of ``DIALECTS``.

    Raises:
        InputError: another dialect than DuckDB's without sqlglot. SettingError: no such dialect, or the database has no
            equal of what every feature needs.
    """
    to = dialect_of(dialect)
    without: dict[str, str] = {}
    parts: list[str] = []
    columns: list[tuple[str, int, Definition]] = []
    for group in grouped(definitions, schema):
        for name, query, made in _queries(group, len(parts), without, dialect):
            parts.append(f"{name} AS (\n{query}\n)")
            columns += [(name, i, d) for i, d in made]
    moment = "CAST(NULL AS TIMESTAMP)"
    if cutoff is not None:
        column, width = cutoff_parts(cutoff, schema.table(table).frame.columns)
        moment = f"CAST({named(column)} AS TIMESTAMP)" + (
            f" {'-' if width > 0 else '+'} {_interval(abs(width))}" if width else ""
        )
    asked = f"asked AS (\n  SELECT *, row_number() OVER () AS __row, {moment} AS __cutoff FROM {named(table)}\n)"
    order = {str(d): i for i, d in enumerate(definitions)}
    columns.sort(key=lambda c: order[str(c[2])])
    own = [named(c) for c in schema.table(table).frame.columns]
    shown = {str(d): to.shown(str(d), i) for i, (_, _, d) in enumerate(columns, start=1)}
    said = [f"asked.{c}" for c in own] + [f"{_filled(n, f'f{i}', d)} AS {named(shown[str(d)])}" for n, i, d in columns]
    names = [p.split(" AS ")[0] for p in parts]
    if dialect != "duckdb" and len(names) > JOINED:
        parts, names, said = _in_bundles(parts, names, columns, own, shown)
    joins = [f"LEFT JOIN {n} ON {n}.__row = asked.__row" for n in names]
    text = (f"WITH {f',{chr(10)}'.join([asked, *parts])}\nSELECT\n  " + ",\n  ".join(said) + "\nFROM asked\n"
            + "\n".join(joins) + "\nORDER BY asked.__row\n")  # fmt: skip
    return Written(legend(shown) + in_dialect(text, dialect), without)


def _in_bundles(
    parts: list[str], names: list[str], columns: Sequence[tuple[str, int, Definition]], own: list[str],
    shown: Mapping[str, str],
) -> tuple[list[str], list[str], list[str]]:  # fmt: skip
    """The parts with queries that join some of them each; the names of those, and the columns that are read of them."""
    bundles = {f"b{i // JOINED}": names[i : i + JOINED] for i in range(0, len(names), JOINED)}
    found = {n: b for b, some in bundles.items() for n in some}
    made = []
    for bundle, some in bundles.items():
        read = "".join(f", {n}.f{i} AS {n}_f{i}" for n, i, _ in columns if n in some)
        joins = " ".join(f"LEFT JOIN {n} ON {n}.__row = asked.__row" for n in some)
        made.append(f"{bundle} AS (\n  SELECT asked.__row{read} FROM asked {joins}\n)")
    told = [f"{_filled(found[n], f'{n}_f{i}', d)} AS {named(shown[str(d)])}" for n, i, d in columns]
    return [*parts, *made], list(bundles), [*(f"asked.{c}" for c in own), *told]


def in_dialect(text: str, dialect: str) -> str:
    """A whole query in a dialect.

    Raises:
        SettingError: the database has no equal of a part that no feature can be made without.
    """
    if dialect == "duckdb":
        return text
    try:
        return transpiled(text, dialect)
    except NotSaid as reason:
        raise SettingError(f"cannot be written in the dialect '{dialect}': {reason}", hint="duckdb says all") from None


def legend(shown: Mapping[str, str]) -> str:
    """Comments that say what columns of other names are."""
    return "".join(f"-- {name}: {d}\n".replace("\r", " ") for d, name in shown.items() if d != name)


def _filled(part: str, name: str, d: Definition) -> str:
    column = f"{part}.{name}"
    empty = AGGREGATIONS[d.body.primitive].empty if d.aggregates and isinstance(d.body, Call) else None
    return column if empty is None else f"coalesce({column}, {empty:g})"


def fill(template: str, *inputs: str, **named: str) -> str:
    """A template with its inputs; other braces, as in a pattern, stay.

    Example:
        >>> fill("len(regexp_extract_all({0}, '[0-9]{2}')) > {n}", "x", n="5")
        "len(regexp_extract_all(x, '[0-9]{2}')) > 5"
    """
    told = {**{str(i): v for i, v in enumerate(inputs)}, **named}
    return re.sub(r"\{(\w+)\}", lambda m: told.get(m.group(1), m.group(0)), template)


def named(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A constant as SQL writes it; several with commas between."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return f"CAST('{value.isoformat(' ')}' AS TIMESTAMP)"
    if isinstance(value, list | tuple):
        return ", ".join(literal(v) for v in value)
    return "'" + str(value).replace("'", "''") + "'"


def _interval(width_us: int) -> str:
    for unit, size in (("DAY", 86_400_000_000), ("HOUR", 3_600_000_000), ("MINUTE", 60_000_000), ("SECOND", 1_000_000)):
        if width_us % size == 0:
            return f"INTERVAL '{width_us // size}' {unit}"
    return f"INTERVAL '{width_us}' MICROSECOND"


def _from(group: Group) -> tuple[str, str | None, str]:
    """FROM clause of the walk, its time, and the name of the source in it; every table has a row number ``__n``."""

    def numbered(table: str, place: int) -> str:
        return f"(SELECT *, row_number() OVER () AS __n FROM {named(table)}) AS s{place}"

    text, when = f"FROM {numbered(group.first, 0)}", group.timed and f"s0.{named(group.timed)}"
    for i, hop in enumerate(group.hops, start=1):
        pairs = " AND ".join(f"s{i - 1}.{named(a)} = s{i}.{named(b)}" for a, b in zip(hop.here, hop.there, strict=True))
        text += f"\n  {'LEFT JOIN' if hop.up else 'JOIN'} {numbered(hop.table, i)} ON {pairs}"
        if hop.timed is not None:
            when = f"s{i}.{named(hop.timed)}"
    return text, when and f"CAST({when} AS TIMESTAMP)", f"s{len(group.hops)}"


def _queries(
    group: Group, before: int, without: dict[str, str], dialect: str
) -> list[tuple[str, str, list[tuple[int, Definition]]]]:
    like = group.like
    text, when, source = _from(group)
    joined = " AND ".join(f"s0.{named(there)} = asked.{named(here)}" for here, there in like.by)
    held = [_condition(c, source) for c in like.where]
    if like.before:
        held.append(f"{when} < asked.__cutoff")
        if like.over_us is not None:
            held.append(f"{when} >= asked.__cutoff - {_interval(like.over_us)}")
    where = "\n  WHERE " + " AND ".join(held) if held else ""
    order = ", ".join(f"s{i}.__n" for i in reversed(range(len(group.hops) + 1)))
    tail = f"\n  {text}\n  JOIN asked ON {joined}{where}"
    moment = when if when is not None else "CAST(NULL AS TIMESTAMP)"
    made: list[tuple[str, str, list[tuple[int, Definition]]]] = []

    def put(query: str, said: list[tuple[int, Definition]]) -> None:
        made.append((f"g{before + len(made)}", query, said))

    together: dict[str, list[tuple[str, Definition]]] = {}
    for d in group.members:
        try:
            kind, said = _member(d, source, dialect_of(dialect))
            spoken(said, dialect)
            spoken(f"* FROM ({_inner(kind, 'SELECT 1 AS one')}) AS s", dialect)
        except NotSaid as reason:
            without[str(d)] = str(reason)
            continue
        together.setdefault(kind, []).append((said, d))
    for kind, members in together.items():
        places = list(enumerate(d for _, d in members))
        if kind == "looked up":
            columns = ", ".join(f"{said} AS f{i}" for i, (said, _) in enumerate(members))
            first = f"row_number() OVER (PARTITION BY asked.__row ORDER BY {order}) AS __k"
            inner = f"SELECT asked.__row, {columns}, {first}{tail}"
            put(f"  SELECT * FROM ({inner}) AS found WHERE __k = 1", places)
            continue
        numbered = f"row_number() OVER (ORDER BY {order}) AS __n" if "," in order else f"{order} AS __n"
        read = dict.fromkeys(c.name for _, d in members for c in d.columns() if c.table == group.source)
        own = "".join(f", {source}.{named(c)}" for c in read)
        rows = f"SELECT asked.__row, asked.__cutoff AS __c, {moment} AS __t, {numbered}{own}{tail}"
        inner = _inner(kind, rows)
        columns = ", ".join(f"{said} AS f{i}" for i, (said, _) in enumerate(members))
        put(f"  SELECT __row, {columns} FROM (\n  {inner}\n  ) AS s GROUP BY __row", places)
    return made


def _inner(kind: str, rows: str) -> str:
    """The rows that columns of a kind are made of: as they are, or by one query over them more."""
    form, _, value = kind.partition(":")
    if form.startswith("counted"):
        counted = f"SELECT __row, {value} AS __v, count(*) AS __m FROM ({rows}) AS s"
        counted = f"{counted} WHERE {value} IS NOT NULL GROUP BY __row, {value}"
        if form == "counted":
            return counted
        return f"SELECT *, {_place('__m DESC, __v')} FROM ({counted}) AS s"
    if form in PLACED:
        order, held = PLACED[form]
        return f"SELECT __row, {value} AS __v, {_place(order)} FROM ({rows}) AS s WHERE {fill(held, value)}"
    if form == "gaps":
        moments = f"SELECT __row, CAST({value} AS TIMESTAMP) AS __x FROM ({rows}) AS s WHERE {value} IS NOT NULL"
        before = "lag(__x) OVER (PARTITION BY __row ORDER BY __x)"
        return f"SELECT __row, (epoch(__x) - epoch({before})) / 86400.0 AS days FROM ({moments}) AS s"
    if form.startswith("beside"):
        over = "OVER (PARTITION BY __row)"
        more = f", stddev_samp(__x) {over} AS __std" if "std" in form else ""
        more += f", {_place('__t DESC, __n DESC')}" if "placed" in form else ""
        return (
            "SELECT __row, __c, __t, __n, __x, lag(__x) OVER (PARTITION BY __row ORDER BY __t, __n) AS __before, "
            f"avg(__x) {over} AS __mean, min(__x) {over} AS __low, "
            f"max(__x) {over} AS __high, max(__t) {over} AS __latest{more} "
            f"FROM (SELECT __row, __c, __t, __n, {value} AS __x FROM ({rows}) AS s) AS s WHERE __x IS NOT NULL"
        )
    return rows


def _beside(text: str, value: str) -> tuple[str, str]:
    return f"beside{' std' * ('__std' in text)}{' placed' * ('__k' in text)}:{value}", text


def _place(order: str) -> str:
    return f"row_number() OVER (PARTITION BY __row ORDER BY {order}) AS __k"


def _member(d: Definition, source: str, to: Dialect) -> tuple[str, str]:
    """How a definition is computed ("looked up", "plain", "counted:VALUE", ...), and the text of its column."""
    if not d.aggregates:
        return "looked up", value_of(d.body, source)
    assert isinstance(d.body, Call)
    name = d.body.primitive
    primitive = AGGREGATIONS[name]
    said = [value_of(a, "s") for a in d.body.arguments]
    given: Mapping[str, Any] = {**primitive.parameters, **{k: v for k, v in d.body.parameters if k != "of"}}
    numbers = {k: literal(v) for k, v in given.items()}
    number = f"CAST({said[0]} AS DOUBLE)" if said and "number" in primitive.inputs else (said[0] if said else "")
    if not to.moments and primitive.output == "time":
        raise NotSaid(f"{to.title} has no type of moments")
    if not to.arrays and name in PLACED:
        return f"{name}:{said[0]}", "max(CASE WHEN __k = 1 THEN __v END)"
    if not to.arrays and name in PLACED_COUNTED:
        return f"counted placed:{said[0]}", fill(PLACED_COUNTED[name], **numbers)
    if not to.arrays and name in PLACED_BESIDE:
        return _beside(PLACED_BESIDE[name], number)
    if name in COUNTED:
        return f"counted:{said[0]}", fill(COUNTED[name], **numbers)
    if name in GAPS:
        return f"gaps:{said[0] if said else '__t'}", GAPS[name]
    if name in BESIDE:
        return _beside(fill(BESIDE[name], **numbers), number)
    template = ORDERED.get(name, primitive.sql)
    if not template:
        ships = primitive.expression.__module__.startswith("autoprep.primitives.")
        raise NotSaid(RUNS if ships else f"{name} is declared without SQL (sql=...)")
    wanted = [k for k in primitive.inputs if k != "cutoff"]
    inputs = [number, *said[1:]] if said else []
    inputs = [f"CAST({i} AS TIMESTAMP)" if k == "time" else i for i, k in zip(inputs, wanted, strict=False)]
    if len(inputs) < len(wanted):
        inputs.append("__t")
    if "SINCE" not in name or "{c}" in template:
        return "plain", fill(template, *inputs, t="__t", c="max(__c)", **numbers)
    raise NotSaid(RUNS)


def value_of(body: Column | Call, source: str) -> str:
    """A column or a transform of columns; ``source`` names the table, "" the only one."""
    if isinstance(body, Column):
        return f"{source}.{named(body.name)}" if source else named(body.name)
    primitive = TRANSFORMS[body.primitive]
    if not primitive.sql:
        raise NotSaid(f"{body.primitive} has no SQL")
    inputs = [f"({value_of(a, source)})" for a in body.arguments]
    inputs = [f"CAST({i} AS DOUBLE)" if k == "number" else i for i, k in zip(inputs, primitive.inputs, strict=True)]
    given = {k: literal(v) for k, v in {**primitive.parameters, **dict(body.parameters)}.items()}
    return f"({fill(primitive.sql, *inputs, **given)})"


def _condition(c: Condition, source: str) -> str:
    column = f"{source}.{named(c.column.name)}"
    if c.operator.startswith("IS"):
        return f"{column} {c.operator}"
    if isinstance(c.value[0] if c.operator == "IN" else c.value, datetime):
        column = f"CAST({column} AS TIMESTAMP)"
    if c.operator == "IN":
        return f"{column} IN ({literal(c.value)})"
    return f"{column} {c.operator} {literal(c.value)}"
