"""Which features a schema offers for a table: lookups, what was last, aggregates of children, siblings, history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

import polars as pl

from autoprep.primitives import AGGREGATIONS
from autoprep.primitives.own import OWN
from autoprep.synthesis.feature import Call, Column, Definition
from autoprep.synthesis.schema import Reference, Schema, TableSpec

DAY_US = 86_400_000_000
#: Aggregations by kind of column, the most telling first.
OF_NUMBERS = ("MEAN", "STD", "MAX", "LAST", "MIN", "SUM", "TREND")
OF_BOOLEANS = ("SHARE_TRUE", "NUM_TRUE", "LAST")
OF_CATEGORIES = ("LAST", "NUM_UNIQUE", "ENTROPY")
TIMELESS = {
    "number": ("MEAN", "STD", "MAX", "MIN", "SUM", "MEDIAN"),
    "boolean": ("SHARE_TRUE", "NUM_TRUE"),
    "category": ("MODE", "NUM_UNIQUE", "MODE_SHARE"),
}
#: A text column with more levels than this is no category.
LEVELS = 1_000

By = tuple[tuple[str, str], ...]


def offered(
    schema: Schema,
    table: str,
    *,
    timed: bool,
    windows_us: Sequence[int] = (DAY_US, 7 * DAY_US, 30 * DAY_US),
    depth: int = 2,
    most: int = 500,
) -> list[Definition]:
    """Features for the rows of a table, at most ``most``, taken in turn from every source.

    Args:
        schema: tables and references. table: whose rows are asked for. timed: whether a cutoff is given.
        windows_us: widths of windows beside all of the past. depth: references walked at most. most: how many.

    Returns:
        Definitions; none reads a column that is late for the row itself, and none without a cutoff reads a table that
        has a time.
    """
    target = schema.table(table)
    kinds: list[Iterator[Definition]] = []
    for reference in _known(schema, target):
        kinds += _parents(schema, target, reference, timed, depth)
    for reference in schema.references:
        if reference.parent == table and reference.child != table:
            kinds.append(_children(schema, reference, timed, windows_us, depth))
    if depth > 1:
        for reference in _known(schema, target):
            kinds += [_aggregates(*one, windows_us) for one in _siblings(schema, target, reference, timed)]
    if timed and target.as_of is not None:
        for entity in _entities(schema, target):
            kinds.append(_history(schema, target, entity, windows_us, depth))
    turn = chain.from_iterable(zip_longest(*kinds))
    found: dict[str, Definition] = {}
    for definition in turn:
        if definition is not None and len(found) < most:
            found.setdefault(str(definition), definition)
    return list(found.values())


def _from(schema: Schema, table: str) -> list[Reference]:
    return [r for r in schema.references if r.child == table]


def _known(schema: Schema, target: TableSpec) -> list[Reference]:
    """References of the rows that are asked for, but for those that are known only later."""
    return [r for r in _from(schema, target.name) if not {*target.late} & {*r.columns}]


def _kind(spec: TableSpec, column: str) -> str:
    """ "number", "boolean", "category", or "" for what is no value."""
    dtype = spec.frame.schema[column]
    if column in (*spec.key, *spec.ignore, spec.time, spec.known):
        return ""
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric():
        return "number"
    if dtype == pl.String and 2 <= spec.frame[column].n_unique() <= LEVELS:
        return "category"
    return ""


def _values(schema: Schema, spec: TableSpec) -> list[tuple[str, str]]:
    """Columns that say something, with their kind; those that only point at other tables aside."""
    points = {c for r in _from(schema, spec.name) for c in r.columns}
    return [(c, k) for c in spec.frame.columns if c not in points and (k := _kind(spec, c))]


def _pairs(reference: Reference) -> By:
    return tuple(zip(reference.columns, reference.key, strict=True))


def _parents(
    schema: Schema, target: TableSpec, reference: Reference, timed: bool, depth: int
) -> list[Iterator[Definition]]:
    parent = schema.table(reference.parent)
    pairs = _pairs(reference)
    if parent.as_of is None:
        found = [iter([Definition(Column(parent.name, c), by=pairs) for c, _ in _values(schema, parent)])]
        if depth > 1:
            for further in _from(schema, parent.name):
                beyond = schema.table(further.parent)
                if beyond.as_of is None and beyond.name != target.name:
                    values = _values(schema, beyond)
                    looked = [Definition(Column(beyond.name, c), by=pairs, via=(parent.name,)) for c, _ in values]
                    found.append(iter(looked))
        return found
    if not timed:
        return []
    entity = tuple((here, there) for here, there in pairs if there not in (parent.time, parent.known))
    if not entity:
        return []
    last = [
        Definition(Call("LAST", (Column(parent.name, c),)), before=True, by=entity) for c, _ in _values(schema, parent)
    ]
    return [iter(last)]


def _windows(windows_us: Sequence[int]) -> list[int | None]:
    return [None, *windows_us]


def _own(kind: str, timed: bool) -> list[str]:
    """Aggregations of the user's for one column of a kind."""
    mine = [AGGREGATIONS[name] for name in OWN]
    return [p.name for p in mine if p.inputs in ((kind,), ("any",)) and (timed or not p.timed)]


