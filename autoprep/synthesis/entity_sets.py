"""featuretools both ways: an EntitySet becomes tables with a schema, definitions become its features.

The only module that imports featuretools, an extra: ``pip install 'autoprep[featuretools]'``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from autoprep.errors import SettingError
from autoprep.primitives import AGGREGATIONS, TRANSFORMS
from autoprep.primitives.equals import pairs
from autoprep.synthesis.feature import Call, Column, Condition, Definition, span_text
from autoprep.synthesis.schema import Reference, Schema, TableSpec

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True)
class ForFeaturetools:
    """Definitions as featuretools has them.

    Attributes:
        features: training window (None for all of the past, "30 days", ...) -> definition -> featuretools' feature.
            A window is no part of a feature there: compute each group by
            ``featuretools.calculate_feature_matrix(list(group.values()), entity_set, cutoff_time=...,
            training_window=window, include_cutoff_time=False)``.
        times: definition -> factor from its unit to ours, where it is not 1.
        differs: definition -> where the values are not the same, by design.
        without: definition -> why featuretools has no equal.
    """

    features: Mapping[str | None, Mapping[str, Any]] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)


def is_entity_set(source: Any) -> bool:
    """Whether a source is featuretools' EntitySet; featuretools is not imported to find out."""
    return type(source).__name__ == "EntitySet" and type(source).__module__.startswith("featuretools")


def tables_of(entity_set: Any) -> dict[str, pl.DataFrame]:
    """The frames of an EntitySet in Polars: name -> rows; a point becomes two columns, ``_lat`` and ``_lon``."""
    frames = {}
    for frame in entity_set.dataframes:
        plain = frame.copy()
        for column, logical in frame.ww.logical_types.items():
            if str(logical) == "LatLong":
                points = plain.pop(column).tolist()
                known = [p if isinstance(p, tuple | list) else (None, None) for p in points]
                plain[f"{column}_lat"], plain[f"{column}_lon"] = [p[0] for p in known], [p[1] for p in known]
            elif str(plain[column].dtype) == "category":
                plain[column] = plain[column].astype(object)
        frames[str(frame.ww.name)] = pl.from_pandas(plain, include_index=False, nan_to_null=True)
    return frames


def schema_of(entity_set: Any) -> Schema:
    """The schema of an EntitySet: indexes are keys, time indexes times, relationships references.

    A secondary time index becomes the known-at time of its table and its columns late ones.
    """
    frames = tables_of(entity_set)
    tables = {}
    for frame in entity_set.dataframes:
        name = str(frame.ww.name)
        second = dict(frame.ww.metadata.get("secondary_time_index") or {})
        known = next(iter(second), None)
        late = tuple(c for c in second.get(known, ()) if c != known)
        why = "from the EntitySet"
        tables[name] = TableSpec(
            name, frames[name], (str(frame.ww.index),), frame.ww.time_index, known, late=late, why=why
        )
    references = tuple(
        Reference(r.child_name, (r._child_column_name,), r.parent_name, (r._parent_column_name,), "from the EntitySet")
        for r in entity_set.relationships
    )
    return Schema(tables, references)


