"""From the answers of the one query to what became of each expectation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from autoprep.errors import AutoprepError, SettingError
from autoprep.validation.expectation import FROM_GX_SEVERITY
from autoprep.validation.outcome import Outcome
from autoprep.validation.queries import QUERIES
from autoprep.validation.query import Check
from autoprep.validation.tables import ROW_QUESTIONS

#: A longer answer of decimal numbers stays an array.
MAX_LISTED = 10_000


def outcome_of(check: Check, answers: pl.DataFrame, values: pl.DataFrame) -> Outcome:
    """What became of an expectation.

    Args:
        check: compiled. answers: of the query, by the names that the check was given. values: the columns looked at.
    """
    config = check.config
    severity = config.get("severity") or "error"
    made = Outcome(
        check.name,
        check.kwargs,
        FROM_GX_SEVERITY.get(severity, severity),
        config.get("meta") or {},
    )
    if check.error:
        return replace(made, error=check.error)
    try:
        return _judged(made, check, answers, values)
    except (AutoprepError, TypeError, ValueError, OverflowError) as error:
        return replace(made, success=False, error=first_line(error))


def _judged(made: Outcome, check: Check, answers: pl.DataFrame, values: pl.DataFrame) -> Outcome:
    if not check.mask:
        verdict = check.verdict
        if check.row_question:
            verdict = ROW_QUESTIONS[check.name](int(answers[check.rows][0]), check.kwargs)
        elif check.figure is not None:
            verdict = check.figure.judge({part: _value(answers[name]) for part, name in check.figures.items()})
        if verdict is None:
            raise SettingError("was not asked")
        return replace(made, success=bool(verdict.success), seen=verdict.result, lists=verdict.lists)
    rows = int(answers[check.rows or "__rows"][0] or 0)
    empty = answers.height == 1 and answers["__rows"][0] == 0
    mask = pl.Series([], dtype=pl.Boolean) if empty else answers[check.mask]
    failing = int(mask.sum() or 0)
    if check.unfit and failing:
        raise SettingError(check.unfit)
    if check.name in QUERIES:
        seen = {"observed_value": failing}
        looked = values if not empty else None
        return replace(
            made,
            success=failing == 0,
            seen=seen,
            mask=mask,
            values=looked,
            element_count=rows,
            unexpected_count=failing,
        )
    missing = rows - int(answers[check.known][0] or 0) if check.known else None
    looked_at = rows - (missing or 0)
    share = (looked_at - failing) / looked_at if looked_at else 1.0
    mostly = made.kwargs.get("mostly")
    return replace(
        made,
        success=bool(share >= (1.0 if mostly is None else mostly)) or _by_chance(made, failing, looked_at),
        element_count=rows,
        missing_count=missing,
        unexpected_count=failing,
        mask=mask,
        values=values.select(check.columns),
    )


def _by_chance(made: Outcome, failing: int, looked_at: int) -> bool:
    """Whether a sample of a source that keeps to the learnt share fails as often: only where the check says so.

    The binomial tail of ``failing`` or more among ``looked_at`` against ``meta["false_alarm"]``.
    """
    allowed, mostly = made.meta.get("false_alarm"), made.kwargs.get("mostly")
    if not isinstance(allowed, float) or mostly is None or not 0 < mostly < 1 or not 0 < failing <= looked_at:
        return False
    from scipy.special import bdtrc

    return bool(bdtrc(failing - 1, looked_at, 1 - mostly) > allowed)


def _value(answer: pl.Series) -> Any:
    got = answer[0] if answer.len() else None
    if isinstance(got, pl.Series):
        return got.to_numpy() if got.dtype.is_float() and got.len() > MAX_LISTED else got.to_list()
    return got


def first_line(error: Exception) -> str:
    """The first line of an error's message."""
    said = str(error).strip().splitlines()
    return said[0] if said else type(error).__name__
