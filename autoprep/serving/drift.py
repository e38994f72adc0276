"""How far new rows are from those of training: the columns, the dirt, and the predictions, each aware of sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import ArtifactError
from autoprep.profiling import Profile, profile
from autoprep.serving.artifact import Artifact

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
    if "profile.json" not in artifact.manifest["files"]:
        raise ArtifactError("keeps no profile to compare with", where=str(artifact.folder), hint="fit it again")
    before = Profile.from_json(artifact.folder / "profile.json")
    target = artifact.plan.target
    compared = before.compare(profile(frame, deep=False).masked())
    columns = [
        {**{k: d[k] for k in ("severity", "column", "kind", "sentence", "statistic", "threshold")}, "part": "columns"}
        for d in compared.drifts.to_dicts()
        if not (d["column"] == target and d["kind"] == "lost")
    ]
    scorer = artifact.scorer()
    predicted = scorer.predict(frame)
    found = columns + _dirt(predicted) + _predictions(scorer.predict(artifact.examples()), predicted)
    found.sort(key=lambda c: (SEVERITIES.index(c["severity"]), -(c["statistic"] or 0.0) / (c["threshold"] or 1.0)))
    return Drift(compared.rows, pl.DataFrame(found, schema=_SCHEMA))


def _dirt(predicted: pl.DataFrame) -> list[dict[str, Any]]:
    """Contract events of the new rows; those that stand in training's own rows are rare by construction."""
    codes = predicted.filter(pl.col("reasons") != "")["reasons"].str.split(";").explode().value_counts()
    made = []
    for code, count in codes.rows():
        share = count / predicted.height
        rule, _, column = code.partition(":")
        made.append(
            {
                "severity": "warning" if share >= EVENT_SHARE else "info",
                "part": "dirt",
                "column": column or None,
                "kind": rule,
                "sentence": f"'{column}': {rule} in {count:,} of {predicted.height:,} rows",
                "statistic": share,
                "threshold": EVENT_SHARE,
            }
        )
    return made


def _predictions(before: pl.DataFrame, after: pl.DataFrame) -> list[dict[str, Any]]:
    names = [c for c in after.columns if c.startswith("probability_")] or ["prediction"]
    made = []
    for name in names[:-1] if len(names) == 2 else names:
        old, new = (f[name].cast(pl.Float64).drop_nulls().to_numpy() for f in (before, after))
        if len(old) < 20 or len(new) < 20:
            continue
        distance = ks_distance(old, new)
        threshold = max(_LEAST, _KOLMOGOROV * math.sqrt((len(old) + len(new)) / (len(old) * len(new))))
        if distance > threshold:
            said = f"{name}: mean {new.mean():.4g}, in training {old.mean():.4g}; distance {distance:.2f}"
            row: Mapping[str, Any] = {
                "severity": "warning",
                "part": "predictions",
                "column": name,
                "kind": "prediction",
            }
            made.append({**row, "sentence": said, "statistic": distance, "threshold": threshold})
    return made


def ks_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Largest distance of two samples' cumulative shares (Kolmogorov and Smirnov), in [0, 1].

    Example:
        >>> ks_distance(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        1.0
    """
    points = np.sort(np.concatenate([a, b]))
    shares = [np.searchsorted(np.sort(s), points, side="right") / len(s) for s in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max(initial=0.0))
