"""How far new rows are from those of training: the columns, the dirt, and the predictions, each aware of sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning import apply, plan
from autoprep.errors import ArtifactError, InputError, did_you_mean
from autoprep.profiling import Profile, profile
from autoprep.profiling.compare import Comparison
from autoprep.serving.artifact import Artifact
from autoprep.serving.seen import Window, spread

#: Kolmogorov's factor at which two samples of one distribution differ once in 10,000 times.
_KOLMOGOROV = math.sqrt(-0.5 * math.log(0.0001 / 2))
_LEAST = 0.05
#: Share of rows with a contract event from which that event is a warning.
EVENT_SHARE = 0.01
SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class Drift:
    """What changed since training.

    Attributes:
        rows: rows of training and new rows.
        changes: one row per change, the gravest first: ``severity``, ``part`` ("columns", "dirt", "predictions"),
            ``column``, ``kind``, ``sentence``, ``statistic``, ``threshold``.
    """

    rows: tuple[int, int]
    changes: pl.DataFrame

    @property
    def worst(self) -> str | None:
        """The gravest severity, or None."""
        return None if self.changes.is_empty() else str(self.changes["severity"][0])

    def at_least(self, severity: str) -> bool:
        """Whether a change is as grave as ``severity`` or graver."""
        return self.worst is not None and SEVERITIES.index(self.worst) <= SEVERITIES.index(severity)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"rows": list(self.rows), "worst": self.worst, "changes": self.changes.to_dicts()}


_SCHEMA = {
    "severity": pl.String(),
    "part": pl.String(),
    "column": pl.String(),
    "kind": pl.String(),
    "sentence": pl.String(),
    "statistic": pl.Float64(),
    "threshold": pl.Float64(),
}


def drift(artifact: Artifact, frame: pl.DataFrame) -> Drift:
    """Compare new raw rows with what a model folder keeps of training: its profile and its replayed predictions.

    Raises:
        ArtifactError: the folder keeps no profile.
        InputError: none of the columns is one that the model knows.
    """
    compared = _before(artifact).compare(profile(frame, deep=False).masked())
    scorer = artifact.scorer()
    predicted = scorer.predict(frame)
    found = _columns(compared, artifact.plan.target) + _dirt(predicted)
    return _ranked(compared.rows, found + _predictions(scorer.predict(artifact.examples()), predicted))


def _before(artifact: Artifact) -> Profile:
    if "profile.json" not in artifact.manifest["files"]:
        raise ArtifactError("keeps no profile to compare with", where=str(artifact.folder), hint="fit it again")
    return Profile.from_json(artifact.folder / "profile.json")


def _columns(compared: Comparison, target: str | None) -> list[dict[str, Any]]:
    return [
        {**{k: d[k] for k in ("severity", "column", "kind", "sentence", "statistic", "threshold")}, "part": "columns"}
        for d in compared.drifts.to_dicts()
        if not (d["column"] == target and d["kind"] == "lost")
    ]


def _ranked(rows: tuple[int, int], found: list[dict[str, Any]]) -> Drift:
    found.sort(key=lambda c: (SEVERITIES.index(c["severity"]), -(c["statistic"] or 0.0) / (c["threshold"] or 1.0)))
    return Drift(rows, pl.DataFrame(found, schema=_SCHEMA))


def drift_of_seen(artifact: Artifact, window: Window) -> Drift:
    """Compare what a service saw with training; see ``drift``.

    Raises:
        ArtifactError: the folder keeps no profile.
    """
    before = _before(artifact)
    compared = before.compare(window.raw)
    old = artifact.scorer().predict(artifact.examples())
    found = _columns(compared, artifact.plan.target)
    found += _events(list(window.reasons.items()), max(window.sampled, 1))
    for name in _shown(old):
        values, weights = spread(window, name)
        found += _moved(name, old[name].cast(pl.Float64).drop_nulls().to_numpy(), values, weights)
    return _ranked(compared.rows, found)


def windows(
    artifact: Artifact, frame: pl.DataFrame, column: str, every: str
) -> tuple[int, tuple[tuple[str, Drift], ...]]:
    """Compare new raw rows with training per window of time.

    Args:
        artifact: the model. frame: raw rows. column: its moments, read as the plan reads them. every: "1d", "1w", ...

    Returns:
        Rows without a moment, and (start, drift) of every window that has rows, by time.

    Raises:
        InputError: no such column, no moments in it, or no such length.
    """
    if column not in frame.columns:
        raise InputError(f"no column '{column}'", where="the new rows", hint=did_you_mean(column, frame.columns))
    moments = frame.get_column(column)
    if not moments.dtype.is_temporal():
        cleaned = artifact.scorer().transform(frame)[0]
        if column not in cleaned.columns or not cleaned.schema[column].is_temporal():
            alone = frame.select(column)
            cleaned = apply(alone, plan(alone), same_shape=True).frame
        moments = cleaned.get_column(column)
    if moments.dtype not in (pl.Date, pl.Datetime):
        raise InputError("holds no moments", where=f"column '{column}'", hint="name a column of dates")
    try:
        starts = moments.dt.truncate(every)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"no length of time '{every}'", hint="try 1d, 1w, 1mo or 6h") from error
    found = []
    for start in starts.drop_nulls().unique().sort():
        part = frame.filter((starts == start).fill_null(value=False))
        found.append((str(start), drift(artifact, part)))
    return starts.null_count(), tuple(found)


def _dirt(predicted: pl.DataFrame) -> list[dict[str, Any]]:
    """Contract events of the new rows; those that stand in training's own rows are rare by construction."""
    codes = predicted.filter(pl.col("reasons") != "")["reasons"].str.split(";").explode().value_counts()
    return _events(codes.rows(), predicted.height)


