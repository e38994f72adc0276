"""What features would seem to be worth if time were not respected: the trap that an un-timed aggregate is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.feature import Call, Definition
from autoprep.synthesis.schema import Schema
from autoprep.types import Task

#: Aggregations that make no sense without a cutoff, and what stands for them.
TIMELESS = {"LAST": "MEAN", "TREND": "MEAN", "FIRST": "MEAN", "EWMA": "MEAN"}


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
    are more than two), or the absolute rank correlation of a regression; direction does not matter.

    Args:
        definitions: of which those with a cutoff are judged. schema: the tables. asked: rows and cutoffs.
        y: (n,) class codes or values. made: the features as of the cutoff, when they are there already.

    Returns:
        ``feature``, ``in_time``, ``regardless``, ``gap``, ``sentence``; the largest gap first.
    """
    judged = [d for d in definitions if d.before and d.aggregates and isinstance(d.body, Call)]
    plain: dict[str, Definition] = {}
    for d in judged:
        assert isinstance(d.body, Call)
        if d.body.arguments:
            body = replace(d.body, primitive=TIMELESS.get(d.body.primitive, d.body.primitive))
            plain[str(d)] = replace(d, body=body, before=False, over_us=None)
    judged = [d for d in judged if str(d) in plain]
    still = Schema({n: replace(t, static=True) for n, t in schema.tables.items()}, schema.references)
    wide = answer(list(dict.fromkeys(plain.values())), still, Asked(asked.frame))
    here = made if made is not None else answer(judged, schema, asked)
    rows = []
    for d in judged:
        left, right = here[str(d)], wide[str(plain[str(d)])]
        if not left.dtype.is_numeric() or not right.dtype.is_numeric():
            continue
        honest, trap = alone(left, y, task), alone(right, y, task)
        rows.append((str(d), honest, trap, trap - honest, _sentence(str(plain[str(d)]), honest, trap)))
    schema_out = {"feature": pl.String, "in_time": pl.Float64, "regardless": pl.Float64, "gap": pl.Float64}
    table = pl.DataFrame(rows, schema=schema_out | {"sentence": pl.String}, orient="row")
    return table.sort("gap", descending=True, maintain_order=True)


def _sentence(text: str, honest: float, trap: float) -> str:
    if trap - honest > 0.02:
        return f"{text}, computed over all rows, would score {trap:.3f}; as of the cutoff it scores {honest:.3f}"
    return f"{text}: no more without time ({trap:.3f}) than as of the cutoff ({honest:.3f})"


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