def _aggregates(
    schema: Schema, spec: TableSpec, by: By, via: tuple[str, ...], timed: bool, windows_us: Sequence[int]
) -> Iterator[Definition]:
    """Aggregates of a source's columns, the first primitive of every column before the second of any."""
    spans = _windows(windows_us) if timed else [None]
    of = (("of", spec.name),)
    for span in spans:
        yield Definition(Call("ROWS", (), of), over_us=span, before=timed, by=by, via=via)
    if timed:
        yield Definition(Call("DAYS_SINCE_LAST", (), of), before=True, by=by, via=via)
    values = _values(schema, spec)
    table = {"number": OF_NUMBERS, "boolean": OF_BOOLEANS, "category": OF_CATEGORIES} if timed else TIMELESS
    table = {kind: (*_own(kind, timed), *names) for kind, names in table.items()}
    for turn in range(max(len(t) for t in table.values())):
        for column, kind in values:
            if turn < len(table[kind]):
                primitive = table[kind][turn]
                for span in spans if primitive not in ("LAST", "TREND") else spans[:1]:
                    body = Call(primitive, (Column(spec.name, column),))
                    yield Definition(body, over_us=span, before=timed, by=by, via=via)


def _children(
    schema: Schema, reference: Reference, timed: bool, windows_us: Sequence[int], depth: int
) -> Iterator[Definition]:
    child = schema.table(reference.child)
    by = tuple((there, here) for here, there in _pairs(reference))
    if child.as_of is not None and not timed:
        return
    reads = timed and child.as_of is not None
    yield from _aggregates(schema, child, by, (), reads, windows_us)
    if depth < 2:
        return
    for further in _from(schema, child.name):
        beyond = schema.table(further.parent)
        if beyond.as_of is None and beyond.name != reference.parent:
            yield from _aggregates(schema, beyond, by, (child.name,), reads, ())
    for below in schema.references:
        if below.parent == child.name and below.child not in (child.name, reference.parent):
            grand = schema.table(below.child)
            if grand.as_of is None or timed:
                spans = () if reads else windows_us  # where the child has no time, its own rows are the events
                yield from _aggregates(schema, grand, by, (child.name,), reads or grand.as_of is not None, spans)


def _siblings(
    schema: Schema, target: TableSpec, reference: Reference, timed: bool
) -> Iterator[tuple[Schema, TableSpec, By, tuple[str, ...], bool]]:
    """What ``_aggregates`` takes for the other tables whose rows name the same parent, by the parent's key."""
    parent = schema.table(reference.parent)
    here = {key: column for column, key in _pairs(reference)}
    for other in schema.references:
        sibling = schema.table(other.child)
        if other.parent != parent.name or sibling.name in (target.name, parent.name) or set(other.key) != set(here):
            continue
        by = tuple((here[key], column) for column, key in _pairs(other) if key not in (parent.time, parent.known))
        if not by:
            continue
        known = sibling.as_of is not None
        if timed if known else sibling.static or not _follows_time(schema, other, target.name):
            yield schema, sibling, by, (), known


def _follows_time(schema: Schema, reference: Reference, target: str) -> bool:
    """Whether rows without a time of their own belong to rows that have one, or to the target's, by another reference.

    The items of an order name its customer too: without a time of theirs they would tell of orders yet to come.
    """
    seen, ahead = set(), [r for r in _from(schema, reference.child) if r != reference]
    while ahead:
        parent = schema.table(ahead.pop().parent)
        if parent.as_of is not None or parent.name == target:
            return True
        if parent.name not in seen:
            seen.add(parent.name)
            ahead += _from(schema, parent.name)
    return False


def _entities(schema: Schema, target: TableSpec) -> list[tuple[str, ...]]:
    """What a row shares with earlier rows: each foreign key, its time columns aside, and each column of it alone."""
    found: dict[tuple[str, ...], None] = {}
    for reference in _known(schema, target):
        parent = schema.table(reference.parent)
        columns = tuple(
            here for here, there in _pairs(reference)
            if there not in (parent.time, parent.known) and here not in (target.time, target.known)
        )  # fmt: skip
        if columns:
            found.setdefault(columns)
    return list(found)


def _history(
    schema: Schema, target: TableSpec, entity: tuple[str, ...], windows_us: Sequence[int], depth: int
) -> Iterator[Definition]:
    """Aggregates of the table's own earlier rows; what is late for a row is known of the rows before it."""
    by = tuple((c, c) for c in entity)
    late = [c for c, k in _values(schema, target) if c in target.late and k]
    yield Definition(Call("ROWS", (), (("of", target.name),)), before=True, by=by)
    yield Definition(Call("DAYS_SINCE_LAST", (), (("of", target.name),)), before=True, by=by)
    every = [c for c, k in _values(schema, target) if c in late and k in ("number", "boolean")]
    other = [c for c, k in _values(schema, target) if c not in late and k == "number"]
    for primitive in ("MEAN", "LAST", "STD", "MAX"):
        for column in every:
            body = Call(primitive, (Column(target.name, column),))
            for span in _windows(windows_us) if primitive != "LAST" else [None]:
                yield Definition(body, over_us=span, before=True, by=by)
    for span in windows_us:
        yield Definition(Call("ROWS", (), (("of", target.name),)), over_us=span, before=True, by=by)
    for primitive in ("MEAN", "STD"):
        for column in other:
            yield Definition(Call(primitive, (Column(target.name, column),)), before=True, by=by)