def to_featuretools(definitions: Sequence[Definition], entity_set: Any, table: str) -> ForFeaturetools:
    """Definitions as featuretools' features, where it has equals.

    Args:
        definitions: of features of ``table``. entity_set: with the same tables, columns and keys.

    Raises:
        SettingError: featuretools is not installed, or the EntitySet has no such table.
    """
    try:
        import featuretools
    except ImportError:
        raise SettingError(
            "featuretools is not installed", hint="pip install 'autoprep[featuretools]' (it needs pandas below 3)"
        ) from None
    if table not in entity_set.dataframe_dict:
        raise SettingError(f"the EntitySet has no table '{table}'")
    made = _Translator(featuretools, entity_set, table)
    features: dict[str | None, dict[str, Any]] = {}
    without: dict[str, str] = {}
    times: dict[str, float] = {}
    differs: dict[str, str] = {}
    for d in definitions:
        try:
            feature = made.feature(d)
        except _NoEqual as reason:
            without[str(d)] = str(reason)
            continue
        except AssertionError as reason:  # featuretools' own check of logical types
            without[str(d)] = f"featuretools refuses it: {str(reason).splitlines()[0]}"
            continue
        window = None if d.over_us is None else _window(d.over_us)
        features.setdefault(window, {})[str(d)] = feature
        theirs = _equal_of(d.body)
        if theirs is not None:
            how = pairs()[theirs][1]
            if how.times != 1.0:
                times[str(d)] = how.times
            if how.differs:
                differs[str(d)] = how.differs
    return ForFeaturetools(features, times, differs, without)


class _NoEqual(Exception):
    """Why a definition cannot be said in featuretools."""


def _window(width_us: int) -> str:
    said = span_text(width_us)
    unit = said.lstrip("0123456789")
    return f"{said.removesuffix(unit)} {_UNITS.get(unit, unit)}"


def _equal_of(body: Column | Call) -> str | None:
    if isinstance(body, Column):
        return None
    catalogue: Mapping[str, Any] = AGGREGATIONS if body.primitive in AGGREGATIONS else TRANSFORMS
    return next(iter(catalogue[body.primitive].equals), None)


