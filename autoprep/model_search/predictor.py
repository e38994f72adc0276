"""The model that is kept: members, weights, calibration; saved without pickle, loaded without foreign code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.errors import ArtifactError, InputError
from autoprep.model_search.calibrate import Conformal, LabelSets, bend, heat
from autoprep.model_search.encode import Encoder
from autoprep.model_search.models import MODELS
from autoprep.model_search.part import Part, TargetScale
from autoprep.model_search.prepared import Synthesizer
from autoprep.model_search.threads import usable
from autoprep.types import Task

Array = NDArray[Any]

FORMAT = 1
FILE = "predictor.json"


@dataclass
class Member:
    """One part of the ensemble: a fitted part, its share, and the number of its synthesizer (-1: the frame itself).

    ``made`` says how it came about, so that it can be fitted again: label, parameters, seed, and the fold whose
    training rows it learnt from (-1: all rows).
    """

    part: Part
    weight: float
    synthesizer: int = -1
    made: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Predictor:
    """Predicts labels, probabilities, values and intervals for typed frames.

    Attributes:
        task: what is predicted.
        classes: labels in the order of probability columns; empty for regression.
        metric: name of the metric it was chosen by.
        prior: (classes,) shares, or (1,) the mean target: what is said without any member.
        members: the ensemble.
        synthesizers: fitted, as numbered by the members.
        temperature: softens (> 1) or sharpens probabilities.
        mix: share of ``prior`` in probabilities.
        curve: what came true by what was said of the second of two classes; empty: as said.
        threshold: probability from which the second of two classes is said.
        lifts: (classes,) what the probabilities of several classes are multiplied with before the greatest is said;
            empty: 1.
        shift: added to the values of a regression, so that a quantile that is asked for is met out of fold.
        floor: least value of a regression: 0 where no value in training was below it; None: any.
        conformal: intervals of a regression.
        label_sets: sets of labels of a classification.
        inputs: columns of the training frame and their Polars dtypes.
        threads: that the fits used.
    """

    task: Task
    classes: list[Any]
    metric: str
    prior: list[float]
    members: list[Member] = field(default_factory=list)
    synthesizers: list[Synthesizer] = field(default_factory=list)
    temperature: float = 1.0
    mix: float = 0.0
    curve: list[list[float]] = field(default_factory=list)
    threshold: float = 0.5
    lifts: list[float] = field(default_factory=list)
    shift: float = 0.0
    floor: float | None = None
    conformal: Conformal | None = None
    label_sets: LabelSets | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    threads: int = field(default_factory=usable)

    def _combined(self, frame: pl.DataFrame) -> Array:
        seen: dict[int, pl.DataFrame] = {-1: frame}
        total: Array | None = None
        for member in self.members:
            if member.synthesizer not in seen:
                seen[member.synthesizer] = self.synthesizers[member.synthesizer].transform(frame)
            said = member.weight * member.part.predict(seen[member.synthesizer])
            total = said if total is None else total + said
        if total is None:
            shares = np.asarray(self.prior)
            return np.tile(shares, (frame.height, 1)) if self.classes else np.full(frame.height, shares[0])
        return total if self.classes else self.values(total)

    def values(self, total: Array) -> Array:
        """Values (n,) of a regression, of the members' weighted sum (n,)."""
        said = total + self.shift
        return said if self.floor is None else np.maximum(said, self.floor)

    def predict_proba(self, frame: pl.DataFrame) -> Array:
        """Probabilities (n, classes) in the order of ``classes``.

        Raises:
            InputError: a regression has none.
        """
        if not self.classes:
            raise InputError("a regression has no probabilities", hint="use predict or interval")
        return self.probabilities(self._combined(frame))

    def probabilities(self, total: Array) -> Array:
        """Probabilities (n, classes) of the members' weighted sum (n, classes)."""
        said = total / total.sum(axis=1, keepdims=True)
        return bend(heat(said, self.temperature, self.mix, np.asarray(self.prior)), self.curve)

    def predict(self, frame: pl.DataFrame) -> Array:
        """Labels (n,) as they were given, or values (n,)."""
        if not self.classes:
            return self._combined(frame)
        return self.labels(self.predict_proba(frame))

    def labels(self, probability: Array) -> Array:
        """Labels (n,) of probabilities (n, classes)."""
        return np.asarray(self.classes)[self.codes(probability)]

    def codes(self, probability: Array) -> Array:
        """Places (n,) in ``classes`` of the labels that probabilities (n, classes) say."""
        if len(self.classes) == 2:
            return np.asarray(probability[:, 1] >= self.threshold, dtype=np.int64)
        lifted = probability * np.asarray(self.lifts) if self.lifts else probability
        return np.asarray(lifted.argmax(axis=1))

    def interval(self, frame: pl.DataFrame, coverage: float = 0.9) -> tuple[Array, Array]:
        """Lower and upper bounds (n,) of a regression that hold the truth with this probability.

        Raises:
            InputError: not a regression, or coverage outside (0, 1).
        """
        if self.classes or self.conformal is None:
            raise InputError("only a judged regression has intervals", hint="use predict_proba")
        if not 0 < coverage < 1:
            raise InputError(f"coverage {coverage} is not between 0 and 1", hint="write 0.9")
        return self.conformal.interval(self._combined(frame), coverage)

    def sets(self, frame: pl.DataFrame, coverage: float = 0.9) -> Array:
        """Whether each label (n, classes) belongs to the set that holds the true one with this probability.

        Raises:
            InputError: not a judged classification, or coverage outside (0, 1).
        """
        if not self.classes or self.label_sets is None:
            raise InputError("only a judged classification has sets of labels", hint="use interval")
        if not 0 < coverage < 1:
            raise InputError(f"coverage {coverage} is not between 0 and 1", hint="write 0.9")
        return self.label_sets.member(self.predict_proba(frame), coverage)

    def describe(self) -> str:
        """What it is made of, in one line.

        Example:
            >>> Predictor("regression", [], "rmse", [1.0]).describe()
            'the training mean'
        """
        if not self.members:
            return "the class shares" if self.classes else "the training mean"
        shares: dict[str, float] = {}
        for member in self.members:
            shares[member.part.family] = shares.get(member.part.family, 0.0) + member.weight
        ordered = sorted(shares.items(), key=lambda item: -item[1])
        return " + ".join(f"{share:.0%} {name}" if len(shares) > 1 else name for name, share in ordered)

    def save(self, folder: str | Path) -> None:
        """Write ``predictor.json`` and one file per member into a folder (made when missing)."""
        home = Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        encoders: list[dict[str, Any]] = []
        numbers: dict[int, int] = {}
        members = []
        for number, member in enumerate(self.members):
            part = member.part
            if id(part.encoder) not in numbers:
                numbers[id(part.encoder)] = len(encoders)
                encoders.append(part.encoder.to_dict())
            name = f"member_{number}{part.model.suffix}"
            part.model.save(home / name)
            members.append(
                {
                    "family": part.family,
                    "file": name,
                    "rounds": part.model.rounds,
                    "weight": member.weight,
                    "features": part.features,
                    "synthesizer": member.synthesizer,
                    "encoder": numbers[id(part.encoder)],
                    "scale": part.scale.__dict__,
                    "made": member.made,
                }
            )
        values = {
            "format": FORMAT,
            "task": self.task,
            "classes": self.classes,
            "metric": self.metric,
            "prior": self.prior,
            "temperature": self.temperature,
            "mix": self.mix,
            "threshold": self.threshold,
            "lifts": self.lifts,
            "curve": self.curve,
            "shift": self.shift,
            "floor": self.floor,
            "threads": self.threads,
            "inputs": self.inputs,
            "conformal": self.conformal.to_dict() if self.conformal else None,
            "label_sets": self.label_sets.__dict__ if self.label_sets else None,
            "members": members,
            "encoders": encoders,
            "synthesizers": [s.to_dict() for s in self.synthesizers],
        }
        text = json.dumps(values, indent=1, ensure_ascii=False, default=_plain)
        (home / FILE).write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


