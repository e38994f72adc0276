"""Features that are asked for by their line: each is read, checked against the columns, and learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import polars as pl

from autoprep.errors import InputError, SettingError, did_you_mean, plural
from autoprep.primitives import AGGREGATIONS, LEARNT, TRANSFORMS
from autoprep.synthesis.answers import value_of
from autoprep.synthesis.clusters import Clusters
from autoprep.synthesis.combined import CombinedMean
from autoprep.synthesis.encodings import Array, Frequency, TargetMean
from autoprep.synthesis.feature import Call, Column, Definition, parse
from autoprep.synthesis.likeness import TextLikeness
from autoprep.synthesis.relative import GroupRank, Relative, share_of
from autoprep.synthesis.steps import Keep, Levels, MissingCount, MissingPattern, Seconds, Step, step
from autoprep.synthesis.text_targets import TextTarget
from autoprep.synthesis.texts import TextDirections
from autoprep.types import Feature

GROUP = "asked"
#: Which types of columns are of a kind.
KINDS: Mapping[str, Callable[[pl.DataType], bool]] = {
    "number": lambda dtype: dtype.is_numeric() or dtype == pl.Boolean,
    "boolean": lambda dtype: dtype == pl.Boolean,
    "time": lambda dtype: dtype.is_temporal(),
    "text": lambda dtype: dtype in (pl.String, pl.Categorical, pl.Enum),
    "category": lambda dtype: not dtype.is_float() and not dtype.is_temporal(),
    "any": lambda dtype: True,
}


@step
@dataclass(frozen=True)
class Asked(Step):
    """Transforms of columns, one in another as deep as it was asked for."""

    kind: ClassVar[str] = "asked"
    definition: str = ""

    def features(self) -> tuple[Feature, ...]:
        body = parse(self.definition).body
        assert isinstance(body, Call)
        inputs = tuple(dict.fromkeys(c.name for c in body.columns()))
        return (Feature(self.definition, self.definition, inputs, TRANSFORMS[body.primitive].output),)

    def expressions(self) -> list[pl.Expr]:
        body = parse(self.definition).body
        assert isinstance(body, Call)
        output = TRANSFORMS[body.primitive].output
        dtype = {"boolean": pl.Boolean(), "category": pl.String()}.get(output, pl.Float64())
        return [value_of(body).cast(dtype).alias(self.definition)]


@dataclass(frozen=True)
class Lesson:
    """What a learnt primitive may learn from.

    Attributes:
        frame: training rows. goals: (n, c) columns to predict, None without target. labels: one per goal.
        names: columns that were named. parameters: that were given, over the defaults. seed: of samples.
    """

    frame: pl.DataFrame
    goals: Array | None
    labels: Sequence[str | None]
    names: tuple[str, ...]
    parameters: Mapping[str, Any]
    seed: int


def step_of(
    text: str, frame: pl.DataFrame, goals: Array | None = None, labels: Sequence[str | None] = (), seed: int = 0
) -> Step:
    """The step that makes one feature of a table's own columns.

    Args:
        text: its line. frame: training rows. goals: (n, c) columns to predict, for what learns from the target.
        labels: of ``goals``.

    Raises:
        SettingError: the line cannot be read, or names what is not there. InputError: there is too little to learn.

    Example:
        >>> frame = pl.DataFrame({"price": [1.0, 3.0, 8.0], "city": ["a", "a", "b"]})
        >>> made = step_of("GROUP_DIFFERENCE(price, city)", frame)
        >>> frame.select(made.expressions()).to_series().to_list()
        [-1.0, 1.0, 0.0]
    """
    definition = parse(text)
    _of_a_row(definition, str(definition))
    said = line_of(text)
    for column in definition.columns():
        if column.table or column.name not in frame.columns:
            raise SettingError(
                f"no column '{column.name}'", where=f"feature '{said}'", hint=did_you_mean(column.name, frame.columns)
            )
    body = definition.body
    for one in _calls(body):
        _of_their_kinds(one, frame.schema, said)
    if isinstance(body, Column):
        dtype = frame.schema[body.name]
        kind = "boolean" if dtype == pl.Boolean else "number" if dtype.is_numeric() else "category"
        return Keep(GROUP, body.name, kind)
    if body.primitive in TRANSFORMS:
        return _tried(Asked(GROUP, said), frame, said)
    made = _learnt(body, said, frame, goals, labels, seed)
    if not [f for f in made.features() if f.definition == said]:
        raise SettingError(f"cannot be learnt as it is written: '{said}'", hint=_nearest(made))
    return _tried(made, frame, said)


def line_of(text: str) -> str:
    """The line of a feature as its step writes it: a learnt primitive with all its parameters.

    Example:
        >>> line_of("TEXT_LIKENESS(title,body)")
        "TEXT_LIKENESS(title, body, of='words')"
    """
    definition = parse(text)
    body = definition.body
    if isinstance(body, Call) and body.primitive in LEARNT:
        given = dict(body.parameters)
        told = {k: given.get(k, v) for k, v in LEARNT[body.primitive].parameters.items()}
        told |= {k: v for k, v in given.items() if k not in told}
        kept = tuple((k, v) for k, v in told.items() if v is not None)
        definition = replace(definition, body=replace(body, parameters=kept))
    return str(definition)


def _nearest(made: Step) -> str:
    told = [f.definition for f in made.features()]
    return f"it would be {', '.join(told[:3])}" if told else "there is too little to learn from"


def _of_a_row(definition: Definition, said: str) -> None:
    other = definition.where or definition.by or definition.via or definition.before or definition.over_us is not None
    body = definition.body
    calls = _calls(body)
    if other or any(c.primitive in AGGREGATIONS for c in calls):
        raise SettingError(
            "reads other rows, which a table alone has not", where=f"feature '{said}'",
            hint="features of other rows are made of a folder of tables (--table), or learnt (GROUP_MEAN, TARGET_MEAN)",
        )  # fmt: skip
    for one in calls:
        if one.primitive in TRANSFORMS and TRANSFORMS[one.primitive].order == "time":
            raise SettingError(
                f"{one.primitive} reads the rows before the row, whose order one table does not say",
                where=f"feature '{said}'",
                hint="aggregate it over a table with a time: LAST(CHANGE(orders.amount)) BEFORE cutoff BY customer",
            )
        if one.primitive in LEARNT and one is not body:
            raise SettingError(f"{one.primitive} is learnt, and stands only outermost", where=f"feature '{said}'")
        _fits(one, said)


def _fits(one: Call, said: str) -> None:
    entry: Any = LEARNT[one.primitive] if one.primitive in LEARNT else TRANSFORMS[one.primitive]
    wanted, given = len(entry.inputs), len(one.arguments)
    many = getattr(entry, "many", False)
    crossed = one.primitive in ("TARGET_MEAN", "FREQUENCY")
    if given < wanted or (given > wanted and not many):
        raise SettingError(
            f"{one.primitive} takes {plural(wanted, 'input')}, not {given}", where=f"feature '{said}'",
            hint=f"{one.primitive}({', '.join(entry.inputs)})",
        )  # fmt: skip
    for name, _ in one.parameters:
        if name not in entry.parameters:
            raise SettingError(
                f"{one.primitive} has no parameter '{name}'", where=f"feature '{said}'",
                hint=did_you_mean(name, entry.parameters) or f"known: {', '.join(entry.parameters) or 'none'}",
            )  # fmt: skip
    if one.primitive in LEARNT:
        for argument in one.arguments:
            if isinstance(argument, Call) and not (crossed and argument.primitive == "CROSS"):
                raise SettingError(f"{one.primitive} takes columns", where=f"feature '{said}'")


def _of_their_kinds(one: Call, schema: pl.Schema, said: str) -> None:
    entry: Any = LEARNT[one.primitive] if one.primitive in LEARNT else TRANSFORMS[one.primitive]
    kinds = [*entry.inputs, *[entry.inputs[-1]] * (len(one.arguments) - len(entry.inputs))]
    for kind, argument in zip(kinds, one.arguments, strict=True):
        if isinstance(argument, Column) and not KINDS[kind](schema[argument.name]):
            raise SettingError(
                f"{one.primitive} takes a {kind}, and '{argument.name}' is {schema[argument.name]}",
                where=f"feature '{said}'",
            )


def _calls(body: Column | Call) -> list[Call]:
    if isinstance(body, Column):
        return []
    return [body, *(c for a in body.arguments for c in _calls(a))]


def _tried(made: Step, frame: pl.DataFrame, said: str) -> Step:
    """The step, once it has been run on a row: a wrong kind of column is told now."""
    try:
        head = frame.head(1)
        head.select(made.expressions()) if made.expressions() else made.columns(head)
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()[0]
        raise SettingError(f"cannot be made of these columns ({reason})", where=f"feature '{said}'") from None
    return made


def _learnt(
    body: Call, said: str, frame: pl.DataFrame, goals: Array | None, labels: Sequence[str | None], seed: int
) -> Step:
    entry = LEARNT[body.primitive]
    if entry.target and goals is None:
        raise InputError(f"{body.primitive} learns from a target, and none is given", where=f"feature '{said}'")
    names = tuple(c.name for c in body.columns())
    parameters = {**entry.parameters, **dict(body.parameters)}
    made = LESSONS[body.primitive](Lesson(frame, goals, labels, names, parameters, seed), said)
    if made is None:
        little = "its values say nothing about the target" if entry.target else "there is too little to learn from"
        raise InputError(little, where=f"feature '{said}'")
    return made


def _target_mean(of: Lesson, said: str) -> Step | None:
    assert of.goals is not None
    column, beside = of.names[0], of.names[1] if len(of.names) > 1 else ""
    found = TargetMean.learn(of.frame, column, of.goals, of.labels, beside, GROUP)
    labelled = [s for s in found if s.features()[0].definition == said]
    return labelled[0] if labelled else found[0] if found else None


def _combined_mean(of: Lesson, said: str) -> Step | None:
    assert of.goals is not None
    found = CombinedMean.learn(of.frame, of.names, of.goals, of.labels, GROUP)
    labelled = [s for s in found if s.features()[0].definition == said]
    return labelled[0] if labelled else found[0] if found else None


def _relative(form: str) -> Callable[[Lesson, str], Step | None]:
    def learn(of: Lesson, said: str) -> Step | None:
        made = Relative.learn(of.frame, of.names[0], of.names[1], GROUP)
        return next(s for s in made if s.form == form)

    return learn


def _clusters(of: Lesson, said: str) -> Step | None:
    return Clusters.learn(of.frame, of.names, int(of.parameters["of"]), of.seed, GROUP, (said,))


def _directions(of: Lesson, said: str) -> Step | None:
    found = TextDirections.learn(of.frame, of.names[0], _analyzer(of), seed=of.seed)
    return None if found is None else found.only(int(of.parameters["part"]))


def _text_target(of: Lesson, said: str) -> Step | None:
    assert of.goals is not None
    wanted = [i for i, label in enumerate(of.labels) if label == of.parameters["label"]] or [0]
    return TextTarget.learn_target(
        of.frame, of.names[0], _analyzer(of), of.goals[:, wanted], [of.labels[i] for i in wanted], seed=of.seed,
        group=GROUP, least=float("-inf"), positions=wanted,
    )  # fmt: skip


def _analyzer(of: Lesson) -> str:
    if of.parameters["of"] not in ("words", "trigrams"):
        raise SettingError(f"texts are not taken apart into '{of.parameters['of']}'", hint="known: words, trigrams")
    return str(of.parameters["of"])


def _top_levels(of: Lesson, said: str) -> Step | None:
    counts = of.frame.select(pl.col(of.names[0]).cast(pl.String).alias("v")).drop_nulls().to_series().value_counts()
    top = counts.sort(["count", "v"], descending=[True, False])["v"].head(int(of.parameters["n"]))
    return Levels(GROUP, of.names[0], tuple(sorted(top.to_list())), said)


LESSONS: Mapping[str, Callable[[Lesson, str], Step | None]] = {
    "FREQUENCY": lambda of, said: Frequency.learn(of.frame, of.names[0], "".join(of.names[1:]), GROUP),
    "TARGET_MEAN": _target_mean,
    "COMBINED_MEAN": _combined_mean,
    "GROUP_MEAN": _relative("MEAN"),
    "GROUP_DIFFERENCE": _relative("DIFFERENCE"),
    "GROUP_Z_SCORE": _relative("Z_SCORE"),
    "GROUP_SHARE": lambda of, said: share_of(of.frame, of.names[0], of.names[1], GROUP),
    "GROUP_RANK": lambda of, said: GroupRank.learn(of.frame, of.names[0], of.names[1], GROUP),
    "CLUSTER_DISTANCE": _clusters,
    "NEAREST_CLUSTER": _clusters,
    "NEAREST_CLUSTER_DISTANCE": _clusters,
    "TEXT_DIRECTION": _directions,
    "TEXT_TARGET": _text_target,
    "TEXT_LIKENESS": lambda of, said: TextLikeness.learn(
        of.frame, of.names[0], of.names[1], _analyzer(of), seed=of.seed, group=GROUP
    ),
    "TOP_LEVELS": _top_levels,
    "MISSING_COUNT": lambda of, said: MissingCount(GROUP, of.names, said),
    "MISSING_PATTERN": lambda of, said: MissingPattern.learn(of.frame, of.names, group=GROUP),
    "SECONDS": lambda of, said: Seconds(GROUP, of.names[0]),
}
