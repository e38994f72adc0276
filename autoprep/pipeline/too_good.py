"""A score that is nearly perfect is more often a column of the outcome than a good model: said in one line."""

from __future__ import annotations

from collections.abc import Collection
from shlex import quote

import numpy as np
import polars as pl

from autoprep.profiling import Profile
from autoprep.types import Task

#: Rows that must have been judged, and from where a score is nearly perfect; of the log loss the share of the trivial.
LEAST_ROWS, AUC, R2, LOG_LOSS = 50, 0.995, 0.98, 0.02
#: Score (AUC, R2) from which one column is said to carry it; of others so many are named, with reasons and without.
CARRIES_CLASS, CARRIES_NUMBER, NAMED, MORE = 0.95, 0.9, 3, 12


def nearly_perfect(y: np.ndarray, said: np.ndarray, task: Task) -> str:
    """What is nearly perfect about predictions of rows that the model has not seen, with its figure; "" for nothing.

    Args:
        y: (n,) codes or values.
        said: (n, classes) or (n,) out of fold; NaN for rows that no fold judged.
        task: which of the two.

    Example:
        >>> y = np.arange(100.0)
        >>> nearly_perfect(y, y + 1, "regression"), nearly_perfect(y, y[::-1], "regression")
        ('R2 0.999', '')
    """
    from autoprep.model_search.metrics import METRICS

    judged = np.isfinite(said) if said.ndim == 1 else np.isfinite(said).all(axis=1)
    y, said = y[judged], said[judged]
    if y.size < LEAST_ROWS or np.unique(y).size < 2:
        return ""
    if task == "regression":
        r2 = METRICS["r2"].score(y, said)
        return f"R2 {r2:.3f}" if r2 > R2 else ""
    auc = METRICS["roc_auc"].score(y, said)
    if auc > AUC:
        return f"AUC {auc:.4f}"
    even = np.tile(np.bincount(y, minlength=said.shape[1]) / y.size, (y.size, 1))
    share = METRICS["log_loss"].score(y, said) / METRICS["log_loss"].score(y, even)
    return f"a log loss of {share:.1%} of the trivial" if share < LOG_LOSS else ""


def doubts(profile: Profile, inputs: Collection[str]) -> list[tuple[str, str]]:
    """Columns that stay in the model though they nearly give the target away, with why, the strongest first.

    Args:
        profile: of the raw rows, held against the target.
        inputs: raw columns that the model reads.
    """
    there = pl.col("column").is_in(list(inputs)) & pl.col("target_leak").fill_null(False)
    rows = profile.columns.filter(there & pl.col("leak_reason").is_not_null())
    return rows.sort("target_score", descending=True, nulls_last=True).select("column", "leak_reason").rows()


def doubts_told(profile: Profile, inputs: Collection[str], group: str | None = None) -> list[str]:
    """One sentence on each of the first such columns, and how a model is made without it.

    Args:
        profile: see ``doubts``. inputs: the same.
        group: the column that may name whose rows they are: what its values tell is said of it as a group.
    """
    found = doubts(profile, set(inputs) - {group})
    said = [
        f"is '{name}' known when the model is used? {why}; --ignore {quote(name)} leaves it out"
        for name, why in found[:NAMED]
    ]
    rest = [name for name, _ in found[NAMED:]]
    named = ", ".join(f"'{name}'" for name in rest[:MORE])
    more = f" and {len(rest) - MORE} more" if len(rest) > MORE else ""
    return [*said, f"the same is asked of {named}{more}"] if rest else said


def remark(profile: Profile, inputs: Collection[str], y: np.ndarray, said: np.ndarray, task: Task) -> str:
    """One sentence where a model is too good to be believed: what carries it, and what was not looked at; else "".

    Args:
        profile: of the raw rows, with scores of single columns.
        inputs: raw columns that the model reads.
        y: see ``nearly_perfect``. said: the same. task: the same.
    """
    figure = nearly_perfect(y, said, task)
    if not figure:
        return ""
    doubted = [name for name, _ in doubts(profile, inputs)]
    scored = profile.columns.filter(pl.col("column").is_in(list(inputs)) & pl.col("target_score").is_not_null())
    ranked = scored.sort("target_score", "column", descending=[True, False]).select("column", "target_score").rows()
    least = CARRIES_NUMBER if task == "regression" else CARRIES_CLASS
    strong = [(name, score) for name, score in ranked if score >= least]
    together = profile.columns.filter(pl.col("column").is_in(list(inputs)) & pl.col("target_together").is_not_null())
    names = [f"'{name}' ({score:.3f} alone)" for name, score in strong[:NAMED]]
    if not strong:
        names = [f"'{name}'" for name in (doubted or together["column"].to_list())[:NAMED]]
    they = "is it" if len(names) == 1 else "are they"
    asked = (
        f"most of it by {', '.join(names)}; {they} known when the model is used?"
        if names
        else "and no column alone carries it: the report says which it leans on"
    )
    asked += "" if asked.endswith("?") else "."
    skipped = [left for left in profile.left_out if "target" in left or "outcome" in left]
    late = f" Not looked at, for want of time: {'; '.join(skipped)}." if skipped else ""
    return f"too good to be true? {figure} on rows that the model had not seen, {asked}{late}"
