"""How far one column alone predicts the target: cross-validated, against shuffled targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from autoprep.parsing import text
from autoprep.profiling.encode import Encoded, Floats, Ints, bins, of_values
from autoprep.types import Task

FOLDS, SHUFFLES = 5, 3
#: A column that leaves less than this share of the trivial error gives the target away.
LEFT_ERROR = 0.02
#: AUC of one column alone on two classes from which it is asked whether it is known in time, and from which a column
#: that is taken for a leak is left out (rules target.leaks and target.suspicious).
NEARLY_ALONE, TOLD_ALONE = 0.98, 0.995
#: A value is usual in at least this share of the rows; the others, so many at least, stand with one class in this share
#: of them, and are this share of the class.
USUAL, UNUSUAL, PURE, OF_CLASS = 0.5, 30, 0.97, 0.3
#: Rank correlation from which two numbers stand in one order, and rows on which it is tried first.
SAME_ORDER, ORDER_PROBE = 0.999, 1_000
#: A time is after another when it is not before it in this share of the rows.
ORDERED = 0.995
#: Headers of times from which an age is counted, which is known.
_BIRTH = re.compile(r"birth|born|\bdob\b|geburt|naissance|nacimiento", re.I)
#: Score (AUC, R2) from which the span between two times is said to tell the target.
TOLD_CLASS, TOLD_NUMBER = 0.8, 0.5
#: Row numbers against the target: rows from which they are looked at, shuffles, and how far beyond these is telling.
LEAST_NUMBERED, NUMBERINGS, BEYOND, LEAST_TOLD = 100, 20, 5.0, 0.02


def score(codes: Ints, levels: int, y: Floats | Ints, task: Task, folds: Ints) -> tuple[float, float]:
    """Out-of-fold score of the target's mean per level: AUC (mean over classes) or R2, and the share of error left.

    Args:
        codes: level of each row.
        levels: number of levels.
        y: class codes, or numbers.
        task: which of the two.
        folds: fold of each row.

    Example:
        >>> x = np.arange(100) % 2
        >>> score(x, 2, x, "binary", np.arange(100) // 20)
        (1.0, 0.0)
    """
    if task == "regression":
        out = _means(codes, levels, y.astype(np.float64), folds)
        total = float(((y - y.mean()) ** 2).sum())
        left = float(((y - out) ** 2).sum()) / total if total else 1.0
        return max(0.0, 1.0 - left), left
    classes = np.unique(y)
    if classes.size == 2:
        last = _means(codes, levels, (y == classes[1]).astype(np.float64), folds)
        made, aucs = np.column_stack([1.0 - last, last]), [_auc(last, y == classes[1])]
    else:
        made = np.column_stack([_means(codes, levels, (y == c).astype(np.float64), folds) for c in classes])
        aucs = [_auc(made[:, i], y == c) for i, c in enumerate(classes)]
    wrong = float((classes[made.argmax(axis=1)] != y).mean())
    base = 1.0 - float(np.bincount(np.searchsorted(classes, y)).max()) / y.size
    return float(np.mean(aucs)), wrong / base if base else 1.0


def _means(codes: Ints, levels: int, y: Floats, folds: Ints) -> Floats:
    total, count = np.bincount(codes, y, levels), np.bincount(codes, minlength=levels).astype(np.float64)
    out = np.empty(y.size)
    for f in range(FOLDS):
        inside = folds == f
        prior = float(y[~inside].mean()) if (~inside).any() else 0.0
        s = total - np.bincount(codes[inside], y[inside], levels)
        n = count - np.bincount(codes[inside], minlength=levels)
        out[inside] = ((s + 0.5 * prior) / (n + 0.5))[codes[inside]]
    return out


def _auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    p = int(positive.sum())
    if not p or p == positive.size:
        return 0.5
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[positive].sum() - p * (p + 1) / 2) / (p * (positive.size - p)))


def diagnose(
    columns: Sequence[Encoded],
    y: Floats | Ints,
    task: Task,
    raw: pl.DataFrame,
    label: pl.Series,
    late: Callable[[], bool] | None = None,
) -> dict[str, dict[str, Any]]:
    """Per column: what the profile says of each against the target; columns that it is too late for are not in it.

    Args:
        columns: encoded, rows where the target is present.
        y: class codes or numbers.
        task: what kind of target.
        raw: the same rows as text, for labels spelled out inside other cells.
        label: the same rows' target as text.
        late: whether no more columns are looked at; None: never.
    """
    rng = np.random.default_rng(0)
    folds = rng.integers(0, FOLDS, y.size)
    shuffled = [rng.permutation(y) for _ in range(SHUFFLES if len(columns) <= 200 else 1)]
    out: dict[str, dict[str, Any]] = {}
    for one in columns:
        if late is not None and late():
            break
        codes, levels = bins(one)
        gaps = bool(one.missing.any() and not one.missing.all())
        if y.size < 20 or (levels <= 2 and not gaps):
            out[one.name] = {"target_score": None, "target_copy": False, "target_leak": False}
            continue
        found, left = score(codes, levels, y, task, folds)
        tried = shuffled if found >= (0.3 if task == "regression" else 0.7) else shuffled[:1]
        chance = max(score(codes, levels, s, task, folds)[0] for s in tried)
        row: dict[str, Any] = {
            "target_score": found,
            "target_null_score": chance,
            "target_copy": False,
            "target_leak": False,
        }
        reason = _reason(one, codes, y, task, left, found, chance, row)
        if not reason and one.values is None and task != "regression":
            reason = _spelled_out(raw.get_column(one.name), label)
        if not reason and task != "regression":
            reason = _only_with(one, y)
        if not reason and gaps:
            gap = one.missing.astype(np.int64)
            row["missing_score"], gap_left = score(gap, 2, y, task, folds)
            if gap_left < LEFT_ERROR and one.missing.sum() >= 10:
                reason = "it is missing exactly where the target takes certain values"
        row["target_leak"], row["leak_reason"] = bool(reason), reason or None
        out[one.name] = row
    return out


def after_outcome(columns: Sequence[Encoded], y: Floats | Ints, task: Task) -> dict[str, tuple[float, str]]:
    """Times that stand after another time of their row, by a span that tells the target: column -> score and why.

    When a ticket was closed, a loan was ended, a parcel arrived: such a time is written once the outcome is known, and
    how long it took gives the outcome away though neither time alone does.

    Args:
        columns: encoded, rows where the target is present; those of dates are looked at.
        y: class codes or numbers.
        task: what kind of target.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y, opened = np.arange(400) % 2, rng.uniform(0, 900, 400)
        >>> days = {"opened": opened, "closed": opened + np.where(y == 1, 30.0, 3.0) + rng.uniform(0, 2, 400)}
        >>> made = [of_values(name, values, "date") for name, values in days.items()]
        >>> after_outcome(made, y, "binary")["closed"]
        (1.0, "it is never before 'opened', and how long after tells the target (score 1.00, shuffled 0.46)")
    """
    dates = [one for one in columns if one.kind == "date" and one.values is not None and one.levels > 2]
    rng = np.random.default_rng(0)
    folds, shuffled = rng.integers(0, FOLDS, y.size), rng.permutation(y)
    found: dict[str, tuple[float, str]] = {}
    for late in dates:
        for early in dates:
            assert late.values is not None and early.values is not None
            span = of_values(late.name, late.values - early.values, "number")
            filled = span.values[~span.missing] if span.values is not None else np.empty(0)
            if late is early or _BIRTH.search(early.name) or filled.size < max(50, 0.3 * y.size) or span.levels <= 2:
                continue
            if float((filled >= 0).mean()) < ORDERED or float((filled > 0).mean()) < 0.5:
                continue
            codes, levels = bins(span)
            said, chance = score(codes, levels, y, task, folds)[0], score(codes, levels, shuffled, task, folds)[0]
            least = TOLD_NUMBER if task == "regression" else TOLD_CLASS
            if said >= max(least, chance + 0.1) and said > found.get(late.name, (0.0, ""))[0]:
                why = f"it is never before '{early.name}', and how long after tells the target"
                found[late.name] = (said, f"{why} (score {said:.2f}, shuffled {chance:.2f})")
    return found


def _reason(
    one: Encoded,
    codes: Ints,
    y: Floats | Ints,
    task: Task,
    left: float,
    found: float,
    chance: float,
    row: dict[str, Any],
) -> str:
    filled = ~one.missing
    n = int(filled.sum())
    if n < max(20, 0.5 * y.size):
        return ""
    if task == "regression":
        if one.values is not None and one.levels > 10:
            x, t = one.values[filled], y[filled]
            if x.std() > 0 and t.std() > 0:
                r = float(np.corrcoef(x, t)[0, 1])
                if abs(r) > 1 - 1e-9:
                    row["target_copy"] = True
                    return "it is the target, or the target scaled and shifted"
                if r * r > 1 - LEFT_ERROR:
                    row["target_score"] = max(found, r * r)
                    return f"a straight line through it explains {r * r:.1%} of the target"
                if one.kind == "number" and (reason := _in_order(x, t.astype(np.float64), row)):
                    return reason
        if left < LEFT_ERROR and found > chance:
            return f"alone it explains {found:.1%} of the target, shuffled targets {max(0.0, chance):.1%}"
        return ""
    pairs = np.unique(one.codes[filled] * (int(y.max()) + 1) + y[filled]).size
    classes = np.unique(y[filled]).size
    if pairs == one.levels == classes and classes > 1:
        row["target_copy"] = True
        return "it is the target under other words: each of its values goes with one label"
    if left < LEFT_ERROR and found > chance:
        return (
            f"alone it leaves {left:.1%} of the trivial error, cross-validated (shuffled targets: score {chance:.2f})"
        )
    if one.values is not None and one.levels > 50:
        order = np.argsort(one.values[filled], kind="stable")
        t = y[filled][order]
        wrong = float((t[1:] != t[:-1]).mean())
        base = 1.0 - float((np.bincount(t.astype(np.int64)) / t.size).max())
        if base and wrong / base < LEFT_ERROR:
            return "sorted by it, the rows fall into one block per label"
    # beyond, with errors left, it is a good predictor that the model's own score will tell of
    if task == "binary" and max(NEARLY_ALONE, chance + 0.2) <= found < TOLD_ALONE:
        return f"alone it has an AUC of {found:.3f}, cross-validated (shuffled targets: {chance:.2f})"
    return ""


def _only_with(one: Encoded, y: Floats | Ints) -> str:
    """Whether a number leaves its usual value (the 0 of a cost, a gap) only where the target is of one class."""
    if one.values is None or one.kind != "number":
        return ""
    counts = np.bincount(one.codes + 1)
    usual = int(counts.argmax())
    other = one.codes + 1 != usual
    if counts[usual] < USUAL * y.size or other.sum() < UNUSUAL:
        return ""
    classes = np.bincount(y.astype(np.int64))
    held = np.bincount(y[other].astype(np.int64), minlength=classes.size)
    likely = int(held.argmax())
    pure = held[likely] / other.sum()
    # by chance the class has its share of these rows, and so pure a part of them is no wonder where it is common
    if pure < PURE or classes[likely] > USUAL * y.size or held[likely] < OF_CLASS * classes[likely]:
        return ""
    value = float(one.values[np.flatnonzero(~other)[0]])
    said = f"not {value:g}" if np.isfinite(value) else "filled"
    share = classes[likely] / y.size
    return (
        f"where it is {said} the target is of one class in {pure:.1%} of {int(other.sum()):,} rows ({share:.1%} of all)"
    )


def _in_order(x: Floats, t: Floats, row: dict[str, Any]) -> str:
    """Whether rows stand in one order by both; an order that nowhere breaks is the target in another measure.

    Numbers by which the rows are sorted, or that step by one, may count days along which the target grows: no copy.
    """
    part = slice(None, None, max(1, x.size // ORDER_PROBE))
    if abs(_rank_correlation(x[part], t[part])) < SAME_ORDER - 0.01 or np.unique(t).size <= 10:
        return ""
    rho = _rank_correlation(x, t)
    if abs(rho) < SAME_ORDER:
        return ""
    order = np.lexsort((t, x) if rho > 0 else (-t, x))
    sorted_x, sorted_t = x[order], t[order] if rho > 0 else -t[order]
    steps = np.diff(x)
    clock = bool((steps >= 0).all() or (steps <= 0).all() or (np.diff(np.unique(x)) == 1).all())
    if not clock and bool((np.diff(sorted_t) >= 0).all()) and np.unique(sorted_x).size >= 0.5 * np.unique(t).size:
        row["target_copy"] = True
        return "its rows stand in the same order as the target's: it is the target in another measure"
    return f"its rows stand in the same order as the target's (rank correlation {rho:.4f})"


def _rank_correlation(x: Floats, t: Floats) -> float:
    """Spearman's, of average ranks."""
    ranks = []
    for values in (x, t):
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts - 1) / 2.0)[inverse])
    a, b = ranks
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def _spelled_out(cells: pl.Series, label: pl.Series) -> str:
    """Whether the label's own word stands inside the cell, in nearly every row and far more than by chance."""
    if cells.dtype.is_nested() or cells.dtype.base_type() in (pl.Duration, pl.Binary, pl.Object):
        return ""
    frame = pl.DataFrame({"v": cells.cast(pl.String), "y": label.cast(pl.String)})
    frame = (
        frame.select(text.fold(pl.col("v")), text.fold(pl.col("y")))
        .drop_nulls()
        .filter(pl.col("y").str.len_chars() >= 2)
    )
    if frame.height < 50 or frame.height < 0.5 * cells.len():
        return ""
    inside = pl.col("v").str.contains(pl.col("y"), literal=True)
    hits = float(frame.select(inside.mean()).item() or 0.0)
    if hits < 0.95:
        return ""
    other = frame.with_columns(pl.col("y").shuffle(seed=0))
    chance = float(other.select(inside.mean()).item() or 0.0)
    return f"{hits:.0%} of its cells spell the label out ({chance:.0%} by chance)" if chance < 0.8 * hits else ""