Revive = Callable[[dict[str, Any]], Synthesizer]


def load_predictor(folder: str | Path, revive: Revive | None = None) -> Predictor:
    """Read what ``Predictor.save`` wrote.

    Args:
        folder: where.
        revive: makes a synthesizer of its plain values; needed when the predictor has synthesizers.

    Raises:
        ArtifactError: no predictor there, damaged, or of a newer format.
    """
    home = Path(folder)
    try:
        values = json.loads((home / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactError("holds no predictor", where=str(home), hint="give a folder that fit wrote") from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"cannot be read ({error})", where=str(home / FILE), hint="copy it again") from error
    if values.get("format") != FORMAT:
        raise ArtifactError(
            f"predictor format {values.get('format')} is not {FORMAT}", where=str(home), hint="update autoprep"
        )
    if values["synthesizers"] and revive is None:
        raise ArtifactError("has synthesizers", where=str(home), hint="pass revive to load_predictor")
    encoders = [Encoder.from_dict(e) for e in values["encoders"]]
    members = []
    for entry in values["members"]:
        path = home / entry["file"]
        if not path.is_file() or path.parent != home:
            raise ArtifactError(f"the file '{entry['file']}' is missing", where=str(home), hint="copy the folder again")
        encoder = encoders[entry["encoder"]]
        model = MODELS[entry["family"]].load(path, encoder.classes, entry["rounds"])
        part = Part(entry["features"], encoder, model, entry["family"], _scale(entry["scale"]))
        members.append(Member(part, entry["weight"], entry["synthesizer"], entry.get("made", {})))
    return Predictor(
        task=values["task"],
        classes=values["classes"],
        metric=values["metric"],
        prior=values["prior"],
        members=members,
        synthesizers=[revive(s) for s in values["synthesizers"]] if revive else [],
        temperature=values["temperature"],
        mix=values["mix"],
        threshold=values["threshold"],
        lifts=values.get("lifts", []),
        curve=values.get("curve", []),
        shift=values.get("shift", 0.0),
        floor=values.get("floor"),
        conformal=Conformal.from_dict(values["conformal"]) if values["conformal"] else None,
        label_sets=_label_sets(values.get("label_sets")),
        inputs=values["inputs"],
        threads=values["threads"],
    )


def _scale(said: Mapping[str, Any]) -> TargetScale:
    return TargetScale(**{**said, "weights": tuple(said.get("weights", ()))})


def _label_sets(said: Mapping[str, Any] | None) -> LabelSets | None:
    return LabelSets(tuple(said["levels"]), int(said["count"])) if said else None
