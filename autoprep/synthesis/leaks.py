"""What features would seem to be worth if time were not respected: the trap that an un-timed aggregate is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from autoprep.primitives import AGGREGATIONS
from autoprep.synthesis.answers import Asked, answer, value_of
from autoprep.synthesis.feature import Call, Column, Definition
from autoprep.synthesis.schema import Schema
from autoprep.types import Task

#: Aggregations that make no sense without a cutoff, and what stands for them.
TIMELESS = {"LAST": "MEAN", "TREND": "MEAN", "FIRST": "MEAN", "EWMA": "MEAN"}


#: What a synthesizer without time makes of outcomes, and how a model of them is tried: the share that is learnt from.
TRAPS, LEARNT = ("MEAN", "STD", "MAX", "MIN", "LAST"), 0.7


def traps(schema: Schema, table: str) -> list[Definition]:
    """Aggregates of a table's late columns over the rows that share a reference, its time columns included.

    A synthesizer that walks references without regard to time makes them: the weather of an hour has flights, so that a
    flight gets the mean delay of the flights of its own hour, itself among them.
    """
    spec = schema.table(table)
    late = [c for c in spec.late if spec.frame.schema[c].is_numeric() or spec.frame.schema[c] == pl.Boolean]
    keys = dict.fromkeys(tuple((c, c) for c in r.columns) for r in schema.references if r.child == table)
    bodies = [Call(primitive, (Column(table, c),)) for primitive in TRAPS for c in late]
    return [Definition(body, before=True, by=by) for by in keys for body in bodies]


def regardless_of_time(d: Definition) -> Definition:
    """The aggregate over all rows, whenever they were known."""
    assert isinstance(d.body, Call)
    body = replace(d.body, primitive=TIMELESS.get(d.body.primitive, d.body.primitive))
    return replace(d, body=body, before=False, over_us=None)


def _has_a_mean(d: Definition, schema: Schema) -> bool:
    """Whether an aggregate has an equal without time: of values that can be averaged, and without a cutoff in it."""
    assert isinstance(d.body, Call)
    if not d.body.arguments or "cutoff" in AGGREGATIONS[d.body.primitive].inputs:
        return False
    if d.body.primitive not in TIMELESS:
        return True
    frame = schema.table(d.source).frame.head(0)
    dtype = frame.select(value_of(d.body.arguments[0]).alias("v")).schema["v"]
    return dtype.is_numeric() or dtype == pl.Boolean


def leak_report(
    definitions: Sequence[Definition],
    schema: Schema,
    asked: Asked,
    y: np.ndarray,
    task: Task,
    made: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Score each numeric aggregate as of its cutoff, and computed over all rows regardless of time.

    A score is the area under the ROC curve of the feature alone (of the commonest class against the others where there
    are more than two), or the absolute rank correlation of a regression; direction does not matter. The first row
    judges a model: learnt from the aggregates over all rows of the earlier 70%, what it would report on the later
    rows, and what it would really say there, given what is known at their cutoffs.

    Args:
        definitions: of which those with a cutoff are judged. schema: the tables. asked: rows and cutoffs.
        y: (n,) class codes or values. made: the features as of the cutoff, as far as they are there already.

    Returns:
        ``feature``, ``in_time``, ``regardless``, ``gap``, ``sentence``; the largest gap first, after the model.
    """
    judged = [d for d in definitions if d.before and d.aggregates and _has_a_mean(d, schema)]
    plain = {str(d): regardless_of_time(d) for d in judged}
    each = list(dict.fromkeys(plain.values()))
    still = Schema({n: replace(t, static=True) for n, t in schema.tables.items()}, schema.references)
    wide = answer(each, still, Asked(asked.frame))
    then = {str(d): replace(d, before=True) for d in each}
    have = {} if made is None else {name: made[name] for name in made.columns}
    lacking = [d for d in (*judged, *then.values()) if str(d) not in have]
    lacking = list({str(d): d for d in lacking}.values())
    have |= {s.name: s for s in answer(lacking, schema, asked)} if lacking else {}
    rows = []
    for d in judged:
        left, right = have[str(d)], wide[str(plain[str(d)])]
        if not left.dtype.is_numeric() or not right.dtype.is_numeric():
            continue
        honest, trap = alone(left, y, task), alone(right, y, task)
        rows.append((str(d), honest, trap, trap - honest, _sentence(str(plain[str(d)]), honest, trap)))
    schema_out = {"feature": pl.String, "in_time": pl.Float64, "regardless": pl.Float64, "gap": pl.Float64}
    table = pl.DataFrame(rows, schema=schema_out | {"sentence": pl.String}, orient="row")
    table = table.sort("gap", descending=True, maintain_order=True)
    columns = [(wide[str(d)], have[str(then[str(d)])]) for d in each]
    told = _model(columns, asked.cutoff, y, task)
    return table if told is None else pl.concat([pl.DataFrame([told], schema=table.schema, orient="row"), table])


