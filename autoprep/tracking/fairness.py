"""Fairness by declared groups: rates, calibration and errors of each group, with intervals.

Definitions follow Hardt, Price and Srebro (2016) and fairlearn; intervals of shares are Wilson's (1927), those of
differences of shares Newcombe's (1998, method 10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import polars as pl

from autoprep.tracking.papers import written

Z = 1.959964
#: Fewer rows than this say little of a group.
FEW = 30
SHARES = ("selection_rate", "base_rate", "accuracy", "true_positive_rate", "false_positive_rate", "precision")


@dataclass(frozen=True)
class Share:
    """A share with its 95% interval (Wilson); ``value`` is None of nothing."""

    hits: int
    count: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Fairness:
    """What the predictions for labelled rows say of the groups of one column.

    Attributes:
        by: the column.
        task: "binary", "multiclass" or "regression".
        positive: the class that rates are about; "" for a regression.
        groups: group -> measure -> share, or figure.
        gaps: measure -> {difference, low, high, between}: largest less smallest, with its 95% interval.
        notes: what a reader should know.
    """

    by: str
    task: str
    positive: str
    groups: Mapping[str, Mapping[str, Any]]
    gaps: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def share(hits: int, count: int) -> Share:
    """Hits of a count, with Wilson's 95% interval.

    Example:
        >>> made = share(8, 10)
        >>> made.value, round(made.low, 3), round(made.high, 3)
        (0.8, 0.49, 0.943)
    """
    if not count:
        return Share(0, 0, None, 0.0, 1.0)
    at = hits / count
    middle, spread = at + Z * Z / (2 * count), Z * sqrt(at * (1 - at) / count + Z * Z / (4 * count * count))
    whole = 1 + Z * Z / count
    return Share(hits, count, at, max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole))


def of_classes(
    truth: Sequence[str],
    said: Sequence[str],
    chance: Sequence[float],
    groups: Sequence[Any],
    positive: str,
    *,
    by: str,
    task: str = "binary",
) -> Fairness:
    """Rates of a classification by group.

    Args:
        truth, said: (n,) labels. chance: (n,) probability of the positive class. groups: (n,) values; None is a group.
        positive: the class that rates are about.
        by: name of the column. task: "binary" or "multiclass".

    Example:
        >>> made = of_classes(["y", "n"], ["y", "y"], [0.9, 0.6], ["a", "b"], "y", by="g")
        >>> made.gaps["false_positive_rate"]["difference"] is None
        True
    """
    frame = pl.DataFrame(
        {
            "group": pl.Series([_named(g) for g in groups], dtype=pl.String),
            "truth": pl.Series(list(truth), dtype=pl.String) == positive,
            "said": pl.Series(list(said), dtype=pl.String) == positive,
            "right": pl.Series(list(truth), dtype=pl.String) == pl.Series(list(said), dtype=pl.String),
            "chance": pl.Series(list(chance), dtype=pl.Float64),
        }
    )
    yes, held = pl.col("truth"), pl.col("said")
    counted = frame.group_by("group").agg(
        rows=pl.len(),
        said=held.sum(),
        true=yes.sum(),
        right=pl.col("right").sum(),
        hit=(yes & held).sum(),
        false=(~yes & held).sum(),
        chance=pl.col("chance").mean(),
    )
    made: dict[str, dict[str, Any]] = {}
    for row in counted.sort("group").iter_rows(named=True):
        rows, true, told = row["rows"], row["true"], row["said"]
        made[row["group"]] = {
            "rows": rows,
            "selection_rate": share(told, rows),
            "base_rate": share(true, rows),
            "accuracy": share(row["right"], rows),
            "true_positive_rate": share(row["hit"], true),
            "false_positive_rate": share(row["false"], rows - true),
            "precision": share(row["hit"], told),
            "mean_predicted": row["chance"],
            "calibration_gap": row["chance"] - true / rows,
        }
    gaps = {name: _gap(name, made) for name in SHARES}
    odds = [gaps[name]["difference"] for name in ("true_positive_rate", "false_positive_rate")]
    gaps["equalized_odds"] = {"difference": max((g for g in odds if g is not None), default=None)}
    return Fairness(by, task, positive, made, gaps, _notes(made))


def of_numbers(truth: Sequence[float], said: Sequence[float], groups: Sequence[Any], *, by: str) -> Fairness:
    """Errors of a regression by group: mean error (said less truth) with its 95% interval, and mean absolute error.

    Example:
        >>> of_numbers([1.0, 2.0], [1.5, 2.5], ["a", "a"], by="g").groups["a"]["mean_error"]
        0.5
    """
    error = pl.Series(list(said), dtype=pl.Float64) - pl.Series(list(truth), dtype=pl.Float64)
    frame = pl.DataFrame({"group": [_named(g) for g in groups], "error": error, "truth": list(truth)})
    counted = frame.group_by("group").agg(
        rows=pl.len(),
        mean_error=pl.col("error").mean(),
        spread=pl.col("error").std() / pl.len().sqrt(),
        mean_absolute_error=pl.col("error").abs().mean(),
        mean_truth=pl.col("truth").mean(),
    )
    made: dict[str, dict[str, Any]] = {}
    for row in counted.sort("group").iter_rows(named=True):
        reach = Z * row["spread"] if row["spread"] is not None else None
        low, high = (None, None) if reach is None else (row["mean_error"] - reach, row["mean_error"] + reach)
        kept = {k: row[k] for k in ("rows", "mean_error", "mean_absolute_error", "mean_truth")}
        made[row["group"]] = {**kept, "mean_error_low": low, "mean_error_high": high}
    gaps = {name: _plain_gap(name, made) for name in ("mean_error", "mean_absolute_error")}
    return Fairness(by, "regression", "", made, gaps, _notes(made))


def _named(value: Any) -> str:
    return "(missing)" if value is None else str(value)


def _notes(made: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    few = [name for name, held in made.items() if held["rows"] < FEW]
    return (f"fewer than {FEW} rows, so their figures say little: {', '.join(few)}",) if few else ()


def _gap(name: str, made: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    known = [(held[name], group) for group, held in made.items() if held[name].value is not None]
    if len(known) < 2:
        return {"difference": None, "low": None, "high": None, "between": []}
    (most, high), (least, low) = (pick(known, key=lambda pair: pair[0].value) for pick in (max, min))
    gap = most.value - least.value
    down = sqrt((most.value - most.low) ** 2 + (least.high - least.value) ** 2)
    up = sqrt((most.high - most.value) ** 2 + (least.value - least.low) ** 2)
    return {"difference": gap, "low": max(-1.0, gap - down), "high": min(1.0, gap + up), "between": [high, low]}


def _plain_gap(name: str, made: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    if len(made) < 2:
        return {"difference": None, "between": []}
    high, low = (pick(made, key=lambda group: made[group][name]) for pick in (max, min))
    return {"difference": made[high][name] - made[low][name], "between": [high, low]}


def markdown(found: Sequence[Mapping[str, Any]], rows: str) -> str:
    """Fairness as a paper.

    Args:
        found: ``Fairness.to_dict()`` of each column. rows: what the rows are, in words.
    """
    lines = ["# Fairness by declared groups", "", f"Judged on {written(rows)}. Intervals hold 95%."]
    for one in found:
        about = f", of the class {one['positive']}" if one["positive"] else ""
        lines += ["", f"## By {written(one['by'])}{written(about)}", ""]
        measures = list(next(iter(one["groups"].values())))
        lines += [
            f"| group | {' | '.join(m.replace('_', ' ') for m in measures)} |",
            "|---" * (len(measures) + 1) + "|",
        ]
        lines += [
            f"| {written(group)} | {' | '.join(_told(held[m]) for m in measures)} |"
            for group, held in one["groups"].items()
        ]
        lines += ["", "| difference of | figure | interval | between |", "|---|---|---|---|"]
        for name, gap in one["gaps"].items():
            reach = f"{gap['low']:.3f} to {gap['high']:.3f}" if gap.get("low") is not None else ""
            between = " and ".join(map(written, gap.get("between") or ()))
            lines.append(f"| {name.replace('_', ' ')} | {_told(gap['difference'])} | {reach} | {between} |")
        lines += ["", *(f"- {written(note)}" for note in one["notes"])]
    return "\n".join(lines).rstrip("\n") + "\n"


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        if value["value"] is None:
            return "none"
        return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f}; {value['hits']} of {value['count']})"
    return "none" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
