"""Features of one cleaned table as plain Polars code, and as one SQL query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch

from autoprep.primitives import TRANSFORMS
from autoprep.synthesis.asked import Asked
from autoprep.synthesis.clusters import REACH, Clusters
from autoprep.synthesis.combined import BETWEEN, MISSING, CombinedMean
from autoprep.synthesis.encodings import Frequency, TargetMean
from autoprep.synthesis.export.dialects import dialect_of, spoken
from autoprep.synthesis.export.query import in_dialect, legend, literal, named, value_of
from autoprep.synthesis.export.recorded import Said, written
from autoprep.synthesis.export.written import NotSaid, Written
from autoprep.synthesis.feature import Call, Column, parse
from autoprep.synthesis.relative import GroupRank, Relative
from autoprep.synthesis.steps import OTHER, Computed, Keep, Levels, MissingCount, MissingPattern, Seconds, Step

HEAD = '''"""Features of a cleaned table: written by autoprep; needs Polars alone."""

import datetime  # noqa: F401

import polars as pl


def features(rows):
    """One column per feature, in the order of the rows: pl.DataFrame in, pl.DataFrame out."""
    return rows.select(
'''
#: Steps whose weights are too many to be written out.
WEIGHTS = "its weights are kept in the file of features"


def rows_code(steps: Sequence[Step]) -> Written:
    """A script whose ``features(rows)`` gives a column per feature of a cleaned table."""
    texts, without = _each(steps, _code)
    lines = [f"        {text}.alias({name!r}),\n" for name, text in texts]
    return Written(HEAD + "".join(lines) + "    )\n", without)


def _each(
    steps: Sequence[Step], texts_of: Callable[[Step], Sequence[str]]
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Each feature with its text, and those that cannot be said with the reason."""
    texts: list[tuple[str, str]] = []
    without: dict[str, str] = {}
    for step in steps:
        try:
            said = texts_of(step)
        except NotSaid as reason:
            without |= {f.name: str(reason) for f in step.features()}
        else:
            texts += zip((f.name for f in step.features()), said, strict=True)
    return texts, without


def _code(step: Step) -> list[str]:
    if isinstance(step, Computed | Asked):
        return [f"{_body(_call(step))}{_cast(step)}"]
    made = written(type(step).expressions, [step], {})
    if not made:
        raise NotSaid(WEIGHTS)
    return made if isinstance(made, list) else [made]


def _call(step: Computed | Asked) -> Call:
    if isinstance(step, Computed):
        return Call(step.primitive, tuple(Column("", c) for c in step.inputs), tuple(step.parameters.items()))
    body = parse(step.definition).body
    assert isinstance(body, Call)
    return body


def _body(body: Column | Call) -> str:
    if isinstance(body, Column):
        return f"pl.col({body.name!r})"
    primitive = TRANSFORMS[body.primitive]
    inputs = [Said(_body(a)) for a in body.arguments]
    text = written(primitive.expression, inputs, {**primitive.parameters, **dict(body.parameters)})
    if not isinstance(text, str):
        raise NotSaid(f"{body.primitive} is not made of Polars alone")
    return text


def _cast(step: Computed | Asked) -> str:
    output = TRANSFORMS[_call(step).primitive].output
    return f".cast(pl.{dict(boolean='Boolean', category='String').get(output, 'Float64')})"


def rows_sql(steps: Sequence[Step], table: str, dialect: str = "duckdb") -> Written:
    """One query over a cleaned table.

    Raises:
        InputError: another dialect than DuckDB's without sqlglot. SettingError: no such dialect.
    """

    def in_words(step: Step) -> list[str]:
        made = _sql(step)
        for one in made:
            spoken(one, dialect)
        return made

    to = dialect_of(dialect)
    texts, without = _each(steps, in_words)
    shown = {name: to.shown(name, i) for i, (name, _) in enumerate(texts, start=1)}
    columns = [f"{text} AS {named(shown[name])}" for name, text in texts]
    text = "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM {named(table)}\n"
    return Written(legend(shown) + in_dialect(text, dialect), without)


@singledispatch
def _sql(step: Step) -> list[str]:
    raise NotSaid(WEIGHTS)


@_sql.register
def _(step: Keep) -> list[str]:
    kind = {"category": "VARCHAR", "boolean": "BOOLEAN"}.get(step.dtype, "DOUBLE")
    return [f"CAST({named(step.column)} AS {kind})"]


