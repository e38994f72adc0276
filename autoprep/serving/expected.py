"""What training's own rows meet in the contract and are predicted: what new rows are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from autoprep.serving.predictor import Scorer

#: Rows of training, evenly spread, whose contract events are counted, and whose predictions are kept.
EVENT_ROWS, PREDICTED_ROWS = 20_000, 2_000
#: Cells of these rows at most, but not fewer rows than are predicted.
EVENT_CELLS = 1_500_000
DIGITS = 6


def expected(scorer: Scorer, raw: pl.DataFrame, judged: Any = None) -> dict[str, Any]:
    """Count the contract events of training's raw rows, and spread their predictions.

    Args:
        scorer: the fitted model. raw: the raw rows that it learnt from.
        judged: (n,) values or (n, classes) probabilities that folds gave rows they had not seen; NaN for none.

    Returns:
        ``rows``; ``reasons``: rows by "rule:column"; ``predictions``: sorted numbers by column of what ``predict``
        gives; ``unseen``: the same of ``judged``, since a model is surer of rows that it learnt from.
    """
    most = min(EVENT_ROWS, max(PREDICTED_ROWS, EVENT_CELLS // max(raw.width, 1)))
    rows = raw.gather_every(max(1, -(-raw.height // most))).drop(scorer.plan.target or "", strict=False)
    few = rows.gather_every(max(1, -(-rows.height // PREDICTED_ROWS)))
    predicted = scorer.predict(few, reasons=False)
    names = shown(predicted.columns)
    return {
        "rows": rows.height,
        "reasons": reasons(scorer, rows),
        "predictions": {name: _sorted(predicted[name].cast(pl.Float64).to_numpy()) for name in names},
        "unseen": _unseen(names, scorer.classes, judged),
    }


def reasons(scorer: Scorer, rows: pl.DataFrame) -> dict[str, int]:
    """Rows per contract code, "rule:column", by code."""
    return counted(scorer.transform(rows)[1], rows.height)


def counted(events: pl.DataFrame, height: int) -> dict[str, int]:
    """Rows per code of such events; one without a row concerns every row."""
    code = (pl.col("rule") + ":" + pl.col("column").fill_null("")).str.strip_suffix(":").alias("code")
    every = pl.col("row").is_null().any()
    found = events.group_by(code).agg(pl.when(every).then(height).otherwise(pl.col("row").n_unique()).alias("rows"))
    return {str(name): int(rows) for name, rows in found.sort("code").iter_rows()}


def shown(columns: Sequence[str]) -> list[str]:
    """The numbers of a prediction that are compared: one per class but the last of two, or the value."""
    names = [c for c in columns if c.startswith("probability_")] or ["prediction"]
    return names[:-1] if len(names) == 2 else names


def references(said: Mapping[str, Any], name: str) -> list[np.ndarray]:
    """The spreads that new predictions of a column may look like."""
    kept = (said.get(part, {}).get(name) for part in ("predictions", "unseen"))
    return [np.asarray(values, dtype=np.float64) for values in kept if values]


def _unseen(names: Sequence[str], classes: Sequence[Any], judged: Any) -> dict[str, list[float]]:
    if judged is None:
        return {}
    values = np.asarray(judged, dtype=np.float64)
    if values.ndim == 1:
        values = np.column_stack([1.0 - values, values]) if len(classes) == 2 else values[:, None]
    places = [f"probability_{c}" for c in classes] or ["prediction"]
    if values.shape[1] != len(places):
        return {}
    return {name: _sorted(values[:, places.index(name)]) for name in names}


def _sorted(values: np.ndarray) -> list[float]:
    held = values[np.isfinite(values)]
    held = held[:: max(1, -(-len(held) // PREDICTED_ROWS))]
    return rounded(np.sort(held)).tolist()  # type: ignore[no-any-return]


def rounded(values: np.ndarray) -> np.ndarray:
    """Values to ``DIGITS`` digits, so that equal ones stay equal where they are kept as text.

    Example:
        >>> rounded(np.array([0.123456789, 1234567.8])).tolist()
        [0.123457, 1234570.0]
    """
    return np.array([float(f"{v:.{DIGITS}g}") for v in values.tolist()])