class _Translator:
    def __init__(self, featuretools: Any, entity_set: Any, table: str) -> None:
        self.ft, self.es, self.table = featuretools, entity_set, table

    def feature(self, d: Definition) -> Any:
        walk = [*d.via, d.source]
        for name in walk:
            if name not in self.es.dataframe_dict:
                raise _NoEqual(f"the EntitySet has no table '{name}'")
        if len(d.by) != 1:
            raise _NoEqual("featuretools knows keys of one column only")
        if d.aggregates:
            return self.aggregate(d, walk)
        path, here = [], self.table
        for name in walk:
            path.append(self.up(here, name))
            here = name
        if path and path[0]._child_column_name != d.by[0][0]:
            raise _NoEqual(f"no relationship of the EntitySet goes from '{d.by[0][0]}'")
        made = self.value(d.body, walk[-1])
        for relation in reversed(path):
            made = self.ft.DirectFeature(made, relation.child_name, relationship=relation)
        return made

    def up(self, child: str, parent: str) -> Any:
        for relation in self.es.relationships:
            if relation.child_name == child and relation.parent_name == parent:
                return relation
        raise _NoEqual(f"no relationship of the EntitySet leads from '{child}' to '{parent}'")

    def aggregate(self, d: Definition, walk: list[str]) -> Any:
        from featuretools.entityset.relationship import RelationshipPath

        down: list[Any] = []
        ups: list[Any] = []
        here, deepest = self.table, walk[0]
        for name in walk:
            parents = [r for r in self.es.relationships if r.child_name == name and r.parent_name == here]
            if parents and not ups:
                down.append(parents[0])
                deepest = name
            elif ups or down:
                ups.append(self.up(here, name))
            else:
                whose = "of the table itself" if walk[0] == self.table else "of rows that share a parent"
                raise _NoEqual(f"a history {whose}: featuretools aggregates children only")
            here = name
        if down[0]._child_column_name != d.by[0][1] or down[0]._parent_column_name != d.by[0][0]:
            raise _NoEqual(f"no relationship of the EntitySet pairs '{d.by[0][0]}' with '{d.by[0][1]}'")
        assert isinstance(d.body, Call)
        primitive, theirs = self.primitive(d.body)
        bases = [self.lifted(a, walk[-1], ups, deepest) for a in d.body.arguments]
        if theirs == "count":
            bases = [self.column(deepest, self.es[deepest].ww.index)]
        wanted = [kind for kind in AGGREGATIONS[d.body.primitive].inputs if kind != "cutoff"]
        if len(d.body.arguments) < len(wanted):
            moment = self.column(deepest, self.es[deepest].ww.time_index)
            bases = [*bases, moment] if theirs == "trend" else [moment, *bases]
        where = None
        for condition in d.where:
            one = self.condition(condition, deepest)
            where = one if where is None else self.ft.TransformFeature(
                [where, one], primitive=self.ft.primitives.And
            )  # fmt: skip
        path = RelationshipPath([(False, relation) for relation in down])
        made = self.ft.AggregationFeature(
            bases, self.table, primitive, relationship_path=path, where=where
        )  # fmt: skip
        if made.number_output_features == 1:
            return made
        rank = {**AGGREGATIONS[d.body.primitive].parameters, **dict(d.body.parameters)}["rank"]
        return made[int(rank) - 1]

    def lifted(self, body: Column | Call, source: str, ups: list[Any], deepest: str) -> Any:
        made = self.value(body, source)
        for relation in reversed(ups):
            made = self.ft.DirectFeature(made, relation.child_name, relationship=relation)
        return made

    def column(self, table: str, name: str | None) -> Any:
        if name is None:
            raise _NoEqual(f"table '{table}' has no time index")
        if name not in self.es[table].columns:
            raise _NoEqual(f"table '{table}' of the EntitySet has no column '{name}'")
        return self.ft.Feature(self.es[table].ww[name])

    def value(self, body: Column | Call, table: str) -> Any:
        if isinstance(body, Column):
            return self.column(table, body.name)
        primitive, _ = self.primitive(body)
        bases = [self.value(a, table) for a in body.arguments]
        if pairs()[_equal_of(body) or ""][1].swapped:
            bases.reverse()
        return self.ft.TransformFeature(bases, primitive=primitive)

    def primitive(self, body: Call) -> tuple[Any, str]:
        theirs = _equal_of(body)
        if theirs is None:
            raise _NoEqual(f"featuretools has no equal of {body.primitive}")
        how = pairs()[theirs][1]
        catalogue: Mapping[str, Any] = AGGREGATIONS if body.primitive in AGGREGATIONS else TRANSFORMS
        given = {**catalogue[body.primitive].parameters, **{k: v for k, v in body.parameters if k != "of"}}
        said = dict(how.fixed)
        for ours, value in given.items():
            if ours in how.parameters:
                said[how.parameters[ours]] = list(value) if isinstance(value, tuple) else value
            elif how.ours.get(ours, catalogue[body.primitive].parameters.get(ours)) != value:
                raise _NoEqual(f"featuretools' {theirs} has no parameter for {ours}")
        if "n" in said and "rank" in how.parameters:
            said["n"] = max(2, said["n"])  # pandas refuses a list of one
        known = {**self.ft.primitives.get_aggregation_primitives(), **self.ft.primitives.get_transform_primitives()}
        return known[theirs](**said), theirs

    def condition(self, condition: Condition, table: str) -> Any:
        base = self.column(table, condition.column.name)
        primitives, value = self.ft.primitives, condition.value
        kinds = {
            "=": primitives.EqualScalar, "<>": primitives.NotEqualScalar, "<": primitives.LessThanScalar,
            "<=": primitives.LessThanEqualToScalar, ">": primitives.GreaterThanScalar,
            ">=": primitives.GreaterThanEqualToScalar,
        }  # fmt: skip
        if condition.operator == "IN":
            return self.ft.TransformFeature(base, primitive=primitives.IsIn(list_of_outputs=list(value)))
        if condition.operator in ("IS NULL", "IS NOT NULL"):
            empty = self.ft.TransformFeature(base, primitive=primitives.IsNull)
            return (
                empty if condition.operator == "IS NULL" else self.ft.TransformFeature(empty, primitive=primitives.Not)
            )
        return self.ft.TransformFeature(base, primitive=kinds[condition.operator](value))
