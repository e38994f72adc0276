"""Definitions as a plain Python script that needs Polars alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from autoprep.primitives import AGGREGATIONS, TRANSFORMS
from autoprep.synthesis.export.recorded import Said, said, written
from autoprep.synthesis.export.written import Group, NotSaid, Written, grouped
from autoprep.synthesis.feature import Call, Column, Condition, Definition
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.tables import cutoff_parts

HEAD = '''"""Features of the rows of {table}: written by autoprep; needs Polars alone."""

import datetime  # noqa: F401

import polars as pl


def moment(name):
    """A date or moment without its zone, in microseconds."""
    return pl.col(name).cast(pl.Datetime("us"))


def features(tables, rows):
    """One column per feature, in the order of the rows.

    tables: name -> pl.DataFrame, with the tables as they are known now. rows: pl.DataFrame, rows of {table}.
    """
    asked = rows.with_row_index("__row").with_columns({cutoff}.alias("__cutoff"))
    out = asked.select("__row")
'''
FOOT = "    return out.select(\n{names}    )\n"


def polars_code(definitions: Sequence[Definition], schema: Schema, table: str, cutoff: str | None = None) -> Written:
    """A script whose ``features(tables, rows)`` gives a column per feature.

    Args:
        definitions: of the table's features. cutoff: as of the synthesizer.
    """
    moment = 'pl.lit(None, dtype=pl.Datetime("us"))'
    if cutoff is not None:
        column, width = cutoff_parts(cutoff, schema.table(table).frame.columns)
        moment = f"(moment({column!r}) - pl.duration(microseconds={width}))" if width else f"moment({column!r})"
    lines = [HEAD.format(table=table, cutoff=moment)]
    without: dict[str, str] = {}
    names: dict[str, str] = {}
    for group in grouped(definitions, schema):
        lines += _group(group, names, without)
    listed = "".join(f"        pl.col({names[str(d)]!r}).alias({str(d)!r}),\n" for d in definitions if str(d) in names)
    return Written("\n".join(lines) + "\n" + FOOT.format(names=listed), without)


def _group(group: Group, names: dict[str, str], without: dict[str, str]) -> list[str]:
    like = group.like
    ties = [f"__tie{i}" for i in range(len(like.by))]
    columns = []
    for d in group.members:
        try:
            text, empty = _column(d)
        except NotSaid as reason:
            without[str(d)] = str(reason)
            continue
        names[str(d)] = f"f{len(names)}"
        columns.append((names[str(d)], text, empty))
    if not columns:
        return []
    told = [f"pl.col({there!r}).alias({t!r})" for (_, there), t in zip(like.by, ties, strict=True)]
    timed = group.timed
    if timed is not None:
        told.append(f'moment({timed!r}).alias("__when")')
    lines = [f"    source = tables[{group.first!r}].with_columns({', '.join(told)})"]
    for hop in group.hops:
        keep = [*ties, *(["__when"] if timed is not None and hop.timed is None else [])]
        here = [f"__here{i}" for i in range(len(hop.here))]
        carried = ", ".join(
            [*(repr(k) for k in keep), *(f"pl.col({a!r}).alias({b!r})" for a, b in zip(hop.here, here, strict=True))]
        )
        other = f"tables[{hop.table!r}]"
        if hop.timed is not None:
            other += f'.with_columns(moment({hop.timed!r}).alias("__when"))'
            timed = hop.timed
        there = list(hop.there)
        if hop.up:
            spare = [f"__there{i}" for i in range(len(there))]
            keys = ", ".join(f"pl.col({a!r}).alias({b!r})" for a, b in zip(there, spare, strict=True))
            lines.append(f"    source = source.select({carried}).join({other}.with_columns({keys}), left_on={here!r}, "
                         f'right_on={spare!r}, how="left", maintain_order="left")')  # fmt: skip
        else:
            lines.append(f"    source = {other}.join(source.select({carried}), left_on={there!r}, right_on={here!r}, "
                         'how="inner", maintain_order="left")')  # fmt: skip
    if like.where:
        lines.append(f"    source = source.filter({' & '.join(_condition(c) for c in like.where)})")
    if not like.aggregates:
        wanted = ", ".join(f"{text}.alias({n!r})" for n, text, _ in columns)
        lines.append(f"    found = source.select({', '.join(repr(t) for t in ties)}, {wanted}).unique({ties!r}, "
                     'keep="first", maintain_order=True)')  # fmt: skip
    else:
        if like.before:
            lines.append(
                '    source = source.filter(pl.col("__when").is_not_null()).sort("__when", maintain_order=True)'
            )
        wanted = ", ".join(f"{text}.alias({n!r})" for n, text, _ in columns)
    here = [a for a, _ in like.by]
    keys = ", ".join(f"pl.col({a!r}).alias({t!r})" for a, t in zip(here, ties, strict=True))
    lines.append(f'    pairs = asked.select("__row", "__cutoff", {keys})')
    if not like.aggregates:
        lines.append(
            f'    found = pairs.join(found, on={ties!r}, how="inner").drop("__cutoff", {", ".join(map(repr, ties))})'
        )
    else:
        lines.append(f'    pairs = pairs.join(source, on={ties!r}, how="inner", maintain_order="left_right")')
        if like.before:
            bound = 'pl.col("__when") < pl.col("__cutoff")'
            if like.over_us is not None:
                bound = (
                    f'({bound}) & (pl.col("__when") >= pl.col("__cutoff") - pl.duration(microseconds={like.over_us}))'
                )
            lines.append(f"    pairs = pairs.filter({bound})")
        lines.append(f'    found = pairs.group_by("__row").agg({wanted})')
    lines.append('    out = out.join(found, on="__row", how="left", maintain_order="left")')
    filled = [f"pl.col({n!r}).fill_null({e:g})" for n, _, e in columns if e is not None]
    if filled:
        lines.append(f"    out = out.with_columns({', '.join(filled)})")
    return lines


def _column(d: Definition) -> tuple[str, float | None]:
    if not d.aggregates:
        return _value(d.body).text, None
    assert isinstance(d.body, Call)
    primitive = AGGREGATIONS[d.body.primitive]
    given = iter(d.body.arguments)
    short = len(d.body.arguments) < sum(k != "cutoff" for k in primitive.inputs)
    inputs = []
    for kind in primitive.inputs:
        if kind == "cutoff":
            inputs.append(Said('pl.col("__cutoff")'))
        elif kind == "time" and short:
            inputs.append(Said('pl.col("__when")'))
        else:
            inputs.append(_value(next(given)))
    told: dict[str, Any] = {**primitive.parameters, **{k: v for k, v in d.body.parameters if k != "of"}}
    text = written(primitive.expression, inputs, told)
    if not isinstance(text, str):
        raise NotSaid(f"{d.body.primitive} is not made of Polars alone")
    return text, primitive.empty


def _value(body: Column | Call) -> Said:
    if isinstance(body, Column):
        return Said(f"pl.col({body.name!r})")
    primitive = TRANSFORMS[body.primitive]
    text = written(
        primitive.expression, [_value(a) for a in body.arguments], {**primitive.parameters, **dict(body.parameters)}
    )
    if not isinstance(text, str):
        raise NotSaid(f"{body.primitive} is not made of Polars alone")
    return Said(text)


def _condition(c: Condition) -> str:
    first = c.value[0] if c.operator == "IN" else c.value
    column = f"moment({c.column.name!r})" if isinstance(first, datetime) else f"pl.col({c.column.name!r})"
    if c.operator in ("IS NULL", "IS NOT NULL"):
        return f"{column}.{'is_null' if c.operator == 'IS NULL' else 'is_not_null'}()"
    if c.operator == "IN":
        return f"{column}.is_in({said(list(c.value))}).fill_null(False)"
    sign = {"=": "==", "<>": "!="}.get(c.operator, c.operator)
    return f"({column} {sign} {said(c.value)}).fill_null(False)"