def _events(counts: Sequence[tuple[Any, ...]], rows: int) -> list[dict[str, Any]]:
    made = []
    for code, count in counts:
        share = count / rows
        rule, _, column = code.partition(":")
        made.append(
            {
                "severity": "warning" if share >= EVENT_SHARE else "info",
                "part": "dirt",
                "column": column or None,
                "kind": rule,
                "sentence": f"'{column}': {rule} in {count:,} of {rows:,} rows",
                "statistic": share,
                "threshold": EVENT_SHARE,
            }
        )
    return made


def _predictions(before: pl.DataFrame, after: pl.DataFrame) -> list[dict[str, Any]]:
    found = []
    for name in _shown(after):
        old, new = (f[name].cast(pl.Float64).drop_nulls().to_numpy() for f in (before, after))
        found += _moved(name, old, new, np.ones(len(new)))
    return found


def _shown(predicted: pl.DataFrame) -> list[str]:
    names = [c for c in predicted.columns if c.startswith("probability_")] or ["prediction"]
    return names[:-1] if len(names) == 2 else names


def _moved(name: str, old: np.ndarray, new: np.ndarray, weights: np.ndarray) -> list[dict[str, Any]]:
    """Whether predictions are spread otherwise; ``weights`` say how many rows each new value stands for."""
    rows = float(weights.sum())
    if len(old) < 20 or rows < 20:
        return []
    distance = ks_distance(old, new, weights)
    threshold = max(_LEAST, _KOLMOGOROV * math.sqrt((len(old) + rows) / (len(old) * rows)))
    if distance <= threshold:
        return []
    mean = float(np.average(new, weights=weights))
    said = f"{name}: mean {mean:.4g}, in training {old.mean():.4g}; distance {distance:.2f}"
    row = {"severity": "warning", "part": "predictions", "column": name, "kind": "prediction", "sentence": said}
    return [{**row, "statistic": distance, "threshold": threshold}]


def ks_distance(a: np.ndarray, b: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Largest distance of two samples' cumulative shares (Kolmogorov and Smirnov), in [0, 1].

    Args:
        a: (n,) values. b: (m,) values. weights: (m,) how often each value of ``b`` counts.

    Example:
        >>> ks_distance(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        1.0
    """
    points = np.sort(np.concatenate([a, b]))
    first = np.searchsorted(np.sort(a), points, side="right") / len(a)
    order = np.argsort(b, kind="stable")
    counts = np.ones(len(b)) if weights is None else weights[order]
    reached = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    second = reached[np.searchsorted(b[order], points, side="right")]
    return float(np.abs(first - second).max(initial=0.0))
