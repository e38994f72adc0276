"""How far new rows are from those of training: the columns, the dirt, and the predictions.

Rows drawn as training's were alarm once in a hundred files at most, whatever their number and that of the columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning import apply, plan, spare_inputs
from autoprep.errors import ArtifactError, InputError, did_you_mean
from autoprep.profiling import Profile, profile
from autoprep.profiling.chance import distance_p, share_p
from autoprep.profiling.compare import Comparison, compare
from autoprep.serving.artifact import Artifact
from autoprep.serving.expected import counted, expected, references, rounded, shown
from autoprep.serving.seen import Window, spread
from autoprep.types import Plan

#: Chance that rows drawn as those of training alarm; half goes to the columns, a quarter to dirt and to predictions.
FALSE_ALARMS = 0.01
#: Least distance of two spreads of predictions that counts.
_LEAST = 0.05
#: Share of rows, beyond that of training, from which a contract event may be a warning.
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
    compared = compare(_before(artifact), profile(frame, deep=False).masked(), false_alarms=FALSE_ALARMS / 2)
    predicted, _, events = artifact.scorer().explain(frame, reasons=False)
    met = counted(events, frame.height)
    known = _expected(artifact)
    found = _columns(compared, artifact.plan) + _events(met, frame.height, known)
    for name in shown(predicted.columns):
        new = predicted[name].cast(pl.Float64).drop_nulls().to_numpy()
        found += _moved(name, known, new, np.ones(len(new)))
    return _ranked(compared.rows, found)


def _before(artifact: Artifact) -> Profile:
    if "profile.json" not in artifact.manifest["files"]:
        raise ArtifactError("keeps no profile to compare with", where=str(artifact.folder), hint="fit it again")
    return Profile.from_json(artifact.folder / "profile.json")


def _columns(compared: Comparison, made: Plan) -> list[dict[str, Any]]:
    """Changes of columns; that one is gone which no model reads is worth a note, and the target not even that."""
    spare = spare_inputs(made)
    found = compared.drifts.to_dicts()
    found = [{**d, "severity": "info"} if d["kind"] == "lost" and d["column"] in spare else d for d in found]
    return [
        {**{k: d[k] for k in ("severity", "column", "kind", "sentence", "statistic", "threshold")}, "part": "columns"}
        for d in found
        if not (d["column"] == made.target and d["kind"] == "lost")
    ]


def _ranked(rows: tuple[int, int], found: list[dict[str, Any]]) -> Drift:
    found.sort(key=lambda c: (SEVERITIES.index(c["severity"]), -(c["statistic"] or 0.0) / (c["threshold"] or 1.0)))
    return Drift(rows, pl.DataFrame(found, schema=_SCHEMA))


def drift_of_seen(artifact: Artifact, window: Window) -> Drift:
    """Compare what a service saw with training; see ``drift``.

    Raises:
        ArtifactError: the folder keeps no profile.
    """
    compared = compare(_before(artifact), window.raw, false_alarms=FALSE_ALARMS / 2)
    known = _expected(artifact)
    found = _columns(compared, artifact.plan) + _events(window.reasons, max(window.sampled, 1), known)
    for name in known["predictions"]:
        found += _moved(name, known, *spread(window, name))
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


def _expected(artifact: Artifact) -> Mapping[str, Any]:
    """What the folder keeps of training's own rows; an older one has its replayed rows only."""
    known = artifact.expected()
    if known:
        return known
    rows = artifact.examples()
    if not rows.height:
        return {"rows": 0, "reasons": {}, "predictions": {}}
    return expected(artifact.scorer(), rows)


def _events(met: Mapping[str, int], rows: int, known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Contract events of the new rows; a warning where there are more than chance makes of training's share."""
    before, trained = known["reasons"], int(known["rows"])
    limit = FALSE_ALARMS / 4 / max(1, len({*met, *before}))
    made = []
    for code, count in met.items():
        share, usual = count / rows, before.get(code, 0) / trained if trained else 0.0
        p = share_p(before.get(code, 0), trained, count, rows) if trained else 0.0
        rule, _, column = code.partition(":")
        more = share - usual >= EVENT_SHARE and p <= limit
        told = f", in training {usual:.1%}" if trained else ""
        made.append(
            {
                "severity": "warning" if more else "info",
                "part": "dirt",
                "column": column or None,
                "kind": rule,
                "sentence": f"'{column}': {rule} in {count:,} of {rows:,} rows ({share:.1%}{told})",
                **_surprise(p, limit),
            }
        )
    return made


def _surprise(p: float, limit: float) -> dict[str, float]:
    return {"statistic": -math.log10(max(p, 1e-300)), "threshold": -math.log10(limit)}


def _moved(name: str, known: Mapping[str, Any], new: np.ndarray, weights: np.ndarray) -> list[dict[str, Any]]:
    """Whether predictions are spread otherwise than those of rows learnt from and of rows not seen by their fold.

    ``weights`` say how many rows each new value stands for.
    """
    rows, olds = float(weights.sum()), references(known, name)
    if rows < 1 or not olds:
        return []
    limit = FALSE_ALARMS / 4 / len(known["predictions"])
    new = rounded(new)
    distance, old = min(((ks_distance(old, new, weights), old) for old in olds), key=lambda pair: pair[0])
    p = distance_p(distance, len(old), rows)
    if distance <= _LEAST or p > limit:
        return []
    mean = float(np.average(new, weights=weights))
    said = f"{name}: mean {mean:.4g}, in training {old.mean():.4g}; distance {distance:.2f}"
    row = {"severity": "warning", "part": "predictions", "column": name, "kind": "prediction", "sentence": said}
    return [{**row, **_surprise(p, limit)}]


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