@_sql.register
def _(step: Levels) -> list[str]:
    text = _level(step.column)
    kept = f"{text} IN ({literal(step.levels)}) OR {text} IS NULL" if step.levels else f"{text} IS NULL"
    return [f"CASE WHEN {kept} THEN {text} ELSE {literal(OTHER)} END"]


@_sql.register(Computed)
@_sql.register(Asked)
def _(step: Computed | Asked) -> list[str]:
    return [value_of(_call(step), "")]


@_sql.register
def _(step: Seconds) -> list[str]:
    return [f"epoch({named(step.column)})"]


@_sql.register
def _(step: MissingCount) -> list[str]:
    return [" + ".join(f"CAST({named(c)} IS NULL AS DOUBLE)" for c in step.inputs)]


@_sql.register
def _(step: MissingPattern) -> list[str]:
    pattern = " || ".join(f"CASE WHEN {named(c)} IS NULL THEN '1' ELSE '0' END" for c in step.inputs)
    kept = f"({pattern}) IN ({literal(step.patterns)})" if step.patterns else "FALSE"
    return [f"CASE WHEN {kept} THEN {pattern} ELSE {literal(OTHER)} END"]


@_sql.register
def _(step: Frequency) -> list[str]:
    return [_lookup(_level(step.column, step.beside), step.values, step.shares, 0.0)]


@_sql.register
def _(step: TargetMean) -> list[str]:
    return [_lookup(_level(step.column, step.beside), step.values, step.means, step.prior)]


@_sql.register
def _(step: CombinedMean) -> list[str]:
    each = (f"coalesce(CAST({named(c)} AS VARCHAR), {literal(MISSING)})" for c in step.inputs)
    text = f" || {literal(BETWEEN)} || ".join(each)
    return [_lookup(f"({text})", step.values, step.means, step.prior)]


@_sql.register
def _(step: Relative) -> list[str]:
    text, x = _level(step.by), f"CAST({named(step.column)} AS DOUBLE)"

    def learnt(constants: Sequence[float | None]) -> str:
        return _lookup(text, step.values, constants)

    if step.form == "SHARE":
        return [f"{x} / nullif({learnt(step.sums)}, 0)"]
    if step.form == "MEAN":
        return [learnt(step.means)]
    away = f"{x} - {learnt(step.means)}"
    return [away if step.form == "DIFFERENCE" else f"({away}) / nullif({learnt(step.stds)}, 0)"]


@_sql.register
def _(step: GroupRank) -> list[str]:
    text, x = _level(step.by), f"CAST({named(step.column)} AS DOUBLE)"
    below = (f"CAST({x} >= {_lookup(text, step.values, edge)} AS DOUBLE)" for edge in step.edges)
    return [f"({' + '.join(below)}) * {1.0 / len(step.edges)!r}"]


@_sql.register
def _(step: Clusters) -> list[str]:
    standard = []
    for name, mean, scale in zip(step.inputs, step.means, step.scales, strict=True):
        value = f"(CAST({named(name)} AS DOUBLE) - {literal(mean)}) * {1.0 / scale!r}"
        within = f"greatest(least({value}, {REACH}), {-REACH})"
        standard.append(f"CASE WHEN {named(name)} IS NULL THEN 0.0 ELSE {within} END")
    away = [
        "sqrt(" + " + ".join(f"pow({z} - {literal(c)}, 2)" for z, c in zip(standard, centre, strict=True)) + ")"
        for centre in step.centres
    ]
    nearest = f"least({', '.join(away)})"
    which = "CASE " + " ".join(f"WHEN {a} = {nearest} THEN '{i + 1}'" for i, a in enumerate(away)) + " END"
    names = [f.name for f in Clusters(step.group, step.inputs, step.centres).features()]
    told = dict(zip(names, [*away, which, nearest], strict=True))
    return [told[f.name] for f in step.features()]


def _level(column: str, beside: str = "") -> str:
    text = f"CAST({named(column)} AS VARCHAR)"
    return f"({text} || ' × ' || CAST({named(beside)} AS VARCHAR))" if beside else text


def _lookup(text: str, keys: Sequence[str], values: Sequence[float | None], default: float | None = None) -> str:
    if not keys:
        return f"CASE WHEN {text} IS NOT NULL THEN CAST({literal(default)} AS DOUBLE) END"
    told = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in zip(keys, values, strict=True))
    found = f"CAST(CASE {text} {told} ELSE {literal(default)} END AS DOUBLE)"
    return found if default is None else f"CASE WHEN {text} IS NOT NULL THEN {found} END"