def number_inside(cells: pl.Series, y: Floats) -> float:
    """Share of cells whose last number is the (numeric) target of the row."""
    last = cells.cast(pl.String).str.extract(r"(-?\d+(?:\.\d+)?)\D*$", 1).cast(pl.Float64, strict=False)
    made = last.fill_null(float("nan")).to_numpy()
    filled = np.isfinite(made) & np.isfinite(y)
    return float(np.isclose(made[filled], y[filled]).mean()) if filled.sum() >= 50 and filled.mean() >= 0.3 else 0.0


def order_faults(y: Floats | Ints, task: Task) -> tuple[bool, float]:
    """Whether the rows are sorted by the target (in blocks), and the R2 or AUC-like score of the row number.

    Example:
        >>> order_faults(np.repeat([0, 1, 2], 20), "multiclass")[0]
        True
    """
    if y.size < 20 or np.unique(y).size < 2:
        return False, 0.0
    rng = np.random.default_rng(0)
    folds = rng.integers(0, FOLDS, y.size)
    codes = (np.arange(y.size) * 32 // y.size).astype(np.int64)
    found, _ = score(codes, 32, y, task, folds)
    if task == "regression":
        step = np.diff(y)
        return bool((step >= 0).all() or (step <= 0).all()), found
    runs = 1 + int((y[1:] != y[:-1]).sum())
    shares = np.bincount(y.astype(np.int64)) / y.size
    expected = y.size * (1.0 - float((shares**2).sum()))
    return runs <= np.unique(y).size or runs < 0.05 * expected, found


def telling_numbers(
    columns: Sequence[Encoded], numbering: Collection[str], y: Floats | Ints, task: Task
) -> dict[str, str]:
    """Numbers of rows that go with the target beyond chance: column -> why.

    Rows are often numbered as they come in, and what comes in drifts: a quota fills up, a method changes. Scores beside
    ``NUMBERINGS`` shuffled targets, of which they must be ``BEYOND`` standard deviations away.

    Args:
        columns: encoded, rows where the target is present.
        numbering: names of the columns that number rows.
        y: class codes or numbers.
        task: which of the two.

    Example:
        >>> y = (np.arange(400) % 200 < 90).astype(np.int64)
        >>> number = of_values("id", np.arange(400.0) * 3, "number")
        >>> list(telling_numbers([number], {"id"}, y, "binary"))
        ['id']
        >>> telling_numbers([number], {"id"}, np.random.default_rng(0).permutation(y), "binary")
        {}
    """
    rng = np.random.default_rng(0)
    folds = rng.integers(0, FOLDS, y.size)
    told = {}
    for one in columns:
        if one.name not in numbering or one.values is None or y.size < LEAST_NUMBERED:
            continue
        codes, levels = bins(one)
        found, _ = score(codes, levels, y, task, folds)
        chance = [score(codes, levels, rng.permutation(y), task, folds)[0] for _ in range(NUMBERINGS)]
        if found - np.mean(chance) > max(BEYOND * float(np.std(chance)), LEAST_TOLD):
            told[one.name] = f"its order goes with the target (score {found:.2f}, shuffled {np.mean(chance):.2f})"
    return told


def summary(rows: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns by score, the highest first."""
    said = [{"column": name, **row} for name, row in rows.items() if row.get("target_score") is not None]
    return sorted(said, key=lambda r: (-r["target_score"], r["column"]))