def _model(
    columns: Sequence[tuple[pl.Series, pl.Series]], cutoff: np.ndarray | None, y: np.ndarray, task: Task
) -> tuple[str, float, float, float, str] | None:
    """What a model of the aggregates over all rows would report on later rows, and do as of their cutoffs."""
    import lightgbm as lgb

    fit = [(a, b) for a, b in columns if a.dtype.is_numeric() and b.dtype.is_numeric()]
    if not fit or cutoff is None or y.size < 200:
        return None
    order = np.argsort(cutoff, kind="stable")
    early, later = np.split(order, [int(LEARNT * order.size)])
    goal = y if task == "regression" else (y == np.bincount(y.astype(np.int64)).argmax()).astype(float)
    wide, then = (
        np.column_stack([pair[side].cast(pl.Float64).fill_null(float("nan")).to_numpy() for pair in fit])
        for side in (0, 1)
    )
    settings = {
        "objective": "regression" if task == "regression" else "binary", "learning_rate": 0.1, "num_leaves": 31,
        "verbosity": -1, "seed": 0, "num_threads": 1, "deterministic": True, "force_row_wise": True, "max_bin": 127,
        "feature_fraction": 0.5,
    }  # fmt: skip
    model = lgb.train(settings, lgb.Dataset(wide[early], goal[early]), num_boost_round=100)
    said, really = (alone(pl.Series(np.asarray(model.predict(x[later]))), y[later], task) for x in (wide, then))
    sentence = f"A model of these {len(fit)} aggregates over all rows would report {said:.3f} on later rows; given "
    sentence += f"what is known at the cutoff, the same model scores {really:.3f}"
    return "(a model of all of them)", really, said, said - really, sentence


def _sentence(text: str, honest: float, trap: float) -> str:
    if trap - honest > 0.02:
        return f"{text}, computed over all rows, would score {trap:.3f}; as of the cutoff it scores {honest:.3f}"
    return f"{text}: {honest:.3f} as of the cutoff, {trap:.3f} over all rows"


def alone(x: pl.Series, y: np.ndarray, task: Task) -> float:
    """What one feature tells of a target: AUC in [0.5, 1], or |rank correlation| in [0, 1]; missing is the middle.

    Example:
        >>> alone(pl.Series([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1]), "binary")
        1.0
    """
    from scipy.stats import rankdata

    value = x.cast(pl.Float64).fill_nan(None)
    middle = value.median()
    known = value.fill_null(middle if isinstance(middle, float) else 0.0).to_numpy()
    ranks = rankdata(known)
    if task == "regression":
        other = rankdata(y)
        spread = ranks.std() * other.std()
        return 0.0 if spread == 0 else abs(float(np.mean((ranks - ranks.mean()) * (other - other.mean())) / spread))
    commonest = np.bincount(y.astype(np.int64)).argmax()
    inside = y == commonest
    a, b = int(inside.sum()), int((~inside).sum())
    if not a or not b:
        return 0.5
    auc = (ranks[inside].sum() - a * (a + 1) / 2) / (a * b)
    return float(max(auc, 1 - auc))
